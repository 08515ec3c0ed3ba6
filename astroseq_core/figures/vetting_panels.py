"""The vetter's six panels: whole orbit, transit, odd against even, secondary search, each transit, depth from one to the next."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from astroseq_core.figures import colours, raster
from astroseq_core.figures.layout import PPT, dress
from astroseq_core.figures.raster import Frame
from astroseq_core.vetting.examine import Examination
from astroseq_core.vetting.odd_even import Half
from astroseq_core.vetting.single_transits import SingleTransit

#: The figure's height, and the size of one panel [px] on a laptop's screen.
HEIGHT, PANEL = 408, (318, 152)
ORBIT, TRANSIT, ODD_EVEN, SECONDARY, EACH, DEPTHS = ((r, c) for r in (1, 2) for c in (1, 2, 3))
#: Odd and even transits: two colours of the planets' that are far apart for all eyes.
ODD, EVEN = colours.PLANETS[3], colours.PLANETS[1]
#: So many transits are drawn above each other; more become a map with a row for each.
MOST_STACKED = 9
#: A map of transits has so many columns at most, none narrower than a cadence, and so many rows, each the mean of neighbours.
MAP_COLUMNS, MAP_ROWS = 60, 60
#: Marks that can be clicked to move the epoch there.
PHASE_MARKS = "phase"
#: Lines at these significances show what counts in the secondary search.
SIGNIFICANT = 3.0


@dataclass(frozen=True)
class Captions:
    """What stands under the panels: what they show, and what good looks like."""

    what: str = (
        "From left to right, top: the whole orbit folded; the transit with binned medians, their errors and the fitted transit; "
        "odd transits against even ones. Below: how significant a dip of the transit's duration is at every other phase; the "
        "single transits above each other, the first at the top; the depth of each with its error."
    )
    good: str = (
        "A planet: one dip in the whole orbit, a flat floor or a rounded U, odd and even equally deep, nothing significant at "
        "phase 0.5 or elsewhere, every transit there and equally deep. Click a mark in the whole orbit to move the epoch there."
    )


def panels_figure(examined: Examination) -> go.Figure:
    """The figure; depths in parts per thousand, as everywhere, titles with the numbers in ppm and their errors."""
    figure = make_subplots(rows=2, cols=3, vertical_spacing=0.2, horizontal_spacing=0.062, subplot_titles=_titles(examined))
    _orbit(figure, examined)
    _transit(figure, examined)
    _odd_even(figure, examined)
    _secondary(figure, examined)
    _each(figure, examined)
    _depths(figure, examined)
    dress(figure, HEIGHT, top=22, legend=False, identity=f"{examined.ephemeris.target_id} {examined.ephemeris.period_days}")
    figure.update_annotations(font={"size": 12}, yshift=-2)
    figure.update_layout(margin={"l": 4, "r": 4, "b": 4})
    for (row, col), x, y in (
        (ORBIT, "Phase", "Flux [ppt]"), (TRANSIT, "Hours from mid-transit", ""), (ODD_EVEN, "Odd | even, hours", ""),
        (SECONDARY, "Phase", "Significance [σ]"), (EACH, "Hours from mid-transit", ""), (DEPTHS, "Transit number", "Depth [ppt]"),
    ):  # fmt: skip
        figure.update_xaxes(title={"text": x, "standoff": 2}, row=row, col=col)
        figure.update_yaxes(title={"text": y, "standoff": 2}, nticks=5, row=row, col=col)
    return figure


def _titles(examined: Examination) -> list[str]:
    fit, second = examined.fit, examined.secondary
    transit = "Transit" if fit is None else f"Transit: {depth(fit.depth_ppm, fit.depth_err_ppm)}, {fit.duration_hours:.2f} h"
    odd = "Odd against even"
    if examined.odd_even_sigma is not None:
        odd = f"Odd against even: differ by {examined.odd_even_sigma:.1f} σ"
    secondary = "Secondary"
    if second is not None:
        at_half = "" if second.half_sigma is None else f"{second.half_sigma:.1f} σ at 0.5"
        strongest = ""
        if second.strongest_sigma is not None and second.strongest_phase is not None:
            strongest = f"{second.strongest_sigma:.1f} σ at {second.strongest_phase:.2f}"
        secondary = f"Secondary: {', '.join(filter(None, (at_half, strongest))) or 'none'}"
    count = sum(t.depth_ppm is not None for t in examined.transits)
    each = f"Each of {count} transit{'s' * (count != 1)}"
    return ["Whole orbit", transit, odd, secondary, each, "Depth from transit to transit"]


def depth(value: float, error: float | None) -> str:
    """A depth in words, as exact as it is known: ``1,234 ± 56 ppm``."""
    if error is None or not np.isfinite(error):
        return f"{value:,.0f} ppm"
    return f"{value:,.0f} ± {error:,.0f} ppm"


def _range(low: float, high: float, room: float = 0.08) -> tuple[float, float]:
    gap = room * max(high - low, 1e-3)
    return low - gap, high + gap


def _limits(flat: NDArray[np.floating], floor: float = 0.0) -> tuple[float, float]:
    """Range [ppt] that holds most of the scatter, and the ``floor`` of the dip."""
    if len(flat) == 0:
        return -1.0, 1.0
    low, high = (float(v) * PPT for v in np.nanquantile(flat, [0.003, 0.997]))
    return _range(min(low, floor), high)


def _floor(examined: Examination) -> float:
    """How deep the dip is drawn at least [ppt]: the fit's, else the bins'."""
    if examined.fit is not None:
        return -abs(examined.fit.depth_ppm) / PPT * 1.08
    return float(np.nanmin(examined.fold.bin_median)) * PPT if len(examined.fold.bin_median) else 0.0


def _points(
    figure: go.Figure, place: tuple[int, int], x: NDArray[np.floating], y: NDArray[np.floating], span: tuple[float, float],
    limits: tuple[float, float],
) -> None:  # fmt: skip
    """All cadences as a picture, and the panel's ranges."""
    row, col = place
    frame = Frame(span, limits, *PANEL)
    inside = int(np.count_nonzero((x >= span[0]) & (x <= span[1])))
    raster.add(figure, raster.cloud(x, y, frame, point_px=raster.size_for(inside)), frame, row=row, col=col)
    figure.update_xaxes(range=span, row=row, col=col)
    figure.update_yaxes(range=limits, row=row, col=col)


