"""What a reader hands over: the columns of a file and what it says about itself, before anything is checked."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Columns:
    """Raw columns, each one-dimensional, of any numeric type; the texts are empty where the file does not say.

    ``time`` [d in ``time_system``; None: the mission's own, or Julian dates], ``flux`` and ``flux_err`` [any linear unit].
    """

    time: Any
    flux: Any
    flux_err: Any = None
    quality: Any = None
    target_id: str = ""
    mission: str = ""
    time_system: str | None = None
    author: str = ""
    flattened: bool = False
    version: str = ""
