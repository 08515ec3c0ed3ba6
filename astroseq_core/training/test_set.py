"""Test predictions of a training run on disk, for later thresholds and views of mistakes."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.weighted_ranking import FALSE_ALARM_RATE
from astroseq_core.io import files
from astroseq_core.io.conventions import MAX_BYTES
from astroseq_core.io.npz import load_npz
from astroseq_core.paths import read_file
from astroseq_core.preprocessing.segments import TRANSIT
from astroseq_core.scoring.star import top_k_mean
from astroseq_core.training.dataset import NO_CADENCE, SegmentDataset
from astroseq_core.training.test_predictions import OTHERS_GROUP, TestPredictions, WorstTestSegment
from astroseq_core.type_names import AnyArray, Arrays
from astroseq_core.typed_json import DAMAGE, reason_of

TEST_NAME, VERSION = "test.npz", 1
#: Largest number of segments to keep; of more, equal numbers of each group and label are drawn and weighted.
MAX_SEGMENTS = 200_000
#: Number of false alarms, and of misses, to keep for each group.
MISTAKES_PER_GROUP = 12

_MISTAKE_COLUMNS = ("label", "star", "group", "probability", "snr", "others", "values", "inside")
_SEGMENT_COLUMNS = ("labels", "probability", "snr", "weight", "star_index", "group_index")
_RANK_COLUMNS = ("rank_star", "rank_group", "rank_max", "rank_topk", "rank_positives")
#: Kinds of the values of each column, as NumPy's letters: integers, numbers, texts.
_COLUMN_KINDS = {
    **dict.fromkeys(("labels", "star_index", "group_index", "rank_star", "rank_group", "rank_positives"), "iu"),
    **dict.fromkeys(("mistake_label", "mistake_star", "mistake_group", "mistake_others"), "iu"),
    **dict.fromkeys(("probability", "snr", "weight", "rank_max", "rank_topk", "mistake_probability", "mistake_snr"), "f"),
    **dict.fromkeys(("star_names", "group_names"), "U"),
}


def save(
    folder: Path,
    test: SegmentDataset,
    groups: Sequence[tuple[str, NDArray[np.int64]]],
    probability: NDArray[np.floating],
    *,
    most: int = MAX_SEGMENTS,
) -> None:
    """Write test.npz into a folder atomically.

    Segments in no group are kept as `OTHERS`.

    Parameters
    ----------
    folder : Path
        The folder of the run.
    test : Shelf
        The test segments.
    groups : sequence of tuple of (str, ndarray of int64)
        Name and segment indices of each group that has a report.
    probability : ndarray of float
        Calibrated probabilities of all test segments, shape (n,).
    most : int, optional
        Largest number of segments to keep; of more, a weighted subsample is kept.

    Raises
    ------
    ValueError
        If there is not one probability per segment.
    """
    if len(probability) != len(test):
        raise ValueError(f"{len(probability)} probabilities for {len(test)} segments")
    probability, labels = np.asarray(probability, np.float32), np.asarray(test.labels, np.int8)
    group, names = np.full(len(test), len(groups), np.int8), [name for name, _ in groups]
    for number, (_, which) in enumerate(groups):
        group[which] = number
    if (group == len(groups)).any():
        names.append(OTHERS_GROUP)
    star = np.asarray(test.table["star"], np.int32)
    kept, weight = _stratified_draw(group.astype(np.int64) * 2 + (labels == 1), most)
    arrays: Arrays = {
        "version": np.array(VERSION, np.int64),
        "labels": labels[kept],
        "probability": probability[kept],
        "snr": test.snr[kept].astype(np.float32),
        "weight": weight,
        "star_index": star[kept],
        "group_index": group[kept],
        "star_names": np.asarray(test.stars, np.str_),
        "group_names": np.array(names, np.str_),
        "channel": np.array(test.cutting.channels[_flux_channel(test)]),
        **_star_arrays(star, group, labels, probability),
        **_mistake_arrays(test, group, len(names), probability),
    }
    with files.AtomicFile(folder / TEST_NAME, SettingsError) as new, new.path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _stratified_draw(stratum: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return indices of the segments to keep, and how many of its stratum (n,) each one represents.

    Small strata are kept whole and large ones reduced to one common size: transits are rare, and
    real stars may be.
    """
    sizes = np.bincount(stratum)
    room, size = most, most
    rising = np.sort(sizes[sizes > 0])
    for number, one in enumerate(rising):
        size = room // (len(rising) - number)
        if one > size:
            break
        room -= int(one)
    rng = np.random.default_rng(0)
    kept, weight = [], []
    for number, one in enumerate(sizes):
        places = np.flatnonzero(stratum == number)
        if one > size:
            places = rng.choice(places, max(1, size), replace=False)
        kept.append(places)
        weight.append(np.full(len(places), one / max(1, len(places))))
    order = np.argsort(np.concatenate(kept))
    return np.concatenate(kept)[order], np.concatenate(weight)[order]


