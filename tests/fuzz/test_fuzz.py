"""A few inputs of each kind; `make fuzz` tries thousands."""

import os
import warnings
from pathlib import Path

import pytest
from hypothesis import strategies as st

from astroseq_core.errors import AstroSeqError
from tests.fuzz import __main__ as command
from tests.fuzz.harness import Count, Kind, WrongError, run_kind
from tests.fuzz.kinds import all_kinds

#: Inputs of each kind: the suite may take seconds for all.
INPUTS = 10


@pytest.mark.parametrize("kind", [kind for kind in all_kinds() if not kind.is_slow], ids=lambda kind: kind.name.replace(" ", "-"))
def test_damaged_inputs_end_in_a_clear_sentence_or_are_read_right(kind: Kind):
    count = run_kind(kind, INPUTS)
    assert count.tried == INPUTS
    assert not count.bad, "\n".join(command.faults([count]))
    assert count.clear + count.right == count.tried


def check_anything(value: str, folder: Path) -> tuple[str, ...]:
    if value == "warns":
        warnings.warn("a library's", UserWarning, stacklevel=1)
    if value == "hangs":
        while True:
            pass
    if value == "writes":
        os.write(2, b"noise")
    if value == "wrong":
        raise WrongError("a value")
    if value == "broken":
        raise KeyError(value)
    if value in ("clear", "unnamed"):
        raise AstroSeqError("clear: it is refused." if value == "clear" else "it is refused.")
    return ("the row is refused.",) if value == "row" else ()


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("right", ""),
        ("clear", ""),
        ("unnamed", "names neither the file nor the value"),
        ("row", "names neither the file nor the value"),
        ("warns", "warning UserWarning"),
        ("writes", "text on stderr: noise"),
        ("hangs", "longer than 0.2 s"),
        ("wrong", "not valid: a value"),
        ("broken", "KeyError in test_fuzz.py"),
    ],
)
def test_each_ending_of_an_input_is_told_from_the_others(value: str, fault: str):
    kind = Kind("anything", st.just(value), check_anything, lambda value: (value + ":",), seconds=0.2)
    count = run_kind(kind, 1)
    assert (count.tried, count.bad) == (1, int(bool(fault)))
    assert (count.clear, count.right) == (int(value == "clear"), int(value == "right"))
    assert fault in "".join(count.faults)
    assert Count.from_dict(count.to_dict()).to_dict() == count.to_dict()


def test_the_page_has_a_row_for_each_kind_and_a_line_for_each_fault():
    count = Count("names", tried=3, clear=1, right=1)
    count.add_fault("KeyError in x.py:1", "a")
    page = command.page([count], 3, 1)
    assert "| names | 3 | 1 | 1 | 1 |" in page
    assert "- names: 1 x KeyError in x.py:1\n" in page
    assert "- Not tried in this run: FITS light curves, cards" in page
    assert command.faults([count]) == ["- names: 1 x KeyError in x.py:1; such as 'a'"]
