"""Isolation forest: an unsupervised baseline that treats unusual segments as transits."""

import json
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.evaluation import calibration, metrics
from astroseq_core.evaluation.weighted_ranking import RankedScores
from astroseq_core.io import files
from astroseq_core.networks.card import Calibration
from astroseq_core.training.dataset import LabeledSegments
from astroseq_core.type_names import JsonObject

log = logging.getLogger(__name__)
FEATURE_KINDS = ("segment", "summary")
#: Approximate number of grid points that a segment is averaged to before its features are computed.
FEATURE_POINTS = 128
#: Widths [grid points] of the boxes of the summary's matched filter.
BOX_WIDTHS = (2, 4, 8, 16, 32)
#: Segments whose features are computed at once: with 1024 grid points in double precision, 32 MB.
FEATURE_BATCH = 4096
#: Smallest slope, so that probabilities keep the order of the scores even if these rank no better than chance.
MIN_SLOPE = 0.01
#: Largest slope, for the case that a few segments are separated perfectly; scores span little more than a unit of logit.
MAX_SLOPE = 100.0
REPORT_NAME = "report.json"


class IsolationForestModel:
    """Isolation forest (Liu et al. 2008) on features of segments, from scikit-learn.

    `forest_` is set by `fit` and `calibration_` by `calibrate`. The model is not saved: the same
    settings and examples rebuild it in seconds.

    Parameters
    ----------
    features : str, optional
        "segment" or "summary", see `segment_features`.
    channel : int, optional
        Index of the channel that holds the detrended flux.
    trees : int, optional
        Number of trees.
    samples : int, optional
        Number of segments per tree (256 in the paper).
    seed : int, optional
        Seed of the random draws.
    """

    def __init__(
        self, features: str = "segment", *, channel: int = 0, trees: int = 200, samples: int = 256, seed: int = 0
    ) -> None:
        self.features = features
        self.channel = channel
        self.trees = trees
        self.samples = samples
        self.seed = seed

    def fit(self, examples: LabeledSegments) -> "IsolationForestModel":
        """Grow the forest on examples without using their labels.

        Parameters
        ----------
        examples : Examples
            The training examples.

        Returns
        -------
        Forest
            Itself.
        """
        from sklearn.ensemble import IsolationForest

        rows = segment_features(examples.values[:, :, self.channel], self.features)
        self.forest_ = IsolationForest(
            n_estimators=self.trees, max_samples=min(self.samples, len(rows)), random_state=self.seed
        ).fit(rows)
        return self

    def score(self, examples: LabeledSegments) -> NDArray[np.float64]:
        """Return anomaly scores between 0 and 1 (Liu et al. 2008, eq. 2).

        Scores are high for segments that few random cuts isolate.

        Parameters
        ----------
        examples : Examples
            The examples to score.

        Returns
        -------
        ndarray of float64
            Scores, shape (n,).

        Raises
        ------
        ModelError
            If the forest has not been fitted.
        """
        if not hasattr(self, "forest_"):
            raise ModelError("The forest has not been fitted; call fit with the training examples first.")
        rows = segment_features(examples.values[:, :, self.channel], self.features)
        return np.asarray(-self.forest_.score_samples(rows), np.float64)

    def calibrate(self, examples: LabeledSegments, base_rate: float) -> "IsolationForestModel":
        """Fit Platt's scaling (1999) of the scores to labeled examples.

        If the scores rank no better than chance, all probabilities come out near the base rate.

        Parameters
        ----------
        examples : Examples
            The calibration examples.
        base_rate : float
            Share of segments with a transit that the probabilities assume.

        Returns
        -------
        Forest
            Itself.

        Raises
        ------
        ModelError
            If one class is missing, or the forest has not been fitted.
        """
        scores = self.score(examples)
        self.calibration_ = _calibrate_scores(examples.labels, scores, base_rate)
        return self

    def probability(self, examples: LabeledSegments) -> NDArray[np.float32]:
        """Return calibrated probabilities of a transit, in the order of the scores.

        Parameters
        ----------
        examples : Examples
            The examples to score.

        Returns
        -------
        ndarray of float32
            Probabilities, shape (n,).

        Raises
        ------
        ModelError
            If the forest has not been calibrated.
        """
        if not hasattr(self, "calibration_"):
            raise ModelError("The forest has not been calibrated; call calibrate with the calibration examples first.")
        return self.calibration_(self.score(examples))

    def to_dict(self) -> JsonObject:
        """Return the settings that rebuild the forest, as plain JSON values.

        Returns
        -------
        dict
            Value by setting.
        """
        return {k: v for k, v in vars(self).items() if not k.endswith("_")}


