"""Training examples in memory, for methods that take arrays: SMOTE, the isolation forest, small sets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Examples:
    """``values`` (n, window, channels) float16, ``labels`` (n,) 0 or 1, ``stars`` (n,): which star each is from."""

    values: NDArray[np.float16]
    labels: NDArray[np.int8]
    stars: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def base_rate(self) -> float:
        """Share of the examples with a transit."""
        return float(self.labels.mean())


def concatenate(parts: Sequence[Examples]) -> Examples:
    """All the examples of the parts, in their order."""
    return Examples(
        np.concatenate([p.values for p in parts]),
        np.concatenate([p.labels for p in parts]),
        np.concatenate([p.stars for p in parts]),
    )
