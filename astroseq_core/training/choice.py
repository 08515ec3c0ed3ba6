"""Which stars a training run learns from, as a person chose them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from astroseq_core import missions
from astroseq_core.errors import SettingsError

SIMULATED, FOLDER, CACHE, TOI = SOURCES = ("simulated", "folder", "cache", "toi")
#: TFOPWG's dispositions of a TOI, see archive.toi.
DISPOSITIONS = ("PC", "CP", "KP", "APC", "FP", "FA")


class Choice:
    """What choices of stars share: plain JSON values and back, for dataclasses whose fields are texts, whole numbers and lists
    of texts, each with a default of its kind.
    """

    def to_dict(self) -> dict[str, Any]:
        """The choice as plain JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The choice of those values, missing ones at their defaults; raises SettingsError for unknown names or wrong kinds."""
        usual = vars(cls())
        if unknown := sorted(set(values) - set(usual)):
            raise SettingsError(f"A choice of stars has no '{unknown[0]}'; it has {', '.join(sorted(usual))}.")
        made: dict[str, Any] = {}
        for name, value in values.items():
            made[name] = tuple(value) if isinstance(value, list) else value
            if isinstance(usual[name], tuple):
                kind, fits = "a list of texts", isinstance(made[name], tuple) and all(isinstance(one, str) for one in value)
            elif isinstance(usual[name], int):
                kind, fits = "a whole number", isinstance(value, int) and not isinstance(value, bool)
            else:
                kind, fits = "a text", isinstance(value, str)
            if not fits:
                raise SettingsError(f"The {name} of a choice of stars must be {kind}.")
        return cls(**made)


def check(source: str, sources: tuple[str, ...], mission: str, dispositions: tuple[str, ...]) -> None:
    """Raises SettingsError where the source is none of those, or a mission or a TOI's disposition is not known here."""
    if source not in sources:
        raise SettingsError(f"'{source}' is no source of stars; use one of {', '.join(sources)}.")
    if mission and mission not in missions.MISSIONS:
        raise SettingsError(f"'{mission}' is no mission known here; use one of {', '.join(missions.MISSIONS)}.")
    for one in dispositions:
        if one not in DISPOSITIONS:
            raise SettingsError(f"'{one}' is no disposition of a TOI; use some of {', '.join(DISPOSITIONS)}.")


@dataclass(frozen=True)
class StarChoice(Choice):
    """Where the real stars come from; the simulated ones of the recipe come on top of any.

    ``source``: "simulated" (no real star), "folder", "cache" (stars whose light curves are here) or "toi" (those of them that
    are on the TOI list). ``mission``: for the cache, all that the recipe's instruments allow where empty. ``folder`` and
    ``ephemerides``: paths of light curves and of a table, for a folder. ``dispositions``: of the TOIs, all where empty.
    ``exclude``: identifiers of stars not to train on. Raises SettingsError for what none of these can be.
    """

    source: str = SIMULATED
    mission: str = ""
    folder: str = ""
    ephemerides: str = ""
    dispositions: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check(self.source, SOURCES, self.mission, self.dispositions)
