"""A model small enough for tests that still finds deep transits: the highest place of a matched filter, through a sigmoid."""

import hashlib
from pathlib import Path

import numpy as np

from astroseq_core.networks.card import MODEL_NAME, Calibration, ModelCard
from astroseq_core.preprocessing.prepare import PreprocessingConfig
from astroseq_core.preprocessing.segments import SegmentConfig


def make_model(
    home: Path,
    model_id: str = "tiny",
    instruments: tuple[str, ...] = ("TESS",),
    cadence_minutes: float = 2.0,
    window: int = 1024,
    stars: tuple[str, ...] = (),
    threshold: float = 6.0,
) -> ModelCard:
    """Write models/<model_id> under ``home``; it says 0.5 where the matched filter peaks at ``threshold`` compressed sigmas."""
    import keras

    channels = ("flat", "mf_3h", "raw", "gap")
    inputs = keras.Input((window, len(channels)))
    dense = keras.layers.Dense(1, activation="sigmoid")
    network = keras.Model(inputs, dense(keras.layers.GlobalMaxPooling1D()(inputs)))
    weights = np.zeros((len(channels), 1), np.float32)
    weights[channels.index("mf_3h")] = 2.0
    dense.set_weights([weights, np.array([-2.0 * threshold], np.float32)])
    folder = home / "models" / model_id
    folder.mkdir(parents=True)
    network.save(folder / MODEL_NAME)
    card = ModelCard(
        model_id=model_id,
        title="A matched filter in a network's clothes",
        instruments=instruments,
        architecture="tiny",
        options={},
        preparation=PreprocessingConfig(window_days=0.8 if cadence_minutes < 20 else 1.5, cadence_minutes=cadence_minutes),
        cutting=SegmentConfig(window=window, channels=channels),
        calibration=Calibration(base_rate=0.3),
        sha256=hashlib.sha256((folder / MODEL_NAME).read_bytes()).hexdigest(),
        training={"stars": list(stars)},
        metrics=[{"metric": "roc_auc", "value": 0.5, "stars": 0}],
    )
    card.write(folder)
    return card
