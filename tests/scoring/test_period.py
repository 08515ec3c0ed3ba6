"""Folding against truth: periods, epochs and durations with errors that cover them; single transits; noise; aliases; cost."""

import time as clock
from collections.abc import Sequence

import numpy as np
import pytest

from astroseq_core.scoring import _period_numba
from astroseq_core.scoring import period as scoring_period
from astroseq_core.scoring.evidence import MAX_LOG_RATIO, MIN_LOG_RATIO, Evidence

TESS = 10 / 1440
LONG_CADENCE = 29.4244 / 1440


def evidence_like(
    rng: np.random.Generator,
    days: float,
    step: float,
    signals: Sequence[tuple[float | None, float, float, float]] = (),
    *,
    missed: float = 0.2,
    gap: bool = True,
) -> Evidence:
    """What a fair network makes of a star: signals are (period, t0, duration in hours, gain); noise lasts about two hours."""
    time = np.arange(0, days, step) + 1000
    if gap:
        time = time[(time < 1000 + 0.48 * days) | (time > 1000 + 0.52 * days)]
    length = max(1, round(2 / 24 / step))
    noise = np.convolve(rng.normal(size=len(time) + length - 1), np.ones(length) / np.sqrt(length), "valid")
    ratio = noise - 1.5
    for period, t0, hours, gain in signals:
        for mid in [t0] if period is None else np.arange(t0, 1000 + days, period):
            if period is None or rng.random() > missed:
                # a network's edges are soft, and its middle is late or early by some minutes
                distance = np.abs(time - mid - rng.normal(0, 0.05 * hours / 24))
                ratio += gain * 0.5 * (1 - np.tanh((distance - hours / 48) / 0.02))
    return Evidence(time, np.clip(ratio, MIN_LOG_RATIO, MAX_LOG_RATIO), step)


