"""Panels of a report: whole orbit, close fold, odd against even, secondary, single transits."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core.plots import style
from astroseq_core.vetting.checks.base import format_depth
from astroseq_core.vetting.examine import Examination
from astroseq_core.vetting.fold import mean_bins

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PPT = 1e3
#: Most points outside transit in a panel; those in transit are all drawn.
MAX_POINTS = 6000
#: Most single transits on a page, number of their columns, and half width of each [durations].
MAX_TRANSITS, TRANSIT_COLUMNS, REACH_DURATIONS = 14, 2, 1.6
#: Single transits with more cadences than this are binned, with this many bins per duration.
MIN_CADENCES_TO_BIN, BINS_PER_DURATION = 60, 8


def _plot_points(
    axes: "Axes", x: NDArray[np.float64], y: NDArray[np.float64], always: NDArray[np.bool_], size: float = 1.6
) -> None:
    rest = np.flatnonzero(~always)
    pick = np.r_[np.flatnonzero(always), rest[:: max(1, -(-len(rest) // MAX_POINTS))]]
    axes.plot(x[pick], y[pick] * PPT, ".", ms=size, mew=0, color=style.CADENCE_COLOR, alpha=0.6, rasterized=True)


def _plot_bins(axes: "Axes", x: NDArray[np.float64], y: NDArray[np.float64], error: NDArray[np.float64], color: str) -> None:
    axes.errorbar(x, np.asarray(y) * PPT, np.asarray(error) * PPT, fmt="o", ms=2.4, mew=0, lw=0.7, color=color, zorder=3)


def _set_flux_limits(axes: "Axes", flat: NDArray[np.float64], *lows: float | None) -> None:
    if not len(flat):
        return
    low, high = (float(v) * PPT for v in np.quantile(flat, [0.003, 0.997]))
    low = min([low, *(v * PPT for v in lows if v is not None)])
    room = 0.08 * max(high - low, 1e-6)
    axes.set_ylim(low - room, high + room)


def _draw_empty(axes: "Axes", why: str) -> None:
    axes.text(0.5, 0.5, why, transform=axes.transAxes, ha="center", va="center", size=6.5, color="0.4", parse_math=False)
    axes.set_xticks([])
    axes.set_yticks([])


def _set_title(axes: "Axes", text: str) -> None:
    axes.set_title(text, size=7, loc="left", pad=3, parse_math=False)


def draw_orbit(axes: "Axes", e: Examination) -> None:
    """Draw the whole orbit, from phase -0.25 to 0.75 with the transit at 0.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Axes to draw on.
    e : Examination
        Examination of the star.
    """
    _set_title(axes, "Whole orbit")
    if e.phase is None:
        _draw_empty(axes, "a single transit has no orbit to fold")
        return
    half = e.ephemeris.duration_days / 2 / (e.ephemeris.period_days or 1.0)
    always = np.abs(e.phase.phase) <= half
    axes.axvspan(-half, half, color=style.planet_color(0), alpha=style.BAND_OPACITY, lw=0)
    axes.axvline(0.5, color=style.CADENCE_COLOR, lw=0.7, ls=(0, (2, 2)))
    _plot_points(axes, e.phase.phase, e.phase.flat, always)
    _plot_bins(axes, e.phase.bin_phase, e.phase.bin_mean, e.phase.bin_error, style.TREND_COLOR)
    axes.set_xlim(-0.25, 0.75)
    axes.set_xlabel("Phase")
    axes.set_ylabel("Flux [ppt]")
    _set_flux_limits(axes, e.phase.flat, -e.fold.depth_ppm / 1e6 if e.fold.depth_ppm else None)


def draw_close_fold(axes: "Axes", e: Examination) -> None:
    """Draw the fold around mid-transit with the fitted transit.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Axes to draw on.
    e : Examination
        Examination of the star.
    """
    _set_title(axes, f"Close fold, {e.fold.num_transits} transit{'s' * (e.fold.num_transits != 1)}")
    half = e.ephemeris.duration_hours / 2
    axes.axvspan(-half, half, color=style.planet_color(0), alpha=style.BAND_OPACITY / 2, lw=0)
    _plot_points(axes, e.fold.phase_hours, e.fold.flat, np.abs(e.fold.phase_hours) <= half)
    _plot_bins(axes, e.fold.bin_hours, e.fold.bin_median, e.fold.bin_error, style.TREND_COLOR)
    if e.fit is not None:
        axes.plot(e.fit.hours, e.fit.model * PPT, color=style.FIT_COLOR, lw=1.2, zorder=4)
    if len(e.fold.phase_hours):
        axes.set_xlim(float(e.fold.phase_hours[0]), float(e.fold.phase_hours[-1]))
    axes.set_xlabel("Hours from mid-transit")
    _set_flux_limits(axes, e.fold.flat, -e.fold.depth_ppm / 1e6 if e.fold.depth_ppm else None)


def draw_odd_even(axes: "Axes", e: Examination) -> None:
    """Draw odd beside even transits, with the depth of each and its error as a band.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Axes to draw on.
    e : Examination
        Examination of the star.
    """
    sigma = "" if e.odd_even_sigma is None else f": {e.odd_even_sigma:.1f} σ apart"
    _set_title(axes, f"Odd against even{sigma}")
    if e.odd is None or e.even is None:
        _draw_empty(axes, "odd and even transits are not both there")
        return
    duration = e.ephemeris.duration_hours
    ticks: list[float] = []
    lows, highs = [], []
    for half, shift, color, word in ((e.odd, -1.25, style.ODD_COLOR, "odd"), (e.even, 1.25, style.EVEN_COLOR, "even")):
        keep = np.abs(half.bin_hours) <= duration
        x = half.bin_hours[keep] / duration + shift
        _plot_bins(axes, x, half.bin_mean[keep], half.bin_error[keep], color)
        depth, error = half.depth_ppm / PPT, half.depth_err_ppm / PPT
        # The band spans both, so that the two depths can be compared at a glance.
        axes.axhspan(-depth - error, -depth + error, color=color, alpha=0.25, lw=0)
        axes.text(
            shift,
            0.97,
            f"{word} ({half.num_transits})\n{format_depth(half.depth_ppm, half.depth_err_ppm)}",
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="top",
            size=5.8,
            color=color,
        )
        ticks += [shift - 0.5, shift, shift + 0.5]
        lows += [-depth - error, *(half.bin_mean[keep] * PPT).tolist()]
        highs += (half.bin_mean[keep] * PPT).tolist()
    low, high = min(lows, default=-1.0), max([0.0, *highs])
    room = max(high - low, 1e-6)
    axes.set_ylim(low - 0.1 * room, high + 0.4 * room)
    axes.set_xlim(-2.4, 2.4)
    axes.axvline(0, color=style.CADENCE_COLOR, lw=0.6)
    axes.set_xticks(ticks, ["−½", "0", "½"] * 2)
    axes.set_xlabel("Durations from mid-transit")


def draw_secondary(axes: "Axes", e: Examination) -> None:
    """Draw the depth of a box of the transit's duration at all other phases.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Axes to draw on.
    e : Examination
        Examination of the star.
    """
    _set_title(axes, "Search for a secondary, depth [ppt]")
    found = e.secondary
    if found is None:
        _draw_empty(axes, "a single transit has no other phases")
        return
    depth, sigma = found.depth_ppm / PPT, found.sigma
    with np.errstate(all="ignore"):
        error = np.where(np.abs(sigma) > 0, np.abs(found.depth_ppm / sigma), np.nan) / PPT
    axes.fill_between(found.phase, depth - error, depth + error, color=style.TREND_COLOR, alpha=0.2, lw=0)
    axes.plot(found.phase, depth, color=style.TREND_COLOR, lw=0.7)
    axes.axhline(0, color=style.CADENCE_COLOR, lw=0.6)
    axes.axvline(0.5, color=style.CADENCE_COLOR, lw=0.7, ls=(0, (2, 2)))
    text = []
    if found.half_depth_ppm is not None and found.half_sigma is not None:
        axes.plot(0.5, found.half_depth_ppm / PPT, "D", ms=4, color=style.TREND_COLOR, mfc="none")
        text.append(f"at ½: {format_depth(found.half_depth_ppm, found.half_err_ppm)} ({found.half_sigma:.1f} σ)")
    if found.strongest_phase is not None and found.strongest_depth_ppm is not None and found.strongest_sigma is not None:
        axes.plot(found.strongest_phase, found.strongest_depth_ppm / PPT, "o", ms=4, color=style.TREND_COLOR)
        depth_there = format_depth(found.strongest_depth_ppm)
        text.append(f"at {found.strongest_phase:.3f}: {depth_there} ({found.strongest_sigma:.1f} σ)")
    finite = depth[np.isfinite(depth)]
    if len(finite):
        # A spike at the edge of another planet's mask must not set the scale.
        found_there = [v / PPT for v in (found.half_depth_ppm, found.strongest_depth_ppm) if v is not None]
        low, high = (float(v) for v in np.quantile(finite, [0.005, 0.995]))
        low, high = min([low, *found_there]), max([high, *found_there])
        room = max(high - low, 1e-6)
        axes.set_ylim(low - 0.1 * room, high + 0.45 * room)
    axes.text(
        0.5,
        0.97,
        "\n".join(text),
        transform=axes.transAxes,
        ha="center",
        va="top",
        size=5.8,
        bbox={"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 1.0},
    )
    axes.set_xlim(0, 1)
    axes.set_xlabel("Phase")


def draw_transits(axes: "Axes", e: Examination) -> None:
    """Draw the single transits above each other with their numbers.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Axes to draw on.
    e : Examination
        Examination of the star.
    """
    observed = [t for t in e.transits if len(t.flat)]
    # Evenly spread over all; every nth could be odd transits alone.
    places = np.linspace(0, len(observed) - 1, min(MAX_TRANSITS, len(observed))).round().astype(int).tolist()
    with_data = [observed[i] for i in places]
    rest = "" if len(with_data) == len(observed) else f", {len(with_data)} of {len(observed)}"
    _set_title(axes, f"Single transits{rest}")
    axes.set_yticks([])
    if not with_data:
        _draw_empty(axes, "no transit was observed")
        return
    duration = e.ephemeris.duration_hours
    depth = max(e.fold.depth_ppm or 0.0, 1.0) / PPT
    noise = float(np.median([np.median(np.abs(t.flat - np.median(t.flat))) for t in with_data])) * 1.48 * PPT
    step = 1.15 * depth + 4.0 * noise
    rows = -(-len(with_data) // TRANSIT_COLUMNS)
    width = 2 * REACH_DURATIONS + 1.3
    for place, transit in enumerate(with_data):
        column, row = divmod(place, rows)
        color = style.ODD_COLOR if transit.odd else style.EVEN_COLOR
        x = transit.hours / duration
        keep = np.abs(x) <= REACH_DURATIONS
        level = -row * step
        at, flat = x[keep], transit.flat[keep]
        many = len(at) > MIN_CADENCES_TO_BIN
        axes.plot(
            at + column * width,
            flat * PPT + level,
            ".",
            ms=1.6 if many else 3.2,
            mew=0,
            color=color,
            alpha=0.35 if many else 0.85,
            rasterized=True,
        )
        if many:
            middle, mean, _ = mean_bins(at, flat, 1 / BINS_PER_DURATION)
            axes.plot(middle + column * width, mean * PPT + level, ".", ms=2.6, mew=0, color=color)
        marks = ("g" if transit.touches_gap else "") + ("d" if transit.near_dump else "")
        name = f"{transit.number} ({marks})" if marks else str(transit.number)
        axes.text(column * width - REACH_DURATIONS - 0.12, level, name, ha="right", va="center", size=5.2, color=color)
    axes.set_xlim(
        -REACH_DURATIONS - 1.1,
        TRANSIT_COLUMNS * width - REACH_DURATIONS - 1.0 if len(with_data) > rows else REACH_DURATIONS + 0.3,
    )
    axes.set_ylim(-rows * step, 0.35 * step + 3 * noise)
    columns = 2 if len(with_data) > rows else 1
    axes.set_xticks([c * width + v for c in range(columns) for v in (-1, 0, 1)], ["−1", "0", "1"] * columns)
    axes.set_xlabel("Durations from mid-transit; g: at a gap, d: at a momentum dump", size=5.8)
