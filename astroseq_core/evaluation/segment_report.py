"""Report on segment probabilities, as data that can be stored as JSON."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from astroseq_core.evaluation.calibration import ReliabilityRows
from astroseq_core.evaluation.weighted_ranking import Curve
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import convert


@dataclass(frozen=True)
class Measured:
    """A number and its 95 % interval from resampling stars.

    Attributes
    ----------
    value : float
        The number; NaN if it is not defined.
    low : float
        Lower limit of the interval; NaN if there is none (one star, or one class).
    high : float
        Upper limit of the interval; NaN if there is none.

    Examples
    --------
    >>> str(Measured(0.85, 0.737, 0.958))
    '0.850 [0.737, 0.958]'
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        """Return text such as `0.850 [0.737, 0.958]`, or a dash if the value is unknown."""
        if math.isnan(self.value):
            return "–"
        return f"{self.value:.3f}" + ("" if math.isnan(self.low) else f" [{self.low:.3f}, {self.high:.3f}]")


UNKNOWN = Measured(math.nan)


@dataclass(frozen=True)
class Confusion:
    """Confusion matrix of segments at a threshold.

    Attributes
    ----------
    threshold : float
        Probabilities at or above it count as transits.
    true_positives : int
        Number of segments with a transit at or above the threshold.
    false_positives : int
        Number of segments without a transit at or above it.
    false_negatives : int
        Number of segments with a transit below it.
    true_negatives : int
        Number of segments without a transit below it.
    precision : Measured
        True positives over all at or above the threshold.
    recall : Measured
        True positives over all with a transit.
    f1 : Measured
        Harmonic mean of precision and recall.
    predicted_positive_rate : Measured
        Share of the segments at or above the threshold.
    accuracy : Measured
        Share of the segments that are called right.
    """

    threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    precision: Measured
    recall: Measured
    f1: Measured
    predicted_positive_rate: Measured = UNKNOWN
    accuracy: Measured = UNKNOWN

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """True positives, false positives, false negatives, and true negatives."""
        return self.true_positives, self.false_positives, self.false_negatives, self.true_negatives


