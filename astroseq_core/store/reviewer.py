"""Reviewers: the names under which people decide."""

import unicodedata

from astroseq_core.errors import StoreError

#: Characters of a name at most.
LONGEST = 40


def clean(name: str) -> str:
    """The name without spaces around it, single spaces inside; raises StoreError for what cannot be read as a name.

    A name has 1 to LONGEST printable characters. Letters with accents are composed, so that one name has one spelling.
    """
    spaced = " ".join(part for part in unicodedata.normalize("NFC", str(name)).split(" ") if part)
    if not spaced:
        raise StoreError("A reviewer needs a name; write one.")
    if len(spaced) > LONGEST:
        raise StoreError(f"A reviewer's name has at most {LONGEST} characters, not {len(spaced)}; write a shorter one.")
    if not spaced.isprintable():
        raise StoreError("A reviewer's name must be of printable characters on one line; write another.")
    return spaced


def clean_text(text: str) -> str:
    """A note as it is kept: lines end with a newline alone, and of control characters only that and the tabulator stay."""
    lines = str(text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
