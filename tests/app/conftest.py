"""The pages run as Streamlit runs them, without a browser."""

import gc
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import streamlit as st

from astroseq_core.app.shared import background, memory
from astroseq_core.archive import refresh
from tests.standin import StandIn

ROOT = Path(__file__).resolve().parent.parent.parent


def _tiny() -> ModuleType:
    spec = importlib.util.spec_from_file_location("astroseq_tiny_model", ROOT / "tests" / "app" / "tiny.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session", autouse=True)
def all_open_pages(pages_open_quickly: None) -> None:
    """Every test here opens a page."""


@pytest.fixture(autouse=True)
def nothing_kept():
    """No test sees what another has opened or scored."""
    st.cache_resource.clear()
    # Garbage is collected after every run of a page: TensorFlow is left out of that, as in the page server.
    if "tensorflow" in sys.modules and not gc.get_freeze_count():
        memory.set_aside()


@pytest.fixture(autouse=True)
def own_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    """No page sees another test's refreshed catalogues; where a test starts no stand-in, the archives do not answer."""
    monkeypatch.setattr(refresh, "_latest", None)
    # a loaded machine answers later than people are kept waiting
    monkeypatch.setattr(background, "PROMPT_SECONDS", 20.0)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The archives on this machine, and hardly any waiting between attempts."""
    monkeypatch.setenv("ASTROSEQ_RETRY_SECONDS", "0.005")
    monkeypatch.setenv("ASTROSEQ_TIMEOUT_SECONDS", "10")
    with StandIn() as server:
        monkeypatch.setenv("ASTROSEQ_MAST_SERVER", server.url)
        monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", server.url)
        yield server


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any model."""
    monkeypatch.setenv("ASTROSEQ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def tiny_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one tiny model for TESS, made with SIM 4 among others."""
    home = tmp_path_factory.mktemp("home")
    _tiny().make_model(home, "tiny-tess", stars=("SIM 4",))
    return home


@pytest.fixture
def tiny(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASTROSEQ_HOME", str(tiny_home))
    return tiny_home
