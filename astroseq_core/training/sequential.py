"""Data of the sequential experiments: many synthetic segments and a few real Kepler ones."""

import itertools
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroseq_core import targets
from astroseq_core.ephemeris import Ephemeris, any_in_transit
from astroseq_core.errors import AstroSeqError, SettingsError
from astroseq_core.evaluation.metrics import SNR_EDGES
from astroseq_core.io.ephemeris_table import read_table
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, PreprocessingConfig, light_curve_fits_cadence, prepare
from astroseq_core.preprocessing.segments import TRANSIT, SegmentConfig, Segments, label_cadences, label_segments, make_segments
from astroseq_core.preprocessing.split import split_stars
from astroseq_core.scoring.star_source import StarSource, folder_sources
from astroseq_core.training.dataset import LabeledSegments, concatenate_examples
from astroseq_core.training.injection import copy_with_transits
from astroseq_core.training.recipes import Injection
from astroseq_core.training.star_limits import NO_LIMITS, StarLimits
from astroseq_core.type_names import AnyArray

log = logging.getLogger(__name__)
TRAINING, VALIDATION, TEST = "training", "validation", "test"
SHARES = {TRAINING: 0.6, VALIDATION: 0.2, TEST: 0.2}
#: First seed of these simulated stars, and number of seeds reserved for each run seed; no other simulated stars reach that far.
FIRST_SEED, SEEDS_PER_RUN = 10_000_000, 100_000
#: Largest number of negatives and of positives to use of one star.
MAX_PER_SIMULATED_STAR, MAX_PER_REAL_STAR = (10, 2), (60, 60)


@dataclass(frozen=True)
class SegmentCounts:
    """Number of segments of an experiment: (negatives, positives).

    Attributes
    ----------
    synthetic : tuple of (int, int)
        Negatives and positives of simulated stars.
    real : tuple of (int, int)
        Negatives and positives of real stars.
    """

    synthetic: tuple[int, int]
    real: tuple[int, int]


EXPERIMENTS = {
    "sequential-10pct": SegmentCounts(synthetic=(5000, 500), real=(450, 50)),
    "sequential-1pct": SegmentCounts(synthetic=(5000, 50), real=(495, 5)),
}


@dataclass(frozen=True)
class SequentialLayout:
    """How the segments of an experiment are made.

    The layouts here have one channel, detrended flux, as the published experiments had, and windows
    of 256 long cadences, 5.2 days, or about as long. The window of 1024 of other experiments would
    be 21 days, in which most planet hosts have no segment without a transit.

    Attributes
    ----------
    preparation : Preparation
        Detrending and binning.
    cutting : Cutting
        Window, stride and channels of the segments.
    injection : Injection
        Transits to inject into simulated stars, and the share without any.
    least_snr : float
        Positives whose strongest transit has a smaller signal-to-noise ratio are left out.
    """

    preparation: PreprocessingConfig
    cutting: SegmentConfig
    injection: Injection
    least_snr: float = 0.0


_INJECTION = Injection(period_days=(0.7, 200.0), varied=0.0, without=0.5)
#: For Kepler's long-cadence light curves.
LONG_CADENCE = SequentialLayout(
    PreprocessingConfig(window_days=1.5, cadence_minutes=29.4244), SegmentConfig(window=256, channels=("flat",)), _INJECTION
)
#: For light curves that were binned to 72 or 144 minutes: 64 cadences of 144 minutes, 6.4 days.
BINNED_CADENCE = SequentialLayout(
    PreprocessingConfig(window_days=1.5, cadence_minutes=144.0), SegmentConfig(window=64, channels=("flat",)), _INJECTION
)


@dataclass(frozen=True, eq=False)
class SequentialPart:
    """Segments of one part of the stars.

    Attributes
    ----------
    examples : Examples
        The segments with labels and stars.
    synthetic : ndarray of bool
        Whether each segment is of a simulated star, shape (n,).
    snr : ndarray of float32
        Signal-to-noise ratio of the strongest transit, shape (n,); NaN for negatives.
    """

    examples: LabeledSegments
    synthetic: NDArray[np.bool_]
    snr: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.snr)

    def take(self, which: AnyArray) -> "SequentialPart":
        """Return a subset of the segments.

        Parameters
        ----------
        which : ndarray
            Indices of the segments, or a mask.

        Returns
        -------
        Part
            The subset.
        """
        e = self.examples
        return SequentialPart(
            LabeledSegments(e.values[which], e.labels[which], e.stars[which]), self.synthetic[which], self.snr[which]
        )


