"""The pages under many people for long: memory, CPU time a visit, and errors, from the real server.

    python -m benchmarks.soak [--sessions 10] [--minutes 30] [--out soak.json]

Starts `streamlit run app.py` with folders of its own and opens sessions that speak the pages' protocol (a WebSocket
with protobuf messages) without drawing. First all sessions together visit each simulated star once in Explore and once in
Vet, then each star again, then the leaderboard; then they go on among stars seen before until the minutes are over. A
session is closed after some visits and another one opened, as browser tabs are. CPU seconds a visit are those of the server and
its helpers, over all visits of a kind. At the end all sessions are closed, and memory is read once more after a while.
"""

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.pages import ROOT, free_port, wait_until_up

NUM_STARS = 60
#: Lines of the server's log that speak of an error.
_ERROR = re.compile(r"Traceback|^\S*(Error|Exception)\b")
#: A session is closed after so many visits, and another one opened.
VISITS_A_SESSION = 12
#: Nothing on the pages takes so long [s].
PATIENCE_S = 300.0
#: Streamlit keeps a closed session for two minutes, for a browser that comes back.
IDLE_S = 150.0
MB = 1e6
#: Pages that show one star, by the words that its figure there is described with.
FIGURES = {"Explore": "Light curve of {} with predicted", "Vet": "Light curve of {} with transit windows", "Leaderboard": ""}


@dataclass(frozen=True)
class Visit:
    """A page to open."""

    page: str
    star: str = ""

    @property
    def query(self) -> str:
        words = {"target": self.star} if self.star else {}
        return urlencode(words | ({"reviewer": "soak"} if self.page == "Vet" else {}))

    @property
    def figure(self) -> str:
        return FIGURES[self.page].format(self.star)


@dataclass
class Phase:
    """Visits of one kind and what they cost."""

    what: str
    visits: int
    cpu_s: float
    wall_s: float
    rss_mb: float

    @property
    def cpu_s_a_visit(self) -> float:
        return self.cpu_s / max(self.visits, 1)


