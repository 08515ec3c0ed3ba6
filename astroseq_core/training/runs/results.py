"""Run log as a table with one row per run, and the settings that differ between runs."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.published import SPLITS
from astroseq_core.evaluation.result_rows import ResultRow
from astroseq_core.evaluation.segment_report import SegmentReport
from astroseq_core.io import files
from astroseq_core.jobs.job import RESULT_NAME
from astroseq_core.jobs.progress import number_or_none
from astroseq_core.jobs.queue import DamagedJob
from astroseq_core.networks.card import MODEL_NAME
from astroseq_core.training import test_set
from astroseq_core.training.history import EpochMetrics
from astroseq_core.training.runs.queue import Run
from astroseq_core.training.test_predictions import TestPredictions
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import DAMAGE, convert, damage_sentence, read_object

#: What to do about damaged results.
RESULT_ADVICE = "delete the run, or train it again"
#: The group of test stars to show first: results on simulated stars are too optimistic.
FIRST_GROUP = "real stars"


@dataclass(frozen=True, eq=False)
class RunResult:
    """Results of a finished run.

    Attributes
    ----------
    reports : tuple of Report
        One report for each group of test stars.
    rows : tuple of Row
        One row of the published table for each group, in the same order.
    test : TestPredictions or None
        Predictions for the test segments; None if none were kept.
    seconds : float or None
        Duration of the whole run [s]; None if unknown.
    peak_memory_gib : float or None
        Peak memory of the largest process [GiB]; None if unknown.
    """

    reports: tuple[SegmentReport, ...]
    rows: tuple[ResultRow, ...]
    test: TestPredictions | None
    seconds: float | None
    peak_memory_gib: float | None

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups of test stars, real stars first."""
        return tuple(sorted((r.group for r in self.reports), key=lambda g: g != FIRST_GROUP))

    def report(self, group: str) -> SegmentReport:
        """Return the report on a group of test stars.

        Parameters
        ----------
        group : str
            Name of the group.

        Returns
        -------
        Report
            The report.

        Raises
        ------
        SettingsError
            If the run has no report on that group.
        """
        for one in self.reports:
            if one.group == group:
                return one
        raise SettingsError(f"The run was not judged on '{group}'; use {' or '.join(self.groups) or 'another run'}.")


def load(run: Run) -> RunResult | None:
    """Load the results of a run.

    Parameters
    ----------
    run : Run
        The run.

    Returns
    -------
    Result or None
        The results; None if there are none yet.

    Raises
    ------
    SettingsError
        If the results are damaged.
    """
    values = read_result(run.folder)
    if values is None:
        return None
    try:
        reports = tuple(SegmentReport.from_dict(v) for v in values["reports"])
        rows = tuple(row_from_json(v) for v in values["rows"])
        if len({r.group for r in reports}) != len(reports):
            raise ValueError("two reports are on one group")
        if len(rows) != len(reports):
            raise ValueError(f"{len(rows)} rows for {len(reports)} reports")
        seconds, memory_gib = (number_or_none(key, values.get(key)) for key in ("seconds", "peak_memory_gib"))
    except DAMAGE as error:
        raise damaged_result(run.folder, error) from error
    return RunResult(reports, rows, test_set.load(run.folder), seconds, memory_gib)


def read_result(folder: Path) -> JsonObject | None:
    """Read a run folder's result.json.

    Parameters
    ----------
    folder : Path
        The folder of the run.

    Returns
    -------
    dict or None
        Its values; None if there is no such file.

    Raises
    ------
    SettingsError
        If the file is damaged.
    """
    path = folder / RESULT_NAME
    return read_object(path, dict[str, object], RESULT_ADVICE, nan=True) if path.exists() else None


def row_from_json(values: JsonObject) -> ResultRow:
    """Return the row that was written as plain JSON values.

    Parameters
    ----------
    values : dict
        The fields of the row; lists become tuples.

    Returns
    -------
    Row
        The row.

    Raises
    ------
    ValueError
        If the values do not make a row.
    """
    return convert(values, ResultRow, "the row")


def damaged_result(folder: Path, error: Exception) -> SettingsError:
    """Return the error that says that the results of a run are damaged, and how.

    Parameters
    ----------
    folder : Path
        The folder of the run.
    error : Exception
        What went wrong while reading.

    Returns
    -------
    SettingsError
        The error to raise.
    """
    return SettingsError(damage_sentence(folder / RESULT_NAME, error, RESULT_ADVICE))