def _marks(
    figure: go.Figure, place: tuple[int, int], x: NDArray[np.floating], y: NDArray[np.floating],
    error: NDArray[np.floating] | None, colour: str, hover: str, *, size: float = 5, group: str = "",
) -> None:  # fmt: skip
    """Measured values with their errors."""
    bars = {} if error is None else {"error_y": {"array": error, "thickness": 1.1, "width": 0, "color": colour}}
    figure.add_trace(
        go.Scatter(
            x=x, y=y, mode="markers", marker={"color": colour, "size": size}, showlegend=False, hovertemplate=hover,
            legendgroup=group or None, **bars,
        ),
        row=place[0], col=place[1],
    )  # fmt: skip


def _line(
    figure: go.Figure, place: tuple[int, int], x: Sequence[float] | NDArray[np.floating],
    y: Sequence[float] | NDArray[np.floating], colour: str, *, width: float = 1.6, dash: str = "solid",
) -> None:  # fmt: skip
    figure.add_trace(
        go.Scatter(x=np.asarray(x), y=np.asarray(y), mode="lines", line={"color": colour, "width": width, "dash": dash},
                   showlegend=False, hoverinfo="skip"),
        row=place[0], col=place[1],
    )  # fmt: skip


def _nothing(figure: go.Figure, place: tuple[int, int], words: str) -> None:
    """An empty panel that says why."""
    row, col = place
    # A trace keeps the panel's axes; an annotation alone would lose them.
    figure.add_trace(go.Scatter(x=[0.0], y=[0.0], mode="markers", marker={"opacity": 0}, hoverinfo="skip", showlegend=False),
                     row=row, col=col)  # fmt: skip
    figure.add_annotation(text=words, x=0.5, y=0.5, xref="x domain", yref="y domain", showarrow=False, row=row, col=col,
                          font={"size": 11})  # fmt: skip
    figure.update_xaxes(showticklabels=False, range=[-1, 1], row=row, col=col)
    figure.update_yaxes(showticklabels=False, range=[-1, 1], row=row, col=col)


def _orbit(figure: go.Figure, examined: Examination) -> None:
    whole = examined.phase
    if whole is None:
        _nothing(figure, ORBIT, "a single transit has no orbit to fold")
        return
    limits = _limits(whole.flat, _floor(examined))
    _points(figure, ORBIT, whole.phase, whole.flat * PPT, (-0.25, 0.75), limits)
    _marks(figure, ORBIT, whole.bin_phase, whole.bin_mean * PPT, None, colours.TREND,
           "phase %{x:.3f}<br>%{y:.3f} ppt<extra></extra>", size=4, group=PHASE_MARKS)  # fmt: skip


