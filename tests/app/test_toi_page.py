"""The TOIs page: an empty state that gets the list, filters that stand in the address, and the way to a star."""

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.shared import downloads
from astroseq_core.archive import refresh, snapshots
from astroseq_core.archive.exoplanet_archive import TOI_TABLE
from astroseq_core.archive.normalize import normalize_table
from tests.app import driving
from tests.standin import Fault, Kind, StandIn
from tests.standin.exoplanet_archive import toi
from tests.standin.server import wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS = (
    toi(101, 1000.01, tfopwg_disp="FP", pl_orbper=2.0, pl_trandep=9000.0, st_tmag=11.0),
    toi(102, 98.01, tfopwg_disp="CP", pl_orbper=12.5, pl_trandep=800.0, st_tmag=7.5, pl_tranmid=2458330.0),
    toi(109, 150.01, tfopwg_disp="PC", pl_orbper=30.0, pl_trandep=300.0, st_tmag=9.0),
    toi(108, 150.02, tfopwg_disp="PC", pl_orbper=None, pl_trandep=700.0, st_tmag=9.0),
)


@pytest.fixture
def listed() -> None:
    snapshots.write_snapshot(TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame(list(ROWS))), "here")


def tois(**address: str) -> AppTest:
    return driving.opened("3_TOIs.py", **address)


def names(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["TOI"])


def opened(name: str) -> AppTest:
    """The star's page after that TOI was opened."""
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    page.switch_page("pages/3_TOIs.py")
    page.run()
    page.selectbox(key="toi").set_value(name).run()
    page.button(key="open toi").click().run()
    assert not page.exception
    return page


def once_here(star: str) -> AppTest:
    """Explore as it stands once the download that the TOI's opening began has ended."""
    assert wait_for(lambda: not downloads.is_downloading(), 30)
    page = AppTest.from_file(str(ROOT / "pages" / "1_Explore.py"), default_timeout=300)
    page.query_params.update({"source": "cache", "target": star})
    page.run()
    assert not page.exception
    return page


def test_without_a_list_it_teaches_and_gets_it(stand_in: StandIn):
    page = tois()
    assert any("will stand here" in m.value for m in page.markdown)
    page.button(key="get tois").click().run()
    latest = refresh.latest_refresh()
    assert latest is not None
    assert latest.wait(20)
    page.run()
    assert not page.exception
    assert names(page) == ["TOI-144.01", "TOI-700.01"]


def test_without_a_network_it_says_so_and_still_offers_the_button(stand_in: StandIn):
    stand_in.misbehave(Fault(Kind.DROPPED))
    page = tois()
    page.button(key="get tois").click().run()
    latest = refresh.latest_refresh()
    assert latest is not None
    assert latest.wait(20)
    page.run()
    assert page.warning
    assert not page.button(key="get tois").disabled


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ({}, ["TOI-98.01", "TOI-150.01", "TOI-150.02", "TOI-1000.01"]),
        ({"disposition": "PC"}, ["TOI-150.01", "TOI-150.02"]),
        ({"period_days_min": "5", "period_days_max": "20"}, ["TOI-98.01"]),
        ({"depth_ppm_min": "750"}, ["TOI-98.01", "TOI-1000.01"]),
        ({"magnitude_max": "8"}, ["TOI-98.01"]),
        ({"single": "single"}, ["TOI-150.02"]),
        ({"text": "tic 101"}, ["TOI-1000.01"]),
    ],
)
def test_filters_come_from_the_address(stand_in, listed, address, found):
    assert names(tois(**address)) == found


def test_filters_are_set_by_hand(stand_in, listed):
    page = tois()
    page.number_input(key="period_days_min").set_value(10.0).run()
    assert names(page) == ["TOI-98.01", "TOI-150.01"]


def test_ranges_the_wrong_way_round_and_none_that_fit_are_sentences(stand_in, listed):
    assert "smaller number first" in tois(period_days_min="9", period_days_max="3").error[0].value
    assert any("No TOI is like that" in m.value for m in tois(text="nothing").markdown)


def test_a_clicked_row_is_chosen(stand_in, listed):
    page = tois()
    page.session_state["toi table"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    page.run()
    page.selectbox(key="toi").set_value("TOI-150.01").run()
    assert page.button(key="open toi").label == "Open TIC 109"
    assert any("planet candidate" in m.value and "30.00000 d" in m.value for m in page.markdown)


def test_opening_one_fetches_its_light_curves_and_shows_its_ephemeris(no_models, stand_in, listed):
    page = opened("TOI-98.01")
    assert page.title[0].value == "TIC 102"
    page = once_here("TIC 102")
    assert len(page.get("bidi_component")) >= 1
    badges = " ".join(m.value for m in page.markdown).replace("\\", "")
    assert "TOI-98.01: CP" in badges
    assert "2 sectors" in badges
    assert stand_in.state.count("Download/file", whole=True) == 2
    count = stand_in.state.requests.total()
    again = opened("TOI-98.01")
    assert again.title[0].value == "TIC 102"
    assert stand_in.state.requests.total() == count, "a cached star opens with no request at all"


def test_opening_one_without_light_curves_says_what_is_missing(no_models, stand_in, listed):
    page = opened("TOI-150.01")
    page = once_here("TIC 109")
    assert "MAST has no light curve of TIC 109" in page.warning[0].value.replace("\\", "")
    assert page.button(key="begin TIC 109").label == "Try again"
