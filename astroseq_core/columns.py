"""The columns of the tables of scored stars: what each one holds, how it is measured and written, and where it appears.

A column is one field of a class below. From it are made the store's column, scores.csv, the tables of candidates, the
leaderboard's table and docs/columns.md. To add one, add its field and put its name into the tables where it belongs;
`measure` is the function that computes it from a light curve, if scoring does not.
"""

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from astroseq_core.column_fields import BAR, COUNT, CURVE, NUMBER, TICK, Column, Display, columns_of, count, flag, number, text
from astroseq_core.disposition_codes import DISPOSITIONS
from astroseq_core.preprocessing import noise
from astroseq_core.signal_columns import PROBABILITY_DIGITS, BestSignalValues, SignalSummary, SignalValues

if TYPE_CHECKING:
    from astroseq_core.preprocessing.prepare import DetrendedLightCurve

#: Number of segment probabilities in the mean of the published ranking, and the same in words.
TOP_K = 5
TOP_K_WORD = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")[TOP_K - 1]


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """What is measured in the light curves of a star while they are scored; every field is a column."""

    noise_ppm_1h: float | None = number(
        "Noise of means over one hour, median over the observations",
        "ppm",
        "stat.stdev;phot.flux",
        1,
        display=Display("Noise [ppm]", 95, "Robust scatter of means over an hour: what a transit of an hour has to beat", 0),
        measure=noise.noise_ppm_1h,
    )


@dataclass(frozen=True, kw_only=True)
class SharedValues(Measurements, SignalSummary):
    """Values of a star in the store and in the tables of candidates; every field is a column."""

    num_segments: int | None = count(
        "Segments of the light curves that the model looked at", "meta.number", display=Display("Segments", 80)
    )
    score_max: float | None = number(
        "Highest probability of a segment",
        ucd="stat.probability;stat.max",
        digits=6,
        display=Display("Highest", 70, "Highest segment probability", 3),
    )
    score_topk: float | None = number(
        f"Mean of the {TOP_K_WORD} highest probabilities of segments",
        ucd="stat.probability",
        digits=6,
        display=Display(f"Top {TOP_K}", 70, f"Mean of the {TOP_K_WORD} highest segment probabilities", 3),
    )
    score_fold: float | None = number(
        "Natural log of the likelihood ratio of the best fold",
        ucd="stat.likelihood",
        digits=4,
        display=Display(
            "Recurrence", 85, "How well the probabilities recur at their best period: natural log of a likelihood ratio", 2
        ),
    )
    best_period_days: float | None = number(
        "Period of the best fold of the scores; half of a binary's, whose two eclipses it takes for one transit",
        "d",
        "time.period",
        6,
        display=Display("Recurs [d]", 90, "Period at which the probabilities recur best; of a binary maybe half its orbit", 5),
    )
    best_t0: float | None = number("Mid-transit of the best fold, in t0_system", "d", "time.epoch", 6)
    t0_system: str = text("Time system: BKJD = BJD - 2454833, BTJD = BJD - 2457000; all TDB", "time.scale")
    num_transits: int | None = count("Transits observed in the best fold of the scores", "meta.number")
    false_alarm_probability: float | None = number(
        "Chance that the star without transits scores as high", ucd="stat.probability", digits=6
    )
    magnitude: float | None = number(
        "Brightness in magnitude_band (Tmag or Kp where that is empty)",
        "mag",
        "phot.mag",
        3,
        display=Display("Mag", 65, "Tmag or Kp", 2),
    )
    match: str = text(
        "A known signal of the star",
        "meta.id.assoc",
        display=Display("Known object", 165, "A known signal of the star; 2P: what was found has twice its period"),
    )
    match_kind: str = text("Which catalog knows it", "meta.ref")
    match_ratio: str = text("The found period over the known one, empty where they do not fit", "meta.code")
    match_disposition: str = text("What the catalog says of the known signal", "meta.code.class")


_STAR_SCORE = (
    "The star's score, the evidence that something transits; no probability and no signal-to-noise ratio. Stars without a "
    "planet score are ranked by it."
)


