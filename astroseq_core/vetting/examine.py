"""Examination of one signal: folds, fit, odd and even, secondary, single transits, checks."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, LightCurveError
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, same_units
from astroseq_core.vetting.box_depths import BoxDepths, box_depths_per_observation, red_over_white
from astroseq_core.vetting.centroid import CentroidShift, centroid_shift
from astroseq_core.vetting.checks.base import CheckResult, run_checks
from astroseq_core.vetting.checks.odd_even import ODD_EVEN_FAIL, alternates_in_time
from astroseq_core.vetting.depths import SingleTransit, measure_single_transits, without_flares
from astroseq_core.vetting.dip_shape import measure_asymmetry, middle_coverage
from astroseq_core.vetting.events import Events, gather_events, level_events
from astroseq_core.vetting.fold import OrbitFold, TransitFold, fold_orbit, fold_transits, masked_detrended_flux
from astroseq_core.vetting.measurements import Measurements
from astroseq_core.vetting.odd_even import (
    Alternation,
    HalfFold,
    difference_error,
    fit_halves,
    fold_half,
    mean_depth,
    measure_alternation,
    odd_even_halves,
    shape_error,
)
from astroseq_core.vetting.secondary import box_fill_fraction, search_secondary
from astroseq_core.vetting.separate import SeparatedSignals, separate_signals
from astroseq_core.vetting.transit_fit import TransitFit, fit_transit
from astroseq_core.vetting.variability import remove_phase_curve, strongest_sine

if TYPE_CHECKING:
    from astroseq_core.io.pixels import PixelColumns
    from astroseq_core.stellar import StellarParameters

#: A secondary eclipse is masked in the detrending: at phase 0.5 if the period is at least this many durations, elsewhere if
#: it is also at least this significant.
MIN_PERIOD_DURATIONS, MASK_SECONDARY_SIGMA = 5.0, 4.0
#: Minimum significance of a transit whose odd and even ones are compared in time and duration [sigma].
MIN_HALVES_SIGMA = 5.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Examination(Measurements):
    """One signal of one star with all measurements and checks.

    `fold` and all measurements are made after subtracting the phase curve that short orbits have
    (tidal distortion, see `variability`), and without the transits of other planets; `phase` still
    shows the phase curve.

    Attributes
    ----------
    flats : tuple of ndarray
        Relative deviations of each observation from a trend fitted with all transits, and phase
        0.5, masked.
    phase : OrbitFold or None
        Fold over the whole orbit; None for a single transit.
    fold : TransitFold
        Fold around mid-transit.
    checks : tuple of CheckResult
        Results, in the order of `checks.base.all_checks`.
    """

    flats: tuple[NDArray[np.float64], ...]
    phase: OrbitFold | None
    fold: TransitFold
    checks: tuple[CheckResult, ...]

    def check(self, name: str) -> CheckResult:
        """Return the result of one check.

        Parameters
        ----------
        name : str
            Identifier of the check.

        Returns
        -------
        CheckResult
            Its result.

        Raises
        ------
        KeyError
            If there is no check of that name.
        """
        return {c.name: c for c in self.checks}[name]


def examine(
    detrended: Sequence[DetrendedLightCurve],
    ephemeris: Ephemeris,
    *,
    others: Sequence[Ephemeris] = (),
    stellar: "StellarParameters | None" = None,
    pixels: "Sequence[PixelColumns | None]" = (),
    known: Sequence[Ephemeris] = (),
    neighbors: Sequence[tuple[Ephemeris, float]] = (),
) -> Examination:
    """Measure a signal in all observations and run all checks.

    Observations must not overlap in time.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        Detrended light curves, one per observation.
    ephemeris : Ephemeris
        Ephemeris of the signal.
    others : sequence of Ephemeris, optional
        Other signals of the star, whose transits are excluded, or subtracted where they coincide; see
        `separate_signals`.
    stellar : StellarParameters, optional
        Parameters of the star.
    pixels : sequence of PixelColumns or None, optional
        Pixel data of each observation, for the centroid check.
    known : sequence of Ephemeris, optional
        Signals of the star in catalogs.
    neighbors : sequence of (Ephemeris, float), optional
        Signals of other stars nearby in catalogs, and their stars' distances [arcsec].

    Returns
    -------
    Examination
        All measurements and checks.

    Raises
    ------
    LightCurveError
        If there is no observation.
    """
    if not detrended:
        raise LightCurveError(f"{ephemeris.name}: there is no light curve to examine; open the star with at least one.")
    detrended, others = tuple(same_units(detrended)), tuple(o for o in others if o is not ephemeris)
    extra = (_at_phase(ephemeris, 0.5),) if _has_room_for_secondary(ephemeris) else ()
    flats = tuple(masked_detrended_flux(c, (ephemeris, *others, *extra)) for c in detrended)
    apart = separate_signals(detrended, flats, ephemeris, others)
    level = remove_phase_curve(detrended, apart.flats, ephemeris, apart.masked)
    close = fold_transits(detrended, ephemeris, apart.masked, level)
    boxes = box_depths_per_observation(detrended, level, ephemeris, apart.masked)
    events = gather_events(detrended, level, ephemeris, apart.masked)
    instrument, red = detrended[0].light_curve.instrument, red_over_white(boxes)
    fit = fit_transit(level_events(events), instrument, red)
    calm = without_flares(events, fit)
    if len(calm.hours) < len(events.hours):
        events, fit = calm, fit_transit(level_events(calm), instrument, red, fit) or fit
    fit = _with_common_error(fit, apart)
    transits = measure_single_transits(events, detrended, fit, [b.red_noise for b in boxes])
    halves = _compare_halves(events, transits, detrended, fit, boxes)
    transits = halves.transits
    fill = box_fill_fraction(fit, ephemeris.duration_hours)
    second = search_secondary(boxes, ephemeris, fill)
    if second is not None and (second.strongest_sigma or 0.0) > MASK_SECONDARY_SIGMA and _has_room_for_secondary(ephemeris):
        # the trend had absorbed a part of it
        assert second.strongest_phase is not None
        there = (*extra, _at_phase(ephemeris, second.strongest_phase))
        again = apart.subtract(detrended, [masked_detrended_flux(c, (ephemeris, *others, *there)) for c in detrended])
        again = remove_phase_curve(detrended, again, ephemeris, apart.masked, there)
        found = search_secondary(box_depths_per_observation(detrended, again, ephemeris, apart.masked), ephemeris, fill)
        second = second if found is None else replace(found, masked=True)
    shift, problem = _measure_centroid(pixels, ephemeris, others)
    measured = Measurements(
        ephemeris=ephemeris,
        detrended=detrended,
        fit=fit,
        depth_ppm=_adopted_depth_ppm(fit, transits),
        odd=halves.odd,
        even=halves.even,
        odd_even_sigma=halves.sigma,
        alternation=halves.alternation,
        secondary=second,
        transits=transits,
        sine=strongest_sine(detrended, ephemeris, others),
        centroid=shift,
        centroid_problem=problem,
        stellar=stellar,
        known=tuple(known),
        neighbors=tuple(neighbors),
        middle=middle_coverage(detrended, ephemeris),
        asymmetry=measure_asymmetry(transits, fit, red_over_white(boxes)),
        separated=apart,
    )
    return Examination(
        **{f.name: getattr(measured, f.name) for f in fields(Measurements)},
        flats=flats,
        phase=fold_orbit(detrended, apart.flats, ephemeris, apart.masked),
        fold=close,
        checks=run_checks(measured),
    )


def _with_common_error(fit: TransitFit | None, apart: SeparatedSignals) -> TransitFit | None:
    """Add the error of the subtracted transits to that of the fitted depth and radius ratio."""
    if fit is None or not apart.models:
        return fit
    common = apart.depth_err_ppm
    return replace(
        fit,
        depth_err_ppm=float(np.hypot(fit.depth_err_ppm, common)),
        # the depth grows with the square of the radius ratio
        radius_ratio_err=float(np.hypot(fit.radius_ratio_err, fit.radius_ratio * common / fit.depth_ppm / 2)),
    )


class _Halves(NamedTuple):
    transits: tuple[SingleTransit, ...]
    odd: HalfFold | None = None
    even: HalfFold | None = None
    sigma: float | None = None
    alternation: Alternation | None = None


def _compare_halves(
    events: Events,
    transits: tuple[SingleTransit, ...],
    detrended: Sequence[DetrendedLightCurve],
    fit: TransitFit | None,
    boxes: Sequence[BoxDepths],
) -> _Halves:
    """Compare odd and even transits; where they differ, each half is measured with its own shape, as eclipses of two stars."""
    e = events.ephemeris
    if e.period_days is None:
        return _Halves(transits)
    found = _Halves(transits, *odd_even_halves(transits, e.duration_hours, shape_error(fit, transits)))
    if found.sigma is None or fit is None or fit.depth_ppm < MIN_HALVES_SIGMA * fit.depth_err_ppm:
        return found
    level, red = level_events(events), [b.red_noise for b in boxes]
    own = fit_halves(level, detrended[0].light_curve.instrument, red_over_white(boxes), fit)
    alternation = measure_alternation(level, *own)
    if found.sigma < ODD_EVEN_FAIL.value and not alternates_in_time(alternation):
        return found._replace(alternation=alternation)
    measured = [measure_single_transits(events, detrended, shape or fit, red) for shape in (own[1], own[0])]
    transits = tuple(measured[t.odd][i] for i, t in enumerate(transits))
    odd, even = (
        fold_half(half, e.duration_hours, shape_error(shape or fit, half), own_shape=shape is not None)
        for half, shape in (([t for t in transits if t.odd == odd], own[not odd]) for odd in (True, False))
    )
    sigma = None if odd is None or even is None else abs(odd.depth_ppm - even.depth_ppm) / difference_error(odd, even)
    return _Halves(transits, odd, even, sigma, alternation)


def _has_room_for_secondary(e: Ephemeris) -> bool:
    """Return whether the orbit has room for a secondary eclipse and for a level beside it."""
    return e.period_days is not None and e.period_days >= MIN_PERIOD_DURATIONS * e.duration_days


def _at_phase(e: Ephemeris, phase: float) -> Ephemeris:
    """Return the ephemeris of the dips at a phase of the orbit."""
    return replace(e.shifted(phase), name=f"{e.name} at phase {phase:.2f}")


def _adopted_depth_ppm(fit: TransitFit | None, transits: Sequence[SingleTransit]) -> float | None:
    """Return the depth [ppm] for the checks: of the fit, else the mean of single transits."""
    if fit is not None:
        return fit.depth_ppm
    found = mean_depth(transits)
    return None if found is None else found[0]


def _measure_centroid(
    pixels: "Sequence[PixelColumns | None]", e: Ephemeris, others: Sequence[Ephemeris]
) -> tuple[CentroidShift | None, str]:
    """Return the centroid shift, or None and the reason why it could not be measured."""
    given = [p for p in pixels if p is not None]
    if not given:
        return None, ""
    try:
        return centroid_shift(given, e, others), "Too few positions lie in and beside the transits to tell a shift."
    except AstroSeqError as error:
        return None, str(error)
