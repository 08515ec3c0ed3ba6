"""How long pages of the leaderboard take in stores of several sizes, each made anew in a temporary ASTROSEQ_DATA.

    python -m benchmarks.leaderboard [--rows 1000 100000 1000000] [--repeats 20]

Times are medians, with the file in the machine's memory. Rows: 80 % of one model, TESS and Kepler, 3 % failed, 2 % known.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from astroseq_core.store import board, database, flags, scores
from astroseq_core.store.board import Filters
from astroseq_core.store.dispositions import DISPOSITIONS
from astroseq_core.store.scores import ScoreRow

BATCH = 20_000
LARGE, SMALL = "tess-2min-v2", "kepler-long-v2"
SORTS = ("star_score", "score_max", "num_segments", "magnitude", "best_period_days", "target_id")
FILTERS = {
    "no filter": Filters(),
    "scored, one model": Filters(model_id=LARGE, scored=True),
    "one mission": Filters(mission="Kepler"),
    "model + mission": Filters(model_id=LARGE, mission="TESS"),
    "wide score range": Filters(score_min=-1.0),
    "narrow score range": Filters(model_id=LARGE, score_min=8.0, score_max=8.01),
    "all ranges": Filters(score_min=0.0, segments_max=900, magnitude_min=10.0, period_min=1.0, known=False),
    "known": Filters(known=True),
    "flagged": Filters(model_id=LARGE, flagged=True),
    "text": Filters(text="TOI 77"),
    "disposition PC": Filters(disposition="PC"),
    "not judged": Filters(disposition=board.UNJUDGED),
}


def made(count: int, seed: int = 1) -> Iterator[ScoreRow]:
    """Made-up rows: scores with a tail, few distinct numbers of segments, periods missing for one in ten."""
    rng = np.random.default_rng(seed)
    number = rng.choice(900_000_000, count, replace=False) + 1
    small, failed, known = rng.random(count) < 0.2, rng.random(count) < 0.03, rng.random(count) < 0.02
    score = rng.standard_t(3, count) * 3
    top, magnitude = rng.beta(0.5, 4, count), rng.normal(12, 2, count)
    segments, period = rng.integers(60, 80, count) * 13, np.exp(rng.uniform(-0.5, 4, count))
    single, spark = rng.random(count) < 0.1, rng.integers(0, 256, (count, 120), np.uint8)
    for i in range(count):
        prefix, mission, model = ("KIC", "Kepler", SMALL) if small[i] else ("TIC", "TESS", LARGE)
        model = SMALL if i % 97 == 0 else model
        common = {"mission": mission, "seen_as": mission, "magnitude": magnitude[i], "data_id": f"{number[i]:016x}"}
        match = {"match": f"TOI-{i}.01", "match_kind": "TOI", "match_disposition": "PC"} if known[i] else {}
        if failed[i]:
            yield ScoreRow(f"{prefix} {number[i]}", model, "ab" * 32, status="Too few usable cadences.", **common)
            continue
        yield ScoreRow(
            f"{prefix} {number[i]}", model, "ab" * 32, **common, **match, num_segments=segments[i], star_score=score[i],
            score_max=top[i], score_topk=top[i] * 0.9, score_noisy_or=top[i] * 3, score_fold=score[i],
            best_period_days=None if single[i] else period[i], best_t0=1325.5, t0_system="BTJD", spark=spark[i].tobytes(),
            survey_id="all",
        )  # fmt: skip


def fill(count: int) -> None:
    rows = made(count)
    while batch := list(islice(rows, BATCH)):
        scores.put(batch)
    flags.keep(flags.Cut(LARGE, 10.0))
    with database.connect() as db:
        stars = [r[0] for r in db.execute("SELECT target_id FROM scores ORDER BY random() LIMIT ?", (min(count // 5, 5000),))]
        db.executemany(
            "INSERT INTO dispositions (target_id, disposition, reviewer, at) VALUES (?, ?, 'ada', ?)",
            [(star, DISPOSITIONS[i % len(DISPOSITIONS)], i) for i, star in enumerate(stars)],
        )


def median_ms(call: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times)


def measure(count: int, repeats: int) -> None:
    began = time.perf_counter()
    fill(count)
    took = time.perf_counter() - began
    size = sum(f.stat().st_size for f in database.path().parent.iterdir()) / 1e6
    print(f"\n{count:,} rows: filled in {took:.1f} s, {size:.0f} MB; page() [ms], the slower of both directions")
    print(f"{'':22}" + "".join(f"{s:>18}" for s in SORTS))
    for name, filters in FILTERS.items():
        cells = []
        for sort in SORTS:
            ways = (median_ms(lambda s=sort, d=d, f=filters: board.page(f, s, d), repeats) for d in (True, False))
            cells.append(max(ways))
        print(f"{name:22}" + "".join(f"{c:18.1f}" for c in cells), flush=True)
    scored = Filters(model_id=LARGE, scored=True)
    middle = board.page(scored, limit=1).in_all // 2
    new = list(made(300, seed=2))
    others: dict[str, Callable[[], object]] = {
        "page in the middle": lambda: board.page(scored, offset=middle),
        "page in the middle, no filter": lambda: board.page(Filters(), "magnitude", offset=count // 2),
        "sort by score_topk (no index)": lambda: board.page(scored, "score_topk"),
        "sort by rank, two models": lambda: board.page(Filters(), "rank", False),
        "models": board.models,
        "histogram, one model": lambda: board.histogram(scored),
        "histogram, all ranges": lambda: board.histogram(FILTERS["all ranges"]),
        "top 1000": lambda: board.top(scored, 1000),
        "threshold for 1000": lambda: board.threshold_for(scored, 1000),
        "expected false alarms": lambda: board.expected_false_alarms(scored, 10.0),
        "pair": lambda: board.pair(LARGE, SMALL),
        "have": lambda: scores.have(LARGE, "ab" * 32),
        "reasons": lambda: scores.reasons(SMALL),
        "put the same 300 again": lambda: scores.put(new),
    }
    began = time.perf_counter()
    scores.put(new)
    print(f"put 300 new rows {1e3 * (time.perf_counter() - began):.1f} ms")
    for name, call in others.items():
        print(f"{name:32}{median_ms(call, min(repeats, 5)):10.1f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=20)
    given = parser.parse_args()
    for count in given.rows:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["ASTROSEQ_DATA"] = folder
            measure(count, given.repeats)


if __name__ == "__main__":
    main()
