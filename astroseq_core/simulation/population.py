"""Populations of planets and eclipsing binaries to draw from, like the published candidates.

The constants are Gaussian mixtures in log10(period [d]), log10(sqrt(depth)) and log10(stellar
density [Sun]), fitted by expectation maximization (two or three components by BIC, full covariance)
to tables of the NASA Exoplanet Archive:

- KEPLER_PLANETS: KOI cumulative table of 2025-10-04, the 4540 rows CONFIRMED or CANDIDATE with a
  period of 0.4 to 500 days, a depth below 5 % and a stellar radius and gravity;
- TESS_PLANETS: TOI table as of 2025-09-28, the 5082 rows PC, CP or KP with a period of 0.4 to 100
  days, a depth below 5 % and a stellar radius and gravity;
- K2_PLANETS: K2 planets and candidates table of 2025-10-04, the 720 rows with default_flag 1,
  CONFIRMED or CANDIDATE, a period of 0.4 to 100 days and a planet and a stellar radius (the square
  of whose ratio is the depth) below a depth of 5 %;
- BINARIES: KOI cumulative table, the 1794 rows whose flags say stellar eclipse and neither "not
  transit-like" nor "ephemeris match", with a period of 0.4 to 500 days.

Published candidates are biased towards what is easy to find; that biased population is what a
classifier meets. Durations are not drawn: they follow from period, density and impact parameter.
`density_shift` [dex] makes their median agree with the table (0 for K2 and the binaries).
"""

import math
from dataclasses import dataclass

import numpy as np

from astroseq_core.errors import SettingsError
from astroseq_core.simulation.transits import SUN_AR_ONE_DAY, EclipsingBinary, Orbit
from astroseq_core.times import Instant

#: Smallest a/R* of a drawn orbit: no published transiting planet is closer to its star.
MIN_A_OVER_RSTAR = 2.0
#: Quadratic limb darkening is drawn about the Sun-like values in the Kepler and TESS bands (Claret & Bloemen 2011, Claret 2017).
LIMB_DARKENING = {"Kepler": (0.42, 0.24), "K2": (0.42, 0.24), "TESS": (0.32, 0.25)}
LIMB_DARKENING_SCATTER = 0.07
#: Median, scatter and limits of the magnitudes: from the TOI and KOI tables; K2's stars lie between the two.
MAGNITUDES = {"TESS": (11.8, 1.5, 6.5, 14.5), "Kepler": (14.5, 1.3, 10.0, 16.0), "K2": (12.5, 1.4, 9.0, 15.5)}
#: Number of draws within the limits before giving up.
MAX_TRIES = 2000


@dataclass(frozen=True)
class Mixture:
    """Gaussian mixture over log10 period [d], log10 sqrt(depth) and log10 density [Sun].

    Attributes
    ----------
    weights : tuple of float
        Weight of each component.
    means : tuple of tuple of float
        Mean of each component.
    covariances : tuple of tuple of tuple of float
        Covariance matrix of each component.
    density_shift : float
        Shift of log10 density [dex] that brings the median duration to that of the table.
    period_days : tuple of float
        Shortest and longest period of the fitted rows [d].
    depth : tuple of float
        Smallest and largest depth of the fitted rows, relative flux.
    """

    weights: tuple[float, ...]
    means: tuple[tuple[float, float, float], ...]
    covariances: tuple[tuple[tuple[float, float, float], ...], ...]
    density_shift: float
    period_days: tuple[float, float]
    depth: tuple[float, float]

    def draw(self, rng: np.random.Generator) -> tuple[float, float, float]:
        """Draw a period, a depth and a stellar density within the limits of the fitted rows.

        Parameters
        ----------
        rng : numpy.random.Generator
            Random generator.

        Returns
        -------
        tuple of float
            Period [d], depth (relative flux) and stellar density [Sun].

        Raises
        ------
        SettingsError
            If no draw falls within the limits.
        """
        for _ in range(MAX_TRIES):
            which = int(rng.choice(len(self.weights), p=np.asarray(self.weights) / sum(self.weights)))
            x = rng.multivariate_normal(self.means[which], self.covariances[which])
            period, depth, density = 10 ** x[0], 10 ** (2 * x[1]), 10 ** (x[2] + self.density_shift)
            inside = self.period_days[0] <= period <= self.period_days[1] and self.depth[0] <= depth <= self.depth[1]
            if inside and SUN_AR_ONE_DAY * math.cbrt(density * period**2) > MIN_A_OVER_RSTAR:
                return float(period), float(depth), float(density)
        raise SettingsError("No period and depth within these limits could be drawn; widen them.")


