"""The class of every signal of one star, from its light curves."""

from collections.abc import Sequence

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.signals.classify import classify, signal_kind
from astroseq_core.signals.ensemble import load_ensemble
from astroseq_core.signals.signal import ClassProbabilities

#: Class of a signal by the classifier, and by the readable baseline.
Classes = dict[Ephemeris, tuple[ClassProbabilities, ClassProbabilities | None]]


def classify_star(detrended: Sequence[DetrendedLightCurve], ephemerides: Sequence[Ephemeris]) -> Classes:
    """Return the class of every signal of a star.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        The star's detrended light curves.
    ephemerides : sequence of Ephemeris
        All its signals: each is folded with the transits of the others left out.

    Returns
    -------
    dict of Ephemeris to tuple of ClassProbabilities
        What the classifier says of each, and what the gradient-boosted trees alone say. A signal without a cadence in
        transit is not in it.

    Raises
    ------
    ModelError
        If the classifier is missing or damaged.
    """
    from astroseq_core.signals.fold_views import fold_views

    observed = [e for e in ephemerides if any(e.in_transit(c.time, c.system).any() for c in detrended)]
    if not observed:
        return {}
    kind = signal_kind(detrended[0].light_curve.instrument.name)
    ensemble = load_ensemble(kind)
    try:
        views = fold_views(detrended, observed)
    except LightCurveError:
        # the transits of one lie in flares alone: each is tried by itself
        return {} if len(observed) == 1 else {e: found for o in observed for e, found in classify_star(detrended, [o]).items()}
    found = classify(views, kind, ensemble)
    baseline = (None,) * len(observed) if found.baseline is None else found.baseline.each()
    return {e: (both, trees) for e, both, trees in zip(observed, found.each(), baseline, strict=True)}
