"""The judged test segments of a training run, kept so that thresholds can be moved and mistakes looked at later."""

import math
import os
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.scoring.star import TOP_K, top_k_mean
from astroseq_core.segments.label import TRANSIT
from astroseq_core.training.judged import OTHERS, STAR_SCORES, Mistake, RankedStars, TestSegments
from astroseq_core.training.ranking import FALSE_ALARM_RATE
from astroseq_core.training.shelf import EMPTY, Shelf

TEST, VERSION = "test.npz", 1
#: So many segments are kept at most; of more, equal numbers of each group and label are drawn and weighted.
MOST_SEGMENTS = 200_000
#: So many mistakes of each sort are kept for each group.
MISTAKES = 12
__all__ = ["OTHERS", "STAR_SCORES", "Mistake", "RankedStars", "TestSegments", "load", "save"]

_MISTAKE = ("label", "star", "group", "probability", "snr", "others", "values", "inside")
_SEGMENT = ("labels", "probability", "snr", "weight", "star_index", "group_index")
_RANK = ("rank_star", "rank_group", "rank_max", "rank_topk", "rank_positives")
_ERRORS = (
    OSError, ValueError, TypeError, KeyError, IndexError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error
)  # fmt: skip


def save(
    folder: Path,
    test: Shelf,
    groups: Sequence[tuple[str, NDArray[np.int64]]],
    probability: NDArray[np.floating],
    *,
    most: int = MOST_SEGMENTS,
) -> None:
    """Write test.npz into the folder, whole or not at all.

    ``groups``: the name and the segments' places of each group that was reported on; ``probability`` (n,): calibrated, of all
    segments of the shelf. Segments in no group are kept as OTHERS. Of more than ``most`` segments a draw is kept.
    """
    if len(probability) != len(test):
        raise ValueError(f"{len(probability)} probabilities for {len(test)} segments")
    probability, labels = np.asarray(probability, np.float32), np.asarray(test.labels, np.int8)
    group, names = np.full(len(test), len(groups), np.int8), [name for name, _ in groups]
    for number, (_, which) in enumerate(groups):
        group[which] = number
    if (group == len(groups)).any():
        names.append(OTHERS)
    star = np.asarray(test.table["star"], np.int32)
    kept, weight = _draw(group.astype(np.int64) * 2 + (labels == 1), most)
    arrays: dict[str, Any] = {
        "version": np.int64(VERSION),
        "labels": labels[kept], "probability": probability[kept], "snr": test.snr[kept].astype(np.float32), "weight": weight,
        "star_index": star[kept], "group_index": group[kept],
        "star_names": np.asarray(test.stars, np.str_), "group_names": np.array(names, np.str_),
        "channel": np.array(test.cutting.channels[_first(test)]),
        **_by_star(star, group, labels, probability),
        **_worst(test, group, len(names), probability),
    }  # fmt: skip
    temporary = folder / f".{TEST}.{os.getpid()}"
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
        temporary.replace(folder / TEST)
    finally:
        temporary.unlink(missing_ok=True)


