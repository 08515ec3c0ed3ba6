"""Order of preference among products of one observation, such as the SPOC, QLP and TASOC light curves of one sector.

`docs/files.md` is made from the table here.
"""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from astroseq_core.io.identifiers import is_archive_name
from astroseq_core.io.lightcurve import LightCurve

#: A preferred exposure [s] is met within this fraction: 1800 s stands for Kepler's 1765.5 s, 60 s for its 58.9 s.
EXPOSURE_TOLERANCE = 0.05


class RankedProduct(NamedTuple):
    """A product in the order of preference.

    Attributes
    ----------
    author : str
        Author (pipeline) of its light curves.
    method : str
        Method, as the file's name says it; "" for any.
    reason : str
        Why it stands where it stands.
    """

    author: str
    method: str
    reason: str


#: Products, the best first; those of different missions never compete. Anything else comes after these.
PRODUCT_ORDER: tuple[RankedProduct, ...] = (
    RankedProduct("Kepler", "", "the mission's own: instrumental trends removed, centroids"),
    RankedProduct("KEPSEISMIC", "80d", "made for oscillations; the longest filter changes transits least"),
    RankedProduct("KEPSEISMIC", "55d", "a shorter filter"),
    RankedProduct("KEPSEISMIC", "20d", "the shortest filter"),
    RankedProduct("K2", "", "the mission's own; what moves with the roll remains"),
    RankedProduct("EVEREST", "", "roll removed by the pixels themselves"),
    RankedProduct("K2SC", "", "roll removed from the mission's own"),
    RankedProduct("K2SFF", "", "roll removed by the position"),
    RankedProduct("K2VARCAT", "", "made for variable stars"),
    RankedProduct("SPOC", "", "the mission's own, of two minutes: instrumental trends removed, centroids"),
    RankedProduct("TESS-SPOC", "", "the mission's pipeline on full-frame images"),
    RankedProduct("QLP", "", "made to search for planets; trends removed"),
    RankedProduct("TASOC", "cbv", "instrumental trends removed by those of many stars"),
    RankedProduct("TASOC", "ens", "instrumental trends removed by those of some neighbors"),
    RankedProduct("GSFC-ELEANOR-LITE", "", "instrumental trends removed by position and neighbors"),
    RankedProduct("ELEANOR", "", "the same, made at home"),
    RankedProduct("TGLC", "", "for faint and crowded stars; trends removed"),
    RankedProduct("PATHOS", "", "for stars of clusters"),
    RankedProduct("CDIPS", "", "for stars of clusters; magnitudes"),
    RankedProduct("DV", "", "light curve of a search: all sectors at once, medians removed"),
)


def product_rank(author: str, name: str) -> tuple[bool, int, int]:
    """Return where a product stands in the order of preference; smaller is better.

    Parameters
    ----------
    author : str
        Author; with the flux column behind it, as in "SPOC SAP_FLUX", where it is not the product's best.
    name : str
        Name of the file, which says the method.

    Returns
    -------
    tuple of (bool, int, int)
        Whether the flux is not the product's best, the place of its author in `PRODUCT_ORDER`, and
        the place of its method among the author's.

    Examples
    --------
    >>> product_rank("SPOC", "a_lc.fits") < product_rank("QLP", "a_llc.fits") < product_rank("SPOC SAP_FLUX", "a_lc.fits")
    True
    >>> product_rank("TASOC", "a_cbv-lc.fits") < product_rank("TASOC", "a_ens-lc.fits") < product_rank("", "mine.csv")
    True
    """
    base, _, column = author.strip().lower().partition(" ")
    words = _words(name)
    of_author = [i for i, product in enumerate(PRODUCT_ORDER) if product.author.lower() == base]
    if not of_author:
        return False, len(PRODUCT_ORDER), 0
    methods = (n for n, i in enumerate(of_author) if PRODUCT_ORDER[i].method in ("", *words))
    return bool(column), of_author[0], next(methods, len(of_author))


def method_of(author: str, name: str) -> str:
    """Return the method of a product that its file's name says.

    Parameters
    ----------
    author : str
        Author of the light curve.
    name : str
        Name of the file.

    Returns
    -------
    str
        The method; "" if the author has one only, or the name does not say it.

    Examples
    --------
    >>> method_of("TASOC", "hlsp_tasoc_tess_ffi_tic00261136679-s0001_tess_v05_cbv-lc.fits")
    'cbv'
    """
    words = _words(name)
    known = (p.method for p in PRODUCT_ORDER if p.author.lower() == author.strip().lower() and p.method)
    return next((method for method in known if method in words), "")


def exposure_seconds(curve: LightCurve) -> float:
    """Return the exposure of a light curve, else the spacing of its cadences.

    Parameters
    ----------
    curve : LightCurve
        The light curve.

    Returns
    -------
    float
        Exposure [s].
    """
    return 60 * (curve.exposure_minutes or curve.cadence_minutes)


