"""The built-in survey: 60 simulated stars, SIM 1 to SIM 60, always the same, for trying everything out without a download."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from astroseq_core import targets
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import TargetError
from astroseq_core.simulate import population, systematics
from astroseq_core.simulate.inject import Signal
from astroseq_core.simulate.stars import SimulatedStar, simulate_star
from astroseq_core.simulate.transits import Orbit
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem

if TYPE_CHECKING:
    import pandas as pd

NUM_STARS = 60
#: SIM 1 is seen as TESS sees it, SIM 2 as Kepler, SIM 3 as K2, SIM 4 as TESS and so on.
SEEN_AS = ("TESS", "Kepler", "K2")
#: The kinds of each mission's twenty stars in order.
KIND_OF = {"Q": "quiet", "P": "planet", "M": "multi", "B": "binary", "S": "single"}
PLAN = {"TESS": "MPQBQSPQMQPQBQPQSQPM", "Kepler": "PMQQBPQSQMQPQBQPSQMP", "K2": "BPQMQQPBQSQPBQMQSPBQ"}
#: How each mission's eight quiet stars vary, in order.
QUIET_VARIABILITY = ("calm", "rotator", "calm", "flare star", "calm", "pulsator", "calm", "rotator")
#: What the catalogues of the missions call what is and what is not a planet.
WORDS = {
    "TESS": ("CP", "PC", "FP"),
    "Kepler": ("CONFIRMED", "CANDIDATE", "FALSE POSITIVE"),
    "K2": ("CONFIRMED", "CANDIDATE", "FALSE POSITIVE"),
}
#: Signals weaker than this would not be in a catalogue as confirmed.
CONFIRMED_SNR = 20.0
#: SIM n has the seed SEED_BASE + n. Of forty bases tried this one spreads the planets best: about half of them stand out of the
#: noise by over twenty times it, and ten by less than twelve. Training on simulations must keep away from these sixty seeds.
SEED_BASE = 9400
#: The show-piece, SIM 1: three planets that the eye sees (period [d], first mid-transit after the start [d], r/R*, impact).
SHOW_PIECE = ((3.6906, 3.472, 0.0655, 0.15), (7.4512, 1.244, 0.089, 0.3), (12.7624, 12.015, 0.0745, 0.4))
SHOW_PIECE_MAGNITUDE, SHOW_PIECE_SECTOR = 8.2, 3


@dataclass(frozen=True)
class SurveyRow:
    """What a picker shows of a star: ``kind`` is empty where it is hidden; ``magnitude`` is Tmag or Kp."""

    target_id: str
    seen_as: str
    kind: str
    magnitude: float
    num_observations: int


def target_ids() -> tuple[str, ...]:
    """The identifiers of all its stars, in order."""
    return tuple(f"SIM {number}" for number in range(1, NUM_STARS + 1))


def summary(show_kinds: bool = True) -> list[SurveyRow]:
    """One row a star, in order, without making any light curve."""
    rows = [_row(number) for number in range(1, NUM_STARS + 1)]
    return rows if show_kinds else [replace(row, kind="") for row in rows]


def star(target_id: str) -> SimulatedStar:
    """That star with its light curves and the truth; raises TargetError for one that is not in the survey."""
    return _star(int(_target(target_id).number))


def ephemerides(target_id: str) -> tuple[Ephemeris, ...]:
    """Its signals as a catalogue would publish them: with errors in epoch, period, duration and depth, and a disposition.

    Eclipsing binaries are false positives there; weak planets are candidates. Empty for a quiet star. Raises TargetError for a
    star that is not in the survey.
    """
    simulated = star(target_id)
    rng = np.random.default_rng([simulated.truth["seed"], 1])
    confirmed, candidate, false = WORDS[simulated.seen_as]
    published = []
    for exact, record in zip(simulated.ephemerides, simulated.truth["signals"], strict=True):
        snr = max(float(record["expected_snr"]), 3.0)
        sure = snr >= CONFIRMED_SNR and simulated.kind != "single" and rng.random() < 0.7
        seen = sum(len(exact.transits(float(c.time[0]), float(c.time[-1]), c.time_system)) for c in simulated.curves)
        published.append(
            _published(rng, exact, snr, seen, false if simulated.kind == "binary" else confirmed if sure else candidate)
        )
    return tuple(published)


def truth_table() -> "pd.DataFrame":
    """What is true of all stars: one row a signal and one for each quiet star, columns as in stars' records. Takes a second."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for target_id in target_ids():
        simulated = star(target_id)
        about = {
            "target_id": target_id,
            "seen_as": simulated.seen_as,
            "kind": simulated.kind,
            "variability": simulated.truth["variability"],
            "rotation_days": simulated.rotation_days,
            "magnitude": simulated.magnitude,
            "sigma_ppm": simulated.truth["sigma_ppm"],
            "num_observations": len(simulated.curves),
        }
        rows.extend({**about, **record} for record in simulated.truth["signals"] or [{}])
    return pd.DataFrame(rows)


def _target(target_id: str) -> Target:
    target = targets.parse_star(target_id)
    if not target.is_simulated or int(target.number) > NUM_STARS:
        raise TargetError(f"{target} is not in the simulated survey, whose stars are SIM 1 to SIM {NUM_STARS}.")
    return target


def _row(number: int) -> SurveyRow:
    """The plan of a star: all that is fixed before its light curves are made."""
    seen_as = SEEN_AS[(number - 1) % 3]
    kind = KIND_OF[PLAN[seen_as][(number - 1) // 3]]
    rng = np.random.default_rng([number, 2])
    magnitude = SHOW_PIECE_MAGNITUDE if number == 1 else round(population.draw_magnitude(rng, seen_as) - 1.0, 2)
    count = {"TESS": 1 + (number // 3) % 2, "Kepler": 3 + (number // 3) % 2, "K2": 1}[seen_as]
    return SurveyRow(f"SIM {number}", seen_as, kind, magnitude, 2 if number == 1 else count)


@lru_cache(maxsize=8)
def _star(number: int) -> SimulatedStar:
    row = _row(number)
    before = PLAN[row.seen_as][: (number - 1) // 3]
    how = QUIET_VARIABILITY[before.count("Q")] if row.kind == "quiet" else None
    target = Target("SIM", str(number))
    if number == 1:
        return simulate_star(
            SEED_BASE + 1, row.seen_as, row.kind, target=target, num_observations=row.num_observations, magnitude=row.magnitude,
            variability_kind="calm", first_observation=SHOW_PIECE_SECTOR, signals=_show_piece(),
        )  # fmt: skip
    return simulate_star(
        SEED_BASE + number, row.seen_as, row.kind, target=target, num_observations=row.num_observations,
        magnitude=row.magnitude, variability_kind=how,
    )  # fmt: skip


def _show_piece() -> tuple[Signal, ...]:
    start = systematics.FIRST_START["TESS"] + systematics.SPACING_DAYS["TESS"] * (SHOW_PIECE_SECTOR - 1)
    return tuple(
        Orbit(Instant(start + offset, TimeSystem.BTJD), period, ratio, impact, density_solar=1.2, u1=0.32, u2=0.25)
        for period, offset, ratio, impact in SHOW_PIECE
    )


def _published(rng: np.random.Generator, exact: Ephemeris, snr: float, seen: int, disposition: str) -> Ephemeris:
    """The ephemeris with errors of the size that a fit to ``seen`` transits leaves at that signal-to-noise.

    In t0 the duration over 2 SNR; in the period sqrt(12) / n of that, the error of a straight line's slope through n mid-times.
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
