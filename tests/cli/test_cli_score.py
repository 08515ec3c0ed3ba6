"""`score` with its sinks: files, the store, or both; the same engine and the same scores whatever is asked."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroseq_core.cli import main
from astroseq_core.columns import SIGNALS_CSV
from astroseq_core.export.score_tables import ScoreFiles
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.networks.model import load
from astroseq_core.scoring import false_alarm
from astroseq_core.scoring.segments import score_light_curve
from astroseq_core.scoring.star import score_star
from astroseq_core.scoring.star_source import StarSource, folder_sources
from astroseq_core.store import scores
from astroseq_core.surveys import engine
from astroseq_core.surveys.results import StarResult
from astroseq_core.targets import parse_star
from tests.surveys.conftest import dips, made, write

Run = Callable[..., dict[str, Any]]
NAMES = [f"TIC {n}" for n in (11, 12, 13, 14)]


@pytest.fixture
def folder(home_with_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Light curves of four stars, one of them in two files, one broken; and two tiny models."""
    monkeypatch.setenv("ASTROSEQ_HOME", str(home_with_models))
    monkeypatch.chdir(tmp_path)
    for name in NAMES[:3]:
        write(tmp_path / "lc", name, days=4.0)
    write(tmp_path / "lc", NAMES[1], "s0002", days=5.0)
    (tmp_path / "lc" / "TIC_14__s0001.npz").write_bytes(b"PK\x03\x04")
    return tmp_path / "lc"