def _star_arrays(
    star: NDArray[np.int32], group: NDArray[np.int8], labels: NDArray[np.int8], probability: NDArray[np.float32]
) -> Arrays:
    """Return one row for each star and group, from all of its segments."""
    groups = int(group.max()) + 1
    pairs, where = np.unique(star.astype(np.int64) * groups + group, return_inverse=True)
    order = np.argsort(where, kind="stable")
    own = np.split(probability[order], np.cumsum(np.bincount(where))[:-1])
    return {
        "rank_star": (pairs // groups).astype(np.int32),
        "rank_group": (pairs % groups).astype(np.int8),
        "rank_max": np.array([p.max() for p in own], np.float32),
        "rank_topk": np.array([top_k_mean(p) for p in own], np.float32),
        "rank_positives": np.bincount(where, labels == 1).astype(np.int32),
    }


def _flux_channel(test: SegmentDataset) -> int:
    """Return the channel that shows mistakes: the first with flux."""
    return next((k for k, name in enumerate(test.cutting.channels) if name != "gap"), 0)


def _mistake_arrays(test: SegmentDataset, group: NDArray[np.int8], count: int, probability: NDArray[np.float32]) -> Arrays:
    """Return every group's mistakes as arrays, misses after false alarms; compare scoring.worst."""
    labels, snr = test.labels, test.snr
    places: list[int] = []
    others: list[int] = []
    for number in range(count):
        quiet, transits = (np.flatnonzero((group == number) & (labels == label)) for label in (0, 1))
        limit = float(np.quantile(probability[quiet], 1 - FALSE_ALARM_RATE)) if len(quiet) else math.nan
        loudest = quiet[np.argsort(-probability[quiet], kind="stable")]
        missed = transits[probability[transits] <= limit]
        # Transits of unknown signal-to-noise ratio cannot be ranked.
        missed = missed[np.isfinite(snr[missed])]
        strongest = missed[np.argsort(-snr[missed], kind="stable")]
        for order, wrong in ((loudest, int((probability[quiet] > limit).sum())), (strongest, len(strongest))):
            stars = test.table["star"][order]
            _, first = np.unique(stars, return_index=True)
            chosen = np.sort(first)[:MISTAKES_PER_GROUP]
            places += order[chosen].tolist()
            others += [max(0, int((stars[:wrong] == stars[i]).sum()) - 1) for i in chosen]
    which = np.array(places, np.int64)
    batch = test.batch(which)
    values = batch.values[:, :, _flux_channel(test)].copy()
    values[batch.states == NO_CADENCE] = np.nan
    return {
        "mistake_label": labels[which],
        "mistake_star": test.table["star"][which].astype(np.int32),
        "mistake_group": group[which],
        "mistake_probability": probability[which],
        "mistake_snr": snr[which].astype(np.float32),
        "mistake_others": np.array(others, np.int32),
        "mistake_values": values.astype(np.float32),
        "mistake_inside": batch.states == TRANSIT,
    }


def load(folder: Path) -> TestPredictions | None:
    """Load the test predictions of a run.

    Parameters
    ----------
    folder : Path
        The folder of the run.

    Returns
    -------
    TestPredictions or None
        The predictions; None if none were kept.

    Raises
    ------
    SettingsError
        If the file is damaged or of another version.
    """
    path = folder / TEST_NAME
    if not path.exists():
        return None
    try:
        arrays = load_npz(read_file(path, MAX_BYTES, SettingsError), path.name)
        version = int(arrays.pop("version"))
        found = _from_arrays(arrays) if version == VERSION else None
    except DAMAGE as error:
        raise SettingsError(
            f"The test segments of {folder.name} cannot be read ({reason_of(error)}); remove {path.name} there, or train again."
        ) from error
    if found is None:
        raise SettingsError(f"The test segments of {folder.name} were kept by another AstroSeq; judge its model again.")
    return found


def _from_arrays(arrays: Arrays) -> TestPredictions:
    """Return the predictions from arrays; raise ValueError if the arrays do not fit together."""
    rows = {name: arrays.pop(f"mistake_{name}") for name in _MISTAKE_COLUMNS}
    stars, groups = arrays["star_names"], arrays["group_names"]
    for lengths in (
        [len(arrays[n]) for n in _SEGMENT_COLUMNS],
        [len(arrays[n]) for n in _RANK_COLUMNS],
        [len(v) for v in rows.values()],
    ):
        if len(set(lengths)) != 1:
            raise ValueError("its columns have unequal lengths")
    for name, kinds in _COLUMN_KINDS.items():
        array = rows[name.removeprefix("mistake_")] if name.startswith("mistake_") else arrays[name]
        if array.ndim != 1 or array.dtype.kind not in kinds:
            raise ValueError(f"{name} is no column of such values")
    if rows["values"].ndim != 2 or rows["values"].shape != rows["inside"].shape or rows["values"].dtype.kind != "f":
        raise ValueError("the segments of its mistakes are none")
    for index, names in (("star_index", stars), ("rank_star", stars), ("group_index", groups), ("rank_group", groups)):
        _check_index(arrays[index], len(names))
    _check_index(rows["star"], len(stars))
    _check_index(rows["group"], len(groups))
    probability = arrays["probability"]
    if not (len(probability) and np.all((probability >= 0) & (probability <= 1)) and np.isin(arrays["labels"], (0, 1)).all()):
        raise ValueError("a probability or a label is none")
    mistakes = tuple(
        WorstTestSegment(int(label), str(stars[star]), str(groups[group]), float(one), float(snr), int(others), values, inside)
        for label, star, group, one, snr, others, values, inside in zip(*(rows[n] for n in _MISTAKE_COLUMNS), strict=True)
    )
    return TestPredictions(mistakes=mistakes, channel=str(arrays.pop("channel")), **arrays)


def _check_index(index: AnyArray, count: int) -> None:
    if len(index) and not (int(index.min()) >= 0 and int(index.max()) < count):
        raise ValueError("a star or a group is missing")
