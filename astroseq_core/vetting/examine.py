"""All that a vetter needs to know about one signal: folds, fit, halves, secondary, single transits, checks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, LightCurveError
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.times import Instant
from astroseq_core.vetting import checks_depth, checks_shape, checks_star, thresholds
from astroseq_core.vetting.box_depth import BoxDepths, boxes_of, red_over_white
from astroseq_core.vetting.centroid import CentroidShift, centroid_shift
from astroseq_core.vetting.check import Check
from astroseq_core.vetting.events import Events, gather, levelled
from astroseq_core.vetting.fold import Fold, fold, masked_flat
from astroseq_core.vetting.odd_even import Half, mean_depth, odd_and_even
from astroseq_core.vetting.phase import PhaseFold, phase_fold
from astroseq_core.vetting.secondary import Secondary, filled, secondary
from astroseq_core.vetting.single_transits import SingleTransit, single_transits
from astroseq_core.vetting.tides import without_tides
from astroseq_core.vetting.transit_fit import TransitFit, fit_transit
from astroseq_core.vetting.variability import sine

if TYPE_CHECKING:
    from astroseq_core.lightcurves.pixels import PixelColumns
    from astroseq_core.stellar import StellarParameters

#: A secondary eclipse is masked in the detrending, at phase 0.5 always where the period is at least so many durations, and
#: elsewhere where it is at least so significant.
LEAST_DURATIONS, MASKED_SIGMA = 5.0, 4.0


@dataclass(frozen=True, eq=False)
class Examination:
    """One signal of one star, measured.

    ``flats``: of each observation, relative deviations (n,) from a trend for which all transits, and phase 0.5, were masked; the
    close ``fold`` and all that is measured lack the tidal wave that short orbits have (tides.py), ``phase`` shows it.
    ``phase`` is None for a single transit, ``fit`` where nothing can be fitted, ``odd``, ``even`` and ``odd_even_sigma`` where
    one of them has no data, ``secondary`` for a single transit. ``transits``: every predicted one within the observations.
    ``checks``: in the order of check.TITLES.
    """

    ephemeris: Ephemeris
    prepared: tuple[PreparedCurve, ...]
    flats: tuple[NDArray[np.float64], ...]
    phase: PhaseFold | None
    fold: Fold
    fit: TransitFit | None
    odd: Half | None
    even: Half | None
    odd_even_sigma: float | None
    secondary: Secondary | None
    transits: tuple[SingleTransit, ...]
    checks: tuple[Check, ...]

    def check(self, name: str) -> Check:
        """The check of that name; raises KeyError for another."""
        return {c.name: c for c in self.checks}[name]


def examine(
    prepared: Sequence[PreparedCurve],
    ephemeris: Ephemeris,
    *,
    others: Sequence[Ephemeris] = (),
    stellar: "StellarParameters | None" = None,
    pixels: "Sequence[PixelColumns | None]" = (),
    known: Sequence[Ephemeris] = (),
) -> Examination:
    """The signal of that ephemeris in the observations, transits of ``others`` left out, with all checks.

    ``pixels``: beside each observation, for the centroid check; ``known``: the star's signals in catalogues. Observations must
    not overlap in time. Raises LightCurveError without any observation.
    """
    if not prepared:
        raise LightCurveError(f"{ephemeris.name}: there is no light curve to examine; open the star with at least one.")
    prepared, others = tuple(prepared), tuple(o for o in others if o is not ephemeris)
    extra = (_at_phase(ephemeris, 0.5),) if _roomy(ephemeris) else ()
    flats = tuple(masked_flat(c, (ephemeris, *others, *extra)) for c in prepared)
    level = without_tides(prepared, flats, ephemeris, others)
    close = fold(prepared, ephemeris, others, level)
    boxes = boxes_of(prepared, level, ephemeris, others)
    events = gather(prepared, level, ephemeris, others)
    fit = fit_transit(levelled(events), prepared[0].curve.instrument, red_over_white(boxes))
    transits = single_transits(events, prepared, fit, [b.red for b in boxes])
    odd, even, sigma = odd_and_even(transits, ephemeris.duration_hours) if ephemeris.period_days else (None, None, None)
    if sigma is not None and sigma > thresholds.ODD_EVEN_FAIL.value:
        transits = _by_halves(events, transits, prepared, fit, boxes)
        odd, even, sigma = odd_and_even(transits, ephemeris.duration_hours)
    fill = filled(fit, ephemeris.duration_hours)
    second = secondary(boxes, ephemeris, fill)
    if second is not None and (second.strongest_sigma or 0.0) > MASKED_SIGMA and _roomy(ephemeris):
        # its own trend had eaten a part of it
        assert second.strongest_phase is not None
        there = (*extra, _at_phase(ephemeris, second.strongest_phase))
        again = tuple(masked_flat(c, (ephemeris, *others, *there)) for c in prepared)
        again = without_tides(prepared, again, ephemeris, others, there)
        second = secondary(boxes_of(prepared, again, ephemeris, others), ephemeris, fill) or second
    depth = _depth(fit, transits)
    shift, reason = _centroid(pixels, ephemeris, others)
    checks = (
        checks_depth.strength(transits),
        checks_depth.odd_even(ephemeris, odd, even, sigma),
        checks_depth.secondary(ephemeris, second, fit, depth),
        checks_depth.depth_consistency(ephemeris, transits),
        checks_shape.duration(ephemeris, fit, stellar),
        checks_shape.shape(fit),
        checks_depth.depth(fit, depth, stellar),
        checks_star.centroid(shift, reason),
        checks_star.coverage(ephemeris, transits, prepared),
        checks_star.variability(ephemeris, sine(prepared, ephemeris, others), depth),
        checks_star.known_object(ephemeris, prepared, known),
    )
    orbit = phase_fold(prepared, flats, ephemeris, others)
    return Examination(ephemeris, prepared, flats, orbit, close, fit, odd, even, sigma, second, transits, checks)


def _by_halves(
    events: Events,
    transits: tuple[SingleTransit, ...],
    prepared: Sequence[PreparedCurve],
    fit: TransitFit | None,
    boxes: Sequence[BoxDepths],
) -> tuple[SingleTransit, ...]:
    """The transits with depths told by the shape of their own half: odd and even ones are eclipses of two different stars."""
    level, red = levelled(events), [b.red for b in boxes]
    of: list[tuple[SingleTransit, ...]] = []
    for odd in (False, True):
        own = level.where((level.number[level.event] % 2 == 1) == odd)
        shape = fit_transit(own, prepared[0].curve.instrument, red_over_white(boxes)) or fit
        of.append(single_transits(events, prepared, shape, red))
    return tuple(of[t.odd][i] for i, t in enumerate(transits))


def _roomy(e: Ephemeris) -> bool:
    """Whether the orbit has room for a secondary eclipse and for a level beside it."""
    return e.period_days is not None and e.period_days >= LEAST_DURATIONS * e.duration_days


def _at_phase(e: Ephemeris, phase: float) -> Ephemeris:
    """The same ephemeris moved to that phase."""
    assert e.period_days is not None
    return replace(e, name=f"{e.name} at phase {phase:.2f}", t0=Instant(e.t0.days + phase * e.period_days, e.t0.system))


def _depth(fit: TransitFit | None, transits: Sequence[SingleTransit]) -> float | None:
    """The depth [ppm] that checks speak of: the fit's, else the mean of single transits."""
    if fit is not None:
        return fit.depth_ppm
    found = mean_depth(transits)
    return None if found is None else found[0]


def _centroid(
    pixels: "Sequence[PixelColumns | None]", e: Ephemeris, others: Sequence[Ephemeris]
) -> tuple[CentroidShift | None, str]:
    """The centroid's shift, and why there is none where measuring it failed."""
    given = [p for p in pixels if p is not None]
    if not given:
        return None, ""
    try:
        return centroid_shift(given, e, others), "Too few positions lie in and beside the transits to tell a shift."
    except AstroSeqError as error:
        return None, str(error)
