"""``cache`` on the command line: what is there, is it whole, away with it, and how much there may be."""

import dataclasses
import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from astroseq_core.cli import main
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.targets import parse_star

Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``cache ... --json``: the exit code and what it said."""

    def cache(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = main.main(["cache", *arguments, "--json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out else {}

    return cache


@pytest.fixture
def filled(light_curve_like_tess_sector) -> LightCurveCache:
    """Two stars, one with two observations, an absence and a failure."""
    cache, curve = LightCurveCache(), light_curve_like_tess_sector.curve
    cache.put(curve)
    cache.put(dataclasses.replace(curve, observation="s0002"))
    cache.put(dataclasses.replace(curve, target=parse_star("TIC 7")))
    cache.save_absence(parse_star("TIC 9"), "light curves", "MAST has no light curve of TIC 9.")
    cache.save_failure(parse_star("TIC 8"), "sector 1", "MAST did not answer in time.")
    return cache


def test_status_counts_what_is_there_and_says_what_is_not(run: Run, filled: LightCurveCache):
    code, said = run("status")
    assert (code, said["targets"], said["observations"]) == (0, 2, 3)
    assert said["size_bytes"] == filled.size_bytes() == sum(e["size_bytes"] for e in said["entries"])
    assert [(a["target_id"], a["reason"]) for a in said["absent"]] == [("TIC 9", "MAST has no light curve of TIC 9.")]
    assert [f["target_id"] for f in said["failed"]] == ["TIC 8"]
    code, said = run("status", "tic7")
    assert (said["targets"], said["observations"], said["absent"]) == (1, 1, [])


def test_status_in_words(filled: LightCurveCache, capsys: pytest.CaptureFixture[str]):
    assert main.main(["cache", "status"]) == 0
    out = capsys.readouterr().out
    assert "TIC 261136679\ts0002\tSPOC" in out
    assert "absent: MAST has no light curve of TIC 9." in out


def test_an_empty_cache_has_a_status(run: Run):
    code, said = run("status")
    assert (code, said["targets"], said["size_bytes"], said["budget_bytes"]) == (0, 0, 0, None)


def test_verify_finds_the_damaged_file_once(run: Run, filled: LightCurveCache):
    assert run("verify")[0] == 0
    victim = next(filled.folder.glob("curves/TIC_7/*.npz"))
    victim.write_bytes(victim.read_bytes()[:-20])
    code, said = run("verify")
    assert (code, said["damaged"]) == (1, [victim.relative_to(filled.folder).as_posix()])
    assert run("verify") == (0, {"checked": 2, "damaged": [], "missing": [], "adopted": [], "leftovers": 0})


def test_purge_of_one_target_and_of_all(run: Run, filled: LightCurveCache):
    code, said = run("purge", "TIC 7")
    assert (code, said["targets"]) == (0, ["TIC 7"])
    assert said["freed_bytes"] > 0
    assert filled.targets() == ("TIC 261136679",)
    assert run("purge")[1]["targets"] == "all"
    assert (filled.targets(), filled.absences(), filled.size_bytes()) == ((), (), 0)


def test_a_budget_lets_the_least_recently_used_go(run: Run, filled: LightCurveCache):
    assert run("budget")[1]["budget_bytes"] is None
    for path in filled.folder.glob("curves/*/*.npz"):
        os.utime(path, (1e9, 1e9))
    assert filled.get(parse_star("TIC 7"), "s0001") is not None, "which marks it as used"
    size = max(e.size_bytes for e in filled.entries())
    code, said = run("budget", str(size + 1))
    assert (code, len(said["deleted"]), said["budget_bytes"]) == (0, 2, size + 1)
    assert filled.targets() == ("TIC 7",)
    assert run("budget", "none")[1]["budget_bytes"] is None


@pytest.mark.parametrize(("text", "size"), [("20GB", 20_000_000_000), ("1.5 mb", 1_500_000), ("300", 300), ("2k", 2000)])
def test_sizes_as_people_write_them(run: Run, text: str, size: int):
    assert run("budget", text)[1]["budget_bytes"] == size


@pytest.mark.parametrize("arguments", [("budget", "much"), ("purge", "TIC 0"), ("status", "EPIC 0")])
def test_what_means_nothing_is_one_line_and_exit_1(arguments: tuple[str, ...], monkeypatch, capsys: pytest.CaptureFixture[str]):
    assert main.main(["cache", *arguments]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_bad_usage_exits_2(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as error:
        main.main(["cache", "polish"])
    assert error.value.code == 2
    with pytest.raises(SystemExit) as error:
        main.main(["cache"])
    assert error.value.code == 2
