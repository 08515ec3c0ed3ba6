"""Measures of the classifier of signals on labelled views, with intervals from resampling stars."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.calibration import ReliabilityBins
from astroseq_core.evaluation.metrics import StarBootstrap
from astroseq_core.evaluation.segment_report import Measured
from astroseq_core.evaluation.weighted_ranking import RankedScores
from astroseq_core.signals.classify import combine
from astroseq_core.signals.ensemble import CLASSES, Answers, Ensemble
from astroseq_core.signals.views import LabelledViews, label_kind
from astroseq_core.type_names import JsonObject

Doubles = NDArray[np.float64]
_PARTS = ("measures", "networks_alone", "trees_alone")


@dataclass(frozen=True)
class Measure:
    """One measure of a classifier.

    Attributes
    ----------
    name : str
        What is measured.
    measured : Measured
        The number with its 95 % interval.
    signals : int
        Number of signals that it was measured on.
    base_rate : float
        Share of them that is to be found.
    """

    name: str
    measured: Measured
    signals: int
    base_rate: float


@dataclass(frozen=True)
class SignalReport:
    """Measures of an ensemble on labelled views.

    Attributes
    ----------
    model_id : str
        The ensemble.
    signals, stars : int
        Number of signals and of their stars.
    stars_seen : int
        Number of stars that the ensemble was trained on; of these, only networks that did not see them were asked.
    labels : dict
        Number of signals by label.
    measures : tuple of Measure
        The measures of networks and trees together.
    networks_alone, trees_alone : tuple of Measure
        The measures of each, with the same temperature; the trees are the readable baseline.
    """

    model_id: str
    signals: int
    stars: int
    stars_seen: int
    labels: dict[str, int]
    measures: tuple[Measure, ...]
    networks_alone: tuple[Measure, ...]
    trees_alone: tuple[Measure, ...]

    def to_dict(self) -> JsonObject:
        """Return the report as plain JSON values.

        Returns
        -------
        dict
            The values; limits of intervals that do not exist are None.
        """
        return {**vars(self), **{name: _plain(getattr(self, name)) for name in _PARTS}}

    def __str__(self) -> str:
        """Return the report as text."""
        counts = ", ".join(f"{count} {label}" for label, count in self.labels.items())
        lines = [f"{self.model_id}: {self.signals} signals of {self.stars} stars ({counts})."]
        if self.stars_seen:
            lines.append(
                f"{self.stars_seen} of the stars were trained on; they are classified by the networks that did not see them."
            )
        lines.append(f"{'':<48} {'networks and trees':<22} {'networks alone':<22} {'trees alone':<22}")
        for both, one, two in zip(self.measures, self.networks_alone, self.trees_alone, strict=True):
            lines.append(
                f"{both.name:<48} {both.measured!s:<22} {one.measured!s:<22} {two.measured!s:<22} "
                f"{both.signals:>6} signals, base rate {both.base_rate:.3f}"
            )
        return "\n".join(lines)


def _plain(measures: tuple[Measure, ...]) -> list[JsonObject]:
    """Return measures as plain JSON values; what is NaN becomes None."""
    rows = [asdict(m) for m in measures]
    for row in rows:
        row["measured"] = {k: None if np.isnan(v) else v for k, v in row["measured"].items()}
    return rows


def unseen_answers(data: LabelledViews, kind: str, ensemble: Ensemble) -> tuple[Answers, NDArray[np.bool_]]:
    """Return the means of what networks and trees say that were not trained on the signal's star.

    Parameters
    ----------
    data : LabelledViews
        Views of n signals.
    kind : str
        Mission of the signals: tess or kepler.
    ensemble : Ensemble
        The ensemble.

    Returns
    -------
    tuple
        The means, one row each, and whether each star was trained on, shape (n,).

    Raises
    ------
    SettingsError
        If every network has seen some star.
    """
    card = ensemble.card
    seen = np.isin(data.stars, list(card.stars_seen))
    # every part is asked of stars that none saw; of another star, those of its fold
    group = np.where(seen, card.fold_of(data.stars), -1)
    networks, trees = (np.zeros((len(seen), len(CLASSES)), np.float32) for _ in range(2))
    for fold in np.unique(group):
        rows = np.flatnonzero(group == fold)
        asked = ensemble
        if fold >= 0:
            own = tuple(n for n, m in zip(ensemble.networks, card.members, strict=True) if m.fold == fold)
            if not own:
                raise SettingsError(
                    f"Every network of {card.model_id} was trained on some of these stars; measure on other stars."
                )
            asked = replace(ensemble, networks=own, trees={k: (models[fold],) for k, models in ensemble.trees.items()})
        answers = asked.ask(data.views.take(rows), kind)
        networks[rows], trees[rows] = answers.networks.mean(axis=0), answers.trees.mean(axis=0)
    return Answers(networks[None], trees[None]), seen


def measure_signals(data: LabelledViews, ensemble: Ensemble, seed: int = 0) -> SignalReport:
    """Measure an ensemble on labelled views.

    Parameters
    ----------
    data : LabelledViews
        Views with labels PC, EB and J (TESS), or PC and not PC (Kepler).
    ensemble : Ensemble
        The ensemble.
    seed : int, optional
        Seed of the resampling.

    Returns
    -------
    SignalReport
        The report.

    Raises
    ------
    SettingsError
        If labels are unknown or all alike, or every network has seen some star.
    """
    kind, card = label_kind(data), ensemble.card
    answers, seen = unseen_answers(data, kind, ensemble)
    names, counts = np.unique(data.labels, return_counts=True)

    def measures(tree_weight: float) -> tuple[Measure, ...]:
        found = combine(answers, tree_weight, card.temperatures[kind]).probability
        return class_measures(found, data.labels, data.stars, seed)

    return SignalReport(
        model_id=card.model_id,
        signals=len(data.labels),
        stars=len(np.unique(data.stars)),
        stars_seen=len(np.unique(data.stars[seen])),
        labels={str(name): int(count) for name, count in zip(names, counts, strict=True)},
        measures=measures(card.tree_weight),
        networks_alone=measures(0.0),
        trees_alone=measures(1.0),
    )


def class_measures(probability: Doubles, labels: NDArray[np.str_], stars: NDArray[np.str_], seed: int = 0) -> tuple[Measure, ...]:
    """Measure class probabilities against labels.

    Parameters
    ----------
    probability : ndarray of float64
        Probabilities of planet candidate, eclipsing binary and not transit-like, shape (n, 3).
    labels : ndarray of str
        PC, EB and J, or PC and not PC, shape (n,).
    stars : ndarray of str
        Stars of the signals, shape (n,).
    seed : int, optional
        Seed of the resampling.

    Returns
    -------
    tuple of Measure
        The measures.

    Raises
    ------
    SettingsError
        If labels are unknown or all alike.
    """
    found = set(labels.tolist())
    planet, binary = probability[:, 0], probability[:, 1]
    everything = np.ones(len(labels), bool)
    is_planet = labels == "PC"
    if found == {"PC", "EB", "J"}:
        apart = np.isin(labels, ("PC", "EB"))
        ratio = planet / np.maximum(planet + binary, 1e-12)
        made = [
            *_two_classes("PC and EB against J", apart, planet + binary, everything, stars, seed),
            *_two_classes("PC against all", is_planet, planet, everything, stars, seed),
            *_two_classes("PC against EB", is_planet, ratio, apart, stars, seed, names=("AUC",)),
        ]
        one_hot = np.stack([is_planet, labels == "EB", labels == "J"], axis=1)
        made.append(_class_error(probability, one_hot, stars, seed))
    elif found == {"PC", "not PC"}:
        made = list(_two_classes("PC against not PC", is_planet, planet, everything, stars, seed))
        two = np.stack([planet, 1 - planet], axis=1)
        made.append(_class_error(two, np.stack([is_planet, ~is_planet], axis=1), stars, seed))
    else:
        raise SettingsError(
            f"The labels are {', '.join(sorted(found)[:6])}; to measure, all of PC, EB and J, or of PC and not PC, must occur."
        )
    return tuple(made)


def _two_classes(
    title: str,
    positive: NDArray[np.bool_],
    score: Doubles,
    which: NDArray[np.bool_],
    stars: NDArray[np.str_],
    seed: int,
    names: tuple[str, ...] = ("average precision", "AUC", "accuracy"),
) -> tuple[Measure, ...]:
    """Return ranking measures and the accuracy at a probability of one half, on some of the signals."""
    labels, score, stars = positive[which], score[which], stars[which]
    ranked = RankedScores(labels.astype(np.int8), score)
    right = ((score > 0.5) == labels)[ranked.place]
    numbers: dict[str, Callable[[Doubles], float]] = {
        "average precision": ranked.pr_auc,
        "AUC": ranked.roc_auc,
        "accuracy": lambda weights: float(np.average(right, weights=weights)),
    }
    measured = StarBootstrap(stars, seed).measure({n: numbers[n] for n in names}, np.ones(len(score)), ranked.place)
    return tuple(Measure(f"{title}: {n}", measured[n], len(score), float(labels.mean())) for n in names)


def _class_error(probability: Doubles, one_hot: NDArray[np.bool_], stars: NDArray[np.str_], seed: int) -> Measure:
    """Return the largest expected calibration error among the classes."""
    bins = [ReliabilityBins(one_hot[:, k], probability[:, k]) for k in range(one_hot.shape[1])]
    measured = StarBootstrap(stars, seed).measure(
        {"ece": lambda weights: max(b.error(weights) for b in bins)}, np.ones(len(stars)), np.arange(len(stars))
    )
    return Measure("ECE, worst class", measured["ece"], len(stars), float(one_hot[:, 0].mean()))
