"""Classifier of signals: two columns of convolutions for the folded views, a dense one for scalars."""

from typing import TYPE_CHECKING

from astroseq_core.errors import ModelError

if TYPE_CHECKING:
    import keras

#: Bins that each pooling makes one.
POOL = 3
MOMENTUM = 0.95
#: Classes of the output, in order.
NUM_CLASSES = 3


def build_signal_classifier(
    global_bins: int,
    local_bins: int,
    scalars: int,
    *,
    channels: int = 2,
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
        Phase bins of the views.
    scalars : int
        Number of scalars.
    channels : int, optional
        Channels of each view.
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
    if global_bins < POOL**3 or local_bins < POOL**2:
        raise ModelError(f"The views must have at least {POOL**3} and {POOL**2} bins for this network.")
    import keras
    from keras import layers

    whole = keras.Input((global_bins, channels), name="global_view")
    transit = keras.Input((local_bins, channels), name="local_view")
    values, known = keras.Input((scalars,), name="scalars"), keras.Input((scalars,), name="known")
    is_kepler = keras.Input((1,), name="is_kepler")

    x = _pooled(_convolved(whole, width, 7))
    x = _pooled(_convolved(x, 2 * width, 5))
    x = _pooled(_convolved(x, 3 * width, 3))
    y = _pooled(_convolved(_convolved(transit, width, 5), width, 5))
    y = _pooled(_convolved(y, 2 * width, 5))
    columns = [
        layers.Dense(dense, activation="relu")(
            layers.Dropout(dropout)(layers.Flatten()(layers.SpatialDropout1D(spatial_dropout)(column)))
        )
        for column in (x, y)
    ]
    s = layers.Dropout(dropout / 3)(layers.Concatenate()([values, known, is_kepler]))
    s = layers.Dropout(dropout)(layers.Dense(2 * dense, activation="relu")(s))
    columns.append(layers.Dense(dense, activation="relu")(s))
    z = layers.Dropout(dropout)(layers.Concatenate()(columns))
    z = layers.Dropout(dropout)(layers.Dense(dense, activation="relu")(z))
    output = layers.Dense(NUM_CLASSES, activation="softmax", name="classes")(layers.Concatenate()([z, is_kepler]))
    inputs = {"global_view": whole, "local_view": transit, "scalars": values, "known": known, "is_kepler": is_kepler}
    return keras.Model(inputs, output, name="signal_classifier")


def _convolved(x: "keras.KerasTensor", filters: int, kernel: int) -> "keras.KerasTensor":
    """Apply a convolution, batch normalization and ReLU."""
    from keras import layers

    x = layers.Conv1D(filters, kernel, padding="same", use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization(momentum=MOMENTUM)(x))


def _pooled(x: "keras.KerasTensor") -> "keras.KerasTensor":
    from keras import layers

    return layers.MaxPooling1D(POOL, padding="same")(x)
