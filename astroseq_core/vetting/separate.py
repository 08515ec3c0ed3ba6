"""Other planets of the star: their transits are masked, or subtracted where they coincide with those measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris, any_in_transit
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.vetting.box_depths import box_depths_per_observation, red_over_white
from astroseq_core.vetting.checks.coverage import MIN_COVERAGE
from astroseq_core.vetting.events import gather_events, level_events
from astroseq_core.vetting.exposure import cadence_spacing, exposures
from astroseq_core.vetting.fold import MASK_WIDEN
from astroseq_core.vetting.transit_fit import TransitFit, fit_transit

#: A transit is untouched by other signals if at least this part of its data is clear of them.
UNTOUCHED_FRACTION = 0.9


@dataclass(frozen=True)
class CoveredTransits:
    """Transits of the measured signal that coincide with those of another one and are left out.

    Attributes
    ----------
    name : str
        Name of the other signal.
    numbers : frozenset of int
        Numbers of the transits, counted from the epoch of the measured signal.
    """

    name: str
    numbers: frozenset[int]


@dataclass(frozen=True, eq=False)
class SeparatedSignals:
    """How the transits of one signal are told apart from those of the star's other signals.

    Attributes
    ----------
    flats : tuple of ndarray
        Relative deviations of each observation without the subtracted transits.
    masked : tuple of Ephemeris
        Signals whose transits are left out.
    models : tuple of (Ephemeris, TransitFit)
        Signals whose transits were fitted and subtracted.
    covered : tuple of CoveredTransits
        Transits of the measured signal that are lost to each masked signal.
    """

    flats: tuple[NDArray[np.float64], ...] = ()
    masked: tuple[Ephemeris, ...] = ()
    models: tuple[tuple[Ephemeris, TransitFit], ...] = ()
    covered: tuple[CoveredTransits, ...] = ()

    @property
    def depth_err_ppm(self) -> float:
        """Error that the subtracted transits add to every depth [ppm]."""
        return float(np.sqrt(sum(fit.depth_err_ppm**2 for _, fit in self.models)))

    @property
    def subtracted(self) -> str:
        """Names of the subtracted signals, for a sentence; "" if there are none."""
        return " and ".join(e.name for e, _ in self.models)

    def covering(self, odd: bool | None = None) -> tuple[str, int]:
        """Return which masked signals cover transits, and how many.

        Parameters
        ----------
        odd : bool, optional
            Only odd, or only even transits; by default all.

        Returns
        -------
        tuple of (str, int)
            Names of the signals, for a sentence, and the number of transits.
        """
        found = {c.name: {n for n in c.numbers if odd is None or (n % 2 == 1) == odd} for c in self.covered}
        return " and ".join(name for name, numbers in found.items() if numbers), len(set().union(*found.values()))

    def subtract(
        self, detrended: Sequence[DetrendedLightCurve], flats: Sequence[NDArray[np.float64]]
    ) -> tuple[NDArray[np.float64], ...]:
        """Subtract the fitted transits from another detrending of the same observations.

        Parameters
        ----------
        detrended : sequence of DetrendedLightCurve
            Detrended light curves, one per observation.
        flats : sequence of ndarray
            Relative deviations of each observation, same shape as its time.

        Returns
        -------
        tuple of ndarray
            Relative deviations without those transits.
        """
        return tuple(
            flat + sum((_model_flux(c, e, fit) for e, fit in self.models), np.zeros(len(flat)))
            for c, flat in zip(detrended, flats, strict=True)
        )


def separate_signals(
    detrended: Sequence[DetrendedLightCurve],
    flats: Sequence[NDArray[np.float64]],
    e: Ephemeris,
    others: Sequence[Ephemeris],
) -> SeparatedSignals:
    """Decide how the transits of other planets are kept out of the measurements of one signal.

    Transits of others are masked. Where that would leave no odd, or no even transit of the measured
    signal untouched, because all of them overlap transits of another planet (as those of the outer
    of two planets at exactly 2:1), the transits of that planet are modelled from those that it has
    for itself, and subtracted. A planet without such transits (the outer of the two, while the inner
    one is measured) stays masked: its depth cannot be told from that of the measured ones.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    flats : sequence of ndarray
        Relative deviations of each observation from a trend fitted with all transits masked.
    e : Ephemeris
        Signal that is measured.
    others : sequence of Ephemeris
        Other signals of the star.

    Returns
    -------
    SeparatedSignals
        The deviations, and what was masked and subtracted.
    """
    given = tuple(flats)
    number, full, clear = _coverage(detrended, e, others)
    there = full >= MIN_COVERAGE.value
    untouched = there & (clear >= UNTOUCHED_FRACTION * full)
    lost = [odd for odd in (0, 1) if np.any(there & (number % 2 == odd)) and not np.any(untouched & (number % 2 == odd))]
    alone = [_coverage(detrended, e, (o,))[2] for o in others]
    models = []
    for other, left in zip(others, alone, strict=True):
        touched = there & (left < UNTOUCHED_FRACTION * full)
        if np.isin(number[touched] % 2, lost).any():
            fit = _fit_alone(detrended, given, other, (e, *(o for o in others if o is not other)))
            if fit is not None:
                models.append((other, fit))
    subtracted = {id(o) for o, _ in models}
    masked = tuple(o for o in others if id(o) not in subtracted)
    kept = tuple(
        CoveredTransits(o.name, frozenset(number[there & (left < MIN_COVERAGE.value)].tolist()))
        for o, left in zip(others, alone, strict=True)
        if id(o) not in subtracted
    )
    found = SeparatedSignals(given, masked, tuple(models), kept)
    return SeparatedSignals(found.subtract(detrended, given), masked, found.models, kept) if models else found


def _coverage(
    detrended: Sequence[DetrendedLightCurve], e: Ephemeris, others: Sequence[Ephemeris], widen: float = 1.0
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the transits with data (n,), and the parts of each that have data, and data clear of the others."""
    numbers, days, clear = [], [], []
    for curve in detrended:
        inside = e.in_transit(curve.time, curve.system)
        time = curve.time[inside]
        since = time - e.t0.to(curve.system).days
        numbers.append(np.rint(since / e.period_days) if e.period_days is not None else np.zeros(len(time)))
        days.append(cadence_spacing(curve.time)[inside])
        clear.append(~any_in_transit(others, time, curve.system, widen=widen))
    number, where = np.unique(np.concatenate(numbers).astype(np.int64), return_inverse=True)
    weight = np.concatenate(days) / e.duration_days
    full, left = (np.bincount(where, w, len(number)).astype(np.float64) for w in (weight, weight * np.concatenate(clear)))
    return number, full, left


def _fit_alone(
    detrended: Sequence[DetrendedLightCurve], flats: Sequence[NDArray[np.float64]], e: Ephemeris, others: Sequence[Ephemeris]
) -> TransitFit | None:
    """Fit the transits of a signal that no other one touches; None if there are none."""
    number, full, clear = _coverage(detrended, e, others, MASK_WIDEN)
    alone = number[(full >= MIN_COVERAGE.value) & (clear >= full - 1e-9)]
    if not len(alone):
        return None
    events = gather_events(detrended, flats, e, others)
    events = events.where(np.isin(events.number[events.event], alone))
    boxes = box_depths_per_observation(detrended, flats, e, others)
    return fit_transit(level_events(events), detrended[0].light_curve.instrument, red_over_white(boxes))


def _model_flux(curve: DetrendedLightCurve, e: Ephemeris, fit: TransitFit) -> NDArray[np.float64]:
    """Return the relative flux that is missing in the transits of a signal at each cadence, shape (n,)."""
    hours = e.phase_days(curve.time, curve.system) * HOURS_PER_DAY
    return fit.depth_ppm * 1e-6 * fit.drop_each(hours, exposures(curve).minutes / 60)
