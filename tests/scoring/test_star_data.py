"""Opening stars from each source, and what is said when that fails."""

from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import EphemerisError, LightCurveError, TargetError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.scoring.star_data import StarRequest, load_star
from astroseq_core.scoring.star_source import Source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for name, start in (("TIC_5__s0002", 1430.0), ("TIC_5__s0001", 1400.0), ("TIC_6__s0001", 1400.0)):
        time = start + np.arange(2000) * 2 / 1440
        np.savez(tmp_path / f"{name}.npz", time=time, flux=1 + 1e-3 * rng.standard_normal(2000))
    (tmp_path / "known.csv").write_text(
        "target_id,name,period_days,t0,t0_system,duration_hours\n"
        "TIC 5,b,2.5,1401,BTJD,2\nTIC 6,c,3,1401,BTJD,2\nTIC 5,d,x,1401,BTJD,2\nTIC 6,e,3,,BTJD,2\n"
    )
    return tmp_path


def test_a_star_from_files_in_time_order_with_its_ephemerides(folder: Path) -> None:
    star = load_star(StarRequest("tic5", Source.FOLDER, str(folder), str(folder / "known.csv")))
    assert star.target.id == "TIC 5"
    assert [p.observation for p in star.detrended] == ["TIC_5__s0001", "TIC_5__s0002"]
    assert [e.name for e in star.ephemerides] == ["b"]
    assert star.catalog == "known.csv"
    assert len(star.problems) == 1
    assert "'x', not a number" in star.problems[0]


def test_only_the_observations_asked_for_are_opened_and_all_are_named(folder: Path) -> None:
    star = load_star(StarRequest("TIC 5", Source.FOLDER, str(folder), observations=("TIC_5__s0002",)))
    assert [p.observation for p in star.detrended] == ["TIC_5__s0002"]
    assert set(star.observations) == {"TIC_5__s0001", "TIC_5__s0002"}
    with pytest.raises(LightCurveError, match="TIC_5__s0001"):
        load_star(StarRequest("TIC 5", Source.FOLDER, str(folder), observations=("s0099",)))


def test_one_broken_file_among_several_is_only_told(folder: Path) -> None:
    (folder / "TIC_5__s0003.npz").write_bytes(b"PK\x03\x04 cut off")
    star = load_star(StarRequest("TIC 5", Source.FOLDER, str(folder)))
    assert len(star.detrended) == 2
    assert any("TIC_5__s0003" in p for p in star.problems)


def test_a_simulated_star_needs_no_files() -> None:
    star = load_star(StarRequest("sim 1", Source.SIMULATED))
    assert star.target.is_simulated
    assert star.instrument.name == "TESS"
    assert len(star.ephemerides) >= 2
    assert "simulat" in star.catalog


def test_a_star_from_the_cache(light_curve_like_tess_sector) -> None:
    curve = light_curve_like_tess_sector.curve
    request = StarRequest(curve.target.id, Source.CACHE)
    with pytest.raises(TargetError, match="not in the cache"):
        load_star(request)
    LightCurveCache().put(curve)
    star = load_star(request)
    assert np.array_equal(star.detrended[0].light_curve.time, curve.time)


@pytest.mark.parametrize(
    ("name", "source", "where", "error", "said"),
    [
        ("TOI-700 d", Source.FOLDER, ".", TargetError, "planet's name"),
        ("TIC 99", Source.FOLDER, ".", TargetError, "2 other targets"),
        ("TIC 5", Source.FOLDER, "missing", LightCurveError, "no file or folder"),
        ("TIC 5", Source.FOLDER, "", TargetError, "Name the folder"),
        ("TIC 5", Source.SIMULATED, "", TargetError, "real star"),
        ("SIM 61", Source.SIMULATED, "", TargetError, "SIM"),
    ],
)
def test_what_cannot_be_opened_is_said(folder: Path, name: str, source: Source, where: str, error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        load_star(StarRequest(name, source, str(folder / where) if where else ""))


def test_a_missing_table_is_said(folder: Path) -> None:
    with pytest.raises(EphemerisError, match="no ephemerides table"):
        load_star(StarRequest("TIC 5", Source.FOLDER, str(folder), str(folder / "none.csv")))


@pytest.mark.parametrize("source", ["files", "folder", "Files", Source.FOLDER])
def test_a_source_is_known_by_its_name(folder: Path, source: str) -> None:
    request = StarRequest("TIC 5", source, folder=folder, observations=["TIC_5__s0001"])
    assert request == StarRequest("TIC 5", Source.FOLDER, str(folder), observations=("TIC_5__s0001",))
    assert [p.observation for p in load_star(request).detrended] == ["TIC_5__s0001"]


def test_an_unknown_source_is_said_at_once() -> None:
    with pytest.raises(TargetError, match="'disk' is no source of light curves; use one of simulated, folder, cache"):
        StarRequest("TIC 5", "disk")


def test_a_period_that_the_observations_cannot_hold_is_left_out_and_said(folder: Path) -> None:
    table = folder / "known.csv"
    table.write_text(table.read_text().splitlines()[0] + "\nTIC 5,b,2.5,1401,BTJD,2\nTIC 5,fast,0.0025,1401,BTJD,0.01\n")
    star = load_star(StarRequest("TIC 5", Source.FOLDER, str(folder), str(table)))
    assert [e.name for e in star.ephemerides] == ["b"]
    assert star.problems == ("fast: its period of 0.0025 d is shorter than two cadences of 2 min; check the period.",)
