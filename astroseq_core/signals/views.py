"""Folded views of signals: read from a file, checked, normalized, and as the channels that the classifier sees."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import SettingsError
from astroseq_core.io.npz import load_npz
from astroseq_core.paths import parse_path, read_file
from astroseq_core.type_names import AnyArray, Arrays

#: Phase bins of the two views. The global view is the whole orbit with the transit in its middle; the local one is the transit.
GLOBAL_BINS, LOCAL_BINS = 201, 61
#: Numbers that a file may hold beside the views: one a signal, NaN where it is unknown.
EXTRAS = ("period_days", "duration_hours", "snr", "depth_ppm")
#: Other names of them: the lent set of TESS signals has depths of its search, near parts per million.
_OTHER_NAMES = {"depth_ppm": "depth_as_listed"}
_FILE_ARRAYS = ("global_view", "local_view", *EXTRAS, *_OTHER_NAMES.values())
#: Largest file [bytes] and most signals that are read at once; all TCEs of Kepler DR25 are 34,032.
MAX_FILE_BYTES, MAX_SIGNALS = 512 * 1024**2, 500_000
#: Noise below which a view counts as noiseless, as a share of the transit's depth.
NOISE_FLOOR = 0.005
#: Noise of the difference of two neighbors over that of one, times the ratio of the standard deviation to the median deviation.
_STEP_TO_SIGMA = 1.4826 / np.sqrt(2)
#: Limits of the channels: of flux in units of the depth, and of the compressed one.
_MAX_FLUX, _MAX_COMPRESSED, _COMPRESSION = 2.0, 2.0, 3.0

Floats = NDArray[np.float32]
#: Missions whose signals were labelled: their views come from different pipelines.
KINDS = ("tess", "kepler")
#: Labels of the published sets, and the classes that each leaves possible: Kepler's experts did not say what is no planet.
LABELS: dict[str, dict[str, tuple[int, ...]]] = {
    "tess": {"PC": (0,), "EB": (1,), "J": (2,)},
    "kepler": {"PC": (0,), "not PC": (1, 2)},
}
#: All of them: what AstroSeq found itself may have any.
ALL_LABELS = LABELS["tess"] | LABELS["kepler"]


@dataclass(frozen=True, eq=False)
class SignalViews:
    """Folded views of n signals; median 0, deepest point −1.

    Attributes
    ----------
    global_view : ndarray of float32
        The whole orbit, the transit in the middle, shape (n, 201).
    local_view : ndarray of float32
        The transit and its surroundings, shape (n, 61).
    period_days : ndarray of float32
        Periods [d], shape (n,); NaN where unknown.
    duration_hours : ndarray of float32
        Durations of the transits [h], shape (n,); NaN where unknown.
    snr : ndarray of float32
        Signal-to-noise ratios, shape (n,); NaN where unknown.
    depth_ppm : ndarray of float32, optional
        Depths of the transits [ppm], shape (n,); NaN where unknown, which all are by default.
    """

    global_view: Floats
    local_view: Floats
    period_days: Floats
    duration_hours: Floats
    snr: Floats
    depth_ppm: Floats = field(default_factory=lambda: np.empty(0, np.float32))

    def __post_init__(self) -> None:
        """Make depths that were not given unknown."""
        if len(self.depth_ppm) == 0:
            object.__setattr__(self, "depth_ppm", np.full(len(self.global_view), np.nan, np.float32))

    def __len__(self) -> int:
        """Return the number of signals."""
        return len(self.global_view)

    def take(self, rows: NDArray[np.int64]) -> "SignalViews":
        """Return some of the signals.

        Parameters
        ----------
        rows : ndarray of int
            Their rows.

        Returns
        -------
        SignalViews
            The signals in that order.
        """
        return SignalViews(*(getattr(self, name)[rows] for name in ("global_view", "local_view", *EXTRAS)))

    def without_extras(self) -> "SignalViews":
        """Return the same views with period, duration, signal-to-noise ratio and depth unknown.

        Returns
        -------
        SignalViews
            The views alone.
        """
        unknown = np.full(len(self), np.nan, np.float32)
        return SignalViews(self.global_view, self.local_view, *[unknown] * len(EXTRAS))


@dataclass(frozen=True, eq=False)
class LabelledViews:
    """Views with what experts said they are.

    Attributes
    ----------
    views : SignalViews
        The views of n signals.
    labels : ndarray of str
        Their labels, as in the file, shape (n,).
    stars : ndarray of str
        The stars that they belong to, shape (n,).
    """

    views: SignalViews
    labels: NDArray[np.str_]
    stars: NDArray[np.str_]


def read_views(path: str | Path) -> SignalViews:
    """Read the views of a file; labels that stand in it are not looked at.

    Parameters
    ----------
    path : str or Path
        An `.npz` file with `global_view` (n, 201), `local_view` (n, 61) and, optionally, `period_days`, `duration_hours`,
        `snr` and `depth_ppm`, each (n,).

    Returns
    -------
    SignalViews
        The views, normalized.

    Raises
    ------
    SettingsError
        If the file cannot be read or holds no such views.
    LightCurveError
        If the file is damaged or unpacks to too much.
    """
    place = parse_path(path, SettingsError)
    return _make_views(_load(place, _FILE_ARRAYS), place.name)


def read_labelled_views(path: str | Path) -> LabelledViews:
    """Read the views of a file with their labels and stars, for training and measuring.

    Parameters
    ----------
    path : str or Path
        A file as for `read_views` that also has `label` and `target_id`, each (n,).

    Returns
    -------
    LabelledViews
        The views.

    Raises
    ------
    SettingsError
        If the file cannot be read or lacks labels or stars.
    LightCurveError
        If the file is damaged or unpacks to too much.
    """
    place = parse_path(path, SettingsError)
    arrays = _load(place, (*_FILE_ARRAYS, "label", "target_id"))
    views = _make_views(arrays, place.name)
    texts = []
    for name in ("label", "target_id"):
        if name not in arrays:
            raise SettingsError(f"{place.name} has no {name}; to train or to measure, each signal needs its label and its star.")
        if arrays[name].shape != (len(views),) or arrays[name].dtype.kind != "U":
            raise SettingsError(f"{name} of {place.name} must be one text for each of its {len(views)} signals.")
        texts.append(arrays[name])
    return LabelledViews(views, *texts)


def _load(path: Path, wanted: tuple[str, ...]) -> Arrays:
    return load_npz(read_file(path, MAX_FILE_BYTES, SettingsError), path.name, wanted, "file of views")


def _make_views(arrays: Arrays, name: str) -> SignalViews:
    """Return the checked and normalized views of a file's arrays."""
    for view, bins in (("global_view", GLOBAL_BINS), ("local_view", LOCAL_BINS)):
        if view not in arrays:
            raise SettingsError(
                f"{name} has no {view}; it must hold global_view (n, {GLOBAL_BINS}) and local_view (n, {LOCAL_BINS})."
            )
        if arrays[view].ndim != 2 or arrays[view].shape[1] != bins:
            raise SettingsError(f"{view} of {name} has the shape {arrays[view].shape}; it must be (n, {bins}).")
    count = len(arrays["global_view"])
    if count == 0:
        raise SettingsError(f"{name} holds no signal; give at least one.")
    if count > MAX_SIGNALS:
        raise SettingsError(f"{name} holds {count:,} signals; split it into files of at most {MAX_SIGNALS:,}.")
    if len(arrays["local_view"]) != count:
        raise SettingsError(
            f"{name} has {count} global views and {len(arrays['local_view'])} local ones; each signal needs both."
        )
    values = [normalize(_numbers(arrays[view], view, name), f"{view} of {name}") for view in ("global_view", "local_view")]
    for wanted in EXTRAS:
        extra = wanted if wanted in arrays else _OTHER_NAMES.get(wanted, wanted)
        if extra not in arrays:
            values.append(np.full(count, np.nan, np.float32))
            continue
        if arrays[extra].shape != (count,):
            raise SettingsError(
                f"{extra} of {name} has the shape {arrays[extra].shape}; it must be ({count},), one for each signal."
            )
        number = _numbers(arrays[extra], extra, name)
        values.append(np.where(np.isfinite(number) & (number > 0), number, np.float32(np.nan)))
    return SignalViews(*values)


