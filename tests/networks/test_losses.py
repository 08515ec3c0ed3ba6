"""Losses against values worked out by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.networks.losses import make_loss

keras = pytest.importorskip("keras")
LABELS = np.array([[1.0], [0.0], [1.0]], "f4")
PROBABILITY = np.array([[0.9], [0.2], [0.1]], "f4")


def test_cross_entropy() -> None:
    expected = -(math.log(0.9) + math.log(0.8) + math.log(0.1)) / 3
    assert float(make_loss("binary_crossentropy")(LABELS, PROBABILITY)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("alpha", "gamma"), [(0.25, 2.0), (0.75, 1.0), (None, 2.0), (None, 0.0)])
def test_focal_loss(alpha: float | None, gamma: float) -> None:
    of_transit, of_none = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    expected = (
        -(
            of_transit * 0.1**gamma * math.log(0.9)
            + of_none * 0.2**gamma * math.log(0.8)
            + of_transit * 0.9**gamma * math.log(0.1)
        )
        / 3
    )
    assert float(make_loss("focal", alpha=alpha, gamma=gamma)(LABELS, PROBABILITY)) == pytest.approx(expected, rel=1e-4)


def test_focal_loss_is_that_of_the_paper_where_nothing_is_said() -> None:
    assert float(make_loss("focal")(LABELS, PROBABILITY)) == pytest.approx(
        float(make_loss("focal", alpha=0.25, gamma=2.0)(LABELS, PROBABILITY))
    )


@pytest.mark.parametrize("name", ["binary_crossentropy", "focal"])
def test_a_compiled_model_loads_in_safe_mode_with_its_loss(tmp_path: Path, name: str) -> None:
    inputs = keras.Input((4,))
    network = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(inputs))
    network.compile("sgd", loss=make_loss(name))
    x, y = np.ones((3, 4), "f4"), LABELS
    before = network.train_on_batch(x, y)
    network.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert type(again.loss) is type(network.loss)
    assert again.evaluate(x, y, verbose=0) == pytest.approx(network.evaluate(x, y, verbose=0), rel=1e-5)
    assert float(before) > 0


def test_wrong_names_and_options_are_refused() -> None:
    with pytest.raises(SettingsError, match="use one of binary_crossentropy, focal"):
        make_loss("hinge")
    with pytest.raises(SettingsError, match="no beta"):
        make_loss("focal", beta=1)
    with pytest.raises(SettingsError, match="no gamma"):
        make_loss("binary_crossentropy", gamma=1)
    with pytest.raises(SettingsError, match="alpha between 0 and 1"):
        make_loss("focal", alpha=1.5)
