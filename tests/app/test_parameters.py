"""The parameters of the pages' addresses: their types, and that each page's declaration is the one its fields follow."""

import ast
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.data import state as data
from astroseq_core.app.explore import state as explore
from astroseq_core.app.leaderboard import state as leaderboard
from astroseq_core.app.shared import url_state
from astroseq_core.app.shared.parameters import Owner, PageParameters
from astroseq_core.app.shared.value_types import (
    Choice,
    Choices,
    Flag,
    Number,
    OrNone,
    Position,
    Text,
    TextList,
    ValueType,
    WholeNumber,
)
from astroseq_core.app.survey import state as survey
from astroseq_core.app.tois import state as tois
from astroseq_core.app.train import state as train
from astroseq_core.app.vet import state as vet

APP = Path(__file__).resolve().parent.parent.parent / "astroseq_core" / "app"
PAGES: dict[str, PageParameters] = {
    "explore": explore.PARAMETERS,
    "data": data.PARAMETERS,
    "tois": tois.PARAMETERS,
    "train": train.parameters(),
    "leaderboard": leaderboard.PARAMETERS,
    "survey": survey.PARAMETERS,
    "vet": vet.PARAMETERS,
}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Text(), "a b", "a b"),
        (TextList(), "a, b", ("a", "b")),
        (Choice(("x", "y")), "y", "y"),
        (Choices(("x", "y", "z")), "z,x", ("z", "x")),
        (Number(), "-2.5", -2.5),
        (Number(0, 1), "1e-3", 0.001),
        (WholeNumber(1, 64), "64", 64),
        (Position(0), "0", 0),
        (Flag("0", "1"), "1", True),
        (OrNone(WholeNumber(), "none"), "none", None),
        (OrNone(WholeNumber(), "none"), "7", 7),
    ],
)
def test_what_is_written_is_read(kind: ValueType, text: str, value: object):
    assert kind.parse(text) == value
    assert kind.complaint(text) is None
    assert kind.parse(kind.format(value)) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Choice(("x", "y")), "z"),
        (Choice(("x", "y")), "x,y"),
        (Choices(("x", "y")), "z"),
        (Choices(("x", "y"), whole=True), "x,z"),
        (Number(), "x"),
        (Number(), "nan"),
        (Number(), "inf"),
        (Number(0, 1), "1.01"),
        (WholeNumber(1, 64), "0"),
        (WholeNumber(1, 64), "1.0"),
        (WholeNumber(), "9" * 12),
        (WholeNumber(), "²"),
        (Position(1), "0"),
        (Position(1), "-3"),
        (Flag(), "yes"),
        (OrNone(Number(0, 1), "none"), "None"),
    ],
)
def test_what_means_nothing_is_said_to(kind: ValueType, text: str):
    with pytest.raises(ValueError, match=r"^which is "):
        kind.parse(text)
    part, why = kind.complaint(text) or ("", "")
    assert part == text
    assert why.startswith("which is ")


def test_wrong_words_among_right_ones_are_left_out():
    kind = Choices(("PC", "FP"))
    assert kind.parse("XX,FP,PC") == ("FP", "PC")
    assert kind.complaint("XX,FP,PC") == ("XX", "which is none of PC, FP")


def address_page() -> None:
    import streamlit as st

    from astroseq_core.app.shared.parameters import Owner, PageParameters, Parameter
    from astroseq_core.app.shared.value_types import Choices, WholeNumber

    seed = Parameter("seed", WholeNumber(0, 9), 1, group="form")
    words = Parameter("words", Choices(("a", "b", "c")), (), Owner.FIELD, "form")
    page = PageParameters((seed, words))
    st.session_state["read"] = seed.read(), words.read(), page.warnings()
    if st.session_state.get("clear"):
        page.clear("form")
    elif (value := st.session_state.get("write")) is not None:
        seed.write(value)


def test_reading_writing_and_clearing_follow_from_the_declaration():
    page = AppTest.from_function(address_page)
    page.query_params["seed"] = "12"
    page.query_params["words"] = ["a", "x", "c"]
    page.query_params["sed"] = "1"
    page.run()
    seed, words, said = page.session_state["read"]
    assert (seed, words) == (1, ("a", "c"))
    assert said == (
        "The address says seed=12, which is not a whole number from 0 to 9; it was ignored.",
        "The address says words=x, which is none of a, b, c; it was ignored.",
        "The address names sed, which means nothing here; it was ignored.",
    )
    page.session_state["write"] = 7
    page.run()
    assert page.query_params["seed"] in ("7", ["7"])
    page.session_state["write"] = 1
    page.run()
    assert "seed" not in page.query_params, "the default is not written"
    page.session_state["write"] = 3
    page.run()
    page.session_state["clear"] = True
    page.run()
    assert "seed" not in page.query_params
    assert page.session_state["words"] == (), "a field's own parameter is cleared through its field"


