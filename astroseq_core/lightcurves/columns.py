"""What a reader hands over: the columns of a file and what it says about itself, before anything is checked."""

from dataclasses import dataclass
from typing import Any

#: More than any light curve holds (20-second data of ten years take 1.5 GB); a file that unpacks to more is refused.
MAX_UNPACKED_BYTES = 2_000_000_000


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


def reason(error: BaseException) -> str:
    """The innermost cause of an error in one short line: what libraries say may run over pages, or quote the file itself."""
    while error.__cause__ is not None:
        error = error.__cause__
    return "".join(c for c in str(error).partition("\n")[0][:100] if c.isprintable()).strip() or type(error).__name__
