"""Classifier of signals: two columns of convolutions for the folded views, a dense one for scalars."""

from typing import TYPE_CHECKING

from astroseq_core.errors import ModelError

if TYPE_CHECKING:
    import keras

#: Of each level of the two columns: length of the filters, and bins that the pooling makes one.
GLOBAL_LEVELS = ((5, 3), (5, 2), (3, 2))
LOCAL_LEVELS = ((5, 2), (5, 2), (3, 2))
MOMENTUM = 0.95
#: Classes of the output, in order.
NUM_CLASSES = 3


def build_signal_classifier(
    global_bins: int,
    local_bins: int,
    scalars: int,
    *,
    channels: int = 4,
    width: int = 16,
    dense: int = 64,
    dropout: float = 0.3,
    spatial_dropout: float = 0.1,
) -> "keras.Model":
    """Build the classifier of signals, not compiled.

    The columns end in positions, not in averages, since a secondary at phase 0.5 means more than one elsewhere.

    Inputs, by name: "global_view" of shape (b, global_bins, channels), "local_view" of shape (b, local_bins, channels),
    "scalars" of shape (b, scalars) with zeros for unknown ones, "known" of the same shape with 1 for known ones, and "is_kepler"
    of shape (b, 1). Output: probabilities of shape (b, 3), planet candidate, eclipsing binary, not transit-like.

    Parameters
    ----------
    global_bins, local_bins : int
        Phase bins of the views from the middle of the transit outwards.
    scalars : int
        Number of scalars.
    channels : int, optional
        Channels of each view: its even and its odd part, each as two numbers.
    width : int, optional
        Filters of the first convolution; the next levels have two and three times as many.
    dense : int, optional
        Units of each dense layer.
    dropout : float, optional
        Dropout rate of the dense layers.
    spatial_dropout : float, optional
        Rate of the spatial dropout after the convolutions.

    Returns
    -------
    keras.Model
        The network.

    Raises
    ------
    ModelError
        If the views are too short for the poolings.
    """
    fewest = [_pooling(levels) for levels in (GLOBAL_LEVELS, LOCAL_LEVELS)]
    if global_bins < fewest[0] or local_bins < fewest[1]:
        raise ModelError(f"The views must have at least {fewest[0]} and {fewest[1]} bins for this network.")
    import keras
    from keras import layers

    whole = keras.Input((global_bins, channels), name="global_view")
    transit = keras.Input((local_bins, channels), name="local_view")
    values, known = keras.Input((scalars,), name="scalars"), keras.Input((scalars,), name="known")
    is_kepler = keras.Input((1,), name="is_kepler")

    columns = []
    for x, levels in ((whole, GLOBAL_LEVELS), (transit, LOCAL_LEVELS)):
        for number, (kernel, pool) in enumerate(levels, start=1):
            x = _convolved(x, number * width, kernel, pool)
        x = layers.Dropout(dropout)(layers.Flatten()(layers.SpatialDropout1D(spatial_dropout)(x)))
        columns.append(layers.Dense(dense, activation="relu")(x))
    s = layers.Dropout(dropout / 3)(layers.Concatenate()([values, known, is_kepler]))
    s = layers.Dropout(dropout)(layers.Dense(2 * dense, activation="relu")(s))
    columns.append(layers.Dense(dense, activation="relu")(s))
    z = layers.Dropout(dropout)(layers.Concatenate()(columns))
    z = layers.Dropout(dropout)(layers.Dense(dense, activation="relu")(z))
    output = layers.Dense(NUM_CLASSES, activation="softmax", name="classes")(layers.Concatenate()([z, is_kepler]))
    inputs = {"global_view": whole, "local_view": transit, "scalars": values, "known": known, "is_kepler": is_kepler}
    return keras.Model(inputs, output, name="signal_classifier")


def _pooling(levels: tuple[tuple[int, int], ...]) -> int:
    bins = 1
    for _, pool in levels:
        bins *= pool
    return bins


def _convolved(x: "keras.KerasTensor", filters: int, kernel: int, pool: int) -> "keras.KerasTensor":
    """Apply a convolution, pooling, batch normalization and ReLU; pooled first, since fewer bins then cost the rest."""
    from keras import layers

    x = layers.Conv1D(filters, kernel, padding="same", use_bias=False)(x)
    x = layers.MaxPooling1D(pool, padding="same")(x)
    return layers.Activation("relu")(layers.BatchNormalization(momentum=MOMENTUM)(x))
