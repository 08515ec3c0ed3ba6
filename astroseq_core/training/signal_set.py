"""Labelled views ready for the training of a classifier: inputs of the networks, scalars for the trees, folds of stars."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.signals.ensemble import CLASSES, scaled_scalars, stacked_scalars
from astroseq_core.signals.ensemble_card import star_folds
from astroseq_core.signals.view_scalars import scalar_names
from astroseq_core.signals.views import ALL_LABELS, EXTRAS, LABELS, LabelledViews, even_and_odd, view_channels

Floats = NDArray[np.float32]
Scaling = tuple[NDArray[np.float64], NDArray[np.float64]]
#: Fewest stars of each class in a fold's complement that can be learned from.
_FEWEST = 2


def possible_classes(labels: NDArray[np.str_]) -> Floats:
    """Return which classes a label leaves possible.

    Parameters
    ----------
    labels : ndarray of str
        Labels, shape (n,).

    Returns
    -------
    ndarray of float32
        1 for the possible classes, shape (n, 3).

    Examples
    --------
    >>> possible_classes(np.array(["PC", "not PC"])).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]
    """
    out = np.zeros((len(labels), len(CLASSES)), np.float32)
    for label, classes in ALL_LABELS.items():
        out[np.ix_(labels == label, classes)] = 1
    return out


@dataclass(frozen=True, eq=False)
class SignalSet:
    """Signals of one or both missions, ready for training.

    Attributes
    ----------
    global_view, local_view : ndarray of float32
        Channels of the views, shapes (n, 201, 2) and (n, 61, 2).
    scalars, known : ndarray of float32
        Scaled scalars, zero where unknown, and 1 where known, shape (n, k).
    is_kepler : ndarray of float32
        1 for signals of Kepler, shape (n, 1).
    possible : ndarray of float32
        1 for the classes that the labels leave possible, shape (n, 3).
    stars : ndarray of str
        Their stars, shape (n,).
    folds : ndarray of int
        Folds of the stars, shape (n,).
    measured : ndarray of float32
        Scalars as they were measured, for the trees, shape (n, k).
    names : tuple of str
        Names of the scalars.
    centers, scales : ndarray of float64
        What is subtracted from each scalar, and what it is then divided by, shape (k,).
    """

    global_view: Floats
    local_view: Floats
    scalars: Floats
    known: Floats
    is_kepler: Floats
    possible: Floats
    stars: NDArray[np.str_]
    folds: NDArray[np.int64]
    measured: Floats
    names: tuple[str, ...]
    centers: NDArray[np.float64]
    scales: NDArray[np.float64]

    def of_kind(self, kind: str) -> NDArray[np.int64]:
        """Return the rows of the signals of one mission.

        Parameters
        ----------
        kind : str
            One of `KINDS`.

        Returns
        -------
        ndarray of int
            Their rows.
        """
        return np.flatnonzero(self.is_kepler[:, 0] == (kind == "kepler"))

    def inputs(self, rows: NDArray[np.int64]) -> dict[str, Floats]:
        """Return the inputs of the networks.

        Parameters
        ----------
        rows : ndarray of int
            Rows of the signals.

        Returns
        -------
        dict of str to ndarray
            Arrays by the names of the networks' inputs.
        """
        return {
            "global_view": even_and_odd(self.global_view[rows]),
            "local_view": even_and_odd(self.local_view[rows]),
            "scalars": self.scalars[rows],
            "known": self.known[rows],
            "is_kepler": self.is_kepler[rows],
        }


def make_set(sets: Sequence[tuple[str, LabelledViews]], folds: int, seed: int, scaling: Scaling | None = None) -> SignalSet:
    """Measure scalars on labelled views and put those of both missions together.

    Parameters
    ----------
    sets : sequence of (str, LabelledViews)
        Kinds and views; scalars are scaled as the first needs it.
    folds : int
        Number of folds of stars.
    seed : int
        Seed of the folds.
    scaling : tuple of ndarray of float64, optional
        What is subtracted from each scalar, and what it is then divided by; measured by default.

    Returns
    -------
    SignalSet
        The signals of all.
    """
    names = scalar_names()
    measured = [stacked_scalars(one.views, names) for _, one in sets]
    centers, scales = scaling or _scaling(measured[0])
    scaled = [scaled_scalars(values, centers, scales) for values in measured]
    stars = np.concatenate([one.stars for _, one in sets])
    return SignalSet(
        global_view=np.concatenate([view_channels(one.views.global_view) for _, one in sets]),
        local_view=np.concatenate([view_channels(one.views.local_view) for _, one in sets]),
        scalars=np.concatenate([values for values, _ in scaled]),
        known=np.concatenate([known for _, known in scaled]),
        is_kepler=np.concatenate([np.full((len(one.stars), 1), kind == "kepler", np.float32) for kind, one in sets]),
        possible=np.concatenate([possible_classes(one.labels) for _, one in sets]),
        stars=stars,
        folds=star_folds(stars, folds, seed),
        measured=np.concatenate(measured),
        names=names,
        centers=centers,
        scales=scales,
    )


def _scaling(values: Floats) -> Scaling:
    """Return the medians of scalars and their standard deviations; unknown throughout: 0 and 1."""
    known = np.isfinite(values).any(axis=0)
    centers, scales = np.zeros(values.shape[1]), np.ones(values.shape[1])
    some = values[:, known].astype(np.float64)
    centers[known] = np.nanmedian(some, axis=0)
    deviation = np.nanstd(some, axis=0)
    scales[known] = np.where(deviation > 0, deviation, 1.0)
    return centers, scales


def check_classes(ready: SignalSet, kind: str, folds: int) -> None:
    """Check that each label occurs often enough outside every fold.

    Parameters
    ----------
    ready : SignalSet
        The signals.
    kind : str
        Mission whose labels are counted.
    folds : int
        Number of folds.

    Raises
    ------
    SettingsError
        If a label is too rare.
    """
    own = ready.of_kind(kind)
    for fold in range(folds):
        train = own[ready.folds[own] != fold]
        for label, classes in LABELS[kind].items():
            wanted = np.isin(np.arange(len(CLASSES)), classes)
            has = (ready.possible[train] == wanted).all(axis=1)
            if len(np.unique(ready.stars[train][has])) < _FEWEST:
                raise SettingsError(f"Too few stars have signals labelled {label} for {folds} folds; give more signals.")


def digest(data: LabelledViews) -> str:
    """Return the hash of views, labels and stars.

    Parameters
    ----------
    data : LabelledViews
        The views.

    Returns
    -------
    str
        The SHA-256, in hexadecimal digits.
    """
    found = hashlib.sha256()
    for array in (data.views.global_view, data.views.local_view, *(getattr(data.views, name) for name in EXTRAS)):
        found.update(np.ascontiguousarray(array).tobytes())
    found.update("\n".join([*data.labels.tolist(), *data.stars.tolist()]).encode())
    return found.hexdigest()
