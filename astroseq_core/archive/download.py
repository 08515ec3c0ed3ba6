"""Download of one light curve from MAST with checks, and the results of fetching many."""

import contextlib
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from astroseq_core.archive import http, mast
from astroseq_core.archive.http import RetryPolicy
from astroseq_core.archive.products import AvailableLightCurve
from astroseq_core.errors import (
    ArchiveError,
    CorruptFileError,
    LightCurveError,
    NotInArchiveError,
    TargetError,
    TimeSystemError,
    TransientError,
)
from astroseq_core.io import files, pixels, read
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.io.pixels import PixelColumns

log = logging.getLogger(__name__)


class FetchOutcome(StrEnum):
    """Outcome for one light curve, or for the search of a target's light curves."""

    DOWNLOADED = "whole"
    ALREADY_CACHED = "already there"
    ABSENT = "absent"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class FetchResult:
    """Outcome for one light curve, or for a target if its search was the end.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    outcome : FetchOutcome
        The outcome.
    observation : str
        Name of the observation; empty for a search.
    author : str
        Author (pipeline) of the light curve.
    exposure_seconds : float
        Exposure [s].
    reason : str
        One sentence if the light curve is absent or failed.
    """

    target_id: str
    outcome: FetchOutcome
    observation: str = ""
    author: str = ""
    exposure_seconds: float = 0.0
    reason: str = ""

    @classmethod
    def of(cls, item: AvailableLightCurve, ending: FetchOutcome, reason: str = "") -> "FetchResult":
        """Return the result for one light curve.

        Parameters
        ----------
        item : AvailableLightCurve
            The light curve.
        ending : FetchOutcome
            The outcome.
        reason : str, optional
            One sentence if it is absent or failed.

        Returns
        -------
        FetchResult
            The result.
        """
        return cls(item.target.id, ending, item.observation, item.author, item.exposure_seconds, reason)


#: Key of the downloaded data [bytes] among the numbers of the progress of fetching.
RECEIVED_BYTES = "received_bytes"


@dataclass(frozen=True)
class FetchReport:
    """Results for everything that was requested.

    Attributes
    ----------
    items : tuple of FetchResult
        Results in the order of targets and observations.
    stopped : bool
        Whether a stop was requested.
    received_bytes : int
        Downloaded data [bytes].
    seconds : float
        Duration [s].
    trimmed : tuple of str
        Files that were deleted from the cache to make room.
    """

    items: tuple[FetchResult, ...]
    stopped: bool = False
    received_bytes: int = 0
    seconds: float = 0.0
    trimmed: tuple[str, ...] = ()

    def ended(self, *endings: FetchOutcome) -> tuple[FetchResult, ...]:
        """Return the results with one of the given outcomes.

        Parameters
        ----------
        *endings : FetchOutcome
            The outcomes.

        Returns
        -------
        tuple of FetchResult
            The results.
        """
        return tuple(item for item in self.items if item.outcome in endings)

    @property
    def downloaded(self) -> tuple[FetchResult, ...]:
        """Light curves that were downloaded."""
        return self.ended(FetchOutcome.DOWNLOADED)

    @property
    def already_cached(self) -> tuple[FetchResult, ...]:
        """Light curves that were already in the cache, undamaged."""
        return self.ended(FetchOutcome.ALREADY_CACHED)

    @property
    def absent(self) -> tuple[FetchResult, ...]:
        """Light curves that the archive does not have."""
        return self.ended(FetchOutcome.ABSENT)

    @property
    def failed(self) -> tuple[FetchResult, ...]:
        """Light curves that could not be fetched this time."""
        return self.ended(FetchOutcome.FAILED)

    @property
    def targets_without(self) -> tuple[str, ...]:
        """Identifiers of targets without any light curve in the cache now."""
        have = {item.target_id for item in self.ended(FetchOutcome.DOWNLOADED, FetchOutcome.ALREADY_CACHED)}
        return tuple(dict.fromkeys(item.target_id for item in self.items if item.target_id not in have))


def sort_results(items: Sequence[FetchResult], target_ids: Sequence[str]) -> tuple[FetchResult, ...]:
    """Sort results by target, in the order requested, and by observation.

    Parameters
    ----------
    items : sequence of FetchResult
        The results.
    target_ids : sequence of str
        Targets in the order requested.

    Returns
    -------
    tuple of FetchResult
        The sorted results.
    """
    place = {target_id: n for n, target_id in enumerate(target_ids)}

    def key(item: FetchResult) -> tuple[int, tuple[int, str], str, float]:
        digits = "".join(c for c in item.observation if c.isdigit())
        return place.get(item.target_id, len(place)), (int(digits or 0), item.observation), item.author, item.exposure_seconds

    return tuple(sorted(items, key=key))


_CHUNK_BYTES = 1 << 16
_MAX_TRIES = 2
#: urllib3's message if a connection ends before the stated length.
_INCOMPLETE = re.compile(r"IncompleteRead\((\d+)")


class DownloadedLightCurve(NamedTuple):
    """A downloaded light curve and its pixel columns.

    Attributes
    ----------
    curve : LightCurve
        The light curve.
    pixels : PixelColumns or None
        The pixel columns; None if the product has none.
    """

    curve: LightCurve
    pixels: PixelColumns | None


