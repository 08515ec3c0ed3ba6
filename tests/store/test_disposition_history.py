"""The history of verdicts: tokens, undo, what stands, and that nothing is ever lost."""

import random
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from astroseq_core.disposition_codes import DISPOSITIONS
from astroseq_core.errors import AstroSeqError, StoreError
from astroseq_core.store import database, dispositions, leaderboard, leaderboard_filters
from astroseq_core.store.disposition_entry import Disposition

ROOT = Path(__file__).resolve().parents[2]


def shown(target_id: str) -> str:
    """What the board says of the star, from the table that triggers keep."""
    with database.connect(writing=False) as db:
        row = db.execute("SELECT disposition FROM verdicts WHERE target_id = ?", (target_id,)).fetchone()
    return "" if row is None else str(row[0])


def standing(target_id: str) -> dict[str, str]:
    return {v.reviewer: v.disposition for v in dispositions.list_by_star(target_id)}


def test_one_token_is_one_verdict_whatever_it_says() -> None:
    first = dispositions.add(Disposition("TIC 1", "PC", "ada", token="a"))
    assert dispositions.add(Disposition("TIC 1", "FP", "ada", token="a")) == first
    assert dispositions.add(Disposition("TIC 2", "FP", "ada", token="a")) == first
    assert standing("TIC 1") == {"ada": "PC"}
    assert standing("TIC 2") == {}
    assert dispositions.add(Disposition("TIC 1", "FP", "ada", token="b")) != first
    assert dispositions.add(Disposition("TIC 1", "FA", "ada")) != dispositions.add(Disposition("TIC 1", "FA", "ada"))
    assert len(dispositions.history()) == 4


def test_a_replay_after_an_undo_brings_nothing_back() -> None:
    number = dispositions.add(Disposition("TIC 1", "PC", "ada", token="a"))
    dispositions.undo("ada")
    assert dispositions.add(Disposition("TIC 1", "PC", "ada", token="a")) == number
    assert standing("TIC 1") == {}


def test_undo_takes_back_one_after_the_other_and_uncovers_what_stood_before() -> None:
    given = (("TIC 1", "PC", "ada"), ("TIC 2", "FA", "ada"), ("TIC 1", "FP", "ada"), ("TIC 1", "UNSURE", "bob"))
    for target_id, word, who in given:
        dispositions.add(Disposition(target_id, word, who))
    taken = []
    for expected in ({"ada": "PC", "bob": "UNSURE"}, {"ada": "PC", "bob": "UNSURE"}, {"bob": "UNSURE"}, {"bob": "UNSURE"}):
        back = dispositions.undo("ada")
        taken.append(None if back is None else (back.target_id, back.disposition))
        assert standing("TIC 1") == expected
    assert taken == [("TIC 1", "FP"), ("TIC 2", "FA"), ("TIC 1", "PC"), None]
    assert shown("TIC 1") == "UNSURE"
    entries = dispositions.history()
    assert [(e.disposition.disposition, e.is_undo, e.undone, e.stands) for e in entries] == [
        ("PC", False, True, False),
        ("FA", False, True, False),
        ("FP", False, True, False),
        ("UNSURE", False, False, True),
        ("FP", True, False, False),
        ("FA", True, False, False),
        ("PC", True, False, False),
    ]
    assert [e.at for e in entries] == sorted(e.at for e in entries)


def test_undo_on_one_star_leaves_the_others() -> None:
    for target_id in ("TIC 1", "TIC 2"):
        dispositions.add(Disposition(target_id, "PC", "ada"))
    back = dispositions.undo("ada", "TIC 1")
    assert back is not None
    assert back.target_id == "TIC 1"
    assert dispositions.undo("ada", "TIC 1") is None
    assert [v.target_id for v in dispositions.list_by_reviewer("ada")] == ["TIC 2"]


def test_an_undo_with_a_token_is_done_once() -> None:
    for target_id in ("TIC 1", "TIC 2"):
        dispositions.add(Disposition(target_id, "PC", "ada"))
    assert dispositions.undo("ada", token="z") == dispositions.undo("ada", token="z")
    assert [v.target_id for v in dispositions.list_current()] == ["TIC 1"]


def test_what_is_added_later_holds_even_where_the_clock_went_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for now, word in ((2000.0, "PC"), (1000.0, "FP")):
        monkeypatch.setattr("time.time", lambda now=now: now)
        dispositions.add(Disposition("TIC 1", word, "ada"))
    assert (standing("TIC 1"), shown("TIC 1")) == ({"ada": "FP"}, "FP")
    back = dispositions.undo("ada")
    assert back is not None
    assert back.disposition == "FP"


