"""Plan of a training run: estimated numbers of segments, duration, example segments and warnings."""

import math
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.jobs.progress import Progress, Report
from astroseq_core.preprocessing.segments import TRANSIT
from astroseq_core.training import dataset, fit, train
from astroseq_core.training.dataset import SegmentDataset
from astroseq_core.training.injection import TrainingStar
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.runs import estimate
from astroseq_core.training.runs.estimate import TRAIN, NetworkSpeed, PartTotals, SampledStar
from astroseq_core.training.runs.request import RunRequest, disposition_stars
from astroseq_core.training.stars import gather_stars

#: With fewer stars that have transits a network memorizes them: its ranking of unseen stars falls after the first epoch.
MIN_HOSTS = 20
#: Base rates that differ by more than this factor shift a network's raw probabilities by more than 0.4 logit.
MAX_SHARE_RATIO = 1.5
#: Largest share of hard negatives in an epoch's negatives; with more, too few ordinary ones are left to learn quiet stars.
MAX_HARD_FRACTION = 0.7
#: Intervals come from resampling stars, which says little with fewer stars than this.
MIN_TEST_STARS = 5
#: With fewer positives, a single one moves the recall by over 3 %.
MIN_TEST_POSITIVES = 30
#: A training longer than this [s] is longer than a user waits for.
LONG_SECONDS = 3600.0
#: A dataset of this size [bytes] does not fit the file cache of an ordinary computer; each epoch then waits for the disk.
LARGE_BYTES = 5e9
#: Parts in which training needs both classes; without both in the test part there is merely no report.
REQUIRED_PARTS = (TRAIN, "validation", "calibration")
MAX_STAR_NAMES = 3


@dataclass(frozen=True)
class TrainingFacts:
    """What is known about a training before it starts.

    Attributes
    ----------
    recipe : Recipe
        The recipe of the training.
    parts : mapping
        Estimated totals by part of the split.
    epoch : tuple of (float, float)
        Numbers of positives and negatives that one epoch shows.
    full : sequence of str
        Those of the `looked` training stars all of whose segments hold a transit.
    looked : int
        Number of training stars that were prepared for the estimate.
    total_seconds : float
        Estimated duration of the training [s].
    """

    recipe: Recipe
    parts: Mapping[str, PartTotals]
    epoch: tuple[float, float]
    full: Sequence[str]
    looked: int
    total_seconds: float


def training_warnings(facts: TrainingFacts) -> Iterator[str]:
    """Yield the warnings about a training, the most serious first.

    Parameters
    ----------
    facts : Facts
        What is known about the training.

    Yields
    ------
    str
        A warning in plain words, with what to do.
    """
    recipe = facts.recipe
    for part, one in facts.parts.items():
        yield from _part_warnings(part, one)
    yield from _training_star_warnings(facts)
    if not facts.recipe.is_forest:
        yield from _share_warnings(facts)
    if recipe.cutting.step > recipe.cutting.window:
        yield (
            f"The stride of {recipe.cutting.step} cadences is longer than the window of {recipe.cutting.window}: what lies "
            "between two segments is in none. Take a stride of at most the window; a quarter of it, "
            f"{recipe.cutting.window // 4}, is usual."
        )
    test = facts.parts.get("test", PartTotals())
    if 0 < test.stars < MIN_TEST_STARS or 0.5 <= test.positives < MIN_TEST_POSITIVES:
        yield (
            f"The test part has {_count_text(test.stars, 'star')} and about {_count_text(round(test.positives), 'segment')} with "
            "a transit: its test numbers will have wide intervals. Add stars, or give the test part a larger share."
        )
    if facts.total_seconds > LONG_SECONDS:
        yield (
            f"It takes about {facts.total_seconds / 3600:.1f} hours. Fewer epochs, fewer stars or copies, or a lower cap on all "
            "segments make it shorter; it goes on while you do something else."
        )
    size = sum(one.size_bytes for one in facts.parts.values())
    if size > LARGE_BYTES:
        yield (
            f"The prepared stars take about {size / 1e9:.1f} GB of disk while it trains. Make sure that there is room, or take "
            "fewer stars, copies or channels."
        )


