"""The history as a CSV: exact both ways, merged by time, and all or nothing."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.store import board, database, dispositions, dispositions_merge, dispositions_table, scores
from astroseq_core.store.dispositions import Entry, Verdict
from astroseq_core.store.dispositions_merge import Merged
from astroseq_core.store.scores import ScoreRow
from astroseq_core.times import Instant, TimeSystem

SIGNAL = Ephemeris("TIC 1", "=b", Instant(1500.123456789012, TimeSystem.BTJD), 3.5000000001, 2.0, 900.0, 0.1, 1e-7, "PC")
SINGLE = Ephemeris("KIC 4", "-x", Instant(2455000.1, TimeSystem.BJD), None, 2.0)
#: Notes that spreadsheets would run, that look as if they were kept from it already, and that tables get wrong.
NOTES = ("=1+1", "'=1+1", "''=1+1", "'", "''", "'a", "+", "-2", "@SUM(A1)", "\t=x", "'\t", "a,b;\"c\"", "two\nlines", " space ",
         "\nfirst", "ü σ × 日本", "", "'-'", "#x", "1e5", "NaN")  # fmt: skip

Elsewhere = Callable[[], None]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """Goes on with another store, empty at first."""
    count = 0

    def go() -> None:
        nonlocal count
        count += 1
        monkeypatch.setenv("ASTROSEQ_DATA", str(tmp_path / f"other-{count}"))

    return go


def told(entry: Entry) -> Entry:
    """The entry without what its own store numbers and calls it."""
    return replace(entry, number=0, imported_from="", verdict=replace(entry.verdict, number=0, imported_from=""))


def fill() -> None:
    for n, note in enumerate(NOTES, start=1):
        dispositions.add(
            Verdict(f"TIC {n}", dispositions.DISPOSITIONS[n % 6], "=ada" if n % 2 else "bob", flags=("=OED", "SSE")[: n % 3],
                    note=note, ephemeris=(None, SIGNAL, SINGLE)[n % 3], model_id=("", "-m")[n % 2], score=(None, -0.1)[n % 2],
                    score_hidden=bool(n % 2), seconds=(None, 0.1 + 0.2)[n % 2], token=("", f"-{n}")[n % 2],
                    measured=({}, {"odd_even": -1.25, "=shape": "=V;\n"})[n % 2])
        )  # fmt: skip
    dispositions.undo("bob")
    dispositions.undo("=ada", "TIC 3", token="undo 3")
    dispositions.add(Verdict("TIC 3", "FP", "=ada"))


def test_a_round_trip_is_exact(tmp_path: Path, elsewhere: Elsewhere) -> None:
    fill()
    before, latest = dispositions.history(), dispositions.latest()
    assert dispositions_table.write(tmp_path / "a.csv") == len(NOTES) + 3
    elsewhere()
    assert dispositions_merge.merge(tmp_path / "a.csv") == Merged(len(NOTES) + 1, 2, 0)
    after = dispositions.history()
    assert [told(e) for e in after] == [told(e) for e in before]
    assert {e.imported_from for e in after} == {"a.csv"}
    plain = [replace(v, number=0, imported_from="") for v in dispositions.latest()]
    assert plain == [replace(v, number=0) for v in latest]
    # And on, with the first file's name: into a third store, and back home, where all is known.
    dispositions_table.write(tmp_path / "b.csv")
    elsewhere()
    dispositions_merge.merge(tmp_path / "b.csv")
    assert [told(e) for e in dispositions.history()] == [told(e) for e in before]
    assert {e.imported_from for e in dispositions.history()} == {"a.csv"}


def test_reading_a_file_again_changes_nothing(tmp_path: Path, elsewhere: Elsewhere) -> None:
    fill()
    rows = dispositions_table.write(tmp_path / "a.csv")
    here = dispositions.history()
    assert dispositions_merge.merge(tmp_path / "a.csv") == Merged(0, 0, rows)
    assert dispositions.history() == here
    elsewhere()
    dispositions_merge.merge(tmp_path / "a.csv")
    there = dispositions.history()
    assert dispositions_merge.merge(tmp_path / "a.csv") == Merged(0, 0, rows)
    assert dispositions.history() == there


def test_nothing_in_the_file_runs_in_a_spreadsheet(tmp_path: Path) -> None:
    fill()
    dispositions_table.write(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert len(rows) == len(NOTES) + 3
    numbers = {"score", "t0_err_days", "t0"}
    cells = [(name, cell) for row in rows for name, cell in row.items() if name not in numbers]
    assert not [cell for cell in cells if cell[1].startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert rows[0]["note"] == "'=1+1"
    assert rows[0]["at_utc"].endswith("Z")
    assert [r["entry"] for r in rows].count("undo") == 2
    [undone] = [r for r in rows if r["target_id"] == "TIC 3" and r["undone"] == "1"]
    assert [r["undoes"] for r in rows if r["target_id"] == "TIC 3" and r["entry"] == "undo"] == [undone["number"]]


def test_what_is_older_is_added_and_replaces_nothing(tmp_path: Path, elsewhere: Elsewhere) -> None:
    for star, at in (("TIC 1", 1000.0), ("TIC 2", 3000.0)):
        dispositions.add(Verdict(star, "PC", "ada", at))
    dispositions_table.write(tmp_path / "a.csv")
    elsewhere()
    scores.put([ScoreRow(star, "m", "s", "d", "TESS", star_score=1.0) for star in ("TIC 1", "TIC 2")])
    for star in ("TIC 1", "TIC 2"):
        dispositions.add(Verdict(star, "FP", "ada", 2000.0))
    dispositions_merge.merge(tmp_path / "a.csv")
    expected = {"TIC 1": "FP", "TIC 2": "PC"}
    assert {v.target_id: v.disposition for v in dispositions.latest()} == expected
    assert {r.target_id: r.disposition for r in board.page(board.Filters()).rows} == expected
    assert [v.disposition for e in dispositions.history("TIC 1") for v in [e.verdict]] == ["PC", "FP"]


def test_an_undo_reaches_a_copy_that_had_the_verdict(tmp_path: Path, elsewhere: Elsewhere) -> None:
    dispositions.add(Verdict("TIC 1", "PC", "ada", 1000.0, token="t"))
    dispositions_table.write(tmp_path / "before.csv")
    dispositions.undo("ada")
    dispositions.add(Verdict("TIC 1", "FA", "ada"))
    dispositions_table.write(tmp_path / "after.csv")
    elsewhere()
    assert dispositions_merge.merge(tmp_path / "before.csv") == Merged(1, 0, 0)
    assert dispositions_merge.merge(tmp_path / "after.csv") == Merged(1, 1, 1)
    assert dispositions_merge.merge(tmp_path / "before.csv") == Merged(0, 0, 1)
    assert [v.disposition for v in dispositions.latest()] == ["FA"]


def test_times_of_an_older_version_are_known_again(tmp_path: Path) -> None:
    finer = 1e9 + 1.23456e-4  # than a microsecond
    with database.connect() as db:
        db.execute("INSERT INTO dispositions (target_id, disposition, reviewer, at) VALUES ('TIC 1', 'PC', 'ada', ?)", (finer,))
    dispositions_table.write(tmp_path / "a.csv")
    assert dispositions_merge.merge(tmp_path / "a.csv") == Merged(0, 0, 1)


HEADER = "number,target_id,disposition,reviewer,at_utc"
GOOD = "1,TIC 1,PC,ada,2026-01-02T03:04:05Z"


def test_a_table_by_hand_needs_four_columns(tmp_path: Path) -> None:
    path = tmp_path / "hand.csv"
    path.write_bytes(
        "\ufeffTarget_ID, disposition,reviewer,at_utc,mood\r\ntic 1,PC,ada,2026-01-02T03:04:05+01:00,good\r\n\r\nKIC 2,FP,bob,"
        "2026-01-02 03:04Z\r\n".encode()
    )
    assert dispositions_merge.merge(path) == Merged(2, 0, 0)
    found = dispositions.latest()
    assert [(v.target_id, v.disposition, v.reviewer, v.imported_from) for v in found] == [
        ("KIC 2", "FP", "bob", "hand.csv"), ("TIC 1", "PC", "ada", "hand.csv"),
    ]  # fmt: skip
    assert [dispositions_table.utc(v.at) for v in found] == ["2026-01-02T03:04:00.000000Z", "2026-01-02T02:04:05.000000Z"]


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"target_id": "HD 5"}, "target_id"),
        ({"target_id": "TOI 700.01"}, "target_id"),
        ({"entry": "vote"}, "entry"),
        ({"disposition": "maybe"}, "disposition"),
        ({"disposition": ""}, "disposition"),
        ({"reviewer": ""}, "reviewer"),
        ({"reviewer": "a\nb"}, "reviewer"),
        ({"at_utc": "yesterday"}, "at_utc"),
        ({"at_utc": "2026-01-02T03:04:05"}, "at_utc"),
        ({"at_utc": "2999-01-02T03:04:05Z"}, "at_utc"),
        ({"at_utc": "1969-01-02T03:04:05Z"}, "at_utc"),
        ({"flags": "a\nb"}, "flags"),
        ({"score": "high"}, "score"),
        ({"score": "inf"}, "score"),
        ({"seconds": "1,5"}, "seconds"),
        ({"score_hidden": "yes"}, "score_hidden"),
        ({"measured": "[1]"}, "measured"),
        ({"measured": "{"}, "measured"),
        ({"measured": '{"a": [1]}'}, "measured"),
        ({"t0": "1500"}, "t0_system"),
        ({"t0_system": "BTJD", "duration_hours": "2"}, "t0"),
        ({"t0": "2459000", "t0_system": "BTJD", "duration_hours": "2"}, "t0"),
        ({"t0": "1500", "t0_system": "BTJD"}, "duration_hours"),
        ({"t0": "1500", "t0_system": "BTJD", "duration_hours": "-2"}, "duration_hours"),
        ({"t0": "1500", "t0_system": "BTJD", "duration_hours": "2", "period_days": "0"}, "period_days"),
        ({"t0": "1500", "t0_system": "BTJD", "duration_hours": "2", "signal_star": "x"}, "signal_star"),
        ({"undone": "1"}, "undone"),
        ({"number": "1"}, "number"),
        ({"entry": "undo"}, "undoes"),
        ({"entry": "undo", "undoes": "7"}, "undoes"),
        ({"entry": "undo", "undoes": "1", "reviewer": "bob"}, "reviewer"),
        ({"entry": "undo", "undoes": "1", "target_id": "TIC 2"}, "target_id"),
        ({"number": "", "undone": "1"}, "number"),
        ({"token": "taken"}, "token"),
        ({"note": "n" * 20_001}, "note"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_written(tmp_path: Path, changed: dict[str, str], column: str) -> None:
    dispositions.add(Verdict("TIC 9", "FP", "ada", 1000.0, token="taken"))
    here = dispositions.history()
    second = ("2", "TIC 1", "PC", "ada", "2026-01-02T03:05:05Z")
    with (tmp_path / "bad.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, dispositions_table.COLUMNS)
        table.writeheader()
        table.writerow(dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {"note": "two\nlines"})
        table.writerow(dict(zip(HEADER.split(","), second, strict=True)) | changed)
    with pytest.raises(StoreError, match=rf"^bad\.csv, row 3, column {column}: .*; nothing was imported\.$") as caught:
        dispositions_merge.merge(tmp_path / "bad.csv")
    assert "\n" not in str(caught.value)
    assert dispositions.history() == here


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "lacks the columns target_id, disposition"),
        (b"target_id,reviewer\n", "lacks the columns disposition, at_utc"),
        (b"target_id,disposition,reviewer,at_utc,note,note\n", "column note twice"),
        (b"target_id,disposition,reviewer,at_utc\n\xff\xfe\n", "cannot be read as a CSV"),
        (b'target_id,disposition,reviewer,at_utc\n"TIC 1', "cannot be read as a CSV"),
        (b"target_id,disposition,reviewer,at_utc\nTIC 1,PC,ada,2026-01-02T03:04:05Z,more\n", "row 2, column 5: there are more"),
    ],
)
def test_what_is_no_such_table_is_one_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(StoreError, match=says):
        dispositions_merge.merge(tmp_path / "a.csv")
    with pytest.raises(StoreError, match="There is no file"):
        dispositions_merge.merge(tmp_path / "gone.csv")
    with pytest.raises(StoreError, match="cannot be read"):
        dispositions_merge.merge(tmp_path)


def test_a_failure_while_it_is_written_leaves_nothing(
    tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    dispositions_table.write(tmp_path / "a.csv")
    elsewhere()
    insert: Any = dispositions.insert
    calls = 0

    def breaks(*arguments: Any, **named: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == len(NOTES):
            raise KeyboardInterrupt
        return int(insert(*arguments, **named))

    with monkeypatch.context() as broken:
        broken.setattr(dispositions_merge, "insert", breaks)
        with pytest.raises(KeyboardInterrupt):
            dispositions_merge.merge(tmp_path / "a.csv")
    assert dispositions.history() == ()
