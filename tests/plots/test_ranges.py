"""Ranges and breaks that pages and reports share."""

import numpy as np
import pytest

from astroseq_core.export.report.light_curve import join_axis
from astroseq_core.plots import _timeline
from astroseq_core.plots._ranges import detrended_range_ppt, padded_range, range_with_dips, scatter_range_ppt
from astroseq_core.preprocessing.prepare import PreprocessingConfig, prepare
from astroseq_core.simulation import survey

NOISE = 5e-4


def flat_with(dip: float, width: int, wild: float = 0.0) -> np.ndarray:
    """White noise with one dip of a depth and a length, and one wild cadence."""
    flat = NOISE * np.random.default_rng(4).standard_normal(4000)
    flat[1000 : 1000 + width] -= dip
    flat[3000] += wild
    return flat


def test_no_dip_is_hidden_and_no_wild_cadence_flattens_the_rest():
    low, high = detrended_range_ppt([flat_with(0.02, 3)])
    assert low < -20
    assert 3 * NOISE * 1e3 < high < 0.4 * 20
    low, high = detrended_range_ppt([flat_with(0.0, 0, wild=1.0)])
    assert high == pytest.approx(5.5 * NOISE * 1e3, rel=0.5)
    low, _ = detrended_range_ppt([flat_with(0.0, 0)], depth_ppm=9000)
    assert low < -9
    low, high = scatter_range_ppt(flat_with(0.0, 0), -7.0)
    assert low < -7
    low, high = range_with_dips(flat_with(0.05, 1, wild=1.0), 0.998)
    assert low < -0.05
    assert high < 0.02


def test_panels_without_values_have_a_range():
    assert scatter_range_ppt(np.full(5, np.nan)) == range_with_dips(np.empty(0), 0.99) == (-1.0, 1.0)
    low, high = padded_range(2.0, 2.0)
    assert low < 2.0 < high


def test_pages_and_reports_break_the_axis_at_the_same_gaps():
    star = survey.simulated_star("SIM 2")
    detrended = [prepare(curve, PreprocessingConfig()) for curve in star.light_curves]
    parts = _timeline.stretches(detrended)
    axis = join_axis(parts)
    assert axis.parts == parts
    time = np.concatenate([curve.time for curve in detrended])
    at = axis.positions(time)
    assert np.isfinite(at).all()
    assert (np.diff(at) > 0).all()
    assert at[-1] - at[0] <= time[-1] - time[0]


@pytest.mark.parametrize(("gap", "broken"), [(2.0, False), (9.0, False), (12.0, True), (400.0, True)])
def test_a_gap_breaks_the_axis_by_its_length_beside_the_data(gap: float, broken: bool):
    parts = _timeline.join_spans([(0.0, 27.0), (27.0 + gap, 54.0 + gap)])
    assert len(parts) == 1 + broken
    axis = join_axis(parts)
    (first, last) = axis.positions(np.array([27.0, 27.0 + gap]))
    assert last - first == pytest.approx(0.012 * 54 if broken else gap)
