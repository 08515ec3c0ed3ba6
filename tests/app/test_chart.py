"""Charts: what is sent to the browser holds every point, and the script it runs is that of the pinned Plotly."""

import re
from pathlib import Path

import numpy as np
import plotly
import plotly.graph_objects as go
import pytest

from astroseq_core.app.chart.component import FILES
from astroseq_core.app.chart.message import chart_message, read_message


@pytest.fixture
def figure() -> go.Figure:
    rng = np.random.default_rng(2)
    time = 2457000.5 + rng.permutation(np.arange(5000)) / 720
    flux = rng.normal(size=5000)
    flux[7] = np.nan
    marker = {"color": "#123456", "size": 2.5, "opacity": 0.5}
    made = go.Figure(
        [
            go.Scattergl(x=time, y=flux, mode="markers", marker=marker, meta={"hover": "%{x:.2f}", "zero_bjd": 2.0}, xaxis="x2"),
            go.Scattergl(x=[1.0, 2.0], y=[3.0, 4.0], mode="lines", name="trend"),
            go.Scattergl(x=[1.0, 2.0], y=[3.0, 4.0], mode="markers", marker={"color": ["red", "blue"]}),
            go.Heatmap(z=[[1.0, 2.0]]),
        ]
    )
    made.update_layout(height=300)
    return made


def test_points_are_sent_apart_from_the_figure(figure: go.Figure) -> None:
    sent = read_message(chart_message(figure, "a title", {"displaylogo": False}))
    assert sent["alt"] == "a title"
    assert sent["config"] == {"displaylogo": False}
    assert [t["type"] for t in sent["figure"]["data"]] == ["scatter", "scatter", "scatter", "heatmap"], "no WebGL is left"
    assert sent["figure"]["data"][0]["marker"] == {"opacity": 0}, "it holds the axes of the painted points"
    assert "template" not in sent["figure"]["layout"]
    (cloud,) = sent["clouds"]
    assert (cloud["color"], cloud["size"], cloud["opacity"], cloud["xaxis"], cloud["yaxis"]) == ("#123456", 2.5, 0.5, "x2", "y")
    assert (cloud["hover"], cloud["zero_bjd"]) == ("%{x:.2f}", 2.0)
    good = np.isfinite(figure.data[0].y)
    order = np.argsort(figure.data[0].x[good])
    assert cloud["count"] == 4999
    # times of BJD to a fifth of a second, though they are sent in four bytes each
    np.testing.assert_allclose(cloud["x"], figure.data[0].x[good][order], rtol=0, atol=2e-6)
    np.testing.assert_allclose(cloud["y"], figure.data[0].y[good][order], rtol=1e-6)


def test_a_figure_without_points_is_whole() -> None:
    sent = read_message(chart_message(go.Figure(go.Bar(y=[1, 2])), "", {}))
    assert sent["clouds"] == []
    assert sent["figure"]["data"][0]["type"] == "bar"
    empty = go.Figure(go.Scattergl(x=[], y=[], mode="markers", marker={"color": "#000000"}))
    assert read_message(chart_message(empty, "", {}))["clouds"][0]["count"] == 0


def test_the_script_is_of_the_version_that_makes_the_figures() -> None:
    whole = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    versions = [
        re.search(r"plotly\.js (?:\(cartesian - minified\) )?v([\d.]+)", path.read_text("utf-8")[:300])
        for path in (whole, FILES / "plotly-cartesian.min.js")
    ]
    assert versions[0]
    assert versions[1]
    assert versions[0][1] == versions[1][1], "take the same version of plotly.js-cartesian-dist-min from npm"
