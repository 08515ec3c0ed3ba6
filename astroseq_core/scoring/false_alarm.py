"""How often a star that holds no transits would score as high: copies of it that cannot hold them, scored by the same model."""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, SettingsError
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.noise import robust_sigma
from astroseq_core.lightcurves.prepare import Preparation, deviation, prepare
from astroseq_core.scoring import evidence, folding
from astroseq_core.scoring.model import Model
from astroseq_core.scoring.segments import SegmentScores, score_curves
from astroseq_core.scoring.star import StarScore

log = logging.getLogger(__name__)
#: Blocks that are exchanged when a light curve is scrambled [d]: longer than a transit, shorter than most periods.
BLOCK_DAYS = 2.0
#: Fewer copies tell neither the middle nor the width of their scores.
LEAST_COPIES = 3
#: What counts as a flare before a light curve is turned over, where its preparation clips nothing [sigma].
FLARE_SIGMAS = 5.0
#: Transits are cut out this much wider than they were found before a light curve is scrambled upright.
CUT_WIDEN = 2.0
#: No fewer log-likelihood units than this between scores: copies that by chance agree are not certain of it.
SMALLEST_SPREAD = 0.5
EULER = 0.5772156649


def mirrored(curve: LightCurve, preparation: Preparation) -> LightCurve:
    """The light curve turned over about its trend: 2 * trend - flux, with flares set back to the trend's noise first.

    What was a dip is a rise, which preparing clips; what was a rise is a dip, so a flare left in would become the deepest of
    all. Noise and slow variation are as before only where they are symmetrical: scattered light and spots are not, so this
    says less of stars with them.
    """
    _, relative, slow = _native(curve, preparation)
    flat = deviation(relative, slow)
    limit = (preparation.clip_sigma or FLARE_SIGMAS) * robust_sigma(flat)
    return _with(curve, slow - np.minimum(flat, float(np.median(flat)) + limit) * np.maximum(slow, 0.0), "turned over")


def scrambled(
    curve: LightCurve, preparation: Preparation, rng: np.random.Generator, block_days: float = BLOCK_DAYS
) -> LightCurve:
    """The light curve with the residuals of its trend exchanged in blocks of about ``block_days``, so that no period is left.

    The blocks hold equally many cadences and take each other's times; gaps and trend stay where they are. A single dip stays a
    dip. Where there are fewer than four blocks they are made shorter.
    """
    time, relative, slow = _native(curve, preparation)
    ratio = deviation(relative, slow)
    cadence = float(np.median(np.diff(time)))
    size = max(1, min(round(block_days / cadence), len(time) // 4))
    # Where the first block begins is drawn, so that copies do not share their edges.
    blocks = np.split(ratio, np.arange(int(rng.integers(1, size + 1)), len(ratio), size))
    mixed = np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])
    return _with(curve, slow + mixed * np.maximum(slow, 0.0), "scrambled")


def without_transits(curve: LightCurve, ephemeris: Ephemeris) -> LightCurve:
    """The light curve with the flux in that ephemeris's transits taken out (NaN)."""
    flux = curve.flux.copy()
    flux[ephemeris.in_transit(curve.time, curve.time_system, widen=CUT_WIDEN)] = np.nan
    return replace(curve, flux=flux)


def empty_copies(
    curves: Sequence[LightCurve], preparation: Preparation, copies: int, seed: int, found: Ephemeris | None = None
) -> list[tuple[LightCurve, ...]]:
    """That many copies of a star's light curves that cannot hold its transits.

    The first is turned over; then come, in turn, the star upright and scrambled with the transits of ``found`` cut out (turned
    over, too, where it is None), and turned over and scrambled, each in another order. Raises LightCurveError.
    """
    turned = [mirrored(c, preparation) for c in curves]
    # An ephemeris that covers much of the data cannot be cut out of them.
    cut = [c if found is None else without_transits(c, found) for c in curves]
    upright = found is not None and all(2 * c.usable().sum() > o.usable().sum() for c, o in zip(cut, curves, strict=True))
    made: list[tuple[LightCurve, ...]] = []
    for number in range(copies):
        rng = np.random.default_rng([seed, number])
        if number == 0:
            made.append(tuple(turned))
        elif number % 2 and upright:
            made.append(tuple(scrambled(c, preparation, rng) for c in cut))
        else:
            made.append(tuple(scrambled(c, preparation, rng) for c in turned))
    return made


