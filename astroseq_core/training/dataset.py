"""Segment dataset on disk: training series from which segments are read on demand.

Neighboring segments share three quarters of their cadences, so the series are stored once and a
segment is a start index. A million segments of 1024 cadences in ten channels take about 6 GB of
disk and next to no memory.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.io import files
from astroseq_core.preprocessing import channels as series
from astroseq_core.preprocessing.segments import (
    LEFT_OUT,
    NO_TRANSIT,
    TRANSIT,
    SegmentConfig,
    lay_out_segments,
    scale_each_segment,
)
from astroseq_core.training.injection import TrainingCopy
from astroseq_core.type_names import AnyArray
from astroseq_core.typed_json import convert, damage_as, read_object


@dataclass(frozen=True, eq=False)
class LabeledSegments:
    """Labeled segments in memory.

    Attributes
    ----------
    values : ndarray of float16
        Channels of the segments, shape (n, window, channels).
    labels : ndarray of int8
        Labels (0 or 1), shape (n,).
    stars : ndarray of str
        Star of each segment, shape (n,).
    """

    values: NDArray[np.float16]
    labels: NDArray[np.int8]
    stars: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def base_rate(self) -> float:
        """Share of the examples with a transit."""
        return float(self.labels.mean())


def concatenate_examples(parts: Sequence[LabeledSegments]) -> LabeledSegments:
    """Concatenate examples.

    Parameters
    ----------
    parts : sequence of Examples
        The parts, at least one.

    Returns
    -------
    Examples object
        All examples, in the order of the parts.
    """
    return LabeledSegments(
        np.concatenate([p.values for p in parts]),
        np.concatenate([p.labels for p in parts]),
        np.concatenate([p.stars for p in parts]),
    )


#: Label of a grid point without a cadence; the others are those of segments.label.
NO_CADENCE = -2
#: Limit of uncompressed raw flux, within float16's range [sigma].
MAX_RAW_SIGMA = 6e4
SEGMENT_DTYPE = np.dtype([("start", "<i8"), ("low", "<i8"), ("high", "<i8"), ("star", "<i4"), ("label", "i1"), ("snr", "<f4")])


@dataclass(frozen=True, eq=False)
class StarSegments:
    """What one star contributes to a dataset.

    Attributes
    ----------
    star : str
        Name of the star.
    places : ndarray of float16
        Channels on the time grid, shape (size, channels).
    states : ndarray of int8
        Label of each grid point, shape (size,).
    table : structured ndarray
        One row for each segment: start, limits of shifts, label and signal-to-noise ratio.
    """

    star: str
    places: NDArray[np.float16]
    states: NDArray[np.int8]
    table: NDArray[np.void]


def make_star_segments(star: str, copies: Iterable[TrainingCopy], segment_config: SegmentConfig) -> StarSegments | None:
    """Make the dataset rows of a star from its copies.

    Parameters
    ----------
    star : str
        Name of the star.
    copies : iterable of Copy
        The labeled copies of its light curves.
    segment_config : Cutting
        Window, stride and channels of the segments.

    Returns
    -------
    Piece or None
        The star's rows, without segments of uncertain label; None if no segment is left.
    """
    places, states, tables, size = [], [], [], 0
    for copy in copies:
        grid, starts, _, _ = lay_out_segments(copy.light_curve.time, copy.light_curve.cadence_minutes, segment_config)
        if not len(starts):
            continue
        values = series.compute_channels(copy.light_curve, grid, segment_config.channels)
        state = np.full(grid.size, NO_CADENCE, np.int8)
        state[grid.place] = copy.states
        snr = grid.to_grid(copy.snr)
        block = np.searchsorted(grid.block_start, starts, side="right") - 1
        table = np.zeros(len(starts), SEGMENT_DTYPE)
        table["start"] = starts + size
        table["low"] = grid.block_start[block] + size
        table["high"] = grid.block_start[block] + grid.block_size[block] - segment_config.window + size
        table["label"] = window_labels(state[starts[:, None] + np.arange(segment_config.window)])
        table["snr"] = [snr[s : s + segment_config.window].max() for s in starts]
        tables.append(table[table["label"] != LEFT_OUT])
        places.append(np.clip(values, -MAX_RAW_SIGMA, MAX_RAW_SIGMA).astype(np.float16))
        states.append(state)
        size += grid.size
    if not tables:
        return None
    return StarSegments(star, np.concatenate(places), np.concatenate(states), np.concatenate(tables))


def window_labels(states: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return TRANSIT, LEFT_OUT or NO_TRANSIT for each window, by the rule of segments.label.

    Parameters
    ----------
    states : ndarray of int8
        Labels of the grid points, shape (b, window).

    Returns
    -------
    ndarray of int8
        Labels of the windows, shape (b,).

    Examples
    --------
    >>> states = np.array([[NO_TRANSIT, TRANSIT], [NO_TRANSIT, LEFT_OUT], [NO_TRANSIT, NO_CADENCE]])
    >>> (window_labels(states) == [TRANSIT, LEFT_OUT, NO_TRANSIT]).tolist()
    [True, True, True]
    """
    transit, doubtful = (states == TRANSIT).any(axis=1), (states == LEFT_OUT).any(axis=1)
    return np.where(transit, TRANSIT, np.where(doubtful, LEFT_OUT, NO_TRANSIT)).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Batch:
    """Segments for one training step.

    Attributes
    ----------
    values : ndarray of float32
        Channels of the segments, shape (b, window, channels).
    labels : ndarray of int8
        Labels of the segments, shape (b,).
    states : ndarray of int8
        Labels of the grid points, shape (b, window).
    """

    values: NDArray[np.float32]
    labels: NDArray[np.int8]
    states: NDArray[np.int8]


