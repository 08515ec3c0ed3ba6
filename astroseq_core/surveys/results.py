"""Results of scoring stars, and the store as one place to put them."""

import json
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from astroseq_core.errors import StoreError
from astroseq_core.io import files
from astroseq_core.paths import read_file
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.signals.signal import FoundSignal
from astroseq_core.store import scores
from astroseq_core.store.scores import NO_MODEL, ScoreRow
from astroseq_core.typed_json import MAX_JSON_BYTES, convert, parse

log = logging.getLogger(__name__)

#: Rows are saved after this many, or after this time [s]: the most that a kill can cost, and that a page waits.
FLUSH_ROWS, FLUSH_SECONDS = 50, 1.0
#: Lines about what is in no score, in a survey's folder, and how many are kept.
LEFT_OUT_NAME, MAX_LEFT_OUT = "left_out.jsonl", 10_000


@dataclass(frozen=True)
class Remarks:
    """What of a star is not in its score, and why.

    Attributes
    ----------
    unread : tuple of (str, str)
        Name and problem of each file that was given and could not be used.
    left_out : tuple of str
        One sentence for each light curve that is left out since another covers its time.
    other : tuple of str
        One sentence for each other light curve that could not be used, or whose depths in ppm are unknown.
    met : tuple of str
        What of the person's preferences one of the star's light curves is.
    products : tuple of str
        What the person could prefer; empty without preferences.
    """

    unread: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    met: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, one sentence each."""
        return (*(problem for _, problem in self.unread), *self.other, *self.left_out)


@dataclass(frozen=True, eq=False)
class StarResult:
    """Result of scoring one star.

    Attributes
    ----------
    number : int
        Position of the star among all whose work has begun, from 0. That is the order in which the
        stars were given, but for those that had to be downloaded first.
    target_id : str
        Identifier of the star.
    row : ScoreRow or None
        Its scores, or the reason why there are none; None for a star that was passed over because
        the model has scored exactly these data.
    model_id : str
        The model; "" if none was found for the star.
    segments : tuple of SegmentScores
        Probabilities of its segments, without evidence, one element per light curve; empty unless
        they were asked for.
    remarks : Remarks
        What of the star is not in its score, and why.
    signals : tuple of FoundSignal
        Its signals; `num_signals` of its row says whether they were searched.
    """

    number: int
    target_id: str
    row: ScoreRow | None
    model_id: str = ""
    segments: tuple[SegmentScores, ...] = ()
    remarks: Remarks = field(default_factory=Remarks)
    signals: tuple[FoundSignal, ...] = ()


class Sink(Protocol):
    """Somewhere that results of stars go, as they come."""

    def write(self, result: StarResult) -> None:
        """Take a result.

        Parameters
        ----------
        result : StarResult
            The result.
        """


class LeftOutFile:
    """Sink that keeps what of the stars is in no score, one sentence a line, in a survey's folder.

    A survey that goes on passes over what it has scored, so the lines are added to those before.

    Parameters
    ----------
    folder : Path
        Folder of the survey.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LEFT_OUT_NAME
        self._kept = set(read_left_out(folder))

    def write(self, result: StarResult) -> None:
        """Take a result.

        Parameters
        ----------
        result : StarResult
            The result.

        Raises
        ------
        StoreError
            If the file cannot be written.
        """
        lines = {f"{result.target_id}: {sentence}": None for sentence in result.remarks.sentences}
        new = [line for line in lines if line not in self._kept][: max(0, MAX_LEFT_OUT - len(self._kept))]
        if not new:
            return
        self._kept.update(new)
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(line) + "\n" for line in new)
        except OSError as error:
            raise files.write_error(self._path, error, StoreError) from error


def read_left_out(folder: Path) -> tuple[str, ...]:
    """Read what of a survey's stars is in no score.

    Parameters
    ----------
    folder : Path
        Folder of the survey.

    Returns
    -------
    tuple of str
        One line for each file or light curve, each once: its star, and why; at most `MAX_LEFT_OUT`. Lines that are damaged
        are left out.
    """
    path = folder / LEFT_OUT_NAME
    if not path.is_file():
        return ()
    found: dict[str, None] = {}
    for line in read_file(path, MAX_JSON_BYTES, StoreError).splitlines()[: 2 * MAX_LEFT_OUT]:
        try:
            found[convert(parse(line), str)] = None
        except ValueError as error:
            log.warning("A line of %s is left out: %s.", path, error)
    return tuple(found)[:MAX_LEFT_OUT]


class StoreSink:
    """Context manager that saves results in the store, in small transactions: each row together with its signals.

    What has come is saved at the end of the block, also if the block raises.
    """

    def __init__(self) -> None:
        self._waiting: list[StarResult] = []
        self._saved_at = time.monotonic()

    def __enter__(self) -> Self:
        """Return the sink itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Save what is not saved yet."""
        self._flush()

    def write(self, result: StarResult) -> None:
        """Take a result; it is saved with others.

        Parameters
        ----------
        result : StarResult
            The result; one of a star that was passed over is in the store already.

        Raises
        ------
        StoreError
            If the store cannot be written.
        """
        if result.row is not None:
            self._waiting.append(result)
        if len(self._waiting) >= FLUSH_ROWS or time.monotonic() - self._saved_at > FLUSH_SECONDS:
            self._flush()

    def find(self, result: StarResult) -> ScoreRow | None:
        """Find what the store holds of a star after a result.

        Parameters
        ----------
        result : StarResult
            The result.

        Returns
        -------
        ScoreRow or None
            Row of the star by the result's model, or the newest by any if it has none; None if there
            is none.

        Raises
        ------
        StoreError
            If the store cannot be read or written.
        """
        if any(waiting.target_id == result.target_id for waiting in self._waiting):
            self._flush()
        rows = scores.list_by_star(result.target_id)
        return next((row for row in rows if result.model_id in ("", NO_MODEL, row.model_id)), None)

    def _flush(self) -> None:
        # The list is replaced first: rows that cannot be saved are not tried again when the block ends.
        results, self._waiting = self._waiting, []
        found = {(result.row.target_id, result.row.model_id): result.signals for result in results if result.row is not None}
        scores.save([result.row for result in results if result.row is not None], found)
        self._saved_at = time.monotonic()
