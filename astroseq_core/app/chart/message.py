"""What a chart in the browser is sent: its figure, and the points of its clouds as plain numbers."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io

#: Type of the traces that are painted; Plotly would draw them with WebGL, which is slow without a graphics card.
POINTS_TYPE = "scattergl"


def chart_message(figure: go.Figure, alt: str, config: Mapping[str, Any]) -> bytes:
    """Return a figure as `files/chart.js` reads it.

    Clouds of points (WebGL traces of markers of one color and size) are taken out of the figure and
    painted by the browser; lines drawn with WebGL become plain ones.

    Parameters
    ----------
    figure : Figure
        The figure; it is not changed.
    alt : str
        What the chart shows, for those who cannot see it.
    config : mapping
        Plotly's configuration.

    Returns
    -------
    bytes
        Length of the header (uint32, little-endian), the header as JSON, then x and y of each cloud (float32);
        a cloud with the x of an earlier one names that in `same_x` and has y alone.
    """
    spec = figure.to_plotly_json()
    clouds: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    times: list[Any] = []
    traces: list[dict[str, Any]] = []
    for trace, given in zip(spec["data"], figure.data, strict=True):
        if _is_painted(trace):
            head, x, y = _cloud(trace, given.x, given.y)
            if not any(_axes(one) == _axes(trace) for one in (*spec["data"], *traces) if not _is_painted(one)):
                traces.append(_holder(trace, given.x, given.y))
            # Light curve and detrended light curve have the same times, which are sent once.
            head["same_x"] = next((n for n, one in enumerate(times) if np.array_equal(one, x)), -1)
            clouds.append(head)
            times.append(x)
            blobs += [y.tobytes()] if head["same_x"] >= 0 else [x.tobytes(), y.tobytes()]
        else:
            traces.append({**trace, "type": "scatter"} if trace["type"] == POINTS_TYPE else trace)
    layout = {k: v for k, v in spec["layout"].items() if k != "template"}
    shown = json.loads(plotly.io.to_json({"data": traces, "layout": layout}, validate=False))
    header = json.dumps({"figure": shown, "alt": alt, "config": dict(config), "clouds": clouds}).encode()
    return struct.pack("<I", len(header)) + header + b"".join(blobs)


def read_message(message: bytes) -> dict[str, Any]:
    """Return what a chart was sent, with x and y of each cloud as arrays.

    Parameters
    ----------
    message : bytes
        What `chart_message` made.

    Returns
    -------
    dict
        The header; each of its clouds has "x", in the unit of the axis, and "y" besides.
    """
    (length,) = struct.unpack_from("<I", message)
    header: dict[str, Any] = json.loads(message[4 : 4 + length])
    begin = 4 + length
    for cloud in header["clouds"]:
        for name in ("x", "y"):
            if name == "x" and cloud["same_x"] >= 0:
                cloud["x"] = header["clouds"][cloud["same_x"]]["x"]
                continue
            cloud[name] = np.frombuffer(message, "<f4", cloud["count"], begin)
            begin += 4 * cloud["count"]
    for cloud in header["clouds"]:
        cloud["x"] = cloud["x"].astype(np.float64) + cloud["x0"]
    return header


def _axes(trace: Mapping[str, Any]) -> tuple[str, str]:
    return trace.get("xaxis", "x"), trace.get("yaxis", "y")


def _holder(trace: Mapping[str, Any], x: Any, y: Any) -> dict[str, Any]:
    """Return an invisible trace: Plotly draws no axes without any."""
    where = {"x": [float(v) for v in x[:1]], "y": [float(v) for v in y[:1]]}
    look = {"mode": "markers", "marker": {"opacity": 0}, "hoverinfo": "skip", "showlegend": False}
    axes = dict(zip(("xaxis", "yaxis"), _axes(trace), strict=True))
    return {"type": "scatter", **where, **look, **axes}


def _is_painted(trace: Mapping[str, Any]) -> bool:
    marker = trace.get("marker", {})
    alike = isinstance(marker.get("color"), str) and np.ndim(marker.get("size", 1)) == 0
    return trace["type"] == POINTS_TYPE and trace.get("mode") == "markers" and alike


def _cloud(trace: Mapping[str, Any], x: Any, y: Any) -> tuple[dict[str, Any], Any, Any]:
    """Return the header of a cloud, and its coordinates in the order of x."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    good = np.isfinite(x) & np.isfinite(y)
    x, y = x[good], y[good]
    if np.any(np.diff(x) < 0):
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    zero = float(x[0]) if len(x) else 0.0
    marker, about = trace["marker"], trace.get("meta") or {}
    head = {
        "count": len(x),
        "x0": zero,
        "xaxis": _axes(trace)[0],
        "yaxis": _axes(trace)[1],
        "color": marker["color"],
        "size": float(marker.get("size", 6)),
        "opacity": float(marker.get("opacity", 1.0)),
        "hover": about.get("hover", ""),
        "zero_bjd": about.get("zero_bjd", 0.0),
        "total": int(about.get("total", len(x))),
        "whole": about.get("whole"),
    }
    return head, (x - zero).astype("<f4"), y.astype("<f4")