@dataclass(frozen=True, kw_only=True)
class ScoreValues(SharedValues, BestSignalValues):
    """Values of a star in the store; every field is a column of the table scores, added to it where it is missing."""

    star_score: float | None = number(
        _STAR_SCORE,
        ucd="stat.likelihood",
        digits=4,
        display=Display("Star score", 120, "The evidence that something transits; no probability. Noise scores about 0.", 2),
    )
    score_noisy_or: float | None = number(
        "Minus the natural log of the probability that no segment holds a transit", ucd="stat.likelihood", digits=4
    )
    best_duration_hours: float | None = number("Duration of the best fold's transit", "h", "time.duration", 3)
    period_err_days: float | None = number("Error of the best period, one sigma", "d", "stat.error;time.period", 7)
    t0_err_days: float | None = number("Error of the best fold's mid-transit, one sigma", "d", "stat.error;time.epoch", 6)
    duration_err_hours: float | None = number("Error of the best fold's duration, one sigma", "h", "stat.error;time.duration", 3)


@dataclass(frozen=True, kw_only=True)
class CandidateValues(SharedValues):
    """Values of a star in the tables of candidates; every field is a column.

    Period, epoch, duration and depth are those of the adopted ephemeris.
    """

    score_raw: float | None = number(_STAR_SCORE, ucd="stat.likelihood", digits=4)
    p_highclass: int = flag("1 for a star that passed the threshold, 0 for one that did not; no probability.", "meta.code")
    mission: str = text(
        "The mission as whose the light curves were taken", "meta.id;instr.obsty", display=Display("Mission", 130)
    )
    model_id: str = text("The model whose scores these are", "meta.id;meta.modelled")
    model_sha: str = text("What identifies the model and its settings", "meta.id.cross")
    simulated: int = flag(
        "1 for a star that exists only in AstroSeq; its mission is the one that it is simulated for.", "meta.code"
    )
    disposition: str = text(
        f"Newest disposition: {', '.join(DISPOSITIONS)}, or empty",
        "meta.code.class",
        display=Display("Disposition", 90, "The latest disposition"),
    )
    period_days: float | None = number(
        "Orbital period of the adopted ephemeris; empty for a single transit", "d", "time.period", 8
    )
    period_err_days: float | None = number("Its error, one sigma", "d", "stat.error;time.period", 8)
    t0_days: float | None = number("Mid-transit of the adopted ephemeris, in t0_system", "d", "time.epoch", 6)
    t0_err_days: float | None = number("Its error, one sigma", "d", "stat.error;time.epoch", 6)
    epoch_bjd: float | None = number("The same mid-transit as full BJD (TDB)", "d", "time.epoch;meta.main", 6)
    duration_hours: float | None = number("Duration of the whole transit", "h", "time.duration", 4)
    duration_err_hours: float | None = number("Its error, one sigma", "h", "stat.error;time.duration", 4)
    depth_ppm: float | None = number("Depth of the transit at its middle", "ppm", "phot.flux;arith.ratio", 2)
    depth_err_ppm: float | None = number("Its error, one sigma", "ppm", "stat.error;phot.flux", 2)
    ephemeris_source: str = text(
        "Where the ephemeris is from: catalogue, search, person, fit, verdict, or fold (of the scores)", "meta.ref"
    )
    signal: int | None = count("Number of the row's signal in signals.csv; empty for one that the search did not find", "meta.id")
    signal_snr: float | None = number("Signal-to-noise ratio of all transits of this signal together", "", "stat.snr", 3)
    signal_p_planet: float | None = number(
        "Probability that this signal is a planet candidate", "", "stat.probability", PROBABILITY_DIGITS
    )
    signal_planet_spread: float | None = number("Its standard deviation in the ensemble", "", "stat.stdev", 4)
    signal_p_eclipsing_binary: float | None = number(
        "Probability that this signal is an eclipsing binary", "", "stat.probability", PROBABILITY_DIGITS
    )
    signal_eclipsing_binary_spread: float | None = number("Its standard deviation in the ensemble", "", "stat.stdev", 4)
    signal_p_not_transit: float | None = number(
        "Probability that this signal is not transit-like", "", "stat.probability", PROBABILITY_DIGITS
    )
    signal_not_transit_spread: float | None = number("Its standard deviation in the ensemble", "", "stat.stdev", 4)
    signal_planet_score: float | None = number(
        "Natural log of the odds that this signal is a planet's: transit evidence and class together", "", "stat.likelihood", 4
    )
    signal_too_deep: int | None = count(
        "1 for a signal deeper than any planet's transit: a thousandth of signal_p_planet counts in its planet score", "meta.code"
    )
    signal_trees_p_planet: float | None = number(
        "Probability of a planet candidate by the readable baseline, the trees alone", "", "stat.probability", PROBABILITY_DIGITS
    )
    signal_trees_p_eclipsing_binary: float | None = number(
        "Probability of an eclipsing binary by the trees alone", "", "stat.probability", PROBABILITY_DIGITS
    )
    signal_trees_p_not_transit: float | None = number(
        "Probability that it is not transit-like by the trees alone", "", "stat.probability", PROBABILITY_DIGITS
    )
    reviewer: str = text("Who gave the newest disposition", "meta.id;meta.curation")
    decided: str = text("When, ISO 8601 in UTC", "time.processing")
    flags: str = text("Reason codes of the newest disposition", "meta.code")
    note: str = text("Note of the newest disposition", "meta.note")
    verdicts: str = text("The disposition of each reviewer that stands", "meta.note")
    magnitude_band: str = text("Band of the magnitude", "meta.id;instr.bandpass")
    teff_k: float | None = number("Effective temperature of the star", "K", "phys.temperature.effective", 1)
    radius_solar: float | None = number("Radius of the star", "solRad", "phys.size.radius", 4)
    mass_solar: float | None = number("Mass of the star", "solMass", "phys.mass", 4)
    logg_cgs: float | None = number("Surface gravity of the star, log10 of cm/s^2", "", "phys.gravity", 3)
    density_solar: float | None = number(
        "Mean density of the star, over that of the Sun", "solMass.solRad**-3", "phys.density", 4
    )
    stellar_source: str = text("Who says so", "meta.ref")


