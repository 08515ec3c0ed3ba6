"""File names of light curves: format, observation and target."""

import re
from pathlib import Path

from astroseq_core.errors import plain_text
from astroseq_core.io import conventions
from astroseq_core.targets import Target

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
