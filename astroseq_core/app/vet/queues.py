"""Making vetting queues: from the leaderboard, a list, bookmarks, or the simulated survey."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from astroseq_core.columns import PLANET_SCORE
from astroseq_core.errors import StoreError
from astroseq_core.store import leaderboard, notes, queues, scores
from astroseq_core.store.leaderboard import LeaderboardRow
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.queue_orders import (
    AS_GIVEN,
    BY_DOUBT,
    BY_MODEL_DISAGREEMENT,
    BY_REVIEWER_DISAGREEMENT,
    BY_SCORE,
    BY_UNCERTAINTY,
    QueueItem,
)
from astroseq_core.store.queues import Queue
from astroseq_core.store.scores import OK, ScoreRow
from astroseq_core.surveys import links

#: Largest number of stars in a queue from the leaderboard: weeks of work for one person.
LARGEST_QUEUE = 5000
#: The orders of a queue, in words.
ORDER_WORDS = {
    BY_SCORE: "highest rank first",
    BY_DOUBT: "class in doubt first",
    BY_UNCERTAINTY: "nearest to the threshold first",
    BY_MODEL_DISAGREEMENT: "models disagree first",
    BY_REVIEWER_DISAGREEMENT: "reviewers disagree first",
    AS_GIVEN: "as they stand in the list",
}


def queue_item(row: ScoreRow) -> QueueItem:
    """Return a scored star as an item of a queue.

    Parameters
    ----------
    row : ScoreRow
        The star's score.

    Returns
    -------
    Item
        The item, with the star's location.
    """
    shown = row if isinstance(row, LeaderboardRow) else LeaderboardRow(**vars(row))
    location = links.star_location(shown) or {"target": row.target_id}
    return _with_scores(row, location)


def _with_scores(row: ScoreRow, location: Mapping[str, str]) -> QueueItem:
    found = (row.star_score, row.model_id, row.period_days, row.score_max, row.planet_score, row.doubt)
    return QueueItem(row.target_id, location, *found)


def queue_from_leaderboard(filters: Filters, sort: str = PLANET_SCORE, descending: bool = True, name: str = "") -> Queue:
    """Make a queue of the stars in a view of the leaderboard.

    Parameters
    ----------
    filters : Filters
        The view's filters.
    sort : str, optional
        Column to sort by.
    descending : bool, optional
        Whether the highest come first.
    name : str, optional
        Name of the queue; by default it names the model.

    Returns
    -------
    Queue
        The queue, of at most `MOST` stars.

    Raises
    ------
    StoreError
        If no star passes the filters.
    """
    rows = leaderboard.load_page(replace(filters, scored=True), sort, descending, LARGEST_QUEUE).rows
    order = BY_SCORE if sort == PLANET_SCORE and descending else AS_GIVEN
    return queues.create(name or f"Leaderboard, {filters.model_id}", [queue_item(r) for r in rows], order, _filter_words(filters))


def queue_above_threshold(model_id: str, order: str, models: tuple[str, str] = ("", "")) -> Queue:
    """Make a queue of the stars above a model's score threshold.

    Parameters
    ----------
    model_id : str
        The model.
    order : str
        Order of the queue, a key of `ORDER_WORDS`.
    models : tuple of str, optional
        The two models to compare, if ordered by their disagreement.

    Returns
    -------
    Queue
        The queue.

    Raises
    ------
    StoreError
        If no threshold is saved or no star is above it.
    """
    rows = leaderboard.load_page(Filters(model_id=model_id, flagged=True, scored=True), limit=LARGEST_QUEUE).rows
    if not rows:
        raise StoreError(f"No star of {model_id} is above a threshold; keep a threshold on the Leaderboard first.")
    return _save_queue(
        f"Above the threshold, {model_id}", (queue_item(r) for r in rows), order, models, f"passed the threshold of {model_id}"
    )


def queue_of_best(model_id: str, count: int, order: str, models: tuple[str, str] = ("", "")) -> Queue:
    """Make a queue of the stars that are ranked highest.

    Parameters
    ----------
    model_id : str
        The model.
    count : int
        Number of stars.
    order : str
        Order of the queue, a key of `ORDER_WORDS`.
    models : tuple of str, optional
        The two models to compare, if ordered by their disagreement.

    Returns
    -------
    Queue
        The queue.
    """
    rows = leaderboard.load_page(Filters(model_id=model_id, scored=True), limit=min(count, LARGEST_QUEUE)).rows
    return _save_queue(
        f"Best {len(rows):,}, {model_id}", (queue_item(r) for r in rows), order, models, f"best scores of {model_id}"
    )


def queue_from_csv(text: str, name: str, order: str, models: tuple[str, str] = ("", "")) -> tuple[Queue, tuple[str, ...]]:
    """Make a queue of the stars in a CSV file.

    Parameters
    ----------
    text : str
        Content of the file.
    name : str
        Name of the file.
    order : str
        Order of the queue, a key of `ORDER_WORDS`.
    models : tuple of str, optional
        The two models to compare, if ordered by their disagreement.

    Returns
    -------
    queue : Queue
        The queue.
    problems : tuple of str
        One sentence for each row that was left out.

    Raises
    ------
    StoreError
        If no row can be used.
    """
    found, problems = queues.read_items_csv(text, name)
    if not found:
        raise StoreError(f"{name} names no star that can be used. {' '.join(map(str, problems[:3]))}".strip())
    return _save_queue(name, map(_with_newest_score, found), order, models, f"the list {name}"), tuple(str(p) for p in problems)


def queue_of_simulated(count: int) -> Queue:
    """Make a queue of stars of the built-in simulated survey.

    Parameters
    ----------
    count : int
        Number of stars, by their numbers.

    Returns
    -------
    Queue
        The queue.
    """
    from astroseq_core.simulation import survey

    found = [QueueItem(row.target_id, {"target": row.target_id}) for row in survey.survey_rows()[:count]]
    return queues.create("Simulated survey", map(_with_newest_score, found), AS_GIVEN, "simulated stars of the built-in survey")


def queue_of_bookmarks(reviewer: str) -> Queue:
    """Make a queue of a reviewer's bookmarks.

    Parameters
    ----------
    reviewer : str
        The reviewer.

    Returns
    -------
    Queue
        The queue.

    Raises
    ------
    StoreError
        If there are no bookmarks.
    """
    stars = notes.list_bookmarks(reviewer)
    found = [QueueItem(t, {"target": t} if t.startswith("SIM ") else {"source": "cache", "target": t}) for t in stars]
    if not found:
        raise StoreError("You have no bookmarks; B sets one.")
    return queues.create(f"Bookmarks of {reviewer}", map(_with_newest_score, found), AS_GIVEN, "bookmarks")


def _save_queue(name: str, items: Iterable[QueueItem], order: str, models: tuple[str, str], words: str) -> Queue:
    return queues.create(name, queues.sort_by_order(items, order, models=models), order, words)


def _with_newest_score(item: QueueItem) -> QueueItem:
    """Return the item with the star's newest score, if it has one."""
    rows = [r for r in scores.list_by_star(item.target_id) if r.status == OK]
    if not rows:
        return item
    location = dict(item.place) if item.place.get("folder") else queue_item(rows[0]).place
    return _with_scores(rows[0], location)


def _filter_words(filters: Filters) -> str:
    messages = {name: value for name, value in vars(filters).items() if name not in ("model_id", "scored")}
    narrow = {name: value for name, value in messages.items() if value not in (None, "", ())}
    return ", ".join(f"{name} {value}" for name, value in narrow.items()) or "all scored stars"


def scored_models(rows: Sequence[leaderboard.ScoredModel]) -> tuple[str, ...]:
    """Return the models that have scored stars.

    Parameters
    ----------
    rows : Sequence of ScoredModel
        All models of the leaderboard.

    Returns
    -------
    tuple of str
        Identifiers, those with the most stars first.
    """
    return tuple(m.model_id for m in sorted(rows, key=lambda m: -m.num_scored) if m.num_scored)
