"""What was measured of segment probabilities, as data that survives the way through JSON."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from astroseq_core.training.ranking import Curve
from astroseq_core.training.reliability import Rows


@dataclass(frozen=True)
class Measured:
    """One number and its 95 % interval from resampling stars; NaN where there is none (one star, or one class)."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        """As ``0.850 [0.737, 0.958]``, with a dash for what is not known."""
        if math.isnan(self.value):
            return "–"
        return f"{self.value:.3f}" + ("" if math.isnan(self.low) else f" [{self.low:.3f}, {self.high:.3f}]")


@dataclass(frozen=True)
class Confusion:
    """Segments by what they are and what a threshold calls them; probabilities at or above it are called transits."""

    threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    precision: Measured
    recall: Measured
    f1: Measured


@dataclass(frozen=True)
class SnrBin:
    """Positives whose strongest transit has a signal-to-noise from ``low`` (None: any) to below ``high``, and all negatives."""

    low: float | None
    high: float | None
    positives: int
    stars: int
    roc_auc: Measured
    recall: Measured
    recall_strict: Measured

    @property
    def title(self) -> str:
        """As ``under 3``, ``3 to 5``, ``50 and more``."""
        if self.low is None:
            return f"under {self.high:g}"
        return f"{self.low:g} and more" if self.high is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Report:
    """What was measured, on how many segments of how many stars.

    ``base_rate``: the share of the segments with a transit; ``pr_lift``: PR-AUC over it. ``recall`` and ``recall_strict``: share
    of the segments with transits above the threshold that one in a hundred, and in a thousand, of the others exceeds. Names
    with ``equal_``: the same with every star weighted equally. ``ece``: expected calibration error at ``stated_base_rate``,
    ``own_ece`` at the segments' own; ``reliability`` and ``own_reliability``: rows of (mean probability, share with a transit,
    segments) behind them. ``confusions``: at the stated threshold, and at the one with the best F1 on these very segments.
    ``by_snr``: see SnrBin; empty where no signal-to-noise was given. ``note``: what a reader must know before believing it.
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
    reliability: Rows
    own_reliability: Rows
    confusions: tuple[Confusion, ...]
    by_snr: tuple[SnrBin, ...]
    roc_curve: Curve
    pr_curve: Curve
    note: str = ""

    def to_dict(self, curves: bool = True) -> dict[str, Any]:
        """The report as plain JSON values, NaN as None; what is more than one number stands in lists."""
        values = asdict(self)
        for name in ("roc_curve", "pr_curve"):
            curve = values.pop(name)
            if curves:
                values[name] = [list(curve["x"]), list(curve["y"])]
        plain: dict[str, Any] = _plain(values)
        return plain

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Report":
        """The report of ``to_dict``; one that was written without curves has empty ones."""
        made = dict(values)
        for field in fields(cls):
            if field.type is Measured:
                made[field.name] = _measured(values[field.name])
        for name in ("reliability", "own_reliability"):
            made[name] = tuple((float(m), float(s), int(n)) for m, s, n in values[name])
        made["confusions"] = tuple(_nested(Confusion, row) for row in values["confusions"])
        made["by_snr"] = tuple(_nested(SnrBin, row) for row in values["by_snr"])
        for name in ("roc_curve", "pr_curve"):
            x, y = values.get(name) or ((), ())
            made[name] = Curve(tuple(x), tuple(y))
        return cls(**made)


def _measured(values: dict[str, Any]) -> Measured:
    return Measured(**{k: math.nan if v is None else float(v) for k, v in values.items()})


def _nested(kind: Any, values: dict[str, Any]) -> Any:
    return kind(**{k: _measured(v) if isinstance(v, dict) else v for k, v in values.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and math.isnan(value) else value
