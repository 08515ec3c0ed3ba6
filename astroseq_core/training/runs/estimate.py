"""Estimates for all stars of a split, from a sample of stars that is actually prepared."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from astroseq_core.errors import SettingsError, StoppedError
from astroseq_core.networks.architectures import registry
from astroseq_core.training import dataset, fit
from astroseq_core.training.dataset import SegmentDataset, StarSegments
from astroseq_core.training.injection import TrainingStar, copy_kinds, training_copies
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.sampling import augmented_batch
from astroseq_core.training.train import StarSplit, recipe_for_part

#: Number of timed steps, after a first, untimed one that builds the graph.
TIMED_STEPS = 3


@dataclass(frozen=True)
class NetworkSpeed:
    """Measured speed of a network.

    Attributes
    ----------
    step_seconds : float
        Duration of one training step [s].
    predict_seconds : float
        Duration of predicting one segment within a large batch [s].
    start_seconds : float
        Time for loading the network library, building the network and compiling its graphs [s].
    """

    step_seconds: float
    predict_seconds: float
    start_seconds: float = 0.0


def time_network(recipe: Recipe, shelf: SegmentDataset, seed: int, stop: threading.Event | None = None) -> NetworkSpeed:
    """Measure the speed of the recipe's network on real segments.

    Segments are repeated where they do not fill a batch.

    Parameters
    ----------
    recipe : Recipe
        The recipe with the architecture and the batch size.
    shelf : Shelf
        The segments to train on.
    seed : int
        The seed of the run.
    stop : threading.Event or None, optional
        Set it to stop the measurement.

    Returns
    -------
    Speed
        The speed of the network.

    Raises
    ------
    SettingsError
        If the network cannot be built with these settings.
    ModelError
        If there can be no such network.
    StoppedError
        If `stop` was set.
    """
    began_at = time.perf_counter()
    try:
        network = registry.build_network(
            recipe.architecture, recipe.cutting.window, len(recipe.cutting.channels), **recipe.options
        )
    except (TypeError, ValueError) as error:
        raise SettingsError(
            f"{recipe.architecture} cannot be built with these settings ({error}); change its options."
        ) from error
    fit.compile_network(network, recipe)
    rng = np.random.default_rng([seed, 5])
    cadence_step = fit.cadences_per_output(network, recipe.cutting.window)
    start = time.perf_counter() - began_at
    steps = []
    for _ in range(1 + TIMED_STEPS):
        raise_if_stopped(stop)
        batch = augmented_batch(shelf, np.resize(rng.permutation(len(shelf)), recipe.batch), recipe.augmentation, rng)
        began = time.perf_counter()
        fit.train_step(network, batch, cadence_step, recipe.cadence_weight)
        steps.append(time.perf_counter() - began)
    many = shelf.batch(np.resize(np.arange(len(shelf)), fit.PREDICT_BATCH))
    predictions = []
    for _ in range(2):
        raise_if_stopped(stop)
        began = time.perf_counter()
        network.predict_on_batch(many.values)
        predictions.append(time.perf_counter() - began)
    step, predict = statistics.median(steps[1:]), predictions[1]
    start += (steps[0] - step) + (predictions[0] - predict)
    return NetworkSpeed(step, predict / fit.PREDICT_BATCH, max(0.0, start))


def raise_if_stopped(stop: threading.Event | None) -> None:
    """Raise StoppedError if a stop was requested.

    Parameters
    ----------
    stop : threading.Event or None
        The event that requests a stop; None never does.

    Raises
    ------
    StoppedError
        If `stop` is set.
    """
    if stop is not None and stop.is_set():
        raise StoppedError("The plan was stopped; ask for it again when the settings are right.")


#: Number of stars to prepare: enough for a mean of each kind, and seconds of work.
SAMPLE_STARS = 12
#: Where stars give fewer copies than this in all, up to twice as many stars are prepared: whether a copy's transits fill
#: its segments depends on the one period that it drew, and the mean over this many copies is known to about 15 %.
SAMPLE_COPIES = 48
#: Channels are computed for a star's first copies only, up to this many cadences: copies of four years take some 8 s each.
MAX_CADENCES = 100_000
#: The cheapest channel, for counting: where segments lie and which hold a transit does not depend on the channels.
COUNTING_CHANNELS = ("gap",)
TRAIN = "train"

StarKind = tuple[object, ...]


@dataclass(frozen=True, eq=False)
class SampledStar:
    """One star as prepared for the estimate.

    Attributes
    ----------
    star : TrainingStar
        The star.
    part : str
        The part of the split that it belongs to.
    kind : Kind
        What it has in common with stars that give about as many segments per copy.
    copies : int
        Number of its copies.
    segments : int
        Number of segments that the copies gave.
    positives : int
        Number of those segments that hold a transit.
    size_bytes : float
        Size of its segments on disk [bytes].
    seconds : float
        Time to prepare all of its copies [s].
    star_segments : Piece or None
        Segments of its first copies; None if they gave none.
    """

    star: TrainingStar
    part: str
    kind: StarKind
    copies: int
    segments: int
    positives: int
    size_bytes: float
    seconds: float
    star_segments: StarSegments | None


@dataclass(frozen=True)
class PartTotals:
    """Estimated totals for the stars of one part.

    Attributes
    ----------
    real : int
        Number of real stars.
    simulated : int
        Number of simulated stars.
    segments : float
        Number of segments.
    positives : float
        Number of segments that hold a transit.
    hosts : float
        Number of stars with at least one segment that holds a transit.
    capped_positives : float
        Positives left by the recipe's cap per star.
    capped_negatives : float
        Negatives left by the recipe's cap per star.
    size_bytes : float
        Size on disk [bytes].
    seconds : float
        Time to prepare the stars one after the other [s].
    """

    real: int = 0
    simulated: int = 0
    segments: float = 0.0
    positives: float = 0.0
    hosts: float = 0.0
    capped_positives: float = 0.0
    capped_negatives: float = 0.0
    size_bytes: float = 0.0
    seconds: float = 0.0

    @property
    def stars(self) -> int:
        """Number of stars, real and simulated."""
        return self.real + self.simulated


def prepare_sample(
    stars: StarSplit, recipe: Recipe, seed: int, messages: Callable[[int, int, TrainingStar], None]
) -> list[SampledStar]:
    """Prepare a sample of the stars exactly as training prepares them.

    Parameters
    ----------
    stars : Stars
        The stars, split into parts.
    recipe : Recipe
        The recipe that the stars are prepared for.
    seed : int
        The seed of the run.
    messages : callable
        Called before each star with the number done, the number in all, and the star.

    Returns
    -------
    list of Look
        The prepared stars.
    """
    chosen = choose_sample(stars, recipe, seed)
    looks = []
    for done, (part, star) in enumerate(chosen):
        messages(done, len(chosen), star)
        looks.append(_prepare_sampled_star(star, part, recipe, seed))
    return looks


def _prepare_sampled_star(star: TrainingStar, part: str, recipe: Recipe, seed: int) -> SampledStar:
    own, segment_config = recipe_for_part(part, recipe), recipe.cutting
    began = time.perf_counter()
    made = list(training_copies(star, own, seed))
    copied = time.perf_counter()
    sizes = np.cumsum([len(copy.light_curve.time) for copy in made])
    first = made[: 1 + int(np.searchsorted(sizes, MAX_CADENCES))]
    piece = dataset.make_star_segments(star.target_id, first, segment_config)
    # The time to compute channels is proportional to the number of cadences.
    share = sizes[len(first) - 1] / sizes[-1] if made else 1.0
    seconds = copied - began + (time.perf_counter() - copied) / share
    counted = dataset.make_star_segments(star.target_id, made, replace(segment_config, channels=COUNTING_CHANNELS))
    number, kind = _num_copies(star, own), _star_kind(star, part, recipe)
    if counted is None:
        return SampledStar(star, part, kind, number, 0, 0, 0.0, seconds, None)
    size = counted.places.nbytes * len(segment_config.channels) + counted.states.nbytes + counted.table.nbytes
    labels = counted.table["label"]
    return SampledStar(star, part, kind, number, len(labels), int((labels == 1).sum()), size, seconds, piece)


def choose_sample(stars: StarSplit, recipe: Recipe, seed: int) -> list[tuple[str, TrainingStar]]:
    """Choose a representative sample of the stars.

    The sample has `SAMPLED` stars, or up to twice as many where each gives few copies: one of each
    kind, one of each part, and the rest in proportion to the number of copies. A kind's first star
    is a training star where there is one. The same seed gives the same stars.

    Parameters
    ----------
    stars : Stars
        The stars, split into parts.
    recipe : Recipe
        The recipe, which determines the number of copies.
    seed : int
        The seed of the run.

    Returns
    -------
    list of tuple of (str, TrainingStar)
        Part and star of each one chosen.
    """
    rng = np.random.default_rng([seed, 4])
    groups: dict[tuple[str, StarKind], list[TrainingStar]] = {}
    for part, members in stars.parts.items():
        for star in sorted(members, key=lambda s: s.target_id):
            groups.setdefault((part, _star_kind(star, part, recipe)), []).append(star)
    left = {group: [members[i] for i in rng.permutation(len(members))] for group, members in groups.items()}
    chosen: list[tuple[str, TrainingStar]] = []

    def take(group: tuple[str, StarKind]) -> None:
        chosen.append((group[0], left[group].pop()))

    largest_first = sorted(groups, key=lambda g: (g[0] != TRAIN, -len(groups[g])))
    seen: set[object] = set()
    for what in (1, 0):
        for group in largest_first:
            if group[what] not in seen:
                seen |= {group[0], group[1]}
                take(group)
    everyone = sum(map(len, groups.values()))
    made = {g: sum(_num_copies(star, recipe_for_part(g[0], recipe)) for star in members) for g, members in groups.items()}
    while len(chosen) < min(_sample_size(chosen, recipe), everyone):
        taken = {g: len(groups[g]) - len(left[g]) for g in groups}
        # Sainte-Laguë apportionment, which needs no fixed number of seats.
        take(max((g for g in groups if left[g]), key=lambda g: made[g] / (2 * taken[g] + 1)))
    return chosen


def _sample_size(chosen: list[tuple[str, TrainingStar]], recipe: Recipe) -> int:
    """Return how many stars to prepare, given the copies of those chosen so far."""
    made = sum(_num_copies(star, recipe_for_part(part, recipe)) for part, star in chosen)
    return SAMPLE_STARS if made >= SAMPLE_COPIES else 2 * SAMPLE_STARS


def part_totals(stars: StarSplit, looks: list[SampledStar], recipe: Recipe) -> dict[str, PartTotals]:
    """Estimate the totals of each part.

    Stars that were prepared count with their own numbers, every other star with the mean of its
    kind.

    Parameters
    ----------
    stars : Stars
        The stars, split into parts.
    looks : list of Look
        The stars that were prepared.
    recipe : Recipe
        The recipe that the stars are prepared for.

    Returns
    -------
    dict
        Totals by part.
    """
    by_kind: dict[StarKind, list[SampledStar]] = {}
    for look in looks:
        by_kind.setdefault(look.kind, []).append(look)
    known = {look.star.target_id: look for look in looks}
    out = {}
    for part, members in stars.parts.items():
        numbers = np.zeros(7)
        for star in members:
            kind = by_kind[_star_kind(star, part, recipe)]
            like = [known[star.target_id]] if star.target_id in known else kind
            own = _num_copies(star, recipe_for_part(part, recipe))
            counts = np.mean([_scaled_counts(look, own / look.copies, recipe.per_star_cap) for look in like], axis=0)
            # The very first star also pays for what is compiled or loaded once.
            timed = [look for look in kind if look is not looks[0]] or kind
            numbers += [*counts, float(np.mean([look.seconds * own / look.copies for look in timed]))]
        real = sum(star.is_real for star in members)
        out[part] = PartTotals(real, len(members) - real, *map(float, numbers))
    return out


def epoch_size(training: PartTotals, recipe: Recipe) -> tuple[float, float]:
    """Estimate how many positives and negatives one epoch shows, by the recipe's caps and ratio.

    The rules are those of training.sampling.

    Parameters
    ----------
    training : Totals
        Totals of the training part.
    recipe : Recipe
        The recipe with the caps, the ratio and the resampling.

    Returns
    -------
    tuple of (float, float)
        Number of segments with a transit and number without one.
    """
    positive, negative = training.capped_positives, training.capped_negatives
    if recipe.total_cap is not None and positive + negative > recipe.total_cap:
        share = recipe.total_cap / (positive + negative)
        positive, negative = positive * share, negative * share
    if recipe.neg_pos_ratio is not None:
        if recipe.resample == "none":
            negative = min(negative, recipe.neg_pos_ratio * positive)
        elif positive:
            positive = max(positive, negative / recipe.neg_pos_ratio)
    return positive, negative


def stars_without_negatives(looks: list[SampledStar]) -> Iterator[str]:
    """Yield the prepared training stars all of whose segments hold a transit.

    Parameters
    ----------
    looks : list of Look
        The stars that were prepared.

    Yields
    ------
    str
        Name of such a star.
    """
    for look in looks:
        if look.part == TRAIN and 0 < look.segments == look.positives:
            yield look.star.target_id


def _scaled_counts(look: SampledStar, times: float, cap: int | None) -> tuple[float, ...]:
    """Scale a prepared star's counts to another number of copies, in the order of `Totals`."""
    segments, positives = look.segments * times, look.positives * times
    most = np.inf if cap is None else cap
    return (
        segments,
        positives,
        float(look.positives > 0),
        min(positives, most),
        min(segments - positives, most),
        look.size_bytes * times,
    )


def _star_kind(star: TrainingStar, part: str, recipe: Recipe) -> StarKind:
    """Return what stars have in common that give similar numbers of segments and transits per copy."""
    made = copy_kinds(star, recipe_for_part(part, recipe), star.num_light_curves)
    where = star.target_id.split(" ")[0] if star.is_real else star.instrument
    hosts = star.is_host
    return where, star.kind, hosts, bool(star.ephemerides), star.labeled, "own" in made, "injected" in made


def _num_copies(star: TrainingStar, recipe: Recipe) -> int:
    return star.num_light_curves * len(copy_kinds(star, recipe, star.num_light_curves))
