"""A model ready to score: the network with its card."""

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.prepare import PreparedCurve, prepare
from astroseq_core.scoring import card as cards
from astroseq_core.scoring.card import ModelCard
from astroseq_core.segments.cut import Segments, cut

#: Segments for one call of the network; the last batch is padded to it, so that TensorFlow traces the network once.
BATCH = 256
#: Two models are what a page or a survey of two missions uses; a loaded network takes some tens of MB.
MODELS_KEPT = 4


@dataclass(frozen=True, eq=False)
class Model:
    """A network with its card; made by ``load``."""

    card: ModelCard
    network: Any

    def segments(self, curve: LightCurve) -> tuple[PreparedCurve, Segments]:
        """The light curve prepared and cut as the card says.

        Raises ModelError when the model was not made for its instrument and cadence, LightCurveError when it cannot be used.
        """
        if not self.card.suits(curve):
            raise ModelError(
                f"{self.card.model_id} was made for {' and '.join(self.card.instruments)} "
                f"at {self.card.cadence_minutes:.3g} min; {curve.observation} is {curve.instrument.name} "
                f"at {curve.cadence_minutes:.3g} min."
            )
        prepared = prepare(curve, self.card.preparation)
        return prepared, cut(prepared, self.card.cutting)

    def outputs(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Calibrated probabilities that segments (s, window, channels) hold a transit (s,), and that their places are in one.

        The places' are of shape (s, places), each of window // places cadences; None where the network does not say.
        """
        segment = np.empty(len(values), np.float32)
        cadence = []
        for begin in range(0, len(values), BATCH):
            batch = values[begin : begin + BATCH]
            padded = batch
            if len(batch) < BATCH:
                padded = np.concatenate([batch, np.zeros((BATCH - len(batch), *batch.shape[1:]), np.float32)])
            found = self.network.predict_on_batch(padded)
            if isinstance(found, dict):
                cadence.append(np.asarray(found["cadence"], np.float32)[: len(batch), :, 0])
                found = found["segment"]
            segment[begin : begin + BATCH] = np.asarray(found)[: len(batch), 0]
        finer = self.card.cadence_calibration
        return self.card.calibration(segment), finer(np.concatenate(cadence)) if cadence and finer else None

    def probabilities(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Calibrated probabilities (s,) that segments (s, window, channels) hold a transit."""
        return self.outputs(values)[0]


def checked(folder: Path, card: ModelCard) -> Path:
    """The file of a model's network; raises ModelError where it is not there or not the one that its card names."""
    path = folder / cards.MODEL_NAME
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{card.model_id}: {cards.MODEL_NAME} cannot be read ({error.strerror}).") from error
    if digest != card.sha256:
        raise ModelError(f"{card.model_id}: {cards.MODEL_NAME} is not the file its card names; restore it or train it again.")
    return path


def load(model: str) -> Model:
    """The model of that id or in that folder, kept in memory; raises ModelError when it is missing or damaged."""
    folder = cards.folder_of(model)
    return _load(folder.resolve(), (folder / cards.CARD_NAME).stat().st_mtime_ns)


@lru_cache(maxsize=MODELS_KEPT)
def _load(folder: Path, changed: int) -> Model:
    """``changed`` is in the key, so that a model trained anew under the same name is loaded anew."""
    card = cards.read(folder)
    path = checked(folder, card)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    try:
        network = keras.models.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError) as error:
        raise ModelError(f"{card.model_id}: {cards.MODEL_NAME} cannot be loaded ({error}).") from error
    wanted = (None, card.cutting.window, len(card.cutting.channels))
    if tuple(network.input_shape) != wanted:
        raise ModelError(f"{card.model_id}: the network takes {tuple(network.input_shape)}, its card says {wanted}.")
    return Model(card, network)
