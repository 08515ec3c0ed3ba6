"""Recipes: everything that makes one model, as data."""

from dataclasses import dataclass, field
from typing import Any

from astroseq_core.errors import SettingsError
from astroseq_core.lightcurves.prepare import Preparation
from astroseq_core.segments.cut import Cutting


@dataclass(frozen=True)
class Injection:
    """Which transits are put into quiet stars.

    ``snr``: of one transit in the star's own noise over its duration, from the first to the second, most near the first;
    ``period_days``: drawn evenly in its logarithm, longer than the data is a single transit. ``varied``: share of copies to
    which variability is added; ``without``: share of copies that get no transit. ``copies``: of
    each real star (shared out among its light curves), ``copies_simulated``: of each simulated one.
    """

    snr: tuple[float, float] = (2.0, 1500.0)
    period_days: tuple[float, float] = (0.5, 30.0)
    varied: float = 0.5
    without: float = 0.25
    copies: int = 8
    copies_simulated: int = 6


@dataclass(frozen=True)
class Recipe:
    """One model's making.

    ``simulated``: how many simulated stars are seen as each mission; ``per_star_cap`` and ``neg_pos_ratio``: see
    segments.sample. ``base_rate``: share of segments with a transit that the calibrated probabilities assume.
    """

    name: str
    title: str
    instruments: tuple[str, ...]
    preparation: Preparation
    cutting: Cutting
    simulated: dict[str, int]
    injection: Injection = Injection()
    architecture: str = "inception_resnet_1d"
    options: dict[str, Any] = field(default_factory=dict)
    per_star_cap: int | None = 400
    neg_pos_ratio: float | None = 2.0
    epochs: int = 12
    batch: int = 128
    base_rate: float = 0.1
    parts: tuple[tuple[str, float], ...] = (("train", 0.66), ("validation", 0.1), ("calibration", 0.12), ("test", 0.12))


TESS_TWO_MINUTE = Recipe(
    name="tess-2min",
    title="TESS two-minute",
    instruments=("TESS",),
    preparation=Preparation(window_days=0.8, cadence_minutes=2.0),
    cutting=Cutting(
        window=1024,
        stride=256,
        channels=("flat", "flat_short", "mf_short_1h", "mf_1h", "mf_3h", "mf_8h", "raw", "gap"),
    ),
    simulated={"TESS": 160},
    options={"stem_stride": 4, "pooling": "average_max"},
    epochs=8,
)
LONG_CADENCE = Recipe(
    name="long-cadence",
    title="Kepler and K2 long cadence",
    instruments=("Kepler", "K2"),
    preparation=Preparation(window_days=1.5, cadence_minutes=29.4244),
    # 256 cadences are 5.2 days: with the 21 days of 1024 nearly every segment of a planet host would hold a transit.
    cutting=Cutting(window=256, stride=64, channels=("flat", "flat_short", "mf_2h", "mf_5h", "mf_10h", "raw", "gap")),
    simulated={"Kepler": 260, "K2": 100},
    injection=Injection(period_days=(0.7, 200.0), copies=12, copies_simulated=4),
    per_star_cap=300,
    options={"pooling": "average_max"},
    epochs=8,
)

RECIPES = {r.name: r for r in (TESS_TWO_MINUTE, LONG_CADENCE)}


def recipe(name: str) -> Recipe:
    """The recipe of that name; raises SettingsError for another."""
    if name not in RECIPES:
        raise SettingsError(f"'{name}' is no recipe; use one of {', '.join(RECIPES)}.")
    return RECIPES[name]