def _numbers(array: AnyArray, what: str, name: str) -> Floats:
    if array.dtype.kind not in "fiu":
        raise SettingsError(f"{what} of {name} does not hold numbers; write it as floating-point numbers.")
    with np.errstate(over="ignore"):
        return np.asarray(array, np.float32)


def normalize(view: Floats, what: str = "the view") -> Floats:
    """Return views with median 0 and deepest point −1.

    Parameters
    ----------
    view : ndarray of float32
        Folded flux in any unit, shape (n, bins).
    what : str, optional
        What to call it in messages.

    Returns
    -------
    ndarray of float32
        The normalized views, same shape.

    Raises
    ------
    SettingsError
        If a value is not finite, or a view has no point below its median.

    Examples
    --------
    >>> normalize(np.array([[1.0, 1.0, 0.5, 1.0]], np.float32)).tolist()
    [[0.0, 0.0, -1.0, 0.0]]
    """
    finite = np.isfinite(view).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise SettingsError(f"Row {row} of {what} has a value that is not finite; fill empty bins, or leave the signal out.")
    # in double precision: large offsets would otherwise leave nothing of a shallow transit
    flux = np.asarray(view, np.float64)
    flux = flux - np.median(flux, axis=1, keepdims=True)
    depth = -flux.min(axis=1)
    if not (depth > 0).all():
        row = int(np.argmin(depth > 0))
        raise SettingsError(f"Row {row} of {what} has no dip: no value lies below its median; leave the signal out.")
    return np.asarray(flux / depth[:, None], np.float32)


