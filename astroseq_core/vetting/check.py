"""What a check says about a signal: a number with its error, a flag, and one sentence."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Flag(StrEnum):
    """How a check came out; UNKNOWN: it could not be told, and the sentence says why."""

    PASS = "pass"  # noqa: S105 - a flag, no password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One check of a signal.

    ``name`` is stable, ``title`` for people. ``value`` and ``error`` in ``unit`` are what was measured, None where nothing could
    be. ``sentence`` says what was found and what it means. ``suggests``: codes of the reasons (store.reasons) that it gives.
    """

    name: str
    title: str
    flag: Flag
    value: float | None
    error: float | None
    unit: str
    sentence: str
    suggests: tuple[str, ...] = ()


#: The checks' titles by their names, in the order in which examine gives them.
TITLES = {
    "strength": "Strength of the signal",
    "odd_even": "Odd against even",
    "secondary": "Secondary eclipse",
    "depth_consistency": "Depth from transit to transit",
    "duration": "Duration",
    "shape": "Shape",
    "depth": "Size of what transits",
    "centroid": "Centroid",
    "coverage": "Coverage",
    "variability": "Variability at the period",
    "known_object": "Known object",
}


def unknown(name: str, sentence: str) -> Check:
    """A check that could not be told, with the sentence that says why."""
    return Check(name, TITLES[name], Flag.UNKNOWN, None, None, "", sentence)


def result(
    name: str, flag: Flag, value: float | None, error: float | None, unit: str, sentence: str, suggests: tuple[str, ...] = ()
) -> Check:
    """A check of that name; reasons are suggested only where it warns or fails."""
    return Check(name, TITLES[name], flag, value, error, unit, sentence, suggests if flag in (Flag.WARN, Flag.FAIL) else ())


def with_error(value: float, error: float) -> str:
    """A value and its error with the two digits of the error that count, as ``0.0132 ± 0.0003``."""
    if not (math.isfinite(error) and error > 0):
        return f"{value:.3g}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}"
