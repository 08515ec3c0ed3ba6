"""AstroSeq's checks beside LEO-Vetter's (Kunimoto et al. 2025, PyPI leo-vetter), on the same injections into the same real stars.

    python -m venv /tmp/leo-venv && /tmp/leo-venv/bin/pip install leo-vetter
    python -m benchmarks.leo_vetter --leo-python /tmp/leo-venv/bin/python [--each 40] [--seed 2]

Quiet lent TESS stars, binned to ten minutes; every star counts as the Sun for both. AstroSeq gets the flux and detrends it by
itself; LEO-Vetter gets the flux that AstroSeq detrended with the signal masked, since it has no detrending of its own. Both are
given the true ephemeris, binaries at half the period their half, false alarms the best of 300 random ones.

Right are: planets that nothing speaks against (no check fails; LEO-Vetter: neither false alarm nor false positive), all others
flagged (AstroSeq: a check fails, or at least one but coverage warns; LEO-Vetter: false alarm or false positive).
"""

import argparse
import json
import math
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.preprocessing.prepare import DEFAULT_CONFIGS, DetrendedLightCurve, prepare
from astroseq_core.simulation.transits import EclipsingBinary, Orbit, Signal, relative_flux, signal_ephemeris
from astroseq_core.stellar import StellarParameters
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.box_depths import box_depths_per_observation
from astroseq_core.vetting.checks.base import Flag
from astroseq_core.vetting.examine import Examination, examine
from astroseq_core.vetting.fold import masked_detrended_flux
from benchmarks.lent import LENT, injected, quiet_stars
from benchmarks.vetting_truth import wilson

SUN = StellarParameters(radius_solar=1.0, density_solar=1.0, density_err=0.15)
CONFIG = replace(DEFAULT_CONFIGS["TESS"], cadence_minutes=10.0)
CLASSES = (
    "planet",
    "binary with a secondary",
    "binary at half its period",
    "single dip, three predicted",
    "sinusoid",
    "false alarm",
)
#: Least expected significance of an injected signal [sigma], and of an injected secondary or difference.
LEAST = 12.0
TRIALS = 300


@dataclass(frozen=True)
class Case:
    """One signal in one star, as AstroSeq sees it; what LEO-Vetter needs of it."""

    kind: str
    ephemeris: Ephemeris
    detrended: DetrendedLightCurve
    found: Examination


def usable_stars(data: Path, most_ppm: float) -> list[LightCurve]:
    """Quiet TESS stars at two minutes that can be prepared, one light curve a star."""
    out = []
    for curve in quiet_stars("TESS", data, most_ppm=most_ppm, most_minutes=3):
        try:
            prepare(curve, CONFIG)
        except AstroSeqError:
            continue
        if curve.time_system is TimeSystem.BTJD:
            out.append(curve)
    return out


def drawn(rng: np.random.Generator, kind: str, curve: LightCurve) -> tuple[list[Signal], Ephemeris] | None:
    """Signals of a kind, and the ephemeris at which they are examined."""
    start, stop = float(curve.time[0]), float(curve.time[-1])
    period = float(np.exp(rng.uniform(math.log(1.2), math.log((stop - start) / 3.2))))
    t0 = Instant(start + rng.uniform(0.05, 0.95) * period, curve.time_system)
    planet = Orbit(t0, period, float(rng.uniform(0.03, 0.12)), float(rng.uniform(0, 0.8)), 1.0, 0.32, 0.25)
    name = curve.target.id
    if kind == "planet":
        return [planet], signal_ephemeris(name, "b", planet)
    if kind == "single dip, three predicted":
        one = replace(planet, period_days=None, shape_period_days=period, t0=Instant(rng.uniform(start + 1, stop - 1), t0.system))
        e = signal_ephemeris(name, "b", one)
        return [one], replace(e, period_days=min(period, 0.3 * (stop - start)))
    ratio, dilution = float(rng.uniform(0.12, 0.6)), float(rng.uniform(0.3, 0.95))
    light = float(rng.uniform(0.05, 0.8)) * ratio**2
    orbit = Orbit(t0, period, ratio, float(rng.uniform(0, 0.9)), 1.0, 0.32, 0.25)
    binary = EclipsingBinary(orbit, light_ratio=light, third_light=dilution)
    e = signal_ephemeris(name, "b", binary)
    if kind == "binary with a secondary":
        return [binary], e
    # half of them with equal eclipses of which the second one is late, as of twins on an eccentric orbit
    if e.duration_days > 0.2 * period / 2:
        return None
    half = replace(e, period_days=period / 2)
    if rng.random() < 0.5:
        return [binary], half
    equal = replace(planet, radius_ratio=float(rng.uniform(0.05, 0.15)))
    late = replace(equal, t0=Instant(t0.days + period / 2 + rng.choice([-1, 1]) * rng.uniform(15, 60) / 1440, t0.system))
    return [equal, late], replace(signal_ephemeris(name, "b", equal), period_days=period / 2)


