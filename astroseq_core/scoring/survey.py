"""Scoring many stars: each is read, scored by the model that suits it, and given up with its reason when it cannot be."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from astroseq_core import targets
from astroseq_core.errors import AstroSeqError, ModelError, SettingsError, TargetError
from astroseq_core.lightcurves import local, reading
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.scoring import card as cards
from astroseq_core.scoring import false_alarm, opening
from astroseq_core.scoring.model import Model, load
from astroseq_core.scoring.opening import Source
from astroseq_core.scoring.segments import Failure, SegmentScores, score_curves
from astroseq_core.scoring.star import StarScore, score_star

log = logging.getLogger(__name__)
#: Reads a star's light curves: those that can be used, and one sentence for each other.
Reader = Callable[[], tuple[Sequence[LightCurve], Sequence[str]]]


@dataclass(frozen=True, eq=False)
class StarResult:
    """What came of one star: its score and its segments, or ``reason``; ``problems``: what was left out of it."""

    target_id: str
    score: StarScore | None
    segments: tuple[SegmentScores, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why it has no score."""
        return "" if self.score else " ".join(self.problems) or "no segment"


def stars_of(names: Iterable[str], targets_file: Path | None = None) -> dict[str, Reader]:
    """Readers of the stars meant by targets, paths of light curves, or folders of them, and by a targets file; in their order.

    A name that is both is taken as a path. Raises TargetError or LightCurveError for one that is neither.
    """
    paths: dict[str, list[Path]] = {}
    readers: dict[str, Reader] = {}
    for name in names:
        if Path(name).exists():
            for target_id, found in local.group_by_target(local.list_light_curves(Path(name))).by_target.items():
                paths.setdefault(target_id, []).extend(found)
        else:
            readers[_target(name)] = _reader(_target(name))
    for target_id, path in local.read_targets_file(targets_file) if targets_file else []:
        if path is None:
            readers[target_id] = _reader(target_id)
        else:
            paths.setdefault(target_id, []).append(path)
    for target_id, found in paths.items():
        readers[target_id] = _file_reader(target_id, sorted(set(found)))
    return readers


def _target(name: str) -> str:
    if "/" in name or name.endswith((".fits", ".npz", ".csv", ".gz")):
        raise TargetError(f"There is no file or folder {name}.")
    return targets.parse_star(name).id


def _reader(target_id: str) -> Reader:
    target = targets.parse_star(target_id)
    return lambda: opening.light_curves(target, Source.SIMULATED if target.is_simulated else Source.CACHE)


def _file_reader(target_id: str, paths: list[Path]) -> Reader:
    target = targets.parse_star(target_id)
    return lambda: reading.read_many(paths, target=target)


def score_stars(
    readers: dict[str, Reader],
    model: str | None = None,
    workers: int = 1,
    false_alarm_copies: int = 0,
    defaults: Mapping[str, str] | None = None,
) -> Iterator[StarResult]:
    """The result of each star, by the named model or else by the one that suits its first light curve.

    ``defaults``: see card.best_for.

    Stars come in their order within each run of the same model; those that cannot be read come as soon as that is known. With
    ``false_alarm_copies`` each star is scored so many times more for its false-alarm probability. Raises SettingsError when
    these are too few.
    """
    if 0 < false_alarm_copies < false_alarm.LEAST_COPIES:
        raise SettingsError(f"A false-alarm probability needs at least {false_alarm.LEAST_COPIES} copies.")
    waiting: dict[str, list[LightCurve]] = {}
    failed: list[StarResult] = []
    problems: dict[str, tuple[str, ...]] = {}

    def opened() -> Iterator[tuple[str, LightCurve]]:
        for target_id, read in readers.items():
            try:
                curves, unread = read()
                if not curves:
                    raise TargetError(" ".join(unread) or f"{target_id} has no light curve.")
                chosen = model or _choose(curves, defaults)
            except AstroSeqError as error:
                failed.append(StarResult(target_id, None, problems=(str(error),)))
                continue
            problems[target_id] = tuple(unread)
            if false_alarm_copies:
                waiting[target_id] = list(curves)
            yield from ((chosen, curve) for curve in curves)

    for chosen, pairs in groupby(opened(), key=lambda pair: pair[0]):
        network = load(chosen)
        scored = score_curves(network, (curve for _, curve in pairs), workers)
        for target_id, parts in groupby(scored, key=lambda part: part.target_id):
            yield from failed
            failed.clear()
            result = _result(target_id, list(parts), problems.pop(target_id))
            if false_alarm_copies:
                result = _with_false_alarms(network, result, waiting.pop(target_id), false_alarm_copies, workers)
            yield result
    yield from failed


def _with_false_alarms(network: Model, result: StarResult, curves: Sequence[LightCurve], copies: int, workers: int) -> StarResult:
    if result.score is None:
        return result
    score = false_alarm.with_false_alarm_probability(network, curves, result.score, copies, workers=workers)
    return replace(result, score=score)


def _choose(curves: Sequence[LightCurve], defaults: Mapping[str, str] | None) -> str:
    for curve in curves:
        if card := cards.best_for(curve, defaults):
            return card.model_id
    first = curves[0]
    raise ModelError(f"No model here was made for {first.instrument.name} at {first.cadence_minutes:.3g} min; train one for it.")


def _result(target_id: str, parts: Sequence[SegmentScores | Failure], problems: tuple[str, ...]) -> StarResult:
    segments = tuple(p for p in parts if isinstance(p, SegmentScores) and len(p))
    left_out = (*problems, *(p.reason for p in parts if isinstance(p, Failure)))
    return StarResult(target_id, score_star(segments) if segments else None, segments, left_out)
