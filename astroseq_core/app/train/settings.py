"""The settings of a training run that the Train page can change: their fields, limits and places in the recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from astroseq_core.app.shared.value_types import Choice, Choices, Number, OrNone, ValueType, WholeNumber
from astroseq_core.app.shared.words import DETRENDING_WORDS
from astroseq_core.errors import SettingsError
from astroseq_core.networks.architectures.registry import ARCHITECTURES
from astroseq_core.networks.losses import LOSSES
from astroseq_core.plots.segments import channel_title
from astroseq_core.preprocessing.channels import CHANNELS
from astroseq_core.preprocessing.detrend import DETRENDING_METHODS
from astroseq_core.preprocessing.segments import MIN_WINDOW
from astroseq_core.training.recipes import ISOLATION_FOREST, Recipe

#: Groups in the order of the form; the first is always visible.
MAIN, SEGMENTS, SAMPLING, NETWORK, OPTIMIZATION, SPLIT = (
    "Main",
    "Segments",
    "Sampling",
    "Network",
    "Optimization",
    "Split",
)
GROUPS = (MAIN, SEGMENTS, SAMPLING, NETWORK, OPTIMIZATION, SPLIT)
#: Architectures in words; others as they are named.
ARCHITECTURE_WORDS = {
    "inception_resnet_1d": "inception and residual blocks",
    "cnn_lstm": "convolutions and LSTM",
    "transit_unet_1d": "U-Net, segments and cadences",
    ISOLATION_FOREST: "isolation forest",
}
#: URL text of None.
NO_LIMIT = "none"
RESAMPLING = ("none", "oversample", "smote")
PARTS = ("train", "validation", "calibration", "test")
LARGEST_COUNT = 10_000_000


@dataclass(frozen=True)
class Setting:
    """A setting of a training run that can be changed in the form.

    Attributes
    ----------
    name : str
        URL parameter.
    path : str
        Field of the recipe, such as "cutting.window".
    label : str
        Label of its field, with the unit.
    group : str
        Section of the form.
    low : float
        Lower limit. An integer makes the setting a whole number.
    high : float
        Upper limit.
    step : float
        Step of the field's buttons.
    choices : tuple of str
        Allowed words; empty for numbers.
    many : bool
        Whether several words can be chosen.
    optional : bool
        Whether it can be None.
    nothing : str
        What None means, in words.
    help : str
        Tooltip.
    words : mapping of str to str
        What the choices are called on the page, where that differs.

    Examples
    --------
    >>> Setting("window", "cutting.window", "Window", MAIN, 8, 512).is_whole
    True
    """

    name: str
    path: str
    label: str
    group: str
    low: float = 0
    high: float = 0
    step: float = 1
    choices: tuple[str, ...] = ()
    many: bool = False
    optional: bool = False
    nothing: str = ""
    help: str = ""
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether the setting is a whole number."""
        return isinstance(self.low, int)

    def word(self, choice: str) -> str:
        """Return what a choice is called on the page.

        Parameters
        ----------
        choice : str
            One of `choices`, or an older one that is no longer offered.

        Returns
        -------
        str
            The word.
        """
        return self.words.get(choice, choice.replace("_", " "))

    @property
    def url_type(self) -> ValueType[Any]:
        """Type of its value in the URL."""
        kind: ValueType[Any]
        if self.choices:
            kind = Choices(self.choices, whole=True) if self.many else Choice(self.choices)
        else:
            kind = WholeNumber(int(self.low), int(self.high)) if self.is_whole else Number(self.low, self.high)
        return OrNone(kind, NO_LIMIT) if self.optional else kind


_BOXES = {f"mf_{hours}h": f"matched filter of a box of {hours} h on the detrended flux" for hours in (1, 2, 3, 5, 8, 10)}
#: One line on each channel, see lightcurves.channels.
CHANNEL_HELP = {
    "flat": "detrended flux in the star's own noise",
    "flat_short": "the same after a second trend that follows fast variables",
    "mf_short_1h": "matched filter of a box of 1 h on that",
    **_BOXES,
    "raw": "flux as observed, about the segment's mean",
    "zscore": "detrended flux with each segment's own mean and scatter taken out",
    "gap": "1 where no cadence is",
    "recur": "how well dips here recur at the best period of the whole observation",
    "recur_any": "how well they recur at any period",
    "recur_up": "the same for brightenings, which no planet makes",
}

