"""Whether a star's best period is that of a signal known already."""

from collections.abc import Iterable
from dataclasses import dataclass

from astroseq_core import targets
from astroseq_core.archive.catalogue import Catalogue
from astroseq_core.archive.tables import K2, KOI, TOI
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import TargetError
from astroseq_core.scoring.star import StarScore
from astroseq_core.times import Instant
from astroseq_core.vetting.known_match import DRIFT_SIGMAS, RATIOS, period_apart

SURVEY = "survey"
#: Which catalogue's word stands for a table; the rest are tables of confirmed planets.
KINDS = {TOI.name: "TOI", KOI.name: "KOI", K2.name: "K2"}
CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Best:
    """What of a StarScore tells whether its best period, or single event, is a known one."""

    best_period_days: float | None
    best_t0: Instant
    best_duration_hours: float
    period_err_days: float | None
    t0_err_days: float


@dataclass(frozen=True)
class Known:
    """A known signal of a star: its ephemeris, and ``kind``, which says who knows it."""

    ephemeris: Ephemeris
    kind: str


@dataclass(frozen=True)
class Match:
    """The known signal that stands for a star: ``ratio`` of the best period to its own, "" where these do not fit."""

    name: str = ""
    kind: str = ""
    ratio: str = ""
    disposition: str = ""


NONE = Match()


def of_catalogue(target_id: str, catalogue: Catalogue) -> tuple[tuple[Known, ...], float | None]:
    """A star's signals in the catalogues, and the first magnitude that they give, None where there is none."""
    try:
        signals = catalogue.signals_of(targets.parse_star(target_id))
    except TargetError:
        return (), None
    magnitude = next((s.magnitude for s in signals if s.magnitude is not None), None)
    return tuple(Known(s.ephemeris(target_id), KINDS.get(s.table, CONFIRMED)) for s in signals), magnitude


def match(score: StarScore | Best, baseline_days: float, known: Iterable[Known]) -> Match:
    """The known signal whose period, or twice or half of it, is the star's best; else its first, with no ratio.

    Of several that fit the ratio 1 comes first, then the nearest period. A single event fits a signal with a transit there.
    ``baseline_days`` [d]: from the first to the last of the star's data.
    """
    signals = tuple(known)
    fits = []
    for place, one in enumerate(signals):
        if score.best_period_days is None:
            apart = _apart_single(score, one.ephemeris)
            if apart is not None:
                fits.append(((0, apart, place), one, "1"))
            continue
        for rank, (word, ratio) in enumerate(RATIOS):
            apart = _apart(score, baseline_days, one.ephemeris, ratio)
            if apart is not None:
                fits.append(((rank, apart, place), one, word))
    if fits:
        _, best, word = min(fits, key=lambda f: f[0])
        return _match(best, word)
    return _match(signals[0], "") if signals else NONE


def _match(one: Known, ratio: str) -> Match:
    return Match(one.ephemeris.name, one.kind, ratio, one.ephemeris.disposition)


def _apart(score: StarScore | Best, baseline_days: float, known: Ephemeris, ratio: float) -> float | None:
    """By which part the best period differs from that multiple of the known one; None where they are two periods."""
    if score.best_period_days is None:
        return None
    err = score.period_err_days or 0.0
    return period_apart(score.best_period_days, err, score.best_duration_hours, baseline_days, known, ratio)


def _apart_single(score: StarScore | Best, known: Ephemeris) -> float | None:
    """Days from the single event to the nearest transit of the known signal; None where it is none of them."""
    at = score.best_t0
    half_days = max(score.best_duration_hours, known.duration_hours) / 48
    near = known.transits(at.days - half_days, at.days + half_days, at.system)
    found = [
        abs(mid - at.days)
        for mid, sigma in zip(near.mid.tolist(), near.sigma_days.tolist(), strict=True)
        if abs(mid - at.days) <= max(half_days, DRIFT_SIGMAS * (sigma**2 + score.t0_err_days**2) ** 0.5)
        and abs(mid - at.days) <= 2 * half_days
    ]
    return min(found, default=None)
