"""From what a person has (a name, files, light curves) to an open star."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard, Union

from astroseq_core import missions
from astroseq_core.api.star import Star
from astroseq_core.archive import names
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import ArchiveError, EphemerisError, LightCurveError, SettingsError, TargetError
from astroseq_core.io import identifiers, lightkurve_objects, local_files, read
from astroseq_core.io.ephemeris_table import EphemerisTable
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.io.one_per_time import LeftOut
from astroseq_core.paths import parse_path
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, PreprocessingConfig
from astroseq_core.scoring import star_data
from astroseq_core.scoring.star_data import KnownEphemerides
from astroseq_core.scoring.star_source import Source, find_source
from astroseq_core.targets import Target

if TYPE_CHECKING:
    import lightkurve

#: One light curve: a file, a light curve, or one of lightkurve's.
OneLightCurve = Union[Path, LightCurve, DetrendedLightCurve, "lightkurve.LightCurve"]
#: A star: its name, a file or a folder of it, its light curves, or an open star.
StarInput = Union[str, Target, Star, OneLightCurve, "lightkurve.LightCurveCollection", Sequence[str | OneLightCurve]]
#: Known signals: the path of a table, or ephemerides.
EphemeridesInput = str | Path | Ephemeris | Iterable[Ephemeris]


@dataclass(frozen=True)
class OpenOptions:
    """How to open a star; see `open_star`.

    Attributes
    ----------
    folder : str
        Folder of light curves that a named star is looked for in.
    ephemerides : str, Path, Ephemeris, iterable of Ephemeris, or None
        Known signals of the star.
    observations : tuple of str
        Names of the observations to open; all if empty.
    target : Target, str or None
        The star, where light curves do not say it.
    mission : str or None
        The mission, where light curves do not say it, or whose star a name means.
    fetch : bool
        Whether to download a named star into the cache.
    max_observations : int or None
        Most observations to download.
    preprocessing : PreprocessingConfig or None
        Detrending settings; None for the instrument's.
    prefer : tuple of str
        What the person prefers among light curves of the same time; see `product_order.is_preferred`.
    """

    folder: str = ""
    ephemerides: EphemeridesInput | None = None
    observations: tuple[str, ...] = ()
    target: Target | str | None = None
    mission: str | None = None
    fetch: bool = False
    max_observations: int | None = None
    preprocessing: PreprocessingConfig | None = None
    prefer: tuple[str, ...] = ()


def open_input(what: StarInput, options: OpenOptions) -> Star:
    """Open a star from whatever a person has of it.

    Parameters
    ----------
    what : StarInput
        The star.
    options : OpenOptions
        How to open it.

    Returns
    -------
    Star
        The open star.

    Raises
    ------
    AstroSeqError
        If it cannot be opened; the message says why and what to do.
    """
    if isinstance(what, Star):
        if options != OpenOptions():
            raise SettingsError(f"{what.target} is open already, as it was asked for; open it anew from its name or files.")
        return what
    if isinstance(what, Target) or (isinstance(what, str) and not is_path(what)):
        return _open_named(what, options)
    if options.folder or options.fetch:
        raise SettingsError("folder and fetch go with the name of a star; here its light curves are given.")
    members = list(what) if _is_several(what) else [what]
    if not members:
        raise LightCurveError("There is no light curve in what was given; give at least one.")
    paths = [parse_path(m) for m in members if isinstance(m, (str, Path))]
    if len(paths) == len(members):
        return _open_paths(paths, options)
    curves = [curve for m in members for curve in _light_curves(m, options)]
    return _open_light_curves(curves, options)


def make_open_star(
    target: Target,
    curves: Sequence[LightCurve],
    options: OpenOptions,
    *,
    source: Source | None = None,
    problems: Sequence[str] = (),
    files: Mapping[str, Path] | None = None,
    not_taken: Sequence[LeftOut] = (),
) -> Star:
    """Make an open star from its light curves.

    Parameters
    ----------
    target : Target
        The star.
    curves : sequence of LightCurve
        Its light curves.
    options : OpenOptions
        Ephemerides, observations and detrending.
    source : Source, optional
        Where the light curves come from; None if they were handed over.
    problems : sequence of str, optional
        One sentence for each light curve that could not be read.
    files : mapping of str to Path, optional
        Its files by the SHA-256 of their bytes.
    not_taken : sequence of LeftOut, optional
        What the source has beside these light curves.

    Returns
    -------
    Star
        The open star.

    Raises
    ------
    LightCurveError
        If none of the light curves can be used.
    EphemerisError
        If the ephemerides cannot be read or are of another star.
    """
    data = star_data.make_star(
        target,
        curves,
        known_ephemerides(target, options.ephemerides),
        source=source,
        problems=problems,
        observations=options.observations,
        preprocessing=options.preprocessing,
        prefer=options.prefer,
        not_taken=not_taken,
    )
    return Star(data, options.folder, files)


def known_ephemerides(target: Target, given: EphemeridesInput | None) -> KnownEphemerides:
    """Return the known signals of a star: those given, else those of the catalogs.

    Parameters
    ----------
    target : Target
        The star.
    given : str, Path, Ephemeris, iterable of Ephemeris, or None
        Path of a table, or ephemerides.

    Returns
    -------
    KnownEphemerides
        The ephemerides, and where they are from.

    Raises
    ------
    EphemerisError
        If the table cannot be read, or an ephemeris is of another star.
    """
    if given is None or isinstance(given, (str, Path)):
        return star_data.read_ephemerides(target, str(given or ""))
    signals = (given,) if isinstance(given, Ephemeris) else tuple(given)
    for one in signals:
        if not isinstance(one, Ephemeris):
            raise EphemerisError(f"A {type(one).__name__} is no ephemeris; give the path of a table, or astroseq_core.Ephemeris.")
        if one.target_id != target.id:
            raise EphemerisError(f"{one.name} is an ephemeris of '{one.target_id}', not of {target}; correct its target_id.")
    return KnownEphemerides(EphemerisTable(signals), "given")


def resolve(name: str | Target, mission: str | None = None) -> Target:
    """Return the star that a name means.

    Identifiers and the names of local catalogs need no network.

    Parameters
    ----------
    name : str or Target
        Identifier, or name of a star or planet.
    mission : str, optional
        Which identifier to return for a star in several missions' catalogs.

    Returns
    -------
    Target
        The star.

    Raises
    ------
    TargetError
        If the name is unknown or several stars have it.
    ArchiveError
        If the name is in no catalog here and the archives cannot be asked.
    """
    if isinstance(name, Target):
        return name
    return names.resolve_name(name, None if mission is None else missions.mission_by_name(mission)).target


def is_path(name: str) -> bool:
    """Return whether a text names a file or folder rather than a star.

    Parameters
    ----------
    name : str
        The text.

    Returns
    -------
    bool
        True if there is such a file or folder, or if it is written like one.

    Examples
    --------
    >>> is_path("TIC_261136679__s0001.npz"), is_path("TIC 261136679")
    (True, False)
    """
    clean = name.strip()
    return bool(clean) and ("/" in clean or "\\" in clean or bool(identifiers.file_ending(Path(clean))) or Path(clean).exists())


def _open_named(name: str | Target, options: OpenOptions) -> Star:
    """Open a star by its name: simulated, from a folder, or from the cache."""
    target = resolve(name, options.mission)
    if target.is_simulated or options.folder:
        if options.fetch:
            where = f"lies in {options.folder}" if options.folder else "is simulated here"
            raise SettingsError(f"{target} {where}; there is nothing to fetch.")
        source = Source.FOLDER if options.folder else Source.SIMULATED
        found = find_source(target, source, options.folder).read()
        return make_open_star(target, found.all_light_curves, options, source=source, problems=found.problems)
    missing = fetch_into_cache(target, options.max_observations) if options.fetch else ()
    try:
        cached = find_source(target, Source.CACHE, prefer=options.prefer).read()
    except TargetError:
        if missing:
            raise ArchiveError(" ".join(missing)) from None
        raise TargetError(
            f"{target} is not in the cache; fetch it with fetch=True, or name the folder of its light curves with folder."
        ) from None
    told = (*missing, *cached.problems)
    return make_open_star(
        target, cached.all_light_curves, options, source=Source.CACHE, problems=told, not_taken=cached.not_taken
    )


def fetch_into_cache(target: Target, max_observations: int | None = None) -> tuple[str, ...]:
    """Download a star's usual light curves into the cache.

    Parameters
    ----------
    target : Target
        The star.
    max_observations : int, optional
        Most observations to download, the first ones.

    Returns
    -------
    tuple of str
        One sentence for each light curve that did not come.

    Raises
    ------
    CacheError
        If the cache is not writable.
    """
    from astroseq_core.archive import fetch

    report = fetch.fetch_light_curves(target, max_observations=max_observations)
    return tuple(f"{r.observation}: {r.reason}" if r.observation else r.reason for r in (*report.absent, *report.failed))


def _open_paths(paths: list[Path], options: OpenOptions) -> Star:
    """Open the star of files, or of a folder that holds light curves of one star."""
    files = list(dict.fromkeys(f for path in paths for f in local_files.list_light_curves(path)))
    where = str(paths[0]) if len(paths) == 1 else "these files"
    problems: tuple[str, ...] = ()
    if options.target is not None:
        target = resolve(options.target)
    else:
        grouped = local_files.group_by_target(files)
        problems = grouped.problems
        if not grouped.by_target:
            raise LightCurveError(" ".join(problems) or f"There is no light curve in {where}.")
        target = _only_star(list(grouped.by_target), where)
        files = grouped.by_target[target.id]
    found, by_content = [], {}
    unread: list[str] = []
    for file in files:
        curves, text = read.read_light_curves([file], target=target)
        unread += text
        for curve in curves:
            found.append(curve)
            by_content[curve.provenance.sha256] = file
    if not found:
        raise LightCurveError(" ".join((*problems, *unread)) or f"There is no light curve in {where}.")
    return make_open_star(target, found, options, source=Source.FOLDER, problems=(*problems, *unread), files=by_content)


def _open_light_curves(curves: list[LightCurve], options: OpenOptions) -> Star:
    if options.target is not None:
        wanted = resolve(options.target)
        if others := [c for c in curves if c.target != wanted]:
            raise TargetError(f"{others[0].observation} is a light curve of {others[0].target}, not of {wanted}.")
    target = _only_star(list(dict.fromkeys(c.target.id for c in curves)), "what was given")
    return make_open_star(target, curves, options)


def _only_star(identifiers: list[str], where: str) -> Target:
    """Return the one star that light curves are of; an error names several."""
    if len(identifiers) > 1:
        shown = ", ".join(identifiers[:3]) + (", and others" if len(identifiers) > 3 else "")
        raise TargetError(
            f"There are light curves of {len(identifiers)} stars in {where}: {shown}. Open one star at a time, by its name and "
            "the folder."
        )
    return resolve(identifiers[0])


def _light_curves(thing: object, options: OpenOptions) -> list[LightCurve]:
    """Return the light curves that one member of an input holds."""
    if isinstance(thing, LightCurve):
        return [thing]
    if isinstance(thing, DetrendedLightCurve):
        return [thing.light_curve]
    if isinstance(thing, (str, Path)):
        target = None if options.target is None else resolve(options.target)
        return [read.read_light_curve(parse_path(thing), target=target)]
    if lightkurve_objects.is_lightkurve(thing):
        return [lightkurve_objects.from_lightkurve(thing, target=options.target, mission=options.mission)]
    raise LightCurveError(
        f"A {type(thing).__name__} is no star and no light curve; give a name, a file, or light curves of astroseq_core or "
        "lightkurve. Arrays become one with LightCurve.from_arrays."
    )


def _is_several(thing: object) -> TypeGuard[Iterable[object]]:
    """Return whether something holds several files or light curves."""
    collection = lightkurve_objects.is_lightkurve(thing) and type(thing).__name__.endswith("Collection")
    return collection or isinstance(thing, (list, tuple, set, Iterator))