@dataclass(frozen=True, eq=False)
class SequentialData:
    """The three parts of an experiment; no star has segments in two of them.

    Attributes
    ----------
    training : Part
        Segments to train on.
    validation : Part
        Segments to choose the epoch, calibrate and set the threshold on.
    test : Part
        Segments to evaluate.
    """

    training: SequentialPart
    validation: SequentialPart
    test: SequentialPart

    def counts(self) -> dict[str, dict[str, int]]:
        """Count the segments and stars of each part: synthetic and real, negative and positive.

        Returns
        -------
        dict
            Counts as {part: {what: count}}.
        """
        return {name: _counts(part) for name, part in vars(self).items()}


def collect_sequential(
    name: str,
    folder: Path,
    ephemerides: Path,
    seed: int,
    layout: SequentialLayout = LONG_CADENCE,
    limits: StarLimits = NO_LIMITS,
) -> SequentialData:
    """Collect the segments of a sequential experiment, split by star.

    Synthetic segments come from quiet simulated stars as Kepler observes them, half of them with
    injected transits. Real ones come from the Kepler stars in `folder`, labeled by the
    `ephemerides` with the drift rule; where few stars are quiet, most negatives lie between the
    transits of planet hosts. Stars contribute in turn, so that none gives many segments before all
    have given some. If the folder has fewer segments than the experiment asks for, there are fewer,
    and `counts` shows it.

    Parameters
    ----------
    name : str
        "sequential-10pct" or "sequential-1pct".
    folder : Path
        Folder of Kepler light curves.
    ephemerides : Path
        Table of the stars' ephemerides.
    seed : int
        Seed of the split and of all random draws.
    layout : Layout, optional
        How the segments are made.
    limits : StarLimits, optional
        Which real stars to use, and how many.

    Returns
    -------
    SequentialData
        The three parts.

    Raises
    ------
    SettingsError
        If there is no such experiment, or a part would lack one of the classes.
    """
    import numba

    if name not in EXPERIMENTS:
        raise SettingsError(f"'{name}' is no sequential experiment; use one of {', '.join(EXPERIMENTS)}.")
    rng = np.random.default_rng([seed, 11])
    quotas = [_quotas(counts) for counts in (EXPERIMENTS[name].synthetic, EXPERIMENTS[name].real)]
    threads = numba.get_num_threads()
    # The pieces are too short for parallel detrending; beside other work its threads would wait for each other.
    numba.set_num_threads(1)
    try:
        synthetic, real = (
            _synthetic_segments(quotas[0], layout, seed),
            _real_segments(folder, ephemerides, layout, seed, rng, limits),
        )
    finally:
        numba.set_num_threads(threads)
    parts = {}
    for part in SHARES:
        chosen = [_round_robin(found[part], quota[part], rng) for found, quota in zip((synthetic, real), quotas, strict=True)]
        parts[part] = _join_or_empty([p for p in chosen if p is not None], layout)
        if not 0 < parts[part].examples.labels.sum() < len(parts[part]):
            raise SettingsError(f"The {part} part of {name} lacks segments with or without transits; give more stars.")
    data = SequentialData(**parts)
    log.info("%s: %s", name, data.counts())
    return data


def strongest_snr(detrended: DetrendedLightCurve, segments: Segments, ephemerides: Iterable[Ephemeris]) -> NDArray[np.float32]:
    """Return the signal-to-noise ratio of the strongest trusted planetary transit in each segment.

    Depth over the scatter of means over the duration, outside transits, times the square root of
    the fraction of the duration that the segment holds. Cadences longer than the transit make it an
    upper limit.

    Parameters
    ----------
    detrended : DetrendedLightCurve
        The detrended light curve.
    segments : Segments
        Its segments.
    ephemerides : iterable of Ephemeris
        Ephemerides of the star.

    Returns
    -------
    ndarray of float32
        Signal-to-noise ratio, shape (s,); NaN without a transit or if its depth is unknown.
    """
    ephemerides = tuple(ephemerides)
    outside = detrended.flat[~any_in_transit(ephemerides, detrended.time, detrended.system, widen=1.5)]
    best = np.full(len(segments), np.nan)
    if not outside.size:
        return best.astype(np.float32)
    for e in ephemerides:
        transits = e.transits(detrended.time[0], detrended.time[-1], detrended.system)
        mids = transits.mid[e.well_predicted(transits)]
        if not e.is_planet or e.depth_ppm is None or not mids.size:
            continue
        cadences = max(1, round(e.duration_days * 1440 / detrended.cadence_minutes))
        reach = e.duration_days / 2 + detrended.cadence_minutes / 2880
        low = np.searchsorted(detrended.time, mids - reach, side="left")
        high = np.searchsorted(detrended.time, mids + reach, side="right")
        # (s, transits): how many cadences of each transit lie in each segment
        inside = np.minimum(high, segments.last[:, None] + 1) - np.maximum(low, segments.first[:, None])
        most = np.clip(inside.max(axis=1), 0, cadences)
        snr = e.depth_ppm * 1e-6 / noise.binned_sigma(outside, cadences) * np.sqrt(most / cadences)
        best = np.fmax(best, np.where(most > 0, snr, np.nan))
    return best.astype(np.float32)


