"""Models ready for scoring: a network with its card. Keras loads only files that were looked at, and damaged ones are listed."""

import hashlib
import io
import os
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core import settings
from astroseq_core.display import html_table
from astroseq_core.errors import AstroSeqError, ModelError
from astroseq_core.io import files
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks import card as cards
from astroseq_core.networks.card import ModelCard
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare
from astroseq_core.preprocessing.segments import Segments, make_segments
from astroseq_core.typed_json import damage_sentence, parse

if TYPE_CHECKING:
    import keras

#: What a `.keras` file must hold: the layers, and their weights.
CONFIG_MEMBER, WEIGHTS_MEMBER, METADATA_MEMBER = "config.json", "model.weights.h5", "metadata.json"
#: Largest declared size of the layers and of the weights [bytes]; AstroSeq's networks have 80 kB and 2 MB.
MAX_CONFIG_BYTES, MAX_WEIGHTS_BYTES = 16 * 1024**2, 2 * 1024**3


def check_network(path: Path, advice: str, kind: type[AstroSeqError] = ModelError) -> None:
    """Check that a file can be a network, without loading it.

    Parameters
    ----------
    path : Path
        The `.keras` file.
    advice : str
        What to do about a damaged file, as the end of a sentence.
    kind : type, optional
        Exception to raise.

    Raises
    ------
    AstroSeqError
        If the file is missing, is no zip file, lacks its layers or weights, holds anything else, or declares more than a network
        can hold; of the type `kind`.
    """
    try:
        if not path.is_file():
            raise ValueError("it is missing, or no file")
        with zipfile.ZipFile(path) as archive:
            for name, most in ((CONFIG_MEMBER, MAX_CONFIG_BYTES), (WEIGHTS_MEMBER, MAX_WEIGHTS_BYTES)):
                if name not in archive.namelist():
                    raise ValueError(f"it holds no {name}")
                if archive.getinfo(name).file_size > most:
                    raise ValueError(f"its {name} is larger than {most / 1e6:,.0f} MB")
            if others := set(archive.namelist()) - {CONFIG_MEMBER, WEIGHTS_MEMBER, METADATA_MEMBER}:
                raise ValueError(f"it holds {sorted(others)[0][:60]!r}, which no network has")
            if not isinstance(parse(archive.read(CONFIG_MEMBER)), dict):
                raise ValueError(f"its {CONFIG_MEMBER} is no object")
    except zipfile.BadZipFile:
        raise kind(damage_sentence(path, ValueError("it is no whole zip file"), advice)) from None
    # zipfile has RuntimeError for encrypted members, NotImplementedError for unknown methods
    except (OSError, ValueError, EOFError, RuntimeError, zlib.error) as error:
        raise kind(damage_sentence(path, error, advice)) from error


def save_network(network: "keras.Model", path: Path, kind: type[AstroSeqError] = ModelError, **options: bool) -> None:
    """Save a network, whole or not at all.

    Parameters
    ----------
    network : keras.Model
        The network.
    path : Path
        The `.keras` file.
    kind : type, optional
        Exception to raise.
    **options : bool
        Options of Keras, such as `include_optimizer`.

    Raises
    ------
    AstroSeqError
        If the file cannot be written; of the type `kind`.
    """
    with files.AtomicFile(path, kind, suffix=path.suffix) as new:  # Keras writes to names that end in .keras alone
        network.save(new.path, **options)


def load_network(path: Path, advice: str, kind: type[AstroSeqError] = ModelError, *, optimizer: bool = False) -> "keras.Model":
    """Load a network.

    Parameters
    ----------
    path : Path
        The `.keras` file.
    advice : str
        What to do about a damaged file, as the end of a sentence.
    kind : type, optional
        Exception to raise.
    optimizer : bool, optional
        Whether to load its optimizer, too, to train on.

    Returns
    -------
    keras.Model
        The network.

    Raises
    ------
    AstroSeqError
        If the file is damaged; of the type `kind`.
    """
    check_network(path, advice, kind)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    try:
        network = keras.models.load_model(path, compile=optimizer, safe_mode=True)
        stored = _count_weights(path)
    # Keras and h5py raise whatever they meet on the way through layers that do not fit, and quote them at length
    except Exception as error:
        raise kind(damage_sentence(path, ValueError("Keras cannot make a network of it"), advice)) from error
    # Keras only warns where the weights of nested layers are missing, and leaves those as they were drawn
    if stored != len(network.weights):
        problem = ValueError(f"it holds {stored} arrays of weights, and its layers need {len(network.weights)}")
        raise kind(damage_sentence(path, problem, advice))
    return network


def _count_weights(path: Path) -> int:
    """Return the number of arrays of weights in a `.keras` file, without those of the optimizer."""
    import h5py

    names: list[str] = []
    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(WEIGHTS_MEMBER)), "r") as weights:
        weights.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return sum(not name.startswith("optimizer/") for name in names)


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
    return verified_part(folder, card.model_id, cards.MODEL_NAME, card.sha256)


def verified_part(folder: Path, model_id: str, name: str, sha256: str) -> Path:
    """Return the path of a file that a card names after checking its hash.

    Parameters
    ----------
    folder : Path
        Folder of the card.
    model_id : str
        Identifier of the model, for messages.
    name : str
        Name of the file.
    sha256 : str
        Its hash in the card, in hexadecimal digits.

    Returns
    -------
    Path
        Path of the file.

    Raises
    ------
    ModelError
        If the file is missing or is not the one that the card names.
    """
    path = folder / name
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{model_id}: {name} cannot be read ({error.strerror}); {cards.RESTORE_ADVICE}.") from error
    if digest != sha256:
        raise ModelError(f"{model_id}: {name} is not the file its card names; {cards.RESTORE_ADVICE}.")
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


@dataclass(frozen=True)
class DamagedModel:
    """A model that cannot be used.

    Attributes
    ----------
    model_id : str
        Name of its folder.
    folder : Path
        The folder.
    problem : str
        One sentence: what is wrong, and what to do.
    """

    model_id: str
    folder: Path
    problem: str


def damaged_models() -> tuple[DamagedModel, ...]:
    """Return the models here that cannot be used: those whose card or network is damaged or missing.

    Returns
    -------
    tuple of DamagedModel
        The shipped models, then those of training runs, each by name.
    """
    found = []
    for place in (settings.models_dir(), settings.runs_dir()):
        for folder in sorted({path.parent for name in (cards.CARD_NAME, cards.MODEL_NAME) for path in place.glob(f"*/{name}")}):
            if folder.name.startswith("."):  # a run that is being deleted
                continue
            try:
                cards.read(folder)
                check_network(folder / cards.MODEL_NAME, cards.RESTORE_ADVICE)
            except ModelError as error:
                found.append(DamagedModel(folder.name, folder, str(error)))
    return tuple(found)
