"""A star that a survey is to score: where its light curves are, told without reading one."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from astroseq_core import targets
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import TargetError
from astroseq_core.lightcurves import cached, reading
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.lightcurves.cached import CachedObservation
from astroseq_core.lightcurves.index import Entry
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.scoring.opening import Source


@dataclass(frozen=True)
class SurveyStar:
    """A star and where its light curves are; nothing is read before ``read``.

    ``seen_as``: its instrument, "" where only a file says; ``paths``: of files; ``observations``: of the cache, each by its name,
    author and exposure [s], with ``hashes`` of their content, none where it is to be fetched first; ``problem``: why there is no
    such star.
    """

    target_id: str
    source: Source
    seen_as: str = ""
    paths: tuple[str, ...] = ()
    observations: tuple[tuple[str, str, int], ...] = ()
    hashes: tuple[str, ...] = ()
    magnitude: float | None = None
    problem: str = ""

    @property
    def is_here(self) -> bool:
        """Whether it can be read without fetching anything."""
        return self.source is not Source.CACHE or bool(self.observations)

    @property
    def is_simulated(self) -> bool:
        """Whether it exists only here."""
        return self.target_id.startswith("SIM ")

    @property
    def cadence_minutes(self) -> float | None:
        """The cadence of its light curves [min] as far as it is known without reading one."""
        if self.source is Source.CACHE and self.observations:
            return self.observations[0][2] / 60
        if self.source is Source.SIMULATED:
            from astroseq_core import missions

            return missions.mission(self.seen_as).cadence_minutes
        return None

    def curves(self) -> tuple[LightCurve, ...]:
        """Its light curves that can be read; see ``read``."""
        return self.read().curves

    def read(self) -> "StarRead":
        """Its light curves, read now; raises TargetError, LightCurveError or CacheError where there is none."""
        if self.problem:
            raise TargetError(self.problem)
        if self.source is Source.SIMULATED:
            from astroseq_core.simulate import drawn

            made = drawn.read(int(self.target_id.removeprefix("SIM ")))
            return StarRead(made.curves, (), made.ephemerides, made.magnitude)
        target = targets.parse_star(self.target_id)
        if self.source is Source.FILES:
            found = reading.read_many([Path(p) for p in self.paths], target=target)
            if not found.curves:
                raise TargetError(" ".join(found.problems) or f"{target} has no light curve.")
            return StarRead(found.curves, found.problems, (), self.magnitude)
        cache = LightCurveCache()
        wanted = self.observations or in_cache(target.id).observations
        got = [cache.get(target, name, author=author, exposure_seconds=seconds) for name, author, seconds in wanted]
        curves = tuple(curve for curve in got if curve is not None)
        if not curves:
            raise TargetError(f"{target} is not in the cache; fetch it first.")
        lost = [name for (name, _, _), curve in zip(wanted, got, strict=True) if curve is None]
        problems = tuple(f"{name} was damaged or deleted; fetch it again." for name in lost)
        return StarRead(curves, problems, (), self.magnitude)


@dataclass(frozen=True, eq=False)
class StarRead:
    """What came of reading a star: ``truth`` of a simulated one, ``problems``: one sentence for each light curve left out."""

    curves: tuple[LightCurve, ...]
    problems: tuple[str, ...] = ()
    truth: tuple[Ephemeris, ...] = ()
    magnitude: float | None = None


def in_cache(target_id: str, entries: Iterable[Entry] | None = None, only: Iterable[str] = ()) -> SurveyStar:
    """The star with its cached light curves, of one author and cadence; with no observations where there is none.

    ``entries``: what the cache has of it, asked for where None; ``only``: names of the observations that are wanted, any where
    empty.
    """
    target = targets.parse_star(target_id)
    wanted = set(only)
    there = LightCurveCache().files(target) if entries is None else entries
    found = [e for e in there if not wanted or e.key.observation in wanted]
    hashes = {(e.key.observation, e.key.author, e.key.exposure_seconds): e.sha256 for e in found}
    listed = [CachedObservation(target.id, *key, size_bytes=e.size_bytes) for key, e in zip(hashes, found, strict=True)]
    keys = [(o.observation, o.author, o.exposure_seconds) for o in cached.uniform(listed, target.mission)]
    seen_as = "" if target.is_simulated else target.mission.name
    return SurveyStar(target.id, Source.CACHE, seen_as, (), tuple(keys), tuple(hashes[k] for k in keys))


def short_hash(*values: object) -> str:
    """A short hash of plain values: 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
