"""Parameters of a star: from the simulation, the catalogs, and the headers of its files."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from astroseq_core.archive import catalogs as catalogues
from astroseq_core.archive import exoplanet_archive
from astroseq_core.archive.catalogs import Catalog
from astroseq_core.archive.signals import Signal
from astroseq_core.errors import AstroSeqError
from astroseq_core.io import pixels, read
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.missions import TESS
from astroseq_core.scoring.star_source import Source
from astroseq_core.stellar import StellarParameters
from astroseq_core.targets import Target

log = logging.getLogger(__name__)


def stellar_parameters(
    target: Target,
    curves: Sequence[LightCurve] = (),
    source: Source | None = None,
    folder: str = "",
    catalog: Catalog | None = None,
) -> StellarParameters:
    """Collect the parameters of a star from all sources.

    A simulated star gives its truth. Of several magnitudes, the one in the band of the star's own
    mission is taken (T for TESS, else Kp). Missing data and damaged files are not errors.

    Parameters
    ----------
    target : Target
        The star.
    curves : sequence of LightCurve, optional
        Its light curves, to read the headers of their FITS files in the folder or in the cache.
    source : Source, optional
        Where the light curves come from; None to read no headers.
    folder : str, optional
        Folder of light curves, for the source "folder".
    catalog : Catalog, optional
        The catalog; the installed one by default.

    Returns
    -------
    StellarParameters
        The parameters; unknown ones are None.
    """
    if target.is_simulated:
        return _simulated_parameters(target)
    found = _catalog_parameters(target, catalogues.current_catalog() if catalog is None else catalog)
    if source is not None and (header := _header_parameters(curves, source, folder)) is not None:
        found.append(header)
    facts = StellarParameters()
    for one in found:
        facts = facts.filled_from(one)
    band = "T" if target.mission is TESS else "Kp"
    own = next((one for one in found if one.magnitude is not None and one.band == band), None)
    return facts if own is None else replace(facts, magnitude=own.magnitude, band=own.band)


def _simulated_parameters(target: Target) -> StellarParameters:
    """Return the true parameters of a simulated star."""
    from astroseq_core.simulation import survey

    try:
        star = survey.read_star(int(target.number))
        instrument = survey.instrument_of(int(target.number))
    except AstroSeqError as error:
        log.info("%s", error)
        return StellarParameters(name=target.id)
    return StellarParameters(
        density_solar=star.density_solar,
        magnitude=star.magnitude,
        band="T" if instrument == "TESS" else "Kp",
        name=target.id,
        source="simulation",
    )


def _catalog_parameters(target: Target, catalog: Catalog) -> list[StellarParameters]:
    """Return the parameters from each catalog row of the star, the most trusted row first."""
    star = catalog.star_of(target)
    if star is None:
        return []
    order = catalogues.STELLAR_PREFERENCE
    rows = sorted(star.signals, key=lambda s: order.index(s.table) if s.table in order else len(order))
    return [_row_parameters(row) for row in rows]


def _row_parameters(row: Signal) -> StellarParameters:
    """Return the parameters in one catalog row."""
    title = (
        exoplanet_archive.CATALOG_TABLES[row.table].title
        if row.table in exoplanet_archive.CATALOG_TABLES
        else "the built-in list of famous systems"
    )
    return StellarParameters(
        teff_k=row.star_teff,
        radius_solar=row.star_radius,
        mass_solar=row.star_mass,
        logg=row.star_logg,
        density_solar=row.star_density,
        density_err=row.star_density_err,
        radius_err=row.star_radius_err,
        magnitude=row.magnitude,
        band=row.magnitude_band,
        name=row.host,
        source=title,
    )


def _header_parameters(curves: Sequence[LightCurve], source: Source, folder: str) -> StellarParameters | None:
    """Return the parameters in the first header that has any, else None."""
    for curve in curves:
        try:
            found = _read_header(curve, source, folder)
        except AstroSeqError as error:
            log.info("%s", error)
            continue
        if found is not None and found.is_known:
            return replace(found, name="")  # a header names the star by its number alone
    return None


def _read_header(curve: LightCurve, source: Source, folder: str) -> StellarParameters | None:
    """Read the parameters in the header of a light curve's file, None where there is none."""
    if source is Source.CACHE:
        beside = LightCurveCache().pixels(curve)
        return None if beside is None else beside.stellar
    path: Path | None = pixels.fits_file_of(curve, folder)
    if path is None:
        return None

    return pixels.read_stellar_header(read.read_bytes(path), path.name)
