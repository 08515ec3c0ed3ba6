"""The CNN+LSTM: its layers, its size, that its file loads in safe mode, and that it can learn."""

from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import ModelError
from astroseq_core.networks.architectures.cnn_lstm import MAX_STEPS, build_cnn_lstm, lstm_steps
from astroseq_core.networks.losses import make_loss

keras = pytest.importorskip("keras")


def test_it_is_blocks_of_convolutions_then_an_lstm() -> None:
    network = build_cnn_lstm(1024, 1)
    assert not network.compiled
    assert (network.input_shape, network.output_shape) == ((None, 1024, 1), (None, 1))
    kinds = [type(layer).__name__ for layer in network.layers]
    block = ["Conv1D", "BatchNormalization", "Activation", "MaxPooling1D", "Dropout"]
    assert kinds == ["InputLayer", *block * 3, "Bidirectional", "Dense", "Dropout", "Dense"]
    assert [layer.filters for layer in network.layers if isinstance(layer, keras.layers.Conv1D)] == [32, 64, 128]
    lstm = next(layer for layer in network.layers if isinstance(layer, keras.layers.Bidirectional))
    assert lstm.input.shape == (None, 128, 128)
    assert lstm.output.shape == (None, 128)


@pytest.mark.parametrize("window", [64, 256, 1024, 2048, 4096])
def test_the_lstm_never_walks_along_more_steps_than_its_limit(window: int) -> None:
    network = build_cnn_lstm(window, 2, bidirectional=False, lstm_units=8)
    lstm = next(layer for layer in network.layers if isinstance(layer, keras.layers.LSTM))
    pool = next(layer for layer in network.layers if isinstance(layer, keras.layers.MaxPooling1D)).pool_size[0]
    assert 2 <= lstm.input.shape[1] <= MAX_STEPS
    assert lstm.input.shape[1] == lstm_steps(window, 3, pool)


def test_a_window_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ModelError, match="2 to 128"):
        build_cnn_lstm(100_000, 1)
    with pytest.raises(ModelError, match="another pool"):
        build_cnn_lstm(1024, 1, pool=1)
    with pytest.raises(ModelError, match="pool up to 4"):
        build_cnn_lstm(8, 1)


def test_its_file_is_small_loads_in_safe_mode_and_says_the_same(tmp_path: Path) -> None:
    network = build_cnn_lstm(256, 3)
    segments = np.random.default_rng(0).standard_normal((4, 256, 3)).astype("f4")
    network.save(tmp_path / "model.keras")
    assert (tmp_path / "model.keras").stat().st_size < 3e6
    again = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    assert np.allclose(network.predict_on_batch(segments), again.predict_on_batch(segments), atol=1e-6)


def test_a_few_steps_teach_it_to_see_a_dip() -> None:
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    labels = (np.arange(64) % 2).astype("f4")
    segments = rng.standard_normal((64, 64, 1)).astype("f4")
    for row in np.flatnonzero(labels):
        begin = rng.integers(4, 52)
        segments[row, begin : begin + 8] -= 4
    network = build_cnn_lstm(64, 1, filters=(8, 16), lstm_units=8, dropout=0.0)
    network.compile(keras.optimizers.Adam(1e-2), loss=make_loss("focal"))
    losses = [float(network.train_on_batch(segments, labels[:, None])) for _ in range(25)]
    assert losses[-1] < 0.3 * losses[0]
