"""Makes the files beside it. It runs against AstroSeq 0.1.0 as it was at commit 6bd4c58 alone, and is kept to say how.

    git worktree add OLD 6bd4c58
    cd OLD && PYTHONPATH=. python PATH/TO/make.py OUT FIRST SECOND

Everything is written by that version's own commands and functions, below /data, which must not be there before: the store keeps
the folders of runs, and these name no machine. FIRST and SECOND are worktrees of 4558e32 and a8af1cb, whose stores have the
first and the second form of the tables. OUT gets the result; it takes some minutes.
"""

# ruff: noqa: E402, E501
import contextlib
import gzip
import hashlib
import io
import json
import math
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

BASE = Path("/data")
DATA, CACHE, STARS = BASE / "astroseq", BASE / "cache", BASE / "stars"
os.environ |= {
    "ASTROSEQ_DATA": str(DATA), "ASTROSEQ_CACHE": str(CACHE), "ASTROSEQ_FIRST_SURVEY": "0", "ASTROSEQ_RETRY_SECONDS": "0.005",
    "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1",
}  # fmt: skip

import numpy as np

from astroseq_core import cli, missions, settings
from astroseq_core.archive import name_service, snapshots
from astroseq_core.archive.tables import TABLES
from astroseq_core.background import launch
from astroseq_core.background.folder import State, log_tail
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.lightcurves import lightcurve, reading
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.lightcurves.lightcurve import LightCurve, Provenance
from astroseq_core.lightcurves.pixels import PixelColumns
from astroseq_core.lightcurves.prepare import Preparation
from astroseq_core.runs import promote, result
from astroseq_core.runs import queue as runs
from astroseq_core.runs.request import RunRequest
from astroseq_core.scoring import card as cards
from astroseq_core.scoring import kept
from astroseq_core.scoring.model import load
from astroseq_core.scoring.segments import score_curve
from astroseq_core.scoring.star import score_star
from astroseq_core.segments.cut import Cutting
from astroseq_core.simulate import survey as simulated_survey
from astroseq_core.stellar import StellarParameters
from astroseq_core.store import board, database, dispositions, drafts, flags, in_hand, queue_list, queues, scores
from astroseq_core.store.board import Filters
from astroseq_core.store.dispositions import Verdict
from astroseq_core.store.drafts import Draft
from astroseq_core.store.flags import Cut
from astroseq_core.store.in_hand import InHand
from astroseq_core.store.scores import ScoreRow
from astroseq_core.surveys import queue as surveys
from astroseq_core.surveys.choice import SurveyChoice
from astroseq_core.surveys.request import SurveyRequest
from astroseq_core.targets import parse_star
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.training import recipes
from astroseq_core.training.choice import StarChoice
from astroseq_core.training.recipes import Injection
from astroseq_core.ui import uploads, vet_queues
from tests.standin import StandIn
from tests.standin import exoplanet_archive as archive

KNOWN = f"{BASE}/known.csv"
HALF_HOUR = 30 / 1440
RECIPE = replace(
    recipes.recipe("quick"),
    preparation=Preparation(window_days=0.8, cadence_minutes=30.0),
    cutting=Cutting(window=64, stride=32, channels=("flat", "mf_5h", "gap")),
    simulated={"TESS": 20},
    injection=Injection(snr=(8.0, 60.0), period_days=(3.0, 12.0), copies=1, copies_simulated=1, varied=0.2, without=0.4),
    options={"stem_stride": 4, "widths": (8,), "context": 0, "dropout": 0.0, "spatial_dropout": 0.0},
    batch=32,
    epochs=12,
    patience=12,
    learning_rate=0.01,
    parts=(("train", 0.5), ("validation", 0.15), ("calibration", 0.15), ("test", 0.2)),
)
REQUEST = RunRequest("tiny", RECIPE, StarChoice("folder", folder=str(STARS), exclude=("TIC 316",)), seed=5, workers=1)
#: Stopped in the middle: few stars, so that what is half done is small.
STOPPED = RunRequest("stopped", replace(
    RECIPE, simulated={"TESS": 10}, epochs=500, patience=500, injection=replace(RECIPE.injection, without=0.0),
), seed=7, workers=1)  # fmt: skip
SIGNAL = Ephemeris("TIC 301", "TOI-301.01", Instant(2458330.25, TimeSystem.BJD), 2.5, 3.0, 6000.0, 0.002, 2e-5, "PC")


def main(out: Path, first: Path, second: Path) -> None:
    """Make everything and copy it to ``out``."""
    assert not BASE.exists(), f"{BASE} is there"
    expected: dict[str, Any] = {}
    try:
        for place in (DATA, CACHE, STARS):
            place.mkdir(parents=True)
        write_stars()
        fill_cache(expected)
        train(expected)
        score(expected)
        survey(expected)
        decide(expected)
        tables(expected)
        waiting()
        (BASE / "expected.json").write_text(
            "{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in expected.items()) + "\n}\n", "utf-8")
        older(first, second)
        copy(out)
        write_addresses(out)
    finally:
        settle()
        shutil.rmtree(BASE, ignore_errors=True)


# ---- light curves


