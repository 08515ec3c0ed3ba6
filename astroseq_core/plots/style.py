"""Style of all figures: colors with one meaning each, common layout and Plotly configuration."""

from typing import Any

import plotly.graph_objects as go

#: Planets in the order of the ephemerides: Okabe & Ito (2008) without black, which is invisible on a dark background; blue,
#: which is close to the color of the trend, comes last.
PLANET_COLORS = ("#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#F0E442", "#0072B2")
#: Classes of signals: planet candidate, eclipsing binary, not transit-like. Okabe & Ito's blue and vermilion, and the gray of
#: cadences: legible on white and on black.
CLASS_COLORS = {"planet": "#0072B2", "eclipsing_binary": "#D55E00", "not_transit": "#7F8C99"}
#: Cadences: a gray as far from white as from black.
CADENCE_COLOR = "#7F8C99"
#: The trend, and measured values: bins, depths, significances.
TREND_COLOR = "#2F7DD1"
#: What is in transit, and the fitted transit; the vermilion of Okabe & Ito.
TRANSIT_COLOR = "#D55E00"
FIT_COLOR = TRANSIT_COLOR
#: Odd and even transits: apart for all readers, and none of the colors above.
ODD_COLOR, EVEN_COLOR = "#B07D00", "#00857A"
#: Kinds of flux: raw (SAP), corrected (PDCSAP, which is the light curve itself) and background.
SAP_COLOR, PDCSAP_COLOR, BACKGROUND_COLOR = "#A0642D", CADENCE_COLOR, "#009E73"
#: Position of the light along x and y.
X_COLOR, Y_COLOR = TREND_COLOR, "#CC79A7"
#: The selected segment.
SELECTED_COLOR = "#D6336C"
#: Simulated stars only; `violet` is the name of the color for Streamlit's badges.
SIMULATED_COLOR = "#7B4FC9"
SIMULATED_BADGE_COLOR = "violet"
#: Reference lines: zero, mid-transit.
REFERENCE_COLOR = "rgba(127,140,153,0.55)"
#: Grid lines, faint but visible on light and dark.
GRID_COLOR = "rgba(127,140,153,0.18)"
#: A transit a row: blue where the star is fainter, vermilion where it is brighter, a breath of gray where it is as usual, and
#: the page's own color where there are no data. So it is as quiet on a dark page as on a light one.
ROWS_SCALE = ((0.0, "rgba(47,125,209,1)"), (0.5, "rgba(127,140,153,0.14)"), (1.0, "rgba(213,94,0,0.8)"))
#: Probability, always from 0 to 1 (Nuñez et al. 2018: perceptually uniform, also for color-blind readers).
PROBABILITY_SCALE = "Cividis"

BAND_OPACITY = 0.34
HALO_OPACITY = 0.13


def escape(text: object) -> str:
    """Return text that Plotly draws as it is, where it would read markup, links or placeholders.

    Parameters
    ----------
    text : object
        A name or a sentence from elsewhere: of an ephemeris, a model, a run, a file.

    Returns
    -------
    str
        The text for names, titles, labels, custom data and templates of a figure.

    Examples
    --------
    >>> escape('<a href="http://x">b</a> %{x} & c')
    '&lt;a href="http://x">b&lt;/a> %&#123;x} &amp; c'
    """
    plain = str(text).replace("&", "&amp;").replace("<", "&lt;")
    return plain.replace("%{", "%&#123;")


def planet_color(index: int) -> str:
    """Return the color of a planet.

    Parameters
    ----------
    index : int
        Index in the list of ephemerides; colors repeat after the last.

    Returns
    -------
    str
        Color as #rrggbb.

    Examples
    --------
    >>> planet_color(0)
    '#E69F00'
    >>> planet_color(7) == planet_color(0)
    True
    """
    return PLANET_COLORS[index % len(PLANET_COLORS)]


def with_opacity(color: str, opacity: float) -> str:
    """Return a color with an opacity.

    Parameters
    ----------
    color : str
        Color as #rrggbb.
    opacity : float
        Opacity from 0 to 1.

    Returns
    -------
    str
        Color as rgba().

    Examples
    --------
    >>> with_opacity("#E69F00", 0.5)
    'rgba(230,159,0,0.5)'
    """
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


#: Plotly configuration of every chart: no logo, a double click restores the first view, and pictures are sharp enough to print.
PLOTLY_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "doubleClick": "reset",
    "toImageButtonOptions": {"format": "png", "scale": 3, "filename": "astroseq"},
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}
FONT_SIZE = 12
PPT = 1e3
#: Width of a figure's toolbar where it stands upright in a margin of its own, beside the panels and their titles [px].
TOOLBAR_PX = 30
#: Distance of the titles of upright axes from their numbers [px]; less, and they touch where numbers have a minus sign.
TITLE_STANDOFF_PX = 14


def merge_legend_entries(figure: go.Figure) -> None:
    """Show each legend group once, by its first visible trace.

    Parameters
    ----------
    figure : Figure
        Figure to change in place.
    """
    seen: set[str] = set()
    for trace in figure.data:
        if trace.showlegend:
            trace.showlegend = trace.legendgroup not in seen
            seen.add(trace.legendgroup)


def apply_layout(
    figure: go.Figure,
    height: int,
    *,
    top: int = 34,
    legend: bool = True,
    identity: str = "",
    margins: tuple[int, int, int] | None = None,
) -> go.Figure:
    """Apply the common layout to a figure.

    Parameters
    ----------
    figure : Figure
        Figure to change in place.
    height : int
        Height [px].
    top : int, optional
        Top margin [px].
    legend : bool, optional
        Whether to show the legend.
    identity : str, optional
        Zooms are kept while this stays the same.
    margins : tuple of int or None, optional
        Margins left, right and below [px]; by default as wide as labels and titles, for which Plotly lays a figure out twice.

    Returns
    -------
    Figure
        The same figure.
    """
    left, right, below = margins or (8, 8, 8)
    figure.update_layout(
        separators=".",  # days of BJD zero points are read as 1352.8, not 1,352.8
        height=height,
        margin={"l": left, "r": right, "t": top, "b": below},
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
    axis: dict[str, Any] = {"showgrid": True, "gridcolor": GRID_COLOR, "zeroline": False, "automargin": margins is None}
    figure.update_xaxes(**axis, title={"standoff": 6})
    figure.update_yaxes(**axis, title={"standoff": TITLE_STANDOFF_PX})
    return figure


def put_toolbar_beside(figure: go.Figure) -> go.Figure:
    """Put the toolbar of a figure upright into a margin on the right, where it covers nothing.

    Parameters
    ----------
    figure : Figure
        Figure to change in place.

    Returns
    -------
    Figure
        The same figure.
    """
    figure.update_layout(modebar={"orientation": "v"}, margin={"r": TOOLBAR_PX})
    return figure
