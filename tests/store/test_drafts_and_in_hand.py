"""What is noted before a verdict, and the ephemeris in hand."""

from dataclasses import replace

import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.store import drafts, in_hand, reasons
from astroseq_core.store.drafts import Draft
from astroseq_core.store.in_hand import InHand
from astroseq_core.times import Instant, TimeSystem

SIGNAL = Ephemeris("TIC 1", "b", Instant(1500.123456789, TimeSystem.BTJD), 3.5000000001, 2.0, 900.0, 0.01, 1e-5, "PC")


def test_drafts_are_each_reviewers_own() -> None:
    assert drafts.get("TIC 1", "ada") == Draft("TIC 1", "ada")
    drafts.keep(Draft("TIC 1", "ada", "a; note\r\nof two lines", ("OED", "SSE")))
    drafts.keep(Draft("TIC 1", "bob", "other"))
    assert drafts.get("TIC 1", " ada ") == Draft("TIC 1", "ada", "a; note\nof two lines", ("OED", "SSE"))
    drafts.keep(Draft("TIC 1", "ada"))
    assert drafts.get("TIC 1", "ada") == Draft("TIC 1", "ada")
    assert drafts.get("TIC 1", "bob").note == "other"
    with pytest.raises(StoreError, match="needs a name"):
        drafts.get("TIC 1", "")


def test_bookmarks_stay_in_the_order_in_which_they_were_set() -> None:
    for star in ("TIC 2", "TIC 1", "TIC 3"):
        drafts.keep(Draft(star, "ada", bookmarked=True))
    drafts.keep(Draft("TIC 4", "bob", bookmarked=True))
    drafts.keep(replace(drafts.get("TIC 2", "ada"), note="later"))
    assert drafts.bookmarks("ada") == ("TIC 2", "TIC 1", "TIC 3")
    drafts.keep(replace(drafts.get("TIC 1", "ada"), bookmarked=False))
    assert drafts.bookmarks("ada") == ("TIC 2", "TIC 3")
    assert drafts.get("TIC 2", "ada") == Draft("TIC 2", "ada", "later", (), True)


def test_the_newest_ephemeris_is_in_hand_and_all_before_stay() -> None:
    assert in_hand.of("TIC 1") is None
    first = in_hand.keep(InHand("TIC 1", SIGNAL, "catalogue", "ada", 5.0))
    doubled = replace(SIGNAL, period_days=7.0000000002)
    second = in_hand.keep(InHand("TIC 1", doubled, "person", "bob"))
    in_hand.keep(InHand("TIC 2", replace(SIGNAL, period_days=None, depth_ppm=None), "fit", "ada", 7.0))
    assert second.at > 1e9
    assert in_hand.of("TIC 1") == second
    assert in_hand.history("TIC 1") == (first, second)
    assert {t: h.ephemeris.period_days for t, h in in_hand.latest().items()} == {"TIC 1": 7.0000000002, "TIC 2": None}


def test_keeping_what_is_in_hand_adds_nothing() -> None:
    first = in_hand.keep(InHand("TIC 1", SIGNAL, "fold", "ada", 5.0))
    assert in_hand.keep(InHand("TIC 1", SIGNAL, "fold", "ada")) == first
    in_hand.keep(InHand("TIC 1", SIGNAL, "person", "ada"))
    in_hand.keep(InHand("TIC 1", SIGNAL, "fold", "ada"))  # back to it: an entry of its own
    assert [h.source for h in in_hand.history("TIC 1")] == ["fold", "person", "fold"]


def test_an_ephemeris_is_from_somewhere() -> None:
    with pytest.raises(StoreError, match="not from 'hearsay'"):
        InHand("TIC 1", SIGNAL, "hearsay", "ada")


def test_reasons_have_words() -> None:
    assert reasons.words(("OED", "XX")) == "odd and even transits differ in depth; XX"
    assert all(code.isupper() and ";" not in code and words for code, words in reasons.REASONS.items())