def light_curve_rank(curve: LightCurve, prefer: Sequence[str] = ()) -> tuple[object, ...]:
    """Return where a light curve stands among those of the same time; smaller is better.

    A person's choice comes first, then the product, the cadence nearest to the mission's usual one,
    and the most usable cadences, then a name as the archive gives; of equals the first one given is
    taken.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    prefer : sequence of str, optional
        What the person prefers, the best first; see `is_preferred`.

    Returns
    -------
    tuple
        A key to sort by.
    """
    chosen = next((i for i, word in enumerate(prefer) if is_preferred(curve, word)), len(prefer))
    unusual = round(abs(math.log(exposure_seconds(curve) / (60 * curve.instrument.cadence_minutes))), 1)
    name = curve.provenance.name
    rank = product_rank(curve.author, name if name else curve.observation)
    span = float(curve.time[-1] - curve.time[0])
    # of copies the one whose name the archive gave; a browser calls a second one "… (1).fits"
    given = (False, len(name)) if is_archive_name(name) else (True, 0)
    return chosen, *rank, unusual, -int(curve.usable_mask().sum()), -span, *given


def is_preferred(curve: LightCurve, word: str) -> bool:
    """Return whether a light curve is what a word of the person means.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    word : str
        An author ("QLP"), an author with its method ("TASOC ens") or exposure ("SPOC 20 s"), an
        exposure ("20 s"), or the name of an observation or of its file.

    Returns
    -------
    bool
        Whether it is.
    """
    wanted = " ".join(word.lower().split())
    if wanted and wanted in (curve.observation.lower(), curve.provenance.name.lower()):
        return True
    return is_product(word, curve.author, method_of(curve.author, curve.provenance.name), exposure_seconds(curve))


def is_product(word: str, author: str, method: str, exposure_seconds: float) -> bool:
    """Return whether a word names a product.

    Parameters
    ----------
    word : str
        An author, its method, an exposure, or several of these in this order.
    author : str
        Author of the product.
    method : str
        Its method; "" if it has none.
    exposure_seconds : float
        Its exposure [s].

    Returns
    -------
    bool
        Whether it does.

    Examples
    --------
    >>> [is_product(word, "SPOC", "", 20.0) for word in ("spoc", "20 s", "SPOC 20s", "SPOC 2 min", "QLP", "")]
    [True, True, True, False, False, False]
    """
    wanted = " ".join(word.lower().split())
    exposure = re.search(r"(?:^| )(\d+(?:\.\d+)?) ?(s|min)$", wanted)
    if exposure:
        wanted = wanted[: exposure.start()]
        wanted_seconds = float(exposure[1]) * (60.0 if exposure[2] == "min" else 1.0)
        if not math.isclose(exposure_seconds, wanted_seconds, rel_tol=EXPOSURE_TOLERANCE):
            return False
    names = (author.lower(), method, f"{author.lower()} {method}") if author else ()
    return (bool(exposure) and not wanted) or (bool(wanted) and wanted in names)


def product_word(author: str, method: str, exposure_seconds: float, usual_seconds: float) -> str:
    """Return the word by which a person prefers a product; see `is_product`.

    Parameters
    ----------
    author : str
        Author of the product.
    method : str
        Its method; "" if it has none.
    exposure_seconds : float
        Its exposure [s].
    usual_seconds : float
        The mission's usual exposure [s].

    Returns
    -------
    str
        Author and method, with the exposure if that is shorter than usual; "" without an author.

    Examples
    --------
    >>> product_word("TASOC", "ens", 1800, 120), product_word("SPOC", "", 20, 120)
    ('TASOC ens', 'SPOC 20 s')
    """
    fast = f"{exposure_seconds:.0f} s" if author and exposure_seconds < (1 - EXPOSURE_TOLERANCE) * usual_seconds else ""
    return " ".join(filter(None, (author, method, fast)))


def light_curve_word(curve: LightCurve) -> str:
    """Return the word by which a person prefers a light curve: its product, else its observation.

    Parameters
    ----------
    curve : LightCurve
        The light curve.

    Returns
    -------
    str
        The word; see `is_preferred`.
    """
    method = method_of(curve.author, curve.provenance.name)
    usual = 60 * curve.instrument.cadence_minutes
    return product_word(curve.author, method, exposure_seconds(curve), usual) or curve.observation


def full_word(curve: LightCurve) -> str:
    """Return the words for a light curve's product: author, method and exposure.

    Parameters
    ----------
    curve : LightCurve
        The light curve.

    Returns
    -------
    str
        Such as "TASOC ens 1800 s", which `is_preferred` understands, too.
    """
    seconds = exposure_seconds(curve)
    said = f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"
    return " ".join(filter(None, (curve.author, method_of(curve.author, curve.provenance.name), said)))


def describe_product(curve: LightCurve) -> str:
    """Name a light curve by its observation, author and exposure.

    Parameters
    ----------
    curve : LightCurve
        The light curve.

    Returns
    -------
    str
        Such as "sector 1 (SPOC, 120 s)".
    """
    seconds = exposure_seconds(curve)
    method = method_of(curve.author, curve.provenance.name)
    said = ", ".join(filter(None, (curve.author, method, f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s")))
    return f"{curve.observation} ({said})"


def _words(name: str) -> frozenset[str]:
    return frozenset(re.split(r"[^a-z0-9]+", name.lower()))
