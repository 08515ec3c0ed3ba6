"""The log of runs as a table, one row a run, and what differs between the settings of several."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from astroseq_core import export
from astroseq_core.background.folder import RESULT
from astroseq_core.errors import SettingsError
from astroseq_core.runs import result
from astroseq_core.runs.folder import Run
from astroseq_core.scoring.card import MODEL_NAME
from astroseq_core.training.published import SPLITS, Row

#: The numbers of each split, by their name in training.published.Row.
_BY_SPLIT = {"stars": "stars", "segments": "segments", "roc_auc": "ROC-AUC", "pr_auc": "PR-AUC", "loss": "loss"}
_COLUMNS = (
    "run", "state", "tested on", "mission", "window", "stride", "neg:pos", "hard neg", "channels", "architecture",
    "loss function", *(f"{name} {split}" for name in _BY_SPLIT.values() for split in SPLITS), "base rate", "PR lift",
    "epochs", "seconds", "model file", "seed", "created", "notes", "problem",
)  # fmt: skip
#: What an epoch's numbers are called in the table.
_OF_EPOCH = {
    "train_roc_auc": "ROC-AUC train", "train_pr_auc": "PR-AUC train", "loss": "loss train",
    "validation_roc_auc": "ROC-AUC validation", "validation_pr_auc": "PR-AUC validation", "validation_loss": "loss validation",
}  # fmt: skip
#: Settings in words; all others keep their dotted names.
_WORDS = {
    "seed": "seed",
    "verdicts": "learns from dispositions given here",
    "workers": "processes that prepare stars",
    "stars.source": "source of real stars",
    "stars.mission": "mission of real stars",
    "stars.folder": "folder of light curves",
    "stars.ephemerides": "table of ephemerides",
    "stars.dispositions": "TFOPWG dispositions",
    "stars.exclude": "stars left out",
    "recipe.name": "recipe",
    "recipe.instruments": "missions",
    "recipe.labels": "labels",
    "recipe.simulated": "simulated stars",
    "recipe.simulated_binaries": "simulated binaries",
    "recipe.architecture": "architecture",
    "recipe.loss": "loss function",
    "recipe.cadence_weight": "weight of the cadences' loss",
    "recipe.cadence_range_minutes": "cadences taken [min]",
    "recipe.bin_faster": "faster cadences binned",
    "recipe.per_star_cap": "most segments a star",
    "recipe.total_cap": "most segments in all",
    "recipe.neg_pos_ratio": "negatives for each positive",
    "recipe.hard_negatives": "share of hard negatives",
    "recipe.resample": "resampling",
    "recipe.least_snr": "least signal-to-noise",
    "recipe.epochs": "epochs",
    "recipe.patience": "patience [epochs]",
    "recipe.batch": "batch [segments]",
    "recipe.learning_rate": "learning rate",
    "recipe.base_rate": "stated base rate",
    "recipe.parts": "split",
    "recipe.cutting.window": "window [cadences]",
    "recipe.cutting.stride": "stride [cadences]",
    "recipe.cutting.channels": "channels",
    "recipe.preparation.detrending": "detrending",
    "recipe.preparation.window_days": "detrending window [d]",
    "recipe.preparation.clip_sigma": "outliers clipped at [sigma]",
    "recipe.preparation.cadence_minutes": "cadence [min]",
    "recipe.injection.snr": "signal-to-noise of injected transits",
    "recipe.injection.period_days": "periods of injected planets [d]",
    "recipe.injection.copies": "copies of each real star",
    "recipe.injection.copies_simulated": "copies of each simulated star",
}
#: What names a run and changes nothing in it.
_NAMES = ("name", "recipe.title")


def columns() -> tuple[str, ...]:
    """The columns of the log, in order."""
    return _COLUMNS


def log(runs: Iterable[Run]) -> list[dict[str, object]]:
    """A row for each run in their order, with all columns; None where a number is not known (yet).

    Test numbers are those of the group in ``tested on``: real stars where there were some. A run without a result has the
    numbers of its latest epoch. ``created`` is UTC. A result that is damaged leaves its run's numbers empty and says so under
    ``problem``.
    """
    return [_row(run) for run in runs]


def _row(run: Run) -> dict[str, object]:
    recipe = run.request.recipe
    values: dict[str, object] = dict.fromkeys(_COLUMNS) | {
        "run": run.run_id,
        "state": str(run.state),
        "tested on": "",
        "mission": "/".join(recipe.instruments),
        "window": recipe.cutting.window,
        "stride": recipe.cutting.step,
        "neg:pos": recipe.neg_pos_ratio,
        "hard neg": recipe.hard_negatives,
        "channels": ", ".join(recipe.cutting.channels),
        "architecture": recipe.architecture,
        "loss function": recipe.loss,
        "epochs": len(run.epochs),
        "seconds": _seconds(run),
        "model file": str(run.folder / MODEL_NAME) if run.has_model else "",
        "seed": run.request.seed,
        "created": datetime.fromtimestamp(run.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "notes": run.note,
        "problem": run.problem,
    }
    try:
        found = _tested(run.folder)
    except SettingsError as error:
        return values | {"problem": str(error)}
    if found is None:
        return values | _latest(run.epochs)
    group, row, seconds = found
    if row is None:
        return values | _latest(run.epochs) | {"seconds": seconds}
    return values | {"tested on": group, "seconds": seconds} | _numbers(row)


def _numbers(row: Row) -> dict[str, object]:
    found: dict[str, object] = {"base rate": _known(row.base_rate), "PR lift": _known(row.pr_lift)}
    for field, name in _BY_SPLIT.items():
        for split, value in zip(SPLITS, getattr(row, field), strict=True):
            found[f"{name} {split}"] = _known(value)
    return found


def _latest(epochs: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    return {name: _known(epochs[-1].get(key)) for key, name in _OF_EPOCH.items()} if epochs else {}


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _seconds(run: Run) -> float | None:
    """How long a run took without its result: until its end, or for its epochs while it is under way."""
    if run.started is not None and run.ended is not None:
        return round(run.ended - run.started, 1)
    return round(sum(float(e.get("seconds", 0)) for e in run.epochs), 1) if run.epochs else None


def _tested(folder: Path) -> tuple[str, Row | None, float | None] | None:
    """The group of test stars that is shown, its row, and how long the run took [s]; None while there is no result."""
    try:
        about = (folder / RESULT).stat()
    except OSError:
        return None
    return _summary(folder, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=1024)
def _summary(folder: Path, changed: int, size: int) -> tuple[str, Row | None, float | None] | None:
    values = result.read(folder)
    if values is None:
        return None
    try:
        rows = {str(r["group"]): result.row_of(v) for r, v in zip(values["reports"], values["rows"], strict=True)}
        seconds = values.get("seconds")
        for row in rows.values():
            if any(len(getattr(row, field)) != len(SPLITS) for field in _BY_SPLIT):
                raise ValueError("a row lacks a split")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise result.damaged(folder, error) from error
    group = result.FIRST_GROUP if result.FIRST_GROUP in rows else next(iter(rows), "")
    return group, rows.get(group), None if seconds is None else float(seconds)


def write_csv(rows: Iterable[Mapping[str, object]], out: Path | IO[str]) -> None:
    """Write rows of the log as CSV to a path, whole or not at all, or into an open text file; safe for spreadsheets."""
    if isinstance(out, Path):
        with export.TableWriter(out, _COLUMNS) as table:
            table.write(rows)
        return
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([export.cell(row.get(column)) for column in _COLUMNS] for row in rows)


def differences(runs: Sequence[Run]) -> list[tuple[str, tuple[object, ...]]]:
    """The settings that are not the same in all of the runs, each with its value in every run; None where one has no such."""
    flat = [dict(_flat(run.request.to_dict())) for run in runs]
    names = dict.fromkeys(name for one in flat for name in one if name not in _NAMES)
    found = []
    for name in names:
        values = tuple(one.get(name) for one in flat)
        if any(value != values[0] for value in values):
            found.append((_in_words(name), values))
    return found


def settings(run: Run) -> list[tuple[str, object]]:
    """All settings of a run in words, each with its value; lists as text."""
    return [(_in_words(name), value) for name, value in _flat(run.request.to_dict())]


def _flat(values: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, object]]:
    """Dotted names and plain values; lists as text."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", _plain(value)


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return ", ".join(" ".join(map(str, v)) if isinstance(v, list | tuple) else str(v) for v in value)
    return value


def _in_words(name: str) -> str:
    """The setting's name for people, as ``simulated stars: TESS`` where it is one of several of a kind."""
    if name in _WORDS:
        return _WORDS[name]
    above, _, last = name.rpartition(".")
    return f"{_WORDS[above]}: {last}" if above in _WORDS else name.removeprefix("recipe.")
