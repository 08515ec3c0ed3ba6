"""The history as a CSV: exact both ways, merged by time, and all or nothing."""

import contextlib
import csv
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astroseq_core.disposition_codes import DISPOSITIONS
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import EphemerisError, StoreError
from astroseq_core.store import (
    database,
    disposition_csv,
    disposition_merge,
    dispositions,
    leaderboard,
    leaderboard_filters,
    scores,
)
from astroseq_core.store.disposition_entry import Disposition, HistoryEntry
from astroseq_core.store.disposition_merge import MergeResult
from astroseq_core.store.scores import ScoreRow
from astroseq_core.times import Instant, TimeSystem

SIGNAL = Ephemeris("TIC 1", "=b", Instant(1500.123456789012, TimeSystem.BTJD), 3.5000000001, 2.0, 900.0, 0.1, 1e-7, "PC")
SINGLE = Ephemeris("KIC 4", "-x", Instant(2455000.1, TimeSystem.BJD), None, 2.0)
#: Notes that spreadsheets would run, that look as if they were kept from it already, and that tables get wrong.
NOTES = (
    "=1+1",
    "'=1+1",
    "''=1+1",
    "'",
    "''",
    "'a",
    "+",
    "-2",
    "@SUM(A1)",
    "\t=x",
    "'\t",
    'a,b;"c"',
    "two\nlines",
    " space ",
    "\nfirst",
    "ü σ × 日本",
    "",
    "'-'",
    "#x",
    "1e5",
    "NaN",
)

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


def told(entry: HistoryEntry) -> HistoryEntry:
    """The entry without what its own store numbers and calls it."""
    return replace(entry, number=0, imported_from="", disposition=replace(entry.disposition, number=0, imported_from=""))


def fill() -> None:
    for n, note in enumerate(NOTES, start=1):
        dispositions.add(
            Disposition(
                f"TIC {n}",
                DISPOSITIONS[n % 6],
                "=ada" if n % 2 else "bob",
                reason_codes=("=OED", "SSE")[: n % 3],
                note=note,
                ephemeris=(None, SIGNAL, SINGLE)[n % 3],
                model_id=("", "-m")[n % 2],
                score=(None, -0.1)[n % 2],
                score_hidden=bool(n % 2),
                seconds=(None, 0.1 + 0.2)[n % 2],
                token=("", f"-{n}")[n % 2],
                measured=({}, {"odd_even": -1.25, "=shape": "=V;\n"})[n % 2],
            )
        )
    dispositions.undo("bob")
    dispositions.undo("=ada", "TIC 3", token="undo 3")
    dispositions.add(Disposition("TIC 3", "FP", "=ada"))


def test_a_round_trip_is_exact(tmp_path: Path, elsewhere: Elsewhere) -> None:
    fill()
    before, latest = dispositions.history(), dispositions.list_current()
    assert disposition_csv.write(tmp_path / "a.csv") == len(NOTES) + 3
    elsewhere()
    assert disposition_merge.merge(tmp_path / "a.csv") == MergeResult(len(NOTES) + 1, 2, 0)
    after = dispositions.history()
    assert [told(e) for e in after] == [told(e) for e in before]
    assert {e.imported_from for e in after} == {"a.csv"}
    plain = [replace(v, number=0, imported_from="") for v in dispositions.list_current()]
    assert plain == [replace(v, number=0) for v in latest]
    # And on, with the first file's name: into a third store, and back home, where all is known.
    disposition_csv.write(tmp_path / "b.csv")
    elsewhere()
    disposition_merge.merge(tmp_path / "b.csv")
    assert [told(e) for e in dispositions.history()] == [told(e) for e in before]
    assert {e.imported_from for e in dispositions.history()} == {"a.csv"}