SETTINGS = (
    Setting(
        "window",
        "cutting.window",
        "Window [cadences]",
        MAIN,
        MIN_WINDOW,
        8192,
        64,
        help="How much of a light curve the network sees at once.",
    ),
    Setting("stride", "cutting.stride", "Stride [cadences]", MAIN, 1, 8192, 16, help="From one segment's begin to the next."),
    Setting(
        "ratio",
        "neg_pos_ratio",
        "Negatives for each positive",
        MAIN,
        0.1,
        1000.0,
        0.5,
        optional=True,
        nothing="all",
        help="Segments without a transit that an epoch shows for each one with. Empty takes all there are.",
    ),
    Setting("epochs", "epochs", "Epochs at most", MAIN, 1, 500, help="How often it goes through the segments."),
    Setting(
        "cadence",
        "preparation.cadence_minutes",
        "Cadence [min]",
        SEGMENTS,
        0.1,
        360.0,
        1.0,
        optional=True,
        nothing="as observed",
        help="Faster light curves are binned to it; empty leaves them as they are.",
    ),
    Setting(
        "detrending", "preparation.detrending", "Detrending", SEGMENTS, choices=tuple(DETRENDING_METHODS), words=DETRENDING_WORDS
    ),
    Setting(
        "trend",
        "preparation.window_days",
        "Detrending window [d]",
        SEGMENTS,
        0.1,
        30.0,
        0.1,
        help="At least three transit durations, or the trend follows the transits.",
    ),
    Setting(
        "channels",
        "cutting.channels",
        "Channels",
        SEGMENTS,
        choices=tuple(CHANNELS),
        many=True,
        help="  \n".join(f"**{channel_title(name)}**: {words}" for name, words in CHANNEL_HELP.items()),
        words={name: channel_title(name) for name in CHANNELS},
    ),
    Setting(
        "labels",
        "labels",
        "Labels",
        SAMPLING,
        choices=("injected", "published"),
        help="**injected**: transits are put into stars without any. **published**: the stars' own ephemerides say where "
        "transits are.",
    ),
    Setting("copies", "injection.copies", "Copies of a real star", SAMPLING, 0, 200, help="Each with other injected transits."),
    Setting("copies_simulated", "injection.copies_simulated", "Copies of a simulated star", SAMPLING, 0, 200),
    Setting(
        "star_cap",
        "per_star_cap",
        "Most segments of a star",
        SAMPLING,
        1,
        LARGEST_COUNT,
        50,
        optional=True,
        nothing="no limit",
        help="So that no long-observed star drowns the others.",
    ),
    Setting("cap", "total_cap", "Most segments in all", SAMPLING, 1, LARGEST_COUNT, 1000, optional=True, nothing="no limit"),
    Setting(
        "hosts",
        "max_hosts",
        "Most real planet hosts",
        SAMPLING,
        1,
        LARGEST_COUNT,
        optional=True,
        nothing="all",
        help="Real stars with published transits; always the same ones are chosen.",
    ),
    Setting(
        "quiet",
        "max_quiet",
        "Most real quiet stars",
        SAMPLING,
        1,
        LARGEST_COUNT,
        optional=True,
        nothing="all",
        help="Real stars without published transits; always the same ones are chosen.",
    ),
    Setting(
        "hard",
        "hard_negatives",
        "Share of hard negatives",
        SAMPLING,
        0.0,
        1.0,
        0.1,
        help="Of an epoch's segments without a transit, drawn from those that look most like one to the network so far.",
    ),
    Setting(
        "resample",
        "resample",
        "Resampling",
        SAMPLING,
        choices=RESAMPLING,
        words={"smote": "SMOTE"},
        help="**SMOTE** mixes new positives from pairs of old ones. Either upsets calibration, which is then made anew.",
    ),
    Setting(
        "architecture",
        "architecture",
        "Architecture",
        NETWORK,
        choices=(*ARCHITECTURES, ISOLATION_FOREST),
        words=ARCHITECTURE_WORDS,
    ),
    Setting(
        "loss",
        "loss",
        "Loss",
        NETWORK,
        choices=LOSSES,
        help="**focal** turns easy segments down.",
        words={"binary_crossentropy": "binary cross-entropy"},
    ),
    Setting(
        "alpha",
        "loss_options.alpha",
        "Focal alpha",
        NETWORK,
        0.01,
        0.99,
        0.05,
        optional=True,
        nothing="its default",
        help="Weight of segments with a transit, for the focal loss.",
    ),
    Setting(
        "gamma",
        "loss_options.gamma",
        "Focal gamma",
        NETWORK,
        0.0,
        10.0,
        0.5,
        optional=True,
        nothing="its default",
        help="How far easy segments are turned down, for the focal loss.",
    ),
    Setting(
        "cadence_weight",
        "cadence_weight",
        "Weight of the cadences' loss",
        NETWORK,
        0.0,
        10.0,
        0.1,
        help="Beside the segments' own, where the network says which cadences are in transit.",
    ),
    Setting(
        "patience",
        "patience",
        "Patience [epochs]",
        OPTIMIZATION,
        1,
        500,
        help="It ends when the validation set has not been ranked better for so long.",
    ),
    Setting(
        "steps",
        "max_steps",
        "Most training steps",
        OPTIMIZATION,
        1,
        1_000_000_000,
        1000,
        optional=True,
        nothing="no limit",
        help="In all; it may end within an epoch.",
    ),
    Setting("batch", "batch", "Batch [segments]", OPTIMIZATION, 1, 8192, 16),
    Setting("rate", "learning_rate", "Learning rate", OPTIMIZATION, 1e-7, 1.0, 1e-4),
    Setting(
        "base_rate",
        "base_rate",
        "Stated base rate",
        OPTIMIZATION,
        0.001,
        0.999,
        0.05,
        help="Share of segments with a transit that its calibrated probabilities assume.",
    ),
    *(Setting(f"part_{part}", f"parts.{part}", part.capitalize(), SPLIT, 0.0, 1.0, 0.05) for part in PARTS),
)


