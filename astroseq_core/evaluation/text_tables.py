"""Aligned columns of text, for tables on a terminal."""

from collections.abc import Sequence

#: Text of a number that is not known.
UNKNOWN = "–"


def align_columns(lines: Sequence[Sequence[str]]) -> str:
    """Format lines of cells as text with aligned columns.

    Parameters
    ----------
    lines : sequence of sequence of str
        The lines, all with the same number of cells.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> print(align_columns([["name", "n"], ["a", "10"]]))
    name  n
    a     10
    """
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return "\n".join("  ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)).rstrip() for line in lines)
