"""Recipes of the classifiers of signals: everything that determines one but its views."""

from dataclasses import dataclass, field

from astroseq_core.type_names import JsonObject


@dataclass(frozen=True)
class SignalRecipe:
    """Everything that determines an ensemble of classifiers but its views.

    Attributes
    ----------
    name : str
        Name of the recipe.
    kind : str
        Mission of the signals that it needs: tess or kepler.
    title : str
        Name for display.
    epochs : int
        Passes over the signals.
    batch : int
        Signals a step.
    learning_rate : float
        Highest learning rate; it rises and then falls as a cosine.
    weight_decay : float
        Weight decay of AdamW.
    folds : int
        Folds of stars; each network is trained without one.
    repeats : int
        Networks a fold.
    smoothing : float
        Share of each label that is given to all classes.
    view_noise, scalar_noise : float
        Standard deviation of the noise that is added to the channels and the scaled scalars.
    unknown : float
        Share of signals whose period, duration, signal-to-noise ratio or depth is hidden, each.
    max_shift : int
        Largest shift of a view [bins].
    trees, leaves : int
        Rounds of gradient boosting, and leaves of each tree.
    tree_rate : float
        Learning rate of the boosting.
    tree_weight : float
        Weight of the trees in the mean with the networks.
    options : dict
        Options of the architecture.
    """

    name: str
    kind: str
    title: str
    epochs: int = 16
    batch: int = 192
    learning_rate: float = 3e-3
    weight_decay: float = 2e-2
    folds: int = 8
    repeats: int = 1
    smoothing: float = 0.02
    view_noise: float = 0.03
    scalar_noise: float = 0.05
    unknown: float = 0.2
    max_shift: int = 1
    trees: int = 110
    leaves: int = 12
    tree_rate: float = 0.11
    tree_weight: float = 0.5
    options: JsonObject = field(default_factory=dict)


RECIPES = {
    "signals-tess": SignalRecipe("signals-tess", "tess", "Folded signals: planet candidate, eclipsing binary or neither"),
    "signals-kepler": SignalRecipe("signals-kepler", "kepler", "Folded Kepler signals: planet candidate or not"),
}
