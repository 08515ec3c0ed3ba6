"""Kinds of what the classifier of signals reads: files of folded views."""

from pathlib import Path
from typing import Any

import numpy as np

from astroseq_core.signals import views
from tests.fuzz.harness import Kind, WrongError
from tests.fuzz.light_curves import damaged_npz

NUM_SIGNALS = 12


def view_arrays() -> dict[str, Any]:
    """The arrays of a file of views, labels and all."""
    rng = np.random.default_rng(3)
    arrays: dict[str, Any] = {}
    for name, bins in (("global_view", views.GLOBAL_BINS), ("local_view", views.LOCAL_BINS)):
        arrays[name] = rng.normal(0.0, 0.1, (NUM_SIGNALS, bins)).astype(np.float16)
        arrays[name][:, bins // 2] = -1.0
    for name in views.EXTRAS:
        arrays[name] = rng.uniform(1.0, 10.0, NUM_SIGNALS).astype(np.float32)
    stars = np.array([f"TIC {n}" for n in range(NUM_SIGNALS)])
    return {**arrays, "label": np.array(["PC", "EB", "J"] * (NUM_SIGNALS // 3)), "target_id": stars}


def check_views(value: bytes, folder: Path) -> None:
    """Read a file of views; what is read is finite, with median 0 and deepest point -1."""
    path = folder / "fuzzed.npz"
    path.write_bytes(value)
    found = views.read_views(path)
    for view, bins in ((found.global_view, views.GLOBAL_BINS), (found.local_view, views.LOCAL_BINS)):
        if view.shape != (len(found), bins) or not np.isfinite(view).all():
            raise WrongError("views of another shape, or not finite")
        if not np.allclose(np.median(view, axis=1), 0, atol=1e-6) or not np.allclose(view.min(axis=1), -1, atol=1e-6):
            raise WrongError("views that are not normalized")
    for name in views.EXTRAS:
        extra = getattr(found, name)
        if extra.shape != (len(found),) or not (np.isnan(extra) | (np.isfinite(extra) & (extra > 0))).all():
            raise WrongError(f"{name} that is neither unknown nor a number above 0")


KINDS = (
    Kind(
        "folded views",
        damaged_npz(view_arrays, ("global_view", "local_view", *views.EXTRAS)),
        check_views,
        lambda value: ("fuzzed",),
    ),
)
