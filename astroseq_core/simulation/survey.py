"""Built-in survey: 60 simulated stars, SIM 1 to SIM 60, always the same, that need no download."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from astroseq_core import targets
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import SettingsError, TargetError
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.simulation import population, systematics
from astroseq_core.simulation.stars import SimulatedStar, simulate_star
from astroseq_core.simulation.transits import Orbit, Signal
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem

#: Numbers begin here. The built-in survey ends at 60; training stars lie between one and two million.
FIRST_NUMBER = 5_000_000
#: Largest number of stars in one survey; each seed and each mission has its own range of numbers.
MAX_STARS = 100_000_000
#: Missions of the number ranges of one seed, in order; "" is a survey of all three in turn.
NUMBER_RANGES = ("TESS", "Kepler", "K2", "")
#: Number of observations of a star: the fewest that a star of the built-in survey has.
NUM_OBSERVATIONS = {"TESS": 1, "Kepler": 3, "K2": 1}
#: Disposition of the signals of a kind of star; CP for all others.
DISPOSITION_OF_KIND = {"binary": "FP"}


@dataclass(frozen=True, eq=False)
class SimulatedStarData:
    """Light curves and truth of one simulated star.

    Attributes
    ----------
    light_curves : tuple of LightCurve
        Its light curves, in time order.
    ephemerides : tuple of Ephemeris
        Ephemerides of its transits or eclipses.
    magnitude : float
        Tmag or Kp.
    kind : str
        One of `KINDS`.
    signals : tuple of Signal
        The signals exactly as injected.
    density_solar : float or None
        Mean stellar density [Sun]. None for a star without signals, for which no density was drawn.
    """

    light_curves: tuple[LightCurve, ...]
    ephemerides: tuple[Ephemeris, ...]
    magnitude: float
    kind: str = ""
    signals: "tuple[Signal, ...]" = ()
    density_solar: float | None = None


def star_numbers(mission: str, seed: int, count: int) -> Iterator[int]:
    """Generate the numbers of simulated stars as seen by one mission.

    Parameters
    ----------
    mission : str
        TESS, Kepler or K2; empty for all three in turn.
    seed : int
        Each seed and each mission has its own range of numbers.
    count : int
        How many stars.

    Yields
    ------
    int
        The number of the next star.

    Raises
    ------
    SettingsError
        If the mission is unknown or `count` exceeds the maximum.
    """
    if mission not in NUMBER_RANGES:
        raise SettingsError(f"Stars cannot be simulated as seen by '{mission}'; use TESS, Kepler or K2.")
    if count > MAX_STARS:
        raise SettingsError(f"A survey has at most {MAX_STARS} simulated stars.")
    first = FIRST_NUMBER + (len(NUMBER_RANGES) * seed + NUMBER_RANGES.index(mission)) * MAX_STARS
    yield from range(first, first + count)


def instrument_of(number: int) -> str:
    """Return the name of the mission that observes the star with this number.

    Parameters
    ----------
    number : int
        Number of the simulated star.

    Returns
    -------
    str
        TESS, Kepler or K2.

    Raises
    ------
    TargetError
        If no simulated star has this number.
    """
    return _instrument_and_kind(number)[0]


def star_exists(number: int) -> bool:
    """Return whether a simulated star has this number.

    Parameters
    ----------
    number : int
        Number of the star.

    Returns
    -------
    bool
        True for a star of the built-in survey or of a larger one.
    """
    try:
        return bool(_instrument_and_kind(number)[0])
    except TargetError:
        return False


@lru_cache(maxsize=4)
def read_star(number: int) -> SimulatedStarData:
    """Make the simulated star with this number.

    Parameters
    ----------
    number : int
        Number of a star of the built-in survey or of a larger one.

    Returns
    -------
    SimulatedStarData
        Its light curves, ephemerides and truth.

    Raises
    ------
    TargetError
        If no simulated star has this number.
    """
    from astroseq_core.simulation import stars

    if 1 <= number <= NUM_STARS:
        name = f"SIM {number}"
        return _star_data(simulated_star(name), published_ephemerides(name))
    instrument, kind = _instrument_and_kind(number)
    target = Target("SIM", str(number))
    made = stars.simulate_star(number, instrument, kind, target=target, num_observations=NUM_OBSERVATIONS[instrument])
    disposition = DISPOSITION_OF_KIND.get(kind, "CP")
    known = tuple(replace(one, disposition=disposition) for one in made.ephemerides)
    return _star_data(made, known)


def _star_data(star: "SimulatedStar", known: tuple[Ephemeris, ...]) -> SimulatedStarData:
    """Collect the light curves and the truth of a simulated star."""
    density = star.truth["signals"][0]["density_solar"] if star.signals else None
    return SimulatedStarData(star.light_curves, known, star.magnitude, star.kind, star.signals, density)


def _instrument_and_kind(number: int) -> tuple[str, str]:
    """Return the mission and the kind of a star; the built-in survey's plan repeats beyond its end."""
    if 1 <= number <= NUM_STARS:
        row = survey_rows()[number - 1]
        return row.instrument, row.kind
    if number < FIRST_NUMBER:
        raise TargetError(
            f"SIM {number} is not in the simulated survey, whose stars are SIM 1 to SIM {NUM_STARS}; those of larger "
            f"surveys begin with SIM {FIRST_NUMBER}."
        )
    which, place = divmod(number - FIRST_NUMBER, MAX_STARS)
    mission = NUMBER_RANGES[which % len(NUMBER_RANGES)]
    instrument = mission or INSTRUMENTS[place % 3]
    plan = PLAN[instrument]
    return instrument, KIND_OF[plan[(place if mission else place // 3) % len(plan)]]


NUM_STARS = 60
#: Missions in turn: SIM 1 is observed by TESS, SIM 2 by Kepler, SIM 3 by K2, SIM 4 by TESS and so on.
INSTRUMENTS = ("TESS", "Kepler", "K2")
#: The kinds of each mission's twenty stars in order.
KIND_OF = {"Q": "quiet", "P": "planet", "M": "multi", "B": "binary", "S": "single"}
PLAN = {"TESS": "MPQBQSPQMQPQBQPQSQPM", "Kepler": "PMQQBPQSQMQPQBQPSQMP", "K2": "BPQMQQPBQSQPBQMQSPBQ"}
#: Variability of each mission's eight quiet stars, in order.
QUIET_VARIABILITY = ("calm", "rotator", "calm", "flare star", "calm", "pulsator", "calm", "rotator")
#: Dispositions in the catalogs of the missions: confirmed, candidate, false positive.
CATALOG_DISPOSITIONS = {
    "TESS": ("CP", "PC", "FP"),
    "Kepler": ("CONFIRMED", "CANDIDATE", "FALSE POSITIVE"),
    "K2": ("CONFIRMED", "CANDIDATE", "FALSE POSITIVE"),
}
#: Signals weaker than this would not be confirmed in a catalog.
CONFIRMED_SNR = 20.0
#: SIM n has the seed SEED_BASE + n. Of forty bases tried this one spreads the planets best: about half of them stand out of the
#: noise by over twenty times it, and ten by less than twelve. Training on simulations must keep away from these sixty seeds.
SEED_BASE = 9400
#: SIM 1, the showcase: three planets visible by eye (period [d], first mid-transit after the start [d], r/R*, impact).
SHOWCASE_PLANETS = ((3.6906, 3.472, 0.0655, 0.15), (7.4512, 1.244, 0.089, 0.3), (12.7624, 12.015, 0.0745, 0.4))
SHOWCASE_MAGNITUDE, SHOWCASE_SECTOR = 8.2, 3


@dataclass(frozen=True)
class SurveyRow:
    """Summary of one star of the survey.

    Attributes
    ----------
    target_id : str
        Identifier, such as "SIM 1".
    instrument : str
        TESS, Kepler or K2.
    kind : str
        One of `KINDS`; empty where it is hidden.
    magnitude : float
        Tmag for TESS, else Kp.
    num_observations : int
        Number of sectors, quarters or campaigns.
    """

    target_id: str
    instrument: str
    kind: str
    magnitude: float
    num_observations: int


def target_ids() -> tuple[str, ...]:
    """Return the identifiers of all stars, in order.

    Returns
    -------
    tuple of str
        "SIM 1" and so on.
    """
    return tuple(f"SIM {number}" for number in range(1, NUM_STARS + 1))


def survey_rows(show_kinds: bool = True) -> list[SurveyRow]:
    """Return a summary of each star, in order, without simulating any light curve.

    Parameters
    ----------
    show_kinds : bool, optional
        Whether to say what kind of star each is.

    Returns
    -------
    list of SurveyRow
        One row per star.
    """
    rows = [_survey_row(number) for number in range(1, NUM_STARS + 1)]
    return rows if show_kinds else [replace(row, kind="") for row in rows]


def simulated_star(target_id: str) -> SimulatedStar:
    """Simulate a star of the survey.

    Parameters
    ----------
    target_id : str
        Identifier, such as "SIM 1".

    Returns
    -------
    SimulatedStar
        Its light curves and its truth.

    Raises
    ------
    TargetError
        If the star is not in the survey.
    """
    return _simulate_number(int(_survey_target(target_id).number))


def published_ephemerides(target_id: str) -> tuple[Ephemeris, ...]:
    """Return the signals of a star as a catalog would publish them.

    Epoch, period, duration and depth have errors, and each signal has a disposition: eclipsing
    binaries are false positives, weak planets are candidates.

    Parameters
    ----------
    target_id : str
        Identifier, such as "SIM 1".

    Returns
    -------
    tuple of Ephemeris
        The published ephemerides; empty for a quiet star.

    Raises
    ------
    TargetError
        If the star is not in the survey.
    """
    simulated = simulated_star(target_id)
    rng = np.random.default_rng([simulated.truth["seed"], 1])
    confirmed, candidate, false = CATALOG_DISPOSITIONS[simulated.instrument]
    published = []
    for exact, record in zip(simulated.ephemerides, simulated.truth["signals"], strict=True):
        snr = max(float(record["expected_snr"]), 3.0)
        sure = snr >= CONFIRMED_SNR and simulated.kind != "single" and rng.random() < 0.7
        seen = sum(len(exact.transits(float(c.time[0]), float(c.time[-1]), c.time_system)) for c in simulated.light_curves)
        published.append(
            _add_catalog_errors(rng, exact, snr, seen, false if simulated.kind == "binary" else confirmed if sure else candidate)
        )
    return tuple(published)


def _survey_target(target_id: str) -> Target:
    """Parse an identifier; TargetError if the star is not in the survey."""
    target = targets.parse_star(target_id)
    if not target.is_simulated or int(target.number) > NUM_STARS:
        raise TargetError(f"{target} is not in the simulated survey, whose stars are SIM 1 to SIM {NUM_STARS}.")
    return target


def _survey_row(number: int) -> SurveyRow:
    """Return what is fixed about a star before its light curves are made."""
    instrument = INSTRUMENTS[(number - 1) % 3]
    kind = KIND_OF[PLAN[instrument][(number - 1) // 3]]
    rng = np.random.default_rng([number, 2])
    magnitude = SHOWCASE_MAGNITUDE if number == 1 else round(population.draw_magnitude(rng, instrument) - 1.0, 2)
    count = {"TESS": 1 + (number // 3) % 2, "Kepler": 3 + (number // 3) % 2, "K2": 1}[instrument]
    return SurveyRow(f"SIM {number}", instrument, kind, magnitude, 2 if number == 1 else count)


@lru_cache(maxsize=8)
def _simulate_number(number: int) -> SimulatedStar:
    """Simulate the star with this number."""
    row = _survey_row(number)
    before = PLAN[row.instrument][: (number - 1) // 3]
    how = QUIET_VARIABILITY[before.count("Q")] if row.kind == "quiet" else None
    target = Target("SIM", str(number))
    if number == 1:
        return simulate_star(
            SEED_BASE + 1,
            row.instrument,
            row.kind,
            target=target,
            num_observations=row.num_observations,
            magnitude=row.magnitude,
            variability_kind="calm",
            first_observation=SHOWCASE_SECTOR,
            signals=_showcase_signals(),
        )
    return simulate_star(
        SEED_BASE + number,
        row.instrument,
        row.kind,
        target=target,
        num_observations=row.num_observations,
        magnitude=row.magnitude,
        variability_kind=how,
    )


def _showcase_signals() -> tuple[Signal, ...]:
    """Return the three planets of SIM 1."""
    start = systematics.FIRST_START["TESS"] + systematics.SPACING_DAYS["TESS"] * (SHOWCASE_SECTOR - 1)
    return tuple(
        Orbit(Instant(start + offset, TimeSystem.BTJD), period, ratio, impact, density_solar=1.2, u1=0.32, u2=0.25)
        for period, offset, ratio, impact in SHOWCASE_PLANETS
    )


def _add_catalog_errors(rng: np.random.Generator, exact: Ephemeris, snr: float, seen: int, disposition: str) -> Ephemeris:
    """Add errors of the size that a fit to `seen` transits with this signal-to-noise leaves.

    The epoch's error is the duration over 2 SNR. The period's is sqrt(12) / n times that, the error
    of the slope of a straight line through n mid-times.
    """
    t0_err = exact.duration_days / (2 * snr)
    period_err = 0.0 if exact.period_days is None else math.sqrt(12) / max(seen, 2) * t0_err
    return replace(
        exact,
        t0=Instant(exact.t0.days + t0_err * rng.normal(), exact.t0.system),
        period_days=None if exact.period_days is None else exact.period_days + period_err * rng.normal(),
        duration_hours=exact.duration_hours * (1 + min(0.1, 1 / snr) * rng.normal()),
        depth_ppm=None if exact.depth_ppm is None else exact.depth_ppm * (1 + min(0.2, 1 / snr) * rng.normal()),
        t0_err=t0_err,
        period_err=period_err,
        disposition=disposition,
    )