#: Column title of each number that exists for every split, by field of the published table's row.
_SPLIT_COLUMNS = {
    "stars": "stars",
    "segments": "segments",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "loss": "loss",
    "predicted_positive_rate": "predicted-positive rate",
    "accuracy": "binary accuracy",
}
_COLUMNS = (
    "run",
    "state",
    "tested on",
    "mission",
    "window",
    "stride",
    "neg:pos",
    "hard neg",
    "channels",
    "architecture",
    "loss function",
    *(f"{name} {split}" for name in _SPLIT_COLUMNS.values() for split in SPLITS),
    "base rate",
    "PR lift",
    "epochs",
    "seconds",
    "model file",
    "seed",
    "created",
    "notes",
    "problem",
)
#: Column of the table for each metric of an epoch.
_EPOCH_COLUMNS = {
    "train_roc_auc": "ROC-AUC train",
    "train_pr_auc": "PR-AUC train",
    "loss": "loss train",
    "validation_roc_auc": "ROC-AUC validation",
    "validation_pr_auc": "PR-AUC validation",
    "validation_loss": "loss validation",
    "train_predicted_positive_rate": "predicted-positive rate train",
    "train_accuracy": "binary accuracy train",
    "validation_predicted_positive_rate": "predicted-positive rate validation",
    "validation_accuracy": "binary accuracy validation",
}
#: Names of settings for users; all others keep their dotted names.
_SETTING_NAMES = {
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
    "recipe.max_steps": "most training steps",
    "recipe.max_hosts": "most real stars with published transits",
    "recipe.max_quiet": "most real stars without",
    "recipe.stratified": "planet hosts split apart",
    "recipe.patience": "patience [epochs]",
    "recipe.batch": "batch [segments]",
    "recipe.learning_rate": "learning rate",
    "recipe.base_rate": "stated base rate",
    "recipe.calibrated": "probabilities calibrated",
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
    "recipe.injection.varied": "share with variability added",
    "recipe.injection.noisier": "share with noise added",
    "recipe.injection.without": "share without transits",
    "recipe.injection.inverted": "share mirrored, without transits",
    "recipe.injection.scrambled": "share with days permuted, without transits",
    "recipe.augmentation.reversed": "share reversed in time",
    "recipe.augmentation.shifted": "segments shifted at random",
    "recipe.augmentation.gap": "share with a gap inserted",
    "recipe.all_products": "all light curves of a time",
    "recipe.clean_folds": "folds without stars of others",
    "recipe.cutting.max_gap_part": "longest gap, part of the window",
    "recipe.cutting.least_filled": "least part with cadences",
    "recipe.options": "option of the architecture",
}
#: Settings that only name a run and do not affect it.
_IGNORED_SETTINGS = ("name", "recipe.title")


def log_columns() -> tuple[str, ...]:
    """Return the columns of the log, in order.

    Returns
    -------
    tuple of str
        Column names.
    """
    return _COLUMNS


def log_rows(runs: Iterable[Run]) -> list[JsonObject]:
    """Return one row with all columns for each run, in the given order.

    Test numbers are those of the group named under `tested on`: real stars where there are some. A
    run without results has the numbers of its latest epoch. `created` is in UTC. A damaged result
    leaves its run's numbers empty, and `problem` says so.

    Parameters
    ----------
    runs : iterable of Run
        The runs.

    Returns
    -------
    list of dict
        The rows; None for numbers that are not known (yet).
    """
    return [_log_row(run) for run in runs]


def damaged_row(one: DamagedJob) -> JsonObject:
    """Return the row of a run that cannot be read.

    Parameters
    ----------
    one : DamagedJob
        The run.

    Returns
    -------
    dict
        The row: its name, the state "damaged", and the problem.
    """
    return dict.fromkeys(_COLUMNS) | {"run": one.job_id, "state": "damaged", "tested on": "", "problem": one.problem}


