"""What is known of a star: catalogues, headers, and the truth of simulated ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from astroseq_core.archive import snapshots
from astroseq_core.archive.catalogue import Catalogue
from astroseq_core.archive.normalise import normalise
from astroseq_core.archive.tables import K2, KOI, PLANETS, TABLES, TOI, Table
from astroseq_core.lightcurves import reading, storage
from astroseq_core.scoring import pixels
from astroseq_core.scoring.opening import Source, StarRequest, open_star
from astroseq_core.scoring.star_facts import star_facts
from astroseq_core.simulate import survey
from astroseq_core.targets import Target
from tests.standin import exoplanet_archive as archive

STAR = Target("TIC", "7")


def catalogue(*tables: tuple[Table, dict[str, Any]]) -> Catalogue:
    return Catalogue(tuple(normalise(table, pd.DataFrame([row])).signals for table, row in tables))


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
def test_every_table_is_asked_for_its_stars_and_the_stand_in_has_the_columns(table: Table):
    makers = {KOI: archive.koi(1, "K00001.01"), TOI: archive.toi(1, 1.01), K2: archive.k2("a b", "EPIC 1"),
              PLANETS: archive.planet("a b", "TIC 1")}  # fmt: skip
    row = {**makers[table], "tic_id": None} if table is K2 else makers[table]
    assert set(table.columns) <= set(row)
    assert {"koi_steff" if table is KOI else "st_teff"} <= set(table.columns)


def test_a_density_comes_from_mass_and_radius_with_its_error():
    row = archive.planet("X b", "TIC 7", st_rad=2.0, st_mass=1.6, st_raderr1=0.1, st_raderr2=-0.1, st_masserr1=0.08,
                         st_masserr2=-0.08)  # fmt: skip
    facts = star_facts(STAR, catalogue=catalogue((PLANETS, row)))
    assert (facts.radius_solar, facts.mass_solar, facts.teff_k) == (2.0, 1.6, 5700.0)
    assert facts.density_solar == pytest.approx(0.2)
    assert facts.density_err == pytest.approx(0.2 * np.hypot(0.05, 3 * 0.05))
    assert (facts.name, facts.source) == ("X", "Confirmed planets")


def test_a_published_density_wins_and_gravity_serves_where_there_is_no_mass():
    dense = archive.planet("X b", "TIC 7", st_dens=1.4097799, st_rad=3.0)
    assert star_facts(STAR, catalogue=catalogue((PLANETS, dense))).density_solar == pytest.approx(1.0)
    toi = archive.toi(7, 7.01, st_rad=2.0, st_logg=4.4380676, st_raderr1=0.2, st_raderr2=-0.2)
    facts = star_facts(STAR, catalogue=catalogue((TOI, toi)))
    assert facts.density_solar == pytest.approx(0.5)
    assert facts.density_err is None  # the gravity's error was not published
    assert facts.name == "TOI-7"


def test_papers_come_before_tables_and_the_missions_band_is_taken():
    paper = archive.planet("X b", "TIC 7", st_rad=1.1, st_mass=None, st_logg=None, sy_tmag=None, sy_vmag=11.0)
    toi = archive.toi(7, 7.01, st_rad=1.3, st_tmag=10.2)
    facts = star_facts(STAR, catalogue=catalogue((TOI, toi), (PLANETS, paper)))
    assert facts.radius_solar == 1.1
    assert (facts.magnitude, facts.band) == (10.2, "T")


def test_nothing_known_is_no_error():
    facts = star_facts(STAR, catalogue=Catalogue(()))
    assert not facts.is_known
    assert not star_facts(Target("SIM", "777")).is_known
    assert not star_facts(STAR, catalogue=Catalogue(()), source=Source.CACHE).is_known


def test_older_snapshots_still_read_and_know_nothing_of_stars():
    content = normalise(TOI, pd.DataFrame([archive.toi(7, 7.01)]))
    snapshots.write(TOI, content, "here")
    data = snapshots.path_of(TOI).read_bytes()
    assert snapshots.read(TOI).rows([0])[0].star_radius == 1.0
    header, start = snapshots._header(data, "x")
    about, arrays = storage.decode(data[start:], "x")
    about.pop("schema")
    payload = storage.encode(about, {k: v for k, v in arrays.items() if not k.startswith("star_")})
    import json

    header |= {"sha256": storage.sha256(payload), "size": len(payload)}
    snapshots.path_of(TOI).write_bytes(b"AstroSeq catalogue\n" + json.dumps(header).encode() + b"\n" + payload)
    signal = snapshots.read(TOI).rows([0])[0]
    assert signal.star_radius is None
    assert signal.period_days == 5.0


@pytest.mark.parametrize("target_id", ["SIM 1", "SIM 2", "SIM 3"])
def test_a_simulated_star_has_its_truth(target_id: str):
    star = open_star(StarRequest(target_id, Source.SIMULATED))
    facts = star_facts(star.target, star.curves, star.source)
    truth = survey.star(target_id)
    assert facts.density_solar == truth.truth["signals"][0]["density_solar"]
    assert (facts.magnitude, facts.source) == (truth.magnitude, "simulation")
    assert facts.band == ("T" if truth.seen_as == "TESS" else "Kp")


def test_the_columns_of_an_opened_simulated_star():
    star = open_star(StarRequest("SIM 1", Source.SIMULATED))
    found, problems = pixels.of_curves(star.curves, star.source)
    assert problems == ()
    assert all(one is not None and one.simulated for one in found)


def test_a_damaged_file_is_a_problem_in_words_and_the_star_is_only_unknown(tmp_path: Path):
    from tests.standin.skyfiles import Sky, fits_bytes

    path = tmp_path / "tess2018206045859-s0001-0000000000000007-0120-s_lc.fits"
    path.write_bytes(fits_bytes(Sky("TESS", 7, "SPOC", 120, 1, "x", path.name, "", ""), 200))
    curve = reading.read(path)
    assert pixels.of(curve, Source.FILES, str(tmp_path)).sap is not None
    path.write_bytes(path.read_bytes()[:2000])
    found, problems = pixels.of_curves([curve], Source.FILES, str(tmp_path))
    assert found == (None,)
    assert len(problems) == 1
    assert path.name in problems[0]
    assert not star_facts(STAR, [curve], Source.FILES, str(tmp_path), Catalogue(())).is_known


@pytest.mark.lent
def test_a_real_header_says_what_the_star_is(lent_data: Path):
    folder = lent_data / "fits"
    curve = reading.read(folder / "tess2018206045859-s0001-0000000261136679-0120-s_lc.fits")
    facts = star_facts(curve.target, [curve], Source.FILES, str(folder), Catalogue(()))
    assert facts.teff_k == pytest.approx(5992, abs=1)
    # pi Men: 1.094 Msun and 1.10 Rsun (Huang et al. 2018), that is 0.82 solar densities; the TIC has it a little larger.
    assert facts.density_solar == pytest.approx(0.82, rel=0.15)
    assert facts.source == "header of the TESS light curve"
