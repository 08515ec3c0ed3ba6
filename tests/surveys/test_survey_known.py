"""Best periods and known signals: what is one, what twice or half of it, and what is none."""

from dataclasses import replace

import pytest

from astroseq_core.archive import catalogs
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.scoring.star import StarScore
from astroseq_core.surveys.known_objects import NO_MATCH, KnownMatch, KnownSignal, catalog_signals, match_known
from astroseq_core.times import Instant, TimeSystem
from tests.training.test_stars import T0, list_tois

BASELINE = 27.0


def found(period_days: float | None, hours: float = 3.0, t0: float = 1499.0, **more: float) -> StarScore:
    values = {"period_err_days": 0.0 if period_days else None, "t0_err_days": 0.002} | more
    return StarScore(
        "TIC 1",
        "TESS",
        10,
        0.9,
        0.8,
        3.0,
        9.0,
        period_days,
        Instant(t0, TimeSystem.BTJD),
        hours,
        duration_err_hours=0.1,
        num_transits=5,
        model_id="tiny",
        **values,
    )


def signal(
    period_days: float | None, name: str = "TOI-1.01", hours: float = 2.0, disposition: str = "PC", **more: float
) -> KnownSignal:
    return KnownSignal(
        Ephemeris("TIC 1", name, Instant(1503.0, TimeSystem.BTJD), period_days, hours, 1e3, disposition=disposition, **more),
        "TOI",
    )


@pytest.mark.parametrize(("ratio", "word"), [(1.0, "1"), (2.0, "2"), (0.5, "1/2"), (3.0, ""), (1.5, ""), (1 / 3, "")])
def test_a_period_is_known_by_itself_twice_or_half(ratio: float, word: str) -> None:
    assert match_known(found(4.0 * ratio), BASELINE, [signal(4.0)]) == KnownMatch("TOI-1.01", "TOI", word, "PC")


def test_twice_or_half_a_period_is_another_planet_unless_the_transits_coincide() -> None:
    for ratio, word in ((1.0, "1"), (2.0, ""), (0.5, "")):  # at the same period: a secondary eclipse
        assert match_known(found(4.0 * ratio, t0=1500.0), BASELINE, [signal(4.0)]).ratio == word
    # an old epoch may have drifted that far, and then it is not known
    old = replace(signal(4.0).ephemeris, t0=Instant(503.0, TimeSystem.BTJD), period_err=0.0015)
    assert match_known(found(8.0, t0=1500.0), BASELINE, [KnownSignal(old, "TOI")]).ratio == "2"


def test_periods_are_one_while_their_transits_stay_together_over_the_data() -> None:
    events = BASELINE / 4.0
    apart = 3.0 / 24 / events  # one duration, the longer of the two, at the far end
    assert match_known(found(4.0 + 0.9 * apart), BASELINE, [signal(4.0)]).ratio == "1"
    assert match_known(found(4.0 + 1.1 * apart), BASELINE, [signal(4.0)]).ratio == ""
    # over four years the same difference is another period
    assert match_known(found(4.0 + 0.9 * apart), 1460.0, [signal(4.0)]).ratio == ""
    # a published error that allows it makes it one again, but none allows anything
    assert match_known(found(4.0 + 0.9 * apart), 1460.0, [signal(4.0, period_err=apart)]).ratio == "1"
    assert match_known(found(4.2), 1460.0, [signal(4.0, period_err=1.0)]).ratio == ""


def test_of_several_signals_the_plain_ratio_comes_first_then_the_nearest_period() -> None:
    signals = [signal(2.0, "half"), signal(4.002, "near"), signal(4.0001, "nearest")]
    assert match_known(found(4.0), BASELINE, signals).name == "nearest"
    assert match_known(found(4.0), BASELINE, signals[:1]) == KnownMatch("half", "TOI", "2", "PC")


def test_a_star_is_known_without_its_period() -> None:
    assert match_known(found(7.7), BASELINE, [signal(4.0), signal(5.0, "other")]) == KnownMatch("TOI-1.01", "TOI", "", "PC")
    assert match_known(found(7.7), BASELINE, []) is NO_MATCH


def test_a_single_event_is_known_by_a_transit_at_its_time() -> None:
    single = found(None, t0=1503.02)
    assert match_known(single, BASELINE, [signal(None)]).ratio == "1"
    assert match_known(single, BASELINE, [signal(4.0)]).ratio == "1"
    assert match_known(replace(single, best_t0=Instant(1503.2, TimeSystem.BTJD)), BASELINE, [signal(None)]).ratio == ""
    assert match_known(replace(single, best_t0=Instant(1515.0, TimeSystem.BTJD)), BASELINE, [signal(4.0)]).ratio == "1"
    assert match_known(found(4.0), BASELINE, [signal(None)]).ratio == ""


def test_signals_of_the_catalogues() -> None:
    list_tois()
    here = catalogs.current_catalog()
    signals, _ = catalog_signals("TIC 3", here)
    assert {(k.ephemeris.name, k.kind) for k in signals} == {("TOI-100.01", "TOI"), ("TOI-100.02", "TOI")}
    assert match_known(found(9.0, t0=T0), BASELINE, signals) == KnownMatch("TOI-100.01", "TOI", "1", "FP")
    assert catalog_signals("TIC 123456", here) == ((), None)
    # famous systems are built in
    assert {k.kind for k in catalog_signals("KIC 11446443", here)[0]} <= {"confirmed"}