_IDENTIFIER = "Identifier: TIC, KIC, EPIC number, or SIM for a simulated star"
#: Columns of the store's scores, of each kind of source: light curves, scoring, catalogues.
MEASURED = columns_of(Measurements)
STORED = columns_of(ScoreValues)
FROM_CATALOGS = ("magnitude", "match", "match_kind", "match_ratio", "match_disposition")
OF_BEST_SIGNAL = tuple(columns_of(BestSignalValues))
FROM_SIGNALS = (*columns_of(SignalSummary), *OF_BEST_SIGNAL)
FROM_SCORING = tuple(name for name in STORED if name not in (*FROM_CATALOGS, *FROM_SIGNALS))
#: Columns of the store's signals.
STORED_SIGNAL = columns_of(SignalValues)
#: All columns of signals.csv by name.
SIGNAL_COLUMNS = {
    "target_id": Column("target_id", _IDENTIFIER, ucd="meta.id;meta.main"),
    **{name: columns_of(CandidateValues)[name] for name in ("mission", "model_id")},
    **STORED_SIGNAL,
}
#: All columns of the tables of candidates by name.
CANDIDATE_COLUMNS = {"star_id": Column("star_id", _IDENTIFIER, ucd="meta.id;meta.main")} | columns_of(CandidateValues)
#: All columns of a row of the leaderboard by name.
ROW_COLUMNS = {
    "target_id": Column("target_id", _IDENTIFIER, ucd="meta.id;meta.main", display=Display("Star", 130, pinned=True)),
    **STORED,
    **{name: CANDIDATE_COLUMNS[name] for name in ("mission", "model_id", "disposition")},
    "period_days": Column(
        "period_days",
        "Period of the best signal; that of the star score's fold where no signal was found, or signals were not searched; "
        "empty for a single transit",
        NUMBER,
        "d",
        "time.period",
        8,
        display=Display(
            "Period [d]", 95, "Of the best signal; where there is none, of the best recurrence. Empty for a single transit", 5
        ),
    ),
    "status": Column("status", "ok, or why the star has no score", display=Display("Status", 80)),
    "rank": Column(
        "rank",
        "Rank by the planet score, from 1; stars without one come last, by their star score",
        COUNT,
        display=Display("Rank", 55, "By the planet score; stars without one come last, by their star score", pinned=True),
    ),
    "class_bar": Column(
        "class_bar",
        "Class of the best signal",
        BAR,
        display=Display(
            "Class", 110, "The best signal: planet candidate (blue), eclipsing binary (vermilion), not transit-like (gray)"
        ),
    ),
    "flagged": Column(
        "flagged", "Passed the threshold", TICK, display=Display("Above threshold", 110, "At or above the threshold that is kept")
    ),
    "spark": Column("spark", "Segments", CURVE, display=Display("Segments by time", 150, "Probability of each segment, 0 to 1")),
}

