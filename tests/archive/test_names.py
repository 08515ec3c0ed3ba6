"""Names: what people type opens the star they mean, or says in one sentence why not."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from astroseq_core.archive import catalogs, names, snapshots
from astroseq_core.archive.catalogs import Catalog
from astroseq_core.archive.exoplanet_archive import K2_TABLE, KOI_TABLE, PLANETS_TABLE, TOI_TABLE, CatalogTable
from astroseq_core.archive.http import RetryPolicy
from astroseq_core.archive.names import find_counterpart, resolve_name
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.errors import AmbiguousNameError, TargetError, TransientError
from astroseq_core.missions import K2, KEPLER, TESS
from tests.standin import Fault, Kind, StandIn
from tests.standin import exoplanet_archive as archive
from tests.standin.star_names import also_at, place, star

QUICK = RetryPolicy(attempts=2, first_wait_seconds=0.001, longest_wait_seconds=0.002, connect_seconds=2, read_seconds=1.0)


def put(table: CatalogTable, *rows: dict[str, Any]) -> None:
    snapshots.write_snapshot(table, normalize_table(table, pd.DataFrame(list(rows))), "here")


@pytest.fixture
def here() -> Catalog:
    """Snapshots with some stars, of which Kepler-227 and K2-3 are in two tables."""
    put(
        KOI_TABLE,
        archive.koi(10797460, "K00752.01", kepler_name="Kepler-227 b", koi_period=9.488),
        archive.koi(10797460, "K00752.02", kepler_name="Kepler-227 c", koi_period=54.418),
        archive.koi(8962094, "K00700.01", koi_period=30.9),
    )
    put(
        TOI_TABLE,
        archive.toi(150428135, 700.01, pl_orbper=16.05),
        archive.toi(150428135, 700.02, pl_orbper=37.42),
        archive.toi(50365310, 1000.01),
        archive.toi(42, 42.01, pl_orbper=None),
        archive.toi(42, 42.02),
    )
    put(K2_TABLE, archive.k2("K2-3 b", "EPIC 201367065", tic_id="TIC 173103335", pl_orbper=10.054))
    put(
        PLANETS_TABLE,
        archive.planet("Kepler-227 b", "TIC 271666049", pl_orbper=9.4881),
        archive.planet("K2-3 b", "TIC 173103335", pl_orbper=10.0546),
        archive.planet("TOI-700 c", "TIC 150428135", pl_orbper=16.0511),
        archive.planet("HD 1 b", "TIC 77", hd_name="HD 1", hip_name="HIP 100"),
        archive.planet("Twin b", "TIC 901"),
        {**archive.planet("Other b", "TIC 902"), "hostname": "Twin"},
    )
    return catalogs.current_catalog()


@pytest.mark.parametrize(
    ("text", "target", "signal"),
    [
        ("KIC 11446443", "KIC 11446443", ""),
        ("tic261136679", "TIC 261136679", ""),
        ("epic-201367065", "EPIC 201367065", ""),
        ("K00752.01", "KIC 10797460", "K00752.01"),
        ("KOI 752.02", "KIC 10797460", "K00752.02"),
        ("koi-752", "KIC 10797460", ""),
        ("TOI 700", "TIC 150428135", ""),
        ("TOI-700.02", "TIC 150428135", "TOI-700.02"),
        ("toi 1000.01", "TIC 50365310", "TOI-1000.01"),
        ("1000.01", "TIC 50365310", "TOI-1000.01"),
        ("1000", "TIC 50365310", ""),
        ("752.01", "KIC 10797460", "K00752.01"),
        ("Kepler-227 b", "KIC 10797460", "K00752.01"),
        ("kepler 227", "KIC 10797460", ""),
        ("K2-3", "EPIC 201367065", ""),
        ("TOI-700 c", "TIC 150428135", "TOI-700 c"),
        ("HIP 100", "TIC 77", ""),
        ("WASP-18", "TIC 100100827", ""),
        ("TRAPPIST-1", "EPIC 246199087", ""),
        ("π Men c", "TIC 261136679", "pi Men c"),
        ("  wasp-18   b ", "TIC 100100827", "WASP-18 b"),
        ("SIM 3", "SIM 3", ""),
    ],
)
def test_names_open_their_star(here: Catalog, text: str, target: str, signal: str):
    found = resolve_name(text, catalog=here, online=False)
    assert (found.target.id, found.signal) == (target, signal)


def test_the_mission_that_is_asked_for_comes_first_and_the_other_is_offered(here: Catalog):
    assert [t.id for t in resolve_name("Kepler-227", catalog=here, online=False).also] == ["TIC 271666049"]
    found = resolve_name("Kepler-227", TESS, catalog=here, online=False)
    assert (found.target.id, [t.id for t in found.also]) == ("TIC 271666049", ["KIC 10797460"])
    assert resolve_name("K2-3", TESS, catalog=here, online=False).target.id == "TIC 173103335"
    assert resolve_name("K2-3", K2, catalog=here, online=False).target.id == "EPIC 201367065"
    assert [t.id for t in resolve_name("TIC 271666049", catalog=here, online=False).also] == ["KIC 10797460"]


def test_a_number_of_two_lists_is_ambiguous_unless_the_mission_says_which(here: Catalog):
    with pytest.raises(AmbiguousNameError) as caught:
        resolve_name("700.01", catalog=here, online=False)
    assert caught.value.candidates == ("TOI 700.01", "KOI 700.01")
    opened = [resolve_name(candidate, catalog=here, online=False).target.id for candidate in caught.value.candidates]
    assert opened == ["TIC 150428135", "KIC 8962094"]
    assert resolve_name("700.01", TESS, catalog=here, online=False).target.id == "TIC 150428135"
    assert resolve_name("700", KEPLER, catalog=here, online=False).target.id == "KIC 8962094"
    assert resolve_name("261136679", TESS, catalog=here, online=False).target.id == "TIC 261136679"


def test_a_name_of_two_stars_offers_both(here: Catalog):
    with pytest.raises(AmbiguousNameError, match="TIC 901 or TIC 902") as caught:
        resolve_name("Twin", catalog=here, online=False)
    assert caught.value.candidates == ("TIC 901", "TIC 902")
    assert resolve_name("Other b", catalog=here, online=False).target.id == "TIC 902"


def test_errors_survive_the_way_between_processes():
    import pickle

    again = pickle.loads(pickle.dumps(AmbiguousNameError("x", ("TIC 1", "TIC 2"))))
    assert (again.candidates, str(again)) == (("TIC 1", "TIC 2"), "'x' could be TIC 1 or TIC 2; write which.")
    again = pickle.loads(pickle.dumps(AmbiguousNameError("x", ("TIC 1", "TIC 2"), "A says TIC 1, B says TIC 2")))
    assert str(again) == "'x' could be TIC 1 or TIC 2 (A says TIC 1, B says TIC 2); write which."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Kepler-227 z", "K00752.01, K00752.02"),
        ("TOI-700.09", "TOI-700.01, TOI-700.02"),
        ("TOI 99999", "in no catalog here"),
        ("Kepler", "did you mean"),
        ("utter nonsense", "write an identifier"),
        ("123456789012", "could be a KIC, EPIC or TIC"),
        ("3.14", "no number of a TOI or KOI"),
        ("", "write one like"),
        ("TOI 0", "start at 1"),
        ("TIC", "write one like"),
    ],
)
def test_what_nobody_knows_is_one_clear_sentence(here: Catalog, text: str, says: str):
    with pytest.raises(TargetError) as caught:
        resolve_name(text, catalog=here, online=False)
    sentence = str(caught.value)
    assert says in sentence
    assert "\n" not in sentence
    assert sentence[-1] in ".?"


# ---- ephemerides of a star of several tables


def test_a_signal_of_several_tables_is_given_once_and_the_missions_own_is_taken(here: Catalog):
    kepler = here.signals_of(resolve_name("KIC 10797460", catalog=here).target)
    assert [(s.table, s.name) for s in kepler] == [("cumulative", "K00752.01"), ("cumulative", "K00752.02")]
    assert "Kepler-227 b" in kepler[0].aliases
    tess = here.signals_of(resolve_name("TIC 271666049", catalog=here).target)
    assert [(s.table, s.period_days) for s in tess] == [("ps", 9.4881), ("cumulative", 54.418)]
    toi = here.signals_of(resolve_name("TOI 700", catalog=here).target)
    assert [s.name for s in toi if s.table == "toi"] == ["TOI-700.01", "TOI-700.02"]
    assert "TOI-700 c" in toi[[s.name for s in toi].index("TOI-700.01")].aliases


def test_a_single_transit_and_a_periodic_signal_are_two(here: Catalog):
    assert [s.period_days for s in here.signals_of(resolve_name("TOI 42", catalog=here).target)] == [5.0, None]


# ---- the name services


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("ASTROSEQ_RETRY_SECONDS", "0.001")
    with StandIn() as started:
        monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", started.url)
        monkeypatch.setenv("ASTROSEQ_MAST_SERVER", started.url)
        archive.name(
            started,
            "Kepler-1",
            ["KIC 11446443", "TIC 399860444", "Kepler-1", "KOI-1", "GSC 03549-02811"],
            {"Kepler-1 b": ["TIC 399860444 b", "KIC 11446443 b", "KOI-1.01", "GSC 03549-02811 b"]},
        )
        archive.name(
            started, "bet Pic", ["TIC 270577175", "HD 39060", "bet Pic"], {"bet Pic b": ["TIC 270577175 b", "HD 39060 b"]}
        )
        archive.name(started, "Other name", ["HIP 100", "Other name"])
        yield started


def asked(server: StandIn) -> int:
    return sum(server.state.requests.values())


def test_what_the_catalogues_know_is_not_asked_for(server: StandIn, here: Catalog):
    for text in ("WASP-18", "TOI 700.01", "Kepler-227 b", "TIC 1", "K00752"):
        resolve_name(text, catalog=here, how=QUICK)
    assert asked(server) == 0


@pytest.mark.parametrize("text", ["bet Pic", "bet pic b", "HD 39060", "HD 39060 b"])
def test_the_archives_aliases_lead_to_the_star(server: StandIn, text: str):
    found = resolve_name(text, how=QUICK)
    assert (found.target.id, found.also) == ("TIC 270577175", ())
    assert "Exoplanet Archive" in found.source


def test_an_alias_leads_to_what_the_catalogues_call_differently(server: StandIn, here: Catalog):
    assert resolve_name("Other name", catalog=here, how=QUICK).target.id == "TIC 77"
    found = resolve_name("GSC 03549-02811 b", KEPLER, catalog=here, how=QUICK)
    assert (found.target.id, [t.id for t in found.also]) == ("KIC 11446443", ["TIC 399860444"])
    assert resolve_name("GSC 03549-02811", TESS, catalog=here, how=QUICK).target.id == "TIC 399860444"


def test_answers_are_remembered_and_so_is_that_there_is_none(server: StandIn):
    resolve_name("bet Pic", how=QUICK)
    with pytest.raises(TargetError, match="do not know it"):
        resolve_name("Nobody's star", how=QUICK)
    before = asked(server)
    resolve_name("BET-PIC", how=QUICK)
    with pytest.raises(TargetError, match="do not know it"):
        resolve_name("nobody's  star", how=QUICK)
    assert asked(server) == before
    assert names.look_up_name("bet Pic", QUICK, again=True).stars == (("TIC 270577175",),)
    assert asked(server) == before + 1


@pytest.mark.parametrize("fault", [Fault(Kind.STATUS, status=503), Fault(Kind.HTML), Fault(Kind.DROPPED), Fault(Kind.TRUNCATED)])
def test_a_failure_is_tried_again_and_never_remembered(server: StandIn, fault: Fault):
    server.misbehave(fault, where="aliaslookup")
    with pytest.raises(TransientError, match="cannot be asked for it now") as caught:
        resolve_name("bet Pic", how=QUICK)
    assert "\n" not in str(caught.value)
    assert server.state.count("aliaslookup") == 2
    server.behave()
    assert resolve_name("bet Pic", how=QUICK).target.id == "TIC 270577175"


def test_with_no_network_known_names_open_and_unknown_ones_say_why(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", "http://127.0.0.1:9")
    assert resolve_name("WASP-18", how=QUICK).target.id == "TIC 100100827"
    with pytest.raises(TransientError, match="cannot be reached"):
        resolve_name("Some star", how=QUICK)


def test_a_star_that_hosts_no_planet_is_found_by_its_position(server: StandIn):
    stars = (star(185336364, 11.0, 10.0, 44.0, KIC="8462852"), star(5, 17.0, 10.0, 44.0005), star(6, 8.0, 10.0, 44.1))
    place(server, "Tabby's star", 10.0, 44.0, *stars)
    found = resolve_name("Tabby's star", how=QUICK)
    assert (found.target.id, [t.id for t in found.also], found.source) == ("KIC 8462852", ["TIC 185336364"], "MAST")
    assert resolve_name("Tabby's star", TESS, how=QUICK).target.id == "TIC 185336364"


def test_stars_of_like_brightness_at_one_position_are_candidates(server: StandIn):
    blend = star(13, 5.0, 10.0, -20.0, objType="EXTENDED")
    place(
        server,
        "A double",
        10.0,
        -20.0,
        star(12, 9.9, 10.0, -20.0),
        star(11, 9.1, 10.0, -20.0005),
        blend,
        star(14, 9.0, 10.0, -19.0),
    )
    with pytest.raises(AmbiguousNameError) as caught:
        resolve_name("A double", how=QUICK)
    assert caught.value.candidates == ("TIC 11", "TIC 12")


def test_resolvers_that_lead_to_one_star_agree(server: StandIn):
    place(server, "Agreed", 10.0, 44.0, star(31, 9.0, 10.0, 44.0))
    also_at(server, "Agreed", "NED", 10.0, 44.0 + 0.5 / 3600)
    also_at(server, "Agreed", "other", 10.0, 44.0 + 3 / 3600)
    found = resolve_name("Agreed", how=QUICK)
    assert (found.target.id, found.source) == ("TIC 31", "MAST")
    assert server.state.count("Tic.Cone") == 2, "a position that two give is asked for once"


def test_resolvers_that_disagree_are_said_and_no_star_is_chosen(server: StandIn, here: Catalog):
    place(server, "Disputed", 10.0, 44.0, star(31, 9.0, 10.0, 44.0), star(77, 9.0, 20.0, -10.0))
    also_at(server, "Disputed", "NED", 20.0, -10.0)
    for _ in range(2):  # the second answer is the remembered one
        with pytest.raises(AmbiguousNameError, match="SIMBAD says TIC 31, NED says TIC 77") as caught:
            resolve_name("Disputed", catalog=here, how=QUICK)
        assert set(caught.value.candidates) == {"TIC 31", "TIC 77"}, "that the catalogs know one of them decides nothing"
    with pytest.raises(AmbiguousNameError, match="NED says TIC 77"):
        resolve_name("Disputed", how=QUICK)


def test_a_resolver_that_leads_to_no_star_is_said_with_the_other_ones_star(server: StandIn):
    place(server, "Half known", 10.0, 44.0, star(31, 9.0, 10.0, 44.0))
    also_at(server, "Half known", "NED", 20.0, -10.0)
    found = resolve_name("Half known", how=QUICK)
    assert (found.target.id, found.source) == ("TIC 31", "MAST (SIMBAD says TIC 31, NED says a place without a star)")


def test_an_alias_list_with_two_numbers_of_one_catalogue_is_no_star(server: StandIn):
    archive.name(server, "Both", ["TIC 31", "TIC 32", "KIC 5", "Both"])
    with pytest.raises(AmbiguousNameError, match="lists all of them as one star") as caught:
        resolve_name("Both", TESS, how=QUICK)
    assert caught.value.candidates == ("TIC 31", "TIC 32")


def test_a_star_is_found_in_another_missions_catalogue(server: StandIn, here: Catalog):
    kepler = resolve_name("Kepler-227", catalog=here).target
    assert find_counterpart(kepler, TESS, catalog=here, online=False) == resolve_name("TIC 271666049", catalog=here).target
    lonely = resolve_name("KIC 757450", catalog=here).target
    assert find_counterpart(lonely, TESS, catalog=here, online=False) is None
    stars = (star(8, 12.0, 10.0, 40.0), star(9, 12.5, 10.0, 40.0005, KIC="757450"))
    place(server, "KIC 757450", 10.0, 40.0, *stars)
    assert str(find_counterpart(lonely, TESS, catalog=here, how=QUICK)) == "TIC 9"
    assert find_counterpart(lonely, K2, catalog=here, how=QUICK) is None
    unknown = resolve_name("KIC 5", catalog=here).target
    place(server, "KIC 5", 20.0, 41.0, star(21, 12.0, 20.0, 41.0), star(22, 12.5, 20.0, 41.0005))
    assert find_counterpart(unknown, TESS, catalog=here, how=QUICK) is None  # two stars stand there


def test_when_mast_fails_the_name_is_not_remembered_as_unknown(server: StandIn):
    server.misbehave(Fault(Kind.STATUS, status=500), where="invoke")
    with pytest.raises(TransientError):
        resolve_name("Tabby's star", how=QUICK)
    server.behave()
    place(server, "Tabby's star", 10.0, 44.0, star(185336364, 11.0, 10.0, 44.0))
    assert resolve_name("Tabby's star", how=QUICK).target.id == "TIC 185336364"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 99, "names": {}}', '{"schema": 1, "names": {"betpic": 5}}'])
def test_a_damaged_memory_costs_only_a_question(server: StandIn, content: str):
    snapshots.snapshot_folder().mkdir(parents=True)
    (snapshots.snapshot_folder() / "names.json").write_text(content)
    assert resolve_name("bet Pic", how=QUICK).target.id == "TIC 270577175"
    before = asked(server)
    assert resolve_name("bet Pic", how=QUICK).target.id == "TIC 270577175"
    assert asked(server) == before


def test_nothing_heavy_is_loaded_to_resolve_a_known_name():
    import subprocess
    import sys

    code = (
        "import sys; from astroseq_core.archive.names import find_counterpart, resolve_name; "
        "print(resolve_name('WASP-18', online=False).target); print(*sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert out[0] == "TIC 100100827"
    loaded: Sequence[str] = out[1].split()
    assert not {"pandas", "astropy", "astroquery", "requests", "lightkurve", "scipy"} & set(loaded)


def test_a_damaged_row_of_the_remembered_names_does_not_lose_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASTROSEQ_CACHE", str(tmp_path))
    names._save_answer("x", names.NameServiceAnswer((("TIC 1",),), ("x",), "MAST"))
    path = names._answers_path()
    content = json.loads(path.read_text())
    content["names"] |= {"y": [], "z": {**content["names"]["x"], "stars": [["no star"]]}}
    path.write_text(json.dumps(content))
    assert list(names._load_answers()) == ["x"]
    names._save_answer("w", names.NameServiceAnswer(()))
    assert sorted(names._load_answers()) == ["w", "x"]
    path.write_text("[" * 100_000)
    assert names._load_answers() == {}