KEPLER_PLANETS = Mixture(
    weights=(0.228, 0.17, 0.603),
    means=((1.842, -1.632, 0.047), (1.303, -1.516, -0.582), (0.897, -1.801, 0.005)),
    covariances=(
        ((0.2658, -0.0008, -0.0169), (-0.0008, 0.0303, 0.019), (-0.0169, 0.019, 0.0649)),
        ((0.5562, -0.0016, -0.1592), (-0.0016, 0.1484, 0.1614), (-0.1592, 0.1614, 0.8768)),
        ((0.196, 0.0265, -0.0239), (0.0265, 0.0468, 0.0304), (-0.0239, 0.0304, 0.1038)),
    ),
    density_shift=0.03,
    period_days=(0.4, 500.0),
    depth=(1e-5, 0.05),
)
TESS_PLANETS = Mixture(
    weights=(0.28, 0.207, 0.513),
    means=((1.031, -1.414, 0.029), (0.432, -1.371, -0.102), (0.61, -1.016, -0.327)),
    covariances=(
        ((0.134, 0.0251, -0.0165), (0.0251, 0.0689, 0.0088), (-0.0165, 0.0088, 0.1178)),
        ((0.1389, 0.0141, 0.0008), (0.0141, 0.0635, 0.0243), (0.0008, 0.0243, 0.4382)),
        ((0.0585, -0.0101, -0.0132), (-0.0101, 0.0188, 0.0422), (-0.0132, 0.0422, 0.1478)),
    ),
    density_shift=0.16,
    period_days=(0.4, 100.0),
    depth=(3e-5, 0.05),
)
K2_PLANETS = Mixture(
    weights=(0.724, 0.276),
    means=((0.902, -1.638, 0.172), (0.837, -1.211, -0.111)),
    covariances=(
        ((0.1773, 0.0252, -0.0313), (0.0252, 0.0322, 0.0296), (-0.0313, 0.0296, 0.112)),
        ((0.1757, 0.0059, -0.067), (0.0059, 0.0736, 0.0225), (-0.067, 0.0225, 0.7997)),
    ),
    density_shift=0.0,
    period_days=(0.4, 100.0),
    depth=(2e-5, 0.05),
)
BINARIES = Mixture(
    weights=(0.454, 0.161, 0.385),
    means=((1.005, -0.573, 0.081), (1.031, -1.396, -1.196), (0.454, -0.991, -0.335)),
    covariances=(
        ((0.4712, -0.04, -0.0144), (-0.04, 0.0932, -0.0029), (-0.0144, -0.0029, 0.048)),
        ((0.6659, 0.1808, 0.1929), (0.1808, 0.2498, 0.005), (0.1929, 0.005, 1.9163)),
        ((0.2542, 0.0763, -0.0782), (0.0763, 0.3616, -0.161), (-0.0782, -0.161, 0.2205)),
    ),
    density_shift=0.0,
    period_days=(0.4, 500.0),
    depth=(5e-5, 0.6),
)


def planet_population(instrument: str) -> Mixture:
    """Return the population of the published candidates of a mission.

    Parameters
    ----------
    instrument : str
        TESS, Kepler or K2.

    Returns
    -------
    Mixture
        The fitted mixture.
    """
    return {"Kepler": KEPLER_PLANETS, "TESS": TESS_PLANETS, "K2": K2_PLANETS}[instrument]


def draw_limb_darkening(rng: np.random.Generator, instrument: str) -> tuple[float, float]:
    """Draw quadratic limb-darkening coefficients in the band of a mission.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    instrument : str
        TESS, Kepler or K2.

    Returns
    -------
    tuple of float
        The coefficients u1 and u2.
    """
    u1, u2 = LIMB_DARKENING[instrument] + LIMB_DARKENING_SCATTER * rng.normal(size=2)
    return float(np.clip(u1, 0.05, 0.7)), float(np.clip(u2, 0.0, 0.29))


def radius_ratio_from_depth(depth: float, impact: float, u1: float, u2: float) -> float:
    """Compute the radius ratio that gives a transit depth, for quadratic limb darkening.

    depth = (r/R*)^2 I(mu) / <I> with I = 1 - u1 (1 - mu) - u2 (1 - mu)^2, mu = sqrt(1 - b^2), <I> =
    1 - u1/3 - u2/6 (Mandel & Agol 2002, small-planet limit).

    Parameters
    ----------
    depth : float
        Depth at mid-transit, relative flux.
    impact : float
        Impact parameter b [stellar radii].
    u1 : float
        Linear limb-darkening coefficient.
    u2 : float
        Quadratic limb-darkening coefficient.

    Returns
    -------
    float
        Radius ratio r/R*.
    """
    away = 1 - math.sqrt(max(0.0, 1 - impact**2))
    brightness = (1 - u1 * away - u2 * away**2) / (1 - u1 / 3 - u2 / 6)
    return math.sqrt(depth / brightness)


