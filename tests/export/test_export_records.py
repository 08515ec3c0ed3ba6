"""Records of candidates: rows, verdicts, ephemerides in hand, joined without a query for each star."""

import time
from dataclasses import replace

import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.export import records
from astroseq_core.same_signal import compare_signals
from astroseq_core.signals.signal import FoundSignal
from astroseq_core.stellar import StellarParameters
from astroseq_core.store import database, scores, signals
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.thresholds import ScoreThreshold
from astroseq_core.times import Instant, TimeSystem
from tests.export import export_rows


@pytest.fixture
def made() -> dict[str, records.Record]:
    export_rows.fill()
    return {r.star_id: r for r in records.select_records(Filters(model_id="m"), ScoreThreshold("m", 20.0))}


def test_the_newest_verdict_and_the_ephemeris_in_hand_stand_for_a_star(made: dict[str, records.Record]):
    assert list(made) == ["SIM 1", "TIC 2", "TIC 3", "TIC 4", "TIC 5"], "the highest first, none without a score"
    star = made["TIC 2"]
    assert (star.disposition, star.reviewer, star.flags) == ("PC", "ana", "OED SSE")
    assert star.verdicts == "ana: PC; ben: FP"
    assert star.decided == "2023-11-14T22:13:20+00:00"
    assert (star.period_days, star.period_err_days, star.ephemeris_source) == (3.5, 2e-5, "fit")
    assert star.epoch_bjd == pytest.approx(2459000.25)
    assert (star.t0_days, star.t0_system, star.t0_err_days) == (pytest.approx(2000.25), "BTJD", 0.002)
    assert (star.depth_ppm, star.depth_err_ppm) == (1234.5, 12.25), "as measured, not as guessed before"
    assert (star.duration_hours, star.duration_err_hours) == (3.25, 0.05)
    assert [r.p_highclass for r in made.values()] == [1, 1, 1, 0, 0]


def test_without_an_ephemeris_in_hand_the_best_fold_stands(made: dict[str, records.Record]):
    star = made["TIC 3"]
    assert (star.ephemeris_source, star.period_days, star.disposition) == ("fold", pytest.approx(3.1234568), "")
    assert star.epoch_bjd == pytest.approx(2457000 + 1325.1234568)
    assert (star.duration_err_hours, star.depth_ppm) == (0.2, None)
    assert made["SIM 1"].epoch_bjd == pytest.approx(2454833 + 3000.5)
    assert made["TIC 4"].period_days is None
    assert made["TIC 4"].epoch_bjd is not None, "a single transit has an epoch"
    assert made["TIC 5"].ephemeris_source == "verdict"


def test_what_was_measured_of_another_signal_is_not_used(made: dict[str, records.Record]):
    export_rows.ephemerides.save(
        export_rows.AdoptedEphemeris("TIC 2", export_rows.signal("TIC 2", period_days=7.0), "person", "ana")
    )
    (star,) = records.records_for_stars(["TIC 2"])
    assert (star.period_days, star.depth_ppm, star.depth_err_ppm) == (7.0, 1000.0, None)


def test_found_signals_have_their_errors_and_only_the_scored_one_the_match_of_its_star():
    orbits = [
        Ephemeris("TIC 9", f"TIC 9 signal {k}", Instant(1325.123, TimeSystem.BTJD), 3.1234 * k * k, 2.5, 900.0) for k in (1, 3)
    ]
    its = tuple(
        FoundSignal(k + 1, e, snr=30.0, num_transits=7, log_odds=5.0, duration_err_hours=0.1) for k, e in enumerate(orbits)
    )
    known = {"match": "TOI 9.01", "match_kind": "TOI", "match_ratio": "1", "match_disposition": "PC"}
    star = replace(export_rows.row("TIC 9", 5.0, **known), **signals.summarize(its))
    scores.save([star], {("TIC 9", "m"): its})
    found = {r.period_days: r for r in records.records_for_stars(["TIC 9"])}
    assert [round(period, 4) for period in found] == [3.1234, 28.1106]
    first, second = found.values()
    assert (first.match, first.match_ratio, first.match_disposition) == ("TOI 9.01", "1", "PC")
    assert (second.match, second.match_kind, second.match_ratio, second.match_disposition) == ("", "", "", "")
    for one in (first, second):
        assert (one.ephemeris_source, one.duration_err_hours, one.depth_err_ppm) == ("search", 0.1, its[0].depth_err_ppm)


