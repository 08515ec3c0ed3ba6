"""Network architectures by the name that recipes, model cards and commands use."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from astroseq_core.errors import ModelError
from astroseq_core.networks.architectures import cnn_lstm, transit_unet
from astroseq_core.networks.architectures.cnn_lstm import build_cnn_lstm
from astroseq_core.networks.architectures.inception_resnet import build_inception_resnet_1d
from astroseq_core.networks.architectures.signal_classifier import build_signal_classifier
from astroseq_core.networks.architectures.transit_unet import build_transit_unet_1d

if TYPE_CHECKING:
    import keras

ARCHITECTURES: dict[str, Callable[..., "keras.Model"]] = {
    "inception_resnet_1d": build_inception_resnet_1d,
    "cnn_lstm": build_cnn_lstm,
    "transit_unet_1d": build_transit_unet_1d,
}
#: Networks that classify folded signals, which have views and scalars in place of a segment.
SIGNAL_ARCHITECTURES: dict[str, Callable[..., "keras.Model"]] = {
    "signal_classifier": build_signal_classifier,
}


def build_network(architecture: str, window: int, channels: int, **options: Any) -> "keras.Model":
    """Build a network, not compiled.

    Input shape: (b, window, channels). Output: a probability of shape (b, 1), or for networks that
    also score cadences a dict with "segment" of shape (b, 1) and "cadence" of shape (b, places, 1).

    Parameters
    ----------
    architecture : str
        One of `ARCHITECTURES`.
    window : int
        Length of a segment [cadences].
    channels : int
        Number of channels.
    **options : object
        Options of the architecture.

    Returns
    -------
    keras.Model
        The network.

    Raises
    ------
    ModelError
        If the architecture is unknown or the window does not fit.
    """
    if architecture not in ARCHITECTURES:
        raise ModelError(f"'{architecture}' is no architecture known here; use one of {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[architecture](window, channels, **options)


def check_window(architecture: str, window: int, **options: Any) -> None:
    """Check that an architecture accepts a window, without loading Keras.

    Parameters
    ----------
    architecture : str
        One of `ARCHITECTURES`.
    window : int
        Length of a segment [cadences].
    **options : object
        Options of the architecture.

    Raises
    ------
    ModelError
        If a network with these options cannot have this window.
    """
    if architecture == "transit_unet_1d":
        transit_unet.check_window(window, **options)
    elif architecture == "cnn_lstm":
        cnn_lstm.choose_pool(window, **options)


def build_signal_network(architecture: str, global_bins: int, local_bins: int, scalars: int, **options: Any) -> "keras.Model":
    """Build a network that classifies folded signals, not compiled.

    Parameters
    ----------
    architecture : str
        One of `SIGNAL_ARCHITECTURES`.
    global_bins, local_bins : int
        Phase bins of the views from the middle of the transit outwards.
    scalars : int
        Number of scalars.
    **options : object
        Options of the architecture.

    Returns
    -------
    keras.Model
        The network.

    Raises
    ------
    ModelError
        If the architecture is unknown or the views are too short.
    """
    if architecture not in SIGNAL_ARCHITECTURES:
        known = ", ".join(SIGNAL_ARCHITECTURES)
        raise ModelError(f"'{architecture}' is no architecture for signals; use one of {known}.")
    return SIGNAL_ARCHITECTURES[architecture](global_bins, local_bins, scalars, **options)
