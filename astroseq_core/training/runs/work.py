"""Work of one run, in a process started by the queue as `python -m astroseq_core.training.runs.work FOLDER LOCK`."""

import sys
import time

from astroseq_core.jobs import worker
from astroseq_core.jobs.progress import Progress, Report
from astroseq_core.training.fit import TrainingCallback
from astroseq_core.training.runs.queue import FINISH_NAME, RUNS, WORK_NAME, Run

#: Typical fractions of a run's duration at which its stars are prepared and its network is trained, for the progress bar.
PREPARED_FRACTION, TRAINED_FRACTION = 0.3, 0.92
PREPARING, TRAINING, EVALUATING = "preparing", "training", "evaluating"


class ProgressCallback(TrainingCallback):
    """Training callback that reports the run's progress.

    Parameters
    ----------
    report : callable
        Called with the progress.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._training_began: float | None = None

    def preparing(self, done: int, in_all: int) -> None:
        """Report how many stars are prepared.

        Parameters
        ----------
        done : int
            Number of stars prepared.
        in_all : int
            Number of stars in all.
        """
        part = PREPARED_FRACTION * done / max(in_all, 1)
        self._report(Progress(done, in_all, phase=PREPARING, message=f"{done} of {in_all} stars prepared", part=round(part, 4)))

    def step(self, epoch: int, epochs: int, step: int, steps: int, loss: float) -> None:
        """Report the progress of the training and an upper limit of the time left.

        Parameters
        ----------
        epoch : int
            Current epoch, from 1.
        epochs : int
            Maximum number of epochs.
        step : int
            Current step of the epoch, from 1.
        steps : int
            Number of steps per epoch.
        loss : float
            Mean loss of the epoch so far.
        """
        done = (epoch - 1 + step / steps) / epochs
        seconds_left = None
        if self._training_began is None:
            self._training_began = time.monotonic()
        else:
            seconds_left = (time.monotonic() - self._training_began) / done * (1 - done)
        self._report(
            Progress(
                step,
                steps,
                phase=TRAINING,
                message=f"epoch {epoch} of at most {epochs}",
                part=round(PREPARED_FRACTION + (TRAINED_FRACTION - PREPARED_FRACTION) * done, 4),
                seconds_left=seconds_left,
                numbers={"epoch": epoch, "epochs": epochs, "step": step, "steps": steps, "loss": round(loss, 4)},
            )
        )

    def evaluating(self) -> None:
        """Report that the training is over and the evaluation has begun."""
        self._report(Progress(phase=EVALUATING, message="calibrating, and measuring on the test stars", part=TRAINED_FRACTION))


def work_on_run(run: Run, report: Report) -> dict[str, object]:
    """Carry out a run.

    Parameters
    ----------
    run : Run
        The run.
    report : callable
        Called with the progress.

    Returns
    -------
    dict of str to object
        Reports and rows of the published table, as plain JSON values.

    Raises
    ------
    AstroSeqError
        If the run cannot be carried out; the message says why.
    """
    from dataclasses import asdict

    from astroseq_core.training.outcome import run_recipe
    from astroseq_core.training.runs.request import disposition_stars

    request = run.request
    outcome = run_recipe(
        request.recipe,
        run.folder,
        request.stars,
        more=disposition_stars(request.recipe) if request.verdicts else (),
        seed=request.seed,
        workers=request.workers,
        callback=ProgressCallback(report),
        work=run.folder / WORK_NAME,
        finish=(run.folder / FINISH_NAME).exists(),
        clean_folds=request.clean_folds,
        seeds=request.seeds,
    )
    return {"reports": list(outcome.reports), "rows": [asdict(row) for row in outcome.rows]}


if __name__ == "__main__":
    raise SystemExit(worker.run_job(sys.argv[1:], RUNS, work_on_run))
