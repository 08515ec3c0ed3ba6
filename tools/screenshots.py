"""Make the pictures of docs/: start the app, open its pages in Chromium, light and dark, wide and as on a phone.

    .venv/bin/python tools/screenshots.py [--star "SIM 1"] [--vet "SIM 10"] [--runs my-run] [--only explore-dark]

Needs the development requirements (playwright) and a Chromium; says what it wrote.
"""

import argparse
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
WIDE, PHONE = (1440, 900), (390, 844)
SECONDS_TO_START, SECONDS_TO_DRAW = 60, 90
#: What stands on a page when it is there: a chart, where nothing else is said.
CHART = "[data-testid=stPlotlyChart] .main-svg"
DRAWN = {"leaderboard": f"[data-testid=stDataFrame], {CHART}", "survey": "[data-testid=stMarkdown], [data-testid=stDataFrame]"}


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(port: int) -> subprocess.Popen[bytes]:
    """The app's server, answering."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    server = subprocess.Popen([*command, "--server.fileWatcherType=none"], cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
                return server
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    server.terminate()
    raise SystemExit("The app did not start.")


def main() -> None:
    """Write the pictures."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description="Make the pictures of docs/.")
    parser.add_argument("--star", default="SIM 1")
    parser.add_argument("--only", default="", help="make only pictures whose name contains this")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--full", action="store_true", help="the whole page, not only the first screen")
    parser.add_argument("--query", default="", help="more of Explore's address, such as tab=Segment")
    parser.add_argument("--runs", nargs="*", default=[], metavar="RUN", help="runs of the Train page to show")
    parser.add_argument("--board", action="store_true", help="also the Leaderboard and the Survey page, with the scores here")
    parser.add_argument("--vet", default="SIM 10", metavar="STAR", help="the star on the Vet page; none where empty")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    args = parser.parse_args()
    args.out.mkdir(exist_ok=True)
    explore = "Explore?" + urlencode({"target": args.star}) + (f"&{args.query}" if args.query else "")
    # Only those of a run have charts to wait for.
    train = [(f"train-{run}", f"Train?run={run}") for run in args.runs]
    vet = [("vet", "Vet?" + urlencode({"reviewer": "you", "target": args.vet}))] if args.vet else []
    board = [("leaderboard", "Leaderboard"), ("leaderboard-cut", "Leaderboard?tab=Cut"), ("survey", "Survey?tab=Surveys")]
    shots = [
        (f"{page}-{scheme}{suffix}", path, scheme, size)
        for suffix, size in (("", WIDE), ("-narrow", PHONE))
        for page, path in (("landing", ""), ("explore", explore), *vet, *train, *(board if args.board else ()))
        for scheme in ("light", "dark")
        if not (suffix and scheme == "dark")
    ]
    port = free_port()
    server = start(port)
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=args.chromium, args=["--no-sandbox"])
            for name, path, scheme, (width, height) in shots:
                if args.only not in name:
                    continue
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.goto(f"http://127.0.0.1:{port}/{path}")
                limit = SECONDS_TO_DRAW * 1000
                page.wait_for_selector(DRAWN.get(name.split("-")[0], CHART), timeout=limit)
                page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=limit)
                page.wait_for_function("() => !/scoring with|is on its way/.test(document.body.innerText)", timeout=limit)
                page.wait_for_timeout(1500)  # the charts' own transitions end
                target = args.out / f"{name}.png"
                page.screenshot(path=target, full_page=args.full)
                print(f"{target.name}: {target.stat().st_size // 1024} kB")
                page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=20)


if __name__ == "__main__":
    main()
