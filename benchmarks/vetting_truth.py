"""What the vetting checks say about simulated stars, against the truth: binaries flagged, planets spared, depths recovered.

    python -m benchmarks.vetting_truth [--stars 200] [--seed 2] [--missions TESS Kepler] [--list]

Thresholds were chosen on the stars of seed 1; numbers to report are of another seed. Each signal is examined at its true
ephemeris, a binary at half its period, too. Whether a secondary eclipse, or a difference between odd and even, can be seen is
told from the truth alone: its depth over the white noise of the mean of all cadences in it. That is an upper limit of the
significance that it can be measured with; what the star does by itself may hide it, so stars that only granulate (calm) and
spotted ones are also counted apart from those that pulsate or flare.
"""

import argparse
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare
from astroseq_core.simulation import stars, survey
from astroseq_core.simulation.transits import EclipsingBinary
from astroseq_core.targets import Target
from astroseq_core.vetting.checks.base import Flag, all_checks
from astroseq_core.vetting.examine import Examination, examine

#: Expected significances above which an effect counts as visible; the first is the headline.
LEVELS = (10.0, 7.0, 20.0, 50.0)
#: A level beside an eclipse that is three durations long adds this to the noise, in squares.
LEVEL_NOISE = 1 / 3
CHECK_NAMES = tuple(c.name for c in all_checks())
KINDS = ("planet", "single", "binary", "binary at half its period")


@dataclass(frozen=True)
class Case:
    """One signal that was examined, and the truth about it."""

    name: str
    mission: str
    kind: str
    ephemeris: Ephemeris
    depth_ppm: float
    odd_ppm: float
    even_ppm: float
    expected: float  # significance of the depth
    expected_secondary: float
    expected_odd_even: float
    quiet: bool  # neither pulsates nor flares
    found: Examination
    seconds: float


def cases(mission: str, seed: int, count: int) -> Iterator[Case]:
    """The signals of so many stars."""
    for number in survey.star_numbers(mission, seed, count):
        seen_as, kind = survey._instrument_and_kind(number)
        star = stars.simulate_star(
            number, seen_as, kind, target=Target("SIM", str(number)), num_observations=survey.NUM_OBSERVATIONS[seen_as]
        )
        try:
            prepared = [prepare(c) for c in star.light_curves]
        except LightCurveError:
            continue
        sigma = star.truth["sigma_ppm"]
        quiet = star.truth["variability"] in ("calm", "rotator")
        for signal, e in zip(star.signals, star.ephemerides, strict=True):
            others = [o for o in star.ephemerides if o is not e]
            if isinstance(signal, EclipsingBinary):
                first, second = signal.depth * 1e6, signal.secondary_depth * 1e6
                n1, n2 = _cadences(prepared, e, 0.0), _cadences(prepared, e, 0.5)
                secondary = second / sigma * math.sqrt(n2 / (1 + LEVEL_NOISE))
                depth = first / sigma * math.sqrt(n1 / (1 + LEVEL_NOISE))
                yield _case(e.name, mission, "binary", e, first, first, first, depth, secondary, 0.0, quiet, prepared, others)
                assert e.period_days is not None
                if e.duration_days < 0.45 * e.period_days / 2:
                    noise = sigma * math.sqrt((1 / max(n1, 1) + 1 / max(n2, 1)) * (1 + LEVEL_NOISE))
                    apart = (first - second) / noise if min(n1, n2) > 0 else 0.0
                    half = replace(e, period_days=e.period_days / 2)
                    # even numbers are primaries
                    mean = (first + second) / 2
                    yield _case(
                        e.name, mission, KINDS[3], half, mean, second, first, depth, 0.0, abs(apart), quiet, prepared, others
                    )
            else:
                snr = signal.depth_ppm / sigma * math.sqrt(_cadences(prepared, e, 0.0) / (1 + LEVEL_NOISE))
                word = "planet" if e.period_days is not None else "single"
                d = signal.depth_ppm
                yield _case(e.name, mission, word, e, d, d, d, snr, 0.0, 0.0, quiet, prepared, others)


