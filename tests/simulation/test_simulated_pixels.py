"""Pixel columns of simulated stars against what they are made of."""

import numpy as np
import pytest

from astroseq_core.simulation import pixels, survey
from astroseq_core.simulation.transits import EclipsingBinary
from astroseq_core.vetting.centroid import centroid_shift


@pytest.mark.parametrize("number", [1, 2, 3])
def test_columns_belong_to_their_light_curve_and_are_the_same_each_time(number: int):
    for curve in survey.read_star(number).light_curves:
        one, again = pixels.simulated_pixel_columns(curve), pixels.simulated_pixel_columns(curve)
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
    for row in survey.survey_rows():
        if row.kind not in ("planet", "binary"):
            continue
        star = survey.read_star(int(row.target_id.split()[1]))
        truth = float(np.hypot(*pixels.source_offset(star.light_curves[0].target)))
        shift = centroid_shift([pixels.simulated_pixel_columns(c) for c in star.light_curves], star.ephemerides[0])
        if truth:
            blends += 1
            assert isinstance(star.signals[0], EclipsingBinary)
            assert shift is not None, row.target_id
            assert shift.sigma > 5, row.target_id
            assert abs(shift.offset_pixels - truth) < max(4 * shift.offset_err, 0.06 * truth), row.target_id
        elif shift is not None:
            others += 1
            assert shift.sigma < 3 or shift.offset_pixels < 0.1, row.target_id
    assert blends >= 4
    assert others >= 14
