"""What is known of a star itself, gathered from the catalogues and from the headers of its light curves."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from astroseq_core.archive import catalogue as catalogues
from astroseq_core.archive import famous, tables
from astroseq_core.archive.catalogue import Catalogue
from astroseq_core.archive.signals import Signal
from astroseq_core.errors import AstroSeqError
from astroseq_core.lightcurves import pixels
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.missions import TESS
from astroseq_core.scoring.opening import Source
from astroseq_core.stellar import StellarParameters
from astroseq_core.targets import Target

log = logging.getLogger(__name__)

#: Who is believed first: papers on the planets, then the missions' own tables; headers come last.
ORDER = (tables.PLANETS.name, tables.KOI.name, tables.K2.name, tables.TOI.name, famous.NAME)


def star_facts(
    target: Target,
    curves: Sequence[LightCurve] = (),
    source: Source | None = None,
    folder: str = "",
    catalogue: Catalogue | None = None,
) -> StellarParameters:
    """What is known of a star; its fields are None where nothing is, and ignorance or a damaged file is no error.

    ``curves``, ``source`` and ``folder``: the star as it was opened, for the headers of FITS files in the folder or beside the
    cached light curves. ``catalogue``: the current one where None. A simulated star has its truth. Of several magnitudes that in
    the band of the star's own mission is taken (T for TESS, else Kp).
    """
    if target.is_simulated:
        return _simulated(target)
    found = _from_catalogue(target, catalogues.current() if catalogue is None else catalogue)
    if source is not None and (header := _from_headers(curves, source, folder)) is not None:
        found.append(header)
    facts = StellarParameters()
    for one in found:
        facts = facts.filled_from(one)
    band = "T" if target.mission is TESS else "Kp"
    own = next((one for one in found if one.magnitude is not None and one.band == band), None)
    return facts if own is None else replace(facts, magnitude=own.magnitude, band=own.band)


def _simulated(target: Target) -> StellarParameters:
    from astroseq_core.simulate import drawn

    try:
        star = drawn.read(int(target.number))
        seen_as = drawn.seen_as(int(target.number))
    except AstroSeqError as error:
        log.info("%s", error)
        return StellarParameters(name=target.id)
    return StellarParameters(
        density_solar=star.density_solar, magnitude=star.magnitude, band="T" if seen_as == "TESS" else "Kp", name=target.id,
        source="simulation",
    )  # fmt: skip


def _from_catalogue(target: Target, catalogue: Catalogue) -> list[StellarParameters]:
    """What each row about the star says of it, who is believed first in front."""
    star = catalogue.star_of(target)
    if star is None:
        return []
    rows = sorted(star.signals, key=lambda s: ORDER.index(s.table) if s.table in ORDER else len(ORDER))
    return [_of_row(row) for row in rows]


def _of_row(row: Signal) -> StellarParameters:
    title = tables.TABLES[row.table].title if row.table in tables.TABLES else "the built-in list of famous systems"
    return StellarParameters(
        teff_k=row.star_teff,
        radius_solar=row.star_radius,
        mass_solar=row.star_mass,
        logg=row.star_logg,
        density_solar=row.star_density,
        density_err=row.star_density_err,
        magnitude=row.magnitude,
        band=row.magnitude_band,
        name=row.host,
        source=title,
    )


def _from_headers(curves: Sequence[LightCurve], source: Source, folder: str) -> StellarParameters | None:
    """What the header of the first light curve that says anything says, None where none does."""
    for curve in curves:
        try:
            found = _header(curve, source, folder)
        except AstroSeqError as error:
            log.info("%s", error)
            continue
        if found is not None and found.is_known:
            return replace(found, name="")  # a header names the star by its number alone
    return None


def _header(curve: LightCurve, source: Source, folder: str) -> StellarParameters | None:
    if source is Source.CACHE:
        beside = LightCurveCache().pixels(curve)
        return None if beside is None else beside.stellar
    path: Path | None = pixels.file_of(curve, folder)
    if path is None:
        return None
    from astroseq_core.lightcurves import pixel_fits, reading

    return pixel_fits.header_of(reading.read_bytes(path), path.name)