def _case(
    name: str,
    mission: str,
    kind: str,
    e: Ephemeris,
    depth: float,
    odd: float,
    even: float,
    snr: float,
    secondary: float,
    odd_even: float,
    quiet: bool,
    prepared: list[DetrendedLightCurve],
    others: list[Ephemeris],
) -> Case:
    start = time.perf_counter()
    found = examine(prepared, e, others=others)
    took = time.perf_counter() - start
    return Case(name, mission, kind, e, depth, odd, even, snr, secondary, odd_even, quiet, found, took)


def _cadences(prepared: list[DetrendedLightCurve], e: Ephemeris, phase: float) -> int:
    """Cadences within an eclipse's duration at that phase."""
    days = phase * (e.period_days or 0.0)
    return sum(int(np.sum(np.abs(e.phase_days(c.time - days, c.system)) <= e.duration_days / 2)) for c in prepared)


def wilson(good: int, all_: int) -> str:
    """A share and its Wilson 95 % interval, in percent."""
    if all_ == 0:
        return "-"
    z, p = 1.96, good / all_
    middle = (p + z * z / (2 * all_)) / (1 + z * z / all_)
    half = z / (1 + z * z / all_) * math.sqrt(p * (1 - p) / all_ + z * z / (4 * all_ * all_))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return f"{good:4d}/{all_:<4d} {100 * p:5.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def flagged(case: Case, names: Iterable[str], flags: Iterable[Flag] = (Flag.WARN, Flag.FAIL)) -> bool:
    """Whether one of those checks came out so."""
    wanted = set(flags)
    return any(case.found.check(n).flag in wanted for n in names)


def report_binaries(found: list[Case]) -> None:
    rows = (
        ("binary", "secondary visible", lambda c: c.expected_secondary, ("secondary",)),
        ("binary at half its period", "odd against even visible", lambda c: c.expected_odd_even, ("odd_even",)),
    )
    print("\nBinaries flagged by the right check (any check in the last columns)")
    print(f"{'':85s}{'WARN or FAIL':32s}{'FAIL':32s}{'any check FAIL':32s}")
    for kind, what, expected, names in rows:
        for level, quiet in ((LEVELS[0], True), *((x, False) for x in LEVELS)):
            seen = [c for c in found if c.kind == kind and expected(c) >= level and (c.quiet or not quiet)]
            words = f"{kind}: {what} at {level:.0f} σ" + (", no pulsator or flare star" if quiet else "")
            any_fail = sum(flagged(c, CHECK_NAMES, (Flag.FAIL,)) for c in seen)
            print(
                f"{words:85s}{wilson(sum(flagged(c, names) for c in seen), len(seen)):32s}"
                f"{wilson(sum(flagged(c, names, (Flag.FAIL,)) for c in seen), len(seen)):32s}{wilson(any_fail, len(seen)):32s}"
            )
    both = [c for c in found if c.kind == "binary" and c.expected_secondary >= LEVELS[0]]
    either = sum(flagged(c, [n for n in CHECK_NAMES if n != "coverage"]) for c in both)
    print(f"{'binary with a visible secondary, any check but coverage':85s}{wilson(either, len(both)):32s}")


def report_planets(found: list[Case]) -> None:
    for kind in ("planet", "single"):
        for least in (0.0, 10.0):
            seen = [c for c in found if c.kind == kind and c.expected >= least]
            more = f" of an expected significance of at least {least:.0f}" if least else ""
            print(f"\n{len(seen)} signals of kind {kind}{more}: wrongly flagged")
            print(f"{'':20s}{'FAIL':34s}{'WARN':34s}{'unknown':8s}")
            for name in CHECK_NAMES:
                counts = {f: sum(c.found.check(name).flag is f for c in seen) for f in Flag}
                fail, warn = wilson(counts[Flag.FAIL], len(seen)), wilson(counts[Flag.WARN], len(seen))
                print(f"{name:20s}{fail:34s}{warn:34s}{counts[Flag.UNKNOWN]}")
            any_fail = sum(flagged(c, CHECK_NAMES, (Flag.FAIL,)) for c in seen)
            any_warn = sum(flagged(c, [n for n in CHECK_NAMES if n != "coverage"]) for c in seen)
            print(f"{'any':20s}{wilson(any_fail, len(seen)):34s}{wilson(any_warn, len(seen))} (FAIL or WARN, but for coverage)")


