"""Searching MAST: what is taken unless told, what is remembered as absent, what is a failure."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from astroseq_core.archive import http, mast, products
from astroseq_core.archive.mast import forget_listing, search
from astroseq_core.errors import ArchiveError, TargetError, TransientError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.missions import K2, KEPLER, TESS
from astroseq_core.targets import parse_star
from tests.standin import Fault, Kind, Response, StandIn
from tests.standin.mast import HIDDEN, HIDDEN_VALUES, products_of
from tests.standin.skyfiles import fits_bytes

TESS_STAR, KEPLER_STAR, K2_STAR = parse_star("TIC 101"), parse_star("KIC 11446443"), parse_star("EPIC 201367065")


def found(name: str, **chosen: Any) -> list[tuple[str, str, float]]:
    return [(i.observation, i.author, i.exposure_seconds) for i in search(parse_star(name), **chosen)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("KIC 11446443", [(f"quarter {n}", "Kepler", 1800.0) for n in (1, 2, 3)]),
        ("EPIC 201367065", [(f"campaign {n}", "K2", 1800.0) for n in ("4", "10a", "10b")]),
        ("TIC 101", [("sector 1", "SPOC", 120.0), ("sector 3", "SPOC", 120.0)]),
        ("TIC 108", [("sector 3", "TESS-SPOC", 1800.0)]),
        ("TIC 107", [("sector 3", "QLP", 1800.0)]),
    ],
)
def test_without_a_choice_the_missions_usual_product_is_taken(stand_in: StandIn, name: str, expected: list[Any]):
    assert found(name) == expected


@pytest.mark.parametrize(
    ("name", "author", "exposure", "expected"),
    [
        ("EPIC 201367065", "EVEREST", None, [(f"campaign {n}", "EVEREST", 1800.0) for n in ("4", "10a", "10b")]),
        ("EPIC 201367065", "k2sff", 1800, [(f"campaign {n}", "K2SFF", 1800.0) for n in ("4", "10a", "10b")]),
        ("TIC 101", "SPOC", 20, [("sector 3", "SPOC", 20.0)]),
        ("TIC 101", None, 20, [("sector 3", "SPOC", 20.0)]),
        ("TIC 101", None, 1800, [("sector 3", "TESS-SPOC", 1800.0)]),
        ("TIC 101", "QLP", None, [("sector 3", "QLP", 1800.0)]),
        ("KIC 11446443", None, 58.85, [(f"quarter 2 month {n}", "Kepler", 60.0) for n in (1, 2, 3)]),
    ],
)
def test_author_and_exposure_are_taken_at_their_word(
    stand_in: StandIn, name: str, author: str | None, exposure: float | None, expected: list[Any]
):
    assert found(name, author=author, exposure_seconds=exposure) == expected


def test_any_author_lists_all_there_is_with_true_sizes_and_nothing_else(stand_in: StandIn):
    served = {sky.uri: len(fits_bytes(sky, 300)) for sky in products_of("101")}
    everything = search(TESS_STAR, author="any")
    assert {i.uri: i.size_bytes for i in everything} == served
    assert all(i.filename.endswith("lc.fits") for i in everything)
    assert [i.order for i in everything] == sorted(i.order for i in everything)


@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("hidden", [("provenance_name",), ("project", "provenance_name", "dataproduct_type")])
@pytest.mark.parametrize("star", [TESS_STAR, KEPLER_STAR, K2_STAR])
def test_a_column_that_mast_no_longer_has_is_done_without(stand_in: StandIn, star: Any, hidden: tuple[str, ...], values: bool):
    expected = [i.uri for i in search(star, author="any")]
    assert expected
    forget_listing(star)
    stand_in.state.shelf |= {HIDDEN: hidden, HIDDEN_VALUES: values}
    how = http.RetryPolicy(attempts=1, read_seconds=10.5)  # a client of its own, which asks for the columns anew
    assert [i.uri for i in search(star, author="any", how=how)] == expected
    assert [i.author for i in search(star, how=how)] == [i.author for i in search(star)]


def test_rows_that_a_missing_condition_lets_in_are_left_out(stand_in: StandIn):
    stand_in.state.shelf[HIDDEN] = ("provenance_name",)
    rows = mast.query_observations(K2_STAR, http.RetryPolicy(attempts=1, read_seconds=10.25))
    assert {row["provenance_name"] for row in rows} <= set(products.AUTHORS["K2"])
    assert not mast._meets("TASOC", ["SPOC", "QLP"])
    assert mast._meets("spoc", ["SPOC", "QLP"])


def test_without_the_column_of_names_no_star_can_be_searched(stand_in: StandIn):
    stand_in.state.shelf[HIDDEN] = ("target_name",)
    with pytest.raises(ArchiveError, match=r"'target_name' does not exist.*update AstroSeq"):
        search(TESS_STAR, how=http.RetryPolicy(attempts=1, read_seconds=10.75))


def test_duplicate_rows_count_once(stand_in: StandIn):
    expected = search(KEPLER_STAR)
    stand_in.misbehave(Fault(Kind.DUPLICATES), where="invoke")
    assert search(KEPLER_STAR, max_age_days=0) == expected


def test_the_newest_version_of_a_product_is_taken():
    rows = [{"obs_id": f"v{n}", "provenance_name": "QLP", "t_exptime": 600.0, "sequence_number": 30} for n in (1, 2)]
    files = [
        {"obs_id": f"v{n}", "productFilename": f"hlsp_qlp_s0030_v0{n}_llc.fits", "dataURI": f"mast:{n}", "size": 5}
        for n in (1, 2)
    ]
    assert [i.uri for i in products.light_curves_from_rows(TESS_STAR, rows, reversed(files))] == ["mast:2"]


@pytest.mark.parametrize(
    ("mission", "sequence", "description", "filename", "name"),
    [
        (KEPLER, None, "Lightcurve Long Cadence (CLC) - Q16", "kplr0_llc.fits", "quarter 16"),
        (KEPLER, -999, "Lightcurve", "kplr0-1_llc.fits", "kplr0-1_llc"),
        (K2, 11, "", "ktwo200008644-c112_llc.fits", "campaign 11b"),
        (K2, 111, "", "hlsp_everest_k2_llc_200008644-c111_kepler_v2.0_lc.fits", "campaign 11a"),
        (K2, 9, "", "ktwo200008644-c91_llc.fits", "campaign 9a"),
        (K2, None, "", "hlsp_k2sff_k2_lightcurve_200008644-c00_kepler_v1_llc.fits", "campaign 0"),
        (K2, 18, "", "ktwo1-c18_llc.fits", "campaign 18"),
        (TESS, 96, "", "x_lc.fits", "sector 96"),
        (TESS, None, "", "tess2018206045859-s0027-0000000000000101-0120-s_lc.fits", "sector 27"),
    ],
)
def test_observations_are_called_as_their_mission_calls_them(
    mission: Any, sequence: Any, description: str, filename: str, name: str
):
    assert products.observation_name(mission, sequence, description, filename) == name


def test_what_does_not_exist_is_remembered_with_its_reason_and_date(stand_in: StandIn):
    begun = time.time()
    star = parse_star("TIC 109")
    assert search(star) == ()
    (absence,) = LightCurveCache().absences()
    assert (absence.target_id, absence.reason) == ("TIC 109", "MAST has no light curve of TIC 109.")
    assert begun <= absence.since <= time.time()
    asked = stand_in.state.requests.total()
    assert search(star) == search(star, author="any") == ()
    assert stand_in.state.requests.total() == asked
    forget_listing(star)
    assert search(star) == ()
    assert stand_in.state.requests.total() > asked


def test_an_author_who_has_none_is_an_absence_that_says_who_has(stand_in: StandIn):
    assert search(parse_star("TIC 108"), author="SPOC", exposure_seconds=120) == ()
    (absence,) = LightCurveCache().absences()
    assert absence.what == "light curves by SPOC at 120 s"
    assert absence.reason == "MAST has of TIC 108 no light curves by SPOC at 120 s; there is QLP at 1800 s, TESS-SPOC at 1800 s."
    assert found("TIC 108") == [("sector 3", "TESS-SPOC", 1800.0)]


def test_one_empty_answer_is_no_absence(stand_in: StandIn):
    stand_in.misbehave(Fault(Kind.EMPTY), where="Caom.Filtered", times=1)
    assert len(search(TESS_STAR)) == 2
    assert LightCurveCache().absences() == ()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(Kind.HTML), "something that is no JSON"),
        (Fault(Kind.STATUS, status=500), r"an error of its own \(HTTP 500\)"),
        (Fault(Kind.STATUS, status=503), r"unavailable \(HTTP 503\)"),
        (Fault(Kind.STATUS, status=429, retry_after="0"), "fewer requests"),
        (Fault(Kind.DROPPED), "broke off"),
        (Fault(Kind.TRUNCATED, at=40), "broke off"),
        (Fault(Kind.CUT, at=40), "no JSON"),
        (Fault(Kind.CUT, at=0), "no JSON"),
        (Fault(Kind.STALLED), "in time"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_failed_search_is_one_sentence_and_no_absence(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, fault: Fault, says: str
):
    monkeypatch.setenv("ASTROSEQ_TIMEOUT_SECONDS", "0.2")
    stand_in.misbehave(fault, where="invoke")
    with pytest.raises(TransientError, match=says) as raised:
        search(TESS_STAR)
    assert str(raised.value).count(". ") == 0
    assert "6 times" in str(raised.value)
    cache = LightCurveCache()
    assert cache.absences() == ()
    assert [(f.target_id, f.reason) for f in cache.failures()] == [("TIC 101", str(raised.value))]
    stand_in.behave()
    assert len(search(TESS_STAR)) == 2
    assert cache.failures() == ()


def test_no_server_at_all_is_a_failure_that_says_so(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch):
    stand_in.stop()
    with pytest.raises(TransientError, match="is there a network"):
        search(TESS_STAR)
    assert LightCurveCache().absences() == ()


@pytest.mark.parametrize("fault", [Fault(Kind.STATUS, status=503), Fault(Kind.HTML), Fault(Kind.DROPPED)], ids=lambda f: f.kind)
def test_what_passes_is_tried_again(stand_in: StandIn, fault: Fault):
    stand_in.misbehave(fault, times=4)
    assert len(search(TESS_STAR)) == 2


def test_a_refusal_is_said_at_once(stand_in: StandIn):
    def refuse(*_: Any) -> Response:
        return Response(json.dumps({"status": "ERROR", "msg": "Bad column", "data": []}).encode())

    stand_in.routes = [(m, p, refuse if "invoke" in p.pattern else h) for m, p, h in stand_in.routes]
    with pytest.raises(ArchiveError, match="MAST refused the search for TIC 101: Bad column"):
        search(TESS_STAR)
    assert stand_in.state.count("invoke") == 1


def test_a_list_that_is_young_enough_is_not_asked_for_again(stand_in: StandIn):
    first = search(TESS_STAR)
    asked = stand_in.state.requests.total()
    assert search(TESS_STAR) == first
    assert search(TESS_STAR, author="QLP")
    assert stand_in.state.requests.total() == asked
    search(TESS_STAR, max_age_days=0)
    assert stand_in.state.requests.total() > asked


def test_without_an_address_of_its_own_astroquerys_setting_counts(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch):
    from astroquery.mast import conf

    monkeypatch.delenv("ASTROSEQ_MAST_SERVER")
    assert mast.server_url() == "https://mast.stsci.edu"
    with conf.set_temp("server", stand_in.url):
        assert len(search(TESS_STAR)) == 2


def test_simulated_stars_are_not_asked_for(stand_in: StandIn):
    with pytest.raises(TargetError, match="exists only here"):
        search(parse_star("SIM 1"))
    assert stand_in.state.requests.total() == 0


# ---- the real clients, and the service's own answers


@pytest.fixture
def portal(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Astroquery's client, led to the stand-in by its own class attributes."""
    from astroquery.mast import Observations
    from astroquery.mast.discovery_portal import PortalAPI

    monkeypatch.setattr(PortalAPI, "MAST_REQUEST_URL", f"{stand_in.url}/api/v0/invoke")
    monkeypatch.setattr(PortalAPI, "COLUMNS_CONFIG_URL", f"{stand_in.url}/portal/Mashup/Mashup.asmx/columnsconfig")
    monkeypatch.setattr(PortalAPI, "MAST_DOWNLOAD_URL", f"{stand_in.url}/api/v0.1/Download/file")
    monkeypatch.setattr(PortalAPI, "_column_configs", {})
    yield Observations
    Observations._session.close()


