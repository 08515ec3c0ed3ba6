"""Injection and recovery: transits put into quiet stars, and which of the scores and period searches find them again."""

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
from typing import Any

import numpy as np

from astroseq_core.errors import AstroSeqError, CorruptFileError, ExportError, LightCurveError, SettingsError
from astroseq_core.lightcurves import noise
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.prepare import PreparedCurve, prepare
from astroseq_core.scoring import false_alarm
from astroseq_core.scoring.model import Model
from astroseq_core.scoring.segments import SegmentScores, score_curves
from astroseq_core.scoring.star import StarScore, score_star
from astroseq_core.simulate import population
from astroseq_core.simulate.inject import ephemeris_of, inject
from astroseq_core.simulate.transits import SUN_AR_ONE_DAY, Orbit
from astroseq_core.times import Instant
from astroseq_core.vetting import period_search

log = logging.getLogger(__name__)
#: Ours by the name of the star score; only the fold has a period of its own, which it shares with the others' rows.
OURS = {"fold": "score_fold", "topk": "score_topk", "max": "score_max", "noisy_or": "score_noisy_or"}
METHODS = (*OURS, *period_search.METHODS)
#: What a row's ``kind`` says: a copy with transits, the star as it is, and copies that cannot hold its own.
TRANSIT, NONE, TURNED, SCRAMBLED = "transit", "none", "turned over", "turned over and scrambled"
#: Shortest period that is injected [d]; the longest has two transits in the data.
SHORTEST_PERIOD_DAYS = 0.5
#: Mean stellar densities in the Sun's: natural log's mean and scatter; from subgiants to ultra-cool dwarfs.
LOG_DENSITY = (0.3, 1.0)
LARGEST_IMPACT = 0.95
#: A planet takes no more of the light than this: M dwarfs with giants reach it.
DEEPEST = 0.1
USUAL_RADIUS_RATIO = 0.05
#: Tries to put the epoch where at least LEAST_TRANSITS transits fall on data.
TRIES, LEAST_TRANSITS = 30, 2
#: Columns of the table before those of the methods (score, period, epoch, CPU seconds of each).
COLUMNS = (
    "settings", "target_id", "copy", "kind", "period_days", "t0", "t0_system", "duration_hours", "depth_ppm", "radius_ratio",
    "snr", "num_transits",
)  # fmt: skip
#: Reads a star's light curves.
Reader = Callable[[], Sequence[LightCurve]]


@dataclass(frozen=True)
class Plan:
    """What is done to each star.

    ``copies`` with transits and as many without; ``snr``: of all transits of one planet together, in the star's own noise over
    their duration, drawn evenly in its logarithm; periods likewise from ``shortest_days`` to what has two transits, and no
    longer than ``longest_days``.
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
class Answer:
    """What one method says of one copy; ``period_days`` None where it has none. ``t0_days`` in the light curve's system."""

    score: float
    period_days: float | None
    t0_days: float
    cpu_seconds: float


