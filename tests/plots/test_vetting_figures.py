"""The vetter's figures: pictures of many points, the light curve, the six panels."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.plots import _points, style
from astroseq_core.plots._points import ImageFrame
from astroseq_core.plots.vetting import vetting_panels_figure
from astroseq_core.plots.vetting_light_curve import VettingLightCurveView, vetting_light_curve_figure
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.scoring.star_data import StarData, StarRequest, load_star
from astroseq_core.scoring.star_source import Source
from astroseq_core.vetting.checks.base import format_depth
from astroseq_core.vetting.examine import Examination, examine


def pixels(uri: str) -> np.ndarray:
    """The picture's opacity, rows from the top."""
    from PIL import Image

    head, data = uri.split(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        return np.asarray(picture.convert("RGBA"))[..., 3]


def test_points_stand_where_they_were_measured():
    frame = ImageFrame((0.0, 10.0), (-1.0, 1.0), 100, 50)
    alpha = pixels(_points.point_cloud_png(np.array([2.5, 7.5]), np.array([0.5, -0.5]), frame, point_px=1.0))
    assert alpha.shape == (50 * _points.IMAGE_SCALE, 100 * _points.IMAGE_SCALE)
    rows, columns = np.nonzero(alpha)
    centres = {(round(r / len(alpha), 1), round(c / alpha.shape[1], 2)) for r, c in zip(rows, columns, strict=True)}
    assert {(round(0.25, 1), 0.25), (round(0.75, 1), 0.75)} <= centres
    assert len(rows) == 2 * _points.IMAGE_SCALE**2


def test_where_points_lie_on_each_other_the_picture_is_darker_and_nothing_outside_is_drawn():
    frame = ImageFrame((0.0, 1.0), (0.0, 1.0), 20, 20)
    one = pixels(_points.point_cloud_png(np.array([0.5]), np.array([0.5]), frame))
    many = pixels(_points.point_cloud_png(np.full(9, 0.5), np.full(9, 0.5), frame))
    assert many.max() > one.max() > 0
    assert not pixels(_points.point_cloud_png(np.array([-0.1, 1.1, 0.5, np.nan]), np.array([0.5, 0.5, 1.2, 0.5]), frame)).any()


def test_points_at_an_edge_do_not_come_out_at_the_other():
    frame = ImageFrame((0.0, 1.0), (0.0, 1.0), 20, 20)
    alpha = pixels(_points.point_cloud_png(np.array([0.0001]), np.array([0.5]), frame, point_px=3.0))
    assert alpha[:, 0].any()
    assert not alpha[:, -5:].any()


def opened(name: str) -> StarData:
    return load_star(StarRequest(name, Source.SIMULATED))


def examined(star: StarData, ephemeris: Ephemeris | None = None) -> Examination:
    chosen = ephemeris or star.ephemerides[0]
    return examine(star.detrended, chosen, others=star.ephemerides[1:] if ephemeris is None else ())


@pytest.fixture(scope="module")
def planet() -> StarData:
    return opened("SIM 4")


def texts(figure) -> str:
    return " ".join(a.text for a in figure.layout.annotations)


def test_the_panels_say_their_numbers(planet: StarData):
    found = examined(planet)
    assert found.fit is not None
    figure = vetting_panels_figure(found)
    assert format_depth(found.fit.depth_ppm, found.fit.depth_err_ppm) in texts(figure)
    assert "Odd against even: differ by" in texts(figure)
    assert "σ at 0.5" in texts(figure)
    assert len(figure.layout.images) == 2, "orbit and transit hold every cadence as a picture"


@pytest.mark.parametrize("name", ["SIM 1", "SIM 3", "SIM 10", "SIM 29", "SIM 49"])
def test_panels_of_planets_binaries_and_single_transits_can_be_sent(name: str):
    star = opened(name)
    text = vetting_panels_figure(examined(star)).to_json()
    assert json.loads(text)["data"]
    # Quick to send and to draw: no trace has thousands of marks.
    assert len(text) < 400_000


def test_a_single_transit_says_what_cannot_be_told():
    figure = vetting_panels_figure(examined(opened("SIM 49")))
    assert "a single transit has no orbit to fold" in texts(figure)
    assert "needs an odd and an even transit" in texts(figure)


def test_panels_without_any_transit_in_the_data(planet: StarData):
    first = planet.ephemerides[0]
    far = replace(first, t0=replace(first.t0, days=first.t0.days + 5000), period_days=9999.0)
    figure = vetting_panels_figure(examined(planet, far))
    assert "no transit has data" in texts(figure)
    figure.to_json()


@pytest.mark.parametrize("name", ["SIM 1", "SIM 4"])
def test_transits_are_a_map_with_a_row_for_each_many_or_few(name: str):
    found = examined(opened(name))
    seen = [t for t in found.transits if len(t.hours)]
    figure = vetting_panels_figure(found)
    (chart,) = [t for t in figure.data if t.type == "heatmap"]
    assert chart.z.shape[0] == len(seen)
    middle = chart.z[:, chart.z.shape[1] // 2]
    assert np.nanmedian(middle) < -3, "transits of 5 ppt and more are deep in the middle"
    assert chart.zmin == -chart.zmax < np.nanmedian(middle), "the scale's middle, the page's own color, is the usual flux"
    assert [color for _, color in chart.colorscale] == [color for _, color in style.ROWS_SCALE]
    assert not next(figure.select_xaxes(row=2, col=2)).showgrid


def test_the_toolbar_stands_beside_the_panels_and_titles_apart_from_numbers(planet: StarData):
    found = examined(planet)
    curve = VettingLightCurveView(found.detrended, found.flats, (found.ephemeris,))
    for figure in (vetting_panels_figure(found), vetting_light_curve_figure(curve)):
        assert figure.layout.modebar.orientation == "v"
        assert figure.layout.margin.r >= style.TOOLBAR_PX
        assert all(axis.title.standoff >= style.TITLE_STANDOFF_PX for axis in figure.select_yaxes())


def test_the_fit_has_its_color_and_odd_and_even_transits_theirs(planet: StarData):
    traces = [t for t in vetting_panels_figure(examined(planet)).data if t.type == "scatter"]
    lines = [t for t in traces if t.mode == "lines" and t.line.color == style.FIT_COLOR]
    assert len(lines) == 1, "one fit, in the panel of the transit"
    looks = {(t.marker.color, t.marker.symbol) for t in traces if t.mode == "markers"}
    assert {(style.ODD_COLOR, "circle"), (style.EVEN_COLOR, "diamond")} <= looks


def test_the_curve_has_every_observation_and_the_windows_of_the_ephemeris(planet: StarData):
    found = examined(planet)
    figure = vetting_light_curve_figure(VettingLightCurveView(found.detrended, found.flats, (found.ephemeris,), note="hidden"))
    assert len(figure.layout.images) == 2
    assert "hidden" in texts(figure)
    windows = [t for t in figure.data if t.fill == "toself"]
    assert len(windows) == 2
    mids = found.ephemeris.transits(float(planet.detrended[0].time[0]), float(planet.detrended[-1].time[-1]), planet.system).mid
    drawn = np.asarray(windows[0].x, np.float64).reshape(-1, 6)
    assert (drawn[:, 0] + drawn[:, 2]) / 2 == pytest.approx(mids)


def test_the_curve_of_a_false_positive_shows_its_windows_too(planet: StarData):
    found = examined(planet, replace(planet.ephemerides[0], disposition="FP"))
    figure = vetting_light_curve_figure(VettingLightCurveView(found.detrended, found.flats, (found.ephemeris,)))
    assert len([t for t in figure.data if t.fill == "toself"]) == 2


def test_a_gap_of_years_takes_no_room(light_curve_like_tess_sector):
    curve = light_curve_like_tess_sector.curve
    later = replace(curve, observation="s0040", time=curve.time + 1000)
    both = [prepare(curve), prepare(later)]
    figure = vetting_light_curve_figure(VettingLightCurveView(tuple(both), tuple(p.flat for p in both), ()))
    assert len(figure.layout.images) == 4
    spans = [axis.range for axis in figure.select_xaxes(row=3)]
    assert len(spans) == 2
    assert all(high - low < 40 for low, high in spans)
