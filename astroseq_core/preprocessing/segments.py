"""Segments: fixed-length windows of a detrended light curve, the input of the networks."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import SettingsError
from astroseq_core.preprocessing import channels as series
from astroseq_core.preprocessing import grid as grids
from astroseq_core.preprocessing.prepare import DetrendedLightCurve

#: The compression of raw flux is linear up to about so many sigmas of a cadence: trends reach tens of sigmas.
RAW_LINEAR_SIGMAS = 10.0
#: Limits of the window [cadences]: four years of Kepler's long cadence have some 65,000, a sector every 20 s has 120,000.
MIN_WINDOW, MAX_WINDOW = 16, 1_000_000


@dataclass(frozen=True)
class SegmentConfig:
    """Settings for making segments; stored in the model card.

    Attributes
    ----------
    window : int
        Length of a segment [cadences].
    stride : int or None
        Cadences from the start of one segment to the next; None means window // 4.
    channels : tuple of str
        Names of the channels, see lightcurves.channels.
    max_gap_part : float
        Longest gap inside a segment, as a fraction of the window. Cadences of shorter gaps are 0 in
        every channel and 1 in "gap".
    least_filled : float
        Segments with a smaller fraction of cadences are left out.

    Raises
    ------
    SettingsError
        If a value is out of range.

    Examples
    --------
    >>> SegmentConfig(window=256).step
    64
    """

    window: int = 1024
    stride: int | None = None
    channels: tuple[str, ...] = ("flat", "raw", "gap")
    max_gap_part: float = 0.5
    least_filled: float = 0.3

    def __post_init__(self) -> None:
        if self.window < MIN_WINDOW or self.step < 1:
            raise SettingsError(f"The window must be at least {MIN_WINDOW} cadences and the stride at least 1.")
        if max(self.window, self.step) > MAX_WINDOW:
            raise SettingsError(f"The window and the stride must be {MAX_WINDOW:,} cadences or less.")
        if not self.channels:
            raise SettingsError("The network sees nothing: choose at least one channel.")
        if unknown := [name for name in self.channels if name not in series.CHANNELS]:
            raise SettingsError(f"'{', '.join(unknown)}' is no channel; use some of {', '.join(series.CHANNELS)}.")
        if not (0 < self.least_filled <= 1 and 0 <= self.max_gap_part < 1):
            raise SettingsError("least_filled must lie in (0, 1], max_gap_part in [0, 1).")

    @property
    def step(self) -> int:
        """Cadences from the start of one segment to the next."""
        return self.window // 4 if self.stride is None else self.stride

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain JSON values.

        Returns
        -------
        dict
            The settings, with `stride` filled in.
        """
        return asdict(self) | {"channels": list(self.channels), "stride": self.step}


@dataclass(frozen=True, eq=False)
class Segments:
    """Segments of one observation, in time order.

    Attributes
    ----------
    values : ndarray
        Input of the network, float32, shape (s, window, channels).
    first : ndarray
        Index of the first cadence of each segment in the light curve, shape (s,).
    last : ndarray
        Index of the last cadence, shape (s,).
    t_start : ndarray
        Time of the first cadence [d], shape (s,).
    t_stop : ndarray
        Time of the last cadence [d], shape (s,).
    lead : ndarray
        Empty grid points of the window before the first cadence, shape (s,).
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
        """Number of cadences in each segment, shape (s,)."""
        return self.last - self.first + 1


def make_segments(curve: DetrendedLightCurve, segment_config: SegmentConfig, only: Sequence[int] | None = None) -> Segments:
    """Make the segments of an observation.

    Segments start at every stride. One more ends with each block of data, so that every cadence is
    in a segment. Where a block is shorter than the window, the rest of the window is a gap.

    Parameters
    ----------
    curve : DetrendedLightCurve
        The observation.
    segment_config : SegmentConfig
        Settings.
    only : sequence of int, optional
        Numbers of the segments to make; all by default.

    Returns
    -------
    Segments
        The segments, in time order.
    """
    grid, starts, first, last = lay_out_segments(curve.time, curve.cadence_minutes, segment_config)
    if only is not None:
        pick = np.asarray(only, dtype=np.int64)
        starts, first, last = starts[pick], first[pick], last[pick]
    places = series.compute_channels(curve, grid, segment_config.channels)
    # The view has the window's axis last; Keras expects the channels last.
    values = np.ascontiguousarray(sliding_window_view(places, segment_config.window, axis=0)[starts].transpose(0, 2, 1))
    scale_each_segment(values, segment_config.channels, sliding_window_view(grid.filled(), segment_config.window)[starts])
    return Segments(values, first, last, curve.time[first], curve.time[last], grid.place[first] - starts)


def count_segments(time: NDArray[np.float64], cadence_minutes: float, segment_config: SegmentConfig) -> int:
    """Count the segments that an observation gives.

    Parameters
    ----------
    time : ndarray
        Times of its cadences [d], shape (n,).
    cadence_minutes : float
        Cadence [min].
    segment_config : SegmentConfig
        Settings.

    Returns
    -------
    int
        Number of segments.
    """
    return len(lay_out_segments(time, cadence_minutes, segment_config)[1])


def lay_out_segments(
    time: NDArray[np.float64], cadence_minutes: float, segment_config: SegmentConfig
) -> tuple[grids.Grid, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Compute where the segments of an observation lie.

    Parameters
    ----------
    time : ndarray
        Times of its cadences [d], shape (n,).
    cadence_minutes : float
        Cadence [min].
    segment_config : SegmentConfig
        Settings.

    Returns
    -------
    tuple
        The regular grid, and for each segment its first grid point, its first and its last cadence,
        each of shape (s,).
    """
    grid = grids.make_grid(time, cadence_minutes, int(segment_config.max_gap_part * segment_config.window), segment_config.window)
    starts = _segment_starts(grid, segment_config)
    before = np.r_[0, np.cumsum(grid.filled())]
    first, stop = before[starts], before[starts + segment_config.window]
    enough = stop - first >= max(1, segment_config.least_filled * segment_config.window)
    return grid, starts[enough], first[enough], stop[enough] - 1


