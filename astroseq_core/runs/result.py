"""What a finished run found: its reports, its rows for the published table, and its test segments."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astroseq_core.background.folder import RESULT
from astroseq_core.errors import SettingsError
from astroseq_core.runs.folder import Run
from astroseq_core.training import kept_test
from astroseq_core.training.kept_test import TestSegments
from astroseq_core.training.published import Row
from astroseq_core.training.report import Report

#: The group of test stars that is shown first: numbers of simulated stars are too good.
FIRST_GROUP = "real stars"


@dataclass(frozen=True, eq=False)
class Result:
    """What came of a run. ``reports`` and ``rows``: one for each group of test stars, in the same order.

    ``test``: its judged test segments, None where none were kept. ``seconds``: of the whole run, ``peak_memory_gib``: of its
    largest process; None where they are not known.
    """

    reports: tuple[Report, ...]
    rows: tuple[Row, ...]
    test: TestSegments | None
    seconds: float | None
    peak_memory_gib: float | None

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups of test stars, real ones first."""
        return tuple(sorted((r.group for r in self.reports), key=lambda g: g != FIRST_GROUP))

    def report(self, group: str) -> Report:
        """The report on that group; raises SettingsError for one that was not judged."""
        for one in self.reports:
            if one.group == group:
                return one
        raise SettingsError(f"The run was not judged on '{group}'; use {' or '.join(self.groups) or 'another run'}.")


def load(run: Run) -> Result | None:
    """The run's result, None while there is none; raises SettingsError where it is damaged."""
    values = read(run.folder)
    if values is None:
        return None
    try:
        reports = tuple(Report.from_dict(v) for v in values["reports"])
        rows = tuple(row_of(v) for v in values["rows"])
        if len(rows) != len(reports):
            raise ValueError(f"{len(rows)} rows for {len(reports)} reports")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(run.folder, error) from error
    return Result(reports, rows, kept_test.load(run.folder), values.get("seconds"), values.get("peak_memory_gib"))


def read(folder: Path) -> dict[str, Any] | None:
    """What is in a run folder's result.json, None where there is none; raises SettingsError where it is damaged."""
    try:
        values = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise damaged(folder, error) from error
    if not isinstance(values, dict):
        raise damaged(folder, TypeError("it is no JSON object"))
    return values


def row_of(values: dict[str, Any]) -> Row:
    """The row that was written as plain JSON values; raises TypeError where it is none."""
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return Row(**plain)


def damaged(folder: Path, error: Exception) -> SettingsError:
    """The error that says that the result in a run's folder is damaged, and how."""
    said = (" ".join(str(error).split()) or type(error).__name__).rstrip(".")
    return SettingsError(f"The result of {folder.name} cannot be read ({said}); delete the run, or train it again.")
