"""What to be warned of before a training is started: each in plain words, with what to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from astroseq_core.runs.estimate import TRAIN, Totals
from astroseq_core.training.recipes import Recipe

#: With fewer stars that have transits a network learns those stars: ranking on unseen ones falls after the first epoch.
FEWEST_HOSTS = 20
#: Shares of transits further apart than this factor shift a network's own probabilities by more than four tenths of a logit.
MOST_SHIFT = 1.5
#: Of an epoch's negatives; with more, too few ordinary ones are left to know what quiet stars look like.
MOST_HARD = 0.7
#: Intervals come from drawing stars anew, which says little with fewer than this.
FEWEST_TEST_STARS = 5
#: With fewer, one transit more or less moves the recall by over 3 %.
FEWEST_TEST_POSITIVES = 30
#: Longer than someone waits for.
LONG_SECONDS = 3600.0
#: A shelf of this size does not stay in an ordinary computer's file cache, and each epoch then waits for the disk.
LARGE_BYTES = 5e9
#: Parts of which training refuses one class; without both kinds in the test part there is only no report.
NEEDED = (TRAIN, "validation", "calibration")
NAMED = 3


@dataclass(frozen=True)
class Facts:
    """What is known of a training: ``epoch`` positives and negatives that one shows, ``full``: of ``looked`` training stars those
    all of whose segments hold a transit; ``is_forest``: whether it is one, which learns without labels.
    """

    recipe: Recipe
    parts: Mapping[str, Totals]
    epoch: tuple[float, float]
    full: Sequence[str]
    looked: int
    total_seconds: float
    is_forest: bool = False


def cautions(facts: Facts) -> Iterator[str]:
    """The warnings, the gravest first."""
    recipe = facts.recipe
    for part, one in facts.parts.items():
        yield from _of_part(part, one)
    yield from _of_training_stars(facts)
    if not facts.is_forest:
        yield from _of_shares(facts)
    if recipe.cutting.step > recipe.cutting.window:
        yield (
            f"The stride of {recipe.cutting.step} cadences is longer than the window of {recipe.cutting.window}: what lies "
            "between two segments is in none. Take a stride of at most the window; a quarter of it, "
            f"{recipe.cutting.window // 4}, is usual."
        )
    test = facts.parts.get("test", Totals())
    if 0 < test.stars < FEWEST_TEST_STARS or 0.5 <= test.positives < FEWEST_TEST_POSITIVES:
        yield (
            f"The test part has {_count(test.stars, 'star')} and about {_count(round(test.positives), 'segment')} with a "
            "transit: its test numbers will have wide intervals. Add stars, or give the test part a larger share."
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


def _of_part(part: str, one: Totals) -> Iterator[str]:
    more = "add stars, simulated ones too, or take another seed"
    if not one.stars:
        yield f"No star falls in the {part} part, and training refuses that: {more}."
    elif one.segments < 0.5:
        yield f"No segment comes of the {part} stars, and training refuses that: {more}, or take a shorter window."
    elif one.positives < 0.5 or one.segments - one.positives < 0.5:
        found = "without" if one.positives < 0.5 else "with"
        refused = "training refuses that" if part in NEEDED else "there will be no report on them"
        yield f"All segments of the {part} stars are {found} transits, and {refused}: {more}."


def _of_training_stars(facts: Facts) -> Iterator[str]:
    training = facts.parts.get(TRAIN, Totals())
    if training.positives >= 0.5 and round(training.hosts) < FEWEST_HOSTS:
        yield (
            f"Only about {_count(max(1, round(training.hosts)), 'training star')} with a transit in some segment: a network "
            f"learns so few by heart. Have at least {FEWEST_HOSTS}; simulated stars count too."
        )
    if facts.full:
        others = len(facts.full) - NAMED
        names = ", ".join(facts.full[:NAMED]) + (f" and {_count(others, 'more')}" if others > 0 else "")
        yield (
            f"At this window every segment of {names} holds a transit ({len(facts.full)} of the {facts.looked} training stars "
            "looked at): such a star shows the network no quiet stretch. Take a shorter window."
        )


def _of_shares(facts: Facts) -> Iterator[str]:
    recipe, training, (positive, negative) = facts.recipe, facts.parts.get(TRAIN, Totals()), facts.epoch
    if training.positives and positive + negative:
        base, shown = training.positives / training.segments, positive / (positive + negative)
        if max(shown / base, base / shown) > MOST_SHIFT:
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
    if recipe.hard_negatives > MOST_HARD:
        yield (
            f"{recipe.hard_negatives:.0%} of the negatives are hard ones: too few ordinary segments are left, and the network "
            "begins to see transits in them. A half is usual."
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 or what == "more" else f"{number} {what}s"
