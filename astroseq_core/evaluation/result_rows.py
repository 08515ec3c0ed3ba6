"""Results of runs in the columns of the published table, each below the published rows of its recipe."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from astroseq_core.evaluation.published import SPLITS, PublishedRun, published_of_recipe
from astroseq_core.evaluation.segment_report import Confusion, SegmentReport
from astroseq_core.evaluation.text_tables import UNKNOWN, align_columns
from astroseq_core.networks.card import ModelCard
from astroseq_core.type_names import JsonObject


@dataclass(frozen=True)
class ResultRow:
    """One run in the columns of the published table; None where a number is unknown.

    Tuples of three hold one number for each split: train, validation, test.

    Attributes
    ----------
    run : str
        Name of the run.
    mission : str
        Names of the missions.
    window : int or None
        Length of a segment [cadences].
    stride : int or None
        Distance between segments [cadences].
    neg_pos : float or None
        Number of negatives for each positive in training.
    hard_neg_fraction : float or None
        Share of hard negatives among the negatives.
    stars : tuple of (int or None, int or None, int or None)
        Number of stars of each split.
    segments : tuple of (int or None, int or None, int or None)
        Number of segments of each split.
    roc_auc : tuple of (float or None, float or None, float or None)
        Area under the ROC curve of each split.
    pr_auc : tuple of (float or None, float or None, float or None)
        Average precision of each split.
    loss : tuple of (float or None, float or None, float or None)
        Log loss of each split.
    predicted_positive_rate : tuple of (float or None, float or None, float or None)
        Share of the segments of each split at or above the threshold.
    accuracy : tuple of (float or None, float or None, float or None)
        Share of the segments of each split that are called right.
    base_rate : float or None
        Share of test segments with a transit.
    pr_lift : float or None
        Average precision over base rate, on the test split.
    threshold : float or None
        Threshold of the confusion matrix, precision, recall and F1.
    confusion : tuple of (int, int, int, int) or None
        True positives, false positives, false negatives and true negatives of the test split.
    precision : float, tuple of (float, float) or None
        Precision on the test split; of published ones the range, where that is what is known.
    recall : float, tuple of (float, float) or None
        Recall on the test split, likewise.
    f1 : float or None
        F1 on the test split.
    source : str
        Source of published numbers.
    """

    run: str
    mission: str = ""
    window: int | None = None
    stride: int | None = None
    neg_pos: float | None = None
    hard_neg_fraction: float | None = None
    stars: tuple[int | None, int | None, int | None] = (None, None, None)
    segments: tuple[int | None, int | None, int | None] = (None, None, None)
    roc_auc: tuple[float | None, float | None, float | None] = (None, None, None)
    pr_auc: tuple[float | None, float | None, float | None] = (None, None, None)
    loss: tuple[float | None, float | None, float | None] = (None, None, None)
    predicted_positive_rate: tuple[float | None, float | None, float | None] = (None, None, None)
    accuracy: tuple[float | None, float | None, float | None] = (None, None, None)
    base_rate: float | None = None
    pr_lift: float | None = None
    threshold: float | None = None
    confusion: tuple[int, int, int, int] | None = None
    precision: tuple[float, float] | float | None = None
    recall: tuple[float, float] | float | None = None
    f1: float | None = None
    source: str = ""


_HEADINGS = {
    "neg_pos": "neg:pos",
    "hard_neg_fraction": "hard neg",
    "roc_auc": "ROC",
    "pr_auc": "PR",
    "predicted_positive_rate": "pred. pos.",
    "base_rate": "base",
    "pr_lift": "lift",
    "confusion": "TP/FP/FN/TN",
}


def row_from_reports(reports: SegmentReport | Mapping[str, SegmentReport], **about: Any) -> ResultRow:
    """Make the row of a run from its reports.

    Parameters
    ----------
    reports : SegmentReport or mapping
        Report on the test stars, or reports by split ("train", "validation", "test").
    **about : object
        Fields of the row that no report knows: run, mission, window, stride, neg_pos,
        hard_neg_fraction.

    Returns
    -------
    ResultRow
        The row.
    """
    by_split = {"test": reports} if isinstance(reports, SegmentReport) else dict(reports)

    def each(name: str) -> tuple[object, ...]:
        return tuple(_plain_number(getattr(by_split[split], name)) if split in by_split else None for split in SPLITS)

    values: JsonObject = {name: each(name) for name in ("stars", "segments", "roc_auc", "pr_auc")} | {"loss": each("log_loss")}
    for name in ("predicted_positive_rate", "accuracy"):
        values[name] = tuple(
            _plain_number(getattr(by_split[split].confusions[0], name)) if split in by_split else None for split in SPLITS
        )
    if (test := by_split.get("test")) is not None:
        values |= {"base_rate": test.base_rate, "pr_lift": test.pr_lift.value} | _confusion_fields(test.confusions[0])
    return ResultRow(**{"run": "ours"} | values | about)


def published_row(run: PublishedRun) -> ResultRow:
    """Return the row of a published run.

    Parameters
    ----------
    run : PublishedRun
        The run.

    Returns
    -------
    ResultRow
        The row, with the source's own words.
    """
    by_split: JsonObject = {
        name: tuple(getattr(run.splits[split], name) for split in SPLITS)
        for name in ("stars", "segments", "roc_auc", "pr_auc", "loss", "predicted_positive_rate", "accuracy")
    }
    of_test = {name: getattr(run.test, name) for name in ("base_rate", "pr_lift", "threshold", "precision", "recall", "f1")}
    about = {name: getattr(run, name) for name in ("mission", "window", "neg_pos", "hard_neg_fraction")}
    return ResultRow(f"published: {run.name}", **about, **by_split, **of_test, source=f"{run.name}: {run.stated}")


def row_from_card(card: ModelCard, test: SegmentReport) -> ResultRow:
    """Make the row of a trained model from its card and a report on test stars.

    Parameters
    ----------
    card : ModelCard
        Card of the model, with what it says about the training.
    test : SegmentReport
        Report on test stars.

    Returns
    -------
    ResultRow
        The row.
    """
    text = card.training
    recipe = text["recipe"] if isinstance(text.get("recipe"), dict) else text
    parts = {
        name: {part: len(n) if isinstance(n, list) else n for part, n in text[name].items()}
        for name in ("stars", "simulated_stars", "segments")
        if isinstance(text.get(name), dict)
    }
    stars = [sum(parts[name].get(part, 0) for name in ("stars", "simulated_stars") if name in parts) for part in SPLITS[:2]]
    segments = [parts.get("segments", {}).get(part) for part in SPLITS[:2]]
    return row_from_reports(
        test,
        run=card.model_id,
        mission="/".join(card.instruments),
        window=card.cutting.window,
        stride=card.cutting.step,
        neg_pos=recipe.get("neg_pos_ratio"),
        hard_neg_fraction=recipe.get("hard_negatives"),
        stars=(*(n or None for n in stars), test.stars),
        segments=(*segments, test.segments),
    )


def recipe_name_of(card: ModelCard) -> str:
    """Return the name of the recipe that a model was trained by.

    Parameters
    ----------
    card : ModelCard
        Card of the model.

    Returns
    -------
    str
        Name of the recipe; empty if the card does not say.
    """
    recipe = card.training.get("recipe", "")
    return str(recipe.get("name", "")) if isinstance(recipe, dict) else str(recipe)


def _plain_number(value: object) -> object:
    return getattr(value, "value", value)


def _confusion_fields(c: Confusion) -> JsonObject:
    counts = (c.true_positives, c.false_positives, c.false_negatives, c.true_negatives)
    ratios = {"precision": c.precision.value, "recall": c.recall.value, "f1": c.f1.value}
    return {"threshold": c.threshold, "confusion": counts, **ratios}


def format_comparison(rows: Iterable[ResultRow], recipes: Iterable[str] = ()) -> str:
    """Format rows as an aligned table, each below the published rows of its recipe.

    Parameters
    ----------
    rows : iterable of ResultRow
        The rows.
    recipes : iterable of str, optional
        Name of each row's recipe, if the run has another name.

    Returns
    -------
    str
        The table as text, with the sources of published numbers.
    """
    names = list(recipes)
    table: list[ResultRow] = []
    for number, row in enumerate(rows):
        known = (published_row(run) for run in published_of_recipe(names[number] if number < len(names) else row.run))
        table += [*(one for one in known if one not in table), row]
    columns = [f.name for f in fields(ResultRow) if f.name != "source"]
    lines = [
        [_HEADINGS.get(name, name) for name in columns],
        *([_cell_text(getattr(row, name)) for name in columns] for row in table),
    ]
    sources = dict.fromkeys(row.source for row in table if row.source)
    return "\n".join([align_columns(lines), *(f"published {source}." for source in sources)])


def _cell_text(value: object) -> str:
    if isinstance(value, tuple):
        return "/".join(_cell_text(v) for v in value)
    if value is None or value == "" or value != value:
        return UNKNOWN
    return f"{value:.3g}" if isinstance(value, float) else str(value)