def test_the_history_is_of_a_star_or_a_reviewer() -> None:
    for target_id, who, at in (("TIC 1", "ada", 5.0), ("TIC 2", "bob", 4.0), ("TIC 1", "bob", 3.0)):
        dispositions.add(Disposition(target_id, "PC", who, at))
    assert [e.at for e in dispositions.history()] == [3.0, 4.0, 5.0]
    assert [e.at for e in dispositions.history("TIC 1")] == [3.0, 5.0]
    assert [e.at for e in dispositions.history(reviewer="bob")] == [3.0, 4.0]
    assert [e.at for e in dispositions.history("TIC 1", "bob")] == [3.0]
    dispositions.undo("bob", "TIC 1")
    assert dispositions.count_by_reviewer() == {"ada": 1, "bob": 1}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE dispositions SET disposition = 'FP'",
        "DELETE FROM dispositions",
        "UPDATE ephemerides_in_hand SET source = 'fit'",
        "DELETE FROM ephemerides_in_hand",
    ],
)
def test_what_a_person_decided_can_be_neither_changed_nor_removed(change: str) -> None:
    dispositions.add(Disposition("TIC 1", "PC", "ada"))
    with database.connect() as db:
        db.execute(
            "INSERT INTO ephemerides_in_hand (target_id, ephemeris, source, reviewer, at) VALUES ('TIC 1', '{}', 'fit', 'ada', 1)"
        )
    with pytest.raises(StoreError, match="only ever added to"), database.connect() as db:
        db.execute(change)
    assert standing("TIC 1") == {"ada": "PC"}


@pytest.mark.parametrize("seed", range(4))
def test_the_newest_standing_verdict_of_a_star_is_right_after_any_sequence(seed: int) -> None:
    draw = random.Random(seed)
    stars = ("TIC 1", "TIC 2", "TIC 3")
    for step in range(60):
        who = draw.choice(("ada", "bob"))
        if draw.random() < 0.4:
            dispositions.undo(who, draw.choice((None, *stars)))
        else:
            word = draw.choice(DISPOSITIONS)
            at = draw.choice((0.0, draw.uniform(1.0, 1e9)))  # of now, or as if from an import of another time
            dispositions.add(Disposition(draw.choice(stars), word, who, at, token=draw.choice(("", f"t{step // 2}"))))
        for target_id in stars:
            entries = [e for e in dispositions.history(target_id) if e.stands]
            newest = max(entries, key=lambda e: (e.at, e.number), default=None)
            assert shown(target_id) == ("" if newest is None else newest.disposition.disposition)
            by_reviewer = {
                e.disposition.reviewer: e.disposition.disposition for e in sorted(entries, key=lambda e: (e.at, e.number))
            }
            assert standing(target_id) == by_reviewer
    numbers = [e.number for e in dispositions.history()]
    assert len(set(numbers)) == len(numbers)


def test_verdicts_keep_all_that_they_say() -> None:
    given = Disposition(
        "tic-7",
        "FP",
        "  ada   lovelace ",
        1.2345678,
        ("OED", "SSE"),
        "a\r\nb\x00\tc",
        token="t",
        measured={"odd_even": 3.5, "secondary": float("nan"), "shape": "V"},
        score=float("inf"),
    )
    dispositions.add(given)
    [v] = dispositions.list_current()
    assert (v.target_id, v.reviewer, v.at, v.note) == ("TIC 7", "ada lovelace", 1.234568, "a\nb\tc")
    assert v.measured == {"odd_even": 3.5, "shape": "V"}
    assert v.score is None
    assert hash(v) == hash(v)


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\nb", "a\x07", "a\u202eb"])
def test_names_that_cannot_be_read_are_refused(name: str) -> None:
    with pytest.raises(StoreError, match="name"):
        dispositions.add(Disposition("TIC 1", "PC", name))
    assert dispositions.history() == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason_codes": ("A;B",)},
        {"reason_codes": ("",)},
        {"at": -1.0},
        {"at": float("nan")},
        {"token": "a\n"},
        {"target_id": "x"},
        {"note": "n" * 20_001},
    ],
)
def test_what_could_not_be_kept_is_refused(wrong: dict[str, Any]) -> None:
    values: dict[str, Any] = {"target_id": "TIC 1", "disposition": "PC", "reviewer": "ada"} | wrong
    with pytest.raises(AstroSeqError):
        dispositions.add(Disposition(**values))
    assert dispositions.history() == ()


def vote_all(count: int) -> None:
    for number in range(1, count + 1):
        dispositions.add(Disposition(f"TIC {number}", "PC", "ada", token=f"showing {number}"))


