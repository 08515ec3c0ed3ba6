"""Tables for other programs: written whole or not at all, and safe to open in a spreadsheet."""

import contextlib
import csv
import math
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from astroseq_core.errors import AstroSeqError, ExportError
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.scoring.star import StarScore

SCORES_COLUMNS = (
    "target_id", "mission", "num_segments", "star_score", "score_max", "score_topk", "score_fold",
    "best_period_days", "best_t0", "t0_system", "model_id", "status",
    "score_noisy_or", "best_duration_hours", "period_err_days", "t0_err_days", "duration_err_hours", "num_transits",
    "false_alarm_probability",
)  # fmt: skip
SCORES_DIGITS = {
    **dict.fromkeys(("star_score", "score_fold", "score_noisy_or"), 4),
    **dict.fromkeys(("score_max", "score_topk", "best_period_days", "best_t0", "t0_err_days", "false_alarm_probability"), 6),
    **dict.fromkeys(("best_duration_hours", "duration_err_hours"), 3), "period_err_days": 7,
}  # fmt: skip
SEGMENTS_COLUMNS = ("target_id", "observation", "segment", "t_start", "t_stop", "num_cadences", "probability")
#: A text cell that begins with one of these is run as a formula by spreadsheets (OWASP, "CSV injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> str:
    """The value as a CSV cell: empty for None and NaN, text that a spreadsheet would run as a formula behind an apostrophe."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    return str(value)


class TableWriter:
    """A CSV that grows row by row under a temporary name and takes its own name when it is whole.

    Use as a context manager; when the block raises, nothing is left and an older file of that name stays as it was.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path, self.columns = path, tuple(columns)

    def __enter__(self) -> "TableWriter":
        """Opens the temporary file; raises ExportError when the folder cannot be written."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{self.path.name}-", dir=self.path.parent)
        except OSError as error:
            raise ExportError(f"{self.path} cannot be written ({error.strerror}); choose another place.") from error
        self._temporary = Path(name)
        self._file = os.fdopen(handle, "w", newline="", encoding="utf-8")
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(self.columns)
        return self

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows; a column without a value stays empty."""
        self._csv.writerows([cell(row.get(column)) for column in self.columns] for row in rows)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Gives the file its name, or removes it after an error."""
        try:
            self._file.close()
            if kind is None:
                # mkstemp makes files for their owner alone; a table is as readable as any other new file.
                umask = os.umask(0)
                os.umask(umask)
                self._temporary.chmod(0o666 & ~umask)
                os.replace(self._temporary, self.path)
        except OSError as error:
            raise ExportError(f"{self.path} could not be finished ({error.strerror}).") from error
        finally:
            self._temporary.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file under a temporary name, then give it its own; raises ExportError where that cannot be."""
    write_whole_bytes(path, text.encode("utf-8"))


def write_whole_bytes(path: Path, content: bytes) -> None:
    """The same for what is no text."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise ExportError(f"{path} cannot be written ({error.strerror}); choose another place.") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def score_row(score: StarScore) -> dict[str, Any]:
    """The row of scores.csv for a star that could be scored."""
    known = vars(score) | {"best_t0": score.best_t0.days, "t0_system": str(score.best_t0.system), "status": "ok"}
    return rounded({name: known.get(name, getattr(score, name, None)) for name in SCORES_COLUMNS})


def rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its numbers as exact as they are shown: enough digits for any use, none that is noise."""
    return {n: v if v is None or n not in SCORES_DIGITS else round(v, SCORES_DIGITS[n]) for n, v in values.items()}


def failed_row(target_id: str, error: AstroSeqError | str) -> dict[str, Any]:
    """The row of scores.csv for a star that could not be scored: its reason stands in ``status``."""
    return {"target_id": target_id, "status": " ".join(str(error).split())}


def segment_rows(scores: SegmentScores) -> Iterable[dict[str, Any]]:
    """The rows of segments.csv for one observation; times [d] in the mission's system."""
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
