"""The web server's door: which requests are let in, and what a page may load.

Streamlit's server takes it as a middleware from `app.py`, so it stands before every page, file and
socket, however the app is started. docs/security.md says what it promises.
"""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import streamlit as st

from astroseq_core.app.shared import key_overlay
from astroseq_core.app.vet import keys

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Environment variables that ask for a login.
PASSWORD_SETTING, PROXY_SETTING = "ASTROSEQ_PASSWORD", "ASTROSEQ_PROXY_HEADER"
#: Cookie of a browser that gave the password. Not every browser sends the password when it opens a socket.
_COOKIE = "astroseq_login"
#: A wrong password is answered this late [s].
WRONG_PASSWORD_SECONDS = 1.0
#: Tells Streamlit's page where the server is: the folder of the page's own address, as it is for the page's files. Left to itself
#: it tries below the page's name first, as in /Explore/_stcore/health, and the browser's console notes two failed requests.
BASE_SCRIPT = 'window.__streamlit = {BACKEND_BASE_URL: new URL(".", window.location.href).href}'
#: Scripts that pages run; any other text in a page is no script to the browser.
PAGE_SCRIPTS = (key_overlay.script_text, keys.script_text, lambda: BASE_SCRIPT)
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def is_local() -> bool:
    """Return whether the server listens to this machine alone.

    Returns
    -------
    bool
        True for `localhost` and loopback addresses; False for any other `server.address`, and for none.
    """
    return _is_loopback(str(st.get_option("server.address") or ""))


def access_note() -> str:
    """Return what people at a page should know about who else can open it.

    Returns
    -------
    str
        One sentence; empty while only this machine can.
    """
    if is_local():
        return ""
    if os.environ.get(PASSWORD_SETTING) or os.environ.get(PROXY_SETTING):
        return "This app is open to the network, for those who log in."
    return (
        "This app is open to the network without a password: whoever reaches this machine can read and change all that it "
        f"keeps. Set {PASSWORD_SETTING}, or start it without --server.address; docs/security.md says more."
    )


