"""Fast folding algorithm: sums of evidence over all trial periods, compiled by numba.

Imported only where a star is folded. Staelin (1969, Proc. IEEE 57, 724): n grid points folded at a
base period of p points are m = n / p rows. Adding them in pairs, pairs of pairs and so on with all
shifts gives the m folds at periods from p to p + 1 in n log2(m) additions instead of n m. The
number of rows need not be a power of two (Morello et al. 2020, MNRAS 497, 4654). A shift of s
points over all rows is one of s / (m - 1) per row, and a period p + f drifts by p f / (p + f) per
row of p points, so the shift stands for the period p^2 / (p - s / (m - 1)).
"""

from typing import Any

import numba
import numpy as np

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True}


@numba.njit(**_OPTIONS, fastmath=True)  # type: ignore[untyped-decorator]
def _add(first: Any, second: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] = first[j] + second[j]


@numba.njit(**_OPTIONS, fastmath=True)  # type: ignore[untyped-decorator]
def _raise_largest(low: Any, high: Any, largest: Any) -> None:
    """Raise each of `largest` (n,) to at least `high` - `low`; the plain loop is vectorized."""
    for j in range(len(low)):
        one = high[j] - low[j]
        largest[j] = one if one > largest[j] else largest[j]


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def _merge(head: Any, tail: Any, out: Any) -> None:
    """Merge all folds of `head` (h, p) and `tail` (t, p) into `out` (h + t, p)."""
    h, t, p = head.shape[0], tail.shape[0], head.shape[1]
    m = h + t
    for s in range(m):
        a = int((h - 1) / (m - 1) * s + 0.5)
        b = int((t - 1) / (m - 1) * s + 0.5)
        shift = (s - b) % p
        _add(head[a, : p - shift], tail[b, shift:], out[s, : p - shift])
        _add(head[a, p - shift :], tail[b, :shift], out[s, p - shift :])


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def _fold(rows: Any, spare: Any, out: Any) -> None:
    """Compute all folds of `rows` (m, p) into `out` (m, p); `spare` (m, p) is overwritten."""
    m = rows.shape[0]
    if m == 1:
        out[0, :] = rows[0, :]
        return
    h = m // 2
    _fold(rows[:h], out[:h], spare[:h])
    _fold(rows[h:], out[h:], spare[h:])
    _merge(spare[:h], spare[h:], out)


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def fold_all(values: Any, p: int) -> Any:
    """Fold values at the periods p^2 / (p - s / (m - 1)), s = 0 ... m - 1, m = ceil(n / p).

    Parameters
    ----------
    values : ndarray
        Evidence on a regular grid, shape (n,).
    p : int
        Base period [grid points].

    Returns
    -------
    ndarray
        The folds, shape (m, p).
    """
    m = -(-len(values) // p)
    rows = np.zeros((m, p), values.dtype)
    rows.reshape(m * p)[: len(values)] = values
    spare, out = np.empty_like(rows), np.empty_like(rows)
    _fold(rows, spare, out)
    return out


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def _running_sums(fold: Any, total: Any, reach: int) -> None:
    """Compute running sums `total` (p + reach + 1,) of a fold (p,), which repeats after its end."""
    p = len(fold)
    running = np.float32(0.0)
    total[0] = running
    for j in range(p):
        running += fold[j]
        total[j + 1] = running
    for j in range(reach):
        total[p + 1 + j] = running + total[j + 1]


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def search_periods(values: Any, first: int, last: int, widths: Any, scale: Any, cost: Any) -> Any:
    """Find the best trial at each base period.

    The score of a trial is the sum in its box of `widths[w]` points times `scale[w]`, less `cost[k,
    w]`. A wide box is tried only at those of the m periods that differ by a drift of a third of its
    width.

    Parameters
    ----------
    values : ndarray
        Evidence on a regular grid, float32, shape (n,).
    first : int
        First base period [grid points].
    last : int
        Last base period [grid points].
    widths : ndarray
        Box widths [grid points], shape (w,).
    scale : ndarray
        Factor of the sum for each width, shape (w,).
    cost : ndarray
        Penalty of each base period and width, shape (k, w); infinity excludes a width.

    Returns
    -------
    tuple of ndarray
        Score, phase [grid points] and index of the width of the best trial at each of the k base
        periods.
    """
    number = last - first + 1
    best = np.full(number, -np.inf)
    phase, which = np.zeros(number, np.int64), np.zeros(number, np.int64)
    reach = widths.max()
    for k in range(number):
        p = first + k
        folds = fold_all(values, p)
        total = np.zeros(p + reach + 1, np.float32)
        largest = np.full((len(widths), p), -np.inf, np.float32)
        for s in range(folds.shape[0]):
            summed = False
            for w in range(len(widths)):
                width = widths[w]
                if s % max(1, width // 3) == 0 and cost[k, w] < np.inf:
                    if not summed:
                        _running_sums(folds[s], total, reach)
                        summed = True
                    _raise_largest(total[:p], total[width : width + p], largest[w])
        for w in range(len(widths)):
            if cost[k, w] < np.inf:
                j = int(np.argmax(largest[w]))
                score = largest[w, j] * scale[w] - cost[k, w]
                if score > best[k]:
                    best[k], phase[k], which[k] = score, j, w
    return best, phase, which


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def best_shift_period(values: object, p: int, phase: int, width: int) -> Any:
    """Find the period from `p` to `p` + 1 for which the box at a phase gathers most.

    Parameters
    ----------
    values : ndarray
        Evidence on a regular grid, float32, shape (n,).
    p : int
        Base period [grid points].
    phase : int
        First grid point of the box.
    width : int
        Width of the box [grid points].

    Returns
    -------
    float
        Period [grid points].
    """
    folds = fold_all(values, p)
    total = np.zeros(p + width + 1, np.float32)
    best, at = -np.inf, 0
    for s in range(folds.shape[0]):
        _running_sums(folds[s], total, width)
        one = total[phase + width] - total[phase]
        if one > best:
            best, at = one, s
    return p * p / (p - at / max(1, folds.shape[0] - 1))


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def event_sums(total: Any, seen: Any, start: float, period: float, width: int, scale: float, least: float, most: float) -> Any:
    """Sum the evidence of all events of one trial.

    An event counts where at least half of its box was observed.

    Parameters
    ----------
    total : ndarray
        Running sums of the evidence, shape (n + 1,).
    seen : ndarray
        Running sums of the grid points with data, shape (n + 1,).
    start : float
        First grid point of one event's box.
    period : float
        Period [grid points].
    width : int
        Width of the box [grid points].
    scale : float
        Factor of the sum in a box.
    least : float
        Lower bound of one event's evidence.
    most : float
        Upper bound of one event's evidence.

    Returns
    -------
    tuple
        Sum of the evidence, number of observed events, largest and second largest evidence of an
        event.
    """
    size = len(total) - 1
    begin = start - np.floor((start + width / 2) / period) * period
    sums, count, largest, second = 0.0, 0, -np.inf, -np.inf
    k = 0
    while True:
        low = int(np.floor(begin + k * period + 0.5))
        k += 1
        high = low + width
        if low + width / 2 >= size:
            break
        low, high = max(low, 0), min(high, size)
        if high <= low or 2 * (seen[high] - seen[low]) < width:
            continue
        one = min(max((total[high] - total[low]) * scale, least), most)
        sums += one
        count += 1
        if one > largest:
            largest, second = one, largest
        elif one > second:
            second = one
    return sums, count, largest, second


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def climb_trial(
    total: Any,
    seen: Any,
    period: float,
    start: float,
    at: int,
    drift: float,
    widths: Any,
    scale: Any,
    cost: Any,
    least: float,
    most: float,
    power: float,
) -> Any:
    """Find the best trial in the neighborhood of a trial.

    Periods within two `drift`, starts within a width, and all widths of finite cost are tried,
    first in wide steps and then in narrow ones. The largest event counts for no more than the
    second largest, so that one event alone gains nothing. The score is the sum over the events,
    divided by a power of their number, less the cost.

    Parameters
    ----------
    total : ndarray
        Running sums of the evidence, shape (n + 1,).
    seen : ndarray
        Running sums of the grid points with data, shape (n + 1,).
    period : float
        Period of the trial [grid points].
    start : float
        First grid point of one event's box.
    at : int
        Index of its width.
    drift : float
        Step in period [grid points].
    widths : ndarray
        Box widths [grid points], shape (w,).
    scale : ndarray
        Factor of the sum for each width, shape (w,).
    cost : ndarray
        Penalty of each width, shape (w,).
    least : float
        Lower bound of one event's evidence.
    most : float
        Upper bound of one event's evidence.
    power : float
        0 for log-likelihood ratios, which add up; 0.5 for signal-to-noise ratios.

    Returns
    -------
    tuple
        Score, period, start, index of the width, and number of observed events of the best trial.
    """
    score, count = -np.inf, 0
    for narrow in range(3):
        step_p, step_s = drift / 2.0**narrow, max(1.0, widths[at] / 4.0) / 2.0**narrow
        middle_p, middle_s = period, start
        for w in range(len(widths)):
            if not cost[w] < np.inf or (narrow == 2 and abs(w - at) > 1):
                continue
            for i in range(-2, 3):
                trial = middle_p + i * step_p
                if trial < 2 * widths[w]:
                    continue
                for j in range(-3, 4):
                    # all widths try the same first grid points
                    begin = middle_s + j * step_s
                    sums, n, largest, second = event_sums(total, seen, begin, trial, widths[w], scale[w], least, most)
                    if n < 2:
                        continue
                    value = (sums - largest + min(largest, second)) / n**power - cost[w]
                    if value > score:
                        score, period, start, at, count = value, trial, begin, w, n
    return score, period, start, at, count
