import numpy as np
import pytest

from astroseq_core import errors, missions
from astroseq_core.io import lightcurve
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem

TIC = Target("TIC", "1")
TIME = 1326.0 + np.arange(100) * 2 / 1440


def make(**more: object) -> LightCurve:
    arguments: dict[str, object] = {
        "target": TIC,
        "observation": "s1",
        "time": TIME,
        "flux": np.ones(len(TIME)),
        "instrument": missions.TESS,
    }
    return lightcurve.make_light_curve(**{**arguments, **more})  # type: ignore[arg-type]


def test_arrays_of_any_kind_become_native_floats():
    curve = make(time=TIME.astype(">f8"), flux=np.ones(100, dtype=">f4"), quality=np.zeros(100, dtype=">i4"))
    assert curve.time.dtype.isnative
    assert (curve.flux.dtype, curve.quality.dtype) == (np.float64, np.int64)
    assert curve.time_system is TimeSystem.BTJD
    assert curve.cadence_minutes == pytest.approx(2.0)
    assert make(time=list(TIME), flux=[1] * 100).flux.sum() == 100


def test_masked_values_become_nan_or_no_bits():
    flux = np.ma.masked_array(np.ones(100), mask=np.arange(100) < 3)
    quality = np.ma.masked_array(np.full(100, 128), mask=np.ones(100, bool))
    curve = make(flux=flux, quality=quality)
    assert np.isnan(curve.flux[:3]).all()
    assert curve.usable_mask().sum() == 97


def test_the_arrays_given_are_not_shared():
    flux = np.ones(100)
    curve = make(flux=flux)
    flux[:] = 7
    assert curve.flux.max() == 1


def test_cadences_without_a_time_are_dropped_and_julian_dates_converted():
    time = TIME + 2457000.0
    time[5] = np.nan
    curve = make(time=time)
    assert len(curve.time) == 99
    assert curve.time[0] == pytest.approx(1326.0, abs=1e-6)


@pytest.mark.parametrize(("mission", "prefix", "day"), [(missions.KEPLER, "KIC", 500.0), (missions.K2, "EPIC", 2300.0)])
def test_kepler_and_k2_stand_in_bkjd(mission: missions.Mission, prefix: str, day: float):
    time = day + np.arange(100) / 49
    curve = make(target=Target(prefix, "9"), instrument=mission, time=time + 2454833.0, time_system=TimeSystem.BJD)
    assert curve.time_system is TimeSystem.BKJD
    np.testing.assert_allclose(curve.time, time, atol=1e-8)


def test_the_default_quality_bits_and_only_these_take_cadences_out():
    quality = np.zeros(100, int)
    quality[:10], quality[10:20] = 128, 2048  # manual exclude; scattered light
    assert make(quality=quality).usable_mask().tolist() == [False] * 10 + [True] * 90


@pytest.mark.parametrize(
    ("more", "error", "says"),
    [
        ({"time": [], "flux": []}, errors.EmptyLightCurveError, "no cadences"),
        ({"flux": np.ones(99)}, errors.MissingColumnError, "flux has 99 values and time has 100"),
        ({"quality": np.ones(3)}, errors.MissingColumnError, "quality has 3"),
        ({"flux_err": np.ones(3)}, errors.MissingColumnError, "flux_err has 3"),
        ({"flux": np.ones((100, 1))}, errors.MissingColumnError, "2 dimensions"),
        ({"flux": ["x"] * 100}, errors.LightCurveError, "not a number"),
        ({"time": np.full(100, np.nan)}, errors.AllNaNError, "not one finite time"),
        ({"flux": np.full(100, np.nan)}, errors.AllNaNError, "none of its 100 cadences"),
        ({"quality": np.full(100, 128)}, errors.AllNaNError, "quality mask"),
        ({"time": TIME[:20], "flux": np.ones(20)}, errors.TooShortError, "20 usable cadences; at least 50"),
        ({"time": TIME[::-1]}, errors.UnsortedTimesError, "goes backwards"),
        ({"time": np.r_[TIME[:99], TIME[98]]}, errors.DuplicateTimesError, "1 times stand twice"),
        ({"time": TIME + 57000}, errors.TimeSystemError, "cannot be a BTJD time"),
        ({"time": -TIME}, errors.TimeSystemError, "cannot be a BTJD time"),
        ({"time": TIME * 86400}, errors.TimeSystemError, "seconds"),
        ({"time_system": TimeSystem.BJD}, errors.TimeSystemError, "said to be in BJD"),
        ({"target": Target("KIC", "1"), "instrument": missions.KEPLER}, None, ""),
        ({"target": Target("KIC", "1"), "instrument": missions.KEPLER, "time": TIME + 700}, errors.TimeSystemError, "BKJD"),
    ],
)
def test_each_fault_has_its_own_clear_error(more: dict[str, object], error: type[Exception] | None, says: str):
    if error is None:
        assert make(**more).time_system is TimeSystem.BKJD
        return
    with pytest.raises(error, match=says) as caught:
        make(**more)
    assert type(caught.value) is error
