from collections import Counter

import numpy as np
import pandas as pd
import pytest

from astroseq_core import targets
from astroseq_core.errors import TargetError
from astroseq_core.preprocessing.prepare import PreprocessingConfig, prepare
from astroseq_core.simulation import survey


@pytest.fixture(scope="module")
def truth():  # type: ignore[no-untyped-def]
    """One row per signal and one per quiet star."""
    rows = []
    for star in map(survey.simulated_star, survey.target_ids()):
        about = {"target_id": star.target.id, "kind": star.kind, "variability": star.truth["variability"]}
        rows.extend({**about, **signal} for signal in star.truth["signals"] or [{}])
    return pd.DataFrame(rows)


def test_sixty_stars_of_all_kinds_and_missions_are_listed_without_making_a_light_curve() -> None:
    survey._simulate_number.cache_clear()
    rows = survey.survey_rows()
    assert survey._simulate_number.cache_info().currsize == 0
    assert [row.target_id for row in rows] == list(survey.target_ids())
    assert len(rows) == 60
    assert Counter(row.instrument for row in rows) == {"TESS": 20, "Kepler": 20, "K2": 20}
    assert Counter(row.kind for row in rows) == {"quiet": 24, "planet": 14, "multi": 8, "binary": 8, "single": 6}
    assert all(targets.parse_star(row.target_id).is_simulated for row in rows)
    assert {row.kind for row in survey.survey_rows(show_kinds=False)} == {""}


def test_the_list_says_what_the_stars_are() -> None:
    for row in survey.survey_rows()[:9]:
        star = survey.simulated_star(row.target_id)
        assert (star.kind, star.instrument, star.magnitude, len(star.light_curves)) == (
            row.kind,
            row.instrument,
            row.magnitude,
            row.num_observations,
        )
        assert star.target.id == row.target_id


def test_a_star_is_always_the_same() -> None:
    first = survey.simulated_star("SIM 5")
    survey._simulate_number.cache_clear()
    again = survey.simulated_star("sim 05")
    assert again is not first
    np.testing.assert_array_equal(first.light_curves[0].flux, again.light_curves[0].flux)
    assert survey.published_ephemerides("SIM 5") == survey.published_ephemerides("SIM 5")


@pytest.mark.parametrize("unknown", ["SIM 61", "SIM 9999", "TIC 1", "SIM", "TOI 700"])
def test_a_star_that_is_not_in_it_is_refused(unknown: str) -> None:
    with pytest.raises(TargetError):
        survey.simulated_star(unknown)
    with pytest.raises(TargetError):
        survey.published_ephemerides(unknown)


def test_the_truth_has_a_row_for_each_signal_and_each_quiet_star(truth) -> None:  # type: ignore[no-untyped-def]
    assert truth.target_id.nunique() == 60
    quiet = truth[truth.kind == "quiet"]
    assert len(quiet) == 24
    assert quiet.name.isna().all()
    assert {"rotator", "flare star", "pulsator", "calm"} <= set(quiet.variability)
    signals = truth[truth.kind != "quiet"]
    assert signals[["t0", "duration_hours", "depth_ppm", "expected_snr"]].notna().all().all()
    assert (signals.period_days.isna() == (signals.kind == "single")).all()
    assert (signals[signals.kind == "multi"].groupby("target_id").size() >= 2).all()


def test_some_planets_are_easy_to_see_and_some_near_the_noise(truth) -> None:  # type: ignore[no-untyped-def]
    planets = truth[truth.kind.isin(["planet", "multi"])].expected_snr
    assert (planets > 40).sum() >= 8
    assert ((planets > 4) & (planets < 12)).sum() >= 4


def test_bright_examples_are_as_much_fainter_in_transit_as_the_truth_says(truth) -> None:  # type: ignore[no-untyped-def]
    calm = truth.variability == "calm"
    bright = truth[(truth.expected_snr > 100) & calm & truth.kind.isin(["planet", "single"]) & (truth.duration_hours > 2.5)]
    assert len(bright) >= 5
    for row in bright.itertuples():
        star = survey.simulated_star(row.target_id)
        ephemeris = star.ephemerides[0]
        depths = []
        for curve in star.light_curves:
            usable = curve.usable_mask()
            time, flux = curve.time[usable], curve.flux[usable]
            for mid in ephemeris.transits(float(time[0]), float(time[-1]), curve.time_system).mid:
                away = np.abs(time - mid) / ephemeris.duration_days
                inside, beside = away < 0.2, (away > 0.6) & (away < 1.6)
                if inside.sum() >= 2 and (time[beside] < mid).sum() >= 2 and (time[beside] > mid).sum() >= 2:
                    level = np.polyval(np.polyfit(time[beside] - mid, flux[beside], 2), time[inside] - mid)
                    depths.append(float(np.mean(1 - flux[inside] / level)))
        assert np.median(depths) * 1e6 == pytest.approx(row.depth_ppm, rel=0.12), row.target_id


def test_three_planets_of_sim_1_show_by_eye() -> None:
    star = survey.simulated_star("SIM 1")
    assert (star.kind, star.instrument, len(star.ephemerides)) == ("multi", "TESS", 3)
    for curve in star.light_curves:
        prepared = prepare(curve, PreprocessingConfig(window_days=1.5, cadence_minutes=30.0))
        for ephemeris in star.ephemerides:
            inside = ephemeris.in_transit(prepared.time, prepared.system, widen=0.5)
            assert prepared.flat[inside].mean() < -8 * prepared.noise


def test_published_ephemerides_are_close_to_the_truth_within_their_errors() -> None:
    pulls = []
    for target_id in survey.target_ids():
        star = survey.simulated_star(target_id)
        published = survey.published_ephemerides(target_id)
        assert len(published) == len(star.ephemerides)
        for told, true in zip(published, star.ephemerides, strict=True):
            assert told.name == true.name
            assert 0 < told.t0_err < true.duration_days
            pulls.append((told.t0 - true.t0) / told.t0_err)
            if true.period_days is not None:
                assert told.period_days is not None
                pulls.append((told.period_days - true.period_days) / told.period_err)
            last = max(float(c.time[-1]) for c in star.light_curves)
            drift = told.transits(float(star.light_curves[0].time[0]), last, star.light_curves[0].time_system)
            assert np.mean(told.well_predicted(drift)) > 0.5
    assert np.std(pulls) == pytest.approx(1.0, abs=0.25)


def test_dispositions_are_the_catalogues_words() -> None:
    for target_id in survey.target_ids():
        star = survey.simulated_star(target_id)
        confirmed, candidate, false = survey.CATALOG_DISPOSITIONS[star.instrument]
        for ephemeris in survey.published_ephemerides(target_id):
            expected = {false} if star.kind == "binary" else {candidate} if star.kind == "single" else {confirmed, candidate}
            assert ephemeris.disposition in expected
            assert ephemeris.is_planet == (star.kind != "binary")
