"""Injection and recovery: what is drawn is as asked, tables are resumed, shares are right."""

import csv
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import LightCurveError, SettingsError
from astroseq_core.evaluation import injection_recovery, recovered
from astroseq_core.evaluation.injection_recovery import Plan
from astroseq_core.networks.model import load
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.scoring.star_source import StarReadResult
from astroseq_core.simulation.stars import simulate_star
from astroseq_core.simulation.transits import inject, signal_ephemeris
from astroseq_core.targets import Target


@pytest.fixture(scope="module")
def quiet():
    return simulate_star(31, "TESS", "quiet", target=Target("SIM", "31"), variability_kind="calm", magnitude=10.0)


def test_planets_have_the_signal_to_noise_that_was_drawn(quiet) -> None:
    prepared = [prepare(c) for c in quiet.light_curves]
    rng = np.random.default_rng(1)
    plan = Plan(snr=(8.0, 60.0))
    span = prepared[-1].time[-1] - prepared[0].time[0]
    drawn = [injection_recovery.draw_injection(rng, prepared, plan) for _ in range(40)]
    assert all(8 <= snr <= 60.001 for _, snr, _ in drawn)
    assert all(0.5 <= o.period_days <= span / 2 for o, _, _ in drawn)
    assert all(n >= 2 for _, _, n in drawn)
    # The depth in noise-free terms: injected and measured on the raw flux.
    orbit, snr, seen = drawn[0]
    curve = quiet.light_curves[0]
    ratio = inject(curve, [orbit]).flux / curve.flux
    assert 1 - np.nanmin(ratio) == pytest.approx(orbit.depth, rel=0.1)
    truth = signal_ephemeris("SIM 31", "b", orbit)
    inside = truth.in_transit(prepared[0].time, prepared[0].system)
    white = orbit.depth / prepared[0].noise * np.sqrt(inside.sum())
    assert snr == pytest.approx(white, rel=0.6)
    assert seen <= len(truth.transits(prepared[0].time[0], prepared[0].time[-1], prepared[0].system))


def test_what_cannot_be_is_refused(quiet) -> None:
    for bad in ({"methods": ("guess",)}, {"copies": 0}, {"snr": (5.0, 2.0)}, {"shortest_days": 5.0, "longest_days": 2.0}):
        with pytest.raises(SettingsError):
            Plan(**bad)
    with pytest.raises(LightCurveError, match="too short"):
        injection_recovery.draw_injection(np.random.default_rng(0), [prepare(quiet.light_curves[0])], Plan(shortest_days=20.0))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_is_resumed_mended_and_never_mixed(tiny: Path, tmp_path: Path, quiet) -> None:
    model, out = load("tiny"), tmp_path / "recover.csv"
    plan = Plan(("fold", "max"), copies=2)
    reads: list[str] = []

    def reader(name: str):
        def read():
            reads.append(name)
            return StarReadResult(quiet.light_curves)

        return read

    stars = {name: reader(name) for name in ("SIM 31", "SIM 32")}
    assert injection_recovery.run(model, {"SIM 31": stars["SIM 31"]}, plan, out) == 0
    first = rows_of(out)
    assert [r["kind"] for r in first] == ["transit", "transit", "none", "turned over"]
    assert all(r["snr"] and r["fold_score"] and r["max_score"] for r in first[:2])
    assert all(not r["snr"] and r["max_score"] for r in first[2:])
    # A crash in the middle of the second star.
    whole = out.read_text()
    out.write_text(whole + whole.splitlines()[1].replace("SIM 31", "SIM 32") + "\n" + whole.splitlines()[2][:30])
    assert injection_recovery.run(model, stars, plan, out) == 0
    assert reads == ["SIM 31", "SIM 32"]
    assert out.read_text().startswith(whole)
    assert [r["target_id"] for r in rows_of(out)] == ["SIM 31"] * 4 + ["SIM 32"] * 4
    # The same copies for the same star whatever else is there; other copies for another star.
    assert rows_of(out)[4]["period_days"] != first[0]["period_days"]
    with pytest.raises(SettingsError, match="other settings"):
        injection_recovery.run(model, stars, Plan(("fold", "max"), copies=2, seed=1), out)


def test_a_star_that_cannot_be_used_is_counted(tiny: Path, tmp_path: Path, quiet) -> None:
    plan = Plan(("max",), copies=1)
    stars = {"TIC 1": lambda: StarReadResult(()), "SIM 31": lambda: StarReadResult(quiet.light_curves)}
    assert injection_recovery.run(load("tiny"), stars, plan, tmp_path / "r.csv") == 1
    assert {r["target_id"] for r in rows_of(tmp_path / "r.csv")} == {"SIM 31"}


