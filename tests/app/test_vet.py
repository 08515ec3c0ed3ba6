"""The vetting page: queues, votes that belong to the star on the screen, notes, the ephemeris in hand."""

import math
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.vet import actions, details, header, queues, reasons
from astroseq_core.app.vet import star as vet_star
from astroseq_core.app.vet.showing import Showing
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.store import disposition_entry, dispositions, ephemerides, notes
from astroseq_core.store import queues as store_queues
from astroseq_core.store.disposition_entry import REASON_CODES
from astroseq_core.store.queue_orders import QueueItem
from tests.app import driving

PATIENCE = 60
pytestmark = pytest.mark.usefixtures("no_models")


def opened(**address: str) -> AppTest:
    return driving.opened("7_Vet.py", **address)


def queue_of(*stars: str) -> str:
    return store_queues.create("made", [QueueItem(s, {"target": s}) for s in stars]).queue_id


def showing(app: AppTest) -> Showing:
    return app.session_state["vet showing"]


def press(app: AppTest, disposition: str, token: str = "") -> AppTest:
    return app.button(key=f"vote {disposition} {token or showing(app).token}").click().run()


def star(app: AppTest) -> str:
    return app.subheader[0].value


def no_errors(app: AppTest) -> None:
    assert not app.exception
    assert not [e.value for e in app.error]


def test_a_name_is_asked_for_before_anything_is_judged():
    app = opened(target="SIM 1")
    no_errors(app)
    assert any("under your name" in m.value for m in app.markdown)
    app.text_input(key="vet first name").set_value("  Ada   L. ").run()
    app.button(key="vet begin").click().run()
    no_errors(app)
    assert star(app) == "SIM 1"
    assert app.query_params["reviewer"] == "Ada L."


def test_a_verdict_is_kept_with_all_that_was_on_the_screen_and_the_next_star_shows():
    queue = queue_of("SIM 1", "SIM 4", "SIM 10")
    app = opened(queue=queue, reviewer="ada")
    no_errors(app)
    assert star(app) == "SIM 1"
    first = showing(app)
    app.text_area(key=actions.note_key(first.token)).set_value("flat floor").run()
    app.button_group[0].set_value(["KN", "OTH"]).run()
    press(app, "PC")
    no_errors(app)
    assert star(app) == "SIM 4"
    (kept,) = dispositions.list_by_star("SIM 1")
    assert (kept.disposition, kept.reviewer, kept.note, kept.token) == ("PC", "ada", "flat floor", first.token)
    assert set(kept.reason_codes) == {"KN", "OTH"}
    assert kept.ephemeris is not None
    assert kept.ephemeris.period_days == pytest.approx(3.69055, abs=1e-3)
    assert kept.measured["depth_ppm"] == pytest.approx(5034, rel=0.05)
    assert kept.measured["check_odd_even"] == "pass"
    assert kept.seconds is not None
    assert app.query_params["at"] == "2"


def test_undo_takes_the_latest_back_and_shows_its_star_again():
    app = opened(queue=queue_of("SIM 1", "SIM 4"), reviewer="ada")
    press(app, "FA")
    assert star(app) == "SIM 4"
    app.button(key="vet undo").click().run()
    no_errors(app)
    assert star(app) == "SIM 1"
    assert dispositions.list_current() == ()
    assert [e.is_undo for e in dispositions.history()] == [False, True], "nothing is erased"
    press(app, "PC")
    assert [v.disposition for v in dispositions.list_by_star("SIM 1")] == ["PC"]
    app.button(key="vet undo").click().run()
    app.button(key="vet undo").click().run()
    assert any("no disposition of yours" in c.value for c in app.caption)


def filled(app: AppTest) -> list[str]:
    """The dispositions whose buttons are filled."""
    buttons = [b for b in app.button if (b.key or "").startswith("vote ")]
    assert len(buttons) == 4
    return [b.key.split()[1] for b in buttons if b.proto.type == "primary"]


def test_only_the_disposition_that_the_reviewer_gave_is_filled():
    dispositions.add(disposition_entry.Disposition("SIM 4", "PC", "bob"))
    queue = queue_of("SIM 4", "SIM 10")
    app = opened(queue=queue, reviewer="ada")
    assert filled(app) == [], "what another said fills nothing"
    press(app, "FP")
    assert star(app) == "SIM 10"
    assert filled(app) == []
    app.button(key="vet back").click().run()
    assert filled(app) == ["FP"]
    app.button(key="vet undo").click().run()
    assert filled(app) == []


