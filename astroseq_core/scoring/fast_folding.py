"""Sums of evidence over all trial periods: the fast folding algorithm, compiled. Imported only where a star is folded.

Staelin (1969, Proc. IEEE 57, 724): n places folded at a base period of p places are m = n / p rows; adding them in pairs, pairs
of pairs and so on with all shifts gives the m folds at periods from p to p + 1 in n log2(m) additions instead of n m. The rows
need not be a power of two (Morello et al. 2020, MNRAS 497, 4654). A shift of s places over all rows is one of s / (m - 1) a row,
and a period p + f drifts by p f / (p + f) a row of p: so it stands for the period p^2 / (p - s / (m - 1)).
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
def _raise(low: Any, high: Any, largest: Any) -> None:
    """Raise each of ``largest`` (n,) to ``high`` - ``low``; element by element, for that runs eight at a time."""
    for j in range(len(low)):
        one = high[j] - low[j]
        largest[j] = one if one > largest[j] else largest[j]


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def _merge(head: Any, tail: Any, out: Any) -> None:
    """All folds of the rows of ``head`` (h, p) and ``tail`` (t, p), each folded already, into ``out`` (h + t, p)."""
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
    """All folds of ``rows`` (m, p) into ``out`` (m, p); ``spare`` is as large and overwritten."""
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
    """Folds (m, p) of values (n,) at the periods p^2 / (p - s / (m - 1)) places, s = 0 ... m - 1, m = ceil(n / p)."""
    m = -(-len(values) // p)
    rows = np.zeros((m, p), values.dtype)
    rows.reshape(m * p)[: len(values)] = values
    spare, out = np.empty_like(rows), np.empty_like(rows)
    _fold(rows, spare, out)
    return out


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def _boxes(fold: Any, total: Any, reach: int) -> None:
    """Running sums ``total`` (p + reach + 1,) of a fold (p,) that begins again at its end."""
    p = len(fold)
    running = np.float32(0.0)
    total[0] = running
    for j in range(p):
        running += fold[j]
        total[j + 1] = running
    for j in range(reach):
        total[p + 1 + j] = running + total[j + 1]


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def search(values: Any, first: int, last: int, widths: Any, scale: Any, cost: Any) -> Any:
    """The best trial of each base period ``first`` to ``last``, k of them: its score, phase and the index of its width, (k,).

    A trial's score is the sum of its box of ``widths[w]`` places times ``scale[w]`` less ``cost[k, w]``; a cost of infinity
    leaves a width out. A wide box is tried at every so many of the m periods that it drifts by a third of its width.
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
                        _boxes(folds[s], total, reach)
                        summed = True
                    _raise(total[:p], total[width : width + p], largest[w])
        for w in range(len(widths)):
            if cost[k, w] < np.inf:
                j = int(np.argmax(largest[w]))
                score = largest[w, j] * scale[w] - cost[k, w]
                if score > best[k]:
                    best[k], phase[k], which[k] = score, j, w
    return best, phase, which


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def shift_of(values: Any, p: int, phase: int, width: int) -> Any:
    """The period [places], from ``p`` to ``p`` + 1, under which the box at that phase gathers most."""
    folds = fold_all(values, p)
    total = np.zeros(p + width + 1, np.float32)
    best, at = -np.inf, 0
    for s in range(folds.shape[0]):
        _boxes(folds[s], total, width)
        one = total[phase + width] - total[phase]
        if one > best:
            best, at = one, s
    return p * p / (p - at / max(1, folds.shape[0] - 1))


@numba.njit(**_OPTIONS)  # type: ignore[untyped-decorator]
def event_sums(total: Any, seen: Any, start: float, period: float, width: int, scale: float, least: float, most: float) -> Any:
    """Evidence of all events of one trial: its sum, the number observed, and the largest and second largest one.

    ``total`` and ``seen`` (n + 1,): running sums of the evidence and of the places with data; ``start``: first place of one
    event's box. An event counts where at least half of its box was observed.
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
def climb(
    total: Any, seen: Any, period: float, start: float, at: int, drift: float, widths: Any, scale: Any, cost: Any,
    least: float, most: float,
) -> Any:  # fmt: skip
    """The best trial near one: score, period, start, index of its width, events seen.

    Periods within two ``drift`` (places a period), starts within a width, and all widths whose ``cost`` is finite, first in
    wide steps and then in narrow ones. The largest event counts for no more than the second, so that one alone gains nothing.
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
                    # a wider box keeps its middle
                    begin = middle_s + j * step_s
                    sums, n, largest, second = event_sums(total, seen, begin, trial, widths[w], scale[w], least, most)
                    if n < 2:
                        continue
                    value = sums - largest + min(largest, second) - cost[w]
                    if value > score:
                        score, period, start, at, count = value, trial, begin, w, n
    return score, period, start, at, count
