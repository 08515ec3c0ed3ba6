"""Score thresholds: the planet score or star score from which a model's stars are candidates."""

import math
import sqlite3
import time
from dataclasses import dataclass

from astroseq_core.columns import RANKING, STAR_SCORE
from astroseq_core.errors import StoreError
from astroseq_core.store.database import connect
from astroseq_core.store.rows import check_row, damaged_rows, usable_rows
from astroseq_core.typed_json import convert

#: Ways to choose a threshold: as a score, or as a number of stars.
KINDS = ("threshold", "top")


@dataclass(frozen=True)
class ScoreThreshold:
    """Score threshold of a model.

    Stars with a score at or above it are marked. It does not move when more stars are scored.

    Attributes
    ----------
    model_id : str
        Identifier of the model.
    threshold : float
        Lowest score that passes.
    kind : str
        How it was chosen: "threshold" for a score, "top" for a number of stars.
    n : int or None
        Number of stars asked for; None unless `kind` is "top".
    at : float
        Time at which it was chosen [s since 1970]; 0 for now.
    score : str
        The score that it is one of: `planet_score` or `star_score`.

    Raises
    ------
    StoreError
        If the model is empty, the threshold is not finite, `kind` and `n` do not fit, or there is no such
        score.
    """

    model_id: str
    threshold: float
    kind: str = "threshold"
    n: int | None = None
    at: float = 0.0
    score: str = STAR_SCORE

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise StoreError(f"'{self.kind}' is no kind of threshold; use one of {', '.join(KINDS)}.")
        if not self.model_id or not math.isfinite(self.threshold):
            raise StoreError("A threshold needs a model and a finite score; choose both.")
        if self.score not in RANKING:
            raise StoreError(f"'{self.score}' is no score that stars are ranked by; use one of {', '.join(RANKING)}.")
        if (self.kind == "top") != (self.n is not None) or (self.n is not None and self.n < 1):
            raise StoreError("A threshold by number needs at least one star, and a threshold by score needs no number.")


def save(threshold: ScoreThreshold) -> None:
    """Save the score threshold of a model, replacing an earlier one.

    Parameters
    ----------
    threshold : ScoreThreshold
        The threshold; without a time it gets the present one.
    """
    with connect() as db:
        db.execute(
            "INSERT OR REPLACE INTO cuts (model_id, kind, threshold, n, at, score) VALUES (?, ?, ?, ?, ?, ?)",
            (
                threshold.model_id,
                threshold.kind,
                float(threshold.threshold),
                None if threshold.n is None else int(threshold.n),
                threshold.at or time.time(),
                threshold.score,
            ),
        )


def delete(model_id: str) -> None:
    """Delete the score threshold of a model; none of its stars is marked then.

    Parameters
    ----------
    model_id : str
        Identifier of the model.
    """
    with connect() as db:
        db.execute("DELETE FROM cuts WHERE model_id = ?", (model_id,))


def load_all() -> dict[str, ScoreThreshold]:
    """Load all score thresholds.

    Returns
    -------
    dict of str to ScoreThreshold
        Thresholds by model identifier.
    """
    with connect(writing=False) as db:
        found = db.execute(_SELECT).fetchall()
    return {one.model_id: one for one in usable_rows(found, _from_row)}


_SELECT = "SELECT model_id, threshold, kind, n, at, score FROM cuts ORDER BY model_id"


def _from_row(row: sqlite3.Row) -> ScoreThreshold:
    return check_row(f"The threshold of {row['model_id']}", row, lambda r: convert(dict(r), ScoreThreshold))


def find_damaged() -> list[str]:
    """Look for damaged thresholds, which are left out elsewhere.

    Returns
    -------
    list of str
        One sentence for each.
    """
    with connect(writing=False) as db:
        return damaged_rows(db.execute(_SELECT), _from_row)


def load(model_id: str) -> ScoreThreshold | None:
    """Load the score threshold of a model.

    Parameters
    ----------
    model_id : str
        Identifier of the model.

    Returns
    -------
    ScoreThreshold or None
        The threshold; None if nobody chose one.
    """
    return load_all().get(model_id)
