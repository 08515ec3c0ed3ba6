"""Targets: identifiers of stars, and parsing them from free text."""

import re
from dataclasses import dataclass

from astroseq_core.errors import TargetError
from astroseq_core.missions import BY_PREFIX, Mission

#: File names hold these identifiers with leading zeros (kplr011446443), hence the `0*`.
_STAR = re.compile(r"^(KIC|EPIC|TIC|SIM|KPLR|KTWO)[\s_\-:]*0*(\d{1,16})$", re.IGNORECASE)
#: A hyphen joins prefix and number, as in TIC-261136679; one behind a space is a sign.
_NEGATIVE = re.compile(r"^[A-Z]+\s+-\s*\d", re.IGNORECASE)
_SAME_AS = {"KPLR": "KIC", "KTWO": "EPIC"}
_TOI = re.compile(r"^TOI[\s_\-:]*0*(\d{1,6})(?:\.(\d{1,2}))?$", re.IGNORECASE)
_TOI_LETTER = re.compile(r"^TOI[\s_\-:]*0*(\d{1,6})\s*([b-z])$", re.IGNORECASE)
_KOI = re.compile(r"^(?:KOI[\s_\-:]*|K)0*(\d{1,5})(?:\.(\d{1,2}))?$", re.IGNORECASE)
_SPELLINGS = "KIC 11446443, EPIC 201367065, TIC 261136679, TOI 700 or TOI 700.01, KOI 752 or K00752.01, SIM 1"


@dataclass(frozen=True, order=True)
class Target:
    """A star in a mission's input catalog, such as `TIC 261136679`.

    Attributes
    ----------
    prefix : str
        Prefix of the catalog: KIC, EPIC, TIC or SIM.
    number : str
        Number in that catalog, as digits without leading zeros.

    Raises
    ------
    TargetError
        If the prefix is unknown or the number is not valid.
    """

    prefix: str
    number: str

    def __post_init__(self) -> None:
        if self.prefix not in BY_PREFIX or not re.fullmatch(r"[1-9]\d{0,15}", self.number):
            raise TargetError(f"'{self.prefix} {self.number}' is no target; write one like {_SPELLINGS}.")

    @property
    def id(self) -> str:
        """Identifier as written everywhere, such as `TIC 261136679`."""
        return f"{self.prefix} {self.number}"

    @property
    def slug(self) -> str:
        """Identifier for file names, such as `TIC_261136679` (letters, digits, one underscore)."""
        return f"{self.prefix}_{self.number}"

    @property
    def mission(self) -> Mission:
        """Mission whose input catalog the identifier is from."""
        return BY_PREFIX[self.prefix]

    @property
    def is_simulated(self) -> bool:
        """Whether the star belongs to the simulated survey."""
        return self.prefix == "SIM"

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True)
class ObjectOfInterest:
    """A TOI or KOI number: one signal, or with `planet` None the star that hosts it.

    A catalog is needed to tell which target it is on.

    Attributes
    ----------
    catalog : str
        "TOI" or "KOI".
    number : int
        Number of the star in the list.
    planet : int or None
        Number of the signal, from 1; None for the star.
    """

    catalog: str
    number: int
    planet: int | None = None

    @property
    def name(self) -> str:
        """Name as its catalog writes it: `TOI-700.01`, `K00752.01`, or `TOI-700` for the star."""
        star = f"TOI-{self.number}" if self.catalog == "TOI" else f"K{self.number:05d}"
        return star if self.planet is None else f"{star}.{self.planet:02d}"

    def __str__(self) -> str:
        return self.name


def parse(text: str) -> Target | ObjectOfInterest:
    """Parse the name of a star, a TOI or a KOI.

    Parameters
    ----------
    text : str
        The name in any usual spelling, such as "kic 11446443", "TIC261136679" or "K00752.01".

    Returns
    -------
    Target or ObjectOfInterest
        The target, or the TOI or KOI number.

    Raises
    ------
    TargetError
        If the text is neither; the message says what to write instead.

    Examples
    --------
    >>> parse("kplr011446443")
    Target(prefix='KIC', number='11446443')
    >>> str(parse("KOI 752.1"))
    'K00752.01'
    """
    clean = " ".join(str(text).split())
    if _NEGATIVE.match(clean):
        raise TargetError(f"'{clean}' has a negative number; the numbers of stars start at 1.")
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


def _object_of_interest(catalog: str, match: re.Match[str], clean: str) -> ObjectOfInterest:
    planet = None if match[2] is None else int(match[2])
    if int(match[1]) == 0 or planet == 0:
        raise TargetError(f"'{clean}': {catalog} numbers, and the signals of one, start at 1.")
    return ObjectOfInterest(catalog, int(match[1]), planet)


def parse_star(text: str) -> Target:
    """Parse the identifier of a star.

    Parameters
    ----------
    text : str
        The identifier in any usual spelling.

    Returns
    -------
    Target
        The target.

    Raises
    ------
    TargetError
        If the text is not an identifier; also for a TOI or KOI number, which needs a catalog.
    """
    found = parse(text)
    if isinstance(found, ObjectOfInterest):
        clean = " ".join(str(text).split())
        raise TargetError(
            f"'{clean}' needs a catalog to say which star it is on, and none is loaded; write the star's TIC, KIC or EPIC number."
        )
    return found
