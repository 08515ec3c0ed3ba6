"""How fast light curves become segments and segments probabilities: medians over repeats.

    python -m benchmarks.preprocessing [--model tess-2min-v2]

Stars are simulated: 18,000 cadences of a TESS sector and 65,000 of four years of Kepler.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from astroseq_core import missions
from astroseq_core.errors import ModelError
from astroseq_core.io import lightcurve
from astroseq_core.networks import card as cards
from astroseq_core.networks.model import load
from astroseq_core.preprocessing.prepare import PreprocessingConfig, prepare
from astroseq_core.preprocessing.segments import SegmentConfig, make_segments
from astroseq_core.targets import Target

REPEATS = 15


def median_ms(work: Callable[[], object]) -> float:
    """Median duration of a call [ms], after one call that is not counted."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tess-2min-v2")
    model_id = parser.parse_args().model
    rng = np.random.default_rng(0)
    stars = (("TESS sector", missions.TESS, 18_000, 2.0), ("Kepler, four years", missions.KEPLER, 65_000, 29.4244))
    for name, instrument, count, minutes in stars:
        days = instrument.data_bjd[0] - instrument.time_system.zero_bjd + 10 + np.arange(count) * minutes / 1440
        curve = lightcurve.make_light_curve(
            target=Target(instrument.prefix, "1"),
            observation="benchmark",
            time=days,
            flux=1 + 1e-3 * rng.standard_normal(count) + 5e-3 * np.sin(days / 2),
            instrument=instrument,
        )
        settings = PreprocessingConfig(window_days=0.8 if instrument is missions.TESS else 1.5)
        ready = prepare(curve, settings)
        plain, full = SegmentConfig(channels=("flat", "raw", "gap")), None
        print(f"{name}: {count} cadences")
        print(f"  prepare (mask, biweight, noise)      {median_ms(lambda c=curve, s=settings: prepare(c, s)):8.1f} ms")
        print(f"  all segments, three channels         {median_ms(lambda r=ready, p=plain: make_segments(r, p)):8.1f} ms")
        try:
            full = cards.read(cards.model_folder(model_id)).cutting
        except ModelError:
            continue
        print(f"  all segments, the model's channels   {median_ms(lambda r=ready, p=full: make_segments(r, p)):8.1f} ms")
    model = load(model_id)
    values = rng.standard_normal((2048, model.card.cutting.window, len(model.card.cutting.channels))).astype(np.float32)
    took = median_ms(lambda: model.probabilities(values))
    print(f"{model_id}: {len(values) / took * 1e3:.0f} segments/s through the network, {model.network.count_params()} parameters")


if __name__ == "__main__":
    main()
