"""Transit U-Net: a probability for the segment and one for every few cadences."""

from typing import TYPE_CHECKING

from astroseq_core.errors import ModelError

if TYPE_CHECKING:
    import keras

STEM_KERNEL, KERNEL = 9, 5
#: Momentum of the batch normalization: small training sets give only a few dozen updates.
MOMENTUM = 0.95


def build_transit_unet_1d(
    window: int,
    channels: int,
    *,
    stem_stride: int = 4,
    widths: tuple[int, ...] = (32, 48, 64, 96),
    blocks: int = 1,
    context: int = 1,
    heads: int = 4,
    dropout: float = 0.2,
    spatial_dropout: float = 0.1,
) -> "keras.Model":
    """Build the transit U-Net, not compiled.

    A one-dimensional U-Net (Ronneberger et al. 2015) of pre-activated residual blocks. The
    segment's probability uses the coarsest features and the logits of the places, so that a short
    dip is not averaged away.

    Input shape: (b, window, channels). Output: a dict of probabilities, "segment" of shape (b, 1)
    and "cadence" of shape (b, window // stem_stride, 1).

    Parameters
    ----------
    window : int
        Length of a segment [cadences].
    channels : int
        Number of channels.
    stem_stride : int, optional
        Cadences per place of the "cadence" output.
    widths : tuple of int, optional
        Filters of each level; each level has half the places of the one before.
    blocks : int, optional
        Residual blocks per level.
    context : int, optional
        Self-attention layers on the coarsest level, which compare a dip with the rest of the
        segment.
    heads : int, optional
        Attention heads.
    dropout : float, optional
        Dropout rate.
    spatial_dropout : float, optional
        Rate of the spatial dropout.

    Returns
    -------
    keras.Model
        The network.

    Raises
    ------
    ModelError
        If the window is not a multiple of the coarsest place.
    """
    check_window(window, stem_stride=stem_stride, widths=widths)
    import keras
    from keras import layers

    inputs = keras.Input((window, channels), name="segments")
    x = layers.Conv1D(widths[0], STEM_KERNEL, strides=stem_stride, padding="same", use_bias=False)(inputs)
    fine = []
    for level, width in enumerate(widths):
        if level:
            x = layers.Conv1D(width, 3, strides=2, padding="same", use_bias=False)(_active(x))
        for _ in range(blocks):
            x = _residual(x, width)
        fine.append(x)
    for _ in range(context):
        y = layers.LayerNormalization()(x)
        y = layers.MultiHeadAttention(heads, widths[-1] // heads, dropout=dropout)(y, y)
        x = layers.Add()([x, y])
    x = layers.SpatialDropout1D(spatial_dropout)(_active(x))
    average, highest = layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)
    for width, skip in zip(reversed(widths[:-1]), reversed(fine[:-1]), strict=True):
        x = layers.UpSampling1D(2)(layers.Conv1D(width, 1, use_bias=False)(x))
        x = _residual(layers.Add()([x, skip]), width)
    x = _active(x)
    logits = layers.Conv1D(1, 1, name="cadence_logit")(x)
    cadence = layers.Activation("sigmoid", name="cadence")(logits)
    strongest = layers.GlobalMaxPooling1D()(logits)
    around = [layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)]
    features = layers.Concatenate()([average, highest, strongest, *around])
    features = layers.Dropout(dropout)(features)
    features = layers.Dense(widths[-1], activation="relu")(features)
    # The largest logit also bypasses the dense layer: for one clear dip it is the answer.
    features = layers.Concatenate()([layers.Dropout(dropout)(features), strongest])
    segment = layers.Dense(1, activation="sigmoid", name="segment")(features)
    return keras.Model(inputs, {"segment": segment, "cadence": cadence}, name="transit_unet_1d")


def check_window(window: int, *, stem_stride: int = 4, widths: tuple[int, ...] = (32, 48, 64, 96), **_: object) -> None:
    """Check that the network accepts a window, without loading Keras.

    Parameters
    ----------
    window : int
        Length of a segment [cadences].
    stem_stride : int, optional
        Stride of the stem.
    widths : tuple of int, optional
        Filters of each level.
    **_ : object
        Other options of the network, ignored.

    Raises
    ------
    ModelError
        If the window is not a multiple of the coarsest place.
    """
    coarsest = stem_stride * 2 ** (len(widths) - 1)
    if window % coarsest:
        raise ModelError(f"The window must be a multiple of {coarsest} cadences for this network, not {window}.")


def _active(x: "keras.KerasTensor") -> "keras.KerasTensor":
    """Apply batch normalization and ReLU."""
    from keras import layers

    return layers.Activation("relu")(layers.BatchNormalization(momentum=MOMENTUM)(x))


def _residual(x: "keras.KerasTensor", width: int) -> "keras.KerasTensor":
    """Apply a pre-activated residual block: (b, places, width) -> the same shape."""
    from keras import layers

    y = layers.Conv1D(width, KERNEL, padding="same", use_bias=False)(_active(x))
    y = layers.Conv1D(width, KERNEL, padding="same", use_bias=False)(_active(y))
    return layers.Add()([x, y])
