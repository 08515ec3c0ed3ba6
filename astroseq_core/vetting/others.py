"""The other signals of a star: those that have to be masked while one is measured."""

from collections.abc import Iterable

from astroseq_core.ephemeris import Ephemeris

#: Another signal is the examined one under another name when their periods have one of these ratios, to this part.
RATIOS, SAME_RATIO = (1 / 3, 0.5, 1.0, 2.0, 3.0), 0.002


def others_of(known: Iterable[Ephemeris], chosen: Ephemeris) -> tuple[Ephemeris, ...]:
    """The known signals that are not the chosen one under another name, or at a multiple of its period."""
    return tuple(one for one in known if one.name != chosen.name and not _is_same(one, chosen))


def _is_same(one: Ephemeris, chosen: Ephemeris) -> bool:
    if one.period_days is None or chosen.period_days is None:
        return one == chosen
    ratio = chosen.period_days / one.period_days
    return any(abs(ratio / wanted - 1) < SAME_RATIO for wanted in RATIOS)
