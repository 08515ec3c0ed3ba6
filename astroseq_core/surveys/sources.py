"""From a choice to its stars, one after the other: a million of them are never in memory at once."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from astroseq_core import missions, targets
from astroseq_core.archive import names
from astroseq_core.errors import TargetError
from astroseq_core.lightcurves import local
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.scoring.opening import Source
from astroseq_core.simulate import drawn
from astroseq_core.surveys.choice import CACHE, FOLDER, SECTORS, SIMULATED, TARGETS, SurveyChoice
from astroseq_core.surveys.star import SurveyStar, in_cache
from astroseq_core.training.sources import toi_stars


def stars(choice: SurveyChoice) -> Iterator[SurveyStar]:
    """The stars of a choice, each once, without reading a light curve.

    A name of the choice that is no star comes as one with a ``problem``. Raises LightCurveError or TargetError where a folder or
    file of targets cannot be read, CacheError where the cache cannot.
    """
    if choice.source == SIMULATED:
        return _simulated(choice)
    found = {CACHE: _cached, SECTORS: _cached, FOLDER: _in_folder, TARGETS: _named}.get(choice.source, _on_toi_list)(choice)
    return islice(found, choice.count) if choice.count else found


def count_of(choice: SurveyChoice) -> int:
    """How many stars a choice has; raises as ``stars``. Only simulated ones are not counted one by one."""
    if choice.source == SIMULATED and choice.count:
        return choice.count
    return sum(1 for _ in stars(choice))


def _simulated(choice: SurveyChoice) -> Iterator[SurveyStar]:
    if choice.count:
        for number in drawn.numbers(choice.mission, choice.seed, choice.count):
            yield SurveyStar(f"SIM {number}", Source.SIMULATED, drawn.seen_as(number))
        return
    from astroseq_core.simulate import survey

    for row in survey.summary():
        if choice.mission in ("", row.seen_as):
            yield SurveyStar(row.target_id, Source.SIMULATED, row.seen_as, magnitude=row.magnitude)


def _cached(choice: SurveyChoice) -> Iterator[SurveyStar]:
    mission = missions.mission(choice.mission) if choice.mission else None
    only = [f"{mission.observation_word} {n}" for n in choice.sectors] if mission and choice.source == SECTORS else []
    for target_id, entries in LightCurveCache().files_by_target():
        if mission in (None, targets.parse_star(target_id).mission):
            star = in_cache(target_id, entries, only)
            if star.observations:
                yield star


def _in_folder(choice: SurveyChoice) -> Iterator[SurveyStar]:
    found = local.group_by_target(local.list_light_curves(Path(choice.folder).expanduser()))
    for target_id, paths in found.by_target.items():
        if not choice.mission or targets.parse_star(target_id).mission.name == choice.mission:
            yield _of_files(target_id, paths)


def _named(choice: SurveyChoice) -> Iterator[SurveyStar]:
    wanted: dict[str, list[Path]] = {name: [] for name in choice.targets}
    if choice.targets_file.strip():
        for name, path in local.read_targets_file(Path(choice.targets_file).expanduser()):
            files = wanted.setdefault(name, [])
            if path is not None:
                files.append(path)
    done: set[str] = set()
    for name, paths in wanted.items():
        star = _of_name(name, choice.mission, paths)
        if star.target_id not in done:
            done.add(star.target_id)
            yield star


def _of_name(name: str, mission: str, paths: Iterable[Path]) -> SurveyStar:
    """The star of that name, as the catalogues here know it."""
    try:
        wanted = missions.mission(mission) if mission else None
        target = names.resolve(name, wanted, online=False).target
        if files := list(paths):
            return _of_files(target.id, files)
        if target.is_simulated:
            return SurveyStar(target.id, Source.SIMULATED, drawn.seen_as(int(target.number)))
        return in_cache(target.id)
    except TargetError as error:
        return SurveyStar(" ".join(name.split()) or "?", Source.CACHE, problem=str(error))


def _of_files(target_id: str, paths: Iterable[Path]) -> SurveyStar:
    return SurveyStar(target_id, Source.FILES, paths=tuple(sorted({str(path.absolute()) for path in paths})))


def _on_toi_list(choice: SurveyChoice) -> Iterator[SurveyStar]:
    for target_id in toi_stars(choice.dispositions):
        yield in_cache(target_id)