def expected(signals: list[Signal], kind: str, e: Ephemeris, curve: DetrendedLightCurve) -> float:
    """Significance over the white noise of what has to be seen [sigma]."""
    number = max(1, len(e.transits(float(curve.time[0]), float(curve.time[-1]), curve.system)))
    number = 1 if kind.startswith("single") else number
    noise = curve.noise / math.sqrt(number * e.duration_hours * 6)
    first = signals[0]
    if not isinstance(first, EclipsingBinary):
        return first.depth / noise
    if kind == "binary with a secondary":
        return min(first.depth, first.secondary_depth) / noise
    return (first.depth - first.secondary_depth) / noise / 2


def best_of_noise(rng: np.random.Generator, curve: DetrendedLightCurve) -> Ephemeris:
    """The most significant of many random ephemerides in a star without transits."""
    best, found = -math.inf, None
    start, stop = float(curve.time[0]), float(curve.time[-1])
    for hours in (2.0, 4.0):
        trial = Ephemeris(curve.light_curve.target.id, "b", Instant(start, curve.system), 5.0, hours)
        (boxes,) = box_depths_per_observation([curve], [curve.flat], trial, own=True)
        for _ in range(TRIALS // 2):
            period = float(np.exp(rng.uniform(math.log(1.2), math.log((stop - start) / 3.2))))
            for phase in np.arange(0, period, hours / 48):
                depth, error = boxes.at(start + phase + period * np.arange(int((stop - start - phase) / period) + 1))
                good = np.isfinite(depth)
                if good.sum() < 3:
                    continue
                weight = error[good] ** -2
                sigma = float(np.sum(weight * depth[good]) / math.sqrt(np.sum(weight)))
                if sigma > best:
                    best, found = sigma, replace(trial, period_days=period, t0=Instant(start + phase, curve.system))
    assert found is not None
    return found


def cases(stars: list[LightCurve], each: int, seed: int) -> Iterator[Case]:
    """So many cases of each class."""
    for index, kind in enumerate(CLASSES):
        rng, made = np.random.default_rng([seed, index]), 0
        while made < each:
            curve = stars[int(rng.integers(len(stars)))]
            if kind == "false alarm":
                detrended = prepare(curve, CONFIG)
                e = best_of_noise(rng, detrended)
            elif kind == "sinusoid":
                period = float(rng.uniform(0.5, 6.0))
                amplitude = float(np.exp(rng.uniform(math.log(1e-3), math.log(2e-2))))
                t0 = float(curve.time[0]) + rng.uniform(0.1, 0.9) * period
                detrended = injected(curve, 1 - amplitude * np.cos(2 * np.pi * (curve.time - t0) / period), CONFIG, 2.0)
                e = Ephemeris(curve.target.id, "b", Instant(t0, curve.time_system), period, 0.15 * period * HOURS_PER_DAY)
            else:
                try:
                    signals = drawn(rng, kind, curve)
                except AstroSeqError:
                    continue
                if signals is None:
                    continue
                detrended, e = injected(curve, relative_flux(curve.time, signals[0], 2.0), CONFIG, 2.0), signals[1]
                if expected(signals[0], kind, e, detrended) < LEAST:
                    continue
            yield Case(kind, e, detrended, examine([detrended], e, stellar=SUN))
            made += 1


def leo_flags(found: list[Case], python: Path) -> list[dict[str, object]]:
    """LEO-Vetter's flags of all cases, by its own interpreter."""
    arrays = {}
    for number, case in enumerate(found):
        c = case.detrended
        flat = 1 + masked_detrended_flux(c, (case.ephemeris,)) if case.kind != "sinusoid" else 1 + c.flux - np.median(c.flux)
        arrays[f"case{number}"] = np.array([c.time, c.flux, flat, np.full(len(c.time), c.noise)])
    rows = [(c.ephemeris.period_days, c.ephemeris.t0.to(c.detrended.system).days, c.ephemeris.duration_days) for c in found]
    with tempfile.TemporaryDirectory() as folder:
        given, told = Path(folder) / "cases.npz", Path(folder) / "flags.json"
        np.savez(given, ephemerides=np.array(rows, dtype=np.float64), **arrays)
        side = Path(__file__).with_name("leo_vetter_side.py")
        # isolated: this folder has a module of the same name as the package
        subprocess.run([str(python), "-I", str(side), str(given), str(told)], check=True)
        answer: list[dict[str, object]] = json.loads(told.read_text(encoding="utf-8"))
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leo-python", type=Path, required=True, help="interpreter of an environment with leo-vetter")
    parser.add_argument("--data", type=Path, default=LENT, help="folder of the lent light curves")
    parser.add_argument("--each", type=int, default=40, help="cases of each class")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--most-ppm", type=float, default=2500.0, help="noisier stars are left out")
    parser.add_argument("--list", action="store_true", help="also what was said of each case that went wrong")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    stars = usable_stars(asked.data, asked.most_ppm)
    found = list(cases(stars, asked.each, asked.seed))
    theirs = leo_flags(found, asked.leo_python)
    print(f"{len(stars)} quiet TESS stars, {asked.each} cases of each class, seed {asked.seed}; shares that came out right\n")
    print(f"{'':30s}{'AstroSeq: no FAIL, or FAIL':34s}{'AstroSeq: no WARN, or WARN or FAIL':38s}LEO-Vetter")
    for kind in CLASSES:
        rows = [(c, t) for c, t in zip(found, theirs, strict=True) if c.kind == kind]
        failed = [any(k.flag is Flag.FAIL for k in c.found.checks) for c, _ in rows]
        warned = [any(k.flag in (Flag.FAIL, Flag.WARN) and k.name != "coverage" for k in c.found.checks) for c, _ in rows]
        known = [t for _, t in rows if "error" not in t]
        leo = [bool(t["false_alarm"] or t["false_positive"]) for t in known]
        right = [len(x) - sum(x) if kind == "planet" else sum(x) for x in (failed, warned, leo)]
        print(f"{kind:30s}{wilson(right[0], len(rows)):34s}{wilson(right[1], len(rows)):38s}{wilson(right[2], len(known))}")
        if len(known) < len(rows):
            print(f"{'':30s}LEO-Vetter stopped with an error on {len(rows) - len(known)} of them")
        for (case, their), wrong in zip(rows, failed, strict=True):
            if asked.list and wrong == (kind == "planet"):
                said = [f"{k.flag.value} {k.sentence}" for k in case.found.checks if k.flag in (Flag.FAIL, Flag.WARN)]
                e = case.ephemeris
                print(f"  {e.target_id} P {e.period_days:.3f} {e.duration_hours:.2f} h\n    {said}\n    LEO: {their}")


if __name__ == "__main__":
    main()
