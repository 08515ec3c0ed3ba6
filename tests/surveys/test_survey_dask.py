"""Scoring on a real Dask scheduler with worker processes, one of which is killed on the way."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.scoring.star_source import Source, StarSource
from astroseq_core.store.scores import OK
from astroseq_core.surveys import dask
from astroseq_core.surveys.dask import score_on_dask
from astroseq_core.surveys.engine import ScoringSettings, SurveyProgress, score_stars
from astroseq_core.surveys.stars import SurveyChoice, iterate_stars
from tests.surveys.conftest import write

pytest.importorskip("distributed", reason="dask[distributed] is not installed")
ROOT = Path(__file__).resolve().parents[2]
STARS = 16


@pytest.fixture
def cluster(tiny: Path, tmp_path: Path) -> Iterator[tuple[str, list["subprocess.Popen[bytes]"]]]:
    """The address of a scheduler and its two worker processes."""
    about = tmp_path / "scheduler.json"
    started = []

    def start(program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.{program}",
            "--scheduler-file",
            str(about),
            "--no-dashboard",
            *arguments,
        ]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"}, stderr=subprocess.DEVNULL)
        started.append(process)
        return process

    start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
    workers = [start("dask_worker", "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1") for _ in range(2)]
    try:
        until = time.monotonic() + 30
        while not about.exists() and time.monotonic() < until:
            time.sleep(0.1)
        yield f"tcp://127.0.0.1:{_port(about)}", workers
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def _port(about: Path) -> int:
    import json

    return int(json.loads(about.read_text("utf-8"))["address"].rsplit(":", 1)[1])


def test_a_killed_worker_costs_another_try_and_no_row(
    cluster: tuple[str, list["subprocess.Popen[bytes]"]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, workers = cluster
    monkeypatch.setattr(dask, "STARS_AT_ONCE", 2)
    broken = tmp_path / "lc" / "TIC_4__s0001.npz"
    write(broken.parent, "TIC 5")
    broken.write_bytes(b"broken")
    some = list(iterate_stars(SurveyChoice(mission="TESS", count=STARS)))
    every = [*some[:5], *iterate_stars(SurveyChoice("folder", folder=str(broken.parent))), *some[5:]]
    assert StarSource("TIC 4", Source.FOLDER, paths=(str(broken),)) in every
    had = {some[3].target_id: "another"}
    told: list[tuple[int, int]] = []

    def progress(now: SurveyProgress) -> None:
        told.append((now.scored, now.failed))

    settings = ScoringSettings("tiny", segments=True, survey_id="far")
    results, rows = [], []
    for result in score_on_dask(every, address, settings, scored=lambda *_: had, progress=progress):
        results.append(result)
        rows.append(result.row)
        if len(rows) == 3:
            workers[0].kill()
    names = [row.target_id for row in rows]
    assert sorted(names) == sorted(star.target_id for star in every)  # all there, none doubled
    assert [row.target_id for row in rows if row.status != OK] == ["TIC 4"]
    # Numbered as they were given, and with their segments, whatever the order in which they came.
    assert [r.target_id for r in sorted(results, key=lambda r: r.number)] == [star.target_id for star in every]
    assert all(sum(map(len, r.segments)) == (r.row.num_segments or 0) for r in results)
    assert told[-1] == (STARS + 1, 1)
    assert workers[0].wait(5) != 0
    assert workers[1].poll() is None
    here = {found.target_id: found.row for found in score_stars(every[:3], ScoringSettings("tiny"))}
    far = {row.target_id: row for row in rows}
    for name, row in here.items():
        assert far[name].star_score == pytest.approx(row.star_score, rel=1e-3, abs=1e-3)
        assert (far[name].data_id, far[name].model_sha, far[name].match) == (row.data_id, row.model_sha, row.match)
    scored = {name: row.data_id for name, row in far.items() if row.status == OK}
    again = score_on_dask(every, address, ScoringSettings("tiny"), scored=lambda *_: scored)
    assert [result.target_id for result in again if result.row is not None] == ["TIC 4"]


def test_without_a_scheduler_or_dask_one_sentence_says_so(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "CONNECT_SECONDS", 1.0)
    with pytest.raises(SettingsError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        next(score_on_dask([], "tcp://127.0.0.1:9", ScoringSettings("tiny")))
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SettingsError, match=r"pip install 'dask\[distributed\]'"):
        next(score_on_dask([], "tcp://127.0.0.1:9", ScoringSettings("tiny")))