def flux_of(number: int, time: Any) -> Any:
    """A slow wave, a fast one in the place of noise, and dips of 6000 ppm every 2.5 days where the number is odd."""
    flux = 1 + 2e-3 * np.sin(time / 1.7 + number) + 3e-4 * np.sin(977.0 * number * np.arange(len(time)) ** 1.5)
    if number % 2:
        flux[np.abs((time - 1330.25 + 1.25) % 2.5 - 1.25) < 1.5 / 24] -= 6e-3
    return flux


def write_stars() -> None:
    """A folder of sixteen short light curves, one of a seventeenth star that is damaged, and a table of one signal."""
    time = 1326.0 + np.arange(648) * HALF_HOUR
    for number in range(301, 317):
        np.savez(STARS / f"TIC_{number}__s0001.npz", time=time, flux=flux_of(number, time), mission="TESS")
    (STARS / "TIC_317__s0001.npz").write_bytes(b"PK\x03\x04")
    Path(KNOWN).write_text(
        "target_id,name,period_days,t0,t0_system,duration_hours,disposition\nTIC 301,mine,2.5,1330.25,BTJD,3.0,PC\n", "utf-8")


def cached_curve() -> LightCurve:
    """A light curve with everything that one can have."""
    time = 1326.0 + np.arange(576) * HALF_HOUR
    flux = 1234.5 * flux_of(401, time)
    flux[20:23] = np.nan
    quality = np.zeros(576, np.int64)
    quality[100:104], quality[200] = 128, 32
    return lightcurve.make(
        target=parse_star("TIC 401"), observation="sector 1", time=time, flux=flux, flux_err=np.full(576, 0.25), quality=quality,
        instrument=missions.TESS, author="TESS-SPOC", provenance=Provenance("tess-s0001-401_lc.fits", "ab" * 32, "spoc-5.0"),
    )  # fmt: skip


def fill_cache(expected: dict[str, Any]) -> None:
    """Catalogues and light curves from the stand-in of the archives, and light curves of our own."""
    with StandIn() as server:
        os.environ["ASTROSEQ_MAST_SERVER"] = os.environ["ASTROSEQ_EXOPLANET_ARCHIVE"] = server.url
        archive.serve(server, "cumulative", [
            archive.koi(10797460, "K00752.01", kepler_name="Kepler-227 b", koi_disposition="CONFIRMED", koi_period=9.488),
        ])  # fmt: skip
        archive.serve(server, "toi", [
            archive.toi(301, 301.01, pl_orbper=2.5, pl_tranmid=2458330.25, pl_trandep=6000.0, st_tmag=9.25),
            archive.toi(303, 303.01, tfopwg_disp="FP", pl_orbper=5.0, pl_tranmid=2458330.25, st_tmag=11.0, pl_trandep=9000.0),
            archive.toi(401, 401.01, tfopwg_disp="CP", pl_orbper=2.5, pl_tranmid=2458330.25, st_tmag=7.5, pl_trandep=6100.0),
            archive.toi(401, 401.02, pl_orbper=None, pl_trandep=700.0, st_tmag=7.5),
            archive.toi(1, 1.01, pl_trandurh=None),
        ])  # fmt: skip
        archive.serve(server, "k2pandc", [
            archive.k2("K2-3 b", "EPIC 201367065", tic_id="TIC 173103335", disposition="CONFIRMED", pl_orbper=10.0546535,
                       pl_tranmid=2457165.32947, pl_trandur=2.563),
        ])  # fmt: skip
        archive.serve(server, "ps", [
            archive.planet("Kepler-227 b", "TIC 5", pl_orbper=9.4881), archive.planet("A b", "TIC 6", default_flag=0),
        ])  # fmt: skip
        archive.name(server, "WASP-401", ["WASP-401", "TIC 401"], {"WASP-401 b": ["WASP-401 b", "TIC 401 b"]})
        command("catalog", "refresh")
        name_service.datetime = Later  # type: ignore[attr-defined]
        known = name_service.look_up("WASP-401")
        name_service.datetime = datetime  # type: ignore[attr-defined]
        command("fetch", "TIC 101", "KIC 102", "TIC 109", allowed=(0, 1))
    for name in ("ASTROSEQ_MAST_SERVER", "ASTROSEQ_EXOPLANET_ARCHIVE"):
        del os.environ[name]
    cache = LightCurveCache()
    curve = cached_curve()
    cache.put(curve, exposure_seconds=1800)
    wave = np.sin(np.arange(576) / 50)
    columns = PixelColumns(
        "sector 1", TimeSystem.BTJD, curve.time, sap=curve.flux * 1.1, pdcsap=curve.flux, background=10 + wave, x=1000.5 + wave / 1e3,
        y=20.25 - wave / 1e3, quality=curve.quality, position="flux-weighted centroid",
        stellar=StellarParameters(source="the light curve's header", name="TIC 401", magnitude=7.5, band="T", teff_k=5700.0,
                                  radius_solar=1.0, logg=4.44),
    )  # fmt: skip
    cache.put_pixels(curve, columns, author="TESS-SPOC", exposure_seconds=1800)
    time = 170.0 + np.arange(400) * 29.4244 / 1440
    cache.put(lightcurve.make(
        target=parse_star("KIC 402"), observation="quarter 2", time=time, flux=flux_of(402, time), instrument=missions.KEPLER,
        author="Kepler", flattened=True,
    ))  # fmt: skip
    cache.remember_failed(parse_star("TIC 403"), "sector 9", "MAST did not answer in time.")
    cache.set_budget(5_000_000_000)
    cache.store_arrays("other", "a key: of any text", numbers=np.arange(5), names=np.array(["a", "bb"]))
    expected["cache"] = {
        "entries": [[e.target_id, e.observation, e.author, e.exposure_seconds, e.size_bytes] for e in cache.entries()],
        "size_bytes": cache.size_bytes(),
        "absent": [[a.target_id, a.what, a.reason] for a in cache.absences()],
        "failed": [[a.target_id, a.what, a.reason] for a in cache.failures()],
        "sum of TIC 101 sector 1": float(np.nansum(cache.get(parse_star("TIC 101"), "sector 1").flux)),  # type: ignore[union-attr]
    }
    expected["catalogues"] = {
        "names": {"stars": known.stars, "names": known.names, "service": known.service},
        "tables": [[s.table, s.rows, s.rows_in, dict(s.dropped), s.date.isoformat(), s.source]
                   for s in snapshots.status() if s.date],
        "signals": {
            name: [[s.name, s.target_id, s.disposition, s.period_days, s.t0, str(s.t0_system), s.duration_hours, s.depth_ppm,
                    s.magnitude, list(s.aliases), list(s.also), s.star_teff] for s in table.rows(range(len(table)))]
            for name in TABLES if (table := snapshots.read(TABLES[name])) is not None
        },
    }  # fmt: skip


