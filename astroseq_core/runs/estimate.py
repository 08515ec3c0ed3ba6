"""What all stars of a split will give, told from a few of them that are prepared."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from astroseq_core.training import shelf
from astroseq_core.training.copies import TrainingStar, copies, makers
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.run import Stars, for_part
from astroseq_core.training.shelf import Piece

#: So many stars are prepared: enough for a mean of each kind, and seconds of work.
SAMPLED = 12
#: More of them, up to twice as many, where each gives few copies: whether a copy's transits fill its segments or leave most of
#: them out hangs on the one period that it drew, and with so many copies their mean is known to about 15 %.
COPIES = 48
#: Channels are computed of a star's first copies, until these come to so many cadences: those of four years take some 8 s each.
MOST_CADENCES = 100_000
#: The cheapest channel: where segments lie and which hold a transit does not depend on what is computed of them.
COUNTED = ("gap",)
TRAIN = "train"

Kind = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Look:
    """One star as it was prepared: so many ``copies`` gave ``segments``, of which ``positives`` hold a transit.

    ``size_bytes``: what it takes of a shelf; ``seconds``: of preparing all of it; ``piece``: of its first copies, None where no
    segment came of them.
    """

    star: TrainingStar
    part: str
    kind: Kind
    copies: int
    segments: int
    positives: int
    size_bytes: float
    seconds: float
    piece: Piece | None


@dataclass(frozen=True)
class Totals:
    """What the stars of a part come to, as estimated.

    ``hosts``: stars with a segment that holds a transit; ``capped_positives``, ``capped_negatives``: what the recipe's cap for
    each star leaves; ``seconds``: of preparing them, one after the other.
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
        """How many stars there are."""
        return self.real + self.simulated


def look_at(stars: Stars, recipe: Recipe, seed: int, told: Callable[[int, int, TrainingStar], None]) -> list[Look]:
    """A few of the stars, prepared as training prepares them; ``told`` is called before each with the number done and in all."""
    chosen = sample(stars, recipe, seed)
    looks = []
    for done, (part, star) in enumerate(chosen):
        told(done, len(chosen), star)
        looks.append(_look(star, part, recipe, seed))
    return looks


def _look(star: TrainingStar, part: str, recipe: Recipe, seed: int) -> Look:
    own, cutting = for_part(part, recipe), recipe.cutting
    began = time.perf_counter()
    made = list(copies(star, own, seed))
    copied = time.perf_counter()
    sizes = np.cumsum([len(copy.prepared.time) for copy in made])
    first = made[: 1 + int(np.searchsorted(sizes, MOST_CADENCES))]
    piece = shelf.piece(star.name, first, cutting)
    # What is computed of a copy takes so long as it has cadences.
    share = sizes[len(first) - 1] / sizes[-1] if made else 1.0
    seconds = copied - began + (time.perf_counter() - copied) / share
    counted = shelf.piece(star.name, made, replace(cutting, channels=COUNTED))
    number, kind = _copies(star, own), _kind(star, part, recipe)
    if counted is None:
        return Look(star, part, kind, number, 0, 0, 0.0, seconds, None)
    size = counted.places.nbytes * len(cutting.channels) + counted.states.nbytes + counted.table.nbytes
    labels = counted.table["label"]
    return Look(star, part, kind, number, len(labels), int((labels == 1).sum()), size, seconds, piece)


