"""Recipes: everything that determines one model, as data (recipes.toml)."""

import math
import tomllib
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources

from astroseq_core.errors import SettingsError
from astroseq_core.networks.architectures.registry import ARCHITECTURES
from astroseq_core.networks.losses import LOSSES
from astroseq_core.preprocessing.prepare import PreprocessingConfig
from astroseq_core.preprocessing.segments import SegmentConfig
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import convert

LABELS = ("injected", "published", "sequential")
#: "oversample" and "smote" add positives to reach the ratio of negatives to positives; "none" removes negatives.
RESAMPLINGS = ("none", "oversample", "smote")
#: How the learning rate falls: over all epochs, or each time that validation has not improved for some.
SCHEDULES = ("cosine", "plateau")
#: In place of an architecture in recipes, commands and addresses: a baseline that is no network (see training.isolation_forest).
ISOLATION_FOREST = "isolation_forest"
#: Largest values of settings, far beyond what anybody trains with: a damaged request must not fill the memory.
MAX_SETTINGS = {"epochs": 1_000_000, "batch": 1_000_000, "patience": 1_000_000, "max_steps": 1_000_000_000}
MAX_COPIES = 100_000
#: Most simulated stars of a mission.
MAX_SIMULATED = 1_000_000
PARTS = ("train", "validation", "calibration", "test")
#: Settings that can be without a limit, which recipes.toml, having no null, says with "none".
UNLIMITED = "none"
OPTIONAL_SETTINGS = ("per_star_cap", "total_cap", "neg_pos_ratio", "max_steps", "max_hosts", "max_quiet")
#: Settings that recipes of version 0.1.0 did not have; without them a recipe is what it was.
LATER_SETTINGS = ("max_hosts", "max_quiet", "stratified", "max_steps", "schedule", "all_products", "calibrated")


