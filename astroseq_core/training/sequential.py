"""The data of the sequential experiments: many synthetic segments, a few real ones of Kepler, and how a model does on them."""

import itertools
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core import targets
from astroseq_core.ephemeris import Ephemeris, any_in_transit, read_table
from astroseq_core.errors import AstroSeqError, SettingsError
from astroseq_core.lightcurves import local, noise, reading
from astroseq_core.lightcurves.prepare import Preparation, PreparedCurve, fits_cadence, prepare
from astroseq_core.segments.cut import Cutting, Segments, cut
from astroseq_core.segments.label import TRANSIT, cadence_states, label
from astroseq_core.segments.split import split_stars
from astroseq_core.training.examples import Examples, concatenate
from astroseq_core.training.injection import copy_with_transits
from astroseq_core.training.metrics import SNR_EDGES
from astroseq_core.training.recipes import Injection

log = logging.getLogger(__name__)
TRAINING, VALIDATION, TEST = "training", "validation", "test"
SHARES = {TRAINING: 0.6, VALIDATION: 0.2, TEST: 0.2}
#: Seeds of these simulated stars begin here, and so many belong to one seed of a run; no other stars here reach that far.
FIRST_SEED, SEEDS_A_RUN = 10_000_000, 100_000
#: The most segments of each label that are looked at of a star.
OF_A_SIMULATED_STAR, OF_A_REAL_STAR = (10, 2), (60, 60)


@dataclass(frozen=True)
class Mix:
    """How many segments an experiment has in all: negatives and positives, synthetic and real."""

    synthetic: tuple[int, int]
    real: tuple[int, int]


SETS = {
    "sequential-10pct": Mix(synthetic=(5000, 500), real=(450, 50)),
    "sequential-1pct": Mix(synthetic=(5000, 50), real=(495, 5)),
}


@dataclass(frozen=True)
class Layout:
    """How the segments are made.

    ``injection``: which transits are put into simulated stars, and into what share of them. ``least_snr``: positives, synthetic
    and real, whose strongest transit is weaker are left out. The layouts here have one channel, detrended flux, as the published
    experiments had, and windows of 256 long cadences, 5.2 days, or about as long: the 1024 of other experiments would be 21 days,
    in which most planet hosts have no segment without a transit.
    """

    preparation: Preparation
    cutting: Cutting
    injection: Injection
    least_snr: float = 0.0


_INJECTION = Injection(period_days=(0.7, 200.0), varied=0.0, without=0.5)
#: As Kepler sent them.
LONG_CADENCE = Layout(Preparation(window_days=1.5, cadence_minutes=29.4244), Cutting(window=256, channels=("flat",)), _INJECTION)
#: For light curves that were binned to 72 or 144 minutes: 64 cadences of 144 minutes, 6.4 days.
BINNED = Layout(Preparation(window_days=1.5, cadence_minutes=144.0), Cutting(window=64, channels=("flat",)), _INJECTION)


@dataclass(frozen=True, eq=False)
class Part:
    """Segments of one part of the stars; ``synthetic`` (n,): which are; ``snr`` (n,): see ``strongest``, NaN for negatives."""

    examples: Examples
    synthetic: NDArray[np.bool_]
    snr: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.snr)

    def take(self, which: NDArray[Any]) -> "Part":
        """The segments at those indices, or where the mask is true."""
        e = self.examples
        return Part(Examples(e.values[which], e.labels[which], e.stars[which]), self.synthetic[which], self.snr[which])


@dataclass(frozen=True, eq=False)
class SequentialData:
    """The three parts; no star has segments in two."""

    training: Part
    validation: Part
    test: Part

    def counts(self) -> dict[str, dict[str, int]]:
        """Segments and stars of each part: synthetic and real, negative and positive."""
        return {name: _counts(part) for name, part in vars(self).items()}