def test_reading_a_file_again_changes_nothing(tmp_path: Path, elsewhere: Elsewhere) -> None:
    fill()
    rows = disposition_csv.write(tmp_path / "a.csv")
    here = dispositions.history()
    assert disposition_merge.merge(tmp_path / "a.csv") == MergeResult(0, 0, rows)
    assert dispositions.history() == here
    elsewhere()
    disposition_merge.merge(tmp_path / "a.csv")
    there = dispositions.history()
    assert disposition_merge.merge(tmp_path / "a.csv") == MergeResult(0, 0, rows)
    assert dispositions.history() == there


def test_nothing_in_the_file_runs_in_a_spreadsheet(tmp_path: Path) -> None:
    fill()
    disposition_csv.write(tmp_path / "a.csv")
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
        dispositions.add(Disposition(star, "PC", "ada", at))
    disposition_csv.write(tmp_path / "a.csv")
    elsewhere()
    scores.save([ScoreRow(star, "m", "s", "d", "TESS", star_score=1.0) for star in ("TIC 1", "TIC 2")])
    for star in ("TIC 1", "TIC 2"):
        dispositions.add(Disposition(star, "FP", "ada", 2000.0))
    disposition_merge.merge(tmp_path / "a.csv")
    expected = {"TIC 1": "FP", "TIC 2": "PC"}
    assert {v.target_id: v.disposition for v in dispositions.list_current()} == expected
    assert {r.target_id: r.disposition for r in leaderboard.load_page(leaderboard_filters.Filters()).rows} == expected
    assert [v.disposition for e in dispositions.history("TIC 1") for v in [e.disposition]] == ["PC", "FP"]


def test_an_undo_reaches_a_copy_that_had_the_verdict(tmp_path: Path, elsewhere: Elsewhere) -> None:
    dispositions.add(Disposition("TIC 1", "PC", "ada", 1000.0, token="t"))
    disposition_csv.write(tmp_path / "before.csv")
    dispositions.undo("ada")
    dispositions.add(Disposition("TIC 1", "FA", "ada"))
    disposition_csv.write(tmp_path / "after.csv")
    elsewhere()
    assert disposition_merge.merge(tmp_path / "before.csv") == MergeResult(1, 0, 0)
    assert disposition_merge.merge(tmp_path / "after.csv") == MergeResult(1, 1, 1)
    assert disposition_merge.merge(tmp_path / "before.csv") == MergeResult(0, 0, 1)
    assert [v.disposition for v in dispositions.list_current()] == ["FA"]


def test_times_of_an_older_version_are_known_again(tmp_path: Path) -> None:
    finer = 1e9 + 1.23456e-4  # than a microsecond
    with database.connect() as db:
        db.execute("INSERT INTO dispositions (target_id, disposition, reviewer, at) VALUES ('TIC 1', 'PC', 'ada', ?)", (finer,))
    disposition_csv.write(tmp_path / "a.csv")
    assert disposition_merge.merge(tmp_path / "a.csv") == MergeResult(0, 0, 1)


HEADER = "number,target_id,disposition,reviewer,at_utc"
GOOD = "1,TIC 1,PC,ada,2026-01-02T03:04:05Z"