class RowFile:
    """Rows of numbers in a file, read on demand.

    The file is not memory-mapped: an epoch touches every page, so the process would seem to hold
    the whole file.

    Parameters
    ----------
    path : Path
        The file.
    dtype : object
        Type of the numbers.
    columns : int
        Number of columns.
    """

    def __init__(self, path: Path, dtype: DTypeLike, columns: int) -> None:
        self.path, self._dtype, self._columns = path, np.dtype(dtype), columns

    @property
    def num_rows(self) -> int:
        """Number of rows that the file holds; 0 if it is missing."""
        return self.path.stat().st_size // (self._dtype.itemsize * self._columns) if self.path.is_file() else 0

    def read_rows(self, first: NDArray[np.int64], length: int) -> AnyArray:
        """Read a stretch of rows from each of several positions.

        Parameters
        ----------
        first : ndarray of int64
            First row of each stretch, shape (b,).
        length : int
            Number of rows of a stretch.

        Returns
        -------
        ndarray
            The rows, shape (b, length, columns).

        Raises
        ------
        OSError
            If the file ends too early.
        """
        out = np.empty((len(first), length, self._columns), self._dtype)
        row = self._dtype.itemsize * self._columns
        with self.path.open("rb", buffering=0) as file:
            for one, begin in zip(out, first, strict=True):
                if os.preadv(file.fileno(), [one.data], int(begin) * row) != length * row:
                    raise OSError(f"{self.path} ends too early; remove its folder and make it again.")
        return out


@dataclass(frozen=True, eq=False)
class SegmentDataset:
    """Segments on disk; made by `write` or `open_shelf`.

    Attributes
    ----------
    cutting : Cutting
        Window, stride and channels of the segments.
    places : Series
        Channels on the time grid.
    states : Series
        Labels of the grid points.
    table : structured ndarray
        One row for each segment, shape (n,): start, limits of shifts, index of the star, label and
        signal-to-noise ratio of the strongest transit.
    stars : ndarray of str
        Names of the stars.
    """

    cutting: SegmentConfig
    places: RowFile
    states: RowFile
    table: NDArray[np.void]
    stars: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.table)

    @property
    def labels(self) -> NDArray[np.int8]:
        """Labels of the segments (0 or 1), shape (n,)."""
        return np.asarray(self.table["label"])

    @property
    def snr(self) -> NDArray[np.float32]:
        """Signal-to-noise ratio of each segment's strongest transit, shape (n,); 0 without one."""
        return np.asarray(self.table["snr"])

    @property
    def star(self) -> NDArray[np.str_]:
        """Star of each segment, shape (n,)."""
        return np.asarray(self.stars[self.table["star"]])

    def batch(self, which: NDArray[np.int64], starts: NDArray[np.int64] | None = None) -> Batch:
        """Read segments.

        Parameters
        ----------
        which : ndarray of int64
            Indices of the segments, shape (b,).
        starts : ndarray of int64 or None, optional
            Grid points to start at instead of the segments' own, shape (b,). A window without a
            certain label is labeled LEFT_OUT.

        Returns
        -------
        Batch
            The segments.
        """
        first = self.table["start"][which] if starts is None else starts
        values = self.places.read_rows(first, self.cutting.window).astype(np.float32)
        states = self.states.read_rows(first, self.cutting.window)[:, :, 0]
        scale_each_segment(values, self.cutting.channels, states != NO_CADENCE)
        return Batch(values, window_labels(states), states)

    def examples(self, which: NDArray[np.int64]) -> LabeledSegments:
        """Read segments into memory, for methods that take arrays.

        Parameters
        ----------
        which : ndarray of int64
            Indices of the segments.

        Returns
        -------
        Examples object
            The segments.
        """
        parts = list(self.batches(which))
        values = np.concatenate([p.values.astype(np.float16) for p in parts])
        return LabeledSegments(values, np.concatenate([p.labels for p in parts]), self.star[which])

    def batches(self, which: NDArray[np.int64] | None = None, size: int = 512) -> Iterator[Batch]:
        """Read segments batch by batch, in order.

        Parameters
        ----------
        which : ndarray of int64 or None, optional
            Indices of the segments; all if None.
        size : int, optional
            Number of segments in a batch.

        Yields
        ------
        Batch
            The next segments.
        """
        chosen = np.arange(len(self)) if which is None else which
        for begin in range(0, len(chosen), size):
            yield self.batch(chosen[begin : begin + size])