def collect_sequential(name: str, folder: Path, ephemerides: Path, seed: int, layout: Layout = LONG_CADENCE) -> SequentialData:
    """The data of "sequential-10pct" or "sequential-1pct", split by star.

    Synthetic segments are of quiet simulated stars as Kepler sees them, half with transits put in. Real ones are of the Kepler
    stars in ``folder``, labelled by the ``ephemerides`` with the drift rule; where few stars are quiet most negatives
    are from between the transits of planet hosts. Stars give their segments in turn, so that none gives many before all give
    some. Where the folder has fewer than the experiment asks for, there are fewer, and ``counts`` says so.

    Raises SettingsError for another name, or where a part would lack one of the classes.
    """
    import numba

    if name not in SETS:
        raise SettingsError(f"'{name}' is no sequential experiment; use one of {', '.join(SETS)}.")
    rng = np.random.default_rng([seed, 11])
    quotas = [_quotas(counts) for counts in (SETS[name].synthetic, SETS[name].real)]
    threads = numba.get_num_threads()
    # Detrending runs in parallel on pieces too short for it; beside other work its threads wait for each other.
    numba.set_num_threads(1)
    try:
        synthetic, real = _synthetic(quotas[0], layout, seed), _real(folder, ephemerides, layout, seed, rng)
    finally:
        numba.set_num_threads(threads)
    parts = {}
    for part in SHARES:
        chosen = [_in_turn(found[part], quota[part], rng) for found, quota in zip((synthetic, real), quotas, strict=True)]
        parts[part] = _concatenate([p for p in chosen if p is not None], layout)
        if not 0 < parts[part].examples.labels.sum() < len(parts[part]):
            raise SettingsError(f"The {part} part of {name} lacks segments with or without transits; give more stars.")
    data = SequentialData(**parts)
    log.info("%s: %s", name, data.counts())
    return data


def strongest(prepared: PreparedCurve, segments: Segments, ephemerides: Iterable[Ephemeris]) -> NDArray[np.float32]:
    """Signal-to-noise (s,) of the strongest trusted transit of a planet in each segment, NaN where there is none.

    Depth over the scatter of means over the duration, outside transits, times the root of the part of the duration that the
    segment holds; NaN also where no depth is known. Cadences longer than the transit make it an upper limit.
    """
    ephemerides = tuple(ephemerides)
    outside = prepared.flat[~any_in_transit(ephemerides, prepared.time, prepared.system, widen=1.5)]
    best = np.full(len(segments), np.nan)
    if not outside.size:
        return best.astype(np.float32)
    for e in ephemerides:
        transits = e.transits(prepared.time[0], prepared.time[-1], prepared.system)
        mids = transits.mid[e.trusted(transits)]
        if not e.is_planet or e.depth_ppm is None or not mids.size:
            continue
        cadences = max(1, round(e.duration_days * 1440 / prepared.cadence_minutes))
        reach = e.duration_days / 2 + prepared.cadence_minutes / 2880
        low = np.searchsorted(prepared.time, mids - reach, side="left")
        high = np.searchsorted(prepared.time, mids + reach, side="right")
        # (s, transits): how many cadences of each transit lie in each segment
        inside = np.minimum(high, segments.last[:, None] + 1) - np.maximum(low, segments.first[:, None])
        most = np.clip(inside.max(axis=1), 0, cadences)
        snr = e.depth_ppm * 1e-6 / noise.sigma_over(outside, cadences) * np.sqrt(most / cadences)
        best = np.fmax(best, np.where(most > 0, snr, np.nan))
    return best.astype(np.float32)


