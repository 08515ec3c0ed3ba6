"""Which stars a training run learns from, as a person chose them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from astroseq_core import missions
from astroseq_core.errors import SettingsError

SIMULATED, FOLDER, CACHE, TOI = SOURCES = ("simulated", "folder", "cache", "toi")
#: TFOPWG's dispositions of a TOI, see archive.toi.
DISPOSITIONS = ("PC", "CP", "KP", "APC", "FP", "FA")
_LISTS = ("dispositions", "exclude")


@dataclass(frozen=True)
class StarChoice:
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
        if self.source not in SOURCES:
            raise SettingsError(f"'{self.source}' is no source of stars; use one of {', '.join(SOURCES)}.")
        if self.mission and self.mission not in missions.MISSIONS:
            raise SettingsError(f"'{self.mission}' is no mission known here; use one of {', '.join(missions.MISSIONS)}.")
        for one in self.dispositions:
            if one not in DISPOSITIONS:
                raise SettingsError(f"'{one}' is no disposition of a TOI; use some of {', '.join(DISPOSITIONS)}.")

    def to_dict(self) -> dict[str, Any]:
        """The choice as plain JSON values."""
        return {name: list(value) if name in _LISTS else value for name, value in asdict(self).items()}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "StarChoice":
        """The choice of those values, missing ones at their defaults; raises SettingsError for unknown names or wrong kinds."""
        known = {field.name for field in fields(StarChoice)}
        if unknown := sorted(set(values) - known):
            raise SettingsError(f"A choice of stars has no '{unknown[0]}'; it has {', '.join(sorted(known))}.")
        for name, value in values.items():
            is_list = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
            if not (is_list if name in _LISTS else isinstance(value, str)):
                kind = "a list of texts" if name in _LISTS else "a text"
                raise SettingsError(f"The {name} of a choice of stars must be {kind}.")
        made: dict[str, Any] = {name: tuple(value) if name in _LISTS else value for name, value in values.items()}
        return StarChoice(**made)