def _segment_starts(grid: grids.Grid, segment_config: SegmentConfig) -> NDArray[np.int64]:
    """Return the first grid point of each segment, shape (s,)."""
    parts = []
    for begin, size in zip(grid.block_start, grid.block_size, strict=True):
        part = np.arange(0, size - segment_config.window + 1, segment_config.step)
        if part[-1] != size - segment_config.window:
            part = np.r_[part, size - segment_config.window]
        parts.append(begin + part)
    return np.concatenate(parts)


def scale_each_segment(values: NDArray[np.float32], channels: Sequence[str], there: NDArray[np.bool_]) -> None:
    """Scale the channels that are normalized within each segment, in place.

    Parameters
    ----------
    values : ndarray
        Channels as computed by lightcurves.channels, shape (s, window, channels).
    channels : sequence of str
        Names of the channels.
    there : ndarray
        Which grid points hold a cadence, shape (s, window).
    """
    if "raw" in channels:
        center_raw(values[:, :, channels.index("raw")], there)
    if "zscore" in channels:
        standardize(values[:, :, channels.index("zscore")], there)


def standardize(flux: NDArray[np.float32], there: NDArray[np.bool_]) -> None:
    """Scale flux to mean 0 and standard deviation 1 within each segment, in place.

    Parameters
    ----------
    flux : ndarray
        Flux, shape (s, window); set to 0 where there is no cadence.
    there : ndarray
        Which grid points hold a cadence, shape (s, window).

    Examples
    --------
    >>> flux = np.array([[1.0, 3.0, 0.0]], np.float32)
    >>> standardize(flux, np.array([[True, True, False]]))
    >>> flux.tolist()
    [[-1.0, 1.0, 0.0]]
    """
    count = np.maximum(there.sum(axis=1), 1)[:, None]
    mean = np.where(there, flux, 0).sum(axis=1, keepdims=True, dtype=np.float64) / count
    off = np.where(there, flux - mean, 0)
    sigma = np.sqrt((off**2).sum(axis=1, keepdims=True) / count)
    flux[:] = off / np.maximum(sigma, 1e-9)


def center_raw(raw: NDArray[np.float32], there: NDArray[np.bool_]) -> None:
    """Center raw flux on the mean of each segment and compress it with arcsinh, in place.

    Parameters
    ----------
    raw : ndarray
        Raw flux [sigma], shape (s, window); set to 0 where there is no cadence.
    there : ndarray
        Which grid points hold a cadence, shape (s, window).
    """
    mean = (raw.sum(axis=1, dtype=np.float64) / np.maximum(there.sum(axis=1), 1)).astype(np.float32)
    raw[:] = np.where(there, np.arcsinh((raw - mean[:, None]) / np.float32(RAW_LINEAR_SIGMAS)), np.float32(0))


TRANSIT, NO_TRANSIT, LEFT_OUT = 1, 0, -1


def label_cadences(curve: DetrendedLightCurve, ephemerides: Iterable[Ephemeris]) -> NDArray[np.int8]:
    """Label each cadence by the ephemerides of the star.

    A transit is trusted while the one-sigma drift of its predicted time is less than half its
    duration. Half a cadence on either side of the transit counts as inside.

    Parameters
    ----------
    curve : DetrendedLightCurve
        The observation.
    ephemerides : iterable of Ephemeris
        Known signals of the star.

    Returns
    -------
    ndarray
        TRANSIT in a trusted transit of a planet, LEFT_OUT in any other predicted event, else
        NO_TRANSIT; shape (n,).
    """
    state = np.zeros(len(curve.time), np.int8)
    half_cadence = curve.cadence_minutes / 2880.0
    for ephemeris in ephemerides:
        transits = ephemeris.transits(curve.time[0], curve.time[-1], curve.system)
        reach = ephemeris.duration_days / 2 + half_cadence
        low = np.searchsorted(curve.time, transits.mid - reach, side="left")
        high = np.searchsorted(curve.time, transits.mid + reach, side="right")
        for a, b, good in zip(low, high, ephemeris.well_predicted(transits), strict=True):
            inside = state[a:b]
            if good and ephemeris.is_planet:
                inside[:] = TRANSIT
            else:
                inside[inside == NO_TRANSIT] = LEFT_OUT
    return state


def label_segments(segments: Segments, states: NDArray[np.int8]) -> NDArray[np.int8]:
    """Label each segment from the labels of its cadences.

    A segment with a cadence in a trusted transit is TRANSIT; any other with a cadence in another
    event is LEFT_OUT.

    Parameters
    ----------
    segments : Segments
        Segments of one observation.
    states : ndarray
        Labels of the observation's cadences, shape (n,).

    Returns
    -------
    ndarray
        TRANSIT, NO_TRANSIT or LEFT_OUT, shape (s,).
    """

    def touched(which: int) -> NDArray[np.bool_]:
        total = np.r_[0, np.cumsum(states == which)]
        return np.asarray(total[segments.last + 1] > total[segments.first])

    return np.where(touched(TRANSIT), TRANSIT, np.where(touched(LEFT_OUT), LEFT_OUT, NO_TRANSIT)).astype(np.int8)