def _quotas(counts: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Negatives and positives of each part, by its share; what rounding leaves goes to training."""
    out = {part: (round(share * counts[0]), round(share * counts[1])) for part, share in SHARES.items()}
    rest = [counts[k] - sum(out[part][k] for part in (VALIDATION, TEST)) for k in (0, 1)]
    return out | {TRAINING: (rest[0], rest[1])}


def _synthetic(quotas: dict[str, tuple[int, int]], layout: Layout, seed: int) -> dict[str, list[Part]]:
    """Segments of as many simulated stars as the quotas need, those of each star together, by part."""
    from astroseq_core.simulate.stars import simulate_star

    found: dict[str, list[Part]] = {part: [] for part in SHARES}
    missing = {part: np.array(quota) for part, quota in quotas.items()}
    for number in range(FIRST_SEED + seed * SEEDS_A_RUN, FIRST_SEED + (seed + 1) * SEEDS_A_RUN):
        if all((m <= 0).all() for m in missing.values()):
            return found
        target = targets.Target("SIM", str(number))
        part = _part_of(target.id, seed)
        if (missing[part] <= 0).all():
            continue
        rng = np.random.default_rng([seed, number])
        curve = simulate_star(number, "Kepler", "quiet", target=target).curves[0]
        try:
            prepared, injected = copy_with_transits(rng, curve, layout.injection, layout.preparation)
        except AstroSeqError as error:
            log.debug("%s", error)
            continue
        segments = _segments(prepared, injected, layout, target.id, True)
        kept = _some(segments, OF_A_SIMULATED_STAR, rng)
        found[part].append(kept)
        missing[part] -= np.bincount(kept.examples.labels, minlength=2)
    raise SettingsError("Too few simulated transits can be used; lower least_snr or raise the limits of the injection's snr.")


def _real(folder: Path, ephemerides: Path, layout: Layout, seed: int, rng: np.random.Generator) -> dict[str, list[Part]]:
    """Segments of the folder's Kepler stars, those of each star together, by part."""
    table = read_table(ephemerides)
    found: dict[str, list[Part]] = {part: [] for part in SHARES}
    for target_id, paths in sorted(local.group_by_target(local.list_light_curves(folder)).by_target.items()):
        if targets.parse_star(target_id).mission.name == "Kepler":
            own = table.of(target_id)
            of_star = [_segments(prepared, own, layout, target_id, False) for prepared in _prepared(paths, layout)]
            found[_part_of(target_id, seed)].append(_some(_concatenate(of_star, layout), OF_A_REAL_STAR, rng))
    return found


def _prepared(paths: Sequence[Path], layout: Layout) -> Iterator[PreparedCurve]:
    """The star's light curves that are fast enough, prepared; what cannot be used is left out with a line in the log."""
    wanted = layout.preparation.cadence_minutes
    for curve in reading.read_many(paths).curves:
        if wanted is not None and not fits_cadence(curve, wanted):
            continue
        try:
            yield prepare(curve, layout.preparation)
        except AstroSeqError as error:
            log.warning("%s", error)


def _segments(prepared: PreparedCurve, ephemerides: tuple[Ephemeris, ...], layout: Layout, star: str, synthetic: bool) -> Part:
    """One observation's segments whose label is known and whose transits, if any, are strong enough."""
    segments = cut(prepared, layout.cutting)
    labels = label(segments, cadence_states(prepared, ephemerides))
    snr = np.where(labels == TRANSIT, strongest(prepared, segments, ephemerides), np.float32(np.nan)).astype(np.float32)
    wanted = (labels == 0) | ((labels == TRANSIT) & ((layout.least_snr <= 0) | (snr >= layout.least_snr)))
    count = len(segments)
    examples = Examples(segments.values.astype(np.float16), labels, np.full(count, star))
    return Part(examples, np.full(count, synthetic), snr).take(wanted)


def _part_of(star: str, seed: int) -> str:
    return next(part for part, stars in split_stars([star], SHARES, seed).items() if stars)


def _some(part: Part, most: tuple[int, int], rng: np.random.Generator) -> Part:
    """At most so many of each label, drawn at random and in random order."""
    order = rng.permutation(len(part))
    labels = part.examples.labels[order]
    return part.take(np.concatenate([order[labels == k][: most[k]] for k in (0, 1)]))


def _in_turn(stars: Sequence[Part], quota: tuple[int, int], rng: np.random.Generator) -> Part | None:
    """So many of each label, or all: the first of every star, then the second of every star; None of no stars."""
    stars = [star for star in stars if len(star)]
    if not stars:
        return None
    together = _joined(stars)
    kept = []
    for k in (0, 1):
        turn = np.concatenate([np.where(s.examples.labels == k, np.cumsum(s.examples.labels == k), 0) for s in stars])
        which = np.flatnonzero(turn)
        kept.append(which[np.lexsort((rng.random(len(which)), turn[which]))][: quota[k]])
    return together.take(np.concatenate(kept))


def _joined(parts: Sequence[Part]) -> Part:
    def all_of(get: Callable[[Part], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([get(p) for p in parts])

    return Part(concatenate([p.examples for p in parts]), all_of(lambda p: p.synthetic), all_of(lambda p: p.snr))


def _concatenate(parts: Sequence[Part], layout: Layout) -> Part:
    """All of the parts, none of none."""
    if parts:
        return _joined(parts)
    values = np.empty((0, layout.cutting.window, len(layout.cutting.channels)), np.float16)
    return Part(Examples(values, np.empty(0, np.int8), np.empty(0, "U1")), np.empty(0, bool), np.empty(0, np.float32))


def _counts(part: Part) -> dict[str, int]:
    labels, stars = part.examples.labels, part.examples.stars
    out = {"stars": len(np.unique(stars))}
    for word, mask in (("synthetic", part.synthetic), ("real", ~part.synthetic)):
        out[f"{word}_negative"], out[f"{word}_positive"] = (int(n) for n in np.bincount(labels[mask], minlength=2))
        out[f"{word}_stars"] = len(np.unique(stars[mask]))
    return out


def snr_mix(part: Part, flagged: NDArray[np.bool_]) -> dict[str, Any]:
    """The positives' signal-to-noise as plain JSON values: its tenths 1, 5 and 9, and recall of ``flagged`` (n,) in bins of it.

    A bin is from ``low`` to below ``high``, None where there is no edge; positives without a published depth are in none.
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
