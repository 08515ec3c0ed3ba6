"""The shelf: training series on disk, from which segments are cut as they are asked for.

Neighbouring segments share three quarters of their cadences, so the series are kept once and a segment is a place to begin at.
A million segments of 1024 cadences in ten channels take about 6 GB of disk and next to no memory.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.lightcurves import channels as series
from astroseq_core.segments.cut import Cutting, lay_out, own_scale
from astroseq_core.segments.label import LEFT_OUT, NO_TRANSIT, TRANSIT
from astroseq_core.training.copies import Copy
from astroseq_core.training.examples import Examples

#: State of a place without a cadence; the others are those of segments.label.
EMPTY = -2
#: Uncompressed raw flux is kept within float16's range [sigmas].
LARGEST_RAW = 6e4
TABLE = np.dtype([("start", "<i8"), ("low", "<i8"), ("high", "<i8"), ("star", "<i4"), ("label", "i1"), ("snr", "<f4")])


@dataclass(frozen=True, eq=False)
class Piece:
    """What one star puts on the shelf: ``places`` (size, channels) float16, ``states`` (size,), ``table`` of its segments."""

    star: str
    places: NDArray[np.float16]
    states: NDArray[np.int8]
    table: NDArray[np.void]


def piece(star: str, copies: Iterable[Copy], cutting: Cutting) -> Piece | None:
    """A star's copies as one piece, None where there is no segment; segments that are left out are not in its table."""
    places, states, tables, size = [], [], [], 0
    for copy in copies:
        grid, starts, _, _ = lay_out(copy.prepared.time, copy.prepared.cadence_minutes, cutting)
        if not len(starts):
            continue
        values = series.compute(copy.prepared, grid, cutting.channels)
        state = np.full(grid.size, EMPTY, np.int8)
        state[grid.place] = copy.states
        snr = grid.spread(copy.snr)
        block = np.searchsorted(grid.block_start, starts, side="right") - 1
        table = np.zeros(len(starts), TABLE)
        table["start"] = starts + size
        table["low"] = grid.block_start[block] + size
        table["high"] = grid.block_start[block] + grid.block_size[block] - cutting.window + size
        table["label"] = window_labels(state[starts[:, None] + np.arange(cutting.window)])
        table["snr"] = [snr[s : s + cutting.window].max() for s in starts]
        tables.append(table[table["label"] != LEFT_OUT])
        places.append(np.clip(values, -LARGEST_RAW, LARGEST_RAW).astype(np.float16))
        states.append(state)
        size += grid.size
    if not tables:
        return None
    return Piece(star, np.concatenate(places), np.concatenate(states), np.concatenate(tables))


def window_labels(states: NDArray[np.int8]) -> NDArray[np.int8]:
    """TRANSIT, LEFT_OUT or NO_TRANSIT for windows of places (b, window), by segments.label's rule."""
    transit, doubtful = (states == TRANSIT).any(axis=1), (states == LEFT_OUT).any(axis=1)
    return np.where(transit, TRANSIT, np.where(doubtful, LEFT_OUT, NO_TRANSIT)).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Batch:
    """Segments for one step: ``values`` (b, window, channels) float32, ``labels`` (b,), ``states`` (b, window)."""

    values: NDArray[np.float32]
    labels: NDArray[np.int8]
    states: NDArray[np.int8]


class Series:
    """Rows of numbers in a file, of which stretches are read when they are asked for.

    Not mapped into memory: an epoch touches every page, and the process would seem to hold the whole file.
    """

    def __init__(self, path: Path, dtype: Any, columns: int) -> None:
        self.path, self._dtype, self._columns = path, np.dtype(dtype), columns

    def stretches(self, first: NDArray[np.int64], length: int) -> NDArray[Any]:
        """The ``length`` rows from each of those (b,) on, shape (b, length, columns); raises OSError where the file ends."""
        out = np.empty((len(first), length, self._columns), self._dtype)
        row = self._dtype.itemsize * self._columns
        with self.path.open("rb", buffering=0) as file:
            for one, begin in zip(out, first, strict=True):
                if os.preadv(file.fileno(), [one.data], int(begin) * row) != length * row:
                    raise OSError(f"{self.path} ends too early; remove its folder and make it again.")
        return out