def _transit(figure: go.Figure, examined: Examination) -> None:
    fold = examined.fold
    if len(fold.flat) == 0:
        _nothing(figure, TRANSIT, "no cadence near a predicted transit")
        return
    half, reach = fold.ephemeris.duration_hours / 2, float(np.max(np.abs(fold.phase_hours)))
    figure.add_vrect(x0=-half, x1=half, fillcolor=colours.faded(colours.planet(0), 0.16), line_width=0, layer="below",
                     row=TRANSIT[0], col=TRANSIT[1])  # fmt: skip
    _points(figure, TRANSIT, fold.phase_hours, fold.flat * PPT, (-reach, reach), _limits(fold.flat, _floor(examined)))
    if examined.fit is not None:
        _line(figure, TRANSIT, examined.fit.hours, examined.fit.model * PPT, colours.planet(0), width=2.2)
    _marks(figure, TRANSIT, fold.bin_hours, fold.bin_median * PPT, fold.bin_error * PPT, colours.TREND,
           "%{x:.2f} h<br>%{y:.3f} ppt<extra>bin</extra>")  # fmt: skip


def _odd_even(figure: go.Figure, examined: Examination) -> None:
    halves = [h for h in (examined.odd, examined.even) if h is not None]
    if len(halves) < 2:
        _nothing(figure, ODD_EVEN, "needs an odd and an even transit")
        return
    reach = max(float(np.max(np.abs(h.bin_hours), initial=examined.ephemeris.duration_hours)) for h in halves) * 1.12
    lows = [float(np.min(h.bin_mean - h.bin_error, initial=0.0)) * PPT for h in halves]
    highs = [float(np.max(h.bin_mean + h.bin_error, initial=0.0)) * PPT for h in halves]
    limits = _range(min(lows), max(highs))
    figure.update_yaxes(range=limits, row=ODD_EVEN[0], col=ODD_EVEN[1])
    for half, shift, colour, word in ((halves[0], -reach, ODD, "odd"), (halves[1], reach, EVEN, "even")):
        _half(figure, half, shift, reach, colour, word)
    _line(figure, ODD_EVEN, [0, 0], limits, colours.REFERENCE, width=1)
    figure.update_xaxes(
        range=[-2 * reach, 2 * reach], tickvals=[-reach, reach], ticktext=["0", "0"], row=ODD_EVEN[0], col=ODD_EVEN[1]
    )


def _half(figure: go.Figure, half: Half, shift: float, reach: float, colour: str, word: str) -> None:
    low, high = (-(half.depth_ppm + sign * half.depth_err_ppm) / PPT for sign in (1, -1))
    corners = ([shift - reach, shift + reach, shift + reach, shift - reach], [low, low, high, high])
    figure.add_trace(
        go.Scatter(x=corners[0], y=corners[1], fill="toself", fillcolor=colours.faded(colour, 0.3), line={"width": 0},
                   mode="lines", hoverinfo="skip", showlegend=False),
        row=ODD_EVEN[0], col=ODD_EVEN[1],
    )  # fmt: skip
    said = f"{word}: {depth(half.depth_ppm, half.depth_err_ppm)}"
    _marks(figure, ODD_EVEN, half.bin_hours + shift, half.bin_mean * PPT, half.bin_error * PPT, colour, f"{said}<extra></extra>")


def _secondary(figure: go.Figure, examined: Examination) -> None:
    second = examined.secondary
    if second is None:
        _nothing(figure, SECONDARY, "no phase outside transit to search")
        return
    top = max(float(np.nanmax(second.sigma, initial=0.0)), SIGNIFICANT) * 1.12
    bottom = min(float(np.nanmin(second.sigma, initial=0.0)), -SIGNIFICANT) * 1.05
    _line(figure, SECONDARY, second.phase, second.sigma, colours.CADENCES, width=1.2)
    for level in (0.0, SIGNIFICANT):
        _line(figure, SECONDARY, [0.0, 1.0], [level, level], colours.REFERENCE, width=1, dash="solid" if level == 0 else "dot")
    for phase, ppm, error, sigma, colour, word in (
        (0.5, second.half_depth_ppm, second.half_err_ppm, second.half_sigma, EVEN, "phase 0.5"),
        (second.strongest_phase, second.strongest_depth_ppm, second.strongest_err_ppm, second.strongest_sigma, ODD, "strongest"),
    ):
        if phase is not None and ppm is not None and sigma is not None:
            _marks(figure, SECONDARY, np.array([phase]), np.array([sigma]), None, colour,
                   f"{word}: {depth(ppm, error)}<br>phase %{{x:.3f}}, %{{y:.1f}} σ<extra></extra>", size=9)  # fmt: skip
    figure.update_yaxes(range=[bottom, top], row=SECONDARY[0], col=SECONDARY[1])
    figure.update_xaxes(range=[0.0, 1.0], row=SECONDARY[0], col=SECONDARY[1])


def _each(figure: go.Figure, examined: Examination) -> None:
    seen = [t for t in examined.transits if len(t.hours)]
    if not seen:
        _nothing(figure, EACH, "no transit has data")
    elif len(seen) <= MOST_STACKED:
        _stacked(figure, examined, seen)
    else:
        _mapped(figure, examined, seen)