def answers_to(host: str) -> bool:
    """Return whether requests for a host name are answered.

    A page of another site can have its own name point at this machine (DNS rebinding); its requests carry that name. Addresses
    in numbers cannot be made to point elsewhere.

    Parameters
    ----------
    host : str
        The request's Host header.

    Returns
    -------
    bool
        True for a name of `server.allowedHosts`; where that is not set, for this machine's own name or address.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if st.get_option("server.allowedHosts"):
        from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

        return bool(is_host_allowed(host))
    if _is_loopback(name) or name in (st.get_option("server.address"), st.get_option("browser.serverAddress")):
        return True
    return not is_local() and _is_ip_address(name)


def _is_loopback(name: str) -> bool:
    return name == "localhost" or (_is_ip_address(name) and ipaddress.ip_address(name).is_loopback)


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_own_page(origin: str, host: str) -> bool:
    """Return whether a socket is opened by a page of this server.

    Parameters
    ----------
    origin : str
        The request's Origin header; empty for what is no browser.
    host : str
        Its Host header.

    Returns
    -------
    bool
        True for the same host and port, and for an origin in `server.corsAllowedOrigins`.
    """
    return not origin or urlsplit(origin).netloc == host or origin in st.get_option("server.corsAllowedOrigins")


def content_security_policy() -> str:
    """Return what a page's browser may load, and from where: from this server alone.

    Returns
    -------
    str
        Value of the header Content-Security-Policy. Scripts are the server's files and those of `PAGE_SCRIPTS`.
    """
    index = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = [*_INLINE_SCRIPT.findall(index), *(text() for text in PAGE_SCRIPTS)]
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'unsafe-eval' {hashes}",  # Plotly compiles what it draws with WebGL
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


class Door:
    """Middleware that refuses foreign hosts, sockets of other pages, and people who did not log in.

    Parameters
    ----------
    app : ASGI application
        The server behind it.
    """

    def __init__(self, app: "ASGIApp") -> None:
        self.app = app
        self._password = os.environ.get(PASSWORD_SETTING, "").encode()
        name, _, value = os.environ.get(PROXY_SETTING, "").partition(":")
        self._proxy_header, self._proxy_value = name.strip().lower(), value.strip().encode()
        self._cookie = secrets.token_urlsafe()
        self._headers = {
            "content-security-policy": content_security_policy(),
            "referrer-policy": "no-referrer",  # addresses hold names of stars and folders
            "x-content-type-options": "nosniff",
        }

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Let a request in, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        from starlette.datastructures import MutableHeaders
        from starlette.requests import HTTPConnection
        from starlette.websockets import WebSocketClose

        request = HTTPConnection(scope)
        refusal = await self._refusal(request)
        has_logged_in = refusal is None and bool(self._password) and self._given_password(request) is not None

        is_page = scope["type"] == "http" and scope["method"] == "GET" and "text/html" in request.headers.get("accept", "")
        if is_page:  # what is sent packed cannot be added to
            scope = {**scope, "headers": [one for one in scope["headers"] if one[0] != b"accept-encoding"]}

        async def send_with_headers(message: "Message") -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if has_logged_in:
                    secure = "; Secure" if request.url.scheme in ("https", "wss") else ""
                    headers.append("set-cookie", f"{_COOKIE}={self._cookie}; Path=/; HttpOnly; SameSite=Strict{secure}")
            await send(message)

        if refusal is not None and scope["type"] == "websocket":
            await WebSocketClose(1008)(scope, receive, send)  # before it is accepted: the browser sees 403
            return
        await (refusal or self.app)(scope, receive, _with_base_script(send_with_headers) if is_page else send_with_headers)

    async def _refusal(self, request: Any) -> Any:
        """Return the answer to a request that is refused; None if it is let in."""
        from starlette.responses import PlainTextResponse

        host, origin = request.headers.get("host", ""), request.headers.get("origin", "")
        if not answers_to(host):
            sentence = (
                f"AstroSeq does not answer to the name '{host[:253]}'. If it is this server's, list it in server.allowedHosts."
            )
            return PlainTextResponse(sentence, status_code=403)
        if request.scope["type"] == "websocket" and not is_own_page(origin, host):
            return PlainTextResponse("This page is not AstroSeq's.", status_code=403)
        if not (self._password or self._proxy_header) or self._has_proxy_header(request) or self._has_cookie(request):
            return None
        if not self._password:
            return PlainTextResponse(f"Log in at the proxy before AstroSeq ({PROXY_SETTING}).", status_code=403)
        given = self._given_password(request)
        if given is not None and hmac.compare_digest(given, self._password):
            return None
        if given is not None:
            await asyncio.sleep(WRONG_PASSWORD_SECONDS)
        ask = {"www-authenticate": 'Basic realm="AstroSeq (any name, and the password)", charset="UTF-8"'}
        return PlainTextResponse("AstroSeq asks for its password.", status_code=401, headers=ask)

    def _has_cookie(self, request: Any) -> bool:
        return hmac.compare_digest(request.cookies.get(_COOKIE, "").encode(), self._cookie.encode())

    def _has_proxy_header(self, request: Any) -> bool:
        """Return whether the proxy vouches for the request, which on an open port takes a value that only the proxy knows."""
        if not self._proxy_header:
            return False
        given = str(request.headers.get(self._proxy_header, "")).encode()
        if self._proxy_value:
            return hmac.compare_digest(given, self._proxy_value)
        return is_local() and bool(given)

    def _given_password(self, request: Any) -> bytes | None:
        """Return the password of HTTP Basic authentication; None if there is none."""
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            return base64.b64decode(encoded, validate=True).partition(b":")[2]
        except ValueError:
            return b""


def _with_base_script(send: "Send") -> "Send":
    """Return a `send` that puts `BASE_SCRIPT` before the first script of a page."""
    held: list[Message] = []
    body = b""

    async def send_page(message: "Message") -> None:
        nonlocal body
        if message["type"] == "http.response.start":
            kind = dict(message["headers"]).get(b"content-type", b"")
            if message["status"] == 200 and kind.startswith(b"text/html"):
                held.append(message)
                return
        if not held or message["type"] != "http.response.body":
            await send(message)
            return
        body += message.get("body", b"")
        if message.get("more_body"):
            return
        page = body.replace(b"<script", f"<script>{BASE_SCRIPT}</script><script".encode(), 1)
        start = held.pop()
        headers = [one for one in start["headers"] if one[0] != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(page)).encode())]})
        await send({"type": "http.response.body", "body": page})

    return send_page


def middleware() -> list[Any]:
    """Return the middleware that `app.py` gives to Streamlit's server.

    Returns
    -------
    list of Middleware
        The door.
    """
    from starlette.middleware import Middleware

    return [Middleware(Door)]
