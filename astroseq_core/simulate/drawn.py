"""Simulated stars for surveys of any size: each is made from its number alone, far from those of training."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import SettingsError, TargetError
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.targets import Target

if TYPE_CHECKING:
    from astroseq_core.simulate.inject import Signal
    from astroseq_core.simulate.stars import SimulatedStar

#: Numbers begin here: the built-in survey ends at 60, those of training (training.copies) lie between one and two million.
FIRST_NUMBER = 5_000_000
#: The most stars of one choice; each seed and each mission has a range of its own.
MOST_STARS = 100_000_000
#: The ranges of one seed, in order; "" is a survey of all three in turn.
RANGES = ("TESS", "Kepler", "K2", "")
#: How many observations a star has, as the fewest in the built-in survey.
OBSERVATIONS = {"TESS": 1, "Kepler": 3, "K2": 1}
#: What a vetter would call the signals of a kind.
DISPOSITIONS = {"binary": "FP"}


@dataclass(frozen=True, eq=False)
class Simulated:
    """A star as it is read: its light curves, what transits in it, its magnitude (Tmag or Kp), and the truth about it.

    ``kind`` (systems.KINDS), ``signals`` exactly as they were put in, ``density_solar``: the star's mean density, None where
    nothing transits it, for then none was drawn.
    """

    curves: tuple[LightCurve, ...]
    ephemerides: tuple[Ephemeris, ...]
    magnitude: float
    kind: str = ""
    signals: "tuple[Signal, ...]" = ()
    density_solar: float | None = None


def numbers(mission: str, seed: int, count: int) -> Iterator[int]:
    """The numbers of ``count`` stars as that mission sees them, all three in turn where it is empty.

    Raises SettingsError for another mission or more than MOST_STARS.
    """
    if mission not in RANGES:
        raise SettingsError(f"Stars cannot be simulated as seen by '{mission}'; use TESS, Kepler or K2.")
    if count > MOST_STARS:
        raise SettingsError(f"A survey has at most {MOST_STARS} simulated stars.")
    first = FIRST_NUMBER + (len(RANGES) * seed + RANGES.index(mission)) * MOST_STARS
    yield from range(first, first + count)


def seen_as(number: int) -> str:
    """The mission as which the star of that number is seen; raises TargetError for a number of no simulated star."""
    return _plan(number)[0]


def exists(number: int) -> bool:
    """Whether a survey can have the star of that number."""
    try:
        return bool(_plan(number)[0])
    except TargetError:
        return False


@lru_cache(maxsize=4)
def read(number: int) -> Simulated:
    """The star of that number, in the built-in survey or beyond; raises TargetError for a number of none."""
    from astroseq_core.simulate import stars, survey

    if 1 <= number <= survey.NUM_STARS:
        name = f"SIM {number}"
        return _of(survey.star(name), survey.ephemerides(name))
    instrument, kind = _plan(number)
    target = Target("SIM", str(number))
    made = stars.simulate_star(number, instrument, kind, target=target, num_observations=OBSERVATIONS[instrument])
    disposition = DISPOSITIONS.get(kind, "CP")
    known = tuple(replace(one, disposition=disposition) for one in made.ephemerides)
    return _of(made, known)


def _of(star: "SimulatedStar", known: tuple[Ephemeris, ...]) -> Simulated:
    density = star.truth["signals"][0]["density_solar"] if star.signals else None
    return Simulated(star.curves, known, star.magnitude, star.kind, star.signals, density)


def _plan(number: int) -> tuple[str, str]:
    """What a star is seen as and its kind: those of the built-in survey's stars, over and over."""
    from astroseq_core.simulate import survey

    if 1 <= number <= survey.NUM_STARS:
        row = survey.summary()[number - 1]
        return row.seen_as, row.kind
    if number < FIRST_NUMBER:
        raise TargetError(
            f"SIM {number} is not in the simulated survey, whose stars are SIM 1 to SIM {survey.NUM_STARS}; those of larger "
            f"surveys begin with SIM {FIRST_NUMBER}."
        )
    which, place = divmod(number - FIRST_NUMBER, MOST_STARS)
    mission = RANGES[which % len(RANGES)]
    instrument = mission or survey.SEEN_AS[place % 3]
    plan = survey.PLAN[instrument]
    return instrument, survey.KIND_OF[plan[(place if mission else place // 3) % len(plan)]]