def _part_warnings(part: str, one: PartTotals) -> Iterator[str]:
    more = "add stars, simulated ones too, or take another seed"
    if not one.stars:
        yield f"No star falls in the {part} part, and training refuses that: {more}."
    elif one.segments < 0.5:
        yield f"No segment comes of the {part} stars, and training refuses that: {more}, or take a shorter window."
    elif one.positives < 0.5 or one.segments - one.positives < 0.5:
        found = "without" if one.positives < 0.5 else "with"
        refused = "training refuses that" if part in REQUIRED_PARTS else "there will be no report on them"
        yield f"All segments of the {part} stars are {found} transits, and {refused}: {more}."


def _training_star_warnings(facts: TrainingFacts) -> Iterator[str]:
    training = facts.parts.get(TRAIN, PartTotals())
    if training.positives >= 0.5 and round(training.hosts) < MIN_HOSTS:
        yield (
            f"Only about {_count_text(max(1, round(training.hosts)), 'training star')} with a transit in some segment: a network "
            f"learns so few by heart. Have at least {MIN_HOSTS}; simulated stars count too."
        )
    if facts.full:
        others = len(facts.full) - MAX_STAR_NAMES
        names = ", ".join(facts.full[:MAX_STAR_NAMES]) + (f" and {_count_text(others, 'more')}" if others > 0 else "")
        yield (
            f"At this window every segment of {names} holds a transit ({len(facts.full)} of the {facts.looked} training stars "
            "looked at): such a star shows the network no quiet stretch. Take a shorter window."
        )


def _share_warnings(facts: TrainingFacts) -> Iterator[str]:
    recipe, training, (positive, negative) = facts.recipe, facts.parts.get(TRAIN, PartTotals()), facts.epoch
    if training.positives and positive + negative:
        base, shown = training.positives / training.segments, positive / (positive + negative)
        if max(shown / base, base / shown) > MAX_SHARE_RATIO:
            yield (
                f"By its ratio and caps training shows transits in {shown:.0%} of the segments, where {base:.0%} of the training "
                f"stars' hold one: probabilities are recalibrated to a base rate of {recipe.base_rate:g} on kept-out stars. "
                "Check that this is the share you expect where you will score, or change the ratio."
            )
    if recipe.loss == "focal":
        yield (
            "The focal loss upsets calibration: what the network says is no probability until it is recalibrated on kept-out "
            'stars, and sure ones stay too unsure. Take "binary_crossentropy" unless you compare losses.'
        )
    if recipe.resample == "smote":
        yield (
            "SMOTE makes transits up, by mixing two of them, and upsets calibration: probabilities are recalibrated on kept-out "
            'stars. Take "oversample" or "none" unless you compare resamplings.'
        )
    if recipe.hard_negatives > MAX_HARD_FRACTION:
        yield (
            f"{recipe.hard_negatives:.0%} of the negatives are hard ones: too few ordinary segments are left, and the network "
            "begins to see transits in them. A half is usual."
        )


