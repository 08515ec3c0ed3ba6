"""Class probabilities of signals from their folded views."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.missions import TESS
from astroseq_core.signals.ensemble import CLASSES, Answers, Ensemble, load_ensemble
from astroseq_core.signals.signal import ClassProbabilities, FoundSignal
from astroseq_core.signals.views import SignalViews

#: Smallest probability whose logarithm is taken.
_SMALLEST = 1e-7


@dataclass(frozen=True, eq=False)
class SignalClasses:
    """Class probabilities of n signals.

    Attributes
    ----------
    probability : ndarray of float64
        Calibrated probabilities of planet candidate, eclipsing binary and not transit-like, shape (n, 3); rows sum to 1.
    spread : ndarray of float64
        Standard deviations of what the networks of the ensemble say, shape (n, 3).
    baseline : SignalClasses or None
        What the readable baseline says of the same signals, the gradient-boosted trees alone, with the spread of its own
        models; None where it was not asked.
    """

    probability: NDArray[np.float64]
    spread: NDArray[np.float64]
    baseline: "SignalClasses | None" = None

    @property
    def p_planet(self) -> NDArray[np.float64]:
        """Probability of a planet candidate, shape (n,)."""
        return self.probability[:, CLASSES.index("planet")]

    @property
    def p_eclipsing_binary(self) -> NDArray[np.float64]:
        """Probability of an eclipsing binary, shape (n,)."""
        return self.probability[:, CLASSES.index("eclipsing_binary")]

    @property
    def p_not_transit(self) -> NDArray[np.float64]:
        """Probability of a signal that is not transit-like, shape (n,)."""
        return self.probability[:, CLASSES.index("not_transit")]

    def take(self, begin: int, end: int) -> "SignalClasses":
        """Return the classes of some signals.

        Parameters
        ----------
        begin : int
            Row of the first.
        end : int
            Row after the last.

        Returns
        -------
        SignalClasses
            Their classes.
        """
        baseline = None if self.baseline is None else self.baseline.take(begin, end)
        return SignalClasses(self.probability[begin:end], self.spread[begin:end], baseline)

    def each(self) -> tuple[ClassProbabilities, ...]:
        """Return the class probabilities of each signal.

        Returns
        -------
        tuple of ClassProbabilities
            Probabilities and spreads, in the order of the signals.
        """
        rows = zip(self.probability.tolist(), self.spread.tolist(), strict=True)
        return tuple(ClassProbabilities(*probability, *spread) for probability, spread in rows)


def classify(views: SignalViews, kind: str, model: str | Ensemble | None = None) -> SignalClasses:
    """Return the class probabilities of signals.

    Parameters
    ----------
    views : SignalViews
        Views of n signals.
    kind : str
        Mission of the signals: tess or kepler.
    model : str or Ensemble or None, optional
        An ensemble, or the folder of a trained one; by default the shipped one.

    Returns
    -------
    SignalClasses
        Probabilities, in the order of the views, and those of the readable baseline.

    Raises
    ------
    ModelError
        If the ensemble is missing or damaged, or was not trained for the kind.
    """
    ensemble = model if isinstance(model, Ensemble) else load_ensemble(kind if model is None else model)
    answers, temperature = ensemble.ask(views, kind), ensemble.card.temperatures[kind]
    trees = combine(replace(answers, networks=answers.trees), 1.0, temperature)
    return replace(combine(answers, ensemble.card.tree_weight, temperature), baseline=trees)


def classified(signals: Sequence[FoundSignal], classes: SignalClasses) -> tuple[FoundSignal, ...]:
    """Return found signals with what the classifier says of them.

    Parameters
    ----------
    signals : sequence of FoundSignal
        Signals, n of them.
    classes : SignalClasses
        Their classes, in the same order.

    Returns
    -------
    tuple of FoundSignal
        The signals.
    """
    baseline = (None,) * len(signals) if classes.baseline is None else classes.baseline.each()
    rows = zip(signals, classes.each(), baseline, strict=True)
    return tuple(replace(signal, classes=own, baseline=by_trees) for signal, own, by_trees in rows)


def signal_kind(instrument: str) -> str:
    """Return the kind of a star's signals.

    Parameters
    ----------
    instrument : str
        Name of the mission as whose the light curves were taken.

    Returns
    -------
    str
        The kind: tess, or kepler for Kepler and K2.

    Examples
    --------
    >>> signal_kind("K2")
    'kepler'
    """
    return "tess" if instrument == TESS.name else "kepler"


def combine(answers: Answers, tree_weight: float, temperature: float = 1.0) -> SignalClasses:
    """Average what networks and trees say, and calibrate it.

    Parameters
    ----------
    answers : Answers
        Probabilities of each network and each model of trees.
    tree_weight : float
        Weight of the trees.
    temperature : float, optional
        Logarithms of the mean probabilities are divided by it.

    Returns
    -------
    SignalClasses
        The probabilities; the spread is that of all networks and trees.

    Examples
    --------
    >>> one = Answers(np.array([[[0.8, 0.1, 0.1]]], np.float32), np.array([[[0.6, 0.3, 0.1]]], np.float32))
    >>> combine(one, 0.5).probability.round(3).tolist()
    [[0.7, 0.2, 0.1]]
    """
    networks, trees = (np.asarray(a, np.float64) for a in (answers.networks, answers.trees))
    mean = (1 - tree_weight) * networks.mean(axis=0) + tree_weight * trees.mean(axis=0)
    return SignalClasses(temper(mean, temperature), np.concatenate([networks, trees]).std(axis=0))


def temper(probability: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Divide the logarithms of probabilities by a temperature.

    Parameters
    ----------
    probability : ndarray
        Probabilities, shape (n, classes).
    temperature : float
        Over 1 makes them less certain, under 1 more.

    Returns
    -------
    ndarray of float64
        Probabilities that sum to 1, same shape.

    Examples
    --------
    >>> temper(np.array([[0.9, 0.05, 0.05]]), 2.0).round(3).tolist()
    [[0.68, 0.16, 0.16]]
    """
    log = np.log(np.clip(np.asarray(probability, np.float64), _SMALLEST, 1)) / temperature
    power = np.exp(log - log.max(axis=1, keepdims=True))
    return np.asarray(power / power.sum(axis=1, keepdims=True))
