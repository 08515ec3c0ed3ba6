"""Where a person drew the line: the cut above which a model's stars are flagged."""

import math
import time
from dataclasses import dataclass

from astroseq_core.errors import StoreError
from astroseq_core.store.database import connect

#: How a person chose the line: as a score, or as a number of stars.
KINDS = ("threshold", "top")


@dataclass(frozen=True)
class Cut:
    """A model's stars with a star score of ``threshold`` or more are flagged; ``at`` [s since 1970].

    ``kind`` is how the line was chosen; for "top", ``n`` is the number of stars asked for. The threshold stays where it was drawn
    when more stars are scored.
    """

    model_id: str
    threshold: float
    kind: str = "threshold"
    n: int | None = None
    at: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise StoreError(f"'{self.kind}' is no kind of cut; use one of {', '.join(KINDS)}.")
        if not self.model_id or not math.isfinite(self.threshold):
            raise StoreError("A cut needs a model and a finite star score; choose both.")
        if (self.kind == "top") != (self.n is not None) or (self.n is not None and self.n < 1):
            raise StoreError("A cut by number needs at least one star, and a cut by score needs no number.")


def keep(cut: Cut) -> None:
    """Make this the cut of its model in place of any other; a cut without a time is of now."""
    with connect() as db:
        db.execute(
            "INSERT OR REPLACE INTO cuts (model_id, kind, threshold, n, at) VALUES (?, ?, ?, ?, ?)",
            (cut.model_id, cut.kind, float(cut.threshold), None if cut.n is None else int(cut.n), cut.at or time.time()),
        )


def forget(model_id: str) -> None:
    """Remove a model's cut: none of its stars is flagged then."""
    with connect() as db:
        db.execute("DELETE FROM cuts WHERE model_id = ?", (model_id,))


def cuts() -> dict[str, Cut]:
    """The cut of each model that has one."""
    with connect(writing=False) as db:
        found = db.execute("SELECT model_id, threshold, kind, n, at FROM cuts ORDER BY model_id").fetchall()
    return {r["model_id"]: Cut(**dict(r)) for r in found}


def cut_of(model_id: str) -> Cut | None:
    """A model's cut, None where nobody chose one."""
    return cuts().get(model_id)
