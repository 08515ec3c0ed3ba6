"""The losses by the name that a recipe gives; each is Keras' own, so that a compiled model's file loads in safe mode."""

from typing import Any

from astroseq_core.errors import SettingsError

#: Weight of the positives and focus on the hard ones, the best of Lin et al. (2017), table 1b.
FOCAL_ALPHA, FOCAL_GAMMA = 0.25, 2.0
LOSSES = ("binary_crossentropy", "focal")


def loss(name: str, **options: Any) -> Any:
    """The keras.losses.Loss of that name, on probabilities (b, 1); raises SettingsError for another name or option.

    "binary_crossentropy": -log p of what is true. "focal" (Lin et al. 2017, eq. 5): -a (1 - p)^gamma log p of what is true, where
    a is ``alpha`` for a transit and 1 - ``alpha`` for none (None: 1 for both) and ``gamma`` turns the easy ones down; what it
    trains is not calibrated and has to be.
    """
    import keras

    if name not in LOSSES:
        raise SettingsError(f"'{name}' is no loss known here; use one of {', '.join(LOSSES)}.")
    known = {"alpha": FOCAL_ALPHA, "gamma": FOCAL_GAMMA} if name == "focal" else {}
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise SettingsError(f"The loss '{name}' has no {' or '.join(unknown)}; it takes {', '.join(known) or 'no options'}.")
    if name == "binary_crossentropy":
        return keras.losses.BinaryCrossentropy()
    settings = known | options
    alpha, gamma = settings["alpha"], settings["gamma"]
    if not (alpha is None or 0 < alpha < 1) or gamma < 0:
        raise SettingsError("The focal loss needs an alpha between 0 and 1, or None, and a gamma of 0 or more.")
    return keras.losses.BinaryFocalCrossentropy(
        apply_class_balancing=alpha is not None, alpha=FOCAL_ALPHA if alpha is None else alpha, gamma=gamma
    )
