"""Class table of a confusion matrix: precision, recall, F1 and support by class, and their means."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from astroseq_core.evaluation.text_tables import UNKNOWN, align_columns

ROWS = ("no transit", "transit", "accuracy", "macro mean", "weighted mean")


@dataclass(frozen=True)
class ClassRow:
    """One row of a class table; None where a number is unknown or undefined.

    Attributes
    ----------
    name : str
        "no transit", "transit", "accuracy" (which has one number, as its F1), "macro mean" or
        "weighted mean".
    precision : float or None
        Share of the segments called so that are so.
    recall : float or None
        Share of the segments that are so that are called so.
    f1 : float or None
        Harmonic mean of the two.
    support : int or None
        Number of segments.
    """

    name: str
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    support: int | None = None


def class_table(counts: Sequence[int]) -> tuple[ClassRow, ...]:
    """Return the class table of a confusion matrix, as scikit-learn's `classification_report` defines it.

    Parameters
    ----------
    counts : sequence of int
        True positives, false positives, false negatives and true negatives.

    Returns
    -------
    tuple of ClassRow
        The two classes, the accuracy, the mean of the classes, and their mean weighted by support;
        nothing if there are no segments.

    Examples
    --------
    >>> for row in class_table((110, 1, 17, 1015)):
    ...     print(row.name, round(row.f1, 2), row.support)
    no transit 0.99 1016
    transit 0.92 127
    accuracy 0.98 1143
    macro mean 0.96 1143
    weighted mean 0.98 1143
    """
    from sklearn.metrics import classification_report

    if not sum(counts):
        return ()
    # One row a cell of the matrix, weighted by its count.
    found = classification_report(
        [1, 0, 1, 0],
        [1, 1, 0, 0],
        sample_weight=list(counts),
        labels=[0, 1],
        target_names=ROWS[:2],
        output_dict=True,
        zero_division=float("nan"),
    )
    first, second, macro, weighted = (
        _row(name, found[key]) for name, key in zip(ROWS[:2] + ROWS[3:], (*ROWS[:2], "macro avg", "weighted avg"), strict=True)
    )
    return first, second, ClassRow(ROWS[2], f1=float(found["accuracy"]), support=int(sum(counts))), macro, weighted


def _row(name: str, values: dict[str, float]) -> ClassRow:
    precision, recall, f1 = (
        None if math.isnan(values[key]) else float(values[key]) for key in ("precision", "recall", "f1-score")
    )
    return ClassRow(name, precision, recall, f1, round(values["support"]))


def format_class_table(counts: Sequence[int], heading: str = "") -> str:
    """Format the class table of a confusion matrix as aligned text.

    Parameters
    ----------
    counts : sequence of int
        True positives, false positives, false negatives and true negatives.
    heading : str, optional
        Text above the names of the rows.

    Returns
    -------
    str
        The table.
    """
    lines = [[heading, "precision", "recall", "F1", "segments"]]
    for row in class_table(counts):
        numbers = (UNKNOWN if n is None else f"{n:.3f}" for n in (row.precision, row.recall, row.f1))
        lines.append([row.name, *numbers, str(row.support)])
    return align_columns(lines)
