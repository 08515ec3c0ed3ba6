"""Score tables: scores.csv, signals.csv and segments.csv, written as the results come, in the order of the stars."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from astroseq_core.column_fields import Cell
from astroseq_core.columns import ROW_COLUMNS, SCORES_CSV, SIGNAL_COLUMNS, SIGNALS_CSV
from astroseq_core.io import files
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.signals.signal import FoundSignal
from astroseq_core.store.scores import OK, ScoreRow
from astroseq_core.store.signals import list_by_star, signal_values
from astroseq_core.surveys.results import StarResult

SEGMENTS_COLUMNS = ("target_id", "observation", "segment", "t_start", "t_stop", "num_cadences", "probability")


def score_row(row: ScoreRow) -> dict[str, Cell]:
    """Return the row of scores.csv for a star, scored or not.

    Parameters
    ----------
    row : ScoreRow
        Scores of the star, or the reason why there are none.

    Returns
    -------
    dict
        Values by the names in `columns.SCORES_CSV`, rounded; `mission` is the one that took the light
        curves.
    """
    return row_values(vars(row) | {"mission": row.seen_as or row.mission, "status": " ".join(row.status.split())})


def row_values(values: Mapping[str, Cell]) -> dict[str, Cell]:
    """Return a row of scores.csv, its numbers rounded to their meaningful digits.

    Parameters
    ----------
    values : mapping
        Values by column name; the status is "ok" by default.

    Returns
    -------
    dict
        Values by the names in `columns.SCORES_CSV`, rounded.

    Examples
    --------
    >>> row_values({"star_score": 3.14159265})["star_score"]
    3.1416
    """
    return {name: ROW_COLUMNS[name].rounded(values.get(name, OK if name == "status" else None)) for name in SCORES_CSV}


def signal_row(signal: FoundSignal, mission: str, model_id: str) -> dict[str, Cell]:
    """Return the row of signals.csv for a signal.

    Parameters
    ----------
    signal : FoundSignal
        The signal.
    mission : str
        Mission that took the light curves.
    model_id : str
        Identifier of the model whose evidence was searched.

    Returns
    -------
    dict
        Values by the names in `columns.SIGNALS_CSV`, rounded.
    """
    values = signal_values(signal) | {"target_id": signal.ephemeris.target_id, "mission": mission, "model_id": model_id}
    return {name: SIGNAL_COLUMNS[name].rounded(values[name]) for name in SIGNALS_CSV}


def segment_rows(scores: SegmentScores) -> Iterable[dict[str, object]]:
    """Yield the rows of segments.csv for one observation.

    Parameters
    ----------
    scores : SegmentScores
        Segment probabilities of the observation.

    Yields
    ------
    dict
        Values by column name; times [d] are in the mission's time system.
    """
    columns = (scores.segment, scores.t_start, scores.t_stop, scores.num_cadences, scores.probability)
    for segment, start, stop, count, probability in zip(*(c.tolist() for c in columns), strict=True):
        yield {
            "target_id": scores.target_id,
            "observation": scores.observation,
            "segment": segment,
            "t_start": round(start, 7),
            "t_stop": round(stop, 7),
            "num_cadences": count,
            "probability": round(probability, 6),
        }


class ScoreFiles:
    """Context manager that writes scores.csv and, if asked for, segments.csv and signals.csv, whole or not at all.

    Rows are in the order in which the stars were given, whatever the order of the results; results
    that come early wait. A file that could not be used beside others of its star has a row of its
    own behind the star's: its name and the reason.

    Parameters
    ----------
    scores : Path
        Path of scores.csv.
    segments : Path or None, optional
        Path of segments.csv; None for none.
    stored : callable or None, optional
        Finds the stored row of a star that was passed over or could not be scored now, such as
        `StoreSink.find`; None if there is no store.
    signals : Path or None, optional
        Path of signals.csv; None for none.
    """

    def __init__(
        self,
        scores: Path,
        segments: Path | None = None,
        stored: Callable[[StarResult], ScoreRow | None] | None = None,
        signals: Path | None = None,
    ) -> None:
        self.num_scored = self.num_segments = self.num_signals = self.num_unread = self.num_left_out = 0
        self._scores = files.TableWriter(scores, SCORES_CSV)
        self._segments = None if segments is None else files.TableWriter(segments, SEGMENTS_COLUMNS)
        self._signals = None if signals is None else files.TableWriter(signals, SIGNALS_CSV)
        self._stored = stored
        self._early: dict[int, StarResult] = {}
        self._next = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Open the files; raise ExportError if that fails."""
        with ExitStack() as stack:
            for table in filter(None, (self._scores, self._segments, self._signals)):
                stack.enter_context(table)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Give the files their final names, or delete them after an error."""
        self._stack.__exit__(kind, error, trace)

    def write(self, result: StarResult) -> None:
        """Take a result; it is written when all before it have come.

        Parameters
        ----------
        result : StarResult
            The result.
        """
        self._early[result.number] = result
        while self._next in self._early:
            self._write(self._early.pop(self._next))
            self._next += 1

    def _write(self, result: StarResult) -> None:
        row, signals = result.row, result.signals
        if self._stored is not None and (row is None or row.status != OK):
            row = self._stored(result) or row
            signals = () if row is None else list_by_star(row.target_id, row.model_id)
        if row is None:
            self._scores.write([{"target_id": result.target_id, "status": "Its score was deleted meanwhile; score it again."}])
        else:
            self._scores.write([score_row(row)])
            self.num_scored += row.status == OK
        self.num_signals += len(signals)
        if self._signals is not None and row is not None:
            self._signals.write(signal_row(signal, row.seen_as or row.mission, row.model_id) for signal in signals)
        for name, problem in result.remarks.unread:
            self._scores.write([row_values({"target_id": name, "status": " ".join(problem.split())})])
        self.num_unread += len(result.remarks.unread)
        self.num_left_out += len(result.remarks.left_out)
        for part in result.segments:
            self.num_segments += len(part)
            if self._segments is not None:
                self._segments.write(segment_rows(part))
