"""Where a star's light curves are, and the one way to read them: simulated, from a folder, or from the cache."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from astroseq_core import missions, targets
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError, TargetError
from astroseq_core.io import cache_records, local_files, product_order, read
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.cache_index import CacheEntry
from astroseq_core.io.cache_records import CachedObservation
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.io.one_per_time import LeftOut, Selection, select_light_curves
from astroseq_core.paths import parse_path
from astroseq_core.targets import Target

#: The word for a folder in the addresses of pages and in queues, as version 0.1 wrote them. Both words are read.
FOLDER_IN_ADDRESSES = "files"


class Source(StrEnum):
    """Source of light curves: simulated, a folder (or files) on this machine, or the cache.

    `Source("files")`, the spelling of version 0.1, is the folder.
    """

    SIMULATED = "simulated"
    FOLDER = "folder"
    CACHE = "cache"

    @classmethod
    def _missing_(cls, value: object) -> "Source | None":
        return cls.FOLDER if value == FOLDER_IN_ADDRESSES else None

    @classmethod
    def parse(cls, name: str) -> "Source":
        """Return the source with the given name.

        Parameters
        ----------
        name : str
            "simulated", "folder" (or "files") or "cache".

        Returns
        -------
        Source
            The source.

        Raises
        ------
        TargetError
            If no source has that name.

        Examples
        --------
        >>> Source.parse("Files") is Source.FOLDER
        True
        """
        try:
            return cls(str(name).strip().lower())
        except ValueError:
            raise TargetError(f"'{name}' is no source of light curves; use one of {', '.join(cls)}.") from None

    @property
    def address_word(self) -> str:
        """The word for it in the addresses of pages, which links of any version understand."""
        return FOLDER_IN_ADDRESSES if self is Source.FOLDER else self.value


@dataclass(frozen=True, eq=False)
class StarReadResult:
    """A star as read: its light curves, not detrended, and what comes with them.

    Attributes
    ----------
    all_light_curves : tuple of LightCurve
        All light curves that could be read, also several of the same time.
    problems : tuple of str
        One sentence for each light curve that could not be read.
    truth : tuple of Ephemeris
        True ephemerides of a simulated star.
    magnitude : float or None
        Magnitude of the star; None if unknown.
    prefer : tuple of str
        What the person prefers among light curves of the same time; see `product_order.is_preferred`.
    unread : tuple of (str, str)
        Name and problem of each file that could not be read.
    not_taken : tuple of LeftOut
        What the source has and did not read, since another covers its time.
    """

    all_light_curves: tuple[LightCurve, ...]
    problems: tuple[str, ...] = ()
    truth: tuple[Ephemeris, ...] = ()
    magnitude: float | None = None
    prefer: tuple[str, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    not_taken: tuple[LeftOut, ...] = ()

    @cached_property
    def _selection(self) -> Selection:
        return select_light_curves(self.all_light_curves, self.prefer)

    @property
    def light_curves(self) -> tuple[LightCurve, ...]:
        """The light curves, one for each time."""
        return self._selection.curves

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What is left out since another light curve covers its time."""
        return (*self.not_taken, *self._selection.left_out)


#: Function that reads a star, such as `StarSource.read`.
LightCurveReader = Callable[[], StarReadResult]