def _stacked(figure: go.Figure, examined: Examination, seen: Sequence[SingleTransit]) -> None:
    """The transits above each other, the first on top, each with its number."""
    flat = np.concatenate([t.flat for t in seen])
    low, high = (float(v) * PPT for v in np.nanquantile(flat, [0.01, 0.99]))
    step = max(high - min(low, _floor(examined)), 1e-3) * 0.65
    reach = float(max(np.max(np.abs(t.hours)) for t in seen))
    limits = _range(min(low, _floor(examined)) - step * (len(seen) - 1), high, 0.03)
    x = np.concatenate([t.hours for t in seen])
    y = np.concatenate([t.flat * PPT - step * k for k, t in enumerate(seen)])
    _points(figure, EACH, x, y, (-reach, reach), limits)
    for k, t in enumerate(seen):
        if examined.fit is not None:
            pick = np.abs(examined.fit.hours) <= reach
            _line(figure, EACH, examined.fit.hours[pick], examined.fit.model[pick] * PPT - step * k, ODD if t.odd else EVEN)
    figure.update_yaxes(
        tickvals=[-step * k for k in range(len(seen))], ticktext=[str(t.number) for t in seen], row=EACH[0], col=EACH[1]
    )


def _mapped(figure: go.Figure, examined: Examination, seen: Sequence[SingleTransit]) -> None:
    """A row for each transit, darker where there is less light: what drifts or comes and goes is seen at once."""
    reach = float(max(np.max(np.abs(t.hours)) for t in seen))
    cadence = max(c.cadence_minutes for c in examined.prepared) / 60
    columns = int(np.clip(2 * reach / cadence, 8, MAP_COLUMNS))
    edges = np.linspace(-reach, reach, columns + 1)
    together = -(-len(seen) // MAP_ROWS)
    groups = [seen[i : i + together] for i in range(0, len(seen), together)]
    rows = np.full((len(groups), columns), np.nan, np.float32)
    for k, group in enumerate(groups):
        hours, flat = (np.concatenate([getattr(t, name) for t in group]) for name in ("hours", "flat"))
        place = np.clip(np.digitize(hours, edges) - 1, 0, columns - 1)
        count = np.bincount(place, minlength=columns)
        with np.errstate(invalid="ignore"):
            rows[k] = np.where(count > 0, np.bincount(place, flat * PPT, columns) / count, np.nan)
    scatter = float(np.nanstd(rows))
    low = min(_floor(examined), -scatter)
    figure.add_trace(
        go.Heatmap(
            x=(edges[1:] + edges[:-1]) / 2, y=np.arange(len(groups)), z=rows, colorscale="Greys", reversescale=True, zmin=low,
            zmax=max(-0.5 * low, scatter), showscale=False, hoverongaps=False,
            customdata=np.repeat(np.array([g[0].number for g in groups])[:, None], columns, axis=1),
            hovertemplate="transit %{customdata}, %{x:.1f} h<br>%{z:.2f} ppt<extra></extra>",
        ),
        row=EACH[0], col=EACH[1],
    )  # fmt: skip
    marked = np.unique(np.linspace(0, len(groups) - 1, 4).astype(int))
    figure.update_yaxes(
        autorange="reversed", tickvals=marked, ticktext=[str(groups[k][0].number) for k in marked], showgrid=False, row=EACH[0],
        col=EACH[1],
    )  # fmt: skip
    figure.update_xaxes(range=[-reach, reach], showgrid=False, row=EACH[0], col=EACH[1])


def _depths(figure: go.Figure, examined: Examination) -> None:
    known = [t for t in examined.transits if t.depth_ppm is not None and t.depth_err_ppm is not None]
    if not known:
        _nothing(figure, DEPTHS, "no transit has a measured depth")
        return
    for odd, colour in ((True, ODD), (False, EVEN)):
        these = [t for t in known if t.odd == odd]
        if these:
            values = np.array([[t.number, t.depth_ppm, t.depth_err_ppm] for t in these], np.float64)
            _marks(figure, DEPTHS, values[:, 0], values[:, 1] / PPT, values[:, 2] / PPT, colour,
                   "transit %{x}<br>%{y:.3f} ppt<extra></extra>")  # fmt: skip
    numbers = [t.number for t in known]
    mean = np.average([t.depth_ppm for t in known], weights=[1 / max(t.depth_err_ppm or 1.0, 1e-9) ** 2 for t in known]) / PPT
    _line(figure, DEPTHS, [min(numbers) - 0.5, max(numbers) + 0.5], [mean, mean], colours.REFERENCE, width=1.4)
    _line(figure, DEPTHS, [min(numbers) - 0.5, max(numbers) + 0.5], [0, 0], colours.REFERENCE, width=0.8, dash="dot")
