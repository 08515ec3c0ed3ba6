"""Segment scores in the cache, so that a scored star is shown again without loading a network."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from astroseq_core.columns import MEASURED
from astroseq_core.errors import CacheError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks.card import ModelCard
from astroseq_core.scoring.evidence import Evidence
from astroseq_core.scoring.segments import Failure, SegmentScores
from astroseq_core.type_names import Arrays

log = logging.getLogger(__name__)
KIND = "segment_scores"
#: Incremented when the computation of segments or evidence changes.
VERSION = 2
_ARRAYS = ("t_start", "t_stop", "num_cadences", "probability")


def scores_key(card: ModelCard, curve: LightCurve) -> str:
    """Return a hash of all that the scores depend on.

    Parameters
    ----------
    card : ModelCard
        The model card.
    curve : LightCurve
        The light curve.

    Returns
    -------
    str
        Hash of the network, its settings, and every cadence.
    """
    calibrations = [vars(c) if c else None for c in (card.calibration, card.cadence_calibration)]
    made_of = [VERSION, card.model_id, card.sha256, card.preparation.to_dict(), card.cutting.to_dict(), calibrations]
    known_as = [curve.target.id, curve.observation, curve.instrument.name, str(curve.time_system), curve.flattened]
    digest = hashlib.sha256(json.dumps([made_of, known_as]).encode())
    for column in (curve.time, curve.flux, curve.quality):
        digest.update(column.tobytes())
    return digest.hexdigest()


def save(card: ModelCard, curve: LightCurve, scores: SegmentScores, cache: LightCurveCache | None = None) -> None:
    """Save the scores of a light curve.

    Parameters
    ----------
    card : ModelCard
        The model card.
    curve : LightCurve
        The light curve.
    scores : SegmentScores
        Its scores.
    cache : LightCurveCache, optional
        The cache; the default one if not given.

    Raises
    ------
    CacheError
        If the cache cannot be written.
    """
    evidence = {f"evidence_{f.name}": np.asarray(getattr(scores.evidence, f.name)) for f in fields(Evidence)}
    measured = {f"measured_{name}": np.asarray(value) for name, value in scores.measured.items()}
    arrays = {name: getattr(scores, name) for name in _ARRAYS} | evidence | measured
    (cache or LightCurveCache()).save_arrays(KIND, scores_key(card, curve), **arrays)


def load(card: ModelCard, curve: LightCurve, cache: LightCurveCache | None = None) -> SegmentScores | None:
    """Load the scores of a light curve.

    Parameters
    ----------
    card : ModelCard
        The model card.
    curve : LightCurve
        The light curve.
    cache : LightCurveCache, optional
        The cache; the default one if not given.

    Returns
    -------
    SegmentScores or None
        The scores; None where they are not in the cache.

    Raises
    ------
    CacheError
        If the cache cannot be read.
    """
    arrays = (cache or LightCurveCache()).load_arrays(KIND, scores_key(card, curve))
    if arrays is None:
        return None
    try:
        return _scores_from_arrays(card, curve, arrays)
    except (KeyError, TypeError, ValueError) as error:
        log.warning("Scores of %s in the cache are damaged (%s); they are made again.", curve.observation, error)
        return None


def _scores_from_arrays(card: ModelCard, curve: LightCurve, arrays: Arrays) -> SegmentScores:
    columns = [arrays[name] for name in _ARRAYS]
    if any(len(one) != len(columns[0]) for one in columns):
        raise ValueError("their columns differ in length")
    return SegmentScores(
        target_id=curve.target.id,
        observation=curve.observation,
        instrument=curve.instrument.name,
        system=curve.time_system,
        model_id=card.model_id,
        evidence=Evidence(arrays["evidence_time"], arrays["evidence_log_ratio"], float(arrays["evidence_step_days"])),
        measured={name: float(arrays[f"measured_{name}"]) for name in MEASURED if f"measured_{name}" in arrays},
        **{name: arrays[name] for name in _ARRAYS},
    )


def load_all(card: ModelCard, curves: Sequence[LightCurve]) -> tuple[SegmentScores, ...] | None:
    """Load the scores of several light curves.

    Parameters
    ----------
    card : ModelCard
        The model card.
    curves : sequence of LightCurve
        The light curves.

    Returns
    -------
    tuple of SegmentScores or None
        The scores in order; None where any is missing or the cache cannot be read.
    """
    found = []
    try:
        cache = LightCurveCache()
        for curve in curves:
            scores = load(card, curve, cache)
            if scores is None:
                return None
            found.append(scores)
    except CacheError as error:
        log.warning("%s", error)
        return None
    return tuple(found)


def save_all(card: ModelCard, curves: Sequence[LightCurve], results: Sequence[SegmentScores | Failure]) -> None:
    """Save the scores of several light curves; a cache that cannot be written is only logged.

    Parameters
    ----------
    card : ModelCard
        The model card.
    curves : sequence of LightCurve
        The light curves.
    results : sequence of SegmentScores or Failure
        Result of each light curve; failures are skipped.
    """
    try:
        cache = LightCurveCache()
        for curve, result in zip(curves, results, strict=True):
            if isinstance(result, SegmentScores):
                save(card, curve, result, cache)
    except CacheError as error:
        log.warning("%s", error)
