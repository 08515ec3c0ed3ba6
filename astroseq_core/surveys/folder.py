"""A survey's folder: what was asked for, its life (background.folder) and what it came to."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from astroseq_core.background.folder import REQUEST, RESULT, State, life, read_json
from astroseq_core.errors import SettingsError
from astroseq_core.surveys.request import SurveyRequest


@dataclass(frozen=True)
class Survey:
    """A survey as its folder tells it. Times [s since 1970], None where not yet.

    ``now``: what its process said last: ``done``, ``failed``, ``skipped`` stars of ``in_all``, ``star``, ``stars_per_second``,
    ``segments_per_second``, ``seconds_left``; after its end the same numbers are in ``result``.
    """

    survey_id: str
    folder: Path
    request: SurveyRequest
    state: State
    created: float
    started: float | None = None
    ended: float | None = None
    now: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


def read(folder: Path) -> Survey:
    """The survey in that folder; raises SettingsError where there is none."""
    path = folder / REQUEST
    try:
        created = path.stat().st_mtime_ns
        request = _request(path, created)
    except OSError as error:
        raise SettingsError(f"There is no survey in {folder} ({error.strerror}).") from error
    told = life(folder)
    return Survey(
        survey_id=folder.name, folder=folder, request=request, state=told.state, created=created / 1e9, started=told.started,
        ended=told.ended, now=told.now, result=read_json(folder / RESULT), problem=told.problem,
    )  # fmt: skip


@lru_cache(maxsize=256)
def _request(path: Path, changed: int) -> SurveyRequest:
    return SurveyRequest.from_dict(read_json(path))