# Where the columns appear. Other programs read these files by the order of their columns, too: add new ones at the end.
# candidates.csv is a fixed agreement; the whole table of candidates (CSV, ECSV, VOTable) begins with its columns.
SCORES_CSV = (
    *("target_id", "mission", "num_segments", "star_score", "score_max", "score_topk", "score_fold"),
    *("best_period_days", "best_t0", "t0_system", "model_id", "status", "score_noisy_or", "best_duration_hours"),
    *("period_err_days", "t0_err_days", "duration_err_hours", "num_transits", "false_alarm_probability", "noise_ppm_1h"),
    *FROM_SIGNALS,
)
SIGNALS_CSV = tuple(SIGNAL_COLUMNS)
CANDIDATES_CSV = (
    *("star_id", "score_raw", "p_highclass", "mission", "model_id", "num_segments", "score_max", "score_topk", "score_fold"),
    *("best_period_days", "best_t0", "t0_system", "magnitude", "match", "match_kind", "match_ratio", "disposition", "simulated"),
)
CANDIDATES = (
    *CANDIDATES_CSV,
    *("match_disposition", "period_days", "period_err_days", "t0_days", "t0_err_days", "epoch_bjd", "duration_hours"),
    *("duration_err_hours", "depth_ppm", "depth_err_ppm", "ephemeris_source", "num_transits", "reviewer", "decided"),
    *("flags", "note", "verdicts", "magnitude_band", "teff_k", "radius_solar", "mass_solar", "logg_cgs", "density_solar"),
    *("stellar_source", "false_alarm_probability", "model_sha"),
    *("signal", "signal_snr", "signal_p_planet", "signal_planet_spread", "signal_p_eclipsing_binary"),
    *("signal_eclipsing_binary_spread", "signal_p_not_transit", "signal_not_transit_spread", "signal_planet_score"),
    *("noise_ppm_1h", *columns_of(SignalSummary)),
    *("signal_too_deep", "signal_trees_p_planet", "signal_trees_p_eclipsing_binary", "signal_trees_p_not_transit"),
)
LEADERBOARD = (
    *("rank", "target_id", "planet_score", "class_bar", "star_score", "spark", "match", "period_days", "magnitude"),
    *("disposition", "flagged", "num_signals", "p_planet", "p_eclipsing_binary", "p_not_transit"),
    *("score_max", "score_topk", "score_fold", "best_period_days", "num_segments", "noise_ppm_1h", "mission", "status"),
)
#: The scores that stars are ranked by: the first one, and those that do not have it, behind them, by the second.
PLANET_SCORE, STAR_SCORE = RANKING = ("planet_score", "star_score")
#: Classes of a star's best signal: that whose probability is highest.
SIGNAL_CLASSES = tuple(name.removeprefix("p_") for name in FROM_SIGNALS if name.startswith("p_"))
#: Sort orders of the leaderboard page, as its address names them, and their columns.
SORTS = {
    "planet score": PLANET_SCORE,
    "star score": STAR_SCORE,
    "highest segment": "score_max",
    f"top {TOP_K_WORD} segments": "score_topk",
    "folded": "score_fold",
    "segments": "num_segments",
    "period": "period_days",
    "magnitude": "magnitude",
    "noise": "noise_ppm_1h",
    "star": "target_id",
}


