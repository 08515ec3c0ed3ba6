"""The network architectures by the name that a recipe, a card or a command gives."""

from collections.abc import Callable
from typing import Any

from astroseq_core.errors import ModelError
from astroseq_core.networks import cnn_lstm, transit_unet
from astroseq_core.networks.cnn_lstm import build_cnn_lstm
from astroseq_core.networks.inception_resnet import build_inception_resnet_1d
from astroseq_core.networks.transit_unet import build_transit_unet_1d

ARCHITECTURES: dict[str, Callable[..., Any]] = {
    "inception_resnet_1d": build_inception_resnet_1d,
    "cnn_lstm": build_cnn_lstm,
    "transit_unet_1d": build_transit_unet_1d,
}


def build(architecture: str, window: int, channels: int, **options: Any) -> Any:
    """A new network of that architecture, not compiled: segments (b, window, channels) -> probabilities.

    One output (b, 1), or {"segment": (b, 1), "cadence": (b, places, 1)} where the network also says which
    cadences are in transit.
    Raises ModelError for an unknown name.
    """
    if architecture not in ARCHITECTURES:
        raise ModelError(f"'{architecture}' is no architecture known here; use one of {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[architecture](window, channels, **options)


def check(architecture: str, window: int, **options: Any) -> None:
    """Raise ModelError where a network of that architecture and those options cannot have that window; loads nothing."""
    if architecture == "transit_unet_1d":
        transit_unet.check(window, **options)
    elif architecture == "cnn_lstm":
        cnn_lstm.check(window, **options)
