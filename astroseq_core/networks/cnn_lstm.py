"""The CNN+LSTM of the sequential experiments, of standard layers only, so that its file loads in Keras' safe mode."""

from typing import Any

from astroseq_core.errors import ModelError

#: The LSTM walks along no more steps than this: each waits for the one before, on any machine.
MAX_STEPS = 128
POOLS = (2, 3, 4)
DENSE_UNITS = 64


def build_cnn_lstm(
    window: int,
    channels: int,
    *,
    filters: tuple[int, ...] = (32, 64, 128),
    kernel: int = 5,
    pool: int | None = None,
    lstm_units: int = 64,
    bidirectional: bool = True,
    dropout: float = 0.3,
) -> Any:
    """A keras.Model, not compiled: segments (b, window, channels) -> probability of a transit (b, 1).

    One block for each number of ``filters``: convolution over ``kernel`` places, batch norm, ReLU, max-pool over ``pool`` places,
    dropout. Then an LSTM (with ``bidirectional`` one from either end), a dense layer of 64, dropout, a sigmoid. ``pool`` None
    takes the smallest of 2, 3 and 4 that leaves the LSTM at most 128 steps. Raises ModelError where that is not met, or where
    the blocks pool all of the window away.
    """
    places = check(window, filters=filters, pool=pool)
    import keras
    from keras import layers

    inputs = keras.Input((window, channels), name="segments")
    x = inputs
    for width in filters:
        x = layers.Conv1D(width, kernel, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.MaxPooling1D(places)(x)
        x = layers.Dropout(dropout)(x)
    lstm = layers.LSTM(lstm_units)
    x = (layers.Bidirectional(lstm) if bidirectional else lstm)(x)  # (b, lstm_units or twice that)
    x = layers.Dense(DENSE_UNITS, activation="relu")(x)
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(1, activation="sigmoid", name="probability")(x)
    return keras.Model(inputs, outputs, name="cnn_lstm")


def check(window: int, *, filters: tuple[int, ...] = (32, 64, 128), pool: int | None = None, **_: Any) -> int:
    """How many places each block pools; raises ModelError where the window does not suit. Loads nothing."""
    choice = [p for p in ((pool,) if pool is not None else POOLS) if steps(window, len(filters), p) <= MAX_STEPS]
    if not choice or steps(window, len(filters), choice[0]) < 2:
        raise ModelError(
            f"A window of {window} after {len(filters)} blocks that pool {pool or 'up to 4'} places does not leave the LSTM "
            f"2 to {MAX_STEPS} steps; give another number of filters, another pool or another window."
        )
    return choice[0]


def steps(window: int, blocks: int, pool: int) -> int:
    """How many steps the LSTM takes after so many blocks that pool ``pool`` places each."""
    for _ in range(blocks):
        window //= pool
    return window
