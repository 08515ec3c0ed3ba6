"""Which cached files have to go when there is to be less of them."""

import contextlib
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path

from astroseq_core.lightcurves.index import Entry


def touch(path: Path) -> None:
    """Note in the file's access time that it was read now, where that may be written; when it was stored stays."""
    with contextlib.suppress(OSError):
        os.utime(path, (time.time(), path.stat().st_mtime))


def times(path: Path) -> tuple[float, float]:
    """When a file was stored and when it was last read [s since 1970]; NaN where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return math.nan, math.nan
    return found.st_mtime, max(found.st_atime, found.st_mtime)


def over(entries: Sequence[Entry], excess_bytes: int, folder: Path) -> list[Entry]:
    """The files to delete so that at least ``excess_bytes`` are freed, those not read for longest first."""
    out: list[Entry] = []

    def last_used(entry: Entry) -> float:
        used = times(folder / entry.file)[1]
        return -math.inf if math.isnan(used) else used

    for entry in sorted(entries, key=last_used):
        if excess_bytes <= 0:
            break
        out.append(entry)
        excess_bytes -= entry.size_bytes
    return out