@dataclass(frozen=True)
class StarSource:
    """A star and where its light curves are; only `read` reads them.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    source : Source
        Where the light curves are from.
    instrument : str
        Instrument of the light curves; "" if only a file can tell.
    paths : tuple of str
        Paths of local files, for the source "folder".
    observations : tuple of tuple of (str, str, int)
        Name, author and exposure time [s] of each cached light curve; if empty, those of one author
        and cadence that are in the cache when it is read.
    hashes : tuple of str
        Content hash of each cached light curve.
    magnitude : float or None
        Magnitude of the star; None if unknown.
    problem : str
        Why there is no such star; "" if there is one.
    kind : str
        Kind of a simulated star that is in no simulated survey, as in `simulation.stars`; such a
        star is seen by `instrument`. "" for the stars of a survey.
    num_observations : int
        Number of observations of such a star.
    prefer : tuple of str
        What the person prefers among light curves of the same time; see `product_order.is_preferred`.
    not_taken : tuple of LeftOut
        What the cache has of the star beside `observations`.
    """

    target_id: str
    source: Source
    instrument: str = ""
    paths: tuple[str, ...] = ()
    observations: tuple[tuple[str, str, int], ...] = ()
    hashes: tuple[str, ...] = ()
    magnitude: float | None = None
    problem: str = ""
    kind: str = ""
    num_observations: int = 1
    prefer: tuple[str, ...] = ()
    not_taken: tuple[LeftOut, ...] = ()

    @property
    def is_here(self) -> bool:
        """Whether it can be read without downloading anything."""
        return self.source is not Source.CACHE or bool(self.observations)

    @property
    def is_simulated(self) -> bool:
        """Whether the star is a simulated one."""
        return self.target_id.startswith("SIM ")

    @property
    def cadence_minutes(self) -> float | None:
        """Cadence of the light curves [min]; None if it is not known without reading one."""
        if self.source is Source.CACHE and self.observations:
            return self.observations[0][2] / 60
        if self.source is Source.SIMULATED:
            return missions.mission_by_name(self.instrument).cadence_minutes
        return None

    def read(self) -> StarReadResult:
        """Read the star's light curves.

        Returns
        -------
        StarReadResult
            At least one light curve, and what could not be read.

        Raises
        ------
        TargetError
            If there is no such star, or the cache has none of its light curves.
        LightCurveError
            If none of its files can be read.
        CacheError
            If the cache cannot be read.
        """
        if self.problem:
            raise TargetError(self.problem)
        if self.source is Source.SIMULATED:
            return self._simulate()
        if self.source is Source.FOLDER:
            return self._read_files()
        return self._read_cache()

    def _simulate(self) -> StarReadResult:
        number = int(self.target_id.removeprefix("SIM "))
        if not self.kind:
            from astroseq_core.simulation import survey

            member = survey.read_star(number)
            return StarReadResult(member.light_curves, (), member.ephemerides, member.magnitude)
        from astroseq_core.simulation.stars import simulate_star

        target = Target("SIM", str(number))
        made = simulate_star(number, self.instrument, self.kind, target=target, num_observations=self.num_observations)
        return StarReadResult(made.light_curves, (), made.ephemerides, made.magnitude)

    def _read_files(self) -> StarReadResult:
        target = targets.parse_star(self.target_id)
        found = read.read_light_curves([Path(p) for p in self.paths], target=target)
        if not found.curves:
            raise LightCurveError(" ".join(found.problems) or f"{target} has no light curve.")
        unread = tuple((problem.path.name, str(problem)) for problem in found.problems)
        return StarReadResult(found.curves, found.problems, (), self.magnitude, self.prefer, unread)

    def _read_cache(self) -> StarReadResult:
        target = targets.parse_star(self.target_id)
        cache = LightCurveCache()
        here = self if self.observations else cached_source(target.id, prefer=self.prefer)
        wanted = here.observations
        got = [cache.get(target, name, author=author, exposure_seconds=seconds) for name, author, seconds in wanted]
        curves = tuple(curve for curve in got if curve is not None)
        if not curves:
            raise TargetError(f"{target} is not in the cache; fetch it first, or open it from a folder of light curves.")
        lost = [name for (name, _, _), curve in zip(wanted, got, strict=True) if curve is None]
        problems = tuple(f"{name} was damaged or deleted; fetch it again." for name in lost)
        return StarReadResult(curves, problems, (), self.magnitude, self.prefer, not_taken=here.not_taken)


def simulated_source(target: Target) -> StarSource:
    """Return a star of a simulated survey.

    Parameters
    ----------
    target : Target
        The star.

    Returns
    -------
    StarSource
        The star.

    Raises
    ------
    TargetError
        If no simulated survey has it.

    Examples
    --------
    >>> simulated_source(targets.parse_star("SIM 2")).instrument
    'Kepler'
    """
    from astroseq_core.simulation import survey

    return StarSource(target.id, Source.SIMULATED, survey.instrument_of(int(target.number)))


