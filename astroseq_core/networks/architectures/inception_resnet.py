"""The published one-dimensional Inception-ResNet.

It has only standard Keras layers, so its file loads in safe mode.
"""

from typing import TYPE_CHECKING

from astroseq_core.errors import ModelError

if TYPE_CHECKING:
    import keras

#: Kernel lengths of an inception block: a point, an ingress, a short transit, a long one.
KERNELS = (1, 3, 7, 15)
#: Factor of the residual branches, which keeps deep stacks stable (Szegedy et al. 2017, section 3.3).
RESIDUAL_SCALE = 0.2
STEM_FILTERS, STEM_KERNEL = 64, 7
WIDE_FILTERS = 96


def build_inception_resnet_1d(
    window: int,
    channels: int,
    *,
    blocks: tuple[int, int] = (2, 2),
    stem_stride: int = 1,
    pooling: str = "average",
    spatial_dropout: float = 0.1,
    dropout: float = 0.3,
) -> "keras.Model":
    """Build the one-dimensional Inception-ResNet, not compiled.

    Stem (64 filters, kernel 7, batch normalization, max-pooling), inception-residual blocks,
    widening to 96 filters and a second stack, SpatialDropout1D, global pooling, dropout and a
    sigmoid.

    Input shape: (b, window, channels). Output shape: (b, 1), the probability of a transit.

    Parameters
    ----------
    window : int
        Length of a segment [cadences].
    channels : int
        Number of channels.
    blocks : tuple of int, optional
        Number of blocks of the two stacks.
    stem_stride : int, optional
        Stride of the stem. Above 1 the network is that many times faster and blurs shorter
        features; the published network has 1.
    pooling : str, optional
        "average" as published, or "average_max", which also passes on the maximum: a transit fills
        a small part of a segment, so the average dilutes it.
    spatial_dropout : float, optional
        Rate of the spatial dropout.
    dropout : float, optional
        Dropout rate before the last layer.

    Returns
    -------
    keras.Model
        The network.

    Raises
    ------
    ModelError
        If the pooling is unknown.
    """
    if pooling not in ("average", "average_max"):
        raise ModelError(f"'{pooling}' is no pooling; use average or average_max.")
    import keras
    from keras import layers

    inputs = keras.Input((window, channels), name="segments")
    x = layers.Conv1D(STEM_FILTERS, STEM_KERNEL, strides=stem_stride, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.MaxPooling1D(2, padding="same")(x)
    for _ in range(blocks[0]):
        x = _inception_residual(x, STEM_FILTERS)
    x = layers.Conv1D(WIDE_FILTERS, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    for _ in range(blocks[1]):
        x = _inception_residual(x, WIDE_FILTERS)
    x = layers.SpatialDropout1D(spatial_dropout)(x)
    average = layers.GlobalAveragePooling1D()(x)
    x = average if pooling == "average" else layers.Concatenate()([average, layers.GlobalMaxPooling1D()(x)])
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(1, activation="sigmoid", name="probability")(x)
    return keras.Model(inputs, outputs, name="inception_resnet_1d")


def _inception_residual(x: "keras.KerasTensor", filters: int) -> "keras.KerasTensor":
    """Apply one inception-residual block: (b, places, filters) -> the same shape."""
    from keras import layers

    narrow = filters // 4
    branches = []
    for kernel in KERNELS:
        branch = layers.Conv1D(narrow, 1, padding="same", use_bias=False)(x)
        if kernel > 1:
            branch = layers.BatchNormalization()(branch)
            branch = layers.Activation("relu")(branch)
            branch = layers.Conv1D(narrow, kernel, padding="same", use_bias=False)(branch)
        branches.append(branch)
    mixed = layers.Concatenate()(branches)
    mixed = layers.BatchNormalization()(mixed)
    mixed = layers.Activation("relu")(mixed)
    mixed = layers.Conv1D(filters, 1, padding="same")(mixed)
    mixed = layers.Rescaling(RESIDUAL_SCALE)(mixed)
    return layers.Activation("relu")(layers.Add()([x, mixed]))
