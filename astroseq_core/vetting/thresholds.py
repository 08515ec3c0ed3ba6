"""The numbers that checks compare with, as data, each with where it comes from."""

from dataclasses import dataclass

ROBOVETTER = "Kepler DR25 Robovetter (Thompson et al. 2018, ApJS 235, 38)"
LEO = "LEO-Vetter (Kunimoto et al. 2025)"
MEASURED = "measured on simulated stars of seed 1 (benchmarks/vetting_truth.py)"


@dataclass(frozen=True)
class Threshold:
    """One number: what it is called, its value and unit, what it is for, and its source."""

    name: str
    value: float
    unit: str
    meaning: str
    source: str


ODD_EVEN_WARN = Threshold("odd_even_warn", 3.0, "σ", "odd and even depths differ", LEO)
ODD_EVEN_FAIL = Threshold("odd_even_fail", 5.0, "σ", "odd and even depths differ beyond what noise does", MEASURED)
ODD_EVEN_RELATIVE = Threshold(
    "odd_even_relative", 0.05, "", "smaller differences, in mean depths, are not held against a signal", MEASURED
)
SECONDARY_HALF_WARN = Threshold("secondary_half_warn", 3.5, "σ", "secondary at phase 0.5, where no phase was searched", MEASURED)
SECONDARY_FALSE_ALARMS = Threshold(
    "secondary_false_alarms",
    20_000.0,
    "",
    "signals among which one false secondary is allowed: the significance is then sqrt(2) erfcinv(duration / period / this)",
    f"{ROBOVETTER}; {LEO}",
)
SECONDARY_PLANET_DEPTH = Threshold(
    "secondary_planet_depth",
    0.1,
    "",
    "a shallower secondary, in primary depths, may be a planet's occultation if reflected light allows it",
    f"{ROBOVETTER}; {LEO}",
)
CONSISTENCY_WARN = Threshold("consistency_warn", 1e-3, "", "chance that depths scatter like this by noise alone", MEASURED)
CONSISTENCY_FAIL = Threshold("consistency_fail", 1e-6, "", "chance that depths scatter like this by noise alone", MEASURED)
CONSISTENCY_RELATIVE = Threshold(
    "consistency_relative", 0.15, "", "less intrinsic scatter, in mean depths, only warns: spots and apertures do that", MEASURED
)
CONSISTENCY_LEAST = Threshold("consistency_least", 0.02, "", "less intrinsic scatter, in mean depths, is passed", MEASURED)
CONSISTENCY_CHI2 = Threshold(
    "consistency_chi2", 2.5, "", "smaller reduced chi-squares may come from errors that are told too small", MEASURED
)
NOTHING = Threshold("nothing", 1.0, "σ", "a weaker dip is none", "one sigma")
SIGNIFICANT = Threshold(
    "significant", 7.1, "σ", "depth over its error, red noise in", "Kepler's detection threshold (Jenkins 2002)"
)
SINGLE_EVENT_SHARE = Threshold("single_event_share", 0.8, "", "one transit's significance over that of all", ROBOVETTER)
DURATION_SHARE_FAIL = Threshold("duration_share_fail", 0.5, "", "duration over period", LEO)
SMALLEST_AR = Threshold("smallest_ar", 1.5, "R*", "semi-major axis from the fit", LEO)
DENSITY_LOW = Threshold(
    "density_low", 0.001, "solar", "thinner giants are not searched for planets", "stars of the KOI and TOI tables"
)
DENSITY_HIGH = Threshold(
    "density_high", 150.0, "solar", "denser than any M dwarf", "Mann et al. 2015, ApJ 804, 64 (M7: about 90)"
)
DENSITY_RATIO_WARN = Threshold(
    "density_ratio_warn",
    5.0,
    "",
    "density from the transit over the star's: an eccentricity of 0.5 does this",
    "Kipping 2014, MNRAS 440, 2164, photo-eccentric effect",
)
DENSITY_RATIO_FAIL = Threshold(
    "density_ratio_fail",
    30.0,
    "",
    "density from the transit over the star's: an eccentricity of 0.8 does this",
    "Kipping 2014, MNRAS 440, 2164, photo-eccentric effect",
)
DENSITY_SIGMA = Threshold("density_sigma", 3.0, "σ", "significance of a difference in density", "three sigma")
SHAPE = Threshold("shape", 1.04, "", "impact parameter plus radius ratio of a grazing, V-shaped eclipse", ROBOVETTER)
SHAPE_SIGMA_WARN = Threshold("shape_sigma_warn", 2.0, "σ", "a grazing fit is better than one that just isn't", MEASURED)
SHAPE_SIGMA_FAIL = Threshold("shape_sigma_fail", 4.0, "σ", "a grazing fit is better than one that just isn't", MEASURED)
RADIUS_WARN = Threshold(
    "radius_warn",
    22.0,
    "Earth radii",
    "larger than any planet older than 10 million years",
    "NASA Exoplanet Archive: the largest transiting planets have 2 Jupiter radii",
)
RADIUS_FAIL = Threshold("radius_fail", 25.0, "Earth radii", "a star's size", LEO)
DEPTH_WARN = Threshold(
    "depth_warn",
    30_000.0,
    "ppm",
    "where the star's radius is unknown: deeper transits of planets occur around M dwarfs only",
    "NASA Exoplanet Archive",
)
DEPTH_FAIL = Threshold(
    "depth_fail",
    80_000.0,
    "ppm",
    "where the star's radius is unknown: deeper than any planet of a star",
    "NASA Exoplanet Archive: TOI-5205 b, 7 %, is the deepest (Kanodia et al. 2023)",
)
CENTROID_WARN = Threshold("centroid_warn", 3.0, "σ", "centroid moves in transit", "Kepler DV (Bryson et al. 2013, PASP 125, 889)")
CENTROID_FAIL = Threshold("centroid_fail", 5.0, "σ", "centroid moves in transit", "Kepler DV (Bryson et al. 2013, PASP 125, 889)")
CENTROID_OFFSET = Threshold(
    "centroid_offset",
    0.3,
    "pixels",
    "where the source of the dip is nearer to the light's centre, fainter stars in the aperture explain the shift",
    "TrES-2: 54 σ from a source 0.013 pixels off; simulated blends lie 0.4 pixels off and more",
)
CENTROID_OFFSET_SIGMA = Threshold("centroid_offset_sigma", 3.0, "σ", "significance of the source's offset", "three sigma")
TRANSITS_FEW = Threshold("transits_few", 3.0, "", "fewer observed transits are not enough to be sure of a period", ROBOVETTER)
COVERED = Threshold("covered", 0.5, "", "part of a transit's cadences that must be there for it to count", ROBOVETTER)
TROUBLED_SHARE = Threshold("troubled_share", 0.5, "", "part of the transits that touch a gap or a momentum dump", ROBOVETTER)
TROUBLED_CHANCE = Threshold("troubled_chance", 1e-4, "", "chance that so many transits meet momentum dumps by accident", MEASURED)
SINE_SIGMA_WARN = Threshold("sine_sigma_warn", 10.0, "σ", "sinusoid at the period, its half or its double", LEO)
SINE_SIGMA_FAIL = Threshold(
    "sine_sigma_fail", 50.0, "σ", "sinusoid at the period, its half or its double", f"SWEET; {ROBOVETTER}"
)
SINE_SHARE = Threshold(
    "sine_share", 0.1, "", "full amplitude over the transit's depth; less, as a hot planet's phase curve has, is passed", MEASURED
)
SINE_WARN_LONGEST_DAYS = Threshold("sine_warn_longest_days", 10.0, "d", "longer periods warn of no star's variation", LEO)
SINE_LONGEST_DAYS = Threshold(
    "sine_longest_days", 5.0, "d", "longer periods fail no star: rotation is common there", f"SWEET; {ROBOVETTER}"
)

ALL: tuple[Threshold, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Threshold))
