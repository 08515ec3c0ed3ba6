"""Fixtures for all tests: folders of their own, the lent real data, and light curves with injected truth."""

import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroseq_core import missions, settings
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.io import lightcurve
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem

LENT = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes a person's decisions or the repository's cache; the shipped models stay where they are."""
    monkeypatch.setenv("ASTROSEQ_DATA", str(tmp_path / "astroseq-data"))
    monkeypatch.setenv("ASTROSEQ_CACHE", str(tmp_path / "astroseq-cache"))
    monkeypatch.setenv("ASTROSEQ_FIRST_SURVEY", "0")
    monkeypatch.delenv("ASTROSEQ_HOME", raising=False)
    # What tests write, and the lent data, may be named by the links that they follow.
    monkeypatch.setenv("ASTROSEQ_FOLDERS", os.pathsep.join((tempfile.gettempdir(), str(LENT))))
    assert settings.models_dir().parent == Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def lent_data() -> Path:
    """The folder of lent real light curves beside the project."""
    if not (LENT / "manifest.csv").is_file():
        pytest.skip(f"the lent real light curves are not at {LENT}; tests on real data are skipped")
    return LENT


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections to other machines fail as the error of a test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def pages_open_quickly() -> Iterator[None]:
    """Streamlit's AppTest does no work that is the same for every page, and none while a page is being drawn."""
    from streamlit.components.v2 import manifest_scanner
    from streamlit.testing.v1 import local_script_runner

    look = local_script_runner.require_widgets_deltas

    def join_then_look(runner: Any, timeout: float = 3) -> None:
        runner._script_thread.join(timeout)
        look(runner, 1.0)

    with pytest.MonkeyPatch.context() as patched:
        # A quarter of a second: it reads about every installed package whether it brings a component.
        patched.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        # It asks a thousand times a second whether the page is drawn, and takes the time from the thread that draws it.
        patched.setattr(local_script_runner, "require_widgets_deltas", join_then_look)
        yield


@dataclass(frozen=True)
class Injected:
    """A light curve and what was put into it."""

    curve: LightCurve
    ephemeris: Ephemeris
    noise_ppm: float


@pytest.fixture(scope="session")
def light_curve_like_tess_sector() -> Injected:
    """27 days at two minutes with a gap in the middle, slow variation of 0.5 %, white noise and box-like dips."""
    rng = np.random.default_rng(20180725)
    target = Target("TIC", "261136679")
    t0, period, duration_hours, depth_ppm, noise_ppm = 1326.2, 3.7, 3.0, 2000.0, 800.0
    time = 1325.3 + np.arange(0, 27.0, 2 / 1440)
    time = time[(time < 1338.2) | (time > 1339.6)]
    ephemeris = Ephemeris(
        target.id, "injected b", Instant(t0, TimeSystem.BTJD), period, duration_hours, depth_ppm, t0_err=0.001, period_err=1e-4
    )
    flux = 1 + 0.005 * np.sin(2 * np.pi * time / 6.3) + noise_ppm * 1e-6 * rng.standard_normal(len(time))
    flux[ephemeris.in_transit(time, TimeSystem.BTJD)] -= depth_ppm * 1e-6
    flux[rng.integers(0, len(time), 25)] = np.nan
    quality = np.zeros(len(time), np.int64)
    quality[1000:1010] = 128  # manual exclude: among the default bits
    flux[1000:1010] *= 0.5
    quality[2000:2010] = 2048  # scattered light, not among them
    curve = lightcurve.make_light_curve(
        target=target,
        observation="s0001",
        time=time,
        flux=flux * 1234.5,
        flux_err=np.full(len(time), 1234.5 * noise_ppm * 1e-6),
        quality=quality,
        instrument=missions.TESS,
        author="SPOC",
    )
    return Injected(curve, ephemeris, noise_ppm)


@pytest.fixture(scope="session")
def home_with_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose models folder holds one tiny untrained TESS model."""
    from tests.scoring.tiny_model import write_model

    home = tmp_path_factory.mktemp("home")
    write_model(home / "models")
    return home


@pytest.fixture(scope="session")
def home_with_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two tiny untrained models, one for TESS and one for Kepler and K2."""
    from astroseq_core.preprocessing.prepare import PreprocessingConfig
    from tests.scoring.tiny_model import write_model

    home = tmp_path_factory.mktemp("home")
    write_model(home / "models")
    slow = PreprocessingConfig(cadence_minutes=29.4244, detrending="median")
    write_model(home / "models", "tiny-long", ("Kepler", "K2"), preparation=slow)
    return home


@pytest.fixture
def tiny(home_with_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That home, as the one in use."""
    monkeypatch.setenv("ASTROSEQ_HOME", str(home_with_model))
    return home_with_model