def report_depths(found: list[Case]) -> None:
    print("\nDepth recovered against injected: share within 1, 2, 3 sigma (a normal error gives 68, 95, 99.7 %), median ratio")
    for kind in KINDS:
        for least in (0.0, 10.0):
            seen = [c for c in found if c.kind == kind and c.expected >= least]
            columns = {"fit": [], "odd": [], "even": []}
            for c in seen:
                if c.found.fit is not None and kind != KINDS[3]:
                    columns["fit"].append((c.found.fit.depth_ppm, c.found.fit.depth_err_ppm, c.depth_ppm))
                if c.found.odd is not None:
                    columns["odd"].append((c.found.odd.depth_ppm, c.found.odd.depth_err_ppm, c.odd_ppm))
                if c.found.even is not None:
                    columns["even"].append((c.found.even.depth_ppm, c.found.even.depth_err_ppm, c.even_ppm))
            for name, rows in columns.items():
                if rows:
                    measured, error, true = np.array(rows).T
                    pull = np.abs(measured - true) / error
                    shares = " ".join(f"{100 * np.mean(pull <= k):5.1f}" for k in (1, 2, 3))
                    words = f"{kind}, {name}" + (f", expected ≥ {least:.0f} σ" if least else "")
                    print(
                        f"{words:48s}{len(rows):5d}   {shares}   ratio {np.median(measured / true):.3f}, "
                        f"median error {np.median(error / true) * 100:.1f} %"
                    )


def listed(found: list[Case]) -> None:
    """Each signal on which the checks and the truth disagree."""
    for c in found:
        wrong = []
        if c.kind in ("planet", "single"):
            wrong = [k for k in c.found.checks if k.flag is Flag.FAIL or (k.flag is Flag.WARN and k.name != "coverage")]
        elif c.kind == "binary" and c.expected_secondary >= LEVELS[0] and not flagged(c, ("secondary",)):
            wrong = [c.found.check("secondary")]
        elif c.kind == KINDS[3] and c.expected_odd_even >= LEVELS[0] and not flagged(c, ("odd_even",)):
            wrong = [c.found.check("odd_even")]
        if wrong:
            e = c.ephemeris
            period = "single" if e.period_days is None else f"P {e.period_days:.3f} d"
            star = f"{c.mission} {c.name} {c.kind}{'' if c.quiet else ' (pulsates or flares)'}"
            print(f"\n{star}: {period}, {e.duration_hours:.2f} h, {c.depth_ppm:.0f} ppm")
            print(f"  expected {c.expected:.1f} σ, secondary {c.expected_secondary:.1f} σ, odd-even {c.expected_odd_even:.1f} σ")
            for k in wrong:
                print(f"    {k.flag.value} {k.title}: {k.sentence}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stars", type=int, default=200, help="of each mission")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--missions", nargs="+", default=["TESS", "Kepler"])
    parser.add_argument("--list", action="store_true", help="also each signal on which checks and truth disagree")
    asked = parser.parse_args()
    found = [c for mission in asked.missions for c in cases(mission, asked.seed, asked.stars)]
    if asked.list:
        listed(found)
    print(f"\nSimulated stars of seed {asked.seed}, {asked.stars} of each of {', '.join(asked.missions)}: {len(found)} signals")
    for mission in asked.missions:
        took = [c.seconds for c in found if c.mission == mission]
        print(
            f"{mission}: examining takes {1e3 * np.median(took):.0f} ms (median), {1e3 * np.percentile(took, 95):.0f} ms (95 %)"
        )
    report_binaries(found)
    report_planets(found)
    report_depths(found)


if __name__ == "__main__":
    main()
