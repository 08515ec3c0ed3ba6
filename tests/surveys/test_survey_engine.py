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

from astroseq_core.archive.report import Ending, Fetched, FetchReport
from astroseq_core.errors import ModelError
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.scoring import survey
from astroseq_core.scoring.model import BATCH, Model, load
from astroseq_core.scoring.opening import Source
from astroseq_core.store import scores
from astroseq_core.store.scores import OK, ScoreRow
from astroseq_core.surveys import fetching, identity, row
from astroseq_core.surveys.choice import SurveyChoice
from astroseq_core.surveys.engine import Progress, score_survey
from astroseq_core.surveys.pool import Job, Pool
from astroseq_core.surveys.sources import stars
from astroseq_core.surveys.star import StarRead, SurveyStar, in_cache
from tests.surveys.conftest import made, write

NUMBERS = ("star_score", "score_max", "score_topk", "score_noisy_or", "score_fold", "best_period_days", "best_t0")


def by_star(rows: Any) -> dict[str, ScoreRow]:
    found = list(rows)
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
    rows = by_star(score_survey(stars(SurveyChoice("folder", folder=str(folder))), "tiny", processes=processes, survey_id="one"))
    plain = {r.target_id: r for r in survey.score_stars(survey.stars_of([str(folder)]), "tiny")}
    assert set(rows) == set(plain) == {f"TIC {n}" for n in range(1, 6)}
    for name, result in plain.items():
        one = rows[name]
        assert (one.status == OK) == (result.score is not None)
        assert one.model_id == "tiny"
        assert one.survey_id == "one"
        if result.score is None:
            assert "TIC_4__s0001.npz" in one.status
            continue
        assert one.num_segments == result.score.num_segments
        assert one.best_t0 == pytest.approx(result.score.best_t0.days, abs=1e-4)
        for number in set(NUMBERS) - {"best_t0"}:
            assert getattr(one, number) == pytest.approx(getattr(result.score, number), rel=1e-3, abs=1e-3), number
        probability = np.concatenate([s.probability for s in result.segments])
        assert len(one.spark) == min(scores.SPARK_LENGTH, len(probability))
        assert max(one.spark) == round(255 * float(probability.max()))
    assert rows["TIC 2"].num_segments > rows["TIC 1"].num_segments


