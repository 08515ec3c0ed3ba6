"""Which star and observation a light-curve file holds, and its format: by its name, its keywords, comments and columns."""

import re
from collections.abc import Mapping
from pathlib import Path

from astroseq_core import missions
from astroseq_core.errors import plain_text
from astroseq_core.io import conventions
from astroseq_core.io.conventions import MAX_DIGITS, MISSION_KEYWORDS, NAME_KEYWORDS, NUMBER_KEYWORDS, SMALLEST_EPIC
from astroseq_core.missions import Mission
from astroseq_core.targets import Target

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


#: Formats of light-curve files by file ending.
FORMATS = {".fits": "fits", ".fits.gz": "fits", ".npz": "npz", ".csv": "csv", ".ecsv": "csv"}

_PLAIN_NAME = re.compile(rf"^({'|'.join(conventions.MAX_DIGITS)})[ _\-]?0*([1-9]\d*)(?![0-9A-Za-z])", re.IGNORECASE)
_PRODUCT_NAMES = tuple((prefix, re.compile(pattern, re.IGNORECASE)) for prefix, pattern in conventions.FILE_NAMES)
#: Advice if neither the content nor the name of a file identifies the star.
NAMING_ADVICE = "Name it like TIC_261136679__anything.npz (KIC_ and EPIC_ likewise), or put a target_id into it."


def file_ending(path: Path) -> str:
    """Return the ending of a file name that gives the format of a light curve.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        The ending in lower case, such as ".fits.gz"; empty if the file is not a light curve by its
        name.
    """
    name = path.name.lower()
    return next((e for e in sorted(FORMATS, key=len, reverse=True) if name.endswith(e)), "")


def observation_from_name(path: Path) -> str:
    """Return the name of the observation: the file name without its ending.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        Name of the observation; characters that cannot be shown are replaced.
    """
    return plain_text(path.name[: len(path.name) - len(file_ending(path))] or path.name)


def is_archive_name(name: str) -> bool:
    """Return whether a file has a name as the missions and MAST give, and not one of a person.

    Parameters
    ----------
    name : str
        Name of the file.

    Returns
    -------
    bool
        Whether it does.

    Examples
    --------
    >>> is_archive_name("kplr011446443-2009131105131_llc.fits"), is_archive_name("copy of kplr011446443-2009131105131_llc.fits")
    (True, False)
    """
    return any(pattern.match(name) for _, pattern in _PRODUCT_NAMES)


def target_from_name(path: Path) -> Target | None:
    """Return the target that a file name identifies.

    Known names are `TIC_261136679__s0001` (anything may follow the two underscores) and the
    missions' own names, such as `kplr011446443-2009131105131_llc`.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Target or None
        The target, None if the name does not identify one.

    Examples
    --------
    >>> print(target_from_name(Path("kplr011446443-2009131105131_llc.fits")))
    KIC 11446443
    >>> print(target_from_name(Path("TIC_261136679__s0001.npz")))
    TIC 261136679
    >>> target_from_name(Path("notes.csv")) is None
    True
    """
    stem = observation_from_name(path)
    plain = _PLAIN_NAME.match(stem.partition("__")[0])
    named = [(plain[1].upper(), plain[2])] if plain else []
    named += [(prefix, found[1]) for prefix, pattern in _PRODUCT_NAMES if (found := pattern.search(stem))]
    # A longer number, such as that of a Gaia source, is of another catalog.
    return next((Target(prefix, number) for prefix, number in named if len(number) <= conventions.MAX_DIGITS[prefix]), None)
