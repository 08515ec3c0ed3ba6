"""Signals that the search finds: of simulated stars, of planets and binaries injected into lent quiet stars, and of lent hosts.

    python -m benchmarks.signals collect --stars simulated|injected --count 300 --seed 1 --out candidates.csv

writes every candidate that the search looked at with what decides and whether it is true: what `astroseq_core/signals/odds.py` is
fitted to; `fit` does that. `benchmarks/signals_found.py` measures the whole search on other stars.
"""

import argparse
import math
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.io.ephemeris_table import read_table
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.io.one_per_time import select_light_curves
from astroseq_core.io.read import read_light_curve
from astroseq_core.networks.model import Model, load
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, PreprocessingConfig, prepare
from astroseq_core.same_signal import compare_signals
from astroseq_core.scoring.segments import SegmentScores, score_light_curves
from astroseq_core.scoring.star import StarScore, score_star
from astroseq_core.signals import search
from astroseq_core.signals.box_search import Uniqueness
from astroseq_core.signals.odds import Candidate, features, log_odds
from astroseq_core.simulation import population
from astroseq_core.simulation.stars import KINDS, simulate_star
from astroseq_core.simulation.transits import Orbit, Signal, inject, signal_ephemeris
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem
from benchmarks.lent import LENT, quiet_stars

MODELS = {"TESS": "tess-2min-v2", "Kepler": "long-cadence-v2", "K2": "long-cadence-v2"}
#: Signal-to-noise ratios of injected planets, and how many of a hundred stars get planets and binaries.
SNR, PLANETS, BINARIES = (5.0, 60.0), 55, 20
#: Candidates above these log odds are masked while candidates are collected, so that weak ones are seen as well.
LOOSE = -1.0
#: Weight of the penalty on large weights.
RIDGE = 0.002


@dataclass(frozen=True)
class Star:
    """A star with known signals: `truth` are their ephemerides, `kinds` planet or binary, `snr` what was expected of each."""

    name: str
    kind: str
    curves: tuple[LightCurve, ...]
    truth: tuple[Ephemeris, ...]
    kinds: tuple[str, ...]
    snr: tuple[float, ...]


def expected_snr(curves: Sequence[LightCurve], e: Ephemeris, depth: float) -> float:
    """Depth over white noise of the mean of all cadences in transit, two thirds of them at full depth."""
    count, noise = 0, []
    for curve in curves:
        good = np.isfinite(curve.flux)
        count += int((e.in_transit(curve.time, curve.time_system) & good).sum())
        flux = curve.flux[good] / np.nanmedian(curve.flux)
        noise.append(float(np.median(np.abs(np.diff(flux)))) * 1.4826 / math.sqrt(2))
    return depth * 0.8 * math.sqrt(count) / float(np.median(noise))


