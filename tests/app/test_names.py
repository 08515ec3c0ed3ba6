"""Explore with real stars: names, what is missing, its download, and the catalogues' ephemerides."""

import re
import socket
import time

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.explore import sidebar
from astroseq_core.app.shared import downloads, names
from astroseq_core.archive import fetch, network, snapshots
from astroseq_core.archive.exoplanet_archive import TOI_TABLE
from astroseq_core.archive.names import ResolvedName
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.targets import parse_star
from tests.app import driving
from tests.app.driving import words
from tests.standin import Fault, Kind, StandIn
from tests.standin.exoplanet_archive import toi
from tests.standin.server import wait_for


def explore(**address: str) -> AppTest:
    return driving.opened("1_Explore.py", **{"source": "cache", **address})


def press(key: str, star: str) -> AppTest:
    """The star's page after that button of it was pressed; opened anew, as AppTest forgets a name that is no option."""
    driving.press(explore(target=star), key)
    return explore(target=star)


def heading(page: AppTest) -> str:
    return str(page.title[0].value).replace("\\", "")


def ended(star: str) -> AppTest:
    """The star's page once no download is under way."""
    assert wait_for(lambda: not downloads.is_downloading(), 30)
    return explore(target=star)


def test_a_star_that_is_not_here_is_downloaded_and_opens(no_models, stand_in: StandIn):
    page = explore(target="TRAPPIST-1")
    title = heading(page)
    assert re.fullmatch(r"TRAPPIST-1 \((TIC|EPIC) \d+\)", title)
    assert "is not in the cache" in words(page)
    press(f"begin {title[len('TRAPPIST-1 (') : -1]}", "TRAPPIST-1")
    page = ended("TRAPPIST-1")
    assert heading(page) == title
    assert page.get("bidi_component")
    assert "TRAPPIST-1 b" in words(page)
    assert "TRAPPIST-1 is" in words(page)


@pytest.mark.parametrize(
    ("typed", "star", "said"),
    [
        ("TOI 700", "TOI 700 (TIC 150428135)", ("TOI-700 d, TOI-700.02: CP, period 37.42368 d, 3.37 h, 738 ppm", "TOI-700.04")),
        ("TIC 100100827", "TIC 100100827", ("WASP-18", "WASP-18 b, TOI-185.01: KP, period 0.94145 d")),
        ("TOI-185", "TOI-185 (TIC 100100827)", ("WASP-18", "WASP-18 b", "TOI-185.01")),
    ],
)
def test_a_known_star_opens_with_its_name_and_its_signals_without_a_network(
    no_models, monkeypatch: pytest.MonkeyPatch, typed: str, star: str, said: tuple[str, ...]
):
    monkeypatch.setenv("ASTROSEQ_MAST_SERVER", "http://127.0.0.1:9")
    monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", "http://127.0.0.1:9")
    page = explore(target=typed)
    assert heading(page) == star
    for one in said:
        assert one in words(page), one
    assert page.query_params["target"] in (typed, [typed]), "the address keeps the name"
    number = star.removesuffix(")").partition("TIC ")[2]
    assert f"[ExoFOP](https://exofop.ipac.caltech.edu/tess/target.php?id={number})" in words(page)


def test_next_and_back_go_on_from_a_star_that_was_named(no_models):
    stars = ("TIC 101", "TIC 107", "TIC 150428135")
    assert sidebar.neighbor_of(stars, "TOI 700", -1) == "TIC 107"
    assert sidebar.neighbor_of(stars, "TOI 700", 1) == "TIC 101"
    assert sidebar.neighbor_of(stars, "", 1) == "TIC 101"


def test_a_cached_star_shows_its_name(no_models, stand_in: StandIn):
    star = parse_star("TIC 150428135")
    fetch.fetch_light_curves(star)
    page = explore(target="TIC 150428135")
    assert page.get("bidi_component")
    assert "##### TOI-700" in words(page)
    assert "/overview/TOI-700" in words(page)