def field_page() -> None:
    import streamlit as st

    from astroseq_core.app.shared import parameters
    from astroseq_core.app.shared.parameters import Owner, Parameter
    from astroseq_core.app.shared.value_types import Text

    folder = Parameter("folder", Text(), "", Owner.UNBOUND_FIELD)
    parameters.begin_page(st.session_state.get("page", "one"))
    if st.session_state.get("hidden"):
        folder.release_field()
    else:
        folder.fill_field()
        folder.write(str(st.text_input("Folder", key=folder.name)))


def test_a_field_follows_the_address_when_it_is_opened_and_itself_from_then_on():
    page = AppTest.from_function(field_page)
    page.query_params["folder"] = "/a"
    page.run()
    assert page.text_input(key="folder").value == "/a"
    page.text_input(key="folder").set_value("/b").run()
    page.run()
    assert page.text_input(key="folder").value == "/b"
    assert page.query_params["folder"] in ("/b", ["/b"])
    # It goes and comes back: what the address says since is what it shows.
    page.session_state["hidden"] = True
    page.run()
    assert not page.text_input
    page.session_state["hidden"] = False
    page.run()
    assert page.text_input(key="folder").value == "/b"
    # Another page has a field of that key, and is opened by a link.
    page.session_state["page"] = "two"
    page.query_params["folder"] = "/c"
    page.run()
    assert page.text_input(key="folder").value == "/c"
    page.text_input(key="folder").set_value("").run()
    assert "folder" not in page.query_params


# ---- the declarations, against the fields of the pages


def bound_keys(folder: Path) -> set[str]:
    """The keys of all fields that Streamlit binds to the address, as far as they are written out; {} where they are made up."""
    found: set[str] = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            given = {k.arg: k.value for k in node.keywords} if isinstance(node, ast.Call) else {}
            if "bind" in given and isinstance(key := given["key"], ast.Constant | ast.JoinedStr):
                parts = key.values if isinstance(key, ast.JoinedStr) else [key]
                found.add("".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in parts))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_streamlit_binds_what_is_declared_as_a_fields_own(page: str):
    owned = {p.name for p in PAGES[page].parameters if p.owner is Owner.FIELD} - {"tab"}
    patterns = bound_keys(APP / page)
    made_up = {pattern.removeprefix("{}") for pattern in patterns if "{}" in pattern}
    for key in patterns:
        assert "{}" in key or key in owned, f"{key} is bound on {page}, and not declared as a field's own"
    for name in owned:
        written_out = name in patterns or any(name.endswith(end) for end in made_up)
        assert written_out or name in leaderboard.CHOICES, f"{name} is declared as a field's own, and no field of {page} is bound"


#: Parameters of the links by which a page is left (`st.switch_page`).
STAR = {p.name for p in url_state.location_parameters(Owner.PAGE)}
LEFT_WITH = {
    "explore": STAR | {"tab", "search"},
    "data": STAR - {"model"},
    "tois": {"source", "target"},
    "leaderboard": STAR | {"queue", "at"},
    "vet": STAR,
}


@pytest.mark.parametrize("page", LEFT_WITH)
def test_no_page_is_left_with_a_parameter_that_a_field_there_is_bound_to(page: str):
    """Streamlit refuses that in a browser; tests without one do not notice."""
    bound = {p.name for p in PAGES[page].parameters if p.owner is Owner.FIELD}
    assert not bound & LEFT_WITH[page]


@pytest.mark.parametrize("page", PAGES)
def test_a_default_means_something_and_is_not_written(page: str):
    for parameter in PAGES[page].parameters:
        if parameter.default not in (None, "", ()):
            text = parameter.kind.format(parameter.default)
            assert parameter.warning(text) == "" or parameter.name in ("model", "against")


@pytest.mark.parametrize("page", PAGES)
def test_no_number_of_an_address_loses_digits(page: str) -> None:
    for one in PAGES[page].parameters:
        for value in (-268437604.0, 3.0303138e-63, 0.12345678):
            try:
                read = one.kind.parse(str(value))
            except ValueError:
                continue
            if isinstance(read, float):
                assert one.kind.parse(one.kind.format(read)) == read, one.name
