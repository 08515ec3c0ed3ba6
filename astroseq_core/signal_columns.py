"""The columns of signals: those that describe one signal, and those that describe a star by its signals."""

from dataclasses import dataclass

from astroseq_core.column_fields import Display, count, number, text

#: Decimals of probabilities in tables: with fewer, the three of a signal would not sum to 1 to a millionth.
PROBABILITY_DIGITS = 7
_CLASS_HELP = "Calibrated probability that the best signal is {}; see the class bar"


@dataclass(frozen=True, kw_only=True)
class SignalSummary:
    """What was found of a star's signals: how many, and the best one's class; every field is a column.

    All are None where signals were not searched. A star without any signal has a low `planet_score` by its star score.
    """

    planet_score: float | None = number(
        "The planet score, by which stars are ranked: natural log of the odds that the best signal is a planet's, transit "
        "evidence and class together; empty where signals were not searched",
        ucd="stat.likelihood",
        digits=4,
        display=Display(
            "Planet score", 115, "Natural log of the odds that the best signal is a planet's: evidence and class together", 2
        ),
    )
    num_signals: int | None = count(
        "Signals found in the light curves", "meta.number", display=Display("Signals", 70, "Signals found, up to six")
    )
    p_planet: float | None = number(
        "Probability that the best signal is a planet candidate",
        ucd="stat.probability",
        digits=PROBABILITY_DIGITS,
        display=Display("P planet", 80, _CLASS_HELP.format("a planet candidate"), 3),
    )
    p_eclipsing_binary: float | None = number(
        "Probability that the best signal is an eclipsing binary",
        ucd="stat.probability",
        digits=PROBABILITY_DIGITS,
        display=Display("P binary", 80, _CLASS_HELP.format("an eclipsing binary"), 3),
    )
    p_not_transit: float | None = number(
        "Probability that the best signal is not transit-like",
        ucd="stat.probability",
        digits=PROBABILITY_DIGITS,
        display=Display("P neither", 80, _CLASS_HELP.format("not transit-like"), 3),
    )
    best_signal: int | None = count(
        "Number of the best signal, the one with the highest planet score: column signal of signals.csv", "meta.id"
    )


@dataclass(frozen=True, kw_only=True)
class BestSignalValues:
    """The ephemeris of a star's best signal in the store and in scores.csv; every field is a column.

    All are None where no signal was found. The columns `best_period_days` and so on are those of the star score's fold, which
    may have another period: half of it for a binary, whose two eclipses the star score takes for one transit.
    """

    best_signal_period_days: float | None = number(
        "Period of the best signal; empty for a single transit, and where no signal was found", "d", "time.period", 8
    )
    best_signal_t0: float | None = number("Mid-transit of the best signal, in t0_system", "d", "time.epoch", 6)
    best_signal_duration_hours: float | None = number("Duration of the best signal's transit", "h", "time.duration", 4)
    best_signal_depth_ppm: float | None = number("Depth of the best signal's transit", "ppm", "phot.flux;arith.ratio", 2)


@dataclass(frozen=True, kw_only=True)
class SignalValues:
    """Values of one signal of a star in the store and in signals.csv; every field is a column."""

    signal: int | None = count("Number of the signal, in the order in which the star's signals were found, from 1", "meta.id")
    period_days: float | None = number("Orbital period; empty for a single transit", "d", "time.period", 8)
    period_err_days: float | None = number("Its error, one sigma", "d", "stat.error;time.period", 8)
    t0_days: float | None = number("Time of a mid-transit, in t0_system", "d", "time.epoch", 6)
    t0_err_days: float | None = number("Its error, one sigma", "d", "stat.error;time.epoch", 6)
    t0_system: str = text("Time system: BKJD = BJD - 2454833, BTJD = BJD - 2457000; all TDB", "time.scale")
    duration_hours: float | None = number("Duration of the whole transit", "h", "time.duration", 4)
    duration_err_hours: float | None = number(
        "Its error, one sigma; empty where it is not known", "h", "stat.error;time.duration", 4
    )
    depth_ppm: float | None = number("Depth of the transit", "ppm", "phot.flux;arith.ratio", 2)
    depth_err_ppm: float | None = number("Its error, one sigma", "ppm", "stat.error;phot.flux", 2)
    snr: float | None = number("Signal-to-noise ratio of all transits together", "", "stat.snr", 3)
    num_transits: int | None = count("Transits observed", "meta.number")
    log_odds: float | None = number(
        "Natural log of the odds that it is a dip of the star, not noise or a variation", ucd="stat.likelihood", digits=4
    )
    evidence: float | None = number(
        "Natural log of the likelihood ratio of its transits by the segment network, less that of the number of trials",
        ucd="stat.likelihood",
        digits=4,
    )
    false_alarm_probability: float | None = number(
        "Chance that the star without transits shows a signal as strong; empty where it was not computed",
        ucd="stat.probability",
        digits=6,
    )
    p_planet: float | None = number("Probability of a planet candidate", ucd="stat.probability", digits=PROBABILITY_DIGITS)
    p_eclipsing_binary: float | None = number(
        "Probability of an eclipsing binary", ucd="stat.probability", digits=PROBABILITY_DIGITS
    )
    p_not_transit: float | None = number(
        "Probability that it is not transit-like; the three sum to 1", ucd="stat.probability", digits=PROBABILITY_DIGITS
    )
    planet_spread: float | None = number("Standard deviation of p_planet in the ensemble", ucd="stat.stdev", digits=4)
    eclipsing_binary_spread: float | None = number(
        "Standard deviation of p_eclipsing_binary in the ensemble", ucd="stat.stdev", digits=4
    )
    not_transit_spread: float | None = number("Standard deviation of p_not_transit in the ensemble", ucd="stat.stdev", digits=4)
    planet_score: float | None = number(
        "Natural log of the odds that it is a planet's: transit evidence and class together", ucd="stat.likelihood", digits=4
    )
    too_deep: int | None = count(
        "1 for a dip deeper than any planet's transit (8 %, as the check of depths has it), 0 for others; a thousandth of its "
        "p_planet counts in planet_score",
        "meta.code",
    )
    trees_p_planet: float | None = number(
        "Probability of a planet candidate by the readable baseline, the trees alone; empty where it was not kept",
        ucd="stat.probability",
        digits=PROBABILITY_DIGITS,
    )
    trees_p_eclipsing_binary: float | None = number(
        "Probability of an eclipsing binary by the trees alone", ucd="stat.probability", digits=PROBABILITY_DIGITS
    )
    trees_p_not_transit: float | None = number(
        "Probability that it is not transit-like by the trees alone", ucd="stat.probability", digits=PROBABILITY_DIGITS
    )
    trees_planet_spread: float | None = number("Standard deviation of trees_p_planet among the trees", ucd="stat.stdev", digits=4)
    trees_eclipsing_binary_spread: float | None = number(
        "Standard deviation of trees_p_eclipsing_binary among the trees", ucd="stat.stdev", digits=4
    )
    trees_not_transit_spread: float | None = number(
        "Standard deviation of trees_p_not_transit among the trees", ucd="stat.stdev", digits=4
    )
