"""Published runs of segment models: every figure that their sources state, read from published.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.class_table import ROWS, ClassRow
from astroseq_core.typed_json import convert

SPLITS = ("train", "validation", "test")
#: Figures that are no shares: they may be above 1.
_NO_SHARES = ("stars", "segments", "positives", "pr_lift", "loss")


@dataclass(frozen=True)
class SplitFigures:
    """Figures of one split; None where the source does not state one.

    Attributes
    ----------
    stars : int or None
        Number of stars.
    segments : int or None
        Number of segments.
    positives : int or None
        Number of segments with a transit.
    base_rate : float or None
        Share of the segments with a transit.
    roc_auc : float or None
        Area under the ROC curve.
    pr_auc : float or None
        Average precision.
    pr_lift : float or None
        Average precision over base rate.
    loss : float or None
        Log loss.
    predicted_positive_rate : float or None
        Share of the segments at or above the threshold.
    accuracy : float or None
        Share of the segments that are called right.
    threshold : float or None
        Threshold of these and the following figures.
    precision : float, tuple of (float, float) or None
        Precision, or its range.
    recall : float, tuple of (float, float) or None
        Recall, or its range.
    f1 : float or None
        Harmonic mean of the two.
    """

    stars: int | None = None
    segments: int | None = None
    positives: int | None = None
    base_rate: float | None = None
    roc_auc: float | None = None
    pr_auc: float | None = None
    pr_lift: float | None = None
    loss: float | None = None
    predicted_positive_rate: float | None = None
    accuracy: float | None = None
    threshold: float | None = None
    precision: tuple[float, float] | float | None = None
    recall: tuple[float, float] | float | None = None
    f1: float | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            for value in _numbers(getattr(self, one.name)):
                if value < 0 or (one.name not in _NO_SHARES and value > 1):
                    raise SettingsError(f"A published {one.name.replace('_', ' ')} cannot be {value}.")


#: Figures of a split by field, as they are called in tables.
FIGURE_TITLES = {
    "stars": "stars",
    "segments": "segments",
    "positives": "segments with a transit",
    "base_rate": "base rate",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "pr_lift": "PR lift",
    "loss": "loss",
    "predicted_positive_rate": "predicted-positive rate",
    "accuracy": "binary accuracy",
    "threshold": "threshold",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
}


@dataclass(frozen=True)
class PublishedRun:
    """One published run.

    Attributes
    ----------
    name : str
        Short name, as `astroseq reproduce` takes it.
    title : str
        What it is.
    mission : str
        Name of the mission; empty if it is not stated.
    sampling : str
        The sampling in words.
    stated : str
        The source's figures in its own words.
    unknown : str
        What the source does not state.
    recipes : dict of str to str
        Recipes that repeat it, with what each does otherwise than the source; "" for nothing.
    also : tuple of str
        Earlier recipes of the same experiment with another sampling.
    window : int or None
        Length of a segment [cadences].
    stars_in_all : int or None
        Number of stars of all splits.
    neg_pos : float or None
        Number of negatives for each positive in training.
    hard_neg_fraction : float or None
        Share of hard negatives among the negatives.
    epochs : int or None
        Number of epochs, or the most.
    stopped_at_epoch : int or None
        Epoch near which early stopping ended it.
    steps : int or None
        Number of training steps.
    train : SplitFigures
        Figures of the training split.
    validation : SplitFigures
        Figures of the validation split.
    test : SplitFigures
        Figures of the test split.
    classes : tuple of ClassRow
        Class table of the test split; empty if there is none.
    """

    name: str
    title: str
    mission: str
    sampling: str
    stated: str
    unknown: str
    recipes: dict[str, str]
    also: tuple[str, ...] = ()
    window: int | None = None
    stars_in_all: int | None = None
    neg_pos: float | None = None
    hard_neg_fraction: float | None = None
    epochs: int | None = None
    stopped_at_epoch: int | None = None
    steps: int | None = None
    train: SplitFigures = field(default_factory=SplitFigures)
    validation: SplitFigures = field(default_factory=SplitFigures)
    test: SplitFigures = field(default_factory=SplitFigures)
    classes: tuple[ClassRow, ...] = ()

    def __post_init__(self) -> None:
        if self.classes and tuple(row.name for row in self.classes) != ROWS:
            raise SettingsError(f"The class table of {self.name} must have the rows {', '.join(ROWS)}.")
        if not self.recipes:
            raise SettingsError(f"{self.name} needs a recipe that repeats it.")

    @property
    def splits(self) -> Mapping[str, SplitFigures]:
        """Figures by split."""
        return {split: getattr(self, split) for split in SPLITS}


def _numbers(value: object) -> tuple[float, ...]:
    return tuple(value) if isinstance(value, tuple) else (value,) if isinstance(value, int | float) else ()


def read_published(text: str) -> tuple[PublishedRun, ...]:
    """Read published runs from TOML.

    Parameters
    ----------
    text : str
        One table a run, as in published.toml.

    Returns
    -------
    tuple of PublishedRun
        The runs, in the order of the text.

    Raises
    ------
    SettingsError
        If a value is unknown or impossible; the message names the run.
    """
    runs = []
    for name, table in tomllib.loads(text).items():
        try:
            runs.append(convert({**table, "name": name}, PublishedRun, f"published run {name}"))
        except ValueError as error:
            raise SettingsError(f"{error}.") from None
    return tuple(runs)


@cache
def published_runs() -> tuple[PublishedRun, ...]:
    """Return all published runs.

    Returns
    -------
    tuple of PublishedRun
        The runs, in the order of published.toml.
    """
    return read_published(resources.files("astroseq_core.evaluation").joinpath("published.toml").read_text(encoding="utf-8"))


def published_run(name: str) -> PublishedRun:
    """Return a published run by name.

    Parameters
    ----------
    name : str
        Its name.

    Returns
    -------
    PublishedRun
        The run.

    Raises
    ------
    SettingsError
        If there is no such run.

    Examples
    --------
    >>> published_run("kepler-base-7").test.roc_auc
    0.6393
    """
    for run in published_runs():
        if run.name == name:
            return run
    raise SettingsError(f"'{name}' is no published run; use some of {', '.join(run.name for run in published_runs())}.")


def published_of_recipe(recipe: str) -> tuple[PublishedRun, ...]:
    """Return the published runs that a recipe repeats, or whose experiment it is of.

    Parameters
    ----------
    recipe : str
        Name of the recipe.

    Returns
    -------
    tuple of PublishedRun
        The runs; none for a recipe of our own.

    Examples
    --------
    >>> [run.name for run in published_of_recipe("published-k2")]
    ['k2-a', 'k2-b', 'k2-c']
    """
    return tuple(run for run in published_runs() if recipe in run.recipes or recipe in run.also)
