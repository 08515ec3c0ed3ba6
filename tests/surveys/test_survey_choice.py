"""Which stars a choice has, told without reading one."""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from astroseq_core.errors import LightCurveError, SettingsError, TargetError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.scoring.star_source import Source, cached_source
from astroseq_core.simulation import survey
from astroseq_core.surveys import stars
from astroseq_core.surveys.queue import SurveyRequest
from astroseq_core.surveys.stars import SurveyChoice, count_stars, iterate_stars
from astroseq_core.training import injection
from tests.surveys.conftest import made, write
from tests.training.test_stars import list_tois


def ids(**choice: Any) -> list[str]:
    found = [one.target_id for one in iterate_stars(SurveyChoice(**choice))]
    assert count_stars(SurveyChoice(**choice)) == len(found)
    return found


def test_choice_and_request_survive_the_way_through_json() -> None:
    chosen = SurveyChoice("sectors", "TESS", 7, 3, sectors=("1", "9a"))
    assert SurveyChoice.from_dict(json.loads(json.dumps(chosen.to_dict()))) == chosen
    asked = SurveyRequest("one", chosen, "tiny", 4, False, "dask", "tcp://127.0.0.1:8786")
    for one in (asked, SurveyRequest("two", fetch=True)):
        assert SurveyRequest.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert SurveyRequest.from_dict({"name": "two"}) == SurveyRequest("two")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"source": "sky"}, "no source of stars; use one of simulated, targets, toi, sectors, folder, cache"),
        ({"mission": "Hubble"}, "no mission"),
        ({"mission": "Simulated"}, "Say as what simulated stars are seen"),
        ({"count": -1}, "0 or more"),
        ({"count": True}, "must be a whole number"),
        ({"targets": "TIC 1"}, "list of texts"),
        ({"source": "targets"}, "Name the stars"),
        ({"source": "folder"}, "Name the folder"),
        ({"source": "sectors", "sectors": ["1"]}, "which mission"),
        ({"source": "toi", "dispositions": ["XX"]}, "no disposition"),
        ({"colour": "red"}, "has no 'colour'"),
    ],
)
def test_what_is_no_choice_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        SurveyChoice.from_dict(values)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "needs a name"),
        ({"name": "../a"}, "cannot name a survey"),
        ({"name": "a", "workers": 0}, "1 to 256 workers"),
        ({"name": "a", "workers": True}, "workers of a survey cannot be True"),
        ({"name": "a", "engine": "cloud"}, "no way to run a survey; use local or dask"),
        ({"name": "a", "engine": "dask"}, "give the one that it prints"),
        ({"name": "a", "engine": "dask", "address": "here:8786"}, "'here:8786' is no address of a Dask scheduler"),
        ({"name": "a", "engine": "dask", "address": "tcp://host:99999"}, "no address of a Dask scheduler"),
        ({"name": "a", "engine": "dask", "address": "tcp://host:8786", "fetch": True}, "fetch nothing"),
        ({"name": "a", "stars": []}, "stars of a survey"),
        ({"name": "a", "colour": 1}, "no setting 'colour'"),
    ],
)
def test_what_is_no_request_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        SurveyRequest.from_dict(values)


def test_the_built_in_survey_and_its_missions() -> None:
    assert ids() == [f"SIM {n}" for n in range(1, 61)]
    assert ids(mission="Kepler") == [f"SIM {n}" for n in range(2, 61, 3)]


def test_simulated_stars_are_others_for_each_mission_and_seed_and_the_same_again() -> None:
    every = [ids(mission=m, seed=s, count=5) for m in ("TESS", "Kepler", "K2", "") for s in (0, 1)]
    assert len({name for some in every for name in some}) == 40
    assert every[0] == ids(mission="TESS", count=5)
    assert ids(mission="TESS", count=3) == every[0][:3]
    assert [s.instrument for s in iterate_stars(SurveyChoice(count=4))] == ["TESS", "Kepler", "K2", "TESS"]
    numbers = [int(name.split()[1]) for some in every for name in some]
    training = [
        int(s.target_id.split()[1])
        for m in ("TESS", "Kepler", "K2")
        for k in ("quiet", "binary")
        for s in injection.numbered_simulated_stars(m, 50_000, k)
    ]
    assert max(training) < min(numbers)
    # the last of the largest choice does not reach into the next mission's
    assert survey.instrument_of(survey.FIRST_NUMBER + survey.MAX_STARS - 1) == "TESS"
    assert survey.instrument_of(survey.FIRST_NUMBER + survey.MAX_STARS) == "Kepler"


def test_a_million_simulated_stars_are_told_one_after_the_other() -> None:
    chosen = SurveyChoice(mission="TESS", count=1_000_000)
    assert count_stars(chosen) == 1_000_000
    assert len(list(islice(iterate_stars(chosen), 3))) == 3