class Later(datetime):
    """A clock a hundred years on: what a name service said is forgotten after a month, and the fixture is to last."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(days=36_525)


# ---- training runs


def train(expected: dict[str, Any]) -> None:
    """A run that ends, one that is stopped after some epochs and can be gone on with, one that fails."""
    runs.submit(REQUEST)
    until(runs, "tiny", State.DONE)
    runs.annotate("tiny", "first of all: ½ hour\nsecond line")
    runs.submit(STOPPED)
    deadline = time.monotonic() + 300
    while len(runs.get("stopped").epochs) < 3:
        assert runs.get("stopped").state in (State.QUEUED, State.RUNNING), log_tail(runs.get("stopped").folder)
        assert time.monotonic() < deadline, log_tail(runs.get("stopped").folder)
        time.sleep(0.02)
    runs.cancel("stopped")
    until(runs, "stopped", State.CANCELLED)
    runs.submit(replace(REQUEST, name="broken", stars=StarChoice("folder", folder="/data/none")))
    until(runs, "broken", State.FAILED)
    settle()
    found = result.load(runs.get("tiny"))
    assert found is not None
    assert found.test is not None
    assert found.groups == ("real stars", "simulated stars"), found.groups
    expected["runs"] = {
        one.run_id: {
            "state": str(one.state), "created": one.created, "epochs": [dict(e) for e in one.epochs], "problem": one.problem,
            "note": one.note, "started": one.started,
        }
        for one in runs.all_runs()
    }  # fmt: skip
    expected["result"] = {
        "seconds": found.seconds,
        "groups": {
            g: {
                "segments": r.segments, "stars": r.stars, "positives": r.positives, "base_rate": r.base_rate,
                "roc_auc": [r.roc_auc.value, r.roc_auc.low, r.roc_auc.high], "pr_auc": r.pr_auc.value, "recall": r.recall.value,
            }
            for g in found.groups for r in [found.report(g)]
        },
        "rows": [[r.run, list(r.stars), list(r.segments), list(r.roc_auc)] for r in found.rows],
        "test": {
            "channel": found.test.channel, "groups": list(found.test.groups), "probability": found.test.probability.tolist(),
            "labels": found.test.labels.tolist(),
            "mistakes": [[m.label, m.star, m.group, m.probability, m.others] for m in found.test.mistakes],
        },
    }  # fmt: skip
    promote.promote("tiny", "TESS")
    promote.promote("long-cadence-v2", "Kepler")


def until(kind: Any, name: str, state: State) -> None:
    deadline = time.monotonic() + 300
    while (one := kind.get(name)).state is not state:
        assert one.state in (State.QUEUED, State.RUNNING), (one.state, one.problem, log_tail(one.folder))
        assert time.monotonic() < deadline, log_tail(one.folder)
        kind.advance()
        time.sleep(0.05)


def settle() -> None:
    """Wait for the processes that were begun, and for those that look for the next."""
    for child in launch.children:
        child.wait(60)
    time.sleep(5)


# ---- scores


def score(expected: dict[str, Any]) -> None:
    """Simulated and cached stars by the run's model and by shipped ones, and what is kept of their segments."""
    command("score", "SIM 1", "SIM 4", "SIM 7", "TIC 401", "TIC 999", "--model", "tiny", "--resume", "--out", BASE / "scores.csv")
    command("score", "SIM 1", "SIM 4", "--model", "tess-2min-v2", "--resume", "--out", BASE / "by-shipped.csv")
    command("score", "SIM 2", "--model", "long-cadence-v2", "--resume", "--out", BASE / "by-shipped.csv")
    command("score", "SIM 4", "--model", "tiny", "--out", BASE / "by-shipped.csv", "--segments-out", BASE / "segments.csv")
    (BASE / "by-shipped.csv").unlink()
    model = load("tiny")
    stored = LightCurveCache().get(parse_star("TIC 401"), "sector 1")
    assert stored is not None
    expected["kept"] = {}
    for curves in (simulated_survey.star("SIM 4").curves, (stored,), (reading.read(STARS / "TIC_301__s0001.npz"),)):
        found = [score_curve(model, curve) for curve in curves]
        kept.remember(model.card, curves, found)
        expected["kept"][curves[0].target.id] = {
            "star_score": score_star(found).star_score,
            "sha256 of flux": hashlib.sha256(b"".join(c.flux.tobytes() for c in curves)).hexdigest(),
            "observations": [
                {"name": one.observation, "probability": one.probability.tolist(), "t_start": one.t_start.tolist(),
                 "t_stop": one.t_stop.tolist(), "num_cadences": one.num_cadences.tolist(),
                 "evidence": [len(one.evidence.time), float(np.sum(one.evidence.log_ratio)), one.evidence.step_days]}
                for one in found
            ],
        }  # fmt: skip


