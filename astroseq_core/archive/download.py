"""One light curve from MAST: streamed to a temporary file, its length checked, read, and only then handed over."""

import contextlib
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from astroseq_core.archive import mast, retry, web
from astroseq_core.archive.products import Available
from astroseq_core.archive.retry import Patience
from astroseq_core.errors import (
    AbsentError,
    ArchiveError,
    CorruptFileError,
    LightCurveError,
    PassingError,
    TargetError,
    TimeSystemError,
)
from astroseq_core.lightcurves import pixel_fits, reading, storage
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.pixels import PixelColumns

log = logging.getLogger(__name__)
_PIECE = 1 << 16
_TWICE = 2
#: How urllib3 says that a connection ended before the length that was stated.
_INCOMPLETE = re.compile(r"IncompleteRead\((\d+)")


class Downloaded(NamedTuple):
    """A light curve as it came, and what the product says beside the flux, None where it says nothing."""

    curve: LightCurve
    pixels: PixelColumns | None


def download(
    item: Available,
    folder: Path,
    how: Patience,
    stop: threading.Event | None = None,
    arrived: Callable[[int], None] = lambda count: None,
) -> Downloaded:
    """The light curve of a product, named by its observation; ``folder`` holds the temporary file, ``arrived`` is told bytes.

    A file that comes truncated, or is not what its name says, is fetched again once, and one that is not found is asked for
    once more. Raises CorruptFileError by its name or AbsentError after that, PassingError after the last attempt, ArchiveError,
    StoppedError, and CacheError when the disk is full or may not be written.
    """
    damaged = missing = 0
    while True:
        try:
            return _read(item, _fetched(item, folder, how, stop, arrived))
        except CorruptFileError as error:
            damaged += 1
            if damaged == _TWICE:
                raise CorruptFileError(f"{item.filename} came damaged twice: {error}") from error
            log.info("%s It is fetched again.", error)
        except AbsentError as error:
            missing += 1
            if missing == _TWICE:
                raise
            log.info("%s It is asked for once more.", error)


def _fetched(item: Available, folder: Path, how: Patience, stop: threading.Event | None, arrived: Callable[[int], None]) -> bytes:
    """The bytes of the file, as many as the server said; what fails in passing is tried again."""

    def once() -> bytes:
        with _temporary(folder, item.filename) as path:
            _stream(item, path, how, stop, arrived)
            return path.read_bytes()

    return retry.retrying(once, how, stop)


def _stream(item: Available, path: Path, how: Patience, stop: threading.Event | None, arrived: Callable[[int], None]) -> None:
    address = f"{mast.server()}/api/v0.1/Download/file?uri={quote(item.uri, safe=':/')}"
    what = f"the download of {item.filename}"
    length: int | None = None
    count, deadline = 0, time.monotonic() + how.file_seconds
    try:
        with web.session(how).get(address, stream=True) as response:
            if response.status_code != 200:
                raise web.of_status(response.status_code, response.headers.get("Retry-After"), "MAST", what)
            length = _length(response.headers)
            if "html" in str(response.headers.get("Content-Type")).lower():
                raise PassingError(f"MAST sent a web page instead of {item.filename}.")
            with _writing(path) as write:
                for piece in response.iter_content(_PIECE):
                    retry.check(stop)
                    if time.monotonic() > deadline:
                        raise PassingError(f"{what[:1].upper()}{what[1:]} took more than {how.file_seconds:g} s.")
                    write(piece)
                    count += len(piece)
                    arrived(len(piece))
    except web.request_errors() as error:
        if short := _INCOMPLETE.search(repr(error)):
            raise CorruptFileError(f"{item.filename} is truncated: {short[1]} of {length} bytes came.") from error
        raise web.in_words(error, "MAST", what) from error
    if length is not None and count != length:
        raise CorruptFileError(f"{item.filename} is truncated: {count} of {length} bytes came.")
    if not count:
        raise PassingError(f"MAST sent nothing for {item.filename}.")


def _length(headers: Any) -> int | None:
    """The body's length [bytes] that the server states, or None; of a packed body it is not the file's."""
    text = str(headers.get("Content-Length") or "")
    return int(text) if text.isdecimal() and not headers.get("Content-Encoding") else None


def _read(item: Available, data: bytes) -> Downloaded:
    """The light curve in the bytes, which must be of the star that was asked for, and what stands beside it."""
    try:
        curve = reading.from_bytes(data, item.filename, target=item.target)
    except CorruptFileError:
        raise
    except (LightCurveError, TargetError, TimeSystemError) as error:
        if "is a light curve of" in str(error):
            raise CorruptFileError(f"{item.filename} holds another star: {error}") from error
        raise ArchiveError(f"{item.filename} came whole and cannot be used: {error}") from error
    return Downloaded(replace(curve, observation=item.observation), _beside(item, data))


def _beside(item: Available, data: bytes) -> PixelColumns | None:
    """The pixel columns in the bytes of a light curve that was read; where they cannot be, the light curve is still whole."""
    try:
        return pixel_fits.read(data, item.filename)
    except LightCurveError as error:
        log.warning("%s It is kept without background and positions.", error)
        return None


@contextlib.contextmanager
def _temporary(folder: Path, name: str) -> Iterator[Path]:
    """A path for a temporary file that is gone afterwards; one that is left by an ended process is of no account."""
    path = folder / f".{storage.safe_name(name)}.{os.getpid()}.{secrets.token_hex(4)}{storage.TEMPORARY}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield path
    except OSError as error:
        raise storage.cannot_write(folder, error) from error
    finally:
        storage.remove(path)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[Callable[[bytes], Any]]:
    """A function that appends to a new file; raises CacheError when the disk refuses."""
    try:
        file = path.open("wb")
    except OSError as error:
        raise storage.cannot_write(path.parent, error) from error

    def write(piece: bytes) -> None:
        try:
            file.write(piece)
        except OSError as error:
            raise storage.cannot_write(path.parent, error) from error

    try:
        yield write
    finally:
        try:
            file.close()
        except OSError as error:
            raise storage.cannot_write(path.parent, error) from error