def _log_row(run: Run) -> JsonObject:
    recipe = run.request.recipe
    values: JsonObject = dict.fromkeys(_COLUMNS) | {
        "run": run.job_id,
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
        found = _read_summary(run.folder)
    except SettingsError as error:
        return values | {"problem": str(error)}
    if found is None:
        return values | _latest_epoch(run.epochs)
    group, row, seconds = found
    if row is None:
        return values | _latest_epoch(run.epochs) | {"seconds": seconds}
    return values | {"tested on": group, "seconds": seconds} | _split_numbers(row)


def _split_numbers(row: ResultRow) -> JsonObject:
    found: JsonObject = {"base rate": _nan_to_none(row.base_rate), "PR lift": _nan_to_none(row.pr_lift)}
    for field, name in _SPLIT_COLUMNS.items():
        for split, value in zip(SPLITS, getattr(row, field), strict=True):
            found[f"{name} {split}"] = _nan_to_none(value)
    return found


def _latest_epoch(epochs: Sequence[EpochMetrics]) -> JsonObject:
    return {name: _nan_to_none(getattr(epochs[-1], key)) for key, name in _EPOCH_COLUMNS.items()} if epochs else {}


def _nan_to_none(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def _seconds(run: Run) -> float | None:
    """Return the duration of a run without results: until its end, or of its epochs while running."""
    if run.started is not None and run.ended is not None:
        return round(run.ended - run.started, 1)
    return round(sum(e.seconds or 0.0 for e in run.epochs), 1) if run.epochs else None


def _read_summary(folder: Path) -> tuple[str, ResultRow | None, float | None] | None:
    """Return the group of test stars to show, its row, and the duration [s]; None without results."""
    try:
        about = (folder / RESULT_NAME).stat()
    except OSError:
        return None
    return _cached_summary(folder, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=1024)
def _cached_summary(folder: Path, changed: int, size: int) -> tuple[str, ResultRow | None, float | None] | None:
    values = read_result(folder)
    if values is None:
        return None
    try:
        rows = {str(r["group"]): row_from_json(v) for r, v in zip(values["reports"], values["rows"], strict=True)}
        for row in rows.values():
            if any(len(getattr(row, field)) != len(SPLITS) for field in _SPLIT_COLUMNS):
                raise ValueError("a row lacks a split")
        seconds = number_or_none("seconds", values.get("seconds"))
    except DAMAGE as error:
        raise damaged_result(folder, error) from error
    group = FIRST_GROUP if FIRST_GROUP in rows else next(iter(rows), "")
    return group, rows.get(group), seconds


def write_csv(rows: Iterable[Mapping[str, object]], out: Path | IO[str]) -> None:
    """Write rows of the log as CSV, safe for spreadsheets.

    Parameters
    ----------
    rows : iterable of mapping
        Rows as returned by `log`.
    out : Path or IO[str]
        A path, which is written atomically, or an open text file.
    """
    if isinstance(out, Path):
        with files.TableWriter(out, _COLUMNS) as table:
            table.write(rows)
        return
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([files.csv_cell(row.get(column)) for column in _COLUMNS] for row in rows)


def setting_differences(runs: Sequence[Run]) -> list[tuple[str, tuple[object, ...]]]:
    """Return the settings that differ between runs.

    Parameters
    ----------
    runs : sequence of Run
        The runs to compare.

    Returns
    -------
    list of tuple of (str, tuple of object)
        Name of each setting and its value in every run; None if a run lacks it.
    """
    flat = [dict(_flatten(run.request.to_dict())) for run in runs]
    names = dict.fromkeys(name for one in flat for name in one if name not in _IGNORED_SETTINGS)
    found = []
    for name in names:
        values = tuple(one.get(name) for one in flat)
        if any(value != values[0] for value in values):
            found.append((_setting_name(name), values))
    return found


def setting_rows(run: Run) -> list[tuple[str, object]]:
    """Return all settings of a run, named for users.

    Parameters
    ----------
    run : Run
        The run.

    Returns
    -------
    list of tuple of (str, object)
        Name and value of each setting; lists as text.
    """
    return [(_setting_name(name), value) for name, value in _flatten(run.request.to_dict())]


def _flatten(values: Mapping[str, object], above: str = "") -> Iterable[tuple[str, object]]:
    """Yield dotted names and plain values; lists as text."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", _plain_value(value)


def _plain_value(value: object) -> object:
    if isinstance(value, list | tuple):
        return ", ".join(" ".join(map(str, v)) if isinstance(v, list | tuple) else str(v) for v in value)
    return value


def _setting_name(name: str) -> str:
    """Return a setting's name for users, such as `simulated stars: TESS` for an entry of a mapping."""
    if name in _SETTING_NAMES:
        return _SETTING_NAMES[name]
    above, _, last = name.rpartition(".")
    return f"{_SETTING_NAMES[above]}: {last}" if above in _SETTING_NAMES else name.removeprefix("recipe.")
