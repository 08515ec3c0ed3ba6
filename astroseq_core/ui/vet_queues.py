"""Making queues to vet: from the Leaderboard's filter, the flagged stars, a list, bookmarks, or the simulated survey."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from astroseq_core.errors import StoreError
from astroseq_core.store import board, drafts, queue_list, queues, scores
from astroseq_core.store.board import BoardRow, Filters
from astroseq_core.store.queue_orders import AS_GIVEN, MODELS, REVIEWERS, SCORE, UNCERTAINTY, Item
from astroseq_core.store.queues import Queue
from astroseq_core.store.scores import OK, ScoreRow
from astroseq_core.surveys import places

#: So many stars of a leaderboard's view become a queue at most: weeks of work for one person.
MOST = 5000
#: The orders in words.
ORDER_WORDS = {
    SCORE: "highest score first", UNCERTAINTY: "nearest to the cut first", MODELS: "models disagree first",
    REVIEWERS: "reviewers disagree first", AS_GIVEN: "as they stand in the list",
}  # fmt: skip


def item_of(row: ScoreRow) -> Item:
    """A scored star as an item of a queue."""
    shown = row if isinstance(row, BoardRow) else BoardRow(**vars(row))
    place = places.place_of(shown) or {"target": row.target_id}
    return Item(row.target_id, place, row.star_score, row.model_id, row.best_period_days, row.score_max)


def from_view(filters: Filters, sort: str = "star_score", descending: bool = True, name: str = "") -> Queue:
    """A queue of the stars that the filters leave, in that order, MOST of them at most; raises StoreError where there is none."""
    rows = board.page(replace(filters, scored=True), sort, descending, MOST).rows
    order = SCORE if sort == "star_score" and descending else AS_GIVEN
    return queues.make(name or f"Leaderboard, {filters.model_id}", [item_of(r) for r in rows], order, _words(filters))


def flagged(model_id: str, order: str, models: tuple[str, str] = ("", "")) -> Queue:
    """A queue of the stars that passed the model's cut; raises StoreError where no cut was kept or none passed."""
    rows = board.page(Filters(model_id=model_id, flagged=True, scored=True), limit=MOST).rows
    if not rows:
        raise StoreError(f"No star of {model_id} is flagged; keep a cut on the Leaderboard first.")
    return _made(f"Flagged, {model_id}", (item_of(r) for r in rows), order, models, f"passed the cut of {model_id}")


def best(model_id: str, count: int, order: str, models: tuple[str, str] = ("", "")) -> Queue:
    """A queue of the stars that the model scored highest."""
    rows = board.page(Filters(model_id=model_id, scored=True), limit=min(count, MOST)).rows
    return _made(f"Best {len(rows):,}, {model_id}", (item_of(r) for r in rows), order, models, f"best scores of {model_id}")


def from_list(text: str, name: str, order: str, models: tuple[str, str] = ("", "")) -> tuple[Queue, tuple[str, ...]]:
    """A queue of the stars in a CSV, and one sentence for each row that could not be used."""
    found, problems = queue_list.from_csv(text, name)
    if not found:
        raise StoreError(f"{name} names no star that can be used. {' '.join(map(str, problems[:3]))}".strip())
    return _made(name, map(_scored, found), order, models, f"the list {name}"), tuple(str(p) for p in problems)


def simulated(count: int) -> Queue:
    """A queue of the built-in survey's stars, in the order of their numbers."""
    from astroseq_core.simulate import survey

    found = [Item(row.target_id, {"target": row.target_id}) for row in survey.summary()[:count]]
    return queues.make("Simulated survey", map(_scored, found), AS_GIVEN, "simulated stars of the built-in survey")


def bookmarked(reviewer: str) -> Queue:
    """A queue of the reviewer's bookmarks; raises StoreError where there is none."""
    stars = drafts.bookmarks(reviewer)
    found = [Item(t, {"target": t} if t.startswith("SIM ") else {"source": "cache", "target": t}) for t in stars]
    if not found:
        raise StoreError("You have no bookmarks; B sets one.")
    return queues.make(f"Bookmarks of {reviewer}", map(_scored, found), AS_GIVEN, "bookmarks")


def _made(name: str, items: Iterable[Item], order: str, models: tuple[str, str], words: str) -> Queue:
    return queues.make(name, queues.arranged(items, order, models=models), order, words)


def _scored(item: Item) -> Item:
    """The item with the star's newest score, where it has one."""
    rows = [r for r in scores.of_star(item.target_id) if r.status == OK]
    if not rows:
        return item
    place = dict(item.place) if item.place.get("folder") else item_of(rows[0]).place
    row = rows[0]
    return Item(item.target_id, place, row.star_score, row.model_id, row.best_period_days, row.score_max)


def _words(filters: Filters) -> str:
    told = {name: value for name, value in vars(filters).items() if name not in ("model_id", "scored")}
    narrow = {name: value for name, value in told.items() if value not in (None, "", ())}
    return ", ".join(f"{name} {value}" for name, value in narrow.items()) or "all scored stars"


def models_of(rows: Sequence[board.ScoredModel]) -> tuple[str, ...]:
    """The models that have scored stars, those with the most first."""
    return tuple(m.model_id for m in sorted(rows, key=lambda m: -m.num_scored) if m.num_scored)
