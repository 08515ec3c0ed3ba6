"""How long pages of the leaderboard take in stores of several sizes, each made anew in a temporary ASTROSEQ_DATA.

    python -m benchmarks.leaderboard [--rows 1000 100000 1000000] [--repeats 20] [--pages] [--no-queries]

Times are medians, with the file in the machine's memory. Rows: 80 % of one model, TESS and Kepler, 3 % failed, 2 % known.
The whole page is measured twice: as Streamlit runs it without a browser (the first time in a session, and again), and with
--pages in a real Chromium, from navigation to the painted table, the browser having loaded the app's own files before.
"""

import argparse
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from astroseq_core.app.leaderboard import threshold
from astroseq_core.store import database, leaderboard, leaderboard_filters, scores, thresholds
from astroseq_core.store.disposition_entry import DISPOSITIONS
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.scores import ScoreRow

ROOT = Path(__file__).resolve().parent.parent
BATCH = 20_000
LARGE, SMALL = "tess-2min-v2", "kepler-long-v2"
SORTS = (
    *("planet_score", "star_score", "score_max", "score_topk", "score_fold", "num_segments", "magnitude", "period_days"),
    "target_id",
)
#: Addresses of the whole page.
ADDRESSES = {
    "stars": {},
    "by magnitude": {"sort": "magnitude", "order": "lowest first"},
    "known": {"object": "known"},
    "cut": {"tab": "Cut", "top": "100"},
    "two models": {"tab": "Two models"},
}
PAGE_REPEATS = 5
FILTERS = {
    "no filter": Filters(),
    "scored, one model": Filters(model_id=LARGE, scored=True),
    "one mission": Filters(mission="Kepler"),
    "model + mission": Filters(model_id=LARGE, mission="TESS"),
    "wide score range": Filters(score_min=-1.0),
    "narrow score range": Filters(model_id=LARGE, score_min=8.0, score_max=8.01),
    "all ranges": Filters(score_min=0.0, segments_max=900, magnitude_min=10.0, period_min=1.0, known=False),
    "known": Filters(known=True),
    "planets": Filters(model_id=LARGE, signal_class="planet"),
    "binaries, P over 0.99": Filters(model_id=LARGE, signal_class="eclipsing_binary", p_binary_min=0.99),
    "flagged": Filters(model_id=LARGE, flagged=True),
    "text": Filters(text="TOI 77"),
    "disposition PC": Filters(disposition="PC"),
    "not judged": Filters(disposition=leaderboard_filters.NO_DISPOSITION),
}


