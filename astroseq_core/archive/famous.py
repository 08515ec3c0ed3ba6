"""A short built-in list of famous systems with published ephemerides, there from the start and without a network."""

import csv
from functools import lru_cache
from pathlib import Path

from astroseq_core.archive import signals
from astroseq_core.archive.signals import NUMBERS, TEXT, Signals
from astroseq_core.errors import CatalogueError

#: The name under which its signals appear beside the archive's tables.
NAME = "famous"
PATH = Path(__file__).parent / "data" / "famous.csv"


@lru_cache(maxsize=1)
def listed() -> Signals:
    """The signals of the famous systems, each with the paper or the catalogue that its values are from."""
    try:
        with PATH.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    except OSError as error:
        raise CatalogueError(f"The built-in list {PATH.name} of famous systems cannot be read; install it again.") from error
    columns: dict[str, list[object]] = {c: [row.get(c) or "" for row in rows] for c in TEXT}
    for column in NUMBERS:
        columns[column] = [float(row[column]) if row.get(column) else float("nan") for row in rows]
    return signals.make(NAME, columns)


def hosts() -> tuple[tuple[str, str], ...]:
    """Name and identifier of each system's star, in the list's order, for pickers and empty states."""
    found = listed()
    return tuple(dict.fromkeys((s.host, s.target_id) for s in found.rows(range(len(found)))))
