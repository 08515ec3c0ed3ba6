"""The door for `.keras` files: a network is looked at before Keras loads it, and what is damaged is one sentence."""

import os
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from astroseq_core.errors import AstroSeqError, ModelError
from astroseq_core.io import files
from astroseq_core.typed_json import damage_sentence, parse

if TYPE_CHECKING:
    import keras

#: What a `.keras` file must hold: the layers, and their weights.
CONFIG_MEMBER, WEIGHTS_MEMBER = "config.json", "model.weights.h5"
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
        If the file is missing, is no zip file, lacks its layers or weights, or declares more than a network can hold; of the
        type `kind`.
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
        return keras.models.load_model(path, compile=optimizer, safe_mode=True)
    # Keras and h5py raise whatever they meet on the way through layers that do not fit
    except Exception as error:
        raise kind(damage_sentence(path, error, advice)) from error