@pytest.fixture
def score(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `score` and return what it says with --json."""

    def run(*arguments: object) -> dict[str, Any]:
        capsys.readouterr()
        assert main.main(["score", *map(str, arguments), "--json"]) == 0
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        return said

    return run


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stars that are read from here on."""
    names: list[str] = []
    original = StarSource.read
    monkeypatch.setattr(StarSource, "read", lambda self: names.append(self.target_id) or original(self))
    return names


def rows(path: Path | str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def numbers(table: list[dict[str, str]]) -> dict[str, list[float]]:
    return {r["target_id"]: [float(r[c]) for c in ("star_score", "score_max", "num_segments") if r[c]] for r in table}


def test_files_hold_what_each_star_scores_alone_in_the_order_of_the_stars(folder: Path, score: Run) -> None:
    said = score(folder, "SIM 4", "SIM 2", "--workers", 2, "--segments-out", "segments.csv")
    counts = {"segments": len(rows("segments.csv")), "signals": len(rows("signals.csv"))}
    assert said == {"stars": 5, "failed": 1, "scores": "scores.csv", "signals_out": "signals.csv"} | counts
    table = rows("scores.csv")
    # Targets come first, then those of paths, as it always was; the Kepler star does not go to the end with its own batch.
    assert [r["target_id"] for r in table] == ["SIM 4", "SIM 2", *NAMES]
    assert [r["model_id"] for r in table[:3]] == ["tiny", "tiny-long", "tiny"]
    assert "TIC_14__s0001.npz" in table[-1]["status"]
    segments = rows("segments.csv")
    assert list(dict.fromkeys(r["target_id"] for r in segments)) == ["SIM 4", "SIM 2", *NAMES[:3]]
    for star in folder_sources(folder):
        if star.target_id == NAMES[3]:
            continue
        alone = [score_light_curve(load("tiny"), curve) for curve in star.read().light_curves]
        own = [r for r in segments if r["target_id"] == star.target_id]
        probability = np.concatenate([part.probability for part in alone])
        assert [float(r["probability"]) for r in own] == pytest.approx(probability.tolist(), abs=2e-6)
        assert [r["segment"] for r in own] == [str(n) for part in alone for n in part.segment]
        (row,) = (r for r in table if r["target_id"] == star.target_id)
        assert float(row["score_fold"]) == pytest.approx(score_star(alone).score_fold, abs=2e-3)
    assert scores.list_by_star(NAMES[0]) == ()  # only --resume keeps them


def test_resume_is_the_store_as_well_and_passes_over_what_it_has(folder: Path, score: Run, read: list[str]) -> None:
    score(folder, "--out", "plain.csv")
    read.clear()
    said = score(folder, "--resume")
    assert (said["stars"], said["done"], said["skipped"], said["failed"]) == (3, 3, 0, 1)
    assert rows("scores.csv") == rows("plain.csv")
    (kept,) = scores.list_by_star(NAMES[0])
    assert round(kept.star_score or 0, 4) == float(rows("scores.csv")[0]["star_score"])
    read.clear()
    write(folder, NAMES[2], days=6.0)
    said = score(
        folder, "SIM 4", "--resume", "--model", "tiny", "--out", "again.csv"
    )  # a folder and targets together, as without
    assert (said["stars"], said["done"], said["skipped"], said["failed"]) == (4, 2, 2, 1)
    assert sorted(read) == ["SIM 4", NAMES[2], NAMES[3]]
    again = rows("again.csv")
    assert [r["target_id"] for r in again] == ["SIM 4", *NAMES]
    assert again[1:3] == rows("scores.csv")[:2]
    assert again[3]["num_segments"] != rows("scores.csv")[2]["num_segments"]


def test_resume_with_segments_has_those_of_every_star(folder: Path, score: Run) -> None:
    score(folder, "--segments-out", "plain-segments.csv", "--out", "plain.csv")
    score(folder, "--resume", "--out", "first.csv")
    before = scores.list_by_star(NAMES[0])
    said = score(folder, "--resume", "--segments-out", "segments.csv")
    assert (said["done"], said["skipped"]) == (3, 0)
    assert rows("segments.csv") == rows("plain-segments.csv")
    assert numbers(rows("scores.csv")) == numbers(rows("plain.csv"))
    assert scores.list_by_star(NAMES[0]) == before, "the stored score is from the same data and stays"


def test_false_alarms_go_to_the_files_and_the_store(folder: Path, score: Run, read: list[str]) -> None:
    score(NAMES[0], "--targets-file", listed(folder), "--resume")
    assert scores.list_by_star(NAMES[0])[0].false_alarm_probability is None
    score("--targets-file", listed(folder), "--resume", "--false-alarm-copies", 4, "--segments-out", "segments.csv")
    (star,) = (s for s in folder_sources(folder) if s.target_id == NAMES[0])
    curves, model = star.read().light_curves, load("tiny")
    alone = score_star([score_light_curve(model, c) for c in curves])
    told = false_alarm.with_false_alarm_probability(model, curves, alone, 4).false_alarm_probability
    assert float(rows("scores.csv")[0]["false_alarm_probability"]) == pytest.approx(told, rel=1e-3)
    assert scores.list_by_star(NAMES[0])[0].false_alarm_probability == pytest.approx(told, rel=1e-3)
    assert rows("segments.csv")
    # Whoever has one is passed over; without --false-alarm-copies the stored one is written, too.
    read.clear()
    for more in (("--false-alarm-copies", 4), ()):
        assert score("--targets-file", listed(folder), "--resume", "--model", "tiny", *more)["skipped"] == 1
        assert float(rows("scores.csv")[0]["false_alarm_probability"]) == pytest.approx(told, rel=1e-3)
    assert read == []
    assert main.main(["score", NAMES[0], "--false-alarm-copies", "2"]) == 1


def test_signals_have_rows_beside_the_scores_from_the_store_as_well(
    folder: Path, score: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, "TIC 15", **dips("TIC 15"))
    said = score(folder, "--resume", "--out", "plain.csv")
    assert said["signals_out"] == "plain-signals.csv", "another survey in this folder has its own"
    assert not Path("signals.csv").exists()
    found = rows("plain-signals.csv")
    assert tuple(found[0]) == SIGNALS_CSV
    table = {r["target_id"]: r for r in rows("plain.csv")}
    assert said["signals"] == len(found) == sum(int(r["num_signals"] or 0) for r in table.values())
    own = [r for r in found if r["target_id"] == "TIC 15"]
    assert float(own[0]["period_days"]) == pytest.approx(2.4, abs=0.01)
    for name in {r["target_id"] for r in found}:
        own = [r for r in found if r["target_id"] == name]
        assert [r["signal"] for r in own] == [str(n) for n in range(1, len(own) + 1)]
        best = max(own, key=lambda r: float(r["planet_score"]))
        assert (table[name]["best_signal"], table[name]["planet_score"]) == (best["signal"], best["planet_score"])
    assert table[NAMES[3]]["num_signals"] == table[NAMES[3]]["planet_score"] == ""
    assert score(folder, "--resume", "--signals-out", "again.csv")["skipped"] == 4
    assert rows("again.csv") == found
    assert "signals" not in score(NAMES[0], "--targets-file", listed(folder), "--no-signals", "--out", "without.csv")
    assert not Path("without-signals.csv").exists()
    assert rows("without.csv")[0]["num_signals"] == ""
    for wrong in (("--out", "a.csv", "--signals-out", "a.csv"), ("--no-signals", "--signals-out", "a.csv")):
        assert main.main(["score", str(folder), *wrong]) == 1
        assert "signals" in capsys.readouterr().err


def test_every_name_that_is_none_is_told_and_a_list_of_targets_is_pointed_at_its_option(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("names.csv").write_text("target_id\nSIM 1\n")
    assert main.main(["score", "names.csv", "first wrong", "SIM -1", NAMES[0]]) == 1
    said = capsys.readouterr().err
    for part in (
        "names.csv is a list of targets; give it as --targets-file names.csv.",
        "'first wrong'",
        "'SIM -1' has a negative",
    ):
        assert part in said
    Path("names.csv").write_text("target_id\nSIM 1\nfirst wrong\nsecond wrong\n")
    assert main.main(["score", "--targets-file", "names.csv"]) == 1
    said = capsys.readouterr().err
    assert "line 3: 'first wrong'" in said
    assert "line 4: 'second wrong'" in said


def listed(folder: Path) -> Path:
    path = folder.parent / "targets.csv"
    path.write_text(f"target_id,path\n{NAMES[0]},{folder / 'TIC_11__s0001.npz'}\n")
    return path


def test_a_failure_leaves_the_stored_score_in_the_table(folder: Path, score: Run) -> None:
    LightCurveCache().put(made("TIC 21"))
    score("TIC 21", "SIM 4", "--resume", "--model", "tiny")
    first = rows("scores.csv")
    LightCurveCache().purge(parse_star("TIC 21"))
    assert score("TIC 21", "SIM 4", "--resume", "--model", "tiny")["failed"] == 1
    assert rows("scores.csv") == first


def test_what_is_interrupted_leaves_the_old_files_and_keeps_what_is_scored(
    folder: Path, score: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(NAMES[0], "--targets-file", listed(folder))
    before = Path("scores.csv").read_bytes()
    write_one = ScoreFiles.write
    came: list[str] = []

    def interrupt(self: ScoreFiles, result: StarResult) -> None:
        write_one(self, result)
        came.append(result.target_id)
        if len(came) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(ScoreFiles, "write", interrupt)
    many = ("SIM 1", "SIM 4", "SIM 7", "SIM 10", "SIM 13")
    assert main.main(["score", *many, "--model", "tiny", "--resume", "--segments-out", "segments.csv"]) != 0
    assert Path("scores.csv").read_bytes() == before
    assert not Path("segments.csv").exists()
    assert not list(Path().glob(".*.csv-*"))
    monkeypatch.setattr(ScoreFiles, "write", write_one)
    kept = [name for name in many if scores.list_by_star(name)]
    assert sorted(kept) == sorted(came)
    said = score(*many, "--model", "tiny", "--resume")
    assert (said["skipped"], said["done"]) == (len(kept), len(many) - len(kept))
    assert [r["target_id"] for r in rows("scores.csv")] == list(many)


def test_a_star_of_a_rare_model_holds_back_no_more_than_so_many(
    folder: Path, score: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MAX_OVERTAKING", 4)
    waiting: list[int] = []
    write_one = ScoreFiles.write
    monkeypatch.setattr(ScoreFiles, "write", lambda self, result: write_one(self, result) or waiting.append(len(self._early)))
    names = ["SIM 5", *(f"SIM {n}" for n in range(1, 61, 3))]  # the Kepler star's segments fill no batch
    score(*names)
    assert [r["target_id"] for r in rows("scores.csv")] == names
    assert 0 < max(waiting) <= 5


def test_a_name_of_the_catalogs_is_taken_and_a_planets_is_refused(
    folder: Path, score: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    LightCurveCache().put(made("TIC 100100827"))
    assert score("WASP-18")["stars"] == 1
    assert rows("scores.csv")[0]["target_id"] == "TIC 100100827"
    assert main.main(["score", "TOI-700 d"]) == 1
    assert "planet's name" in capsys.readouterr().err


def test_every_file_is_scored_or_named_in_table_counts_and_errors(
    folder: Path, score: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    from astropy.io import fits

    for path in folder.glob("TIC_1[234]*"):
        path.unlink()
    curve = made("TIC 11")
    np.savetxt(folder / "nobody.csv", np.c_[curve.time, curve.flux], delimiter=",", header="time,flux", comments="")
    (folder / "deeper").mkdir()
    (folder / "deeper" / "nobody.csv").write_bytes((folder / "nobody.csv").read_bytes())
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns([fits.Column("TIME", "D", array=curve.time)])]).writeto(
        folder / "unnamed.fits"
    )
    (folder / "TIC_11__s0009.npz").write_bytes(b"PK\x03\x04")
    (folder / "known.csv").write_text("target_id,name\nTIC 11,b\n")
    assert main.main(["score", str(folder), "--json"]) == 0
    said = capsys.readouterr()
    # The star, and the four files that are in no score; a table of something else is only named.
    counts = json.loads(said.out)
    assert (counts["stars"], counts["failed"], counts["left_out"]) == (1, 4, 1)
    table = {r["target_id"]: r["status"] for r in rows("scores.csv")}
    assert table["TIC 11"] == "ok"
    refused = ["TIC_11__s0009.npz", str(folder / "nobody.csv"), str(folder / "deeper" / "nobody.csv"), "unnamed.fits"]
    assert sorted(table) == sorted(["TIC 11", *refused])
    assert all("which star" in table[name] for name in refused[1:])
    assert "truncated" in table[refused[0]]
    for name in (*refused, "known.csv"):
        assert Path(name).name in said.err
    for alone in (folder / "nobody.csv", folder / "unnamed.fits", folder / "deeper"):
        assert main.main(["score", str(alone), "--json"]) == 1
        said = capsys.readouterr()
        assert json.loads(said.out)["failed"] == len(rows("scores.csv")) == 1
        assert "which star" in said.err
        assert rows("scores.csv")[0]["status"] != "ok"
    assert main.main(["score", str(folder / "known.csv"), "--json"]) == 1
    assert "known.csv" in capsys.readouterr().err


def test_an_error_names_its_file_once(folder: Path, score: Run, capsys: pytest.CaptureFixture[str]) -> None:
    curve = made("TIC 11")
    for path in (folder.parent / "nobody.csv", folder / "nobody.csv", folder / "deeper" / "nobody.csv"):
        path.parent.mkdir(exist_ok=True)
        np.savetxt(path, np.c_[curve.time, curve.flux], delimiter=",", header="time,flux", comments="")
    Path("empty.csv").touch()
    for given in ("nobody.csv", "empty.csv", folder):
        main.main(["score", str(given)])
        lines = [line for line in capsys.readouterr().err.splitlines() if "nobody.csv" in line or "empty.csv" in line]
        assert len(lines) == (2 if given == folder else 1)
        assert all(line.count("nobody.csv") + line.count("empty.csv") == 1 for line in lines), lines
        assert given != folder or {str(folder / "nobody.csv"), str(folder / "deeper" / "nobody.csv")} == {
            line.partition(": ")[0] for line in lines
        }


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_name_does_not_stand_for_everything_in_this_folder(
    folder: Path, empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["score", empty]) == 1
    assert "An empty name was given" in capsys.readouterr().err
    assert not (folder.parent / "scores.csv").exists()


def test_products_of_one_time_count_once_and_are_said(folder: Path, score: Run, capsys: pytest.CaptureFixture[str]) -> None:
    alone = folder.parent / "alone"
    write(alone, "TIC 31", "one", days=9.0)
    score(alone, "--out", "alone.csv", "--model", "tiny")
    several = folder.parent / "several"
    one = made("TIC 31", "one", days=9.0)
    path = write(several, "TIC 31", "one", days=9.0)
    (several / "TIC_31__copy.npz").write_bytes(path.read_bytes())
    third = one.time[: len(one.time) // 3 * 3].reshape(-1, 3).mean(1)
    np.savez(several / "slow.npz", time=third, flux=np.interp(third, one.time, one.flux), target_id="TIC 31", mission="TESS")
    assert main.main(["score", str(several), "--json", "--out", "several.csv", "--model", "tiny"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["left_out"] == 2
    assert "slow (360 s) is left out: TIC_31__" in said.err
    assert "has the same content" in said.err
    assert numbers(rows("several.csv")) == numbers(rows("alone.csv"))
    # A person may prefer another one; this one has no model and gives way.
    assert main.main(["score", str(several), "--json", "--out", "slow.csv", "--prefer", "360 s"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["failed"] == 1
    assert "slow is TESS at 6 min" in said.err
    assert numbers(rows("slow.csv")[:1]) == numbers(rows("alone.csv"))
    assert rows("slow.csv")[1]["target_id"] == "slow.npz"
    score(several, "--out", "copy.csv", "--segments-out", "segments.csv", "--model", "tiny", "--prefer", "TIC_31__copy.npz")
    assert {r["observation"] for r in rows("segments.csv")} == {"TIC_31__copy"}


def test_astroseqs_own_folders_inside_a_folder_are_no_light_curves_and_are_said(
    folder: Path, score: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from astroseq_core.store import thresholds
    from astroseq_core.surveys.queue import SURVEYS, SurveyRequest
    from astroseq_core.surveys.stars import SurveyChoice

    monkeypatch.setenv("ASTROSEQ_CACHE", str(folder / "own" / "cache"))
    monkeypatch.setenv("ASTROSEQ_DATA", str(folder / "own" / "data"))
    LightCurveCache().put(made("TIC 77"))
    LightCurveCache().save_arrays("other", "key", time=np.arange(5.0), flux=np.ones(5))
    thresholds.delete("none")  # which makes the store
    survey = SURVEYS.submit(SurveyRequest("kept", SurveyChoice()), begin=False)
    write(survey.folder / "work", "TIC 78")
    (survey.folder / "started.json").write_text("{}")
    upload = write(folder / "own" / "data" / "uploads" / "lightcurves", "TIC 79")
    score(folder)
    assert [r["target_id"] for r in rows("scores.csv")] == NAMES
    monkeypatch.setenv("ASTROSEQ_CACHE", str(folder.parent / "another"))  # they are known by what they are, not where
    assert main.main(["score", str(folder), "--json"]) == 0
    said = capsys.readouterr().err
    assert said.count("AstroSeq keeps its own files") == 1
    assert [r["target_id"] for r in rows("scores.csv")] == NAMES
    # A person's uploads may be named, and folders of the cache may not.
    score(upload.parent)
    assert [r["target_id"] for r in rows("scores.csv")] == ["TIC 79"]
    for inside in ("own/cache", "own/cache/lightcurves", "own/cache/lightcurves/curves/TIC_77"):
        assert main.main(["score", str(folder / inside)]) == 1
        assert "AstroSeq keeps its own files" in capsys.readouterr().err


def test_a_preference_that_nothing_meets_is_said_with_what_there_is(
    folder: Path, score: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    LightCurveCache().put(made("TIC 21"))
    LightCurveCache().put(made("TIC 21", author="QLP"))

    def said(*arguments: object) -> list[str]:
        capsys.readouterr()
        main.main(["score", *map(str, arguments)])
        return [line for line in capsys.readouterr().err.splitlines() if "usual order" in line]

    lines = said(folder, "TIC 21", "--prefer", "qpl", "--prefer", "20 s", "--prefer", "120 s", "--prefer", "TIC_12__s0002")
    assert len(lines) == 2
    assert "'qpl'" in lines[0]
    assert "'20 s'" in lines[1]
    # What it says that there is can be preferred.
    offered = lines[0].partition("there are: ")[2].rstrip(".").split(", ")
    assert set(offered) == {"120 s", "SPOC 120 s", "QLP"}
    for word in offered:
        assert said(folder, "TIC 21", "--prefer", word) == []
    assert len(said("SIM 1", "--prefer", "QLP")) == 1
    assert said("TIC 21") == []


@pytest.mark.parametrize("option", ["--out", "--signals-out", "--segments-out"])
def test_a_light_curve_or_a_list_is_not_written_over(folder: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    curve = folder / "TIC_11__s0001.npz"
    table = folder.parent / "stars.csv"
    table.write_text(f"target_id,path\nTIC 11,{curve}\n")
    for given, kept in (([str(curve)], curve), (["--targets-file", str(table)], table)):
        before = kept.read_bytes()
        assert main.main(["score", *given, option, str(kept)]) == 1
        assert f"{kept} is what is read; give another file to write." in capsys.readouterr().err
        assert kept.read_bytes() == before
