"""One planet's transits on top of each other."""

import numpy as np
import plotly.graph_objects as go

from astroseq_core.figures import colours
from astroseq_core.figures.layout import PPT, dress
from astroseq_core.vetting.fold import Fold

HEIGHT = 330
#: So many single cadences are drawn under the bins; those inside the transit always.
MAX_POINTS = 6000


def fold_figure(fold: Fold, index: int) -> go.Figure:
    """Flux in ppt by hours from mid-transit: cadences, binned medians with errors, the transit's duration as a band.

    ``index``: the planet's place in the ephemerides, which gives its colour.
    """
    colour, half = colours.planet(index), fold.ephemeris.duration_hours / 2
    inside = np.abs(fold.phase_hours) <= half
    rest = np.flatnonzero(~inside)
    pick = np.sort(np.r_[np.flatnonzero(inside), rest[:: max(1, len(rest) // MAX_POINTS)]])
    figure = go.Figure()
    figure.add_vrect(x0=-half, x1=half, fillcolor=colours.faded(colour, 0.22), line_width=0, layer="below")
    figure.add_hline(y=0, line={"color": colours.REFERENCE, "width": 1})
    if fold.ephemeris.depth_ppm is not None:
        depth = -fold.ephemeris.depth_ppm / PPT
        figure.add_shape(type="line", x0=-half, x1=half, y0=depth, y1=depth,
                         line={"color": colour, "width": 2, "dash": "dot"})  # fmt: skip
    figure.add_trace(
        go.Scattergl(
            x=fold.phase_hours[pick].astype(np.float32), y=(fold.flat[pick] * PPT).astype(np.float32), mode="markers",
            marker={"color": colours.CADENCES, "size": 2.6, "opacity": 0.45 if len(pick) > 800 else 0.7},
            name="Cadences", hovertemplate="%{x:.2f} h, %{y:.3f} ppt<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=fold.bin_hours, y=fold.bin_median * PPT, mode="markers",
            error_y={"array": fold.bin_error * PPT, "thickness": 1.3, "width": 0, "color": colours.TREND},
            marker={"color": colours.TREND, "size": 7, "line": {"color": "white", "width": 0.8}},
            name="Binned median", hovertemplate="%{x:.2f} h, %{y:.3f} ppt<extra>median of a bin</extra>",
        )
    )  # fmt: skip
    dress(figure, HEIGHT, top=12, legend=False, identity=fold.ephemeris.name)
    figure.update_xaxes(title_text="Hours from mid-transit")
    figure.update_yaxes(title_text="Flux [ppt]", range=list(_range(fold)))
    return figure


def _range(fold: Fold) -> tuple[float, float]:
    """A range [ppt] that holds the bins and the most of the scatter."""
    if len(fold.flat) == 0:
        return -1.0, 1.0
    low, high = (float(v) * PPT for v in np.quantile(fold.flat, [0.003, 0.997]))
    if len(fold.bin_median):
        low = min(low, float(np.min(fold.bin_median - fold.bin_error)) * PPT)
    if fold.ephemeris.depth_ppm is not None:
        low = min(low, -fold.ephemeris.depth_ppm / PPT)
    room = 0.08 * max(high - low, 1e-6)
    return low - room, high + room
