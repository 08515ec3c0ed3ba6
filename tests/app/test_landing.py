import re
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.archive import snapshots
from astroseq_core.archive.exoplanet_archive import KOI_TABLE, TOI_TABLE
from astroseq_core.archive.normalize import normalize_table
from tests.app import board_rows as made
from tests.standin import Fault, Kind, exoplanet_archive

APP = str(Path(__file__).resolve().parent.parent.parent / "app.py")


def landing() -> AppTest:
    page = AppTest.from_file(APP, default_timeout=300).run()
    assert not page.exception
    return page


def ask(page: AppTest, name: str) -> None:
    """Type a name; AppTest's own field takes only what it offers."""
    page.session_state["wanted star"] = name
    page.run()


def test_the_name_box_completes_what_opens_here(no_models):
    made.fill([made.row("TIC 77", 9.0)])
    offered = landing().selectbox(key="landing star").options
    assert {"SIM 1", "SIM 60", "WASP-18", "TOI-700", "TIC 77"} <= set(offered)
    assert len(offered) == len(set(offered))
    page = landing()
    page.selectbox(key="landing star").set_value("WASP-18").run()
    assert heading(page) == "WASP-18 (TIC 100100827)"


def heading(page: AppTest) -> str:
    return str(page.title[0].value).replace("\\", "")


def test_it_says_what_it_is_and_shows_a_star(no_models):
    page = landing()
    assert page.title[0].value == "AstroSeq"
    assert any("exoplanet-transit" in m.value for m in page.markdown)
    assert len(page.get("plotly_chart")) == 2
    said = next(m.value for m in page.markdown if "No transit stands out" in m.value)
    assert float(re.search(r"at (\d+) σ", said)[1]) > 7, "the example shows what it says"
    dip, scatter = (float(one) for one in re.findall(r"by ([\d.]+) %", said))
    assert 0 < dip < scatter
    assert any("is simulated" in c.value for c in page.caption)
    assert not page.error


def test_a_wrong_name_is_answered_in_a_sentence(no_models, stand_in):
    page = landing()
    ask(page, "Proxima *what*")
    assert not page.exception
    assert "is in no catalog here" in page.error[0].value
    assert r"\*what\*" in page.error[0].value, "names are no markup"


def test_a_bare_number_is_answered_in_a_sentence(no_models):
    page = landing()
    ask(page, "261136670")
    assert "write which" in page.error[0].value


@pytest.mark.parametrize(
    ("name", "star", "is_named"),
    [
        ("TOI 144", "TIC 261136679", True),
        ("kepler-10 b", "KIC 11904151", True),
        ("K00001.01", "KIC 11446443", True),
        ("WASP-18", "TIC 100100827", True),
        ("bet Pic b", "TIC 270577175", True),
        ("261136679", "TIC 261136679", False),
        ("tic261136679", "TIC 261136679", False),
    ],
)
def test_every_kind_of_name_goes_to_its_star(no_models, stand_in, name, star, is_named):
    page = landing()
    ask(page, name)
    assert not page.exception
    assert heading(page) == (f"{name} ({star})" if is_named else star)
    assert page.query_params["target"] in ([name], name) if is_named else ([star], star)
    assert page.button(key=f"begin {star}").label == "Download its light curves"


def test_an_ambiguous_name_offers_its_candidates(no_models, stand_in):
    snapshots.write_snapshot(TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame([exoplanet_archive.toi(77, 752.01)])), "here")
    snapshots.write_snapshot(
        KOI_TABLE, normalize_table(KOI_TABLE, pd.DataFrame([exoplanet_archive.koi(10797460, "K00752.01")])), "here"
    )
    page = landing()
    ask(page, "752.01")
    assert not page.exception
    offered = [b.label for b in page.button if (b.key or "").startswith("candidate")]
    assert len(offered) == 2
    page.button(key=f"candidate {offered[1]}").click().run()
    assert any(star in heading(page) for star in ("KIC 10797460", "TIC 77"))


def test_a_name_with_no_network_says_so_and_can_be_tried_again(no_models, stand_in):
    stand_in.misbehave(Fault(Kind.DROPPED))
    page = landing()
    ask(page, "HD 39060")
    assert not page.exception
    assert page.error
    stand_in.behave()
    next(b for b in page.button if b.label == "Try again").click().run()
    assert heading(page) == "HD 39060 (TIC 270577175)"


def test_a_good_name_goes_to_explore(no_models):
    page = landing()
    ask(page, "sim_4")
    assert not page.exception
    assert page.title[0].value == "SIM 4"
    assert page.query_params["target"] in ("SIM 4", ["SIM 4"])


def test_an_example_goes_to_explore(no_models):
    page = landing()
    page.button(key="example SIM 10").click().run()
    assert not page.exception
    assert page.title[0].value == "SIM 10"
