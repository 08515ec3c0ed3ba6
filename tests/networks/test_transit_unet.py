"""AstroSeq's own network: shapes, size, and that its file loads without arbitrary code."""

from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import ModelError
from astroseq_core.networks.architectures import registry


def test_shapes_and_size(tmp_path: Path) -> None:
    import keras

    network = registry.build_network("transit_unet_1d", 1024, 5)
    path = tmp_path / "model.keras"
    network.save(path, include_optimizer=False)
    assert path.stat().st_size < 3e6
    loaded = keras.models.load_model(path, compile=False, safe_mode=True)
    values = np.random.default_rng(0).standard_normal((3, 1024, 5)).astype(np.float32)
    one, two = network.predict_on_batch(values), loaded.predict_on_batch(values)
    assert one["segment"].shape == (3, 1)
    assert one["cadence"].shape == (3, 256, 1)
    for name in one:
        assert np.all((one[name] > 0) & (one[name] < 1))
        np.testing.assert_allclose(one[name], two[name], atol=1e-6)


def test_a_window_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ModelError, match="multiple of 32"):
        registry.build_network("transit_unet_1d", 1000, 5)