def survey(expected: dict[str, Any]) -> None:
    """Surveys that ended, one that failed, one that was taken out of the queue."""
    surveys.begin(SurveyRequest("drawn", SurveyChoice("simulated", "TESS", 2, 3), "tiny", workers=1))
    until(surveys, "drawn", State.DONE)
    surveys.begin(SurveyRequest("folder", SurveyChoice("folder", folder=str(STARS)), "tiny", workers=1))
    until(surveys, "folder", State.DONE)
    surveys.begin(SurveyRequest("gone", SurveyChoice("targets", targets=("SIM 1", "TIC 5")), "no-such-model", workers=3))
    until(surveys, "gone", State.FAILED)
    settle()
    with launch.one_at_a_time(settings.surveys_dir()):
        surveys.begin(SurveyRequest("called-off", SurveyChoice("sectors", "TESS", sectors=("1", "2")), workers=4))
        surveys.cancel("called-off")
    expected["surveys"] = {
        one.survey_id: {"state": str(one.state), "problem": one.problem, "result": one.result, "started": one.started}
        for one in surveys.all_surveys()
    }
    # A model that is there no more, and stars of all missions, for the leaderboard's filters.
    rows = []
    for n in range(1, 31):
        mission, prefix, system = (("TESS", "TIC", "BTJD"), ("Kepler", "KIC", "BKJD"), ("K2", "EPIC", "BKJD"))[n % 3]
        rows.append(ScoreRow(
            f"{prefix} {9000 + n}", "old-model", "0123456789abcdef", f"data {n}", mission, mission, False, "ok", 60 + n,
            30.0 - 1.25 * n, 1 - n / 40, 0.9 - n / 40, 5.0 - n / 10, 28.5 - n, 0.01 * n, None if n == 5 else 1.5 + n / 2,
            1400.25 + n, system, 8 + n / 8, f"TOI-{n}.01" if n % 5 == 0 else "", "TOI" if n % 5 == 0 else "",
            "1/2" if n % 10 == 0 else "1" if n % 5 == 0 else "", "PC" if n % 5 == 0 else "", bytes(range(n, n + 60)), "long-ago",
            1.75e9 + n, 2.5 + n / 20, 1e-4 * n, 2e-3, 0.15, 9,
        ))  # fmt: skip
    rows += [replace(row, model_id="other-model", star_score=float((7 * i) % 30)) for i, row in enumerate(rows)]
    scores.put([*rows, ScoreRow("TIC 9100", "old-model", "0123456789abcdef", "", "TESS", "TESS", status="It has no segment.")])
    expected["scores"] = [
        [r.model_id, r.target_id, r.model_sha, r.data_id, r.mission, r.seen_as, r.simulated, r.status, r.num_segments,
         r.star_score, r.score_max, r.score_topk, r.score_noisy_or, r.score_fold, r.false_alarm_probability, r.best_period_days,
         r.best_t0, r.t0_system, r.best_duration_hours, r.period_err_days, r.t0_err_days, r.duration_err_hours, r.num_transits,
         r.magnitude, r.match, r.match_kind, r.match_ratio, r.match_disposition, r.survey_id, r.at, r.spark.hex(), r.rank]
        for model in board.models() for r in board.page(Filters(model_id=model.model_id), limit=100).rows
    ]  # fmt: skip


# ---- what people decided


