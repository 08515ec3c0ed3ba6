"""Trainings of a few steps, without the graph of a step, whose making takes longer."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step_by_step() -> Iterator[None]:
    """TensorFlow runs its functions as they are written."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)
