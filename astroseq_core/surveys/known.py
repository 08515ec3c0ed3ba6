"""Whether a star's best period is that of a signal known already."""

from collections.abc import Iterable
from dataclasses import dataclass

from astroseq_core import targets
from astroseq_core.archive.catalogue import Catalogue
from astroseq_core.archive.tables import K2, KOI, TOI
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import TargetError
from astroseq_core.scoring.star import StarScore

SURVEY = "survey"
#: Which catalogue's word stands for a table; the rest are tables of confirmed planets.
KINDS = {TOI.name: "TOI", KOI.name: "KOI", K2.name: "K2"}
CONFIRMED = "confirmed"
#: Two periods are one when their transits, together at one end of the data, are within so many durations at the other. A
#: period that was found from the same dips is nearer: its error over the data is that of a mid-time, a part of a duration.
DRIFT_DURATIONS = 1.0
#: A period with an error of its own is one with another within so many of these (both periods' errors added in squares).
DRIFT_SIGMAS = 3.0
#: However uncertain, periods that differ by more than this part are two: few events leave room for chance.
MOST_APART = 0.03
#: The best period over the known one, the likeliest first: alternate events missed, or a secondary taken for a transit.
RATIOS = (("1", 1.0), ("2", 2.0), ("1/2", 0.5))


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


def match(score: StarScore, baseline_days: float, known: Iterable[Known]) -> Match:
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


def _apart(score: StarScore, baseline_days: float, known: Ephemeris, ratio: float) -> float | None:
    """By which part the best period differs from that multiple of the known one; None where they are two periods."""
    best = score.best_period_days
    if best is None or known.period_days is None:
        return None
    wanted = ratio * known.period_days
    difference = abs(best - wanted)
    events = max(1.0, baseline_days / best)
    duration_days = max(score.best_duration_hours, known.duration_hours) / 24
    # Independent errors: those of the two periods add in squares.
    sigma = ((score.period_err_days or 0.0) ** 2 + (ratio * known.period_err) ** 2) ** 0.5
    room = max(DRIFT_DURATIONS * duration_days / events, DRIFT_SIGMAS * sigma)
    return difference / wanted if difference <= min(room, MOST_APART * wanted) else None


def _apart_single(score: StarScore, known: Ephemeris) -> float | None:
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
