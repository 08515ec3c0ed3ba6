from dataclasses import replace

import numpy as np
import pytest

from astroseq_core.errors import LightCurveError
from astroseq_core.plots import style
from astroseq_core.plots.fold import fold_figure
from astroseq_core.plots.light_curve import LIGHT_CURVE, SEGMENT_MARKS, StarView, single_observation_figure, star_figure
from astroseq_core.plots.segments import SegmentView, channel_title, segment_figure
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.scoring.segments import Failure, SegmentScores
from astroseq_core.times import TimeSystem
from astroseq_core.vetting.fold import fold_transits


@pytest.fixture(scope="module")
def injected(light_curve_like_tess_sector):
    return light_curve_like_tess_sector


@pytest.fixture(scope="module")
def prepared(injected):
    return prepare(injected.curve)


def scores_of(prepared, value=0.8) -> SegmentScores:
    starts = np.arange(0, 10_000, 256)
    return SegmentScores(
        **{name: None for name in SegmentScores.__dataclass_fields__}
        | {
            "target_id": "TIC 261136679",
            "observation": "s0001",
            "instrument": "TESS",
            "system": TimeSystem.BTJD,
            "model_id": "m",
            "t_start": prepared.time[starts],
            "t_stop": prepared.time[starts + 1023],
            "num_cadences": np.full(len(starts), 1024),
            "probability": np.full(len(starts), value, np.float32),
        }
    )


def traces(figure, row, kind="scattergl", mode=None):
    axis = {1: "x", 2: "x2", 3: "x3"}[row]
    return [t for t in figure.data if t.type == kind and (t.xaxis or "x") == axis and (mode is None or t.mode == mode)]


def rectangles(trace):
    """Left and right ends of the rectangles that one trace draws."""
    x = np.asarray(trace.x).reshape(-1, 6)
    return x[:, 0], x[:, 2]


def bands_of(figure, name):
    return [t for t in figure.data if t.type == "scatter" and t.name == name and t.fill == "toself"]


def test_bands_stand_at_the_predicted_times(injected, prepared):
    figure = star_figure(StarView((prepared,), (injected.ephemeris,)))
    filled = next(t for t in bands_of(figure, "injected b") if t.showlegend)
    left, right = rectangles(filled)
    expected = injected.ephemeris.transits(prepared.time[0], prepared.time[-1], TimeSystem.BTJD)
    assert (left + right) / 2 == pytest.approx(expected.mid, abs=1e-9)
    assert right - left == pytest.approx(injected.ephemeris.duration_days)
    inside = (prepared.time[:, None] > left) & (prepared.time[:, None] < right)
    assert np.median(prepared.flat[inside.any(axis=1)]) < -0.5 * injected.ephemeris.depth_ppm * 1e-6


def test_halo_is_wider_by_the_drift(injected, prepared):
    drifting = replace(injected.ephemeris, t0_err=0.02, period_err=0.0)
    drawn = bands_of(star_figure(StarView((prepared,), (drifting,))), "injected b")
    pale = style.with_opacity(style.planet_color(0), style.HALO_OPACITY)
    left, right = rectangles(next(t for t in drawn if t.fillcolor == pale))
    assert right - left == pytest.approx(drifting.duration_days + 0.04)


@pytest.mark.parametrize("doubt", [{"t0_err": 1.0}, {"disposition": "FP"}])
def test_doubtful_transits_are_outlined_only(injected, prepared, doubt):
    figure = star_figure(StarView((prepared,), (replace(injected.ephemeris, **doubt),)))
    pale = style.with_opacity(style.planet_color(0), style.HALO_OPACITY)
    outlined = [t for t in bands_of(figure, "injected b") if t.fillcolor != pale]
    assert outlined
    assert all(t.fillcolor == "rgba(0,0,0,0)" and t.line.width > 1 for t in outlined)


def test_flux_is_in_parts_per_thousand_about_the_median(injected, prepared):
    figure = star_figure(StarView((prepared,), (injected.ephemeris,)))
    shown = np.asarray(traces(figure, LIGHT_CURVE, mode="markers")[0].y)
    assert np.median(shown) == pytest.approx(0, abs=0.2)
    assert shown.min() == pytest.approx((prepared.flux.min() - 1) * 1e3, rel=1e-4)
    assert "ppt" in figure.layout.yaxis.title.text


def test_every_cadence_in_transit_is_drawn(injected, prepared):
    figure = star_figure(StarView((prepared,), (injected.ephemeris,)))
    inside = prepared.time[injected.ephemeris.in_transit(prepared.time, TimeSystem.BTJD)]
    assert np.isin(inside, np.asarray(traces(figure, LIGHT_CURVE, mode="markers")[0].x)).all()


def test_no_trend_is_drawn_across_a_gap(injected, prepared):
    trend = traces(star_figure(StarView((prepared,), ())), LIGHT_CURVE, mode="lines")[0]
    x, y = np.asarray(trend.x), np.asarray(trend.y)
    gap = np.flatnonzero(np.diff(x) > 0.5)
    assert len(gap) == 1
    assert np.isnan(y[gap + 1]).all()