def test_a_signal_without_a_depth_has_that_of_any_disposition_on_it():
    """A newer disposition that measured nothing hides no depth, and an adopted ephemeris needs none."""
    bare = export_rows.signal("TIC 7", depth_ppm=None)
    measured = {"depth_ppm": 908.25, "depth_err_ppm": 12.5}
    export_rows.ephemerides.save(export_rows.AdoptedEphemeris("TIC 7", bare, "person", "ana"))
    fitted = export_rows.Disposition("TIC 7", "PC", "ana", at=1e9, ephemeris=replace(bare, depth_ppm=908.25))
    export_rows.dispositions.add(fitted)
    (star,) = records.records_for_stars(["TIC 7"])
    assert (star.depth_ppm, star.depth_err_ppm) == (908.25, None)
    export_rows.dispositions.add(replace(fitted, reviewer="ben", at=1.1e9, measured=measured))
    export_rows.dispositions.add(export_rows.Disposition("TIC 7", "FP", "eve", at=1.2e9, ephemeris=bare))
    (star,) = records.records_for_stars(["TIC 7"])
    assert (star.disposition, star.depth_ppm, star.depth_err_ppm) == ("FP", 908.25, 12.5)


@pytest.mark.parametrize(
    ("change", "one"),
    [
        ({}, True),
        ({"t0": Instant(2459000.25 + 700.0, TimeSystem.BJD)}, True),  # 200 periods on
        ({"t0": Instant(2000.25, TimeSystem.BTJD)}, True),
        ({"t0": Instant(2459000.25 + 0.5, TimeSystem.BJD)}, False),
        ({"period_days": 3.5 * 1.0005}, True),
        ({"period_days": 7.0}, False),
        ({"period_days": None}, False),
    ],
)
def test_signals_are_told_apart_by_period_and_phase(change: dict, one: bool):
    a = export_rows.signal("TIC 2")
    assert compare_signals(a, replace(a, **change)).same is one


def test_stars_can_be_asked_for_by_name(made: dict[str, records.Record]):
    scores.save([export_rows.row("TIC 2", 3.0, model_id="second", at=9e9)])
    found = records.records_for_stars(["TIC 3", "TIC 2", "TIC 3", "TIC 99"])
    assert [(r.star_id, r.model_id, r.score_raw) for r in found] == [
        ("TIC 3", "m", 20.0),
        ("TIC 2", "second", 3.0),
        ("TIC 99", "", None),
    ]
    assert records.records_for_stars(["TIC 2"], model_id="m")[0].score_raw == 30.0


def test_what_is_known_of_the_star_itself(made: dict[str, records.Record]):
    sun = StellarParameters(5772.0, 1.0, 1.0, 4.438, 1.0, 4.0, band="T", source="a catalogue")
    (star,) = records.records_for_stars(["TIC 2"], stellar_of={"TIC 2": sun}.get)
    assert (star.teff_k, star.density_solar, star.stellar_source) == (5772.0, 1.0, "a catalogue")
    assert (star.magnitude, star.magnitude_band) == (9.5, ""), "the row's own magnitude is in its own band"


def test_ten_thousand_rows_take_few_queries_and_seconds(monkeypatch: pytest.MonkeyPatch):
    scores.save(export_rows.row(f"TIC {n}", 100.0 - n / 1e3) for n in range(1, 10_001))
    real, opened = database.sqlite3.connect, []
    monkeypatch.setattr(database.sqlite3, "connect", lambda *a, **k: opened.append(1) or real(*a, **k))
    began = time.process_time()
    found = records.select_records(Filters(model_id="m"))
    assert len(found) == 10_000
    assert len(opened) < 10
    assert time.process_time() - began < 5
