"""Segment scores kept in the cache, so that a star scored once is shown without loading a network."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from astroseq_core.errors import CacheError
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.evidence import Evidence
from astroseq_core.scoring.segments import Failure, SegmentScores

log = logging.getLogger(__name__)
KIND = "segment_scores"
#: Raised when segments or evidence are computed in another way than before.
VERSION = 2
_ARRAYS = ("t_start", "t_stop", "num_cadences", "probability")


def key(card: ModelCard, curve: LightCurve) -> str:
    """A hash of all that the scores depend on: the network, its settings, and every cadence of the light curve."""
    calibrations = [vars(c) if c else None for c in (card.calibration, card.cadence_calibration)]
    made_of = [VERSION, card.model_id, card.sha256, card.preparation.to_dict(), card.cutting.to_dict(), calibrations]
    known_as = [curve.target.id, curve.observation, curve.instrument.name, str(curve.time_system), curve.flattened]
    digest = hashlib.sha256(json.dumps([made_of, known_as]).encode())
    for column in (curve.time, curve.flux, curve.quality):
        digest.update(column.tobytes())
    return digest.hexdigest()


def store(card: ModelCard, curve: LightCurve, scores: SegmentScores, cache: LightCurveCache | None = None) -> None:
    """Keep the scores of a light curve; raises CacheError when the cache cannot be written."""
    evidence = {f"evidence_{f.name}": np.asarray(getattr(scores.evidence, f.name)) for f in fields(Evidence)}
    arrays = {name: getattr(scores, name) for name in _ARRAYS} | evidence
    (cache or LightCurveCache()).store_arrays(KIND, key(card, curve), **arrays)


def load(card: ModelCard, curve: LightCurve, cache: LightCurveCache | None = None) -> SegmentScores | None:
    """The scores of a light curve by that model, None where they are not kept."""
    arrays = (cache or LightCurveCache()).load_arrays(KIND, key(card, curve))
    if arrays is None:
        return None
    return SegmentScores(
        target_id=curve.target.id,
        observation=curve.observation,
        instrument=curve.instrument.name,
        system=curve.time_system,
        model_id=card.model_id,
        evidence=Evidence(arrays["evidence_time"], arrays["evidence_log_ratio"], float(arrays["evidence_step_days"])),
        **{name: arrays[name] for name in _ARRAYS},
    )


def recall(card: ModelCard, curves: Sequence[LightCurve]) -> tuple[SegmentScores, ...] | None:
    """The scores of all the light curves, in order, or None where not every one of them is kept or the cache cannot be read."""
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


def remember(card: ModelCard, curves: Sequence[LightCurve], results: Sequence[SegmentScores | Failure]) -> None:
    """Keep what was scored; where the cache cannot be written it is only logged, for it can be made again."""
    try:
        cache = LightCurveCache()
        for curve, result in zip(curves, results, strict=True):
            if isinstance(result, SegmentScores):
                store(card, curve, result, cache)
    except CacheError as error:
        log.warning("%s", error)
