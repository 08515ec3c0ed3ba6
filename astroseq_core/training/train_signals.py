"""Training of the classifiers of signals, by recipe, on labelled views."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.io import files
from astroseq_core.io.files import safe_name
from astroseq_core.networks.model import check_network, load_network, save_network
from astroseq_core.signals.boosted_trees import save_trees
from astroseq_core.signals.classify import combine, temper
from astroseq_core.signals.ensemble import BATCH_SIZE, CLASSES, Ensemble
from astroseq_core.signals.ensemble_card import EnsembleCard, TreeFile
from astroseq_core.signals.view_scalars import scalar_names
from astroseq_core.signals.views import ALL_LABELS, KINDS, LABELS, LabelledViews, label_kind
from astroseq_core.training.publish_signals import publish_network
from astroseq_core.training.signal_network import ARCHITECTURE, SMALLEST, train_network
from astroseq_core.training.signal_recipe import SignalRecipe
from astroseq_core.training.signal_set import check_classes, digest, make_set
from astroseq_core.training.signal_trees import blind_answers, fit_trees
from astroseq_core.training.train import package_versions
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import DAMAGE, parse

if TYPE_CHECKING:
    import keras

WORK_NAME, REQUEST_NAME = "work", "request.json"
#: Temperatures that are tried.
_TEMPERATURES = np.geomspace(0.4, 2.5, 74)


def train_signals(
    recipe: SignalRecipe,
    data: LabelledViews,
    out: Path,
    *,
    other: LabelledViews | None = None,
    more: LabelledViews | None = None,
    more_other: LabelledViews | None = None,
    start: Ensemble | None = None,
    seed: int = 1,
    progress: Callable[[str], None] | None = None,
) -> EnsembleCard:
    """Train an ensemble and write its networks and its card, the card last.

    Each network, and each model of trees, is trained without the stars of one fold, on which it is
    then asked; the temperatures are chosen on these answers. Networks that are complete are kept in
    the folder's `work`: after a crash, the same call goes on with the next.

    Parameters
    ----------
    recipe : SignalRecipe
        The recipe.
    data : LabelledViews
        Views of the recipe's kind.
    out : Path
        Folder of the ensemble.
    other : LabelledViews or None, optional
        Views of the other kind, to learn from as well; the ensemble then serves both kinds.
    more : LabelledViews or None, optional
        Further views of the recipe's kind, such as those that AstroSeq made; they are learned from, and no temperature is chosen
        on them.
    more_other : LabelledViews or None, optional
        The same of the other kind; only with `other`. Those of Kepler may have labels of either kind.
    start : Ensemble or None, optional
        An ensemble of the same folds, made with the same seed, whose networks are trained further, each without the same stars
        and with the same scales of the scalars.
    seed : int, optional
        Seed of the folds, the weights and the augmentation.
    progress : callable or None, optional
        Called with a line of text after each epoch.

    Returns
    -------
    EnsembleCard
        The card.

    Raises
    ------
    SettingsError
        If the labels do not suit the recipe, or are too few, or the ensemble to start from has other folds or scalars.
    ModelError
        If the folder cannot be written.
    """
    sets = [(recipe.kind, data)]
    if other is not None:
        sets.append((KINDS[1 - KINDS.index(recipe.kind)], other))
    kinds = [kind for kind, _ in sets]
    for kind, one in sets:
        if label_kind(one) != kind:
            raise SettingsError(f"The labels are those of {label_kind(one)} signals; {recipe.name} needs those of {kind} here.")
    counted = sum(len(one.views) for _, one in sets)
    if more_other is not None and other is None:
        raise SettingsError("Further views of the other mission need labelled views of that mission, too.")
    for kind, further in zip(kinds, (more, more_other), strict=False):
        if further is not None:
            # of Kepler's signals either is known: what they are, or only that they are no planets
            allowed = LABELS["tess"] if kind == "tess" else ALL_LABELS
            if unknown := sorted(set(further.labels.tolist()) - set(allowed)):
                raise SettingsError(f"'{unknown[0]:.40}' is no label of {kind} signals; use {', '.join(allowed)}.")
            sets.append((kind, further))
    if start is not None:
        _check_start(start.card, recipe, seed)
    scaling = None if start is None else (np.array(start.card.centers), np.array(start.card.scales))
    ready = make_set(sets, recipe.folds, seed, scaling)
    check_classes(ready, recipe.kind, recipe.folds)
    work = out / WORK_NAME
    _begin(work, recipe, sets, seed, start)
    count = recipe.folds * recipe.repeats
    paths = [work / f"member-{number:02d}.keras" for number in range(count)]
    members, told = [], np.zeros((recipe.repeats, len(ready.folds), len(CLASSES)), np.float32)
    for number, path in enumerate(paths):
        fold = number % recipe.folds
        network = _finished(path)
        if network is None:
            train = np.flatnonzero(ready.folds != fold)
            begin = None if start is None else start.networks[number]
            save_network(train_network(recipe, ready, train, [seed, number], _note(progress, number, recipe), begin), path)
            network = load_network(path, "train again")  # without the optimizer, which is twice as large
        members.append(publish_network(network, path.name, out, fold))
        kept = np.flatnonzero(ready.folds == fold)
        told[number // recipe.folds, kept] = network.predict(ready.inputs(kept), batch_size=BATCH_SIZE, verbose=0)
    trees, temperatures = {}, {}
    for kind in kinds:
        if progress is not None:
            progress(f"trees of {kind} signals")
        models = fit_trees(recipe, ready, kind, seed)
        save_trees(models, out / f"trees-{kind}.npz")
        trees[kind] = TreeFile(f"trees-{kind}.npz", files.sha256_hex((out / f"trees-{kind}.npz").read_bytes()))
        rows = ready.of_kind(kind)
        rows = rows[rows < counted]
        blind = blind_answers(models, ready, rows, told)
        temperatures[kind] = fit_temperature(combine(blind, recipe.tree_weight).probability, ready.possible[rows])
    card = EnsembleCard(
        model_id=safe_name(out.resolve().name),
        title=recipe.title,
        architecture=ARCHITECTURE,
        scalars=ready.names,
        centers=tuple(ready.centers.tolist()),
        scales=tuple(ready.scales.tolist()),
        folds=recipe.folds,
        split_seed=seed,
        temperatures=temperatures,
        trees=trees,
        tree_weight=recipe.tree_weight,
        members=tuple(members),
        stars_seen=tuple(np.unique(ready.stars).tolist()),
        options=recipe.options,
        training=_training_notes(recipe, sets, seed, start),
        versions=package_versions(),
    )
    card.write(out)
    for path in (*paths, work / REQUEST_NAME):
        files.remove_file(path)
    with contextlib.suppress(OSError):  # something else lies in it
        work.rmdir()
    return card


def _check_start(card: EnsembleCard, recipe: SignalRecipe, seed: int) -> None:
    """Raise an error where networks of an ensemble saw other stars, or take other numbers, than those to be trained."""
    folds = tuple(number % recipe.folds for number in range(recipe.folds * recipe.repeats))
    theirs = (card.folds, card.split_seed, tuple(m.fold for m in card.members), card.scalars, card.options)
    if theirs != (recipe.folds, seed, folds, scalar_names(), recipe.options):
        raise SettingsError(f"{card.model_id} has other folds or scalars than {recipe.name} here; start without it.")


def _begin(work: Path, recipe: SignalRecipe, sets: list[tuple[str, LabelledViews]], seed: int, start: Ensemble | None) -> None:
    """Keep finished networks of the same request in the work folder; remove those of another."""
    asked = {"recipe": asdict(recipe), "seed": seed, "views": [digest(one) for _, one in sets], "start": _hashes(start)}
    request = json.loads(json.dumps(asked))
    path = work / REQUEST_NAME
    try:
        same = parse(path.read_bytes()) == request
    except (OSError, *DAMAGE):
        same = False
    if not same:
        for old in work.glob("member-*.keras"):
            files.remove_file(old)
        files.write_text_atomically(path, json.dumps(request, indent=1) + "\n", ModelError)


def _hashes(start: Ensemble | None) -> list[str]:
    return [] if start is None else [member.sha256 for member in start.card.members]


def _finished(path: Path) -> "keras.Model | None":
    if not path.is_file():
        return None
    try:
        check_network(path, "train again")
        return load_network(path, "train again")
    except ModelError:  # it is trained again
        return None


def _note(progress: Callable[[str], None] | None, number: int, recipe: SignalRecipe) -> Callable[[int, float], None]:
    def note(epoch: int, loss: float) -> None:
        if progress is not None:
            of = recipe.folds * recipe.repeats
            progress(f"network {number + 1} of {of}, epoch {epoch} of {recipe.epochs}, loss {loss:.4f}")

    return note


def fit_temperature(probability: NDArray[np.floating], possible: NDArray[np.floating]) -> float:
    """Return the temperature under which labels are most probable.

    Parameters
    ----------
    probability : ndarray
        Mean probabilities of networks that did not see the signals, shape (n, 3).
    possible : ndarray
        1 for the classes that the labels leave possible, shape (n, 3).

    Returns
    -------
    float
        The temperature.
    """
    losses = [-np.log(np.clip((possible * temper(probability, t)).sum(axis=1), SMALLEST, 1)).mean() for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _training_notes(recipe: SignalRecipe, sets: list[tuple[str, LabelledViews]], seed: int, start: Ensemble | None) -> JsonObject:
    return {
        "recipe": asdict(recipe),
        "seed": seed,
        "start": None if start is None else {"model_id": start.card.model_id, "training": start.card.training},
        "views": [
            {
                "kind": kind,
                "signals": len(one.views),
                "stars": len(np.unique(one.stars)),
                "labels": {label: int((one.labels == label).sum()) for label in ALL_LABELS if label in one.labels},
                "sha256": digest(one),
            }
            for kind, one in sets
        ],
    }
