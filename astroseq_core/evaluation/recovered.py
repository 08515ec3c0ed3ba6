"""Recovery of injected transits by each method at a fixed false-alarm rate."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.injection_recovery import TRANSIT
from astroseq_core.same_signal import compare_signals
from astroseq_core.times import Instant, TimeSystem

FALSE_ALARM_RATE = 0.01
#: Number of resamples of the stars for the 95 % intervals.
NUM_RESAMPLES = 400
#: Ratios of the period found to the true one that count as right, if the transits coincide.
RIGHT_RATIOS = ("1", "2", "1/2")
#: Maximum duration of a signal found, as a fraction of its period.
MAX_DURATION_FRACTION = 0.9
#: Bin edges in signal-to-noise ratio and period [d].
SNR_EDGES = (0.0, 5.0, 7.0, 10.0, 15.0, 25.0, math.inf)
PERIOD_EDGES = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, math.inf)


@dataclass(frozen=True)
class Share:
    """Fraction of copies with its confidence interval.

    Attributes
    ----------
    value : float
        The fraction.
    low : float
        Lower bound of the 95 % interval, from resampling stars.
    high : float
        Upper bound of the 95 % interval.
    copies : int
        Number of copies.
    """

    value: float
    low: float
    high: float
    copies: int


@dataclass(frozen=True)
class Bin:
    """Recovery within a range of values.

    Attributes
    ----------
    low : float
        Lower edge.
    high : float or None
        Upper edge; None for no bound.
    recall : Share
        Fraction above the threshold.
    strict : Share
        Fraction above the threshold and with the right period.
    """

    low: float
    high: float | None
    recall: Share
    strict: Share


@dataclass(frozen=True)
class RecoverySummary:
    """Recovery of injected transits by one method.

    Attributes
    ----------
    method : str
        Name of the method.
    stars : int
        Number of stars.
    empty : int
        Number of copies without transits.
    threshold : float
        Score that a fraction `FALSE_ALARM_RATE` of the copies without transits exceeds.
    recall : Share
        Fraction of the copies with transits above the threshold.
    strict : Share
        The same, with the right period, its half or its double as well.
    by_snr : tuple of Bin
        Recovery in bins of the signal-to-noise ratio.
    by_period : tuple of Bin
        Recovery in bins of the period [d].
    cpu_seconds : float
        Median CPU time per copy [s].
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

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain JSON values.

        Returns
        -------
        dict
            The fields by name.
        """
        return asdict(self)


@dataclass(frozen=True, eq=False)
class MethodCopies:
    """Rows of a recovery table for one method, as arrays of shape (n,).

    Attributes
    ----------
    stars : ndarray
        Identifier of the star.
    has_transits : ndarray
        Whether the copy has injected transits.
    snr : ndarray
        Injected signal-to-noise ratio; NaN without transits.
    period_days : ndarray
        Injected period [d]; NaN without transits.
    radius_ratio : ndarray
        Injected radius ratio; NaN without transits.
    score : ndarray
        Score of the method.
    right_period : ndarray
        Whether the method found the injected signal, at its period, its half or its double.
    cpu_seconds : ndarray
        CPU time [s].
    """

    stars: NDArray[np.str_]
    has_transits: NDArray[np.bool_]
    snr: NDArray[np.float64]
    period_days: NDArray[np.float64]
    radius_ratio: NDArray[np.float64]
    score: NDArray[np.float64]
    right_period: NDArray[np.bool_]
    cpu_seconds: NDArray[np.float64]

    def threshold(self, rate: float = FALSE_ALARM_RATE) -> float:
        """Return the score that a fraction of the copies without transits exceeds.

        Parameters
        ----------
        rate : float, optional
            The fraction.

        Returns
        -------
        float
            The score.
        """
        return float(np.quantile(self.score[~self.has_transits], 1 - rate))

    def found(self) -> NDArray[np.bool_]:
        """Return which copies score above the threshold.

        Returns
        -------
        ndarray
            Boolean mask, shape (n,).
        """
        return np.asarray(self.score > self.threshold())


def method_copies(rows: Sequence[Mapping[str, str]], method: str) -> MethodCopies:
    """Return the rows of one method as arrays.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of a recovery table.
    method : str
        Name of the method.

    Returns
    -------
    MethodCopies
        The arrays.

    Raises
    ------
    SettingsError
        If the table lacks the method, or copies with or without transits.
    """
    if not rows or f"{method}_score" not in rows[0]:
        raise SettingsError(f"The table holds nothing of '{method}'.")
    has = np.array([r["kind"] == TRANSIT for r in rows])
    if has.all() or not has.any():
        raise SettingsError("The table must hold copies with and without transits; let it run longer.")
    return MethodCopies(
        stars=np.array([r["target_id"] for r in rows]),
        has_transits=has,
        snr=_column_values(rows, "snr"),
        period_days=_column_values(rows, "period_days"),
        radius_ratio=_column_values(rows, "radius_ratio"),
        score=_column_values(rows, f"{method}_score"),
        right_period=np.array([is_right_signal(r, method) for r in rows]),
        cpu_seconds=_column_values(rows, f"{method}_cpu_seconds"),
    )


def is_right_signal(row: Mapping[str, str], method: str) -> bool:
    """Return whether a method found the transits that were injected.

    The period must be the injected one, its half or its double, and the transits must coincide; see
    `same_signal.compare_signals`. The length of the data is taken from the number of transits.

    Parameters
    ----------
    row : mapping
        Row of a recovery table.
    method : str
        Name of the method.

    Returns
    -------
    bool
        False also for a copy without transits, or without a period.
    """
    period, t0 = row[f"{method}_period_days"], row[f"{method}_t0"]
    if row["kind"] != TRANSIT or not period or not t0:
        return False
    system, hours = TimeSystem.parse(row["t0_system"]), float(row["duration_hours"])
    truth = Ephemeris(row["target_id"], "injected", Instant(float(row["t0"]), system), float(row["period_days"]), hours)
    # the methods report no duration of their own
    hours = min(hours, MAX_DURATION_FRACTION * float(period) * HOURS_PER_DAY)
    found = Ephemeris(row["target_id"], method, Instant(float(t0), system), float(period), hours)
    middle, half = (truth.t0.days + found.t0.days) / 2, float(row["num_transits"]) * float(row["period_days"]) / 2
    compared = compare_signals(found, truth, middle - half, middle + half)
    return compared.ratio in RIGHT_RATIOS and compared.transits_coincide


def measure_recovery(rows: Sequence[Mapping[str, str]], methods: Iterable[str], seed: int = 0) -> tuple[RecoverySummary, ...]:
    """Compute the recovery of each method.

    All methods share the same resampled stars, so that their intervals can be compared.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of a recovery table.
    methods : iterable of str
        Names of the methods.
    seed : int, optional
        Seed of the resampling.

    Returns
    -------
    tuple of RecoverySummary
        The recovery of each method.

    Raises
    ------
    SettingsError
        If the table lacks a method, or copies with or without transits.
    """
    return tuple(_measure_method(method_copies(rows, method), method, seed) for method in methods)


def _measure_method(copies: MethodCopies, method: str, seed: int) -> RecoverySummary:
    names, star = np.unique(copies.stars, return_inverse=True)
    members = np.split(np.argsort(star, kind="stable"), np.cumsum(np.bincount(star))[:-1])
    rng = np.random.default_rng(seed)
    # (rounds, n): above the threshold of each resample, and how often each copy is in the resample.
    above = np.empty((NUM_RESAMPLES, len(copies.score)), bool)
    drawn = np.empty((NUM_RESAMPLES, len(copies.score)))
    for k in range(NUM_RESAMPLES):
        pick = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        empty = pick[~copies.has_transits[pick]]
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
            among = copies.has_transits & (values >= low) & (values < high)
            if among.any():
                bound = None if math.isinf(high) else high
                made.append(Bin(low, bound, share(among, always), share(among, copies.right_period)))
        return tuple(made)

    always = np.ones(len(found), bool)
    return RecoverySummary(
        method=method,
        stars=len(names),
        empty=int((~copies.has_transits).sum()),
        threshold=copies.threshold(),
        recall=share(copies.has_transits, always),
        strict=share(copies.has_transits, copies.right_period),
        by_snr=bins(copies.snr, SNR_EDGES),
        by_period=bins(copies.period_days, PERIOD_EDGES),
        cpu_seconds=float(np.median(copies.cpu_seconds)),
    )


def _column_values(rows: Sequence[Mapping[str, str]], column: str) -> NDArray[np.float64]:
    return np.array([float(r[column]) if r[column] else math.nan for r in rows])