def decide(expected: dict[str, Any]) -> None:
    """Verdicts of three people with undos, drafts, bookmarks, ephemerides in hand, cuts, queues, files that were handed over."""
    measured = {"depth_ppm": 5890.5, "depth_err_ppm": 60.25, "duration_hours": 3.125, "check_odd_even": "pass"}
    dispositions.add(Verdict("TIC 301", "UNSURE", "ada", 1_760_000_000.25, seconds=30.0, token="t1"))
    dispositions.add(Verdict("TIC 301", "PC", "ada", 1_760_000_060.5, ("VSH", "OTH"), "=flat floor,\nsee \"fold\"; ½", SIGNAL, "tiny",
                             12.5, False, 21.5, token="t2", measured=measured))  # fmt: skip
    dispositions.add(Verdict("TIC 301", "FP", "Bob Ö.", 1_760_000_100.0, ("EB", "OED"), "", replace(SIGNAL, period_days=5.0), "tiny",
                             12.5, True, 12.0, token="t3"))  # fmt: skip
    dispositions.add(Verdict("SIM 4", "KP", "ada", 1_760_000_200.0, ("KN",), token="t4"))
    dispositions.add(Verdict("TIC 303", "FA", "ada", 1_760_000_300.0, ("SYS", "GAP"), "momentum dump", token="t5"))
    dispositions.undo("ada", "TIC 303", token="t6")
    dispositions.add(Verdict("TIC 303", "FP", "ada", 1_760_000_400.0, ("ST",), ephemeris=replace(
        SIGNAL, target_id="TIC 303", name="single", period_days=None, period_err=0.0, disposition=""), token="t7"))  # fmt: skip
    dispositions.add(Verdict("TIC 9003", "CP", "Bob Ö.", 1_760_000_500.0, model_id="old-model", score=26.25))
    table = BASE / "from-carl.csv"
    table.write_text("target_id,disposition,reviewer,at_utc,flags,note\nTIC 301,PC,carl,2025-10-01T12:00:00Z,VSH;WE,hello\n"
                     "TIC 305,FA,carl,2025-10-01T12:01:00Z,,\n", encoding="utf-8")  # fmt: skip
    command("dispositions", "import", table)
    table.unlink()
    drafts.keep(Draft("TIC 305", "ada", "look\nagain", ("DUR",), True))
    drafts.keep(Draft("SIM 7", "ada", "", (), True))
    drafts.keep(Draft("TIC 305", "Bob Ö.", "not mine", ("EB", "CO")))
    in_hand.keep(InHand("TIC 301", replace(SIGNAL, period_days=5.0, depth_ppm=None), "fold", "ada", 1_760_000_010.0))
    in_hand.keep(InHand("TIC 301", SIGNAL, "person", "ada", 1_760_000_020.0))
    in_hand.keep(InHand("SIM 4", simulated_survey.ephemerides("SIM 4")[0], "catalogue", "Bob Ö.", 1_760_000_030.0))
    flags.keep(Cut("old-model", 12.5, at=1_760_000_600.0))
    flags.keep(Cut("tiny", board.threshold_for(Filters(model_id="tiny", scored=True), 5) or 0.0, "top", 5, 1_760_000_700.0))
    made = [
        vet_queues.flagged("tiny", "uncertainty"),
        vet_queues.best("old-model", 8, "disagreement_models", ("old-model", "other-model")),
        vet_queues.best("tiny", 6, "disagreement_reviewers"),
        vet_queues.simulated(4),
        vet_queues.bookmarked("ada"),
        vet_queues.from_view(Filters(model_id="old-model", seen_as="TESS", score_min=10.0), name="TESS over ten"),
    ]  # fmt: skip
    listed = BASE / "list.csv"
    listed.write_text(f"target_id,path\nTIC 302,{STARS}/TIC_302__s0001.npz\nSIM 9,\nTOI-401.01,\n", encoding="utf-8")
    made.append(queues.make("from a table", queue_list.from_csv(listed)[0], made_from="the list list.csv"))
    listed.unlink()
    expected["queues"] = [
        {"queue_id": q.queue_id, "name": q.name, "order": q.order, "made_from": q.made_from, "num": q.num, "created": q.created,
         "items": [[i.target_id, dict(i.place), i.score, i.model_id, i.period_days, i.probability] for i in queues.items(q.queue_id)]}
        for q in made
    ]  # fmt: skip
    expected["history"] = [
        [e.number, e.at, e.verdict.target_id, e.verdict.disposition, e.verdict.reviewer, e.is_undo, e.undone, e.token,
         e.imported_from, list(e.verdict.flags), e.verdict.note]
        for e in dispositions.history()
    ]  # fmt: skip
    expected["cut of tiny"] = flags.cuts()["tiny"].threshold
    uploads.save(uploads.understand("TIC_404__mine.csv", b"time,flux,mission\n" + b"".join(
        f"{1326 + n * HALF_HOUR:.6f},{1 + 1e-3 * math.sin(n):.6f},TESS\n".encode() for n in range(60))))  # fmt: skip
    uploads.save(uploads.understand(
        "known.csv", b"target_id,name,period_days,t0,t0_system,duration_hours,depth_ppm\nTIC 404,b,3.0,1327.0,BTJD,2.88,3000\n"))
    uploads.save_targets("my list.csv", b"target_id\nSIM 3\nTIC 404\n")


def tables(expected: dict[str, Any]) -> None:
    """What the commands write for other programs, and read again."""
    command("dispositions", "export", BASE / "dispositions.csv")
    for form, name in (("csv", "candidates.csv"), ("ecsv", "candidates.ecsv"), ("votable", "candidates.vot")):
        command("export", "--model", "tiny", "--format", form, "--out", BASE / name)
    command("export", "--model", "tiny", "--full", "--out", BASE / "candidates-full.csv")
    command("export", "--model", "tiny", "--format", "exofop", "--tag", "20260115_name_description_1", "--group", "here",
            "--out", BASE / "params_planet_20260115_001.txt", allowed=(0, 1))  # fmt: skip
    command("runs", "list", "--out", BASE / "runs.csv")
    command("recover", "--model", "tiny", "--simulated", "1", "--methods", "fold,max", "--copies", "1",
            "--out", BASE / "recover.csv")  # fmt: skip


