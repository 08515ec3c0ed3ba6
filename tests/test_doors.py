"""Damaged runs, surveys, models, queues, cache entries: each is listed as damaged with what to do, and the others stand."""

import io
import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroseq_core import settings
from astroseq_core.cli.main import main
from astroseq_core.errors import AstroSeqError, ModelError, SettingsError, StoreError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.cache_index import INDEX_NAME
from astroseq_core.jobs import job as folders
from astroseq_core.jobs import queue as queue_module
from astroseq_core.jobs.queue import Queue
from astroseq_core.networks import card as cards
from astroseq_core.networks import model as damaged_networks
from astroseq_core.networks.card import CARD_NAME, MODEL_NAME
from astroseq_core.networks.model import check_network, load_network
from astroseq_core.store import (
    damaged,
    database,
    dispositions,
    ephemerides,
    leaderboard,
    leaderboard_filters,
    notes,
    queues,
    runs,
    scores,
    thresholds,
)
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.notes import Draft
from astroseq_core.store.queue_orders import QueueItem
from astroseq_core.store.scores import ScoreRow
from astroseq_core.store.thresholds import ScoreThreshold
from astroseq_core.surveys.queue import SURVEYS
from astroseq_core.training.fit import HISTORY_NAME
from astroseq_core.training.runs import results
from astroseq_core.training.runs.queue import RUNS
from tests import mutations
from tests.app import survey_folders, train_folders
from tests.app.driving import opened, press, words

