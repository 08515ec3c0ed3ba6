"""What is known of a star: catalogues, headers, and the truth of simulated ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from astroseq_core.archive import snapshots
from astroseq_core.archive.catalogs import Catalog
from astroseq_core.archive.exoplanet_archive import CATALOG_TABLES, K2_TABLE, KOI_TABLE, PLANETS_TABLE, TOI_TABLE, CatalogTable
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.io import files, npz, read
from astroseq_core.scoring import star_data
from astroseq_core.scoring.star_data import StarRequest, load_star
from astroseq_core.scoring.star_source import Source
from astroseq_core.scoring.stellar_parameters import stellar_parameters
from astroseq_core.simulation import survey
from astroseq_core.targets import Target
from tests.standin import exoplanet_archive as archive

STAR = Target("TIC", "7")


def catalogue(*tables: tuple[CatalogTable, dict[str, Any]]) -> Catalog:
    return Catalog(tuple(normalize_table(table, pd.DataFrame([row])).signals for table, row in tables))


@pytest.mark.parametrize("table", CATALOG_TABLES.values(), ids=lambda t: t.name)
def test_every_table_is_asked_for_its_stars_and_the_stand_in_has_the_columns(table: CatalogTable):
    makers = {
        KOI_TABLE: archive.koi(1, "K00001.01"),
        TOI_TABLE: archive.toi(1, 1.01),
        K2_TABLE: archive.k2("a b", "EPIC 1"),
        PLANETS_TABLE: archive.planet("a b", "TIC 1"),
    }
    row = {**makers[table], "tic_id": None} if table is K2_TABLE else makers[table]
    assert set(table.columns) <= set(row)
    assert {"koi_steff" if table is KOI_TABLE else "st_teff"} <= set(table.columns)


def test_a_density_comes_from_mass_and_radius_with_its_error():
    row = archive.planet(
        "X b", "TIC 7", st_rad=2.0, st_mass=1.6, st_raderr1=0.1, st_raderr2=-0.1, st_masserr1=0.08, st_masserr2=-0.08
    )
    facts = stellar_parameters(STAR, catalog=catalogue((PLANETS_TABLE, row)))
    assert (facts.radius_solar, facts.mass_solar, facts.teff_k) == (2.0, 1.6, 5700.0)
    assert facts.density_solar == pytest.approx(0.2)
    assert facts.density_err == pytest.approx(0.2 * np.hypot(0.05, 3 * 0.05))
    assert (facts.name, facts.source) == ("X", "Confirmed planets")


def test_a_published_density_wins_and_gravity_serves_where_there_is_no_mass():
    dense = archive.planet("X b", "TIC 7", st_dens=1.4097799, st_rad=3.0)
    assert stellar_parameters(STAR, catalog=catalogue((PLANETS_TABLE, dense))).density_solar == pytest.approx(1.0)
    toi = archive.toi(7, 7.01, st_rad=2.0, st_logg=4.4380676, st_raderr1=0.2, st_raderr2=-0.2)
    facts = stellar_parameters(STAR, catalog=catalogue((TOI_TABLE, toi)))
    assert facts.density_solar == pytest.approx(0.5)
    assert facts.density_err is None  # the gravity's error was not published
    assert facts.name == "TOI-7"


def test_papers_come_before_tables_and_the_missions_band_is_taken():
    paper = archive.planet("X b", "TIC 7", st_rad=1.1, st_mass=None, st_logg=None, sy_tmag=None, sy_vmag=11.0)
    toi = archive.toi(7, 7.01, st_rad=1.3, st_tmag=10.2)
    facts = stellar_parameters(STAR, catalog=catalogue((TOI_TABLE, toi), (PLANETS_TABLE, paper)))
    assert facts.radius_solar == 1.1
    assert (facts.magnitude, facts.band) == (10.2, "T")


def test_nothing_known_is_no_error():
    facts = stellar_parameters(STAR, catalog=Catalog(()))
    assert not facts.is_known
    assert not stellar_parameters(Target("SIM", "777")).is_known
    assert not stellar_parameters(STAR, catalog=Catalog(()), source=Source.CACHE).is_known


def test_older_snapshots_still_read_and_know_nothing_of_stars():
    content = normalize_table(TOI_TABLE, pd.DataFrame([archive.toi(7, 7.01)]))
    snapshots.write_snapshot(TOI_TABLE, content, "here")
    data = snapshots.snapshot_path(TOI_TABLE).read_bytes()
    assert snapshots.read_snapshot(TOI_TABLE).rows([0])[0].star_radius == 1.0
    header, start = snapshots._parse_header(data, "x")
    about, arrays = npz.decode_npz(data[start:], "x")
    about.pop("schema")
    payload = npz.encode_npz(about, {k: v for k, v in arrays.items() if not k.startswith("star_")})
    import json

    header |= {"sha256": files.sha256_hex(payload), "size": len(payload)}
    snapshots.snapshot_path(TOI_TABLE).write_bytes(b"AstroSeq catalogue\n" + json.dumps(header).encode() + b"\n" + payload)
    signal = snapshots.read_snapshot(TOI_TABLE).rows([0])[0]
    assert signal.star_radius is None
    assert signal.period_days == 5.0


@pytest.mark.parametrize("target_id", ["SIM 1", "SIM 2", "SIM 3"])
def test_a_simulated_star_has_its_truth(target_id: str):
    star = load_star(StarRequest(target_id, Source.SIMULATED))
    facts = stellar_parameters(star.target, star.light_curves, star.source)
    truth = survey.simulated_star(target_id)
    assert facts.density_solar == truth.truth["signals"][0]["density_solar"]
    assert (facts.magnitude, facts.source) == (truth.magnitude, "simulation")
    assert facts.band == ("T" if truth.instrument == "TESS" else "Kp")


def test_the_columns_of_an_opened_simulated_star():
    star = load_star(StarRequest("SIM 1", Source.SIMULATED))
    found, problems = star_data.all_star_pixel_columns(star.light_curves, star.source)
    assert problems == ()
    assert all(one is not None and one.simulated for one in found)


def test_a_damaged_file_is_a_problem_in_words_and_the_star_is_only_unknown(tmp_path: Path):
    from tests.standin.skyfiles import Sky, fits_bytes

    path = tmp_path / "tess2018206045859-s0001-0000000000000007-0120-s_lc.fits"
    path.write_bytes(fits_bytes(Sky("TESS", 7, "SPOC", 120, 1, "x", path.name, "", ""), 200))
    curve = read.read_light_curve(path)
    assert star_data.star_pixel_columns(curve, Source.FOLDER, str(tmp_path)).sap is not None
    path.write_bytes(path.read_bytes()[:2000])
    found, problems = star_data.all_star_pixel_columns([curve], Source.FOLDER, str(tmp_path))
    assert found == (None,)
    assert len(problems) == 1
    assert path.name in problems[0]
    assert not stellar_parameters(STAR, [curve], Source.FOLDER, str(tmp_path), Catalog(())).is_known


@pytest.mark.lent
def test_a_real_header_says_what_the_star_is(lent_data: Path):
    folder = lent_data / "fits"
    curve = read.read_light_curve(folder / "tess2018206045859-s0001-0000000261136679-0120-s_lc.fits")
    facts = stellar_parameters(curve.target, [curve], Source.FOLDER, str(folder), Catalog(()))
    assert facts.teff_k == pytest.approx(5992, abs=1)
    # pi Men: 1.094 Msun and 1.10 Rsun (Huang et al. 2018), that is 0.82 solar densities; the TIC has it a little larger.
    assert facts.density_solar == pytest.approx(0.82, rel=0.15)
    assert facts.source == "header of the TESS light curve"
