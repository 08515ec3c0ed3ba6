import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = Path("/usr/bin/chromium")
#: A busy machine without a graphics card draws the first chart slowly.
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as people start it, on a free port; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    # The archives are not there: nothing listens on port 9.
    nowhere = {"ASTROSEQ_MAST_SERVER": "http://127.0.0.1:9", "ASTROSEQ_EXOPLANET_ARCHIVE": "http://127.0.0.1:9"}
    environment = os.environ | nowhere | {"ASTROSEQ_HOME": str(home), "ASTROSEQ_CACHE": str(home / "cache")}
    log = (home / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}",
         "--server.fileWatcherType=none"], cwd=ROOT, env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
                    break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, (home / "server.log").read_text()
                assert time.monotonic() < deadline, "the app did not start"
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()
    assert "Traceback" not in (home / "server.log").read_text()


@pytest.fixture
def page(server):
    if not CHROMIUM.is_file():
        pytest.skip(f"there is no {CHROMIUM}; the pages are not driven in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": 1280, "height": 800})
        shown.set_default_timeout(PATIENCE_MS)
        yield shown
        browser.close()


def wait_for_chart(page) -> None:
    page.locator("[data-testid=stPlotlyChart] .main-svg").first.wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def assert_no_error(page) -> None:
    assert page.locator("[data-testid=stException]").count() == 0
    assert "Traceback" not in page.locator("body").inner_text()


def test_from_a_name_to_a_star_to_a_link(page, server):
    from playwright.sync_api import expect

    page.goto(server)
    page.get_by_role("heading", name="AstroSeq", exact=True).wait_for()
    wait_for_chart(page)
    assert_no_error(page)

    field = page.get_by_label("A star")
    field.fill("no such star")
    field.press("Enter")
    expect(page.get_by_test_id("stAlert")).to_contain_text("is in no catalogue here", timeout=PATIENCE_MS)
    assert_no_error(page)

    field.fill("sim3")
    field.press("Enter")
    page.get_by_role("heading", name="SIM 3", exact=True).wait_for()
    expect(page).to_have_url(re.compile(r"/Explore\?.*target=SIM(\+|%20)3"))
    wait_for_chart(page)
    assert page.locator("[data-testid=stPlotlyChart]").count() >= 1
    assert_no_error(page)

    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="SIM 4", exact=True).wait_for()
    expect(page).to_have_url(re.compile(r"target=SIM(\+|%20)4"), timeout=PATIENCE_MS)
    page.get_by_role("tab", name="Ephemerides").click()
    expect(page).to_have_url(re.compile(r"tab=Ephemerides"), timeout=PATIENCE_MS)
    page.locator("[data-testid=stDataFrame]").wait_for()

    link = page.url
    page.context.clear_cookies()
    page.goto("about:blank")
    page.goto(link)
    page.get_by_role("heading", name="SIM 4", exact=True).wait_for()
    page.locator("[data-testid=stDataFrame]").wait_for()
    wait_for_chart(page)
    assert_no_error(page)


def test_keys_change_the_star(page, server):
    page.goto(f"{server}/Explore?target=SIM+6")
    page.get_by_role("heading", name="SIM 6", exact=True).wait_for()
    wait_for_chart(page)
    page.keyboard.press("n")
    page.get_by_role("heading", name="SIM 7", exact=True).wait_for()
    page.keyboard.press("p")
    page.get_by_role("heading", name="SIM 6", exact=True).wait_for()
    assert_no_error(page)
