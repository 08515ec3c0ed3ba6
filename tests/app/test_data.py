"""The Data page against the stand-in: search, download, cancel, failure and retry, catalogues, upkeep."""

import os
import time
from collections.abc import Callable

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.data import stored
from astroseq_core.app.shared import background, downloads
from astroseq_core.archive import refresh, snapshots
from astroseq_core.archive.exoplanet_archive import TOI_TABLE
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.targets import parse_star
from tests.app import driving
from tests.app.driving import press, words
from tests.standin import Fault, Kind, StandIn, exoplanet_archive


def data(**address: str) -> AppTest:
    """The page behind that address, opened cold."""
    return driving.opened("2_Data.py", **address)


def until(page: AppTest, done: Callable[[], bool]) -> AppTest:
    """The page as it stands once something in the background is done."""
    deadline = time.monotonic() + 120
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    page.run()
    assert not page.exception
    return page


def ended(page: AppTest) -> AppTest:
    return until(page, lambda: not downloads.is_downloading())


# ---- what each tab says before there is anything


@pytest.mark.parametrize(
    ("tab", "said"),
    [
        ("Cached", "will stand here"),
        ("Download", "will stand here"),
        ("Missing", "will stand here"),
        ("Catalogues", "only the built-in famous systems"),
        ("Your files", "You see each before it is kept"),
    ],
)
def test_empty_tabs_teach(tab, said):
    page = data(tab=tab)
    assert said in words(page)
    assert not page.error


def test_an_address_that_means_nothing_is_a_sentence():
    page = data(tab="Nonsense", colour="red")
    assert len(page.warning) == 2
    assert "colour" in words(page)


# ---- search and download


def test_what_there_is_is_listed_before_anything_downloads(stand_in: StandIn):
    page = data(tab="Download", search="TIC 101")
    table = page.dataframe[0].value
    assert list(table["Observation"]) == ["sector 1", "sector 3"]
    assert set(table["Author"]) == {"SPOC"}, "never a mix of authors unasked"
    assert (table["Size [MB]"] > 0).all()
    assert stand_in.state.count("Download/file") == 0
    page.selectbox(key="author").set_value("all").run()
    assert len(page.dataframe[0].value) == 5
    assert len(data(tab="Download", search="TIC 101", author="all", exposure="1800").dataframe[0].value) == 2
    page.selectbox(key="exposure").set_value("20").run()
    assert len(page.dataframe[0].value) == 1


def test_all_shown_are_downloaded_to_the_end(stand_in: StandIn):
    page = data(tab="Download", search="TIC 101")
    press(page, "download")
    ended(page)
    assert LightCurveCache().observations(parse_star("TIC 101")) == ("sector 1", "sector 3")
    assert "2 came" in words(page)
    assert list(page.dataframe[0].value["Here"]) == ["✓", "✓"]
    count = stand_in.state.count("Download/file")
    press(page, "download")
    ended(page)
    assert "2 were there already" in words(page)
    assert stand_in.state.count("Download/file") == count
    press(page, "put away download TIC 101")
    assert "were there already" not in words(page)


def test_only_the_chosen_rows_are_downloaded(stand_in: StandIn):
    page = data(tab="Download", search="TIC 101")
    page.session_state["available TIC 101 usual any"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    page.run()
    assert page.button(key="download").label.startswith("Download the 1 chosen")
    press(page, "download")
    ended(page)
    assert LightCurveCache().observations(parse_star("TIC 101")) == ("sector 3",)


def test_a_download_is_watched_and_cancelled(stand_in: StandIn):
    page = data(tab="Download", search="KIC 11446443")
    stand_in.misbehave(Fault(Kind.SLOW, seconds=2), where="Download/file")
    press(page, "download")
    assert downloads.is_downloading()
    assert page.get("progress")
    begun = time.monotonic()
    press(page, "stop download KIC 11446443")
    ended(page)
    assert time.monotonic() - begun < 30
    assert "stopped" in words(page)
    assert not LightCurveCache().entries()
    stand_in.behave()
    press(page, "download")
    ended(page)
    assert len(LightCurveCache().entries()) == 3


def test_a_download_goes_on_without_its_page(stand_in: StandIn):
    press(data(tab="Download", search="TIC 107"), "download")
    again = ended(data(tab="Cached"))
    assert "1 came" in words(again)
    assert list(again.dataframe[0].value["Star"]) == ["TIC 107"]


def test_a_failed_search_says_why_and_can_be_tried_again(stand_in: StandIn):
    stand_in.misbehave(Fault(Kind.DROPPED))
    page = data(tab="Download", search="TIC 101")
    assert page.error
    assert not page.dataframe
    stand_in.behave()
    next(b for b in page.button if b.label == "Try again").click().run()
    assert len(page.dataframe[0].value) == 2


def test_a_failed_download_is_listed_with_its_reason_and_retried(stand_in: StandIn):
    page = data(tab="Download", search="TIC 107")
    stand_in.misbehave(Fault(Kind.CUT), where="Download/file")
    press(page, "download")
    ended(page)
    assert "1 failed" in words(page)
    page = data(tab="Missing")
    table = page.dataframe[0].value
    assert list(table["State"]) == ["failed"]
    assert table["Reason"][0].endswith(".")
    stand_in.behave()
    press(page, "retry failed")
    ended(page)
    assert LightCurveCache().targets() == ("TIC 107",)
    assert not page.dataframe


def test_an_absent_star_is_remembered_listed_and_asked_for_again_only_by_hand(stand_in: StandIn):
    page = data(tab="Download", search="TIC 109")
    assert "MAST has no light curve of TIC 109" in words(page)
    count = stand_in.state.count("invoke")
    assert "MAST has no" in words(data(tab="Download", search="TIC 109"))
    assert stand_in.state.count("invoke") == count
    page = data(tab="Missing")
    assert list(page.dataframe[0].value["State"]) == ["absent"]
    press(page, "retry one")
    ended(page)
    assert stand_in.state.count("invoke") > count
    press(page, "forget missing")
    assert not page.dataframe


# ---- catalogues


def test_catalogues_are_fetched_in_the_background(stand_in: StandIn):
    page = data(tab="Catalogues")
    press(page, "refresh")
    until(page, lambda: not (refresh.latest_refresh() and refresh.latest_refresh().is_running))
    table = page.dataframe[0].value
    assert set(table["State"]) == {"good"}
    assert (table["Signals"] > 0).all()
    assert "Catalogs of" in words(page)


def test_with_no_network_the_old_snapshot_is_named_and_stays(stand_in: StandIn):
    snapshots.write_snapshot(TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame([exoplanet_archive.toi(1, 1.01)])), "here")
    stand_in.misbehave(Fault(Kind.DROPPED))
    page = data(tab="Catalogues")
    press(page, "refresh")
    until(page, lambda: not (refresh.latest_refresh() and refresh.latest_refresh().is_running))
    assert snapshots.snapshot_status(TOI_TABLE).rows == 1
    assert "stays in use" in words(page)
    assert not page.exception


