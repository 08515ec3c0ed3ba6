"""The queue of runs: one at a time, each in a process of its own that outlives the page that asked for it."""

import contextlib
import os
import shutil
from pathlib import Path

from astroseq_core import settings
from astroseq_core.background.folder import CANCEL, REQUEST, State, next_of, write_json
from astroseq_core.background.launch import launch, one_at_a_time, put_back
from astroseq_core.errors import SettingsError
from astroseq_core.runs import folder as folders
from astroseq_core.runs.folder import Run
from astroseq_core.runs.request import RunRequest
from astroseq_core.store import promoted
from astroseq_core.store import runs as store

MODULE = "astroseq_core.runs.work"


def submit(request: RunRequest, out: Path | None = None, *, begin: bool = True) -> Run:
    """A new run in the queue, its folder ``out`` or one named after it; begun at once where no other is running.

    A name that is taken gets a number behind it. Raises SettingsError where ``out`` has something in it.
    """
    if out is None:
        folder = _free_folder(request.name)
    else:
        folder = out.expanduser().resolve()
        if folder.exists() and any(folder.iterdir()):
            raise SettingsError(f"There is something in {folder} already; choose another name or remove it.")
        if folder.name in store.rows():
            raise SettingsError(f"There is a run called {folder.name} already; choose another name.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{folder} cannot be made ({error.strerror}); choose another place.") from error
    write_json(folder / REQUEST, request.to_dict())
    store.add(folder.name, folder)
    if begin:
        advance()
    return get(folder.name)


def _free_folder(name: str) -> Path:
    taken, number, place = store.rows(), 1, settings.runs_dir()
    while (wanted := name if number == 1 else f"{name}-{number}") in taken or (place / wanted).exists():
        number += 1
    return place / wanted


def all_runs() -> tuple[Run, ...]:
    """All runs, the newest first; a folder among ours that the store has lost is taken in again."""
    rows = store.rows()
    lost = [p.parent for p in settings.runs_dir().glob(f"*/{REQUEST}") if p.parent.name not in rows]
    for folder in lost:
        store.add(folder.name, folder)
    found = []
    for row in (store.rows() if lost else rows).values():
        # One whose folder was removed by hand is no run any more.
        with contextlib.suppress(SettingsError):
            found.append(folders.read(row.folder, row.note, row.created))
    return tuple(found)


def get(run_id: str) -> Run:
    """The run of that name; raises SettingsError where there is none."""
    row = store.rows().get(run_id)
    if row is None:
        known = ", ".join(r.run_id for r in all_runs()[:8]) or "there is none yet"
        raise SettingsError(f"There is no run '{run_id}'; the latest are: {known}.")
    return folders.read(row.folder, row.note, row.created)


def advance() -> Run | None:
    """Begin the run that waits longest, where none is under way; the run that was begun.

    Pages call it as they watch, and every run as it ends: a process that was killed holds up the queue no longer than that.
    """
    with one_at_a_time(settings.runs_dir()) as alone:
        run = next_of(all_runs()) if alone else None
        if run is not None:
            launch(run.folder, MODULE)
        return run


def cancel(run_id: str) -> None:
    """Stop a run, or take it out of the queue; the best epoch so far is kept."""
    run = get(run_id)
    if run.state in (State.QUEUED, State.RUNNING):
        (run.folder / CANCEL).touch()


def resume(run_id: str) -> None:
    """Put a run that was broken off back into the queue, to go on after its last epoch."""
    _requeue(run_id)


def finish(run_id: str) -> None:
    """Put a run that was broken off back into the queue, to make a model of its best epoch without training on."""
    run = get(run_id)
    if not run.can_finish:
        raise SettingsError(f"{run_id} has no epoch of which a model could be made.")
    (run.folder / folders.FINISH).touch()
    _requeue(run_id)


def _requeue(run_id: str) -> None:
    run = get(run_id)
    if run.state not in (State.CANCELLED, State.FAILED):
        raise SettingsError(f"{run_id} is {run.state}; only a run that was broken off can go on.")
    put_back(run.folder)
    advance()


def annotate(run_id: str, note: str) -> None:
    """Replace a run's note."""
    get(run_id)
    store.annotate(run_id, note)


def delete(run_id: str) -> None:
    """Remove a run with its model; raises SettingsError while it is under way, or is a mission's default."""
    run = get(run_id)
    if run.state is State.RUNNING:
        raise SettingsError(f"{run_id} is running; cancel it first.")
    for mission, model in promoted.defaults().items():
        if model in (run_id, str(run.folder)):
            raise SettingsError(f"{run_id} is the default for {mission}; choose another default first.")
    # Out of sight in one step: a folder half removed would look like a run that failed.
    aside = run.folder.with_name(f".deleted-{run.folder.name}-{os.getpid()}")
    try:
        run.folder.rename(aside)
    except OSError as error:
        raise SettingsError(f"{run.folder} cannot be removed ({error.strerror}).") from error
    store.remove(run_id)
    shutil.rmtree(aside, ignore_errors=True)
