"""Tables as small HTML, for objects that are shown in notebooks."""

import html
from collections.abc import Iterable, Sequence

#: More rows are counted instead of shown.
MAX_ROWS = 20


def html_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], notes: Iterable[str] = ()) -> str:
    """Return a table as HTML; every text is escaped, so that none is taken for markup.

    Parameters
    ----------
    title : str
        What the table shows.
    columns : sequence of str
        Headings of the columns; no header if empty.
    rows : iterable of sequence
        Cells of each row. None is an empty cell.
    notes : iterable of str, optional
        Sentences below the table.

    Returns
    -------
    str
        The HTML.

    Examples
    --------
    >>> html_table("Stars", (), [("<b>", None)])
    '<div><strong>Stars</strong><table><tbody><tr><td>&lt;b&gt;</td><td></td></tr></tbody></table></div>'
    """
    lines = [tuple(row) for row in rows]
    head = f"<thead><tr>{_cells('th', columns)}</tr></thead>" if columns else ""
    body = "".join(f"<tr>{_cells('td', row)}</tr>" for row in lines[:MAX_ROWS])
    left_out = (f"{len(lines) - MAX_ROWS} more rows",) if len(lines) > MAX_ROWS else ()
    text = "".join(f"<p>{html.escape(note)}</p>" for note in (*left_out, *notes))
    table = f"<table>{head}<tbody>{body}</tbody></table>" if lines else ""
    return f"<div><strong>{html.escape(title)}</strong>{table}{text}</div>"


def _cells(tag: str, values: Sequence[object]) -> str:
    return "".join(f"<{tag}>{'' if value is None else html.escape(str(value))}</{tag}>" for value in values)
