"""Cutting a prepared light curve into the segments that a network sees."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.lightcurves import channels as series
from astroseq_core.lightcurves import grid as grids
from astroseq_core.lightcurves.prepare import PreparedCurve

#: Raw flux is followed linearly up to so many sigmas of a cadence: trends are tens of sigmas, not one.
RAW_LINEAR_SIGMAS = 10.0
SMALLEST_WINDOW = 16


@dataclass(frozen=True)
class Cutting:
    """How segments are cut; stands in a model's card.

    ``window`` and ``stride`` [cadences], stride None: window // 4. ``channels``: see lightcurves.channels. ``max_gap_part``: a
    gap longer than this part of the window is never inside a segment, a shorter one is (0 in every channel, 1 in "gap").
    ``least_filled``: segments with a smaller part of cadences are left out.
    """

    window: int = 1024
    stride: int | None = None
    channels: tuple[str, ...] = ("flat", "raw", "gap")
    max_gap_part: float = 0.5
    least_filled: float = 0.3

    def __post_init__(self) -> None:
        if self.window < SMALLEST_WINDOW or self.step < 1:
            raise SettingsError(f"The window must be at least {SMALLEST_WINDOW} cadences and the stride at least 1.")
        if not (0 < self.least_filled <= 1 and 0 <= self.max_gap_part < 1):
            raise SettingsError("least_filled must lie in (0, 1], max_gap_part in [0, 1).")

    @property
    def step(self) -> int:
        """Cadences from the start of one segment to the next."""
        return self.window // 4 if self.stride is None else self.stride

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return asdict(self) | {"channels": list(self.channels), "stride": self.step}


@dataclass(frozen=True, eq=False)
class Segments:
    """Segments of one observation, in time order.

    ``values`` (s, window, channels) float32; ``first`` and ``last`` (s,): index of the first and last cadence inside, into the
    prepared curve's arrays; ``t_start``, ``t_stop`` (s,) [d]: their times; ``num_cadences`` (s,): how many lie between;
    ``lead`` (s,): empty places of the window before the first cadence.
    """

    values: NDArray[np.float32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    t_start: NDArray[np.float64]
    t_stop: NDArray[np.float64]
    lead: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    @property
    def num_cadences(self) -> NDArray[np.int64]:
        """Cadences inside each segment, shape (s,)."""
        return self.last - self.first + 1


def cut(curve: PreparedCurve, cutting: Cutting, only: Sequence[int] | None = None) -> Segments:
    """All segments of the observation, or only those numbers.

    Starts stand every stride, and one more segment ends with each block of data, so that every cadence is in one. Where a
    whole block is shorter than the window, its rest is shown as gap.
    """
    grid, starts, first, last = lay_out(curve.time, curve.cadence_minutes, cutting)
    if only is not None:
        pick = np.asarray(only, dtype=np.int64)
        starts, first, last = starts[pick], first[pick], last[pick]
    places = series.compute(curve, grid, cutting.channels)
    # The window's axis comes last in the view; channels last is what Keras reads.
    values = np.ascontiguousarray(sliding_window_view(places, cutting.window, axis=0)[starts].transpose(0, 2, 1))
    own_scale(values, cutting.channels, sliding_window_view(grid.filled(), cutting.window)[starts])
    return Segments(values, first, last, curve.time[first], curve.time[last], grid.place[first] - starts)


def count(time: NDArray[np.float64], cadence_minutes: float, cutting: Cutting) -> int:
    """How many segments ``cut`` makes of cadences at those times (n,) [d]."""
    return len(lay_out(time, cadence_minutes, cutting)[1])


def lay_out(
    time: NDArray[np.float64], cadence_minutes: float, cutting: Cutting
) -> tuple[grids.Grid, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The grid for times (n,) [d], and for each segment (s,) its first place there and its first and last cadence."""
    grid = grids.lay(time, cadence_minutes, int(cutting.max_gap_part * cutting.window), cutting.window)
    starts = _starts(grid, cutting)
    before = np.r_[0, np.cumsum(grid.filled())]
    first, stop = before[starts], before[starts + cutting.window]
    enough = stop - first >= max(1, cutting.least_filled * cutting.window)
    return grid, starts[enough], first[enough], stop[enough] - 1


def _starts(grid: grids.Grid, cutting: Cutting) -> NDArray[np.int64]:
    """First places of all segments, shape (s,)."""
    parts = []
    for begin, size in zip(grid.block_start, grid.block_size, strict=True):
        part = np.arange(0, size - cutting.window + 1, cutting.step)
        if part[-1] != size - cutting.window:
            part = np.r_[part, size - cutting.window]
        parts.append(begin + part)
    return np.concatenate(parts)


def own_scale(values: NDArray[np.float32], channels: Sequence[str], there: NDArray[np.bool_]) -> None:
    """Bring the channels that are told from each segment itself to their scale, in place.

    ``values`` (s, window, channels) as of lightcurves.channels; ``there`` (s, window): which places hold a cadence.
    """
    if "raw" in channels:
        centre_raw(values[:, :, channels.index("raw")], there)
    if "zscore" in channels:
        standardise(values[:, :, channels.index("zscore")], there)


def standardise(flux: NDArray[np.float32], there: NDArray[np.bool_]) -> None:
    """Set flux (s, window) to mean 0 and standard deviation 1 of each segment, in place; 0 where no cadence is ``there``."""
    count = np.maximum(there.sum(axis=1), 1)[:, None]
    mean = np.where(there, flux, 0).sum(axis=1, keepdims=True, dtype=np.float64) / count
    off = np.where(there, flux - mean, 0)
    sigma = np.sqrt((off**2).sum(axis=1, keepdims=True) / count)
    flux[:] = off / np.maximum(sigma, 1e-9)


def centre_raw(raw: NDArray[np.float32], there: NDArray[np.bool_]) -> None:
    """Set raw flux (s, window) about each segment's own mean, compressed, in place; 0 where no cadence is ``there``."""
    mean = (raw.sum(axis=1, dtype=np.float64) / np.maximum(there.sum(axis=1), 1)).astype(np.float32)
    raw[:] = np.where(there, np.arcsinh((raw - mean[:, None]) / np.float32(RAW_LINEAR_SIGMAS)), np.float32(0))
