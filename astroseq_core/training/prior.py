"""Probabilities at another base rate than the one that was trained on."""

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.scoring.card import logit


def shift_prior(probability: NDArray[np.floating], trained_base_rate: float, true_base_rate: float) -> NDArray[np.float64]:
    """The probabilities (n,) that hold where a share ``true_base_rate`` is positive, same shape and order.

    Bayes' rule for a change of the classes' shares alone: the odds are multiplied by the ratio of the prior odds (Saerens et al.
    2002, eq. 4; King & Zeng 2001, section 4.1). ``trained_base_rate`` is the share of positives that the network was trained on,
    after capping, sampling and SMOTE. It holds for what cross-entropy trains; focal loss bends the odds besides, which takes a
    calibration on stars kept for it. Raises SettingsError for a rate that is not between 0 and 1.
    """
    for rate in (trained_base_rate, true_base_rate):
        if not 0 < rate < 1:
            raise SettingsError(f"A base rate of {rate:g} says that one class never occurs; it must lie between 0 and 1.")
    shift = logit(np.array(true_base_rate)) - logit(np.array(trained_base_rate))
    return np.asarray(1 / (1 + np.exp(-(logit(probability) + shift))))
