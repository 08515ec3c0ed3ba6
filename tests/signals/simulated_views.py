"""Simulated folded views: boxes and trapezoids for planets, V shapes with a secondary for binaries, waves for the rest."""

from pathlib import Path

import numpy as np

from astroseq_core.signals.views import GLOBAL_BINS, LOCAL_BINS


def dip(phase: np.ndarray, width: float, flat: float) -> np.ndarray:
    """A trapezoid of depth 1 and full width `width`, whose bottom is `flat` of it."""
    slope = np.maximum(width / 2 * (1 - flat), 1e-6)
    return -np.clip((width / 2 - np.abs(phase)) / slope, 0, 1)


def one_signal(label: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Global view, local view and duration over period of a signal with a label of the TESS set."""
    share = rng.uniform(0.02, 0.08)
    whole, near = np.linspace(-0.5, 0.5, GLOBAL_BINS), np.linspace(-2, 2, LOCAL_BINS) * share
    noise = rng.uniform(0.01, 0.06)
    views = []
    secondary, start = rng.uniform(0.2, 0.9), rng.uniform(0, 2 * np.pi)
    for phase in (whole, near):
        if label == "PC":
            flux = dip(phase, share, 0.7)
        elif label == "EB":
            flux = dip(phase, share, 0.0) + secondary * (dip(phase - 0.5, share, 0.0) + dip(phase + 0.5, share, 0.0))
        else:
            flux = np.sin(2 * np.pi * 3 * phase + start) + 0.5 * rng.standard_normal(len(phase))
        views.append(flux + noise * rng.standard_normal(len(phase)))
    return views[0], views[1], share


def write_views(path: Path, labels: list[str], seed: int = 0, *, names: bool = True, extras: bool = True) -> Path:
    """Write a file of views in the lent form; labels PC, EB and J, written as PC and not PC where the latter occurs."""
    rng = np.random.default_rng(seed)
    made = [one_signal({"not PC": "EB" if i % 2 else "J"}.get(label, label), rng) for i, label in enumerate(labels)]
    arrays = {"global_view": np.array([g for g, _, _ in made]), "local_view": np.array([near for _, near, _ in made])}
    if names:
        arrays |= {"label": np.array(labels), "target_id": np.array([f"TIC {seed * 100000 + i}" for i in range(len(labels))])}
    if extras:
        period = rng.uniform(1, 10, len(labels))
        share = np.array([s for _, _, s in made])
        arrays |= {"period_days": period, "duration_hours": share * period * 24, "snr": rng.uniform(10, 50, len(labels))}
    np.savez(path, **arrays)
    return path
