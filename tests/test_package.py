"""The wheel, installed where the checkout cannot be seen: it scores a star and serves the pages."""

import csv
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from astroseq_core.simulation import survey

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: What pip writes for a console script, with the module and the function from the wheel's own metadata.
SCRIPT = """#!{python}
import sys
from importlib.metadata import distribution
(entry,) = distribution("astroseq").entry_points.select(group="console_scripts", name="astroseq")
sys.exit(entry.load()())
"""


@dataclass(frozen=True)
class Installed:
    """An installed wheel; commands run in a folder that has nothing to do with the checkout."""

    wheel: Path
    lib: Path
    script: Path
    folder: Path
    environment: dict[str, str]

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*map(str, command)], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel made from the sdist, as releases are, in a folder of its own; what it needs comes from this environment."""
    base = tmp_path_factory.mktemp("package")
    assert not base.is_relative_to(ROOT)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(base / "dist"), str(ROOT)]
    made = subprocess.run(build, cwd=base, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stdout + made.stderr
    (wheel,) = (base / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:  # a wheel of pure Python is installed by unpacking it
        archive.extractall(base / "lib")
    script = base / "bin" / "astroseq"
    script.parent.mkdir()
    script.write_text(SCRIPT.format(python=sys.executable), encoding="utf-8")
    script.chmod(0o755)
    (base / "home").mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASTROSEQ_", "PYTHONPATH", "STREAMLIT_", "XDG_"))}
    own = {"HOME": str(base / "home"), "PYTHONPATH": str(base / "lib"), "ASTROSEQ_FIRST_SURVEY": "0"}
    return Installed(wheel, base / "lib", script, base / "home", kept | own)


def test_the_wheel_has_all_of_the_package_the_pages_and_the_models(installed: Installed):
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    bundled = "astroseq_core/_bundled"
    code = [p for p in (ROOT / "astroseq_core").rglob("*") if p.suffix in (".py", ".toml", ".csv", ".typed")]
    assert len(code) > 200
    assert {p.relative_to(ROOT).as_posix() for p in code} <= names
    pages = {f"{bundled}/pages/{p.name}" for p in (ROOT / "pages").glob("*.py")}
    assert len(pages) > 5
    assert pages | {f"{bundled}/app.py", f"{bundled}/.streamlit/config.toml"} <= names
    models = {p.parent.name for p in (ROOT / "models").glob("[!.]*/card.json")}
    assert {f"{bundled}/models/{m}/{file}" for m in models for file in ("card.json", "model.keras")} <= names
    # nothing that would stand beside other people's packages, and no model that is still being trained
    assert {n.split("/")[0] for n in names} == {"astroseq_core", "astroseq-0.1.0.dist-info"}
    assert not [n for n in names if "/models/." in n or "__pycache__" in n]


def test_the_checkout_is_out_of_sight(installed: Installed):
    where = installed.run(sys.executable, "-P", "-c", "import astroseq_core; print(astroseq_core.__file__)")
    assert Path(where.stdout.strip()) == installed.lib / "astroseq_core" / "__init__.py", where.stderr
    without = {k: v for k, v in installed.environment.items() if k != "PYTHONPATH"}
    alone = subprocess.run([sys.executable, "-P", "-c", "import astroseq_core"], cwd=installed.folder, env=without, check=False)
    assert alone.returncode != 0


def test_nothing_is_kept_beside_the_installed_package(installed: Installed):
    code = "from astroseq_core import settings as s; print(s.models_dir(), s.cache_dir(), s.data_dir(), s.app_dir(), sep='\\n')"
    models, cache, data, app = map(Path, installed.run(sys.executable, "-c", code).stdout.splitlines())
    assert (models, app) == (installed.lib / "astroseq_core" / "_bundled" / "models", models.parent)
    for path in (cache, data):
        assert path.is_relative_to(installed.folder)
        assert "astroseq" in path.parts
    assert cache != data


def test_a_star_is_scored(installed: Installed):
    done = installed.run(installed.script, "score", "SIM 1", "--out", "scores.csv")
    assert done.returncode == 0, done.stderr
    with (installed.folder / "scores.csv").open(encoding="utf-8") as file:
        (star,) = csv.DictReader(file)
    assert (star["target_id"], star["model_id"], star["status"]) == ("SIM 1", "tess-2min-v2", "ok")
    # one of the planets that were put into it, or half its period, which fits three planets better; quiet stars score about 2
    found = float(star["best_period_days"])
    periods = [e.period_days for e in survey.published_ephemerides("SIM 1") if e.period_days]
    assert min(abs(multiple * found / period - 1) for period in periods for multiple in (1, 2)) < 2e-3
    assert float(star["star_score"]) > 20


def test_help_says_the_name_that_was_typed(installed: Installed):
    assert installed.run(installed.script, "score", "--help").stdout.startswith("usage: astroseq score ")
    module = installed.run(sys.executable, "-m", "astroseq_core", "score", "--help")
    assert module.stdout.startswith("usage: python -m astroseq_core score ")
    assert installed.run(installed.script, "--version").stdout.strip() == PROJECT["version"]


def test_options_of_streamlit_go_through_and_other_commands_take_no_unknown_ones(installed: Installed):
    refused = installed.run(installed.script, "app", "--no-such-option")
    assert refused.returncode == 2
    assert "--no-such-option" in refused.stderr
    unknown = installed.run(installed.script, "cache", "status", "--no-such-option")
    assert unknown.returncode == 2
    assert "unrecognized arguments: --no-such-option" in unknown.stderr


@pytest.fixture(scope="module")
def port(installed: Installed) -> Iterator[int]:
    """The port of the app, started by the installed script."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number = int(listener.getsockname()[1])
    log = installed.folder / "server.log"
    command = [installed.script, "app", "--port", str(number), "--server.headless", "true", "--server.fileWatcherType=none"]
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=installed.folder, env=installed.environment, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 300
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{number}/_stcore/health", timeout=2) as answer:
                    assert answer.read() == b"ok"
                    break
            except (urllib.error.URLError, OSError):
                assert server.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() < deadline, "the app did not start"
                time.sleep(0.2)
        yield number
    finally:
        server.terminate()
        server.wait(timeout=20)


