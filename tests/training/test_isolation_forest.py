"""The Isolation Forest: what its features say of a dip, and that it finds deep dips without labels."""

import json
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.training.dataset import LabeledSegments
from astroseq_core.training.isolation_forest import IsolationForestModel, run_forest, segment_features


def examples(seed: int, count: int, depth: float, window: int = 256, rate: float = 0.1) -> LabeledSegments:
    """White noise in sigmas, a share of it with a dip of 12 places, from stars of ten segments each."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((count, window, 2))
    labels = (rng.random(count) < rate).astype(np.int8)
    for row in np.flatnonzero(labels):
        begin = rng.integers(0, window - 12)
        values[row, begin : begin + 12, 0] -= depth
    stars = np.array([f"SIM {seed * 1000 + i // 10 + 1}" for i in range(count)])
    return LabeledSegments(values.astype(np.float16), labels, stars)


@pytest.mark.parametrize(("window", "columns"), [(1024, 128), (256, 128), (200, 200), (64, 64), (300, 150)])
def test_a_segment_is_averaged_to_about_128_places(window: int, columns: int) -> None:
    segments = np.random.default_rng(0).standard_normal((3, window)) * 7 + 3
    rows = segment_features(segments, "segment")
    assert rows.shape == (3, columns)
    width = window // columns
    z = (segments - segments.mean(axis=1, keepdims=True)) / segments.std(axis=1, keepdims=True)
    assert rows[:, 5] == pytest.approx(z[:, 5 * width : 6 * width].mean(axis=1), abs=1e-5)


def test_the_summary_tells_a_dip_by_its_matched_filter() -> None:
    flat = examples(1, 400, 0.0).values[:, :, 0]
    dipped = flat.copy()
    dipped[:, 100:108] -= 3
    noise, dips = segment_features(flat, "summary"), segment_features(dipped, "summary")
    assert noise.shape == (400, 15)
    # columns 8 and 9: the deepest dip and the highest rise of boxes of eight places, 3 sqrt(8) = 8.5 sigmas deep
    assert np.median(dips[:, 8]) > 7 > 2 * np.median(noise[:, 8])
    assert np.median(dips[:, 9]) < 4
    assert dips[:, 2].mean() < -0.3
    assert abs(noise[:, 2].mean()) < 0.05


def test_constant_segments_give_finite_features() -> None:
    for kind in ("segment", "summary"):
        assert np.isfinite(segment_features(np.zeros((2, 256)), kind)).all()


def test_it_finds_deep_dips_without_labels_and_its_probabilities_are_calibrated(tmp_path: Path) -> None:
    training = examples(1, 1500, 4.0, rate=0.03)
    unlabelled = LabeledSegments(training.values, np.zeros_like(training.labels), training.stars)
    forest = IsolationForestModel("summary", trees=60, seed=5)
    tests = {"deep dips": examples(3, 1000, 4.0)}
    report = run_forest(forest, training, examples(2, 1000, 4.0), tests, 0.1, tmp_path / "forest")
    assert np.array_equal(
        forest.score(tests["deep dips"]),
        IsolationForestModel("summary", trees=60, seed=5).fit(unlabelled).score(tests["deep dips"]),
    )
    of_dips = report["reports"][0]
    assert of_dips["group"] == "deep dips"
    assert of_dips["roc_auc"]["value"] > 0.85
    assert of_dips["ece"] < 0.06
    assert json.loads((tmp_path / "forest" / "report.json").read_text()) == report
    assert report["settings"] == {"features": "summary", "channel": 0, "trees": 60, "samples": 256, "seed": 5}


def test_scores_no_better_than_chance_say_the_base_rate() -> None:
    nothing = examples(4, 600, 0.0)
    forest = IsolationForestModel(trees=20).fit(nothing)
    scores = forest.score(nothing)
    backwards = LabeledSegments(nothing.values, (scores < np.median(scores)).astype(np.int8), nothing.stars)
    probability = forest.calibrate(backwards, 0.2).probability(nothing)
    assert probability == pytest.approx(np.full(600, 0.2), abs=0.01)
    assert np.corrcoef(scores, probability)[0, 1] > 0.99


def test_classes_that_are_told_apart_wholly_get_finite_probabilities() -> None:
    some = examples(6, 60, 60.0, rate=0.2)
    forest = IsolationForestModel("summary", trees=20).fit(some)
    split = LabeledSegments(some.values, (forest.score(some) > np.quantile(forest.score(some), 0.8)).astype(np.int8), some.stars)
    probability = forest.calibrate(split, 0.2).probability(some)
    assert np.isfinite(probability).all()
    assert probability[split.labels == 1].min() > probability[split.labels == 0].max()


def test_what_cannot_be_done_is_refused() -> None:
    some = examples(5, 60, 4.0)
    with pytest.raises(SettingsError, match="wavelet"):
        segment_features(np.zeros((1, 64)), "wavelet")
    with pytest.raises(ModelError, match="call fit"):
        IsolationForestModel().score(some)
    with pytest.raises(ModelError, match="call calibrate"):
        IsolationForestModel(trees=5).fit(some).probability(some)
    with pytest.raises(ModelError, match="with and without"):
        IsolationForestModel(trees=5).fit(some).calibrate(
            LabeledSegments(some.values, np.ones_like(some.labels), some.stars), 0.1
        )