def test_a_table_by_hand_needs_four_columns(tmp_path: Path) -> None:
    path = tmp_path / "hand.csv"
    path.write_bytes(
        "\ufeffTarget_ID, disposition,reviewer,at_utc,mood\r\ntic 1,PC,ada,2026-01-02T03:04:05+01:00,good\r\n\r\nKIC 2,FP,bob,"
        "2026-01-02 03:04Z\r\n".encode()
    )
    assert disposition_merge.merge(path) == MergeResult(2, 0, 0)
    found = dispositions.list_current()
    assert [(v.target_id, v.disposition, v.reviewer, v.imported_from) for v in found] == [
        ("KIC 2", "FP", "bob", "hand.csv"),
        ("TIC 1", "PC", "ada", "hand.csv"),
    ]
    assert [disposition_csv.utc_text(v.at) for v in found] == ["2026-01-02T03:04:00.000000Z", "2026-01-02T02:04:05.000000Z"]


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
    dispositions.add(Disposition("TIC 9", "FP", "ada", 1000.0, token="taken"))
    here = dispositions.history()
    second = ("2", "TIC 1", "PC", "ada", "2026-01-02T03:05:05Z")
    with (tmp_path / "bad.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, disposition_csv.COLUMNS)
        table.writeheader()
        table.writerow(dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {"note": "two\nlines"})
        table.writerow(dict(zip(HEADER.split(","), second, strict=True)) | changed)
    with pytest.raises(StoreError, match=rf"^bad\.csv, row 3, column {column}: .*; nothing was imported\.$") as caught:
        disposition_merge.merge(tmp_path / "bad.csv")
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
        disposition_merge.merge(tmp_path / "a.csv")
    with pytest.raises(StoreError, match="There is no file"):
        disposition_merge.merge(tmp_path / "gone.csv")
    with pytest.raises(StoreError, match="cannot be read"):
        disposition_merge.merge(tmp_path)


def test_a_failure_while_it_is_written_leaves_nothing(
    tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    disposition_csv.write(tmp_path / "a.csv")
    elsewhere()
    insert: Any = dispositions.insert_entry
    calls = 0

    def breaks(*arguments: Any, **named: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == len(NOTES):
            raise KeyboardInterrupt
        return int(insert(*arguments, **named))

    with monkeypatch.context() as broken:
        broken.setattr(disposition_merge, "insert_entry", breaks)
        with pytest.raises(KeyboardInterrupt):
            disposition_merge.merge(tmp_path / "a.csv")
    assert dispositions.history() == ()


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"measured": DEEP}, "what was measured must be a JSON object of numbers and texts (it is nested too deep)"),
        (
            {"measured": '{"a": 1' + "0" * 400 + "}"},
            "what was measured must be a JSON object of numbers and texts (it holds a number",
        ),
        ({"measured": '{"a": true}'}, "a of what was measured must be a text, not True"),
        ({"t0": "1500", "t0_system": "BTJD", "duration_hours": "2", "t0_err_days": "inf"}, "'inf' is no finite number"),
        ({"at_utc": "2999-01-02T03:04:05Z"}, "it is before 1970 or has not come yet; correct it, or the clock"),
        ({"at_utc": "9999-12-31T23:59:59-23:59"}, "it is before 1970 or has not come yet"),
        ({"at_utc": "0001-01-01T00:00:00+23:59"}, "it is before 1970 or has not come yet"),
        ({"score": "9" * 100_000}, "is no finite number"),
        ({"disposition": "x" * 100_000}, "is none of"),
    ],
)
def test_what_cannot_be_is_one_short_sentence(tmp_path: Path, changed: dict[str, str], says: str) -> None:
    row = {"target_id": "TIC 1", "disposition": "PC", "reviewer": "Ann", "at_utc": "2026-01-02T03:04:05Z"} | changed
    with (tmp_path / "a.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(row))
        table.writeheader()
        table.writerow(row)
    with pytest.raises(StoreError) as caught:
        disposition_merge.merge(tmp_path / "a.csv")
    sentence = str(caught.value)
    assert says in sentence
    assert sentence.startswith("a.csv, row 2, column ")
    assert sentence.endswith("; nothing was imported.")
    assert len(sentence) < 500
    assert "\n" not in sentence
    assert dispositions.history() == ()


def test_a_time_that_has_not_come_is_refused_where_it_is_given(tmp_path: Path) -> None:
    ahead = time.time() + 3 * 86_400
    with pytest.raises(StoreError, match=r"which has not come yet; correct it, or the clock\.$"):
        dispositions.add(Disposition("TIC 1", "PC", "Ann", at=ahead))
    dispositions.add(Disposition("TIC 1", "PC", "Ann", at=time.time() + 3600))
    disposition_csv.write(tmp_path / "a.csv")
    assert len(disposition_csv.read(tmp_path / "a.csv")) == 1


def test_what_an_older_store_exports_comes_back_even_with_times_ahead(tmp_path: Path, elsewhere: Elsewhere) -> None:
    dispositions.add(Disposition("TIC 1", "PC", "Ann", note="today"))
    ahead = round(time.time() + 40 * 86_400, 6)
    with database.connect() as db:  # as an earlier version let it in
        number = dispositions.insert_entry(db, Disposition("TIC 2", "FP", "Ben", at=ahead))
        dispositions.insert_entry(db, Disposition("TIC 2", "FP", "Ben", at=ahead + 1), undoes=number)
    before = dispositions.history()
    assert disposition_csv.write(tmp_path / "a.csv") == 3
    elsewhere()
    found = disposition_merge.merge(tmp_path / "a.csv")
    assert (found.dispositions, found.undos, len(found.ahead)) == (2, 1, 2)
    assert all("TIC 2 by Ben" in sentence and "has not come yet" in sentence for sentence in found.ahead)
    assert [(e.at, e.is_undo, e.undone, e.disposition.target_id) for e in dispositions.history()] == [
        (e.at, e.is_undo, e.undone, e.disposition.target_id) for e in before
    ]
    again = disposition_merge.merge(tmp_path / "a.csv")
    assert (again.known, again.ahead) == (3, ())


@pytest.mark.parametrize(
    "about",
    [
        {"measured": {"a": "x" * 60_001}},
        {"measured": {"a": [1]}},
        {"measured": {"a": 10**400}},
        {"model_id": "a\nb"},
        {"model_id": "m" * 2000},
        {"reason_codes": ("x" * 600, "y" * 600)},
        {"ephemeris": replace(SIGNAL, name="n" * 1001)},
    ],
)
def test_what_no_file_could_hold_is_refused_where_it_is_given(about: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match=r"^[^\n]+\.$"):
        dispositions.add(Disposition("TIC 1", "PC", "Ann", **about))
    assert dispositions.history() == ()


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
ONE_LINE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]), max_size=12)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
EPHEMERIDES = st.builds(
    lambda star, name, days, period, duration, depth, t0_err, period_err, word: Ephemeris(
        star, name, Instant(days, TimeSystem.BTJD), period, duration, depth, t0_err, period_err, word
    ),
    st.sampled_from(["TIC 1", "KIC 7", "SIM 3"]),
    ANY_TEXT,
    st.floats(1000, 4000),
    st.none() | st.floats(1, 500),
    st.floats(0.1, 20),
    st.none() | st.floats(1, 9e5),
    st.floats(0, 1),
    st.floats(0, 1),
    ANY_TEXT,
)
DISPOSITIONS_GIVEN = st.builds(
    Disposition,
    st.sampled_from(["TIC 1", "TIC 20", "KIC 7", "EPIC 9", "SIM 3"]),
    st.sampled_from(DISPOSITIONS),
    st.sampled_from(["Ann", "=ben", "Zoë"]),
    at=st.floats(1, 1.7e9),
    reason_codes=st.lists(ONE_LINE.filter(lambda c: c.strip() and ";" not in c), max_size=3).map(tuple),
    note=ANY_TEXT,
    ephemeris=st.none() | EPHEMERIDES,
    model_id=ONE_LINE,
    score=st.none() | st.floats(),
    score_hidden=st.booleans(),
    seconds=st.none() | FINITE,
    measured=st.dictionaries(ANY_TEXT, st.floats() | ANY_TEXT, max_size=4),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(DISPOSITIONS_GIVEN, min_size=1, max_size=2))
def test_whatever_is_given_can_be_exported_and_imported_again(given_ones: list[Disposition]) -> None:
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASTROSEQ_DATA", f"{place}/here")
        taken = 0
        for second, one in enumerate(given_ones):  # the same at the same time would be one entry
            with contextlib.suppress(StoreError, EphemerisError):  # refused in one sentence, and so in no file
                taken += bool(dispositions.add(replace(one, at=1e9 * second + one.at % 1e9)))
        before = dispositions.history()
        assert len(before) == taken
        disposition_csv.write(Path(place) / "a.csv")
        patch.setenv("ASTROSEQ_DATA", f"{place}/there")
        disposition_merge.merge(Path(place) / "a.csv")
        assert [told(e) for e in dispositions.history()] == [told(e) for e in before]