def simulated_settings(missions: Sequence[str]) -> tuple[Setting, ...]:
    """Return the settings for the number of simulated stars.

    Parameters
    ----------
    missions : Sequence of str
        Names of the missions.

    Returns
    -------
    tuple of Setting
        One for each mission.
    """
    return tuple(
        Setting(
            f"simulated_{mission}",
            f"simulated.{mission}",
            f"Simulated {mission} stars",
            MAIN,
            0,
            20_000,
            10,
            help="Quiet stars that exist only here; transits are put into them.",
        )
        for mission in missions
    )


def recipe_settings(recipe: Recipe) -> tuple[Setting, ...]:
    """Return all settings of a recipe.

    Parameters
    ----------
    recipe : Recipe
        The recipe.

    Returns
    -------
    tuple of Setting
        Those for simulated stars first.
    """
    return (*simulated_settings(recipe.instruments), *SETTINGS)


def recipe_value(recipe: Recipe, setting: Setting) -> Any:
    """Return a recipe's value of a setting.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    setting : Setting
        The setting.

    Returns
    -------
    object
        The value.
    """
    above, _, last = setting.path.partition(".")
    value = getattr(recipe, above)
    if not last:
        return value
    if setting.path == "cutting.stride":
        return recipe.cutting.step
    if above in ("parts", "simulated"):
        return dict(value).get(last, 0.0 if above == "parts" else 0)
    return value.get(last) if isinstance(value, dict) else getattr(value, last)


def apply_settings(recipe: Recipe, values: Mapping[str, object]) -> Recipe:
    """Return the recipe with some settings changed.

    With another architecture, the options are that architecture's defaults.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    values : Mapping of str to object
        New values by the settings' names.

    Returns
    -------
    Recipe
        A changed copy.

    Raises
    ------
    SettingsError
        If the values cannot be combined.
    """
    found: dict[str, Any] = {}
    by_name = {s.name: s for s in recipe_settings(recipe)}
    for name, value in values.items():
        above, _, last = by_name[name].path.partition(".")
        if last:
            found.setdefault(above, {})[last] = value
        else:
            found[above] = value
    for above in ("cutting", "preparation", "injection"):
        if above in found:
            found[above] = replace(getattr(recipe, above), **found[above])
    if "parts" in found:
        parts = {**dict(recipe.parts), **found["parts"]}
        if abs(sum(parts.values()) - 1) > 1e-6:
            raise SettingsError(f"The shares of the split sum to {sum(parts.values()):g}; they must sum to 1.")
        unused = set(PARTS) - set(recipe.used_parts)
        found["parts"] = tuple((part, share) for part, share in parts.items() if share or part in unused)
    if "simulated" in found:
        found["simulated"] = {m: n for m, n in {**recipe.simulated, **found["simulated"]}.items() if n}
    if "loss_options" in found:
        kept = {**recipe.loss_options, **found["loss_options"]}
        found["loss_options"] = {k: v for k, v in kept.items() if v is not None}
    if found.get("architecture", recipe.architecture) != recipe.architecture:
        found.setdefault("options", {})
    return replace(recipe, **found)


def changed_settings(recipe: Recipe, values: Mapping[str, object]) -> dict[str, Any]:
    """Return the values that differ from the recipe's own.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    values : Mapping of str to object
        Values by the settings' names.

    Returns
    -------
    dict of str to object
        Those that differ.
    """
    return {
        s.name: values[s.name]
        for s in recipe_settings(recipe)
        if s.name in values and not _equal(values[s.name], recipe_value(recipe, s))
    }


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return abs(one - other) < 1e-9
    return tuple(one) == tuple(other) if isinstance(one, list | tuple) else bool(one == other)


def format_value(setting: Setting, value: object) -> str:
    """Format a value for people.

    Parameters
    ----------
    setting : Setting
        The setting.
    value : object
        Its value.

    Returns
    -------
    str
        The value as text.
    """
    if value is None:
        return setting.nothing or "none"
    return ", ".join(value) if isinstance(value, list | tuple) else f"{value:g}" if isinstance(value, float) else str(value)
