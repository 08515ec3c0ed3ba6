"""Labelled signals as AstroSeq itself finds and folds them, to train the classifier with (`astroseq train --more-views`).

    python -m benchmarks.own_views --stars TESS --numbers 0:3000 --seed 31 --out own-tess.npz
    python -m benchmarks.own_views --stars Kepler --numbers 0:900 --seed 32 --out own-kepler.npz

TESS: the half (part 0) of the lent quiet stars that `signals_found.py` does not measure on, and simulated stars, at 2, 10
or 30 minutes. Kepler: the same half of K2's, Kepler's quiet stars, simulated ones, and the lent KOI stars as they are,
binned. Each star gets planets, a binary, a variation or nothing (`own_signals.py`), is searched without a network, and what
is found is labelled by the truth: PC for a planet with its period, EB for a binary with its period or a simple ratio of it,
J for what matches nothing; what is unclear is left out, and so is what the star itself has. Stars that are done are kept
beside the file, in parts: the same call goes on.
"""

import argparse
import math
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from astroseq_core.errors import AstroSeqError
from astroseq_core.io.lightcurve import LightCurve, make_light_curve
from astroseq_core.preprocessing.prepare import DEFAULT_CONFIGS, prepare
from astroseq_core.signals.search import find_signals
from astroseq_core.signals.views import EXTRAS
from astroseq_core.simulation.stars import simulate_star
from astroseq_core.surveys.fold import fold_those_that_can_be
from astroseq_core.targets import Target
from benchmarks.lent import LEAST_DAYS, quiet_stars
from benchmarks.own_signals import BINARY_KINDS, draw
from benchmarks.signals import Star, lent_stars, verdict

#: Minutes between cadences of TESS stars, and how often each; those of the others.
CADENCES, LONG_CADENCE = {2: 0.5, 10: 0.15, 30: 0.35}, 30
#: Missions of each kind of stars, and the share of all that each has; simulated ones among each.
MISSIONS = {"TESS": {"TESS": 1.0}, "Kepler": {"K2": 0.6, "Kepler": 0.4}}
SIMULATED = {"TESS": 0.25, "K2": 0.2, "Kepler": 0.7}
#: Least log odds of what is kept: a bit less than in use, so that false signals are not rare.
LEAST_LOG_ODDS = -2.0
#: Stars a part, longest stretch of a light curve [d], fewest cadences of one, and the first number of simulated stars.
PART, MOST_DAYS, LEAST_CADENCES, FIRST_SIMULATED = 50, 400.0, 1000, 7_000_000
Row = dict[str, object]


def joined(curves: tuple[LightCurve, ...]) -> LightCurve:
    """All observations of a star as one light curve, each over its median."""
    first = curves[0]
    return make_light_curve(
        target=first.target,
        observation=first.observation,
        time=np.concatenate([c.time for c in curves]),
        flux=np.concatenate([c.flux / np.nanmedian(c.flux) for c in curves]),
        quality=np.concatenate([c.quality for c in curves]),
        instrument=first.instrument,
        time_system=first.time_system,
    )


def changed(curve: LightCurve, rng: np.random.Generator) -> LightCurve:
    """A stretch of the light curve, backwards or not: the same star with other noise."""
    keep = np.ones(len(curve.time), bool)
    while float(np.ptp(curve.time[keep])) > MOST_DAYS:
        begin = curve.time[int(rng.integers(len(keep)))]
        stretch = (curve.time >= begin) & (curve.time < begin + rng.uniform(80, MOST_DAYS))
        keep = stretch if stretch.sum() >= LEAST_CADENCES and np.ptp(curve.time[stretch]) > LEAST_DAYS else keep
    t, flux, quality = curve.time[keep], curve.flux[keep], curve.quality[keep]
    if rng.random() < 0.5:
        t, flux, quality = (t[0] + t[-1] - t)[::-1], flux[::-1], quality[::-1]
    return made(curve, t, flux, quality)


