"""What the figures of the second vetting tab hold: pixels, periodogram, probabilities folded."""

import json
from dataclasses import replace

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.io.pixels import PixelColumns
from astroseq_core.plots import fold, periodogram, pixels
from astroseq_core.scoring.evidence import Evidence
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.simulation import pixels as simulated
from astroseq_core.simulation import survey
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.centroid import centroid_shift
from astroseq_core.vetting.periodogram import BestPeriod, Periodogram

EPHEMERIS = Ephemeris("TIC 1", "b", Instant(1326.4, TimeSystem.BTJD), 3.1, 4.0, 20_000.0)


def columns(name: str = "s0001", **changes) -> PixelColumns:
    rng = np.random.default_rng(1)
    time = 1325.3 + np.arange(0, 26.0, 2 / 1440)
    flux = 1000 * (1 - 0.02 * EPHEMERIS.in_transit(time, TimeSystem.BTJD) + 1e-3 * rng.standard_normal(len(time)))
    quality = np.zeros(len(time), np.int64)
    quality[[3000, 3001, 9000]] = 32
    quality[5000] = 8
    flux[5000] = 1e7
    x = 5 + 1e-3 * rng.standard_normal(len(time))
    parts = {
        "sap": flux * 1.1,
        "pdcsap": flux,
        "background": np.full(len(time), 70.0),
        "x": x,
        "y": np.full(len(time), 7.0),
        "quality": quality,
        **changes,
    }
    return PixelColumns(name, TimeSystem.BTJD, time, **parts)


def named(figure, name):
    return [t for t in figure.data if t.name == name]


def largest(figure) -> int:
    return max(len(t.x) for t in figure.data if t.mode == "markers")


def test_one_row_an_observation_with_all_its_panels():
    figure = pixels.pixel_figure([columns(), None, columns("s0002")], [EPHEMERIS])
    assert {len(named(figure, name)) for name in ("Raw (SAP)", "Corrected (PDCSAP)", "Background", "x", "y")} == {2}
    assert [a.text for a in figure.layout.annotations][-2:] == ["s0001", "s0002"]
    assert largest(figure) <= pixels.MAX_POINTS
    assert all(t.type == "scatter" for t in figure.data)  # SVG, no WebGL


def test_the_transits_are_drawn_and_in_view():
    figure = pixels.pixel_figure([columns()], [EPHEMERIS])
    raw = named(figure, "Raw (SAP)")[0]
    assert np.min(raw.y) < -15
    low, high = figure.layout.yaxis.range
    assert low < -20
    assert high < 20  # the flagged outlier does not set the range
    band = [t for t in figure.data if t.fill == "toself"]
    assert len(band) == 4


def test_dumps_and_flags_have_ticks_in_rows_of_words():
    figure = pixels.pixel_figure([columns()], [EPHEMERIS])
    dumps = named(figure, "Momentum dumps")[0]
    assert np.isfinite(np.asarray(dumps.x, float)).sum() == 4  # two events, top and bottom
    axis = next(a for a in figure.select_yaxes(col=pixels.FLAGS))
    assert list(axis.ticktext) == ["Earth point", "momentum dump"]
    assert len({t.y[0] for name in axis.ticktext for t in named(figure, name)}) == 2


def test_what_is_missing_leaves_its_panel_and_says_so():
    figure = pixels.pixel_figure([columns(background=None, x=None, y=None, quality=None)], [])
    assert not named(figure, "Background")
    assert next(a for a in figure.select_yaxes(col=pixels.FLAGS)).ticktext == ("the product has none",)
    clean = pixels.pixel_figure([columns(quality=np.zeros(18720, np.int64))], [])
    assert next(a for a in clean.select_yaxes(col=pixels.FLAGS)).ticktext == ("none set",)


def test_only_so_many_rows_unless_others_are_picked():
    many = [columns(f"s{n:04d}") for n in range(9)]
    assert pixels.default_rows([None, *many]) == tuple(range(1, 7))
    assert [a.text for a in pixels.pixel_figure(many, [], rows=(8,)).layout.annotations][-1] == "s0008"
    assert pixels.pixel_figure([None, None], []) is None


def test_simulated_stars_say_so():
    star = survey.read_star(1)
    figure = pixels.pixel_figure([simulated.simulated_pixel_columns(c) for c in star.light_curves], star.ephemerides)
    assert any("simulated" in (a.text or "") for a in figure.layout.annotations)


