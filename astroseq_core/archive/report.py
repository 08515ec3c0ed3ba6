"""What came of fetching: every light curve that was asked for, with how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from astroseq_core.archive.products import Available


class Ending(StrEnum):
    """How it ended with one light curve, or with the search for those of a target."""

    WHOLE = "whole"
    ALREADY = "already there"
    ABSENT = "absent"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Fetched:
    """One light curve, or the light curves of a target where their search ended it: ``observation`` is then empty.

    ``reason``: one sentence where it is absent or failed.
    """

    target_id: str
    ending: Ending
    observation: str = ""
    author: str = ""
    exposure_seconds: float = 0.0
    reason: str = ""

    @classmethod
    def of(cls, item: Available, ending: Ending, reason: str = "") -> "Fetched":
        """How it ended with one light curve."""
        return cls(item.target.id, ending, item.observation, item.author, item.exposure_seconds, reason)


@dataclass(frozen=True)
class Progress:
    """How far it is: searches and downloads ``done`` of those known ``in_all``, ``arrived_bytes``, and ``last``, in words."""

    done: int
    in_all: int
    arrived_bytes: int
    last: str


@dataclass(frozen=True)
class FetchReport:
    """Everything that was asked for, in the order of targets and observations; ``trimmed``: files that made room."""

    items: tuple[Fetched, ...]
    stopped: bool = False
    arrived_bytes: int = 0
    seconds: float = 0.0
    trimmed: tuple[str, ...] = ()

    def ended(self, *endings: Ending) -> tuple[Fetched, ...]:
        """Those that ended so."""
        return tuple(item for item in self.items if item.ending in endings)

    @property
    def whole(self) -> tuple[Fetched, ...]:
        """Those that came."""
        return self.ended(Ending.WHOLE)

    @property
    def already(self) -> tuple[Fetched, ...]:
        """Those that were there and whole."""
        return self.ended(Ending.ALREADY)

    @property
    def absent(self) -> tuple[Fetched, ...]:
        """Those that the archive does not have."""
        return self.ended(Ending.ABSENT)

    @property
    def failed(self) -> tuple[Fetched, ...]:
        """Those that could not be fetched this time."""
        return self.ended(Ending.FAILED)

    @property
    def targets_without(self) -> tuple[str, ...]:
        """The targets of which nothing is there now."""
        have = {item.target_id for item in self.ended(Ending.WHOLE, Ending.ALREADY)}
        return tuple(dict.fromkeys(item.target_id for item in self.items if item.target_id not in have))


def in_order(items: Sequence[Fetched], target_ids: Sequence[str]) -> tuple[Fetched, ...]:
    """The items in the order of their targets, as asked for, and of their observations."""
    place = {target_id: n for n, target_id in enumerate(target_ids)}

    def key(item: Fetched) -> tuple[int, tuple[int, str], str, float]:
        digits = "".join(c for c in item.observation if c.isdigit())
        return place.get(item.target_id, len(place)), (int(digits or 0), item.observation), item.author, item.exposure_seconds

    return tuple(sorted(items, key=key))
