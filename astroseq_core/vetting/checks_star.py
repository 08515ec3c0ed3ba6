"""Checks of the data and of the star: coverage, its own variability, its centroid, and signals that are known already."""

import math
from collections.abc import Sequence

import numpy as np

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.lightcurves.pixels import dump_times
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.vetting import thresholds as T  # noqa: N812 - read like constants
from astroseq_core.vetting.centroid import CentroidShift
from astroseq_core.vetting.check import Check, Flag, result, unknown, with_error
from astroseq_core.vetting.known_match import match_known
from astroseq_core.vetting.single_transits import DUMP_HOURS, SingleTransit
from astroseq_core.vetting.variability import Sine


def coverage(e: Ephemeris, transits: Sequence[SingleTransit], prepared: Sequence[PreparedCurve]) -> Check:
    """How many transits have data, and how many of these touch a gap or a momentum dump."""
    seen = [t for t in transits if t.coverage >= T.COVERED.value]
    if not seen:
        return unknown("coverage", f"None of the {len(transits)} predicted transits has data, so nothing can be measured.")
    gaps, near = sum(t.touches_gap for t in seen), sum(t.near_dump for t in seen)
    base = f"{len(seen)} of {len(transits)} predicted transits have data; {gaps} touch a gap and {near} a momentum dump"
    value = float(len(seen))
    if e.period_days is None:
        if seen[0].touches_gap or seen[0].near_dump:
            trouble = "a gap in the data" if seen[0].touches_gap else "a momentum dump"
            words = f"The single transit has data and touches {trouble}, which can make a dip of its own."
            return result("coverage", Flag.WARN, value, None, "transits", words, ("GAP" if seen[0].touches_gap else "MD", "ST"))
        return result("coverage", Flag.WARN, value, None, "transits", "One transit is seen, so its period is not known.", ("ST",))
    chance = _dump_chance(near, len(seen), prepared, e.duration_days)
    if near and near == len(seen) and chance < T.TROUBLED_CHANCE.value:
        words = f"{base}: that is no accident, the spacecraft makes these dips."
        return result("coverage", Flag.FAIL, value, None, "transits", words, ("MD", "SYS"))
    if max(gaps, near) > T.TROUBLED_SHARE.value * len(seen) and (gaps >= near or chance < 0.01):
        words = f"{base}: most meet trouble, so look at each."
        return result("coverage", Flag.WARN, value, None, "transits", words, ("GAP" if gaps >= near else "MD",))
    if len(seen) < T.TRANSITS_FEW.value:
        words = f"{base}: too few to be sure of the period."
        return result("coverage", Flag.WARN, value, None, "transits", words, ("ST",) if len(seen) == 1 else ())
    return result("coverage", Flag.PASS, value, None, "transits", f"{base}.")


def _dump_chance(near: int, seen: int, prepared: Sequence[PreparedCurve], duration_days: float) -> float:
    """Chance that at least so many transits of so many meet a momentum dump by accident: the binomial's upper tail."""
    days = sum(float(c.time[-1] - c.time[0]) for c in prepared)
    number = sum(int(np.sum(np.diff(dump_times(c.curve), prepend=-np.inf) > 0.1)) for c in prepared)
    share = min(1.0, number * (duration_days + 2 * DUMP_HOURS / 24) / max(days, 1e-9))
    return sum(math.comb(seen, i) * share**i * (1 - share) ** (seen - i) for i in range(near, seen + 1)) if seen < 1000 else 1.0


def variability(e: Ephemeris, found: Sine | None, depth_ppm: float | None) -> Check:
    """Whether the star varies like a sine wave at the period, its half or its double."""
    if e.period_days is None:
        return unknown("variability", "The period of a single transit is not known, so no variation can be compared with it.")
    if found is None:
        return unknown("variability", "No observation lasts for two cycles, so variations cannot be told from trends.")
    base = (
        f"A sine wave of {found.period_days:.3f} d ({found.where}) has a semi-amplitude of {found.amplitude_ppm:,.0f} ± "
        f"{found.error_ppm:,.0f} ppm"
    )
    value, error = found.amplitude_ppm, found.error_ppm
    deep = depth_ppm if depth_ppm is not None and depth_ppm > 0 else 0.0
    short = e.period_days < T.SINE_LONGEST_DAYS.value
    if found.sigma > T.SINE_SIGMA_FAIL.value and found.amplitude_ppm > deep and short:
        words = f"{base}, more than the dip: the star itself varies."
        return result("variability", Flag.FAIL, value, error, "ppm", words, ("VAR",))
    comparable = 2 * found.amplitude_ppm > T.SINE_SHARE.value * deep
    if found.sigma > T.SINE_SIGMA_WARN.value and comparable and e.period_days < T.SINE_WARN_LONGEST_DAYS.value:
        words = f"{base} ({found.sigma:.0f} σ): the star varies in step with the dips, by rotation, pulsation or tides."
        return result("variability", Flag.WARN, value, error, "ppm", words, ("VAR",))
    return result("variability", Flag.PASS, value, error, "ppm", f"{base}: no variation that could be taken for the dips.")


