"""Input channels of the networks: one series per channel, in units of the star's noise.

No channel uses an ephemeris.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.preprocessing import detrend, noise
from astroseq_core.preprocessing.grid import Grid, matched_filter
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.preprocessing.recurrence import Recurrence, compute_recurrence

#: Series are linear up to this many sigma and logarithmic beyond, so that noise and 50 % deep eclipses fit in one range.
LINEAR_SIGMAS = 3.0
#: Window of the short trend [d]: it follows stars that rotate in less than a day, and removes transits longer than two hours.
SHORT_WINDOW_DAYS = 0.3

ChannelSeries = NDArray[np.float32]


def compress_sigmas(sigmas: NDArray[np.floating]) -> ChannelSeries:
    """Compress a series: linear up to a few sigma, logarithmic (arcsinh) beyond.

    Parameters
    ----------
    sigmas : ndarray
        Deviations [sigma], any shape.

    Returns
    -------
    ndarray of float32
        The compressed deviations, same shape.
    """
    return np.asarray(LINEAR_SIGMAS * np.arcsinh(sigmas / LINEAR_SIGMAS), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class _ChannelSource:
    """A detrended light curve on its grid, with series that are computed when first needed."""

    curve: DetrendedLightCurve
    grid: Grid
    filled: NDArray[np.bool_]
    short: list[NDArray[np.float64]]
    recurring: list[Recurrence]

    def short_residuals(self) -> NDArray[np.float64]:
        """Return the residuals after the short trend has been removed too."""
        if not self.short:
            c = self.curve
            # The residuals are detrended again, not the flux, since the long trend is already removed from them.
            slow = detrend.estimate_trend(c.time, 1.0 + c.flat, c.settings.detrending, SHORT_WINDOW_DAYS)
            self.short.append(1.0 + c.flat - slow)
        return self.short[0]

    def recurrence(self) -> Recurrence:
        """Return the recurrence of dips."""
        if not self.recurring:
            self.recurring.append(compute_recurrence(self.curve))
        return self.recurring[0]


def _flat_channel(s: _ChannelSource) -> ChannelSeries:
    return s.grid.to_grid(compress_sigmas(s.curve.flat / s.curve.noise))


def _flat_short_channel(s: _ChannelSource) -> ChannelSeries:
    residuals = s.short_residuals()
    return s.grid.to_grid(compress_sigmas(residuals / max(noise.robust_sigma(residuals), noise.MIN_NOISE)))


def _raw_channel(s: _ChannelSource) -> ChannelSeries:
    # Centered when segments are made; here only in units of the noise, uncompressed.
    return s.grid.to_grid((s.curve.flux - 1.0) / s.curve.noise)


def _gap_channel(s: _ChannelSource) -> ChannelSeries:
    return (~s.filled).astype(np.float32)


def _matched_filter_channel(hours: float, *, short: bool = False) -> Callable[[_ChannelSource], ChannelSeries]:
    def series(s: _ChannelSource) -> ChannelSeries:
        flat = s.short_residuals() if short else s.curve.flat
        return compress_sigmas(matched_filter(s.grid.to_grid(flat), s.filled, round(hours * 60 / s.curve.cadence_minutes)))

    return series


#: Every channel by name. `flat`: detrended flux; `flat_short`: the same after the short trend; `mf_2h`: matched filter with
#: a box of 2 h on the detrended flux, `mf_short_1h` on the short residuals; `raw`: flux as observed, centered in each
#: segment; `zscore`: detrended flux normalized by each segment's mean and standard deviation; `gap`: 1 in empty grid
#: cells; `recur`, `recur_any`, `recur_up`: support for recurring dips or brightenings, from the whole observation.
CHANNELS: dict[str, Callable[[_ChannelSource], ChannelSeries]] = {
    "flat": _flat_channel,
    "flat_short": _flat_short_channel,
    "mf_short_1h": _matched_filter_channel(1.0, short=True),
    **{f"mf_{hours}h": _matched_filter_channel(float(hours)) for hours in (1, 2, 3, 5, 8, 10)},
    "raw": _raw_channel,
    "zscore": lambda s: s.grid.to_grid(s.curve.flat / s.curve.noise),
    "gap": _gap_channel,
    "recur": lambda s: s.grid.to_grid(compress_sigmas(s.recurrence().best)),
    "recur_any": lambda s: s.grid.to_grid(compress_sigmas(s.recurrence().any)),
    "recur_up": lambda s: s.grid.to_grid(compress_sigmas(s.recurrence().upward)),
}


def compute_channels(curve: DetrendedLightCurve, grid: Grid, names: Sequence[str]) -> ChannelSeries:
    """Compute input channels on the grid.

    Parameters
    ----------
    curve : DetrendedLightCurve
        The detrended light curve.
    grid : Grid
        The grid of its cadences.
    names : sequence of str
        Names of the channels.

    Returns
    -------
    ndarray of float32, shape (grid.size, len(names))
        The channels; empty cells are 0 (1 in "gap").

    Raises
    ------
    SettingsError
        If a name is not a channel, or there is no name.
    """
    unknown = [n for n in names if n not in CHANNELS]
    if unknown or not names:
        raise SettingsError(f"'{', '.join(unknown)}' is no channel; use some of {', '.join(CHANNELS)}.")
    source = _ChannelSource(curve, grid, grid.filled(), [], [])
    out = np.empty((grid.size, len(names)), np.float32)
    for k, name in enumerate(names):
        out[:, k] = CHANNELS[name](source)
    return out