def cached_source(
    target_id: str, entries: Iterable[CacheEntry] | None = None, only: Iterable[str] = (), prefer: Sequence[str] = ()
) -> StarSource:
    """Return a star with its cached light curves of one author and cadence.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    entries : iterable of CacheEntry or None, optional
        Cache entries of the star; looked up if None.
    only : iterable of str, optional
        Names of the observations to take; all if empty.
    prefer : sequence of str, optional
        What the person prefers: an author, an exposure as in "20 s", or the name of an observation.

    Returns
    -------
    StarSource
        The star; without observations if the cache has none.

    Raises
    ------
    TargetError
        If the identifier is not valid.
    CacheError
        If the cache cannot be read.
    """
    target = targets.parse_star(target_id)
    wanted = set(only)
    there = LightCurveCache().files(target) if entries is None else entries
    found = [e for e in there if not wanted or e.key.observation in wanted]
    hashes = {(e.key.observation, e.key.author, e.key.exposure_seconds): e.sha256 for e in found}
    listed = [CachedObservation(target.id, *key, size_bytes=e.size_bytes) for key, e in zip(hashes, found, strict=True)]
    chosen = cache_records.select_uniform(listed, target.mission, prefer)
    keys = [(o.observation, o.author, o.exposure_seconds) for o in chosen]
    instrument = "" if target.is_simulated else target.mission.name
    usual = 60 * target.mission.cadence_minutes
    words = [product_order.product_word(o.author, "", o.exposure_seconds, usual) for o in listed]
    not_taken = tuple(
        LeftOut(o.observation, cache_records.why_not_taken(o, chosen), word)
        for o, word in zip(listed, words, strict=True)
        if o not in chosen
    )
    hashed = tuple(hashes[k] for k in keys)
    return StarSource(target.id, Source.CACHE, instrument, (), tuple(keys), hashed, prefer=tuple(prefer), not_taken=not_taken)


def files_source(target_id: str, paths: Iterable[Path], prefer: Sequence[str] = ()) -> StarSource:
    """Return a star whose light curves are in given files.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    paths : iterable of Path
        The files; one that is given twice is read once.
    prefer : sequence of str, optional
        What the person prefers among light curves of the same time; see `product_order.is_preferred`.

    Returns
    -------
    StarSource
        The star.
    """
    absolute = tuple(str(path) for path in sorted({path.absolute() for path in paths}))
    return StarSource(target_id, Source.FOLDER, paths=absolute, prefer=tuple(prefer))


def refused_sources(grouped: local_files.FilesByTarget) -> tuple[StarSource, ...]:
    """Return the files whose star is not known, each in place of a star: reading it says why.

    Parameters
    ----------
    grouped : FilesByTarget
        The files.

    Returns
    -------
    tuple of StarSource
        Each is called like its file, with its folder where others are called so.
    """
    names = Counter(problem.path.name for problem in grouped.problems)
    return tuple(
        StarSource(
            problem.path.name if names[problem.path.name] == 1 else str(problem.path),
            Source.FOLDER,
            paths=(str(problem.path.absolute()),),
            problem=str(problem),
        )
        for problem in grouped.problems
    )


def folder_sources(folder: Path) -> Iterator[StarSource]:
    """Iterate over the stars of a folder of light curves.

    Parameters
    ----------
    folder : Path
        The folder, or a single file.

    Returns
    -------
    iterator of StarSource
        The stars, in the order of their first files; files of unknown stars are left out, with a warning
        in the log.

    Raises
    ------
    LightCurveError
        If there is no such file or folder; raised at once.
    """
    found = local_files.group_by_target(local_files.list_light_curves(folder)).by_target
    return (files_source(target_id, paths) for target_id, paths in found.items())


def find_source(target: Target, source: Source, folder: str = "", prefer: Sequence[str] = ()) -> StarSource:
    """Find the light curves of one star.

    Parameters
    ----------
    target : Target
        The star; a simulated one is simulated whatever the source.
    source : Source
        Where to look.
    folder : str, optional
        Folder of light curves, or one file; for the source "folder".
    prefer : sequence of str, optional
        What the person prefers among light curves of the same time; see `product_order.is_preferred`.

    Returns
    -------
    StarSource
        The star.

    Raises
    ------
    TargetError
        If the source does not have the star.
    LightCurveError
        If there is no such folder.
    """
    if target.is_simulated:
        return simulated_source(target)
    if source is Source.CACHE:
        return cached_source(target.id, prefer=prefer)
    if source is Source.SIMULATED:
        raise TargetError(f"{target} is a real star and not in the simulated survey, whose stars are SIM 1 to SIM 60.")
    if not folder.strip():
        raise TargetError(f"Name the folder that holds the light curves of {target}.")
    found = {star.target_id: star for star in folder_sources(parse_path(folder))}
    if target.id not in found:
        raise TargetError(f"There is no light curve of {target} in {folder}; {len(found)} other targets are.")
    return replace(found[target.id], prefer=tuple(prefer))
