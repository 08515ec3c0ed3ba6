"""Measurements of one signal, from which the checks decide."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.preprocessing.prepare import DetrendedLightCurve

if TYPE_CHECKING:
    from astroseq_core.stellar import StellarParameters
    from astroseq_core.vetting.centroid import CentroidShift
    from astroseq_core.vetting.depths import SingleTransit
    from astroseq_core.vetting.dip_shape import Asymmetry, MiddleCoverage
    from astroseq_core.vetting.odd_even import Alternation, HalfFold
    from astroseq_core.vetting.secondary import SecondarySearch
    from astroseq_core.vetting.separate import SeparatedSignals
    from astroseq_core.vetting.transit_fit import TransitFit
    from astroseq_core.vetting.variability import SineFit


@dataclass(frozen=True, eq=False, kw_only=True)
class Measurements:
    """What was measured of one signal of one star. A check reads what it needs.

    Attributes
    ----------
    ephemeris : Ephemeris
        Ephemeris of the signal.
    detrended : tuple of DetrendedLightCurve
        Detrended light curves, one per observation.
    fit : TransitFit or None
        Fitted transit; None if nothing can be fitted.
    depth_ppm : float or None
        Depth of the fit, else the mean of the single transits [ppm]; without a level, in units of the
        noise of a cadence, as all depths then are.
    odd : HalfFold or None
        Odd transits; None without data.
    even : HalfFold or None
        Even transits; None without data.
    odd_even_sigma : float or None
        Significance of the difference in depth [σ]; None if one half has no data.
    alternation : Alternation or None
        How times and durations of odd and even transits differ; None if it could not be measured.
    secondary : SecondarySearch or None
        Secondary search; None for a single transit.
    transits : tuple of SingleTransit
        Every predicted transit within the observations.
    sine : SineFit or None
        Strongest sine wave at the period, its half or its double; None if it cannot be told.
    centroid : CentroidShift or None
        Shift of the centroid in transit; None if it could not be measured.
    centroid_problem : str
        Why it could not.
    stellar : StellarParameters or None
        Parameters of the star.
    known : tuple of Ephemeris
        Signals of the star in catalogs.
    neighbors : tuple of (Ephemeris, float)
        Signals of other stars nearby in catalogs, and their stars' distances [arcsec].
    middle : MiddleCoverage or None
        Cadences in the middle of the transits against those expected; None if not counted.
    asymmetry : Asymmetry or None
        Difference between the halves of the dip; None if it could not be measured.
    separated : SeparatedSignals or None
        How other planets of the star were kept out of the measurements; None if there are none.
    """

    ephemeris: Ephemeris
    detrended: tuple[DetrendedLightCurve, ...] = ()
    fit: "TransitFit | None" = None
    depth_ppm: float | None = None
    odd: "HalfFold | None" = None
    even: "HalfFold | None" = None
    odd_even_sigma: float | None = None
    alternation: "Alternation | None" = None
    secondary: "SecondarySearch | None" = None
    transits: "tuple[SingleTransit, ...]" = ()
    sine: "SineFit | None" = None
    centroid: "CentroidShift | None" = None
    centroid_problem: str = ""
    stellar: "StellarParameters | None" = None
    known: tuple[Ephemeris, ...] = ()
    neighbors: tuple[tuple[Ephemeris, float], ...] = ()
    middle: "MiddleCoverage | None" = None
    asymmetry: "Asymmetry | None" = None
    separated: "SeparatedSignals | None" = None

    @property
    def has_level(self) -> bool:
        """Whether the brightness of the star is known in all light curves, so that depths in ppm are."""
        return all(curve.has_level for curve in self.detrended)
