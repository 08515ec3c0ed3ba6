"""Several signals of one star on the vetting page: each has its own showing, dispositions, class and ephemeris."""

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.shared import signals
from astroseq_core.app.vet import actions
from astroseq_core.app.vet import star as vet_star
from astroseq_core.app.vet.showing import Showing
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.signals.signal import ClassProbabilities
from astroseq_core.store import disposition_entry, dispositions, ephemerides
from astroseq_core.store import queues as store_queues
from astroseq_core.store.queue_orders import QueueItem
from astroseq_core.store.signal_dispositions import of_signals
from tests.app import driving

pytestmark = pytest.mark.usefixtures("no_models")
STAR = "SIM 1"  # three planets, which its catalog knows


def opened(**address: str) -> AppTest:
    return driving.opened("7_Vet.py", **({"target": STAR, "reviewer": "ada"} | address))


def showing(app: AppTest) -> Showing:
    found: Showing = app.session_state["vet showing"]
    return found


def choose(app: AppTest, number: int) -> AppTest:
    return driving.press(app, f"signal {number} {STAR}")


def press(app: AppTest, disposition: str) -> AppTest:
    return driving.press(app, f"vote {disposition} {showing(app).token}")


def chips(app: AppTest) -> list[str]:
    return [b.label for b in app.button if str(b.key).startswith("signal ")]


def known() -> tuple[Ephemeris, ...]:
    return tuple(s.ephemeris for s in vet_star.load_vet_star({"target": STAR}).signals)


def said() -> list[dict[str, str]]:
    found = of_signals(dispositions.list_standing(STAR), known())
    return [{d.reviewer: d.disposition for d in one.dispositions} for one in found]


def test_each_signal_is_examined_and_judged_by_itself():
    app = opened()
    assert chips(app) == ["1 · 3.69 d", "2 · 7.45 d", "3 · 12.8 d"]
    first = showing(app)
    assert "signal" not in app.query_params
    choose(app, 2)
    second = showing(app)
    assert second.token != first.token
    assert app.query_params["signal"] == "SIM 1.02"
    assert "every 7.451" in driving.words(app)
    press(app, "FP")
    assert said() == [{}, {"ada": "FP"}, {}]
    assert chips(app)[1] == "2 · 7.45 d · FP", "the star stays, for there is no queue"
    choose(app, 1)
    press(app, "PC")
    assert said() == [{"ada": "PC"}, {"ada": "FP"}, {}]
    choose(app, 2)
    assert "You said **FP**" in driving.words(app)
    assert "**PC**" not in driving.words(app)
    driving.press(app, "vet undo")
    assert said() == [{}, {"ada": "FP"}, {}], "the latest disposition, whichever signal is shown"
    assert "every 3.690" in driving.words(app), "and its signal shows again"
    assert showing(app).seconds is not None


def test_the_other_signals_are_masked():
    shown = vet_star.load_vet_star({"target": STAR}, "SIM 1.02")
    assert shown.signal is not None
    assert shown.signal.number == 2
    assert shown.others == (known()[0], known()[2])
    assert shown.examined is not None
    assert shown.examined.ephemeris == shown.signal.ephemeris
    assert vet_star.load_vet_star({"target": STAR}, "SIM 1.02") is shown, "from memory"


def test_a_press_for_a_signal_that_was_left_does_not_count():
    app = opened()
    left = f"vote PC {showing(app).token}"
    # both come in one message: the choice, and a key for what is still on the screen
    app.button(key=f"signal 3 {STAR}").click()
    app.button(key=left).click()
    app.run()
    assert not app.exception
    if given := dispositions.list_standing(STAR):  # the browser's order decides; never the signal that was not seen
        assert [d.ephemeris for d in given] == [known()[0]]
    assert showing(app).target_id == STAR
    assert left not in driving.keys(app)


def test_a_link_names_a_signal_of_its_star_alone():
    queue = store_queues.create("two", [QueueItem(s, {"target": s}) for s in (STAR, "SIM 4")]).queue_id
    app = driving.opened("7_Vet.py", queue=queue, reviewer="ada", signal="SIM 1.03")
    assert "every 12.76" in driving.words(app)
    press(app, "PC")
    assert app.subheader[0].value == "SIM 4"
    assert "signal" not in app.query_params
    driving.press(app, "vet back")
    assert "every 12.76" in driving.words(app), "where this star was left"
    assert said() == [{}, {}, {"ada": "PC"}]


def test_signal_by_signal_the_star_stays_until_all_have_a_disposition():
    queue = store_queues.create("two", [QueueItem(s, {"target": s}) for s in (STAR, "SIM 4")]).queue_id
    app = driving.opened("7_Vet.py", queue=queue, reviewer="ada", each="1")
    periods = []
    for disposition in ("PC", "FP", "UNSURE"):
        assert app.subheader[0].value == STAR
        periods.append(round(vars(showing(app).facts["ephemeris"])["period_days"], 1))
        press(app, disposition)
    assert periods == [3.7, 7.5, 12.8]
    assert app.subheader[0].value == "SIM 4"
    assert said() == [{"ada": "PC"}, {"ada": "FP"}, {"ada": "UNSURE"}]


