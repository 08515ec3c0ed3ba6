"""Text on a report page: limited to the characters of its font, and wrapped into lines."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

#: Font that comes with matplotlib; all widths are measured with it.
FONT = "DejaVu Sans"
#: Replacement for a character that the font lacks.
MISSING_GLYPH = "\N{WHITE SQUARE}"
ELLIPSIS = "…"


@lru_cache(maxsize=1)
def _font_path() -> str:
    from matplotlib import font_manager

    return str(font_manager.findfont(FONT, fallback_to_default=True))


def _font() -> "FT2Font":
    """Return the font's outlines; matplotlib caches one for each thread."""
    from matplotlib import font_manager

    return font_manager.get_font(_font_path())


@lru_cache(maxsize=4096)
def _advance(letter: str) -> float:
    """Return the width of a character in units of the font size."""
    from matplotlib.ft2font import LoadFlags

    font = _font()
    font.set_size(100, 72)
    return float(font.load_char(ord(letter), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536 / 100)


@lru_cache(maxsize=4096)
def _has_glyph(letter: str) -> bool:
    return bool(_font().get_char_index(ord(letter)))


def printable(text: str) -> str:
    r"""Return the text with only characters that the font has, on one line.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The text; control characters become spaces, unknown characters squares.

    Examples
    --------
    >>> printable("two\nlines")
    'two lines'
    """
    plain = (c if c.isprintable() else " " for c in text)
    return " ".join("".join(c if _has_glyph(c) else MISSING_GLYPH for c in plain).split())


def text_width(text: str, size: float) -> float:
    """Return the width of a line of text [points].

    Parameters
    ----------
    text : str
        The line.
    size : float
        Font size [points].

    Returns
    -------
    float
        Width [points].
    """
    return size * sum(map(_advance, text))


def wrap_text(text: str, room: float, size: float, most: int = 99) -> list[str]:
    """Wrap text into lines, with characters as in `shown`.

    Parameters
    ----------
    text : str
        Any text.
    room : float
        Largest width of a line [points].
    size : float
        Font size [points].
    most : int, optional
        Most lines; if the text does not fit, the last line ends in an ellipsis.

    Returns
    -------
    list of str
        The lines.
    """
    words = printable(text).split(" ")
    found: list[str] = []
    line = ""
    while words:
        word = words.pop(0)
        longer = f"{line} {word}" if line else word
        if text_width(longer, size) <= room:
            line = longer
        elif line:
            found.append(line)
            line, words = "", [word, *words]
        else:
            # A word wider than the line is broken where it fits.
            fits = next((n for n in range(len(word) - 1, 0, -1) if text_width(word[:n], size) <= room), 1)
            found.append(word[:fits])
            words = [word[fits:], *words] if word[fits:] else words
        if len(found) == most:
            break
    if len(found) < most and line:
        found.append(line)
        line = ""
    if line or words:
        found[-1] = _shortened(found[-1], room, size)
    return found


def _shortened(line: str, room: float, size: float) -> str:
    while line and text_width(line + ELLIPSIS, size) > room:
        line = line[:-1]
    return line.rstrip() + ELLIPSIS