def test_the_network_sees_full_batches_across_stars(tiny: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    outputs = Model.outputs
    monkeypatch.setattr(Model, "outputs", lambda self, values: sizes.append(len(values)) or outputs(self, values))
    rows = by_star(score_survey(stars(SurveyChoice("folder", folder=str(folder))), "tiny"))
    assert sum(sizes) == sum(r.num_segments or 0 for r in rows.values()) > BATCH
    assert set(sizes[:-1]) == {BATCH}


def test_what_is_scored_is_passed_over_unread_until_its_data_or_the_model_change(
    tiny: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = SurveyChoice("folder", folder=str(folder))
    scores.put(score_survey(stars(choice), "tiny", have=scores.have))
    read = SurveyStar.read
    opened: list[str] = []
    monkeypatch.setattr(SurveyStar, "read", lambda self: opened.append(self.target_id) or read(self))
    told: list[tuple[int, int, int]] = []

    def progress(now: Progress) -> None:
        told.append((now.scored, now.skipped, now.failed))

    again = by_star(score_survey(stars(choice), "tiny", have=scores.have, progress=progress))
    assert set(again) == set(opened) == {"TIC 4"}  # what could not be read is tried again
    assert told[-1] == (0, 4, 1)
    write(folder, "TIC 1", days=4.0)
    opened.clear()
    assert set(by_star(score_survey(stars(choice), "tiny", have=scores.have))) == set(opened) == {"TIC 1", "TIC 4"}
    opened.clear()
    sha = identity.model_sha
    monkeypatch.setattr(identity, "model_sha", lambda card: "trained anew " + sha(card))
    assert len(by_star(score_survey(stars(choice), "tiny", have=scores.have))) == len(opened) == 5


def test_a_star_without_a_model_of_choice_gets_the_one_that_suits_it_and_is_skipped_by_that(
    tiny: Path, tmp_path: Path, folder: Path
) -> None:
    built_in = [s for s in stars(SurveyChoice()) if s.target_id in ("SIM 4", "SIM 6", "SIM 8")]
    for number in (7, 8):
        LightCurveCache().put(made(f"TIC {number}", days=4.0))
    every = [*built_in, *stars(SurveyChoice("cache")), *stars(SurveyChoice("folder", folder=str(folder)))]
    rows = by_star(score_survey(every))
    assert {r.model_id for r in rows.values() if r.seen_as in ("Kepler", "K2")} == {"tiny-long"}
    assert {r.model_id for r in rows.values() if r.seen_as == "TESS"} == {"tiny"}
    assert rows["TIC 4"].model_id == row.NO_MODEL
    assert rows["SIM 8"].simulated
    assert rows["SIM 8"].match_kind in ("", "survey")
    scores.put(rows.values())
    assert set(by_star(score_survey(every, have=scores.have))) == {"TIC 4"}


def test_a_damaged_or_lost_cached_light_curve_is_a_reason(tiny: Path) -> None:
    cache = LightCurveCache()
    for number in (1, 2, 3):
        cache.put(made(f"TIC {number}"))
    listed = list(stars(SurveyChoice("cache")))
    (damaged,) = cache.folder.glob("curves/TIC_2/*.npz")
    damaged.write_bytes(damaged.read_bytes()[:500])
    rows = by_star(score_survey([*listed, in_cache("TIC 9")], "tiny"))
    assert {n for n, r in rows.items() if r.status == OK} == {"TIC 1", "TIC 3"}
    assert all("not in the cache" in rows[name].status for name in ("TIC 2", "TIC 9"))


def test_what_is_unforeseen_costs_one_star(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(self: SurveyStar) -> StarRead:
        if self.target_id == "TIC 2":
            raise ZeroDivisionError("by nothing")
        return StarRead((made(self.target_id),))

    monkeypatch.setattr(SurveyStar, "read", read)
    rows = by_star(score_survey([SurveyStar(f"TIC {n}", Source.FILES) for n in (1, 2, 3)], "tiny"))
    assert rows["TIC 2"].status == "It failed unexpectedly (ZeroDivisionError: by nothing)."
    assert rows["TIC 1"].status == rows["TIC 3"].status == OK


def test_a_model_that_cannot_be_used_is_refused_at_once(tiny: Path) -> None:
    with pytest.raises(ModelError, match="There is no model 'none-such'"):
        next(score_survey([], "none-such"))
    (kepler,) = (s for s in stars(SurveyChoice()) if s.target_id == "SIM 5")
    (found,) = score_survey([kepler], "tiny")
    assert "tiny was made for TESS" in found.status


def test_it_stops_in_the_middle_and_a_million_stars_are_never_gathered(tiny: Path) -> None:
    stop, asked = threading.Event(), 0

    def many() -> Any:
        nonlocal asked
        for star in stars(SurveyChoice(mission="TESS", count=1_000_000)):
            asked += 1
            yield star

    rows = []
    for one in score_survey(many(), "tiny", workers=1, stop=stop):
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
        *map(in_cache, (f"TIC {n}" for n in range(1, 20))),
        SurveyStar("TOI-9999", Source.CACHE, problem="Nobody knows it."),
    ]
    rows = by_star(score_survey(wanted, "tiny", fetch=fetch))
    assert [name for call in calls for name in call] == [f"TIC {n}" for n in range(2, 20)]
    assert max(map(len, calls)) == fetching.FETCH_AT_ONCE
    assert rows["TIC 5"].status == "MAST has no light curve of TIC 5."
    assert rows["TOI-9999"].status == "Nobody knows it."
    assert sum(r.status == OK for r in rows.values()) == 18
    assert rows["TIC 7"].data_id == identity.data_id(in_cache("TIC 7"))


def test_what_the_archive_says_of_a_star_is_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    from astroseq_core.archive import fetch as archive

    stop = threading.Event()

    def fetch(targets: Any, **how: Any) -> FetchReport:
        assert how["cancel"] is stop
        items = [Fetched(targets[0].id, Ending.WHOLE, "sector 1"), Fetched(targets[1].id, Ending.ABSENT, reason="MAST has none.")]
        return FetchReport((*items, Fetched(targets[0].id, Ending.FAILED, "sector 2", reason="It took too long.")))

    monkeypatch.setattr(archive, "fetch", fetch)
    assert fetching.from_archive(stop)([in_cache("TIC 1"), in_cache("TIC 2")]) == {"TIC 2": "MAST has none."}


def end_once(folder: Path) -> str:
    """Kills the process that it runs in the first time."""
    if not (folder / "tried").exists():
        (folder / "tried").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def end_always(_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_lost_process_costs_another_try_and_what_ends_each_is_given_up_alone(tmp_path: Path) -> None:
    pool = Pool(2, processes=True)
    try:
        pool.submit(end_once, tmp_path, "once")
        pool.submit(end_always, None, "always")
        for _ in range(4):
            pool.submit(str, 1, "harmless")
        jobs: list[Job] = []
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
    first = identity.data_id(in_cache("TIC 1"))
    assert first == identity.data_id(in_cache("TIC 1")) != ""
    LightCurveCache().put(made("TIC 1", "sector 2"))
    assert identity.data_id(in_cache("TIC 1")) != first
    assert identity.data_id(in_cache("TIC 1", only=["sector 1"])) == first
    assert identity.data_id(in_cache("TIC 2")) == ""
    card = load("tiny").card
    other = replace(card, calibration=replace(card.calibration, offset=0.1))
    assert len({identity.model_sha(c) for c in (card, other, replace(card, sha256="0"), replace(card, title="T"))}) == 3


def test_sparks_keep_the_highest_of_neighbours() -> None:
    values = np.zeros(1000)
    values[[0, 333, 999]] = 1.0, 0.5, 0.25
    found = row.spark(values)
    assert len(found) == scores.SPARK_LENGTH
    assert (found[0], found[-1], sorted(found)[-2]) == (255, 64, 128)
    assert row.spark(np.array([0.0, 1.0])) == b"\x00\xff"
