"""How soon the next star is drawn after a verdict, and whether fast keys ever vote on a star that was not shown, or twice.

    python -m benchmarks.vetting_keys [--stars 50] [--fast 200] [--per-second 20]

A real server and a real Chromium, simulated TESS stars, a store and a cache of their own, removed at the end. First a person who
looks at each star for a moment: times are from the key press to the next star's name and figures being painted. Then keys of all
four verdicts at random, without looking, until the queue has been gone through; the browser notes which star was painted at every
press. A verdict is wrong where its key was not pressed while its star was painted, doubled where a star has more than one.
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time

from playwright.async_api import async_playwright
from playwright.sync_api import Page, sync_playwright

from astroseq_core.app.vet import keys
from astroseq_core.simulation import survey
from astroseq_core.store import dispositions, queues
from astroseq_core.store.queue_orders import QueueItem
from benchmarks.pages import free_port, start, wait_until_up

KEYS = {key.browser_name: key.disposition for key in keys.DECISIONS}
PATIENCE_S = 60.0
#: What the browser notes at each key: which, when [ms], and the star whose name and both figures are painted then.
NOTE = """() => {
  window.pressed = [];
  window.addEventListener("keydown", (e) => {
    const name = document.querySelector(".st-key-vet-header h3");
    const label = (start) => {
      const chart = document.querySelector(`[aria-label^="${start}"]`);
      return chart && chart.querySelector(".main-svg") ? chart.getAttribute("aria-label") : "";
    };
    const star = name ? name.innerText.trim() : "";
    const painted = label(`Light curve of ${star} `) && label("Folds, odd and even").endsWith(` of ${star}`);
    window.pressed.push([e.key, Date.now(), painted ? star : ""]);
  }, true);
}"""


def make(numbers: list[int], name: str) -> str:
    """A queue of those simulated stars."""
    return queues.create(name, [QueueItem(f"SIM {n}", {"target": f"SIM {n}"}) for n in numbers]).queue_id


def painted(page: Page, star: str) -> None:
    """Wait until the star's name and figures stand on the page and the browser has painted them."""
    patience = PATIENCE_S * 1e3
    page.locator(".st-key-vet-header h3", has_text=star).wait_for(timeout=patience)
    page.locator(f'[aria-label^="Light curve of {star} "] .main-svg').first.wait_for(timeout=patience)
    page.locator(f'[aria-label^="Folds, odd and even"][aria-label$=" of {star}"] .main-svg').first.wait_for(timeout=patience)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def looked_at(page: Page, address: str, stars: list[str], look: float) -> list[float]:
    """Seconds from each verdict's key to the next star being painted."""
    page.goto(address)
    painted(page, stars[0])
    page.wait_for_timeout(15_000)  # the network is loaded meanwhile, as for someone who reads the first star
    times = []
    for n, star in enumerate(stars[1:]):
        page.wait_for_timeout(look * 1e3)
        began = time.perf_counter()
        page.keyboard.press(list(KEYS)[n % 4])
        painted(page, star)
        times.append(time.perf_counter() - began)
    return times


async def hammered(address: str, stars: list[str], per_second: float, seed: int) -> tuple[list[list], float, int]:
    """The presses as the browser saw them, how long it took until the last star had a verdict, and how many were sent.

    They are sent at their times whether or not the page has dealt with those before, as fingers do.
    """
    draw = random.Random(seed)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        await page.goto(address)
        await page.locator(f'[aria-label^="Light curve of {stars[0]} "] .main-svg').first.wait_for(timeout=PATIENCE_S * 1e3)
        await page.evaluate(NOTE)
        keyboard = await page.context.new_cdp_session(page)
        waiting: set[asyncio.Task] = set()
        began, number = time.perf_counter(), 0
        finished = asyncio.create_task(
            page.get_by_text("All stars of this queue have a disposition").wait_for(timeout=1e3 * (len(stars) * 10 + PATIENCE_S))
        )
        while not finished.done():
            key = draw.choice(list(KEYS))
            for kind in ("keyDown", "keyUp"):
                event = {"type": kind, "key": key, "code": f"Key{key.upper()}", "windowsVirtualKeyCode": ord(key.upper())}
                task = asyncio.create_task(keyboard.send("Input.dispatchKeyEvent", event))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
            number += 1
            await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
        took = time.perf_counter() - began
        await finished
        await asyncio.gather(*waiting, return_exceptions=True)
        pressed = await page.evaluate("() => window.pressed")
        await browser.close()
        return pressed, took, number


def judge(pressed: list[list], reviewer: str, stars: list[str]) -> dict[str, int]:
    """How many verdicts are right, wrong, doubled; and stars without one."""
    entries = [e for e in dispositions.history(reviewer=reviewer) if not e.is_undo]
    wrong = 0
    for entry in entries:
        verdict = entry.disposition
        aimed = any(
            KEYS.get(key) == verdict.disposition and star == verdict.target_id and -PATIENCE_S < at / 1e3 - entry.at < 0.05
            for key, at, star in pressed
        )
        wrong += not aimed
    given = [e.disposition.target_id for e in entries]
    return {
        "keys": len(pressed),
        "verdicts": len(entries),
        "wrong": wrong,
        "doubled": len(given) - len(set(given)),
        "stars without": len(set(stars) - set(given)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stars", type=int, default=50)
    parser.add_argument("--fast", type=int, default=200)
    parser.add_argument("--per-second", type=float, default=20.0)
    parser.add_argument("--look", type=float, default=3.0, help="how long a star is looked at [s]")
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["ASTROSEQ_DATA"] = f"{cache}/data"
        calm = list(survey.star_numbers("TESS", options.seed, options.stars + 1))
        fast = list(survey.star_numbers("TESS", options.seed + 1, options.fast))
        port = free_port()
        server = start(port, cache)
        try:
            wait_until_up(port)
            base = f"http://127.0.0.1:{port}/Vet"
            if options.stars:
                address = f"{base}?reviewer=calm&queue={make(calm, 'calm')}"
                with sync_playwright() as driver:
                    browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
                    page = browser.new_page(viewport={"width": 1440, "height": 900})
                    times = looked_at(page, address, [f"SIM {n}" for n in calm], options.look)
                    browser.close()
                high = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
                print(
                    f"key to next star painted, {len(times)} stars: median {statistics.median(times):.2f} s, "
                    f"95th percentile {high:.2f} s, longest {max(times):.2f} s",
                    flush=True,
                )
            if options.fast:
                stars = [f"SIM {n}" for n in fast]
                address = f"{base}?reviewer=fast&queue={make(fast, 'fast')}"
                pressed, took, sent = asyncio.run(hammered(address, stars, options.per_second, options.seed))
                print(f"{len(stars)} stars at {sent / took:.1f} keys/s, {took:.0f} s: {judge(pressed, 'fast', stars)}")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