def test_note_and_reasons_belong_to_the_signal_that_they_were_given_for():
    app = opened()
    app.text_area(key=actions.note_key(showing(app).token)).set_value("deep").run()
    app.button_group[0].set_value(["EB"]).run()
    press(app, "FP")
    choose(app, 2)
    assert app.text_area(key=actions.note_key(showing(app).token)).value == ""
    press(app, "PC")
    choose(app, 1)
    assert app.text_area(key=actions.note_key(showing(app).token)).value == "deep"
    given = {d.disposition: d for d in dispositions.list_standing(STAR)}
    assert (given["FP"].reason_codes, given["FP"].note) == (("EB",), "deep")
    assert (given["PC"].reason_codes, given["PC"].note) == ((), "")


def test_a_changed_period_is_another_showing_of_the_same_signal():
    app = choose(opened(), 2)
    before = showing(app)
    driving.press(app, f"period ×2 {before.token}")
    assert showing(app).token != before.token
    assert chips(app) == ["1 · 3.69 d", "2 · 14.9 d", "3 · 12.8 d"]
    [held] = ephemerides.load_of_each_signal(STAR)
    assert held.ephemeris.name == "SIM 1.02"
    third = known()[2]
    ephemerides.save(ephemerides.AdoptedEphemeris(STAR, replace(third, period_days=12.7622), ephemerides.FIT, "bob"))
    assert [a.source for a in ephemerides.load_of_each_signal(STAR)] == [ephemerides.FIT, ephemerides.PERSON]
    app.run()
    assert chips(app)[1] == "2 · 14.9 d", "adopting for one signal leaves that of another"
    app.selectbox(key=f"ephemeris {showing(app).token}").set_value(1).run()
    assert chips(app) == ["1 · 3.69 d", "2 · 7.45 d", "3 · 12.8 d"]


def test_classes_stand_on_the_chips_and_as_bars_unless_they_are_hidden():
    shown = vet_star.load_vet_star({"target": STAR})
    planet, binary = ClassProbabilities(0.93, 0.06, 0.01, 0.04, 0.03, 0.01), ClassProbabilities(0.2, 0.7, 0.1, 0.1, 0.1, 0.05)
    classes = {e: (c, planet) for e, c in zip(known(), (planet, binary, planet), strict=True)}
    signals.signals_in_memory().put((*signals._star_key(shown.request), known()), classes)
    dispositions.add(disposition_entry.Disposition(STAR, "KP", "bob", ephemeris=known()[1]))
    app = opened()
    assert chips(app) == ["1 · 3.69 d · planet .93", "2 · 7.45 d · binary .70 · (KP)", "3 · 12.8 d · planet .93"]
    choose(app, 2)
    [bars] = [h.proto.body for h in app.get("html") if "signal-class" in h.proto.body]
    assert "Eclipsing binary" in bars
    assert "0.70 ± 0.10" in bars
    assert "Trees alone: planet candidate 0.93" in bars
    driving.press(app, "vet hide")
    assert chips(app) == ["1 · 3.69 d", "2 · 7.45 d", "3 · 12.8 d"]
    assert not [h for h in app.get("html") if "signal-class" in h.proto.body]


def test_the_classifier_s_views_stand_below_the_curve():
    import json

    app = opened(tab="Classifier", signal="SIM 1.02")
    figures = [json.loads(c.proto.spec) for c in app.get("plotly_chart")]
    assert len(figures) == 2
    assert {f["layout"]["meta"]["showing"] for f in figures} == {showing(app).token}
    shown = vet_star.load_vet_star({"target": STAR}, "SIM 1.02")
    found, pictures, row = signals.load_views(signals.signals_in_memory(), shown.request, shown.star, shown.signals, 2)
    assert row == 1
    assert found.views.period_days[row] == pytest.approx(7.4513, abs=1e-3)
    assert np.nanmin(pictures.odd_view[row]) == pytest.approx(-1, abs=0.15)


def test_exports_go_by_the_disposition_of_each_signal():
    dispositions.add(disposition_entry.Disposition(STAR, "PC", "ada", ephemeris=known()[0]))
    dispositions.add(disposition_entry.Disposition(STAR, "FP", "ada", ephemeris=known()[1]))
    dispositions.add(disposition_entry.Disposition(STAR, "CP", "ada", ephemeris=known()[2]))
    app = driving.opened("7_Vet.py", reviewer="ada", tab="Exports")
    assert "**1** star with **2** signals, a row each" in driving.words(app)
