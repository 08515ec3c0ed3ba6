"""Which stars a survey scores, as a person chose them."""

from dataclasses import dataclass

from astroseq_core import missions
from astroseq_core.errors import SettingsError
from astroseq_core.training.choice import Choice, check

SIMULATED, TARGETS, TOI, SECTORS, FOLDER, CACHE = SOURCES = ("simulated", "targets", "toi", "sectors", "folder", "cache")


@dataclass(frozen=True)
class SurveyChoice(Choice):
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
        check(self.source, SOURCES, self.mission, self.dispositions)
        if self.count < 0 or self.seed < 0:
            raise SettingsError("The number of stars and the seed must be 0 or more.")
        if self.source == TARGETS and not (self.targets or self.targets_file.strip()):
            raise SettingsError("Name the stars to score, or a file of them.")
        if self.source == FOLDER and not self.folder.strip():
            raise SettingsError("Name the folder that holds the light curves to score.")
        if self.source == SECTORS and not (self.mission and self.sectors):
            raise SettingsError("Say which mission and which of its sectors, quarters or campaigns.")
        if self.source == SIMULATED and self.mission == missions.SIMULATED.name:
            raise SettingsError("Say as what simulated stars are seen: TESS, Kepler or K2, or nothing for all three.")
