"""Faint stars whose background was over-subtracted: their median flux is negative, and they are searched all the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import astroseq_core as aq
from astroseq_core.cli.main import main
from astroseq_core.columns import measure_light_curve
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks.model import load
from astroseq_core.preprocessing import noise
from astroseq_core.preprocessing.prepare import flux_level, prepare, same_units, with_assumed_level
from astroseq_core.scoring.false_alarm import transit_free_copies
from astroseq_core.scoring.segments import SegmentScores, score_light_curve
from astroseq_core.scoring.star import score_star
from astroseq_core.simulation.transits import Orbit, signal_ephemeris
from astroseq_core.vetting.examine import examine
from tests.vetting.simulated import T0, observed

#: A planet whose dips are plain beside the noise of a faint star.
PLANET = Orbit(t0=T0, period_days=3.1, radius_ratio=0.14, impact=0.2, density_solar=1.0, u1=0.3, u2=0.2)


def faint_star(level: float, seed: int = 4) -> LightCurve:
    """A faint star at two minutes, 20 electrons a second with 1 % of noise, whose median is moved to a level."""
    curve = observed([PLANET], noise_ppm=10_000, wave=(0.02, 3.3), seed=seed).light_curve
    flux = 20.0 * curve.flux / np.nanmedian(curve.flux)
    return replace(curve, flux=flux - np.nanmedian(flux) + level)


TWIN = faint_star(20.0)
OVER_SUBTRACTED = faint_star(-7.5)


@pytest.mark.parametrize("level", [-7.5, 0.0, -2000.0, 0.05])
def test_over_subtracted_background_changes_probabilities_and_star_score_little(tiny: Path, level: float) -> None:
    model = load("tiny")
    twin, shifted = (score_light_curve(model, curve) for curve in (TWIN, faint_star(level)))
    assert isinstance(twin, SegmentScores)
    assert len(twin.probability) > 3
    assert np.ptp(twin.probability) > 1e-3  # or it would not matter what the network saw
    # that the trend of 2 % is divided by in one and about 1 in the other is all the difference
    np.testing.assert_allclose(shifted.probability, twin.probability, atol=0.01)
    one, other = score_star([twin]), score_star([shifted])
    assert other.star_score == pytest.approx(one.star_score, rel=0.02)
    assert (other.best_period_days, other.num_transits) == (one.best_period_days, one.num_transits)


def test_flux_without_a_level_is_in_units_of_its_noise_and_says_so() -> None:
    known, unknown = prepare(TWIN), prepare(OVER_SUBTRACTED)
    assert known.has_level
    assert known.level_problem == ""
    assert not unknown.has_level
    assert noise.point_to_point_sigma(unknown.flux) == pytest.approx(1e-4, rel=1e-6)
    np.testing.assert_allclose(unknown.flat / unknown.noise, known.flat / known.noise, atol=0.15)
    assert np.isnan(unknown.noise_ppm)
    assert "noise unknown in ppm" in repr(unknown)
    assert "noise_ppm_1h" in measure_light_curve(known)
    assert measure_light_curve(unknown) == {}
    assert "median flux of -7.5" in unknown.level_problem
    assert "ppm is unknown" in unknown.level_problem


def test_a_level_below_the_noise_of_a_cadence_is_none() -> None:
    assert flux_level(TWIN) == pytest.approx(20.0)
    assert flux_level(faint_star(0.1)) is None  # the noise is 0.2
    assert flux_level(faint_star(0.5)) == pytest.approx(0.5)


def test_an_assumed_level_keeps_what_matters_and_lets_transits_be_injected() -> None:
    assert with_assumed_level(TWIN) is TWIN
    lifted = with_assumed_level(OVER_SUBTRACTED)
    assert prepare(lifted).has_level
    np.testing.assert_allclose(np.diff(lifted.flux), np.diff(TWIN.flux), atol=1e-9)
    assert np.nanmin(lifted.flux) > 0


def test_copies_without_transits_keep_their_sign() -> None:
    known, unknown = (transit_free_copies([c], prepare(c).settings, 2, 1) for c in (TWIN, OVER_SUBTRACTED))
    for one, other in zip(known, unknown, strict=True):
        a, b = (prepare(copy[0]) for copy in (one, other))
        np.testing.assert_allclose(b.flat / b.noise, a.flat / a.noise, atol=0.15)


def test_vetting_works_but_no_size_is_told() -> None:
    e = signal_ephemeris("SIM 7", "b", PLANET)
    known, unknown = (examine([prepare(curve)], e) for curve in (TWIN, OVER_SUBTRACTED))
    assert known.fit is not None
    assert unknown.fit is not None
    snr = [found.fit.depth_ppm / found.fit.depth_err_ppm for found in (known, unknown) if found.fit]
    assert snr[1] == pytest.approx(snr[0], rel=0.1)
    assert str(unknown.check("depth").flag) == "unknown"
    assert "level of the star's light is unknown" in unknown.check("depth").sentence
    assert str(known.check("depth").flag) != "unknown"
    together = examine([prepare(TWIN), prepare(OVER_SUBTRACTED)], e)
    assert together.has_level
    assert len(together.detrended) == len(same_units([prepare(TWIN)])) == 1


def test_a_person_and_the_command_line_are_told(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "TIC_7__s0001.npz"
    columns = {"time": OVER_SUBTRACTED.time, "flux": OVER_SUBTRACTED.flux, "time_system": "BTJD", "mission": "TESS"}
    np.savez(path, flux_unit="e-/s", **columns)
    star = aq.open_star(str(path))
    assert any("median flux of -7.5" in text for text in star.problems)
    found = star.signals()
    assert len(found)
    assert all(one.ephemeris.depth_ppm is None for one in found)
    out = tmp_path / "scores.csv"
    assert main(["score", str(path), "--model", "tiny", "--out", str(out), "--workers", "1"]) == 0
    assert "median flux of -7.5" in capsys.readouterr().err
    header, row = (line.split(",") for line in out.read_text(encoding="utf-8").splitlines()[:2])
    values = dict(zip(header, row, strict=True))
    assert values["status"] == "ok"
    assert values["noise_ppm_1h"] == ""
