"""Outcome of a recipe: carried out on the chosen stars as a network, an isolation forest or a sequential experiment."""

import logging
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroseq_core import targets
from astroseq_core.errors import SettingsError
from astroseq_core.evaluation import result_rows
from astroseq_core.evaluation.result_rows import ResultRow
from astroseq_core.evaluation.segment_report import SegmentReport
from astroseq_core.networks import card as cards
from astroseq_core.training.clean_stars import clean_stars
from astroseq_core.training.excluded_star import ExcludedStar
from astroseq_core.training.fit import NO_CALLBACK, TrainingCallback
from astroseq_core.training.injection import TrainingStar
from astroseq_core.training.isolation_forest import IsolationForestModel, run_forest
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.sampling import capped_segments
from astroseq_core.training.stars import StarChoice, gather_stars
from astroseq_core.training.train import StarSplit, build_dataset, split_training_stars, test_groups, train
from astroseq_core.training.train_sequential import run_sequential
from astroseq_core.type_names import JsonObject

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingOutcome:
    """Outcome of a recipe.

    Attributes
    ----------
    folder : Path
        Folder of the report or model.
    rows : tuple of Row
        Rows of the published table, one for each group of test stars.
    reports : tuple of dict
        Reports as plain JSON values, in the same order.
    """

    folder: Path
    rows: tuple[ResultRow, ...]
    reports: tuple[JsonObject, ...]


def run_recipe(
    recipe: Recipe,
    out: Path,
    choice: StarChoice,
    *,
    more: Iterable[TrainingStar] = (),
    seed: int = 1,
    workers: int = 2,
    callback: TrainingCallback = NO_CALLBACK,
    work: Path | None = None,
    finish: bool = False,
    clean_folds: int = 0,
    seeds: int = 1,
) -> TrainingOutcome:
    """Carry out a recipe on the chosen stars.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    out : Path
        Folder to write the model or report to.
    choice : StarChoice
        The choice of real stars.
    more : iterable of TrainingStar, optional
        Stars with labels of their own; they replace chosen stars of the same name.
    seed : int, optional
        Seed of all random draws.
    workers : int, optional
        Number of processes that prepare stars.
    callback : TrainingCallback, optional
        Called as the training progresses.
    work : Path or None, optional
        Folder of intermediate results, see `training.train.train`.
    finish : bool, optional
        Whether to make a model of the best epoch so far, see `training.train.train`.
    clean_folds : int, optional
        Folds in which the real stars, but for the test stars, are judged before, see
        `training.clean_stars`; those that are not quiet are left out. 0 leaves none out.
    seeds : int, optional
        Number of networks to choose the best from, see `training.train.train`.

    Returns
    -------
    TrainingOutcome
        The folder, rows and reports.

    Raises
    ------
    SettingsError
        If the recipe cannot be carried out on these stars.
    """
    if recipe.labels == "sequential":
        if choice.source != "folder" or not choice.folder or not choice.ephemerides:
            raise SettingsError(f"{recipe.name} needs a folder of Kepler light curves and a table of ephemerides.")
        found = run_sequential(
            recipe,
            Path(choice.folder),
            Path(choice.ephemerides),
            seed,
            out,
            least_snr=recipe.least_snr,
            exclude=[targets.parse_star(name).id for name in choice.exclude],
            callback=callback,
        )
        return _make_outcome(recipe, out, found["reports"])
    own = {star.target_id: star for star in more}
    stars = split_training_stars(
        [*(s for s in gather_stars(choice, recipe) if s.target_id not in own), *own.values()], recipe, seed
    )
    work = work or out.with_name(f".{out.name}-work")
    excluded: tuple[ExcludedStar, ...] = ()
    if clean_folds:
        excluded, stars = _without_unlabeled(
            stars, recipe, work.with_name(f"{work.name}-clean"), clean_folds, seed, workers, callback
        )
    if recipe.is_forest:
        return _train_forest(recipe, stars, out, seed, workers, work, callback)
    card = train(
        recipe,
        out,
        stars=stars,
        seed=seed,
        workers=workers,
        callback=callback,
        work=work,
        finish=finish,
        seeds=seeds,
        excluded=excluded,
    )
    return TrainingOutcome(out, card_rows(card), tuple(card.metrics))