def segment_features(segments: NDArray[np.floating], kind: str) -> NDArray[np.float32]:
    """Compute one row of features for each segment of detrended flux.

    "segment": the segment itself, with its mean subtracted and divided by its standard deviation,
    averaged to about 128 grid points. "summary": of the same normalized segment its minimum, 1st
    percentile, skewness and kurtosis; for boxes of 2 to 32 grid points the deepest dip and the
    highest rise over the noise of such a box [sigma]; and the logarithm of the standard deviation.

    Parameters
    ----------
    segments : ndarray of float
        Detrended flux, shape (n, window).
    kind : str
        "segment" or "summary".

    Returns
    -------
    ndarray of float32
        Features, shape (n, features).

    Raises
    ------
    SettingsError
        If the kind of features is unknown.

    Examples
    --------
    >>> segment_features(np.zeros((3, 256)), "summary").shape
    (3, 15)
    >>> segment_features(np.zeros((3, 256)), "segment").shape
    (3, 128)
    """
    if kind not in FEATURE_KINDS:
        raise SettingsError(f"'{kind}' is no kind of features; use one of {', '.join(FEATURE_KINDS)}.")
    compute = _pooled_features if kind == "segment" else _summary_features
    rows = [compute(segments[i : i + FEATURE_BATCH].astype(np.float64)) for i in range(0, len(segments), FEATURE_BATCH)]
    return np.concatenate(rows).astype(np.float32)


def _standardize(segments: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return segments (n, window) of mean 0 and standard deviation 1, and their sigma (n, 1)."""
    sigma = np.maximum(segments.std(axis=1, keepdims=True), 1e-6)
    return (segments - segments.mean(axis=1, keepdims=True)) / sigma, sigma


def _pooled_features(segments: NDArray[np.float64]) -> NDArray[np.float64]:
    width = max(1, segments.shape[1] // FEATURE_POINTS)
    starts = np.arange(0, segments.shape[1], width)
    counts = np.diff(np.r_[starts, segments.shape[1]])
    return np.asarray(np.add.reduceat(_standardize(segments)[0], starts, axis=1) / counts)


def _summary_features(segments: NDArray[np.float64]) -> NDArray[np.float64]:
    z, sigma = _standardize(segments)
    columns = [z.min(axis=1), np.quantile(z, 0.01, axis=1), (z**3).mean(axis=1), (z**4).mean(axis=1)]
    total = np.concatenate([np.zeros((len(z), 1)), np.cumsum(z, axis=1)], axis=1)
    for width in (w for w in BOX_WIDTHS if 2 * w <= z.shape[1]):
        box = (total[:, width:] - total[:, :-width]) / width
        # The median deviation, so that a dip does not raise the noise that it is compared with.
        noise = np.maximum(1.4826 * np.median(np.abs(box), axis=1), 1e-6)
        columns += [-box.min(axis=1) / noise, box.max(axis=1) / noise]
    return np.stack([*columns, np.log(sigma[:, 0])], axis=1)


def _calibrate_scores(labels: NDArray[np.int8], scores: NDArray[np.float64], base_rate: float) -> Calibration:
    if not 0 < labels.mean() < 1:
        raise ModelError("Calibration needs segments with and without transits; give more stars.")
    try:
        found = calibration.fit_platt(labels, scores, base_rate)
    except ModelError:
        found = None
    if found is not None and found.slope >= MIN_SLOPE:
        part = min(1.0, MAX_SLOPE / found.slope)
        return Calibration(part * found.slope, part * found.offset, base_rate)
    log.warning("the forest's anomaly scores rank no better than chance; its probabilities are all about the base rate")
    return Calibration(MIN_SLOPE, float(np.log(base_rate / (1 - base_rate))), base_rate)


def run_forest(
    forest: IsolationForestModel,
    training: LabeledSegments,
    calibration: LabeledSegments,
    tests: dict[str, LabeledSegments],
    base_rate: float,
    out: Path | None = None,
    snr: dict[str, NDArray[np.floating]] | None = None,
) -> JsonObject:
    """Train, calibrate and evaluate the isolation forest.

    The threshold is that of the best F1 on the calibration examples.

    Parameters
    ----------
    forest : Forest
        The forest to fit.
    training : Examples
        Examples to grow it on.
    calibration : Examples
        Examples to calibrate it on.
    tests : dict
        Test examples of each group.
    base_rate : float
        Share of segments with a transit that the probabilities assume.
    out : Path or None, optional
        Folder to write report.json to; nothing is written if None.
    snr : dict or None, optional
        Signal-to-noise ratio of each group's segments, where known.

    Returns
    -------
    dict
        The settings and one report for each group, as plain JSON values.
    """
    forest.fit(training).calibrate(calibration, base_rate)
    threshold = RankedScores(calibration.labels, forest.probability(calibration)).best_f1_threshold()

    def report_on(group: str, examples: LabeledSegments) -> JsonObject:
        own = (snr or {}).get(group)
        probability = forest.probability(examples)
        return metrics.make_report(
            group, examples.labels, probability, examples.stars, base_rate, forest.seed, snr=own, threshold=threshold
        ).to_dict(curves=False)

    reports = [report_on(group, examples) for group, examples in tests.items()]
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
        files.write_text_atomically(out / REPORT_NAME, text)
    return report
