"""The stand-in's HTTP server: routes that modules plug in, faults by rule, and a count of what went out."""

import contextlib
import importlib.util
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.standin.faults import Fault, Kind, Rule

_PAGE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>"
_WRITE_SECONDS = 20.0
#: How long a count of whole answers waits for those under way: a client has the last byte before its answer is counted.
_SETTLE_SECONDS = 5.0
#: astroquery adds one to each search of MAST, so that no two are alike.
_CACHE_BREAKER = re.compile(r',? ?"cacheBreaker": ?"[^"]*"')


@dataclass(frozen=True)
class Request:
    """What was asked: ``query`` and, of a form, ``form`` with the first value of each name; ``match`` of the route's path."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes = b""
    form: dict[str, str] = field(default_factory=dict)
    match: "re.Match[str] | None" = None
    fault: Fault | None = None

    @property
    def line(self) -> str:
        """Method, path, query and form as one text, which rules match and counters count."""
        rest = "&".join(f"{k}={v}" for k, v in (*self.query.items(), *self.form.items()))
        rest = _CACHE_BREAKER.sub("", rest)
        return f"{self.method} {self.path}" + (f"?{rest}" if rest else "")


@dataclass(frozen=True)
class Response:
    """What is answered."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class State:
    """What the stand-in knows and has seen; modules keep what they serve in ``shelf`` under names of their own.

    ``requests`` counts request lines; ``whole`` counts those answered whole and truthfully; ``answers``: (line, fault or "").
    """

    rules: list[Rule] = field(default_factory=list)
    shelf: dict[str, Any] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    answers: list[tuple[str, str]] = field(default_factory=list)
    under_way: int = 0  # truthful answers of which not all has been sent and counted
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault_for(self, line: str) -> Fault | None:
        """The first fault that a rule has for a request."""
        found = None
        for rule in self.rules:  # every rule counts every request
            fault = rule.next(line)
            found = found or fault
        return found

    def count(self, part: str, *, whole: bool = False) -> int:
        """How many requests, or whole answers, had ``part`` in their line."""
        if whole:
            wait_for(lambda: not self.under_way, _SETTLE_SECONDS)
        with self.lock:
            return sum(n for line, n in (self.whole if whole else self.requests).items() if part in line)

    def forget(self) -> None:
        """Start counting anew."""
        with self.lock:
            self.requests.clear()
            self.whole.clear()
            self.answers.clear()


#: What answers a request.
Handler = Callable[[Request, State], Response]
#: Method, a regular expression of the whole path, and the handler.
Route = tuple[str, str, Handler]


def all_routes() -> list[Route]:
    """The routes of every module of this package that has some."""
    from tests.standin import mast

    routes = list(mast.ROUTES)
    if importlib.util.find_spec("tests.standin.exoplanet_archive"):
        routes += importlib.import_module("tests.standin.exoplanet_archive").ROUTES
    return routes


class StandIn:
    """The server in a thread of its own: ``with StandIn() as server: server.url``; port 0 takes a free one."""

    def __init__(self, routes: Sequence[Route] | None = None, port: int = 0) -> None:
        self.state = State()
        self.routes = [(m, re.compile(p), h) for m, p, h in (all_routes() if routes is None else routes)]
        self.server = _Server(("127.0.0.1", port), _Connection)
        self.server.stand_in = self
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """Its address, with no slash at the end."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def start(self) -> "StandIn":
        """Start to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop, whatever is under way."""
        self.server.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self) -> "StandIn":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def misbehave(self, *faults: Fault, where: str = "", every: int = 1, times: int = 0) -> Rule:
        """Add a rule; see ``Rule``."""
        rule = Rule(faults, where, every, times)
        self.state.rules.append(rule)
        return rule

    def behave(self) -> None:
        """Drop all rules."""
        self.state.rules.clear()

    def answer(self, request: Request) -> Response:
        """What the first route that fits answers."""
        for method, pattern, handler in self.routes:
            if method == request.method and (match := pattern.fullmatch(request.path)):
                return handler(replace(request, match=match), self.state)
        return Response(b'{"error": "no such page"}', 404)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    stand_in: StandIn

    def __init__(self, *arguments: Any) -> None:
        self.stopped = threading.Event()
        super().__init__(*arguments)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are no news; errors of the stand-in itself are."""
        import sys
        import traceback

        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            traceback.print_exc()


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _WRITE_SECONDS
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Say nothing: tests read the counters."""

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        state = self.server.stand_in.state
        request = self._request()
        with state.lock:
            state.requests[request.line] += 1
        fault = state.fault_for(request.line)
        request = replace(request, fault=fault)
        with state.lock:
            state.answers.append((request.line, str(fault.kind) if fault else ""))
        if fault is not None and fault.kind is Kind.DROPPED:
            self._drop()
            return
        response = _spoilt(fault) or self.server.stand_in.answer(request)
        if fault is not None and fault.kind not in (Kind.SLOW, Kind.DUPLICATES):
            self._send(response, fault)
            return
        with state.lock:
            state.under_way += 1
        sent = False
        try:
            sent = self._send(response, fault) and response.status == 200 and request.method != "HEAD"
        finally:
            with state.lock:
                state.under_way -= 1
                state.whole[request.line] += sent

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form: dict[str, str] = {}
        if body and "json" not in str(self.headers.get("Content-Type")):
            form = _first(parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True))
        method = "GET" if self.command == "HEAD" else self.command
        return Request(method, unquote(parts.path), _first(parse_qs(parts.query, keep_blank_values=True)), body, form)

    def _send(self, response: Response, fault: Fault | None) -> bool:
        """Write an answer as the fault has it; whether all of the body went out."""
        body, length = response.body, len(response.body)
        kind = fault.kind if fault else None
        if fault and kind is Kind.CUT:
            body = body[: fault.bytes_of(length)]
            length = len(body)
        elif fault and kind is Kind.WRONG_LENGTH:
            length += max(1, fault.bytes_of(length))
        elif kind is Kind.EMPTY and response.content_type != "application/json":
            body, length = b"", 0
        elif fault and kind is Kind.TRUNCATED:
            body = body[: fault.bytes_of(length)]
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(length))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return True
        for piece, pause in _pieces(body, fault):
            self.wfile.write(piece)
            self.wfile.flush()
            if pause and self.server.stopped.wait(pause):
                break
        if len(body) < length or kind is Kind.STALLED:
            self._drop()
            return False
        return kind not in (Kind.CUT, Kind.EMPTY)

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _first(values: dict[str, list[str]]) -> dict[str, str]:
    return {name: found[0] for name, found in values.items()}


def _pieces(body: bytes, fault: Fault | None) -> Iterator[tuple[bytes, float]]:
    """The body in pieces, each with the pause [s] after it."""
    if fault is None or fault.kind not in (Kind.SLOW, Kind.STALLED) or not body:
        yield body, 0.0
    elif fault.kind is Kind.STALLED:
        yield body[: len(body) // 2], fault.seconds
    else:
        step = max(1, -(-len(body) // 10))
        for start in range(0, len(body), step):
            yield body[start : start + step], fault.seconds / 10


def _spoilt(fault: Fault | None) -> Response | None:
    """The answer of faults that need no route."""
    if fault is None:
        return None
    if fault.kind is Kind.HTML:
        return Response(_PAGE, content_type="text/html")
    if fault.kind is Kind.STATUS:
        return Response(_PAGE, fault.status, "text/html", {"Retry-After": fault.retry_after} if fault.retry_after else {})
    return None


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether a condition comes true in time."""
    stop = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > stop:
            return False
        time.sleep(0.01)
    return True
