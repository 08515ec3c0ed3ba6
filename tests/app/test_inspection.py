import numpy as np
import pytest

from astroseq_core.app.explore.segment import inspect_segment, plan_segments
from astroseq_core.networks.card import Calibration, ModelCard
from astroseq_core.preprocessing.prepare import PreprocessingConfig, prepare
from astroseq_core.preprocessing.segments import SegmentConfig, make_segments
from astroseq_core.scoring.star_data import StarRequest, load_star
from astroseq_core.scoring.star_source import Source


@pytest.fixture(scope="module")
def star():
    return load_star(StarRequest("SIM 1", Source.SIMULATED))


@pytest.fixture(scope="module")
def card() -> ModelCard:
    cutting = SegmentConfig(channels=("flat", "raw"))
    return ModelCard("m", "M", ("TESS",), "a", {}, PreprocessingConfig(cadence_minutes=2.0), cutting, Calibration(), "")


def test_plan_counts_what_the_model_is_given(star, card):
    counts = plan_segments(star, card).counts
    assert counts == tuple(len(make_segments(prepare(c, card.preparation), card.cutting)) for c in star.light_curves)


def test_inspected_values_are_those_the_network_is_given(star, card):
    cuts = plan_segments(star, card)
    number = cuts.first[1] + 7
    seen = inspect_segment(star, card, number, cuts)
    own = make_segments(prepare(star.light_curves[1], card.preparation), card.cutting)
    assert seen.number_within == 7
    assert np.array_equal(seen.view.values, own.values[7])
    assert seen.start == own.t_start[7]
    assert seen.stop == own.t_stop[7]


def test_places_stand_at_the_times_of_their_cadences(star, card):
    cuts = plan_segments(star, card)
    seen = inspect_segment(star, card, 20, cuts)
    curve = prepare(star.light_curves[0], card.preparation)
    inside = (curve.time >= seen.start) & (curve.time <= seen.stop)
    assert seen.view.filled.sum() == inside.sum()
    assert seen.view.time[seen.view.filled] == pytest.approx(curve.time[inside], abs=1.5 / 1440)


def test_label_follows_the_ephemerides(star, card):
    cuts = plan_segments(star, card)
    first = star.light_curves[0].time
    mids = np.concatenate([e.transits(first[0], first[-1], star.system).mid for e in star.ephemerides])
    for number in range(0, cuts.counts[0], 5):
        seen = inspect_segment(star, card, number, cuts)
        well_inside = ((mids > seen.start + 0.1) & (mids < seen.stop - 0.1)).any()
        far_away = ((mids < seen.start - 0.2) | (mids > seen.stop + 0.2)).all()
        if well_inside:
            assert seen.label == "holds a predicted transit"
        elif far_away:
            assert seen.label == "no predicted transit"
