"""Models ready for scoring: a network with its card."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core.display import html_table
from astroseq_core.errors import ModelError
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks import card as cards
from astroseq_core.networks.card import ModelCard
from astroseq_core.networks.network_file import load_network
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare
from astroseq_core.preprocessing.segments import Segments, make_segments

if TYPE_CHECKING:
    import keras

#: Segments per call of the network; the last batch is padded to it, so that TensorFlow traces the network once.
BATCH_SIZE = 256
#: Number of loaded models: a page or a survey of two missions uses two. Each takes some tens of MB.
MAX_LOADED_MODELS = 4


@dataclass(frozen=True, eq=False)
class Model:
    """Network with its card; made by `load`.

    Attributes
    ----------
    card : ModelCard
        The model card.
    network : keras.Model
        The network.
    """

    card: ModelCard
    network: "keras.Model"

    def segments(self, curve: LightCurve) -> tuple[DetrendedLightCurve, Segments]:
        """Detrend a light curve and make its segments as the card says.

        Parameters
        ----------
        curve : LightCurve
            The light curve.

        Returns
        -------
        tuple
            The detrended light curve and its segments.

        Raises
        ------
        ModelError
            If the model was not trained for the instrument and cadence.
        LightCurveError
            If the light curve cannot be used.
        """
        if not self.card.suits(curve):
            raise ModelError(
                f"{self.card.model_id} was made for {' and '.join(self.card.instruments)} "
                f"at {self.card.cadence_minutes:.3g} min; {curve.observation} is {curve.instrument.name} "
                f"at {curve.cadence_minutes:.3g} min."
            )
        detrended = prepare(curve, self.card.preparation)
        return detrended, make_segments(detrended, self.card.cutting)

    def outputs(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Compute calibrated probabilities of segments and of their cadences.

        Parameters
        ----------
        values : ndarray
            Segments, shape (s, window, channels).

        Returns
        -------
        tuple
            Probabilities that the segments hold a transit, shape (s,), and that their places are in
            transit, shape (s, places) with window // places cadences each; None for the latter
            where the network does not score cadences.
        """
        segment = np.empty(len(values), np.float32)
        cadence = []
        for begin in range(0, len(values), BATCH_SIZE):
            batch = values[begin : begin + BATCH_SIZE]
            padded = batch
            if len(batch) < BATCH_SIZE:
                padded = np.concatenate([batch, np.zeros((BATCH_SIZE - len(batch), *batch.shape[1:]), np.float32)])
            found = self.network.predict_on_batch(padded)
            if isinstance(found, dict):
                cadence.append(np.asarray(found["cadence"], np.float32)[: len(batch), :, 0])
                found = found["segment"]
            segment[begin : begin + BATCH_SIZE] = np.asarray(found)[: len(batch), 0]
        finer = self.card.cadence_calibration
        return self.card.calibration(segment), finer(np.concatenate(cadence)) if cadence and finer else None

    def probabilities(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute calibrated probabilities that segments hold a transit.

        Parameters
        ----------
        values : ndarray
            Segments, shape (s, window, channels).

        Returns
        -------
        ndarray
            Probabilities, shape (s,).
        """
        return self.outputs(values)[0]

    def __repr__(self) -> str:
        facts = "".join(f"\n  {name}: {value}" for name, value in self.card.facts())
        return f"<Model {self.card.model_id}: {self.card.title}{facts}>"

    def _repr_html_(self) -> str:
        return html_table(f"{self.card.model_id}: {self.card.title}", (), self.card.facts())


def verified_network_path(folder: Path, card: ModelCard) -> Path:
    """Return the path of a model's network after checking its hash.

    Parameters
    ----------
    folder : Path
        Folder of the model.
    card : ModelCard
        Its card.

    Returns
    -------
    Path
        Path of `model.keras`.

    Raises
    ------
    ModelError
        If the file is missing or is not the one that the card names.
    """
    path = folder / cards.MODEL_NAME
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"{card.model_id}: {cards.MODEL_NAME} cannot be read ({error.strerror}); {cards.RESTORE_ADVICE}."
        ) from error
    if digest != card.sha256:
        raise ModelError(f"{card.model_id}: {cards.MODEL_NAME} is not the file its card names; restore it or train it again.")
    return path


def load(model: str) -> Model:
    """Load a model; it stays in memory for later calls.

    Parameters
    ----------
    model : str
        Identifier, or the path of a folder.

    Returns
    -------
    Model
        The model.

    Raises
    ------
    ModelError
        If it is missing or damaged.
    """
    folder = cards.model_folder(model)
    return _load_from_folder(folder.resolve(), (folder / cards.CARD_NAME).stat().st_mtime_ns)


@lru_cache(maxsize=MAX_LOADED_MODELS)
def _load_from_folder(folder: Path, changed: int) -> Model:
    """Load a model; `changed` is part of the cache key, so that a retrained model is loaded again."""
    card = cards.read(folder)
    path = verified_network_path(folder, card)
    network = load_network(path, cards.RESTORE_ADVICE)
    wanted, takes = (None, card.cutting.window, len(card.cutting.channels)), network.input_shape
    if not isinstance(takes, tuple) or takes != wanted:
        raise ModelError(f"{card.model_id}: the network takes {takes}, its card says {wanted}; {cards.RESTORE_ADVICE}.")
    return Model(card, network)