def messages_of(port: int, page: str) -> list[ForwardMsg]:
    """All that the server sends to a browser that opens a page, until its script has ended."""
    found = []
    with connect(f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"], max_size=None) as browser:  # type: ignore[list-item]
        message = BackMsg()
        message.rerun_script.page_name = page
        browser.send(message.SerializeToString())
        while not found or found[-1].WhichOneof("type") != "script_finished":
            found.append(ForwardMsg.FromString(browser.recv(timeout=60)))
    return found


@pytest.mark.parametrize(("page", "heading"), [("", "AstroSeq"), ("Leaderboard", "Leaderboard"), ("Vet", "Vet")])
def test_its_pages_run(port: int, page: str, heading: str):
    messages = messages_of(port, page)
    assert messages[-1].script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
    elements = [m.delta.new_element for m in messages if m.WhichOneof("type") == "delta"]
    assert not [e.exception.message for e in elements if e.WhichOneof("type") == "exception"]
    assert heading in [e.heading.body for e in elements if e.WhichOneof("type") == "heading"]
    # the way to every page of the checkout
    links = [e.page_link.label for e in elements if e.WhichOneof("type") == "page_link"]
    titles = [re.sub(r"^\d+_", "", p.stem) for p in sorted((ROOT / "pages").glob("*.py"))]
    assert links[: len(titles) + 1] == ["AstroSeq", *titles]


def pins(file: str) -> dict[str, Requirement]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    found = [Requirement(line.split("#")[0]) for line in lines if line.strip() and not line.startswith(("#", "-"))]
    return {r.name.lower(): r for r in found}


def test_what_is_pinned_is_what_the_package_asks_for():
    extras = PROJECT["optional-dependencies"]
    needed = [Requirement(r) for r in (*PROJECT["dependencies"], *extras["train"], *extras["dask"], *extras["report"])]
    for file, asked in (("requirements.txt", needed), ("requirements-dev.txt", [Requirement(r) for r in extras["dev"][1:]])):
        pinned = pins(file)
        assert {r.name for r in asked} == set(pinned)
        for requirement in asked:
            (pin,) = pinned[requirement.name].specifier
            assert pin.operator == "=="
            assert requirement.specifier.contains(pin.version), requirement
            assert str(requirement.marker) == str(pinned[requirement.name].marker)
            assert "<" not in str(requirement.specifier) or requirement.name == "pandas"  # an upper bound has a reason beside it
    assert {r.split("[")[0] for r in (*extras["all"], extras["dev"][0])} == {"astroseq"}
