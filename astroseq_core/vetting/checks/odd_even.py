"""Odd against even: depths, times or durations that alternate mean a binary star at twice the period."""

from typing import TYPE_CHECKING

from astroseq_core.vetting.checks.base import (
    LEO_VETTER,
    MEASURED,
    Check,
    CheckResult,
    Flag,
    Threshold,
    format_depth,
    format_with_error,
    register,
)
from astroseq_core.vetting.measurements import Measurements

if TYPE_CHECKING:
    from astroseq_core.vetting.odd_even import Alternation

ODD_EVEN_WARN = Threshold("odd_even_warn", 3.0, "σ", "odd and even depths, times or durations differ", LEO_VETTER)
ODD_EVEN_FAIL = Threshold("odd_even_fail", 5.0, "σ", "odd and even ones differ beyond what noise does", MEASURED)
ODD_EVEN_RELATIVE = Threshold(
    "odd_even_relative", 0.05, "", "smaller differences, in mean depths, are not held against a signal", MEASURED
)
ODD_EVEN_LATE = Threshold(
    "odd_even_late", 0.02, "", "smaller differences in time, in durations, are not held against a signal", MEASURED
)
ODD_EVEN_LONGER = Threshold(
    "odd_even_longer", 0.1, "", "smaller differences in duration, in durations, are not held against a signal", MEASURED
)
ODD_EVEN_TIMES = Threshold(
    "odd_even_times", 4.0, "", "with fewer timed transits, times that vary look like ones that alternate, and only warn", MEASURED
)
ODD_EVEN_MISSING = Threshold(
    "odd_even_missing",
    0.2,
    "",
    "missing transits are shallower than this, in depths of the others, and below odd_even_warn",
    MEASURED,
)
CHECK = Check(
    name="odd_even",
    title="Odd against even",
    order=20,
    thresholds=(
        ODD_EVEN_WARN,
        ODD_EVEN_FAIL,
        ODD_EVEN_RELATIVE,
        ODD_EVEN_LATE,
        ODD_EVEN_LONGER,
        ODD_EVEN_TIMES,
        ODD_EVEN_MISSING,
    ),
    reason_codes=("OED", "EB", "WE"),
)
BINARY_WORDS = "as in a binary star of twice the period"


def alternates_in_time(found: "Alternation | None") -> bool:
    """Return whether times or durations of odd and even transits differ enough to be warned of.

    Parameters
    ----------
    found : Alternation or None
        Comparison of odd and even transits.

    Returns
    -------
    bool
        True if one of both differs.
    """
    return found is not None and not _time_flag(found) is _length_flag(found) is Flag.PASS


@register(CHECK)
def check_odd_even(measured: Measurements) -> CheckResult:
    """Check whether odd and even transits are equally deep, equally long and evenly spaced.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: difference in depth [ppm]; that in time or duration [min] if it is what alternates.
    """
    from astroseq_core.vetting.odd_even import difference_error, missing_of_three

    odd, even, sigma = measured.odd, measured.even, measured.odd_even_sigma
    if measured.ephemeris.period_days is None:
        return CHECK.unknown("A single transit has no odd and even ones.")
    if odd is None or even is None or sigma is None:
        return CHECK.unknown(_nothing_to_compare(measured))
    mean = max((odd.depth_ppm + even.depth_ppm) / 2, 1e-9)
    apart, error = abs(odd.depth_ppm - even.depth_ppm), difference_error(odd, even)
    depths = (
        f"Odd transits are {format_depth(odd.depth_ppm, odd.depth_err_ppm)} and even ones "
        f"{format_depth(even.depth_ppm, even.depth_err_ppm)} deep"
    )
    by = f"{depths}, {format_depth(apart, error)} or {sigma:.1f} σ apart"
    weak, strong, word = (odd, even, "odd") if odd.depth_ppm < even.depth_ppm else (even, odd, "even")
    there = sigma > ODD_EVEN_FAIL.value and strong.depth_ppm > ODD_EVEN_FAIL.value * strong.depth_err_ppm
    none = weak.depth_ppm < ODD_EVEN_WARN.value * weak.depth_err_ppm
    if there and none and weak.depth_ppm < ODD_EVEN_MISSING.value * strong.depth_ppm:
        words = f"{by}: there are no {word} transits, so the period is twice this."
        return CHECK.result(Flag.WARN, apart, error, "ppm", words, ("WE",))
    flag = _flag(sigma, apart > ODD_EVEN_RELATIVE.value * mean)
    if flag is Flag.FAIL:
        return CHECK.result(flag, apart, error, "ppm", f"{by}, {BINARY_WORDS}.", ("OED", "EB"))
    third = missing_of_three(measured.transits, ODD_EVEN_FAIL.value, ODD_EVEN_WARN.value, ODD_EVEN_MISSING.value)
    if third is not None:
        words = (
            f"Every third transit is {format_depth(*third[0])} deep and those between are {format_depth(*third[1])}: "
            "there are none, so the period is three times this."
        )
        return CHECK.result(Flag.WARN, third[1][0], third[1][1], "ppm", words, ("WE",))
    alternation = measured.alternation
    if alternation is not None:
        result = _check_times(alternation, depths, flag)
        if result is not None:
            return result
    if flag is Flag.WARN:
        return CHECK.result(flag, apart, error, "ppm", f"{by}, {BINARY_WORDS}.", ("OED", "EB"))
    if sigma > ODD_EVEN_WARN.value:
        meaning = f"but by only {100 * apart / mean:.1f} % of the depth, too little for a binary star"
    elif mean < ODD_EVEN_WARN.value * error:
        return CHECK.unknown(f"{by}, too faint to tell one planet from a binary star.")
    else:
        meaning = "as of one planet"
    return CHECK.result(Flag.PASS, apart, error, "ppm", f"{by}, {meaning}.")


