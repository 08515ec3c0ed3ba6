"""Kinds of what links hold: the parameters of each page's address, and paths."""

import math
import re
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import strategies as st

from astroseq_core import paths
from astroseq_core.app.data import state as data
from astroseq_core.app.explore import state as explore
from astroseq_core.app.leaderboard import state as leaderboard
from astroseq_core.app.shared import opened, parameters
from astroseq_core.app.shared.parameters import PageParameters
from astroseq_core.app.survey import state as survey
from astroseq_core.app.tois import state as tois
from astroseq_core.app.train import state as train
from astroseq_core.app.vet import state as vet
from astroseq_core.errors import AstroSeqError
from astroseq_core.surveys import queue
from tests.fuzz.damage import damaged_bytes, damaged_text, numbers, texts
from tests.fuzz.harness import Kind, WrongError, sentence_fault

PAGES: dict[str, PageParameters] = {
    "explore": explore.PARAMETERS,
    "data": data.PARAMETERS,
    "tois": tois.PARAMETERS,
    "train": train.parameters(),
    "leaderboard": leaderboard.PARAMETERS,
    "survey": survey.PARAMETERS,
    "vet": vet.PARAMETERS,
}
PATHS = ("/home/me/curves", "~/curves", "curves/TIC_1.fits", "C:\\curves", "./a/../b", "/tmp/x.csv")


class Address(dict[str, str]):
    """The parameters of an address, as Streamlit gives them."""

    def get_all(self, name: str) -> list[str]:
        """Return all values of a name."""
        return [self[name]] if name in self else []


@st.composite
def addresses(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A page, and an address with some of its parameters, right, wrong, and of other pages."""
    page = draw(st.sampled_from(list(PAGES)))
    own = PAGES[page].parameters
    address = {}
    for _ in range(draw(st.integers(1, 5))):
        one = draw(st.sampled_from(own))
        options = tuple(getattr(one.kind, "options", ())) or ("SIM 1",)
        usual = "" if one.default is None else one.kind.format(one.default)
        right = draw(st.sampled_from([usual, *map(str, options[:20])]))
        address[one.name] = draw(
            st.one_of(st.just(right), texts, numbers.map(str), damaged_text([right, f"{right},{right}"], most=2))
        )
    if draw(st.integers(0, 4)) == 0:
        address[draw(texts)] = draw(texts)
    return page, address


def check_address(value: tuple[str, dict[str, str]], folder: Path) -> tuple[str, ...]:
    """Read all parameters of a page, and write those that mean something; what means nothing has a warning."""
    page, address = value
    declared = PAGES[page]
    with mock.patch.object(parameters.st, "query_params", Address(address)):
        found: dict[str, Any] = {one.name: one.read() for one in declared.parameters}
        given = {one.name: one.is_given for one in declared.parameters}
    for one in declared.parameters:
        kind = one.kind
        if not address.get(one.name) or not given[one.name] or found[one.name] == one.default:
            continue
        text = kind.format(found[one.name])
        if not isinstance(text, str) or (text and not _same(kind.parse(text), found[one.name])):
            raise WrongError(f"a value of {page} that is another one when it is written and read back: {one.name}")
    warnings = declared.warnings(address)
    for text in warnings:
        if fault := sentence_fault(text, ()):
            raise WrongError(f"a warning of {page} is {fault}")
    return ()


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same, numbers to the digits that an address has."""
    return math.isclose(one, other, rel_tol=1e-8) if isinstance(one, float) and isinstance(other, float) else one == other


def check_path(value: str, folder: Path) -> tuple[str, ...]:
    """Ask whether a link may name a path, and read it."""
    refused = []
    for ask in (opened.check, lambda text: paths.read_head(paths.parse_path(text), 10), queue.parse_address):
        try:
            ask(value)
        except AstroSeqError as error:
            refused.append(str(error))
    return tuple(refused)


def check_opened(value: bytes, folder: Path) -> None:
    """Ask which folders are open where opened.json is damaged, and note another."""
    with mock.patch.dict("os.environ", {"ASTROSEQ_DATA": str(folder)}):
        (folder / opened.FILE_NAME).write_bytes(value)
        opened.is_open(folder / "curves")
        opened.is_open_for_good(Path("/curves"))
        (folder / "new").mkdir()
        opened.remember(folder / "new")
        if not opened.is_open_for_good(folder / "new"):
            raise WrongError("a folder that was opened and is not")


def _begin(value: str) -> tuple[str, ...]:
    return () if "~" in value else tuple(re.findall(r"[A-Za-z0-9]{1,10}", value[:40]))


KINDS = (
    Kind("links: parameters of each page", addresses(), check_address),
    Kind("links: paths and addresses", st.one_of(damaged_text(PATHS, most=2), texts), check_path, _begin),
    Kind(
        "opened.json",
        damaged_bytes([b'["/home/me/curves", "/tmp/x.csv"]', b'{"opened": ["/curves"]}', b"[]"]),
        check_opened,
        lambda value: (opened.FILE_NAME,),
    ),
)
