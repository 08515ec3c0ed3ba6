"""The stand-in for the archives."""

from collections.abc import Iterator

import pytest

from tests.standin import StandIn


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A stand-in that AstroSeq takes for MAST, and hardly any waiting between attempts."""
    monkeypatch.setenv("ASTROSEQ_RETRY_SECONDS", "0.005")
    monkeypatch.setenv("ASTROSEQ_TIMEOUT_SECONDS", "10")
    with StandIn() as server:
        monkeypatch.setenv("ASTROSEQ_MAST_SERVER", server.url)
        yield server
