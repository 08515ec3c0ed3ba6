"""What all figures share: margins, axes, hovering."""

from typing import Any

import plotly.graph_objects as go

from astroseq_core.figures import colours

#: What every chart tells the browser: no logo, and a double click goes back to the first view.
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "doubleClick": "reset",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}
FONT_SIZE = 12
PPT = 1e3


def dress(figure: go.Figure, height: int, *, top: int = 34, legend: bool = True, identity: str = "") -> go.Figure:
    """The figure with the common layout, ``height`` [px]; ``identity``: zooms are kept while it stays the same."""
    figure.update_layout(
        separators=".",  # days of BJD zero points are read as 1352.8, not 1,352.8
        height=height,
        margin={"l": 8, "r": 8, "t": top, "b": 8},
        hovermode="closest",
        dragmode="zoom",
        font={"size": FONT_SIZE},
        showlegend=legend,
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "itemsizing": "constant",
            "bgcolor": "rgba(0,0,0,0)",
            "title": {"text": ""},
        },
        hoverlabel={"align": "left"},
        uirevision=identity or True,
    )
    axis = {"showgrid": True, "gridcolor": colours.GRID, "zeroline": False, "automargin": True, "title": {"standoff": 6}}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure
