"""Pixel columns of simulated stars against what they are made of."""

import numpy as np
import pytest

from astroseq_core.simulate import drawn, pixels, survey
from astroseq_core.simulate.transits import Eclipses
from astroseq_core.vetting.centroid import centroid_shift


@pytest.mark.parametrize("number", [1, 2, 3])
def test_columns_belong_to_their_light_curve_and_are_the_same_each_time(number: int):
    for curve in drawn.read(number).curves:
        one, again = pixels.of(curve), pixels.of(curve)
        assert one.simulated
        assert one.position == "simulated"
        assert np.array_equal(one.time, curve.time)
        assert np.array_equal(one.pdcsap, curve.flux, equal_nan=True)
        assert np.array_equal(one.x, again.x, equal_nan=True)
        assert (np.isnan(one.x) == np.isnan(curve.flux)).all()
        assert np.nanmin(one.background) > 0
        assert np.nanstd(one.sap / np.nanmedian(one.sap)) > np.nanstd(curve.flux / np.nanmedian(curve.flux))


def test_blended_binaries_and_they_alone_move_the_light_from_where_they_lie():
    """In the built-in survey every blend is seen at its place, and no other signal is off by 3 sigma and a tenth of a pixel."""
    blends = others = 0
    for row in survey.summary():
        if row.kind not in ("planet", "binary"):
            continue
        star = drawn.read(int(row.target_id.split()[1]))
        truth = float(np.hypot(*pixels.offset(star.curves[0].target)))
        shift = centroid_shift([pixels.of(c) for c in star.curves], star.ephemerides[0])
        if truth:
            blends += 1
            assert isinstance(star.signals[0], Eclipses)
            assert shift is not None, row.target_id
            assert shift.sigma > 5, row.target_id
            assert abs(shift.offset_pixels - truth) < max(4 * shift.offset_err, 0.06 * truth), row.target_id
        elif shift is not None:
            others += 1
            assert shift.sigma < 3 or shift.offset_pixels < 0.1, row.target_id
    assert blends >= 4
    assert others >= 14
