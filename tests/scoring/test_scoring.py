"""Segment probabilities: batches change nothing, settings come from the card, failures are told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.errors import ModelError
from astroseq_core.networks import card as cards
from astroseq_core.networks.card import Calibration
from astroseq_core.networks.model import load
from astroseq_core.scoring.segments import Failure, score_light_curve, score_light_curves
from astroseq_core.scoring.star import score_star, top_k_mean


@pytest.fixture
def curve(light_curve_like_tess_sector):
    return light_curve_like_tess_sector.curve


def test_probabilities_do_not_depend_on_their_neighbours_in_the_batch(tiny: Path, curve) -> None:
    model = load("tiny")
    other = replace(curve, flux=curve.flux[::-1].copy(), observation="turned")
    together = list(score_light_curves(model, [curve, other, curve], workers=2))
    alone = score_light_curve(model, curve)
    assert [t.observation for t in together] == ["s0001", "turned", "s0001"]
    for scores in (together[0], together[2]):
        assert np.allclose(scores.probability, alone.probability, atol=1e-6)
    assert np.all((alone.probability > 0) & (alone.probability < 1))
    assert np.std(alone.probability) > 0


def test_segments_are_cut_as_the_card_says(tiny: Path, curve) -> None:
    card = cards.read(tiny / "models" / "tiny")
    scores = score_light_curve(load("tiny"), curve)
    assert scores.num_cadences.max() == card.cutting.window
    assert scores.model_id == "tiny"
    assert list(scores.segment) == list(range(len(scores)))
    assert np.all(scores.t_stop > scores.t_start)


def test_what_a_model_was_not_made_for_is_refused(tiny: Path, curve) -> None:
    kepler = replace(curve, instrument=missions.KEPLER, observation="q1")
    with pytest.raises(ModelError, match="made for TESS"):
        score_light_curve(load("tiny"), kepler)
    constant = replace(curve, flux=np.ones(len(curve.time)), observation="constant")
    good, *bad = score_light_curves(load("tiny"), [curve, kepler, constant])
    assert not isinstance(good, Failure)
    assert [type(b) for b in bad] == [Failure, Failure]
    assert "constant flux" in bad[1].reason


def test_a_changed_model_file_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in ("card.json", "model.keras"):
        (folder / name).write_bytes((tiny / "models" / "tiny" / name).read_bytes())
    load(str(folder))
    data = bytearray((folder / "model.keras").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.keras").write_bytes(data)
    (folder / "card.json").touch()
    with pytest.raises(ModelError, match="not the file its card names"):
        load(str(folder))


def test_star_scores_come_from_all_observations(tiny: Path, curve) -> None:
    model = load("tiny")
    later = replace(curve, time=curve.time + 27.4, observation="s0002")
    parts = [p for p in score_light_curves(model, [curve, later]) if not isinstance(p, Failure)]
    star = score_star(parts)
    every = np.concatenate([p.probability for p in parts])
    assert star.num_segments == len(every)
    assert star.score_max == pytest.approx(every.max())
    assert star.score_topk == pytest.approx(np.sort(every)[-5:].mean())
    assert star.mission == "TESS"
    assert np.isfinite(star.score_fold)


def test_top_k_of_few_is_their_mean() -> None:
    assert top_k_mean(np.array([0.2, 0.4])) == pytest.approx(0.3)
    assert top_k_mean(np.arange(10.0), k=2) == pytest.approx(8.5)


class TwoOutputs:
    """A network that sees transits where the flat channel (the first) is low, and says so of the segment and of its places."""

    input_shape = (None, 128, 3)

    def predict_on_batch(self, values: np.ndarray) -> dict[str, np.ndarray]:
        depth = -values[:, :, 0].reshape(len(values), 32, 4).mean(axis=2)
        return {
            "segment": 1 / (1 + np.exp(-depth.max(axis=1, keepdims=True))),
            "cadence": 1 / (1 + np.exp(7 - 4 * depth))[..., None],
        }


def test_what_a_network_says_of_cadences_is_folded(tiny: Path, light_curve_like_tess_sector) -> None:
    curve, truth = light_curve_like_tess_sector.curve, light_curve_like_tess_sector.ephemeris
    one = load("tiny")
    two = replace(one, card=replace(one.card, cadence_calibration=Calibration(1.0, 0.0, 0.01)), network=TwoOutputs())
    scores = score_light_curve(two, curve)
    together = [p for p in score_light_curves(two, [curve, curve]) if not isinstance(p, Failure)]
    assert all(np.allclose(p.evidence.log_ratio, scores.evidence.log_ratio) for p in together)
    star = score_star([scores])
    assert star.best_period_days == pytest.approx(truth.period_days, rel=0.003)
    assert star.best_duration_hours == pytest.approx(truth.duration_hours, rel=0.3)
    assert star.score_fold > score_star([score_light_curve(one, curve)]).score_fold + 5
    # without cadences, the same segment probabilities
    assert scores.probability.shape == (len(scores),)
