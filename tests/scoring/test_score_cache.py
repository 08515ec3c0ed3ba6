"""Scores kept in the cache: the same again, and never another model's or another light curve's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.networks.card import Calibration
from astroseq_core.networks.model import load
from astroseq_core.scoring import score_cache
from astroseq_core.scoring.segments import Failure, score_light_curve
from astroseq_core.scoring.star import score_star


def test_kept_scores_are_the_same_and_only_for_what_they_were_made_of(tiny: Path, light_curve_like_tess_sector) -> None:
    curve = light_curve_like_tess_sector.curve
    model = load("tiny")
    card = model.card
    assert score_cache.load(card, curve) is None
    scores = score_light_curve(model, curve)
    score_cache.save(card, curve, scores)
    again = score_cache.load(card, curve)
    assert again is not None
    for name in ("t_start", "t_stop", "num_cadences", "probability"):
        assert np.array_equal(getattr(again, name), getattr(scores, name))
    assert score_star([again]) == score_star([scores])
    flux = curve.flux.copy()
    flux[5] *= 1.0001
    assert score_cache.load_all(card, [curve, replace(curve, observation="s0002")]) is None
    score_cache.save_all(card, [curve], [Failure("TIC 1", "s0001", "no reason")])
    recalled = score_cache.load_all(card, [curve])
    assert recalled is not None
    assert np.array_equal(recalled[0].probability, scores.probability)
    for other_card, other_curve in (
        (replace(card, sha256="0" * 64), curve),
        (replace(card, calibration=Calibration(1.0, 0.0, 0.1)), curve),
        (replace(card, cutting=replace(card.cutting, window=64)), curve),
        (card, replace(curve, flux=flux)),
        (card, replace(curve, observation="s0002")),
    ):
        assert score_cache.load(other_card, other_curve) is None


def test_a_cache_that_cannot_be_written_costs_only_time(
    tiny: Path, light_curve_like_tess_sector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ASTROSEQ_CACHE", str(tmp_path / "file"))
    curve = light_curve_like_tess_sector.curve
    model = load("tiny")
    score_cache.save_all(model.card, [curve], [score_light_curve(model, curve)])
    assert score_cache.load_all(model.card, [curve]) is None
    assert caplog.records
