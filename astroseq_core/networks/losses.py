"""Loss functions by name; each is Keras' own, so the file of a compiled model loads in safe mode."""

from typing import TYPE_CHECKING

from astroseq_core.errors import SettingsError

if TYPE_CHECKING:
    import keras

#: Weight of the positives and focusing parameter: the best of Lin et al. (2017), table 1b.
FOCAL_ALPHA, FOCAL_GAMMA = 0.25, 2.0
LOSSES = ("binary_crossentropy", "focal")


def make_loss(name: str, **options: float) -> "keras.losses.Loss":
    """Make a loss function on probabilities of shape (b, 1).

    - "binary_crossentropy": -log p of the true class.
    - "focal": -a (1 - p)^gamma log p of the true class (Lin et al. 2017, eq. 5), where a is `alpha`
      for a transit and 1 - `alpha` otherwise (`alpha` None: 1 for both), and `gamma` weights down
      easy segments. A network trained with it is not calibrated.

    Parameters
    ----------
    name : str
        One of `LOSSES`.
    **options : float
        `alpha` and `gamma` of the focal loss.

    Returns
    -------
    keras.losses.Loss
        The loss.

    Raises
    ------
    SettingsError
        If the name or an option is unknown, or a value is out of range.
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
