"""A run's folder: its settings, its life, told from files that outlive any process, and what came of it.

``request.json`` is written once. While a run is under way its process holds the lock on ``lock``; the system lets go of it
however the process ends, so that a run without a result whose lock is free has died. ``cancel`` asks it to stop.
"""

import contextlib
import json
import os
import time
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from astroseq_core.errors import SettingsError
from astroseq_core.runs.request import RunRequest
from astroseq_core.scoring.card import CARD_NAME
from astroseq_core.training.fit import BEST, LAST, PROGRESS, read_history

REQUEST, STARTED, NOW, RESULT, PROBLEM = "request.json", "started.json", "now.json", "result.json", "problem.json"
LOCK, LOG, CANCEL, FINISH, WORK = "lock", "log.txt", "cancel", "finish", "work"
#: Where a system has no file locks, a run that said nothing for so long [s] is taken for dead.
SILENT_SECONDS = 120.0
#: The end of a log that is looked at [bytes].
TAIL_BYTES = 16_384


class State(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True)
class Run:
    """A run as its folder tells it. Times [s since 1970], None where not yet.

    ``epochs``: the numbers of each one done; ``now``: what its process said last (phase, part of the whole, seconds left …);
    ``problem``: why it failed; ``note``: a person's.
    """

    run_id: str
    folder: Path
    request: RunRequest
    state: State
    created: float
    started: float | None = None
    ended: float | None = None
    epochs: tuple[dict[str, Any], ...] = ()
    now: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    note: str = ""

    @property
    def has_model(self) -> bool:
        """Whether it made a model that can score."""
        return (self.folder / CARD_NAME).is_file()

    @property
    def can_finish(self) -> bool:
        """Whether it was broken off with an epoch done, of which a model can be made."""
        kept = all((self.folder / WORK / name).is_file() for name in (BEST, LAST))
        return self.state in (State.CANCELLED, State.FAILED) and bool(self.epochs) and kept

    @property
    def result(self) -> dict[str, Any]:
        """What is in result.json; empty while there is none."""
        return _json(self.folder / RESULT)


def read(folder: Path, note: str = "", created: float | None = None) -> Run:
    """The run in that folder; raises SettingsError where there is none."""
    path = folder / REQUEST
    try:
        request = _request(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise SettingsError(f"There is no run in {folder} ({error.strerror}).") from error
    started = _json(folder / STARTED)
    ended = _ended(folder)
    state, problem = _state(folder, bool(started))
    return Run(
        run_id=folder.name, folder=folder, request=request, state=state,
        created=created or path.stat().st_mtime, started=started.get("at"),
        ended=ended if state not in (State.QUEUED, State.RUNNING) else None, epochs=_epochs(folder),
        now=_json(folder / NOW) if state is State.RUNNING else {}, problem=problem, note=note,
    )  # fmt: skip


@lru_cache(maxsize=512)
def _request(path: Path, changed: int) -> RunRequest:
    return RunRequest.from_dict(_json(path))


def _state(folder: Path, started: bool) -> tuple[State, str]:
    """The state, and why where it failed."""
    if (folder / RESULT).exists():
        return State.DONE, ""
    if started and is_held(folder):
        return State.RUNNING, ""
    # It may have ended between the first look and the second.
    if (folder / RESULT).exists():
        return State.DONE, ""
    if problem := _json(folder / PROBLEM).get("sentence", ""):
        return State.FAILED, str(problem)
    if (folder / CANCEL).exists():
        return State.CANCELLED, ""
    if started:
        words = log_tail(folder, 1)
        said = f"; its last words: {words}" if words else " without a word"
        return State.FAILED, f"The run's process ended unexpectedly{said}"
    return State.QUEUED, ""


def _ended(folder: Path) -> float | None:
    times = [(folder / n).stat().st_mtime for n in (RESULT, PROBLEM, CANCEL, NOW) if (folder / n).exists()]
    return max(times, default=None)


def is_held(folder: Path) -> bool:
    """Whether a process is at work on the run."""
    try:
        import fcntl
    except ImportError:
        spoke = max(((folder / n).stat().st_mtime for n in (STARTED, NOW) if (folder / n).exists()), default=0.0)
        return time.time() - spoke < SILENT_SECONDS
    try:
        with (folder / LOCK).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def log_tail(folder: Path, lines: int = 15) -> str:
    """The last lines that the run's process wrote, without empty ones."""
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write a file of the run's folder whole or not at all; raises SettingsError where that cannot be."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise SettingsError(f"{path} cannot be written ({error.strerror}); free some space or choose another place.") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _epochs(folder: Path) -> tuple[dict[str, Any], ...]:
    for path in (folder / PROGRESS, folder / WORK / PROGRESS):
        if path.exists():
            return tuple(read_history(path))
    return ()
