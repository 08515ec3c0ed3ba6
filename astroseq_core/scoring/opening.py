"""Opening a star: its light curves prepared and its ephemerides, wherever they come from. Loads no network."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from astroseq_core import targets
from astroseq_core.archive import catalogue as catalogues
from astroseq_core.archive.catalogue import Catalogue
from astroseq_core.archive.signals import Signal
from astroseq_core.ephemeris import Ephemeris, EphemerisTable, read_table
from astroseq_core.errors import LightCurveError, TargetError
from astroseq_core.lightcurves import cached, local, reading
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.prepare import Preparation, PreparedCurve, prepare
from astroseq_core.missions import Mission
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem


class Source(StrEnum):
    """Where light curves come from."""

    SIMULATED = "simulated"
    FILES = "files"
    CACHE = "cache"


@dataclass(frozen=True)
class StarRequest:
    """Which star to open, and how to prepare it.

    ``name``: a target, freely spelt. ``folder``: of light curves, or one file, for files. ``ephemerides``: path of a table in
    the design's form, none where empty. ``observations``: their names, all where empty. ``preparation``: the instrument's
    default where None.
    """

    name: str
    source: Source
    folder: str = ""
    ephemerides: str = ""
    observations: tuple[str, ...] = ()
    preparation: Preparation | None = None


@dataclass(frozen=True, eq=False)
class OpenedStar:
    """A star ready to be shown: ``prepared`` observations in time order, at least one.

    ``observations``: the names of all that exist, also of those not asked for. ``problems``: one sentence for each thing left
    out. ``catalogue``: where the ephemerides are from.
    """

    target: Target
    source: Source
    prepared: tuple[PreparedCurve, ...]
    observations: tuple[str, ...]
    ephemerides: tuple[Ephemeris, ...]
    problems: tuple[str, ...]
    catalogue: str

    @property
    def curves(self) -> tuple[LightCurve, ...]:
        """The light curves as read, in time order."""
        return tuple(p.curve for p in self.prepared)

    @property
    def instrument(self) -> Mission:
        """The mission whose detector took the light curves (for a simulated star: the one that it is seen as)."""
        return self.prepared[0].curve.instrument

    @property
    def system(self) -> TimeSystem:
        """The system of all its times."""
        return self.prepared[0].system


def request_at(place: Mapping[str, str]) -> StarRequest:
    """How the star of a place is opened: what Explore's address says of it (target, source, folder, ephemerides).

    Where it names no source, a simulated star is simulated and any other is looked for in the cache. Raises TargetError for what
    is no star or no source.
    """
    target = targets.parse_star(place.get("target", ""))
    said = place.get("source") or (Source.SIMULATED if target.is_simulated else Source.CACHE)
    if said not in tuple(Source):
        raise TargetError(f"'{said}' is no source of light curves; use one of {', '.join(Source)}.")
    return StarRequest(target.id, Source(said), place.get("folder", ""), place.get("ephemerides", ""))


def open_star(request: StarRequest) -> OpenedStar:
    """The star that is asked for.

    Raises TargetError when it is not there, LightCurveError when none of its light curves can be used, EphemerisError when the
    table cannot be read; one unusable light curve among several is only a problem to be told.
    """
    target = targets.parse_star(request.name)
    curves, problems = light_curves(target, request.source, request.folder)
    table, catalogue = _ephemerides(target, request)
    names = tuple(c.observation for c in curves)
    prepared = []
    for curve in curves:
        if request.observations and curve.observation not in request.observations:
            continue
        try:
            prepared.append(prepare(curve, request.preparation))
        except LightCurveError as error:
            problems.append(str(error))
    if not prepared:
        wanted = f"None of its observations is called {', '.join(request.observations)}; there are {', '.join(names)}."
        raise LightCurveError(f"{target} has no usable light curve. {' '.join(problems) or wanted}")
    prepared.sort(key=lambda p: p.time[0])
    # A faulty row of another star is no concern of this one; one that names no star may be.
    problems += [str(p) for p in table.problems if p.target_id in ("", target.id)]
    return OpenedStar(target, request.source, tuple(prepared), names, table.of(target.id), tuple(problems), catalogue)


def light_curves(target: Target, source: Source, folder: str = "") -> tuple[list[LightCurve], list[str]]:
    """The target's light curves as read, and one sentence for each that could not be; raises TargetError when it has none."""
    if target.is_simulated:
        return list(_simulated(target)), []
    if source is Source.FILES:
        return _from_files(target, folder)
    if source is Source.CACHE:
        cache = LightCurveCache()
        found = (
            cache.get(target, e.observation, author=e.author, exposure_seconds=e.exposure_seconds)
            for e in cached.uniform(cache.entries(target), target.mission)
        )
        curves = [curve for curve in found if curve is not None]
        if not curves:
            raise TargetError(f"{target} is not in the cache; open it from a folder of light curves, or fetch it first.")
        return curves, []
    raise TargetError(f"{target} is a real star and not in the simulated survey, whose stars are SIM 1 to SIM 60.")


def _simulated(target: Target) -> tuple[LightCurve, ...]:
    from astroseq_core.simulate import drawn

    return drawn.read(int(target.number)).curves


def _from_files(target: Target, folder: str) -> tuple[list[LightCurve], list[str]]:
    if not folder.strip():
        raise TargetError(f"Name the folder that holds the light curves of {target}.")
    found = local.group_by_target(local.list_light_curves(Path(folder).expanduser())).by_target
    if target.id not in found:
        raise TargetError(f"There is no light curve of {target} in {folder}; {len(found)} other targets are.")
    curves, unread = reading.read_many(found[target.id])
    if not curves:
        raise LightCurveError(" ".join(unread))
    return list(curves), [*unread]


def _ephemerides(target: Target, request: StarRequest) -> tuple[EphemerisTable, str]:
    """The star's ephemerides and where they are from: the table that is named, else the catalogues here."""
    if target.is_simulated:
        from astroseq_core.simulate import drawn

        return EphemerisTable(drawn.read(int(target.number)).ephemerides), "the simulation's truth"
    table, name = EphemerisTable(()), ""
    if request.ephemerides.strip():
        path = Path(request.ephemerides).expanduser()
        table, name = read_table(path), path.name
        if table.of(target.id):
            return table, name
    known = catalogues.current()
    signals = known.signals_of(target)
    if not signals:
        return table, name
    words = _sources(known, signals)
    said = f"{words}; {name} has none of this star" if name else words
    return EphemerisTable(tuple(s.ephemeris(target.id) for s in signals), table.problems), said


def _sources(known: Catalogue, signals: tuple[Signal, ...]) -> str:
    """The catalogues that signals are from, each with its snapshot's date."""
    statuses = {s.table: s for s in known.statuses}
    parts: dict[str, None] = {}
    for signal in signals:
        status = statuses.get(signal.table)
        dated = status is not None and status.date is not None
        parts[f"{status.title} of {status.date:%Y-%m-%d}" if status and dated else "the built-in list of famous systems"] = None
    return ", ".join(parts)
