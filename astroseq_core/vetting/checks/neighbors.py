"""Neighbors: whether a star nearby has a signal of the same period and epoch, whose light may be what dims."""

from astroseq_core.same_signal import compare_signals
from astroseq_core.vetting.checks.base import ROBOVETTER, Check, CheckResult, Flag, Threshold, format_depth, register
from astroseq_core.vetting.measurements import Measurements

NEIGHBOR_DEPTH = Threshold(
    "neighbor_depth",
    0.5,
    "",
    "a neighbor's signal that is shallower, in depths of this one, is rather this one's light",
    ROBOVETTER,
)
CHECK = Check(
    name="neighbors",
    title="Stars nearby",
    order=105,
    thresholds=(NEIGHBOR_DEPTH,),
    reason_codes=("BLD", "KN"),
)


@register(CHECK)
def check_neighbors(measured: Measurements) -> CheckResult:
    """Check whether a star nearby is known to transit at the same times.

    Light of a star a few arcminutes away reaches an aperture through the wings of its image. Its
    transits then show at the same times, diluted.

    Parameters
    ----------
    measured : Measurements
        Measurements of the signal.

    Returns
    -------
    CheckResult
        Value: distance of that star [arcsec]; None without a match.
    """
    e, near = measured.ephemeris, measured.neighbors
    if not near:
        return CHECK.unknown("No catalog here lists a signal of another star nearby.")
    if e.period_days is None:
        return CHECK.unknown("A single transit has no period to compare with those of stars nearby.")
    for other, arcsec in near:
        found = compare_signals(e, other)
        if found.ratio not in ("1", "2", "1/2") or not found.transits_coincide:
            continue
        where = f"{other.name}, a signal of {other.target_id} {arcsec:.0f}\u2033 away"
        depth = "" if other.depth_ppm is None else f" and is {format_depth(other.depth_ppm)} deep"
        own = measured.depth_ppm if measured.has_level else None
        if other.depth_ppm is not None and own is not None and other.depth_ppm < NEIGHBOR_DEPTH.value * own:
            words = f"{where}, transits at the same times{depth}: it is rather this star's light that is seen there."
            return CHECK.result(Flag.PASS, arcsec, None, "arcsec", words)
        words = f"{where}, transits at the same times{depth}: its light may be what dims."
        return CHECK.result(Flag.WARN, arcsec, None, "arcsec", words, ("BLD",))
    number = len({other.target_id for other, _ in near})
    words = f"None of the signals of {number} star{'s' * (number != 1)} nearby has its period and epoch."
    return CHECK.result(Flag.PASS, None, None, "", words)