def made(curve: LightCurve, t: np.ndarray, flux: np.ndarray, quality: np.ndarray | None = None) -> LightCurve:
    """The light curve with other cadences."""
    return make_light_curve(
        target=curve.target,
        observation=curve.observation,
        time=t,
        flux=flux,
        quality=quality,
        instrument=curve.instrument,
        time_system=curve.time_system,
    )


def binned(curve: LightCurve, minutes: int) -> LightCurve:
    """Means of the usable cadences of each stretch, as longer exposures would have it."""
    good = curve.usable_mask()
    t, flux = curve.time[good], curve.flux[good]
    number = np.floor((t - curve.time[0]) * 1440 / minutes).astype(int)
    _, which, count = np.unique(number, return_inverse=True, return_counts=True)
    full = count > 0.3 * minutes / curve.cadence_minutes
    return made(curve, (np.bincount(which, t) / count)[full], (np.bincount(which, flux) / count)[full])


def backgrounds(mission: str) -> list[LightCurve]:
    """The quiet stars of a mission that may be used."""
    found = quiet_stars(mission)
    # Kepler's few are not measured on elsewhere
    return found if mission == "Kepler" else [c for c in found if zlib.crc32(str(c.target).encode()) % 2 == 0]


def drawn_star(stars: str, quiet: dict[str, list[LightCurve]], seed: int, number: int) -> tuple[Star, str, int]:
    """Star of a number with what it got, what that is, and minutes between its cadences."""
    rng = np.random.default_rng([seed, number])
    shares = MISSIONS[stars]
    mission = str(rng.choice(list(shares), p=list(shares.values())))
    if rng.random() < SIMULATED[mission]:
        count = {"TESS": int(rng.integers(1, 3)), "Kepler": int(rng.integers(2, 5)), "K2": 1}[mission]
        target = Target("SIM", str(FIRST_SIMULATED + 10_000 * (seed % 100) + number))
        sky = simulate_star(int(rng.integers(2**31)), mission, "quiet", target=target, num_observations=count)
        curve = joined(sky.light_curves)
    else:
        curve = changed(quiet[mission][int(rng.integers(len(quiet[mission])))], rng)
    got = draw(rng, curve)
    curve = replace(curve, flux=curve.flux * got.factor)
    minutes = LONG_CADENCE
    if mission == "TESS":
        minutes = int(rng.choice(list(CADENCES), p=list(CADENCES.values())))
        curve = curve if minutes == 2 else binned(curve, minutes)
    name, snr = f"{curve.target}-{seed}-{number}", (math.nan,) * len(got.truth)
    return Star(name, f"real {mission}", (curve,), got.truth, got.kinds, snr), got.what, minutes


def label(says: str, true_kind: str, what: str) -> str:
    """The label of a found signal; none where it is unclear."""
    if true_kind == "planet":
        return "PC" if says == "right" else ""
    if true_kind == "binary":
        return "EB"
    return "" if what in BINARY_KINDS else "J"


def signals_of(star: Star, what: str, minutes: int, decide: Callable[[str, str, str], str] = label) -> Iterator[Row]:
    """A row, with its views, for each labelled signal that is found."""
    mission = star.kind.split()[-1]
    detrended = [prepare(c, DEFAULT_CONFIGS[mission]) for c in star.curves]
    found = find_signals([], detrended, least_log_odds=LEAST_LOG_ODDS)
    places, views = fold_those_that_can_be(detrended, found)
    span = (min(float(c.time[0]) for c in detrended), max(float(c.time[-1]) for c in detrended))
    for row, place in enumerate(places):
        one = found[place]
        says, which = verdict(one.ephemeris, star, span)
        assert views is not None
        given = decide(says, star.kinds[which] if which >= 0 else "", what)
        if not given or not views.local_view[row].any() or not views.global_view[row].any():
            continue
        yield {
            "label": given,
            "target_id": str(star.curves[0].target),
            "what": what,
            "minutes": minutes,
            "log_odds": one.log_odds,
            "global_view": views.global_view[row].astype(np.float16),
            "local_view": views.local_view[row].astype(np.float16),
            **{name: float(getattr(views, name)[row]) for name in EXTRAS},
        }


