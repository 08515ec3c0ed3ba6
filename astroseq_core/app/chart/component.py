"""The chart as an element of a page."""

import functools
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from astroseq_core import __version__
from astroseq_core.app.chart.message import chart_message
from astroseq_core.app.shared.memory import LRUCache
from astroseq_core.plots.style import PLOTLY_CONFIG

#: Folder of the scripts and styles that the browser loads; the server serves nothing else of this package.
FILES = Path(__file__).parent / "files"
PACKAGE, COMPONENT = "astroseq", "chart"
NAME = f"{PACKAGE}.{COMPONENT}"
#: Largest number of charts that are kept as they were sent, and of their bytes.
MESSAGES_KEPT, MAX_MESSAGE_BYTES = 120, 60_000_000


def draw_chart(
    figure: go.Figure | Callable[[], go.Figure],
    *,
    key: str,
    alt: str,
    content: Hashable = None,
    config: Mapping[str, Any] = PLOTLY_CONFIG,
    on_click: Callable[[], None] | None = None,
    on_range: Callable[[], None] | None = None,
) -> None:
    """Draw a figure.

    Parameters
    ----------
    figure : Figure or callable
        The figure, with its height, or what makes it; that is called only if `content` was not drawn lately.
    key : str
        Key of the element: a figure of the same key takes the place of the one before.
    alt : str
        What the chart shows, for those who cannot see it.
    content : Hashable, optional
        What the figure is made from. What was sent for the same content, key and title is sent again.
    config : mapping, optional
        Plotly's configuration.
    on_click : callable, optional
        Called when a point with custom data is clicked; see `clicked_point`.
    on_range : callable, optional
        Called when a view shows a part of thinned points; see `viewed_range`.
    """
    kept, name = _messages(), (key, alt, content)
    message: tuple[bytes, int] | None = None if content is None else kept.get(name)
    if message is None:
        made = figure if isinstance(figure, go.Figure) else figure()
        message = chart_message(made, alt, config), int(made.layout.height)
        if content is not None:
            kept.put(name, message)
    _chart()(
        key=key, data=message[0], height=message[1], on_point_change=on_click or _ignore, on_range_change=on_range or _ignore
    )


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _messages() -> LRUCache:
    return LRUCache(MESSAGES_KEPT, MAX_MESSAGE_BYTES)


def clicked_point(key: str) -> Mapping[str, Any]:
    """Return the point that was clicked.

    Parameters
    ----------
    key : str
        Key of the chart.

    Returns
    -------
    mapping
        The legend group of its trace ("group") and its custom data ("customdata"); empty without a click.
    """
    return _sent(key, "point") or {}


def viewed_range(key: str) -> tuple[float, float] | None:
    """Return the range of x that is looked at, and some more.

    Parameters
    ----------
    key : str
        Key of the chart.

    Returns
    -------
    tuple of float or None
        Start and stop; None unless the browser has just asked for all points of it.
    """
    found = _sent(key, "range")
    return (float(found[0]), float(found[1])) if found else None


def _chart() -> Callable[..., Any]:
    """Return the component; it is made known to the server that runs now before it is first drawn."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(NAME) is None:
        manifest = ComponentManifest(PACKAGE, __version__, [ComponentConfig(COMPONENT, FILES.name)])
        manager.register_from_manifest(manifest, FILES.parent)
    return _component()


@functools.cache
def _component() -> Callable[..., Any]:
    component: Callable[..., Any] = st.components.v2.component(NAME, js="chart.js", css="chart.css", isolate_styles=False)
    return component


def _sent(key: str, what: str) -> Any:
    """Return what the browser has just sent with a chart; None if nothing."""
    return (st.session_state.get(key) or {}).get(what)


def _ignore() -> None:
    """Nothing is to be done about it."""
