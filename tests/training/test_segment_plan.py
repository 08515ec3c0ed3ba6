"""The written plan of the segment models, and the list of ablations: what they promise, without the lent data."""

from pathlib import Path

import pytest

from astroseq_core.preprocessing.split import split_stars
from astroseq_core.training.star_groups import star_groups
from benchmarks import ablations, segment_models
from benchmarks.segment_models import BINNED_PARTS, K2_PARTS, MODELS, PARTS, QUIET, SEED


def test_the_plan_is_the_hash_alone() -> None:
    plan = segment_models.read_plan()
    names = [star.target_id for star in plan]
    groups = star_groups(names, catalogs=False)
    sides = {}
    for key, shares in (("binned", BINNED_PARTS), ("K2", K2_PARTS), ("others", PARTS)):
        parts = split_stars(names, shares, SEED, groups)
        sides[key] = {name: part for part, members in parts.items() for name in members}
    for star in plan:
        key = "binned" if star.is_binned else "K2" if star.mission == "K2" else "others"
        assert star.part == (sides[key][star.target_id] if star.is_binned or star.cls == QUIET else "test")


def test_enough_stars_are_kept_for_the_aims_and_those_seen_before_are_told() -> None:
    plan = segment_models.read_plan()
    tested = [s for s in plan if s.part == "test" and not s.is_binned and s.cls in (QUIET, "planet_host")]
    assert sum(s.mission == "TESS" for s in tested) >= 38
    assert sum(s.mission == "K2" for s in tested) >= 30
    assert any("tess-2min-v2" in s.seen_by for s in tested)


@pytest.mark.parametrize("name", list(MODELS))
def test_each_model_of_the_plan_has_a_recipe_that_stops_by_validation(name: str) -> None:
    recipe = segment_models.planned_recipe(name)
    assert recipe.schedule == "plateau"
    assert recipe.patience < recipe.epochs
    assert MODELS[name].mission in recipe.instruments


def row(topic: str, value: str, seed: int, area: float) -> ablations.Row:
    return ablations.Row(topic, value, seed, 5, 60.0, 8000, 900, 20, 0.3, area, 0.8, 0.5, 0.04, 0.9, 0.4)


def test_ablations_change_one_thing_and_hold_the_base_in_each() -> None:
    every = list(ablations.settings())
    assert {s.topic for s in every} == set(ablations.TITLES)
    assert len({(s.topic, s.value) for s in every}) == len(every)
    based = {s.topic for s in every if s.recipe == ablations.BASE and not s.binaries}
    assert based == set(ablations.TITLES) - {"resample"}  # which is compared at 1:1


def test_rows_survive_their_file_and_the_table_tells_the_spread(tmp_path: Path) -> None:
    rows = [row("loss", "focal", 1, 0.90), row("loss", "focal", 2, 0.94), row("loss", "cross-entropy", 1, 0.95)]
    ablations.write_rows(tmp_path / "a.csv", rows)
    assert ablations.read_rows(tmp_path / "a.csv") == rows
    told = ablations.table(rows)
    assert "| Loss | focal | 2 | 5 | 0.920 ± 0.028 |" in told
    assert "| cross-entropy | 1 |" in told
    ablations.draw(rows, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000
