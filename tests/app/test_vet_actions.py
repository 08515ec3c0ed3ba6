"""To which star a vote belongs, whatever the browser sends and when."""

from types import SimpleNamespace
from typing import Any

import pytest

from astroseq_core.app.vet import actions
from astroseq_core.app.vet import showing as vet_showing
from astroseq_core.errors import StoreError
from astroseq_core.store import disposition_entry, dispositions, notes, queues
from astroseq_core.store.queue_orders import QueueItem


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A session's state without a page."""
    state: dict[str, Any] = {}
    for module in (vet_showing, actions):
        monkeypatch.setattr(module, "st", SimpleNamespace(session_state=state))
    return state


def shown(star: str, queue: str = "", at: int = 0) -> str:
    """Draw a star to its end; its token."""
    token = vet_showing.begin_showing(star, queue, at, "ada").token
    vet_showing.mark_sent({"score": 4.0, "model_id": "m"})
    return token


def kept() -> list[tuple[str, str]]:
    return [(v.target_id, v.disposition) for v in dispositions.list_current()]


def test_a_press_on_a_star_that_is_gone_votes_on_nothing():
    queue = queues.create("q", [QueueItem("SIM 1"), QueueItem("SIM 4")]).queue_id
    old = shown("SIM 1", queue)
    actions.decide(old, "PC")
    here = shown("SIM 4", queue, 1)
    actions.decide(old, "FP")
    assert kept() == [("SIM 1", "PC")]
    now = vet_showing.current_showing()
    assert now is not None
    assert now.token == here, "the star that is there stays"


def test_a_press_before_all_of_the_star_was_sent_does_not_count(session):
    token = vet_showing.begin_showing("SIM 1", "", 0, "ada").token
    actions.decide(token, "PC")
    assert kept() == []
    good, sentence = session[actions.MESSAGE]
    assert not good
    assert "SIM 1" in sentence
    # The star is shown anew, so that the browser lets the key through again.
    again = shown("SIM 1")
    assert again != token
    actions.decide(again, "PC")
    assert kept() == [("SIM 1", "PC")]


def test_one_showing_gives_one_verdict_however_often_it_is_pressed():
    token = shown("SIM 1")
    for disposition in ("PC", "FP", "PC"):
        actions.decide(token, disposition)
    assert [e.disposition.disposition for e in dispositions.history()] == ["PC"]
    # Two pages of one session could send it at the same time: the store itself takes a token once.
    vet_showing.begin_showing("SIM 1", "", 0, "ada")
    assert dispositions.add(disposition_entry.Disposition("SIM 1", "FP", "ada", token=token)) == 1
    assert kept() == [("SIM 1", "PC")]


def test_a_redraw_of_the_same_star_is_the_same_showing_another_reviewer_is_not():
    token = shown("SIM 1")
    assert shown("SIM 1") == token
    assert vet_showing.begin_showing("SIM 1", "", 0, "bob").token != token
    assert vet_showing.begin_showing("SIM 1", "other", 0, "bob").token != token


def test_the_next_star_is_the_next_one_without_a_verdict(session):
    queue = queues.create("q", [QueueItem(f"SIM {n}") for n in range(1, 5)]).queue_id
    dispositions.add(disposition_entry.Disposition("SIM 3", "PC", "ada"))
    actions.decide(shown("SIM 2", queue, 1), "FA")
    assert session[actions.POSITION_KEY] == 3, "SIM 3 has one already"
    actions.decide(shown("SIM 4", queue, 3), "FA")
    assert session[actions.POSITION_KEY] == 0, "SIM 1 was passed over"
    actions.decide(shown("SIM 1", queue, 0), "FA")
    assert session[actions.POSITION_KEY] == 4, "all are done"


def test_what_the_store_refuses_is_said_and_the_star_stays(monkeypatch: pytest.MonkeyPatch, session):
    def broken(*_: object) -> int:
        raise StoreError("The disk is full.")

    token = shown("SIM 1")
    monkeypatch.setattr(dispositions, "add", broken)
    actions.decide(token, "PC")
    assert session[actions.MESSAGE] == (False, "The disposition was not saved: The disk is full.")
    assert actions.POSITION_KEY not in session


def test_undo_counts_once_for_each_showing(session):
    queue = queues.create("q", [QueueItem("SIM 1"), QueueItem("SIM 4")]).queue_id
    actions.decide(shown("SIM 1", queue), "PC")
    actions.decide(shown("SIM 4", queue, 1), "FP")
    token = shown("SIM 4", queue, 1)
    actions.undo(token)
    actions.undo(token)
    assert kept() == [("SIM 1", "PC")]
    assert session[actions.POSITION_KEY] == 1


def test_a_verdict_takes_the_note_and_the_reasons_that_were_written_down():
    notes.save(notes.Draft("SIM 1", "ada", "odd shape", ("VSH",), bookmarked=True))
    actions.decide(shown("SIM 1"), "UNSURE")
    (verdict,) = dispositions.list_by_star("SIM 1")
    assert (verdict.note, verdict.reason_codes, verdict.score, verdict.model_id) == ("odd shape", ("VSH",), 4.0, "m")
    assert notes.load("SIM 1", "ada").bookmarked
