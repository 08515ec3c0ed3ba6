"""Published results of segment models beside ours, column by column; what was not published stays unknown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from astroseq_core.scoring.card import ModelCard
from astroseq_core.training.report import Confusion, Report

UNKNOWN = "–"
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Row:
    """One run in the published table's columns; None where a number is not known.

    ``neg_pos`` negatives for each positive in training, ``hard_neg_fraction`` share of the negatives that are hard ones;
    ``stars`` to ``loss``: by split (train, validation, test). ``base_rate`` to ``confusion`` are of the test split, ``threshold``
    the one that the confusion matrix, precision, recall and F1 belong to. ``source``: where published numbers stand.
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
    base_rate: float | None = None
    pr_lift: float | None = None
    threshold: float | None = None
    confusion: tuple[int, int, int, int] | None = None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    source: str = ""


_SEGMENTS = "test ROC-AUC of published segment models of this kind, by mission; which of their runs it is was not said"
#: What is published for each recipe, as far as it is known here.
PUBLISHED: dict[str, Row] = {
    **{
        name: Row("published", mission, 1024, roc_auc=(None, None, roc), source=_SEGMENTS)
        for mission, roc, names in (
            ("TESS", 0.65, ("astroseq-tess-1024-base", "astroseq-tess-1024-hardneg", "astroseq-tess-1024-50k")),
            ("Kepler", 0.64, ("astroseq-kepler-1024-7to1",)),
            ("K2", 0.58, ("astroseq-k2-1024",)),
        )
        for name in names
    },
    "sequential-10pct": Row(
        "published", precision=0.99, recall=0.86, f1=0.92,
        source="published CNN+LSTM with focal loss, one segment in ten with a transit",
    ),
}  # fmt: skip
_HEADINGS = {
    "neg_pos": "neg:pos", "hard_neg_fraction": "hard neg", "roc_auc": "ROC", "pr_auc": "PR",
    "base_rate": "base", "pr_lift": "lift", "confusion": "TP/FP/FN/TN",
}  # fmt: skip


def table_row(reports: Report | Mapping[str, Report], **about: Any) -> Row:
    """The row of a run from its report on the test stars, or its reports by split ("train", "validation", "test").

    ``about``: any of Row's fields that no report knows: run, mission, window, stride, neg_pos, hard_neg_fraction.
    """
    by_split = {"test": reports} if isinstance(reports, Report) else dict(reports)

    def each(name: str) -> Any:
        return tuple(_number(getattr(by_split[split], name)) if split in by_split else None for split in SPLITS)

    values: dict[str, Any] = {name: each(name) for name in ("stars", "segments", "roc_auc", "pr_auc")} | {
        "loss": each("log_loss")
    }
    if (test := by_split.get("test")) is not None:
        values |= {"base_rate": test.base_rate, "pr_lift": test.pr_lift.value} | _at(test.confusions[0])
    return Row(**{"run": "ours"} | values | about)


def model_row(card: ModelCard, test: Report) -> Row:
    """The row of a trained model: what its card says of its training, and a report on test stars."""
    said = card.training
    recipe = said["recipe"] if isinstance(said.get("recipe"), dict) else said
    parts = {
        name: {part: len(n) if isinstance(n, list) else n for part, n in said[name].items()}
        for name in ("stars", "simulated_stars", "segments") if isinstance(said.get(name), dict)
    }  # fmt: skip
    stars = [sum(parts[name].get(part, 0) for name in ("stars", "simulated_stars") if name in parts) for part in SPLITS[:2]]
    segments = [parts.get("segments", {}).get(part) for part in SPLITS[:2]]
    return table_row(
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


def recipe_of(card: ModelCard) -> str:
    """The name of the recipe that a model was made by, "" where its card does not say."""
    recipe = card.training.get("recipe", "")
    return str(recipe.get("name", "")) if isinstance(recipe, dict) else str(recipe)


def _number(value: Any) -> Any:
    return getattr(value, "value", value)


def _at(c: Confusion) -> dict[str, Any]:
    counts = (c.true_positives, c.false_positives, c.false_negatives, c.true_negatives)
    ratios = {"precision": c.precision.value, "recall": c.recall.value, "f1": c.f1.value}
    return {"threshold": c.threshold, "confusion": counts, **ratios}


def compare(rows: Iterable[Row], recipes: Iterable[str] = ()) -> str:
    """The rows as an aligned table, each under what is published for the recipe of its name, or of the name beside it.

    ``recipes``: the recipe of each row, where its run bears another name.
    """
    names = list(recipes)
    table: list[Row] = []
    for number, row in enumerate(rows):
        known = PUBLISHED.get(names[number] if number < len(names) else row.run)
        table += [known, row] if known is not None else [row]
    columns = [f.name for f in fields(Row) if f.name != "source"]
    lines = [[_HEADINGS.get(name, name) for name in columns], *([_text(getattr(row, name)) for name in columns] for row in table)]
    sources = dict.fromkeys(row.source for row in table if row.source)
    return "\n".join([aligned(lines), *(f"published: {source}." for source in sources)])


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells as text whose columns stand under each other."""
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return "\n".join("  ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "/".join(_text(v) for v in value)
    if value is None or value == "" or value != value:
        return UNKNOWN
    return f"{value:.3g}" if isinstance(value, float) else str(value)