def sample(stars: Stars, recipe: Recipe, seed: int) -> list[tuple[str, TrainingStar]]:
    """SAMPLED stars or more, with their parts: one of each kind, one of each part, and the rest in proportion to copies.

    A kind's first star is a training star where there is one. The same stars for the same seed.
    """
    rng = np.random.default_rng([seed, 4])
    groups: dict[tuple[str, Kind], list[TrainingStar]] = {}
    for part, members in stars.parts.items():
        for star in sorted(members, key=lambda s: s.name):
            groups.setdefault((part, _kind(star, part, recipe)), []).append(star)
    left = {group: [members[i] for i in rng.permutation(len(members))] for group, members in groups.items()}
    chosen: list[tuple[str, TrainingStar]] = []

    def take(group: tuple[str, Kind]) -> None:
        chosen.append((group[0], left[group].pop()))

    largest_first = sorted(groups, key=lambda g: (g[0] != TRAIN, -len(groups[g])))
    seen: set[Any] = set()
    for what in (1, 0):
        for group in largest_first:
            if group[what] not in seen:
                seen |= {group[0], group[1]}
                take(group)
    everyone = sum(map(len, groups.values()))
    made = {g: sum(_copies(star, for_part(g[0], recipe)) for star in members) for g, members in groups.items()}
    while len(chosen) < min(_enough(chosen, recipe), everyone):
        taken = {g: len(groups[g]) - len(left[g]) for g in groups}
        # In proportion by the rule of Sainte-Laguë, which needs no number of seats.
        take(max((g for g in groups if left[g]), key=lambda g: made[g] / (2 * taken[g] + 1)))
    return chosen


def _enough(chosen: list[tuple[str, TrainingStar]], recipe: Recipe) -> int:
    """How many stars to prepare, going by the copies of those chosen so far."""
    made = sum(_copies(star, for_part(part, recipe)) for part, star in chosen)
    return SAMPLED if made >= COPIES else 2 * SAMPLED


def totals(stars: Stars, looks: list[Look], recipe: Recipe) -> dict[str, Totals]:
    """What each part comes to: stars that were looked at count as what came of them, any other as the mean of its kind's."""
    by_kind: dict[Kind, list[Look]] = {}
    for look in looks:
        by_kind.setdefault(look.kind, []).append(look)
    known = {look.star.name: look for look in looks}
    out = {}
    for part, members in stars.parts.items():
        numbers = np.zeros(7)
        for star in members:
            kind = by_kind[_kind(star, part, recipe)]
            like = [known[star.name]] if star.name in known else kind
            own = _copies(star, for_part(part, recipe))
            counts = np.mean([_counts(look, own / look.copies, recipe.per_star_cap) for look in like], axis=0)
            # The first star of all waits for what is compiled or loaded once.
            timed = [look for look in kind if look is not looks[0]] or kind
            numbers += [*counts, float(np.mean([look.seconds * own / look.copies for look in timed]))]
        real = sum(star.is_real for star in members)
        out[part] = Totals(real, len(members) - real, *map(float, numbers))
    return out


def epoch_size(training: Totals, recipe: Recipe) -> tuple[float, float]:
    """How many segments with a transit and without one an epoch shows, by the recipe's caps and ratio (training.sampling)."""
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


def full_stars(looks: list[Look]) -> Iterator[str]:
    """The training stars looked at whose segments hold a transit one and all."""
    for look in looks:
        if look.part == TRAIN and 0 < look.segments == look.positives:
            yield look.star.name


def _counts(look: Look, times: float, cap: int | None) -> tuple[float, ...]:
    """What a star with so many times that one's copies gives, in the order of Totals."""
    segments, positives = look.segments * times, look.positives * times
    most = np.inf if cap is None else cap
    return (
        segments, positives, float(look.positives > 0), min(positives, most), min(segments - positives, most),
        look.size_bytes * times,
    )  # fmt: skip


def _kind(star: TrainingStar, part: str, recipe: Recipe) -> Kind:
    """What stars have in common that give about as many segments, and transits, for each of their copies."""
    made = makers(star, for_part(part, recipe), star.num_curves)
    where = star.name.split(" ")[0] if star.is_real else star.seen_as
    hosts = any(e.is_planet for e in star.ephemerides)
    return where, star.kind, hosts, bool(star.ephemerides), star.labelled, "own" in made, "injected" in made


def _copies(star: TrainingStar, recipe: Recipe) -> int:
    return star.num_curves * len(makers(star, recipe, star.num_curves))
