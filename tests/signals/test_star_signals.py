"""The signals of a star: what catalogs, the search and people list, each once."""

from dataclasses import replace

import pytest

from astroseq_core.ephemeris import CATALOG, FIT, FOLD, PERSON, SEARCH, SOURCES, Ephemeris
from astroseq_core.signals.class_words import chip_label, depth_warning
from astroseq_core.signals.signal import ClassProbabilities, FoundSignal
from astroseq_core.signals.star_signals import (
    SourcedEphemeris,
    StarSignal,
    best_number,
    merge_signals,
    signals_to_mask,
    with_classes,
)
from astroseq_core.store import ephemerides
from astroseq_core.times import Instant, TimeSystem

B = Ephemeris("TIC 1", "TOI-1.01", Instant(1500.0, TimeSystem.BTJD), 3.1, 2.0, 900.0)
#: Twice the period of b, with transits at those of b.
C = Ephemeris("TIC 1", "TOI-1.02", Instant(1500.02, TimeSystem.BTJD), 6.2, 2.0, 500.0)
D = Ephemeris("TIC 1", "d", Instant(1503.3, TimeSystem.BTJD), 11.7, 4.0, 700.0)
PLANET = ClassProbabilities(0.93, 0.05, 0.02, 0.04, 0.03, 0.01)
BINARY = ClassProbabilities(0.05, 0.94, 0.01, 0.02, 0.02, 0.01)


def found(number: int, e: Ephemeris, log_odds: float, classes: ClassProbabilities | None = None) -> FoundSignal:
    return FoundSignal(number, replace(e, name=f"signal {number}"), 20.0, 6, log_odds, classes=classes)


def shape(signals: tuple[StarSignal, ...]) -> list[list[str]]:
    return [[f"{m.source} {m.ephemeris.period_days}" for m in one.members] for one in signals]


def test_what_catalog_and_search_both_list_is_one_signal():
    near = replace(B, period_days=3.1002, t0=Instant(1509.31, TimeSystem.BTJD))
    made = merge_signals((), (B,), (found(1, D, 9.0), found(2, near, 5.0)))
    assert shape(made) == [["catalogue 3.1", "search 3.1002"], ["search 11.7"]]
    assert [s.number for s in made] == [1, 2]
    assert [s.found.number if s.found else None for s in made] == [2, 1]
    assert made[0].ephemeris == B, "the catalog's is in use"
    assert made[0].goes_by("signal 2")
    twice = merge_signals((), (B, replace(B, name="same planet, other table")))
    assert len(twice) == 1


def test_planets_at_two_to_one_stay_two_and_mask_each_other():
    made = merge_signals((), (B, C))
    assert len(made) == 2
    assert signals_to_mask(made, made[0], ()) == (C,)
    assert signals_to_mask(made, made[1], ()) == (B,)
    mixed = merge_signals((), (B,), (found(1, C, 5.0),))
    assert len(mixed) == 2
    assert signals_to_mask(mixed, mixed[0], ()) == (), "a search's signal may be the same dips at another period"


def test_the_fold_joins_the_signal_that_it_is_an_alias_of():
    half = replace(D, period_days=5.85, name="star score's fold")
    assert shape(merge_signals((), (), (found(1, D, 9.0),), half)) == [["search 11.7", "fold 5.85"]]
    alone = merge_signals((), fold=half)
    assert shape(alone) == [["fold 5.85"]]
    other = replace(half, period_days=4.01)
    assert len(merge_signals((), (), (found(1, D, 9.0),), other)) == 2


@pytest.mark.parametrize("source", [PERSON, FIT])
def test_an_adopted_ephemeris_is_in_use_for_its_own_signal_only(source: str):
    refined = replace(C, period_days=6.2003)
    made = merge_signals((), (B, C), adopted=(SourcedEphemeris(refined, source),))
    assert [s.ephemeris.period_days for s in made] == [3.1, 6.2003]
    assert [s.is_adopted for s in made] == [False, True]
    assert made[1].has(C)