# ---- what is cached


@pytest.fixture
def filled(light_curve_like_tess_sector) -> LightCurveCache:
    stored = LightCurveCache()
    stored.put(light_curve_like_tess_sector.curve)
    return stored


def test_the_cache_is_listed_by_star_and_by_observation(filled: LightCurveCache):
    page = data()
    row = page.dataframe[0].value.iloc[0]
    assert (row["Star"], row["Mission"], row["Light curves"], row["Authors"]) == ("TIC 261136679", "TESS", 1, "SPOC")
    assert row["Size [MB]"] == pytest.approx(filled.size_bytes() / 1e6)
    assert next(m.value for m in page.metric if m.label == "Stars") == "1"
    page = data(rows="observations")
    assert list(page.dataframe[0].value["Observation"]) == ["s0001"]
    assert "No cached star has" in words(data(filter="KIC"))


def test_one_star_is_purged_after_its_row_was_chosen(filled: LightCurveCache):
    page = data()
    assert page.button(key="open cached").disabled
    page.session_state["cached stars"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page.run()
    assert page.button(key="open cached").label == "Open TIC 261136679"
    press(page, "delete one")
    assert filled.targets() == ()
    assert "was deleted" in words(page)


def test_everything_is_purged_only_when_confirmed(filled: LightCurveCache):
    page = data()
    button = next(b for b in page.button if b.label == "Empty the cache")
    assert button.disabled
    page.checkbox(key="sure").check().run()
    next(b for b in page.button if b.label == "Empty the cache").click().run()
    assert not page.exception
    assert (filled.targets(), filled.size_bytes()) == ((), 0)
    assert "Everything was deleted" in words(page)
    assert page.checkbox(key="sure").value is False


def test_verify_says_what_is_damaged(filled: LightCurveCache):
    page = data()
    next(b for b in page.button if b.label == "Verify every file").click().run()
    assert "every one is whole" in words(page)
    victim = next(filled.folder.glob("curves/*/*.npz"))
    victim.write_bytes(victim.read_bytes()[:-20])
    next(b for b in page.button if b.label == "Verify every file").click().run()
    assert "1 damaged and set aside" in words(page)


def test_a_budget_is_set_and_kept(filled: LightCurveCache):
    for path in filled.folder.glob("curves/*/*.npz"):
        os.utime(path, (1e9, 1e9))
    page = data()
    page.number_input(key="budget").set_value(0.001).run()
    next(b for b in page.button if b.label == "Set the budget").click().run()
    assert filled.budget_bytes == 1_000_000
    assert filled.size_bytes() <= 1_000_000
    assert "may take 1.0 MB" in words(page)
    assert page.number_input(key="budget").value == 0.001


def test_a_cache_of_a_newer_version_is_one_sentence(filled: LightCurveCache):
    import sqlite3

    with sqlite3.connect(filled.folder / "index.sqlite") as connection:
        connection.execute("PRAGMA user_version = 999")
    page = data()
    assert len(page.error) >= 1
    assert "newer AstroSeq" in words(page)
    assert not page.exception


def test_the_tables_of_the_cache_hold_numbers_for_sorting(filled: LightCurveCache):
    table = stored.frame_by_observation(list(filled.entries()))
    assert table["Size [MB]"].dtype.kind == "f"
    assert table["Stored"].notna().all()


# ---- jobs


def test_a_job_runs_once_tells_its_error_and_is_forgotten():
    many, seen = background.JobRegistry(), []
    job = many.start("kind one", "Work", lambda j: (j.stop.wait(5), seen.append(1)))
    assert many.start("kind one", "Work", lambda _: None) is job
    job.cancel()
    assert job.wait(5)
    assert seen == [1]
    bad = many.start("kind two", "Work", lambda _: parse_star("nobody"))
    assert bad.wait(5)
    assert "is no target" in str(bad.problem)
    many.forget("kind two")
    assert many.get("kind two") is None
    assert many.of_kind("kind") == (job,)
    for n in range(background.JOBS_KEPT + 5):
        many.start(f"other {n}", "Work", lambda _: None).wait(5)
    assert len(many.of_kind("other")) <= background.JOBS_KEPT