@dataclass(frozen=True)
class SnrBin:
    """Results for positives in a range of signal-to-noise ratio, against all negatives.

    Attributes
    ----------
    low : float or None
        Lower limit, included; None for no limit.
    high : float or None
        Upper limit, excluded; None for no limit.
    positives : int
        Number of positives.
    stars : int
        Number of stars with such positives.
    roc_auc : Measured
        Area under the ROC curve.
    recall : Measured
        Recall at a false-alarm rate of 1 %.
    recall_strict : Measured
        Recall at a false-alarm rate of 0.1 %.
    """

    low: float | None
    high: float | None
    positives: int
    stars: int
    roc_auc: Measured
    recall: Measured
    recall_strict: Measured

    @property
    def title(self) -> str:
        """Range in words, such as `under 3`, `3 to 5` or `50 and more`."""
        if self.low is None:
            return f"under {self.high:g}"
        return f"{self.low:g} and more" if self.high is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class SegmentReport:
    """Metrics of segment probabilities for one group of stars.

    Fields that begin with `equal_` are the same metrics with every star weighted equally. Rows of a
    reliability curve are (mean probability, share with a transit, segments).

    Attributes
    ----------
    group : str
        Name of the group.
    segments : int
        Number of segments.
    stars : int
        Number of stars.
    positives : int
        Number of segments with a transit.
    base_rate : float
        Share of segments with a transit.
    roc_auc : Measured
        Area under the ROC curve.
    pr_auc : Measured
        Average precision.
    pr_lift : Measured
        Average precision over base rate.
    log_loss : Measured
        Mean negative log-likelihood of the labels.
    recall : Measured
        Recall at the threshold that one in a hundred negatives exceeds.
    recall_strict : Measured
        Recall at the threshold that one in a thousand negatives exceeds.
    equal_roc_auc : Measured
        `roc_auc` with equal stars.
    equal_pr_auc : Measured
        `pr_auc` with equal stars.
    equal_pr_lift : Measured
        `pr_lift` with equal stars.
    equal_log_loss : Measured
        `log_loss` with equal stars.
    equal_recall : Measured
        `recall` with equal stars.
    equal_recall_strict : Measured
        `recall_strict` with equal stars.
    stated_base_rate : float
        Base rate that calibration is also measured at.
    ece : float
        Expected calibration error at the stated base rate.
    ece_interval : Measured
        The same with its interval.
    own_ece : Measured
        Expected calibration error at the segments' own base rate.
    reliability : Rows
        Reliability curve at the stated base rate.
    own_reliability : Rows
        Reliability curve at the segments' own base rate.
    confusions : tuple of Confusion
        Confusion matrices at the stated threshold, and at the one with the best F1 on these
        segments.
    by_snr : tuple of SnrBin
        Results by signal-to-noise ratio; empty where none was given.
    roc_curve : Curve
        The ROC curve, thinned.
    pr_curve : Curve
        The precision-recall curve, thinned.
    note : str
        What a reader must know to interpret the numbers.
    """

    group: str
    segments: int
    stars: int
    positives: int
    base_rate: float
    roc_auc: Measured
    pr_auc: Measured
    pr_lift: Measured
    log_loss: Measured
    recall: Measured
    recall_strict: Measured
    equal_roc_auc: Measured
    equal_pr_auc: Measured
    equal_pr_lift: Measured
    equal_log_loss: Measured
    equal_recall: Measured
    equal_recall_strict: Measured
    stated_base_rate: float
    ece: float
    ece_interval: Measured
    own_ece: Measured
    reliability: ReliabilityRows
    own_reliability: ReliabilityRows
    confusions: tuple[Confusion, ...]
    by_snr: tuple[SnrBin, ...]
    roc_curve: Curve
    pr_curve: Curve
    note: str = ""

    def to_dict(self, curves: bool = True) -> JsonObject:
        """Return the report as plain JSON values; NaN becomes None.

        Parameters
        ----------
        curves : bool, optional
            Whether to include the ROC and PR curves.

        Returns
        -------
        dict
            Value by field; whatever holds more than one number becomes lists.
        """
        values = asdict(self)
        for name in ("roc_curve", "pr_curve"):
            curve = values.pop(name)
            if curves:
                values[name] = [list(curve["x"]), list(curve["y"])]
        plain: JsonObject = plain_json(values)
        return plain

    @classmethod
    def from_dict(cls, values: JsonObject) -> "SegmentReport":
        """Return the report that `to_dict` wrote.

        Parameters
        ----------
        values : dict
            Value by field; curves may be missing and are then empty.

        Returns
        -------
        SegmentReport
            The report.

        Raises
        ------
        ValueError
            If the values are not those of a report; also KeyError if one is missing.
        """
        made = _without_none(cls, values)
        for name in ("confusions", "by_snr"):
            rows = convert(values[name], list[dict[str, object]], name)
            made[name] = [_without_none(Confusion if name == "confusions" else SnrBin, row) for row in rows]
        made["confusions"] = [_rates_of_counts(row) | row for row in made["confusions"]]
        for name in ("roc_curve", "pr_curve"):
            x, y = convert(values.get(name) or ((), ()), tuple[tuple[float, ...], tuple[float, ...]], name)
            if len(x) != len(y):
                raise ValueError(f"{name} has {len(x)} abscissas and {len(y)} ordinates")
            made[name] = Curve(x, y)
        return convert(made, cls, "the report")


def _without_none(kind: type, values: JsonObject) -> JsonObject:
    """Return the values of a dataclass with NaN again where JSON has none: in numbers, and in measured ones."""
    made = dict(values)
    for field in fields(kind):
        value = made.get(field.name)
        if field.type is float and value is None and field.name in made:
            made[field.name] = math.nan
        elif field.type is Measured and isinstance(value, dict):
            made[field.name] = {key: math.nan if one is None else one for key, one in value.items()}
    return made


def _rates_of_counts(row: JsonObject) -> JsonObject:
    """Return the rates of a confusion matrix, which earlier versions did not write, without their intervals."""
    names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    tp, fp, fn, tn = (convert(row[name], int, name) for name in names)
    every = tp + fp + fn + tn
    return {"predicted_positive_rate": Measured((tp + fp) / every), "accuracy": Measured((tp + tn) / every)} if every else {}


def plain_json(value: object) -> Any:
    """Return values for JSON, which has no NaN.

    Parameters
    ----------
    value : object
        Values, nested in dictionaries, lists and tuples.

    Returns
    -------
    object
        The same with None for NaN and lists for tuples.

    Examples
    --------
    >>> plain_json({"value": float("nan"), "interval": (0.1, 0.2)})
    {'value': None, 'interval': [0.1, 0.2]}
    """
    if isinstance(value, dict):
        return {k: plain_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(v) for v in value]
    return None if isinstance(value, float) and math.isnan(value) else value
