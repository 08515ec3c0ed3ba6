"""Without a network that is said at once, by every service, and noticed again as soon as there is one."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from astroseq_core.archive import exoplanet_archive, http, mast, names, network
from astroseq_core.errors import NoNetworkError, TransientError, UnreachableError
from astroseq_core.targets import parse_star
from tests.standin import StandIn

AGAIN, NO_NAME = (socket.gaierror(code, "no answer") for code in (socket.EAI_AGAIN, socket.EAI_NONAME))


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Nothing of what other tests looked up."""
    network.forget()
    yield
    network.forget()


class Lookups:
    """The system's look-up, which answers as it is told and counts the names asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: OSError | None = AGAIN
        self.seconds = 0.0
        self.real = socket.getaddrinfo

    def __call__(self, host: Any, *arguments: Any, **options: Any) -> Any:
        if host == "127.0.0.1":
            return self.real(host, *arguments, **options)
        self.asked.append(str(host))
        time.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return self.real("127.0.0.1", *arguments, **options)


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> Lookups:
    """No proxy, archives with names, and a look-up that fails."""
    made = Lookups()
    monkeypatch.setattr(socket, "getaddrinfo", made)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", "http://archive.invalid")
    monkeypatch.setenv("ASTROSEQ_MAST_SERVER", "http://mast.invalid")
    return made


def test_a_nonsense_name_is_answered_at_once_without_a_network(lookups: Lookups):
    begun = time.monotonic()
    with pytest.raises(NoNetworkError) as caught:
        names.resolve_name("utter nonsense")
    assert time.monotonic() - begun < 8, "the client is not even imported"
    assert "'utter nonsense' is in no catalog here" in str(caught.value)
    assert "There is no network" in str(caught.value)
    assert "try again later" not in str(caught.value)
    assert lookups.asked == ["archive.invalid"]


def test_the_command_line_and_the_front_door_say_so_too(lookups: Lookups, capsys: pytest.CaptureFixture[str]):
    import astroseq_core
    from astroseq_core.cli import main

    begun = time.monotonic()
    with pytest.raises(NoNetworkError, match="There is no network"):
        astroseq_core.open_star("utter nonsense")
    assert main.main(["fetch", "utter nonsense"]) == 1
    said = capsys.readouterr().err
    assert said.count("There is no network") == 1
    assert "Traceback" not in said
    assert time.monotonic() - begun < 25, "of imports alone"


def test_one_look_up_serves_all_services_for_some_seconds(lookups: Lookups, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(network, "FAILURE_SECONDS", 60.0)  # the clients' imports may take longer than it holds
    for ask in (
        lambda: names.look_up_name("nobody", http.retry_policy()),
        lambda: mast.search(parse_star("TIC 101")),
        lambda: exoplanet_archive.query_aliases("nobody", http.retry_policy()),
    ):
        with pytest.raises(NoNetworkError, match="There is no network"):
            ask()
    assert len(lookups.asked) == 1
    monkeypatch.setattr(network, "FAILURE_SECONDS", 0.0)
    network.forget()
    with pytest.raises(NoNetworkError):
        network.check_network("http://mast.invalid")
    lookups.error = None
    network.check_network("http://mast.invalid")
    network.check_network("http://mast.invalid/again")
    assert len(lookups.asked) == 3, "noticed again as soon as there is one, and then remembered"


def test_a_server_whose_name_is_wrong_bars_no_other(lookups: Lookups):
    lookups.error = NO_NAME
    with pytest.raises(NoNetworkError):
        network.check_network("http://mistyped.invalid")
    lookups.error = None
    network.check_network("http://mast.invalid")


def test_a_look_up_that_hangs_is_not_waited_for_by_anyone(lookups: Lookups, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(network, "LOOKUP_SECONDS", 0.05)
    lookups.seconds = 1.0
    said: list[str] = []

    def ask(host: str) -> None:
        try:
            network.check_network(f"https://{host}")
        except NoNetworkError as error:
            said.append(str(error))

    begun = time.monotonic()
    threads = [threading.Thread(target=ask, args=(host,)) for host in ("a.invalid", "b.invalid", "c.invalid")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begun < 5
    assert len(said) == 3
    assert len(lookups.asked) == 1


def test_addresses_in_numbers_and_the_proxys_need_no_other_look_up(lookups: Lookups, monkeypatch: pytest.MonkeyPatch):
    for url in ("http://127.0.0.1:9", "http://[::1]:9/x", "http://localhost:9"):
        network.check_network(url)
    assert lookups.asked == []
    with StandIn() as proxy:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.url)
        answer = http.http_session(http.RetryPolicy(read_seconds=3.5)).get("http://mast.invalid/somewhere")
        network.check_server("http://mast.invalid/somewhere")
    assert answer.status_code == 404, "the stand-in answered, as a proxy"
    assert lookups.asked == []


def test_a_closed_port_is_said_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", "http://127.0.0.1:9")
    monkeypatch.setenv("ASTROSEQ_MAST_SERVER", "http://127.0.0.1:9")
    begun = time.monotonic()
    with pytest.raises(UnreachableError, match="cannot be reached") as caught:
        names.resolve_name("utter nonsense")
    assert time.monotonic() - begun < 25, "of imports alone"
    assert "times" not in str(caught.value)


def test_what_may_be_a_moment_is_still_tried_again():
    calls: list[int] = []

    def fail(error: type[TransientError]) -> None:
        calls.append(1)
        raise error("It broke.")

    quick = http.RetryPolicy(attempts=3, first_wait_seconds=0.001)
    hasty = http.RetryPolicy(attempts=3, first_wait_seconds=0.001, is_hasty=True)
    for error, how, times in (
        (TransientError, quick, 3),
        (UnreachableError, quick, 2),
        (NoNetworkError, quick, 1),
        (TransientError, hasty, 3),
        (UnreachableError, hasty, 1),
    ):
        calls.clear()
        with pytest.raises(error) as caught:
            http.call_with_retries(lambda error=error: fail(error), how)  # type: ignore[misc]
        assert len(calls) == times
        assert ("try again later" in str(caught.value)) is (times > 2)


def test_a_server_that_takes_no_connection_is_told_before_anything_is_imported(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_PROXY", "*")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nothing listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", url)
        monkeypatch.setattr(http, "call_with_retries", lambda *_: pytest.fail("it was asked"))
        with pytest.raises(UnreachableError, match="takes no connection"):
            names.resolve_name("utter nonsense")
        taken.listen()
        with pytest.raises(UnreachableError, match="takes no connection"):  # what was found holds for some seconds
            network.check_server(url)
        network.forget()
        network.check_server(url)
    network.check_server(url)  # so does this
