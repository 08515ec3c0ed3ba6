"""Light curve of a report: all observations on one axis without long gaps, with transit windows."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core.export.report.data import ReportData
from astroseq_core.plots import _points, _timeline, style
from astroseq_core.plots._ranges import detrended_range_ppt
from astroseq_core.plots._timeline import Stretch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PPT = 1e3
#: What is left of a gap, as a fraction of the observed time.
GAP_FRACTION_SHOWN = 0.012
#: Most cadences drawn, besides those in dips and transits.
MAX_POINTS = 15_000
#: Smallest width of a transit window, as a fraction of the axis.
MIN_WINDOW_FRACTION = 0.0012
#: If there are more windows than this, they are drawn fainter so that the light curve stays visible.
MANY_WINDOWS = 60
#: Most tick labels under the axis.
MAX_TICKS = 12


@dataclass(frozen=True)
class JoinedAxis:
    """One axis from which the gaps between stretches are cut out but for a little.

    Attributes
    ----------
    parts : tuple of Stretch
        The stretches.
    shifts : tuple of float
        Shift of each to the left [d].
    """

    parts: tuple[Stretch, ...]
    shifts: tuple[float, ...]

    @property
    def ends(self) -> tuple[tuple[float, float], ...]:
        """Positions of the first and the last time of each stretch [d]."""
        return tuple((p.start - shift, p.stop - shift) for p, shift in zip(self.parts, self.shifts, strict=True))

    def positions(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the positions of times on the axis.

        Parameters
        ----------
        time : ndarray
            Times [d], any shape.

        Returns
        -------
        ndarray
            Positions [d], same shape; NaN for times inside a gap.
        """
        out = np.full(np.shape(time), np.nan)
        for part, shift in zip(self.parts, self.shifts, strict=True):
            inside = (time >= part.start) & (time <= part.stop)
            out[inside] = time[inside] - shift
        return out


def join_axis(parts: Sequence[Stretch]) -> JoinedAxis:
    """Lay out stretches on one axis with a short gap between neighbors.

    Parameters
    ----------
    parts : sequence of Stretch
        The stretches, in time order.

    Returns
    -------
    JoinedAxis
        The axis; it begins at the first time.

    Examples
    --------
    >>> axis = join_axis(_timeline.join_spans([(0.0, 10.0), (11.0, 20.0), (500.0, 510.0)]))
    >>> [round(shift, 2) for shift in axis.shifts]
    [0.0, 479.64]
    """
    gap = GAP_FRACTION_SHOWN * sum(part.days for part in parts)
    shifts = [0.0]
    for before, after in itertools.pairwise(parts):
        shifts.append(shifts[-1] + after.start - before.stop - gap)
    return JoinedAxis(tuple(parts), tuple(shifts))


def draw_light_curve(axes: "Axes", probabilities: "Axes", star: ReportData) -> None:
    """Draw the light curve with its transit windows, and the segment probabilities below.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Axes of the light curve.
    probabilities : matplotlib.axes.Axes
        Axes of the probabilities; says so if there are none.
    star : ReportData
        Content of the report.
    """
    examined = star.examination
    detrended = examined.detrended
    axis = join_axis(_timeline.stretches(detrended))
    left, right = axis.ends[0][0], axis.ends[-1][1]
    span = right - left
    least = MIN_WINDOW_FRACTION * span
    for curve, flat in zip(detrended, examined.flats, strict=True):
        inside = examined.ephemeris.in_transit(curve.time, curve.system)
        seen = examined.ephemeris.transits(float(curve.time[0]), float(curve.time[-1]), curve.system)
        width = max(examined.ephemeris.duration_days, least)
        opacity = style.BAND_OPACITY if len(examined.transits) <= MANY_WINDOWS else style.HALO_OPACITY
        for mid in axis.positions(seen.mid).tolist():
            if np.isfinite(mid):
                axes.axvspan(mid - width / 2, mid + width / 2, color=style.planet_color(0), alpha=opacity, lw=0)
        keep = _points.downsample_indices(flat, inside, curve.cadence_minutes, max(500, MAX_POINTS // len(detrended)))
        axes.plot(
            axis.positions(curve.time[keep]),
            flat[keep] * PPT,
            ".",
            ms=1.6,
            mew=0,
            color=style.CADENCE_COLOR,
            alpha=0.8,
            rasterized=True,
        )
    axes.set_ylim(*detrended_range_ppt(examined.flats, examined.fold.depth_ppm))
    axes.set_xlim(left - 0.004 * span, right + 0.004 * span)
    for before, after in itertools.pairwise(axis.ends):
        middle = (before[1] + after[0]) / 2
        for one in (axes, probabilities):
            one.axvline(middle, color=style.CADENCE_COLOR, lw=0.8, ls=(0, (2, 2)))
    axes.set_ylabel("Flux [ppt]")
    axes.tick_params(labelbottom=False)
    _draw_probabilities(probabilities, star, axis)
    probabilities.set_xlim(axes.get_xlim())
    _draw_ticks(axes, probabilities, axis, span, str(detrended[0].system))


def _draw_probabilities(axes: "Axes", star: ReportData, axis: JoinedAxis) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_ylabel("P", rotation=0, ha="right", va="center", labelpad=4)
    if not star.scores:
        axes.text(
            0.5,
            0.45,
            "no probabilities are kept for this star",
            transform=axes.transAxes,
            ha="center",
            va="center",
            size=5.5,
            color="0.45",
        )
    for scores in star.scores:
        pieces = _timeline.probability_strip(scores)
        middle = (pieces.edges[1:] + pieces.edges[:-1]) / 2
        at = axis.positions(middle)
        good = np.isfinite(at) & np.isfinite(pieces.mean)
        if not good.any():
            continue
        half = np.diff(pieces.edges) / 2
        # Each run of adjacent pieces is one image.
        for run in np.split(np.flatnonzero(good), np.flatnonzero(np.diff(np.flatnonzero(good)) > 1) + 1):
            edges = np.r_[at[run] - half[run], at[run[-1]] + half[run[-1]]]
            axes.pcolormesh(
                edges, [0, 1], pieces.mean[run][None, :], cmap=style.PROBABILITY_SCALE.lower(), vmin=0, vmax=1, rasterized=True
            )


def _draw_ticks(axes: "Axes", below: "Axes", axis: JoinedAxis, span: float, system: str) -> None:
    """Set the ticks at round times within each stretch."""
    from matplotlib.ticker import MaxNLocator

    places, labels = [], []
    for part, shift in zip(axis.parts, axis.shifts, strict=True):
        share = (part.stop - part.start) / span
        count = max(1, round(MAX_TICKS * share))
        round_times = MaxNLocator(count, steps=[1, 2, 5, 10]).tick_values(part.start, part.stop)
        ticks = [t for t in round_times if part.start <= t <= part.stop]
        # A label takes about a twentieth of the axis.
        if not ticks or (len(ticks) > 1 and (ticks[1] - ticks[0]) / span < 1 / 20):
            ticks = [(part.start + part.stop) / 2] if len(axis.parts) <= MAX_TICKS else []
        places += [t - shift for t in ticks]
        labels += [f"{t:.1f}".removesuffix(".0") for t in ticks]
    apart: list[int] = []
    for index in np.argsort(places).tolist():
        if not apart or places[index] - places[apart[-1]] >= span / 22:
            apart.append(index)
    for one in (axes, below):
        one.set_xticks([places[i] for i in apart], [labels[i] for i in apart])
    below.set_xlabel(f"Time [d, {system}]; P: mean probability of the segments there, from 0 (dark) to 1 (bright)", labelpad=1)