def waiting() -> None:
    """A run and a survey that wait for their turn; nothing begins them."""
    settle()
    with launch.one_at_a_time(settings.runs_dir()), launch.one_at_a_time(settings.surveys_dir()):
        runs.submit(RunRequest("waiting", recipes.recipe("long-cadence"), StarChoice("toi", dispositions=("PC", "KP")), 11, 3, True))
        surveys.begin(SurveyRequest("waiting", SurveyChoice("toi", count=9, dispositions=("PC",)), fetch=True))
        # On a cluster.
        surveys.begin(SurveyRequest("waiting", SurveyChoice("cache", "K2"), engine="dask", address="tcp://10.0.0.2:8786"))


# ---- older stores


def older(first: Path, second: Path) -> None:
    """Stores with the first and the second form of the tables, each by the code that wrote it."""
    common = (
        "from astroseq_core.ephemeris import Ephemeris\nfrom astroseq_core.store import dispositions, promoted, runs\n"
        "from astroseq_core.store.dispositions import Verdict\nfrom astroseq_core.times import Instant, TimeSystem\n"
        "from pathlib import Path\n"
        "signal = Ephemeris('TIC 1', 'b', Instant(1500.25, TimeSystem.BTJD), 3.5, 2.0, 900.0, t0_err=0.01, disposition='PC')\n"
        "dispositions.add(Verdict('TIC 1', 'PC', 'ada', 12.5, ('V-shaped',), '=1+1', signal, 'tess-2min-v2', 3.5, True, 21.0))\n"
        "dispositions.add(Verdict('TIC 1', 'FP', 'bob', 13.5))\ndispositions.add(Verdict('TIC 2', 'FA', 'ada', 14.5))\n"
        "promoted.promote('TESS', 'mine')\nruns.add('mine', Path('/data/astroseq/runs/mine'))\nruns.annotate('mine', 'a note')\n"
    )
    scored = (
        "from astroseq_core.store import flags, scores\nfrom astroseq_core.store.scores import ScoreRow\n"
        "scores.put([ScoreRow('TIC 1', 'm', 'sha', 'data', 'TESS', seen_as='TESS', num_segments=70, star_score=12.25, "
        "score_max=0.9, magnitude=9.5, match='TOI-1.01', match_kind='TOI', match_ratio='1', spark=bytes([1, 2, 255])), "
        "ScoreRow('TIC 2', 'm', 'sha', 'data', 'TESS', seen_as='TESS', star_score=3.5), "
        "ScoreRow('TIC 3', 'm', 'sha', '', 'TESS', status='no light curve')])\n"
        "flags.keep(flags.Cut('m', 5.0))\n"
    )
    for tree, code, number in ((first, common, 1), (second, common + scored, 2)):
        place = BASE / "old"
        subprocess.run([sys.executable, "-c", code], cwd=tree, check=True, env=os.environ | {
            "PYTHONPATH": str(tree), "ASTROSEQ_DATA": str(place), "ASTROSEQ_CACHE": str(place)})  # fmt: skip
        closed(place / database.NAME)
        (BASE / "older").mkdir(exist_ok=True)
        (place / database.NAME).rename(BASE / "older" / f"astroseq-{number}.sqlite")
        shutil.rmtree(place)


def closed(path: Path) -> None:
    """Bring all that was written into the one file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not path.with_name(f"{path.name}-wal").exists()


def copy(out: Path) -> None:
    """Everything but the light curves that the surveys read, locks that nobody holds, and folders that Git would not keep."""
    closed(database.path())
    closed(CACHE / "lightcurves" / "index.sqlite")
    for old in ("data", "cached", "older", "tables", "cards", "stars"):
        shutil.rmtree(out / old, ignore_errors=True)
    shutil.copytree(DATA, out / "data", ignore=shutil.ignore_patterns(".queue.lock"))
    shutil.copytree(CACHE, out / "cached", ignore=shutil.ignore_patterns("incoming"))
    shutil.copytree(BASE / "older", out / "older")
    (out / "tables").mkdir()
    (out / "stars").mkdir()
    for number in (301, 304):
        shutil.copy(STARS / f"TIC_{number}__s0001.npz", out / "stars")
    shutil.copy(KNOWN, out / "known.csv")
    for path in sorted(BASE.iterdir()):
        if path.is_file() and path.name not in ("expected.json", "known.csv"):
            shutil.copy(path, out / "tables")
    shutil.copy(BASE / "expected.json", out)
    for path in sorted(out.rglob("*.sqlite")):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()
    for card in cards.shipped():
        (out / "cards" / card.model_id).mkdir(parents=True)
        shutil.copy(cards.folder_of(card.model_id) / cards.CARD_NAME, out / "cards" / card.model_id)


# ---- addresses


def write_addresses(out: Path) -> None:
    """Each address as today's page leaves it, with what it means; what it means was written down by hand."""
    queue = next(q["queue_id"] for q in json.loads((out / "expected.json").read_text())["queues"] if q["name"] == "Simulated survey")
    lines = []
    for page, query, means in addresses(queue):
        written = query
        if page in ("4_Train.py", "5_Leaderboard.py", "6_Survey.py"):
            written = as_left(page, query)
        lines.append({"page": page, "query": urlencode(written, doseq=True), "means": means})
    (out / "addresses.json").write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")


