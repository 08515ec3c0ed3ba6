"""Scores kept in the cache: the same again, and never another model's or another light curve's."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from astroseq_core.scoring import kept
from astroseq_core.scoring.card import Calibration
from astroseq_core.scoring.model import load
from astroseq_core.scoring.segments import score_curve
from astroseq_core.scoring.star import score_star


def test_kept_scores_are_the_same_and_only_for_what_they_were_made_of(tiny: Path, light_curve_like_tess_sector) -> None:
    curve = light_curve_like_tess_sector.curve
    model = load("tiny")
    card = model.card
    assert kept.load(card, curve) is None
    scores = score_curve(model, curve)
    kept.store(card, curve, scores)
    again = kept.load(card, curve)
    assert again is not None
    for name in ("t_start", "t_stop", "num_cadences", "probability"):
        assert np.array_equal(getattr(again, name), getattr(scores, name))
    assert score_star([again]) == score_star([scores])
    flux = curve.flux.copy()
    flux[5] *= 1.0001
    for other_card, other_curve in (
        (replace(card, sha256="0" * 64), curve),
        (replace(card, calibration=Calibration(1.0, 0.0, 0.1)), curve),
        (replace(card, cutting=replace(card.cutting, window=64)), curve),
        (card, replace(curve, flux=flux)),
        (card, replace(curve, observation="s0002")),
    ):
        assert kept.load(other_card, other_curve) is None
