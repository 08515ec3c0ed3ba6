"""How often noise alone is taken for a secondary eclipse: in white noise, and in the noise of real stars.

    python -m benchmarks.secondary_false_alarms [--each 1000] [--seed 3]

A planet without any secondary is injected at a random ephemeris into white noise like that of a TESS sector (27 days, ten
minutes), and into quiet lent TESS and K2 stars, where they are there. The whole examination runs, detrending and masking in.
Counted are searches whose strongest dip exceeds what chance reaches once in 10, 100 and 1000 searches, and what the check then
says.
"""

import argparse
import math
from collections import Counter
from dataclasses import replace

import numpy as np

from astroseq_core import missions
from astroseq_core.io.lightcurve import LightCurve, make_light_curve
from astroseq_core.preprocessing.prepare import DEFAULT_CONFIGS, DetrendedLightCurve, prepare
from astroseq_core.simulation.transits import Orbit, relative_flux, signal_ephemeris
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.checks.base import Flag
from astroseq_core.vetting.checks.secondary import SECONDARY_MASKED
from astroseq_core.vetting.examine import examine
from astroseq_core.vetting.secondary import chance_sigma
from benchmarks.lent import LENT, injected, quiet_stars
from benchmarks.vetting_truth import wilson

#: What chance reaches once in so many searches.
SEARCHES = (10, 100, 1000)
WHITE = "white noise, TESS"
#: White noise of one ten-minute cadence, relative, and significance of the injected transits.
NOISE, SIGMAS = 300e-6, (12.0, 60.0)


def white_noise(rng: np.random.Generator) -> LightCurve:
    """White noise of a sector with its gap in the middle."""
    time = np.arange(1325.3, 1352.3, 10 / 1440)
    time = time[(time < 1338.0) | (time > 1339.2)]
    return make_light_curve(
        target=Target("TIC", "1"),
        observation="s0001",
        time=time,
        flux=1 + NOISE * rng.normal(size=len(time)),
        quality=None,
        instrument=missions.TESS,
        time_system=TimeSystem.BTJD,
        exposure_minutes=10.0,
    )


def with_planet(curve: LightCurve, orbit: Orbit) -> DetrendedLightCurve:
    """The star's light with a planet's transits, prepared at ten minutes or its own cadence."""
    factor = relative_flux(curve.time, [orbit], curve.exposure_minutes or curve.cadence_minutes)
    config = DEFAULT_CONFIGS[curve.instrument.name]
    if curve.cadence_minutes < 9:
        config = replace(config, cadence_minutes=10.0)
    return injected(curve, factor, config, curve.exposure_minutes)


def planet(rng: np.random.Generator, curve: LightCurve) -> Orbit | None:
    """A planet with a significance drawn from `SIGMAS`, or None if it would be too large."""
    start, stop = float(curve.time[0]), float(curve.time[-1])
    period = float(np.exp(rng.uniform(math.log(1.2), math.log((stop - start) / 2.2))))
    first = Orbit(
        Instant(start + rng.uniform(0, period), curve.time_system), period, 0.05, float(rng.uniform(0, 0.7)), 1.0, 0.32, 0.25
    )
    e = signal_ephemeris(curve.target.id, "b", first)
    noise = prepare(curve, DEFAULT_CONFIGS[curve.instrument.name]).noise
    cadences = (stop - start) / period * e.duration_hours * 60 / curve.cadence_minutes
    depth = float(rng.uniform(*SIGMAS)) * noise / math.sqrt(cadences)
    return replace(first, radius_ratio=0.05 * math.sqrt(depth / first.depth)) if depth < 0.02 else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=1000, help="searches in each kind of noise")
    parser.add_argument("--seed", type=int, default=3)
    asked = parser.parse_args()
    kinds: dict[str, list[LightCurve] | None] = {WHITE: None}
    if (LENT / "manifest.csv").is_file():
        kinds |= {f"real stars, {mission}": quiet_stars(mission) for mission in ("TESS", "K2")}
    else:
        print(f"The lent real light curves are not at {LENT}; only white noise is measured.")
    print("| noise | searches | " + " | ".join(f"once in {n}" for n in SEARCHES) + " | check warns | check fails |")
    print("|---|---|" + "---|" * (len(SEARCHES) + 2))
    for kind, stars in kinds.items():
        rng, above, flags, number, turn = np.random.default_rng(asked.seed), Counter[int](), Counter[Flag](), 0, 0
        while number < asked.each:
            # the next star each time: one too noisy for any planet would otherwise never end
            curve = white_noise(rng) if stars is None else stars[turn % len(stars)]
            turn += 1
            orbit = planet(rng, curve)
            if orbit is None:
                continue
            e = signal_ephemeris(curve.target.id, "b", orbit)
            found = examine([with_planet(curve, orbit)], e)
            number += 1
            if found.secondary is None or found.secondary.strongest_sigma is None:
                continue
            gain = SECONDARY_MASKED.value if found.secondary.masked else 0.0
            above.update(n for n in SEARCHES if found.secondary.strongest_sigma > chance_sigma(e, n) + gain)
            flags[found.check("secondary").flag] += 1
        of = f"{number} in {len(stars)} stars" if stars is not None else str(number)
        shares = [wilson(above[n], number) for n in SEARCHES] + [wilson(flags[f], number) for f in (Flag.WARN, Flag.FAIL)]
        print(f"| {kind} | {of} | " + " | ".join(shares) + " |", flush=True)


if __name__ == "__main__":
    main()
