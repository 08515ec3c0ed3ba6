"""Progress of long work: one type for runs, surveys, downloads and everything else that takes time."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from astroseq_core.errors import SettingsError
from astroseq_core.type_names import JsonObject

#: Keys of the fields in JSON files, as version 0.1 wrote them.
_COUNT_KEYS = {"done": "done", "failed": "failed", "skipped": "skipped", "total": "in_all"}
_TEXT_KEYS = {"phase": "phase", "message": "words", "item": "star"}
_NUMBER_KEYS = {"part": "part", "rate": "stars_per_second", "seconds_left": "seconds_left", "at": "at"}
_STAGES_KEY = "stages"
#: Largest time [s] that can be told, left or since 1970: Python's datetime goes no further.
MAX_SECONDS = 253_402_300_799.0
_KNOWN_KEYS = {*_COUNT_KEYS.values(), *_TEXT_KEYS.values(), *_NUMBER_KEYS.values(), _STAGES_KEY}


@dataclass(frozen=True)
class Progress:
    """How far some work has come.

    Attributes
    ----------
    done : int
        Number of items done in the present phase.
    total : int
        Number of all items of the present phase; 0 if not known.
    failed : int
        Number of items that failed.
    skipped : int
        Number of items that had been done before.
    phase : str
        Name of the present phase; "" if the work has only one.
    message : str
        What is being done, in a few words.
    item : str
        The item that was finished last, such as a star.
    part : float or None
        Fraction of the whole work that is done, 0 to 1; None if it is that of the items.
    rate : float or None
        Items per second.
    seconds_left : float or None
        Estimated time left [s].
    at : float or None
        When this was reported [s since 1970].
    numbers : mapping of str to float
        Further numbers of this kind of work, by their keys in JSON files, such as `loss` or `segments`.
    stages : mapping of str to float
        Time spent in each stage of the work [s].

    Examples
    --------
    >>> Progress(done=10, failed=2, skipped=3, total=60).fraction
    0.25
    """

    done: int = 0
    total: int = 0
    failed: int = 0
    skipped: int = 0
    phase: str = ""
    message: str = ""
    item: str = ""
    part: float | None = None
    rate: float | None = None
    seconds_left: float | None = None
    at: float | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    stages: Mapping[str, float] = field(default_factory=dict)

    @property
    def handled(self) -> int:
        """Number of items that need no more work: done, failed or skipped."""
        return self.done + self.failed + self.skipped

    @property
    def fraction(self) -> float:
        """Fraction of the work that is done, 0 to 1."""
        if self.part is not None:
            return min(1.0, max(0.0, self.part))
        return min(1.0, self.handled / self.total) if self.total else 0.0

    def to_dict(self) -> JsonObject:
        """Return the progress as plain JSON values.

        Returns
        -------
        dict of str to object
            The values; empty texts and unknown rates are left out.
        """
        values: JsonObject = {key: getattr(self, name) for name, key in _COUNT_KEYS.items()}
        values |= {key: text for name, key in _TEXT_KEYS.items() if (text := getattr(self, name))}
        values |= {"part": self.fraction, "seconds_left": self.seconds_left}
        values |= {_NUMBER_KEYS[name]: value for name in ("rate", "at") if (value := getattr(self, name)) is not None}
        if self.stages:
            values[_STAGES_KEY] = dict(self.stages)
        return values | dict(self.numbers)

    @staticmethod
    def from_dict(values: object) -> "Progress":
        """Return the progress with the given JSON values.

        Parameters
        ----------
        values : object
            Values as returned by `to_dict`. All are optional; unknown texts and lists are ignored.

        Returns
        -------
        Progress
            The progress.

        Raises
        ------
        SettingsError
            If the values are not an object, or one of them has the wrong type.
        """
        if not isinstance(values, Mapping):
            raise SettingsError(f"a progress is an object, not {values!r:.40}")
        found: JsonObject = {name: _count(key, values.get(key)) for name, key in _COUNT_KEYS.items()}
        found |= {name: _text(key, values.get(key)) for name, key in _TEXT_KEYS.items()}
        found |= {name: _finite(key, values.get(key)) for name, key in _NUMBER_KEYS.items()}
        stages = values.get(_STAGES_KEY) or {}
        if not isinstance(stages, Mapping):
            raise SettingsError(f"{_STAGES_KEY} cannot be {stages!r:.40}")
        for key in ("seconds_left", "at"):
            if found[key] is not None and not 0 <= found[key] <= MAX_SECONDS:
                raise SettingsError(f"{key} cannot be {found[key]!r:.40}")
        further = {k: v for k, v in values.items() if k not in _KNOWN_KEYS and isinstance(v, int | float)}
        return Progress(**found, numbers=_numbers(further), stages=_numbers(stages))


#: Nothing was reported yet.
NO_PROGRESS = Progress()
#: Called with the progress of some work.
Report = Callable[[Progress], None]


def number_or_none(key: str, value: object) -> float | None:
    """Check a number that was read from a JSON file.

    Parameters
    ----------
    key : str
        Key of the value, for the error message.
    value : object
        The value.

    Returns
    -------
    float or None
        The same value; None if there is none.

    Raises
    ------
    SettingsError
        If it is neither a number nor None. NaN is a number: a loss may be.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingsError(f"{key} cannot be {value!r:.40}")
    return value


def _finite(key: str, value: object) -> float | None:
    number = number_or_none(key, value)
    if number is not None and not math.isfinite(number):
        raise SettingsError(f"{key} cannot be {value!r:.40}")
    return number


def _numbers(values: Mapping[str, object]) -> dict[str, float]:
    return {str(key): number for key, value in values.items() if (number := number_or_none(str(key), value)) is not None}


def _count(key: str, value: object) -> int:
    number = _finite(key, value)
    if number is None:
        return 0
    if number < 0 or number != int(number):
        raise SettingsError(f"{key} cannot be {value!r:.40}")
    return int(number)


def _text(key: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SettingsError(f"{key} cannot be {value!r:.40}")
    return value
