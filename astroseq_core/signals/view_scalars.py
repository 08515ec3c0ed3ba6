"""Numbers measured on folded views: shape, secondary, variation with the orbit, noise; and period, duration, strength, depth."""

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from astroseq_core.signals.views import EXTRAS, GLOBAL_BINS, LOCAL_BINS, NOISE_FLOOR, SignalViews, step_noise

#: Middle of the views [bin].
_GLOBAL_MIDDLE, _LOCAL_MIDDLE = GLOBAL_BINS // 2, LOCAL_BINS // 2
#: Depths at which widths are measured, as shares of the deepest point.
_LEVELS = (0.25, 0.5, 0.75)
#: Widest box that a secondary is searched with [bins].
_MAX_BOX = 15
#: Bins around phase 0.5 where the secondary of a circular orbit stands.
_HALF_PHASE = (0, 1, 2, GLOBAL_BINS - 3, GLOBAL_BINS - 2, GLOBAL_BINS - 1)
#: Regularization of the fit of harmonics, for views that are almost all in transit.
_RIDGE = 1e-3
#: Duration of a central transit of the Sun by a small planet with a period of one year [h], for the expected duration.
_SOLAR_HOURS, _YEAR_DAYS = 13.0, 365.25
#: Logarithms are taken of numbers at least this large.
_TINY = 1e-3
#: Depth of an eclipse that takes all light [ppm].
_MAX_PPM = 1e6
#: Trapezoids that are laid over the transit: full widths [bins], and the flat share of each; 0 is a V, as of grazing eclipses.
_TRAPEZOID_WIDTHS = (3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 21, 24)
_FLAT_SHARES = (0.0, 0.25, 0.5, 0.7, 0.85, 1.0)
_BOX_SHARE = 0.85
#: Fits that differ by less, as a share, are the same.
_SAME_FIT = 1e-9
#: Edges of the averages over both sides of the transit, from its middle [bins].
_LOCAL_EDGES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 19, 23, 27, 31)
_GLOBAL_EDGES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28, 36, 46, 58, 72, 86, 96, 98, 101)

_Doubles = NDArray[np.float64]

#: Numbers that need period, duration, signal-to-noise ratio or depth, by what they need; NaN where it is unknown.
NEEDS: dict[str, tuple[str, ...]] = {
    "log_period": ("period_days",),
    "log_duration": ("duration_hours",),
    "log_duration_over_period": ("period_days", "duration_hours"),
    "log_duration_over_expected": ("period_days", "duration_hours"),
    "log_width_over_duration": ("period_days", "duration_hours"),
    "log_snr": ("snr",),
    "log_snr_over_view_snr": ("snr",),
    "log_depth": ("depth_ppm",),
    "log_noise_ppm": ("depth_ppm",),
}


def view_scalars(views: SignalViews) -> dict[str, NDArray[np.float32]]:
    """Measure what tells planets, binaries and other signals apart.

    Depths, noise and amplitudes are shares of the transit's depth. Reflecting a view in time changes nothing.

    Parameters
    ----------
    views : SignalViews
        Views of n signals.

    Returns
    -------
    dict of str to ndarray
        Arrays of shape (n,) by name; those in `NEEDS` are NaN where what they need is unknown.
    """
    whole, transit = np.asarray(views.global_view, np.float64), np.asarray(views.local_view, np.float64)
    found = _widths(whole, transit) | _transit_shape(transit, step_noise(views.local_view))
    width = found["global_width_0.5"]
    from_middle = np.abs(np.arange(GLOBAL_BINS) - _GLOBAL_MIDDLE)
    outside = np.asarray(from_middle[None, :] > np.maximum(3, found["global_width_0.25"])[:, None])
    level, noise = _level_and_noise(whole, outside)
    found |= {
        "log_noise": np.log(noise + _TINY),
        "log_step_noise": np.log(step_noise(views.global_view) + _TINY),
        "log_local_step_noise": np.log(step_noise(views.local_view) + _TINY),
        "log_global_max": np.log1p(np.maximum(whole.max(axis=1), 0)),
        "log_local_max": np.log1p(np.maximum(transit.max(axis=1), 0)),
    }
    found["log_red_noise"] = found["log_noise"] - found["log_step_noise"]
    box = np.clip(np.round(width), 1, _MAX_BOX).astype(np.int64) | 1
    box_noise = noise / np.sqrt(box) + 2 * NOISE_FLOOR
    found |= _secondary(whole, box, level, box_noise)
    found |= _trapezoid(transit)
    found |= _side_means("local", transit, _LOCAL_MIDDLE, _LOCAL_EDGES)
    found |= _side_means("global", whole, _GLOBAL_MIDDLE, _GLOBAL_EDGES)
    found |= _harmonics(whole, outside, box_noise)
    found |= _catalog_numbers(views, width, box_noise, found.pop("box_depth"))
    return {name: np.asarray(value, np.float32) for name, value in found.items()}


