"""Stars of a survey: a choice becomes stars whose light curves are not read yet; what identifies data and models."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from astroseq_core import missions, targets
from astroseq_core.archive import names
from astroseq_core.errors import LightCurveError, SettingsError, TargetError
from astroseq_core.io import local_files
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.networks.card import ModelCard
from astroseq_core.paths import parse_path
from astroseq_core.scoring import score_cache
from astroseq_core.scoring.star_source import (
    Source,
    StarSource,
    cached_source,
    files_source,
    refused_sources,
    simulated_source,
)
from astroseq_core.simulation import survey
from astroseq_core.training.stars import ChoiceBase, check_choice, toi_stars

SIMULATED, TARGETS, TOI, SECTORS, FOLDER, CACHE = SOURCES = ("simulated", "targets", "toi", "sectors", "folder", "cache")


@dataclass(frozen=True)
class SurveyChoice(ChoiceBase):
    """Selection of the stars of a survey.

    Attributes
    ----------
    source : str
        "simulated" (the built-in survey of 60 stars, or `count` others), "targets" (names and a CSV
        file), "toi" (the TOI list), "sectors" (cached light curves of given sectors, quarters or
        campaigns), "folder" (files in a folder) or "cache" (all cached stars).
    mission : str
        Mission of the stars, or instrument of simulated ones; "" for any.
    count : int
        Maximum number of stars; 0 for all.
    seed : int
        Random seed of simulated stars.
    targets : tuple of str
        Names of stars, for the source "targets".
    targets_file : str
        CSV file of stars, for the source "targets".
    folder : str
        Folder of light curves, for the source "folder".
    dispositions : tuple of str
        Dispositions of the TOIs to take; all if empty.
    sectors : tuple of str
        Sectors, quarters or campaigns of `mission`; "9a" is the first half of campaign 9.

    Raises
    ------
    SettingsError
        If the selection is not valid.
    """

    source: str = SIMULATED
    mission: str = ""
    count: int = 0
    seed: int = 0
    targets: tuple[str, ...] = ()
    targets_file: str = ""
    folder: str = ""
    dispositions: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_choice(self.source, SOURCES, self.mission, self.dispositions)
        if self.count < 0 or self.seed < 0:
            raise SettingsError("The number of stars and the seed must be 0 or more.")
        if self.source == TARGETS and not (self.targets or self.targets_file.strip()):
            raise SettingsError("Name the stars to score, or a file of them.")
        if self.source == FOLDER and not self.folder.strip():
            raise SettingsError("Name the folder that holds the light curves to score.")
        if self.source == SECTORS and not (self.mission and self.sectors):
            raise SettingsError("Say which mission and which of its sectors, quarters or campaigns.")
        if self.source == SIMULATED and self.mission == missions.SIMULATED.name:
            raise SettingsError("Say as what simulated stars are seen: TESS, Kepler or K2, or nothing for all three.")


def short_hash(*values: object) -> str:
    """Return a short hash of plain values.

    Parameters
    ----------
    *values : object
        Values that JSON can hold.

    Returns
    -------
    str
        16 hexadecimal digits.

    Examples
    --------
    >>> len(short_hash("files", [1, 2]))
    16
    """
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def data_fingerprint(star: StarSource) -> str:
    """Return a fingerprint of a star's data, without reading the light curves.

    It is a hash of the cached files' hashes, of the sizes and times of local files, or of the
    identifier and the version of the simulation.

    Parameters
    ----------
    star : StarSource
        The star.

    Returns
    -------
    str
        16 hexadecimal digits; "" if there are no data (yet).

    Raises
    ------
    CacheError
        If the cache cannot be read.
    """
    if star.problem:
        return ""
    if star.source is Source.SIMULATED:
        from astroseq_core.simulation import stars

        return short_hash("simulated", stars.VERSION, star.target_id)
    if star.source is Source.CACHE:
        found = star if star.hashes else cached_source(star.target_id, only=[o[0] for o in star.observations])
        return short_hash("cache", sorted(found.hashes)) if found.hashes else ""
    try:
        chosen = [list(star.prefer)] if star.prefer else []
        return short_hash("files", [_file_state(path) for path in sorted(star.paths)], *chosen)
    except LightCurveError:
        return ""


def _file_state(path: str) -> list[object]:
    try:
        state = Path(path).stat()
    except OSError as error:
        raise LightCurveError(f"{path} cannot be read ({error.strerror}).") from error
    return [str(Path(path).resolve()), state.st_size, state.st_mtime_ns]


def model_hash(card: ModelCard) -> str:
    """Return a hash of everything in a model that scores depend on.

    That is its weights, its settings and the version of AstroSeq's scoring.

    Parameters
    ----------
    card : ModelCard
        Card of the model.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    calibrations = [vars(c) if c else None for c in (card.calibration, card.cadence_calibration)]
    return short_hash(card.sha256, score_cache.VERSION, card.preparation.to_dict(), card.cutting.to_dict(), calibrations)


