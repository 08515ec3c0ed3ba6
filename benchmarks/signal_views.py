"""The views that AstroSeq folds, beside the lent ones of the same signals, which other pipelines made.

    python -m benchmarks.signal_views [--kind tess|kepler] [--each] [--searched]

TESS: signals of Yu et al. 2019 (30-minute full-frame images, detrended by QLP) whose stars have lent light curves of about
the same time, folded with the listed period, epoch and duration. Kepler: signals of DR24 whose stars have a lent binned light
curve (72 or 144 minutes, 127 days of the four years) and one published ephemeris, with transits over five hours. Views are
compared by their correlation and the rms of their difference in units of the depth, classes by what the shipped classifier
says of both (most of these signals were in its training set). Four ways to make the flux are compared: as the views are made;
the same, averaged over 30 minutes; with the light curve's own trend, transits not masked; with the trend of vetting.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.io.read import read_light_curve
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare, relative_deviation
from astroseq_core.signals.classify import classify
from astroseq_core.signals.fold_views import make_views
from astroseq_core.signals.folded_flux import fold_flux
from astroseq_core.signals.masked_trend import masked_flux
from astroseq_core.signals.search import find_signals
from astroseq_core.signals.views import SignalViews, read_labelled_views, step_noise
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.fold import masked_detrended_flux
from benchmarks.lent import LENT

#: First and last day of each TESS sector [BTJD].
SECTORS = {1: (1325, 1353), 2: (1354, 1382), 3: (1385, 1406), 4: (1410, 1437), 5: (1437, 1465)}
#: Weakest listed signal-to-noise ratio: below, both views are noise.
LEAST_SNR = 10.0
#: Shortest transit of Kepler's binned light curves [h], longest period [d], shallowest transit [ppm].
LEAST_HOURS, MOST_DAYS, LEAST_PPM = 5.0, 40.0, 300.0
#: Bins whose scatter is the noise: of local views those out of transit that do not overlap.
NOISE_BINS = (slice(0, 20, 3), slice(None))
FILES = {"tess": "tess_yu2019.npz", "kepler": "kepler_dr24.npz"}
Flat = np.ndarray
Way = Callable[[DetrendedLightCurve, Ephemeris], Flat]


def searched(curve: DetrendedLightCurve, e: Ephemeris) -> Ephemeris | None:
    """The signal of the search, without a network, that has the listed period, half or twice of it, or is one transit of it."""
    for signal in find_signals([], [curve]):
        period = signal.ephemeris.period_days
        if period is None and np.abs(e.phase_days(np.array([signal.ephemeris.t0.days]), curve.system)[0]) < e.duration_days:
            return signal.ephemeris
        if period is not None and any(abs(period / e.period_days / ratio - 1) < 0.01 for ratio in (0.5, 1, 2)):
            return signal.ephemeris
    return None


def averaged(curve: DetrendedLightCurve, flat: Flat, minutes: float = 30.0) -> Flat:
    """The flux as longer exposures would have it: means over the cadences of half a stretch on both sides."""
    if curve.cadence_minutes > minutes / 2:
        return flat
    half = minutes / 2880
    low, high = np.searchsorted(curve.time, curve.time - half), np.searchsorted(curve.time, curve.time + half, side="right")
    total = np.r_[0.0, np.cumsum(flat)]
    return (total[high] - total[low]) / (high - low)


WAYS: dict[str, Way] = {
    "as made": lambda c, e: masked_flux(c, [e]),
    "30 min": lambda c, e: averaged(c, masked_flux(c, [e])),
    "own trend": lambda c, e: relative_deviation(c.flux, c.trend),
    "vetting's trend": lambda c, e: masked_detrended_flux(c, [e]),
}


def tess_signals() -> Iterator[tuple[int, str, Ephemeris]]:
    """Row, light curve and ephemeris of each lent TESS signal that a light curve of its sector, or nearly, is lent of."""
    with np.load(LENT / "tce" / FILES["tess"], allow_pickle=False) as file:
        columns = {name: file[name] for name in ("target_id", "period_days", "t0_btjd", "duration_hours", "snr", "sector")}
    manifest = pd.read_csv(LENT / "manifest.csv")
    for row, star in enumerate(columns["target_id"]):
        if columns["snr"][row] < LEAST_SNR:
            continue
        start, stop = SECTORS.get(int(columns["sector"][row]), (0, 0))
        for lent in manifest[manifest.target_id == star].itertuples():
            if lent.t_min < stop + 60 and lent.t_max > start - 60:
                t0 = Instant(float(columns["t0_btjd"][row]), TimeSystem.BTJD)
                yield (
                    row,
                    lent.file,
                    Ephemeris(str(star), "signal", t0, columns["period_days"][row], columns["duration_hours"][row]),
                )


def kepler_signals() -> Iterator[tuple[int, str, Ephemeris]]:
    """The same of Kepler's signals: of stars with one lent signal and one published ephemeris."""
    with np.load(LENT / "tce" / FILES["kepler"], allow_pickle=False) as file:
        stars = pd.Series(file["target_id"])
    rows = stars[~stars.duplicated(keep=False)]
    row_of = dict(zip(rows, rows.index, strict=True))
    known = pd.read_csv(LENT / "ephemerides.csv")
    known = known[~known.target_id.duplicated(keep=False) & known.target_id.isin(row_of)]
    known = known[(known.duration_hours > LEAST_HOURS) & (known.period_days < MOST_DAYS) & (known.depth_ppm > LEAST_PPM)]
    files = pd.read_csv(LENT / "manifest.csv").drop_duplicates("target_id").set_index("target_id").file
    for e in known.itertuples():
        t0 = Instant(float(e.t0), TimeSystem.parse(e.t0_system))
        if e.target_id in files:
            yield (
                row_of[e.target_id],
                files[e.target_id],
                Ephemeris(e.target_id, e.name, t0, float(e.period_days), float(e.duration_hours)),
            )