@pytest.mark.parametrize(("rows", "p"), [(7, 20), (16, 33), (40, 11)])
def test_fast_folding_is_folding(rows: int, p: int) -> None:
    values = np.random.default_rng(rows).normal(size=rows * p - 5).astype(np.float32)
    folds = _period_numba.fold_all(values, p)
    assert folds.shape == (rows, p)
    padded = np.r_[values, np.zeros(5, np.float32)].reshape(rows, p)
    assert np.allclose(folds[0], padded.sum(axis=0), atol=1e-4)
    # Every trial uses each value once, and a train of pulses at a trial's period comes out whole within a place a row.
    assert np.allclose(folds.sum(axis=1), values.sum(), atol=1e-3)
    for s in (1, rows // 2, rows - 1):
        pulses = np.zeros(rows * p, np.float32)
        at = np.rint(3 + np.arange(rows) * (p * p / (p - s / (rows - 1)))).astype(int)
        pulses[at[at < len(pulses)]] = 1
        fold = _period_numba.fold_all(pulses, p)[s]
        around = fold + np.roll(fold, 1) + np.roll(fold, -1)
        assert around.max() >= 0.9 * pulses.sum()


@pytest.mark.parametrize("period", [0.62, 1.7, 3.33, 7.1, 11.2])
def test_periods_epochs_and_durations_are_found(period: float) -> None:
    rng = np.random.default_rng(round(period * 100))
    hours = min(4.0, 2.0 * np.cbrt(period))
    best = scoring_period.fold(evidence_like(rng, 27, TESS, [(period, 1000.4, hours, 6.0)], missed=0.0))
    assert best.period_days == pytest.approx(period, rel=0.004)
    assert abs((best.t0_days - 1000.4 + period / 2) % period - period / 2) < 1 / 24
    assert best.duration_hours == pytest.approx(hours, rel=0.35)
    assert best.score > 2
    assert best.score > best.single_score


def test_errors_cover_the_truth() -> None:
    rng = np.random.default_rng(3)
    deviations = []
    for _ in range(60):
        period, hours = float(np.exp(rng.uniform(np.log(0.8), np.log(9)))), float(rng.uniform(1.5, 5))
        t0 = 1000 + float(rng.uniform(0.1, period))
        best = scoring_period.fold(evidence_like(rng, 27, TESS, [(period, t0, hours, 7.0)]))
        if best.period_days is None or abs(best.period_days / period - 1) > 0.02:
            continue
        number = round((best.t0_days - t0) / period)
        deviations.append(
            (
                (best.period_days - period) / best.period_err_days,
                (best.t0_days - t0 - number * period) / best.t0_err_days,
                (best.duration_hours - hours) / best.duration_err_hours,
            )
        )
    z = np.abs(np.array(deviations))
    assert len(z) > 50
    assert np.all(np.mean(z < 2, axis=0) > 0.85)
    # and are no larger than they need be
    assert np.all(np.median(z, axis=0) > 0.1)


def test_single_transits_are_not_lost() -> None:
    rng = np.random.default_rng(5)
    found = [scoring_period.fold(evidence_like(rng, 27, TESS, [(None, 1006.3, 5.0, 10.0)])) for _ in range(10)]
    noise = [scoring_period.fold(evidence_like(rng, 27, TESS)) for _ in range(10)]
    single = [f for f in found if f.period_days is None]
    assert len(single) >= 9
    for f in single:
        assert abs(f.t0_days - 1006.3) < 3 * f.t0_err_days
        assert (f.num_transits, f.period_err_days) == (1, None)
        assert f.duration_hours == pytest.approx(5.0, rel=0.3)
    assert min(f.score for f in found) > max(n.score for n in noise)


def test_one_deep_event_makes_no_period() -> None:
    rng = np.random.default_rng(6)
    best = scoring_period.fold(evidence_like(rng, 27, TESS, [(None, 1009.0, 3.0, 16.0)]))
    assert best.period_days is None
    assert best.t0_days == pytest.approx(1009.0, abs=0.05)


def test_flat_evidence_scores_calmly() -> None:
    for days, step in ((27, TESS), (1400, LONG_CADENCE)):
        time = np.arange(0, days, step)
        assert scoring_period.fold(Evidence(time, np.full(len(time), -1.0), step)).score < 0
        assert scoring_period.fold(Evidence(time, np.zeros(len(time)), step)).score <= 0


def test_noise_scores_below_every_planet_of_some_strength() -> None:
    rng = np.random.default_rng(7)
    noise = [scoring_period.fold(evidence_like(rng, 27, TESS)).score for _ in range(40)]
    assert max(noise) < 1
    assert np.median(noise) < -2


@pytest.mark.parametrize("depth_of_even", [1.0, 0.0])
def test_aliases_are_told_by_odd_and_even_epochs(depth_of_even: float) -> None:
    """Two signals at 6 d, half a period apart, are one of 3 d; without the second it is 6 d."""
    rng = np.random.default_rng(8)
    signals = [(6.0, 1001.0, 3.0, 6.0), (6.0, 1004.0, 3.0, 6.0 * depth_of_even)]
    best = scoring_period.fold(evidence_like(rng, 54, TESS, signals, missed=0.0))
    assert best.period_days == pytest.approx(3.0 if depth_of_even else 6.0, rel=0.003)


def test_gaps_are_neutral() -> None:
    rng = np.random.default_rng(9)
    whole = evidence_like(rng, 54, TESS, [(5.0, 1002.0, 3.0, 6.0)], missed=0.0, gap=False)
    # Take two of its transits, and the days about them, out of the data.
    keep = (np.abs(whole.time - 1017.0) > 1) & (np.abs(whole.time - 1032.0) > 1)
    holed = scoring_period.fold(Evidence(whole.time[keep], whole.log_ratio[keep], whole.step_days))
    assert holed.period_days == pytest.approx(5.0, rel=0.002)
    assert holed.num_transits == scoring_period.fold(whole).num_transits - 2


def test_four_years_of_long_cadence_weak_and_long_in_the_time_allowed() -> None:
    scoring_period.compile_fold()
    rng = np.random.default_rng(10)
    weak = evidence_like(rng, 1400, LONG_CADENCE, [(9.3, 1004.0, 4.0, 3.0)])
    long = evidence_like(rng, 1400, LONG_CADENCE, [(371.0, 1100.0, 9.0, 9.0)], missed=0.0)
    begin = clock.process_time()
    found = scoring_period.fold(weak)
    took = clock.process_time() - begin
    assert found.period_days == pytest.approx(9.3, rel=1e-4)
    assert scoring_period.fold(long).period_days == pytest.approx(371.0, rel=1e-3)
    # about 1 s; others may share the machine
    assert took < 8


def test_years_apart_cost_no_more(light_curve_like_tess_sector) -> None:
    rng = np.random.default_rng(11)
    first = evidence_like(rng, 27, TESS, [(4.4, 1001.0, 3.0, 8.0)], gap=False)
    # 700 d later, in phase
    second = Evidence(first.time + 4.4 * 160, first.log_ratio, first.step_days)
    both = Evidence(np.r_[first.time, second.time], np.r_[first.log_ratio, second.log_ratio], TESS)
    begin = clock.process_time()
    best = scoring_period.fold(both)
    assert clock.process_time() - begin < 4
    # Which of the finely spaced periods cannot be told, but all of them are near.
    assert best.period_days == pytest.approx(4.4, rel=0.01)


@pytest.mark.parametrize("places", [1, 3, 20, 60])
def test_few_places_are_a_single_event_at_most(places: int) -> None:
    best = scoring_period.fold(Evidence(np.arange(places) * TESS, np.zeros(places), TESS))
    assert best.period_days is None
    assert np.isfinite(best.score)


@pytest.mark.parametrize("seed", range(4))
def test_other_planets_on_half_the_missing_transits_do_not_halve_the_period(seed: int) -> None:
    """Three planets: transits of the others lie on some of the places midway between those of the first."""
    period = 3.6906
    signals = [(period, 1003.47, 2.6, 14.0), (7.4512, 1001.24, 2.6, 14.0), (12.7624, 1012.01, 2.6, 14.0)]
    grid = scoring_period.make_grid(evidence_like(np.random.default_rng(seed), 54, TESS, signals, missed=0.0))
    half = scoring_period._climb(grid, period / 2 / grid.step, 3.47 / grid.step - 8, 2)
    assert half is not None
    longer = scoring_period._without_missing(grid, half)
    assert longer.period * grid.step == pytest.approx(period, rel=2e-3)
    assert longer.count == pytest.approx(half.count / 2, abs=1.5)


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("missed", [0.0, 0.2])
def test_a_period_grows_until_no_remainder_is_missing_and_no_further(factor: int, missed: float) -> None:
    period = 3.3
    for seed in range(4):
        evidence = evidence_like(np.random.default_rng(seed), 54, TESS, [(period, 1001.7, 3.0, 8.0)], missed=missed)
        grid = scoring_period.make_grid(evidence)
        trial = scoring_period._climb(grid, period / factor / grid.step, 1.7 / grid.step - 9, 2)
        assert trial is not None
        found = scoring_period._without_missing(grid, trial)
        assert found.period * grid.step == pytest.approx(period, rel=2e-3)
