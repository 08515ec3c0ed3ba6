"""The light curve of a report: all observations on one axis without the gaps between them, transit windows, probabilities."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.exports.report_star import ReportStar
from astroseq_core.figures import colours, strip, thinning

PPT = 1e3
#: Gaps longer than this part of the observed time, and than so many days, are cut out of the axis.
LONGEST_GAP, LEAST_GAP_DAYS = 0.06, 2.0
#: What is left of a gap, as a part of the observed time.
GAP_SHOWN = 0.012
#: So many cadences are drawn at most besides those in dips and transits.
MAX_POINTS = 15_000
#: Windows are drawn at least so wide, as a part of the axis.
LEAST_WINDOW = 0.0012
#: More windows than these are drawn fainter, not to bury the light curve.
MANY_WINDOWS = 60
#: So many labels at most stand under the axis.
MOST_TICKS = 12


@dataclass(frozen=True)
class Stretch:
    """Observations without a long gap between them: from ``start`` to ``stop`` [d], drawn ``shift`` days to the left."""

    start: float
    stop: float
    shift: float


def stretches(spans: Sequence[tuple[float, float]]) -> tuple[Stretch, ...]:
    """The stretches of time-ordered spans [d], so that only short gaps are left between them on the axis."""
    observed = sum(stop - start for start, stop in spans)
    longest = max(LEAST_GAP_DAYS, LONGEST_GAP * observed)
    found: list[Stretch] = []
    for start, stop in spans:
        if found and start - found[-1].stop <= longest:
            found[-1] = Stretch(found[-1].start, max(stop, found[-1].stop), found[-1].shift)
        else:
            before = found[-1].stop - found[-1].shift + GAP_SHOWN * observed if found else start
            found.append(Stretch(start, stop, start - before))
    return tuple(found)


def moved(time: NDArray[np.float64], parts: Sequence[Stretch]) -> NDArray[np.float64]:
    """Where times [d] stand on the axis, same shape; those in a gap that was cut out are NaN."""
    out = np.full(np.shape(time), np.nan)
    for part in parts:
        inside = (time >= part.start) & (time <= part.stop)
        out[inside] = time[inside] - part.shift
    return out


def draw(axes: Any, probabilities: Any, star: ReportStar) -> None:
    """The light curve on ``axes``, and under it the probabilities, where there are some, on ``probabilities``."""
    examined = star.examination
    prepared = examined.prepared
    parts = stretches([(float(p.time[0]), float(p.time[-1])) for p in prepared])
    left, right = parts[0].start - parts[0].shift, parts[-1].stop - parts[-1].shift
    span = right - left
    least = LEAST_WINDOW * span
    everything = []
    for curve, flat in zip(prepared, examined.flats, strict=True):
        inside = examined.ephemeris.in_transit(curve.time, curve.system)
        seen = examined.ephemeris.transits(float(curve.time[0]), float(curve.time[-1]), curve.system)
        width = max(examined.ephemeris.duration_days, least)
        opacity = colours.BAND_OPACITY if len(examined.transits) <= MANY_WINDOWS else colours.HALO_OPACITY
        for mid in moved(seen.mid, parts).tolist():
            if np.isfinite(mid):
                axes.axvspan(mid - width / 2, mid + width / 2, color=colours.planet(0), alpha=opacity, lw=0)
        keep = thinning.drawn(flat, inside, curve.cadence_minutes, max(500, MAX_POINTS // len(prepared)))
        axes.plot(moved(curve.time[keep], parts), flat[keep] * PPT, ".", ms=1.6, mew=0, color=colours.CADENCES, alpha=0.8,
                  rasterized=True)  # fmt: skip
        everything.append(flat[keep])
    low, high = (float(v) * PPT for v in np.quantile(np.concatenate(everything), [0.001, 0.999]))
    if examined.fold.depth_ppm is not None:
        low = min(low, -examined.fold.depth_ppm / PPT)
    room = 0.1 * max(high - low, 1e-6)
    axes.set_ylim(low - room, high + room)
    axes.set_xlim(left - 0.004 * span, right + 0.004 * span)
    for before, after in itertools.pairwise(parts):
        middle = (before.stop - before.shift + after.start - after.shift) / 2
        for one in (axes, probabilities):
            one.axvline(middle, color=colours.CADENCES, lw=0.8, ls=(0, (2, 2)))
    axes.set_ylabel("Flux [ppt]")
    axes.tick_params(labelbottom=False)
    _strip(probabilities, star, parts)
    probabilities.set_xlim(axes.get_xlim())
    _ticks(axes, probabilities, parts, span, str(prepared[0].system))


def _strip(axes: Any, star: ReportStar, parts: Sequence[Stretch]) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_ylabel("P", rotation=0, ha="right", va="center", labelpad=4)
    if not star.scores:
        axes.text(0.5, 0.45, "no probabilities are kept for this star", transform=axes.transAxes, ha="center", va="center",
                  size=5.5, color="0.45")  # fmt: skip
    for scores in star.scores:
        pieces = strip.pieces(scores)
        middle = (pieces.edges[1:] + pieces.edges[:-1]) / 2
        at = moved(middle, parts)
        good = np.isfinite(at) & np.isfinite(pieces.mean)
        if not good.any():
            continue
        half = np.diff(pieces.edges) / 2
        # Runs of pieces that touch each other are one image each.
        for run in np.split(np.flatnonzero(good), np.flatnonzero(np.diff(np.flatnonzero(good)) > 1) + 1):
            edges = np.r_[at[run] - half[run], at[run[-1]] + half[run[-1]]]
            axes.pcolormesh(edges, [0, 1], pieces.mean[run][None, :], cmap=colours.PROBABILITY_SCALE.lower(), vmin=0, vmax=1,
                            rasterized=True)  # fmt: skip


def _ticks(axes: Any, below: Any, parts: Sequence[Stretch], span: float, system: str) -> None:
    """Times at round numbers within each stretch."""
    from matplotlib.ticker import MaxNLocator

    places, labels = [], []
    for part in parts:
        share = (part.stop - part.start) / span
        count = max(1, round(MOST_TICKS * share))
        round_times = MaxNLocator(count, steps=[1, 2, 5, 10]).tick_values(part.start, part.stop)
        ticks = [t for t in round_times if part.start <= t <= part.stop]
        # A label is as wide as a twentieth of the axis.
        if not ticks or (len(ticks) > 1 and (ticks[1] - ticks[0]) / span < 1 / 20):
            ticks = [(part.start + part.stop) / 2] if len(parts) <= MOST_TICKS else []
        places += [t - part.shift for t in ticks]
        labels += [f"{t:.1f}".removesuffix(".0") for t in ticks]
    apart: list[int] = []
    for index in np.argsort(places).tolist():
        if not apart or places[index] - places[apart[-1]] >= span / 22:
            apart.append(index)
    for one in (axes, below):
        one.set_xticks([places[i] for i in apart], [labels[i] for i in apart])
    below.set_xlabel(f"Time [d, {system}]; P: mean probability of the segments there, from 0 (dark) to 1 (bright)", labelpad=1)