def _widths(whole: _Doubles, transit: _Doubles) -> dict[str, _Doubles]:
    """Return how many bins lie below each level, anywhere and without a break from the middle on."""
    found: dict[str, _Doubles] = {
        "global_middle": whole[:, _GLOBAL_MIDDLE - 2 : _GLOBAL_MIDDLE + 3].min(axis=1),
        "local_middle": transit[:, _LOCAL_MIDDLE - 4 : _LOCAL_MIDDLE + 5].min(axis=1),
    }
    for level in _LEVELS:
        for name, view, middle in (("global", whole, _GLOBAL_MIDDLE), ("local", transit, _LOCAL_MIDDLE)):
            low = view < -level
            found[f"{name}_bins_{level}"] = low.sum(axis=1).astype(np.float64)
            sides = (low[:, middle:], low[:, middle::-1])
            found[f"{name}_width_{level}"] = sum((_run_length(side) for side in sides), np.zeros(len(view)))
    found["flatness"] = found["local_width_0.75"] / np.maximum(found["local_width_0.25"], 1)
    return found


def _run_length(low: NDArray[np.bool_]) -> _Doubles:
    """Return how many of the first bins of each row are true."""
    ended = np.concatenate([low, np.zeros((len(low), 1), bool)], axis=1)
    return np.asarray(np.argmin(ended, axis=1), np.float64)


def _transit_shape(transit: _Doubles, noise: NDArray[np.float32]) -> dict[str, _Doubles]:
    middle, mirrored = transit[:, 15:46], transit[:, 15:46][:, ::-1]
    asymmetry = np.log(((middle - mirrored) ** 2).mean(axis=1) + 1e-4)
    return {
        "mean_in_transit": transit[:, 26:35].mean(axis=1),
        "mean_around_transit": transit[:, 22:39].mean(axis=1),
        "mean_at_edges": np.concatenate([transit[:, :10], transit[:, -10:]], axis=1).mean(axis=1),
        "log_asymmetry": asymmetry,
        "log_asymmetry_over_noise": asymmetry - 2 * np.log(noise + _TINY),
        "step": np.abs(transit[:, -15:].mean(axis=1) - transit[:, :15].mean(axis=1)),
        "contrast": transit[:, 24:37].mean(axis=1) - (transit[:, 8:18].mean(axis=1) + transit[:, 43:53].mean(axis=1)) / 2,
    }