def test_astroquery_reads_the_stand_in_as_it_reads_mast(portal: Any, tmp_path: Path):
    table = portal.query_criteria(target_name="kplr011446443", project="Kepler", t_exptime=[1000, 2000])
    assert (len(table), table["provenance_name"][0], table["t_exptime"][0]) == (1, "Kepler", 1800.0)
    assert portal.query_criteria_count(target_name="kplr011446443", project="Kepler") == 2
    files = portal.get_product_list(table)
    assert set(files["productType"]) == {"SCIENCE", "INFO"}
    light_curves = [row for row in files if row["productFilename"].endswith("llc.fits")]
    path = tmp_path / light_curves[0]["productFilename"]
    assert portal.download_file(light_curves[0]["dataURI"], local_path=path, verbose=False)[0] == "COMPLETE"
    assert path.stat().st_size == light_curves[0]["size"]


@pytest.mark.filterwarnings("ignore")
def test_lightkurve_finds_in_the_stand_in_what_astroseq_finds(portal: Any):
    import lightkurve

    for name, author, exposure in (
        ("TIC 101", "SPOC", 120),
        ("EPIC 201367065", "EVEREST", 1800),
        ("KIC 11446443", "Kepler", 1800),
    ):
        theirs = lightkurve.search_lightcurve(name, author=author, exptime=exposure)
        ours = search(parse_star(name), author=author, exposure_seconds=exposure)
        assert set(theirs.table["dataURI"]) == {i.uri for i in ours}, name