def run(
    model: Model,
    stars: Mapping[str, Reader],
    plan: Plan,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Search copies of all stars and append their rows to the table ``out``; how many stars could not be used.

    A star's rows are written at once; stars that are there already are not searched again. Raises SettingsError when the table
    was made with other settings, ExportError when it cannot be written.
    """
    settings = settings_of(model, plan)
    columns = (*COLUMNS, *(f"{m}_{what}" for m in plan.methods for what in ("score", "period_days", "t0", "cpu_seconds")))
    done = _done(out, settings, columns, 2 * plan.copies)
    unusable = 0
    warm = False
    for number, (target_id, read) in enumerate(stars.items()):
        if progress:
            progress(number, len(stars))
        if target_id in done:
            continue
        try:
            curves = sorted((c for c in read() if model.card.suits(c)), key=lambda c: float(c.time[0]))
            if not warm and curves:
                # Compiling and tracing are paid once, not by a star.
                answers(model, curves, plan.methods)
                warm = True
            rows = list(_rows(model, target_id, curves, plan, settings))
        except AstroSeqError as error:
            log.warning("%s was left out: %s", target_id, error)
            unusable += 1
            continue
        _append(out, columns, rows)
    if progress:
        progress(len(stars), len(stars))
    return unusable


def settings_of(model: Model, plan: Plan) -> str:
    """A short hash of the model and of all that the rows of a table depend on."""
    return hashlib.sha256(json.dumps([model.card.sha256, repr(plan)]).encode()).hexdigest()[:12]


def answers(model: Model, curves: Sequence[LightCurve], methods: Sequence[str]) -> dict[str, Answer]:
    """What each method says of a star's light curves, with the CPU seconds of all that it needs, preparing included."""
    out: dict[str, Answer] = {}
    if any(m in OURS for m in methods):
        begin = time.process_time()
        star = _score(model, curves)
        cpu = time.process_time() - begin
        for method in methods:
            if method in OURS:
                score = float(getattr(star, OURS[method]))
                out[method] = Answer(score, star.best_period_days, star.best_t0.days, cpu)
    if any(m not in OURS for m in methods):
        begin = time.process_time()
        prepared = [prepare(c, replace(model.card.preparation, cadence_minutes=None)) for c in curves]
        preparing = time.process_time() - begin
        for method in methods:
            if method not in OURS:
                found = period_search.search(method, prepared)
                cpu = found.cpu_seconds + preparing
                out[method] = Answer(found.statistic, found.period_days, found.t0.days, cpu)
    return {m: out[m] for m in methods}


def _score(model: Model, curves: Sequence[LightCurve]) -> StarScore:
    parts = list(score_curves(model, curves))
    good = [p for p in parts if isinstance(p, SegmentScores) and len(p)]
    if not good:
        raise LightCurveError(" ".join(p.reason for p in parts if not isinstance(p, SegmentScores)) or "no segment")
    return score_star(good)


def _rows(model: Model, target_id: str, curves: Sequence[LightCurve], plan: Plan, settings: str) -> Iterator[dict[str, Any]]:
    """The rows of one star: its copies with transits, then those without."""
    if not curves:
        raise LightCurveError(f"{target_id} has no light curve that {model.card.model_id} was made for.")
    rng = np.random.default_rng([plan.seed, *target_id.encode()])
    prepared = [prepare(c, model.card.preparation) for c in curves]
    base = {"settings": settings, "target_id": target_id, "t0_system": str(curves[0].time_system)}
    for copy in range(plan.copies):
        orbit, snr, seen = draw(rng, prepared, plan)
        truth = ephemeris_of(target_id, "injected", orbit)
        about = {
            "copy": copy, "kind": TRANSIT, "period_days": orbit.period_days, "t0": orbit.t0.days,
            "duration_hours": truth.duration_hours, "depth_ppm": truth.depth_ppm, "radius_ratio": orbit.radius_ratio,
            "snr": snr, "num_transits": seen,
        }  # fmt: skip
        yield base | about | _cells(answers(model, [inject(c, [orbit]) for c in curves], plan.methods))
    for copy, (kind, made) in enumerate(_empty(curves, model, plan)):
        yield base | {"copy": copy, "kind": kind} | _cells(answers(model, made, plan.methods))


def _empty(curves: Sequence[LightCurve], model: Model, plan: Plan) -> list[tuple[str, Sequence[LightCurve]]]:
    """As many copies without transits as with: the star as it is, then turned over, then also scrambled."""
    others = false_alarm.empty_copies(curves, model.card.preparation, plan.copies - 1, plan.seed)
    return [(NONE, curves), *((TURNED if i == 0 else SCRAMBLED, made) for i, made in enumerate(others))]


def draw(rng: np.random.Generator, prepared: Sequence[PreparedCurve], plan: Plan) -> tuple[Orbit, float, int]:
    """A planet with at least two transits on data, its signal-to-noise, and how many transits are on data.

    The signal-to-noise is depth / noise over the duration * sqrt(transits), the noise the scatter of means over the duration in
    the star's own residuals. A planet that would be deeper than DEEPEST has a lower one than was drawn.
    """
    seen_as = prepared[0].curve.instrument.name
    start, stop = float(prepared[0].time[0]), float(prepared[-1].time[-1])
    longest = min(plan.longest_days, (stop - start) / LEAST_TRANSITS)
    if longest <= plan.shortest_days:
        raise LightCurveError(f"{prepared[0].curve.target}: {stop - start:.2f} d are too short for two transits.")
    times = np.concatenate([p.time for p in prepared])
    for _ in range(TRIES):
        period = math.exp(rng.uniform(math.log(plan.shortest_days), math.log(longest)))
        u1, u2 = population.draw_limb_darkening(rng, seen_as)
        closest = ((1 + USUAL_RADIUS_RATIO) * 2 / SUN_AR_ONE_DAY) ** 3 / period**2
        density = max(float(rng.lognormal(*LOG_DENSITY)), closest)
        impact = float(rng.uniform(0, LARGEST_IMPACT))
        epoch = Instant(start + float(rng.uniform(0, period)), prepared[0].system)
        orbit = Orbit(epoch, period, USUAL_RADIUS_RATIO, impact, density, u1, u2)
        half = orbit.duration_days() / 2
        mids = ephemeris_of("", "", orbit).transits(start, stop, prepared[0].system).mid
        inside = np.searchsorted(times, mids + half) - np.searchsorted(times, mids - half)
        cadences = max(1, round(2 * half * 1440 / prepared[0].cadence_minutes))
        seen = int(np.sum(inside >= cadences / 2))
        if seen >= LEAST_TRANSITS:
            break
    else:
        raise LightCurveError(f"{prepared[0].curve.target}: no place for {LEAST_TRANSITS} transits was found in its data.")
    sigma = float(np.median([noise.sigma_over(p.flat, cadences) for p in prepared])) / math.sqrt(seen)
    snr = math.exp(rng.uniform(*np.log(plan.snr)))
    depth = min(DEEPEST, snr * sigma)
    ratio = population.radius_ratio_of(depth, impact, u1, u2)
    return replace(orbit, radius_ratio=ratio), depth / sigma, seen


def _cells(found: Mapping[str, Answer]) -> dict[str, Any]:
    return {
        f"{method}_{name}": value
        for method, a in found.items()
        for name, value in (
            ("score", a.score), ("period_days", a.period_days), ("t0", a.t0_days), ("cpu_seconds", round(a.cpu_seconds, 4)),
        )
    }  # fmt: skip


def _done(out: Path, settings: str, columns: Sequence[str], rows_each: int) -> set[str]:
    """The stars in the table; rows of a star that was not finished are taken out of it.

    Raises SettingsError when the table was made in another way.
    """
    if not out.exists():
        return set()
    rows = read_rows(out)
    if rows and (tuple(rows[0]) != tuple(columns) or any(r["settings"] != settings for r in rows)):
        raise SettingsError(f"{out} was made with another model or other settings; choose another file or remove it.")
    count = Counter(r["target_id"] for r in rows)
    whole = [r for r in rows if count[r["target_id"]] == rows_each]
    if len(whole) < len(rows) or not out.read_bytes().endswith(b"\n"):
        # To another name first: a crash while mending must not lose what was whole.
        mended = out.with_name(f".{out.name}.mended")
        mended.unlink(missing_ok=True)
        _append(mended, columns, whole)
        mended.replace(out)
    return {r["target_id"] for r in whole}


def _append(out: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        new = not out.exists() or out.stat().st_size == 0
        with out.open("a", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            if new:
                table.writeheader()
            table.writerows({k: "" if v is None else v for k, v in row.items()} for row in rows)
    except OSError as error:
        raise ExportError(f"{out} cannot be written ({error.strerror}); choose another place.") from error


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a recovery table, without a last line that a crash has cut off; raises CorruptFileError."""
    try:
        text = path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        rows = list(csv.DictReader(whole.splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorruptFileError(f"{path} cannot be read as a recovery table ({error}).") from error
    return rows
