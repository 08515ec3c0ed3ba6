"""Light curves to and from lightkurve's objects."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from astroseq_core import missions, targets, times
from astroseq_core.errors import LightCurveError, UnknownTargetError
from astroseq_core.io import conventions, fits, identifiers, lightcurve, quantities
from astroseq_core.io.lightcurve import LightCurve, Provenance
from astroseq_core.missions import Mission
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem

if TYPE_CHECKING:
    import lightkurve

#: Key in lightkurve's metadata that says whether the trends have been removed.
FLATTENED_KEY = "FLATTENED"


def is_lightkurve(thing: object) -> bool:
    """Return whether something is one of lightkurve's objects, without loading lightkurve.

    Parameters
    ----------
    thing : object
        Anything.

    Returns
    -------
    bool
        True for a light curve, a collection, or any other of its classes.
    """
    return any(c.__module__.partition(".")[0] == "lightkurve" for c in type(thing).__mro__)


def from_lightkurve(
    curve: "lightkurve.LightCurve",
    *,
    target: Target | str | None = None,
    mission: Mission | str | None = None,
    observation: str = "",
) -> LightCurve:
    """Make a light curve from one of lightkurve's.

    Parameters
    ----------
    curve : lightkurve.LightCurve
        A light curve of any of lightkurve's classes, not folded. Of plain numbers of days, which
        lightkurve takes for Julian dates, those too small to be any are in the mission's system.
    target : Target or str, optional
        The star; by default what the metadata say.
    mission : Mission or str, optional
        The mission that took the data; by default what the metadata say, else the target's.
    observation : str, optional
        Name of the observation; by default from the metadata, such as "sector 3".

    Returns
    -------
    LightCurve
        The checked light curve.

    Raises
    ------
    LightCurveError
        If it is no light curve over time, or too few cadences are usable.
    UnknownTargetError
        If neither the metadata nor `target` says which star it is.
    TimeSystemError
        If the times do not fit the mission.
    """
    import lightkurve as lk

    if not isinstance(curve, lk.LightCurve) or isinstance(curve, lk.FoldedLightCurve):
        raise LightCurveError(f"A {type(curve).__name__} of lightkurve is no light curve over time; give its LightCurve.")
    meta = dict(curve.meta)
    star = _target(meta, target)
    instrument = _instrument(meta, star, mission)
    flux, errors = fits.plain_values(curve.flux), fits.plain_values(curve.flux_err)
    unit = quantities.flux_unit(str(curve.flux.unit))
    flux, error = quantities.to_linear_flux(flux, errors if np.isfinite(errors).any() else None, unit, "the light curve")
    quality = curve["quality"] if "quality" in curve.colnames else None
    return lightcurve.make_light_curve(
        target=star,
        observation=observation or _observation(meta, instrument),
        time=_time(curve, instrument),
        flux=flux,
        flux_err=error,
        quality=None if quality is None else np.nan_to_num(fits.plain_values(quality)).astype(np.int64),
        instrument=instrument,
        time_system=instrument.time_system,
        author=str(meta.get("AUTHOR") or ""),
        flattened=bool(meta.get(FLATTENED_KEY)) or str(meta.get("FLUX_ORIGIN")).lower() in _FLATTENED_COLUMNS,
        provenance=Provenance(f"lightkurve.{type(curve).__name__}"),
        exposure_minutes=fits.exposure_from_header(meta),
    )


def to_lightkurve(curve: LightCurve, **columns: ArrayLike | None) -> "lightkurve.LightCurve":
    """Make a lightkurve light curve; times and fluxes stay as they are.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    **columns : array_like, optional
        Columns in place of the light curve's own: time, flux, flux_err, and any others.

    Returns
    -------
    lightkurve.LightCurve
        A KeplerLightCurve or TessLightCurve, in BKJD or BTJD.
    """
    with fits.suppress_warnings():
        import lightkurve as lk
        from astropy.time import Time

    kind = lk.TessLightCurve if curve.time_system is TimeSystem.BTJD else lk.KeplerLightCurve
    values = columns or {"time": curve.time, "flux": curve.flux, "flux_err": curve.flux_err, "quality": curve.quality}
    meta = {
        "LABEL": curve.target.id,
        "OBJECT": curve.target.id,
        "TARGETID": int(curve.target.number),
        "MISSION": curve.instrument.name,
        "OBSERVATION": curve.observation,
        "AUTHOR": curve.author,
        FLATTENED_KEY: curve.flattened,
    }
    if curve.exposure_minutes is not None:
        meta["TIMEDEL"] = curve.exposure_minutes / 1440
    time = Time(values.pop("time"), format=str(curve.time_system).lower(), scale="tdb")
    made = kind(time=time, flux=values.pop("flux"), flux_err=values.pop("flux_err"), meta=meta)
    for name, column in values.items():
        made[name] = column
    return made


_FLATTENED_COLUMNS = {c.name for p in conventions.FITS_PRODUCTS for c in p.flux if c.flattened and c.name != "flux"}


def _target(meta: Mapping[str, object], wanted: Target | str | None) -> Target:
    if wanted is not None:
        return wanted if isinstance(wanted, Target) else targets.parse_star(wanted)
    text = identifiers.target_of(meta, identifiers.mission_of(meta))
    if not text:
        raise UnknownTargetError("The light curve does not say which star it is of; give target, such as target='TIC 261136679'.")
    return targets.parse_star(text)


def _instrument(meta: Mapping[str, object], star: Target, wanted: Mission | str | None) -> Mission:
    if wanted is not None:
        return wanted if isinstance(wanted, Mission) else missions.mission_by_name(wanted)
    found = identifiers.mission_of(meta) or star.mission
    if found is missions.SIMULATED:
        raise LightCurveError(f"A light curve of {star} must say as what it is seen; give mission: TESS, Kepler or K2.")
    return found


def _time(curve: "lightkurve.LightCurve", instrument: Mission) -> NDArray[np.float64]:
    """Return the times [d] in the instrument's system; those of its own format stay as they are."""
    own = instrument.time_system.zero_bjd
    zero = conventions.DAY_NAMES.get(curve.time.format.upper())
    if zero is None:
        days = curve.time.tdb
        return fits.plain_values(days.jd1 - own) + fits.plain_values(days.jd2)
    values = fits.plain_values(curve.time.value)
    plain_days = zero == 0.0 and not np.nanmedian(values) > times.SMALLEST_JULIAN_DATE
    return values if zero == own or plain_days else values + (zero - own)


def _observation(meta: Mapping[str, object], instrument: Mission) -> str:
    if text := str(meta.get("OBSERVATION") or ""):
        return text
    number = meta.get(instrument.observation_word.upper())
    return f"{instrument.observation_word} {number}" if number not in (None, "") else "light curve"
