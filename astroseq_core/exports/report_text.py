"""Text on a report: kept to the letters that its font has, and broken into lines that fit."""

from functools import lru_cache
from typing import Any

#: The font that matplotlib brings; every size here is told from it.
FONT = "DejaVu Sans"
#: What stands for a letter that the font lacks.
MISSING = "\N{WHITE SQUARE}"
ELLIPSIS = "…"


@lru_cache(maxsize=1)
def _file() -> str:
    from matplotlib import font_manager

    return str(font_manager.findfont(FONT, fallback_to_default=True))


def _font() -> Any:
    """The font's outlines; matplotlib keeps one for each thread."""
    from matplotlib import font_manager

    return font_manager.get_font(_file())


@lru_cache(maxsize=4096)
def _advance(letter: str) -> float:
    """How wide a letter is, in parts of the font's size."""
    from matplotlib.ft2font import LoadFlags

    font = _font()
    font.set_size(100, 72)
    return float(font.load_char(ord(letter), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536 / 100)


@lru_cache(maxsize=4096)
def _has(letter: str) -> bool:
    return bool(_font().get_char_index(ord(letter)))


def shown(text: str) -> str:
    """The text as the font can show it on lines of plain letters: control characters are spaces, unknown letters squares."""
    plain = (c if c.isprintable() else " " for c in text)
    return " ".join("".join(c if _has(c) else MISSING for c in plain).split())


def width(text: str, size: float) -> float:
    """The width of a line [points] at that size of the font [points]."""
    return size * sum(map(_advance, text))


def lines(text: str, room: float, size: float, most: int = 99) -> list[str]:
    """The text as ``shown`` on ``most`` lines at most, none wider than ``room`` [points]; the last may end in "…"."""
    words = shown(text).split(" ")
    found: list[str] = []
    line = ""
    while words:
        word = words.pop(0)
        longer = f"{line} {word}" if line else word
        if width(longer, size) <= room:
            line = longer
        elif line:
            found.append(line)
            line, words = "", [word, *words]
        else:
            # One word wider than a line: cut where it fits.
            fits = next((n for n in range(len(word) - 1, 0, -1) if width(word[:n], size) <= room), 1)
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
    while line and width(line + ELLIPSIS, size) > room:
        line = line[:-1]
    return line.rstrip() + ELLIPSIS
