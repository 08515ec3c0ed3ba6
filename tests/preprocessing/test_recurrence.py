"""What recurs in a light curve, against dips that were put in."""

import math

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.io import lightcurve
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, PreprocessingConfig, prepare
from astroseq_core.preprocessing.recurrence import compute_recurrence
from astroseq_core.targets import Target

NOISE = 1e-3
SPAN_DAYS = 27.0


def observed(depth: float, mids: np.ndarray, hours: float = 3.0, seed: int = 5) -> tuple[DetrendedLightCurve, np.ndarray]:
    """A ten-minute light curve with box-shaped dips (brightenings where ``depth`` < 0), and which cadences they cover."""
    rng = np.random.default_rng(seed)
    time = 1500 + np.arange(0, SPAN_DAYS, 10 / 1440)
    # The pause between a sector's two orbits.
    time = time[(time < 1512.5) | (time > 1513.6)]
    inside = np.any(np.abs(time[:, None] - mids) < hours / 48, axis=1)
    flux = 1 + NOISE * rng.standard_normal(len(time)) - depth * inside
    curve = lightcurve.make_light_curve(
        target=Target("TIC", "7"), observation="o", time=time, flux=flux, instrument=missions.TESS
    )
    return prepare(curve, PreprocessingConfig(detrending="none", clip_sigma=None)), inside


@pytest.mark.parametrize("period_days", [1.7, 4.3, 9.1])
def test_a_period_too_shallow_for_one_transit_is_found(period_days: float) -> None:
    mids = np.arange(1500.9, 1500 + SPAN_DAYS, period_days)
    # Of one transit 12 / sqrt(number) sigmas over its 18 cadences.
    curve, inside = observed(12 / math.sqrt(len(mids)) * NOISE / math.sqrt(18), mids)
    found = compute_recurrence(curve)
    assert min(abs(found.period_days / period_days * f - 1) for f in (0.5, 1, 2)) < 0.01
    assert np.median(found.best[inside]) > 6
    assert np.median(found.any[inside]) > np.quantile(found.any[~inside], 0.95)


def test_one_glitch_supports_nothing() -> None:
    quiet, _ = observed(0.0, np.array([1507.0]))
    glitch, inside = observed(30 * NOISE, np.array([1507.0]))
    assert np.max(compute_recurrence(glitch).any[inside]) < np.max(compute_recurrence(quiet).any) + 1.5


def test_two_transits_are_enough() -> None:
    curve, inside = observed(3 * NOISE, np.array([1505.2, 1518.3]))
    assert np.median(compute_recurrence(curve).any[inside]) > 8


def test_brightenings_are_told_from_dips() -> None:
    curve, inside = observed(-3 * NOISE, np.arange(1501.0, 1527.0, 3.1))
    found = compute_recurrence(curve)
    assert np.median(found.upward[inside]) > 12
    assert np.median(found.any[inside]) < 6


def test_too_short_for_two_epochs_is_silent() -> None:
    curve, _ = observed(0.0, np.array([1501.0]))
    keep = slice(0, 60)
    short = DetrendedLightCurve(
        curve.light_curve,
        curve.settings,
        curve.time[keep],
        curve.flux[keep],
        curve.trend[keep],
        curve.flat[keep],
        curve.noise,
        10.0,
    )
    found = compute_recurrence(short)
    assert math.isnan(found.period_days)
    assert not found.any.any()
    assert len(found.best) == 60
