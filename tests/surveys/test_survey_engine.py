"""Scoring surveys: the same scores as one star at a time, nothing done twice, and no star that stops another."""

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroseq_core.archive.download import FetchOutcome, FetchReport, FetchResult
from astroseq_core.errors import ModelError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.networks.model import BATCH_SIZE, Model, load
from astroseq_core.scoring.segments import score_light_curve
from astroseq_core.scoring.star import score_star
from astroseq_core.scoring.star_source import Source, StarReadResult, StarSource, cached_source
from astroseq_core.store import scores
from astroseq_core.store.scores import OK, ScoreRow
from astroseq_core.surveys import download, prepare, stars
from astroseq_core.surveys.engine import ScoringSettings, SurveyProgress, score_stars
from astroseq_core.surveys.pool import WorkerCall, WorkerPool
from astroseq_core.surveys.stars import SurveyChoice, iterate_stars
from tests.surveys.conftest import made, write

NUMBERS = ("star_score", "score_max", "score_topk", "score_noisy_or", "score_fold", "best_period_days", "best_t0")


TINY = ScoringSettings("tiny")


def by_star(results: Any) -> dict[str, ScoreRow]:
    """The rows of results, but for those of stars that were passed over."""
    found = [result.row for result in results if result.row is not None]
    assert len({r.target_id for r in found}) == len(found)
    return {r.target_id: r for r in found}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Light curves of five stars, one of them with two observations, one with none that can be read, one with one of two."""
    for number in (1, 2, 3, 5):
        write(tmp_path / "lc", f"TIC {number}", days=2.0 + number)
    write(tmp_path / "lc", "TIC 2", "s0002", days=4.0)
    (tmp_path / "lc" / "TIC_4__s0001.npz").write_bytes(b"PK\x03\x04 broken")
    (tmp_path / "lc" / "TIC_5__s0002.npz").write_bytes((tmp_path / "lc" / "TIC_5__s0001.npz").read_bytes()[:999])
    return tmp_path / "lc"


@pytest.mark.parametrize("processes", [False, True])
def test_rows_are_those_of_one_star_at_a_time(tiny: Path, folder: Path, processes: bool) -> None:
    rows = by_star(
        score_stars(
            iterate_stars(SurveyChoice("folder", folder=str(folder))),
            ScoringSettings("tiny", survey_id="one"),
            processes=processes,
        )
    )
    assert set(rows) == {f"TIC {n}" for n in range(1, 6)}
    assert {(row.model_id, row.survey_id) for row in rows.values()} == {("tiny", "one")}
    assert [name for name, row in rows.items() if row.status != OK] == ["TIC 4"]
    assert "TIC_4__s0001.npz" in rows["TIC 4"].status
    for name in ("TIC 1", "TIC 2", "TIC 3", "TIC 5"):
        one = rows[name]
        (star,) = (s for s in iterate_stars(SurveyChoice("folder", folder=str(folder))) if s.target_id == name)
        segments = [score_light_curve(load("tiny"), curve) for curve in star.read().light_curves]
        score = score_star(segments)
        assert one.num_segments == score.num_segments
        assert one.best_t0 == pytest.approx(score.best_t0.days, abs=1e-4)
        for number in set(NUMBERS) - {"best_t0"}:
            assert getattr(one, number) == pytest.approx(getattr(score, number), rel=1e-3, abs=1e-3), number
        probability = np.concatenate([s.probability for s in segments])
        assert len(one.spark) == min(scores.SPARKLINE_LENGTH, len(probability))
        assert max(one.spark) == round(255 * float(probability.max()))
    assert rows["TIC 2"].num_segments > rows["TIC 1"].num_segments


def test_the_network_sees_full_batches_across_stars(tiny: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    outputs = Model.outputs
    monkeypatch.setattr(Model, "outputs", lambda self, values: sizes.append(len(values)) or outputs(self, values))
    rows = by_star(score_stars(iterate_stars(SurveyChoice("folder", folder=str(folder))), TINY))
    assert sum(sizes) == sum(r.num_segments or 0 for r in rows.values()) > BATCH_SIZE
    assert set(sizes[:-1]) == {BATCH_SIZE}


def test_what_is_scored_is_passed_over_unread_until_its_data_or_the_model_change(
    tiny: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = SurveyChoice("folder", folder=str(folder))
    scores.save(by_star(score_stars(iterate_stars(choice), TINY, scored=scores.scored_fingerprints)).values())
    read = StarSource.read
    opened: list[str] = []
    monkeypatch.setattr(StarSource, "read", lambda self: opened.append(self.target_id) or read(self))
    told: list[tuple[int, int, int]] = []

    def progress(now: SurveyProgress) -> None:
        told.append((now.scored, now.skipped, now.failed))

    again = by_star(score_stars(iterate_stars(choice), TINY, scored=scores.scored_fingerprints, progress=progress))
    assert set(again) == set(opened) == {"TIC 4"}  # what could not be read is tried again
    assert told[-1] == (0, 4, 1)
    write(folder, "TIC 1", days=4.0)
    opened.clear()
    assert (
        set(by_star(score_stars(iterate_stars(choice), TINY, scored=scores.scored_fingerprints)))
        == set(opened)
        == {"TIC 1", "TIC 4"}
    )
    opened.clear()
    sha = stars.model_hash
    monkeypatch.setattr(stars, "model_hash", lambda card: "trained anew " + sha(card))
    assert len(by_star(score_stars(iterate_stars(choice), TINY, scored=scores.scored_fingerprints))) == len(opened) == 5


def test_a_star_without_a_model_of_choice_gets_the_one_that_suits_it_and_is_skipped_by_that(
    tiny: Path, tmp_path: Path, folder: Path
) -> None:
    built_in = [s for s in iterate_stars(SurveyChoice()) if s.target_id in ("SIM 4", "SIM 6", "SIM 8")]
    for number in (7, 8):
        LightCurveCache().put(made(f"TIC {number}", days=4.0))
    every = [*built_in, *iterate_stars(SurveyChoice("cache")), *iterate_stars(SurveyChoice("folder", folder=str(folder)))]
    rows = by_star(score_stars(every, ScoringSettings()))
    assert {r.model_id for r in rows.values() if r.seen_as in ("Kepler", "K2")} == {"tiny-long"}
    assert {r.model_id for r in rows.values() if r.seen_as == "TESS"} == {"tiny"}
    assert rows["TIC 4"].model_id == scores.NO_MODEL
    assert rows["SIM 8"].simulated
    assert rows["SIM 8"].match_kind in ("", "survey")
    scores.save(rows.values())
    assert set(by_star(score_stars(every, ScoringSettings(), scored=scores.scored_fingerprints))) == {"TIC 4"}


def test_a_damaged_or_lost_cached_light_curve_is_a_reason(tiny: Path) -> None:
    cache = LightCurveCache()
    for number in (1, 2, 3):
        cache.put(made(f"TIC {number}"))
    listed = list(iterate_stars(SurveyChoice("cache")))
    (damaged,) = cache.folder.glob("curves/TIC_2/*.npz")
    damaged.write_bytes(damaged.read_bytes()[:500])
    rows = by_star(score_stars([*listed, cached_source("TIC 9")], TINY))
    assert {n for n, r in rows.items() if r.status == OK} == {"TIC 1", "TIC 3"}
    assert all("not in the cache" in rows[name].status for name in ("TIC 2", "TIC 9"))


def test_what_is_unforeseen_costs_one_star(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(self: StarSource) -> StarReadResult:
        if self.target_id == "TIC 2":
            raise ZeroDivisionError("by nothing")
        return StarReadResult((made(self.target_id),))

    monkeypatch.setattr(StarSource, "read", read)
    rows = by_star(score_stars([StarSource(f"TIC {n}", Source.FOLDER) for n in (1, 2, 3)], TINY))
    assert rows["TIC 2"].status == "It failed unexpectedly (ZeroDivisionError: by nothing)."
    assert rows["TIC 1"].status == rows["TIC 3"].status == OK


def test_a_model_that_cannot_be_used_is_refused_at_once(tiny: Path) -> None:
    with pytest.raises(ModelError, match="There is no model 'none-such'"):
        next(score_stars([], ScoringSettings("none-such")))
    (kepler,) = (s for s in iterate_stars(SurveyChoice()) if s.target_id == "SIM 5")
    (found,) = by_star(score_stars([kepler], TINY)).values()
    assert "tiny was made for TESS" in found.status


def test_it_stops_in_the_middle_and_a_million_stars_are_never_gathered(tiny: Path) -> None:
    stop, asked = threading.Event(), 0

    def many() -> Any:
        nonlocal asked
        for star in iterate_stars(SurveyChoice(mission="TESS", count=1_000_000)):
            asked += 1
            yield star

    rows = []
    for one in score_stars(many(), TINY, workers=1, stop=stop):
        rows.append(one)
        stop.set()
    assert len(rows) >= 1
    assert asked < 20


def test_fetching_goes_on_beside_the_network_and_its_failures_are_reasons(tiny: Path) -> None:
    LightCurveCache().put(made("TIC 1"))
    calls: list[list[str]] = []

    def fetch(some: Any) -> dict[str, str]:
        calls.append([s.target_id for s in some])
        for star in some:
            if star.target_id != "TIC 5":
                LightCurveCache().put(made(star.target_id))
        return {"TIC 5": "MAST has no light curve of TIC 5."} if len(calls) == 1 else {}

    wanted = [
        *map(cached_source, (f"TIC {n}" for n in range(1, 20))),
        StarSource("TOI-9999", Source.CACHE, problem="Nobody knows it."),
    ]
    rows = by_star(score_stars(wanted, TINY, fetch=fetch))
    assert [name for call in calls for name in call] == [f"TIC {n}" for n in range(2, 20)]
    assert max(map(len, calls)) == download.STARS_PER_CALL
    assert rows["TIC 5"].status == "MAST has no light curve of TIC 5."
    assert rows["TOI-9999"].status == "Nobody knows it."
    assert sum(r.status == OK for r in rows.values()) == 18
    assert rows["TIC 7"].data_id == stars.data_fingerprint(cached_source("TIC 7"))


def test_what_the_archive_says_of_a_star_is_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    from astroseq_core.archive import fetch as archive

    stop = threading.Event()

    def fetch(targets: Any, **how: Any) -> FetchReport:
        assert how["cancel"] is stop
        items = [
            FetchResult(targets[0].id, FetchOutcome.DOWNLOADED, "sector 1"),
            FetchResult(targets[1].id, FetchOutcome.ABSENT, reason="MAST has none."),
        ]
        return FetchReport((*items, FetchResult(targets[0].id, FetchOutcome.FAILED, "sector 2", reason="It took too long.")))

    monkeypatch.setattr(archive, "fetch_light_curves", fetch)
    assert download.archive_downloader(stop)([cached_source("TIC 1"), cached_source("TIC 2")]) == {"TIC 2": "MAST has none."}


def end_once(folder: Path) -> str:
    """Kills the process that it runs in the first time."""
    if not (folder / "tried").exists():
        (folder / "tried").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def end_always(_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_lost_process_costs_another_try_and_what_ends_each_is_given_up_alone(tmp_path: Path) -> None:
    pool = WorkerPool(2, processes=True)
    try:
        pool.submit(end_once, tmp_path, "once")
        pool.submit(end_always, None, "always")
        for _ in range(4):
            pool.submit(str, 1, "harmless")
        jobs: list[WorkerCall] = []
        until = time.monotonic() + 40
        while pool.waiting and time.monotonic() < until:
            jobs += pool.finished(0.2)
    finally:
        pool.close()
    assert sorted(j.context for j in jobs) == ["always", *["harmless"] * 4, "once"]
    assert [j.context for j in jobs if j.error] == ["always"]
    assert {j.result for j in jobs if not j.error} == {"done", "1"}


def test_identity_is_of_the_data_and_of_all_of_a_model_that_scores_depend_on(tiny: Path, folder: Path) -> None:
    LightCurveCache().put(made("TIC 1"))
    first = stars.data_fingerprint(cached_source("TIC 1"))
    assert first == stars.data_fingerprint(cached_source("TIC 1")) != ""
    LightCurveCache().put(made("TIC 1", "sector 2"))
    assert stars.data_fingerprint(cached_source("TIC 1")) != first
    assert stars.data_fingerprint(cached_source("TIC 1", only=["sector 1"])) == first
    assert stars.data_fingerprint(cached_source("TIC 2")) == ""
    card = load("tiny").card
    other = replace(card, calibration=replace(card.calibration, offset=0.1))
    assert len({stars.model_hash(c) for c in (card, other, replace(card, sha256="0"), replace(card, title="T"))}) == 3


def test_sparks_keep_the_highest_of_neighbours() -> None:
    values = np.zeros(1000)
    values[[0, 333, 999]] = 1.0, 0.5, 0.25
    found = prepare.sparkline(values)
    assert len(found) == scores.SPARKLINE_LENGTH
    assert (found[0], found[-1], sorted(found)[-2]) == (255, 64, 128)
    assert prepare.sparkline(np.array([0.0, 1.0])) == b"\x00\xff"
