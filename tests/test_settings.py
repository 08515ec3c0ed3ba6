from pathlib import Path

import pytest

from astroseq_core import settings

REPOSITORY = Path(__file__).resolve().parent.parent


def test_models_are_the_repositorys_and_the_cache_can_be_moved(tmp_path: Path):
    assert settings.models_dir() == REPOSITORY / "models"
    assert settings.cache_dir() == tmp_path / "astroseq-cache"
    assert settings.data_dir() == tmp_path / "astroseq-data"


def test_home_moves_cache_and_models_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ASTROSEQ_CACHE")
    assert settings.cache_dir() == REPOSITORY / "cache"
    monkeypatch.setenv("ASTROSEQ_HOME", str(tmp_path))
    assert (settings.cache_dir(), settings.models_dir()) == (tmp_path / "cache", tmp_path / "models")


def test_decisions_do_not_live_in_the_repository_by_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ASTROSEQ_DATA")
    assert REPOSITORY not in settings.data_dir().parents
    assert "astroseq" in settings.data_dir().name
