"""The Isolation Forest: a baseline that knows no labels and calls a segment a transit because it is unusual."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.scoring.card import Calibration
from astroseq_core.training import calibrate, metrics
from astroseq_core.training.examples import Examples

log = logging.getLogger(__name__)
FEATURES = ("segment", "summary")
#: A segment is averaged to about so many places before it is a row of features.
PLACES = 128
#: Widths [places] of the boxes of the summary's matched filter.
BOXES = (2, 4, 8, 16, 32)
#: Segments whose features are computed at once: 1024 places of each in double precision are 32 MB.
BATCH = 4096
#: Probabilities keep the order of the scores even where these rank no better than chance.
SMALLEST_SLOPE = 0.01
#: Scores span little more than a unit of logit; where a few segments are told apart wholly this slope is steep enough.
LARGEST_SLOPE = 100.0
REPORT_NAME = "report.json"


class Forest:
    """scikit-learn's IsolationForest (Liu et al. 2008) on features of segments.

    ``features``: "segment" or "summary", see ``features_of``; ``channel``: which of the segments' channels is detrended flux;
    ``trees``, ``samples`` for each tree (256 in the paper), ``seed``. ``forest_`` is there after ``fit``, ``calibration_`` after
    ``calibrate``. It is not saved: the same settings and examples build it again in seconds.
    """

    def __init__(
        self, features: str = "segment", *, channel: int = 0, trees: int = 200, samples: int = 256, seed: int = 0
    ) -> None:
        self.features = features
        self.channel = channel
        self.trees = trees
        self.samples = samples
        self.seed = seed

    def fit(self, examples: Examples) -> "Forest":
        """Itself, grown on the examples without a look at their labels."""
        from sklearn.ensemble import IsolationForest

        rows = features_of(examples.values[:, :, self.channel], self.features)
        self.forest_: Any = IsolationForest(
            n_estimators=self.trees, max_samples=min(self.samples, len(rows)), random_state=self.seed
        ).fit(rows)
        return self

    def score(self, examples: Examples) -> NDArray[np.float64]:
        """Anomaly scores (n,) between 0 and 1, high for what few random cuts set apart (Liu et al. 2008, eq. 2)."""
        if not hasattr(self, "forest_"):
            raise ModelError("The forest has not been fitted; call fit with the training examples first.")
        rows = features_of(examples.values[:, :, self.channel], self.features)
        return np.asarray(-self.forest_.score_samples(rows), np.float64)

    def calibrate(self, examples: Examples, base_rate: float) -> "Forest":
        """Itself, its scores scaled to probabilities (Platt 1999) on these examples' labels, weighted to that base rate.

        Raises ModelError where one class is missing. Scores that rank no better than chance come to say the base rate for all.
        """
        scores = self.score(examples)
        self.calibration_ = _platt(examples.labels, scores, base_rate)
        return self

    def probability(self, examples: Examples) -> NDArray[np.float32]:
        """Calibrated probabilities (n,) of a transit, in the order of the scores."""
        if not hasattr(self, "calibration_"):
            raise ModelError("The forest has not been calibrated; call calibrate with the calibration examples first.")
        return self.calibration_(self.score(examples))

    def to_dict(self) -> dict[str, Any]:
        """What builds it again, as plain JSON values."""
        return {k: v for k, v in vars(self).items() if not k.endswith("_")}


def features_of(segments: NDArray[np.floating], kind: str) -> NDArray[np.float32]:
    """One row of features for each segment (n, window) of detrended flux; raises SettingsError for another kind.

    "segment": the segment itself, less its mean and over its standard deviation, averaged to about 128 places. "summary": of
    the same segment its lowest place and lowest hundredth, skewness and kurtosis, and for boxes of 2 to 32 places the deepest dip
    and the highest rise over the noise of such a box, in sigmas; and the logarithm of the standard deviation.
    """
    if kind not in FEATURES:
        raise SettingsError(f"'{kind}' is no kind of features; use one of {', '.join(FEATURES)}.")
    compute = _pooled if kind == "segment" else _summary
    rows = [compute(segments[i : i + BATCH].astype(np.float64)) for i in range(0, len(segments), BATCH)]
    return np.concatenate(rows).astype(np.float32)


def _standard(segments: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Segments (n, window) of mean 0 and standard deviation 1, and what that was (n, 1)."""
    sigma = np.maximum(segments.std(axis=1, keepdims=True), 1e-6)
    return (segments - segments.mean(axis=1, keepdims=True)) / sigma, sigma


def _pooled(segments: NDArray[np.float64]) -> NDArray[np.float64]:
    width = max(1, segments.shape[1] // PLACES)
    starts = np.arange(0, segments.shape[1], width)
    counts = np.diff(np.r_[starts, segments.shape[1]])
    return np.asarray(np.add.reduceat(_standard(segments)[0], starts, axis=1) / counts)


def _summary(segments: NDArray[np.float64]) -> NDArray[np.float64]:
    z, sigma = _standard(segments)
    columns = [z.min(axis=1), np.quantile(z, 0.01, axis=1), (z**3).mean(axis=1), (z**4).mean(axis=1)]
    total = np.concatenate([np.zeros((len(z), 1)), np.cumsum(z, axis=1)], axis=1)
    for width in (w for w in BOXES if 2 * w <= z.shape[1]):
        box = (total[:, width:] - total[:, :-width]) / width
        # The median deviation, so that a dip does not raise the noise that it is told by.
        noise = np.maximum(1.4826 * np.median(np.abs(box), axis=1), 1e-6)
        columns += [-box.min(axis=1) / noise, box.max(axis=1) / noise]
    return np.stack([*columns, np.log(sigma[:, 0])], axis=1)


def _platt(labels: NDArray[np.int8], scores: NDArray[np.float64], base_rate: float) -> Calibration:
    if not 0 < labels.mean() < 1:
        raise ModelError("Calibration needs segments with and without transits; give more stars.")
    try:
        found = calibrate.platt(labels, scores, base_rate)
    except ModelError:
        found = None
    if found is not None and found.slope >= SMALLEST_SLOPE:
        part = min(1.0, LARGEST_SLOPE / found.slope)
        return Calibration(part * found.slope, part * found.offset, base_rate)
    log.warning("the forest's anomaly scores rank no better than chance; its probabilities are all about the base rate")
    return Calibration(SMALLEST_SLOPE, float(np.log(base_rate / (1 - base_rate))), base_rate)


def run_forest(
    forest: Forest,
    training: Examples,
    calibration: Examples,
    tests: dict[str, Examples],
    base_rate: float,
    out: Path | None = None,
    snr: dict[str, NDArray[np.floating]] | None = None,
) -> dict[str, Any]:
    """The baseline's report as plain JSON values, one of training.metrics for each group of test examples.

    Grown on ``training``, calibrated on ``calibration``; ``snr``: signal-to-noise of each group's segments, where known. Written
    to ``out``/report.json where a folder is given.
    """
    forest.fit(training).calibrate(calibration, base_rate)
    reports = [
        metrics.report(
            group, e.labels, forest.probability(e), e.stars, base_rate, forest.seed, snr=(snr or {}).get(group)
        ).to_dict(curves=False)
        for group, e in tests.items()
    ]  # fmt: skip
    report = {
        "method": "isolation forest",
        "settings": forest.to_dict(),
        "training": {"segments": len(training), "stars": len(np.unique(training.stars)), "base_rate": training.base_rate},
        "calibration": vars(forest.calibration_) | {"segments": len(calibration)},
        "reports": reports,
    }
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        (out / REPORT_NAME).write_text(text, encoding="utf-8")
    return report