def test_a_doubled_period_replaces_the_signal_that_it_came_from():
    doubled = SourcedEphemeris(replace(D, period_days=23.4), PERSON)
    assert shape(merge_signals((), (D, B), adopted=(doubled,))) == [["person 23.4", "catalogue 11.7"], ["catalogue 3.1"]]
    typed = SourcedEphemeris(replace(D, period_days=4.56), PERSON)
    assert shape(merge_signals((), (D, B), adopted=(typed,))) == [["person 4.56", "catalogue 11.7"], ["catalogue 3.1"]]
    by_search = (found(1, D, 9.0),)
    renamed = SourcedEphemeris(replace(typed.ephemeris, name="signal 1"), PERSON)
    assert len(merge_signals((), (), by_search, adopted=(renamed,))) == 2, "numbers of a search are not names"


def test_a_dip_that_is_too_deep_for_a_planet_says_so_beside_its_class():
    [plain] = merge_signals((), (), (found(1, B, 9.0, PLANET),))
    [deep] = merge_signals((), (), (found(1, replace(B, depth_ppm=312_000.0), 9.0, PLANET),))
    [plain], [deep] = with_classes((plain,), {}), with_classes((deep,), {})
    assert chip_label(plain) == "1 · 3.10 d · planet .93"
    assert chip_label(deep, disposition="FP") == "1 · 3.10 d · planet .93 · too deep · FP"
    assert chip_label(deep, hidden=True) == "1 · 3.10 d"
    assert depth_warning(None) == depth_warning(79_000.0) == ""


def test_the_best_signal_has_the_highest_planet_score():
    made = merge_signals((), (B,), (found(1, D, 20.0, BINARY), found(2, C, 9.0, PLANET)))
    assert [s.found.number if s.found else None for s in made] == [None, 2, 1]
    assert best_number(made) == 1
    assert best_number(merge_signals((), (B, D))) == 0


def test_classes_are_of_the_ephemeris_in_use():
    refined = SourcedEphemeris(replace(D, period_days=11.7004), FIT)
    plain = merge_signals((), (), (found(1, D, 9.0, PLANET),))
    assert [s.classes for s in with_classes(plain, {})] == [PLANET], "as the store has it"
    adopted = merge_signals((), (), (found(1, D, 9.0, PLANET),), adopted=(refined,))
    assert [s.classes for s in with_classes(adopted, {})] == [None], "the stored class is of another ephemeris"
    [made] = with_classes(adopted, {refined.ephemeris: (BINARY, PLANET)})
    assert (made.classes, made.baseline) == (BINARY, PLANET)
    assert chip_label(made) == "1 · 11.7 d · binary .94"
    assert chip_label(made, hidden=True, disposition="FP") == "1 · 11.7 d · FP"


def test_sources_are_those_that_the_store_takes():
    assert set(SOURCES) == {CATALOG, FOLD, SEARCH, PERSON, FIT}
    for source in SOURCES:
        ephemerides.save(
            ephemerides.AdoptedEphemeris("TIC 1", replace(B, name=source, period_days=3 + len(source)), source, "ada")
        )
    assert [a.source for a in ephemerides.history("TIC 1")] == list(SOURCES)


def test_each_signal_keeps_the_ephemeris_that_was_adopted_for_it():
    for one in (
        B,
        D,
        replace(B, period_days=3.1004),
        replace(D, name="d again", period_days=11.7001),
        replace(B, period_days=9.9),
    ):
        ephemerides.save(ephemerides.AdoptedEphemeris("TIC 1", one, PERSON, "ada"))
    held = ephemerides.load_of_each_signal("TIC 1")
    assert [(a.ephemeris.name, a.ephemeris.period_days) for a in held] == [("TOI-1.01", 9.9), ("d again", 11.7001)]
    assert ephemerides.load("TIC 1") == held[0]
    assert ephemerides.load_all_signals() == {"TIC 1": held}
    assert ephemerides.load_of_each_signal("TIC 2") == ()
