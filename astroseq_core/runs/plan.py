"""What a choice of settings means before it is started: how many segments, how long, and what they look like."""

import math
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.runs import estimate, micro_step
from astroseq_core.runs.cautions import Facts, cautions
from astroseq_core.runs.estimate import TRAIN, Look, Totals
from astroseq_core.runs.micro_step import Speed
from astroseq_core.runs.request import RunRequest
from astroseq_core.runs.verdicts import training_stars
from astroseq_core.segments.label import TRANSIT
from astroseq_core.training import fit, run, shelf
from astroseq_core.training.copies import TrainingStar
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.shelf import Shelf
from astroseq_core.training.sources import gather
from astroseq_core.training.start import FOREST

#: Segments of each label that are shown.
SHOWN = 4
#: Parts of the way that are told: finding the stars, then preparing some, then the network.
_FOUND, _PREPARED = 0.1, 0.75


@dataclass(frozen=True)
class PartPlan:
    """One part of the split: its stars, and an estimate of their ``segments`` and of the ``positives`` among them."""

    name: str
    real: int
    simulated: int
    segments: int
    positives: int


@dataclass(frozen=True, eq=False)
class Example:
    """A training segment as the network will see it: ``values`` (window, channels); ``inside`` (window,): places in a transit.

    ``snr``: of its strongest transit, 0 where there is none.
    """

    label: int
    star: str
    snr: float
    values: NDArray[np.float32]
    inside: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Plan:
    """What a training run comes to, estimated from ``sampled_stars``.

    ``base_rate``: share of the training segments with a transit, before caps and ratio; ``steps``: of an epoch;
    ``prepare_seconds``: of all stars, by the request's workers; ``total_seconds``: with all epochs and the judging. ``gallery``:
    training segments, those with a transit first, from the weakest to the strongest. ``warnings``: the gravest first.
    """

    parts: tuple[PartPlan, ...]
    sampled_stars: int
    base_rate: float
    steps: int
    segments_per_epoch: int
    step_seconds: float
    prepare_seconds: float
    epoch_seconds: float
    total_seconds: float
    channels: tuple[str, ...]
    gallery: tuple[Example, ...]
    warnings: tuple[str, ...]


def plan(
    request: RunRequest,
    *,
    progress: Callable[[float, str], None] | None = None,
    stop: threading.Event | None = None,
) -> Plan:
    """The plan of that request, of the stars that its run would have.

    ``progress`` is told the part done (0 to 1) and what is being done. Raises SettingsError where there can be no such training
    or no plan of it, StoppedError when asked to stop.
    """
    recipe = request.recipe
    if recipe.labels == "sequential":
        raise SettingsError(f"{recipe.title} has a fixed set of segments, so there is nothing to plan; start it as it is.")
    tell = progress or (lambda part, words: None)
    tell(0.0, "looking for the stars")
    micro_step.check(stop)
    stars = _split(request)

    def told(done: int, in_all: int, star: TrainingStar) -> None:
        micro_step.check(stop)
        tell(_FOUND + (_PREPARED - _FOUND) * done / in_all, f"preparing {star.name}, {done + 1} of {in_all}")

    looks = estimate.look_at(stars, recipe, request.seed, told)
    micro_step.check(stop)
    tell(_PREPARED, "timing a few steps of the network")
    with tempfile.TemporaryDirectory(prefix="astroseq-plan-") as folder:
        sampled = _shelf(looks, recipe, Path(folder))
        speed = Speed(0.0, 0.0) if _is_forest(recipe) else micro_step.measure(recipe, sampled, request.seed, stop)
        gallery = tuple(_gallery(sampled, request.seed))
    found = _plan(request, estimate.totals(stars, looks, recipe), looks, speed, gallery)
    tell(1.0, "done")
    return found


def _split(request: RunRequest) -> run.Stars:
    own = {star.name: star for star in (training_stars(request.recipe) if request.verdicts else ())}
    found = [s for s in gather(request.stars, request.recipe) if s.name not in own]
    stars = run.split([*found, *own.values()], request.recipe, request.seed)
    # A forest has no epochs of which to choose the best.
    return run.Stars({p: m for p, m in stars.parts.items() if p != "validation"}) if _is_forest(request.recipe) else stars


