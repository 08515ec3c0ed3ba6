"""How soon a person sees a star: server start to first chart, and star change to new chart, in a real Chromium.

    python -m benchmarks.pages [--repeats 5]

Times are medians. "First chart" ends when the star's figure stands on the page; the strip of probabilities may follow.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 120.0


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def start(port: int, cache: str) -> subprocess.Popen[bytes]:
    """The server, ready or not."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true"]
    environment = os.environ | {"ASTROSEQ_CACHE": cache, "ASTROSEQ_DATA": f"{cache}/data", "ASTROSEQ_FIRST_SURVEY": "0"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until_up(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("The server did not start.")


def drawn(page: Page, star: str) -> None:
    """Wait until that star's figure stands and the browser has painted it."""
    page.locator(f'[aria-label^="Light curve of {star} "] .main-svg').first.wait_for(timeout=PATIENCE_S * 1e3)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def cold(playwright, cache: str) -> float:
    port, began = free_port(), time.perf_counter()
    server = start(port, cache)
    try:
        wait_until_up(port)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/Explore?target=SIM+1")
        drawn(page, "SIM 1")
        took = time.perf_counter() - began
        browser.close()
        return took
    finally:
        server.terminate()
        server.wait()


def changes(playwright, cache: str, repeats: int) -> tuple[list[float], list[float]]:
    """Durations [s] of first visits to stars, and of second ones, by the button to the next star and back."""
    port = free_port()
    server = start(port, cache)
    first, again = [], []
    try:
        wait_until_up(port)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/Explore?target=SIM+1")
        drawn(page, "SIM 1")
        page.wait_for_timeout(20_000)  # the network is loaded meanwhile, as for someone who reads the first page
        for step in range(repeats):
            began = time.perf_counter()
            page.get_by_role("button", name="Next").first.click()
            drawn(page, f"SIM {step + 2}")
            first.append(time.perf_counter() - began)
            page.wait_for_timeout(3000)
        for step in range(repeats, 0, -1):
            began = time.perf_counter()
            page.get_by_role("button", name="Back").first.click()
            drawn(page, f"SIM {step}")
            again.append(time.perf_counter() - began)
            page.wait_for_timeout(1500)
        browser.close()
        return first, again
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as cache:
        starts = [cold(playwright, cache) for _ in range(repeats)]
        first, again = changes(playwright, cache, repeats)
    rows = {"server start to first chart": starts, "star change, new star": first, "star change, seen before": again}
    for what, took in rows.items():
        print(f"{what:30s} {statistics.median(took):6.2f} s   ({min(took):.2f} to {max(took):.2f}, {len(took)} times)")


if __name__ == "__main__":
    main()
