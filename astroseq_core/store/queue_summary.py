"""What a reviewer said in a queue, how far the model and other reviewers agree, and which stars are worth another look."""

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from astroseq_core.disposition_codes import CODES, UNSURE_DISPOSITIONS
from astroseq_core.store import dispositions, notes, queues
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.signal_dispositions import SignalDispositions

#: Names, among what a disposition stores as measured, of the class that the model gave to the signal, and of its probability.
CLASS_NAME, CLASS_PROBABILITY = "class", "class_probability"
#: The class of planet candidates.
PLANET_CLASS = "planet"


@dataclass(frozen=True)
class StarToSeeAgain:
    """A star of the queue that is worth another look.

    Attributes
    ----------
    target_id : str
        The star.
    index : int
        Its index in the queue.
    reasons : tuple of str
        Why, in words that a person reads as they are.
    """

    target_id: str
    index: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Agreed:
    """How often two agree on the signals that both judged.

    Attributes
    ----------
    who : str
        Name of the other one; empty for the model.
    num_agree : int
        Number of signals on which they agree.
    num_signals : int
        Number of signals that both judged.
    """

    who: str
    num_agree: int
    num_signals: int


@dataclass(frozen=True)
class QueueSummary:
    """What a reviewer said of the signals of a queue's stars.

    Attributes
    ----------
    counts : mapping of str to int
        Number of signals with each disposition, in the order of the codes; only those that were given.
    median_seconds : float or None
        Median time that a signal was on the screen before its disposition [s]; None if no time is known.
    with_model : Agreed
        Agreement with the model's class on planet or no planet, without unsure ones.
    with_others : tuple of Agreed
        Agreement on the disposition with each other reviewer who judged some of the signals, by name.
    again : tuple of StarToSeeAgain
        Stars worth another look, those with more reasons first, then in the order of the queue.
    """

    counts: Mapping[str, int]
    median_seconds: float | None
    with_model: Agreed
    with_others: tuple[Agreed, ...]
    again: tuple[StarToSeeAgain, ...]


def summarize(queue_id: str, reviewer: str) -> QueueSummary:
    """Summarize a reviewer's dispositions on the stars of a queue.

    Parameters
    ----------
    queue_id : str
        The queue.
    reviewer : str
        The reviewer.

    Returns
    -------
    QueueSummary
        The summary; signals that the reviewer did not judge are left out.

    Raises
    ------
    StoreError
        If there is no such queue.
    """
    items = queues.list_items(queue_id, 0, max(queues.load(queue_id).num, 1))
    by_star = dispositions.list_by_signal()
    own: list[Disposition] = []
    model, others, again = Counter[str](), Counter[tuple[str, bool]](), []
    for index, item in enumerate(items):
        reasons: dict[str, None] = {}
        for signal in by_star.get(item.target_id, ()):
            mine = next((d for d in signal.dispositions if d.reviewer == reviewer), None)
            if mine is None:
                continue
            own.append(mine)
            if mine.disposition in UNSURE_DISPOSITIONS:
                reasons["you are unsure"] = None
            reasons |= dict.fromkeys(_compare_with_model(mine, model))
            reasons |= dict.fromkeys(_compare_with_others(mine, signal, others))
        if notes.load(item.target_id, reviewer).bookmarked:
            reasons["bookmarked"] = None
        if reasons:
            again.append(StarToSeeAgain(item.target_id, index, tuple(reasons)))
    counts = Counter(d.disposition for d in own)
    seconds = [d.seconds for d in own if d.seconds is not None]
    names = sorted({name for name, _ in others})
    return QueueSummary(
        {code: counts[code] for code in CODES if counts[code]},
        statistics.median(seconds) if seconds else None,
        Agreed("", model["agree"], model.total()),
        tuple(Agreed(name, others[name, True], others[name, True] + others[name, False]) for name in names),
        tuple(sorted(again, key=lambda star: -len(star.reasons))),
    )


def _compare_with_model(mine: Disposition, count: Counter[str]) -> tuple[str, ...]:
    """Count whether the model's class agrees with a disposition; if it does not, return that in words."""
    found, says = mine.measured.get(CLASS_NAME), CODES[mine.disposition].is_planet
    if not isinstance(found, str) or says is None:
        return ()
    agrees = (found == PLANET_CLASS) == says
    count["agree" if agrees else "differ"] += 1
    if agrees:
        return ()
    probability = mine.measured.get(CLASS_PROBABILITY)
    how = f" {probability:.2f}" if isinstance(probability, float) else ""
    return (f"you said {mine.disposition}, the model {found.replace('_', ' ')}{how}",)


def _compare_with_others(mine: Disposition, signal: SignalDispositions, count: Counter[tuple[str, bool]]) -> tuple[str, ...]:
    """Count which other reviewers agree on a signal; return what those said who do not."""
    theirs = [d for d in signal.dispositions if d.reviewer != mine.reviewer]
    count.update((d.reviewer, d.disposition == mine.disposition) for d in theirs)
    return tuple(
        f"you said {mine.disposition}, {d.reviewer} {d.disposition}" for d in theirs if d.disposition != mine.disposition
    )
