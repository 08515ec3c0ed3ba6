"""What a reviewer wrote down about a star before deciding, and the stars that were bookmarked."""

import json
import time
from dataclasses import dataclass

from astroseq_core.store import reviewer as reviewer_names
from astroseq_core.store.database import connect


@dataclass(frozen=True)
class Draft:
    """A reviewer's ``note`` and ``flags`` (reason codes) on a star that are no verdict yet, and whether it is bookmarked."""

    target_id: str
    reviewer: str
    note: str = ""
    flags: tuple[str, ...] = ()
    bookmarked: bool = False


def get(target_id: str, reviewer: str) -> Draft:
    """The reviewer's draft on the star; an empty one where there is none."""
    name = reviewer_names.clean(reviewer)
    with connect(writing=False) as db:
        row = db.execute(
            "SELECT note, flags, bookmarked FROM drafts WHERE target_id = ? AND reviewer = ?", (target_id, name)
        ).fetchone()
    if row is None:
        return Draft(target_id, name)
    return Draft(target_id, name, row["note"], tuple(json.loads(row["flags"])), row["bookmarked"] is not None)


def keep(draft: Draft) -> None:
    """Make this the reviewer's draft on the star in place of any other."""
    now = time.time()
    name, note = reviewer_names.clean(draft.reviewer), reviewer_names.clean_text(draft.note)
    with connect() as db:
        db.execute(
            "INSERT INTO drafts (target_id, reviewer, note, flags, bookmarked, updated) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (target_id, reviewer) DO UPDATE SET note = excluded.note, flags = excluded.flags, "
            # A bookmark keeps the time at which it was set.
            "bookmarked = CASE WHEN excluded.bookmarked IS NULL THEN NULL ELSE coalesce(bookmarked, excluded.bookmarked) END, "
            "updated = excluded.updated",
            (draft.target_id, name, note, json.dumps(draft.flags), now if draft.bookmarked else None, now),
        )


def bookmarks(reviewer: str) -> tuple[str, ...]:
    """The stars that the reviewer bookmarked, in the order in which they were."""
    name = reviewer_names.clean(reviewer)
    with connect(writing=False) as db:
        rows = db.execute(
            "SELECT target_id FROM drafts WHERE reviewer = ? AND bookmarked IS NOT NULL ORDER BY bookmarked, target_id", (name,)
        ).fetchall()
    return tuple(r["target_id"] for r in rows)
