"""The server's door, in front of a server that says yes to everything."""

import asyncio
import base64
import time
import tomllib
from pathlib import Path

import pytest
import streamlit as st
from streamlit import config
from streamlit.testing.v1 import AppTest

from astroseq_core.app import server

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch):
    """The server as its own configuration starts it."""
    monkeypatch.delenv(server.PASSWORD_SETTING, raising=False)
    monkeypatch.delenv(server.PROXY_SETTING, raising=False)
    kept = {name: st.get_option(name) for name in ("server.address", "server.allowedHosts", "server.corsAllowedOrigins")}
    config.set_option("server.address", "localhost")
    yield
    for name, value in kept.items():
        config.set_option(name, value)


async def everything(scope, receive, send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a star"})


def ask(door: server.Door, kind: str = "http", path: str = "/", **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and text of what the door answers; a socket that is let in has the status 101."""
    sent = []

    async def send(message) -> None:
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    named = {"host": "localhost:8501"} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in named.items()]
    scope = {"type": kind, "path": path, "headers": raw, "method": "GET", "query_string": b"", "scheme": "http", "root_path": ""}
    asyncio.run(door(scope, receive, send))
    if kind == "websocket":
        return (101 if sent[0]["type"] == "websocket.accept" else 403), {}, ""
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(m.get("body", b"") for m in sent[1:]).decode()


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anyone:{password}".encode()).decode()


def test_the_server_listens_to_this_machine_unless_asked():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert settings["server"]["address"] == "localhost"
    assert server.is_local()
    assert server.access_note() == ""


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "127.0.0.1", "[::1]:8501", "LOCALHOST"])
def test_this_machines_own_names_are_answered(host: str):
    door = server.Door(everything)
    assert ask(door, host=host)[0] == 200
    assert ask(door, "websocket", host=host)[0] == 101


@pytest.mark.parametrize(
    "host", ["evil.example:8501", "localhost.evil.example", "192.168.1.9:8501", "", "localhost@evil.example", "[", "a:b:c"]
)
def test_requests_for_a_foreign_host_are_refused(host: str):
    door = server.Door(everything)
    status, _, text = ask(door, host=host)
    assert status == 403
    assert "server.allowedHosts" in text
    assert "a star" not in text
    assert ask(door, "websocket", host=host)[0] == 403


def test_another_address_answers_to_itself_to_numbers_and_to_listed_names():
    config.set_option("server.address", "0.0.0.0")
    door = server.Door(everything)
    assert ask(door, host="192.168.1.9:8501")[0] == 200
    assert ask(door, host="observatory.example")[0] == 403
    config.set_option("server.allowedHosts", ["observatory.example"])
    assert ask(door, host="observatory.example")[0] == 200
    assert ask(door, host="evil.example")[0] == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:9999", "null", "https://localhost:8501.evil.example"]
)
def test_a_page_of_another_server_opens_no_socket(origin: str):
    door = server.Door(everything)
    assert ask(door, "websocket", origin=origin)[0] == 403
    assert ask(door, "websocket", origin="http://localhost:8501")[0] == 101


def test_a_password_is_asked_for_and_remembered_by_the_browser(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(server.PASSWORD_SETTING, "pi Mensaé")
    monkeypatch.setattr(server, "WRONG_PASSWORD_SECONDS", 0.2)
    door = server.Door(everything)
    status, answered, text = ask(door)
    assert (status, text) == (401, "AstroSeq asks for its password.")
    assert answered["www-authenticate"].startswith("Basic")
    begun = time.monotonic()
    for wrong in ("", "pi Mensa", "pi mensaé"):
        assert ask(door, authorization=basic(wrong))[0] == 401
    assert ask(door, authorization="Basic %%%")[0] == 401
    assert time.monotonic() - begun > 0.8, "guessing takes its time"
    status, answered, text = ask(door, authorization=basic("pi Mensaé"))
    assert (status, text) == (200, "a star")
    cookie = answered["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert ask(door, "websocket")[0] == 403
    assert ask(door, "websocket", cookie=cookie.partition(";")[0])[0] == 101
    assert ask(door, "websocket", cookie="astroseq_login=guessed")[0] == 403
    assert ask(server.Door(everything), cookie=cookie.partition(";")[0])[0] == 401, "a cookie of another run of the server"


def test_a_proxys_header_lets_people_in(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(server.PROXY_SETTING, "X-Forwarded-User")
    door = server.Door(everything)
    assert ask(door)[0] == 403
    assert ask(door, x_forwarded_user="ada")[0] == 200
    # Where others reach the port, everybody could write such a header: it needs a value that only the proxy knows.
    config.set_option("server.address", "0.0.0.0")
    assert ask(server.Door(everything), x_forwarded_user="ada")[0] == 403
    monkeypatch.setenv(server.PROXY_SETTING, "X-Proxy-Key: 4711-secret")
    door = server.Door(everything)
    assert ask(door, x_proxy_key="4711-secret")[0] == 200
    assert ask(door, x_proxy_key="4711")[0] == 403


def test_every_answer_carries_the_policies():
    for host in ("localhost", "evil.example"):
        _, answered, _ = ask(server.Door(everything), host=host)
        policy = answered["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy, "no other server is named"
        assert "script-src 'self' 'unsafe-eval' 'sha256-" in policy, "no script but the server's own"
        assert answered["referrer-policy"] == "no-referrer"
        assert answered["x-content-type-options"] == "nosniff"


def test_pages_say_that_they_are_open_to_the_network(monkeypatch: pytest.MonkeyPatch):
    config.set_option("server.address", "0.0.0.0")
    assert "without a password" in server.access_note()
    monkeypatch.setenv(server.PASSWORD_SETTING, "x")
    assert "without a password" not in server.access_note()
    assert "log in" in server.access_note()
    monkeypatch.delenv(server.PASSWORD_SETTING)

    shown = AppTest.from_string(
        "from astroseq_core.app.shared import layout\nlayout.setup_page('Data')", default_timeout=300
    ).run()
    assert not shown.exception
    assert any("without a password" in caption.value for caption in shown.sidebar.caption)
