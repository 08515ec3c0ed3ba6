"""Dispositions of signals: a disposition on one signal of a star never changes another's."""

from dataclasses import replace
from pathlib import Path

import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.store import disposition_csv, disposition_merge, dispositions
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.signal_dispositions import by_signal, of_signals
from astroseq_core.times import Instant, TimeSystem

B = Ephemeris("TIC 1", "b", Instant(1500.0, TimeSystem.BTJD), 3.1, 2.0, 900.0)
#: Twice the period, with transits beside those of b.
C = Ephemeris("TIC 1", "c", Instant(1501.0, TimeSystem.BTJD), 6.2, 3.0, 500.0)
SINGLE = Ephemeris("TIC 1", "d", Instant(1507.9, TimeSystem.BTJD), None, 9.0)


def give(word: str, signal: Ephemeris | None, who: str = "ada", at: float = 0.0) -> None:
    dispositions.add(Disposition("TIC 1", word, who, at, ephemeris=signal))


def said(signals: tuple[Ephemeris, ...] = (B, C, SINGLE), best: int = 0) -> list[dict[str, str]]:
    found = of_signals(dispositions.list_standing("TIC 1"), signals, best)
    return [{d.reviewer: d.disposition for d in one.dispositions} for one in found]


def test_each_signal_has_dispositions_of_its_own():
    give("PC", B)
    give("FP", C)
    give("UNSURE", SINGLE, "bob")
    assert said() == [{"ada": "PC"}, {"ada": "FP"}, {"bob": "UNSURE"}]
    give("FA", replace(B, period_days=3.1003, t0=Instant(1500.02, TimeSystem.BTJD)))
    assert said() == [{"ada": "FA"}, {"ada": "FP"}, {"bob": "UNSURE"}], "refined, it is the same signal"
    assert [d.disposition for d in dispositions.list_by_star("TIC 1")] == ["FA", "UNSURE"], "the star's newest, as before"


def test_undo_gives_each_signal_back_what_it_had():
    give("PC", B)
    give("FP", C)
    give("KP", B)
    assert said()[:2] == [{"ada": "KP"}, {"ada": "FP"}]
    back = dispositions.undo("ada")
    assert back is not None
    assert back.ephemeris == B
    assert said()[:2] == [{"ada": "PC"}, {"ada": "FP"}]
    dispositions.undo("ada")
    assert said()[:2] == [{"ada": "PC"}, {}]


@pytest.mark.parametrize("best", [0, 1])
def test_one_without_an_ephemeris_counts_for_the_best_signal(best: int):
    give("PC", None)
    wanted: list[dict[str, str]] = [{}, {}, {}]
    wanted[best] = {"ada": "PC"}
    assert said(best=best) == wanted
    assert said(()) == []


def test_one_at_an_alias_counts_until_there_is_one_on_the_signal_itself():
    give("PC", C, at=1.0)
    half = replace(C, period_days=3.1)
    give("FP", half, at=2.0)
    assert said((C,)) == [{"ada": "PC"}]
    assert said((C, half)) == [{"ada": "PC"}, {"ada": "FP"}]
    give("FA", half, "bob")
    assert said((C,)) == [{"ada": "PC", "bob": "FA"}]
    give("FA", replace(C, period_days=11.7), "eve")
    assert "eve" not in said((C,))[0], "another signal's"


def test_without_a_list_of_signals_the_dispositions_tell_them_apart():
    give("UNSURE", None, at=1.0)
    give("FP", replace(C, period_days=3.1), at=2.0)
    give("PC", C, at=3.0)
    give("PC", B, "bob", at=4.0)
    found = by_signal(dispositions.list_standing("TIC 1"))
    assert [one.ephemeris for one in found] == [B, C]
    assert [[(d.reviewer, d.disposition) for d in one.dispositions] for one in found] == [
        [("ada", "UNSURE"), ("bob", "PC")],
        [("ada", "PC")],
    ], "the half period was corrected; what is said of the star is said of the newest signal"
    assert by_signal([]) == ()
    assert found[1].newest is not None
    assert found[1].newest.at == 3.0


def test_reviewers_who_speak_of_different_signals_do_not_disagree():
    give("PC", B)
    give("FP", C, "bob")
    assert dispositions.list_conflicts() == ()
    assert dispositions.pairwise_agreement() == ()
    assert dispositions.cohen_kappa("ada", "bob") is None
    give("PC", C)
    [conflict] = dispositions.list_conflicts()
    assert {d.reviewer: d.disposition for d in conflict.dispositions} == {"ada": "PC", "bob": "FP"}
    [pair] = dispositions.pairwise_agreement()
    assert (pair.num_stars, pair.num_agree) == (1, 0)


def test_a_csv_carries_the_signals_to_another_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    give("PC", B)
    give("FP", C)
    give("KP", C)
    dispositions.undo("ada")
    give("UNSURE", SINGLE, "bob")
    path = tmp_path / "dispositions.csv"
    disposition_csv.write(path)
    before = said()
    monkeypatch.setenv("ASTROSEQ_DATA", str(tmp_path / "other"))
    assert said() == [{}, {}, {}]
    disposition_merge.merge(path)
    assert said() == before == [{"ada": "PC"}, {"ada": "FP"}, {"bob": "UNSURE"}]
