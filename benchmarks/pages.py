"""How soon a person sees what was asked for, in a real Chromium, beside a bare Streamlit page with one small figure.

    python -m benchmarks.pages [--repeats 10] [--out benchmarks/pages.json] [--app FOLDER] [--rows start change]

Times depend on the machine, so what counts is the ratio of medians to the reference page (benchmarks/reference_page.py), which is
measured in turn with each of AstroSeq's. The results are written as JSON, and compared with those that stand there.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = Path(__file__).with_name("reference_page.py")
PATIENCE_S = 180.0
#: How long somebody looks at a page before the next click [s]; what is left of its drawing may end meanwhile.
LOOK_S = 3.0
#: How long the first page is looked at, while the network is loaded [s].
FIRST_LOOK_S = 20.0
#: Row: what it is compared with, and the largest ratio that is aimed for.
AIMS = {
    "start to first chart": ("reference start", 1.4),
    "start to picture on landing": ("reference start", 1.1),
    "star change, new star": ("reference change", 2.0),
    "star change, seen before": ("reference change", 1.3),
    "Vet, key to next star": ("reference change", 1.5),
}


@dataclass
class Rows:
    """Seconds of every repeat, by row."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, row: str, began: float) -> None:
        """Note how long it is since something began."""
        self.seconds.setdefault(row, []).append(time.perf_counter() - began)

    def results(self) -> dict[str, dict[str, object]]:
        """Median, range and ratio of each row."""
        out: dict[str, dict[str, object]] = {}
        for row, took in self.seconds.items():
            out[row] = {"median_s": round(statistics.median(took), 3), "each_s": [round(t, 3) for t in took]}
            compared, aim = AIMS.get(row, ("", 0.0))
            if compared in self.seconds:
                ratio = statistics.median(took) / statistics.median(self.seconds[compared])
                out[row] |= {"ratio": round(ratio, 2), "aim": aim}
        return out


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def start(port: int, cache: str, app: Path | str = "app.py", root: Path = ROOT) -> subprocess.Popen[bytes]:
    """The server, ready or not."""
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port), "--server.headless", "true"]
    environment = os.environ | {"ASTROSEQ_CACHE": cache, "ASTROSEQ_DATA": f"{cache}/data", "ASTROSEQ_FIRST_SURVEY": "0"}
    return subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until_up(port: int) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("The server did not start.")


@contextmanager
def server(cache: str, app: Path | str = "app.py", root: Path = ROOT) -> Iterator[str]:
    """A server that is started, and its address; it may not answer yet."""
    port = free_port()
    process = start(port, cache, app, root)
    try:
        wait_until_up(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def painted(page: Page, label: str, inside: str = ".main-svg") -> None:
    """Wait until what is labelled so stands, and the browser has painted it."""
    page.locator(f'[aria-label^="{label}"] {inside}').first.wait_for(timeout=PATIENCE_S * 1e3)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def measure_starts(browser: Browser, rows: Rows, cache: str, root: Path) -> None:
    """From the start of the server to the first figure, each with a server and a browser page of its own."""
    began = time.perf_counter()
    with server(cache, REFERENCE) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(address)
        painted(page, "Figure 1 ")
        rows.add("reference start", began)
    began = time.perf_counter()
    with server(cache, root=root) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/Explore?target=SIM+1")
        painted(page, "Light curve of SIM 1 ")
        rows.add("start to first chart", began)


def measure_changes(browser: Browser, rows: Rows, cache: str, root: Path, repeats: int) -> None:
    """From the click on Next to the next figure, on the reference page and in Explore in turn."""
    with server(cache, REFERENCE) as plain, server(cache, root=root) as own, browser.new_context() as context:
        reference, page = context.new_page(), context.new_page()
        reference.goto(plain)
        painted(reference, "Figure 1 ")
        page.goto(f"{own}/Explore?target=SIM+1")
        painted(page, "Light curve of SIM 1 ")
        page.wait_for_timeout(FIRST_LOOK_S * 1e3)
        steps = [("Next", f"Light curve of SIM {n + 2} ", "star change, new star") for n in range(repeats)]
        steps += [("Back", f"Light curve of SIM {n} ", "star change, seen before") for n in range(repeats, 0, -1)]
        for n, (button, label, row) in enumerate(steps):
            reference.bring_to_front()
            change(reference, "Next", f"Figure {n + 2} ", rows, "reference change")
            page.bring_to_front()
            change(page, button, label, rows, row)


def change(page: Page, button: str, label: str, rows: Rows, row: str) -> None:
    """One click, timed until the figure of that label is painted; then a look at it."""
    found = page.get_by_role("button", name=button).first
    found.wait_for()
    began = time.perf_counter()
    found.click()
    painted(page, label)
    rows.add(row, began)
    page.wait_for_timeout(LOOK_S * 1e3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    parser.add_argument("--app", type=Path, default=ROOT, help="folder of the AstroSeq to measure, as of an earlier commit")
    parser.add_argument("--rows", nargs="+", choices=("start", "change"), default=("start", "change"))
    options = parser.parse_args()
    before = json.loads(options.out.read_text("utf-8")) if options.out.exists() else {}
    rows = Rows()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as cache:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        measures: dict[str, Callable[[], None]] = {
            "start": lambda: [measure_starts(browser, rows, cache, options.app) for _ in range(options.repeats)] and None,
            "change": lambda: measure_changes(browser, rows, cache, options.app, options.repeats),
        }
        for name in options.rows:
            measures[name]()
        browser.close()
    found = rows.results()
    options.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    for row, one in found.items():
        ratio = f"{one['ratio']:5.2f} times (aim {one['aim']:g})" if "ratio" in one else ""
        was = before.get(row, {}).get("ratio")
        print(f"{row:30s} {one['median_s']:6.2f} s  {ratio}{f', before {was}' if was else ''}")


if __name__ == "__main__":
    main()
