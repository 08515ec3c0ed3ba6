"""Kept test segments give the numbers of the whole test set, hold its worst mistakes, and say when they are damaged."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation import metrics
from astroseq_core.preprocessing.segments import SegmentConfig
from astroseq_core.training import dataset as shelves
from astroseq_core.training import test_predictions, test_set
from astroseq_core.training.dataset import NO_CADENCE, SegmentDataset, StarSegments
from astroseq_core.training.test_predictions import TestPredictions

WINDOW, NUM = 16, 60
CUTTING = SegmentConfig(window=WINDOW, stride=WINDOW, channels=("gap", "flat"))
STARS = [f"TIC {i + 1}" for i in range(10)] + [f"SIM {i + 1}" for i in range(10)]


def a_piece(star: str, number: int) -> StarSegments:
    """NUM segments that do not overlap: a dip at places 5 to 8 of every third, of that depth; none in every fifth star."""
    rng = np.random.default_rng(number)
    places = np.zeros((NUM * WINDOW, 2), np.float16)
    places[:, 1] = rng.standard_normal(len(places))
    states = np.zeros(len(places), np.int8)
    table = np.zeros(NUM, shelves.SEGMENT_DTYPE)
    table["start"] = np.arange(NUM) * WINDOW
    if number % 5:
        for k in range(0, NUM, 3):
            states[k * WINDOW + 5 : k * WINDOW + 9] = 1
            places[k * WINDOW + 5 : k * WINDOW + 9, 1] -= number
            table["label"][k], table["snr"][k] = 1, 2 * number + k / 1000
    places[0::WINDOW, 0], states[0::WINDOW] = 1, NO_CADENCE
    return StarSegments(star, places, states, table)


@pytest.fixture(scope="module")
def test_shelf(tmp_path_factory: pytest.TempPathFactory) -> SegmentDataset:
    pieces = [a_piece(star, number) for number, star in enumerate(STARS)]
    return shelves.write_dataset(pieces, CUTTING, tmp_path_factory.mktemp("shelf") / "test")


@pytest.fixture(scope="module")
def probability(test_shelf: SegmentDataset) -> NDArray[np.float32]:
    noise = np.random.default_rng(3).standard_normal(len(test_shelf))
    return np.asarray(1 / (1 + np.exp(-(3 * test_shelf.labels - 2 + noise))), np.float32)


def groups_of(shelf: SegmentDataset) -> list[tuple[str, NDArray[np.int64]]]:
    real = np.char.startswith(shelf.star, "TIC")
    return [("real stars", np.flatnonzero(real)), ("simulated stars", np.flatnonzero(~real))]


@pytest.fixture(scope="module")
def kept(
    test_shelf: SegmentDataset, probability: NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory
) -> TestPredictions:
    folder = tmp_path_factory.mktemp("run")
    test_set.save(folder, test_shelf, groups_of(test_shelf), probability)
    assert [p.name for p in folder.iterdir()] == [test_set.TEST_NAME]
    found = test_set.load(folder)
    assert found is not None
    return found


def test_every_segment_comes_back(kept: TestPredictions, test_shelf: SegmentDataset, probability: NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(kept.labels, test_shelf.labels)
    np.testing.assert_array_equal(kept.probability, probability)
    np.testing.assert_array_equal(kept.snr, test_shelf.snr)
    np.testing.assert_array_equal(kept.star, test_shelf.star)
    assert kept.groups == ("real stars", "simulated stars")
    np.testing.assert_array_equal(kept.group == "real stars", np.char.startswith(test_shelf.star, "TIC"))
    assert not kept.is_subsampled


@pytest.mark.parametrize("group", [None, "real stars", "simulated stars"])
@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 0.93, 1.0])
def test_a_threshold_calls_what_a_direct_count_does(kept: TestPredictions, threshold: float, group: str | None) -> None:
    pick = np.ones(len(kept), bool) if group is None else kept.group == group
    called, is_one = kept.probability[pick] >= threshold, kept.labels[pick] == 1
    c = kept.confusion(threshold, group)
    assert (c.true_positives, c.false_positives) == (np.sum(called & is_one), np.sum(called & ~is_one))
    assert (c.false_negatives, c.true_negatives) == (np.sum(~called & is_one), np.sum(~called & ~is_one))
    assert c.recall.value == pytest.approx(np.mean(called[is_one]))
    if called.any():
        assert c.precision.value == pytest.approx(np.mean(is_one[called]))
        assert c.f1.value == pytest.approx(f1_score(is_one, called))
    else:
        assert np.isnan(c.precision.value)


@pytest.mark.parametrize("group", ["real stars", "simulated stars"])
def test_it_agrees_with_the_report(kept: TestPredictions, group: str) -> None:
    pick = kept.group == group
    report = metrics.make_report(group, kept.labels[pick], kept.probability[pick], kept.star[pick], 0.1)
    assert kept.best_threshold(group) == report.confusions[1].threshold
    for c in report.confusions:
        moved = kept.confusion(c.threshold, group)
        assert (moved.true_positives, moved.false_positives) == (c.true_positives, c.false_positives)
        assert moved.f1.value == c.f1.value
    at_one_percent = kept.confusion(np.nextafter(kept.alarm_threshold(group), 2), group)
    assert at_one_percent.recall.value == report.recall.value


def test_an_unknown_group_is_said(kept: TestPredictions) -> None:
    with pytest.raises(SettingsError, match=r"no test segments of 'K2'.*real stars or simulated stars"):
        kept.confusion(0.5, "K2")


@pytest.mark.parametrize("score", test_predictions.STAR_SCORE_NAMES)
def test_stars_are_ranked_as_scored(kept: TestPredictions, score: str) -> None:
    ranking = kept.star_ranking("real stars", score)
    assert sorted(ranking.stars) == sorted(STARS[:10])
    assert np.all(np.diff(ranking.score) <= 0)
    for star, value, has in zip(ranking.stars, ranking.score, ranking.has_transits, strict=True):
        own = np.sort(kept.probability[kept.star == star])
        assert value == pytest.approx(own[-5:].mean() if score == "topk" else own[-1])
        assert has == (kept.labels[kept.star == star].max() == 1)
    assert ranking.roc_auc == pytest.approx(roc_auc_score(ranking.has_transits, ranking.score))
    with pytest.raises(SettingsError, match="no score of stars"):
        kept.star_ranking("real stars", "median")


def test_the_worst_false_alarms_are_the_loudest_of_their_stars(kept: TestPredictions) -> None:
    alarms = kept.false_alarms("real stars")
    assert len(alarms) == 10
    assert [a.star for a in alarms] == sorted(
        STARS[:10], key=lambda s: -kept.probability[(kept.star == s) & (kept.labels == 0)].max()
    )
    limit = np.quantile(kept.probability[(kept.group == "real stars") & (kept.labels == 0)], 0.99)
    for a in alarms:
        above = (kept.star == a.star) & (kept.labels == 0) & (kept.probability > limit)
        assert a.others == max(0, above.sum() - 1)
        assert not a.inside.any()
        assert a.snr == 0


def test_the_worst_misses_are_the_strongest_below_the_threshold(kept: TestPredictions, test_shelf: SegmentDataset) -> None:
    misses = kept.misses("simulated stars")
    limit = np.quantile(kept.probability[(kept.group == "simulated stars") & (kept.labels == 0)], 0.99)
    missed = (kept.group == "simulated stars") & (kept.labels == 1) & (kept.probability <= limit)
    assert misses[0].snr == kept.snr[missed].max()
    assert [m.snr for m in misses] == sorted((m.snr for m in misses), reverse=True)
    assert len({m.star for m in misses}) == len(misses) <= test_set.MISTAKES_PER_GROUP
    assert all(m.probability <= limit for m in misses)
    for m in misses:
        np.testing.assert_array_equal(np.flatnonzero(m.inside), [5, 6, 7, 8])
        where = np.flatnonzero((kept.star == m.star) & (kept.snr == np.float32(m.snr)))
        drawn = test_shelf.batch(where).values[0, :, 1]
        # The first channel with flux; nothing is drawn where there was no cadence.
        assert np.isnan(m.values[0])
        np.testing.assert_array_equal(m.values[1:], drawn[1:])
    assert kept.channel == "flat"


def test_of_too_many_segments_a_draw_stands_for_all(
    kept: TestPredictions, test_shelf: SegmentDataset, probability: NDArray[np.float32], tmp_path: Path
) -> None:
    test_set.save(tmp_path, test_shelf, groups_of(test_shelf), probability, most=900)
    drawn = test_set.load(tmp_path)
    assert drawn is not None
    assert drawn.is_subsampled
    assert 880 <= len(drawn) <= 900
    for group in kept.groups:
        # 160 transits a group are fewer than a quarter of 900, so all of them stay; the rest stands for what was left out.
        whole, part = kept.confusion(0.5, group), drawn.confusion(0.5, group)
        assert (part.true_positives, part.false_negatives) == (whole.true_positives, whole.false_negatives)
        assert part.false_positives + part.true_negatives == whole.false_positives + whole.true_negatives
        assert part.false_positives / whole.false_positives == pytest.approx(1, abs=0.35)
        assert drawn.alarm_threshold(group) == pytest.approx(kept.alarm_threshold(group), abs=0.1)
        # Stars are ranked by all their segments, and mistakes are looked for among all.
        np.testing.assert_array_equal(drawn.star_ranking(group).score, kept.star_ranking(group).score)
        assert [m.snr for m in drawn.misses(group)] == [m.snr for m in kept.misses(group)]


def test_segments_without_a_report_are_kept_apart(
    test_shelf: SegmentDataset, probability: NDArray[np.float32], tmp_path: Path
) -> None:
    test_set.save(tmp_path, test_shelf, groups_of(test_shelf)[1:], probability)
    found = test_set.load(tmp_path)
    assert found is not None
    assert found.groups == ("simulated stars",)
    assert set(found.star[found.group == test_predictions.OTHERS_GROUP]) == set(STARS[:10])
    assert len(found.star_ranking(test_predictions.OTHERS_GROUP).stars) == 10


def test_one_kind_of_star_has_no_roc_auc(test_shelf: SegmentDataset, probability: NDArray[np.float32], tmp_path: Path) -> None:
    quiet = np.flatnonzero(np.isin(test_shelf.star, [STARS[5], STARS[10]]))
    rest = np.setdiff1d(np.arange(len(test_shelf)), quiet)
    test_set.save(tmp_path, test_shelf, [("quiet", quiet), ("real stars", rest)], probability)
    found = test_set.load(tmp_path)
    assert found is not None
    assert np.isnan(found.star_ranking("quiet").roc_auc)
    assert found.misses("quiet") == ()
    assert np.isnan(found.confusion(0.5, "quiet").recall.value)


def test_none_before_there_are_any(tmp_path: Path) -> None:
    assert test_set.load(tmp_path) is None


def damaged(content: bytes) -> list[bytes]:
    return [b"", b"not a zip", content[: len(content) // 2], content[:400] + bytes(200) + content[600:]]


@pytest.mark.parametrize("which", range(4))
def test_damage_is_one_sentence(which: int, test_shelf: SegmentDataset, probability: NDArray[np.float32], tmp_path: Path) -> None:
    test_set.save(tmp_path, test_shelf, groups_of(test_shelf), probability)
    path = tmp_path / test_set.TEST_NAME
    path.write_bytes(damaged(path.read_bytes())[which])
    with pytest.raises(SettingsError, match=r"cannot be read .*train again\.$"):
        test_set.load(tmp_path)


CHANGES = {
    "a star that is missing": {"star_index": lambda v: v + 100},
    "a probability above one": {"probability": lambda v: v + 1},
    "unequal columns": {"labels": lambda v: v[:-1]},
    "a label of no kind": {"labels": lambda v: v + 1},
    "a column that is gone": {"mistake_values": None},
    "an object": {"snr": lambda v: np.array([{"a": 1}] * len(v), object)},
    "another version": {"version": lambda v: v + 1},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_arrays_that_do_not_fit_are_refused(change, test_shelf, probability, tmp_path: Path) -> None:
    test_set.save(tmp_path, test_shelf, groups_of(test_shelf), probability)
    path = tmp_path / test_set.TEST_NAME
    with np.load(path) as file:
        arrays = dict(file)
    for name, how in change.items():
        arrays[name] = None if how is None else how(arrays[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.savez_compressed(path, **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(SettingsError, match="test segments of"):
        test_set.load(tmp_path)


def test_a_failed_write_leaves_the_older_file(
    test_shelf: SegmentDataset, probability: NDArray[np.float32], tmp_path: Path
) -> None:
    test_set.save(tmp_path, test_shelf, groups_of(test_shelf), probability)
    before = (tmp_path / test_set.TEST_NAME).read_bytes()
    with pytest.raises(ValueError, match="probabilities"):
        test_set.save(tmp_path, test_shelf, groups_of(test_shelf), probability[:-1])
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(test_set.TEST_NAME, before)]