@dataclass(frozen=True, eq=False)
class Shelf:
    """Segments on disk; made by ``write`` or ``open_shelf``.

    ``table`` (n,): where each segment begins, between which places it may be shifted, its star's number, label and the
    signal-to-noise of its strongest transit. ``stars``: the names by number.
    """

    cutting: Cutting
    places: Series
    states: Series
    table: NDArray[np.void]
    stars: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.table)

    @property
    def labels(self) -> NDArray[np.int8]:
        """The segments' labels (n,), 0 or 1."""
        return np.asarray(self.table["label"])

    @property
    def snr(self) -> NDArray[np.float32]:
        """Signal-to-noise of each segment's strongest transit (n,), 0 where there is none."""
        return np.asarray(self.table["snr"])

    @property
    def star(self) -> NDArray[np.str_]:
        """Each segment's star (n,)."""
        return np.asarray(self.stars[self.table["star"]])

    def batch(self, which: NDArray[np.int64], starts: NDArray[np.int64] | None = None) -> Batch:
        """Those segments, or windows that begin at ``starts`` instead; a window with nothing sure in it keeps label LEFT_OUT."""
        first = self.table["start"][which] if starts is None else starts
        values = self.places.stretches(first, self.cutting.window).astype(np.float32)
        states = self.states.stretches(first, self.cutting.window)[:, :, 0]
        own_scale(values, self.cutting.channels, states != EMPTY)
        return Batch(values, window_labels(states), states)

    def examples(self, which: NDArray[np.int64]) -> Examples:
        """Those segments in memory, for methods that take arrays."""
        parts = list(self.batches(which))
        values = np.concatenate([p.values.astype(np.float16) for p in parts])
        return Examples(values, np.concatenate([p.labels for p in parts]), self.star[which])

    def batches(self, which: NDArray[np.int64] | None = None, size: int = 512) -> Iterator[Batch]:
        """All segments, or those, in order."""
        chosen = np.arange(len(self)) if which is None else which
        for begin in range(0, len(chosen), size):
            yield self.batch(chosen[begin : begin + size])


def write(pieces: Iterable[Piece | None], cutting: Cutting, folder: Path) -> Shelf:
    """A new shelf in the folder, piece by piece, so that memory holds one star at a time; raises SettingsError when it is empty.

    The folder appears under its name when it is whole.
    """
    work = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    stars: list[str] = []
    tables, size = [], 0
    with (work / "places.f16").open("wb") as values, (work / "states.i8").open("wb") as states:
        for one in pieces:
            if one is None or not len(one.table):
                continue
            one.places.tofile(values)
            one.states.tofile(states)
            table = one.table.copy()
            for column in ("start", "low", "high"):
                table[column] += size
            table["star"] = len(stars)
            tables.append(table)
            stars.append(one.star)
            size += len(one.places)
    if not tables:
        shutil.rmtree(work)
        raise SettingsError("Not one segment came of these stars; give light curves of the recipe's missions and cadence.")
    np.save(work / "table.npy", np.concatenate(tables), allow_pickle=False)
    about = {"cutting": cutting.to_dict(), "stars": stars}
    (work / "shelf.json").write_text(json.dumps(about), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    work.rename(folder)
    return open_shelf(folder)


def open_shelf(folder: Path) -> Shelf:
    """The shelf in that folder, its series not read yet; raises FileNotFoundError where there is none."""
    about = json.loads((folder / "shelf.json").read_text(encoding="utf-8"))
    cutting = Cutting(**about["cutting"] | {"channels": tuple(about["cutting"]["channels"])})
    return Shelf(
        cutting=cutting,
        places=Series(folder / "places.f16", np.float16, len(cutting.channels)),
        states=Series(folder / "states.i8", np.int8, 1),
        table=np.load(folder / "table.npy", allow_pickle=False),
        stars=np.array(about["stars"]),
    )
