"""What a light-curve file's name tells: its format, its observation, its target."""

import re
from pathlib import Path

from astroseq_core.errors import TargetError
from astroseq_core.targets import Target

#: Endings of files that can be light curves, and the format that each stands for.
FORMATS = {".fits": "fits", ".fits.gz": "fits", ".npz": "npz", ".csv": "csv"}

# The missions' own names (their archive manuals, "file names") and those of the high-level products at MAST.
_PLAIN = re.compile(r"^(KIC|EPIC|TIC|SIM)[ _\-]?0*([1-9]\d{0,15})(?![0-9A-Za-z])", re.IGNORECASE)
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("KIC", re.compile(r"(?:^|[_\-])kplr0*([1-9]\d{0,8})(?!\d)", re.IGNORECASE)),
    ("EPIC", re.compile(r"(?:^|[_\-])ktwo0*([1-9]\d{0,8})(?!\d)", re.IGNORECASE)),
    ("EPIC", re.compile(r"^hlsp_.*_k2_.*?(?<!\d)([1-9]\d{8})-c\d", re.IGNORECASE)),
    ("TIC", re.compile(r"^tess\d{13}-s\d{4}-0*([1-9]\d{0,15})-", re.IGNORECASE)),
    ("TIC", re.compile(r"^hlsp_.*_tess_.*?tic-?0*([1-9]\d{0,15})(?!\d)", re.IGNORECASE)),
    ("TIC", re.compile(r"^hlsp_.*_tess_.*?(?<!\d)(?=\d{16}(?!\d))0*([1-9]\d{0,15})", re.IGNORECASE)),
)
#: What to do when nothing says whose light curve a file is.
HOW_TO_NAME = "Name it like TIC_261136679__anything.npz (KIC_ and EPIC_ likewise), or put a target_id into it."


def ending(path: Path) -> str:
    """The ending that says the format, e.g. ``.fits.gz``, in small letters; empty for one that is no light curve's."""
    name = path.name.lower()
    return next((e for e in sorted(FORMATS, key=len, reverse=True) if name.endswith(e)), "")


def observation_of(path: Path) -> str:
    """The observation's name: the file's without its ending."""
    return path.name[: len(path.name) - len(ending(path))] or path.name


def target_from_name(path: Path) -> Target | None:
    """The target that the file's name tells, or None.

    Known are ``TIC_261136679__s0001`` (what follows two underscores is free) and the missions' own names, such as
    ``kplr011446443-2009131105131_llc``.
    """
    stem = observation_of(path)
    try:
        if plain := _PLAIN.match(stem.partition("__")[0]):
            return Target(plain[1].upper(), plain[2])
        for prefix, pattern in _PATTERNS:
            if found := pattern.search(stem):
                return Target(prefix, found[1])
    except TargetError:
        return None
    return None
