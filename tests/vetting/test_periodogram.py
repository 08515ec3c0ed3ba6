"""Box and transit least squares on our prepared light curves."""

import numpy as np
import pytest

from astroseq_core.errors import LightCurveError, SettingsError
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, PreprocessingConfig, prepare
from astroseq_core.vetting import periodogram


@pytest.fixture(scope="module")
def prepared(light_curve_like_tess_sector) -> DetrendedLightCurve:
    # every ten minutes: the searches are the same, and the test fast
    return prepare(light_curve_like_tess_sector.curve, PreprocessingConfig(window_days=0.8, cadence_minutes=10.0))


@pytest.mark.parametrize("method", periodogram.SEARCH_METHODS)
def test_an_injected_planet_is_found_in_silence(
    method: str, prepared: DetrendedLightCurve, light_curve_like_tess_sector, capfd: pytest.CaptureFixture[str]
) -> None:
    truth = light_curve_like_tess_sector.ephemeris
    found = periodogram.find_best_period(method, [prepared])
    assert found.period_days == pytest.approx(truth.period_days, rel=0.01)
    assert abs(truth.phase_days(np.array([found.t0.days]), found.t0.system)[0]) < 1 / 24
    assert found.duration_hours == pytest.approx(truth.duration_hours, rel=0.5)
    assert found.depth_ppm == pytest.approx(truth.depth_ppm, rel=0.3)
    assert found.statistic > 7
    assert found.cpu_seconds > 0
    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_searched_is_said(prepared: DetrendedLightCurve) -> None:
    with pytest.raises(SettingsError, match="no period search"):
        periodogram.find_best_period("guess", [prepared])
    short = DetrendedLightCurve(
        prepared.light_curve,
        prepared.settings,
        prepared.time[:60],
        prepared.flux[:60],
        prepared.trend[:60],
        prepared.flat[:60],
        prepared.noise,
        prepared.cadence_minutes,
    )
    with pytest.raises(LightCurveError, match="too short"):
        periodogram.find_best_period("bls", [short])
