"""Where an opened star's ephemerides are from: the table that is named, the snapshots, the famous systems."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from astroseq_core import missions
from astroseq_core.archive import snapshots
from astroseq_core.archive.exoplanet_archive import TOI_TABLE
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.scoring.star_data import StarData, StarRequest, load_star
from astroseq_core.scoring.star_source import Source, find_source
from astroseq_core.targets import parse_star
from tests.standin.exoplanet_archive import toi

HEADER = "target_id,name,period_days,t0,t0_system,duration_hours\n"


@pytest.fixture
def pi_men(light_curve_like_tess_sector) -> None:
    """pi Mensae in the cache: one of the famous systems."""
    LightCurveCache().put(light_curve_like_tess_sector.curve)


def opened(table: str = "") -> StarData:
    return load_star(StarRequest("TIC 261136679", Source.CACHE, ephemerides=table))


def test_without_a_snapshot_the_famous_systems_are_used(pi_men):
    star = opened()
    assert [round(e.period_days or 0, 2) for e in star.ephemerides] == [6.27]
    assert {e.target_id for e in star.ephemerides} == {"TIC 261136679"}
    assert star.catalog == "the built-in list of famous systems"


def test_a_snapshot_is_used_and_dated(pi_men):
    row = toi(261136679, 144.01, pl_orbper=6.2678, pl_tranmid=2458325.5, tfopwg_disp="CP")
    status = snapshots.write_snapshot(TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame([row])), "here")
    star = opened()
    assert [(e.name, e.disposition) for e in star.ephemerides] == [("TOI-144.01", "CP")]
    assert status.date is not None
    assert star.catalog == f"TOI of {status.date:%Y-%m-%d}"


def test_the_table_that_is_named_comes_first(pi_men, tmp_path: Path):
    path = tmp_path / "known.csv"
    path.write_text(HEADER + "TIC 261136679,mine,3.5,1326,BTJD,2\n")
    star = opened(str(path))
    assert ([e.name for e in star.ephemerides], star.catalog) == (["mine"], "known.csv")


def test_where_the_table_has_none_of_the_star_the_catalogues_are_used_and_that_is_said(pi_men, tmp_path: Path):
    path = tmp_path / "known.csv"
    path.write_text(HEADER + "TIC 5,other,3.5,1326,BTJD,2\n")
    star = opened(str(path))
    assert [round(e.period_days or 0, 2) for e in star.ephemerides] == [6.27]
    assert "known.csv has none of this star" in star.catalog


def test_authors_and_cadences_are_not_mixed(light_curve_like_tess_sector):
    cache, curve = LightCurveCache(), light_curve_like_tess_sector.curve
    for observation, author, exposure in (("s1", "SPOC", 120), ("s2", "SPOC", 120), ("s1", "SPOC", 20), ("s3", "QLP", 1800)):
        time = curve.time + 28.0 * int(observation[1:])
        cache.put(dataclasses.replace(curve, time=time, observation=observation, author=author), exposure_seconds=exposure)
    found = find_source(parse_star("TIC 261136679"), Source.CACHE).read()
    assert [(c.observation, c.author) for c in found.light_curves] == [("s1", "SPOC"), ("s2", "SPOC")]
    assert not found.problems
    assert {c.instrument for c in found.light_curves} == {missions.TESS}