def test_reasons_keep_their_places_and_the_suggested_ones_are_outlined():
    quiet, binary = (opened(target=name, reviewer="ada") for name in ("SIM 4", "SIM 10"))
    assert quiet.button_group[0].options == binary.button_group[0].options == [reasons.reason_label(c) for c in REASON_CODES]
    assert "The checks suggest no reason" in [c.value for c in quiet.caption]
    [said] = [c.value for c in binary.caption if c.value.startswith("The checks suggest")]
    codes = said.removeprefix("The checks suggest ").split(", ")
    assert {"SSE", "KN"} <= set(codes)
    [style] = [h.proto.body for h in binary.get("html") if "nth-of-type" in h.proto.body]
    assert {f"nth-of-type({list(REASON_CODES).index(c) + 1})" for c in codes} == set(re.findall(r"nth-of-type\(\d+\)", style))
    binary.button(key="vet hide").click().run()
    [said] = [c.value for c in binary.caption if c.value.startswith("The checks suggest")]
    assert "KN" not in said, "a blind reviewer is not told that it is known"


def test_arrows_go_through_the_queue_and_a_link_comes_back_to_the_star():
    queue = queue_of("SIM 1", "SIM 4", "SIM 10")
    app = opened(queue=queue, reviewer="ada", at="2")
    assert star(app) == "SIM 4"
    app.button(key="vet on").click().run()
    assert star(app) == "SIM 10"
    assert app.button(key="vet on").disabled
    app.button(key="vet back").click().run()
    assert star(app) == "SIM 4"
    assert dispositions.list_current() == ()


def test_a_queue_begins_where_the_reviewer_left_it_and_ends():
    queue = queue_of("SIM 1", "SIM 4")
    dispositions.add(disposition_entry.Disposition("SIM 1", "PC", "ada"))
    app = opened(queue=queue, reviewer="ada")
    assert star(app) == "SIM 4"
    assert star(opened(queue=queue, reviewer="bob")) == "SIM 1", "each reviewer has a way of their own"
    press(app, "UNSURE")
    no_errors(app)
    assert "All stars of this queue have a disposition" in star(app)
    assert any("2 stars; their signals: planet candidate **1** · unsure **1**" in m.value for m in app.markdown)
    assert any("you are unsure" in m.value for m in app.markdown)
    app.button(key="vet see 1").click().run()
    assert star(app) == "SIM 4", "a star to see again is a click away"
    assert filled(app) == ["UNSURE"]
    press(app, "UNSURE")
    app.button(key="vet all queues").click().run()
    no_errors(app)
    assert any("2 of 2 done" in m.value for m in app.markdown)


def test_blind_mode_hides_scores_and_what_others_said_and_the_verdict_says_so():
    dispositions.add(disposition_entry.Disposition("SIM 4", "FP", "bob"))
    app = opened(queue=queue_of("SIM 4"), reviewer="ada", blind="1")
    text = " ".join(m.value for m in app.markdown) + " ".join(c.value for c in app.caption)
    assert "hidden" in text
    assert "bob" not in text
    assert "Known object" not in text
    app.button(key="vet hide").click().run()
    assert "bob" in " ".join(c.value for c in app.caption)
    assert "blind" not in app.query_params
    app.button(key="vet hide").click().run()
    press(app, "PC")
    assert [v.score_hidden for v in dispositions.list_by_star("SIM 4") if v.reviewer == "ada"] == [True]


def test_notes_and_bookmarks_outlive_the_page_without_a_verdict():
    app = opened(queue=queue_of("SIM 4"), reviewer="ada")
    app.text_area(key=actions.note_key(showing(app).token)).set_value("look again").run()
    app.button(key="vet bookmark").click().run()
    no_errors(app)
    kept = notes.load("SIM 4", "ada")
    assert (kept.note, kept.bookmarked) == ("look again", True)
    again = opened(queue=queue_of("SIM 4"), reviewer="ada")
    assert again.text_area(key=actions.note_key(showing(again).token)).value == "look again"
    assert store_queues.list_items(queues.queue_of_bookmarks("ada").queue_id)[0].target_id == "SIM 4"


