"""From a choice of stars to the stars: which of a cache, a folder and the TOI list a recipe can learn from."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from astroseq_core import missions
from astroseq_core.archive import snapshots, tois
from astroseq_core.archive.exoplanet_archive import TOI_TABLE
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.disposition_codes import TFOPWG_DISPOSITIONS
from astroseq_core.errors import SettingsError, TargetError
from astroseq_core.io import lightcurve
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.preprocessing.segments import TRANSIT
from astroseq_core.scoring.star_source import Source
from astroseq_core.targets import parse_star
from astroseq_core.training import recipes
from astroseq_core.training.injection import training_copies
from astroseq_core.training.recipes import Injection
from astroseq_core.training.stars import StarChoice, cached_and_total, cached_star, gather_stars, suits, toi_stars
from tests.standin import exoplanet_archive as archive

INJECTED = replace(recipes.load_recipe("tess-2min"), simulated={"TESS": 2}, injection=Injection(copies=2, copies_simulated=1))
PUBLISHED = replace(INJECTED, labels="published", injection=Injection(copies=0, copies_simulated=1))
T0 = 1501.0


def keep(name: str, observation: str = "s0001", minutes: float = 2.0, author: str = "SPOC", **more: Any) -> None:
    """Put a light curve of three days into the cache, with a dip of 1 % two hours long at T0."""
    target = parse_star(name)
    time = 1500 + np.arange(0, 3, minutes / 1440)
    flux = 1 + 3e-4 * np.random.default_rng(5).standard_normal(len(time))
    flux[np.abs(time - T0) < 1 / 24] -= 0.01
    instrument = missions.TESS if target.mission is missions.SIMULATED else target.mission
    curve = lightcurve.make_light_curve(
        target=target, observation=observation, time=time, flux=flux, instrument=instrument, author=author, **more
    )
    LightCurveCache().put(curve)


def list_tois() -> None:
    """A TOI list of four stars, one of them with two signals."""
    t0 = T0 + 2_457_000
    rows = [
        archive.toi(10, 98.01, tfopwg_disp="PC", pl_orbper=9.0, pl_tranmid=t0, pl_trandurh=2.0, pl_trandep=10000.0),
        archive.toi(2, 99.01, tfopwg_disp="CP", pl_orbper=9.0, pl_tranmid=t0, pl_trandurh=2.0, pl_trandep=10000.0),
        archive.toi(3, 100.01, tfopwg_disp="FP", pl_orbper=9.0, pl_tranmid=t0, pl_trandurh=2.0, pl_trandep=10000.0),
        archive.toi(3, 100.02, tfopwg_disp="PC", pl_orbper=5.0, pl_tranmid=t0 + 1, pl_trandurh=2.0, pl_trandep=500.0),
        archive.toi(4, 101.01, tfopwg_disp="FA", pl_orbper=9.0, pl_tranmid=t0, pl_trandurh=2.0, pl_trandep=10000.0),
    ]
    snapshots.write_snapshot(TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame(rows)), "here")


def real(stars: list[Any]) -> dict[str, Any]:
    return {s.target_id: s for s in stars if s.is_real}


def test_a_choice_survives_the_way_through_json() -> None:
    chosen = StarChoice("toi", dispositions=("PC", "FP"), exclude=("TIC 4",))
    assert StarChoice.from_dict(json.loads(json.dumps(chosen.to_dict()))) == chosen
    assert StarChoice.from_dict({}) == StarChoice()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"source": "sky"}, "no source of stars; use one of simulated, folder, cache, toi"),
        ({"mission": "Hubble"}, "no mission"),
        ({"dispositions": ["XX"]}, "no disposition"),
        ({"dispositions": "PC"}, "list of texts"),
        ({"folder": 3}, "must be a text"),
        ({"colour": "red"}, "has no 'colour'"),
    ],
)
def test_what_is_no_choice_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        StarChoice.from_dict(values)


def test_its_dispositions_are_those_of_the_list() -> None:
    assert set(TFOPWG_DISPOSITIONS) == set(tois.DISPOSITION_WORDS)


def test_simulated_stars_come_on_top_of_any_source() -> None:
    keep("TIC 7")
    alone = gather_stars(StarChoice(), INJECTED)
    assert len(alone) == 2
    assert not real(alone)
    both = gather_stars(StarChoice("cache"), INJECTED)
    assert [s.target_id for s in both] == ["TIC 7", *(s.target_id for s in alone)]
    assert [s.target_id for s in gather_stars(StarChoice(exclude=(alone[0].target_id,)), INJECTED)] == [alone[1].target_id]


def test_the_cache_gives_stars_of_the_recipes_mission_and_cadence() -> None:
    keep("TIC 7")
    keep("TIC 8", minutes=10.0)
    keep("TIC 9", flattened=True)
    keep("KIC 7", minutes=29.4244)
    keep("SIM 3")
    found = real(gather_stars(StarChoice("cache"), INJECTED))
    assert set(found) == {"TIC 7"}
    assert found["TIC 7"].source is Source.CACHE
    assert [c.observation for c in found["TIC 7"].light_curves()] == ["s0001"]
    assert set(real(gather_stars(StarChoice("cache", mission="TESS"), INJECTED))) == {"TIC 7"}
    with pytest.raises(SettingsError, match="not from Kepler"):
        gather_stars(StarChoice("cache", mission="Kepler"), INJECTED)


def test_of_several_authors_and_cadences_one_is_taken_that_suits() -> None:
    keep("TIC 7", "s0001", 2.0)
    for sector in ("s0001", "s0002"):
        keep("TIC 7", sector, 10.0, "QLP", flattened=True)
    keep("TIC 7", "s0002", 10.0, "TESS-SPOC")
    two, ten = gather_stars(StarChoice("cache"), INJECTED)[0], cached_star("TIC 7", recipes.load_recipe("tess-10min"))
    assert two.observations == (("s0001", "SPOC", 120),)
    # The usual product would do too, binned; QLP's has more sectors, and was flattened.
    assert ten is not None
    assert ten.observations == (("s0002", "TESS-SPOC", 600),)
    slow = replace(recipes.load_recipe("tess-10min"), bin_faster=False)
    assert cached_star("TIC 7", slow) == ten
    keep("TIC 6")
    assert cached_star("TIC 6", slow) is None
    assert cached_star("TIC 6", recipes.load_recipe("tess-10min")) is not None
    assert cached_star("TIC 8", slow) is None
    assert cached_star("KIC 7", slow) is None


def test_the_rule_is_the_one_for_files() -> None:
    keep("TIC 8", minutes=10.0)
    curve = LightCurveCache().get(parse_star("TIC 8"), "s0001")
    assert curve is not None
    assert not suits(curve, INJECTED)
    assert suits(curve, recipes.load_recipe("tess-10min"))
    assert suits(curve, recipes.load_recipe("tess-30min"))
    assert not suits(curve, replace(recipes.load_recipe("tess-30min"), bin_faster=False))
    ranged = replace(INJECTED, cadence_range_minutes=(5.0, 15.0))
    assert suits(curve, ranged)
    assert suits(replace(curve, flattened=True), ranged)
    assert not suits(replace(curve, flattened=True), recipes.load_recipe("tess-10min"))


def test_injected_labels_leave_out_every_star_with_a_signal() -> None:
    list_tois()
    for number in (2, 3, 4, 7):
        keep(f"TIC {number}")
    assert set(real(gather_stars(StarChoice("cache"), INJECTED))) == {"TIC 7"}
    published = real(gather_stars(StarChoice("cache", exclude=("tic 4",)), PUBLISHED))
    assert {name: len(star.ephemerides) for name, star in published.items()} == {"TIC 2": 1, "TIC 3": 2, "TIC 7": 0}


def test_toi_stars_bring_their_transits_where_the_catalogue_says() -> None:
    list_tois()
    for number in (2, 3, 7):
        keep(f"TIC {number}")
    found = real(gather_stars(StarChoice("toi"), PUBLISHED))
    assert set(found) == {"TIC 2", "TIC 3"}
    (copy,) = training_copies(found["TIC 2"], PUBLISHED, 1)
    inside = copy.states == TRANSIT
    assert np.abs(copy.light_curve.time[inside] - T0).max() < 1.1 / 24
    assert np.median(copy.light_curve.flat[inside]) < -0.008
    assert set(real(gather_stars(StarChoice("toi", dispositions=("CP",)), PUBLISHED))) == {"TIC 2"}
    assert not any(s.source is Source.CACHE for s in gather_stars(StarChoice("toi"), PUBLISHED) if not s.is_real)


def test_which_tois_there_are_and_how_many_of_them_here() -> None:
    list_tois()
    keep("TIC 2")
    keep("TIC 7")
    assert toi_stars() == ("TIC 2", "TIC 3", "TIC 4", "TIC 10")
    assert toi_stars(("FP", "FA")) == ("TIC 3", "TIC 4")
    assert cached_and_total(StarChoice("toi")) == (1, 4)
    assert cached_and_total(StarChoice("toi", dispositions=("FP",))) == (0, 1)
    assert cached_and_total(StarChoice("toi", exclude=("TIC 3",))) == (1, 3)
    assert cached_and_total(StarChoice("cache")) == (2, 2)
    assert cached_and_total(StarChoice("cache", mission="Kepler")) == (0, 0)
    assert cached_and_total(StarChoice()) == (0, 0)


def test_where_no_star_is_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no simulated stars"):
        gather_stars(StarChoice(), replace(INJECTED, simulated={}))
    with pytest.raises(SettingsError, match=r"No TESS star is in the cache; fetch some on the Data page or with `fetch`"):
        gather_stars(StarChoice("cache"), INJECTED)
    with pytest.raises(SettingsError, match="refresh the catalogs"):
        gather_stars(StarChoice("toi"), PUBLISHED)
    list_tois()
    with pytest.raises(SettingsError, match=r"None of the 4 stars .* fetch some on the Data page or with `fetch`"):
        gather_stars(StarChoice("toi"), PUBLISHED)
    with pytest.raises(SettingsError, match="choose other dispositions"):
        gather_stars(StarChoice("toi", dispositions=("APC",)), PUBLISHED)
    with pytest.raises(SettingsError, match='labels "published"'):
        gather_stars(StarChoice("toi"), INJECTED)
    with pytest.raises(SettingsError, match="TOI list is of TESS stars"):
        gather_stars(StarChoice("toi"), replace(PUBLISHED, instruments=("Kepler",)))
    with pytest.raises(SettingsError, match="Name the folder"):
        gather_stars(StarChoice("folder"), INJECTED)
    with pytest.raises(SettingsError, match="table of ephemerides"):
        gather_stars(StarChoice("folder", folder=str(tmp_path)), PUBLISHED)
    keep("TIC 3", minutes=10.0)
    for source, recipe in (("cache", INJECTED), ("toi", PUBLISHED)):
        with pytest.raises(SettingsError, match="TESS, 2 minutes"):
            gather_stars(StarChoice(source), recipe)
    with pytest.raises(TargetError):
        gather_stars(StarChoice(exclude=("nobody",)), INJECTED)


def test_a_folder_is_read_as_it_was_without_what_is_excluded(tmp_path: Path) -> None:
    time = 1500 + np.arange(0, 3, 2 / 1440)
    for number in (1, 2, 3):
        flux = 1 + 1e-3 * np.random.default_rng(number).standard_normal(len(time))
        np.savez(tmp_path / f"TIC_{number}__s1.npz", time=time, flux=flux)
    table = tmp_path / "e.csv"
    table.write_text(
        "target_id,name,period_days,t0,t0_system,duration_hours,depth_ppm\nTIC 2,b,2.0,1501.0,BTJD,2.0,900\n", encoding="utf-8"
    )
    chosen = StarChoice("folder", folder=str(tmp_path), ephemerides=str(table), exclude=("TIC 3",))
    assert set(real(gather_stars(chosen, INJECTED))) == {"TIC 1"}
    published = real(gather_stars(chosen, PUBLISHED))
    assert {n: len(s.ephemerides) for n, s in published.items()} == {"TIC 1": 0, "TIC 2": 1}
    with pytest.raises(SettingsError, match="10 minutes"):
        gather_stars(chosen, replace(INJECTED, preparation=replace(INJECTED.preparation, cadence_minutes=10.0)))


def test_a_cached_star_teaches_what_the_same_one_in_a_file_does(tmp_path: Path) -> None:
    keep("TIC 7")
    curve = LightCurveCache().get(parse_star("TIC 7"), "s0001")
    assert curve is not None
    np.savez(tmp_path / "TIC_7__s0001.npz", time=curve.time, flux=curve.flux)
    (filed,) = real(gather_stars(StarChoice("folder", folder=str(tmp_path)), INJECTED)).values()
    (cached,) = real(gather_stars(StarChoice("cache"), INJECTED)).values()
    pairs = list(zip(training_copies(filed, INJECTED, 3), training_copies(cached, INJECTED, 3), strict=True))
    assert len(pairs) == INJECTED.injection.copies
    for one, other in pairs:
        np.testing.assert_array_equal(one.light_curve.flat, other.light_curve.flat)
        np.testing.assert_array_equal(one.states, other.states)