def centroid(shift: CentroidShift | None, reason: str = "") -> Check:
    """Whether the light's centroid moves in transit, and as far as another star's dip would move it.

    Fainter stars in the aperture move the centroid of any deep transit a little, so that what counts is how far from the light's
    centre the source of the dip lies (Bryson et al. 2013); without that number the shift alone can only warn.
    """
    if shift is None:
        return unknown("centroid", reason or "There are no centroids beside these light curves, so a shift cannot be looked for.")
    size, error = math.hypot(shift.dx, shift.dy), math.hypot(shift.dx_err, shift.dy_err) / math.sqrt(2)
    base = (
        f"In {shift.num_transits} transits the centroid moves by {with_error(1e3 * size, 1e3 * error)} thousandths of a pixel, "
        f"{shift.sigma:.1f} σ"
    )
    if shift.sigma <= T.CENTROID_WARN.value:
        return result("centroid", Flag.PASS, size, error, "pixels", f"{base}: it stays.")
    if shift.offset_pixels is None or not shift.offset_err:
        return result("centroid", Flag.WARN, size, error, "pixels", f"{base}: look at the pixels.", ("CO",))
    base += f", as of a source {with_error(shift.offset_pixels, shift.offset_err)} pixels from the light's centre"
    if shift.offset_pixels < T.CENTROID_OFFSET.value:
        words = f"{base}: near enough to be the target."
        return result("centroid", Flag.PASS, size, error, "pixels", words)
    sure = shift.offset_pixels > T.CENTROID_OFFSET_SIGMA.value * shift.offset_err
    if shift.sigma > T.CENTROID_FAIL.value and sure:
        words = f"{base}: the dip may be another star's, or a neighbour's light dilutes it."
        return result("centroid", Flag.FAIL, size, error, "pixels", words, ("CO", "BLD"))
    return result("centroid", Flag.WARN, size, error, "pixels", f"{base}: look at the pixels.", ("CO",))


def known_object(e: Ephemeris, prepared: Sequence[PreparedCurve], known: Sequence[Ephemeris]) -> Check:
    """Whether a known signal has this period, its double or its half."""
    if not known:
        return unknown("known_object", "No catalogue here lists a signal of this star.")
    start = min(float(c.time[0]) + c.system.zero_bjd for c in prepared) - e.t0.system.zero_bjd
    stop = max(float(c.time[-1]) + c.system.zero_bjd for c in prepared) - e.t0.system.zero_bjd
    found = match_known(e, start, stop, known)
    if found is None:
        names = ", ".join(k.name for k in known[:3])
        return result("known_object", Flag.PASS, None, None, "", f"It is none of the star's known signals ({names}).")
    one = found.known
    said = f"{one.name} ({one.disposition})" if one.disposition else one.name
    if not found.together:
        words = (
            f"{said} has {_times(found.ratio)} this period, but transits {found.hours_apart:.1f} h apart: perhaps this is its "
            "secondary eclipse."
        )
        return result("known_object", Flag.WARN, found.hours_apart, None, "h", words, ("KN", "WE"))
    if found.ratio != "1":
        words = f"{said} transits together with it and has {_times(found.ratio)} this period: one of the two periods is wrong."
        return result("known_object", Flag.WARN, found.hours_apart, None, "h", words, ("KN", "WE"))
    if not one.is_planet:
        words = f"It is {said}, which was found to be no planet."
        return result("known_object", Flag.FAIL, found.hours_apart, None, "h", words, ("KN",))
    return result("known_object", Flag.PASS, found.hours_apart, None, "h", f"It is {said}, known already.")


def _times(ratio: str) -> str:
    """What a ratio of this period to the known one says of the known one."""
    return {"1": "exactly", "2": "half", "1/2": "twice"}[ratio]
