"""Segments on disk: the same as those cut in memory, labelled alike, shifted and augmented with labels that follow."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from astroseq_core import missions
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import SettingsError
from astroseq_core.lightcurves import lightcurve
from astroseq_core.lightcurves.prepare import Preparation, prepare
from astroseq_core.segments.cut import Cutting, cut
from astroseq_core.segments.label import LEFT_OUT, TRANSIT, cadence_states, label
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.training import shelf
from astroseq_core.training.augment import augmented
from astroseq_core.training.copies import Copy, with_states
from astroseq_core.training.recipes import Augmentation

CUTTING = Cutting(window=256, stride=64, channels=("flat", "raw", "gap"))


def planet(star: str, disposition: str = "") -> Ephemeris:
    return Ephemeris(star, "b", Instant(2000.7, TimeSystem.BTJD), 2.3, 2.0, 2000.0, disposition=disposition)


def a_copy(number: int, disposition: str = "") -> Copy:
    rng = np.random.default_rng(number)
    time = 2000 + np.arange(4000) * 2 / 1440
    time = np.delete(time, np.r_[900:960, 2000:2700])
    flux = 1 + 1e-3 * rng.standard_normal(len(time))
    curve = lightcurve.make(target=Target("TIC", str(number)), observation="o", time=time, flux=flux, instrument=missions.TESS)
    return with_states(prepare(curve, Preparation(cadence_minutes=2.0)), [planet(curve.target.id, disposition)])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> shelf.Shelf:
    folder = tmp_path_factory.mktemp("shelves") / "train"
    pieces = (shelf.piece(f"TIC {n}", [a_copy(n)], CUTTING) for n in (1, 2))
    shelf.write(pieces, CUTTING, folder)
    return shelf.open_shelf(folder)


def in_memory(number: int) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    copy = a_copy(number)
    segments = cut(copy.prepared, CUTTING)
    return segments.values, label(segments, copy.states)


def test_it_holds_what_cutting_gives(written: shelf.Shelf) -> None:
    values, labels = zip(*(in_memory(n) for n in (1, 2)), strict=True)
    batch = written.batch(np.arange(len(written)))
    np.testing.assert_array_equal(batch.labels, np.concatenate(labels))
    np.testing.assert_array_equal(written.labels, batch.labels)
    np.testing.assert_allclose(batch.values, np.concatenate(values), rtol=2e-3, atol=2e-3)
    assert set(written.star) == {"TIC 1", "TIC 2"}


def test_the_signal_to_noise_is_that_of_one_transit(written: shelf.Shelf) -> None:
    # 2000 ppm over 60 cadences of 1000 ppm.
    strongest = written.snr[written.labels == TRANSIT]
    assert np.all(np.abs(strongest / (2 * np.sqrt(60)) - 1) < 0.35)
    assert not written.snr[written.labels == 0].any()


def test_false_positives_are_left_out() -> None:
    piece = shelf.piece("TIC 1", [a_copy(1, "FALSE POSITIVE")], CUTTING)
    assert piece is not None
    assert not piece.table["label"].any()
    assert (piece.states == LEFT_OUT).any()
    assert len(piece.table) < len(in_memory(1)[1])


def test_shifted_windows_stay_in_their_block_and_are_labelled_anew(written: shelf.Shelf) -> None:
    rng = np.random.default_rng(1)
    which = np.arange(len(written))
    plain = Augmentation(reversed=0.0, shifted=True, gap=0.0)
    shifted = augmented(written, which, plain, rng)
    assert (shifted.labels != written.labels).any()
    np.testing.assert_array_equal(shifted.labels == TRANSIT, (shifted.states == TRANSIT).any(axis=1))
    # No window runs over the long gap that ends a block.
    assert (shifted.states != shelf.EMPTY).mean(axis=1).min() > 0.5


def test_a_gap_over_the_transit_takes_its_label(written: shelf.Shelf) -> None:
    which = np.flatnonzero(written.labels == TRANSIT)
    rng = np.random.default_rng(2)
    batches = [augmented(written, which, Augmentation(0.0, False, 1.0), rng) for _ in range(20)]
    gone = np.concatenate([b.labels for b in batches]) != TRANSIT
    assert 0 < gone.mean() < 0.5
    for b in batches:
        assert np.all(b.values[b.states == shelf.EMPTY][:, :2] == 0)
        assert np.all(b.values[b.states == shelf.EMPTY][:, 2] == 1)


def test_reversing_turns_states_too(written: shelf.Shelf) -> None:
    which = np.arange(8)
    turned = augmented(written, which, Augmentation(1.0, False, 0.0), np.random.default_rng(3))
    plain = written.batch(which)
    np.testing.assert_array_equal(turned.values, plain.values[:, ::-1])
    np.testing.assert_array_equal(turned.states, plain.states[:, ::-1])


def test_nothing_to_write_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Not one segment"):
        shelf.write([None], CUTTING, tmp_path / "empty")
    assert not list(tmp_path.iterdir())


def test_states_follow_the_ephemeris() -> None:
    copy = a_copy(3)
    np.testing.assert_array_equal(copy.states, cadence_states(copy.prepared, [planet("TIC 3")]))
    assert np.all((copy.snr > 0) == (copy.states == TRANSIT))
