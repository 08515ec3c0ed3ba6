"""Write docs/columns.md: every column, filter, disposition and export format, from where they are defined.

`python -m tools.write_columns` writes the page; with `--check` it only says whether the page is up to date.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from astroseq_core import columns
from astroseq_core.column_fields import Column
from astroseq_core.columns import CANDIDATE_COLUMNS, ROW_COLUMNS, SIGNAL_COLUMNS
from astroseq_core.disposition_codes import CODES
from astroseq_core.export.formats import FORMATS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "columns.md"
#: Tables of the page: heading, words, names of the columns, and where these are defined.
TABLES: tuple[tuple[str, str, Sequence[str], Mapping[str, Column]], ...] = (
    (
        "scores.csv",
        "What `score` writes: one row for each star. Stars are ranked by `planet_score`, those without one by `star_score`, "
        "which is one of the other scores.",
        columns.SCORES_CSV,
        ROW_COLUMNS,
    ),
    (
        "signals.csv",
        "What `score` writes beside scores.csv, and as other-signals.csv beside `--out other.csv`: one row for each signal, up "
        "to six a star, in the order of the stars. A star without a signal has no row.",
        columns.SIGNALS_CSV,
        SIGNAL_COLUMNS,
    ),
    (
        "Candidates",
        "What `export` writes. `candidates.csv` has one row for each star and ends with `simulated`; `--full`, ECSV and VOTable "
        "have all columns, and one row for each signal of a star, the best one first.",
        columns.CANDIDATES,
        CANDIDATE_COLUMNS,
    ),
)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    cells = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in cells]


def page() -> str:
    """Return the text of the page."""
    lines = [
        "# Columns, dispositions, formats",
        "",
        "Made by `python -m tools.write_columns` from `astroseq_core/columns.py`, `disposition_codes.py`",
        "and `export/formats.py`; change those, and make this page anew.",
    ]
    for heading, words, names, known in TABLES:
        about = [known[name] for name in names]
        digits = ["" if c.digits is None else str(c.digits) for c in about]
        rows = [(f"`{c.name}`", c.unit, d, c.ucd, c.description) for c, d in zip(about, digits, strict=True)]
        lines += ["", f"## {heading}", "", words, "", *table(("column", "unit", "decimals", "UCD", "meaning"), rows)]
    ranges = {about.column: name for name, about in columns.RANGES.items()}
    orders = {name: word for word, name in columns.SORTS.items()}
    shown = [ROW_COLUMNS[name] for name in columns.LEADERBOARD]
    rows = [
        (c.display.label, f"`{c.name}`", orders.get(c.name, ""), f"`{ranges[c.name]}`" if c.name in ranges else "")
        for c in shown
        if c.display
    ]
    words = (
        "A filter by range is `NAME_min` and `NAME_max` in the page's address, `--NAME-min` and `--NAME-max` of `export`, "
        "there with a hyphen for each underscore."
    )
    lines += ["", "## Leaderboard", "", words, "", *table(("head", "column", "sort order", "filter by range"), rows)]
    rows = [
        (f"`{c.code}`", c.meaning, c.key, "yes" if c.by_reviewers else "", "yes" if c.by_tfopwg else "", c.exofop)
        for c in CODES.values()
    ]
    heads = ("code", "meaning", "key on the Vet page", "by reviewers", "by TFOPWG", "in an ExoFOP file")
    lines += ["", "## Dispositions", "", *table(heads, rows)]
    rows = [(f"`{f.name}`", f.label, f.file_name, f.media_type, f.description) for f in FORMATS.values()]
    heads = ("`export --format`", "on the pages", "file", "media type", "what")
    return "\n".join([*lines, "", "## Formats", "", *table(heads, rows), ""])


def main(arguments: Sequence[str]) -> int:
    """Write or check the page; the exit status is 1 if it is not up to date."""
    if "--check" not in arguments:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print(f"{PAGE} is not up to date; run python -m tools.write_columns.")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