def test_simulated_stars_are_of_all_kinds_and_say_what_is_true() -> None:
    found = [one.read() for one in iterate_stars(SurveyChoice(mission="TESS", count=8))]
    assert {len(one.truth) > 0 for one in found} == {True, False}
    assert {e.disposition for one in found for e in one.truth} == {"CP", "FP"}  # MPQBQSPQ: the fourth is a binary
    assert all(one.magnitude and len(one.light_curves) == 1 for one in found)
    with pytest.raises(TargetError, match="not in the simulated survey"):
        survey.read_star(61)


def test_cached_stars_of_a_mission_and_of_sectors(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = LightCurveCache()
    for name, observation in (("TIC 20", "sector 1"), ("TIC 3", "sector 2"), ("TIC 20", "sector 2"), ("SIM 5000000", "sector 1")):
        cache.put(made(name, observation))
    cache.put(made("TIC 20", "sector 1", author="QLP"))
    assert sorted(ids(source="cache")) == ["SIM 5000000", "TIC 20", "TIC 3"]
    assert ids(source="cache", count=2) == ids(source="cache")[:2]
    assert sorted(ids(source="cache", mission="TESS")) == ["TIC 20", "TIC 3"]
    assert ids(source="sectors", mission="TESS", sectors=("1",)) == ["TIC 20"]
    (one,) = iterate_stars(SurveyChoice("sectors", "TESS", sectors=("1",)))
    (curve,) = one.read().light_curves
    assert (curve.observation, curve.author) == ("sector 1", "SPOC")  # of one author alone, the usual
    every = {s.target_id: s for s in iterate_stars(SurveyChoice("cache"))}
    assert len(every["TIC 20"].read().light_curves) == 2
    assert every["SIM 5000000"].read().light_curves[0].flux == pytest.approx(made("SIM 5000000").flux)
    assert every["TIC 3"] == cached_source("TIC 3")

    def refuse(*_: Any, **__: Any) -> LightCurve:
        raise AssertionError("a light curve was read")

    monkeypatch.setattr(LightCurveCache, "get", refuse)
    assert len(ids(source="cache")) == 3


def test_stars_of_a_large_cache_come_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from astroseq_core.io import cache

    for number in range(1, 8):
        LightCurveCache().put(made(f"TIC {number}"))
        LightCurveCache().put(made(f"TIC {number}", "sector 2"))
    monkeypatch.setattr(cache, "TARGETS_PER_QUERY", 2)
    found = {s.target_id: len(s.observations) for s in iterate_stars(SurveyChoice("cache"))}
    assert found == {f"TIC {n}": 2 for n in range(1, 8)}


def test_stars_of_a_folder(tmp_path: Path) -> None:
    for number, observation in ((2, "a"), (1, "a"), (2, "b")):
        write(tmp_path, f"TIC {number}", observation)
    found = {s.target_id: s for s in iterate_stars(SurveyChoice("folder", folder=str(tmp_path)))}
    assert {name: len(s.paths) for name, s in found.items()} == {"TIC 1": 1, "TIC 2": 2}
    assert all(s.source is Source.FOLDER for s in found.values())
    assert ids(source="folder", folder=str(tmp_path), mission="Kepler") == []
    with pytest.raises(LightCurveError, match="There is no file or folder"):
        ids(source="folder", folder=str(tmp_path / "none"))


def test_named_stars_come_once_and_what_is_no_star_says_so(tmp_path: Path) -> None:
    list_tois()
    LightCurveCache().put(made("TIC 2"))
    path = write(tmp_path, "TIC 30")
    table = tmp_path / "targets.csv"
    table.write_text(f"target_id,path\nTIC 30,{path.name}\nTOI 99.01,\nTIC 2,\nTOI 5555,\n", encoding="utf-8")
    found = list(iterate_stars(SurveyChoice("targets", targets=("sim 4", "TIC 2"), targets_file=str(table))))
    assert [s.target_id for s in found] == ["SIM 4", "TIC 2", "TIC 30", "TOI-5555"]
    assert [s.source for s in found[:3]] == [Source.SIMULATED, Source.CACHE, Source.FOLDER]
    assert found[1].observations
    assert found[2].paths == (str(path),)
    assert "is in no catalog here" in found[3].problem
    with pytest.raises(TargetError, match="is in no catalog here"):
        found[3].read()


def test_stars_of_the_toi_list_come_whether_cached_or_not() -> None:
    list_tois()
    LightCurveCache().put(made("TIC 10"))
    found = {s.target_id: s.is_here for s in iterate_stars(SurveyChoice("toi"))}
    assert found == {"TIC 2": False, "TIC 3": False, "TIC 4": False, "TIC 10": True}
    assert ids(source="toi", dispositions=("PC",)) == ["TIC 3", "TIC 10"]
    assert stars.count_stars(SurveyChoice("toi", count=1)) == 1