def test_two_threads_with_the_same_tokens_vote_once() -> None:
    threads = [threading.Thread(target=vote_all, args=(40,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(dispositions.history()) == 40


SAME_TOKENS = """
from astroseq_core.store import dispositions
from astroseq_core.store.disposition_entry import Disposition
for n in range(1, 61):
    dispositions.add(Disposition(f"TIC {n}", "PC", "ada", token=f"showing {n}"))
"""


def test_two_processes_with_the_same_tokens_vote_once() -> None:
    voters = [subprocess.Popen([sys.executable, "-c", SAME_TOKENS], cwd=ROOT) for _ in range(2)]
    assert [voter.wait() for voter in voters] == [0, 0]
    assert sorted(e.token for e in dispositions.history()) == sorted(f"showing {n}" for n in range(1, 61))


def test_threads_that_undo_at_once_take_back_different_verdicts() -> None:
    vote_all(12)
    taken: list[Disposition | None] = []
    threads = [threading.Thread(target=lambda: taken.append(dispositions.undo("ada"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {v.target_id for v in taken if v is not None} == {f"TIC {n}" for n in range(1, 13)}
    assert dispositions.list_current() == ()


VOTER = """
from astroseq_core.store import dispositions
from astroseq_core.store.disposition_entry import Disposition
for n in range(1, 100_000):
    dispositions.add(Disposition(f"TIC {n}", "PC", "ada", token=f"t{n}"))
    if n % 3 == 0:
        dispositions.undo("ada")
    print(n, flush=True)
"""


def test_a_kill_in_the_middle_of_voting_loses_nothing_that_was_acknowledged() -> None:
    dispositions.list_current()
    for round_number in range(3):
        voter = subprocess.Popen([sys.executable, "-c", VOTER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert voter.stdout is not None
        for line in voter.stdout:
            if int(line) >= 15 + 20 * round_number:
                break
        voter.send_signal(signal.SIGKILL)
        rest = voter.stdout.read().split()
        voter.stdout.close()
        voter.wait()
        acknowledged = int(rest[-1] if rest else line)
        entries = dispositions.history()
        tokens = [e.token for e in entries if not e.is_undo]
        assert len(set(tokens)) == len(tokens)  # the second voter replays the tokens of the first
        assert {f"t{n}" for n in range(1, acknowledged + 1)} <= set(tokens)
        stars = {e.disposition.target_id for e in entries if e.stands}
        assert all(shown(t) == "PC" for t in stars)
        with sqlite3.connect(database.database_path()) as db:
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        db.close()


def save_score_of_the_second_version() -> None:
    with database.connect() as db:
        db.execute("INSERT INTO score_models (id, model_id) VALUES (1, 'm')")
        db.execute(
            "INSERT INTO score_groups (id, model, model_sha, mission, seen_as, simulated, scored) "
            "VALUES (1, 1, 's', 'TESS', '', 0, 1)"
        )
        db.execute(
            "INSERT INTO scores (target_id, model, group_id, data_id, star_score, t0_system, status, match, match_kind, "
            "match_ratio, match_disposition, survey_id, at, spark, known) "
            "VALUES ('TIC 1', 1, 1, 'd', 1.0, '', 'ok', '', '', '', '', '', 1.0, x'', 0)"
        )


def test_a_file_of_the_second_version_keeps_its_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    old = "INSERT INTO dispositions (target_id, disposition, reviewer, at, flags, note, undoes) VALUES (?, ?, ?, ?, ?, ?, ?)"
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", database.MIGRATIONS[:2])
        save_score_of_the_second_version()
        with database.connect() as db:
            for row in (
                ("TIC 1", "PC", "ada", 1.0, '["V-shaped"]', "a; note", None),
                ("TIC 1", "FP", "bob", 2.0, "[]", "", None),
                ("TIC 1", "FP", "bob", 3.0, "[]", "", 2),
                ("TIC 2", "FA", "bob", 4.0, "[]", "", None),
            ):
                db.execute(old, row)
            assert db.execute("PRAGMA user_version").fetchone()[0] == 2
    found = dispositions.list_current()
    assert [(v.target_id, v.disposition, v.reviewer, v.reason_codes, v.note, v.token, dict(v.measured)) for v in found] == [
        ("TIC 1", "PC", "ada", ("V-shaped",), "a; note", "", {}),
        ("TIC 2", "FA", "bob", (), "", "", {}),
    ]
    assert leaderboard.load_page(leaderboard_filters.Filters()).rows[0].disposition == "PC"
    back = dispositions.undo("ada")
    assert back is not None
    assert leaderboard.load_page(leaderboard_filters.Filters()).rows[0].disposition == ""
    assert len(dispositions.history()) == 5
    with pytest.raises(StoreError, match="only ever added to"), database.connect() as db:
        db.execute("DELETE FROM dispositions")


def test_a_migration_that_breaks_leaves_the_file_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", database.MIGRATIONS[:2])
        save_score_of_the_second_version()
    with monkeypatch.context() as broken:
        broken.setattr(database, "MIGRATIONS", (*database.MIGRATIONS[:2], database.MIGRATIONS[2] + "CREATE TABLE runs (x);"))
        with pytest.raises(StoreError, match="cannot be read or written"):
            dispositions.list_current()
    assert dispositions.add(Disposition("TIC 1", "PC", "ada")) == 1
