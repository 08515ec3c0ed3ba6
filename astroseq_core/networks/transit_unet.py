"""AstroSeq's own network: one probability for the segment and one for every few cadences, from the same features."""

from typing import Any

from astroseq_core.errors import ModelError

STEM_KERNEL, KERNEL = 9, 5
#: Of the batch normalisation's averages: small sets are seen a few dozen times only.
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
) -> Any:
    """A keras.Model, not compiled: segments (b, window, channels) -> {"segment": (b, 1), "cadence": (b, places, 1)}.

    ``places`` is window // stem_stride; both outputs are probabilities. A one-dimensional U-Net (Ronneberger et al. 2015) of
    pre-activated residual blocks; ``widths``: filters of each level, each of half the places of the one before; ``context``:
    self-attention layers over the coarsest level, where a dip is compared with the rest of the segment. The segment's
    probability comes from the coarsest features and from the places' own evidence, so that a short dip is not averaged away.
    Raises ModelError when the window does not divide.
    """
    check(window, stem_stride=stem_stride, widths=widths)
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
    # The strongest place's own logit goes past the dense layer too: for one clear dip it is the answer.
    features = layers.Concatenate()([layers.Dropout(dropout)(features), strongest])
    segment = layers.Dense(1, activation="sigmoid", name="segment")(features)
    return keras.Model(inputs, {"segment": segment, "cadence": cadence}, name="transit_unet_1d")


def check(window: int, *, stem_stride: int = 4, widths: tuple[int, ...] = (32, 48, 64, 96), **_: Any) -> None:
    """Raise ModelError where a network of those options cannot have that window; loads nothing."""
    coarsest = stem_stride * 2 ** (len(widths) - 1)
    if window % coarsest:
        raise ModelError(f"The window must be a multiple of {coarsest} cadences for this network, not {window}.")


def _active(x: Any) -> Any:
    from keras import layers

    return layers.Activation("relu")(layers.BatchNormalization(momentum=MOMENTUM)(x))


def _residual(x: Any, width: int) -> Any:
    """Two convolutions past which the input is added; (b, places, width) -> the same shape."""
    from keras import layers

    y = layers.Conv1D(width, KERNEL, padding="same", use_bias=False)(_active(x))
    y = layers.Conv1D(width, KERNEL, padding="same", use_bias=False)(_active(y))
    return layers.Add()([x, y])
