"""Targets of ExoFOP drafts: no TOI and no known planet goes out as new, and no number twice."""

from dataclasses import replace

import pandas as pd
import pytest

from astroseq_core.archive.catalogs import Catalog, current_catalog
from astroseq_core.archive.exoplanet_archive import PLANETS_TABLE, TOI_TABLE, CatalogTable
from astroseq_core.archive.normalize import normalize_table
from astroseq_core.archive.signals import Signals
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import ExportError
from astroseq_core.export import exofop, exofop_file, records
from astroseq_core.export.exofop import assign_targets
from astroseq_core.export.exofop_file import NEW_CANDIDATE, NEW_PARAMETERS, EarlierRow
from astroseq_core.export.records import Record
from astroseq_core.times import Instant, TimeSystem
from tests.standin.exoplanet_archive import planet, toi

WASP_18 = "TIC 100100827"
TAG = "20260115_ana_survey_1"


def table(of: CatalogTable, *rows: dict) -> Signals:
    made = normalize_table(of, pd.DataFrame(list(rows)), None)
    assert made.dropped == ()
    return made.signals


#: A star with three TOIs, whose second number was retired; a planet without a TOI number; a TOI without a period.
KNOWN = Catalog(
    (
        table(
            TOI_TABLE,
            toi(77, 500.01, pl_orbper=5.0, pl_tranmid=2458500.0),
            toi(77, 500.03, pl_orbper=11.3, pl_tranmid=2458503.0),
            toi(79, 600.01, pl_orbper=0.0, pl_tranmid=2458500.0),
        ),
        table(PLANETS_TABLE, planet("HD 77 c", "TIC 77", pl_orbper=11.3, pl_tranmid=2458503.0), planet("HD 78 b", "TIC 78")),
    )
)


def record(star_id: str, period: float, t0: float, disposition: str = "PC", **about: object) -> Record:
    """A candidate with an ephemeris; its epoch is a full BJD."""
    (made,) = records.records_for_stars([star_id])
    signal = Ephemeris(star_id, "b?", Instant(t0, TimeSystem.BJD), period, 2.05, 900.0, t0_err=0.001, period_err=1e-5)
    return replace(records.with_ephemeris(made, signal, "person"), disposition=disposition, **about)  # type: ignore[arg-type]


def cells(text: str) -> list[dict[str, str]]:
    return [row.values for row in exofop_file.read_rows(text)]  # noqa: PD011 (no frame)


def wasp_18(**about: object) -> Record:
    return record(WASP_18, 0.94145, 2457000.0 + 1354.457, "KP", **about)


@pytest.mark.parametrize("about", [{}, {"match": "WASP-18 b", "match_kind": "confirmed", "match_ratio": "1"}])
def test_a_known_planet_goes_out_as_its_toi(about: dict):
    (row,) = cells(exofop.draft_text([wasp_18(**about)], TAG))
    assert (row["target"], row["flag"], row["discovery"]) == ("TOI185.01", "newparams", "")


def test_a_stored_match_stands_where_the_catalogs_have_no_such_signal():
    nothing = Catalog(())
    matched = record("TIC 5", 3.5, 2459000.25, match="TOI-700.01", match_kind="TOI", match_ratio="1")
    assert assign_targets([matched], nothing)[0].target == "TOI700.01"
    without = wasp_18(match="WASP-18 b", match_kind="confirmed", match_ratio="1")
    assert "it is WASP-18 b, which has no TOI number" in assign_targets([without], nothing)[0].reason
    # The star is listed under another number here, the planet under its name.
    elsewhere = replace(without, star_id="TIC 4")
    assert assign_targets([elsewhere], current_catalog())[0].target == "TOI185.01"
    other_ratio = replace(matched, match_ratio="2")
    assert assign_targets([other_ratio], nothing)[0].target == "TIC5.01"


def test_a_planet_without_a_toi_number_is_left_out_with_the_reason():
    known = record("TIC 78", 5.0, 2458500.0)
    good, left = exofop.select_exportable([known, record("TIC 80", 5.0, 2458500.0)], KNOWN)
    assert [r.star_id for r in good] == ["TIC 80"]
    assert left[0].reason == "it is HD 78 b, which has no TOI number in the catalogs here"
    with pytest.raises(ExportError, match="TIC 78 cannot stand in an ExoFOP file: it is HD 78 b"):
        exofop.draft_text([known], TAG, catalog=KNOWN)


def test_a_secondary_eclipse_of_a_toi_is_no_new_candidate():
    (found,) = assign_targets([record("TIC 77", 5.0, 2458502.5)], KNOWN)
    assert not found.target
    assert "the period of TOI-500.01 but lies 60.0 h from its transits" in found.reason


def test_another_signal_takes_the_number_above_all_tois_of_the_star():
    (found,) = assign_targets([record("TIC 77", 7.77, 2458501.0)], KNOWN)
    assert (found.target, found.flag, found.caution) == ("TIC77.04", NEW_CANDIDATE, "")
    (by_name,) = assign_targets([record("TIC 77", 11.3, 2458503.0)], KNOWN)
    assert (by_name.target, by_name.flag) == ("TOI500.03", NEW_PARAMETERS)


@pytest.mark.parametrize(
    ("star_id", "period", "name"), [("TIC 77", 10.0, "TOI-500.01 at 2 times"), ("TIC 79", 20.0, "TOI-600.01")]
)
def test_what_coincides_with_a_toi_at_another_period_is_new_with_a_caution(star_id: str, period: float, name: str):
    made = record(star_id, period, 2458500.0)
    (found,) = assign_targets([made], KNOWN)
    assert found.flag == NEW_CANDIDATE
    text = exofop.draft_text([made], TAG, catalog=KNOWN)
    assert f"\\ {star_id} coincides with {name}" in text
    assert exofop_file.validate(text) == ()


def test_two_candidates_of_a_star_never_take_one_number():
    those = [record("TIC 77", 7.77, 2458501.0), record("TIC 77", 3.21, 2458501.4), record("TIC 80", 7.77, 2458501.0)]
    assert [t.target for t in assign_targets(those, KNOWN)] == ["TIC77.04", "TIC77.05", "TIC80.01"]
    again = [those[0], those[0], wasp_18(), wasp_18()]
    found = assign_targets(again, current_catalog())
    assert [bool(t.target) for t in found] == [True, False, True, False]
    assert found[1].reason == "its signal is in this draft already"
    assert found[3].reason == "TOI185.01 is in this draft already"
    assert exofop_file.validate(exofop.draft_text(those, TAG, catalog=KNOWN)) == ()


def test_a_number_of_an_earlier_draft_is_kept_by_its_signal_and_taken_by_no_other():
    those = [record("TIC 77", 7.77, 2458501.0), record("TIC 80", 2.5, 2458501.0)]
    earlier = exofop_file.earlier_rows([exofop.draft_text(those, TAG, catalog=KNOWN)])
    assert earlier == (EarlierRow("TIC77.04", 7.77), EarlierRow("TIC80.01", 2.5))
    later = [record("TIC 77", 3.21, 2458501.4), record("TIC 77", 7.77, 2458501.0), record("TIC 80", 4.1, 2458501.0)]
    found = cells(exofop.draft_text(later, TAG, catalog=KNOWN, earlier=earlier))
    assert [row["target"] for row in found] == ["TIC77.05", "TIC77.04", "TIC80.02"]


def test_a_star_without_a_free_number_is_left_out():
    full = (EarlierRow("TIC80.99", 2.5),)
    assert "no free number" in assign_targets([record("TIC 80", 4.1, 2458501.0)], KNOWN, full)[0].reason