def _trapezoid(transit: _Doubles) -> dict[str, _Doubles]:
    """Return the symmetric trapezoid that fits best, and how much worse the best V and the best box fit."""
    bins = transit.shape[1]
    away = np.abs(np.arange(bins) - _LOCAL_MIDDLE)
    shapes = [(width, flat) for width in _TRAPEZOID_WIDTHS for flat in _FLAT_SHARES]
    slopes = [max(width / 2 * (1 - flat), 0.5) for width, flat in shapes]
    # a quarter of a bin wider: what a bin averages reaches beyond its middle
    models = np.array([-np.clip((w / 2 + 0.25 - away) / slope, 0, 1) for (w, _), slope in zip(shapes, slopes, strict=True)])
    models -= models.mean(axis=1, keepdims=True)
    norms = (models**2).sum(axis=1)
    flux = np.clip(transit, -1.2, 1)
    flux = flux - flux.mean(axis=1, keepdims=True)
    depth = np.maximum(flux @ models.T / norms, 0)
    explained = depth**2 * norms
    total = (flux**2).sum(axis=1) + 1e-9
    # narrow trapezoids of several flat shares are one shape: the first counts, whatever rounding says
    rows, best = np.arange(len(flux)), (explained >= (1 - _SAME_FIT) * explained.max(axis=1, keepdims=True)).argmax(axis=1)
    width, flat = np.array(shapes).T
    least = total - explained[rows, best]
    as_v, as_box = (total - explained[:, pick].max(axis=1) for pick in (flat == 0, flat >= _BOX_SHARE))
    floor, noise = _TINY * bins, np.sqrt(np.maximum(least, 0) / (bins - 4))
    return {
        "trapezoid_width": width[best],
        "trapezoid_flat_share": flat[best],
        "trapezoid_depth": depth[rows, best],
        "trapezoid_explained": explained[rows, best] / total,
        "log_v_over_box": np.log((as_v + floor) / (as_box + floor)),
        "log_v_over_best": np.log((as_v + floor) / (least + floor)),
        "log_box_over_best": np.log((as_box + floor) / (least + floor)),
        "log_trapezoid_residual": np.log(noise + _TINY),
        "log_trapezoid_strength": np.log(depth[rows, best] * np.sqrt(norms[best]) / (noise + 0.01) + 0.1),
    }


def _side_means(name: str, view: _Doubles, middle: int, edges: tuple[int, ...]) -> dict[str, _Doubles]:
    """Return means over ranges of distance from the middle, of both sides together."""
    both = (view[:, middle:] + view[:, middle::-1][:, : view.shape[1] - middle]) / 2
    return {f"{name}_mean_{low}": both[:, low:high].mean(axis=1) for low, high in pairwise(edges)}


def _level_and_noise(whole: _Doubles, outside: NDArray[np.bool_]) -> tuple[_Doubles, _Doubles]:
    """Return the median out of transit and the noise there; of views that are all in transit, 0 and half the depth."""
    has_any = outside.any(axis=1)
    counts = np.logical_or(outside, np.logical_not(has_any)[:, None])
    apart = np.where(counts, whole, np.nan)
    level = np.where(has_any, np.nanmedian(apart, axis=1), 0.0)
    noise = 1.4826 * np.nanmedian(np.abs(apart - level[:, None]), axis=1)
    return level, np.where(has_any, noise, 0.5)


def _secondary(whole: _Doubles, box: NDArray[np.int64], level: _Doubles, noise: _Doubles) -> dict[str, _Doubles]:
    """Return the deepest dip as wide as the transit elsewhere in the orbit, and what it competes with."""
    rows, place = np.arange(len(whole)), np.arange(GLOBAL_BINS)
    total = np.cumsum(np.concatenate([np.zeros((len(whole), 1)), np.tile(whole, 3)], axis=1), axis=1)
    half = box[:, None] // 2
    index = place[None, :] + GLOBAL_BINS
    means = (np.take_along_axis(total, index + half + 1, 1) - np.take_along_axis(total, index - half, 1)) / box[:, None]
    primary = means[:, _GLOBAL_MIDDLE]
    away = np.abs(place - _GLOBAL_MIDDLE) > np.maximum(3, 2 * box)[:, None]
    where = np.where(away, means, np.inf).argmin(axis=1)
    secondary = means[rows, where]
    apart = away & (np.abs(place - where[:, None]) > 2 * box[:, None])
    third = _finite(np.where(apart, means, np.inf).min(axis=1))
    highest = _finite(np.where(away, means, -np.inf).max(axis=1))
    at_half = np.minimum(means[:, _HALF_PHASE].min(axis=1), 0)
    depth = np.minimum(primary, -0.05)
    return {
        "box_depth": -depth,
        "primary_strength": np.arcsinh((primary - level) / noise),
        "secondary_ratio": (secondary - level) / depth,
        "secondary_strength": np.arcsinh((secondary - level) / noise),
        "secondary_phase": np.abs(where - _GLOBAL_MIDDLE) / GLOBAL_BINS,
        "secondary_over_third": np.arcsinh((secondary - third) / noise),
        "half_phase_ratio": (at_half - level) / depth,
        "half_phase_strength": np.arcsinh((at_half - level) / noise),
        "bump_strength": np.arcsinh((highest - level) / noise),
    }


