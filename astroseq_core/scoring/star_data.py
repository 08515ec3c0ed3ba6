"""Reading of a star: its detrended light curves and its ephemerides, from any source.

Loads no network.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from astroseq_core import targets
from astroseq_core.archive import catalogs as catalogues
from astroseq_core.archive.catalogs import Catalog
from astroseq_core.archive.signals import Signal
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, LightCurveError
from astroseq_core.io import pixels
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.ephemeris_table import EphemerisTable, read_table
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.io.one_per_time import LeftOut, use_light_curves
from astroseq_core.io.pixels import PixelColumns
from astroseq_core.io.product_order import light_curve_word
from astroseq_core.missions import Mission
from astroseq_core.paths import parse_path
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, PreprocessingConfig, prepare, time_span
from astroseq_core.scoring.star_source import Source, find_source
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem

log = logging.getLogger(__name__)
#: Where the ephemerides of a simulated star are from.
SIMULATED_TRUTH = "the simulation's truth"
#: Stars within this distance [arcsec] may share light: fourteen pixels of TESS, and the wings of bright stars in Kepler.
NEIGHBOR_ARCSEC = 300.0


@dataclass(frozen=True)
class StarRequest:
    """Which star to load, and how to detrend it.

    Plain values are accepted in place of `Source`, texts and tuples, and are turned into these.

    Attributes
    ----------
    name : str
        Name of the target, in any common spelling.
    source : Source
        Where its light curves come from; its name is enough.
    folder : str
        Folder of light curves, or one file; for the source "folder".
    ephemerides : str
        Path of an ephemeris table; empty for none.
    observations : tuple of str
        Names of the observations to load; empty for all.
    preprocessing : PreprocessingConfig or None
        Detrending settings; None for the instrument's default.
    prefer : tuple of str
        What the person prefers among light curves of the same time; see `product_order.is_preferred`.

    Raises
    ------
    TargetError
        If the source is unknown.
    """

    name: str
    source: Source
    folder: str = ""
    ephemerides: str = ""
    observations: tuple[str, ...] = ()
    preprocessing: PreprocessingConfig | None = None
    prefer: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        wanted = (self.observations,) if isinstance(self.observations, str) else tuple(self.observations)
        plain = {
            "source": Source.parse(self.source),
            "folder": str(self.folder or ""),
            "ephemerides": str(self.ephemerides or ""),
            "observations": wanted,
            "prefer": (self.prefer,) if isinstance(self.prefer, str) else tuple(self.prefer),
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)


class KnownEphemerides(NamedTuple):
    """Known ephemerides, and where they are from.

    Attributes
    ----------
    table : EphemerisTable
        The ephemerides.
    catalog : str
        Where they are from; empty if there are none.
    """

    table: EphemerisTable
    catalog: str = ""


@dataclass(frozen=True, eq=False)
class StarData:
    """Star with its detrended light curves and ephemerides.

    Attributes
    ----------
    target : Target
        The star.
    source : Source or None
        Where its light curves come from; None if they were handed over.
    detrended : tuple of DetrendedLightCurve
        At least one, in time order; none covers time of another.
    observations : tuple of str
        Names of all observations that exist, also of those not loaded.
    ephemerides : tuple of Ephemeris
        Known signals.
    problems : tuple of str
        One sentence for each thing that cannot be used.
    catalog : str
        Where the ephemerides are from.
    left_out : tuple of LeftOut
        Light curves that are left out since others cover their time.
    """

    target: Target
    source: Source | None
    detrended: tuple[DetrendedLightCurve, ...]
    observations: tuple[str, ...]
    ephemerides: tuple[Ephemeris, ...]
    problems: tuple[str, ...]
    catalog: str
    left_out: tuple[LeftOut, ...] = ()

    @property
    def light_curves(self) -> tuple[LightCurve, ...]:
        """The light curves before detrending, in time order."""
        return tuple(p.light_curve for p in self.detrended)

    @property
    def products(self) -> tuple[str, ...]:
        """What a person can prefer, where several light curves cover the same time; see `product_order`."""
        words = [light_curve_word(c) for c in self.light_curves] + [one.word for one in self.left_out]
        return tuple(sorted(set(filter(None, words)))) if any(one.word for one in self.left_out) else ()

    @property
    def instrument(self) -> Mission:
        """The mission that took the light curves; for a simulated star the mission it is seen by."""
        return self.detrended[0].light_curve.instrument

    @property
    def system(self) -> TimeSystem:
        """The time system of all its times."""
        return self.detrended[0].system


def request_from_location(location: Mapping[str, str]) -> StarRequest:
    """Return the request for the star of a location.

    Parameters
    ----------
    location : mapping of str to str
        The star's URL parameters on Explore: target, source, folder, ephemerides, product. Without a
        source, a simulated star is simulated and any other is read from the cache.

    Returns
    -------
    StarRequest
        The request.

    Raises
    ------
    TargetError
        If the target or the source is unknown.
    """
    target = targets.parse_star(location.get("target", ""))
    text = location.get("source") or (Source.SIMULATED if target.is_simulated else Source.CACHE)
    prefer = tuple(filter(None, (location.get("product", ""),)))
    return StarRequest(target.id, Source.parse(text), location.get("folder", ""), location.get("ephemerides", ""), prefer=prefer)


def load_star(request: StarRequest) -> StarData:
    """Load a star.

    Parameters
    ----------
    request : StarRequest
        Which star.

    Returns
    -------
    StarData
        Its detrended light curves and ephemerides. An unusable light curve among several is one of
        its `problems`.

    Raises
    ------
    TargetError
        If the source does not have the star.
    LightCurveError
        If none of its light curves can be used.
    EphemerisError
        If the ephemeris table cannot be read.
    """
    target = targets.parse_star(request.name)
    found = find_source(target, request.source, request.folder, request.prefer).read()
    if target.is_simulated:
        known = KnownEphemerides(EphemerisTable(found.truth), SIMULATED_TRUTH)
    else:
        known = read_ephemerides(target, request.ephemerides)
    return make_star(
        target,
        found.all_light_curves,
        known,
        source=request.source,
        problems=found.problems,
        observations=request.observations,
        preprocessing=request.preprocessing,
        prefer=request.prefer,
        not_taken=found.not_taken,
    )


def make_star(
    target: Target,
    curves: Sequence[LightCurve],
    known: KnownEphemerides,
    *,
    source: Source | None = None,
    problems: Sequence[str] = (),
    observations: Sequence[str] = (),
    preprocessing: PreprocessingConfig | None = None,
    prefer: Sequence[str] = (),
    not_taken: Sequence[LeftOut] = (),
) -> StarData:
    """Make a star from its light curves: detrend them and add the known ephemerides.

    Of several light curves of the same time one is taken; if it cannot be used, the next best.

    Parameters
    ----------
    target : Target
        The star.
    curves : sequence of LightCurve
        Its light curves.
    known : KnownEphemerides
        Its known signals.
    source : Source, optional
        Where the light curves come from; None if they were handed over.
    problems : sequence of str, optional
        One sentence for each light curve that could not be read.
    observations : sequence of str, optional
        Names of the observations to take; all by default.
    preprocessing : PreprocessingConfig, optional
        Detrending settings; the instrument's by default.
    prefer : sequence of str, optional
        What the person prefers among light curves of the same time; see `product_order.is_preferred`.
    not_taken : sequence of LeftOut, optional
        What the source has beside these light curves.

    Returns
    -------
    StarData
        The star. An unusable light curve among several is one of its `problems`, and so is one whose
        median flux does not tell how bright the star is.

    Raises
    ------
    LightCurveError
        If none of the light curves can be used.
    """
    names = tuple(c.observation for c in curves)
    text = list(problems)
    wanted_curves = [curve for curve in curves if not observations or curve.observation in observations]
    used = use_light_curves(wanted_curves, lambda curve: prepare(curve, preprocessing), prefer)
    text += [reason for _, reason in used.failed]
    detrended = list(used.made)
    if not detrended:
        wanted = f"None of its observations is called {', '.join(observations)}; there are {', '.join(names)}."
        raise LightCurveError(f"{target} has no usable light curve. {' '.join(text) or wanted}")
    detrended.sort(key=lambda d: d.time[0])
    text += [d.level_problem for d in detrended if not d.has_level]
    # Faulty rows of other stars do not matter here; a row that names no star may belong to this one.
    text += [str(p) for p in known.table.problems if p.target_id in ("", target.id)]
    ephemerides = []
    for ephemeris in known.table.for_target(target.id):
        if reason := _why_unusable(ephemeris, detrended):
            text.append(reason)
        else:
            ephemerides.append(ephemeris)
    left_out = (*not_taken, *used.left_out)
    return StarData(target, source, tuple(detrended), names, tuple(ephemerides), tuple(text), known.catalog, left_out)


def _why_unusable(ephemeris: Ephemeris, detrended: Sequence[DetrendedLightCurve]) -> str:
    """Return why the transits of an ephemeris cannot be predicted within the observations; empty if they can."""
    system = detrended[0].system
    start, stop = time_span(detrended, system)
    return ephemeris.why_unusable(start, stop, system, min(d.cadence_minutes for d in detrended))


def read_ephemerides(target: Target, path: str = "") -> KnownEphemerides:
    """Read the known ephemerides of a star: of a table, else of the catalogs.

    A simulated star has those of the simulation.

    Parameters
    ----------
    target : Target
        The star.
    path : str, optional
        Path of an ephemeris table; none if empty.

    Returns
    -------
    KnownEphemerides
        The ephemerides, and where they are from.

    Raises
    ------
    EphemerisError
        If the table cannot be read.
    """
    if target.is_simulated:
        from astroseq_core.simulation import survey

        return KnownEphemerides(EphemerisTable(survey.read_star(int(target.number)).ephemerides), SIMULATED_TRUTH)
    table, name = EphemerisTable(()), ""
    if path.strip():
        file = parse_path(path)
        table, name = read_table(file), file.name
        if table.for_target(target.id):
            return KnownEphemerides(table, name)
    known = catalogues.current_catalog()
    signals = known.signals_of(target)
    if not signals:
        return KnownEphemerides(table, name)
    words = _catalog_names(known, signals)
    text = f"{words}; {name} has none of this star" if name else words
    return KnownEphemerides(EphemerisTable(tuple(s.ephemeris(target.id) for s in signals), table.problems), text)


def signals_nearby(target: Target) -> tuple[tuple[Ephemeris, float], ...]:
    """Return the signals of stars whose light may reach this star's aperture.

    Parameters
    ----------
    target : Target
        The star.

    Returns
    -------
    tuple of (Ephemeris, float)
        Each signal and the distance of its star [arcsec]; none for a simulated star.
    """
    return () if target.is_simulated else catalogues.current_catalog().signals_near(target, NEIGHBOR_ARCSEC)


def _catalog_names(known: Catalog, signals: tuple[Signal, ...]) -> str:
    """Name the catalogs that signals are from, each with the date of its snapshot."""
    statuses = {s.table: s for s in known.statuses}
    parts: dict[str, None] = {}
    for signal in signals:
        status = statuses.get(signal.table)
        dated = status is not None and status.date is not None
        parts[f"{status.title} of {status.date:%Y-%m-%d}" if status and dated else "the built-in list of famous systems"] = None
    return ", ".join(parts)


def star_pixel_columns(curve: LightCurve, source: Source, folder: str = "") -> PixelColumns | None:
    """Read the pixel columns that belong to one light curve.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    source : Source
        Where the star's light curves come from.
    folder : str, optional
        Folder of light curves, as in the star's request; for the source "folder".

    Returns
    -------
    PixelColumns or None
        The columns; None where the product has none.

    Raises
    ------
    CorruptFileError
        If the file is damaged.
    """
    if curve.target.is_simulated:
        from astroseq_core.simulation import pixels as simulated

        return simulated.simulated_pixel_columns(curve)
    if source is Source.FOLDER:
        return pixels.load_pixel_columns(curve, folder)
    return LightCurveCache().pixels(curve)


def all_star_pixel_columns(
    curves: Iterable[LightCurve], source: Source, folder: str = ""
) -> tuple[tuple[PixelColumns | None, ...], tuple[str, ...]]:
    """Read the pixel columns of several light curves.

    Parameters
    ----------
    curves : iterable of LightCurve
        The light curves.
    source : Source
        Where the star's light curves come from.
    folder : str, optional
        Folder of light curves, as in the star's request; for the source "folder".

    Returns
    -------
    tuple of tuple
        The columns of each light curve (None where there are none), and one sentence for each that
        could not be read.
    """
    found: list[PixelColumns | None] = []
    problems: list[str] = []
    for curve in curves:
        try:
            found.append(star_pixel_columns(curve, source, folder))
        except AstroSeqError as error:
            found.append(None)
            problems.append(str(error))
    return tuple(found), tuple(problems)
