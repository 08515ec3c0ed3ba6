"""The summary of a queue: counts, pace, agreement with the model and with others, and the stars to see again."""

import pytest

from astroseq_core.store import dispositions, notes, queues
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.notes import Draft
from astroseq_core.store.queue_orders import QueueItem
from astroseq_core.store.queue_summary import CLASS_NAME, CLASS_PROBABILITY, Agreed, summarize


def say(star: str, disposition: str, reviewer: str = "ada", seconds: float | None = None, model: str = "") -> None:
    measured: dict[str, float | str] = {CLASS_NAME: model, CLASS_PROBABILITY: 0.875} if model else {}
    dispositions.add(Disposition(star, disposition, reviewer, seconds=seconds, measured=measured))


@pytest.fixture
def queue() -> str:
    return queues.create("made", [QueueItem(f"SIM {n}", {"target": f"SIM {n}"}) for n in range(1, 7)]).queue_id


def test_a_queue_is_summarized(queue: str):
    say("SIM 1", "PC", seconds=4.0, model="planet")
    say("SIM 2", "FP", seconds=2.0, model="planet")
    say("SIM 3", "FP", seconds=12.0, model="eclipsing_binary")
    say("SIM 4", "UNSURE", model="planet")
    say("SIM 5", "FA")
    say("SIM 99", "PC", seconds=1000.0, model="not_transit")  # in no queue
    say("SIM 1", "PC", "bob")
    say("SIM 3", "FA", "bob")
    say("SIM 6", "FA", "bob")  # ada said nothing
    notes.save(Draft("SIM 3", "ada", bookmarked=True))
    found = summarize(queue, "ada")
    assert found.counts == {"PC": 1, "FP": 2, "FA": 1, "UNSURE": 1}
    assert found.median_seconds == 4.0
    assert found.with_model == Agreed("", 2, 3), "binary and false positive both say no planet; unsure says nothing"
    assert found.with_others == (Agreed("bob", 1, 2),)
    assert [(star.target_id, star.index, star.reasons) for star in found.again] == [
        ("SIM 3", 2, ("you said FP, bob FA", "bookmarked")),
        ("SIM 2", 1, ("you said FP, the model planet 0.88",)),
        ("SIM 4", 3, ("you are unsure",)),
    ]


def test_what_was_taken_back_is_not_in_the_summary(queue: str):
    say("SIM 1", "FP", model="planet")
    dispositions.undo("ada")
    found = summarize(queue, "ada")
    assert (found.counts, found.median_seconds, found.again) == ({}, None, ())
    assert found.with_model == Agreed("", 0, 0)
