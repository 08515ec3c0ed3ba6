"""What vetters decided, as labels to learn from."""

from collections.abc import Sequence
from dataclasses import replace

from astroseq_core.store import dispositions
from astroseq_core.store.dispositions import Verdict
from astroseq_core.training.copies import TrainingStar
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.sources import cached_star

#: What counts as a planet's signal, and as none; a star of which nobody is sure teaches nothing.
SIGNALS, NO_SIGNALS = ("CP", "KP", "PC"), ("FP", "FA")


def agreed(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The newest usable verdict of each star on which the reviewers do not contradict each other.

    A planet's verdict is usable with the ephemeris of its signal. A false positive or false alarm without one says that the star
    shows nothing.
    """
    found: list[Verdict] = []
    for target_id in dict.fromkeys(v.target_id for v in verdicts):
        own = [v for v in verdicts if v.target_id == target_id and v.disposition in (*SIGNALS, *NO_SIGNALS)]
        if len({v.disposition in SIGNALS for v in own}) != 1:
            continue
        usable = [v for v in own if v.disposition in NO_SIGNALS or v.ephemeris is not None]
        if usable:
            found.append(max(usable, key=lambda v: (v.at, v.number)))
    return tuple(found)


def training_stars(recipe: Recipe) -> tuple[TrainingStar, ...]:
    """The stars with an agreed verdict whose light curves are in the cache and suit the recipe, labelled by it."""
    stars = []
    for verdict in agreed(dispositions.latest()):
        star = cached_star(verdict.target_id, recipe)
        if star is not None:
            e = verdict.ephemeris
            ephemerides = () if e is None else (replace(e, disposition=verdict.disposition),)
            stars.append(replace(star, ephemerides=ephemerides, labelled=True))
    return tuple(stars)


def summary(recipe: Recipe) -> dict[str, dict[str, int]]:
    """How many verdicts of each kind came from whom, of those that would join: {reviewer: {disposition: count}}."""
    usable = {s.name for s in training_stars(recipe)}
    return dispositions.counts(v for v in agreed(dispositions.latest()) if v.target_id in usable)
