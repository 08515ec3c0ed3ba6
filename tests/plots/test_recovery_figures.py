"""Figures of injection and recovery draw what was measured."""

import numpy as np
import pytest

from astroseq_core.evaluation import recovered
from astroseq_core.plots.evaluation import recovery_map_figure, recovery_recall_figure


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    rng = np.random.default_rng(2)
    made = []
    for star in range(40):
        period, snr = float(rng.uniform(1, 10)), float(rng.uniform(3, 40))
        made.append(
            {
                "target_id": f"TIC {star}",
                "kind": "transit",
                "snr": str(snr),
                "period_days": str(period),
                "t0": "1500.5",
                "t0_system": "BTJD",
                "duration_hours": "3.0",
                "num_transits": "5",
                "x_t0": "1500.5",
                "radius_ratio": str(snr / 500),
                "x_score": str(snr + rng.normal()),
                "x_cpu_seconds": "1",
                "x_period_days": str(period if snr > 15 else 0.7),
            }
        )
        made.append(
            {
                "target_id": f"TIC {star}",
                "kind": "none",
                "snr": "",
                "period_days": "",
                "radius_ratio": "",
                "x_score": str(rng.normal() + 8),
                "x_cpu_seconds": "1",
                "x_period_days": "",
                "x_t0": "",
            }
        )
    return made


def test_recall_rises_with_signal_to_noise(rows) -> None:
    results = recovered.measure_recovery(rows, ("x",))
    figure = recovery_recall_figure(results)
    y = np.array(figure.data[0].y)
    assert list(figure.data[0].x) == sorted(figure.data[0].x)
    assert y[0] == 0
    assert y[-1] == 1
    assert np.all(np.array(recovery_recall_figure(results, strict=True).data[0].y) <= y)
    assert len(figure.to_json()) > 100


def test_every_planet_is_on_the_map_once(rows) -> None:
    figure = recovery_map_figure(rows, "x")
    assert sum(len(t.x) for t in figure.data) == 40
    found = {t.name.split(" (")[0]: len(t.x) for t in figure.data}
    strong = sum(r["kind"] == "transit" and float(r["snr"]) > 15 for r in rows)
    assert found["found, right period"] == strong
    assert found["missed"] > 0
