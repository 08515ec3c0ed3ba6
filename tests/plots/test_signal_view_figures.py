"""A signal as the classifier sees it: what the five panels hold."""

import json

import numpy as np
import pytest

from astroseq_core.plots import style
from astroseq_core.plots.signal_views import SIGNAL_VIEWS_HEIGHT, signal_views_figure
from astroseq_core.signals.fold_views import StarViews, make_views
from astroseq_core.signals.folded_flux import fold_flux
from astroseq_core.signals.pictures import SignalPictures, signal_pictures
from astroseq_core.signals.views import GLOBAL_BINS, LOCAL_BINS
from astroseq_core.simulation.transits import Orbit, signal_ephemeris
from astroseq_core.times import Instant
from tests.vetting.simulated import T0, observed


@pytest.fixture(scope="module")
def star() -> tuple[StarViews, SignalPictures]:
    """A planet, and a single transit that ends in a gap."""
    single = Orbit(Instant(1338.0, T0.system), None, 0.06, 0.3, shape_period_days=50.0)
    signals = [Orbit(T0, 2.7, 0.06, 0.2), single]
    known = [signal_ephemeris("SIM 7", name, s) for name, s in zip("bc", signals, strict=True)]
    folds = fold_flux([observed(signals, minutes=10.0, gaps=[(1338.1, 1339.4)])], known)
    return make_views(folds), signal_pictures(folds)


def traces(figure, name):
    return [t for t in figure.data if t.name == name]


def test_a_planet_has_all_panels(star):
    figure = signal_views_figure(*star)
    whole, near = traces(figure, "Bins")
    assert (len(whole.x), len(near.x)) == (GLOBAL_BINS, LOCAL_BINS)
    assert (float(whole.x[0]), float(whole.x[-1])) == pytest.approx((-0.497, 0.497), abs=0.001)
    assert near.x[np.argmin(near.y)] == pytest.approx(0.0, abs=1.0)
    for name in ("Odd", "Even", "Secondary"):
        assert np.isfinite(traces(figure, name)[0].y).all()
    rows = next(t for t in figure.data if t.type == "heatmap")
    assert np.shape(rows.z) == (np.isfinite(star[1].transit_numbers[0]).sum(), LOCAL_BINS)
    assert figure.layout.height == SIGNAL_VIEWS_HEIGHT


def test_all_flux_panels_have_the_same_range(star):
    figure = signal_views_figure(*star)
    ranges = {figure.layout[axis].range for axis in ("yaxis", "yaxis2", "yaxis3", "yaxis4")}
    assert len(ranges) == 1
    low, high = ranges.pop()
    assert low < -1
    assert high > 0.2


def test_filled_bins_are_open_circles(star):
    found, pictures = star
    _, near = traces(signal_views_figure(found, pictures, row=1), "Bins")
    assert found.empty_local[1] > 5
    opened = np.array([color.endswith(",0)") for color in near.marker.color])
    np.testing.assert_array_equal(opened, found.filled_local[1])


def test_a_single_transit_says_what_is_missing(star):
    figure = signal_views_figure(*star, row=1, index=1)
    words = {a.text for a in figure.layout.annotations}
    assert {"one transit: nothing to compare", "the orbit is not known", "The days around it"} <= words
    assert figure.layout.xaxis.title.text == "Days"
    assert not any(t.showlegend for t in figure.data)
    assert style.planet_color(1) in traces(figure, "Bins")[1].marker.color


def test_the_figure_is_small_and_holds_no_missing_number_but_gaps_of_single_transits(star):
    for row in (0, 1):
        figure = signal_views_figure(*star, row=row)
        written = figure.to_json()
        assert len(written) < 60_000
        json.loads(written)
        for trace in figure.data:
            assert trace.type == "heatmap" or np.isfinite(np.asarray(trace.y, float)).all()
