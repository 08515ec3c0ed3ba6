"""Queue of training runs: their folders, which the store lists with notes, and the promotion of their models."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from astroseq_core import missions, settings
from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.jobs.job import Job, JobState, read_job
from astroseq_core.jobs.queue import JobEntry, Queue, touch
from astroseq_core.networks import card as cards
from astroseq_core.networks.card import CARD_NAME, ModelCard
from astroseq_core.store import runs
from astroseq_core.store import runs as store
from astroseq_core.training.fit import BEST_NAME, HISTORY_NAME, LAST_NAME
from astroseq_core.training.history import EpochMetrics, read_history
from astroseq_core.training.runs.request import RunRequest

#: The folder of unfinished work, and the file that asks for a model of the best epoch so far.
WORK_NAME, FINISH_NAME = "work", "finish"


@dataclass(frozen=True)
class Run(Job[RunRequest]):
    """A training run, as read from its folder; its identifier is also that of its model.

    Attributes
    ----------
    epochs : tuple of EpochMetrics
        Metrics of each completed epoch.
    """

    epochs: tuple[EpochMetrics, ...] = ()

    @property
    def has_model(self) -> bool:
        """Whether the run made a model that can score."""
        return (self.folder / CARD_NAME).is_file()

    @property
    def can_finish(self) -> bool:
        """Whether the run was interrupted after an epoch from which a model can be made."""
        kept = all((self.folder / WORK_NAME / name).is_file() for name in (BEST_NAME, LAST_NAME))
        return self.state in (JobState.CANCELLED, JobState.FAILED) and bool(self.epochs) and kept


def read_run(entry: JobEntry) -> Run:
    """Read a run from its folder.

    Parameters
    ----------
    entry : JobEntry
        Where it is.

    Returns
    -------
    Run
        The run.

    Raises
    ------
    SettingsError
        If there is no run in the folder.
    """
    job = read_job(entry.folder, RunRequest.from_dict, entry.created, entry.note, "run")
    epochs, warnings = _read_epochs(entry.folder)
    return Run(**vars(job) | {"epochs": epochs, "warnings": (*job.warnings, *warnings)})


def _read_epochs(folder: Path) -> tuple[tuple[EpochMetrics, ...], tuple[str, ...]]:
    for path in (folder / HISTORY_NAME, folder / WORK_NAME / HISTORY_NAME):
        if path.exists():
            return read_history(path)
    return (), ()


class RunQueue(Queue[RunRequest, Run]):
    """Queue of runs, which can be anywhere; the store knows where, and holds their notes."""

    def __init__(self) -> None:
        super().__init__("run", settings.runs_dir, read_run, "astroseq_core.training.runs.work")

    def entries(self) -> Mapping[str, JobEntry]:
        """Return where each run is; runs in AstroSeq's own place that the store has lost are added to it again.

        Returns
        -------
        mapping of str to JobEntry
            Entries by identifier.
        """
        rows = store.load_all()
        lost = [folder for folder in self.folders() if folder.name not in rows]
        for folder in lost:
            store.add(folder.name, folder)
        return {
            run_id: JobEntry(row.folder, row.created, row.note) for run_id, row in (store.load_all() if lost else rows).items()
        }

    def _register(self, folder: Path) -> None:
        store.add(folder.name, folder)

    def _forget(self, job_id: str) -> None:
        store.remove(job_id)

    def _check_deletion(self, job_id: str, folder: Path) -> None:
        for mission, model in store.default_models().items():
            if model in (job_id, str(folder)):
                raise SettingsError(f"{job_id} is the default for {mission}; choose another default first.")

    def finish(self, run_id: str) -> None:
        """Requeue an interrupted run, to make a model of its best epoch without more training.

        Parameters
        ----------
        run_id : str
            Identifier of the run.

        Raises
        ------
        SettingsError
            If there is no such run, or it has no epoch to make a model from.
        """
        run = self.get(run_id)
        if not run.can_finish:
            raise SettingsError(f"{run_id} has no epoch of which a model could be made.")
        touch(run.folder / FINISH_NAME)
        self.resume(run_id)

    def annotate(self, run_id: str, note: str) -> None:
        """Replace a run's note.

        Parameters
        ----------
        run_id : str
            Identifier of the run.
        note : str
            The new note.

        Raises
        ------
        SettingsError
            If there is no such run.
        """
        self.get(run_id)
        store.annotate(run_id, note)


#: All training runs.
RUNS = RunQueue()


def promote(model: str, mission: str) -> ModelCard:
    """Make a model the default of a mission, for all light curves that the model suits.

    Parameters
    ----------
    model : str
        Identifier, run or folder of the model.
    mission : str
        Name of the mission.

    Returns
    -------
    ModelCard
        Card of the model.

    Raises
    ------
    ModelError
        If the model's file is damaged, the model was not made for the mission, or it lies outside
        AstroSeq's own folders.
    """
    from astroseq_core.networks.model import verified_network_path

    wanted = missions.mission_by_name(mission)
    card = cards.read(cards.model_folder(model))
    if wanted.name not in card.instruments:
        raise ModelError(
            f"{card.model_id} was made for {' and '.join(card.instruments)}, not for {wanted.name}; "
            f"train one on light curves of {wanted.name}, or choose another."
        )
    if not cards.is_model_id(model):
        raise ModelError(
            f"{model} lies outside AstroSeq's own folders; copy it into {settings.models_dir()} to make it a default."
        )
    verified_network_path(cards.model_folder(model), card)
    runs.promote_model(wanted.name, model)
    return card


def demote(mission: str) -> None:
    """Return a mission to the shipped models.

    Parameters
    ----------
    mission : str
        Name of the mission.
    """
    runs.demote_model(missions.mission_by_name(mission).name)
