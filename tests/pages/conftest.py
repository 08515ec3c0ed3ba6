"""The pages run as Streamlit runs them, without a browser."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import streamlit as st

ROOT = Path(__file__).resolve().parent.parent.parent


def _tiny() -> ModuleType:
    spec = importlib.util.spec_from_file_location("astroseq_tiny_model", ROOT / "tests" / "ui" / "tiny.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def nothing_kept():
    """No test sees what another has opened or scored."""
    st.cache_resource.clear()


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
