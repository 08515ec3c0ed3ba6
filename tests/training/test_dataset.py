"""Segments on disk: the same as those cut in memory, labelled alike, shifted and augmented with labels that follow."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from astroseq_core import missions
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import SettingsError
from astroseq_core.io import lightcurve
from astroseq_core.preprocessing.prepare import PreprocessingConfig, prepare
from astroseq_core.preprocessing.segments import LEFT_OUT, TRANSIT, SegmentConfig, label_cadences, label_segments, make_segments
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.training import dataset
from astroseq_core.training.injection import TrainingCopy, label_copy
from astroseq_core.training.recipes import Augmentation
from astroseq_core.training.sampling import augmented_batch

CUTTING = SegmentConfig(window=256, stride=64, channels=("flat", "raw", "gap"))


def planet(star: str, disposition: str = "") -> Ephemeris:
    return Ephemeris(star, "b", Instant(2000.7, TimeSystem.BTJD), 2.3, 2.0, 2000.0, disposition=disposition)


def a_copy(number: int, disposition: str = "") -> TrainingCopy:
    rng = np.random.default_rng(number)
    time = 2000 + np.arange(4000) * 2 / 1440
    time = np.delete(time, np.r_[900:960, 2000:2700])
    flux = 1 + 1e-3 * rng.standard_normal(len(time))
    curve = lightcurve.make_light_curve(
        target=Target("TIC", str(number)), observation="o", time=time, flux=flux, instrument=missions.TESS
    )
    return label_copy(prepare(curve, PreprocessingConfig(cadence_minutes=2.0)), [planet(curve.target.id, disposition)])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dataset.SegmentDataset:
    folder = tmp_path_factory.mktemp("shelves") / "train"
    pieces = (dataset.make_star_segments(f"TIC {n}", [a_copy(n)], CUTTING) for n in (1, 2))
    dataset.write_dataset(pieces, CUTTING, folder)
    return dataset.open_dataset(folder)


def in_memory(number: int) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    copy = a_copy(number)
    segments = make_segments(copy.light_curve, CUTTING)
    return segments.values, label_segments(segments, copy.states)


def test_it_holds_what_cutting_gives(written: dataset.SegmentDataset) -> None:
    values, labels = zip(*(in_memory(n) for n in (1, 2)), strict=True)
    batch = written.batch(np.arange(len(written)))
    np.testing.assert_array_equal(batch.labels, np.concatenate(labels))
    np.testing.assert_array_equal(written.labels, batch.labels)
    np.testing.assert_allclose(batch.values, np.concatenate(values), rtol=2e-3, atol=2e-3)
    assert set(written.star) == {"TIC 1", "TIC 2"}


def test_the_signal_to_noise_is_that_of_one_transit(written: dataset.SegmentDataset) -> None:
    # 2000 ppm over 60 cadences of 1000 ppm.
    strongest = written.snr[written.labels == TRANSIT]
    assert np.all(np.abs(strongest / (2 * np.sqrt(60)) - 1) < 0.35)
    assert not written.snr[written.labels == 0].any()


def test_false_positives_are_left_out() -> None:
    piece = dataset.make_star_segments("TIC 1", [a_copy(1, "FALSE POSITIVE")], CUTTING)
    assert piece is not None
    assert not piece.table["label"].any()
    assert (piece.states == LEFT_OUT).any()
    assert len(piece.table) < len(in_memory(1)[1])


def test_shifted_windows_stay_in_their_block_and_are_labelled_anew(written: dataset.SegmentDataset) -> None:
    rng = np.random.default_rng(1)
    which = np.arange(len(written))
    plain = Augmentation(reversed=0.0, shifted=True, gap=0.0)
    shifted = augmented_batch(written, which, plain, rng)
    assert (shifted.labels != written.labels).any()
    np.testing.assert_array_equal(shifted.labels == TRANSIT, (shifted.states == TRANSIT).any(axis=1))
    # No window runs over the long gap that ends a block.
    assert (shifted.states != dataset.NO_CADENCE).mean(axis=1).min() > 0.5


def test_a_gap_over_the_transit_takes_its_label(written: dataset.SegmentDataset) -> None:
    which = np.flatnonzero(written.labels == TRANSIT)
    rng = np.random.default_rng(2)
    batches = [augmented_batch(written, which, Augmentation(0.0, False, 1.0), rng) for _ in range(20)]
    gone = np.concatenate([b.labels for b in batches]) != TRANSIT
    assert 0 < gone.mean() < 0.5
    for b in batches:
        assert np.all(b.values[b.states == dataset.NO_CADENCE][:, :2] == 0)
        assert np.all(b.values[b.states == dataset.NO_CADENCE][:, 2] == 1)


def test_reversing_turns_states_too(written: dataset.SegmentDataset) -> None:
    which = np.arange(8)
    turned = augmented_batch(written, which, Augmentation(1.0, False, 0.0), np.random.default_rng(3))
    plain = written.batch(which)
    np.testing.assert_array_equal(turned.values, plain.values[:, ::-1])
    np.testing.assert_array_equal(turned.states, plain.states[:, ::-1])


def test_nothing_to_write_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Not one segment"):
        dataset.write_dataset([None], CUTTING, tmp_path / "empty")
    assert not list(tmp_path.iterdir())


def test_states_follow_the_ephemeris() -> None:
    copy = a_copy(3)
    np.testing.assert_array_equal(copy.states, label_cadences(copy.light_curve, [planet("TIC 3")]))
    assert np.all((copy.snr > 0) == (copy.states == TRANSIT))
