"""Measure the contrast of text on every page against WCAG AA, light and dark, with axe-core in Chromium.

    .venv/bin/python -m tools.check_contrast [--axe axe.min.js] [--only Data]

Exits with 1 where text is too faint, and names it. Where there is no Chromium, or npm cannot bring axe-core, it says so and
exits with 0.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools.screenshots import SECONDS_TO_DRAW, free_port, start

#: The version that is measured with.
AXE = "axe-core@4.10.3"
#: Pages without scores, downloads and runs, and one star.
PAGES = (
    "",
    "Explore?target=SIM 1",
    "Explore?source=cache",
    "Explore?source=cache&target=WASP-18",
    "Data",
    "Data?tab=Download",
    "Data?tab=Your files",
    "TOIs",
    "Train",
    "Train?tab=Runs",
    "Leaderboard",
    "Survey",
    "Survey?tab=Surveys",
    "Vet",
)
#: So long after its title a page has all of its text.
SECONDS_TO_SETTLE = 5
#: Asks axe for the texts that are too faint: how faint, and where.
MEASURE = """async () => (await axe.run(document, {runOnly: ["color-contrast"], resultTypes: ["violations"]})).violations
  .flatMap((one) => one.nodes.map((node) => [node.any[0].data.contrastRatio, node.any[0].data.fgColor, node.any[0].data.bgColor,
    (document.querySelector(node.target[0]) || {}).innerText || node.target[0]]))"""


def find_axe(given: Path | None) -> str:
    """The text of axe-core: of the given file, or as npm brings it; "" where it does not."""
    if given is not None:
        return given.read_text(encoding="utf-8")
    npm = shutil.which("npm")
    if npm is None:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([npm, "pack", AXE, "--silent"], cwd=folder, capture_output=True, check=False)  # noqa: S603
        packed = next(Path(folder).glob("*.tgz"), None)
        if done.returncode or packed is None:
            return ""
        with tarfile.open(packed) as archive:
            file = archive.extractfile("package/axe.min.js")
            return "" if file is None else file.read().decode()


def main() -> int:
    """Measure, and print what is too faint."""
    parser = argparse.ArgumentParser(description="Measure the contrast of text on every page.")
    parser.add_argument("--axe", type=Path, help="axe.min.js; else npm brings it")
    parser.add_argument("--only", default="", help="only pages whose address contains this")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    axe = find_axe(args.axe)
    if not axe or not Path(args.chromium).is_file():
        print(f"Contrast is not measured: {'there is no Chromium' if axe else f'npm does not bring {AXE}'}.")
        return 0
    from playwright.sync_api import sync_playwright

    home, port, faint = tempfile.mkdtemp(), free_port(), 0
    os.environ |= {"ASTROSEQ_DATA": f"{home}/data", "ASTROSEQ_CACHE": f"{home}/cache", "ASTROSEQ_FIRST_SURVEY": "0"}
    server = start(port)
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=args.chromium, args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                for path in (path for path in PAGES if args.only in path):
                    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
                    limit = SECONDS_TO_DRAW * 1000
                    page.goto(f"http://127.0.0.1:{port}/{path}", timeout=limit)
                    page.locator("[data-testid=stMain] h1").first.wait_for(timeout=limit)
                    page.wait_for_timeout(SECONDS_TO_SETTLE * 1000)  # a star that is being scored never stands still
                    page.evaluate(axe)
                    found = page.evaluate(MEASURE)
                    faint += len(found)
                    for ratio, text, ground, words in found:
                        print(f"{scheme} /{path}: {ratio} of {text} on {ground}: {' '.join(str(words).split())[:60]}")
                    page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=20)
        shutil.rmtree(home, ignore_errors=True)
    print(f"{faint} texts are too faint." if faint else "All text has the contrast of WCAG AA.")
    return min(faint, 1)


if __name__ == "__main__":
    sys.exit(main())