@dataclass(frozen=True)
class Range:
    """A column that stars can be filtered by, from a lowest to a highest value.

    Attributes
    ----------
    column : str
        Name of the column.
    label : str
        Label of the fields on the leaderboard page.
    step : float
        Step of the fields.
    low : str
        The lower bound in words.
    high : str
        The upper bound in words.
    is_count : bool
        Whether the bounds are whole numbers from 1.
    """

    column: str
    label: str
    step: float
    low: str
    high: str
    is_count: bool = False


#: Filters by range; NAME_min and NAME_max are fields of `Bounds`, parameters of the page's address and options of `export`.
RANGES = {
    "planet": Range("planet_score", "Planet score", 1.0, "lowest planet score", "highest planet score"),
    "p_planet": Range("p_planet", "P(planet)", 0.05, "lowest probability of a planet", "highest probability of a planet"),
    "p_binary": Range(
        "p_eclipsing_binary", "P(binary)", 0.05, "lowest probability of a binary", "highest probability of a binary"
    ),
    "score": Range("star_score", "Star score", 1.0, "lowest star score", "highest star score"),
    "segments": Range("num_segments", "Segments", 10.0, "fewest segments", "most segments", is_count=True),
    "magnitude": Range("magnitude", "Magnitude", 0.5, "lowest Tmag or Kp", "highest Tmag or Kp"),
    "period": Range("period_days", "Period [d]", 1.0, "lowest period [d]", "highest period [d]"),
    "noise": Range("noise_ppm_1h", "Noise [ppm]", 10.0, "lowest noise over one hour [ppm]", "highest noise over one hour [ppm]"),
}


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Inclusive bounds of the columns in `RANGES`; None for no bound.

    Attributes
    ----------
    planet_min, planet_max : float or None
        Planet score.
    p_planet_min, p_planet_max : float or None
        Probability that the best signal is a planet candidate.
    p_binary_min, p_binary_max : float or None
        Probability that the best signal is an eclipsing binary.
    score_min, score_max : float or None
        Star score.
    segments_min, segments_max : int or None
        Number of segments.
    magnitude_min, magnitude_max : float or None
        Magnitude.
    period_min, period_max : float or None
        Period of the best signal, or of the fold [d].
    noise_min, noise_max : float or None
        Noise over one hour [ppm].
    """

    planet_min: float | None = None
    planet_max: float | None = None
    p_planet_min: float | None = None
    p_planet_max: float | None = None
    p_binary_min: float | None = None
    p_binary_max: float | None = None
    score_min: float | None = None
    score_max: float | None = None
    segments_min: int | None = None
    segments_max: int | None = None
    magnitude_min: float | None = None
    magnitude_max: float | None = None
    period_min: float | None = None
    period_max: float | None = None
    noise_min: float | None = None
    noise_max: float | None = None


def measure_light_curve(curve: "DetrendedLightCurve") -> dict[str, float]:
    """Measure a detrended light curve.

    Parameters
    ----------
    curve : DetrendedLightCurve
        The light curve.

    Returns
    -------
    dict of str to float
        Value of each column of `Measurements` that could be measured.
    """
    found = {name: column.measure(curve) for name, column in MEASURED.items() if column.measure is not None}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def combine_measurements(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Combine the measurements of a star's observations.

    Parameters
    ----------
    parts : iterable of mapping
        Measurements of each observation.

    Returns
    -------
    dict of str to float
        Median of each column over the observations that have it.

    Examples
    --------
    >>> combine_measurements([{"a": 1.0}, {"a": 2.0}, {"a": 9.0}, {}])
    {'a': 2.0}
    """
    values: dict[str, list[float]] = {}
    for part in parts:
        for name, value in part.items():
            values.setdefault(name, []).append(value)
    return {name: statistics.median(several) for name, several in values.items()}