def test_a_nonsense_name_without_a_network_is_said_at_once(no_models, monkeypatch: pytest.MonkeyPatch):
    network.forget()
    monkeypatch.setenv("ASTROSEQ_MAST_SERVER", "http://mast.invalid")
    monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", "http://archive.invalid")
    monkeypatch.setenv("NO_PROXY", "*")
    # as a look-up without a network fails, whatever this machine has
    error = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    monkeypatch.setattr(network, "_look_up", lambda host: error)
    begun = time.monotonic()
    page = explore(target="utter nonsense")
    if not page.warning:  # the look-up has a thread of its own
        time.sleep(0.5)
        page = explore(target="utter nonsense")
    assert time.monotonic() - begun < 20
    assert "There is no network" in page.warning[0].value
    assert "try again later" not in page.warning[0].value
    assert "Without a network these open" in words(page)
    network.forget()


def test_its_download_can_be_stopped_and_tried_again(no_models, stand_in: StandIn):
    stand_in.misbehave(Fault(Kind.SLOW, seconds=4), where="Download/file")
    assert press("begin TIC 107", "TIC 107").get("progress")
    press("stop download TIC 107", "TIC 107")
    assert "stopped" in words(ended("TIC 107"))
    stand_in.behave()
    press("begin TIC 107", "TIC 107")
    assert ended("TIC 107").get("bidi_component")


@pytest.mark.parametrize(("star", "said"), [("TIC 109", "MAST has no light curve"), ("TIC 107", "Download")])
def test_what_could_not_come_says_why(no_models, stand_in: StandIn, star: str, said: str):
    stand_in.misbehave(Fault(Kind.STATUS, status=500), where="Download/file")
    press(f"begin {star}", star)
    page = ended(star)
    assert page.warning
    assert page.button(key=f"begin {star}").label == "Try again"
    assert said in words(page) or "500" in words(page)
    stand_in.behave()
    press(f"begin {star}", star)
    assert bool(ended(star).get("bidi_component")) == (star == "TIC 107")


def test_a_cached_star_opens_with_no_request_at_all(no_models, stand_in: StandIn):
    fetch.fetch_light_curves(parse_star("TIC 101"))
    count = stand_in.state.requests.total()
    page = explore(target="TIC 101")
    assert page.get("bidi_component")
    assert stand_in.state.requests.total() == count


def test_authors_and_cadences_are_not_mixed(no_models, stand_in: StandIn):
    fetch.fetch_light_curves(parse_star("TIC 101"), author="any")
    assert len(LightCurveCache().entries(parse_star("TIC 101"))) == 5
    page = explore(target="TIC 101")
    said = words(page)
    badges, _, left_out = said.partition("sector 3 (QLP, 1800 s) is left out: SPOC at 120 s is taken")
    assert left_out
    assert "SPOC" in badges
    assert "QLP" not in badges
    assert "2 sectors" in said


def test_a_new_snapshot_changes_an_opened_star(no_models, stand_in: StandIn):
    fetch.fetch_light_curves(parse_star("TIC 101"))
    assert "no known transits" in words(explore(target="TIC 101"))
    snapshots.write_snapshot(
        TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame([toi(101, 1000.01, pl_tranmid=2458330.0)])), "here"
    )
    page = explore(target="TOI 1000", tab="Ephemerides")
    assert heading(page) == "TOI 1000 (TIC 101)"
    assert "TOI-1000.01: PC" in words(page)
    assert f"Source: TOI of {snapshots.snapshot_status(TOI_TABLE).date:%Y-%m-%d}" in words(page)


def test_a_real_star_named_among_simulated_ones_is_offered_from_the_cache(no_models, stand_in: StandIn):
    page = explore(source="simulated", target="TOI 144")
    assert "not in the simulated survey" in words(page)
    assert "Open TIC 261136679 from the cache" in [b.label for b in page.button]


def test_of_a_stars_identifiers_that_with_light_curves_is_taken():
    kic, tic = parse_star("KIC 11904151"), parse_star("TIC 377780790")
    named = ResolvedName(kic, (tic,), source="the catalogs")
    assert names.preferred_identifier(named, ()) == kic
    assert names.preferred_identifier(named, ("TIC 377780790",)) == tic
    assert names.preferred_identifier(named, (kic.id, tic.id)) == kic
    assert names.preferred_identifier(ResolvedName(kic, (tic,), source="its identifier"), (tic.id,)) == kic