def test_the_ephemeris_in_hand_is_kept_with_the_star():
    app = opened(target="SIM 4", reviewer="ada")
    token = showing(app).token
    app.button(key=f"period ×2 {token}").click().run()
    no_errors(app)
    held = ephemerides.load("SIM 4")
    assert held is not None
    assert (held.source, held.reviewer) == (ephemerides.PERSON, "ada")
    assert held.ephemeris.period_days == pytest.approx(2 * 7.95444, abs=1e-3)
    press(app, "PC")
    (kept,) = dispositions.list_by_star("SIM 4")
    assert kept.ephemeris is not None
    assert kept.ephemeris.period_days == pytest.approx(2 * 7.95444, abs=1e-3)
    assert "15.908" in " ".join(m.value for m in opened(target="SIM 4", reviewer="bob").markdown)


def test_numbers_by_hand_are_taken_and_explore_shows_them_too():
    app = opened(target="SIM 4", reviewer="ada")
    period = next(n for n in app.number_input if n.label.startswith("Period"))
    period.set_value(3.0)
    next(b for b in app.button if b.label == "Use these").click().run()
    no_errors(app)
    held = ephemerides.load("SIM 4")
    assert held is not None
    assert (held.ephemeris.period_days, held.source) == (3.0, ephemerides.PERSON)
    explore = driving.opened("1_Explore.py", target="SIM 4", tab="Ephemerides")
    table = explore.dataframe[0].value
    assert table.iloc[0, 0] == "SIM 4.01 (adopted)"
    assert len(table) == 1, "it stands in place of the catalog's"


def test_refining_finds_the_period_again():
    app = opened(target="SIM 4", reviewer="ada")
    ephemerides.save(ephemerides.AdoptedEphemeris("SIM 4", replace(_held(app), period_days=7.957), ephemerides.PERSON, "ada"))
    app = opened(target="SIM 4", reviewer="ada")
    app.button(key=f"refine {showing(app).token}").click().run()
    no_errors(app)
    held = ephemerides.load("SIM 4")
    assert held is not None
    assert held.source == ephemerides.FIT
    assert held.ephemeris.period_days == pytest.approx(7.95444, abs=5e-4)


def _held(app: AppTest) -> Ephemeris:
    return vet_star.load_vet_star({"target": star(app)}).signals[0].ephemeris


def test_an_ephemeris_that_cannot_be_is_a_sentence_and_changes_nothing():
    app = opened(target="SIM 4", reviewer="ada")
    for _ in range(6):
        app.button(key=f"period ÷3 {showing(app).token}").click().run()
    assert not app.exception
    assert any("duration" in c.value for c in app.caption)
    held = ephemerides.load("SIM 4")
    assert held is not None
    assert held.ephemeris.duration_days < (held.ephemeris.period_days or 0)


def test_a_star_that_cannot_be_opened_can_be_passed_over():
    app = opened(queue=queue_of("TIC 99999", "SIM 4"), reviewer="ada")
    assert not app.exception
    assert "not in the cache" in app.error[0].value
    app.button(key="broken on").click().run()
    assert star(app) == "SIM 4"
    assert dispositions.list_current() == ()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ({"queue": "nothing"}, "no queue"),
        ({"target": "moon"}, "no target known"),
        ({"at": "-3"}, "counted from 1"),
        ({"blind": "yes"}, "neither 0 nor 1"),
        ({"nonsense": "1"}, "means nothing here"),
        ({"source": "moon"}, "none of"),
    ],
)
def test_an_address_that_means_nothing_is_a_sentence(address, words):
    app = opened(reviewer="ada", **address)
    assert not app.exception
    assert words in " ".join(e.value for e in (*app.error, *app.warning))


def test_a_name_that_cannot_be_one_is_a_sentence():
    app = opened(reviewer="x" * 41)
    assert not app.exception
    assert "at most 40" in app.error[0].value


def test_queues_are_made_of_the_simulated_survey_and_removed():
    app = opened(reviewer="ada")
    no_errors(app)
    assert any("no queue yet" in m.value for m in app.markdown)
    app.number_input(key="queue simulated").set_value(3).run()
    app.button(key="make queue").click().run()
    no_errors(app)
    assert star(app) == "SIM 1"
    (made,) = store_queues.list_queues()
    assert made.num == 3
    app.button(key="vet leave").click().run()
    app.button(key=f"remove {made.queue_id}").click().run()
    assert store_queues.list_queues() == ()


def test_verdicts_are_listed_with_agreement_and_conflicts():
    for name, said in (("ada", "PC"), ("bob", "FP")):
        dispositions.add(disposition_entry.Disposition("SIM 4", said, name, note="=1+1"))
        dispositions.add(disposition_entry.Disposition("SIM 1", "PC", name))
    app = opened(reviewer="ada", tab="Verdicts")
    no_errors(app)
    table, agreement = (d.value for d in app.dataframe)
    assert list(table["Star"])[:2] == ["SIM 1", "SIM 4"]
    assert agreement["Stars of both"].tolist() == [2]
    assert agreement["Agree on"].tolist() == [1]
    assert any("SIM 4" in m.value and "bob" in m.value for m in app.markdown)


