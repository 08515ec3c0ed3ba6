"""History of a training: the metrics of each epoch, one JSON object a line."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from astroseq_core.errors import SettingsError
from astroseq_core.io import files
from astroseq_core.jobs.progress import number_or_none
from astroseq_core.paths import MAX_TABLE_BYTES, read_file
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import DAMAGE, parse, reason_of

#: Largest number of segments, and of seconds [s], that an epoch can have.
MAX_NUMBER = 1e12


@dataclass(frozen=True)
class EpochMetrics:
    """Metrics of one epoch; None where they were not measured.

    Losses and areas under the curves are of raw probabilities, not calibrated.

    Attributes
    ----------
    epoch : int
        Number of the epoch, from 1.
    loss : float or None
        Mean loss of the training steps.
    train_loss, train_roc_auc, train_pr_auc : float or None
        Log loss and areas under the curves of a fixed part of the training segments.
    validation_loss, validation_roc_auc, validation_pr_auc : float or None
        The same of the validation segments.
    train_predicted_positive_rate, validation_predicted_positive_rate : float or None
        Share of these segments whose raw probability of a transit is at least 0.5.
    train_accuracy, validation_accuracy : float or None
        Share of these segments that are called right at that threshold.
    validation_recall : float or None
        Recall of the validation segments at 1 % false positives.
    segments : int or None
        Number of segments of the epoch.
    seconds : float or None
        Duration [s].
    """

    epoch: int
    loss: float | None = None
    train_loss: float | None = None
    train_roc_auc: float | None = None
    train_pr_auc: float | None = None
    validation_loss: float | None = None
    validation_roc_auc: float | None = None
    validation_pr_auc: float | None = None
    train_predicted_positive_rate: float | None = None
    validation_predicted_positive_rate: float | None = None
    train_accuracy: float | None = None
    validation_accuracy: float | None = None
    validation_recall: float | None = None
    segments: int | None = None
    seconds: float | None = None

    def to_dict(self) -> dict[str, float]:
        """Return the metrics that were measured as plain JSON values.

        Returns
        -------
        dict of str to float
            The values by field.
        """
        return {name: value for name, value in vars(self).items() if value is not None}

    @staticmethod
    def from_dict(values: object) -> "EpochMetrics":
        """Return the metrics with the given JSON values.

        Parameters
        ----------
        values : object
            Values as returned by `to_dict`; unknown ones are ignored.

        Returns
        -------
        EpochMetrics
            The metrics.

        Raises
        ------
        SettingsError
            If the values are not an object with the number of the epoch, or one of them is no number.
        """
        if not isinstance(values, Mapping):
            raise SettingsError(f"the metrics of an epoch are an object, not {values!r:.40}")
        number = values.get("epoch")
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise SettingsError("the number of the epoch is missing")
        found: JsonObject = {f.name: number_or_none(f.name, values.get(f.name)) for f in fields(EpochMetrics)}
        for name in ("segments", "seconds"):
            if (value := found[name]) is not None and not 0 <= value <= MAX_NUMBER:
                raise SettingsError(f"{name} cannot be {value!r:.40}")
        return EpochMetrics(**found)


def best_epoch_index(epochs: Sequence[EpochMetrics]) -> int | None:
    """Return the index of the epoch that a run keeps: the first of the best validation ROC-AUC.

    Parameters
    ----------
    epochs : sequence of EpochMetrics
        The epochs.

    Returns
    -------
    int or None
        Its index; None if the ROC-AUC of no epoch is known.
    """
    values = [math.nan if e.validation_roc_auc is None else e.validation_roc_auc for e in epochs]
    known = [(value, -index) for index, value in enumerate(values) if not math.isnan(value)]
    return -max(known)[1] if known else None


def read_history(path: Path) -> tuple[tuple[EpochMetrics, ...], tuple[str, ...]]:
    """Read the metrics of each epoch.

    Parameters
    ----------
    path : Path
        The file, one JSON object a line.

    Returns
    -------
    tuple of (tuple of EpochMetrics, tuple of str)
        The epochs before the first damaged line; and a sentence if there is one. A last line
        without its end was being written when the process was killed, or still is: it is no damage.
    """
    found: list[EpochMetrics] = []
    try:
        lines = read_file(path, MAX_TABLE_BYTES, SettingsError).decode("utf-8", "replace").split("\n")
    except SettingsError as error:
        return (), (f"{path.name} of {path.parent.name} is damaged ({reason_of(error)}); its epochs are not shown.",)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(EpochMetrics.from_dict(parse(line, nan=True)))
        except DAMAGE as error:
            if number == len(lines):
                break
            return tuple(found), (
                f"Line {number} of {path.name} is damaged ({reason_of(error)}); epochs from there on are left out.",
            )
    return tuple(found), ()


def write_history(path: Path, epochs: Sequence[EpochMetrics]) -> None:
    """Write the metrics of all epochs.

    Parameters
    ----------
    path : Path
        The file.
    epochs : sequence of EpochMetrics
        The epochs.
    """
    files.write_text_atomically(path, "".join(json.dumps(e.to_dict()) + "\n" for e in epochs), SettingsError)


def append_epoch(path: Path, epoch: EpochMetrics) -> None:
    """Append the metrics of an epoch.

    Parameters
    ----------
    path : Path
        The file.
    epoch : EpochMetrics
        The metrics.
    """
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(epoch.to_dict()) + "\n")
    except OSError as error:
        raise files.write_error(path, error, SettingsError) from error
