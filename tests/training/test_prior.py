"""The change of base rate against Bayes' rule on known distributions."""

import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.training.prior import shift_prior


def posterior(x: np.ndarray, base_rate: float) -> np.ndarray:
    """Chance that a number is from N(2, 1), not from N(0, 1)."""
    odds = np.exp(2 * x - 2) * base_rate / (1 - base_rate)
    return odds / (1 + odds)


@pytest.mark.parametrize("true_base_rate", [0.001, 0.1, 0.5, 0.9])
def test_it_is_the_posterior_at_the_other_base_rate(true_base_rate: float) -> None:
    x = np.linspace(-4, 6, 50)
    shifted = shift_prior(posterior(x, 0.5), 0.5, true_base_rate)
    assert np.allclose(shifted, posterior(x, true_base_rate), rtol=1e-6, atol=1e-9)


def test_by_hand_and_back() -> None:
    # odds of 1 at a base rate of a half are odds of 1/9 at a tenth
    assert shift_prior(np.array([0.5]), 0.5, 0.1) == pytest.approx([0.1])
    p = np.array([1e-4, 0.3, 0.99])
    assert shift_prior(shift_prior(p, 0.5, 0.02), 0.02, 0.5) == pytest.approx(p)
    assert shift_prior(p, 0.2, 0.2) == pytest.approx(p)


def test_the_ends_stay_finite_and_the_order_stays() -> None:
    shifted = shift_prior(np.array([0.0, 0.4, 0.5, 1.0]), 0.5, 0.01)
    assert np.isfinite(shifted).all()
    assert (np.diff(shifted) > 0).all()


@pytest.mark.parametrize("rates", [(0.0, 0.5), (0.5, 1.0), (-0.1, 0.5), (0.5, float("nan"))])
def test_impossible_base_rates_are_refused(rates: tuple[float, float]) -> None:
    with pytest.raises(SettingsError, match="between 0 and 1"):
        shift_prior(np.array([0.5]), *rates)
