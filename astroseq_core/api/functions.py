"""The functions of the front door: search, read, open_star, score, vet, load_model."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from astroseq_core.api import inputs
from astroseq_core.api.inputs import EphemeridesInput, OpenOptions, StarInput
from astroseq_core.api.results import ScoreResult, VettingResult
from astroseq_core.api.search_result import SearchResult
from astroseq_core.api.star import Star
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError
from astroseq_core.io import lightkurve_objects
from astroseq_core.io import read as readers
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks import model as models
from astroseq_core.networks.model import Model
from astroseq_core.paths import parse_path
from astroseq_core.preprocessing.prepare import PreprocessingConfig
from astroseq_core.targets import Target

if TYPE_CHECKING:
    import lightkurve


def search(
    name: str | Target, *, author: str | None = "any", exposure_seconds: float | None = None, mission: str | None = None
) -> SearchResult:
    """Search MAST for the light curves of a star.

    Parameters
    ----------
    name : str or Target
        Identifier, or name of a star or planet, such as "TIC 261136679" or "TOI 700".
    author : str or None, optional
        Author (pipeline), such as "SPOC" or "QLP"; "any" for all, None for the mission's usual one.
    exposure_seconds : float, optional
        Exposure [s].
    mission : str, optional
        Kepler, K2 or TESS: which identifier to search for a star that several missions observed.

    Returns
    -------
    SearchResult
        What there is; it can be cut like a list, downloaded, and opened as a star. Empty if the
        archive has none.

    Raises
    ------
    TargetError
        If the name is unknown, several stars have it, or the star is simulated.
    ArchiveError
        If the archive does not answer.

    Examples
    --------
    >>> import astroseq_core as aq
    >>> found = aq.search("TIC 261136679", author="SPOC")  # doctest: +SKIP
    >>> star = found[:2].open()  # doctest: +SKIP
    """
    from astroseq_core.archive import mast

    target = inputs.resolve(name, mission)
    return SearchResult(target, mast.search(target, author=author, exposure_seconds=exposure_seconds))


def read(
    source: "str | Path | LightCurve | lightkurve.LightCurve",
    *,
    target: Target | str | None = None,
    mission: str | None = None,
) -> LightCurve:
    """Read one light curve: of a file, or of a lightkurve object.

    Parameters
    ----------
    source : str, Path, lightkurve.LightCurve or LightCurve
        A FITS file (any product that lightkurve reads), `.npz` or CSV; or a light curve.
    target : Target or str, optional
        The star, where the file does not say it.
    mission : str, optional
        The mission that took the data, where a lightkurve object does not say it.

    Returns
    -------
    LightCurve
        The checked light curve.

    Raises
    ------
    LightCurveError
        If it cannot be read or is no usable light curve.
    TargetError
        If the star is unknown, or another one than `target`.
    TimeSystemError
        If the times do not fit the mission.

    Examples
    --------
    >>> import astroseq_core as aq
    >>> curve = aq.read("tess2018206045859-s0001-0000000261136679-0120-s_lc.fits")  # doctest: +SKIP
    """
    if isinstance(source, LightCurve):
        return source
    star = None if target is None else inputs.resolve(target)
    if isinstance(source, (str, Path)):
        return readers.read_light_curve(parse_path(source), target=star)
    if lightkurve_objects.is_lightkurve(source):
        return lightkurve_objects.from_lightkurve(source, target=star, mission=mission)
    raise LightCurveError(
        f"A {type(source).__name__} is no file and no light curve; give a path or a light curve of lightkurve. Arrays become "
        "one with LightCurve.from_arrays."
    )


def open_star(
    what: StarInput,
    folder: str | Path | None = None,
    ephemerides: EphemeridesInput | None = None,
    *,
    observations: str | Sequence[str] = (),
    target: Target | str | None = None,
    mission: str | None = None,
    fetch: bool = False,
    max_observations: int | None = None,
    preprocessing: PreprocessingConfig | None = None,
    prefer: str | Sequence[str] = (),
) -> Star:
    """Open a star, from whatever you have of it.

    A named star is simulated ("SIM 1"), read from `folder`, or else from the cache. Files and light
    curves are taken as they are; all must be of one star. Of several that cover the same time one is
    taken, in the order of preference of docs/files.md; the star's `left_out` says which are not.

    Parameters
    ----------
    what : str, Target, Path, LightCurve, lightkurve.LightCurve, or a sequence of files or light curves
        Name of a star, its light curves in files (or a folder of its files) or in memory.
    folder : str or Path, optional
        Folder of light curves in which a named star is looked for.
    ephemerides : str, Path, Ephemeris or iterable of Ephemeris, optional
        Known signals, or the path of a table of them; by default those of the catalogs here, and of
        the simulation for simulated stars.
    observations : str or sequence of str, optional
        Names of the observations to open; by default all.
    target : Target or str, optional
        The star, where its light curves do not say it.
    mission : str, optional
        The mission, where light curves do not say it, or whose star a name means.
    fetch : bool, optional
        Whether to download the light curves of a named star into the cache first.
    max_observations : int, optional
        With `fetch`, download only this many observations, the first ones.
    preprocessing : PreprocessingConfig, optional
        Detrending of the light curves that are shown and vetted; by default that of the instrument.
        Models have their own.
    prefer : str or sequence of str, optional
        Which light curves to take where several cover the same time, the best first: an author
        ("QLP"), with its method ("TASOC ens") or exposure ("SPOC 20 s"), an exposure, or the name of
        an observation or file.

    Returns
    -------
    Star
        The open star; a light curve among several that cannot be used is one of its `problems`.

    Raises
    ------
    TargetError
        If the star is unknown, not in the folder or not in the cache, or if there are several stars.
    LightCurveError
        If none of its light curves can be used.
    EphemerisError
        If the ephemerides cannot be read.
    ArchiveError
        If nothing came from the archive.

    Examples
    --------
    >>> import astroseq_core as aq
    >>> star = aq.open_star("SIM 1")
    >>> star.light_curves[0]
    <LightCurve sector 3 of SIM 1: TESS, by AstroSeq simulation, 17984 cadences of 2 min, BTJD 1380.10 to 1406.30>
    >>> round(star.ephemerides[0].period_days, 2)
    3.69
    """
    wanted = (observations,) if isinstance(observations, str) else tuple(observations)
    first = (prefer,) if isinstance(prefer, str) else tuple(prefer)
    where = "" if folder is None else str(folder)
    options = OpenOptions(where, ephemerides, wanted, target, mission, fetch, max_observations, preprocessing, first)
    return inputs.open_input(what, options)


def score(
    what: StarInput,
    model: str | Path | Model | None = None,
    folder: str | Path | None = None,
    *,
    target: Target | str | None = None,
    mission: str | None = None,
    fetch: bool = False,
) -> ScoreResult:
    """Score a star: the probability of a transit in every segment, and the scores it is ranked by.

    Short for `open_star(what).score(model)`.

    Parameters
    ----------
    what : str, Target, Path, LightCurve, lightkurve.LightCurve, Star, or a sequence
        The star, as `open_star` takes it.
    model : str, Path or Model, optional
        Identifier or folder of a model, or a loaded one; by default the one that suits the star.
    folder : str or Path, optional
        Folder of light curves in which a named star is looked for.
    target : Target or str, optional
        The star, where its light curves do not say it.
    mission : str, optional
        The mission, where light curves do not say it.
    fetch : bool, optional
        Whether to download a named star first.

    Returns
    -------
    ScoreResult
        Segment probabilities and star scores.

    Raises
    ------
    ModelError
        If there is no such model, or none suits the star.
    AstroSeqError
        If the star cannot be opened; see `open_star`.

    Examples
    --------
    >>> import astroseq_core as aq
    >>> result = aq.score("SIM 43")
    >>> result.card.model_id, round(result.ephemeris.period_days, 2)
    ('tess-2min-v2', 3.22)
    """
    return open_star(what, folder, target=target, mission=mission, fetch=fetch).score(model)


def vet(
    what: StarInput,
    ephemeris: str | Ephemeris | Iterable[Ephemeris] | None = None,
    folder: str | Path | None = None,
    ephemerides: EphemeridesInput | None = None,
    *,
    target: Target | str | None = None,
    mission: str | None = None,
    fetch: bool = False,
) -> VettingResult:
    """Vet signals of a star: folds, fit, odd against even, secondary eclipse, and all other checks.

    Short for `open_star(what).vet(ephemeris)`.

    Parameters
    ----------
    what : str, Target, Path, LightCurve, lightkurve.LightCurve, Star, or a sequence
        The star, as `open_star` takes it.
    ephemeris : str, Ephemeris or iterable of Ephemeris, optional
        The signals, or the name of a known one; by default all known ones, else the period that the
        score finds.
    folder : str or Path, optional
        Folder of light curves in which a named star is looked for.
    ephemerides : str, Path, Ephemeris or iterable of Ephemeris, optional
        Known signals of the star; by default those of the catalogs.
    target : Target or str, optional
        The star, where its light curves do not say it.
    mission : str, optional
        The mission, where light curves do not say it.
    fetch : bool, optional
        Whether to download a named star first.

    Returns
    -------
    VettingResult
        Measurements and checks of each signal.

    Raises
    ------
    EphemerisError
        If there is no known signal of that name.
    AstroSeqError
        If the star cannot be opened; see `open_star`.

    Examples
    --------
    >>> import astroseq_core as aq
    >>> result = aq.vet("SIM 43", "01")
    >>> str(result["01"].check("strength").flag)
    'pass'
    """
    return open_star(what, folder, ephemerides, target=target, mission=mission, fetch=fetch).vet(ephemeris)


def load_model(model: str | Path) -> Model:
    """Load a model with its card.

    Parameters
    ----------
    model : str or Path
        Identifier of a shipped model or of a training run, or the folder of a model.

    Returns
    -------
    Model
        The model; its `card` says what it was trained for, and how well it did.

    Raises
    ------
    ModelError
        If it is missing or damaged.

    Examples
    --------
    >>> import astroseq_core as aq
    >>> aq.load_model("tess-2min-v2").card.cutting.window
    1024
    """
    return models.load(str(model))
