"""Injection and recovery of planets in quiet stars, by scores and by period searches."""

import csv
import hashlib
import json
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from astroseq_core.errors import AstroSeqError, CorruptFileError, ExportError, LightCurveError, SettingsError
from astroseq_core.io import files
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks.model import Model
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare, with_assumed_level
from astroseq_core.scoring import false_alarm
from astroseq_core.scoring.segments import SegmentScores, score_light_curves
from astroseq_core.scoring.star import StarScore, score_star
from astroseq_core.scoring.star_source import LightCurveReader
from astroseq_core.signals.classify_star import classify_star
from astroseq_core.signals.search import find_signals
from astroseq_core.signals.signal import FoundSignal, best_signal, planet_score_of_star
from astroseq_core.simulation import population
from astroseq_core.simulation.transits import SUN_AR_ONE_DAY, Orbit, inject, signal_ephemeris
from astroseq_core.times import Instant
from astroseq_core.vetting import periodogram

log = logging.getLogger(__name__)
#: Methods of the model, with the field of the star score. Only "fold" finds a period; the others' rows repeat it.
STAR_SCORES = {"fold": "score_fold", "topk": "score_topk", "max": "score_max", "noisy_or": "score_noisy_or"}
#: Methods of the signal search: the planet score that stars are ranked by, and the log odds that the likeliest signal is a dip.
PLANET, ODDS = SIGNAL_SCORES = ("planet", "odds")
METHODS = (*STAR_SCORES, *SIGNAL_SCORES, *periodogram.SEARCH_METHODS)
#: Values of the column `kind`: a copy with injected transits, the star itself, and copies that cannot hold its own transits.
TRANSIT, NONE, MIRRORED, SCRAMBLED = "transit", "none", "turned over", "turned over and scrambled"
#: Shortest injected period [d]; the longest has two transits in the data.
SHORTEST_PERIOD_DAYS = 0.5
#: Mean and scatter of the natural log of the mean stellar density [Sun]: from subgiants to ultra-cool dwarfs.
LOG_DENSITY = (0.3, 1.0)
MAX_IMPACT = 0.95
#: Largest transit depth, relative flux: giant planets of M dwarfs reach it.
MAX_DEPTH = 0.1
USUAL_RADIUS_RATIO = 0.05
#: Number of attempts to find an epoch with at least MIN_TRANSITS transits on data.
MAX_TRIES, MIN_TRANSITS = 30, 2
#: Columns of the table, followed by those of each method (score, period, epoch, CPU seconds).
COLUMNS = (
    "settings",
    "target_id",
    "copy",
    "kind",
    "period_days",
    "t0",
    "t0_system",
    "duration_hours",
    "depth_ppm",
    "radius_ratio",
    "snr",
    "num_transits",
)


@dataclass(frozen=True)
class Plan:
    """Plan of an injection-recovery test.

    `settings_hash` hashes the repr of the plan: a change of the class name, of a field name or of
    the order of the fields makes tables of earlier versions impossible to continue.

    Attributes
    ----------
    methods : tuple of str
        Methods to compare, some of `METHODS`.
    copies : int
        Copies of each star with transits, and as many without.
    snr : tuple of float
        Range of the signal-to-noise ratio of all transits of a planet together, relative to the
        star's own noise over their duration; log-uniform.
    shortest_days : float
        Shortest period [d]; periods are log-uniform.
    longest_days : float
        Longest period [d]; always short enough for two transits in the data.
    seed : int
        Seed of all draws.

    Raises
    ------
    SettingsError
        If a value is out of range.
    """

    methods: tuple[str, ...] = METHODS
    copies: int = 2
    snr: tuple[float, float] = (4.0, 40.0)
    shortest_days: float = SHORTEST_PERIOD_DAYS
    longest_days: float = math.inf
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = [m for m in self.methods if m not in METHODS]
        if unknown or not self.methods:
            raise SettingsError(f"'{', '.join(unknown)}' is no method; use some of {', '.join(METHODS)}.")
        if self.copies < 1 or not 0 < self.snr[0] <= self.snr[1]:
            raise SettingsError("Give at least one copy, and limits of the signal-to-noise above 0, the lower one first.")
        if not 0 < self.shortest_days < self.longest_days:
            raise SettingsError("The shortest period must be above 0 and below the longest.")


