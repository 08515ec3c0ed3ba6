"""Identifiers of stars in the keywords, comments and columns of light-curve files."""

import re
from collections.abc import Mapping

from astroseq_core import missions
from astroseq_core.io.conventions import MAX_DIGITS, MISSION_KEYWORDS, NAME_KEYWORDS, NUMBER_KEYWORDS, SMALLEST_EPIC
from astroseq_core.missions import Mission

_IDENTIFIER = re.compile(rf"^({'|'.join(MAX_DIGITS)})[\s_\-:]*0*(\d+)$", re.IGNORECASE)
_IN_TEXT = re.compile(rf"(?<![A-Za-z])({'|'.join(MAX_DIGITS)})[\s_\-:]*0*(\d+)(?!\d)")


def mission_of(meta: Mapping[str, object]) -> Mission | None:
    """Return the mission that keywords name.

    Parameters
    ----------
    meta : mapping
        The keywords, in upper case.

    Returns
    -------
    Mission or None
        The mission; None if they name none.
    """
    for key in MISSION_KEYWORDS:
        text = str(meta.get(key) or "").strip().lower()
        for mission in (missions.KEPLER, missions.K2, missions.TESS):
            if text == mission.name.lower():
                return mission
    return None


def target_of(meta: Mapping[str, object], mission: Mission | None) -> str:
    """Return the star that keywords name.

    A number with more digits than its catalog has is passed over.

    Parameters
    ----------
    meta : mapping
        The keywords, in upper case.
    mission : Mission or None
        The mission, which completes a bare number.

    Returns
    -------
    str
        The identifier, such as "TIC 261136679"; "" if they name none.

    Examples
    --------
    >>> target_of({"OBJECT": "261136679"}, missions.TESS)
    'TIC 261136679'
    >>> target_of({"TICID": 5751990597042725632}, missions.TESS)
    ''
    """
    for key, prefix in NUMBER_KEYWORDS.items():
        if found := catalog_number(str(meta.get(key) or ""), prefix):
            return found
    texts = [str(meta.get(key) or "").strip() for key in NAME_KEYWORDS]
    for text in texts:
        if (named := _IDENTIFIER.match(text)) and (star := catalog_number(named[2], named[1].upper())):
            return star
    bare = [catalog_number(text, mission.prefix) for text in texts] if mission else []
    return next((star for star in bare if star), "")


def catalog_number(text: str, prefix: str) -> str:
    """Return the identifier of a bare number, if its catalog can have it.

    Parameters
    ----------
    text : str
        The number.
    prefix : str
        Prefix of the catalog; KIC numbers above those of Kepler are EPIC numbers.

    Returns
    -------
    str
        The identifier; "" if it is no number of that catalog.
    """
    number = text.strip().removesuffix(".0").lstrip("0")
    if not number.isdecimal() or not number.isascii() or len(number) > 19:
        return ""
    if prefix in ("KIC", "EPIC") and int(number) >= SMALLEST_EPIC:
        prefix = "EPIC"
    return f"{prefix} {number}" if len(number) <= MAX_DIGITS[prefix] else ""


def target_in_text(text: str) -> str:
    """Return the only star that a text mentions.

    Parameters
    ----------
    text : str
        Any text, such as the comments of a table.

    Returns
    -------
    str
        The identifier; "" if it mentions none or several.

    Examples
    --------
    >>> target_in_text("flattened light curve of TIC 261136679, by me")
    'TIC 261136679'
    """
    found = {star for prefix, number in _IN_TEXT.findall(text) if (star := catalog_number(number, prefix))}
    return found.pop() if len(found) == 1 else ""
