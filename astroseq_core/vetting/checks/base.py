"""The registry of vetting checks: what a check is, its outcome, its thresholds with their sources."""

import importlib
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from astroseq_core.vetting.measurements import Measurements

ROBOVETTER = "Kepler DR25 Robovetter (Thompson et al. 2018, ApJS 235, 38)"
LEO_VETTER = "LEO-Vetter (Kunimoto et al. 2025)"
MEASURED = "measured on simulated stars of seed 1 (benchmarks/vetting_truth.py)"
NO_FIT_SENTENCE = "No transit could be fitted, so its shape is not known."


class Flag(StrEnum):
    """Outcome of a check; UNKNOWN means that it could not be decided, and the sentence says why."""

    PASS = "pass"  # noqa: S105 - a flag, no password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Threshold:
    """One threshold of a check.

    Attributes
    ----------
    name : str
        Stable identifier.
    value : float
        Value in `unit`.
    unit : str
        Unit; empty if it has none.
    meaning : str
        What the threshold is for.
    source : str
        Where the value comes from.
    """

    name: str
    value: float
    unit: str
    meaning: str
    source: str


@dataclass(frozen=True)
class CheckResult:
    """Result of one vetting check of a signal.

    Attributes
    ----------
    name : str
        Identifier of the check.
    title : str
        Title shown to people.
    flag : Flag
        Outcome.
    value : float or None
        Measured value in `unit`; None if nothing could be measured.
    error : float or None
        Error of `value` in `unit`; None if unknown.
    unit : str
        Unit of `value` and `error`.
    sentence : str
        What was found and what it means.
    reason_codes : tuple of str
        Reason codes that it suggests.
    """

    name: str
    title: str
    flag: Flag
    value: float | None
    error: float | None
    unit: str
    sentence: str
    reason_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """A vetting check: what it is called, what it compares with and what it may suggest.

    Attributes
    ----------
    name : str
        Stable identifier, which stands in stored measurements and reports.
    title : str
        Title shown to people.
    order : int
        Checks are run and listed in ascending order.
    thresholds : tuple of Threshold
        Its thresholds.
    reason_codes : tuple of str
        Reason codes that it may suggest, keys of `store.disposition_entry.REASON_CODES`.
    """

    name: str
    title: str
    order: int
    thresholds: tuple[Threshold, ...] = ()
    reason_codes: tuple[str, ...] = ()

    def unknown(self, sentence: str) -> CheckResult:
        """Return the result if it could not be decided.

        Parameters
        ----------
        sentence : str
            Why it could not be decided.

        Returns
        -------
        CheckResult
            Result with the flag UNKNOWN.
        """
        return CheckResult(self.name, self.title, Flag.UNKNOWN, None, None, "", sentence)

    def result(
        self,
        flag: Flag,
        value: float | None,
        error: float | None,
        unit: str,
        sentence: str,
        reason_codes: tuple[str, ...] = (),
    ) -> CheckResult:
        """Return the result; reason codes are kept only if it warns or fails.

        Parameters
        ----------
        flag : Flag
            Outcome.
        value : float or None
            Measured value.
        error : float or None
            Error of the value.
        unit : str
            Unit of both.
        sentence : str
            What was found and what it means.
        reason_codes : tuple of str, optional
            Reason codes to suggest.

        Returns
        -------
        CheckResult
            The result.

        Raises
        ------
        ValueError
            If the check does not declare one of the reason codes.
        """
        if not set(reason_codes) <= set(self.reason_codes):
            raise ValueError(f"The check {self.name} does not declare all of {', '.join(reason_codes)} as its reason codes.")
        codes = reason_codes if flag in (Flag.WARN, Flag.FAIL) else ()
        return CheckResult(self.name, self.title, flag, value, error, unit, sentence, codes)


CheckFunction = Callable[[Measurements], CheckResult]
_registered: dict[str, tuple[Check, CheckFunction]] = {}


def register(check: Check) -> Callable[[CheckFunction], CheckFunction]:
    """Return a decorator that registers a function as a check.

    Every module of this package is loaded for the checks that it registers; nothing else needs to
    know a new one.

    Parameters
    ----------
    check : Check
        The check.

    Returns
    -------
    callable
        The decorator, which returns the function itself.

    Raises
    ------
    ValueError
        If the name or the order of the check, or the name of a threshold, is taken.
    """

    def decorate(function: CheckFunction) -> CheckFunction:
        thresholds = {t.name for t in check.thresholds}
        for other, _ in _registered.values():
            taken = thresholds & {t.name for t in other.thresholds}
            if check.name == other.name or check.order == other.order or taken:
                raise ValueError(f"The check {check.name} has a name, an order or a threshold of the check {other.name}.")
        _registered[check.name] = (check, function)
        return function

    return decorate


@cache
def _load_checks() -> tuple[tuple[Check, CheckFunction], ...]:
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        importlib.import_module(module.name)
    return tuple(sorted(_registered.values(), key=lambda c: c[0].order))


def all_checks() -> tuple[Check, ...]:
    """Return all checks in their order.

    Returns
    -------
    tuple of Check
        The checks.
    """
    return tuple(check for check, _ in _load_checks())


def run_checks(measured: Measurements) -> tuple[CheckResult, ...]:
    """Run all checks on the measurements of a signal.

    Parameters
    ----------
    measured : Measurements
        The measurements.

    Returns
    -------
    tuple of CheckResult
        One result per check, in their order.
    """
    return tuple(function(measured) for _, function in _load_checks())


def thresholds_table() -> str:
    """Return all thresholds as a Markdown table, as it stands in docs/vetting.md.

    Returns
    -------
    str
        The table, with a row per threshold in the order of the checks.
    """
    rows = [
        f"| {check.title} | `{t.name}` | {f'{t.value:g} {t.unit}'.strip()} | {t.meaning} | {t.source} |"
        for check in all_checks()
        for t in check.thresholds
    ]
    return "\n".join(("| check | threshold | value | what for | source |", "|---|---|---|---|---|", *rows))


def format_with_error(value: float, error: float) -> str:
    """Format a value and its error, both rounded to two significant digits of the error.

    Parameters
    ----------
    value : float
        Value.
    error : float
        Error; if it is not finite and positive, the value alone is formatted.

    Returns
    -------
    str
        Such as `0.01323 ± 0.00031`.

    Examples
    --------
    >>> format_with_error(0.013234, 0.00031)
    '0.01323 ± 0.00031'
    >>> format_with_error(5.0, 0.0)
    '5'
    """
    if not (math.isfinite(error) and error > 0):
        return f"{value:.3g}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def format_depth(value: float, error: float | None = None) -> str:
    """Format a depth to the second significant digit of its error; sentences, figures and reports write depths so.

    Parameters
    ----------
    value : float
        Depth [ppm].
    error : float or None, optional
        Error [ppm]; omitted if None or not finite.

    Returns
    -------
    str
        Such as `1,234 ± 56 ppm`; about three digits without an error, an en dash for a depth that is
        not finite.

    Examples
    --------
    >>> format_depth(1234.4, 56.0)
    '1,234 ± 56 ppm'
    >>> format_depth(12.34)
    '12.3 ppm'
    """
    if not math.isfinite(value):
        return "–"
    if error is None or not (math.isfinite(error) and error > 0):
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 1 else 2
        return f"{value:,.{digits}f} ppm"
    digits = min(2, max(0, 1 - math.floor(math.log10(error))))
    return f"{value:,.{digits}f} ± {error:,.{digits}f} ppm"