@dataclass(frozen=True)
class MethodAnswer:
    """Result of one method for one copy.

    Attributes
    ----------
    score : float
        Score or detection statistic.
    period_days : float or None
        Period [d]; None where the method found none, as for a single transit.
    t0_days : float
        Mid-transit time [d, the light curve's time system].
    cpu_seconds : float
        CPU time [s].
    """

    score: float
    period_days: float | None
    t0_days: float
    cpu_seconds: float


def run(
    model: Model,
    stars: Mapping[str, LightCurveReader],
    plan: Plan,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Search copies of all stars and append the results to a table.

    The rows of a star are written at once; stars that are in the table already are skipped.

    Parameters
    ----------
    model : Model
        The model.
    stars : mapping of str to LightCurveReader
        Reader of each star's light curves.
    plan : Plan
        The plan.
    out : Path
        The table, CSV.
    progress : callable, optional
        Called with the number of finished stars and of all stars.

    Returns
    -------
    int
        Number of stars that could not be used.

    Raises
    ------
    SettingsError
        If the table was made with other settings.
    ExportError
        If the table cannot be written.
    """
    settings = settings_hash(model, plan)
    columns = (*COLUMNS, *(f"{m}_{what}" for m in plan.methods for what in ("score", "period_days", "t0", "cpu_seconds")))
    done = _finished_stars(out, settings, columns, 2 * plan.copies)
    unusable = 0
    warm = False
    for number, (target_id, read) in enumerate(stars.items()):
        if progress:
            progress(number, len(stars))
        if target_id in done:
            continue
        try:
            curves = sorted((c for c in read().light_curves if model.card.suits(c)), key=lambda c: float(c.time[0]))
            if not warm and curves:
                # Compilation and tracing happen once, outside the timing of the stars.
                run_methods(model, curves, plan.methods)
                warm = True
            rows = list(_star_rows(model, target_id, curves, plan, settings))
        except AstroSeqError as error:
            log.warning("%s was left out: %s", target_id, error)
            unusable += 1
            continue
        _append(out, columns, rows)
    if progress:
        progress(len(stars), len(stars))
    return unusable


def settings_hash(model: Model, plan: Plan) -> str:
    """Return a short hash of all that the rows of a table depend on.

    Parameters
    ----------
    model : Model
        The model.
    plan : Plan
        The plan.

    Returns
    -------
    str
        Twelve hexadecimal digits.
    """
    return hashlib.sha256(json.dumps([model.card.sha256, repr(plan)]).encode()).hexdigest()[:12]


def run_methods(model: Model, curves: Sequence[LightCurve], methods: Sequence[str]) -> dict[str, MethodAnswer]:
    """Run each method on a star's light curves.

    Parameters
    ----------
    model : Model
        The model.
    curves : sequence of LightCurve
        The light curves.
    methods : sequence of str
        Names of the methods.

    Returns
    -------
    dict of str to MethodAnswer
        Result of each method; CPU times include detrending.

    Raises
    ------
    LightCurveError
        If no segment could be scored.
    """
    out: dict[str, MethodAnswer] = {}
    begin = time.process_time()
    scores: list[SegmentScores] = []
    star: StarScore | None = None
    if any(m not in periodogram.SEARCH_METHODS for m in methods):
        scores = _segment_scores(model, curves)
        star = score_star(scores)
    scoring = time.process_time() - begin
    if star is not None:
        for method, name in STAR_SCORES.items():
            out[method] = MethodAnswer(float(getattr(star, name)), star.best_period_days, star.best_t0.days, scoring)
    if any(m not in STAR_SCORES for m in methods):
        begin = time.process_time()
        detrended = [prepare(c, replace(model.card.preparation, cadence_minutes=None)) for c in curves]
        preparing = time.process_time() - begin
        if star is not None and any(m in SIGNAL_SCORES for m in methods):
            begin = time.process_time()
            signals = _classified_signals(scores, detrended, star)
            cpu = scoring + preparing + time.process_time() - begin
            found = {
                PLANET: (planet_score_of_star(signals, star.star_score), best_signal(signals)),
                ODDS: max(((s.log_odds, s) for s in signals), key=lambda one: one[0], default=(min(star.star_score, 0.0), None)),
            }
            for method, (score, signal) in found.items():
                period = star.best_period_days if signal is None else signal.ephemeris.period_days
                t0 = star.best_t0.days if signal is None else signal.ephemeris.t0.days
                out[method] = MethodAnswer(score, period, t0, cpu)
        for method in methods:
            if method in periodogram.SEARCH_METHODS:
                best = periodogram.find_best_period(method, detrended)
                out[method] = MethodAnswer(best.statistic, best.period_days, best.t0.days, best.cpu_seconds + preparing)
    return {m: out[m] for m in methods}


def _segment_scores(model: Model, curves: Sequence[LightCurve]) -> list[SegmentScores]:
    parts = list(score_light_curves(model, curves))
    good = [p for p in parts if isinstance(p, SegmentScores) and len(p)]
    if not good:
        raise LightCurveError(" ".join(p.reason for p in parts if not isinstance(p, SegmentScores)) or "no segment")
    return good


def _classified_signals(
    scores: Sequence[SegmentScores], detrended: Sequence[DetrendedLightCurve], star: StarScore
) -> list[FoundSignal]:
    """Return the signals of a star, found and classified as for its row of the Leaderboard."""
    found = find_signals(scores, detrended, star)
    classes = classify_star(detrended, [s.ephemeris for s in found])
    return [replace(s, classes=classes[s.ephemeris][0]) if s.ephemeris in classes else s for s in found]


def _star_rows(
    model: Model, target_id: str, curves: Sequence[LightCurve], plan: Plan, settings: str
) -> Iterator[dict[str, object]]:
    """Generate the rows of one star: its copies with transits, then those without."""
    if not curves:
        raise LightCurveError(f"{target_id} has no light curve that {model.card.model_id} was made for.")
    rng = np.random.default_rng([plan.seed, *target_id.encode()])
    curves = [with_assumed_level(c) for c in curves]
    detrended = [prepare(c, model.card.preparation) for c in curves]
    base = {"settings": settings, "target_id": target_id, "t0_system": str(curves[0].time_system)}
    for copy in range(plan.copies):
        orbit, snr, seen = draw_injection(rng, detrended, plan)
        truth = signal_ephemeris(target_id, "injected", orbit)
        about = {
            "copy": copy,
            "kind": TRANSIT,
            "period_days": orbit.period_days,
            "t0": orbit.t0.days,
            "duration_hours": truth.duration_hours,
            "depth_ppm": truth.depth_ppm,
            "radius_ratio": orbit.radius_ratio,
            "snr": snr,
            "num_transits": seen,
        }
        yield base | about | _method_cells(run_methods(model, [inject(c, [orbit]) for c in curves], plan.methods))
    for copy, (kind, made) in enumerate(_copies_without_transits(curves, model, plan)):
        yield base | {"copy": copy, "kind": kind} | _method_cells(run_methods(model, made, plan.methods))


def _copies_without_transits(curves: Sequence[LightCurve], model: Model, plan: Plan) -> list[tuple[str, Sequence[LightCurve]]]:
    """Make `plan.copies` copies without transits: the star, mirrored, mirrored and scrambled."""
    others = false_alarm.transit_free_copies(curves, model.card.preparation, plan.copies - 1, plan.seed)
    return [(NONE, curves), *((MIRRORED if i == 0 else SCRAMBLED, made) for i, made in enumerate(others))]


def draw_injection(rng: np.random.Generator, detrended: Sequence[DetrendedLightCurve], plan: Plan) -> tuple[Orbit, float, int]:
    """Draw a planet with at least two transits on data.

    The signal-to-noise ratio is depth / noise over the duration * sqrt(transits), where the noise
    is the scatter of means over the duration in the star's own residuals. A planet deeper than
    `MAX_DEPTH` is made shallower, which lowers its signal-to-noise ratio.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.
    detrended : sequence of DetrendedLightCurve
        The star's observations, in time order.
    plan : Plan
        The plan.

    Returns
    -------
    tuple
        The orbit, its signal-to-noise ratio, and the number of transits on data.

    Raises
    ------
    LightCurveError
        If the data are too short, or no epoch with two transits on data was found.
    """
    instrument = detrended[0].light_curve.instrument.name
    start, stop = float(detrended[0].time[0]), float(detrended[-1].time[-1])
    longest = min(plan.longest_days, (stop - start) / MIN_TRANSITS)
    if longest <= plan.shortest_days:
        raise LightCurveError(f"{detrended[0].light_curve.target}: {stop - start:.2f} d are too short for two transits.")
    times = np.concatenate([p.time for p in detrended])
    for _ in range(MAX_TRIES):
        period = math.exp(rng.uniform(math.log(plan.shortest_days), math.log(longest)))
        u1, u2 = population.draw_limb_darkening(rng, instrument)
        closest = ((1 + USUAL_RADIUS_RATIO) * 2 / SUN_AR_ONE_DAY) ** 3 / period**2
        density = max(float(rng.lognormal(*LOG_DENSITY)), closest)
        impact = float(rng.uniform(0, MAX_IMPACT))
        epoch = Instant(start + float(rng.uniform(0, period)), detrended[0].system)
        orbit = Orbit(epoch, period, USUAL_RADIUS_RATIO, impact, density, u1, u2)
        half = orbit.duration_days() / 2
        mids = signal_ephemeris("", "", orbit).transits(start, stop, detrended[0].system).mid
        inside = np.searchsorted(times, mids + half) - np.searchsorted(times, mids - half)
        cadences = max(1, round(2 * half * 1440 / detrended[0].cadence_minutes))
        seen = int(np.sum(inside >= cadences / 2))
        if seen >= MIN_TRANSITS:
            break
    else:
        raise LightCurveError(f"{detrended[0].light_curve.target}: no place for {MIN_TRANSITS} transits was found in its data.")
    sigma = float(np.median([noise.binned_sigma(p.flat, cadences) for p in detrended])) / math.sqrt(seen)
    snr = math.exp(rng.uniform(*np.log(plan.snr)))
    depth = min(MAX_DEPTH, snr * sigma)
    ratio = population.radius_ratio_from_depth(depth, impact, u1, u2)
    return replace(orbit, radius_ratio=ratio), depth / sigma, seen


def _method_cells(found: Mapping[str, MethodAnswer]) -> dict[str, object]:
    """Return the table cells of each method's result."""
    return {
        f"{method}_{name}": value
        for method, a in found.items()
        for name, value in (
            ("score", a.score),
            ("period_days", a.period_days),
            ("t0", a.t0_days),
            ("cpu_seconds", round(a.cpu_seconds, 4)),
        )
    }


def _finished_stars(out: Path, settings: str, columns: Sequence[str], rows_each: int) -> set[str]:
    """Return the stars in the table, and remove the rows of an unfinished star from it.

    SettingsError if the table was made with other settings.
    """
    if not out.exists():
        return set()
    rows = read_rows(out)
    if rows and (tuple(rows[0]) != tuple(columns) or any(r["settings"] != settings for r in rows)):
        raise SettingsError(f"{out} was made with another model or other settings; choose another file or remove it.")
    count = Counter(r["target_id"] for r in rows)
    whole = [r for r in rows if count[r["target_id"]] == rows_each]
    if len(whole) < len(rows) or not out.read_bytes().endswith(b"\n"):
        with files.AtomicFile(out, ExportError) as mended:  # a crash meanwhile must not lose finished stars
            _append(mended.path, columns, whole)
    return {r["target_id"] for r in whole}


def _append(out: Path, columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        new = not out.exists() or out.stat().st_size == 0
        with out.open("a", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            if new:
                table.writeheader()
            table.writerows({k: "" if v is None else v for k, v in row.items()} for row in rows)
    except OSError as error:
        raise files.write_error(out, error, ExportError) from error


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a recovery table, without a last line that a crash has truncated.

    Parameters
    ----------
    path : Path
        The table, CSV.

    Returns
    -------
    list of dict
        Rows as strings by column.

    Raises
    ------
    CorruptFileError
        If the table cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        rows = list(csv.DictReader(whole.splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorruptFileError(f"{path} cannot be read as a recovery table ({error}).") from error
    return rows