def _count_text(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 or what == "more" else f"{number} {what}s"


#: Number of example segments of each label.
EXAMPLES_PER_LABEL = 4
#: Progress fractions at which the stars are found and the sample is prepared; the network comes last.
_FOUND_FRACTION, _PREPARED_FRACTION = 0.1, 0.75


@dataclass(frozen=True)
class PartPlan:
    """One part of the split.

    Attributes
    ----------
    name : str
        Name of the part.
    real : int
        Number of real stars.
    simulated : int
        Number of simulated stars.
    segments : int
        Estimated number of segments.
    positives : int
        Estimated number of segments that hold a transit.
    """

    name: str
    real: int
    simulated: int
    segments: int
    positives: int


@dataclass(frozen=True, eq=False)
class ExampleSegment:
    """A training segment as the network will see it.

    Attributes
    ----------
    label : int
        1 if it holds a transit, otherwise 0.
    star : str
        Name of its star.
    snr : float
        Signal-to-noise ratio of its strongest transit; 0 if there is none.
    values : ndarray of float32
        Channels of the segment, shape (window, channels).
    inside : ndarray of bool
        Which grid points are in transit, shape (window,).
    """

    label: int
    star: str
    snr: float
    values: NDArray[np.float32]
    inside: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Plan:
    """What a training run will amount to, estimated from a sample of stars.

    Attributes
    ----------
    parts : tuple of PartPlan
        The parts of the split.
    sampled_stars : int
        Number of stars that were prepared for the estimate.
    base_rate : float
        Share of training segments with a transit, before caps and ratio.
    steps : int
        Training steps per epoch.
    segments_per_epoch : int
        Segments shown in one epoch.
    step_seconds : float
        Duration of one training step [s].
    prepare_seconds : float
        Time to prepare all stars with the request's number of workers [s].
    epoch_seconds : float
        Duration of one epoch [s].
    total_seconds : float
        Duration of the run with all epochs and the evaluation [s].
    channels : tuple of str
        Names of the channels of the segments.
    gallery : tuple of Example
        Example training segments: those with a transit first, from the weakest to the strongest.
    warnings : tuple of str
        Warnings in plain words, the most serious first.
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
    gallery: tuple[ExampleSegment, ...]
    warnings: tuple[str, ...]


def make_plan(
    request: RunRequest,
    *,
    progress: Report | None = None,
    stop: threading.Event | None = None,
) -> Plan:
    """Make the plan of a run, from the stars that the run would have.

    Parameters
    ----------
    request : RunRequest
        The run to plan.
    progress : callable or None, optional
        Called with the progress: the fraction done and what is being done.
    stop : threading.Event or None, optional
        Set it to stop the planning.

    Returns
    -------
    Plan
        The plan.

    Raises
    ------
    SettingsError
        If no such training, or no plan of it, is possible.
    StoppedError
        If `stop` was set.
    """
    recipe = request.recipe
    if recipe.labels == "sequential":
        raise SettingsError(f"{recipe.title} has a fixed set of segments, so there is nothing to plan; start it as it is.")

    def report(part: float, message: str) -> None:
        if progress is not None:
            progress(Progress(part=part, message=message))

    report(0.0, "looking for the stars")
    estimate.raise_if_stopped(stop)
    stars = _request_split(request)

    def report_star(done: int, in_all: int, star: TrainingStar) -> None:
        estimate.raise_if_stopped(stop)
        report(
            _FOUND_FRACTION + (_PREPARED_FRACTION - _FOUND_FRACTION) * done / in_all,
            f"preparing {star.target_id}, {done + 1} of {in_all}",
        )

    looks = estimate.prepare_sample(stars, recipe, request.seed, report_star)
    estimate.raise_if_stopped(stop)
    report(_PREPARED_FRACTION, "timing a few steps of the network")
    with tempfile.TemporaryDirectory(prefix="astroseq-plan-") as folder:
        sampled = _sample_dataset(looks, recipe, Path(folder))
        speed = NetworkSpeed(0.0, 0.0) if recipe.is_forest else estimate.time_network(recipe, sampled, request.seed, stop)
        gallery = tuple(_example_segments(sampled, request.seed))
    found = _assemble_plan(request, estimate.part_totals(stars, looks, recipe), looks, speed, gallery)
    report(1.0, "done")
    return found


def _request_split(request: RunRequest) -> train.StarSplit:
    """Split the stars of a request as its run would split them."""
    own = {star.target_id: star for star in (disposition_stars(request.recipe) if request.verdicts else ())}
    found = [s for s in gather_stars(request.stars, request.recipe) if s.target_id not in own]
    stars = train.split_training_stars([*found, *own.values()], request.recipe, request.seed)
    # A forest has no epochs to choose the best from, so it needs no validation part.
    return train.StarSplit({p: m for p, m in stars.parts.items() if p != "validation"}) if request.recipe.is_forest else stars


def _sample_dataset(looks: list[SampledStar], recipe: Recipe, folder: Path) -> SegmentDataset:
    """Write the sampled training stars to a dataset; all sampled stars if none is a training star."""
    training = [
        look.star_segments
        for look in looks
        if look.part == TRAIN and look.star_segments is not None and len(look.star_segments.table)
    ]
    return dataset.write_dataset(training or [look.star_segments for look in looks], recipe.cutting, folder / "shelf")


def _assemble_plan(
    request: RunRequest,
    parts: dict[str, PartTotals],
    looks: list[SampledStar],
    speed: NetworkSpeed,
    gallery: tuple[ExampleSegment, ...],
) -> Plan:
    recipe, training = request.recipe, parts.get(TRAIN, PartTotals())
    positive, negative = estimate.epoch_size(training, recipe)
    shown = round(positive + negative)
    steps = 0 if recipe.is_forest else math.ceil(shown / recipe.batch)

    def length(part: str) -> float:
        return parts.get(part, PartTotals()).segments

    watched = min(fit.MONITORED_SEGMENTS, training.capped_positives + training.capped_negatives)
    # To find the hard negatives, the network has to predict all of the negatives.
    ranked = training.capped_negatives if recipe.hard_negatives else 0.0
    epoch = steps * speed.step_seconds + speed.predict_seconds * (length("validation") + watched + ranked)
    evaluated = (
        length("calibration") + length("test") + sum(min(train.MAX_REPORT_SEGMENTS, length(p)) for p in (TRAIN, "validation"))
    )
    at_once = max(1, min(request.workers, os.cpu_count() or 1))
    prepare = sum(one.seconds for one in parts.values()) / at_once
    epochs: float = 0 if recipe.is_forest else recipe.epochs
    if recipe.max_steps is not None and steps:
        epochs = min(epochs, recipe.max_steps / steps)
    total = prepare + speed.start_seconds + epochs * epoch + evaluated * speed.predict_seconds
    facts = TrainingFacts(
        recipe,
        parts,
        (positive, negative),
        tuple(estimate.stars_without_negatives(looks)),
        sum(look.part == TRAIN for look in looks),
        total,
    )
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
        warnings=tuple(training_warnings(facts)),
    )


def _example_segments(sampled: SegmentDataset, seed: int) -> Iterator[ExampleSegment]:
    """Yield segments with transits spread over signal-to-noise, then segments without."""
    positive = _spread_over_snr(sampled)
    negative = np.random.default_rng([seed, 6]).permutation(np.flatnonzero(sampled.labels == 0))
    _, first = np.unique(sampled.star[negative], return_index=True)
    negative = np.r_[negative[np.sort(first)], np.delete(negative, first)][:EXAMPLES_PER_LABEL]
    for which in (positive, negative):
        if not len(which):
            continue
        batch = sampled.batch(which)
        for i, number in enumerate(which):
            yield ExampleSegment(
                int(batch.labels[i]),
                str(sampled.star[number]),
                float(sampled.snr[number]),
                batch.values[i],
                batch.states[i] == TRANSIT,
            )


def _spread_over_snr(sampled: SegmentDataset) -> NDArray[np.int64]:
    """Choose the middle segment with a transit of each quarter in signal-to-noise, weakest first."""
    positive = np.flatnonzero(sampled.labels == 1)
    positive = positive[np.argsort(sampled.snr[positive], kind="stable")]
    chosen: list[int] = []
    shown: set[str] = set()
    for part in np.array_split(positive, EXAMPLES_PER_LABEL):
        outwards = part[np.argsort(np.abs(np.arange(len(part)) - len(part) // 2), kind="stable")]
        new = [n for n in outwards if str(sampled.star[n]) not in shown] or list(outwards)
        chosen += [int(n) for n in new[:1]]
        shown |= {str(sampled.star[n]) for n in new[:1]}
    return np.array(chosen, np.int64)
