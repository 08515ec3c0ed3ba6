"""A real server and a real browser."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.steps import PATIENCE_MS

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all that the app keeps; what people decide and do is in ``data``."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(server_home: Path) -> Iterator[str]:
    """The app as people start it, on a free port; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    home = server_home
    # The archives are not there: nothing listens on port 9.
    nowhere = {"ASTROSEQ_MAST_SERVER": "http://127.0.0.1:9", "ASTROSEQ_EXOPLANET_ARCHIVE": "http://127.0.0.1:9"}
    own = {
        "ASTROSEQ_HOME": str(home),
        "ASTROSEQ_CACHE": str(home / "cache"),
        "ASTROSEQ_DATA": str(home / "data"),
        "ASTROSEQ_FIRST_SURVEY": "0",
        "ASTROSEQ_FOLDERS": tempfile.gettempdir(),
    }
    environment = os.environ | nowhere | own
    log = (home / "server.log").open("wb")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "app.py",
            "--server.headless=true",
            f"--server.port={port}",
            "--server.fileWatcherType=none",
        ],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        deadline = time.monotonic() + 300
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
