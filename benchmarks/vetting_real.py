"""Depth, duration and period measured on lent real stars, against the published values.

    python -m benchmarks.vetting_real [--checks]

The light curves and the table of ephemerides lie beside the project (../shared/data); without them nothing is measured. Each
signal is refined from its published ephemeris, then examined at the refined one, the star's other signals left out.
"""

import argparse
import math
import time

import numpy as np

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.io import read as io_read
from astroseq_core.io.ephemeris_table import read_table
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare
from astroseq_core.vetting.examine import Examination, examine
from astroseq_core.vetting.refine import refine_ephemeris
from astroseq_core.vetting.transit_fit import TransitFit
from benchmarks.lent import LENT

#: Names and the patterns of their files; pi Men's is the two-minute product of SPOC.
STARS = (
    ("TrES-2", "KIC 11446443", "fits/kplr011446443-*_llc.fits"),
    ("Kepler-90", "KIC 11442793", "fits/kplr011442793-*_llc.fits"),
    ("WASP-18", "TIC 100100827", "lc/TIC_100100827__*.npz"),
    ("pi Men", "TIC 261136679", "fits/tess2018206045859-s0001-0000000261136679-*_lc.fits"),
)


def curves(pattern: str) -> list[DetrendedLightCurve]:
    read, unread = io_read.read_light_curves(sorted(LENT.glob(pattern)))
    for words in unread:
        print(f"    {words}")
    return sorted((prepare(c) for c in read), key=lambda p: float(p.time[0]))


def deviation(value: float, error: float, published: float) -> str:
    """A measured value against the published one: by which part, and by how many of its own errors, it is off."""
    sigma = f"{(value - published) / error:+.1f} σ" if error > 0 else "-"
    return f"{100 * (value / published - 1):+.1f} %, {sigma}"


def where_depth_goes(fit: TransitFit, found: Examination, exposure_hours: float) -> str:
    """How much of the depth the exposure and a median over the transit's middle half take away."""
    hours = np.linspace(-0.25, 0.25, 201) * found.ephemeris.duration_hours + fit.t0_shift_hours
    sharp, smeared = fit.drop(hours, 0.0), fit.drop(hours, exposure_hours)
    seen = fit.depth_ppm * smeared.max()
    fold = 100 * (found.fold.depth_ppm or float("nan")) / fit.depth_ppm
    return (
        f"the exposure leaves {100 * smeared.max():.1f} % of the depth at mid-transit, {seen:.1f} ppm; a median over the middle "
        f"half leaves {100 * np.median(sharp):.1f} %, both {100 * np.median(smeared):.1f} %; the close fold gives {fold:.1f} %"
    )


def measure(name: str, prepared: list[DetrendedLightCurve], e: Ephemeris, others: list[Ephemeris], with_checks: bool) -> None:
    try:
        start = time.perf_counter()
        best = refine_ephemeris(prepared, e, others)
        refining = time.perf_counter() - start
    except AstroSeqError as error:
        print(f"{name} {e.name}: {error}")
        best, refining = e, float("nan")
    start = time.perf_counter()
    found = examine(prepared, best, others=others, known=[e, *others])
    took = time.perf_counter() - start
    fit = found.fit
    number = sum(t.coverage >= 0.5 for t in found.transits)
    print(f"\n{name} {e.name}: {number} transits; refined in {refining:.2f} s, examined in {took:.2f} s")
    if fit is None:
        print("    nothing could be fitted")
    else:
        for what, value, error, published in (
            ("depth [ppm]", fit.depth_ppm, fit.depth_err_ppm, e.depth_ppm),
            ("duration [h]", fit.duration_hours, fit.duration_err_hours, e.duration_hours),
        ):
            assert published is not None
            words = f"{value:10.3f} ± {error:7.3f}   published {published:10.3f}"
            print(f"    {what:14s}{words}   ({deviation(value, error, published)})")
        if e.period_days is not None and best.period_days is not None:
            both = math.hypot(best.period_err, e.period_err)
            apart = (best.period_days - e.period_days) / both if both else float("nan")
            words = f"{best.period_days:.7f} ± {best.period_err:.1e}   published {e.period_days:.7f} ± {e.period_err:.1e}"
            print(f"    period [d]    {words}   ({apart:+.1f} σ of both)")
            n = round((best.t0.to(e.t0.system).days - e.t0.days) / e.period_days)
            off = (best.t0.to(e.t0.system).days - e.t0.days - n * e.period_days) * 1440
            drift = math.hypot(best.t0_err, float(e.drift_days(n))) * 1440
            print(f"    mid-transit   {off:+.2f} ± {drift:.2f} min from the published ephemeris")
        shape = f"k {fit.radius_ratio:.4f}, b {fit.impact:.2f} ± {fit.impact_err:.2f}, flat {100 * fit.flat_fraction:.0f} %"
        print(f"    {shape}, reduced χ² {fit.chi2_reduced:.2f}")
        print(f"    {where_depth_goes(fit, found, prepared[0].cadence_minutes / 60)}")
    for check in found.checks:
        if with_checks or check.flag in ("warn", "fail"):
            print(f"    {check.flag:8s}{check.title}: {check.sentence}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", action="store_true", help="every check's sentence, not only what warns or fails")
    asked = parser.parse_args()
    if not (LENT / "ephemerides.csv").is_file():
        print(f"The lent real light curves are not at {LENT}; nothing is measured.")
        return
    table = read_table(LENT / "ephemerides.csv")
    for name, target, pattern in STARS:
        prepared = curves(pattern)
        known = list(table.for_target(target))
        for e in known:
            measure(name, prepared, e, [o for o in known if o is not e], asked.checks)


if __name__ == "__main__":
    main()