def _flag(sigma: float, large: bool) -> Flag:
    if large and sigma > ODD_EVEN_FAIL.value:
        return Flag.FAIL
    return Flag.WARN if large and sigma > ODD_EVEN_WARN.value else Flag.PASS


def _time_flag(found: "Alternation") -> Flag:
    large = abs(found.late_minutes) > ODD_EVEN_LATE.value * 60 * found.duration_hours
    flag = _flag(found.late_sigma, large)
    return Flag.WARN if flag is Flag.FAIL and found.num_times < ODD_EVEN_TIMES.value else flag


def _length_flag(found: "Alternation") -> Flag:
    return _flag(found.longer_sigma, abs(found.longer_minutes) > ODD_EVEN_LONGER.value * 60 * found.duration_hours)


def _check_times(found: "Alternation", depths: str, depth_flag: Flag) -> CheckResult | None:
    """Return the result if times or durations alternate more clearly than depths, else None."""
    late, longer = _time_flag(found), _length_flag(found)
    if Flag.FAIL not in (late, longer) and (depth_flag is not Flag.PASS or Flag.WARN not in (late, longer)):
        return None
    by_time = late is Flag.FAIL or (late is Flag.WARN and longer is not Flag.FAIL)
    value, error = (
        (abs(found.late_minutes), found.late_err_minutes) if by_time else (abs(found.longer_minutes), found.longer_err_minutes)
    )
    sigma = found.late_sigma if by_time else found.longer_sigma
    more = found.late_minutes if by_time else found.longer_minutes
    number = f"{format_with_error(value, error)} min {'later' if by_time else 'longer'} than {'even' if more > 0 else 'odd'} ones"
    what = f"{'odd' if more > 0 else 'even'} ones {'come' if by_time else 'last'} {number}, {sigma:.1f} σ"
    flag = late if by_time else longer
    few = by_time and flag is Flag.WARN and found.late_sigma > ODD_EVEN_FAIL.value
    meaning = f"{BINARY_WORDS}, or as transit times that vary: {found.num_times} transits do not tell" if few else BINARY_WORDS
    return CHECK.result(flag, value, error, "min", f"{depths}, but {what}, {meaning}.", ("OED", "EB"))


def _nothing_to_compare(measured: Measurements) -> str:
    missing = "odd" if measured.odd is None else "even"
    names, number = ("", 0) if measured.separated is None else measured.separated.covering(odd=measured.odd is None)
    if number:
        return (
            f"Every {missing} transit with data coincides with one of {names} and is left out, so nothing can be compared; "
            "a binary star of twice the period would look the same."
        )
    return f"There is no {missing} transit with data, so nothing can be compared."
