"""The worst mistakes of a model as small multiples: what its segments looked like."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from astroseq_core.figures import colours
from astroseq_core.figures.bands import bands
from astroseq_core.figures.layout import PPT, dress
from astroseq_core.scoring.worst import Excerpt, Mistake

COLUMNS = 2
#: Height [px] of a picture, and of what stands above and below all.
PANEL, FRAME = 170, 70
#: Part of the cadences that a panel's range holds; the strongest flare must not flatten the rest.
SHOWN_PART = 0.998


def worst_figure(excerpts: Sequence[Excerpt]) -> go.Figure:
    """Detrended flux [ppt] of each mistake's segment in a panel of its own, predicted transits as bands."""
    rows = max(1, -(-len(excerpts) // COLUMNS))
    figure = make_subplots(
        rows=rows, cols=COLUMNS, vertical_spacing=min(0.09, 0.42 / rows), horizontal_spacing=0.08,
        subplot_titles=[caption(e.mistake) for e in excerpts],
    )  # fmt: skip
    for number, excerpt in enumerate(excerpts):
        row, column = number // COLUMNS + 1, number % COLUMNS + 1
        low, high = _range(excerpt)
        for k, ephemeris in enumerate(excerpt.ephemerides if len(excerpt.time) else ()):
            found = bands(ephemeris, float(excerpt.time[0]), float(excerpt.time[-1]), excerpt.mistake.system)
            for trusted in (True, False):
                x, edge = found.outline(low, high, trusted=trusted)
                if len(x):
                    # A band may reach over the segment's end; what is not in the segment was not shown.
                    x = np.clip(x, excerpt.time[0], excerpt.time[-1])
                    figure.add_trace(
                        go.Scatter(
                            x=x, y=edge, mode="lines", fill="toself", hoverinfo="skip", showlegend=False, name=ephemeris.name,
                            fillcolor=colours.faded(colours.planet(k), colours.BAND_OPACITY if trusted else 0.0),
                            line={"color": colours.planet(k), "width": 0 if trusted else 1.4},
                        ),
                        row=row, col=column,
                    )  # fmt: skip
        figure.add_trace(
            go.Scattergl(
                x=excerpt.time, y=(excerpt.flat * PPT).astype(np.float32), mode="markers", showlegend=False,
                marker={"color": colours.CADENCES, "size": 2.6}, name=excerpt.mistake.target_id,
                hovertemplate="%{x:.4f}: %{y:.3f} ppt<extra></extra>",
            ),
            row=row, col=column,
        )  # fmt: skip
        figure.update_yaxes(range=[low, high], nticks=4, row=row, col=column)
        figure.update_xaxes(nticks=5, row=row, col=column)
    dress(figure, FRAME + PANEL * rows, top=44, legend=False)
    figure.update_annotations(font_size=11)
    for column in range(1, COLUMNS + 1):
        system = next((str(e.mistake.system) for e in excerpts[column - 1 :: COLUMNS]), "")
        figure.update_xaxes(title_text=f"{system} [d]" if system else "", row=rows, col=column)
    figure.update_yaxes(title_text="Flux [ppt]", col=1)
    return figure


def caption(mistake: Mistake) -> str:
    """As ``TIC 52583022 · segment 12 · p = 0.981 · 40 more of this star``."""
    parts = [mistake.target_id, f"segment {mistake.segment}", f"p = {mistake.probability:.3f}"]
    if mistake.snr is not None:
        parts.append(f"SNR {mistake.snr:.1f}")
    if mistake.others:
        parts.append(f"{mistake.others} more of this star")
    return " · ".join(parts)


def _range(excerpt: Excerpt) -> tuple[float, float]:
    if not len(excerpt.flat):
        return -1.0, 1.0
    low, high = (float(v) * PPT for v in np.quantile(excerpt.flat, [1 - SHOWN_PART, SHOWN_PART]))
    # Dips are what it is about: none is cut off.
    low = min(low, float(excerpt.flat.min()) * PPT)
    room = 0.08 * max(high - low, 1e-6)
    return low - room, high + room