@dataclass
class Soak:
    """What was measured."""

    sessions: int
    phases: list[Phase] = field(default_factory=list)
    minutes: list[dict[str, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sessions_opened: int = 0
    visits: int = 0
    rss_after_closing_mb: float = 0.0
    rss_after_idle_mb: float = 0.0
    peak_rss_mb: float = 0.0


_ROWS = """
import sys
from astroseq_core.store import scores
from astroseq_core.store.scores import ScoreRow
rows = enumerate(sys.argv[1:])
scores.save([ScoreRow(star, "tess-2min-v2", "s", "d", "TESS", star_score=n / 3.0, num_segments=65) for n, star in rows])
"""


class Server:
    """The page server with folders of its own, and what it uses."""

    def __init__(self, folder: Path, stars: list[str]) -> None:
        self.port = free_port()
        environment = os.environ | {
            "ASTROSEQ_CACHE": str(folder / "cache"),
            "ASTROSEQ_DATA": str(folder / "data"),
            "ASTROSEQ_FIRST_SURVEY": "0",
        }
        # Rows for the leaderboard alone: the pages have every star's segments yet to score.
        subprocess.run([sys.executable, "-c", _ROWS, *stars], cwd=ROOT, env=environment, check=True)
        self._log = (folder / "server.log").open("wb")
        self.log_path = folder / "server.log"
        options = ("--server.port", str(self.port), "--server.headless", "true")
        command = [sys.executable, "-m", "streamlit", "run", "app.py", *options]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=self._log, stderr=self._log)
        wait_until_up(self.port)
        self._main = psutil.Process(self.process.pid)

    def _all(self) -> list[psutil.Process]:
        return [self._main, *self._main.children(recursive=True)]

    def cpu_s(self) -> float:
        """CPU time of the server, of its helpers, and of those that have ended [s]."""
        total = 0.0
        for one in self._all():
            t = one.cpu_times()
            total += t.user + t.system
        ended = self._main.cpu_times()
        return total + ended.children_user + ended.children_system

    def rss_mb(self) -> float:
        total = 0.0
        for one in self._all():
            total += one.memory_info().rss
        return total / MB

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._log.close()


class Session:
    """One person's connection to the pages."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.visits = 0

    @classmethod
    async def open(cls, port: int) -> "Session":
        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        return cls(await connect(address, subprotocols=["streamlit"], max_size=None, compression=None, ping_interval=None))  # type: ignore[list-item]

    async def close(self) -> None:
        await self._connection.close()

    async def visit(self, visit: Visit) -> list[str]:
        """Open a page, wait until it stands, scores included, and return what went wrong."""
        message = BackMsg()
        message.rerun_script.query_string = visit.query
        message.rerun_script.page_name = visit.page
        message.rerun_script.is_history_navigation = True
        await self._connection.send(message.SerializeToString())
        self.visits += 1
        problems, drawn = [], not visit.figure
        async with asyncio.timeout(PATIENCE_S):
            while True:
                raw = await self._connection.recv()
                assert isinstance(raw, bytes)
                drawn = drawn or visit.figure.encode() in raw
                got = ForwardMsg.FromString(raw)
                kind = got.WhichOneof("type")
                if kind == "delta" and got.delta.WhichOneof("type") == "new_element":
                    problems += _problem(got.delta.new_element)
                elif kind == "page_not_found":
                    problems.append(f"there is no page {visit.page}")
                elif kind == "script_finished" and got.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    break
        if not drawn:
            problems.append("its figure was not drawn")
        return [f"{visit.page} {visit.star}: {p}" for p in problems]


def _problem(element: object) -> list[str]:
    kind = element.WhichOneof("type")  # type: ignore[attr-defined]
    if kind == "exception":
        return [f"{element.exception.type}: {element.exception.message}"]  # type: ignore[attr-defined]
    if kind == "alert" and element.alert.format == element.alert.ERROR:  # type: ignore[attr-defined]
        return [str(element.alert.body)]  # type: ignore[attr-defined]
    return []


class People:
    """The sessions, which share the visits that are to be made."""

    def __init__(self, server: Server, soak: Soak) -> None:
        self._server, self._soak = server, soak
        self._open: list[Session | None] = [None] * soak.sessions

    async def make(self, what: str, visits: Iterable[Visit], until: float = float("inf")) -> None:
        """Make all visits, each by whichever session is free, and note what they cost."""
        coming, began, cpu, before = iter(visits), time.monotonic(), self._server.cpu_s(), self._soak.visits
        await asyncio.gather(*(self._one(number, coming, until) for number in range(len(self._open))))
        made = self._soak.visits - before
        phase = Phase(what, made, self._server.cpu_s() - cpu, time.monotonic() - began, self._server.rss_mb())
        self._soak.phases.append(phase)
        print(f"{what:36s} {made:5d} visits  {phase.cpu_s_a_visit:6.3f} CPU s each  {phase.rss_mb:7.0f} MB", flush=True)

    async def _one(self, number: int, coming: Iterable[Visit], until: float) -> None:
        for visit in coming:
            if time.monotonic() > until:
                return
            session = self._open[number]
            if session is None:
                session = self._open[number] = await Session.open(self._server.port)
                self._soak.sessions_opened += 1
            try:
                self._soak.errors += await session.visit(visit)
            except (OSError, EOFError, TimeoutError) as error:
                self._soak.errors.append(f"{visit.page} {visit.star}: {type(error).__name__}: {error}")
                session.visits = VISITS_A_SESSION
            self._soak.visits += 1
            if session.visits >= VISITS_A_SESSION:
                await session.close()
                self._open[number] = None

    async def leave(self) -> None:
        for session in self._open:
            if session is not None:
                await session.close()
        self._open = [None] * len(self._open)


def watch(server: Server, soak: Soak, over: threading.Event) -> None:
    """Note memory, CPU time and visits of each minute."""
    began, cpu, visits, minute = time.monotonic(), server.cpu_s(), 0, 0
    while not over.wait(1.0):
        rss = server.rss_mb()
        soak.peak_rss_mb = max(soak.peak_rss_mb, rss)
        if time.monotonic() - began >= 60 * (minute + 1):
            minute += 1
            now = server.cpu_s()
            soak.minutes.append({"minute": minute, "rss_mb": rss, "visits": soak.visits - visits, "cpu_s": now - cpu})
            cpu, visits = now, soak.visits


async def run(server: Server, soak: Soak, stars: list[str], minutes: float, seed: int) -> None:
    began, draw = time.monotonic(), random.Random(seed)
    until = began + 60 * minutes
    people = People(server, soak)
    # The first visit alone loads the network and compiles; it is not a visit of a star like any other.
    await people.make("start, one star", [Visit("Explore", stars[0]), Visit("Vet", stars[0]), Visit("Leaderboard")])
    for page in ("Explore", "Vet"):
        await people.make(f"{page}, new star", [Visit(page, s) for s in stars[1:]])
        await people.make(f"{page}, star seen before", [Visit(page, s) for s in stars])
    await people.make("Leaderboard", [Visit("Leaderboard")] * len(stars))

    def mixed() -> Iterable[Visit]:
        while True:
            page = draw.choices(("Explore", "Vet", "Leaderboard"), (5, 3, 1))[0]
            yield Visit(page, "" if page == "Leaderboard" else draw.choice(stars))

    if time.monotonic() < until:
        await people.make("mixed, all seen before", mixed(), until)
    await people.leave()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--stars", type=int, default=NUM_STARS)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--idle", type=float, default=IDLE_S, help="seconds of waiting after all sessions are closed")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("soak.json"))
    options = parser.parse_args()
    soak = Soak(options.sessions)
    stars = [f"SIM {n + 1}" for n in range(options.stars)]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), stars)
        print(f"server {server.process.pid}, port {server.port}, {server.rss_mb():.0f} MB", flush=True)
        over = threading.Event()
        watching = threading.Thread(target=watch, args=(server, soak, over))
        watching.start()
        try:
            asyncio.run(run(server, soak, stars, options.minutes, options.seed))
            soak.rss_after_closing_mb = server.rss_mb()
            time.sleep(options.idle)
            soak.rss_after_idle_mb = server.rss_mb()
        finally:
            over.set()
            watching.join()
            server.stop()
        log = server.log_path.read_text(errors="replace")
    options.out.with_suffix(".log").write_text(log)
    soak.errors += [f"server: {line.strip()}" for line in log.splitlines() if _ERROR.search(line)]
    for one in soak.minutes:
        print(f"minute {one['minute']:3.0f}  {one['rss_mb']:7.0f} MB  {one['visits']:5.0f} visits  {one['cpu_s']:6.1f} CPU s")
    print(
        f"{soak.visits} visits by {soak.sessions_opened} sessions, {len(soak.errors)} errors; at most {soak.peak_rss_mb:.0f} MB, "
        f"{soak.rss_after_closing_mb:.0f} MB when all were closed, {soak.rss_after_idle_mb:.0f} MB {options.idle:.0f} s later"
    )
    for error in soak.errors[:20]:
        print("  ", error)
    phases = [asdict(p) | {"cpu_s_a_visit": p.cpu_s_a_visit} for p in soak.phases]
    options.out.write_text(json.dumps(asdict(soak) | {"phases": phases}, indent=1))


if __name__ == "__main__":
    main()
