from types import SimpleNamespace

import numpy as np
import pytest

from astroseq_core.plots import _timeline
from astroseq_core.times import TimeSystem

CADENCE_DAYS = 2 / 1440


def scores(starts, window, probability, zero=1325.0):
    starts = np.asarray(starts)
    return SimpleNamespace(
        t_start=zero + starts * CADENCE_DAYS,
        t_stop=zero + (starts + window - 1) * CADENCE_DAYS,
        num_cadences=np.full(len(starts), window),
        probability=np.asarray(probability, np.float32),
    )


def test_pieces_are_a_stride_long_and_hold_the_mean_of_their_segments():
    found = _timeline.probability_strip(scores([0, 256, 512, 768, 1024], 1024, [0.0, 0.0, 1.0, 1.0, 0.5]))
    assert np.allclose(np.diff(found.edges), 256 * CADENCE_DAYS)
    assert found.mean == pytest.approx([0, 0, 1 / 3, 0.5, 0.625, 2.5 / 3, 0.75, 0.5])


def test_mean_peaks_where_the_transit_is():
    window, stride, transit = 1024, 256, 2600
    starts = np.arange(0, 8192 - window + 1, stride)
    probability = ((starts <= transit) & (transit < starts + window)).astype(float)
    found = _timeline.probability_strip(scores(starts, window, probability))
    at = 1325.0 + transit * CADENCE_DAYS
    best = int(np.argmax(found.mean))
    assert found.edges[best] <= at <= found.edges[best + 1]
    assert found.mean[best] == pytest.approx(1.0)


def test_nothing_is_drawn_where_no_segment_is():
    found = _timeline.probability_strip(scores([0, 5000], 1024, [0.2, 0.9]))
    assert np.isnan(found.mean[1])
    assert found.mean[[0, 2]] == pytest.approx([0.2, 0.9])


def test_uneven_last_segment_leaves_no_hole():
    found = _timeline.probability_strip(scores([0, 256, 300], 1024, [0.1, 0.1, 0.4]))
    assert np.isfinite(found.mean).all()
    assert found.edges[-1] - found.edges[0] == pytest.approx(1324 * CADENCE_DAYS)


@pytest.mark.parametrize(
    ("system", "day", "expected"),
    [
        (TimeSystem.BTJD, 1325.3, "2018-07-25"),  # TESS sector 1 began on this day
        (TimeSystem.BKJD, 120.6, "2009-05-02"),  # the first of Kepler's data
        (TimeSystem.BJD, 2_451_545.0, "2000-01-01"),  # J2000
    ],
)
def test_dates(system, day, expected):
    assert _timeline.date_string(day, system) == expected


def curve(start, stop):
    return SimpleNamespace(time=np.linspace(start, stop, 50))


def test_years_without_data_break_the_axis_and_short_gaps_do_not():
    found = _timeline.stretches([curve(1325, 1352), curve(1354, 1381), curve(2036, 2061), curve(2770, 2797)])
    assert [s.members for s in found] == [(0, 1), (2,), (3,)]


def test_first_few_stretches_are_shown():
    many = [curve(1000 * i, 1000 * i + 27) for i in range(1, 9)]
    assert _timeline.default_observation_indices(many) == tuple(range(_timeline.MAX_STRETCHES))


def test_widths_follow_lengths_and_none_is_too_narrow():
    widths = _timeline.relative_widths(_timeline.stretches([curve(100, 1500), curve(5000, 5002)]))
    assert sum(widths) == pytest.approx(1)
    assert widths[1] == pytest.approx(_timeline.MIN_RELATIVE_WIDTH * widths[0])
