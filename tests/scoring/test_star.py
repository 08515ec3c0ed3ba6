"""Star scores from segments."""

import numpy as np
import pytest

from astroseq_core.errors import LightCurveError
from astroseq_core.scoring import star
from astroseq_core.scoring.segments import Failure
from astroseq_core.scoring.star import noisy_or

START = np.arange(0.0, 10.0, 1.0)


def test_noisy_or_of_segments_side_by_side_is_the_product() -> None:
    probability = np.array([0.1, 0.5, 0.9, 0.0, 0.3])
    start = np.arange(5.0)
    expected = -np.log(np.prod(1 - probability))
    assert noisy_or(probability, start, start + 0.9) == pytest.approx(expected)


def test_noisy_or_does_not_count_overlapping_segments_twice() -> None:
    """The same probabilities, each segment shown four times a quarter apart: the score stays nearly as it is."""
    probability = np.full(40, 0.2)
    start = np.arange(40) * 0.25
    overlapping = noisy_or(probability, start, start + 0.99)
    assert overlapping == pytest.approx(noisy_or(np.full(10, 0.2), START, START + 0.99), rel=0.1)


def test_noisy_or_does_not_saturate() -> None:
    one, two = np.zeros(10), np.zeros(10)
    one[0], two[[0, 5]] = 0.999999, 0.999999
    assert pytest.approx(1.0, abs=1e-11) == 1 - (1 - 0.999999) * (1 - 0.999999)
    assert noisy_or(two, START, START + 0.9) == pytest.approx(2 * noisy_or(one, START, START + 0.9))
    assert np.isfinite(noisy_or(np.ones(10), START, START + 0.9))


def test_stars_are_ranked_by_a_score_that_exists() -> None:
    assert star.STAR_SCORE in ("score_max", "score_topk", "score_noisy_or", "score_fold")
    assert star.STAR_SCORE in star.StarScore.__dataclass_fields__


def test_a_star_of_which_nothing_was_scored_says_why() -> None:
    failed = Failure("TIC 1", "s0001", "The model was made for Kepler.")
    with pytest.raises(LightCurveError, match=r"no score. s0001: The model was made for Kepler."):
        star.score_star([failed])
    with pytest.raises(LightCurveError, match="No segment was scored"):
        star.score_star([])
