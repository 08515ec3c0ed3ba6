"""Any recipe by one call: a network with a card, the sequential experiment, or the isolation forest."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astroseq_core.errors import SettingsError
from astroseq_core.scoring import card as cards
from astroseq_core.training import published, run
from astroseq_core.training.choice import StarChoice
from astroseq_core.training.copies import TrainingStar
from astroseq_core.training.forest import Forest, run_forest
from astroseq_core.training.listening import SILENT, Listener
from astroseq_core.training.published import Row
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.report import Report
from astroseq_core.training.sampling import choose
from astroseq_core.training.sequential_run import run_sequential
from astroseq_core.training.sources import gather

FOREST = "isolation_forest"


@dataclass(frozen=True)
class Outcome:
    """What a recipe made: the ``folder`` with its report or model, and its ``rows`` in the published table's columns."""

    folder: Path
    rows: tuple[Row, ...]
    reports: tuple[dict[str, Any], ...]


def start(
    recipe: Recipe,
    out: Path,
    choice: StarChoice,
    *,
    more: Iterable[TrainingStar] = (),
    seed: int = 1,
    workers: int = 2,
    listener: Listener = SILENT,
    work: Path | None = None,
    finish: bool = False,
) -> Outcome:
    """Carry out the recipe on those stars and write what it makes into ``out``; see run.train for ``work`` and ``finish``.

    ``more``: stars with labels of someone's own, in place of those of the same name.
    """
    if recipe.labels == "sequential":
        if choice.source != "folder" or not choice.folder or not choice.ephemerides:
            raise SettingsError(f"{recipe.name} needs a folder of Kepler light curves and a table of ephemerides.")
        found = run_sequential(
            recipe, Path(choice.folder), Path(choice.ephemerides), seed, out, least_snr=recipe.least_snr, listener=listener
        )
        return _outcome(recipe, out, found["reports"])
    own = {star.name: star for star in more}
    stars = run.split([*(s for s in gather(choice, recipe) if s.name not in own), *own.values()], recipe, seed)
    work = work or out.with_name(f".{out.name}-work")
    if recipe.architecture == FOREST:
        return _forest(recipe, stars, out, seed, workers, work, listener)
    card = run.train(recipe, out, stars=stars, seed=seed, workers=workers, listener=listener, work=work, finish=finish)
    return Outcome(out, rows_of(card), tuple(card.metrics))


def rows_of(card: cards.ModelCard) -> tuple[Row, ...]:
    """A trained model's rows, one for each group of its test stars, with what its training and validation stars gave."""
    by_split = {k: Report.from_dict(v) for k, v in card.training.get("reports", {}).items()}
    about = published.model_row(card, Report.from_dict(card.metrics[0])) if card.metrics else None
    rows = []
    for one in card.metrics:
        report = Report.from_dict(one)
        assert about is not None
        known = {k: getattr(about, k) for k in ("mission", "window", "stride", "neg_pos", "hard_neg_fraction")}
        # The reports on training and validation stars are on some of their segments only.
        known |= {"stars": (*about.stars[:2], report.stars), "segments": (*about.segments[:2], report.segments)}
        rows.append(published.table_row({**by_split, "test": report}, run=f"{card.model_id}, {report.group}", **known))
    return tuple(rows)


def _forest(recipe: Recipe, stars: run.Stars, out: Path, seed: int, workers: int, work: Path, listener: Listener) -> Outcome:
    parts = ("train", "calibration", "test")
    in_all, before, shelves = sum(len(stars.parts[p]) for p in parts), 0, {}
    try:
        for part in parts:

            def prepared(done: int, before: int = before) -> None:
                listener.preparing(before + done, in_all)

            shelves[part] = run.shelf_of(stars.parts[part], recipe, seed, work / part, workers, prepared)
            before += len(stars.parts[part])
        listener.judging()
        tests = {name: which for _, name, which in run.groups(shelves["test"])}
        found = run_forest(
            Forest(recipe.options.get("features", "segment"), seed=seed),
            shelves["train"].examples(choose(shelves["train"], recipe, seed)),
            shelves["calibration"].examples(np.arange(len(shelves["calibration"]))),
            {name: shelves["test"].examples(which) for name, which in tests.items()},
            recipe.base_rate,
            out,
            {name: shelves["test"].snr[which] for name, which in tests.items()},
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _outcome(recipe, out, found["reports"])


def _outcome(recipe: Recipe, out: Path, reports: list[dict[str, Any]]) -> Outcome:
    about = {
        "mission": "/".join(recipe.instruments),
        "window": recipe.cutting.window,
        "stride": recipe.cutting.step,
        "neg_pos": recipe.neg_pos_ratio,
        "hard_neg_fraction": recipe.hard_negatives,
    }
    rows = tuple(published.table_row(Report.from_dict(r), run=f"{recipe.name}, {r['group']}", **about) for r in reports)
    return Outcome(out, rows, tuple(reports))
