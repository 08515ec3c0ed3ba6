"""What is noted before a verdict, and the ephemeris in hand."""

import json
from dataclasses import replace

import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.store import database, disposition_entry, dispositions, ephemerides, notes
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.ephemerides import AdoptedEphemeris
from astroseq_core.store.notes import Draft
from astroseq_core.times import Instant, TimeSystem

SIGNAL = Ephemeris("TIC 1", "b", Instant(1500.123456789, TimeSystem.BTJD), 3.5000000001, 2.0, 900.0, 0.01, 1e-5, "PC")


def test_drafts_are_each_reviewers_own() -> None:
    assert notes.load("TIC 1", "ada") == Draft("TIC 1", "ada")
    notes.save(Draft("TIC 1", "ada", "a; note\r\nof two lines", ("OED", "SSE")))
    notes.save(Draft("TIC 1", "bob", "other"))
    assert notes.load("TIC 1", " ada ") == Draft("TIC 1", "ada", "a; note\nof two lines", ("OED", "SSE"))
    notes.save(Draft("TIC 1", "ada"))
    assert notes.load("TIC 1", "ada") == Draft("TIC 1", "ada")
    assert notes.load("TIC 1", "bob").note == "other"
    with pytest.raises(StoreError, match="needs a name"):
        notes.load("TIC 1", "")


def test_bookmarks_stay_in_the_order_in_which_they_were_set() -> None:
    for star in ("TIC 2", "TIC 1", "TIC 3"):
        notes.save(Draft(star, "ada", bookmarked=True))
    notes.save(Draft("TIC 4", "bob", bookmarked=True))
    notes.save(replace(notes.load("TIC 2", "ada"), note="later"))
    assert notes.list_bookmarks("ada") == ("TIC 2", "TIC 1", "TIC 3")
    notes.save(replace(notes.load("TIC 1", "ada"), bookmarked=False))
    assert notes.list_bookmarks("ada") == ("TIC 2", "TIC 3")
    assert notes.load("TIC 2", "ada") == Draft("TIC 2", "ada", "later", (), True)


def test_the_newest_ephemeris_is_in_hand_and_all_before_stay() -> None:
    assert ephemerides.load("TIC 1") is None
    first = ephemerides.save(AdoptedEphemeris("TIC 1", SIGNAL, "catalogue", "ada", 5.0))
    doubled = replace(SIGNAL, period_days=7.0000000002)
    second = ephemerides.save(AdoptedEphemeris("TIC 1", doubled, "person", "bob"))
    ephemerides.save(AdoptedEphemeris("TIC 2", replace(SIGNAL, period_days=None, depth_ppm=None), "fit", "ada", 7.0))
    assert second.at > 1e9
    assert ephemerides.load("TIC 1") == second
    assert ephemerides.history("TIC 1") == (first, second)
    assert {t: h.ephemeris.period_days for t, h in ephemerides.load_all().items()} == {"TIC 1": 7.0000000002, "TIC 2": None}


def test_keeping_what_is_in_hand_adds_nothing() -> None:
    first = ephemerides.save(AdoptedEphemeris("TIC 1", SIGNAL, "fold", "ada", 5.0))
    assert ephemerides.save(AdoptedEphemeris("TIC 1", SIGNAL, "fold", "ada")) == first
    ephemerides.save(AdoptedEphemeris("TIC 1", SIGNAL, "person", "ada"))
    ephemerides.save(AdoptedEphemeris("TIC 1", SIGNAL, "fold", "ada"))  # back to it: an entry of its own
    assert [h.source for h in ephemerides.history("TIC 1")] == ["fold", "person", "fold"]


def test_an_ephemeris_is_from_somewhere() -> None:
    with pytest.raises(StoreError, match="not from 'hearsay'"):
        AdoptedEphemeris("TIC 1", SIGNAL, "hearsay", "ada")


def test_reasons_have_words() -> None:
    assert disposition_entry.describe_reason_codes(("OED", "XX")) == "odd and even transits differ in depth; XX"
    assert all(code.isupper() and ";" not in code and words for code, words in disposition_entry.REASON_CODES.items())


def test_a_stored_ephemeris_that_cannot_be_one_costs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    given: dict[str, dict[str, float]] = {
        "TIC 1": {"depth_ppm": -900.0, "t0_err": float("inf"), "period_err": -1e-5},
        "TIC 2": {"period_days": 2e-8, "duration_hours": 1e-8},
        "TIC 3": {},
    }
    columns = disposition_entry.COLUMNS
    with database.connect() as db:  # as an earlier version wrote what it was given
        for star, change in given.items():
            signal = replace(SIGNAL, target_id=star)
            text = json.dumps(json.loads(disposition_entry.ephemeris_to_json(signal)) | change)
            row = disposition_entry.row_values(Disposition(star, "PC", "ada", 5.0, note="kept", ephemeris=signal))
            values = [text if name == "ephemeris" else value for name, value in zip(columns, row, strict=True)]
            marks = ", ".join("?" * len(columns))
            db.execute(f"INSERT INTO dispositions ({', '.join(columns)}) VALUES ({marks})", values)
            adopted = (star, text, "person", "ada", 5.0)
            db.execute(
                "INSERT INTO ephemerides_in_hand (target_id, ephemeris, source, reviewer, at) VALUES (?, ?, ?, ?, ?)", adopted
            )
    kept = {d.target_id: d for d in dispositions.list_current()}
    assert [kept[f"TIC {n}"].note for n in (1, 2, 3)] == ["kept"] * 3
    mended = replace(SIGNAL, depth_ppm=None, t0_err=0.0, period_err=1e-5)
    assert kept["TIC 1"].ephemeris == mended
    assert kept["TIC 2"].ephemeris is None
    assert {star: one.ephemeris for star, one in ephemerides.load_all().items()} == {
        "TIC 1": mended,
        "TIC 3": replace(SIGNAL, target_id="TIC 3"),
    }
    assert ephemerides.load("TIC 2") is None
    assert "must lie between" in caplog.text
