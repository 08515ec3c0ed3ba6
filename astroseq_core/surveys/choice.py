"""Which stars a survey scores, as a person chose them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from astroseq_core import missions
from astroseq_core.errors import SettingsError
from astroseq_core.training.choice import DISPOSITIONS

SIMULATED, TARGETS, TOI, SECTORS, FOLDER, CACHE = SOURCES = ("simulated", "targets", "toi", "sectors", "folder", "cache")
_LISTS = ("targets", "dispositions", "sectors")
_NUMBERS = ("count", "seed")


@dataclass(frozen=True)
class SurveyChoice:
    """Where the stars come from.

    ``source``: "simulated" (the built-in survey's 60 stars, or ``count`` others as ``mission`` sees them, drawn by ``seed``),
    "targets" (the names in ``targets`` and the CSV ``targets_file``), "toi" (the stars on the TOI list), "sectors" (cached
    light curves of those sectors, quarters or campaigns of ``mission``), "folder" (files in ``folder``) or "cache" (all that is
    there, of ``mission``). ``count``: so many stars at most, all where 0. ``dispositions``: of the TOIs, all where empty;
    ``sectors``: their numbers, "9a" for half a campaign. Raises SettingsError for what none of these can be.
    """

    source: str = SIMULATED
    mission: str = ""
    count: int = 0
    seed: int = 0
    targets: tuple[str, ...] = ()
    targets_file: str = ""
    folder: str = ""
    dispositions: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise SettingsError(f"'{self.source}' is no source of stars; use one of {', '.join(SOURCES)}.")
        if self.mission and self.mission not in missions.MISSIONS:
            raise SettingsError(f"'{self.mission}' is no mission known here; use one of {', '.join(missions.MISSIONS)}.")
        if self.count < 0 or self.seed < 0:
            raise SettingsError("The number of stars and the seed must be 0 or more.")
        for one in self.dispositions:
            if one not in DISPOSITIONS:
                raise SettingsError(f"'{one}' is no disposition of a TOI; use some of {', '.join(DISPOSITIONS)}.")
        if self.source == TARGETS and not (self.targets or self.targets_file.strip()):
            raise SettingsError("Name the stars to score, or a file of them.")
        if self.source == FOLDER and not self.folder.strip():
            raise SettingsError("Name the folder that holds the light curves to score.")
        if self.source == SECTORS and not (self.mission and self.sectors):
            raise SettingsError("Say which mission and which of its sectors, quarters or campaigns.")
        if self.source == SIMULATED and self.mission == missions.SIMULATED.name:
            raise SettingsError("Say as what simulated stars are seen: TESS, Kepler or K2, or nothing for all three.")

    def to_dict(self) -> dict[str, Any]:
        """The choice as plain JSON values."""
        return {name: list(value) if name in _LISTS else value for name, value in asdict(self).items()}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "SurveyChoice":
        """The choice of those values, missing ones at their defaults; raises SettingsError for unknown names or wrong kinds."""
        known = {field.name for field in fields(SurveyChoice)}
        if unknown := sorted(set(values) - known):
            raise SettingsError(f"A choice of stars has no '{unknown[0]}'; it has {', '.join(sorted(known))}.")
        for name, value in values.items():
            kind, is_kind = _kind(name, value)
            if not is_kind:
                raise SettingsError(f"The {name} of a choice of stars must be {kind}.")
        made: dict[str, Any] = {name: tuple(value) if name in _LISTS else value for name, value in values.items()}
        return SurveyChoice(**made)


def _kind(name: str, value: Any) -> tuple[str, bool]:
    """What a value must be, in words, and whether it is."""
    if name in _LISTS:
        return "a list of texts", isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
    if name in _NUMBERS:
        return "a whole number", isinstance(value, int) and not isinstance(value, bool)
    return "a text", isinstance(value, str)
