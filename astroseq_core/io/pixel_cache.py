"""Light-curve cache: pixel columns, in a file of their own beside each light curve from FITS."""

import logging
from collections.abc import Callable
from dataclasses import replace

from astroseq_core.errors import CacheError, CorruptFileError
from astroseq_core.io import pixels
from astroseq_core.io.cache_index import LIGHT_CURVE_KIND, CacheEntry, CacheIndex, CacheKey
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.io.pixels import PixelColumns
from astroseq_core.type_names import Arrays, JsonObject

log = logging.getLogger(__name__)

#: Kind of pixel columns in the index; the rest of their key is that of their light curve.
PIXELS_KIND = "pixels"


class PixelColumnStore:
    """The part of the cache that stores pixel columns; surveys and searches never read them."""

    _index: CacheIndex
    _write: Callable[[CacheKey, JsonObject, Arrays], None]
    _read_first: Callable[..., tuple[JsonObject, Arrays] | None]

    def save_pixels(self, curve: LightCurve, columns: PixelColumns, *, author: str, exposure_seconds: float) -> None:
        """Store the pixel columns of a light curve.

        Parameters
        ----------
        curve : LightCurve
            The light curve, already stored.
        columns : PixelColumns
            Its pixel columns.
        author : str
            The author that the light curve is stored under.
        exposure_seconds : float
            The exposure [s] that the light curve is stored under.
        """
        key = CacheKey(PIXELS_KIND, curve.target.slug, curve.observation, author, round(exposure_seconds))
        self._write(key, *pixels.pack_pixel_columns(replace(columns, observation=curve.observation), curve.provenance.sha256))

    def pixels(self, curve: LightCurve) -> PixelColumns | None:
        """Return the stored pixel columns of a light curve that came from the cache.

        Pixel columns of another version of the file are ignored. Damaged files are moved aside and
        ignored.

        Parameters
        ----------
        curve : LightCurve
            The light curve.

        Returns
        -------
        PixelColumns or None
            The pixel columns; None if there are none.
        """
        values = (PIXELS_KIND, curve.target.slug, curve.observation)

        def rank(entry: CacheEntry) -> tuple[bool, float]:
            return entry.key.author != curve.author, abs(entry.key.exposure_seconds - 60 * curve.cadence_minutes)

        try:
            found = self._read_first("kind = ? AND target = ? AND observation = ?", values, rank, _belongs_to(curve))
            return None if found is None else pixels.unpack_pixel_columns(*found)
        except (CacheError, CorruptFileError) as error:
            log.warning("%s", error)
            return None


def pixel_entries_by_owner(entries: list[CacheEntry]) -> dict[CacheKey, CacheEntry]:
    """Return the entries of pixel columns by the key of their light curve.

    Parameters
    ----------
    entries : list of CacheEntry
        Entries of the cache index.

    Returns
    -------
    dict of CacheKey to CacheEntry
        The entries of pixel columns.
    """
    return {replace(e.key, kind=LIGHT_CURVE_KIND): e for e in entries if e.key.kind == PIXELS_KIND}


def merge_pixel_entries(entries: list[CacheEntry]) -> list[CacheEntry]:
    """Merge the entries of pixel columns into those of their light curves.

    Parameters
    ----------
    entries : list of CacheEntry
        Entries of the cache index.

    Returns
    -------
    list of CacheEntry
        The entries without pixel columns that have a light curve; the size of that light curve
        includes both files.
    """
    there = {e.key for e in entries}
    sizes = {key: e.size_bytes for key, e in pixel_entries_by_owner(entries).items() if key in there}
    return [
        replace(e, size_bytes=e.size_bytes + sizes.get(e.key, 0))
        for e in entries
        if not (e.key.kind == PIXELS_KIND and replace(e.key, kind=LIGHT_CURVE_KIND) in there)
    ]


def _belongs_to(curve: LightCurve) -> Callable[[JsonObject], bool]:
    return lambda header: header.get("of_sha256") == curve.provenance.sha256
