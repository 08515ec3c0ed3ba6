"""What a training tells while it goes on."""

from typing import Any


class Listener:
    """Hears nothing of it; those who want to, override."""

    def preparing(self, done: int, in_all: int) -> None:
        """So many of the stars are prepared."""

    def step(self, epoch: int, epochs: int, step: int, steps: int, loss: float) -> None:
        """A step (from 1) of an epoch (from 1) is done; ``loss``: the mean of the epoch so far."""

    def epoch(self, numbers: dict[str, Any]) -> None:
        """An epoch is done, with those numbers."""

    def judging(self) -> None:
        """The network is trained, and is calibrated and measured now."""


SILENT = Listener()
