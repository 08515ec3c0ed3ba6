"""Spectra of period searches: peaks at what was put in, thinned without losing them, and what they cost."""

import numpy as np
import pytest

from astroseq_core.errors import LightCurveError, SettingsError
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.vetting import periodogram
from astroseq_core.vetting.periodogram import compute_periodogram, thin_periodogram


@pytest.fixture(scope="module")
def curves(light_curve_like_tess_sector):
    return [prepare(light_curve_like_tess_sector.curve)]


@pytest.fixture(scope="module")
def bls(curves):
    return compute_periodogram("bls", curves)


def test_the_peak_stands_at_the_injected_period(bls):
    best = bls.period_days[np.argmax(bls.power)]
    assert best == pytest.approx(3.7, rel=2e-3)
    assert bls.found.period_days == best
    assert bls.power.max() == pytest.approx(bls.found.statistic)
    near = np.abs(bls.period_days / 1.85 - 1) < 5e-3
    assert bls.power[near].max() > 2 * np.median(bls.power)  # half the period folds the transits too


def test_it_spans_what_the_data_can_tell_in_few_points(bls, curves):
    span = curves[0].time[-1] - curves[0].time[0]
    assert bls.period_days[0] == pytest.approx(periodogram.SHORTEST_PERIOD_DAYS, rel=0.01)
    assert bls.period_days[-1] == pytest.approx(span / 2, rel=0.01)
    assert len(bls.period_days) <= periodogram.MAX_POINTS
    assert (np.diff(bls.period_days) > 0).all()


def test_thinning_keeps_every_peak():
    rng = np.random.default_rng(1)
    periods = np.geomspace(0.4, 500, 200_000)[::-1]
    power = rng.random(len(periods))
    spikes = rng.choice(len(periods), 30, replace=False)
    power[spikes] = 10 + np.arange(30)
    few, high = thin_periodogram(periods, power)
    assert len(few) <= 2000
    assert (np.diff(few) > 0).all()
    kept = {(p, h) for p, h in zip(few, high, strict=True)}
    apart = {round(2000 * np.log(periods[s] / 0.4) / np.log(500 / 0.4), 2) // 1 for s in spikes}
    assert len([s for s in spikes if (periods[s], power[s]) in kept]) >= len(apart) - 1
    assert high.max() == power.max()


def test_thinning_leaves_short_spectra_and_drops_what_is_no_number():
    periods, power = thin_periodogram(np.array([3.0, 1.0, 2.0, 4.0]), np.array([1.0, 2.0, np.nan, 3.0]))
    assert periods.tolist() == [1.0, 3.0, 4.0]
    assert power.tolist() == [2.0, 1.0, 3.0]


def test_trial_periods_are_those_of_tls():
    from transitleastsquares.grid import period_grid

    own = periodogram.trial_periods(27.0)
    # TLS bounds the shortest period by the star's surface, at 0.6 d for the Sun; above that the grids are alike.
    theirs = period_grid(R_star=1, M_star=1, time_span=27.0, period_min=0.7, period_max=13.5, oversampling_factor=3)
    assert (own >= 0.7).sum() == pytest.approx(len(theirs), rel=0.02)


def test_the_estimate_grows_with_the_data(curves):
    one = periodogram.estimate_seconds("tls", curves)
    assert 0.2 < one < 10
    assert periodogram.estimate_seconds("tls", [*curves, *curves]) > one
    with pytest.raises(SettingsError):
        periodogram.estimate_seconds("fft", curves)


def test_what_cannot_be_searched_says_so(curves):
    with pytest.raises(SettingsError, match="no period search"):
        compute_periodogram("fft", curves)


def test_search_is_as_it_was(curves):
    found = periodogram.find_best_period("bls", curves)
    assert found.period_days == pytest.approx(3.7, rel=1e-3)
    assert not isinstance(found, LightCurveError)
