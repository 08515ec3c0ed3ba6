"""What a network sees of a light curve: one series a channel, in the star's own noise, blind to any ephemeris."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.lightcurves import detrending, noise
from astroseq_core.lightcurves.boxes import matched_filter
from astroseq_core.lightcurves.grid import Grid
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.lightcurves.recurrence import Recurrence, recurrence

#: Up to so many sigmas a series is passed on linearly, beyond logarithmically: noise and eclipses of half the light both fit.
LINEAR_SIGMAS = 3.0
#: Window [d] of the short trend: it follows stars that turn in less than a day, and eats transits longer than two hours.
SHORT_WINDOW_DAYS = 0.3

Series = NDArray[np.float32]


def compress(sigmas: NDArray[np.floating]) -> Series:
    """Numbers of sigmas, linear up to a few and logarithmic beyond (arcsinh), same shape."""
    return np.asarray(LINEAR_SIGMAS * np.arcsinh(sigmas / LINEAR_SIGMAS), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class _Source:
    """A prepared curve on its grid; ``short`` and ``recurring`` are filled when they are asked for."""

    curve: PreparedCurve
    grid: Grid
    filled: NDArray[np.bool_]
    short: list[NDArray[np.float64]]
    recurring: list[Recurrence]

    def short_residuals(self) -> NDArray[np.float64]:
        if not self.short:
            c = self.curve
            # The residuals are detrended again, not the flux: what the long trend has removed need not be followed twice.
            slow = detrending.trend(c.time, 1.0 + c.flat, c.settings.detrending, SHORT_WINDOW_DAYS)
            self.short.append(1.0 + c.flat - slow)
        return self.short[0]

    def recurrence(self) -> Recurrence:
        if not self.recurring:
            self.recurring.append(recurrence(self.curve))
        return self.recurring[0]


def _flat(s: _Source) -> Series:
    return s.grid.spread(compress(s.curve.flat / s.curve.noise))


def _flat_short(s: _Source) -> Series:
    residuals = s.short_residuals()
    return s.grid.spread(compress(residuals / noise.robust_sigma(residuals)))


def _raw(s: _Source) -> Series:
    # Centred on each segment when it is cut; here only in units of noise, uncompressed.
    return s.grid.spread((s.curve.flux - 1.0) / s.curve.noise)


def _gap(s: _Source) -> Series:
    return (~s.filled).astype(np.float32)


def _box(hours: float, *, short: bool = False) -> Callable[[_Source], Series]:
    def series(s: _Source) -> Series:
        flat = s.short_residuals() if short else s.curve.flat
        return compress(matched_filter(s.grid.spread(flat), s.filled, round(hours * 60 / s.curve.cadence_minutes)))

    return series


#: Every channel by name. ``flat``: detrended flux; ``flat_short``: the same after the short trend; ``mf_2h``: matched filter of
#: a box of 2 h on the detrended flux, ``mf_short_1h`` on the short residuals; ``raw``: flux as observed, centred on the
#: segment; ``zscore``: detrended flux with each segment's own mean and standard deviation taken out; ``gap``: 1 where no
#: cadence is; ``recur``, ``recur_any``, ``recur_up``: see lightcurves.recurrence, from the whole observation.
CHANNELS: dict[str, Callable[[_Source], Series]] = {
    "flat": _flat,
    "flat_short": _flat_short,
    "mf_short_1h": _box(1.0, short=True),
    **{f"mf_{hours}h": _box(float(hours)) for hours in (1, 2, 3, 5, 8, 10)},
    "raw": _raw,
    "zscore": lambda s: s.grid.spread(s.curve.flat / s.curve.noise),
    "gap": _gap,
    "recur": lambda s: s.grid.spread(compress(s.recurrence().best)),
    "recur_any": lambda s: s.grid.spread(compress(s.recurrence().any)),
    "recur_up": lambda s: s.grid.spread(compress(s.recurrence().upward)),
}


def compute(curve: PreparedCurve, grid: Grid, names: Sequence[str]) -> Series:
    """The named channels on the grid, shape (grid.size, len(names)), 0 in empty places (1 in "gap").

    Raises SettingsError for a name that is no channel.
    """
    unknown = [n for n in names if n not in CHANNELS]
    if unknown or not names:
        raise SettingsError(f"'{', '.join(unknown)}' is no channel; use some of {', '.join(CHANNELS)}.")
    source = _Source(curve, grid, grid.filled(), [], [])
    out = np.empty((grid.size, len(names)), np.float32)
    for k, name in enumerate(names):
        out[:, k] = CHANNELS[name](source)
    return out