def gumbel_tail(score: float, empty: NDArray[np.float64]) -> float:
    """Probability that the highest of a star's trials, empty as those of scores (k,), reaches ``score``.

    A Gumbel distribution, the limit for the highest of many trials (Süveges 2014, MNRAS 440, 2099), fitted by moments: scale
    sqrt(6) / pi of the standard deviation, location the mean less Euler's constant times that. From a few copies this is a
    guide to the order of magnitude: it is never given below 1 / (10 k), k the number of copies.
    """
    scale = max(SMALLEST_SPREAD, float(np.std(empty, ddof=1))) * math.sqrt(6) / math.pi
    place = float(np.mean(empty)) - EULER * scale
    exponent = -math.exp(min(700.0, -(score - place) / scale))
    return max(-math.expm1(exponent), 1 / (10 * len(empty)))


def with_false_alarm_probability(
    model: Model, curves: Sequence[LightCurve], star: StarScore, copies: int, *, seed: int = 0, workers: int = 1
) -> StarScore:
    """The star's score with its false-alarm probability from that many copies, each of which is scored as the star was.

    It stays None where fewer than LEAST_COPIES copies could be scored. Raises SettingsError for fewer.
    """
    if copies < LEAST_COPIES:
        raise SettingsError(f"A false-alarm probability needs at least {LEAST_COPIES} copies.")
    suited = [c for c in curves if model.card.suits(c)]
    try:
        made = empty_copies(suited, model.card.preparation, copies, seed, ephemeris_of(star))
    except AstroSeqError as error:
        log.info("%s has no false-alarm probability: %s", star.target_id, error)
        return star
    scores = fold_scores(model, made, workers)
    if len(scores) < LEAST_COPIES:
        return star
    return replace(star, false_alarm_probability=gumbel_tail(star.score_fold, scores))


def fold_scores(model: Model, copies: Sequence[Sequence[LightCurve]], workers: int = 1) -> NDArray[np.float64]:
    """The fold scores (k,) of the copies that could be scored."""
    parts = score_curves(model, (c for copy in copies for c in copy), workers)
    scores = []
    for copy in copies:
        good = [p for p in (next(parts) for _ in copy) if isinstance(p, SegmentScores) and len(p)]
        if good:
            scores.append(folding.fold(evidence.join([g.evidence for g in good])).score)
    return np.array(scores)


def ephemeris_of(star: StarScore) -> Ephemeris:
    """What was found on a star, as an ephemeris with its errors."""
    return Ephemeris(
        star.target_id, "found", star.best_t0, star.best_period_days, star.best_duration_hours, None,
        star.t0_err_days, star.period_err_days or 0.0,
    )  # fmt: skip


def _native(curve: LightCurve, preparation: Preparation) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Times, relative flux and trend of the usable cadences, at the light curve's own cadence."""
    prepared = prepare(curve, replace(preparation, cadence_minutes=None, clip_sigma=None))
    return prepared.time, prepared.flux, prepared.trend


def _with(curve: LightCurve, relative: NDArray[np.float64], how: str) -> LightCurve:
    """The light curve with that relative flux in its usable cadences."""
    good = curve.usable()
    flux = curve.flux.copy()
    flux[good] = relative * float(np.median(curve.flux[good]))
    return replace(curve, flux=flux, provenance=replace(curve.provenance, name=f"{curve.provenance.name}, {how}", sha256=""))