pytestmark = pytest.mark.usefixtures("pages_open_quickly")


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of jobs that would have begun; no process ever does."""
    names: list[str] = []
    monkeypatch.setattr(queue_module, "launch_job", lambda folder, module: names.append(folder.name))
    return names


def is_sentence(text: str) -> None:
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 700


# ---- runs and surveys


def run_lists(capsys: pytest.CaptureFixture[str]) -> str:
    """All that lists runs and must go on: the table, the command, its JSON, and the run's own rows."""
    jobs, _ = RUNS.read_all()
    rows = results.log_rows(jobs)
    for job, row in zip(jobs, rows, strict=True):
        results.setting_rows(job)
        is_sentence(row["problem"] or ".")
        for sentence in job.warnings:
            is_sentence(sentence)
    assert main(["runs", "list"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", [folders.REQUEST_NAME, folders.RESULT_NAME, folders.STARTED_NAME, folders.PROGRESS_NAME])
def test_a_run_with_a_damaged_file_hides_no_other(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    train_folders.queued("sound")
    run = train_folders.done("hurt")
    folders.write_json(run.folder / folders.PROGRESS_NAME, {"phase": "training", "done": 3, "in_all": 4, "seconds_left": 5.0})
    path = run.folder / name
    text = path.read_text("utf-8")
    for number, data in enumerate(mutations.mutated(text, 28)):
        path.write_bytes(data)
        if number % 5:
            results.log_rows(RUNS.jobs())
            continue
        printed = run_lists(capsys)
        assert "sound" in printed
        assert "hurt" in printed, "what is damaged is shown"
        jobs, broken = RUNS.read_all()
        assert {j.job_id for j in jobs} | {d.job_id for d in broken} == {"sound", "hurt"}
        for one in broken:
            is_sentence(one.problem)
            assert f"hurt: damaged: {one.problem}" in printed


@pytest.mark.parametrize("place", ["", "work"])
def test_a_history_with_a_damaged_line_keeps_the_epochs_before_it(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = train_folders.broken_off("hurt", epochs=3, problem="It stopped.")
    path = run.folder / "work" / HISTORY_NAME
    if not place:
        path = path.replace(run.folder / HISTORY_NAME)
    lines = path.read_text("utf-8").splitlines()
    for data in mutations.mutated(lines[1], 80):
        line = data.replace(b"\n", b" ")
        path.write_bytes(b"\n".join([lines[0].encode(), line, lines[2].encode(), b""]))
        found = RUNS.get("hurt")
        assert 1 <= len(found.epochs) <= 3
        is_told = any("Line 2 of progress.jsonl is damaged" in sentence for sentence in found.warnings)
        assert len(found.epochs) == 3 or not line.strip() or is_told
        results.log_rows([found])
    assert "hurt" in run_lists(capsys)


@pytest.mark.parametrize(
    ("make", "queue"),
    [(lambda: train_folders.queued("hurt"), RUNS), (lambda: survey_folders.queued("hurt"), SURVEYS)],
    ids=["run", "survey"],
)
def test_a_job_whose_request_or_folder_is_gone_is_listed_and_can_be_deleted(make: Callable[[], object], queue: Queue) -> None:
    make()
    folder = queue.get("hurt").folder
    (folder / folders.LOG_NAME).write_text("12:00 began\n")
    (folder / folders.REQUEST_NAME).unlink()
    (one,) = queue.read_all()[1]
    assert one.job_id == "hurt"
    assert f"its request.json cannot be found (No such file or directory); restore it, or delete the {queue.word}." in one.problem
    with pytest.raises(SettingsError, match="cannot be found"):
        queue.get("hurt")
    queue.delete("hurt")
    assert not folder.exists()
    assert queue.read_all() == ((), ())


def test_deleting_a_damaged_run_elsewhere_leaves_the_folder_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "thesis"
    elsewhere.mkdir()
    (elsewhere / "chapter.txt").write_text("precious")
    runs.add("hurt", elsewhere)
    assert [d.job_id for d in RUNS.read_all()[1]] == ["hurt"]
    assert main(["runs", "delete", "hurt", "--yes"]) == 0
    assert (elsewhere / "chapter.txt").read_text() == "precious"
    assert RUNS.read_all() == ((), ())


def test_a_run_whose_request_is_damaged_while_it_runs_still_has_the_turn(begun: list[str]) -> None:
    with train_folders.running("first") as run:
        train_folders.queued("second")
        (run.folder / folders.REQUEST_NAME).write_text("{")
        assert RUNS.start_next() is None
        with pytest.raises(SettingsError, match="first is running"):
            RUNS.delete("first")
    assert RUNS.start_next() is not None
    assert begun == ["second"]


@pytest.mark.parametrize("name", [folders.REQUEST_NAME, folders.RESULT_NAME, folders.PROBLEM_NAME])
def test_a_survey_with_a_damaged_file_hides_no_other(name: str) -> None:
    from astroseq_core.app.survey.surveys import survey_frame

    survey_folders.queued("sound")
    one = survey_folders.broken_off("hurt", "No star.") if name == folders.PROBLEM_NAME else survey_folders.done("hurt")
    path = one.folder / name
    text = path.read_text("utf-8")
    for data in mutations.mutated(text, 100):
        path.write_bytes(data)
        jobs, broken = SURVEYS.read_all()
        assert {j.job_id for j in jobs} | {d.job_id for d in broken} == {"sound", "hurt"}
        survey_frame(jobs)
        for sentence in (*(d.problem for d in broken), *(w for j in jobs for w in j.warnings), *(j.problem or "." for j in jobs)):
            assert "\n" not in sentence


def test_pages_list_damaged_runs_and_surveys_with_what_to_do() -> None:
    for made, other, page_name, tab in (
        (train_folders.queued("hurt"), train_folders.queued("sound"), "4_Train.py", "Runs"),
        (survey_folders.queued("hurt"), survey_folders.queued("sound"), "6_Survey.py", "Surveys"),
    ):
        (made.folder / folders.REQUEST_NAME).write_text('{"name": 3}')
        page = opened(page_name, tab=tab)
        assert "**hurt**, damaged: request.json of hurt is damaged" in words(page)
        assert "restore it, or delete the" in words(page)
        assert len(page.dataframe[0].value) == 1, "the other stands"
        press(page, "delete damaged hurt")
        assert not made.folder.exists()
        assert other.folder.exists()
        assert "damaged" not in words(page)


# ---- models


@pytest.fixture
def two_models(home_with_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the tiny model and a copy of it, which is returned."""
    models = tmp_path / "home" / "models"
    for name in ("tiny", "other"):
        shutil.copytree(home_with_model / "models" / "tiny", models / name)
    monkeypatch.setenv("ASTROSEQ_HOME", str(tmp_path / "home"))
    assert not damaged_networks.damaged_models()
    return models / "other"


def test_a_damaged_card_is_listed_and_hides_no_other_model(two_models: Path) -> None:
    path = two_models / CARD_NAME
    text = path.read_text("utf-8")
    refused = accepted = 0
    for data in mutations.mutated(text, 160):
        path.write_bytes(data)
        try:
            card = cards.read(two_models)
        except ModelError as error:
            is_sentence(str(error))
            found = {one.model_id: one.problem for one in damaged_networks.damaged_models()}
            refused += found == {"other": str(error)}
        else:  # what is accepted can be shown and written again
            card.facts()
            card.to_json()
            assert card.cadence_minutes > 0
            accepted += 1
        assert "tiny" in {c.model_id for c in cards.available_cards()}
    assert refused > 40
    assert refused + accepted == 160 + 40 + len(mutations.WHOLE_FILES) + 1


def rewritten(path: Path, change: Callable[[dict[str, bytes]], object]) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


NETWORKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (Path.unlink, "it is missing"),
    "no zip": (lambda p: p.write_bytes(b"weights"), "no whole zip file"),
    "empty": (lambda p: p.write_bytes(b""), "no whole zip file"),
    "cut off": (lambda p: p.write_bytes(p.read_bytes()[:-400]), "no whole zip file"),
    "no layers": (lambda p: rewritten(p, lambda m: m.pop("config.json")), r"holds no config\.json"),
    "no weights": (lambda p: rewritten(p, lambda m: m.pop("model.weights.h5")), r"holds no model\.weights\.h5"),
    "layers of another kind": (lambda p: rewritten(p, lambda m: m.update({"config.json": b"[]"})), "is no object"),
    "deep layers": (lambda p: rewritten(p, lambda m: m.update({"config.json": b"[" * 100_000})), "nested too deep"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_damaged_network_is_listed_without_being_loaded(
    name: str, two_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, said = NETWORKS[name]
    damage(two_models / MODEL_NAME)
    (one,) = damaged_networks.damaged_models()
    assert one.model_id == "other"
    is_sentence(one.problem)
    with pytest.raises(ModelError, match=said):
        check_network(two_models / MODEL_NAME, "restore it")
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    assert f"other\tdamaged: {one.problem}" in printed
    assert "\ntiny\t" in f"\n{printed}"


def test_layers_that_keras_does_not_know_are_one_sentence(two_models: Path) -> None:
    path = two_models / MODEL_NAME
    for config in (
        b"{}",
        b'{"class_name": "Functional", "config": {}}',
        b'{"module": "os", "class_name": "system", "config": {}}',
    ):
        rewritten(path, lambda members, config=config: members.update({"config.json": config}))
        with pytest.raises(ModelError, match=r"model\.keras of other is damaged \([^\n]+\); restore it\.$"):
            load_network(path, "restore it")


def test_a_network_without_the_weights_of_some_layers_is_one_sentence(two_models: Path) -> None:
    """Keras only warns where the weights of nested layers are missing."""
    import h5py

    path, removed = two_models / MODEL_NAME, []

    def without_a_layer(members: dict[str, bytes]) -> None:
        weights = io.BytesIO(members["model.weights.h5"])
        with h5py.File(weights, "r+") as file:
            arrays: list[str] = []
            file.visititems(lambda name, item: arrays.append(name) if isinstance(item, h5py.Dataset) else None)
            removed.append(next(name for name in arrays if name.startswith("layers/")))
            del file[removed[0]]
        members["model.weights.h5"] = weights.getvalue()

    rewritten(path, without_a_layer)
    assert removed
    with pytest.raises(ModelError, match=r"model\.keras of other is damaged \([^\n]+\); restore it\.$"):
        load_network(path, "restore it")


@pytest.mark.parametrize("name", ["../evil.py", "/tmp/evil.py", "assets/x"])
def test_a_network_that_brings_other_files_is_damaged(two_models: Path, name: str) -> None:
    path = two_models / MODEL_NAME
    rewritten(path, lambda members: members.update({name: b"x"}))
    with pytest.raises(ModelError, match=rf"it holds '{re.escape(name)}', which no network has\); restore it\.$"):
        load_network(path, "restore it")


def test_explore_lists_damaged_models_below_the_choice(two_models: Path) -> None:
    (two_models / CARD_NAME).write_text("{}")
    page = opened("1_Explore.py", target="SIM 4")
    assert "**other**, damaged: card.json of other is damaged" in words(page)
    assert "restore it, or train the model again" in words(page)
    assert not page.exception


# ---- the store


SPOILED_SCORES = {
    "a score that is a text": "UPDATE scores SET star_score = 'high' WHERE target_id = 'TIC 1'",
    "a score that is missing": "UPDATE scores SET star_score = NULL WHERE target_id = 'TIC 1'",
    "a period of bytes": "UPDATE scores SET best_period_days = x'ff00' WHERE target_id = 'TIC 1'",
    "a match that is a number": "UPDATE scores SET match = x'00' WHERE target_id = 'TIC 1'",
    "a status of bytes": "UPDATE scores SET status = x'ff' WHERE target_id = 'TIC 1'",
}


@pytest.mark.parametrize("name", SPOILED_SCORES)
def test_a_damaged_score_is_told_and_the_others_stand(name: str, caplog: pytest.LogCaptureFixture) -> None:
    for n in (1, 2):
        scores.save([ScoreRow(f"TIC {n}", "tiny", "sha", "data", "TESS", "TESS", star_score=4.0, best_t0=1.0, t0_system="BTJD")])
    spoil(SPOILED_SCORES[name])
    listed = leaderboard.load_page(leaderboard_filters.Filters(model_id="tiny"))
    assert [row.target_id for row in listed.rows] == ["TIC 2"]
    assert [row.target_id for row in scores.list_by_star("TIC 2")] == ["TIC 2"]
    assert scores.list_by_star("TIC 1") == ()
    assert "TIC 2" in {row.target_id for row in scores.load_matches_after(0, 10)}
    sentences = {record.getMessage() for record in caplog.records if "in the store is damaged (" in record.getMessage()}
    assert sentences
    for sentence in sentences:
        assert sentence.startswith("The score of TIC 1")
        is_sentence(sentence)


@pytest.fixture
def decided() -> None:
    for n in (1, 2):
        dispositions.add(Disposition(f"TIC {n}", "PC", "Ann", measured={"depth": 1.0}, reason_codes=("LS",)))
        notes.save(Draft(f"TIC {n}", "Ann", "a note", ("LS",)))
        queues.create(f"queue {n}", [QueueItem(f"TIC {n}", {"target": f"TIC {n}"})])
        thresholds.save(ScoreThreshold(f"model {n}", 1.0))
        runs.promote_model(f"mission {n}", "tiny")
        runs.add(f"run {n}", settings.runs_dir() / f"run {n}")
    assert damaged.damaged_rows() == ()


def spoil(*statements: str) -> None:
    """Write to the store behind its back, without the triggers that forbid it."""
    with sqlite3.connect(database.database_path()) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
    db.close()


SPOILED = {
    "a disposition that is none": ("UPDATE dispositions SET disposition = 'QQ' WHERE id = 1", "Disposition 1 on TIC 1"),
    "reasons that are no list": ("UPDATE dispositions SET flags = '{' WHERE id = 1", "Disposition 1 on TIC 1"),
    "deep measurements": (f"UPDATE dispositions SET measured = '{'[' * 100_000}' WHERE id = 1", "Disposition 1 on TIC 1"),
    "a time that is a text": ("UPDATE dispositions SET at = 'now' WHERE id = 1", "Disposition 1 on TIC 1"),
    "a note that is bytes": ("UPDATE dispositions SET note = x'ff00' WHERE id = 1", "Disposition 1 on TIC 1"),
    "a draft's reasons": ("UPDATE drafts SET flags = 'x' WHERE target_id = 'TIC 1'", "The draft of Ann on TIC 1"),
    "a queue's order": ("UPDATE queues SET sorted_by = 'best' WHERE id = 1", "Queue 'queue 1'"),
    "a queue's time": ("UPDATE queues SET created = 1e300 WHERE id = 1", "Queue 'queue 1'"),
    "a star's place": ("UPDATE queue_items SET place = '[]' WHERE queue = 1", "TIC 1 in a queue"),
    "a threshold": ("UPDATE cuts SET threshold = 'high' WHERE model_id = 'model 1'", "The threshold of model 1"),
    "a default model": ("UPDATE promoted SET model = x'00' WHERE mission = 'mission 1'", "The default model of mission 1"),
    "a run's place": ("UPDATE runs SET folder = x'00' WHERE run_id = 'run 1'", "The place of run run 1"),
    "a run's time": ("UPDATE runs SET created = 'x' WHERE run_id = 'run 1'", "The place of run run 1"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_damaged_row_is_told_and_the_others_stand(name: str, decided: None, capsys: pytest.CaptureFixture[str]) -> None:
    statement, what = SPOILED[name]
    spoil(statement)
    (sentence,) = damaged.damaged_rows()
    assert sentence.startswith(f"{what} in the store is damaged (")
    is_sentence(sentence)
    assert "TIC 2" in {d.target_id for d in dispositions.list_current()}
    assert "TIC 2" in {e.disposition.target_id for e in dispositions.history()}
    assert notes.load("TIC 2", "Ann").note == "a note"
    notes.load("TIC 1", "Ann")
    assert "queue 2" in {q.name for q in queues.list_queues()}
    for queue in queues.list_queues():
        assert queues.list_items(queue.queue_id)[0].place["target"] in ("TIC 1", "TIC 2")
    assert "model 2" in thresholds.load_all()
    assert runs.default_models()["mission 2"] == "tiny"
    assert "run 2" in runs.load_all()
    assert ephemerides.load_all() == {}
    assert main(["dispositions", "list"]) == 0
    out, err = capsys.readouterr()
    assert "TIC 2" in out
    assert sentence in err


def test_the_vet_page_lists_damaged_queues_and_dispositions(decided: None) -> None:
    spoil(SPOILED["a queue's order"][0], SPOILED["reasons that are no list"][0])
    page = opened("7_Vet.py", reviewer="Ann")
    assert "Queue 'queue 1' in the store is damaged" in words(page)
    assert "**queue 2**" in words(page)
    page = opened("7_Vet.py", reviewer="Ann", tab="Verdicts")
    assert "Disposition 1 on TIC 1 in the store is damaged" in words(page)


def a_foreign_database(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    db.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"not a database, but a long text " * 200), "move the file away"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(5000)), "move the file away"),
        (a_foreign_database, "is a database of another program; move it away"),
        (Path.mkdir, "move the file away"),
    ],
    ids=["text", "zeros", "foreign", "a folder"],
)
def test_a_store_that_is_none_is_one_sentence_and_stars_can_still_be_scored(make, said: str, tiny: Path) -> None:
    path = database.database_path()
    path.parent.mkdir(parents=True)
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StoreError, match=said) as caught:
        dispositions.history()
    is_sentence(str(caught.value))
    assert (path.read_bytes() if path.is_file() else b"") == before, "another program's file is left as it is"
    assert runs.defaults_or_none() == {}
    page = opened("1_Explore.py", target="SIM 4")
    assert not page.exception
    assert page.get("bidi_component"), "the star is shown all the same"


# ---- the cache


def test_damaged_cache_entries_are_listed_and_the_others_stand(light_curve_like_tess_sector, capsys) -> None:
    from dataclasses import replace

    cache, curve = LightCurveCache(), light_curve_like_tess_sector.curve
    for name in ("sector 1", "sector 2", "sector 3"):
        cache.put(replace(curve, observation=name))
    with sqlite3.connect(cache.folder / INDEX_NAME) as db:
        db.execute("UPDATE files SET file = '../../precious.npz' WHERE observation = 'sector 2'")
        db.execute("UPDATE files SET target = 'nobody' WHERE observation = 'sector 3'")
        db.execute("INSERT INTO absent VALUES ('nobody', 'x', 'y', 'z')")
    db.close()
    assert cache.observations(curve.target) == ("sector 1",)
    assert cache.targets() == (curve.target.id,)
    assert [t for t, _ in cache.index_entries_by_target()] == [curve.target.id]
    assert cache.absences() == ()
    assert main(["cache", "status"]) == 0
    printed = capsys.readouterr().out
    assert "precious.npz\tdamaged: Its row in the index is damaged (its file is none of the cache)" in printed
    assert printed.count("damaged: ") == 3, "two rows, and their number"
    assert main(["cache", "verify"]) == 1
    assert cache.damaged() == ()
    assert cache.observations(curve.target) == ("sector 1", "sector 2", "sector 3"), "found again by their own files"


HEADERS = {
    "no star": {"target_id": "nobody"},
    "another mission": {"mission": "Hubble"},
    "a provenance that is none": {"provenance": ["a"]},
    "a name that is a list": {"observation": []},
    "flattened as a text": {"flattened": "yes"},
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_light_curve_with_a_wrong_header_is_set_aside(name: str, light_curve_like_tess_sector, monkeypatch) -> None:
    from astroseq_core.io import cache_records

    cache, curve = LightCurveCache(), light_curve_like_tess_sector.curve
    pack = cache_records.pack_light_curve
    monkeypatch.setattr(cache_records, "pack_light_curve", lambda c: (pack(c)[0] | HEADERS[name], pack(c)[1]))
    cache.put(curve)
    assert cache.get(curve.target, curve.observation) is None, "as if it were not there: it can be fetched again"
    ((file, sentence),) = cache.damaged()
    assert file.startswith("damaged/")
    is_sentence(sentence)


def test_arrays_that_do_not_fit_are_set_aside(light_curve_like_tess_sector, monkeypatch) -> None:
    from astroseq_core.io import cache_records

    cache, curve = LightCurveCache(), light_curve_like_tess_sector.curve
    pack = cache_records.pack_light_curve
    monkeypatch.setattr(cache_records, "pack_light_curve", lambda c: (pack(c)[0], pack(c)[1] | {"flux": np.ones(3)}))
    cache.put(curve)
    assert cache.get(curve.target, curve.observation) is None


# ---- single files


def test_what_is_kept_as_opened_counts_as_far_as_it_is_sound(tmp_path: Path) -> None:
    from astroseq_core.app.shared import opened as opened_paths

    path = settings.data_dir() / opened_paths.FILE_NAME
    path.parent.mkdir(parents=True)
    for data in (*mutations.WHOLE_FILES, json.dumps(["/", "", "relative", 3, None, ["/etc"]]).encode()):
        path.write_bytes(data)
        assert not opened_paths.is_open_for_good(Path("/etc"))
    path.write_text(json.dumps([str(tmp_path), 3]))
    assert opened_paths.is_open_for_good(tmp_path / "stars")


def test_no_door_raises_what_is_no_expected_error(tmp_path: Path) -> None:
    from astroseq_core.archive import names, snapshots
    from astroseq_core.archive.exoplanet_archive import CATALOG_TABLES

    table = next(iter(CATALOG_TABLES.values()))
    snapshots.snapshot_folder().mkdir(parents=True)
    sound = json.dumps({"schema": 1, "names": {"a": {"stars": [["TIC 1"]], "names": ["a"], "service": "s", "date": "2026"}}})
    for data in mutations.mutated(sound, 100):
        (snapshots.snapshot_folder() / "names.json").write_bytes(data)
        names._load_answers()
    header = json.dumps(
        {"schema": 1, "table": table.name, "rows": 1, "rows_in": 1, "dropped": {}, "date": "2026-01-01", "size": 0}
    )
    for data in mutations.mutated(header, 100):
        snapshots.snapshot_path(table).write_bytes(b"AstroSeq catalogue\n" + data + b"\n")
        try:
            is_sentence(snapshots.snapshot_status(table).sentence)
            snapshots.read_snapshot(table)
        except AstroSeqError as error:
            is_sentence(str(error))
