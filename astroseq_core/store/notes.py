"""Reviewers' notes: unfinished vetting of a star, and bookmarks."""

import json
import sqlite3
import time
from dataclasses import dataclass

from astroseq_core.store import disposition_entry as reviewer_names
from astroseq_core.store.database import connect
from astroseq_core.store.rows import check_row, damaged_rows, parse_cell, usable_rows
from astroseq_core.typed_json import convert


@dataclass(frozen=True)
class Draft:
    """A reviewer's unfinished vetting of a star.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    reviewer : str
        Name of the reviewer.
    note : str
        Free text.
    reason_codes : tuple of str
        Reason codes chosen so far.
    bookmarked : bool
        Whether the reviewer bookmarked the star.
    """

    target_id: str
    reviewer: str
    note: str = ""
    reason_codes: tuple[str, ...] = ()
    bookmarked: bool = False


def load(target_id: str, reviewer: str) -> Draft:
    """Load a reviewer's draft for a star.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    reviewer : str
        Name of the reviewer.

    Returns
    -------
    RunDraft
        The draft; an empty one if there is none, or it is damaged.

    Raises
    ------
    StoreError
        If the name is not valid or the store cannot be read.
    """
    name = reviewer_names.clean_name(reviewer)
    with connect(writing=False) as db:
        row = db.execute(
            "SELECT target_id, reviewer, note, flags, bookmarked FROM drafts WHERE target_id = ? AND reviewer = ?",
            (target_id, name),
        ).fetchone()
    return next(usable_rows([row], _draft_from_row), Draft(target_id, name)) if row is not None else Draft(target_id, name)


def _draft_from_row(row: sqlite3.Row) -> Draft:
    def make(row: sqlite3.Row) -> Draft:
        codes = convert(parse_cell(row["flags"]), tuple[str, ...], "its reason codes")
        note, bookmarked = convert(row["note"], str, "its note"), row["bookmarked"] is not None
        return Draft(row["target_id"], row["reviewer"], note, codes, bookmarked)

    return check_row(f"The draft of {row['reviewer']} on {row['target_id']}", row, make)


def find_damaged() -> list[str]:
    """Look for damaged drafts, which count as empty.

    Returns
    -------
    list of str
        One sentence for each.
    """
    with connect(writing=False) as db:
        rows = db.execute("SELECT target_id, reviewer, note, flags, bookmarked FROM drafts")
        return damaged_rows(rows, _draft_from_row)


def save(draft: Draft) -> None:
    """Save a reviewer's draft for a star, replacing an earlier one.

    Parameters
    ----------
    draft : RunDraft
        The draft.

    Raises
    ------
    StoreError
        If the name is not valid or the store cannot be written.
    """
    now = time.time()
    name, note = reviewer_names.clean_name(draft.reviewer), reviewer_names.clean_text(draft.note)
    with connect() as db:
        db.execute(
            "INSERT INTO drafts (target_id, reviewer, note, flags, bookmarked, updated) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (target_id, reviewer) DO UPDATE SET note = excluded.note, flags = excluded.flags, "
            # A bookmark keeps the time at which it was set.
            "bookmarked = CASE WHEN excluded.bookmarked IS NULL THEN NULL ELSE coalesce(bookmarked, excluded.bookmarked) END, "
            "updated = excluded.updated",
            (draft.target_id, name, note, json.dumps(draft.reason_codes), now if draft.bookmarked else None, now),
        )


def list_bookmarks(reviewer: str) -> tuple[str, ...]:
    """List the stars that a reviewer bookmarked.

    Parameters
    ----------
    reviewer : str
        Name of the reviewer.

    Returns
    -------
    tuple of str
        Identifiers, in the order in which they were bookmarked.

    Raises
    ------
    StoreError
        If the name is not valid.
    """
    name = reviewer_names.clean_name(reviewer)
    with connect(writing=False) as db:
        rows = db.execute(
            "SELECT target_id FROM drafts WHERE reviewer = ? AND bookmarked IS NOT NULL ORDER BY bookmarked, target_id", (name,)
        ).fetchall()
    return tuple(r["target_id"] for r in rows)
