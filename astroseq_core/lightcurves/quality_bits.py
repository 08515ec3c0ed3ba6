"""What the quality bits of the missions' products mean, in words."""

from types import MappingProxyType

from astroseq_core.times import TimeSystem

#: TESS Science Data Products Description Document (EXP-TESS-ARC-ICD-0014 Rev F), table 32.
TESS = MappingProxyType({
    1 << 0: "attitude tweak", 1 << 1: "safe mode", 1 << 2: "coarse point", 1 << 3: "Earth point", 1 << 4: "argabrightening",
    1 << 5: "momentum dump", 1 << 6: "cosmic ray", 1 << 7: "excluded by hand", 1 << 8: "discontinuity",
    1 << 9: "impulsive outlier", 1 << 10: "cosmic ray, background", 1 << 11: "stray light", 1 << 12: "scattered light",
    1 << 13: "left out of search", 1 << 14: "bad calibration", 1 << 15: "background uncertain",
})  # fmt: skip
#: Kepler Archive Manual (KDMC-10008-006), table 2-3; the last two and the point of the K2 ones: K2 data release notes.
KEPLER = MappingProxyType({
    1 << 0: "attitude tweak", 1 << 1: "safe mode", 1 << 2: "coarse point", 1 << 3: "Earth point", 1 << 4: "zero crossing",
    1 << 5: "momentum dump", 1 << 6: "argabrightening", 1 << 7: "cosmic ray", 1 << 8: "excluded by hand",
    1 << 10: "sensitivity drop", 1 << 11: "impulsive outlier", 1 << 12: "argabrightening, module",
    1 << 13: "cosmic ray, collateral", 1 << 14: "detector anomaly", 1 << 15: "no fine point", 1 << 16: "no data",
    1 << 17: "rolling band", 1 << 18: "rolling band nearby", 1 << 19: "thruster firing?",
    1 << 20: "thruster firing",
})  # fmt: skip
#: Momentum dumps: the reaction wheels are slowed down by thrusters and the pointing jumps. On K2 every roll correction is one.
DUMPS = MappingProxyType({TimeSystem.BTJD: 1 << 5, TimeSystem.BKJD: 1 << 5 | 1 << 20})


def words(system: TimeSystem) -> MappingProxyType[int, str]:
    """The bits and their meanings in the products of the mission whose times are in that system (BKJD: Kepler and K2)."""
    return TESS if system is TimeSystem.BTJD else KEPLER