def mad(values: np.ndarray) -> float:
    """The median deviation from the median."""
    return float(np.median(np.abs(values - np.median(values))))


def joined(parts: list[SignalViews]) -> SignalViews:
    """The views of several stars together."""
    names = ("global_view", "local_view", "period_days", "duration_hours", "snr")
    return SignalViews(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=tuple(FILES), default="tess")
    parser.add_argument("--each", action="store_true", help="one line a signal, of the views as they are made")
    parser.add_argument("--searched", action="store_true", help="fold with what AstroSeq's own search finds, not as listed")
    args = parser.parse_args()
    kind = args.kind
    lent = read_labelled_views(LENT / "tce" / FILES[kind])
    made: dict[str, list[SignalViews]] = {way: [] for way in WAYS}
    spent: dict[str, float] = dict.fromkeys(WAYS, 0.0)
    rows, names, missed = [], [], []
    curves: dict[str, DetrendedLightCurve] = {}
    for row, file, e in tess_signals() if kind == "tess" else kepler_signals():
        try:
            curve = curves.get(file) or prepare(read_light_curve(Path(LENT / file)))
            curves[file] = curve
            if args.searched:
                own_ephemeris = searched(curve, e)
                if own_ephemeris is None:
                    missed.append(lent.labels[row])
                    continue
                e = own_ephemeris
            found = {}
            for way, make in WAYS.items():
                begin = time.perf_counter()
                found[way] = make_views(fold_flux([curve], [e], [make(curve, e)])).views
                spent[way] += time.perf_counter() - begin
        except AstroSeqError as error:
            print(f"left out: {error}")
            continue
        for way, views in found.items():
            made[way].append(views)
        rows.append(row)
        names.append(Path(file).stem)
    theirs = lent.views.take(np.array(rows))
    labels = lent.labels[rows]
    said = classify(theirs, kind).probability
    print(
        f"{len(rows)} signals: " + ", ".join(f"{int(n)} {x}" for x, n in zip(*np.unique(labels, return_counts=True), strict=True))
    )
    if args.searched:
        print(f"not found by the search: {len(missed)}, of which {missed.count('PC')} PC")
    print("                    correlation           rms of difference     noise of both  p_planet + p_EB  same    ln(own snr")
    print("way                 local     global      local     global     local global   own − lent     class  over listed) CPU")
    for way, parts in made.items():
        own = joined(parts)
        probability = classify(own, kind).probability
        pairs = [(own.local_view, theirs.local_view), (own.global_view, theirs.global_view)]
        correlation = [np.array([np.corrcoef(a, b)[0, 1] if a.any() else 0.0 for a, b in zip(*p, strict=True)]) for p in pairs]
        rms = [np.sqrt(np.mean((a - b) ** 2, axis=1)) for a, b in pairs]
        change = (probability - said)[:, :2].sum(axis=1)
        ratio = np.log(own.snr / theirs.snr)
        ratio = ratio[np.isfinite(ratio)]
        spread = f"{np.median(ratio):+.2f} ± {mad(ratio):.2f}" if len(ratio) else "–"
        same = float(np.mean(probability.argmax(axis=1) == said.argmax(axis=1)))
        agreement = "".join(f"{np.median(x):6.2f} ± {mad(x):.2f}" for x in (*correlation, *rms))
        classes = f"{np.median(change):+.3f} ± {np.median(np.abs(change)):.3f}    {same:.2f}"
        noise = [np.hypot(*(step_noise(v[:, part]) for v in p)) for p, part in zip(pairs, NOISE_BINS, strict=True)]
        expected = " ".join(f"{np.median(x):.2f}" for x in noise)
        print(f"{way:16s} {agreement}   {expected}   {classes}    {spread}   {spent[way] / len(rows) * 1e3:.1f} ms")
        if way == "as made" and args.each:
            for i, name in enumerate(names):
                numbers = f"P {own.period_days[i]:7.3f} snr {theirs.snr[i]:6.1f} own {own.snr[i]:6.1f}"
                agreement = f"r {correlation[0][i]:5.2f} {correlation[1][i]:5.2f} rms {rms[0][i]:.2f} {rms[1][i]:.2f}"
                print(f"  {name[:40]:40s} {labels[i]:6s} {numbers}  {agreement}  {said[i].round(2)} {probability[i].round(2)}")


if __name__ == "__main__":
    main()