def _without_unlabeled(
    stars: StarSplit, recipe: Recipe, folder: Path, folds: int, seed: int, workers: int, callback: TrainingCallback
) -> tuple[tuple[ExcludedStar, ...], StarSplit]:
    """Return stars with unlabeled signals, and the split without them; the test part stays as it is labeled."""
    judged = [star for part, members in stars.parts.items() if part != "test" for star in members]
    excluded = clean_stars(judged, recipe, folder, folds=folds, seed=seed, workers=workers, callback=callback)
    out = {one.target_id for one in excluded}
    for one in excluded:
        log.info("%s is left out of training: %s", one.target_id, one.reason)
    left = {part: tuple(s for s in members if part == "test" or s.target_id not in out) for part, members in stars.parts.items()}
    return excluded, StarSplit(left)


def card_rows(card: cards.ModelCard) -> tuple[ResultRow, ...]:
    """Return the published table's rows of a trained model.

    Parameters
    ----------
    card : cards.ModelCard
        Card of the model, with the reports on training and validation stars.

    Returns
    -------
    tuple of Row
        One row for each group of test stars.
    """
    by_split = {k: SegmentReport.from_dict(v) for k, v in card.training.get("reports", {}).items()}
    about = result_rows.row_from_card(card, SegmentReport.from_dict(card.metrics[0])) if card.metrics else None
    rows = []
    for one in card.metrics:
        report = SegmentReport.from_dict(one)
        assert about is not None
        known = {k: getattr(about, k) for k in ("mission", "window", "stride", "neg_pos", "hard_neg_fraction")}
        # The reports on training and validation stars are on some of their segments only.
        known |= {"stars": (*about.stars[:2], report.stars), "segments": (*about.segments[:2], report.segments)}
        rows.append(result_rows.row_from_reports({**by_split, "test": report}, run=f"{card.model_id}, {report.group}", **known))
    return tuple(rows)


def _train_forest(
    recipe: Recipe, stars: StarSplit, out: Path, seed: int, workers: int, work: Path, callback: TrainingCallback
) -> TrainingOutcome:
    parts = ("train", "calibration", "test")
    in_all, before, datasets = sum(len(stars.parts[p]) for p in parts), 0, {}
    try:
        for part in parts:

            def prepared(done: int, before: int = before) -> None:
                callback.preparing(before + done, in_all)

            datasets[part] = build_dataset(stars.parts[part], recipe, seed, work / part, workers, prepared)
            before += len(stars.parts[part])
        callback.evaluating()
        tests = {name: which for _, name, which in test_groups(datasets["test"])}
        found = run_forest(
            IsolationForestModel(recipe.options.get("features", "segment"), seed=seed),
            datasets["train"].examples(capped_segments(datasets["train"], recipe, seed)),
            datasets["calibration"].examples(np.arange(len(datasets["calibration"]))),
            {name: datasets["test"].examples(which) for name, which in tests.items()},
            recipe.base_rate,
            out,
            {name: datasets["test"].snr[which] for name, which in tests.items()},
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _make_outcome(recipe, out, found["reports"])


def _make_outcome(recipe: Recipe, out: Path, reports: list[JsonObject]) -> TrainingOutcome:
    about = {
        "mission": "/".join(recipe.instruments),
        "window": recipe.cutting.window,
        "stride": recipe.cutting.step,
        "neg_pos": recipe.neg_pos_ratio,
        "hard_neg_fraction": recipe.hard_negatives,
    }
    rows = tuple(
        result_rows.row_from_reports(SegmentReport.from_dict(r), run=f"{recipe.name}, {r['group']}", **about) for r in reports
    )
    return TrainingOutcome(out, rows, tuple(reports))
