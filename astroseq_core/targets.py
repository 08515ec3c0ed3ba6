"""Targets: which star a free spelling means."""

import re
from dataclasses import dataclass

from astroseq_core.errors import TargetError
from astroseq_core.missions import BY_PREFIX, Mission

#: Digits that the mission's catalogue gives an identifier when it is written with leading zeros in file names.
_STAR = re.compile(r"^(KIC|EPIC|TIC|SIM|KPLR|KTWO)[\s_\-:]*0*(\d{1,16})$", re.IGNORECASE)
_SAME_AS = {"KPLR": "KIC", "KTWO": "EPIC"}
_TOI = re.compile(r"^TOI[\s_\-:]*0*(\d{1,6})(?:\.(\d{1,2}))?$", re.IGNORECASE)
_TOI_LETTER = re.compile(r"^TOI[\s_\-:]*0*(\d{1,6})\s*([b-z])$", re.IGNORECASE)
_KOI = re.compile(r"^(?:KOI[\s_\-:]*|K)0*(\d{1,5})(?:\.(\d{1,2}))?$", re.IGNORECASE)
_SPELLINGS = "KIC 11446443, EPIC 201367065, TIC 261136679, TOI 700 or TOI 700.01, KOI 752 or K00752.01, SIM 1"


@dataclass(frozen=True, order=True)
class Target:
    """A star in a mission's input catalogue, e.g. ``TIC 261136679``. The identifier is a string everywhere."""

    prefix: str
    number: str

    def __post_init__(self) -> None:
        if self.prefix not in BY_PREFIX or not re.fullmatch(r"[1-9]\d{0,15}", self.number):
            raise TargetError(f"'{self.prefix} {self.number}' is no target; write one like {_SPELLINGS}.")

    @property
    def id(self) -> str:
        """The identifier as written everywhere, e.g. ``TIC 261136679``."""
        return f"{self.prefix} {self.number}"

    @property
    def slug(self) -> str:
        """The identifier as part of a file name, e.g. ``TIC_261136679``: letters, digits and one underscore, nothing else."""
        return f"{self.prefix}_{self.number}"

    @property
    def mission(self) -> Mission:
        """The mission whose catalogue the identifier is from."""
        return BY_PREFIX[self.prefix]

    @property
    def is_simulated(self) -> bool:
        """Whether the star exists only here."""
        return self.prefix == "SIM"

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True)
class ObjectOfInterest:
    """A TOI or KOI number: a signal, or with no ``planet`` the star of several. A catalogue says which target it is on."""

    catalogue: str
    number: int
    planet: int | None = None

    @property
    def name(self) -> str:
        """As the catalogue writes it: ``TOI-700.01``, ``K00752.01``; without a planet ``TOI-700``, ``K00752``."""
        star = f"TOI-{self.number}" if self.catalogue == "TOI" else f"K{self.number:05d}"
        return star if self.planet is None else f"{star}.{self.planet:02d}"

    def __str__(self) -> str:
        return self.name


def parse(text: str) -> Target | ObjectOfInterest:
    """What a free spelling means: a target, or a TOI or KOI number.

    Raises TargetError, with what to write instead, for anything else.
    """
    clean = " ".join(str(text).split())
    if star := _STAR.match(clean):
        prefix = star[1].upper()
        number = star[2].lstrip("0")
        if not number:
            raise TargetError(f"'{clean}' has no number; write one like {_SPELLINGS}.")
        return Target(_SAME_AS.get(prefix, prefix), number)
    if toi := _TOI.match(clean):
        return _object_of_interest("TOI", toi, clean)
    if letter := _TOI_LETTER.match(clean):
        raise TargetError(
            f"'{clean}' is a planet's name: its letter says when it was confirmed, not which signal it is. "
            f"Write the star, TOI {int(letter[1])}, or the signal, such as TOI {int(letter[1])}.01."
        )
    if koi := _KOI.match(clean):
        return _object_of_interest("KOI", koi, clean)
    if re.fullmatch(r"\d+", clean):
        raise TargetError(f"'{clean}' could be a KIC, EPIC or TIC number; write which, e.g. TIC {clean.lstrip('0') or '1'}.")
    raise TargetError(f"'{clean}' is no target known here; write one like {_SPELLINGS}.")


def _object_of_interest(catalogue: str, match: re.Match[str], clean: str) -> ObjectOfInterest:
    planet = None if match[2] is None else int(match[2])
    if int(match[1]) == 0 or planet == 0:
        raise TargetError(f"'{clean}': {catalogue} numbers, and the signals of one, start at 1.")
    return ObjectOfInterest(catalogue, int(match[1]), planet)


def parse_star(text: str) -> Target:
    """The target that a spelling means; raises TargetError for a TOI or KOI number too, naming what is needed."""
    found = parse(text)
    if isinstance(found, ObjectOfInterest):
        raise TargetError(
            f"{found} needs a catalogue to say which star it is on, and none is loaded; write the star's TIC, KIC or EPIC number."
        )
    return found