def write_dataset(pieces: Iterable[StarSegments | None], segment_config: SegmentConfig, folder: Path) -> SegmentDataset:
    """Write a dataset star by star, so that memory holds one star at a time.

    The folder appears under its name when it is complete.

    Parameters
    ----------
    pieces : iterable of Piece or None
        Rows of the stars; None is skipped.
    segment_config : Cutting
        Window, stride and channels of the segments.
    folder : Path
        Folder of the dataset; an existing one is replaced.

    Returns
    -------
    Shelf
        The dataset.

    Raises
    ------
    SettingsError
        If there is no segment.
    """
    with files.atomic_folder(folder) as work:
        _write_dataset(pieces, segment_config, work)
    return open_dataset(folder)


def _write_dataset(pieces: Iterable[StarSegments | None], segment_config: SegmentConfig, work: Path) -> None:
    stars: list[str] = []
    tables, size = [], 0
    with (work / "places.f16").open("wb") as values, (work / "states.i8").open("wb") as states:
        for one in pieces:
            if one is None or not len(one.table):
                continue
            _append(one.places, values)
            _append(one.states, states)
            table = one.table.copy()
            for column in ("start", "low", "high"):
                table[column] += size
            table["star"] = len(stars)
            tables.append(table)
            stars.append(one.star)
            size += len(one.places)
    if not tables:
        raise SettingsError(
            "Not one segment came of these stars; give more stars, with light curves of the recipe's missions and cadence."
        )
    about = {"cutting": segment_config.to_dict(), "stars": stars}
    try:
        np.save(work / "table.npy", np.concatenate(tables), allow_pickle=False)
        (work / "shelf.json").write_text(json.dumps(about), encoding="utf-8")
    except OSError as error:
        raise files.write_error(work, error, SettingsError) from error


def _append(array: AnyArray, file: BinaryIO) -> None:
    try:
        file.write(np.ascontiguousarray(array).data)
    except OSError as error:
        raise files.write_error(Path(file.name), error, SettingsError) from error


def open_dataset(folder: Path) -> SegmentDataset:
    """Open the dataset in a folder, without reading its series.

    Parameters
    ----------
    folder : Path
        Folder of the dataset.

    Returns
    -------
    Shelf
        The dataset.

    Raises
    ------
    SettingsError
        If there is no dataset, or it is damaged.
    """
    path, advice = folder / "shelf.json", "remove its folder, and it is made again"
    about = read_object(path, dict[str, object], advice)
    with damage_as(SettingsError, path, advice):
        segment_config = convert(about["cutting"], SegmentConfig, "cutting")
        stars = convert(about["stars"], tuple[str, ...], "stars")
        table = np.load(folder / "table.npy", allow_pickle=False)
        if table.dtype != SEGMENT_DTYPE or table.ndim != 1 or not len(table):
            raise ValueError("its table is none")
        if not (table["star"].min() >= 0 and table["star"].max() < len(stars)):
            raise ValueError("its table names a star that is missing")
        places = RowFile(folder / "places.f16", np.float16, len(segment_config.channels))
        states = RowFile(folder / "states.i8", np.int8, 1)
        last = int(table["start"].max()) + segment_config.window
        if table["start"].min() < 0 or not last <= places.num_rows == states.num_rows:
            raise ValueError("its series end too early")
    return SegmentDataset(cutting=segment_config, places=places, states=states, table=table, stars=np.array(stars))
