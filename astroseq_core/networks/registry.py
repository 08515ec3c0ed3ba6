"""The network architectures by the name that a card or a command gives."""

from collections.abc import Callable
from typing import Any

from astroseq_core.errors import ModelError
from astroseq_core.networks.inception_resnet import build_inception_resnet_1d

ARCHITECTURES: dict[str, Callable[..., Any]] = {"inception_resnet_1d": build_inception_resnet_1d}


def build(architecture: str, window: int, channels: int, **options: Any) -> Any:
    """A new compiled network of that architecture: segments (b, window, channels) -> probabilities (b, 1).

    Raises ModelError for an unknown name.
    """
    if architecture not in ARCHITECTURES:
        raise ModelError(f"'{architecture}' is no architecture known here; use one of {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[architecture](window, channels, **options)
