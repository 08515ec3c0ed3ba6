from pathlib import Path

import pytest
from tiny_model import write_model


@pytest.fixture(scope="session")
def home_with_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose models folder holds one tiny untrained TESS model."""
    home = tmp_path_factory.mktemp("home")
    write_model(home / "models")
    return home


@pytest.fixture
def tiny(home_with_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That home, as the one in use."""
    monkeypatch.setenv("ASTROSEQ_HOME", str(home_with_model))
    return home_with_model