def _quotas(counts: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Return negatives and positives of each part by share; training gets the remainder."""
    out = {part: (round(share * counts[0]), round(share * counts[1])) for part, share in SHARES.items()}
    rest = [counts[k] - sum(out[part][k] for part in (VALIDATION, TEST)) for k in (0, 1)]
    return out | {TRAINING: (rest[0], rest[1])}


def _synthetic_segments(
    quotas: dict[str, tuple[int, int]], layout: SequentialLayout, seed: int
) -> dict[str, list[SequentialPart]]:
    """Return segments of as many simulated stars as the quotas need, grouped by star, by part."""
    from astroseq_core.simulation.stars import simulate_star

    found: dict[str, list[SequentialPart]] = {part: [] for part in SHARES}
    missing = {part: np.array(quota) for part, quota in quotas.items()}
    for number in range(FIRST_SEED + seed * SEEDS_PER_RUN, FIRST_SEED + (seed + 1) * SEEDS_PER_RUN):
        if all((m <= 0).all() for m in missing.values()):
            return found
        target = targets.Target("SIM", str(number))
        part = _part_of_star(target.id, seed)
        if (missing[part] <= 0).all():
            continue
        rng = np.random.default_rng([seed, number])
        curve = simulate_star(number, "Kepler", "quiet", target=target).light_curves[0]
        try:
            detrended, injected = copy_with_transits(rng, curve, layout.injection, layout.preparation)
        except AstroSeqError as error:
            log.debug("%s", error)
            continue
        segments = _labeled_segments(detrended, injected, layout, target.id, True)
        kept = _at_most(segments, MAX_PER_SIMULATED_STAR, rng)
        found[part].append(kept)
        missing[part] -= np.bincount(kept.examples.labels, minlength=2)
    raise SettingsError("Too few simulated transits can be used; lower least_snr or raise the limits of the injection's snr.")


def _real_segments(
    folder: Path, ephemerides: Path, layout: SequentialLayout, seed: int, rng: np.random.Generator, limits: StarLimits
) -> dict[str, list[SequentialPart]]:
    """Return segments of the folder's Kepler stars, grouped by star, by part."""
    table = read_table(ephemerides)
    found: dict[str, list[SequentialPart]] = {part: [] for part in SHARES}
    stars = {star.target_id: star for star in sorted(folder_sources(folder), key=lambda s: s.target_id)}
    own = {name: table.for_target(name) for name in stars if targets.parse_star(name).mission.name == "Kepler"}
    for target_id in limits.choose({name: any(e.is_planet for e in known) for name, known in own.items()}):
        of_star = [
            _labeled_segments(detrended, own[target_id], layout, target_id, False)
            for detrended in _detrended_light_curves(stars[target_id], layout)
        ]
        found[_part_of_star(target_id, seed)].append(_at_most(_join_or_empty(of_star, layout), MAX_PER_REAL_STAR, rng))
    return found


def _detrended_light_curves(star: StarSource, layout: SequentialLayout) -> Iterator[DetrendedLightCurve]:
    """Yield the star's light curves of sufficient cadence, detrended; skip unusable ones."""
    wanted = layout.preparation.cadence_minutes
    try:
        curves = star.read().light_curves
    except AstroSeqError as error:
        log.warning("%s", error)
        return
    for curve in curves:
        if wanted is not None and not light_curve_fits_cadence(curve, wanted):
            continue
        try:
            yield prepare(curve, layout.preparation)
        except AstroSeqError as error:
            log.warning("%s", error)


def _labeled_segments(
    detrended: DetrendedLightCurve, ephemerides: tuple[Ephemeris, ...], layout: SequentialLayout, star: str, synthetic: bool
) -> SequentialPart:
    """Return one observation's segments with a known label and strong enough transits."""
    segments = make_segments(detrended, layout.cutting)
    labels = label_segments(segments, label_cadences(detrended, ephemerides))
    snr = np.where(labels == TRANSIT, strongest_snr(detrended, segments, ephemerides), np.float32(np.nan)).astype(np.float32)
    wanted = (labels == 0) | ((labels == TRANSIT) & ((layout.least_snr <= 0) | (snr >= layout.least_snr)))
    count = len(segments)
    examples = LabeledSegments(segments.values.astype(np.float16), labels, np.full(count, star))
    return SequentialPart(examples, np.full(count, synthetic), snr).take(wanted)


def _part_of_star(star: str, seed: int) -> str:
    return next(part for part, stars in split_stars([star], SHARES, seed).items() if stars)


def _at_most(part: SequentialPart, most: tuple[int, int], rng: np.random.Generator) -> SequentialPart:
    """Return at most a number of segments of each label, drawn at random and in random order."""
    order = rng.permutation(len(part))
    labels = part.examples.labels[order]
    return part.take(np.concatenate([order[labels == k][: most[k]] for k in (0, 1)]))


def _round_robin(stars: Sequence[SequentialPart], quota: tuple[int, int], rng: np.random.Generator) -> SequentialPart | None:
    """Return up to a number of each label: every star's first, then every star's second, and so on."""
    stars = [star for star in stars if len(star)]
    if not stars:
        return None
    together = _join(stars)
    kept = []
    for k in (0, 1):
        turn = np.concatenate([np.where(s.examples.labels == k, np.cumsum(s.examples.labels == k), 0) for s in stars])
        which = np.flatnonzero(turn)
        kept.append(which[np.lexsort((rng.random(len(which)), turn[which]))][: quota[k]])
    return together.take(np.concatenate(kept))


def _join(parts: Sequence[SequentialPart]) -> SequentialPart:
    def all_of(get: Callable[[SequentialPart], AnyArray]) -> AnyArray:
        return np.concatenate([get(p) for p in parts])

    return SequentialPart(
        concatenate_examples([p.examples for p in parts]), all_of(lambda p: p.synthetic), all_of(lambda p: p.snr)
    )


def _join_or_empty(parts: Sequence[SequentialPart], layout: SequentialLayout) -> SequentialPart:
    """Join the parts; no parts give an empty part."""
    if parts:
        return _join(parts)
    values = np.empty((0, layout.cutting.window, len(layout.cutting.channels)), np.float16)
    return SequentialPart(
        LabeledSegments(values, np.empty(0, np.int8), np.empty(0, "U1")), np.empty(0, bool), np.empty(0, np.float32)
    )


def _counts(part: SequentialPart) -> dict[str, int]:
    labels, stars = part.examples.labels, part.examples.stars
    out = {"stars": len(np.unique(stars))}
    for word, mask in (("synthetic", part.synthetic), ("real", ~part.synthetic)):
        out[f"{word}_negative"], out[f"{word}_positive"] = (int(n) for n in np.bincount(labels[mask], minlength=2))
        out[f"{word}_stars"] = len(np.unique(stars[mask]))
    return out


def snr_summary(part: SequentialPart, flagged: NDArray[np.bool_]) -> dict[str, object]:
    """Summarize the positives' signal-to-noise ratio, and the recall in bins of it.

    A bin is from `low` to below `high`; None means no limit. Positives without a published depth
    are in no bin.

    Parameters
    ----------
    part : Part
        The segments.
    flagged : ndarray of bool
        Whether each segment is above the threshold, shape (n,).

    Returns
    -------
    dict
        Number of positives, number with a known ratio, quantiles 0.1, 0.5 and 0.9, and the bins, as
        plain JSON values.
    """
    positive = part.examples.labels == 1
    known = part.snr[positive & np.isfinite(part.snr)]
    bins = []
    for low, high in itertools.pairwise((-math.inf, *SNR_EDGES, math.inf)):
        here = positive & (part.snr >= low) & (part.snr < high)
        if here.any():
            edges = [edge if math.isfinite(edge) else None for edge in (low, high)]
            bins.append({"low": edges[0], "high": edges[1], "positives": int(here.sum()), "recall": float(flagged[here].mean())})
    tenths = {str(q): float(np.quantile(known, q)) if known.size else None for q in (0.1, 0.5, 0.9)}
    return {"positives": int(positive.sum()), "known": len(known), "quantiles": tenths, "bins": bins}
