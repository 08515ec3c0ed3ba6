"""The Leaderboard page on made-up scores: order, filters, pages, the cut, two models, failures, and before there is anything."""

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app import landing
from astroseq_core.app.leaderboard import header, state
from astroseq_core.app.leaderboard import table as leaderboard_table
from astroseq_core.app.leaderboard import threshold as leaderboard_threshold
from astroseq_core.app.shared import background
from astroseq_core.app.shared.parameters import Owner
from astroseq_core.archive import snapshots
from astroseq_core.archive.exoplanet_archive import TOI_TABLE
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.export import records
from astroseq_core.jobs.job import JobState
from astroseq_core.plots.style import CLASS_COLORS
from astroseq_core.signals.signal import ClassProbabilities, FoundSignal
from astroseq_core.store import dispositions, scores, thresholds
from astroseq_core.store import leaderboard as store_leaderboard
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.signals import summarize
from astroseq_core.store.thresholds import ScoreThreshold
from astroseq_core.surveys import known_objects, links
from astroseq_core.surveys.queue import SURVEYS
from astroseq_core.surveys.stars import FOLDER, SurveyChoice
from astroseq_core.times import Instant, TimeSystem
from tests.app import board_rows as made
from tests.app import driving, survey_folders
from tests.app.driving import metrics, press, words
from tests.standin import exoplanet_archive

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of surveys that would have begun; no process ever does."""
    return survey_folders.never_begin(monkeypatch)


@pytest.fixture
def filled() -> None:
    made.fill(made.simulated(), made.real(200))


def leaderboard(**address: str) -> AppTest:
    return driving.opened("5_Leaderboard.py", **address)


def rows(page: AppTest) -> pd.DataFrame:
    return page.dataframe[0].value


# ---- before there is anything


def test_before_any_score_the_page_holds_the_button_that_starts_one(begun: list[str]):
    page = leaderboard()
    assert "will stand here" in words(page)
    press(page, "score simulated")
    assert set(begun) == {landing.SURVEY_NAME}
    assert SURVEYS.get(landing.SURVEY_NAME).request.stars == SurveyChoice()


def test_while_the_first_survey_goes_on_its_progress_stands_there():
    with survey_folders.running("first", done=21, in_all=60, star="SIM 22"):
        page = leaderboard()
        assert "score simulated" not in {str(b.key) for b in page.button}
        (bar,) = page.get("progress")
        assert bar.proto.value == 35
        assert "21 of 60 stars, now SIM 22" in bar.proto.text


# ---- the table


def test_stars_stand_in_order_with_their_model_and_the_simulated_badge(filled):
    page = leaderboard()
    shown = rows(page)
    assert len(shown) == leaderboard_table.ROWS_PER_PAGE
    assert list(shown["Rank"]) == sorted(shown["Rank"])
    assert list(shown["Star score"]) == sorted(shown["Star score"], reverse=True)
    text = words(page)
    assert made.FIRST in text
    assert "260 stars" in text
    assert ":violet-badge[:material/science: 60 of them simulated]" in text
    assert "filters leave" not in text
    known = shown[shown["Star"].str.startswith("SIM") & shown["Known object"].notna()]
    assert {w.removeprefix(f"{s} b") for s, w in zip(known["Star"], known["Known object"], strict=True)} == {
        "",
        " at 2P",
        " at P/2",
        ", another period",
    }
    assert set(shown[shown["Star"] == "SIM 2"]["Mission"]) <= {"Kepler, simulated"}


def test_the_small_curve_is_the_probabilities(filled):
    (first,) = store_leaderboard.load_top(Filters(model_id=made.FIRST), 1)
    found = leaderboard_table.sparkline(first)
    assert found is not None
    assert np.asarray(found) == pytest.approx(np.frombuffer(first.spark, np.uint8) / 255)
    assert list(rows(leaderboard())["Segments by time"][0]) == pytest.approx(found)
    assert leaderboard_table.sparkline(replace(first, spark=b"")) is None


def test_another_order_is_of_all_stars_not_of_the_page(filled):
    shown = rows(leaderboard(sort="magnitude", order="lowest first"))
    everyone = store_leaderboard.load_page(Filters(scored=True), limit=10_000).rows
    assert shown["Mag"][0] == min(r.magnitude for r in everyone if r.magnitude is not None)
    page = leaderboard()
    page.selectbox(key="sort").set_value("star").run()
    assert list(rows(page)["Star"]) == sorted((r.target_id for r in everyone), reverse=True)[: leaderboard_table.ROWS_PER_PAGE]


def test_pages_are_of_a_hundred_and_stand_in_the_address(filled):
    page = leaderboard(page="3")
    assert len(rows(page)) == 60
    assert rows(page)["Rank"].min() == 201
    page.number_input(key="page").set_value(2).run()
    assert rows(page)["Rank"].min() == 101
    assert page.query_params["page"] == "2"
    assert page.number_input(key="page").label == "101 to 200 of 260 stars"
    page.text_input(key="text").set_value("SIM").run()
    assert len(rows(page)) == 60
    assert "page" not in page.query_params, "other stars are seen from their first"


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ({"mission": "Kepler"}, lambda r: r.seen_as == "Kepler"),
        ({"stars": "simulated"}, lambda r: r.simulated),
        ({"stars": "real", "object": "known"}, lambda r: not r.simulated and r.match),
        ({"object": "unknown", "score_min": "3.5"}, lambda r: not r.match and r.star_score >= 3.5),
        ({"segments_max": "71", "magnitude_min": "9"}, lambda r: r.num_segments <= 71 and r.magnitude >= 9),
        ({"period_min": "3", "period_max": "5", "object": "known"}, lambda r: 3 <= r.period_days <= 5 and r.match),
        ({"text": "TOI 1003"}, lambda r: "TOI 1003" in r.match),
        ({"cut": "flagged"}, lambda r: r.star_score >= 20),
        ({"disposition": "PC"}, lambda r: r.target_id == "SIM 1"),
        ({"disposition": "judged"}, lambda r: r.target_id in ("SIM 1", "SIM 2")),
    ],
)
def test_a_link_with_filters_shows_just_those(filled, address: dict[str, str], fits):
    thresholds.save(ScoreThreshold(made.FIRST, 20.0))
    dispositions.add(Disposition("SIM 1", "PC", "me"))
    dispositions.add(Disposition("SIM 2", "FP", "me"))
    wanted = {r.target_id for r in store_leaderboard.load_page(Filters(scored=True), limit=10_000).rows if fits(r)}
    page = leaderboard(**address)
    assert wanted
    assert len(wanted) <= leaderboard_table.ROWS_PER_PAGE
    assert set(rows(page)["Star"]) == wanted
    assert not page.warning


def test_filters_can_be_taken_away_again(filled):
    page = leaderboard(stars="simulated", score_min="5", text="SIM")
    assert len(rows(page)) < 60
    press(page, "no filter")
    assert len(rows(page)) == leaderboard_table.ROWS_PER_PAGE
    assert not {"stars", "score_min", "text"} & set(page.query_params)


def test_no_star_is_said_and_bounds_the_wrong_way_round_are_a_sentence(filled):
    assert "take a filter away" in words(leaderboard(text="SIM 99999"))
    page = leaderboard(score_min="9", score_max="3")
    assert "hold no number" in page.error[0].value


def test_what_the_address_cannot_mean_is_one_sentence_each(filled):
    page = leaderboard(sort="beauty", score_min="many", page="99", model="none", star="TIC 1", foo="1", top="x", stars="all")
    said = [w.value.replace("\\", "") for w in page.warning]
    for part in ("sort=beauty", "score_min=many", "page=99", "model=none", "star=TIC 1", "names foo", "top=x", "stars=all"):
        assert sum(part in s for s in said) == 1, (part, said)
    assert len(said) == 8
    assert len(rows(page)) == 60


# ---- classes and the planet score


@pytest.fixture
def searched() -> None:
    made.fill(made.with_signals(made.simulated()), made.with_signals(made.real(150)), made.real(10, first=5000))


def test_the_period_is_that_of_the_best_signal_and_the_fold_has_a_column_of_its_own():
    orbit = {"best_signal_period_days": 7.25, "best_signal_t0": 1333.5, "best_signal_duration_hours": 3.25}
    binary = made.row("TIC 1", 50.0, best_period_days=3.625, num_signals=1, best_signal=1, planet_score=-4.0, **orbit)
    made.fill([replace(binary, best_signal_depth_ppm=90_000.0), made.row("TIC 2", 9.0, best_period_days=2.5)])
    page = leaderboard(star="TIC 1")
    shown = rows(page).set_index("Star")
    assert list(shown.loc["TIC 1", ["Period [d]", "Recurs [d]"]]) == [7.25, 3.625]
    assert list(shown.loc["TIC 2", ["Period [d]", "Recurs [d]"]]) == [2.5, 2.5]
    details = next(m.value for m in page.markdown if "TIC 1**" in m.value)
    for said in ("7.25000 d", "t0 1333.5000 BTJD", "3.25 h", "90,000 ppm", "the probabilities recur best at 3.62500 d"):
        assert said in details
    assert "recur best at" not in next(m.value for m in leaderboard(star="TIC 2").markdown if "TIC 2**" in m.value)


def test_the_details_of_a_star_say_what_the_trees_say_and_that_it_is_too_deep():
    classes = ClassProbabilities(0.7, 0.2, 0.1, 0.1, 0.1, 0.1)
    orbit = Ephemeris("TIC 1", "signal 1", Instant(1333.5, TimeSystem.BTJD), 7.25, 3.25, 312_000.0)
    signals = (FoundSignal(1, orbit, 90.0, 4, 20.0, classes=classes, baseline=ClassProbabilities(0.1, 0.86, 0.04, 0, 0, 0)),)
    star = made.row("TIC 1", 50.0, **summarize(signals))
    scores.save([star], {("TIC 1", made.FIRST): signals})
    details = next(m.value for m in leaderboard(star="TIC 1").markdown if "TIC 1**" in m.value)
    assert "1 signal: planet 0.70; 31 % deep, deeper than any planet's transit" in details
    assert "trees alone: eclipsing binary 0.86" in details
    assert "planet score -7.26" in details
    (record,) = records.records_for_stars(["TIC 1"])
    assert (record.signal_too_deep, record.signal_trees_p_eclipsing_binary) == (1, 0.86)


def everyone() -> list[store_leaderboard.LeaderboardRow]:
    return list(store_leaderboard.load_page(Filters(scored=True), limit=10_000).rows)


def test_stars_are_ranked_by_the_planet_score_and_the_star_score_can_be_chosen(searched):
    shown = rows(leaderboard())
    assert list(shown["Rank"]) == sorted(shown["Rank"])
    assert list(shown["Planet score"]) == sorted(shown["Planet score"], reverse=True)
    by_star = rows(leaderboard(sort="star score"))
    assert list(by_star["Star score"]) == sorted(by_star["Star score"], reverse=True)
    assert list(by_star["Rank"]) != sorted(by_star["Rank"])
    assert [r.target_id for r in everyone()[-10:]] == [f"TIC {n}" for n in sorted_by_star_score(5000, 5010)], "not searched"


def sorted_by_star_score(first: int, end: int) -> list[int]:
    found = {int(r.target_id[4:]): r.star_score for r in everyone() if r.planet_score is None}
    assert set(found) == set(range(first, end))
    return sorted(found, key=lambda n: -(found[n] or 0.0))


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ({"class": "eclipsing_binary"}, lambda r: r.p_eclipsing_binary == 0.9),
        ({"class": "planet", "p_planet_min": "0.8"}, lambda r: r.p_planet == 0.9),
        ({"class": "none", "stars": "simulated"}, lambda r: r.num_signals == 0 and r.simulated),
        ({"class": "unsearched"}, lambda r: r.planet_score is None),
        ({"p_binary_min": "0.5", "planet_max": "-3.5"}, lambda r: r.p_eclipsing_binary == 0.9 and r.planet_score <= -3.5),
    ],
)
def test_a_link_with_classes_shows_just_those(searched, address: dict[str, str], fits):
    wanted = {r.target_id for r in everyone() if fits(r)}
    page = leaderboard(**address)
    assert 0 < len(wanted) <= leaderboard_table.ROWS_PER_PAGE
    assert set(rows(page)["Star"]) == wanted
    assert not page.warning


def test_the_bar_of_a_class_has_its_shares(searched):
    row = next(r for r in everyone() if r.p_eclipsing_binary == 0.9)
    picture = leaderboard_table.class_bar(row)
    assert picture is not None
    kind, data = picture.split(",")
    assert kind == "data:image/svg+xml;base64"
    svg = base64.b64decode(data).decode()
    widths = [float(w) for w in re.findall(r'<rect x="[\d.]+" width="([\d.]+)"', svg)]
    assert widths == pytest.approx([leaderboard_table.BAR_WIDTH * p for p in (0.05, 0.9, 0.05)], abs=0.01)
    assert re.findall(r'fill="(#\w+)"', svg) == list(CLASS_COLORS.values())
    assert leaderboard_table.class_bar(next(r for r in everyone() if r.num_signals == 0)) is None
    page = leaderboard()
    page.selectbox(key="star").set_value(rows(page)["Star"][0]).run()
    assert "planet score" in words(page)
    assert "planet 0.90" in words(page)


def test_a_threshold_of_the_planet_score_is_kept_as_one_and_says_what_it_can(searched):
    page = leaderboard(tab="Cut", top="40")
    assert page.query_params["by"] == "planet"
    shown = metrics(page)
    assert shown["Pass"].startswith("40 of 210")
    unknown = [r for r in everyone()[:40] if not r.match]
    expected = sum(1 / (1 + np.exp(r.planet_score or 0.0)) for r in unknown)
    assert shown["Without a planet, by their odds"] == leaderboard_threshold.format_count(expected)
    assert "Eclipsing binaries are not among these" in words(page)
    press(page, "keep cut")
    kept = thresholds.load(made.FIRST)
    assert kept is not None
    assert (kept.score, kept.threshold) == ("planet_score", everyone()[39].planet_score)
    assert {r.target_id for r in everyone() if r.flagged} == {r.target_id for r in everyone()[:40]}
    page = leaderboard(tab="Cut", by="star", threshold="20")
    assert metrics(page)["Pass"].endswith("of 220"), "all have a star score"
    assert "Without a planet, by their odds" not in metrics(page)
    assert "planet score" in words(leaderboard(tab="Cut", by="star"))


# ---- known objects


def list_toi(tic: int) -> None:
    row = exoplanet_archive.toi(tic, 4000.01, pl_orbper=999.0, tfopwg_disp="PC")
    snapshots.write_snapshot(TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame([row])), "here")


def test_a_newer_catalogue_is_compared_with(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(header, "SILENT_SECONDS", 20.0)
    made.fill(made.real(40))
    page = leaderboard(text="TIC 1003")
    assert rows(page)["Known object"][0] == "TOI 1003.01 at 2P"
    list_toi(1003)
    assert rows(page.run())["Known object"][0] == "TOI-4000.01, another period"
    assert not page.exception
    assert background.job_registry().get(header.KNOWN_OBJECTS_JOB).result == 3, (
        "and stars that are on the list no more are not known"
    )
    assert len(rows(leaderboard(object="known"))) == 1


def test_a_comparison_that_fails_is_a_sentence_and_can_be_tried_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(header, "SILENT_SECONDS", 20.0)
    made.fill(made.real(40))
    list_toi(1003)

    def full(*_):
        raise StoreError("The disk is full; free some.")

    with monkeypatch.context() as patched:
        patched.setattr(known_objects, "rematch_if_due", full)
        page = leaderboard()
        page.run()
        assert "The disk is full; free some." in words(page)
        assert len(rows(page)) == 40
    press(page, "match again")
    page.run()
    assert "disk is full" not in words(page)
    assert len(rows(leaderboard(object="known"))) == 1


# ---- one star


def select(page: AppTest, row: int) -> AppTest:
    page.session_state[f"{leaderboard_table.TABLE_KEY} planet score True 1"] = {
        "selection": {"rows": [row], "columns": [], "cells": []}
    }
    page.run()
    assert not page.exception
    return page


def test_a_star_is_looked_at_and_can_be_opened_where_explore_has_it(filled):
    page = leaderboard(stars="simulated")
    assert page.button(key="open star").disabled
    star = rows(page)["Star"][0]
    page.selectbox(key="star").set_value(star).run()
    assert not page.button(key="open star").disabled
    assert f"**{star}** · rank 1 · star score" in words(page)
    page = leaderboard(stars="real")
    page.selectbox(key="star").set_value(rows(page)["Star"][0]).run()
    assert page.button(key="open star").disabled
    assert "not in the cache" in words(page)


def test_explore_gets_the_star_its_source_and_the_model(begun: list[str]):
    def place(target_id: str, **about: str):
        (row,) = (store_leaderboard.LeaderboardRow(**vars(r)) for r in [made.row(target_id, 5.0, **about)])
        return links.star_location(row)

    assert place("SIM 60") == {"target": "SIM 60"}, "a model that is gone is left out"
    assert place("SIM 60", model="tess-2min-v2") == {"target": "SIM 60", "model": "tess-2min-v2"}
    assert place("SIM 5000000") == {"target": "SIM 5000000"}
    assert place("SIM 1000000") is None, "training's stars are of no survey"
    assert place("TIC 5") is None, "nothing of it is cached"
    survey_folders.done("files", stars=SurveyChoice(FOLDER, folder="/curves"))
    wanted = {"source": "files", "folder": "/curves", "target": "TIC 5"}
    assert place("TIC 5", survey_id="files") == wanted
    assert place("TIC 5", survey_id="deleted") is None


def test_nothing_that_explore_is_told_is_bound_on_this_page():
    """A browser refuses to leave a page with a parameter that is bound to a field there; these tests would not notice."""
    bound = {p.name for p in state.PARAMETERS.parameters if p.owner is Owner.FIELD}
    assert {"sort", "star", "text", "mission", "score_min"} <= bound
    assert not bound & {"target", "source", "folder", "model"}


def test_the_way_to_explore_is_taken(filled):
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    page.switch_page("pages/5_Leaderboard.py")
    page.query_params["text"] = "SIM 1"
    page.run()
    page.selectbox(key="star").set_value("SIM 1").run()
    page.button(key="open star").click().run()
    assert not page.exception
    assert page.title[0].value == "SIM 1"
    assert len(page.get("bidi_component")) >= 1


# ---- taking candidates away


def test_the_csv_is_of_the_view_and_of_those_that_passed(filled):
    thresholds.save(ScoreThreshold(made.FIRST, 20.0))
    filters = Filters(model_id=made.FIRST, simulated=False, scored=True)
    table = pd.read_csv(io.BytesIO(leaderboard_table.candidates_csv(filters, False)))
    assert len(table) == 200
    assert list(table["p_highclass"] == 1) == list(table["score_raw"] >= 20)
    passed = pd.read_csv(io.BytesIO(leaderboard_table.candidates_csv(filters, True)))
    assert list(passed["star_id"]) == list(table[table["p_highclass"] == 1]["star_id"])
    said = json.loads(leaderboard_table.candidates_provenance(filters, True))
    assert said["counts"] == {"rows": len(passed), "passed": len(passed), "simulated": 0}
    page = leaderboard(stars="real")
    assert "200 stars. The CSV marks those from the star score 20 on as candidates." in words(page)


# ---- the cut


def test_a_number_of_stars_draws_the_cut_and_can_be_kept(filled):
    page = leaderboard(tab="Cut", top="10")
    assert metrics(page)["Pass"] == "10 of 260"
    assert len(page.get("plotly_chart")) == 1
    assert thresholds.load(made.FIRST) is None, "looking keeps nothing"
    press(page, "keep cut")
    kept = thresholds.load(made.FIRST)
    assert kept is not None
    assert (kept.kind, kept.n) == ("top", 10)
    assert store_leaderboard.load_page(Filters(flagged=True), limit=1).in_all == 10
    page.run()
    assert page.button(key="keep cut").disabled
    assert "threshold " in words(page)
    press(page, "forget cut")
    assert thresholds.load(made.FIRST) is None


def test_a_lowest_score_draws_the_cut(filled):
    above = store_leaderboard.load_page(Filters(score_min=25.0, scored=True), limit=1).in_all
    page = leaderboard(tab="Cut", threshold="25")
    assert metrics(page)["Pass"] == f"{above} of 260"
    page.number_input(key=f"cut threshold {made.FIRST}").set_value(1e5).run()
    assert metrics(page)["Pass"] == "0 of 260"
    assert page.query_params["threshold"] == "100000"
    press(page, "keep cut")
    assert thresholds.load(made.FIRST) == ScoreThreshold(made.FIRST, 1e5, at=thresholds.load_all()[made.FIRST].at)
    again = leaderboard(tab="Cut")
    assert again.number_input(key=f"cut threshold {made.FIRST}").value == 1e5, "a kept cut is where one begins"


def test_the_cut_counts_only_what_the_filters_leave(filled):
    thresholds.save(ScoreThreshold(made.FIRST, 1e6))
    page = leaderboard(tab="Cut", stars="simulated", top="5", cut="flagged")
    assert metrics(page)["Pass"] == "5 of 60", "the kept cut does not hide what another would take"
    assert metrics(page)["With a known object"] == "5"
    above = store_leaderboard.load_page(
        Filters(score_min=store_leaderboard.threshold_for_count(Filters(simulated=True), 5))
    ).in_all
    assert metrics(page)["Pass, without the filters"] == f"{above} of 260"
    text = words(page)
    assert "Whatever the filters, of all 260 stars of the model: " in text
    assert "260 stars" in text
    assert "filters leave 0" in text, "of the stars below the tabs, which the kept threshold leaves out"


@pytest.mark.parametrize(("sort", "column"), [("planet score", "Planet score"), ("star score", "Star score"), ("period", "")])
def test_the_sorted_score_has_bars_and_the_first_is_the_longest(searched, sort: str, column: str):
    page = leaderboard(sort=sort, stars="real")
    bars = {name: about["type_config"] for name, about in json.loads(page.dataframe[0].proto.columns).items() if is_bar(about)}
    assert list(bars) == [column][: bool(column)]
    if column:
        shown = rows(page)[column]
        assert bars[column]["max_value"] == pytest.approx(shown.iloc[0])
        assert (shown <= bars[column]["max_value"]).all(), "no bar is cut off"


def is_bar(about: dict) -> bool:
    return (about.get("type_config") or {}).get("type") == "progress"


def test_false_alarms_are_told_from_quiet_simulated_stars(filled):
    quiet = store_leaderboard.load_page(Filters(simulated=True, known=False), limit=100).rows
    others = store_leaderboard.load_page(Filters(simulated=False, known=False), limit=1).in_all
    threshold = sorted(r.star_score for r in quiet)[-6]
    found = leaderboard_threshold.estimate_false_alarms(made.FIRST, threshold)
    assert found is not None
    passing = store_leaderboard.load_page(Filters(known=False, score_min=threshold), limit=1).in_all
    assert found.stars == pytest.approx(min(6 + 6 / len(quiet) * others, passing))
    page = leaderboard(tab="Cut", threshold=str(threshold))
    assert metrics(page)["Expected false alarms"] == leaderboard_threshold.format_count(found.stars)
    assert f"6 of {len(quiet)} simulated stars" in words(page)


def test_false_alarms_are_told_from_stars_near_the_cut_or_not_at_all():
    made.fill(made.real(60))
    assert leaderboard_threshold.estimate_false_alarms(made.FIRST, 2.0) is None
    assert "cannot be told" in words(leaderboard(tab="Cut"))
    made.fill([replace(r, model_id="third", false_alarm_probability=0.05) for r in made.real(60)])
    unknown = store_leaderboard.load_page(Filters(model_id="third", known=False), limit=1).in_all
    found = leaderboard_threshold.estimate_false_alarms("third", 2.0)
    assert found is not None
    assert found.stars == pytest.approx(0.05 * unknown)


# ---- two models, and failures


def test_two_models_side_by_side():
    made.fill(made.simulated())
    assert "will stand here" in words(leaderboard(tab="Two models"))
    made.fill(made.simulated(made.SECOND, shift=5.0))
    page = leaderboard(tab="Two models", model=made.SECOND)
    assert page.selectbox(key=f"against {made.SECOND}").value == made.FIRST
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    stars = [name for trace in figure["data"][1:] for name in trace["customdata"]]
    assert sorted(stars) == sorted(r.target_id for r in made.simulated())
    assert page.query_params["against"] == made.FIRST


def test_failures_stand_with_their_reasons_and_are_tried_again(filled, begun: list[str]):
    survey_folders.done("night", failed=2)
    made.fill(
        [
            made.failed("TIC 7", "TIC 7 has **no** light curve.", survey_id="night"),
            made.failed("TIC 8", "No model here was made for it.", model="none", survey_id="night"),
            made.failed("TIC 9", "The file is damaged.", survey_id="gone"),
        ]
    )
    page = leaderboard(tab="Not scored")
    assert set(rows(page)["Star"]) == {"TIC 7", "TIC 8", "TIC 9"}
    assert "TIC 7 has **no** light curve." in set(rows(page)["Why"])
    assert "The survey gone, which tried 1 of them, was deleted." in words(page)
    press(page, "retry night")
    assert set(begun) == {"night"}
    assert SURVEYS.get("night").state is JobState.QUEUED
    assert "tries its failed stars again" in words(page)
    assert page.button(key="retry night").disabled


def test_nothing_failed(filled):
    assert "has a score" in words(leaderboard(tab="Not scored"))


def test_the_model_with_the_most_stars_comes_first():
    made.fill(made.real(10, made.FIRST), made.real(30, made.SECOND))
    page = leaderboard()
    assert page.selectbox(key="board model").value == made.SECOND
    assert len(rows(page)) == 30
    assert len(rows(leaderboard(model=made.FIRST))) == 10


def test_every_name_in_the_address_means_something():
    assert len(set(state.PARAMETERS.names)) == len(state.PARAMETERS.names)
    assert not state.parameters(()).warnings({name: "" for name in ("model", "text", "tab", "against", "star")})