def simulated(count: int, seed: int) -> Iterator[Star]:
    """Stars of the simulation, a third of each mission; half of them without signals."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        mission = ("TESS", "Kepler", "K2")[number % 3]
        kind = ("quiet", "planet", "quiet", "multi", "quiet", "binary", "multi", "single")[number // 3 % 8]
        assert kind in KINDS
        sky = simulate_star(
            int(rng.integers(2**31)),
            mission,
            kind,
            target=Target("SIM", str(seed * 1000 + number + 3_000_000)),
            num_observations={"TESS": int(rng.integers(1, 4)), "Kepler": int(rng.integers(3, 9)), "K2": 1}[mission],
        )
        truth = tuple(signal_ephemeris(str(sky.target), f"{k}", s) for k, s in enumerate(sky.signals))
        depths = [s.depth for s in sky.signals]
        yield Star(
            f"sim-{mission}-{number}",
            f"simulated {mission}",
            sky.light_curves,
            truth,
            tuple("binary" if kind == "binary" else "planet" for _ in truth),
            tuple(expected_snr(sky.light_curves, e, d) for e, d in zip(truth, depths, strict=True)),
        )


def planets(rng: np.random.Generator, curve: LightCurve) -> list[Orbit]:
    """One to four planets that transit twice at least, with signal-to-noise ratios drawn from `SNR`."""
    start, stop = float(curve.time[0]), float(curve.time[-1])
    longest = (stop - start) / 2.2
    out: list[Orbit] = []
    period = float(np.exp(rng.uniform(math.log(0.8), math.log(longest))))
    density = float(rng.lognormal(0.0, 0.4))
    for _ in range(int(rng.choice([1, 2, 3, 4], p=[0.4, 0.3, 0.2, 0.1]))):
        if period > longest:
            break
        t0 = Instant(start + float(rng.uniform(0, period)), curve.time_system)
        first = population.draw_planet(rng, curve.instrument.name, t0, period_days=period, depth=1e-3, density_solar=density)
        wanted = float(np.exp(rng.uniform(*np.log(SNR))))
        snr = expected_snr([curve], signal_ephemeris(curve.target.id, "p", first), 1e-3)
        depth = 1e-3 * wanted / max(snr, 1e-6)
        if snr > 0 and 2e-5 < depth < 0.04:
            out.append(
                population.draw_planet(rng, curve.instrument.name, t0, period_days=period, depth=depth, density_solar=density)
            )
        period *= float(np.clip(1.3 + rng.lognormal(-1.0, 0.7), 1.35, 4.0))
    return out


def injected(mission: str, seed: int, part: int, count: int = 1000) -> Iterator[Star]:
    """Lent quiet stars, with planets, a binary, or nothing; `part` 0 or 1 is one half of the stars, by their identifiers."""
    stars = [c for c in quiet_stars(mission) if zlib.crc32(str(c.target).encode()) % 2 == part]
    for round_number in range(math.ceil(count / max(1, len(stars)))):
        for curve in stars[: count - round_number * len(stars)]:
            rng = np.random.default_rng([seed, round_number, zlib.crc32(str(curve.target).encode())])
            draw = int(rng.integers(100))
            signals: list[Signal] = []
            kind = "planet"
            if draw < PLANETS:
                signals = list(planets(rng, curve))
            elif draw < PLANETS + BINARIES:
                kind = "binary"
                longest = float(curve.time[-1] - curve.time[0]) / 2.2
                t0 = Instant(float(curve.time[0]) + float(rng.uniform(0, longest)), curve.time_system)
                signals = [population.draw_binary(rng, curve.instrument.name, t0, longest)]
            truth = tuple(signal_ephemeris(str(curve.target), str(k), s) for k, s in enumerate(signals))
            yield Star(
                f"{curve.target}-{seed}-{round_number}",
                f"real {mission}",
                (inject(curve, signals) if signals else curve,),
                truth,
                tuple(kind for _ in truth),
                tuple(expected_snr([curve], e, s.depth) for e, s in zip(truth, signals, strict=True)),
            )


def scored(star: Star, model: Model) -> tuple[list[SegmentScores], list[DetrendedLightCurve], StarScore | None]:
    """Segment scores, detrended light curves and star score of a star; without scores where the model does not suit it."""
    parts = [s for s in score_light_curves(model, star.curves) if isinstance(s, SegmentScores) and len(s)]
    settings: PreprocessingConfig = model.card.preparation
    detrended = [prepare(c, settings) for c in star.curves]
    return parts, detrended, score_star(parts) if parts else None


def verdict(e: Ephemeris, star: Star, span: tuple[float, float]) -> tuple[str, int]:
    """Whether a candidate is a true signal ("right"), an alias or part of one ("part"), or "false"; and which one."""
    for k, true in enumerate(star.truth):
        if compare_signals(e, true, *span).same:
            return "right", k
    for k, true in enumerate(star.truth):
        found = compare_signals(e, true, *span)
        if found.ratio or found.transits_coincide:
            return "part", k
    return "false", -1


def collect(stars: Iterator[Star], models: dict[str, Model]) -> Iterator[dict[str, object]]:
    """Rows of candidates."""
    for star in stars:
        try:
            parts, detrended, score = scored(star, models[star.kind.split()[1]])
        except AstroSeqError as error:
            print(star.name, error, flush=True)
            continue
        work = search._Search(detrended, parts)
        masked: list[Ephemeris] = []
        begun = time.process_time()
        for number in range(search.MAX_SIGNALS):
            found = list(work.candidates(masked, score))
            for c in found:
                yield row(star, number, c, work.span)
            if not found or max(map(log_odds, found)) < LOOSE:
                break
            exact = work.refine(max(found, key=log_odds).ephemeris, masked).ephemeris
            masked.append(exact)
            work.hide(exact)
        print(star.name, len(star.truth), len(masked), f"{time.process_time() - begun:.2f}", flush=True)


def row(star: Star, number: int, c: Candidate, span: tuple[float, float]) -> dict[str, object]:
    """One candidate as a row."""
    says, which = verdict(c.ephemeris, star, span)
    u = c.unique
    return {
        "star": star.name,
        "kind": star.kind,
        "number": number,
        "period": c.ephemeris.period_days,
        "hours": c.ephemeris.duration_hours,
        "snr": c.snr,
        "box_snr": c.box_snr,
        "n": c.num_transits,
        "evidence": c.evidence,
        "tertiary": None if u is None else u.tertiary,
        "secondary": None if u is None else u.secondary,
        "primary": None if u is None else u.primary,
        "positive": None if u is None else u.positive,
        "verdict": says,
        "which": which,
        "true_kind": star.kinds[which] if which >= 0 else "",
        "true_snr": star.snr[which] if which >= 0 else None,
        "span": span[1] - span[0],
    }


def lent_stars(which: str) -> Iterator[Star]:
    """Lent real stars of every class with their published ephemerides: TESS, Kepler, K2, or KOI, binned and without a network."""
    mission = "Kepler" if which == "KOI" else which
    rows = pd.read_csv(LENT / "manifest.csv")
    rows = rows[(rows.mission == mission) & rows.file.str.startswith("lc_binned" if which == "KOI" else "lc/")]
    if which == "TESS":
        rows = rows[(rows.cadence_min < 2.5) & ~rows.flattened]
    known = read_table(LENT / "ephemerides.csv")
    for target_id, own in rows.groupby("target_id"):
        curves = []
        for file in own.file:
            try:
                curves.append(read_light_curve(LENT / file))
            except AstroSeqError as error:
                print(file, error, flush=True)
        truth = known.for_target(str(target_id))
        if curves:
            kept = select_light_curves(curves).curves
            snr = tuple(math.nan if e.depth_ppm is None else expected_snr(kept, e, e.depth_ppm * 1e-6) for e in truth)
            yield Star(str(target_id), f"{own.cls.iloc[0]} {mission}", tuple(kept), truth, ("planet",) * len(truth), snr)


#: Signs of the weights: more of these is never less likely a signal, and of the last three never likelier.
SIGNS = {"gap": 1, "log_snr": 1, "log_event_snr": 1, "evidence": 1, "evidence_per_event": 1, "two": -1, "short": -1, "half": -1}


def candidate(r: "pd.Series[Any]", *, evidence: bool) -> Candidate:
    """The candidate of a row."""
    e = Ephemeris("SIM 7", "s", Instant(0.0, TimeSystem.BTJD), float(r.period), min(float(r.hours), 12 * float(r.period)))
    unique = Uniqueness(r.primary, r.secondary, r.tertiary, r.positive)
    return Candidate(e, r.snr, int(r.n), float(r.evidence) if evidence and np.isfinite(r.evidence) else None, r.box_snr, unique)


def fit(files: Sequence[Path]) -> None:
    """Fit the weights of `odds` to collected candidates, and print them with what unseen stars say of them."""
    rows = pd.concat([pd.read_csv(f) for f in files])
    rows = rows[(rows.n > 1) & (rows.verdict != "part")]
    # what the network takes for transits in a star that the tables call quiet may be a real signal
    rows = rows[~((rows.verdict == "false") & (rows.evidence > 0) & rows.kind.str.startswith("real"))]
    rows = rows.assign(near=rows.period.round(2)).drop_duplicates(["star", "number", "near"]).reset_index(drop=True)
    truth = (rows.verdict == "right").to_numpy(float)
    folds = rows.star.str.replace(r"^([A-Z]+ \d+)-.*", r"\1", regex=True).map(lambda s: zlib.crc32(s.encode()) % 5).to_numpy()
    for evidence in (True, False):
        table = pd.DataFrame([features(candidate(r, evidence=evidence)) for r in rows.itertuples(index=False)])
        out = np.zeros(len(rows))
        for k in range(5):
            weights, constant = logistic(table[folds != k], truth[folds != k])
            out[folds == k] = table[folds == k].to_numpy() @ weights + constant
        weights, constant = logistic(table, truth)
        print("with evidence" if evidence else "without evidence", len(rows), "candidates,", int(truth.sum()), "true")
        strong = (truth == 1) & (rows.true_snr > 10)
        false = rows.star[(truth == 0) & (out > 0)].nunique()
        print(f"  unseen stars: {np.mean(out[strong] > 0):.3f} of true ones above 10 sigma")
        print(f"  {false} of {rows.star.nunique()} stars with a false one")
        for low, high in ((-20, -2), (-2, 0), (0, 2), (2, 20)):
            inside = (out >= low) & (out < high)
            if inside.any():
                chance = np.mean(1 / (1 + np.exp(-out[inside])))
                part = f"{inside.sum()}, expected {chance:.2f}, true {truth[inside].mean():.2f}"
                print(f"  log odds {low} to {high}: {part}")
        print({"constant": round(constant, 3)} | {n: round(float(w), 3) for n, w in zip(table.columns, weights, strict=True)})


def logistic(table: pd.DataFrame, truth: "np.ndarray") -> tuple["np.ndarray", float]:
    """Logistic regression with fixed signs; weights and constant."""
    from scipy.optimize import minimize

    mean, spread = table.mean().to_numpy(), table.std().to_numpy() + 1e-9
    scaled, sign = (table.to_numpy() - mean) / spread, 2 * truth - 1

    def loss(p: "np.ndarray") -> tuple[float, "np.ndarray"]:
        z = scaled @ p[1:] + p[0]
        slope = -sign / (1 + np.exp(np.clip(sign * z, -500, 500)))
        value = np.logaddexp(0, -sign * z).mean() + RIDGE * (p[1:] ** 2).sum()
        return float(value), np.r_[slope.mean(), scaled.T @ slope / len(z) + 2 * RIDGE * p[1:]]

    bounds = [(None, None)] + [(0, None) if SIGNS[name] > 0 else (None, 0) for name in table.columns]
    found = minimize(loss, np.zeros(len(bounds)), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[1:] / spread
    return weights, float(found[0] - weights @ mean)


def star_sample(which: str, args: argparse.Namespace) -> Iterator[Star]:
    """The stars that the options name."""
    if which == "simulated":
        return simulated(args.count, args.seed)
    if which == "injected":
        return injected(args.mission, args.seed, args.part, args.count)
    return lent_stars(args.mission)


def add_star_options(parser: argparse.ArgumentParser, choices: Sequence[str]) -> None:
    """Add the options that name stars."""
    parser.add_argument("--stars", choices=choices, default="simulated")
    parser.add_argument("--mission", default="TESS", help="of injected and lent stars; lent ones also KOI, binned")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", type=int, default=0, help="half of the quiet stars that signals are injected into")


def main() -> None:
    """Collect or measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=["collect", "fit"])
    add_star_options(parser, ("simulated", "injected"))
    parser.add_argument("--candidates", type=Path, nargs="+", default=[Path("candidates.csv")], help="what to fit to")
    parser.add_argument("--out", type=Path, default=Path("candidates.csv"))
    args = parser.parse_args()
    if args.do == "fit":
        fit(args.candidates)
        return
    models = {mission: load(name) for mission, name in MODELS.items()}
    stars = star_sample(args.stars, args)
    rows: list[dict[str, object]] = []
    for one in collect(stars, models):
        rows.append(one)
        if len(rows) % 50 == 0:
            pd.DataFrame(rows).to_csv(args.out, index=False)
    pd.DataFrame(rows).to_csv(args.out, index=False)


if __name__ == "__main__":
    main()
