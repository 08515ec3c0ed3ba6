"""Trees as arrays give scikit-learn's probabilities; damaged files of them are refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import AstroSeqError
from astroseq_core.signals.boosted_trees import BoostedTrees, from_scikit_learn, load_trees, save_trees


@pytest.fixture(scope="module", params=[2, 3])
def fitted(request: pytest.FixtureRequest) -> tuple[BoostedTrees, np.ndarray, np.ndarray]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(1)
    x = rng.standard_normal((400, 4)).astype(np.float32)  # as scalars are
    y = np.digitize(x[:, 0] * x[:, 1] + x[:, 2], [0.0] if request.param == 2 else [-0.5, 0.5])
    x[rng.random(x.shape) < 0.1] = np.nan
    model = HistGradientBoostingClassifier(max_iter=12, max_leaf_nodes=6).fit(x, y)
    return from_scikit_learn(model), x, model.predict_proba(x)


def test_they_say_what_scikit_learn_says_also_after_saving(
    fitted: tuple[BoostedTrees, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    trees, x, expected = fitted
    np.testing.assert_allclose(trees.probabilities(x), expected, atol=1e-6)
    save_trees([trees, trees], tmp_path / "trees.npz")
    for loaded in load_trees(tmp_path / "trees.npz", 2, 4):
        np.testing.assert_array_equal(loaded.probabilities(x), trees.probabilities(x))


def test_few_bits_change_little_and_make_files_smaller(tmp_path: Path) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    x = np.random.default_rng(2).standard_normal((500, 4)).astype(np.float32)
    model = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=6).fit(x, x[:, 0] + x[:, 1] > 0)
    whole, short = from_scikit_learn(model), from_scikit_learn(model, bits=9)
    # a signal on the other side of a rounded threshold may change more
    assert np.median(np.abs(whole.probabilities(x) - short.probabilities(x))) < 2e-3
    for name, trees in (("whole", whole), ("short", short)):
        save_trees([trees], tmp_path / f"{name}.npz")
    assert (tmp_path / "short.npz").stat().st_size < (tmp_path / "whole.npz").stat().st_size


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: {"left": np.zeros_like(t.left)}, "points nowhere"),
        (lambda t: {"right": t.right + 10_000}, "points nowhere"),
        (lambda t: {"feature": t.feature + 9}, "features that do not exist"),
        (lambda t: {"value": t.value[:-1]}, "differ in length"),
        (lambda t: {"value": np.full_like(t.value, np.nan)}, "not finite"),
        (lambda t: {"threshold": t.threshold.astype(int)}, "another type"),
        (lambda t: {"roots": t.roots.ravel()}, "trees are none"),
    ],
)
def test_damaged_trees_are_one_sentence(
    change: object, reason: str, fitted: tuple[BoostedTrees, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    trees = fitted[0]
    save_trees([replace(trees, **change(trees))], tmp_path / "trees.npz")  # type: ignore[operator]
    with pytest.raises(AstroSeqError, match=reason):
        load_trees(tmp_path / "trees.npz", 1, 4)


def test_too_few_models_are_one_sentence(fitted: tuple[BoostedTrees, np.ndarray, np.ndarray], tmp_path: Path) -> None:
    save_trees([fitted[0]], tmp_path / "trees.npz")
    with pytest.raises(AstroSeqError, match="feature_1 is missing"):
        load_trees(tmp_path / "trees.npz", 2, 4)
