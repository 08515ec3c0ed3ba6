"""Labels by ephemeris, with the drift rule."""

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing.segments import (
    LEFT_OUT,
    NO_TRANSIT,
    TRANSIT,
    SegmentConfig,
    label_cadences,
    label_segments,
    make_segments,
)
from astroseq_core.times import Instant, TimeSystem
from tests.preprocessing.white_noise import MINUTES, cadences, prepared


def ephemeris(t0: float, period: float | None = None, hours: float = 2.0, **more) -> Ephemeris:
    return Ephemeris("TIC 7", "b", Instant(t0, TimeSystem.BTJD), period, hours, **more)


@pytest.fixture(scope="module")
def curve():
    return prepared(cadences(4000))


def labels(curve, *ephemerides: Ephemeris) -> tuple[np.ndarray, object]:
    segments = make_segments(curve, SegmentConfig(window=256, channels=("flat",)))
    return label_segments(segments, label_cadences(curve, ephemerides)), segments


def test_exactly_the_segments_that_overlap_a_transit_are_positive(curve) -> None:
    one = ephemeris(2001.5, 1.7)
    found, segments = labels(curve, one)
    half = one.duration_days / 2 + MINUTES / 2880
    for n in range(len(segments)):
        mids = 2001.5 + 1.7 * np.arange(-2, 5)
        times = curve.time[segments.first[n] : segments.last[n] + 1]
        touched = bool((np.abs(times[:, None] - mids[None, :]) <= half + 1e-9).any())
        assert found[n] == (TRANSIT if touched else NO_TRANSIT)
    assert 0 < (found == TRANSIT).mean() < 1


def test_drifted_predictions_are_left_out(curve) -> None:
    sure, _ = labels(curve, ephemeris(2001.5))
    drifted, _ = labels(curve, ephemeris(2001.5, t0_err=0.05))
    assert np.array_equal(drifted == LEFT_OUT, sure == TRANSIT)
    assert not (drifted == TRANSIT).any()


def test_drift_grows_with_the_number_of_periods(curve) -> None:
    far = ephemeris(2001.5 - 100 * 1.7, 1.7, period_err=0.0005)  # 0.05 d after 100 periods: over half of two hours
    assert (labels(curve, far)[0] == LEFT_OUT).any()
    near = ephemeris(2001.5, 1.7, period_err=0.0005)
    assert not (labels(curve, near)[0] == LEFT_OUT).any()


def test_false_positives_are_left_out_and_a_planet_beside_them_wins(curve) -> None:
    planet, binary = ephemeris(2001.5), ephemeris(2001.5, disposition="FALSE POSITIVE")
    assert set(labels(curve, binary)[0]) == {NO_TRANSIT, LEFT_OUT}
    for order in ((planet, binary), (binary, planet)):
        assert np.array_equal(labels(curve, *order)[0], labels(curve, planet)[0])
