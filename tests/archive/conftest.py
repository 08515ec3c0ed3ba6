"""The stand-in for the archives, and the assurance that no test reaches any other server."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.standin import StandIn


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections to other machines fail as the error of a test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A stand-in that AstroSeq takes for MAST, and hardly any waiting between attempts."""
    monkeypatch.setenv("ASTROSEQ_RETRY_SECONDS", "0.005")
    monkeypatch.setenv("ASTROSEQ_TIMEOUT_SECONDS", "10")
    with StandIn() as server:
        monkeypatch.setenv("ASTROSEQ_MAST_SERVER", server.url)
        yield server