def test_strip_has_one_fixed_scale_and_marks_that_carry_their_segment(injected, prepared):
    figure = star_figure(StarView((prepared,), (), scores=(scores_of(prepared),), first_segment=(40,)))
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)
    heat = next(t for t in figure.data if t.type == "heatmap")
    assert np.nanmin(heat.z) == pytest.approx(0.8)
    marks = next(t for t in figure.data if t.legendgroup == SEGMENT_MARKS)
    assert [m[0] for m in marks.customdata] == list(range(40, 40 + len(marks.x)))


def test_layout_stays_still_when_the_scores_come(injected, prepared):
    before = star_figure(StarView((prepared,), (injected.ephemeris,), note="scoring"))
    after = star_figure(StarView((prepared,), (injected.ephemeris,), scores=(scores_of(prepared),), first_segment=(0,)))
    assert before.layout.height == after.layout.height
    for axis in ("yaxis", "yaxis2", "yaxis3"):
        assert before.layout[axis].domain == after.layout[axis].domain
        assert before.layout[axis].range == after.layout[axis].range
    assert before.layout.uirevision == after.layout.uirevision
    # a colour scale takes room at the side: it must be there before the first score
    assert any(t.type == "scatter" and t.marker.coloraxis == "coloraxis" for t in before.data)
    assert any(t.type == "heatmap" and t.coloraxis == "coloraxis" for t in after.data)


def test_hover_tells_the_calendar_date(prepared):
    points = traces(star_figure(StarView((prepared,), ())), LIGHT_CURVE, mode="markers")[0]
    assert tuple(np.asarray(points.customdata)[0]) == (2018, 7, 25)


def test_arrays_are_sent_as_arrays(injected, prepared):
    import json

    sent = json.loads(star_figure(StarView((prepared,), (injected.ephemeris,))).to_json())
    large = [t for t in sent["data"] if t["type"] == "scattergl"]
    assert large
    assert all("bdata" in t["x"] and "bdata" in t["y"] for t in large)


def test_hero_shows_one_curve_with_its_bands(injected, prepared):
    figure = single_observation_figure(prepared, (injected.ephemeris,))
    assert bands_of(figure, "injected b")
    assert len(traces(figure, LIGHT_CURVE, mode="markers")) == 1


def test_fold_figure_shows_bins_at_the_injected_depth(injected, prepared):
    figure = fold_figure(fold_transits([prepared], injected.ephemeris), 0)
    bins = next(t for t in figure.data if t.name == "Binned median")
    middle = np.abs(np.asarray(bins.x)) < 1.0
    assert np.median(np.asarray(bins.y)[middle]) == pytest.approx(-2.0, abs=0.15)


def test_segment_figure_has_a_panel_for_each_channel():
    names = ("flat", "mf_2h", "gap")
    time = 1325 + np.arange(256) * 2 / 1440
    filled = np.ones(256, bool)
    filled[100:120] = False
    values = np.random.default_rng(1).standard_normal((256, 3)).astype(np.float32)
    figure = segment_figure(SegmentView(time, TimeSystem.BTJD, names, values, filled))
    drawn = [t for t in figure.data if t.type == "scattergl"]
    assert len(drawn) == 3
    assert np.isnan(np.asarray(drawn[0].y)[100:120]).all()
    assert [a.text for a in figure.layout.annotations] == [channel_title(n) for n in names]


def test_planet_colours_differ_and_repeat():
    assert len(set(style.PLANET_COLORS)) == len(style.PLANET_COLORS)
    assert style.planet_color(len(style.PLANET_COLORS)) == style.planet_color(0)
    assert style.with_opacity("#E69F00", 0.5) == "rgba(230,159,0,0.5)"


def test_segments_are_numbered_over_the_whole_star_by_default(prepared):
    first, later = scores_of(prepared), replace(prepared, time=prepared.time + 27.4)
    last = replace(first, t_start=first.t_start + 27.4, t_stop=first.t_stop + 27.4)
    figure = star_figure(StarView((prepared, later), (), (first, last)))
    clicked = [t for t in figure.data if t.legendgroup == SEGMENT_MARKS]
    assert [row[0] for t in clicked for row in t.customdata] == list(range(2 * len(first)))


def test_an_observation_that_failed_leaves_its_part_of_the_strip_empty(prepared):
    failed = Failure("TIC 261136679", "s0001", "no model")
    assert not [t for t in star_figure(StarView((prepared,), (), (failed,))).data if t.type == "heatmap"]


def test_a_view_without_light_curves_or_with_too_few_scores_says_so(prepared):
    with pytest.raises(LightCurveError, match="no light curve to plot"):
        StarView((), ())
    with pytest.raises(LightCurveError, match="2 observations and 1 scores"):
        StarView((prepared, prepared), (), (scores_of(prepared),))