def iterate_stars(choice: SurveyChoice) -> Iterator[StarSource]:
    """Iterate over the selected stars, each once, without reading light curves.

    A name that cannot be resolved gives a star with a `problem`.

    Parameters
    ----------
    choice : SurveyChoice
        The selection.

    Returns
    -------
    iterator of StarSource
        The stars.

    Raises
    ------
    LightCurveError
        If a folder or file of targets cannot be read.
    TargetError
        If a file of targets cannot be used.
    CacheError
        If the cache cannot be read.
    """
    if choice.source == SIMULATED:
        return _simulated_stars(choice)
    found = {CACHE: _cached_stars, SECTORS: _cached_stars, FOLDER: _folder_stars, TARGETS: _named_stars}.get(
        choice.source, _toi_stars
    )(choice)
    return islice(found, choice.count) if choice.count else found


def count_stars(choice: SurveyChoice) -> int:
    """Count the selected stars.

    Only for simulated stars is the number known without iterating over all; it raises the same
    errors as iterating.

    Parameters
    ----------
    choice : SurveyChoice
        The selection.

    Returns
    -------
    int
        Number of stars.
    """
    if choice.source == SIMULATED and choice.count:
        return choice.count
    return sum(1 for _ in iterate_stars(choice))


def _simulated_stars(choice: SurveyChoice) -> Iterator[StarSource]:
    if choice.count:
        for number in survey.star_numbers(choice.mission, choice.seed, choice.count):
            yield StarSource(f"SIM {number}", Source.SIMULATED, survey.instrument_of(number))
        return

    for row in survey.survey_rows():
        if choice.mission in ("", row.instrument):
            yield StarSource(row.target_id, Source.SIMULATED, row.instrument, magnitude=row.magnitude)


def _cached_stars(choice: SurveyChoice) -> Iterator[StarSource]:
    mission = missions.mission_by_name(choice.mission) if choice.mission else None
    only = [f"{mission.observation_word} {n}" for n in choice.sectors] if mission and choice.source == SECTORS else []
    for target_id, entries in LightCurveCache().index_entries_by_target():
        if mission in (None, targets.parse_star(target_id).mission):
            star = cached_source(target_id, entries, only)
            if star.observations:
                yield star


def _folder_stars(choice: SurveyChoice) -> Iterator[StarSource]:
    grouped = local_files.group_by_target(local_files.list_light_curves(parse_path(choice.folder)))
    for target_id, paths in grouped.by_target.items():
        if not choice.mission or targets.parse_star(target_id).mission.name == choice.mission:
            yield files_source(target_id, paths)
    yield from refused_sources(grouped)


def _named_stars(choice: SurveyChoice) -> Iterator[StarSource]:
    wanted: dict[str, list[Path]] = {name: [] for name in choice.targets}
    if choice.targets_file.strip():
        for name, path in local_files.read_targets_file(parse_path(choice.targets_file)):
            files = wanted.setdefault(name, [])
            if path is not None:
                files.append(path)
    return resolve_stars(wanted, choice.mission)


def resolve_stars(
    names_and_files: Mapping[str, Iterable[Path]], mission: str = "", prefer: Sequence[str] = ()
) -> Iterator[StarSource]:
    """Iterate over the stars that names mean, each once; the catalogs on disk resolve what is no identifier.

    A name that cannot be resolved gives a star with a `problem`.

    Parameters
    ----------
    names_and_files : mapping of str to iterable of Path
        Files of each star by its name; without files, a simulated star is simulated and any other is
        in the cache.
    mission : str, optional
        Which mission's identifier to take for a star in several missions' catalogs.
    prefer : sequence of str, optional
        What the person prefers among light curves of the same time; see `product_order.is_preferred`.

    Yields
    ------
    StarSource
        The next star.

    Raises
    ------
    CacheError
        If the cache cannot be read.
    """
    done: set[str] = set()
    for name, paths in names_and_files.items():
        star = _resolve_star(name, mission, paths, prefer)
        if star.target_id not in done:
            done.add(star.target_id)
            yield star


def _resolve_star(name: str, mission: str, paths: Iterable[Path], prefer: Sequence[str]) -> StarSource:
    """Resolve a name with the catalogs on disk, and find the star's light curves."""
    try:
        wanted = missions.mission_by_name(mission) if mission else None
        target = names.resolve_name(name, wanted, online=False).target
        if files := list(paths):
            return files_source(target.id, files, prefer)
        if target.is_simulated:
            return replace(simulated_source(target), prefer=tuple(prefer))
        return cached_source(target.id, prefer=prefer)
    except TargetError as error:
        return StarSource(" ".join(name.split()) or "?", Source.CACHE, problem=str(error))


def _toi_stars(choice: SurveyChoice) -> Iterator[StarSource]:
    for target_id in toi_stars(choice.dispositions):
        yield cached_source(target_id)