@dataclass(frozen=True)
class Injection:
    """Copies to make of a star, and transits to inject into them.

    A star with transits of its own gets injected ones only in its mirrored light curve, where its
    own are brightenings. `varied`, `noisier`, `without`, `inverted` and `scrambled` are shares of
    the copies.

    Attributes
    ----------
    snr : tuple of (float, float)
        Limits of the signal-to-noise ratio of one transit in the star's own noise over its
        duration, mostly near the lower one.
    period_days : tuple of (float, float)
        Limits of the period, uniform in its logarithm [d]; periods longer than the data give a
        single transit.
    copies : int
        Number of copies of each real star, shared between its light curves.
    copies_simulated : int
        Number of copies of each simulated star.
    varied : float
        Share with variability added.
    noisier : float
        Share with white noise added.
    without : float
        Share without transits.
    inverted : float
        Share mirrored about the median flux, without injected transits.
    scrambled : float
        Share with blocks of days permuted, without injected transits.
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

    def __post_init__(self) -> None:
        if not (0 <= self.copies <= MAX_COPIES and 0 <= self.copies_simulated <= MAX_COPIES):
            raise SettingsError(f"The number of copies of a star must be 0 to {MAX_COPIES:,}.")
        for name, (low, high) in (("signal-to-noise ratios", self.snr), ("periods", self.period_days)):
            if not 0 < low <= high:
                raise SettingsError(f"The limits of the {name} to inject must be above 0, the lower one first.")


@dataclass(frozen=True)
class Augmentation:
    """Random changes to segments each time they are shown.

    Attributes
    ----------
    reversed : float
        Share reversed in time.
    shifted : bool
        Whether segments start up to half a stride before or after their position.
    gap : float
        Share with an inserted gap.
    """

    reversed: float = 0.5
    shifted: bool = True
    gap: float = 0.1


@dataclass(frozen=True)
class Recipe:
    """Everything that determines one model.

    Raises SettingsError if a value is out of its range.

    Attributes
    ----------
    name : str
        Name of the recipe.
    title : str
        Title for users.
    instruments : tuple of str
        Missions whose light curves it takes.
    preparation : PreprocessingConfig
        Detrending and binning.
    cutting : SegmentConfig
        Window, stride and channels of the segments.
    labels : str
        Source of the labels: "injected" (into stars without known transits), "published" (the
        stars' own ephemerides, plus injected transits if copies are asked for) or "sequential" (see
        training.sequential).
    cadence_range_minutes : tuple of (float, float) or None
        Limits of the cadences to take unbinned [min], if the preparation sets no cadence.
    bin_faster : bool
        Whether real light curves of a faster cadence are binned to learn from.
    simulated : dict
        Number of quiet simulated stars by mission.
    simulated_binaries : dict
        Number of simulated eclipsing binaries by mission; their eclipses do not count as transits.
    injection : Injection
        Copies and injected transits.
    augmentation : Augmentation
        Random changes to segments in training.
    architecture : str
        Name of the network architecture, or `ISOLATION_FOREST` for that baseline.
    options : dict
        Options of the architecture, or of the forest.
    loss : str
        Name of the loss function.
    loss_options : dict
        Options of the loss function.
    cadence_weight : float
        Weight of the cadences' loss relative to the segments' loss.
    per_star_cap : int or None
        Most segments of each label to use of one star; None for no cap (see training.sampling).
    total_cap : int or None
        Most segments to train on; None for no cap.
    neg_pos_ratio : float or None
        Number of negatives for each positive in an epoch; None for no ratio.
    hard_negatives : float
        Share of an epoch's negatives drawn from those that the network finds most transit-like.
    resample : str
        "none" removes negatives to reach the ratio; "oversample" and "smote" add positives.
    least_snr : float
        Smallest signal-to-noise ratio of transits in the sequential experiments.
    max_hosts : int or None
        Most real stars with published transits to use; None for all.
    max_quiet : int or None
        Most real stars without published transits to use; None for all.
    stratified : bool
        Whether planet hosts and other stars are split apart, each by whole numbers of stars, so that
        every part has some of both, and hosts without a transit in their data are left out; otherwise
        each star's part depends on its name and the seed alone.
    epochs : int
        Maximum number of epochs.
    max_steps : int or None
        Most training steps in all, which may end within an epoch; None for no limit.
    patience : int
        Number of epochs without improvement before training stops.
    batch : int
        Segments per training step.
    learning_rate : float
        Highest learning rate.
    schedule : str
        How the learning rate falls: "cosine" over all epochs, or "plateau" each time that the
        validation stars are not ranked better for two epochs; then `epochs` only ends a training that
        `patience` does not.
    all_products : bool
        Whether to learn from all light curves of a time, such as a star's flux with the
        spacecraft's systematics and without them; else from the best alone.
    base_rate : float
        Share of segments with a transit that the calibrated probabilities assume.
    calibrated : bool
        Whether a network's probabilities are calibrated; otherwise they are the network's own, as in the
        published experiments, and the part "calibration" may have no share.
    parts : tuple of tuple of (str, float)
        Share of the stars in each part of the split; the shares must sum to 1.
    """

    name: str
    title: str
    instruments: tuple[str, ...]
    preparation: PreprocessingConfig
    cutting: SegmentConfig
    labels: str = "injected"
    cadence_range_minutes: tuple[float, float] | None = None
    bin_faster: bool = False
    simulated: dict[str, int] = field(default_factory=dict)
    simulated_binaries: dict[str, int] = field(default_factory=dict)
    injection: Injection = Injection()
    augmentation: Augmentation = Augmentation()
    architecture: str = "transit_unet_1d"
    options: JsonObject = field(default_factory=dict)
    loss: str = "binary_crossentropy"
    loss_options: dict[str, float] = field(default_factory=dict)
    cadence_weight: float = 0.5
    per_star_cap: int | None = 400
    total_cap: int | None = None
    neg_pos_ratio: float | None = 2.0
    hard_negatives: float = 0.0
    resample: str = "none"
    least_snr: float = 0.0
    max_hosts: int | None = None
    max_quiet: int | None = None
    stratified: bool = False
    epochs: int = 8
    max_steps: int | None = None
    patience: int = 4
    batch: int = 128
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    all_products: bool = False
    base_rate: float = 0.1
    calibrated: bool = True
    parts: tuple[tuple[str, float], ...] = (("train", 0.66), ("validation", 0.1), ("calibration", 0.12), ("test", 0.12))

    def __post_init__(self) -> None:
        if self.labels not in LABELS:
            raise SettingsError(f"'{self.labels}' is no source of labels; use one of {', '.join(LABELS)}.")
        if self.resample not in RESAMPLINGS:
            raise SettingsError(f"'{self.resample}' is no resampling; use one of {', '.join(RESAMPLINGS)}.")
        if self.schedule not in SCHEDULES:
            raise SettingsError(f"'{self.schedule}' is no schedule of the learning rate; use one of {', '.join(SCHEDULES)}.")
        if self.loss not in LOSSES:
            raise SettingsError(f"'{self.loss}' is no loss known here; use one of {', '.join(LOSSES)}.")
        if self.architecture not in (*ARCHITECTURES, ISOLATION_FOREST):
            known = ", ".join((*ARCHITECTURES, ISOLATION_FOREST))
            raise SettingsError(f"'{self.architecture}' is no architecture known here; use one of {known}.")
        if abs(sum(share for _, share in self.parts) - 1) > 1e-6 or {n for n, _ in self.parts} != set(PARTS):
            raise SettingsError(f"The shares of {', '.join(PARTS)} must sum to 1.")
        for name, value in vars(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise SettingsError(f"The {name.replace('_', ' ')} must be a finite number.")
        for name, least in (("epochs", 1), ("batch", 1), ("patience", 0)):
            if getattr(self, name) < least:
                raise SettingsError(f"The {name} must be {least} or more.")
        for name, most in MAX_SETTINGS.items():
            if (value := getattr(self, name)) is not None and value > most:
                raise SettingsError(f"The {name.replace('_', ' ')} must be {most:,} or less.")
        for numbers in (self.simulated, self.simulated_binaries):
            if any(not 0 <= number <= MAX_SIMULATED for number in numbers.values()):
                raise SettingsError(f"The number of simulated stars must be 0 to {MAX_SIMULATED:,}.")
        for name in ("learning_rate", *OPTIONAL_SETTINGS):
            if (value := getattr(self, name)) is not None and not value > 0:
                raise SettingsError(f"The {name.replace('_', ' ')} must be above 0.")
        if not 0 < self.base_rate < 1:
            raise SettingsError("The base rate must lie between 0 and 1.")
        if not 0 <= self.hard_negatives <= 1:
            raise SettingsError("The share of hard negatives must lie in [0, 1].")

    @property
    def used_parts(self) -> dict[str, float]:
        """Share of each part of the split, without one that has none and that this recipe does not need."""
        unused = "validation" if self.is_forest else "" if self.calibrated else "calibration"
        return {part: share for part, share in self.parts if share or part != unused}

    @property
    def is_forest(self) -> bool:
        """Whether it grows an isolation forest, which learns without labels, instead of a network."""
        return self.architecture == ISOLATION_FOREST

    def to_dict(self) -> JsonObject:
        """Return the recipe as plain JSON values.

        Returns
        -------
        dict
            Value by field, nested for its parts.
        """
        plain = {k: v for k, v in vars(self).items() if k not in ("preparation", "cutting", "injection", "augmentation")}
        return plain | {
            "preparation": self.preparation.to_dict(),
            "cutting": self.cutting.to_dict(),
            "injection": asdict(self.injection),
            "augmentation": asdict(self.augmentation),
        }


def recipe_from_dict(name: str, values: JsonObject) -> Recipe:
    """Return a recipe with the given settings.

    Parameters
    ----------
    name : str
        Name of the recipe.
    values : dict
        Value by field; missing fields get their defaults, and lists become tuples.

    Returns
    -------
    Recipe
        The recipe.

    Raises
    ------
    SettingsError
        If a setting is unknown or out of its range.
    """
    if not all(isinstance(key, str) for key in values):
        raise SettingsError(f"Recipe {name}: its settings must have names.")
    try:
        made: JsonObject = {key: _tuples(value) for key, value in values.items()}
        return convert(made | {"name": name}, Recipe, "the recipe")
    except ValueError as error:
        raise SettingsError(f"Recipe {name}: {error}.") from None


def _tuples(value: object) -> object:
    if isinstance(value, list):
        return tuple(_tuples(v) for v in value)
    return {k: _tuples(v) for k, v in value.items()} if isinstance(value, dict) else value


@cache
def _recipe_tables() -> dict[str, JsonObject]:
    tables: dict[str, JsonObject] = tomllib.loads(
        resources.files("astroseq_core.training").joinpath("recipes.toml").read_text(encoding="utf-8")
    )
    for name, table in tables.items():
        whole = {**tables[table.pop("like")], **table} if "like" in table else table
        tables[name] = {k: None if k in OPTIONAL_SETTINGS and v == UNLIMITED else v for k, v in whole.items()}
    return tables


def recipe_names() -> tuple[str, ...]:
    """Return the names of all recipes, in the order of the file.

    Returns
    -------
    tuple of str
        Names of the recipes.
    """
    return tuple(_recipe_tables())


def load_recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Parameters
    ----------
    name : str
        Name of the recipe.

    Returns
    -------
    Recipe
        The recipe.

    Raises
    ------
    SettingsError
        If there is no such recipe.

    Examples
    --------
    >>> load_recipe("astroseq-tess-1024-base").cutting.window
    1024
    """
    if name not in _recipe_tables():
        raise SettingsError(f"'{name}' is no recipe; use one of {', '.join(recipe_names())}.")
    return recipe_from_dict(name, _recipe_tables()[name])
