"""False-alarm probability of a star's score, from copies of the star that cannot hold transits.

The copies are scored by the same model.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, SettingsError
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks.model import Model
from astroseq_core.preprocessing.noise import robust_sigma
from astroseq_core.preprocessing.prepare import PreprocessingConfig, flux_level, prepare, relative_deviation
from astroseq_core.scoring import evidence, period
from astroseq_core.scoring.segments import SegmentScores, score_light_curves
from astroseq_core.scoring.star import StarScore

log = logging.getLogger(__name__)
#: Length of the blocks of a scrambled light curve [d]: longer than a transit, shorter than most periods.
BLOCK_DAYS = 2.0
#: Fewer copies determine neither the mean nor the spread of their scores.
MIN_COPIES = 3
#: Flare threshold before a light curve is mirrored, where its preprocessing does not clip [sigma].
FLARE_SIGMAS = 5.0
#: Width of the mask of found transits, in durations, before a light curve is scrambled.
MASK_WIDEN = 2.0
#: Smallest standard deviation of the scores [natural log]: a few copies may agree by chance.
MIN_SPREAD = 0.5
EULER = 0.5772156649


def mirrored(curve: LightCurve, preprocessing: PreprocessingConfig) -> LightCurve:
    """Mirror a light curve about its trend: 2 * trend - flux.

    Dips become rises, which preprocessing clips. Flares are clipped to the noise first; otherwise
    the largest flare would become the deepest dip. Noise and slow variation are preserved only
    where they are symmetric. Scattered light and spots are not, so the result is less reliable for
    stars with them.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    preprocessing : PreprocessingConfig
        Detrending settings.

    Returns
    -------
    LightCurve
        The mirrored light curve.

    Raises
    ------
    LightCurveError
        If the light curve cannot be detrended.
    """
    _, relative, slow = _detrend_native(curve, preprocessing)
    flat = relative_deviation(relative, slow)
    limit = (preprocessing.clip_sigma or FLARE_SIGMAS) * robust_sigma(flat)
    return _replace_flux(curve, slow - np.minimum(flat, float(np.median(flat)) + limit) * np.maximum(slow, 0.0), "turned over")


def scrambled(
    curve: LightCurve, preprocessing: PreprocessingConfig, rng: np.random.Generator, block_days: float = BLOCK_DAYS
) -> LightCurve:
    """Shuffle the detrended flux in blocks, so that no period is left.

    The blocks hold equally many cadences and exchange their times; gaps and trend stay in place. A
    single dip remains a dip. Blocks are made shorter where there would be fewer than four.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    preprocessing : PreprocessingConfig
        Detrending settings.
    rng : numpy.random.Generator
        Random generator.
    block_days : float, optional
        Approximate length of a block [d].

    Returns
    -------
    LightCurve
        The scrambled light curve.

    Raises
    ------
    LightCurveError
        If the light curve cannot be detrended.
    """
    time, relative, slow = _detrend_native(curve, preprocessing)
    ratio = relative_deviation(relative, slow)
    cadence = float(np.median(np.diff(time)))
    size = max(1, min(round(block_days / cadence), len(time) // 4))
    # A random start of the first block, so that copies do not share block edges.
    blocks = np.split(ratio, np.arange(int(rng.integers(1, size + 1)), len(ratio), size))
    mixed = np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])
    return _replace_flux(curve, slow + mixed * np.maximum(slow, 0.0), "scrambled")


def without_transits(curve: LightCurve, ephemeris: Ephemeris) -> LightCurve:
    """Mask the transits of an ephemeris.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    ephemeris : Ephemeris
        The transits; the mask is `MASK_WIDEN` times as wide.

    Returns
    -------
    LightCurve
        The light curve with NaN flux in the transits.
    """
    flux = curve.flux.copy()
    flux[ephemeris.in_transit(curve.time, curve.time_system, widen=MASK_WIDEN)] = np.nan
    return replace(curve, flux=flux)


def transit_free_copies(
    curves: Sequence[LightCurve], preprocessing: PreprocessingConfig, copies: int, seed: int, found: Ephemeris | None = None
) -> list[tuple[LightCurve, ...]]:
    """Make copies of a star's light curves that cannot hold its transits.

    The first copy is mirrored. Then two kinds take turns, each copy in another order: scrambled
    with the transits of `found` masked, and mirrored and scrambled. All are mirrored where `found`
    is None or covers half of the data.

    Parameters
    ----------
    curves : sequence of LightCurve
        The star's light curves.
    preprocessing : PreprocessingConfig
        Detrending settings.
    copies : int
        Number of copies.
    seed : int
        Seed of the random order.
    found : Ephemeris, optional
        The transits that were found on the star.

    Returns
    -------
    list of tuple of LightCurve
        The light curves of each copy.

    Raises
    ------
    LightCurveError
        If a light curve cannot be detrended.
    """
    turned = [mirrored(c, preprocessing) for c in curves]
    # An ephemeris that covers much of the data cannot be masked.
    cut = [c if found is None else without_transits(c, found) for c in curves]
    upright = found is not None and all(
        2 * c.usable_mask().sum() > o.usable_mask().sum() for c, o in zip(cut, curves, strict=True)
    )
    made: list[tuple[LightCurve, ...]] = []
    for number in range(copies):
        rng = np.random.default_rng([seed, number])
        if number == 0:
            made.append(tuple(turned))
        elif number % 2 and upright:
            made.append(tuple(scrambled(c, preprocessing, rng) for c in cut))
        else:
            made.append(tuple(scrambled(c, preprocessing, rng) for c in turned))
    return made


def gumbel_tail(score: float, empty: NDArray[np.float64]) -> float:
    """Compute the probability that the highest of many noise trials reaches a score.

    A Gumbel distribution, the limit for the maximum of many trials (Süveges 2014, MNRAS 440, 2099),
    is fitted by moments: the scale is sqrt(6) / pi times the standard deviation, the location is
    the mean less Euler's constant times the scale. From a few copies this gives only the order of
    magnitude, so the result is never below 1 / (10 k), with k the number of copies.

    Parameters
    ----------
    score : float
        Score of the star.
    empty : ndarray
        Scores of copies without transits, shape (k,).

    Returns
    -------
    float
        False-alarm probability.

    Examples
    --------
    >>> noise_scores = np.array([0.0, 1.0, 2.0])
    >>> round(gumbel_tail(1.0, noise_scores), 3), round(gumbel_tail(50.0, noise_scores), 3)
    (0.43, 0.033)
    """
    scale = max(MIN_SPREAD, float(np.std(empty, ddof=1))) * math.sqrt(6) / math.pi
    place = float(np.mean(empty)) - EULER * scale
    exponent = -math.exp(min(700.0, -(score - place) / scale))
    return max(-math.expm1(exponent), 1 / (10 * len(empty)))


def with_false_alarm_probability(
    model: Model, curves: Sequence[LightCurve], star: StarScore, copies: int, *, seed: int = 0, workers: int = 1
) -> StarScore:
    """Add the false-alarm probability to a star's score.

    Each copy is scored like the star itself.

    Parameters
    ----------
    model : Model
        The model that scored the star.
    curves : sequence of LightCurve
        The star's light curves.
    star : StarScore
        Its score.
    copies : int
        Number of copies.
    seed : int, optional
        Seed of the copies.
    workers : int, optional
        Number of threads.

    Returns
    -------
    StarScore
        The score; its probability stays None where too few copies could be scored.

    Raises
    ------
    SettingsError
        If `copies` is below `MIN_COPIES`.
    """
    if copies < MIN_COPIES:
        raise SettingsError(f"A false-alarm probability needs at least {MIN_COPIES} copies.")
    suited = [c for c in curves if model.card.suits(c)]
    try:
        made = transit_free_copies(suited, model.card.preparation, copies, seed, found_ephemeris(star))
    except AstroSeqError as error:
        log.info("%s has no false-alarm probability: %s", star.target_id, error)
        return star
    scores = fold_scores(model, made, workers)
    if len(scores) < MIN_COPIES:
        return star
    return replace(star, false_alarm_probability=gumbel_tail(star.score_fold, scores))


def fold_scores(model: Model, copies: Sequence[Sequence[LightCurve]], workers: int = 1) -> NDArray[np.float64]:
    """Compute the fold score of each copy.

    Parameters
    ----------
    model : Model
        The model.
    copies : sequence of sequence of LightCurve
        The light curves of each copy.
    workers : int, optional
        Number of threads.

    Returns
    -------
    ndarray
        Scores of the copies that could be scored, shape (k,).
    """
    parts = score_light_curves(model, (c for copy in copies for c in copy), workers)
    scores = []
    for copy in copies:
        good = [p for p in (next(parts) for _ in copy) if isinstance(p, SegmentScores) and len(p)]
        if good:
            scores.append(period.fold(evidence.join_evidence([g.evidence for g in good])).score)
    return np.array(scores)


def found_ephemeris(star: StarScore) -> Ephemeris:
    """Return the best period or single transit of a star as an ephemeris with errors.

    Parameters
    ----------
    star : StarScore
        The star's score.

    Returns
    -------
    Ephemeris
        The ephemeris, without a depth.
    """
    return Ephemeris(
        star.target_id,
        "found",
        star.best_t0,
        star.best_period_days,
        star.best_duration_hours,
        None,
        star.t0_err_days,
        star.period_err_days or 0.0,
    )


def _detrend_native(
    curve: LightCurve, preprocessing: PreprocessingConfig
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Detrend at the original cadence: times, relative flux and trend of the usable cadences."""
    detrended = prepare(curve, replace(preprocessing, cadence_minutes=None, clip_sigma=None))
    return detrended.time, detrended.flux, detrended.trend


def _replace_flux(curve: LightCurve, relative: NDArray[np.float64], how: str) -> LightCurve:
    """Replace the flux of the usable cadences by this relative flux."""
    good = curve.usable_mask()
    flux = curve.flux.copy()
    flux[good] = relative * (flux_level(curve) or 1.0)
    return replace(curve, flux=flux, provenance=replace(curve.provenance, name=f"{curve.provenance.name}, {how}", sha256=""))
