"""How fast a survey is scored, where the time goes and how much memory it takes, against one star at a time.

    python -m benchmarks.surveys [--stars 200] [--model tess-2min-v2] [--workers 2] [--ways plain threads processes dask]

The stars are simulated, as TESS sees them, and put into a temporary cache first: what is measured begins with reading them.
A way such as threads-no-signals leaves out the signals of the stars. Each way runs in a process of its own; neither loading the
model nor the first stars of a way (WARM) count.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from astroseq_core.io.cache import LightCurveCache
from astroseq_core.networks.model import Model, load
from astroseq_core.scoring.segments import make_segment_scores
from astroseq_core.scoring.star import score_star
from astroseq_core.simulation import survey
from astroseq_core.surveys.engine import ScoringSettings, SurveyProgress, score_stars
from astroseq_core.surveys.stars import SurveyChoice, iterate_stars

WARM = 8


def fill(count: int) -> None:
    """That many stars in the cache, as TESS stars."""
    cache = LightCurveCache()
    for number in survey.star_numbers("TESS", 0, count):
        for curve in survey.read_star(number).light_curves:
            cache.put(replace(curve, author="SPOC"), exposure_seconds=120)


def plain(model: Model) -> Iterator[tuple[str, int, dict[str, float]]]:
    """Each star's score in the simplest way: read, prepared and predicted before the next is looked at."""
    seconds = dict.fromkeys(("read", "prepare", "network", "fold"), 0.0)
    for star in iterate_stars(SurveyChoice("cache")):
        times = [time.perf_counter()]
        curves = star.read().light_curves
        times.append(time.perf_counter())
        cut = [model.segments(curve) for curve in curves]
        times.append(time.perf_counter())
        parts = []
        for prepared, cuts in cut:
            found = model.network.predict(cuts.values, verbose=0)
            cadence, finer = None, model.card.cadence_calibration
            if isinstance(found, dict):
                cadence = finer(found["cadence"][:, :, 0]) if finer else None
                found = found["segment"]
            parts.append(make_segment_scores(model, prepared, cuts, (model.card.calibration(found[:, 0]), cadence)))
        times.append(time.perf_counter())
        score = score_star(parts)
        times.append(time.perf_counter())
        for n, name in enumerate(seconds):
            seconds[name] += times[n + 1] - times[n]
        yield star.target_id, score.num_segments, dict(seconds)


def engine(model: str, workers: int, processes: bool, signals: bool) -> Iterator[tuple[str, int, dict[str, float]]]:
    """The same by the survey's engine, with or without the search for signals and their classes."""
    seconds: dict[str, float] = {}

    def progress(now: SurveyProgress) -> None:
        seconds.update(now.seconds)

    stars, settings = iterate_stars(SurveyChoice("cache")), ScoringSettings(model, signals=signals)
    found = score_stars(stars, settings, workers=workers, processes=processes, progress=progress)
    for result in found:
        yield result.target_id, result.row.num_segments or 0 if result.row else 0, dict(seconds)


def on_dask(model: str, workers: int) -> Iterator[tuple[str, int, dict[str, float]]]:
    """The same on so many Dask workers of this machine, each a process with one thread and a network of its own."""
    from distributed import LocalCluster

    from astroseq_core.surveys.dask import score_on_dask

    with LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        for result in score_on_dask(iterate_stars(SurveyChoice("cache")), cluster.scheduler_address, ScoringSettings(model)):
            yield result.target_id, result.row.num_segments or 0 if result.row else 0, {}


def cpu_seconds() -> float:
    """The CPU time that this process and all its workers have used so far [s]."""
    own = psutil.Process()
    times = [p.cpu_times() for p in (own, *own.children(recursive=True))]
    return sum(t.user + t.system for t in times)


def resident_mb() -> float:
    """The memory that this process holds now [MB]."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(way: str, model: str, workers: int, stars_in_all: int) -> dict[str, Any]:
    """Stars and segments a second, seconds of each stage, and memory [MB], after the first WARM stars."""
    if way == "dask":
        found = on_dask(model, workers)
    else:
        loaded = load(model)
        processes, signals = way.startswith("processes"), not way.endswith("-no-signals")
        found = plain(loaded) if way == "plain" else engine(model, workers, processes, signals)
    times, segments, memory, stages = [], [], [], []
    began, cpu = time.perf_counter(), 0.0
    for number, (_, count, seconds) in enumerate(found, start=1):
        if number == WARM:
            cpu -= cpu_seconds()
        if number == stars_in_all:  # before the workers end
            cpu += cpu_seconds()
        times.append(time.perf_counter() - began)
        segments.append(count)
        memory.append(resident_mb())
        stages.append(seconds)
    took, counted = times[-1] - times[WARM - 1], len(times) - WARM
    half = len(memory) // 2
    return {
        "stars_per_second": counted / took,
        "segments_per_second": sum(segments[WARM:]) / took,
        "cpu_milliseconds": 1e3 * cpu / counted,
        "first_stars_seconds": times[WARM - 1],
        "stages": {name: 1e3 * (stages[-1][name] - stages[WARM - 1][name]) / counted for name in stages[-1]},
        "memory_first_half": statistics.median(memory[WARM:half]),
        "memory_second_half": statistics.median(memory[half:]),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "peak_of_a_worker": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stars", type=int, default=200)
    parser.add_argument("--model", default="tess-2min-v2")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--ways", nargs="+", default=["plain", "threads", "processes"])
    parser.add_argument("--only", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stars < 4 * WARM:
        parser.error(f"at least {4 * WARM} stars are needed")
    if options.only:
        print(json.dumps(measure(options.only, options.model, options.workers, options.stars)))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ASTROSEQ_CACHE"] = folder
        fill(options.stars)
        print(f"{options.stars} stars of one TESS sector, {options.model}, {options.workers} workers, {os.cpu_count()} cores")
        for way in options.ways:
            command = [sys.executable, "-m", "benchmarks.surveys", "--only", way, "--model", options.model]
            command += ["--stars", str(options.stars), "--workers", str(options.workers)]
            out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            one = json.loads(out.splitlines()[-1])
            print(f"{way}: {one['stars_per_second']:.2f} stars/s, {one['segments_per_second']:.0f} segments/s", end=", ")
            print(f"{one['cpu_milliseconds']:.0f} ms of CPU a star", end=", ")
            print(f"first {WARM} stars after {one['first_stars_seconds']:.1f} s")
            print("  a star: " + ", ".join(f"{name} {ms:.0f} ms" for name, ms in one["stages"].items()))
            halves = f"{one['memory_first_half']:.0f} MB in the first half, {one['memory_second_half']:.0f} MB in the second"
            print(f"  memory: {halves}, at most {one['peak']:.0f} MB; largest worker {one['peak_of_a_worker']:.0f} MB")


if __name__ == "__main__":
    main()
