"""Cross-fitting: each training star is judged by models that have not seen it, so that those that are not quiet stand out."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from astroseq_core.errors import AstroSeqError, ModelError, SettingsError
from astroseq_core.io import files
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks import card as cards
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.preprocessing.split import fold_numbers
from astroseq_core.training.excluded_star import ExcludedStar, JudgedStar, SignalFound, excluded_stars
from astroseq_core.training.fit import NO_CALLBACK, TrainingCallback
from astroseq_core.training.injection import TrainingStar
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.star_groups import star_groups
from astroseq_core.training.train import StarSplit, train
from astroseq_core.typed_json import convert

if TYPE_CHECKING:
    from astroseq_core.networks.model import Model

log = logging.getLogger(__name__)

JUDGED_NAME = "judged.jsonl"
#: Parts of the stars that the model of a fold sees; it has no test stars.
FOLD_PARTS = {"train": 0.8, "validation": 0.1, "calibration": 0.1}
#: Folds of one: the signal search alone judges, without any model.
SEARCH_ALONE = 1
MAX_FOLDS = 20


def star_folds(stars: Sequence[TrainingStar], folds: int, seed: int) -> dict[str, int]:
    """Assign stars to folds; all light curves of a star, under whichever identifier, are in one.

    Parameters
    ----------
    stars : sequence of TrainingStar
        The stars.
    folds : int
        Number of folds.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    dict of str to int
        Fold of each star, from 0.

    Raises
    ------
    SettingsError
        If there are more folds than stars.
    """
    names = sorted({s.target_id for s in stars})
    groups = star_groups(names, {s.target_id: [e.name for e in s.ephemerides] for s in stars})
    keys = np.array([groups[name] for name in names], dtype=str)
    return dict(zip(names, map(int, fold_numbers(keys, folds, seed)), strict=True))


def judge_star(star: TrainingStar, model: "Model | None" = None) -> JudgedStar:
    """Search a star for signals beyond those of its label.

    Predicted transits of its ephemerides are taken out first.

    Parameters
    ----------
    star : TrainingStar
        The star.
    model : Model, optional
        A model that has not seen it; without one the light curves alone are searched.

    Returns
    -------
    JudgedStar
        Its star score, and the signals with their classes.
    """
    from astroseq_core.scoring.false_alarm import without_transits
    from astroseq_core.scoring.segments import SegmentScores, score_light_curves
    from astroseq_core.scoring.star import score_star
    from astroseq_core.signals.classify_star import classify_star
    from astroseq_core.signals.search import find_signals

    curves: list[LightCurve] = list(replace(star, all_products=False).light_curves())
    for one in star.ephemerides:
        curves = [without_transits(curve, one) for curve in curves]
    name = "" if model is None else model.card.model_id
    try:
        settings = None if model is None else replace(model.card.preparation, cadence_minutes=None)
        detrended = sorted((prepare(curve, settings) for curve in curves), key=lambda d: float(d.time[0]))
        scores = (
            [] if model is None else [s for s in score_light_curves(model, curves) if isinstance(s, SegmentScores) and len(s)]
        )
        score = score_star(scores) if scores else None
        found = find_signals(scores, detrended, score)
        classes = classify_star(detrended, [s.ephemeris for s in found])
    except AstroSeqError as error:
        return JudgedStar(star.target_id, model=name, problem=str(error))
    signals = []
    for s in found:
        own = classes[s.ephemeris][0] if s.ephemeris in classes else None
        e = s.ephemeris
        chances = (0.0, 0.0) if own is None else (own.p_planet, own.p_eclipsing_binary)
        signals.append(SignalFound(e.period_days, e.t0.days, e.duration_hours, e.depth_ppm, s.snr, s.num_transits, *chances))
    return JudgedStar(star.target_id, None if score is None else float(score.star_score), name, tuple(signals))


def clean_stars(
    stars: Sequence[TrainingStar],
    recipe: Recipe,
    folder: Path,
    *,
    folds: int = 3,
    models: Mapping[int, "Model"] | None = None,
    seed: int = 1,
    workers: int = 2,
    callback: TrainingCallback = NO_CALLBACK,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[ExcludedStar, ...]:
    """Find the real stars that show transits or eclipses that their labels do not name.

    With two folds or more, a model of each fold is trained on the stars of all others, and on the
    simulated ones. The same call goes on where an earlier one stopped.

    Parameters
    ----------
    stars : sequence of TrainingStar
        Training stars; simulated ones, and those that a vetter labeled, are not judged.
    recipe : Recipe
        Recipe of the models.
    folder : Path
        Folder of the folds' models and of what was judged.
    folds : int, optional
        Number of folds; with one, the signal search alone judges.
    models : mapping of int to Model, optional
        Models by fold, trained elsewhere on the other folds of `star_folds`; nothing is trained then.
    seed : int, optional
        Seed of folds and models.
    workers : int, optional
        Number of processes that prepare stars.
    callback : TrainingCallback, optional
        Called as the models are trained.
    progress : callable, optional
        Called with the number of judged stars and of all.

    Returns
    -------
    tuple of ExcludedStar
        The stars to leave out.

    Raises
    ------
    SettingsError
        If the number of folds is not possible, or a model cannot be trained.
    """
    if not 1 <= folds <= MAX_FOLDS:
        raise SettingsError(f"Stars are judged in 1 to {MAX_FOLDS} folds; 1 is the signal search alone.")
    real = [s for s in stars if s.is_real and not s.labeled]
    if not real:
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    of = dict.fromkeys((s.target_id for s in real), 0) if folds == SEARCH_ALONE else star_folds(real, folds, seed)
    call = json.dumps([recipe.to_dict(), of, seed, folds, models is not None], sort_keys=True)
    _check_call(folder, call)
    judged = {one.target_id: one for one in _read_judged(folder / JUDGED_NAME)}
    for fold in sorted(set(of.values())):
        waiting = [s for s in real if of[s.target_id] == fold and s.target_id not in judged]
        if not waiting:
            continue
        model = None
        if folds > SEARCH_ALONE:
            given = models or {}
            model = given[fold] if models else _fold_model(stars, of, fold, recipe, folder, seed, workers, callback)
        for star in waiting:
            one = judge_star(star, model)
            judged[star.target_id] = one
            _append_judged(folder / JUDGED_NAME, one)
            if one.problem:
                log.warning("%s was not judged: %s", star.target_id, one.problem)
            if progress:
                progress(len(judged), len(real))
    return excluded_stars(list(judged.values()))


def _fold_model(
    stars: Sequence[TrainingStar],
    of: Mapping[str, int],
    fold: int,
    recipe: Recipe,
    folder: Path,
    seed: int,
    workers: int,
    callback: TrainingCallback,
) -> "Model":
    """Return the model that has seen no star of a fold; it is trained if it is not there."""
    from astroseq_core.networks.model import load

    out = folder / f"fold-{fold}"
    if not (out / cards.CARD_NAME).exists():
        others = {s.target_id: s for s in stars if of.get(s.target_id) != fold}
        groups = star_groups(others, {s.target_id: [e.name for e in s.ephemerides] for s in others.values()})
        # shares of the number of stars, where a hash would leave parts of few stars empty
        keys = list(dict.fromkeys(groups.values()))
        order = np.random.default_rng([seed, fold]).permutation(len(keys))
        edges = np.ceil(np.cumsum(list(FOLD_PARTS.values())) * len(keys) - 1e-9)
        part_of = {keys[i]: list(FOLD_PARTS)[int(np.searchsorted(edges, place, side="right"))] for place, i in enumerate(order)}
        split = StarSplit({part: tuple(s for name, s in others.items() if part_of[groups[name]] == part) for part in FOLD_PARTS})
        own = replace(recipe, parts=(*FOLD_PARTS.items(), ("test", 0.0)))
        train(own, out, stars=split, seed=seed, workers=workers, callback=callback)
    return load(str(out))


def _check_call(folder: Path, call: str) -> None:
    """Raise if another call has left its results in the folder: models of other folds may have seen these stars."""
    path = folder / "call.json"
    if path.exists() and path.read_text("utf-8") != call:
        raise SettingsError(f"{folder} holds what other stars or settings were judged by; remove it, or name another folder.")
    files.write_text_atomically(path, call, SettingsError)


def _append_judged(path: Path, one: JudgedStar) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(one)) + "\n")
    except OSError as error:
        raise files.write_error(path, error, SettingsError) from error


def _read_judged(path: Path) -> Iterator[JudgedStar]:
    """Yield the stars that were judged before; a line that was cut off is judged again."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield convert(json.loads(line), JudgedStar, "a judged star")
        except (ValueError, ModelError) as error:
            log.warning("%s: a line is passed over (%s)", path.name, error)
