"""To which star a vote belongs, whatever the browser sends and when."""

from types import SimpleNamespace
from typing import Any

import pytest

from astroseq_core.errors import StoreError
from astroseq_core.store import dispositions, drafts, queues
from astroseq_core.store.queue_orders import Item
from astroseq_core.ui import vet_showing, vet_votes


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A session's state without a page."""
    state: dict[str, Any] = {}
    for module in (vet_showing, vet_votes):
        monkeypatch.setattr(module, "st", SimpleNamespace(session_state=state))
    return state


def shown(star: str, queue: str = "", at: int = 0) -> str:
    """Draw a star to its end; its token."""
    token = vet_showing.begin(star, queue, at, "ada").token
    vet_showing.sent({"score": 4.0, "model_id": "m"})
    return token


def kept() -> list[tuple[str, str]]:
    return [(v.target_id, v.disposition) for v in dispositions.latest()]


def test_a_press_on_a_star_that_is_gone_votes_on_nothing():
    queue = queues.make("q", [Item("SIM 1"), Item("SIM 4")]).queue_id
    old = shown("SIM 1", queue)
    vet_votes.vote(old, "PC")
    here = shown("SIM 4", queue, 1)
    vet_votes.vote(old, "FP")
    assert kept() == [("SIM 1", "PC")]
    now = vet_showing.now()
    assert now is not None
    assert now.token == here, "the star that is there stays"


def test_a_press_before_all_of_the_star_was_sent_does_not_count(session):
    token = vet_showing.begin("SIM 1", "", 0, "ada").token
    vet_votes.vote(token, "PC")
    assert kept() == []
    good, sentence = session[vet_votes.SAID]
    assert not good
    assert "SIM 1" in sentence
    # The star is shown anew, so that the browser lets the key through again.
    again = shown("SIM 1")
    assert again != token
    vet_votes.vote(again, "PC")
    assert kept() == [("SIM 1", "PC")]


def test_one_showing_gives_one_verdict_however_often_it_is_pressed():
    token = shown("SIM 1")
    for disposition in ("PC", "FP", "PC"):
        vet_votes.vote(token, disposition)
    assert [e.verdict.disposition for e in dispositions.history()] == ["PC"]
    # Two pages of one session could send it at the same time: the store itself takes a token once.
    vet_showing.begin("SIM 1", "", 0, "ada")
    assert dispositions.add(dispositions.Verdict("SIM 1", "FP", "ada", token=token)) == 1
    assert kept() == [("SIM 1", "PC")]


def test_a_redraw_of_the_same_star_is_the_same_showing_another_reviewer_is_not():
    token = shown("SIM 1")
    assert shown("SIM 1") == token
    assert vet_showing.begin("SIM 1", "", 0, "bob").token != token
    assert vet_showing.begin("SIM 1", "other", 0, "bob").token != token


def test_the_next_star_is_the_next_one_without_a_verdict(session):
    queue = queues.make("q", [Item(f"SIM {n}") for n in range(1, 5)]).queue_id
    dispositions.add(dispositions.Verdict("SIM 3", "PC", "ada"))
    vet_votes.vote(shown("SIM 2", queue, 1), "FA")
    assert session[vet_votes.AT] == 3, "SIM 3 has one already"
    vet_votes.vote(shown("SIM 4", queue, 3), "FA")
    assert session[vet_votes.AT] == 0, "SIM 1 was passed over"
    vet_votes.vote(shown("SIM 1", queue, 0), "FA")
    assert session[vet_votes.AT] == 4, "all are done"


def test_what_the_store_refuses_is_said_and_the_star_stays(monkeypatch: pytest.MonkeyPatch, session):
    def broken(*_: object) -> int:
        raise StoreError("The disk is full.")

    token = shown("SIM 1")
    monkeypatch.setattr(dispositions, "add", broken)
    vet_votes.vote(token, "PC")
    assert session[vet_votes.SAID] == (False, "The verdict was not kept: The disk is full.")
    assert vet_votes.AT not in session


def test_undo_counts_once_for_each_showing(session):
    queue = queues.make("q", [Item("SIM 1"), Item("SIM 4")]).queue_id
    vet_votes.vote(shown("SIM 1", queue), "PC")
    vet_votes.vote(shown("SIM 4", queue, 1), "FP")
    token = shown("SIM 4", queue, 1)
    vet_votes.undo(token)
    vet_votes.undo(token)
    assert kept() == [("SIM 1", "PC")]
    assert session[vet_votes.AT] == 1


def test_a_verdict_takes_the_note_and_the_reasons_that_were_written_down():
    drafts.keep(drafts.Draft("SIM 1", "ada", "odd shape", ("VSH",), bookmarked=True))
    vet_votes.vote(shown("SIM 1"), "UNSURE")
    (verdict,) = dispositions.of_star("SIM 1")
    assert (verdict.note, verdict.flags, verdict.score, verdict.model_id) == ("odd shape", ("VSH",), 4.0, "m")
    assert drafts.get("SIM 1", "ada").bookmarked
