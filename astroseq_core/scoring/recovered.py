"""How much each method recovers at a stated rate of false alarms, from a table of injection and recovery."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.scoring.recovery import TRANSIT

FALSE_ALARM_RATE = 0.01
#: Intervals are 95 %, from so many samples of the stars.
ROUNDS = 400
#: A period is right within this part of the true one, its half or its double.
PERIOD_TOLERANCE = 0.01
SAME_PERIODS = (1.0, 0.5, 2.0)
#: Edges of the bins in signal-to-noise and period [d].
SNR_EDGES = (0.0, 5.0, 7.0, 10.0, 15.0, 25.0, math.inf)
PERIOD_EDGES = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, math.inf)


@dataclass(frozen=True)
class Share:
    """A share of copies: its value and 95 % interval from resampling stars, and of how many copies."""

    value: float
    low: float
    high: float
    copies: int


@dataclass(frozen=True)
class Bin:
    """What is recovered from ``low`` to ``high``; None for no bound."""

    low: float
    high: float | None
    recall: Share
    strict: Share


@dataclass(frozen=True)
class Recovered:
    """What one method recovers.

    ``threshold``: the score that a share FALSE_ALARM_RATE of the copies without transits exceeds; ``recall``: share of those with
    transits above it; ``strict``: those with the right period, its half or its double, too. ``cpu_seconds``: median of a star.
    """

    method: str
    stars: int
    empty: int
    threshold: float
    recall: Share
    strict: Share
    by_snr: tuple[Bin, ...]
    by_period: tuple[Bin, ...]
    cpu_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Copies:
    """The rows of a table for one method as arrays (n,): with a transit or not, its truth (NaN without), score, right period."""

    stars: NDArray[np.str_]
    has: NDArray[np.bool_]
    snr: NDArray[np.float64]
    period_days: NDArray[np.float64]
    radius_ratio: NDArray[np.float64]
    score: NDArray[np.float64]
    right: NDArray[np.bool_]
    cpu_seconds: NDArray[np.float64]

    def threshold(self, rate: float = FALSE_ALARM_RATE) -> float:
        """The score that a share ``rate`` of the copies without transits exceeds."""
        return float(np.quantile(self.score[~self.has], 1 - rate))

    def found(self) -> NDArray[np.bool_]:
        """Which copies stand above the threshold, shape (n,)."""
        return np.asarray(self.score > self.threshold())


def copies_of(rows: Sequence[Mapping[str, str]], method: str) -> Copies:
    """The arrays of one method; raises SettingsError when the table lacks it, or lacks copies with or without transits."""
    if not rows or f"{method}_score" not in rows[0]:
        raise SettingsError(f"The table holds nothing of '{method}'.")
    has = np.array([r["kind"] == TRANSIT for r in rows])
    if has.all() or not has.any():
        raise SettingsError("The table must hold copies with and without transits; let it run longer.")
    truth, period = _numbers(rows, "period_days"), _numbers(rows, f"{method}_period_days")
    return Copies(
        stars=np.array([r["target_id"] for r in rows]),
        has=has,
        snr=_numbers(rows, "snr"),
        period_days=truth,
        radius_ratio=_numbers(rows, "radius_ratio"),
        score=_numbers(rows, f"{method}_score"),
        right=same_period(period, truth),
        cpu_seconds=_numbers(rows, f"{method}_cpu_seconds"),
    )


def same_period(found: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which periods are the true one, its half or its double, within PERIOD_TOLERANCE; False where either is NaN."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.any([np.abs(found / (truth * k) - 1) < PERIOD_TOLERANCE for k in SAME_PERIODS], axis=0))


def measure(rows: Sequence[Mapping[str, str]], methods: Iterable[str], seed: int = 0) -> tuple[Recovered, ...]:
    """What each method recovers; all are resampled alike, so that their intervals can be compared."""
    return tuple(_measure(copies_of(rows, method), method, seed) for method in methods)


def _measure(copies: Copies, method: str, seed: int) -> Recovered:
    names, star = np.unique(copies.stars, return_inverse=True)
    members = np.split(np.argsort(star, kind="stable"), np.cumsum(np.bincount(star))[:-1])
    rng = np.random.default_rng(seed)
    # (rounds, n): above the threshold that each sample of the stars would have set, and how often each copy is in the sample.
    above = np.empty((ROUNDS, len(copies.score)), bool)
    drawn = np.empty((ROUNDS, len(copies.score)))
    for k in range(ROUNDS):
        pick = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        empty = pick[~copies.has[pick]]
        above[k] = copies.score > np.quantile(copies.score[empty], 1 - FALSE_ALARM_RATE)
        drawn[k] = np.bincount(pick, minlength=len(copies.score))
    found = copies.found()

    def share(among: NDArray[np.bool_], right: NDArray[np.bool_]) -> Share:
        if not among.any():
            return Share(math.nan, math.nan, math.nan, 0)
        count = drawn[:, among].sum(axis=1)
        rates = (drawn * (above & right))[:, among].sum(axis=1)[count > 0] / count[count > 0]
        low, high = np.quantile(rates, [0.025, 0.975])
        return Share(float(np.mean((found & right)[among])), float(low), float(high), int(among.sum()))

    def bins(values: NDArray[np.float64], edges: Sequence[float]) -> tuple[Bin, ...]:
        made = []
        for low, high in itertools.pairwise(edges):
            among = copies.has & (values >= low) & (values < high)
            if among.any():
                bound = None if math.isinf(high) else high
                made.append(Bin(low, bound, share(among, always), share(among, copies.right)))
        return tuple(made)

    always = np.ones(len(found), bool)
    return Recovered(
        method=method,
        stars=len(names),
        empty=int((~copies.has).sum()),
        threshold=copies.threshold(),
        recall=share(copies.has, always),
        strict=share(copies.has, copies.right),
        by_snr=bins(copies.snr, SNR_EDGES),
        by_period=bins(copies.period_days, PERIOD_EDGES),
        cpu_seconds=float(np.median(copies.cpu_seconds)),
    )


def _numbers(rows: Sequence[Mapping[str, str]], column: str) -> NDArray[np.float64]:
    return np.array([float(r[column]) if r[column] else math.nan for r in rows])