def _is_forest(recipe: Recipe) -> bool:
    return recipe.architecture == FOREST


def _shelf(looks: list[Look], recipe: Recipe, folder: Path) -> Shelf:
    """The training stars looked at on a shelf; all of them where none is a training star."""
    training = [look.piece for look in looks if look.part == TRAIN and look.piece is not None and len(look.piece.table)]
    return shelf.write(training or [look.piece for look in looks], recipe.cutting, folder / "shelf")


def _plan(request: RunRequest, parts: dict[str, Totals], looks: list[Look], speed: Speed, gallery: tuple[Example, ...]) -> Plan:
    recipe, training = request.recipe, parts.get(TRAIN, Totals())
    positive, negative = estimate.epoch_size(training, recipe)
    shown = round(positive + negative)
    steps = 0 if _is_forest(recipe) else math.ceil(shown / recipe.batch)

    def length(part: str) -> float:
        return parts.get(part, Totals()).segments

    watched = min(fit.SAMPLE, training.capped_positives + training.capped_negatives)
    # Hard negatives are told from others by what the network says of all of them.
    ranked = training.capped_negatives if recipe.hard_negatives else 0.0
    epoch = steps * speed.step_seconds + speed.predict_seconds * (length("validation") + watched + ranked)
    judged = length("calibration") + length("test") + sum(min(run.ENOUGH_SEGMENTS, length(p)) for p in (TRAIN, "validation"))
    at_once = max(1, min(request.workers, os.cpu_count() or 1))
    prepare = sum(one.seconds for one in parts.values()) / at_once
    total = prepare + speed.start_seconds + (0 if _is_forest(recipe) else recipe.epochs) * epoch + judged * speed.predict_seconds
    facts = Facts(
        recipe, parts, (positive, negative), tuple(estimate.full_stars(looks)), sum(look.part == TRAIN for look in looks), total,
        _is_forest(recipe),
    )  # fmt: skip
    return Plan(
        parts=tuple(PartPlan(n, p.real, p.simulated, round(p.segments), round(p.positives)) for n, p in parts.items()),
        sampled_stars=len(looks),
        base_rate=training.positives / training.segments if training.segments else 0.0,
        steps=steps,
        segments_per_epoch=shown,
        step_seconds=speed.step_seconds,
        prepare_seconds=prepare,
        epoch_seconds=epoch,
        total_seconds=total,
        channels=recipe.cutting.channels,
        gallery=gallery,
        warnings=tuple(cautions(facts)),
    )


def _gallery(sampled: Shelf, seed: int) -> Iterator[Example]:
    """Segments with transits spread over signal-to-noise, and segments without, of as many stars as there are."""
    positive = _spread(sampled)
    negative = np.random.default_rng([seed, 6]).permutation(np.flatnonzero(sampled.labels == 0))
    _, first = np.unique(sampled.star[negative], return_index=True)
    negative = np.r_[negative[np.sort(first)], np.delete(negative, first)][:SHOWN]
    for which in (positive, negative):
        if not len(which):
            continue
        batch = sampled.batch(which)
        for i, number in enumerate(which):
            yield Example(
                int(batch.labels[i]), str(sampled.star[number]), float(sampled.snr[number]), batch.values[i],
                batch.states[i] == TRANSIT,
            )  # fmt: skip


def _spread(sampled: Shelf) -> NDArray[np.int64]:
    """Segments with transits, the weakest first: the middle one of each quarter in signal-to-noise, of several stars."""
    positive = np.flatnonzero(sampled.labels == 1)
    positive = positive[np.argsort(sampled.snr[positive], kind="stable")]
    chosen: list[int] = []
    shown: set[str] = set()
    for part in np.array_split(positive, SHOWN):
        outwards = part[np.argsort(np.abs(np.arange(len(part)) - len(part) // 2), kind="stable")]
        new = [n for n in outwards if str(sampled.star[n]) not in shown] or list(outwards)
        chosen += [int(n) for n in new[:1]]
        shown |= {str(sampled.star[n]) for n in new[:1]}
    return np.array(chosen, np.int64)
