"""The class of every signal of one star, from its light curves."""

from collections.abc import Sequence
from dataclasses import replace

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.signals.classify import SignalClasses, combine, signal_kind
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
    answers = ensemble.ask(views, kind)
    temperature = ensemble.card.temperatures[kind]
    both = combine(answers, ensemble.card.tree_weight, temperature)
    # the spread of the baseline is that of its own models
    trees = combine(replace(answers, networks=answers.trees), 1.0, temperature)
    return {e: (probabilities_of(both, i), probabilities_of(trees, i)) for i, e in enumerate(observed)}


def probabilities_of(classes: SignalClasses, row: int) -> ClassProbabilities:
    """Return the class probabilities of one signal.

    Parameters
    ----------
    classes : SignalClasses
        Class probabilities of n signals.
    row : int
        Number of the signal.

    Returns
    -------
    ClassProbabilities
        Its probabilities and their spreads.
    """
    return ClassProbabilities(*map(float, classes.probability[row]), *map(float, classes.spread[row]))
