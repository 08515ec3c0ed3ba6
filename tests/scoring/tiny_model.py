"""A small untrained model in a folder of its own, for tests of what surrounds the network."""

import hashlib
import tempfile
from functools import cache
from pathlib import Path

from astroseq_core.networks.architectures.registry import build_network
from astroseq_core.networks.card import Calibration, ModelCard
from astroseq_core.preprocessing.prepare import PreprocessingConfig
from astroseq_core.preprocessing.segments import SegmentConfig

CHANNELS = ("flat", "mf_2h", "gap")


@cache
def _saved_network() -> bytes:
    """The network's file, made once for all tests."""
    import keras

    keras.utils.set_random_seed(5)
    network = build_network("inception_resnet_1d", 128, len(CHANNELS), stem_stride=4, blocks=(1, 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        network.save(path, include_optimizer=False)
        return path.read_bytes()


def write_model(models: Path, model_id: str = "tiny", instruments: tuple[str, ...] = ("TESS",), **card) -> ModelCard:
    """Write model.keras and card.json under models/model_id, with random weights of a fixed seed."""
    folder = models / model_id
    folder.mkdir(parents=True)
    (folder / "model.keras").write_bytes(_saved_network())
    values = {
        "model_id": model_id,
        "title": "Tiny",
        "instruments": instruments,
        "architecture": "inception_resnet_1d",
        "options": {"stem_stride": 4},
        "preparation": PreprocessingConfig(cadence_minutes=2.0, detrending="median"),
        "cutting": SegmentConfig(window=128, channels=CHANNELS),
        "calibration": Calibration(1.2, -0.3, 0.1),
        "sha256": hashlib.sha256((folder / "model.keras").read_bytes()).hexdigest(),
        "training": {"stars": {"train": ["TIC 1"]}},
    }
    made = ModelCard(**values | card)
    made.write(folder)
    return made
