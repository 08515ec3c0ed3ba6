"""Cards: what is written is read again, and what is damaged is said."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.errors import AstroSeqError, ModelError
from astroseq_core.networks import card as cards
from astroseq_core.networks.card import Calibration, logit


def test_a_card_survives_its_file(tiny: Path, tmp_path: Path) -> None:
    card = cards.read(tiny / "models" / "tiny")
    card.write(tmp_path)
    assert cards.read(tmp_path) == card
    assert card.cutting.channels == ("flat", "mf_2h", "gap")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[: len(text) // 2], "is damaged"),
        (lambda text: text.replace('"card_version": 1', '"card_version": 99'), "version 99"),
        (lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "segments"}), "is damaged"),
        (lambda text: text.replace('"window": 128', '"window": 2'), "window must be at least"),
        (lambda text: "[]", "is damaged"),
        (lambda text: re.sub(r'"base_rate": [0-9.e-]+', '"base_rate": 0', text), "its calibration is none"),
    ],
)
def test_a_damaged_card_is_said_in_one_sentence(tiny: Path, tmp_path: Path, damage, said: str) -> None:
    text = (tiny / "models" / "tiny" / "card.json").read_text()
    (tmp_path / "card.json").write_text(damage(text))
    with pytest.raises(Exception, match=said) as caught:
        cards.read(tmp_path)
    assert isinstance(caught.value, AstroSeqError)


def test_models_are_found_by_id_or_folder_and_never_outside(tiny: Path) -> None:
    assert cards.model_folder("tiny") == tiny / "models" / "tiny"
    assert cards.model_folder(str(tiny / "models" / "tiny")) == tiny / "models" / "tiny"
    for wrong in ("none", "../models/none", "", "tiny\x00"):
        with pytest.raises(ModelError, match="tiny"):
            cards.model_folder(wrong)


def test_the_model_for_a_light_curve(tiny: Path, light_curve_like_tess_sector) -> None:
    curve = light_curve_like_tess_sector.curve
    best = cards.choose_card(curve)
    assert best is not None
    assert best.model_id == "tiny"
    assert cards.choose_card(replace(curve, instrument=missions.KEPLER)) is None
    slow = replace(curve, time=curve.time[0] + (curve.time - curve.time[0]) * 5)
    assert cards.choose_card(slow) is None


def test_calibration_is_a_line_in_logits() -> None:
    p = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
    assert np.allclose(Calibration()(p)[1:4], p[1:4], atol=1e-6)
    moved = Calibration(slope=2.0, offset=-1.0)(p)
    assert np.allclose(logit(moved)[1:4], 2 * logit(p)[1:4] - 1, atol=1e-4)
    assert np.all(np.diff(moved) > 0)
    assert np.isfinite(logit(moved)).all()
