"""A run's folder: its settings, its epochs, its life (background.folder) and what came of it."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from astroseq_core.background.folder import REQUEST, RESULT, State, life, read_json
from astroseq_core.errors import SettingsError
from astroseq_core.runs.request import RunRequest
from astroseq_core.scoring.card import CARD_NAME
from astroseq_core.training.fit import BEST, LAST, PROGRESS, read_history

#: The folder of what is half done, and the file that asks for a model of the best epoch so far.
WORK, FINISH = "work", "finish"


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
        return read_json(self.folder / RESULT)


def read(folder: Path, note: str = "", created: float | None = None) -> Run:
    """The run in that folder; raises SettingsError where there is none."""
    path = folder / REQUEST
    try:
        request = _request(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise SettingsError(f"There is no run in {folder} ({error.strerror}).") from error
    told = life(folder)
    return Run(
        run_id=folder.name, folder=folder, request=request, state=told.state, created=created or path.stat().st_mtime,
        started=told.started, ended=told.ended, epochs=_epochs(folder), now=told.now if told.state is State.RUNNING else {},
        problem=told.problem, note=note,
    )  # fmt: skip


@lru_cache(maxsize=512)
def _request(path: Path, changed: int) -> RunRequest:
    return RunRequest.from_dict(read_json(path))


def _epochs(folder: Path) -> tuple[dict[str, Any], ...]:
    for path in (folder / PROGRESS, folder / WORK / PROGRESS):
        if path.exists():
            return tuple(read_history(path))
    return ()