def draw_planet(
    rng: np.random.Generator,
    instrument: str,
    t0: Instant,
    *,
    period_days: float | None = None,
    depth: float | None = None,
    density_solar: float | None = None,
    impact: float | None = None,
    limb_darkening: tuple[float, float] | None = None,
    single: bool = False,
) -> Orbit:
    """Draw a planet's orbit like those of the mission's candidates.

    Values that are given are kept; the rest is drawn. The impact parameter is uniform over full
    transits.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    instrument : str
        TESS, Kepler or K2.
    t0 : Instant
        Mid-transit time.
    period_days : float, optional
        Period [d].
    depth : float, optional
        Transit depth, relative flux.
    density_solar : float, optional
        Mean stellar density [Sun].
    impact : float, optional
        Impact parameter [stellar radii].
    limb_darkening : tuple of float, optional
        Quadratic coefficients u1 and u2.
    single : bool, optional
        Whether it transits only once; the period then only sets the duration.

    Returns
    -------
    Orbit
        The orbit.
    """
    drawn_period, drawn_depth, drawn_density = planet_population(instrument).draw(rng)
    depth = depth if depth is not None else drawn_depth
    u1, u2 = limb_darkening or draw_limb_darkening(rng, instrument)
    chosen = float(rng.uniform(0, 1 - min(0.9, 1.3 * math.sqrt(depth)))) if impact is None else impact
    period = period_days or drawn_period
    density = density_solar or drawn_density
    closest = (MIN_A_OVER_RSTAR / SUN_AR_ONE_DAY) ** 3 / period**2
    return Orbit(
        t0=t0,
        period_days=None if single else period,
        radius_ratio=radius_ratio_from_depth(depth, chosen, u1, u2),
        impact=chosen,
        density_solar=max(density, closest),
        u1=u1,
        u2=u2,
        shape_period_days=period if single else None,
    )


def draw_binary(rng: np.random.Generator, instrument: str, t0: Instant, longest_days: float = 500.0) -> EclipsingBinary:
    """Draw an eclipsing binary like those of the KOI table.

    Eclipses are deep or diluted, with or without a secondary, and ellipsoidal at short periods.
    Radius ratios are uniform from 0.15 to 1, impact parameters from central to grazing. Third light
    reduces the eclipse to the drawn depth where the stars alone would give a deeper one.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    instrument : str
        TESS, Kepler or K2.
    t0 : Instant
        Mid-time of a primary eclipse.
    longest_days : float, optional
        Longest period [d].

    Returns
    -------
    EclipsingBinary
        The binary.
    """
    while True:
        period, depth, density = BINARIES.draw(rng)
        if period <= longest_days:
            break
    u1, u2 = draw_limb_darkening(rng, instrument)
    ratio = float(rng.uniform(0.15, 1.0))
    closest = ((1.3 + ratio) / SUN_AR_ONE_DAY) ** 3 / period**2
    orbit = Orbit(t0, period, ratio, float(rng.uniform(0, 0.3 + 0.65 * ratio)), max(density, closest), u1, u2)
    # surface brightness goes with the fourth power of the temperature, and that roughly with the square root of the radius
    light_ratio = min(1.0, ratio**4 * float(rng.uniform(0.5, 1.2)))
    bare = EclipsingBinary(orbit, light_ratio)
    third = max(0.0, 1 - depth / bare.depth)
    # leading tidal term: about the mass ratio over (a/R*)^3 (Morris & Naftilan 1993), with mass ratio ~ radius ratio
    ellipsoidal = min(0.15, 1.2 * ratio / orbit.a_over_rstar**3)
    return EclipsingBinary(orbit, light_ratio, ellipsoidal, min(third, 0.995))


def draw_magnitude(rng: np.random.Generator, instrument: str) -> float:
    """Draw a magnitude like those of the mission's candidates, see `MAGNITUDES`.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    instrument : str
        TESS, Kepler or K2.

    Returns
    -------
    float
        Tmag for TESS, else Kp.
    """
    median, scatter, low, high = MAGNITUDES[instrument]
    return float(np.clip(median + scatter * rng.normal(), low, high))
