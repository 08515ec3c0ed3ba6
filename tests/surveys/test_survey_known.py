"""Best periods and known signals: what is one, what twice or half of it, and what is none."""

from dataclasses import replace

import pytest

from astroseq_core.archive import catalogue
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.scoring.star import StarScore
from astroseq_core.surveys.known import NONE, Known, Match, match, of_catalogue
from astroseq_core.times import Instant, TimeSystem
from tests.training.test_sources import T0, list_tois

BASELINE = 27.0


def found(period_days: float | None, hours: float = 3.0, t0: float = 1500.0, **more: float) -> StarScore:
    values = {"period_err_days": 0.0 if period_days else None, "t0_err_days": 0.002} | more
    return StarScore(
        "TIC 1", "TESS", 10, 0.9, 0.8, 3.0, 9.0, period_days, Instant(t0, TimeSystem.BTJD), hours, duration_err_hours=0.1,
        num_transits=5, model_id="tiny", **values,
    )  # fmt: skip


def signal(
    period_days: float | None, name: str = "TOI-1.01", hours: float = 2.0, disposition: str = "PC", **more: float
) -> Known:
    return Known(
        Ephemeris("TIC 1", name, Instant(1503.0, TimeSystem.BTJD), period_days, hours, 1e3, disposition=disposition, **more),
        "TOI",
    )


@pytest.mark.parametrize(("ratio", "word"), [(1.0, "1"), (2.0, "2"), (0.5, "1/2"), (3.0, ""), (1.5, ""), (1 / 3, "")])
def test_a_period_is_known_by_itself_twice_or_half(ratio: float, word: str) -> None:
    assert match(found(4.0 * ratio), BASELINE, [signal(4.0)]) == Match("TOI-1.01", "TOI", word, "PC")


def test_periods_are_one_while_their_transits_stay_together_over_the_data() -> None:
    events = BASELINE / 4.0
    apart = 3.0 / 24 / events  # one duration, the longer of the two, at the far end
    assert match(found(4.0 + 0.9 * apart), BASELINE, [signal(4.0)]).ratio == "1"
    assert match(found(4.0 + 1.1 * apart), BASELINE, [signal(4.0)]).ratio == ""
    # over four years the same difference is another period
    assert match(found(4.0 + 0.9 * apart), 1460.0, [signal(4.0)]).ratio == ""
    # a published error that allows it makes it one again, but none allows anything
    assert match(found(4.0 + 0.9 * apart), 1460.0, [signal(4.0, period_err=apart)]).ratio == "1"
    assert match(found(4.2), 1460.0, [signal(4.0, period_err=1.0)]).ratio == ""


def test_of_several_signals_the_plain_ratio_comes_first_then_the_nearest_period() -> None:
    signals = [signal(2.0, "half"), signal(4.002, "near"), signal(4.0001, "nearest")]
    assert match(found(4.0), BASELINE, signals).name == "nearest"
    assert match(found(4.0), BASELINE, signals[:1]) == Match("half", "TOI", "2", "PC")


def test_a_star_is_known_without_its_period() -> None:
    assert match(found(7.7), BASELINE, [signal(4.0), signal(5.0, "other")]) == Match("TOI-1.01", "TOI", "", "PC")
    assert match(found(7.7), BASELINE, []) is NONE


def test_a_single_event_is_known_by_a_transit_at_its_time() -> None:
    single = found(None, t0=1503.02)
    assert match(single, BASELINE, [signal(None)]).ratio == "1"
    assert match(single, BASELINE, [signal(4.0)]).ratio == "1"
    assert match(replace(single, best_t0=Instant(1503.2, TimeSystem.BTJD)), BASELINE, [signal(None)]).ratio == ""
    assert match(replace(single, best_t0=Instant(1515.0, TimeSystem.BTJD)), BASELINE, [signal(4.0)]).ratio == "1"
    assert match(found(4.0), BASELINE, [signal(None)]).ratio == ""


def test_signals_of_the_catalogues() -> None:
    list_tois()
    here = catalogue.current()
    signals, _ = of_catalogue("TIC 3", here)
    assert {(k.ephemeris.name, k.kind) for k in signals} == {("TOI-100.01", "TOI"), ("TOI-100.02", "TOI")}
    assert match(found(9.0, t0=T0), BASELINE, signals) == Match("TOI-100.01", "TOI", "1", "FP")
    assert of_catalogue("TIC 123456", here) == ((), None)
    # famous systems are built in
    assert {k.kind for k in of_catalogue("KIC 11446443", here)[0]} <= {"confirmed"}