def made(count: int, seed: int = 1) -> Iterator[ScoreRow]:
    """Made-up rows: scores with a tail, few distinct numbers of segments, periods missing for one in ten, every tenth star
    scored by both models; half the stars without a signal, every twentieth not searched.
    """
    rng = np.random.default_rng(seed)
    number = rng.choice(900_000_000, count, replace=False) + 1
    small, failed, known = rng.random(count) < 0.2, rng.random(count) < 0.03, rng.random(count) < 0.02
    for values in (number, small):
        twins = values[1::10]
        twins[:] = values[0::10][: len(twins)]
    score = rng.standard_t(3, count) * 3
    top, magnitude = rng.beta(0.5, 4, count), rng.normal(12, 2, count)
    segments, period = rng.integers(60, 80, count) * 13, np.exp(rng.uniform(-0.5, 4, count))
    single, hours = rng.random(count) < 0.1, np.exp(rng.uniform(0, 2, count))
    classes, planet = rng.dirichlet((0.3, 0.3, 0.6), count), rng.normal(-3, 4, count)
    last = ""
    for i in range(count):
        prefix, mission, model = ("KIC", "Kepler", SMALL) if small[i] else ("TIC", "TESS", LARGE)
        model = SMALL if i % 97 == 0 else model
        if i % 10 == 1:
            model = LARGE if last == SMALL else SMALL
        last = model
        common = {"mission": mission, "seen_as": mission, "survey_id": "all"}
        common |= {"magnitude": magnitude[i], "data_id": f"{number[i]:016x}"}
        match = {"match": f"TOI-{i}.01", "match_kind": "TOI", "match_ratio": "1", "match_disposition": "PC"} if known[i] else {}
        if failed[i]:
            yield ScoreRow(f"{prefix} {number[i]}", model, "ab" * 32, status="Too few usable cadences.", **common)
            continue
        found: dict[str, float] = {} if i % 20 == 0 else {"planet_score": -30.0, "num_signals": 0}
        if i % 20 and i % 2:
            found = {"planet_score": planet[i], "num_signals": 1 + i % 3, "best_signal": 1}
            found |= dict(zip(("p_planet", "p_eclipsing_binary", "p_not_transit"), classes[i], strict=True))
        yield ScoreRow(
            f"{prefix} {number[i]}",
            model,
            "ab" * 32,
            **common,
            **match,
            **found,
            num_segments=segments[i],
            star_score=score[i],
            score_max=top[i],
            score_topk=top[i] * 0.9,
            score_noisy_or=top[i] * 3,
            score_fold=score[i],
            best_period_days=None if single[i] else period[i],
            best_t0=1325.5 + top[i],
            t0_system="BTJD",
            best_duration_hours=hours[i],
            period_err_days=None if single[i] else 1e-4 * period[i],
            t0_err_days=1e-3 * hours[i],
            duration_err_hours=0.1 * hours[i],
            num_transits=1 if single[i] else int(27 / period[i]) + 1,
            spark=rng.bytes(120),
            false_alarm_probability=top[i] if i % 10 == 0 else None,
        )


def fill(count: int) -> None:
    rows = made(count)
    while batch := list(islice(rows, BATCH)):
        scores.save(batch)
    thresholds.save(thresholds.ScoreThreshold(LARGE, 10.0))
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


def make(count: int) -> None:
    began = time.perf_counter()
    fill(count)
    took = time.perf_counter() - began
    size = sum(f.stat().st_size for f in database.database_path().parent.iterdir()) / 1e6
    print(f"\n{count:,} rows: filled in {took:.1f} s, {size:.0f} MB")


