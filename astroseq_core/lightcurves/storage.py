"""Arrays as checked bytes in files that are either whole or not there."""

import errno
import hashlib
import io
import json
import os
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import CacheError, CorruptFileError
from astroseq_core.lightcurves import tables

#: Version of what stands in a cached file and in the index; raise it when an older AstroSeq would misread a newer file.
SCHEMA = 1
#: A temporary file older than this [s] was left by a process that was ended in the middle of writing.
STALE_SECONDS = 3600.0
TEMPORARY = ".tmp"
_HEADER = "header"


def encode(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of an ``.npz`` with those arrays and a JSON header that carries the schema's version."""
    if _HEADER in arrays:
        raise CacheError(f"An array of the cache cannot be called '{_HEADER}'; choose another name.")
    if any(a.dtype.hasobject for a in arrays.values()):
        raise CacheError("Only plain arrays of numbers or text can be cached, not objects.")
    text = json.dumps({"schema": SCHEMA, **header}, sort_keys=True).encode()
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{_HEADER: np.frombuffer(text, np.uint8)}, **arrays)
    return buffer.getvalue()


def decode(data: bytes, name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the arrays of such bytes.

    Raises CorruptFileError when they are not whole, CacheError when a newer AstroSeq wrote them.
    """
    arrays = tables.load_npz(data, name)
    try:
        header: dict[str, Any] = json.loads(arrays.pop(_HEADER).tobytes())
        schema = int(header["schema"])
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(f"{name} is no file of the cache; delete it.") from error
    if schema > SCHEMA:
        raise newer(name, schema)
    return header, arrays


def newer(what: str, schema: int, known: int | None = None) -> CacheError:
    """The error for what a newer AstroSeq wrote; ``known`` is the version that this one knows (default: of files)."""
    return CacheError(
        f"{what} was written by a newer AstroSeq (cache version {schema}, this one knows {known or SCHEMA}); "
        "update AstroSeq, or point ASTROSEQ_CACHE to another folder."
    )


def compact(values: NDArray[Any]) -> NDArray[Any]:
    """The same values in half the bytes where that loses nothing: float32 for float64, int32 for int64."""
    smaller = {"f": np.float32, "i": np.int32}.get(values.dtype.kind)
    if smaller is None or values.dtype.itemsize != 8:
        return values
    with np.errstate(over="ignore"):
        narrow: NDArray[Any] = values.astype(smaller)
    return narrow if np.array_equal(narrow.astype(values.dtype), values, equal_nan=values.dtype.kind == "f") else values


def sha256(data: bytes) -> str:
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def safe_name(text: str, length: int = 60) -> str:
    """Part of a file name made from any text: letters, digits, ``._+-`` and nothing that leaves the folder."""
    return re.sub(r"[^A-Za-z0-9._+\-]+", "_", text)[:length].strip(".") or "_"


def write_temporary(final: Path, data: bytes) -> Path:
    """A temporary file beside ``final`` that holds ``data`` on the disk; ``os.replace`` makes it the final one.

    Raises CacheError, with nothing left behind, when the disk is full or may not be written.
    """
    temporary = final.with_name(f".{final.name}.{os.getpid()}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        remove(temporary)
        raise cannot_write(final.parent, error) from error
    except BaseException:
        remove(temporary)
        raise
    return temporary


def remove(path: Path) -> None:
    """Delete a file if it is there and may be deleted."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def remove_leftovers(folder: Path) -> int:
    """Delete the temporary files under ``folder`` that were left by ended processes; how many there were."""
    count = 0
    for path in folder.rglob(f".*{TEMPORARY}"):
        try:
            stale = time.time() - path.stat().st_mtime > STALE_SECONDS
        except FileNotFoundError:
            continue
        if stale:
            remove(path)
            count += 1
    return count


def cannot_write(folder: Path, error: OSError) -> CacheError:
    """The error for a cache folder that cannot be written, with what to do."""
    advice = {
        errno.ENOSPC: "the disk is full; free some space or purge the cache",
        errno.EROFS: "the disk is read-only; point ASTROSEQ_CACHE to a folder that can be written",
        errno.EACCES: "it may not be written; correct its permissions or point ASTROSEQ_CACHE elsewhere",
        errno.EPERM: "it may not be written; correct its permissions or point ASTROSEQ_CACHE elsewhere",
    }.get(error.errno or 0, f"{error.strerror or error}; check the disk or point ASTROSEQ_CACHE elsewhere")
    return CacheError(f"The cache cannot be written in {folder}: {advice}.")
