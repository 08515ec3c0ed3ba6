"""The part of the cache that keeps pixel columns: a file of its own for each light curve that came as FITS."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from astroseq_core.errors import CacheError, CorruptFileError
from astroseq_core.lightcurves import pixels
from astroseq_core.lightcurves.index import Entry, Index, Key
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.pixels import PixelColumns

log = logging.getLogger(__name__)

#: The kind under which they stand in the index; the key is otherwise that of their light curve.
PIXELS = "pixels"
#: The kind of the light curves that they stand beside.
BESIDE = "lightcurve"


class Sidecars:
    """Pixel columns by the light curve that they belong to; surveys and searches never read them."""

    _index: Index
    _write: Callable[[Key, dict[str, Any], dict[str, NDArray[Any]]], None]
    _read_first: Callable[..., tuple[dict[str, Any], dict[str, NDArray[Any]]] | None]

    def put_pixels(self, curve: LightCurve, columns: PixelColumns, *, author: str, exposure_seconds: float) -> None:
        """Store what stands beside a light curve, under the author and exposure that the light curve is stored under."""
        key = Key(PIXELS, curve.target.slug, curve.observation, author, round(exposure_seconds))
        self._write(key, *pixels.pack(replace(columns, observation=curve.observation), curve.provenance.sha256))

    def pixels(self, curve: LightCurve) -> PixelColumns | None:
        """What is stored beside a light curve that came from the cache, None where nothing is.

        What belongs to another version of the file counts as nothing, and so does what cannot be read: it is set aside.
        """
        values = (PIXELS, curve.target.slug, curve.observation)

        def rank(entry: Entry) -> tuple[bool, float]:
            return entry.key.author != curve.author, abs(entry.key.exposure_seconds - 60 * curve.cadence_minutes)

        try:
            found = self._read_first("kind = ? AND target = ? AND observation = ?", values, rank, _is_of(curve))
            return None if found is None else pixels.unpack(*found)
        except (CacheError, CorruptFileError) as error:
            log.warning("%s", error)
            return None


def beside(entries: list[Entry]) -> dict[Key, Entry]:
    """The pixel columns among entries, by the key of the light curve that they stand beside."""
    return {replace(e.key, kind=BESIDE): e for e in entries if e.key.kind == PIXELS}


def with_their_own(entries: list[Entry]) -> list[Entry]:
    """The entries that stand alone, those of light curves as large as with the pixel columns beside them."""
    there = {e.key for e in entries}
    sizes = {key: e.size_bytes for key, e in beside(entries).items() if key in there}
    return [
        replace(e, size_bytes=e.size_bytes + sizes.get(e.key, 0))
        for e in entries
        if not (e.key.kind == PIXELS and replace(e.key, kind=BESIDE) in there)
    ]


def _is_of(curve: LightCurve) -> Callable[[dict[str, Any]], bool]:
    return lambda header: header.get("of_sha256") == curve.provenance.sha256
