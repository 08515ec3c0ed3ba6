"""CNN+LSTM of the sequential experiments.

It has only standard Keras layers, so its file loads in safe mode.
"""

from typing import TYPE_CHECKING

from astroseq_core.errors import ModelError

if TYPE_CHECKING:
    import keras

#: Largest number of LSTM steps: they run one after the other on any machine.
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
) -> "keras.Model":
    """Build the CNN+LSTM, not compiled.

    Each block is a convolution, batch normalization, ReLU, max-pooling and dropout. An LSTM, a
    dense layer of 64, dropout and a sigmoid follow.

    Input shape: (b, window, channels). Output shape: (b, 1), the probability of a transit.

    Parameters
    ----------
    window : int
        Length of a segment [cadences].
    channels : int
        Number of channels.
    filters : tuple of int, optional
        Number of filters of each block.
    kernel : int, optional
        Length of the convolutions.
    pool : int, optional
        Pooling factor of each block; by default the smallest of 2, 3 and 4 that leaves the LSTM at
        most 128 steps.
    lstm_units : int, optional
        Units of the LSTM.
    bidirectional : bool, optional
        Whether a second LSTM reads backwards.
    dropout : float, optional
        Dropout rate.

    Returns
    -------
    keras.Model
        The network.

    Raises
    ------
    ModelError
        If the LSTM would have fewer than 2 or more than 128 steps.
    """
    places = choose_pool(window, filters=filters, pool=pool)
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


def choose_pool(window: int, *, filters: tuple[int, ...] = (32, 64, 128), pool: int | None = None, **_: object) -> int:
    """Choose the pooling factor for a window, without loading Keras.

    Parameters
    ----------
    window : int
        Length of a segment [cadences].
    filters : tuple of int, optional
        Number of filters of each block.
    pool : int, optional
        Required pooling factor; chosen from 2, 3 and 4 by default.
    **_ : object
        Other options of the network, ignored.

    Returns
    -------
    int
        Pooling factor of each block.

    Raises
    ------
    ModelError
        If the LSTM would have fewer than 2 or more than 128 steps.

    Examples
    --------
    >>> choose_pool(1024)
    2
    """
    choice = [p for p in ((pool,) if pool is not None else POOLS) if lstm_steps(window, len(filters), p) <= MAX_STEPS]
    if not choice or lstm_steps(window, len(filters), choice[0]) < 2:
        raise ModelError(
            f"A window of {window} after {len(filters)} blocks that pool {pool or 'up to 4'} places does not leave the LSTM "
            f"2 to {MAX_STEPS} steps; give another number of filters, another pool or another window."
        )
    return choice[0]


def lstm_steps(window: int, blocks: int, pool: int) -> int:
    """Compute the number of time steps that the LSTM sees.

    Parameters
    ----------
    window : int
        Length of a segment [cadences].
    blocks : int
        Number of blocks.
    pool : int
        Pooling factor of each block.

    Returns
    -------
    int
        Number of steps.
    """
    for _ in range(blocks):
        window //= pool
    return window
