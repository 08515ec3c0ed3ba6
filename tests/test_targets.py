import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroseq_core import missions, targets
from astroseq_core.errors import TargetError
from astroseq_core.targets import ObjectOfInterest, Target


@pytest.mark.parametrize(
    ("spelt", "target_id"),
    [
        ("KIC 11446443", "KIC 11446443"),
        ("kic11446443", "KIC 11446443"),
        ("KIC-011446443", "KIC 11446443"),
        ("kplr011446443", "KIC 11446443"),
        ("EPIC_201367065", "EPIC 201367065"),
        ("ktwo 201367065", "EPIC 201367065"),
        ("  TIC   261136679 ", "TIC 261136679"),
        ("tic:0000000261136679", "TIC 261136679"),
        ("SIM 1", "SIM 1"),
    ],
)
def test_free_spellings_mean_one_target(spelt: str, target_id: str):
    assert targets.parse_star(spelt).id == target_id


@pytest.mark.parametrize(
    ("spelt", "name"),
    [
        ("TOI 700", "TOI-700"),
        ("TOI-700.01", "TOI-700.01"),
        ("toi700.1", "TOI-700.01"),
        ("KOI 752", "K00752"),
        ("K00752.01", "K00752.01"),
        ("KOI-752.02", "K00752.02"),
    ],
)
def test_objects_of_interest_are_named_as_their_catalogue_does(spelt: str, name: str):
    found = targets.parse(spelt)
    assert isinstance(found, ObjectOfInterest)
    assert found.name == name


def test_a_planets_letter_is_explained_rather_than_guessed():
    with pytest.raises(TargetError, match=r"planet's name.*TOI 700, or the signal, such as TOI 700\.01"):
        targets.parse("TOI-700 d")


def test_an_object_of_interest_is_no_star_without_a_catalogue():
    with pytest.raises(TargetError, match=r"^'TOI-0700' needs a catalog"):
        targets.parse_star("TOI-0700")


@pytest.mark.parametrize(
    "text", ["", "261136679", "TIC", "TIC 0", "TOI 0", "TOI 700.00", "HD 209458", "../etc", "TIC 1; DROP", "K-1"]
)
def test_what_is_no_target_is_refused_with_what_to_write(text: str):
    with pytest.raises(TargetError, match=r"write|start at 1"):
        targets.parse(text)


def test_a_bare_number_is_asked_back():
    with pytest.raises(TargetError, match=r"KIC, EPIC or TIC.*TIC 261136679"):
        targets.parse("261136679")


@given(st.sampled_from(list(missions.BY_PREFIX)), st.integers(1, 10**15))
def test_identifier_and_slug_lead_back_to_the_target(prefix: str, number: int):
    target = Target(prefix, str(number))
    assert targets.parse_star(target.id) == target == targets.parse_star(target.slug)
    assert target.slug.replace("_", "").isalnum()
    assert target.mission.prefix == prefix


@given(st.text(max_size=30))
def test_any_text_is_a_target_or_a_clear_refusal(text: str):
    with contextlib.suppress(TargetError):  # any other exception fails
        found = targets.parse(text)
        assert targets.parse(str(found)) == found


@pytest.mark.parametrize(("prefix", "number"), [("HIP", "1"), ("TIC", "01"), ("TIC", "0"), ("TIC", "1/.."), ("TIC", "")])
def test_a_target_cannot_be_made_of_what_could_become_a_path(prefix: str, number: str):
    with pytest.raises(TargetError):
        Target(prefix, number)