def _draw(stratum: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Places of the segments that are kept, and for how many of its stratum (n,) each stands.

    Small strata stay whole and large ones are cut down to one size: transits are rare, and real stars may be.
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


def _by_star(
    star: NDArray[np.int32], group: NDArray[np.int8], labels: NDArray[np.int8], probability: NDArray[np.float32]
) -> dict[str, Any]:
    """A row for each star and group, of all its segments."""
    groups = int(group.max()) + 1
    pairs, where = np.unique(star.astype(np.int64) * groups + group, return_inverse=True)
    order = np.argsort(where, kind="stable")
    own = np.split(probability[order], np.cumsum(np.bincount(where))[:-1])
    return {
        "rank_star": (pairs // groups).astype(np.int32),
        "rank_group": (pairs % groups).astype(np.int8),
        "rank_max": np.array([p.max() for p in own], np.float32),
        "rank_topk": np.array([top_k_mean(p, TOP_K) for p in own], np.float32),
        "rank_positives": np.bincount(where, labels == 1).astype(np.int32),
    }


def _first(test: Shelf) -> int:
    """The channel that mistakes are drawn in: the first with flux."""
    return next((k for k, name in enumerate(test.cutting.channels) if name != "gap"), 0)


def _worst(test: Shelf, group: NDArray[np.int8], count: int, probability: NDArray[np.float32]) -> dict[str, Any]:
    """The mistakes of every group as arrays, misses after false alarms; compare scoring.worst."""
    labels, snr = test.labels, test.snr
    places: list[int] = []
    others: list[int] = []
    for number in range(count):
        quiet, transits = (np.flatnonzero((group == number) & (labels == label)) for label in (0, 1))
        limit = float(np.quantile(probability[quiet], 1 - FALSE_ALARM_RATE)) if len(quiet) else math.nan
        loudest = quiet[np.argsort(-probability[quiet], kind="stable")]
        missed = transits[probability[transits] <= limit]
        # A strength that is not known cannot be ranked.
        missed = missed[np.isfinite(snr[missed])]
        strongest = missed[np.argsort(-snr[missed], kind="stable")]
        for order, wrong in ((loudest, int((probability[quiet] > limit).sum())), (strongest, len(strongest))):
            stars = test.table["star"][order]
            _, first = np.unique(stars, return_index=True)
            chosen = np.sort(first)[:MISTAKES]
            places += order[chosen].tolist()
            others += [max(0, int((stars[:wrong] == stars[i]).sum()) - 1) for i in chosen]
    which = np.array(places, np.int64)
    batch = test.batch(which)
    values = batch.values[:, :, _first(test)].copy()
    values[batch.states == EMPTY] = np.nan
    return {
        "mistake_label": labels[which], "mistake_star": test.table["star"][which].astype(np.int32),
        "mistake_group": group[which], "mistake_probability": probability[which], "mistake_snr": snr[which].astype(np.float32),
        "mistake_others": np.array(others, np.int32), "mistake_values": values.astype(np.float32),
        "mistake_inside": batch.states == TRANSIT,
    }  # fmt: skip


def load(folder: Path) -> TestSegments | None:
    """The test segments kept in a run's folder, None where there are none; raises SettingsError when they are damaged."""
    path = folder / TEST
    try:
        # Opened here: numpy leaves a file open that is no archive.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        if int(arrays.pop("version")) != VERSION:
            raise SettingsError(f"The test segments of {folder.name} were kept by another AstroSeq; judge its model again.")
        return _made(arrays)
    except FileNotFoundError:
        return None
    except _ERRORS as error:
        raise SettingsError(
            f"The test segments of {folder.name} cannot be read ({_words(error)}); remove {path.name} there, or train again."
        ) from error


def _words(error: Exception) -> str:
    """The error in one line without a full stop."""
    return (" ".join(str(error).split()) or type(error).__name__).rstrip(".")


def _made(arrays: dict[str, NDArray[Any]]) -> TestSegments:
    """The segments of those arrays; raises ValueError where they do not fit together."""
    rows = {name: arrays.pop(f"mistake_{name}") for name in _MISTAKE}
    stars, groups = arrays["star_names"], arrays["group_names"]
    for lengths in ([len(arrays[n]) for n in _SEGMENT], [len(arrays[n]) for n in _RANK], [len(v) for v in rows.values()]):
        if len(set(lengths)) != 1:
            raise ValueError("its columns have unequal lengths")
    for index, names in (("star_index", stars), ("rank_star", stars), ("group_index", groups), ("rank_group", groups)):
        _within(arrays[index], len(names))
    _within(rows["star"], len(stars))
    _within(rows["group"], len(groups))
    probability = arrays["probability"]
    if not (len(probability) and np.all((probability >= 0) & (probability <= 1)) and np.isin(arrays["labels"], (0, 1)).all()):
        raise ValueError("a probability or a label is none")
    mistakes = tuple(
        Mistake(
            int(label), str(stars[star]), str(groups[group]), float(one), float(snr), int(others), values, inside
        )
        for label, star, group, one, snr, others, values, inside in zip(*(rows[n] for n in _MISTAKE), strict=True)
    )  # fmt: skip
    return TestSegments(mistakes=mistakes, channel=str(arrays.pop("channel")), **arrays)


def _within(index: NDArray[Any], count: int) -> None:
    if len(index) and not (int(index.min()) >= 0 and int(index.max()) < count):
        raise ValueError("a star or a group is missing")