def koi_label(says: str, true_kind: str, what: str) -> str:
    """The label of a signal of a KOI star: planets and false positives as published; nothing else is clear."""
    if says != "right":
        return ""
    return "PC" if what == "planet_host" else "not PC"


def koi_rows(stars: list[Star]) -> Iterator[Row]:
    """Rows of KOI stars."""
    for star in stars:
        try:
            yield from signals_of(star, star.kind.split()[0], round(star.curves[0].cadence_minutes), koi_label)
        except AstroSeqError as error:
            print(star.name, error, flush=True)


def of_the_star_itself(table: pd.DataFrame) -> "pd.Series[bool]":
    """Which false signals come again in the same star, with its period, half or twice of it, whatever was injected.

    The star itself has them: nobody knows what they are, and some are eclipses.
    """
    again = pd.Series(False, index=table.index)
    for _, own in table[table.label == "J"].groupby("target_id"):
        period = own.period_days.to_numpy()
        ratio = period[:, None] / period[None, :]
        near = np.any([np.abs(ratio / r - 1) < 0.01 for r in (0.5, 1, 2)], axis=0)
        again[own.index] = (near.sum(axis=1) > 1) | ~np.isfinite(period)
    return again


def save(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Write arrays, whole or not at all."""
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez_compressed(file, **arrays)
    partial.replace(path)


def collect(stars: str, numbers: list[range], seed: int, out: Path) -> None:
    """Make all parts that are not there yet, and join them."""
    folder = out.with_suffix(".parts")
    folder.mkdir(parents=True, exist_ok=True)
    jobs: list[tuple[Path, Callable[[], Iterator[Row]]]] = []
    quiet = {mission: backgrounds(mission) for mission in MISSIONS[stars]}

    def some(few: range) -> Iterator[Row]:
        for number in few:
            try:
                yield from signals_of(*drawn_star(stars, quiet, seed, number))
            except AstroSeqError as error:
                print(number, error, flush=True)

    if stars == "Kepler":
        kois = list(lent_stars("KOI"))
        for first in range(0, len(kois), PART):
            jobs.append((folder / f"koi-{first:06d}.npz", lambda first=first: koi_rows(kois[first : first + PART])))
    for few in (some_numbers[k : k + PART] for some_numbers in numbers for k in range(0, len(some_numbers), PART)):
        jobs.append((folder / f"{seed}-{few[0]:06d}.npz", lambda few=few: some(few)))
    for path, make in jobs:
        if not path.exists():
            begun = time.process_time()
            rows = list(make())
            save({name: np.array([r[name] for r in rows]) for name in rows[0]} if rows else {}, path)
            labels = pd.Series([r["label"] for r in rows], dtype=str).value_counts().to_dict()
            print(path.name, labels, f"{time.process_time() - begun:.0f} s", flush=True)
    parts = [dict(np.load(path, allow_pickle=False)) for path, _ in jobs]
    parts = [p for p in parts if p]
    arrays = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    table = pd.DataFrame({name: arrays[name] for name in ("label", "what", "target_id", "period_days")})
    keep = ~of_the_star_itself(table)
    save({name: values[keep] for name, values in arrays.items()}, out)
    table = table[keep]
    print(len(table), "signals of", table.target_id.nunique(), "stars;", int((~keep).sum()), "of the stars themselves left out")
    print(table.groupby(["label", "what"]).size().to_string())


def main() -> None:
    """Collect."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stars", choices=tuple(MISSIONS), default="TESS")
    parser.add_argument("--numbers", nargs="+", default=["0:3000"], help="numbers of the stars that something is injected into")
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--out", type=Path, default=Path("own-views.npz"))
    args = parser.parse_args()
    collect(args.stars, [range(*map(int, text.split(":"))) for text in args.numbers], args.seed, args.out)


if __name__ == "__main__":
    main()