@pytest.fixture
def recorded(lent_data: Path) -> Path:
    folder = lent_data.parent / "http" / "mast"
    if not folder.is_dir():
        pytest.skip(f"the recorded answers are not at {folder}")
    return folder


@pytest.mark.lent
def test_answers_that_mast_gave_are_read(stand_in: StandIn, recorded: Path):
    def answer(request: Any, _: Any) -> Response:
        name = "products.json" if "Caom.Products" in request.line else "caom.json"
        return Response((recorded / name).read_bytes())

    stand_in.routes = [(m, p, h if "columns" in p.pattern else answer) for m, p, h in stand_in.routes]
    rows = mast.query_observations(TESS_STAR, http.retry_policy())
    files = mast.query_products(["2003738726"], TESS_STAR, http.retry_policy())
    assert len(rows) == json.loads((recorded / "caom.json").read_bytes())["paging"]["rowsTotal"] == 19
    assert len(files) == 22
    assert products.light_curves_from_rows(TESS_STAR, rows, files) == ()  # images of Hubble's are no light curves


@pytest.mark.lent
def test_a_recorded_answer_without_some_columns_is_enough(stand_in: StandIn, recorded: Path):
    def columns(*_: Any) -> Response:  # recorded before there were all of them
        return Response((recorded / "columnsconfig.json").read_bytes())

    expected = search(TESS_STAR)
    forget_listing(TESS_STAR)
    stand_in.routes = [(m, p, columns if "columns" in p.pattern else h) for m, p, h in stand_in.routes]
    assert search(TESS_STAR, how=http.RetryPolicy(attempts=1, read_seconds=10.375)) == expected != ()


@pytest.mark.lent
def test_the_stand_in_answers_in_the_shape_that_mast_does(stand_in: StandIn, recorded: Path):
    import requests

    for service, params, name in (
        ("Mast.Caom.Filtered", {"columns": "*", "filters": [{"paramName": "target_name", "values": ["101"]}]}, "caom.json"),
        ("Mast.Caom.Products", {"obsid": "300101"}, "products.json"),
    ):
        asked = {"request": json.dumps({"service": service, "params": params})}
        ours = requests.post(f"{stand_in.url}/api/v0/invoke", data=asked, timeout=5).json()
        theirs = json.loads((recorded / name).read_bytes())
        assert set(ours) == set(theirs)
        assert set(ours["paging"]) == set(theirs["paging"])
        types = {f["name"]: f["type"] for f in theirs["fields"]}
        shared = [f for f in ours["fields"] if f["name"] in types]
        assert len(shared) >= 14
        assert all(f["type"] == types[f["name"]] for f in shared)