def test_the_scatter_shows_both_means_with_errors():
    moved = columns()
    inside = EPHEMERIS.in_transit(moved.time, TimeSystem.BTJD)
    shift = centroid_shift(replace(moved, x=moved.x + 0.01 * inside), EPHEMERIS)
    figure = pixels.centroid_figure(shift)
    mean = named(figure, "Mean in transit")[0]
    assert mean.x[0] == pytest.approx(10.0, abs=0.2)
    assert mean.error_x.array[0] > 0
    low, high = figure.layout.xaxis.range
    assert low < 0 < 10 < high
    assert largest(figure) <= pixels.MAX_POINTS


def spectrum(method="bls", peak=6.0):
    periods = np.geomspace(0.5, 30, 1500)
    power = 1 + np.exp(-(((periods - peak) / 0.05) ** 2)) * 20
    return Periodogram(
        method, "SDE", periods, power, BestPeriod(method, 21.0, peak, Instant(1.0, TimeSystem.BTJD), 3.0, 100.0, 0.1)
    )


def test_aliases_are_marked_where_they_are():
    figure = periodogram.periodogram_figure([spectrum("bls"), spectrum("tls")], 6.0)
    texts = {text: t.x[0] for t in figure.data for text in (t.text or ()) if text}
    assert texts == pytest.approx({"P": 6.0, "P/2": 3.0, "2P": 12.0, "P/3": 2.0, "3P": 18.0})
    assert len(named(figure, "Best period")) == 2
    assert sum(bool(t.showlegend) for t in named(figure, "Adopted period")) == 1


def test_aliases_outside_the_periods_are_not_marked_and_none_without_a_period():
    far = periodogram.periodogram_figure([spectrum()], 25.0)
    assert {text for t in far.data for text in (t.text or ()) if text} == {"P", "P/2", "P/3"}
    assert not [t for t in periodogram.periodogram_figure([spectrum()]).data if t.text]


def scores(period=3.1) -> SegmentScores:
    time = 1325.3 + np.arange(0, 26.0, 10 / 1440)
    inside = EPHEMERIS.in_transit(time, TimeSystem.BTJD)
    fields = dict.fromkeys(SegmentScores.__dataclass_fields__)
    evidence = Evidence(time, np.where(inside, 8.0, -3.0), 10 / 1440)
    return SegmentScores(**{**fields, "system": TimeSystem.BTJD, "evidence": evidence})


def test_probabilities_fold_onto_the_transit():
    figure = fold.probability_fold_figure([None, scores(), scores()], EPHEMERIS)
    orbit, close = named(figure, "Ten minutes, or a cadence")
    assert np.asarray(close.y)[np.abs(close.x) < 1.9].min() > 0.99
    assert np.asarray(close.y)[np.abs(close.x) > 2.1].max() < 0.1
    assert -0.25 <= np.min(orbit.x) < np.max(orbit.x) < 0.75
    assert tuple(figure.layout.yaxis.range) == (-0.03, 1.03)
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)
    assert largest(figure) <= fold.PROBABILITY_FOLD_MAX_POINTS


def test_single_transits_have_one_panel_and_unscored_stars_no_figure():
    figure = fold.probability_fold_figure([scores()], replace(EPHEMERIS, period_days=None))
    assert len(named(figure, "Mean of a bin")) == 1
    assert fold.probability_fold_figure([None], EPHEMERIS) is None


def test_arrays_go_to_the_browser_as_arrays_and_no_ground_is_painted():
    star = [columns()]
    figures = (
        pixels.pixel_figure(star, [EPHEMERIS]),
        pixels.centroid_figure(centroid_shift(star[0], EPHEMERIS)),
        periodogram.periodogram_figure([spectrum()], 6.0),
        fold.probability_fold_figure([scores()], EPHEMERIS),
    )
    for figure in figures:
        sent = json.loads(figure.to_json())
        assert all("bdata" in t["x"] for t in sent["data"] if t["mode"] == "markers")
        # Theme and ground are the page's: the same figure must hold in light and dark.
        assert figure.layout.paper_bgcolor is None
        assert figure.layout.plot_bgcolor is None
        assert len(figure.to_json()) < 400_000


@pytest.mark.parametrize("caption", [pixels.PIXEL_CAPTION, periodogram.CAPTION, fold.PROBABILITY_FOLD_CAPTION])
def test_each_has_words_for_what_it_shows_and_what_good_looks_like(caption):
    what, good = caption
    assert what.endswith(".")
    assert good.endswith(".")