def measure(count: int, repeats: int) -> None:
    print("page() [ms], the slower of both directions")
    print(f"{'':22}" + "".join(f"{s:>18}" for s in SORTS))
    for name, filters in FILTERS.items():
        cells = []
        for sort in SORTS:
            ways = (median_ms(lambda s=sort, d=d, f=filters: leaderboard.load_page(f, s, d), repeats) for d in (True, False))
            cells.append(max(ways))
        print(f"{name:22}" + "".join(f"{c:18.1f}" for c in cells), flush=True)
    scored = Filters(model_id=LARGE, scored=True)
    middle = leaderboard.load_page(scored, limit=1).in_all // 2
    new = list(made(300, seed=2))
    others: dict[str, Callable[[], object]] = {
        "page in the middle": lambda: leaderboard.load_page(scored, offset=middle),
        "page in the middle, no filter": lambda: leaderboard.load_page(Filters(), "magnitude", offset=count // 2),
        "sort by score_noisy_or (no index)": lambda: leaderboard.load_page(scored, "score_noisy_or"),
        "sort by rank, two models": lambda: leaderboard.load_page(Filters(), "rank", False),
        "models": leaderboard.list_models,
        "histogram, one model": lambda: leaderboard.score_histogram(scored),
        "histogram of planet scores": lambda: leaderboard.score_histogram(scored, score="planet_score"),
        "histogram, all ranges": lambda: leaderboard.score_histogram(FILTERS["all ranges"]),
        "top 1000": lambda: leaderboard.load_top(scored, 1000),
        "threshold for 1000": lambda: leaderboard.threshold_for_count(scored, 1000),
        "expected false alarms": lambda: threshold.estimate_false_alarms(LARGE, 10.0),
        "the same of planet scores": lambda: threshold.estimate_without_planet(LARGE, 0.0),
        "pair": lambda: leaderboard.compare_ranks(LARGE, SMALL),
        "have": lambda: scores.scored_fingerprints(LARGE, "ab" * 32),
        "reasons": lambda: scores.list_failures(SMALL),
        "put the same 300 again": lambda: scores.save(new),
    }
    began = time.perf_counter()
    scores.save(new)
    print(f"put 300 new rows {1e3 * (time.perf_counter() - began):.1f} ms")
    for name, call in others.items():
        print(f"{name:36}{median_ms(call, min(repeats, 5)):10.1f} ms", flush=True)


def whole_page(address: dict[str, str]) -> tuple[float, float]:
    """Times [ms] of the page in a new session, and of it drawn again, as Streamlit's own test runner runs it."""
    from streamlit.testing.v1 import AppTest

    first, again = [], []
    for _ in range(PAGE_REPEATS):
        page = AppTest.from_file(str(ROOT / "pages" / "5_Leaderboard.py"), default_timeout=600)
        page.query_params.update(address)
        for times in (first, again):
            began = time.perf_counter()
            page.run()
            times.append(1e3 * (time.perf_counter() - began))
            if page.exception or page.error:
                raise SystemExit(f"The page failed: {[e.value for e in (*page.exception, *page.error)]}")
    return statistics.median(first), statistics.median(again)


def in_browser(cache: str) -> dict[str, list[float]]:
    """Times [ms] from navigation to each address to its table, or its chart, painted."""
    from playwright.sync_api import sync_playwright

    from benchmarks import pages

    port = pages.free_port()
    server = pages.start(port, cache)
    found: dict[str, list[float]] = {}
    try:
        pages.wait_until_up(port)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page()
            for name, address in ({"warming up": {}} | ADDRESSES).items():
                drawn = "[data-testid=stPlotlyChart] .main-svg" if "tab" in address else "[data-testid=stDataFrame] canvas"
                for _ in range(PAGE_REPEATS):
                    page.goto("about:blank")
                    began = time.perf_counter()
                    page.goto(f"http://127.0.0.1:{port}/Leaderboard?{urlencode(address)}", wait_until="commit")
                    page.locator(drawn).first.wait_for(timeout=pages.PATIENCE_S * 1e3)
                    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
                    found.setdefault(name, []).append(1e3 * (time.perf_counter() - began))
            browser.close()
    finally:
        server.terminate()
        server.wait()
    return found


def measure_pages(count: int, folder: str, browser: bool) -> None:
    print(f"\n{count:,} rows: the whole page [ms], {PAGE_REPEATS} times each, first in a session and again")
    for name, address in ADDRESSES.items():
        first, again = whole_page(address)
        print(f"{name:22}{first:10.0f}{again:10.0f}", flush=True)
    for name, took in in_browser(folder).items() if browser else ():
        ends = f"({min(took):.0f} to {max(took):.0f})"
        print(f"in Chromium, {name:22}{statistics.median(took):10.0f}   {ends}", flush=True)


def warm_up() -> None:
    """Have all that a page imports loaded, so that the first size is not measured with it."""
    # Pages that run without a browser miss their context, and say so each time.
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").disabled = True
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ASTROSEQ_DATA"] = folder
        fill(100)
        for address in ADDRESSES.values():
            whole_page(address)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--pages", action="store_true", help="measure in Chromium, too")
    parser.add_argument("--no-queries", action="store_true", help="leave out the queries that make up a page")
    given = parser.parse_args()
    os.environ["ASTROSEQ_FIRST_SURVEY"] = "0"
    warm_up()
    for count in given.rows:
        with tempfile.TemporaryDirectory() as folder:
            # Where the server of benchmarks.pages looks.
            os.environ |= {"ASTROSEQ_CACHE": folder, "ASTROSEQ_DATA": f"{folder}/data"}
            make(count)
            if not given.no_queries:
                measure(count, given.repeats)
            measure_pages(count, folder, given.pages)


if __name__ == "__main__":
    main()
