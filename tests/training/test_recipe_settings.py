"""Settings of a recipe that nothing could be trained with are refused before a run is made."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.training.recipes import Recipe, load_recipe


@pytest.mark.parametrize("number", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["neg_pos_ratio", "learning_rate", "base_rate", "hard_negatives", "cadence_weight", "least_snr"])
def test_numbers_that_are_not_finite_are_refused(name: str, number: float) -> None:
    with pytest.raises(SettingsError, match="must be a finite number"):
        replace(load_recipe("quick"), **{name: number})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: replace(r, loss="hinge"), "'hinge' is no loss"),
        (lambda r: replace(r, architecture="oracle"), "'oracle' is no architecture"),
        (lambda r: replace(r, cutting=replace(r.cutting, channels=("flat", "sound"))), "'sound' is no channel"),
        (lambda r: replace(r, preparation=replace(r.preparation, cadence_minutes=-3.0)), "cadence must be above 0"),
        (lambda r: replace(r, preparation=replace(r.preparation, cadence_minutes=0.0)), "cadence must be above 0"),
        (lambda r: replace(r, preparation=replace(r.preparation, cadence_minutes=math.nan)), "cadence must be above 0"),
        (lambda r: replace(r, preparation=replace(r.preparation, cadence_minutes=math.inf)), "cadence must be above 0"),
    ],
)
def test_names_and_cadences_that_do_not_exist_are_refused(change: Callable[[Recipe], Recipe], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        change(load_recipe("quick"))