def _finite(values: _Doubles) -> _Doubles:
    return np.where(np.isfinite(values), values, 0.0)


def _harmonics(whole: _Doubles, outside: NDArray[np.bool_], noise: _Doubles) -> dict[str, _Doubles]:
    """Return the amplitudes of waves with the period and half of it out of transit: reflection, beaming, ellipsoidal."""
    phase = 2 * np.pi * (np.arange(GLOBAL_BINS) - _GLOBAL_MIDDLE) / GLOBAL_BINS
    waves = np.stack([np.ones(GLOBAL_BINS), *(f(k * phase) for k in (1, 2) for f in (np.cos, np.sin))], axis=1)
    weights = outside.astype(np.float64)
    normal = np.einsum("ni,ij,ik->njk", weights, waves, waves, optimize=True) + _RIDGE * np.eye(waves.shape[1])
    aim = (weights * np.clip(whole, -1, 2)) @ waves
    amplitude = np.linalg.solve(normal, aim[..., None])[..., 0]
    found = {}
    for k, name in enumerate(("cosine_1", "sine_1", "cosine_2", "sine_2"), start=1):
        # time's direction is not known to matter, so sines have no sign
        value = np.abs(amplitude[:, k]) if name.startswith("sine") else amplitude[:, k]
        found[f"{name}_strength"] = np.arcsinh(value / noise)
        found[name] = np.arcsinh(10 * value)
    return found


def _catalog_numbers(views: SignalViews, width: _Doubles, noise: _Doubles, depth: _Doubles) -> dict[str, _Doubles]:
    """Return logarithms of period, duration, strength and depth, and what they say beside the views."""
    period, hours, snr, ppm = (np.asarray(getattr(views, name), np.float64) for name in EXTRAS)
    log_depth = np.log(np.minimum(ppm, _MAX_PPM))
    share = hours / 24 / period
    return {
        "log_period": np.log(period),
        "log_duration": np.log(hours),
        "log_duration_over_period": np.log(share),
        "log_duration_over_expected": np.log(hours / (_SOLAR_HOURS * np.cbrt(period / _YEAR_DAYS))),
        "log_width_over_duration": np.log(width + 1) - np.log(GLOBAL_BINS * share + 1),
        "log_snr": np.log(snr),
        "log_snr_over_view_snr": np.log(snr) - np.log(depth / noise),
        "log_depth": log_depth,
        "log_noise_ppm": log_depth - np.log(depth / noise),
    }


@cache
def scalar_names() -> tuple[str, ...]:
    """Return the names of all scalars, in order.

    Returns
    -------
    tuple of str
        The names.
    """
    one = np.ones(1, np.float32)
    dip = [-np.exp(-(np.arange(-(n // 2), n // 2 + 1, dtype=np.float32) ** 2)) for n in (GLOBAL_BINS, LOCAL_BINS)]
    return tuple(view_scalars(SignalViews(dip[0][None], dip[1][None], *[one] * len(EXTRAS))))
