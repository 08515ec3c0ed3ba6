"""Recipes: everything that makes one model, as data (recipes.toml)."""

import tomllib
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from astroseq_core.errors import SettingsError
from astroseq_core.lightcurves.prepare import Preparation
from astroseq_core.segments.cut import Cutting

LABELS = ("injected", "published", "sequential")
#: "oversample" and "smote" bring the positives up to the ratio, where "none" takes negatives away.
RESAMPLES = ("none", "oversample", "smote")
PARTS = ("train", "validation", "calibration", "test")


@dataclass(frozen=True)
class Injection:
    """Which copies are made of a star, and which transits are put into them.

    ``snr``: of one transit in the star's own noise over its duration, from the first to the second, most near the first;
    ``period_days``: drawn evenly in its logarithm, longer than the data is a single transit. ``copies``: of each real star
    (shared out among its light curves), ``copies_simulated``: of each simulated one. Shares of the copies: ``varied`` get
    variability added, ``noisier`` white noise, ``without`` no transit; ``inverted`` are mirrored and ``scrambled`` have blocks of
    days exchanged, both without a transit. A star with transits of its own gets others into its mirrored light curve, where its
    own are brightenings.
    """

    snr: tuple[float, float] = (2.0, 1500.0)
    period_days: tuple[float, float] = (0.5, 30.0)
    copies: int = 8
    copies_simulated: int = 6
    varied: float = 0.5
    noisier: float = 0.0
    without: float = 0.25
    inverted: float = 0.0
    scrambled: float = 0.0


@dataclass(frozen=True)
class Augmentation:
    """What is done to segments each time they are seen: ``reversed`` in time and with a ``gap`` cut in (shares), ``shifted``:
    begun up to half a stride beside their place.
    """

    reversed: float = 0.5
    shifted: bool = True
    gap: float = 0.1


@dataclass(frozen=True)
class Recipe:
    """One model's making.

    ``labels``: "injected" (into stars without known transits), "published" (ephemerides of the stars themselves, beside injected
    ones where the injection asks for copies) or "sequential" (training.sequential). ``cadence_range_minutes``: cadences taken
    as they are, where the preparation sets none; ``bin_faster``: whether real light curves of a faster cadence are binned to
    learn from. ``simulated``: how many quiet simulated stars are seen as each mission; ``simulated_binaries``: and how many
    eclipsing binaries, whose eclipses count as no transits. ``per_star_cap``, ``total_cap``, ``neg_pos_ratio``: see
    training.sampling. ``hard_negatives``: share of an epoch's segments without transits that are drawn from those the network so
    far finds most transit-like. ``cadence_weight``: of the loss of the cadences' probabilities beside the segments'.
    ``least_snr``: transits below it are in no set of the sequential recipes. ``base_rate``: share of segments with a transit
    that the calibrated probabilities assume.
    """

    name: str
    title: str
    instruments: tuple[str, ...]
    preparation: Preparation
    cutting: Cutting
    labels: str = "injected"
    cadence_range_minutes: tuple[float, float] | None = None
    bin_faster: bool = False
    simulated: dict[str, int] = field(default_factory=dict)
    simulated_binaries: dict[str, int] = field(default_factory=dict)
    injection: Injection = Injection()
    augmentation: Augmentation = Augmentation()
    architecture: str = "transit_unet_1d"
    options: dict[str, Any] = field(default_factory=dict)
    loss: str = "binary_crossentropy"
    loss_options: dict[str, float] = field(default_factory=dict)
    cadence_weight: float = 0.5
    per_star_cap: int | None = 400
    total_cap: int | None = None
    neg_pos_ratio: float | None = 2.0
    hard_negatives: float = 0.0
    resample: str = "none"
    least_snr: float = 0.0
    epochs: int = 8
    patience: int = 4
    batch: int = 128
    learning_rate: float = 1e-3
    base_rate: float = 0.1
    parts: tuple[tuple[str, float], ...] = (("train", 0.66), ("validation", 0.1), ("calibration", 0.12), ("test", 0.12))

    def __post_init__(self) -> None:
        if self.labels not in LABELS:
            raise SettingsError(f"'{self.labels}' is no source of labels; use one of {', '.join(LABELS)}.")
        if self.resample not in RESAMPLES:
            raise SettingsError(f"'{self.resample}' is no resampling; use one of {', '.join(RESAMPLES)}.")
        if abs(sum(share for _, share in self.parts) - 1) > 1e-6 or {n for n, _ in self.parts} != set(PARTS):
            raise SettingsError(f"The shares of {', '.join(PARTS)} must sum to 1.")
        for name, least in (("epochs", 1), ("batch", 1), ("patience", 0)):
            if getattr(self, name) < least:
                raise SettingsError(f"The {name} must be {least} or more.")
        for name in ("learning_rate", "neg_pos_ratio", "per_star_cap", "total_cap"):
            if (value := getattr(self, name)) is not None and not value > 0:
                raise SettingsError(f"The {name.replace('_', ' ')} must be above 0.")
        if not 0 < self.base_rate < 1:
            raise SettingsError("The base rate must lie between 0 and 1.")
        if not 0 <= self.hard_negatives <= 1:
            raise SettingsError("The share of hard negatives must lie in [0, 1].")

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain JSON values."""
        plain = {k: v for k, v in vars(self).items() if k not in ("preparation", "cutting", "injection", "augmentation")}
        return plain | {
            "preparation": self.preparation.to_dict(),
            "cutting": self.cutting.to_dict(),
            "injection": asdict(self.injection),
            "augmentation": asdict(self.augmentation),
        }


_NOUNS: dict[str, Any] = {
    "preparation": Preparation,
    "cutting": Cutting,
    "injection": Injection,
    "augmentation": Augmentation,
}


def from_dict(name: str, values: dict[str, Any]) -> Recipe:
    """The recipe of those settings, missing ones at their defaults, lists read as tuples; raises SettingsError for others."""
    try:
        made = {key: _tuples(value) for key, value in values.items()}
        for key, noun in _NOUNS.items():
            if key in made:
                made[key] = noun(**made[key])
        return Recipe(name=name, **made)
    except TypeError as error:
        raise SettingsError(f"Recipe {name}: {error}.") from None


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_tuples(v) for v in value)
    return {k: _tuples(v) for k, v in value.items()} if isinstance(value, dict) else value


@cache
def _all() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources.files("astroseq_core.training").joinpath("recipes.toml").read_text(encoding="utf-8"))


def names() -> tuple[str, ...]:
    """The names of all recipes, in the file's order."""
    return tuple(_all())


def recipe(name: str) -> Recipe:
    """The recipe of that name; raises SettingsError for another."""
    if name not in _all():
        raise SettingsError(f"'{name}' is no recipe; use one of {', '.join(names())}.")
    return from_dict(name, _all()[name])
