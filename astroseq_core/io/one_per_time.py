"""One light curve at a time: of several that cover the same time, the best is taken, and it is said what is left out."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import AstroSeqError, LightCurveError
from astroseq_core.io.lightcurve import MIN_CADENCES, LightCurve
from astroseq_core.io.product_order import describe_product, light_curve_rank, light_curve_word

T = TypeVar("T")

#: A gap of a light curve longer than this [d] is time that it does not cover.
MAX_GAP_DAYS = 1.0
#: What is left of a light curve beside better ones is taken from this part of its usable cadences on. Below it, it is a
#: product of the same observation, of which other cadences were found good.
MIN_REST = 0.25

_NUMBERED = re.compile(r"^(?:sector|quarter|campaign) \w+$", re.IGNORECASE)
_SECTOR = re.compile(r"(?<![0-9A-Za-z])s(\d{4})(?![0-9A-Za-z])", re.IGNORECASE)


class LeftOut(NamedTuple):
    """A light curve that is left out, wholly or in part.

    Attributes
    ----------
    observation : str
        Name of its observation.
    reason : str
        One sentence: what is left out, and why.
    word : str
        What a person says to prefer it; "" if it adds nothing.
    """

    observation: str
    reason: str
    word: str = ""

    def __str__(self) -> str:
        return self.reason


class Selection(NamedTuple):
    """Light curves of one star that do not cover any time twice.

    Attributes
    ----------
    curves : tuple of LightCurve
        The light curves, in the order given. Of one that covers some time with a better one, the flux
        of that time is NaN.
    left_out : tuple of LeftOut
        What is left out.
    """

    curves: tuple[LightCurve, ...]
    left_out: tuple[LeftOut, ...] = ()


def select_light_curves(curves: Sequence[LightCurve], prefer: Sequence[str] = ()) -> Selection:
    """Select light curves of one star so that no time counts twice.

    The order of preference is that of `product_order.light_curve_rank`. The same bytes are taken
    once; of one sector, quarter or campaign one light curve is taken; from a light curve that
    overlaps with better ones otherwise, the rest is taken if it is much of it.

    Parameters
    ----------
    curves : sequence of LightCurve
        Light curves of one star.
    prefer : sequence of str, optional
        What the person prefers, the best first; see `product_order.is_preferred`.

    Returns
    -------
    Selection
        The light curves, and what is left out.

    Examples
    --------
    >>> days = 1325.3 + np.arange(2000) / 720
    >>> one = LightCurve.from_arrays(days, 1 + 1e-3 * np.sin(days), "TIC 5", observation="a")
    >>> two = LightCurve.from_arrays(days, 1 + 1e-3 * np.cos(days), "TIC 5", observation="b")
    >>> print(*select_light_curves([one, two]).left_out)
    b (120 s) is left out: a (120 s) covers the same time and is preferred.
    """
    kept, left_out = _select(dict(enumerate(curves)), prefer)
    return Selection(tuple(kept[i] for i in sorted(kept)), tuple(left_out[i] for i in sorted(left_out)))


def _select(curves: Mapping[int, LightCurve], prefer: Sequence[str]) -> tuple[dict[int, LightCurve], dict[int, LeftOut]]:
    """Return the light curves that are taken, the best first, and what is left out, by number."""
    if len(curves) < 2:
        return dict(curves), {}
    kept: dict[int, LightCurve] = {}
    covers: dict[int, NDArray[np.float64]] = {}
    left_out: dict[int, LeftOut] = {}
    for i in sorted(curves, key=lambda i: light_curve_rank(curves[i], prefer)):
        curve = curves[i]
        same = next((k for k in kept if _is_same(curves[k], curve)), None)
        if same is not None:
            left_out[i] = LeftOut(curve.observation, _same_text(curve, curves[same]))
            continue
        hidden = {k: shared for k in kept if (shared := _inside(curve, covers[k])).any()}
        if hidden:
            usable = curve.usable_mask()
            rest = usable & ~np.any(list(hidden.values()), axis=0)
            part = float(rest.sum() / usable.sum())
            same_label = (label := _label(curve)) != "" and label in {_label(curves[k]) for k in hidden}
            is_product = same_label or part < MIN_REST or rest.sum() < MIN_CADENCES
            better = [curves[k] for k in sorted(hidden, key=lambda k: -int(hidden[k].sum()))]
            text = _covered_text(curve, better, 1.0 if is_product else 1 - part)
            left_out[i] = LeftOut(curve.observation, text, light_curve_word(curve))
            if is_product:
                continue
            curve = replace(curve, flux=np.where(rest, curve.flux, np.nan))
        kept[i], covers[i] = curve, _covered_spans(curve)
    return kept, left_out


@dataclass(frozen=True)
class UsedSelection(Generic[T]):
    """What was made of light curves of which none covers the time of another.

    Attributes
    ----------
    curves : tuple of LightCurve
        The light curves that could be used.
    made : tuple of T
        What was made of each.
    left_out : tuple of LeftOut
        What is left out since a better one covers its time.
    failed : tuple of (LightCurve, str)
        The light curves that could not be used, with the reason.
    """

    curves: tuple[LightCurve, ...]
    made: tuple[T, ...]
    left_out: tuple[LeftOut, ...]
    failed: tuple[tuple[LightCurve, str], ...]


def use_light_curves(
    curves: Sequence[LightCurve],
    use: Callable[[LightCurve], T],
    prefer: Sequence[str] = (),
    failures: type[AstroSeqError] = LightCurveError,
) -> UsedSelection[T]:
    """Select light curves and use them; one that cannot be used gives way to the next best of its time.

    Parameters
    ----------
    curves : sequence of LightCurve
        Light curves of one star.
    use : callable
        Makes something of a light curve, or raises an error.
    prefer : sequence of str, optional
        What the person prefers; see `select_light_curves`.
    failures : type, optional
        The errors which mean that a light curve cannot be used; others are passed on.

    Returns
    -------
    UsedSelection
        What was made, what is left out, and what failed.
    """
    left = dict(enumerate(curves))
    made: dict[int, tuple[LightCurve, T]] = {}
    failed: dict[int, tuple[LightCurve, str]] = {}
    while True:
        kept, left_out = _select(left, prefer)
        for i, curve in kept.items():
            if i in made and made[i][0] is curve:
                continue
            try:
                made[i] = curve, use(curve)
            except failures as error:
                failed[i] = curves[i], str(error)
        if not failed.keys() & kept.keys():
            break
        left = {i: curve for i, curve in left.items() if i not in failed}
    return UsedSelection(
        tuple(kept[i] for i in sorted(kept)),
        tuple(made[i][1] for i in sorted(kept)),
        tuple(left_out[i] for i in sorted(left_out)),
        tuple(failed[i] for i in sorted(failed)),
    )


def _is_same(one: LightCurve, other: LightCurve) -> bool:
    """Return whether two light curves are of the same bytes, or hold the same arrays."""
    if one.provenance.sha256 and one.provenance.sha256 == other.provenance.sha256:
        return True
    same_time = one.time_system is other.time_system and np.array_equal(one.time, other.time)
    return same_time and np.array_equal(one.flux, other.flux, equal_nan=True)


def _same_text(curve: LightCurve, kept: LightCurve) -> str:
    if curve.observation == kept.observation:
        return f"{describe_product(curve)} was given twice with the same content; it is taken once."
    return f"{describe_product(curve)} is left out: it has the same content as {describe_product(kept)}."


def _covered_text(curve: LightCurve, better: Sequence[LightCurve], part: float) -> str:
    """Say that a part of a light curve is left out, for better ones of the same time."""
    others = ", ".join(describe_product(one) for one in better[:3])
    others += f" and {len(better) - 3} more" if len(better) > 3 else ""
    verb, is_one = ("covers", "is") if len(better) == 1 else ("cover", "are")
    what = describe_product(curve) if part == 1 else f"{100 * part:.0f} % of {describe_product(curve)}"
    return f"{what} is left out: {others} {verb} {'the same' if part == 1 else 'that'} time and {is_one} preferred."


def _label(curve: LightCurve) -> str:
    """Return the sector, quarter or campaign that the name says; "" if it says none, or several."""
    name = curve.observation.strip()
    if _NUMBERED.match(name):
        return name.lower()
    sectors = set(_SECTOR.findall(name.replace("_", " ")))
    return f"sector {int(sectors.pop())}" if len(sectors) == 1 and curve.instrument.observation_word == "sector" else ""


def _covered_spans(curve: LightCurve) -> NDArray[np.float64]:
    """Return starts and ends [BJD] of the stretches that usable cadences cover, shape (n, 2), in order."""
    time = curve.time[curve.usable_mask()] + curve.time_system.zero_bjd
    if not len(time):
        return np.empty((0, 2))
    breaks = np.flatnonzero(np.diff(time) > MAX_GAP_DAYS)
    half = min(curve.cadence_minutes / 1440, MAX_GAP_DAYS) / 2
    return np.stack([time[np.r_[0, breaks + 1]] - half, time[np.r_[breaks, len(time) - 1]] + half], axis=1)


def _inside(curve: LightCurve, spans: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which usable cadences lie inside stretches that another light curve covers."""
    time = curve.time + curve.time_system.zero_bjd
    if not len(spans) or time[0] > spans[-1, 1] or time[-1] < spans[0, 0]:
        return np.zeros(len(time), dtype=bool)
    at = np.searchsorted(spans[:, 0], time, side="right") - 1
    inside: NDArray[np.bool_] = (at >= 0) & (time <= spans[np.maximum(at, 0), 1]) & curve.usable_mask()
    return inside
