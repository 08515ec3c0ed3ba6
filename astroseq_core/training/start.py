"""Any recipe by one call: a network with a card, the sequential experiment, or the isolation forest."""

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astroseq_core.ephemeris import read_table
from astroseq_core.errors import SettingsError
from astroseq_core.scoring import card as cards
from astroseq_core.training import published, run
from astroseq_core.training.forest import Forest, run_forest
from astroseq_core.training.published import Row
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.report import Report
from astroseq_core.training.sampling import choose
from astroseq_core.training.sequential_run import run_sequential
from astroseq_core.training.stars import real_stars, simulated_stars

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
    *,
    lightcurves: Path | None = None,
    ephemerides: Path | None = None,
    not_these: Collection[str] = (),
    seed: int = 1,
    workers: int = 2,
    progress: Callable[[dict[str, Any]], None] | None = None,
) -> Outcome:
    """Carry out the recipe and write its folder ``out``; see run.train. Raises SettingsError where the folder is taken."""
    if out.exists():
        raise SettingsError(f"There is something in {out} already; choose another name or remove it.")
    if recipe.labels == "sequential":
        if lightcurves is None or ephemerides is None:
            raise SettingsError(f"{recipe.name} needs a folder of Kepler light curves and a table of ephemerides.")
        found = run_sequential(recipe, lightcurves, ephemerides, seed, out, least_snr=recipe.least_snr, progress=progress)
        return _outcome(recipe, out, found["reports"])
    table = read_table(ephemerides) if ephemerides else None
    if recipe.labels == "published" and (lightcurves is None or table is None):
        raise SettingsError(f"{recipe.name} learns from published transits: give --lightcurves and --ephemerides.")
    real = real_stars(lightcurves, recipe, table, not_these) if lightcurves else []
    stars = run.split([*real, *simulated_stars(recipe)], recipe, seed)
    if recipe.architecture == FOREST:
        return _forest(recipe, stars, out, seed, workers)
    card = run.train(recipe, out, stars=stars, seed=seed, workers=workers, progress=progress)
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
        rows.append(published.table_row({**by_split, "test": report}, run=f"{card.model_id}, {report.group}", **known))
    return tuple(rows)


def _forest(recipe: Recipe, stars: run.Stars, out: Path, seed: int, workers: int) -> Outcome:
    work = out.with_name(f".{out.name}-work")
    try:
        shelves = {p: run.shelf_of(stars.parts[p], recipe, seed, work / p, workers) for p in ("train", "calibration", "test")}
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