def download_light_curve(
    item: AvailableLightCurve,
    folder: Path,
    how: RetryPolicy,
    stop: threading.Event | None = None,
    arrived: Callable[[int], None] = lambda count: None,
) -> DownloadedLightCurve:
    """Download a light curve and read it.

    A file that is truncated, or is of another star than requested, is downloaded a second time. So
    is one that is not found.

    Parameters
    ----------
    item : AvailableLightCurve
        The light curve to download.
    folder : Path
        Folder of the temporary file.
    how : RetryPolicy
        Timeouts and retries.
    stop : threading.Event, optional
        Stops the download when set.
    arrived : callable, optional
        Called with the number of bytes of each part that arrives.

    Returns
    -------
    DownloadedLightCurve
        The light curve, named by its observation, and its pixel columns.

    Raises
    ------
    CorruptFileError
        If the file is damaged twice.
    NotInArchiveError
        If the file is not found twice.
    TransientError
        If the last attempt fails for a reason that may be temporary.
    ArchiveError
        If the archive refuses, or the file is complete but cannot be used.
    StoppedError
        If `stop` is set.
    CacheError
        If the disk is full or not writable.
    """
    damaged = missing = 0
    while True:
        try:
            return _parse_download(item, _download_bytes(item, folder, how, stop, arrived))
        except CorruptFileError as error:
            damaged += 1
            if damaged == _MAX_TRIES:
                raise CorruptFileError(f"{item.filename} came damaged twice: {error}") from error
            log.info("%s It is fetched again.", error)
        except NotInArchiveError as error:
            missing += 1
            if missing == _MAX_TRIES:
                raise
            log.info("%s It is asked for once more.", error)


def _download_bytes(
    item: AvailableLightCurve, folder: Path, how: RetryPolicy, stop: threading.Event | None, arrived: Callable[[int], None]
) -> bytes:
    """Return the bytes of the file, as many as the server stated; temporary failures are retried."""

    def once() -> bytes:
        with _temporary_file(folder, item.filename) as path:
            _stream_to_file(item, path, how, stop, arrived)
            return path.read_bytes()

    return http.call_with_retries(once, how, stop)


def _stream_to_file(
    item: AvailableLightCurve, path: Path, how: RetryPolicy, stop: threading.Event | None, arrived: Callable[[int], None]
) -> None:
    address = f"{mast.server_url()}/api/v0.1/Download/file?uri={quote(item.uri, safe=':/')}"
    what = f"the download of {item.filename}"
    length: int | None = None
    count, deadline = 0, time.monotonic() + how.file_seconds
    try:
        with http.http_session(how).get(address, stream=True) as response:
            if response.status_code != 200:
                raise http.status_failure(response.status_code, response.headers.get("Retry-After"), "MAST", what)
            length = _content_length(response.headers)
            if "html" in str(response.headers.get("Content-Type")).lower():
                raise TransientError(f"MAST sent a web page instead of {item.filename}.")
            with _open_for_writing(path) as write:
                for piece in response.iter_content(_CHUNK_BYTES):
                    http.raise_if_stopped(stop)
                    if time.monotonic() > deadline:
                        raise TransientError(f"{what[:1].upper()}{what[1:]} took more than {how.file_seconds:g} s.")
                    write(piece)
                    count += len(piece)
                    arrived(len(piece))
    except http.request_errors() as error:
        if short := _INCOMPLETE.search(repr(error)):
            raise CorruptFileError(f"{item.filename} is truncated: {short[1]} of {length} bytes came.") from error
        raise http.request_failure(error, "MAST", what) from error
    if length is not None and count != length:
        raise CorruptFileError(f"{item.filename} is truncated: {count} of {length} bytes came.")
    if not count:
        raise TransientError(f"MAST sent nothing for {item.filename}.")


def _content_length(headers: Mapping[str, str]) -> int | None:
    """Return the length [bytes] that the server states, or None.

    The length of a compressed body is not that of the file, so it is ignored.
    """
    text = str(headers.get("Content-Length") or "")
    return int(text) if text.isdecimal() and not headers.get("Content-Encoding") else None


def _parse_download(item: AvailableLightCurve, data: bytes) -> DownloadedLightCurve:
    """Return the light curve in the bytes and its pixel columns, if it is of the requested star."""
    try:
        curve = read.parse_light_curve(data, item.filename, target=item.target)
    except CorruptFileError:
        raise
    except (LightCurveError, TargetError, TimeSystemError) as error:
        if "is a light curve of" in str(error):
            raise CorruptFileError(f"{item.filename} holds another star: {error}") from error
        raise ArchiveError(f"{item.filename} came whole and cannot be used: {error}") from error
    return DownloadedLightCurve(replace(curve, observation=item.observation), _parse_pixel_columns(item, data))


def _parse_pixel_columns(item: AvailableLightCurve, data: bytes) -> PixelColumns | None:
    """Return the pixel columns in the bytes of a light curve, or None if they cannot be read."""
    try:
        return pixels.read_pixel_columns(data, item.filename)
    except LightCurveError as error:
        log.warning("%s It is kept without background and positions.", error)
        return None


@contextlib.contextmanager
def _temporary_file(folder: Path, name: str) -> Iterator[Path]:
    """Yield a path for a temporary file that is deleted at the end of the block."""
    path = folder / f".{files.safe_name(name)}.{os.getpid()}.{secrets.token_hex(4)}{files.TEMPORARY_SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield path
    except OSError as error:
        raise files.write_error(folder, error) from error
    finally:
        files.remove_file(path)


@contextlib.contextmanager
def _open_for_writing(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Yield a function that appends to a new file and raises CacheError if the disk refuses."""
    try:
        file = path.open("wb")
    except OSError as error:
        raise files.write_error(path.parent, error) from error

    def write(piece: bytes) -> None:
        try:
            file.write(piece)
        except OSError as error:
            raise files.write_error(path.parent, error) from error

    try:
        yield write
    finally:
        try:
            file.close()
        except OSError as error:
            raise files.write_error(path.parent, error) from error