def as_left(page: str, query: dict[str, Any]) -> dict[str, Any]:
    """The address that the page leaves in the browser when it was opened by that one."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(Path.cwd() / "pages" / page), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    with launch.one_at_a_time(settings.runs_dir()), launch.one_at_a_time(settings.surveys_dir()):
        app.run()
    assert not app.exception, app.exception
    assert not app.warning or page == "4_Train.py", [w.value for w in app.warning]
    return dict(app.query_params)


def addresses(queue: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Page, address, and what it means."""
    stars = str(STARS)
    return [
        ("1_Explore.py", {"target": "SIM 4", "model": "tiny", "detrending": "biweight", "window": "1.25", "tab": "Ephemerides"},
         {"star": "SIM 4", "source": "simulated", "model": "tiny", "detrending": "biweight", "window": 1.25, "tab": "Ephemerides"}),
        ("1_Explore.py", {"source": "cache", "target": "TIC 401", "model": "tiny", "segment": "3", "tab": "Segment"},
         {"star": "TIC 401", "source": "cache", "model": "tiny", "segment": 3, "tab": "Segment"}),
        ("1_Explore.py", {"source": "cache", "target": "KIC 102", "mission": "Kepler", "obs": "quarter 2", "detrending": "none"},
         {"star": "KIC 102", "source": "cache", "mission": "Kepler", "obs": ["quarter 2"], "detrending": "none"}),
        ("1_Explore.py", {"source": "files", "folder": stars, "ephemerides": KNOWN, "target": "TIC 301",
                          "model": "best", "tab": "Data"},
         {"star": "TIC 301", "source": "files", "folder": stars, "ephemerides": KNOWN, "model": "best", "tab": "Data",
          "signals": ["mine"]}),
        ("2_Data.py", {"tab": "Cached", "rows": "observations", "filter": "101"},
         {"tab": "Cached", "rows": [["TIC 101", "sector 1"], ["TIC 101", "sector 3"]]}),
        ("2_Data.py", {"tab": "Your files", "folder": stars}, {"tab": "Your files", "folder": stars}),
        ("3_TOIs.py", {"disposition": "PC", "period_days_min": "2", "magnitude_max": "10"}, {"tois": ["TOI-301.01"]}),
        ("3_TOIs.py", {"disposition": ["CP", "FP"], "depth_ppm_min": "5000", "depth_ppm_max": "9500", "text": "tic"},
         {"tois": ["TOI-303.01", "TOI-401.01"]}),
        ("3_TOIs.py", {"single": "single", "toi": "TOI-401.02"}, {"tois": ["TOI-401.02"], "toi": "TOI-401.02"}),
        ("3_TOIs.py", {"single": "repeated", "magnitude_min": "9", "period_days_max": "3"}, {"tois": ["TOI-301.01"]}),
        ("4_Train.py", {"window": "128", "stride": "32", "ratio": "3.5", "epochs": "2", "cadence": "20", "detrending": "median",
                        "trend": "1.5", "channels": "flat,gap", "copies": "2", "copies_simulated": "4", "star_cap": "90",
                        "cap": "none", "hard": "0.25", "resample": "smote", "loss": "focal", "alpha": "0.75", "gamma": "1.5",
                        "cadence_weight": "0.25", "patience": "1", "batch": "32", "rate": "0.002", "base_rate": "0.3",
                        "part_train": "0.5", "part_validation": "0.2", "part_calibration": "0.1", "part_test": "0.2",
                        "simulated_TESS": "12", "seed": "7", "workers": "3", "options": '{"widths": [16, 24]}'},
         {"recipe": "quick", "window": 128, "stride": 32, "ratio": 3.5, "epochs": 2, "cadence": 20.0, "detrending": "median",
          "trend": 1.5, "channels": ["flat", "gap"], "copies": 2, "copies_simulated": 4, "star_cap": 90, "cap": None, "hard": 0.25,
          "resample": "smote", "labels": "injected", "architecture": "transit_unet_1d", "loss": "focal", "alpha": 0.75, "gamma": 1.5,
          "cadence_weight": 0.25, "patience": 1, "batch": 32, "rate": 0.002, "base_rate": 0.3,
          "parts": {"train": 0.5, "validation": 0.2, "calibration": 0.1, "test": 0.2}, "simulated": {"TESS": 12}, "seed": 7,
          "workers": 3, "options": {"widths": [16, 24]}, "source": "simulated", "folder": "", "ephemerides": "", "mission": "",
          "dispositions": [], "exclude": [], "verdicts": False}),
        ("4_Train.py", {"recipe": "tess-30min", "source": "folder", "folder": stars, "ephemerides": KNOWN,
                        "exclude": "TIC 304, TIC 305", "ratio": "none", "labels": "published",
                        "architecture": "inception_resnet_1d", "star_cap": "none", "epochs": "3"},
         {"recipe": "tess-30min", "ratio": None, "labels": "published", "architecture": "inception_resnet_1d", "star_cap": None,
          "epochs": 3, "source": "folder", "folder": stars, "ephemerides": KNOWN, "exclude": ["TIC 304", "TIC 305"],
          "window": 128, "stride": 32, "seed": 1, "workers": 2, "options": {}}),
        ("4_Train.py", {"recipe": "long-cadence", "source": "cache", "mission": "Kepler", "simulated_Kepler": "30",
                        "simulated_K2": "0"},
         {"recipe": "long-cadence", "source": "cache", "mission": "Kepler", "simulated": {"Kepler": 30}}),
        ("4_Train.py", {"tab": "Runs", "run": "tiny", "group": "simulated stars", "threshold": "0.400", "mistakes": "Misses"},
         {"run": "tiny", "group": "simulated stars", "threshold": 0.4, "mistakes": "Misses"}),
        ("4_Train.py", {"tab": "Runs", "text": "quick", "state": ["done", "cancelled"], "compare": "tiny,stopped"},
         {"runs": ["stopped", "tiny"], "compared": ["stopped", "tiny"]}),
        ("5_Leaderboard.py", {"model": "old-model", "mission": "TESS", "stars": "real", "object": "unknown", "score_min": "0",
                              "score_max": "25", "segments_min": "64", "segments_max": "87", "magnitude_min": "8.5",
                              "magnitude_max": "11.5", "period_min": "2", "period_max": "14", "sort": "magnitude",
                              "order": "lowest first", "star": "TIC 9006"},
         {"model": "old-model", "stars": ["TIC 9006", "TIC 9009", "TIC 9012", "TIC 9018", "TIC 9021", "TIC 9024"],
          "star": "TIC 9006"}),
        ("5_Leaderboard.py", {"model": "old-model", "text": "TIC 90", "cut": "flagged", "disposition": "judged", "sort": "star"},
         {"model": "old-model", "stars": ["TIC 9003"]}),
        ("5_Leaderboard.py", {"model": "old-model", "disposition": "none", "object": "known", "cut": "not flagged", "page": "1"},
         {"model": "old-model", "stars": ["TIC 9015", "EPIC 9020", "KIC 9025", "TIC 9030"]}),
        ("5_Leaderboard.py", {"model": "old-model", "tab": "Cut", "threshold": "12.5"}, {"model": "old-model", "threshold": 12.5}),
        ("5_Leaderboard.py", {"model": "old-model", "tab": "Cut", "top": "7"}, {"model": "old-model", "top": 7}),
        ("5_Leaderboard.py", {"model": "other-model", "tab": "Two models", "against": "old-model"},
         {"model": "other-model", "against": "old-model"}),
        ("5_Leaderboard.py", {"model": "tiny", "stars": "simulated", "sort": "star", "order": "lowest first", "tab": "Stars"},
         {"model": "tiny", "stars": ["SIM 1", "SIM 1205000000", "SIM 1205000001", "SIM 4", "SIM 7"]}),
        ("6_Survey.py", {"source": "simulated", "mission": "K2", "count": "500", "seed": "7", "model": "tess-2min-v2",
                         "workers": "3"},
         {"source": "simulated", "mission": "K2", "count": 500, "seed": 7, "model": "tess-2min-v2", "workers": 3, "fetch": False,
          "engine": "local", "scheduler": ""}),
        ("6_Survey.py", {"source": "targets", "targets": "SIM 1,TIC 5", "fetch": "true"},
         {"source": "targets", "targets": ["SIM 1", "TIC 5"], "fetch": True, "model": "", "workers": 2}),
        ("6_Survey.py", {"source": "toi", "dispositions": "PC,FP", "count": "9"},
         {"source": "toi", "dispositions": ["PC", "FP"], "count": 9}),
        ("6_Survey.py", {"source": "sectors", "mission": "TESS", "sectors": "1,3", "count": "2"},
         {"source": "sectors", "mission": "TESS", "sectors": ["1", "3"], "count": 2}),
        ("6_Survey.py", {"source": "folder", "folder": stars, "mission": "TESS", "count": "4", "model": "tiny"},
         {"source": "folder", "folder": stars, "mission": "TESS", "count": 4, "model": "tiny"}),
        ("6_Survey.py", {"source": "cache", "mission": "Kepler"}, {"source": "cache", "mission": "Kepler", "count": 0}),
        ("6_Survey.py", {"tab": "Surveys", "survey": "folder"}, {"survey": "folder"}),
        ("7_Vet.py", {"queue": queue, "at": "4", "reviewer": "ada", "blind": "1"},
         {"star": "SIM 4", "reviewer": "ada", "blind": True, "at": 4}),
        ("7_Vet.py", {"target": "SIM 4", "reviewer": "Bob Ö.", "model": "tiny", "tab": "Details"},
         {"star": "SIM 4", "reviewer": "Bob Ö.", "blind": False, "tab": "Details"}),
        ("7_Vet.py", {"target": "TIC 301", "source": "files", "folder": stars, "ephemerides": KNOWN, "model": "tiny",
                      "reviewer": "ada", "signal": "mine"},
         {"star": "TIC 301", "reviewer": "ada", "blind": False, "signal": "mine"}),
        ("7_Vet.py", {"reviewer": "ada", "tab": "Verdicts"}, {"reviewer": "ada", "tab": "Verdicts"}),
    ]  # fmt: skip


def command(*words: Any, allowed: tuple[int, ...] = (0,)) -> None:
    """Carry out a command of AstroSeq's."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = cli.main([str(w) for w in words])
    assert status in allowed, (words, said.getvalue())


if __name__ == "__main__":
    main(*(Path(a).resolve() for a in sys.argv[1:4]))
