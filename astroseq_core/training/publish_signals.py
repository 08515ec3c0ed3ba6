"""Networks of a classifier of signals as they are shipped: rounded and compressed."""

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from astroseq_core.errors import ModelError
from astroseq_core.io import files
from astroseq_core.networks.model import save_network
from astroseq_core.networks.rounding import rounded
from astroseq_core.signals.ensemble_card import Member

if TYPE_CHECKING:
    import keras

#: Bits of the fraction of each weight that are kept, of 23: the rest are zeros, which compress.
KEPT_BITS = 8


def publish_network(network: "keras.Model", name: str, folder: Path, fold: int) -> Member:
    """Round the weights of a trained network and write it beside the card, compressed.

    Parameters
    ----------
    network : keras.Model
        The network, without an optimizer; its weights are rounded in place, so that it answers as the stored one does.
    name : str
        Name of the file.
    folder : Path
        Folder of the ensemble.
    fold : int
        Fold of stars that it was not trained on.

    Returns
    -------
    Member
        What the card says of it.

    Raises
    ------
    ModelError
        If the folder cannot be written.
    """
    network.set_weights([rounded(weights, KEPT_BITS) for weights in network.get_weights()])
    with files.temporary_folder(ModelError) as place:
        save_network(network, place / name)
        buffer = io.BytesIO()
        with zipfile.ZipFile(place / name) as plain, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as small:
            for part in sorted(plain.namelist()):
                small.writestr(zipfile.ZipInfo(part), plain.read(part), zipfile.ZIP_DEFLATED)
    files.write_bytes_atomically(folder / name, buffer.getvalue(), ModelError)
    return Member(name, files.sha256_hex(buffer.getvalue()), fold)