def test_exports_offer_what_was_judged():
    dispositions.add(disposition_entry.Disposition("SIM 4", "PC", "ada"))
    app = opened(reviewer="ada", tab="Exports")
    no_errors(app)
    assert any("1 are simulated" in m.value for m in app.markdown)
    assert any("None of these stars can stand in an ExoFOP file" in m.value for m in app.markdown)


def test_the_second_tab_shows_what_the_detector_saw():
    app = opened(target="SIM 1", reviewer="ada", tab="Details")
    no_errors(app)
    assert len(app.get("plotly_chart")) == 2, "pixels and centroid"
    assert any("Simulated, like the star." in c.value for c in app.caption)
    assert any("thousandths of a pixel" in m.value for m in app.markdown)


def test_periods_are_searched_beside_the_page(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(details, "PERIOD_METHODS", ("bls",))
    app = opened(target="SIM 4", reviewer="ada", tab="Details")
    app.session_state["vet details"] = "Periods"
    app.run()
    no_errors(app)
    assert any("BLS: 7.95" in c.value.replace("\\", "") for c in app.caption)


def test_a_long_search_waits_until_it_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(details, "AUTOSTART_SECONDS", 0.0)
    app = opened(target="SIM 4", reviewer="ada", tab="Details")
    app.session_state["vet details"] = "Periods"
    app.run()
    no_errors(app)
    assert {"vet search bls", "vet search tls"} <= driving.keys(app)


def test_probabilities_need_a_model():
    app = opened(target="SIM 4", reviewer="ada", tab="Details")
    app.session_state["vet details"] = "Probability"
    app.run()
    no_errors(app)
    assert "no model for light curves like these" in driving.words(app)


def test_the_link_from_explore_carries_the_preferred_product(tmp_path, monkeypatch):
    from astroseq_core.app.shared import url_state
    from astroseq_core.scoring.star_data import StarRequest, request_from_location

    rng = np.random.default_rng(5)
    for name, minutes in (("s0001", 2), ("slow", 10)):
        time = np.arange(1325.3, 1340.0, minutes / 1440)
        np.savez(tmp_path / f"TIC_77__{name}.npz", time=time, flux=1 + 3e-4 * rng.standard_normal(len(time)), mission="TESS")
    request = StarRequest("TIC 77", "folder", str(tmp_path), prefer=("TIC_77__slow",))
    location = url_state.star_location(request)
    assert location["product"] == "TIC_77__slow"
    assert request_from_location(location) == request
    asked = []
    monkeypatch.setattr(vet_star, "request_from_location", lambda place: asked.append(request_from_location(place)) or asked[-1])
    app = opened(**location, reviewer="ada")
    no_errors(app)
    assert star(app) == "TIC 77"
    assert set(asked) == {request}
    assert [c.observation for c in vet_star.load_vet_star(location).star.light_curves] == ["TIC_77__slow"]
    del location["product"]
    assert [c.observation for c in vet_star.load_vet_star(location).star.light_curves] == ["TIC_77__s0001"]


@pytest.mark.parametrize(
    ("hours", "error", "words"), [(6.99, 24.0, "some 7 h"), (3.514, 0.138, "3.51 ± 0.14 h"), (2.0, math.nan, "2.00 h")]
)
def test_a_duration_with_an_error_as_large_as_itself_is_a_rough_number(hours: float, error: float, words: str):
    assert header.hours_words(hours, error) == words


@pytest.mark.parametrize(
    ("ratio", "period", "words"),
    [
        ("1", 3.69055, "known: SIM 1.01"),
        ("1/2", 1.845276, "found at 1.84528 d, half the period of SIM 1.01 (known)"),
        ("", 2.5, "found at 2.50000 d, not the period of SIM 1.01 (known)"),
        ("", None, "found as a single transit, not the period of SIM 1.01 (known)"),
    ],
)
def test_the_known_object_and_the_period_that_was_found_are_told_in_words(ratio: str, period: float | None, words: str):
    shown: Any = SimpleNamespace(row=SimpleNamespace(match="SIM 1.01", match_ratio=ratio, best_period_days=period))
    assert header.match_words(shown, blind=False) == words
    assert "SIM" not in header.match_words(shown, blind=True)