def step_noise(view: Floats) -> Floats:
    """Estimate the noise of single bins from the differences of neighbors, which slow changes leave alone.

    Parameters
    ----------
    view : ndarray of float32
        Views, shape (n, bins).

    Returns
    -------
    ndarray of float32
        Standard deviations as shares of the depth, shape (n,).
    """
    return np.asarray(_STEP_TO_SIGMA * np.median(np.abs(np.diff(view, axis=1)), axis=1), np.float32)


def view_channels(view: Floats) -> Floats:
    """Return what the classifier sees of views: flux in units of the depth, and flux in units of the noise, compressed.

    The second shows a secondary eclipse of a hundredth of the depth where the noise allows to see it.

    Parameters
    ----------
    view : ndarray of float32
        Views, shape (n, bins).

    Returns
    -------
    ndarray of float32
        Channels, shape (n, bins, 2).
    """
    noise = np.maximum(step_noise(view), NOISE_FLOOR)[:, None]
    compressed = np.clip(np.arcsinh(view / noise) / _COMPRESSION, -_MAX_COMPRESSED, _MAX_COMPRESSED)
    return np.asarray(np.stack([np.clip(view, -1, _MAX_FLUX), compressed], axis=-1), np.float32)


def even_and_odd(channels: Floats) -> Floats:
    """Return the part of channels that is the same on both sides of the transit, and the part that changes its sign.

    Half as many bins say the same, and reflecting a view in time only changes the sign of the second part.

    Parameters
    ----------
    channels : ndarray of float32
        Channels of views with an odd number of bins, shape (n, bins, k).

    Returns
    -------
    ndarray of float32
        From the middle outwards, even parts first, shape (n, bins // 2 + 1, 2 k).

    Examples
    --------
    >>> even_and_odd(np.array([[[1.0], [2.0], [4.0]]], np.float32))[0].tolist()
    [[2.0, 0.0], [2.5, 1.5]]
    """
    middle = channels.shape[1] // 2
    after, before = channels[:, middle:], channels[:, middle::-1]
    return np.concatenate([(after + before) / 2, (after - before) / 2], axis=-1)


def label_kind(data: LabelledViews) -> str:
    """Return the kind of labelled views, by their labels.

    Parameters
    ----------
    data : LabelledViews
        The views.

    Returns
    -------
    str
        One of `KINDS`.

    Raises
    ------
    SettingsError
        If a label is unknown, or labels of both kinds stand together.
    """
    found = set(data.labels.tolist())
    for kind in KINDS:
        if found <= set(LABELS[kind]) and (kind == "tess" or "not PC" in found):
            return kind
    raise SettingsError(
        f"The labels are {', '.join(sorted(found)[:6])}; they must be PC, EB and J (TESS), or PC and not PC (Kepler)."
    )
