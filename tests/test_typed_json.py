"""The door for JSON: plain values of a bounded size and depth, checked against types, or one sentence."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroseq_core import typed_json
from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.typed_json import convert, parse, read_object
from tests import mutations


@dataclass(frozen=True)
class Inner:
    number: int = 0


@dataclass(frozen=True)
class Outer:
    name: str
    share: float
    inner: Inner = Inner()
    pairs: tuple[tuple[str, float], ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    limit: float | None = None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b"{", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not"),
        (b"[" * 100_000, "nested too deep"),
        (b"[" * 40 + b"]" * 40, "nested too deep"),
        (b"NaN", "not finite"),
        (b"1e999", "not finite"),
        (b"-Infinity", "not finite"),
        (b"9" * 30, "too large"),
        (b"9" * 5000, "too large"),
        (b'"\\ud800"', "half a character"),
        (b'{"\\udfff": 1}', "half a character"),
    ],
)
def test_what_is_no_plain_value_is_a_reason(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(data)


def test_nan_and_infinity_where_they_are_numbers() -> None:
    assert str(parse("[NaN]", nan=True)) == "[nan]"
    assert parse("[Infinity]", infinite=True) == [float("inf")]
    with pytest.raises(ValueError, match="not finite"):
        parse("[Infinity]", nan=True)


def test_a_file_that_is_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed_json, "MAX_JSON_BYTES", 10)
    with pytest.raises(ValueError, match="larger than"):
        parse("[1, 2, 3, 4, 5]")


SOUND = {"name": "a", "share": 1, "inner": {"number": 3}, "pairs": [["x", 0.5]], "counts": {"b": 2}, "limit": None}


def test_sound_values_become_the_type_and_numbers_stay_as_they_are() -> None:
    found = convert(SOUND, Outer)
    assert found == Outer("a", 1, Inner(3), (("x", 0.5),), {"b": 2}, None)
    assert type(found.share) is int, "a request that is written again has the same text"
    assert convert({"name": "a", "share": 2.5, "inner": Inner(7)}, Outer).inner == Inner(7)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 3}, r"^name must be a text, not 3$"),
        ({"share": True}, r"^share must be a number, not True$"),
        ({"share": "1"}, r"^share must be a number, not '1'$"),
        ({"inner": {"number": 1.5}}, r"^number of inner must be a whole number, not 1\.5$"),
        ({"inner": []}, r"^inner must be an object, not a list$"),
        ({"inner": {"other": 1}}, r"^inner has no 'other'; it has number$"),
        ({"pairs": [["x"]]}, r"must be a list of 2, not of 1$"),
        ({"counts": {"b": None}}, r"^b of counts must be a whole number, not None$"),
        ({"limit": {}}, r"^limit must be a number, not an object$"),
        ({"more": 1}, r"^it has no 'more'"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        convert(SOUND | change, Outer)


def test_what_is_missing_or_unknown() -> None:
    with pytest.raises(ValueError, match=r"^share is missing$"):
        convert({"name": "a"}, Outer)
    assert convert(SOUND | {"more": 1}, Outer, ignore_unknown=True) == convert(SOUND, Outer)


def test_a_file_is_read_or_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "a.json"
    path.parent.mkdir()
    with pytest.raises(ModelError, match="There is no file"):
        read_object(path, Outer, "make it again", ModelError)
    path.write_text(json.dumps(SOUND))
    assert read_object(path, Outer, "make it again") == convert(SOUND, Outer)
    path.write_text("{}")
    with pytest.raises(SettingsError, match=r"^a\.json of mine is damaged \(name is missing\); make it again\.$"):
        read_object(path, Outer, "make it again")
    path.unlink()
    path.mkdir()
    with pytest.raises(SettingsError, match="a folder"):
        read_object(path, Outer, "make it again")


@pytest.mark.parametrize("seed", range(3))
def test_no_mutation_is_more_than_one_sentence(seed: int, tmp_path: Path) -> None:
    path, told = tmp_path / "a.json", []
    for data in mutations.mutated(json.dumps(SOUND), 300, seed):
        path.write_bytes(data)
        try:
            read_object(path, Outer, "make it again")
        except SettingsError as error:
            told.append(str(error))
    assert len(told) > 50
    for sentence in told:
        assert sentence.startswith("a.json of ")
        assert sentence.endswith("; make it again.")
        assert len(sentence) < 500
        assert "\n" not in sentence


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_plain_values_come_back(values: object) -> None:
    assert parse(json.dumps(values)) == values
