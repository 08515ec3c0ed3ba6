"""Limits of the number of real stars to learn from, with and without transits."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from astroseq_core.preprocessing.split import star_draw
from astroseq_core.training.injection import TrainingStar


@dataclass(frozen=True)
class StarLimits:
    """Which real stars to use, and how many.

    Attributes
    ----------
    max_hosts : int or None
        Most stars with published transits; None for all.
    max_quiet : int or None
        Most stars without; None for all.
    exclude : frozenset of str
        Identifiers of stars to leave out.
    """

    max_hosts: int | None = None
    max_quiet: int | None = None
    exclude: frozenset[str] = frozenset()

    def choose(self, is_host: Mapping[str, bool]) -> tuple[str, ...]:
        """Choose stars at random, but always the same ones.

        Parameters
        ----------
        is_host : mapping of str to bool
            Whether each star has published transits.

        Returns
        -------
        tuple of str
            Identifiers of the chosen stars, in the order given.

        Examples
        --------
        >>> StarLimits(max_hosts=1, max_quiet=0).choose({"TIC 1": False, "TIC 2": True})
        ('TIC 2',)
        """
        chosen: set[str] = set()
        for host, most in ((True, self.max_hosts), (False, self.max_quiet)):
            own = sorted((n for n, h in is_host.items() if h is host and n not in self.exclude), key=lambda n: star_draw(n, 0))
            chosen |= set(own[:most])
        return tuple(name for name in is_host if name in chosen)


NO_LIMITS = StarLimits()


def has_transit(star: TrainingStar) -> bool:
    """Return whether a star's light curves hold a well-predicted transit of a known planet.

    Parameters
    ----------
    star : TrainingStar
        The star, whose light curves are read.

    Returns
    -------
    bool
        True if a cadence with flux lies in such a transit.
    """
    for curve in star.light_curves():
        time = curve.time[np.isfinite(curve.flux)]
        for planet in (e for e in star.ephemerides if e.is_planet and len(time)):
            transits = planet.transits(time[0], time[-1], curve.time_system)
            mid, half = transits.mid[planet.well_predicted(transits)], planet.duration_days / 2
            if (np.searchsorted(time, mid + half) > np.searchsorted(time, mid - half)).any():
                return True
    return False
