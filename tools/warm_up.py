"""Compile once, at set-up, what numba would else compile while a person waits for the first chart (some 20 seconds)."""

import numpy as np
from wotan import flatten

time = np.arange(0.0, 3.0, 0.02)
flatten(time, 1 + 1e-3 * np.sin(time), method="biweight", window_length=0.5, break_tolerance=0.5, return_trend=True)
