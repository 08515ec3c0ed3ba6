"""Queues from the Leaderboard, from flagged stars and from lists, and the page's way into them."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.vet import queues
from astroseq_core.errors import StoreError
from astroseq_core.store import dispositions, leaderboard, thresholds
from astroseq_core.store import queues as store_queues
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.queue_orders import AS_GIVEN, BY_MODEL_DISAGREEMENT, BY_SCORE, BY_UNCERTAINTY
from astroseq_core.store.thresholds import ScoreThreshold
from tests.app import board_rows as made
from tests.app import driving, survey_folders

pytestmark = pytest.mark.usefixtures("no_models")


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No survey begins by itself."""
    return survey_folders.never_begin(monkeypatch)


@pytest.fixture
def filled() -> None:
    made.fill(made.simulated(), made.real(200))


def stars(queue: store_queues.Queue) -> list[str]:
    return [item.target_id for item in store_queues.list_items(queue.queue_id)]


@pytest.mark.usefixtures("filled")
def test_a_view_becomes_a_queue_in_its_order():
    filters = Filters(model_id=made.FIRST, simulated=True)
    by_score = queues.queue_from_leaderboard(filters)
    rows = leaderboard.load_page(replace(filters, scored=True), limit=100).rows
    assert stars(by_score) == [r.target_id for r in rows]
    assert by_score.order == BY_SCORE
    first = store_queues.list_items(by_score.queue_id)[0]
    assert first.place == {"target": first.target_id}
    assert (first.score, first.model_id) == (rows[0].star_score, made.FIRST)
    by_name = queues.queue_from_leaderboard(filters, "target_id", False)
    assert stars(by_name) == sorted(stars(by_score))
    assert by_name.order == AS_GIVEN


@pytest.mark.usefixtures("filled")
def test_flagged_stars_by_how_near_they_are_to_the_cut():
    with pytest.raises(StoreError, match="keep a threshold"):
        queues.queue_above_threshold(made.FIRST, BY_SCORE)
    threshold = leaderboard.threshold_for_count(Filters(model_id=made.FIRST), 12)
    assert threshold is not None
    thresholds.save(ScoreThreshold(made.FIRST, threshold, "top", 12))
    queue = queues.queue_above_threshold(made.FIRST, BY_UNCERTAINTY)
    items = store_queues.list_items(queue.queue_id)
    assert len(items) == 12
    assert [i.score for i in items] == sorted(i.score for i in items)
    assert stars(queues.queue_of_best(made.FIRST, 5, BY_SCORE)) == stars(queues.queue_above_threshold(made.FIRST, BY_SCORE))[:5]


def test_stars_on_which_two_models_disagree_come_first():
    ranked = [made.row(f"SIM {n}", 50.0 - n) for n in range(1, 9)]
    other = [replace(r, model_id=made.SECOND) for r in ranked]
    # The second model puts the first model's last star on top.
    other[-1] = replace(other[-1], star_score=99.0)
    made.fill(ranked, other)
    queue = queues.queue_of_best(made.FIRST, 8, BY_MODEL_DISAGREEMENT, (made.FIRST, made.SECOND))
    assert stars(queue)[0] == "SIM 8"
    with pytest.raises(StoreError, match="Two models"):
        queues.queue_of_best(made.FIRST, 8, BY_MODEL_DISAGREEMENT)


def test_a_list_names_each_row_that_cannot_be_used():
    queue, problems = queues.queue_from_csv("target_id\nSIM 3\nmoon\nSIM 5\nSIM 3\n", "mine.csv", AS_GIVEN)
    assert stars(queue) == ["SIM 3", "SIM 5"]
    (problem,) = problems
    assert "line 3" in problem
    with pytest.raises(StoreError, match="names no star"):
        queues.queue_from_csv("target_id\nmoon\n", "mine.csv", AS_GIVEN)


@pytest.mark.usefixtures("filled")
def test_the_leaderboard_leads_into_vetting():
    app = AppTest.from_file(str(driving.PAGES.parent / "app.py"), default_timeout=300)
    app.run()
    app.switch_page("pages/5_Leaderboard.py")
    app.query_params["stars"] = "simulated"
    app.run()
    assert not app.exception
    second = app.dataframe[0].value["Star"].iloc[1]
    app.selectbox(key="star").set_value(second).run()
    app.button(key="vet these").click().run()
    assert not app.exception
    (queue,) = store_queues.list_queues()
    assert app.query_params["queue"] == queue.queue_id
    assert app.query_params["at"] == "2", "vetting begins with the star that was chosen"
    assert stars(queue)[1] == second


@pytest.mark.usefixtures("filled")
def test_the_form_makes_the_queue_that_is_asked_for():
    app = driving.opened("7_Vet.py", reviewer="ada")
    app.button_group(key="queue of").set_value("Highest scores").run()
    app.number_input(key="queue count").set_value(4).run()
    driving.press(app, "make queue")
    (queue,) = store_queues.list_queues()
    assert queue.num == 4
    assert app.query_params["queue"] == queue.queue_id
    assert dispositions.list_current() == ()


def test_bookmarks_are_asked_for_where_there_are_none():
    app = driving.opened("7_Vet.py", reviewer="ada")
    app.button_group(key="queue of").set_value("My bookmarks").run()
    assert "no bookmarks" in driving.words(app)
    assert not app.error
    assert "make queue" not in driving.keys(app)


@pytest.mark.usefixtures("filled")
def test_without_a_threshold_the_form_says_what_to_do():
    app = driving.opened("7_Vet.py", reviewer="ada")
    assert app.button_group(key="queue of").value == "Highest scores", "what works is the default"
    app.button_group(key="queue of").set_value("Stars above the threshold").run()
    assert not app.error
    assert "No threshold is kept" in driving.words(app)
    assert "make queue" not in driving.keys(app)
    driving.press(app, "take best")
    assert app.button_group(key="queue of").value == "Highest scores"
    assert "make queue" in driving.keys(app)

    thresholds.save(ScoreThreshold(made.FIRST, 1e6))
    app = driving.opened("7_Vet.py", reviewer="ada")
    app.selectbox(key="queue model").set_value(made.FIRST).run()
    assert "above its threshold now" in driving.words(app)
    assert "make queue" not in driving.keys(app)
