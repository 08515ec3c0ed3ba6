import pytest

from astroseq_core import missions
from astroseq_core.errors import TargetError
from astroseq_core.times import TimeSystem


@pytest.mark.parametrize(
    ("name", "prefix", "system"),
    [("kepler", "KIC", TimeSystem.BKJD), ("K2", "EPIC", TimeSystem.BKJD), (" tess ", "TIC", TimeSystem.BTJD)],
)
def test_missions_are_found_in_any_capitals(name: str, prefix: str, system: TimeSystem):
    found = missions.mission_by_name(name)
    assert (found.prefix, found.time_system) == (prefix, system)


def test_an_unknown_mission_is_refused_with_those_known():
    with pytest.raises(TargetError, match="Kepler, K2, TESS"):
        missions.mission_by_name("CoRoT")


@pytest.mark.parametrize("mission", [missions.KEPLER, missions.K2, missions.TESS])
def test_the_quality_bits_are_lightkurves_default(mission: missions.Mission):
    from astroseq_core.io import fits

    with fits.suppress_warnings():
        from lightkurve.utils import KeplerQualityFlags, TessQualityFlags

    flags = TessQualityFlags if mission is missions.TESS else KeplerQualityFlags
    assert mission.quality_bitmask == flags.DEFAULT_BITMASK


def test_kepler_and_k2_did_not_observe_at_the_same_time():
    assert missions.KEPLER.data_bjd[1] < missions.K2.data_bjd[0]
