"""The published network: what it is built of, and that its file loads in safe mode."""

from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import ModelError
from astroseq_core.networks.architectures.registry import build_network

keras = pytest.importorskip("keras")


def test_it_is_the_published_network() -> None:
    network = build_network("inception_resnet_1d", 1024, 3)
    assert network.input_shape == (None, 1024, 3)
    assert network.output_shape == (None, 1)
    kinds = [type(layer).__name__ for layer in network.layers]
    assert (network.layers[1].filters, network.layers[1].kernel_size) == (64, (7,))
    assert kinds[1:5] == ["Conv1D", "BatchNormalization", "Activation", "MaxPooling1D"]
    assert kinds[-4:] == ["SpatialDropout1D", "GlobalAveragePooling1D", "Dropout", "Dense"]
    assert {layer.filters for layer in network.layers if isinstance(layer, keras.layers.Conv1D)} >= {64, 96}


def test_its_training_is_the_published_one() -> None:
    from astroseq_core.training import recipes
    from astroseq_core.training.fit import compile_network

    recipe = recipes.load_recipe("astroseq-tess-1024-base")
    network = build_network(recipe.architecture, recipe.cutting.window, len(recipe.cutting.channels), **recipe.options)
    compile_network(network, recipe)
    optimizer = network.optimizer
    assert isinstance(optimizer, keras.optimizers.AdamW)
    assert (float(optimizer.learning_rate), optimizer.weight_decay) == (pytest.approx(1e-3), pytest.approx(1e-4))
    assert (network.loss.name, recipe.cutting.step) == ("binary_crossentropy", 256)
    assert recipe.options.get("pooling", "average") == "average"
    assert recipe.options.get("stem_stride", 1) == 1


@pytest.mark.parametrize("options", [{}, {"stem_stride": 4}, {"pooling": "average_max"}])
def test_its_file_loads_in_safe_mode_and_says_the_same(tmp_path: Path, options: dict) -> None:
    network = build_network("inception_resnet_1d", 128, 2, **options)
    segments = np.random.default_rng(0).standard_normal((5, 128, 2)).astype("f4")
    network.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    assert np.allclose(network.predict_on_batch(segments), again.predict_on_batch(segments), atol=1e-6)


def test_wrong_names_are_refused() -> None:
    with pytest.raises(ModelError, match="transformer"):
        build_network("transformer", 64, 1)
    with pytest.raises(ModelError, match="median"):
        build_network("inception_resnet_1d", 64, 1, pooling="median")
