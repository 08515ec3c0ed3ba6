"""The built-in famous systems: cited, usable, and as the real tables publish them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from astroseq_core.archive import catalogs
from astroseq_core.archive.exoplanet_archive import KOI_TABLE, TOI_TABLE
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.archive.signals import Signal
from astroseq_core.targets import parse_star


def everything() -> tuple[Signal, ...]:
    listed = catalogs.famous_signals()
    return listed.rows(range(len(listed)))


def test_every_value_has_its_source_and_makes_an_ephemeris():
    for signal in everything():
        assert signal.reference.endswith(")") or "row of 20" in signal.reference
        assert any(year in signal.reference for year in ("20", "19"))
        ephemeris = signal.ephemeris()
        assert ephemeris.is_planet
        assert parse_star(ephemeris.target_id).mission.time_system is ephemeris.t0.system


def test_the_list_covers_all_missions_and_names_no_planet_twice():
    hosts = catalogs.famous_hosts()
    assert 20 <= len(hosts) <= 30
    assert {i.split()[0] for _, i in hosts} == {"KIC", "EPIC", "TIC"}
    names = [s.name for s in everything()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("TrES-2", "KIC 11446443"),
        ("HAT-P-7 b", "KIC 10666592"),
        ("Kepler-90 h", "KIC 11442793"),
        ("TRAPPIST-1", "EPIC 246199087"),
        ("K2-18 b", "EPIC 201912552"),
        ("K2-138", "EPIC 245950175"),
        ("WASP-18", "TIC 100100827"),
        ("HD 209458 b", "TIC 420814525"),
        ("AU Mic", "TIC 441420236"),
        ("pi Men c", "TIC 261136679"),
        ("TOI-700 d", "TIC 150428135"),
    ],
)
def test_they_are_found_by_name_with_no_snapshot(name: str, identifier: str):
    (star,) = catalogs.current_catalog().stars_named(name)
    assert star.identifiers[0] == identifier


def test_a_star_of_two_missions_has_its_planets_under_both_identifiers():
    kepler, tess = (catalogs.current_catalog().ephemerides_of(parse_star(i)) for i in ("KIC 11904151", "TIC 377780790"))
    assert [e.name for e in kepler] == [e.name for e in tess] == ["Kepler-10 b", "Kepler-10 c"]
    assert {e.target_id for e in tess} == {"TIC 377780790"}


def test_trappist_1_is_as_it_should_be():
    planets = catalogs.current_catalog().ephemerides_of(parse_star("TIC 278892590"))
    assert [e.name[-1] for e in planets] == list("bcdefgh")
    periods = np.array([e.period_days for e in planets])
    # neighbours are close to 8:5, 5:3, 3:2, 3:2, 4:3, 3:2 (Gillon et al. 2017, Nature 542, 456)
    assert periods[1:] / periods[:-1] == pytest.approx([8 / 5, 5 / 3, 3 / 2, 3 / 2, 4 / 3, 3 / 2], rel=0.015)


@pytest.mark.lent
@pytest.mark.parametrize(("table", "file"), [(KOI_TABLE, "koi_cumulative.csv.gz"), (TOI_TABLE, "toi.csv.gz")])
def test_kepler_and_tess_values_are_those_of_the_real_tables(lent_data: Path, table: object, file: str):
    made = normalize_table(table, pd.read_csv(lent_data / "tables" / file, comment="#")).signals  # type: ignore[arg-type]
    real = {s.name: s for s in made.rows(range(len(made)))}
    compared = 0
    for signal in everything():
        published = next((real[n] for n in (signal.row_id, *signal.aliases) if n in real), None)
        if published is None or published.target_id != signal.target_id:
            continue
        compared += 1
        for name in ("period_days", "t0", "duration_hours", "depth_ppm", "t0_err", "magnitude"):
            ours, theirs = getattr(signal, name), getattr(published, name)
            assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-7) if theirs is not None else ours is None, (
                f"{signal.name} {name}"
            )
        assert signal.disposition == published.disposition
    assert compared >= 20


@pytest.mark.lent
def test_k2_values_are_those_of_the_real_tables(lent_data: Path):
    epochs = pd.read_csv(lent_data / "tables" / "k2_ephemerides.csv.gz")
    published = pd.read_csv(lent_data / "tables" / "k2pandc.csv.gz", comment="#").query("default_flag == 1").set_index("pl_name")
    k2 = [s for s in everything() if s.target_id.startswith("EPIC")]
    assert len(k2) >= 15
    for signal in k2:
        row = published.loc[signal.name]
        assert signal.period_days == pytest.approx(row.pl_orbper, rel=1e-9)
        assert signal.reference.split(" (")[0] in row.pl_refname
        mine = epochs[(epochs.star_id == signal.target_id) & (np.abs(epochs.pl_orbper / row.pl_orbper - 1) < 1e-6)].iloc[0]
        assert signal.t0 == pytest.approx(mine.pl_tranmid - 2454833, abs=1e-6)
        assert signal.duration_hours == pytest.approx(mine.pl_trandurh, rel=1e-6)


@pytest.mark.lent
@pytest.mark.parametrize(
    "name", ["TIC 261136679", "TIC 100100827", "TIC 150428135", "KIC 11446443", "KIC 11442793", "EPIC 210490365"]
)
def test_they_agree_with_the_lent_ephemerides_within_their_errors(lent_data: Path, name: str):
    from astroseq_core.io.ephemeris_table import read_table

    lent = read_table(lent_data / "ephemerides.csv").for_target(name)
    ours = catalogs.current_catalog().ephemerides_of(parse_star(name))
    assert lent
    for known in lent:
        match = min(ours, key=lambda e: abs((e.period_days or 0) - (known.period_days or 0)))
        assert match.period_days == pytest.approx(known.period_days, abs=max(3 * known.period_err, 1e-6))
        assert match.t0.days == pytest.approx(known.t0.to(match.t0.system).days, abs=max(3 * known.t0_err, 1e-5))
        assert match.duration_hours == pytest.approx(known.duration_hours, rel=1e-3)