def test_the_signal_search_finds_an_injected_planet_and_ranks_a_quiet_star_low(home_with_model: Path, quiet) -> None:
    model = load(str(home_with_model / "models" / "tiny"))  # the shipped classifier is in the home of the other tests
    detrended = [prepare(c) for c in quiet.light_curves]
    orbit, _, _ = injection_recovery.draw_injection(np.random.default_rng(4), detrended, Plan(snr=(40.0, 40.0), longest_days=5.0))
    methods = injection_recovery.SIGNAL_SCORES
    found = injection_recovery.run_methods(model, [inject(c, [orbit]) for c in quiet.light_curves], methods)
    none = injection_recovery.run_methods(model, quiet.light_curves, methods)
    assert tuple(found) == tuple(none) == methods
    for method in methods:
        assert found[method].score > none[method].score
        assert found[method].period_days == pytest.approx(orbit.period_days, rel=0.01)
    # without a signal the stars are ranked by their star score, below all that have one
    assert none["odds"].score <= 0


def table(stars: int, copies: int, recall: float, right: float, seed: int = 0) -> list[dict[str, str]]:
    """A table in which a share ``recall`` of the copies stands out, a share ``right`` of these with its period."""
    rng = np.random.default_rng(seed)
    rows = []
    for star in range(stars):
        for _ in range(copies):
            good, found = rng.random() < recall, rng.random() < right
            period = float(rng.uniform(1, 10))
            said = period * float(rng.choice([1, 0.5, 2])) * (1.003 if found else 1.3)
            rows.append(
                {
                    "target_id": f"TIC {star}",
                    "kind": "transit",
                    "snr": "12",
                    "period_days": str(period),
                    "t0": "1500.5",
                    "t0_system": "BTJD",
                    "duration_hours": "3.0",
                    "num_transits": str(round(27 / period)),
                    "radius_ratio": "0.03",
                    "x_score": str(5 + rng.random() if good else rng.random() * 0.5),
                    "x_period_days": str(said),
                    "x_t0": "1500.52",
                    "x_cpu_seconds": "0.25",
                }
            )
            rows.append(
                {
                    "target_id": f"TIC {star}",
                    "kind": "none",
                    "snr": "",
                    "period_days": "",
                    "radius_ratio": "",
                    "x_score": str(rng.random()),
                    "x_period_days": "",
                    "x_t0": "",
                    "x_cpu_seconds": "0.25",
                }
            )
    return rows


def test_recall_is_the_share_above_one_false_alarm_in_a_hundred() -> None:
    (found,) = recovered.measure_recovery(table(80, 4, 0.7, 0.6), ("x",))
    assert found.threshold == pytest.approx(0.99, abs=0.01)
    assert found.recall.value == pytest.approx(0.7, abs=0.06)
    assert found.recall.low < found.recall.value < found.recall.high
    assert 0.05 < found.recall.high - found.recall.low < 0.2
    assert found.strict.value == pytest.approx(0.42, abs=0.06)
    assert found.cpu_seconds == 0.25
    assert [(b.low, b.high, b.recall.copies) for b in found.by_snr] == [(10.0, 15.0, 320)]
    assert sum(b.recall.copies for b in found.by_period) == 320


@pytest.mark.parametrize(
    ("period", "t0", "right"),
    [
        (5.0, 1505.52, True),
        (2.5, 1503.0, True),
        (10.0, 1505.5, True),
        (10.0, 1500.5, True),
        (5.02, 1500.5, True),  # 0.11 d off after 27 d, less than a duration of 3 h
        (5.04, 1500.5, False),
        (15.0, 1500.5, False),
        (5.0, 1503.0, False),  # the period, but half of it away
        (10.0, 1503.0, False),
        ("", 1500.5, False),
    ],
)
def test_what_is_found_has_the_period_its_half_or_its_double_and_transits_together(
    period: float | str, t0: float, right: bool
) -> None:
    row = {
        "target_id": "TIC 1",
        "kind": "transit",
        "period_days": "5.0",
        "t0": "1500.5",
        "t0_system": "BTJD",
        "duration_hours": "3.0",
        "num_transits": "6",
        "x_period_days": str(period),
        "x_t0": str(t0),
    }
    assert recovered.is_right_signal(row, "x") is right
    assert not recovered.is_right_signal(row | {"kind": "none", "period_days": "", "t0": ""}, "x")


def test_a_table_without_empty_copies_is_refused() -> None:
    rows = [r for r in table(3, 2, 0.5, 0.5) if r["kind"] == "transit"]
    with pytest.raises(SettingsError, match="with and without"):
        recovered.measure_recovery(rows, ("x",))
    with pytest.raises(SettingsError, match="nothing of"):
        recovered.measure_recovery(table(3, 2, 0.5, 0.5), ("y",))
