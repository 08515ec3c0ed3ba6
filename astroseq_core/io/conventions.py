"""How light-curve files are written: the table that every reader takes its decisions from.

Names of columns, units of time and flux, FITS products and identifiers of stars stand here as data, in
order of preference. `docs/files.md` is made from them. Names are compared in lower case, with `_` for
spaces, and without a unit in brackets behind them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from astroseq_core import missions
from astroseq_core.missions import Mission
from astroseq_core.times import TimeSystem

# ---------------------------------------------------------------- columns


class FluxColumn(NamedTuple):
    """A name of a flux column.

    Attributes
    ----------
    name : str
        The name.
    flattened : bool
        Whether its trends have been removed.
    unit : str
        The unit if the file gives none: one of `FLUX_UNITS`, or "" if the numbers must tell.
    """

    name: str
    flattened: bool = False
    unit: str = ""


#: Times: the missions' name, K2SFF's, CDIPS's, and what people write.
TIME_COLUMNS = (
    *("time", "t", "tmid_bjd", "time_bjd", "time_btjd", "time_bkjd", "bjd_tdb", "bjd", "btjd", "bkjd", "bmjd", "hjd", "jd"),
    *("mjd", "rjd", "times", "date_bjd", "bjdtdb", "barytime", "time_tdb", "days", "day"),
)
#: Fluxes, the best first. `flux` is what lightkurve and most people call the one that they chose.
FLUX_COLUMNS = (
    FluxColumn("flux"),
    FluxColumn("pdcsap_flux"),
    FluxColumn("kspsap_flux", flattened=True, unit="relative"),
    FluxColumn("det_flux", flattened=True, unit="relative"),
    FluxColumn("cal_psf_flux", flattened=True, unit="relative"),
    FluxColumn("cal_aper_flux", flattened=True, unit="relative"),
    FluxColumn("corr_flux"),
    FluxColumn("flux_corr"),
    FluxColumn("corrected_flux"),
    FluxColumn("fcor", unit="relative"),
    FluxColumn("detflux"),
    FluxColumn("detrended_flux", flattened=True),
    FluxColumn("flattened_flux", flattened=True),
    FluxColumn("flat_flux", flattened=True),
    FluxColumn("lc_detrend", flattened=True, unit="relative"),
    FluxColumn("lc_init", flattened=True, unit="relative"),
    FluxColumn("normalized_flux", unit="relative"),
    FluxColumn("norm_flux", unit="relative"),
    FluxColumn("rel_flux", unit="relative"),
    FluxColumn("relative_flux", unit="relative"),
    FluxColumn("sap_flux"),
    FluxColumn("psf_flux"),
    FluxColumn("aperture_flux"),
    FluxColumn("raw_flux"),
    FluxColumn("flux_raw"),
    FluxColumn("fraw"),
    FluxColumn("f"),
    FluxColumn("y"),
    FluxColumn("flux_ppm", unit="ppm"),
    FluxColumn("flux_ppt", unit="ppt"),
    FluxColumn("counts"),
    FluxColumn("mag", unit="mag"),
    FluxColumn("magnitude", unit="mag"),
    FluxColumn("mags", unit="mag"),
    FluxColumn("tmag", unit="mag"),
    FluxColumn("delta_mag", unit="mag"),
    FluxColumn("dmag", unit="mag"),
)
#: The error of a flux column is called as the column with one of these behind it, else it has a name of its own.
ERROR_SUFFIXES = ("_err", "_error", "_unc")
ERROR_COLUMNS = (
    *("flux_err", "flux_error", "fluxerr", "e_flux", "flux_unc", "err", "error", "e", "sigma", "uncertainty", "unc", "ferr"),
    *("mag_err", "mag_error", "magerr", "e_mag", "yerr"),
)
#: Quality bits. TASOC's own QUALITY is not among them: its product says so.
QUALITY_COLUMNS = ("quality", "sap_quality", "dquality", "tess_flags", "quality_flag", "quality_flags", "flags")
#: Simple-aperture and corrected flux of a pixel table: the missions, then QLP, eleanor and TASOC.
SAP_COLUMNS = ("SAP_FLUX", "RAW_FLUX", "FLUX_RAW")
PDCSAP_COLUMNS = ("PDCSAP_FLUX", "KSPSAP_FLUX", "DET_FLUX", "CORR_FLUX", "FLUX_CORR")
BACKGROUND_COLUMNS = ("SAP_BKG", "FLUX_BKG")
#: Positions of the light: flux-weighted moments, and the names that other products use.
CENTROID_COLUMNS = (("MOM_CENTR1", "MOM_CENTR2"), ("X_CENTROID", "Y_CENTROID"), ("SAP_X", "SAP_Y"))
#: Motion of the star expected from the spacecraft's pointing, estimated from many stars.
POINTING_COLUMNS = ("POS_CORR1", "POS_CORR2")
#: Quality bits of the spacecraft in a FITS product. TASOC's QUALITY has its own; TESS's bits are in PIXEL_QUALITY.
PIXEL_QUALITY_COLUMNS = ("SAP_QUALITY", "PIXEL_QUALITY", "QUALITY")
#: Columns that hold the star's identifier in every row, with the prefix of bare numbers ("" where the mission must say).
TARGET_COLUMNS = {"target_id": "", "ticid": "TIC", "tic_id": "TIC", "tic": "TIC", "kepid": "KIC", "kic": "KIC", "epic": "EPIC"}

# ---------------------------------------------------------------- units

#: Zero points [BJD] by what a unit, a column name or a comment calls the days; "BJD - N" has its zero point in its name.
DAY_NAMES = {
    **{str(system): system.zero_bjd for system in TimeSystem},
    **{"TJD": 2_457_000.0, "KJD": 2_454_833.0},
    **{"JD": 0.0, "HJD": 0.0, "BJDTDB": 0.0},
    **{"MJD": 2_400_000.5, "BMJD": 2_400_000.5, "HMJD": 2_400_000.5},
    "RJD": 2_400_000.0,
}
#: FITS keywords of the zero point, each as one number or as whole days (I) and the rest (F), with what they count from.
REFERENCE_KEYWORDS = {"BJDREF": 0.0, "JDREF": 0.0, "MJDREF": 2_400_000.5}
#: Days of a unit of time.
TIME_UNITS = {"d": 1.0, "day": 1.0, "days": 1.0, "h": 1 / 24, "hour": 1 / 24, "min": 1 / 1440, "s": 1 / 86400, "sec": 1 / 86400}
#: TAI - UTC [s] since that UTC day [JD]; all missions here fly later than the first. TDB = TAI + 32.184 s within 2 ms.
LEAP_SECONDS = ((2_454_832.5, 34.0), (2_456_109.5, 35.0), (2_457_204.5, 36.0), (2_457_754.5, 37.0))
TDB_MINUS_TAI_SECONDS = 32.184


class FluxUnit(NamedTuple):
    """What a unit of flux means.

    Attributes
    ----------
    kind : str
        "linear": proportional to the light; "relative": a part of the median, about one or about
        zero; "magnitude": brighter is smaller.
    factor : float
        Size of the unit: 1e-6 for ppm, 1e-3 for mmag.
    """

    kind: str
    factor: float = 1.0


#: Units of flux in lower case without spaces. A unit that is not here is taken as linear.
FLUX_UNITS = {
    **dict.fromkeys(("e-/s", "electron/s", "electrons/s", "e/s", "adu", "adu/s", "dn/s", "count", "counts"), FluxUnit("linear")),
    **dict.fromkeys(("relative", "normalized", "dimensionless"), FluxUnit("relative")),
    **dict.fromkeys(("percent", "%"), FluxUnit("relative", 1e-2)),
    **dict.fromkeys(("ppt", "10**-3", "0.001"), FluxUnit("relative", 1e-3)),
    **dict.fromkeys(("ppm", "10**-6", "1e-06", "1e-6"), FluxUnit("relative", 1e-6)),
    **dict.fromkeys(("mag", "mags", "magnitude", "magnitudes"), FluxUnit("magnitude")),
    "mmag": FluxUnit("magnitude", 1e-3),
}
#: A relative flux whose median is closer to zero than this lies about zero: the median was subtracted.
ABOUT_ZERO = 0.5
#: The median was subtracted from fluxes whose median is smaller than this part of their scatter (median absolute deviation).
SUBTRACTED_MEDIAN = 0.2
#: Fluxes about zero without a unit are parts per million from this size on: a star cannot lose more than all of its light.
SURELY_PPM = 1000.0

# ---------------------------------------------------------------- FITS products


@dataclass(frozen=True)
class FitsProduct:
    """How one FITS light-curve product is told from others, and read.

    Attributes
    ----------
    name : str
        Name of the product.
    author : str
        Author (pipeline) of the product; "" if the header's AUTHOR says.
    mission : Mission or None
        The mission; None if the headers say.
    flux : tuple of FluxColumn
        Flux columns in order of preference.
    keywords : tuple of (str, str)
        Keywords of the primary header that must hold these texts, in lower case; "" for any value.
    columns : tuple of str
        Columns that must exist.
    days : str
        One of `DAY_NAMES`, used if neither the header nor the unit gives the zero point.
    quality : tuple of str
        Names of the quality column.
    good : tuple of str
        Texts of the quality column that mark a good cadence, for products without bits; others are
        left out.
    error : tuple of (str, str)
        Column of flux errors, and the flux column that they belong to; they are scaled to the one
        that is read.
    """

    name: str
    author: str
    mission: Mission | None
    flux: tuple[FluxColumn, ...]
    keywords: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    days: str = ""
    quality: tuple[str, ...] = QUALITY_COLUMNS
    good: tuple[str, ...] = ()
    error: tuple[str, str] = ("", "")


def _columns(*names: str, flattened: bool = False, unit: str = "e-/s") -> tuple[FluxColumn, ...]:
    return tuple(FluxColumn(name, flattened, unit) for name in names)


_MISSION_FLUX = _columns("pdcsap_flux", "sap_flux", "flux")
_ELEANOR = FitsProduct(
    *("ELEANOR", "ELEANOR", missions.TESS, _columns("corr_flux", "raw_flux")),
    keywords=(("LITE", ""), ("PCORIGIN", "")),
    days="BTJD",
    error=("flux_err", "raw_flux"),
)
#: Products, tried in this order; the last fits every table. QLP has kspsap_flux in sectors 1-55, det_flux since. TASOC's own
#: quality bits differ from those of TESS (its CorrectorQualityFlags: 4 is a clipped outlier, 8 and more corrected jumps); the
#: spacecraft's bits are in `pixel_quality`. K2VARCAT, EVEREST and others copy the primary header of a target pixel file, so that
#: CREATOR does not tell what they are.
FITS_PRODUCTS: tuple[FitsProduct, ...] = (
    FitsProduct(
        *("QLP", "QLP", missions.TESS),
        _columns("kspsap_flux", "det_flux", flattened=True, unit="relative") + _columns("sap_flux", unit="relative"),
        keywords=(("ORIGIN", "mit/qlp"),),
        days="BTJD",
    ),
    FitsProduct(
        *("GSFC-ELEANOR-LITE", "GSFC-ELEANOR-LITE", missions.TESS, _ELEANOR.flux),
        keywords=(*_ELEANOR.keywords, ("TVERSION", ""), ("GITHUB", "https://github.com/afeinstein20/eleanor")),
        days="BTJD",
        error=_ELEANOR.error,
    ),
    _ELEANOR,
    FitsProduct(
        *("PATHOS", "PATHOS", missions.TESS, _columns("psf_flux_cor", "psf_flux_raw")),
        columns=("psf_flux_raw", "psf_flux_cor", "ap4_flux_raw", "ap4_flux_cor", "sky_local"),
        days="BTJD",
        quality=("dquality",),
    ),
    FitsProduct(
        *("TASOC", "TASOC", missions.TESS, _columns("flux_corr", unit="ppm") + _columns("flux_raw")),
        keywords=(("ORIGIN", "tasoc/aarhus"),),
        columns=("flux_raw",),
        days="BTJD",
        quality=("pixel_quality",),
    ),
    FitsProduct(
        *("CDIPS", "CDIPS", missions.TESS, _columns("irm1", unit="mag")),
        keywords=(("ORIGIN", "cdips"),),
        days="BTJD",
        quality=("irq1",),
        good=("G", "0"),
    ),
    FitsProduct(
        *("K2SFF", "K2SFF", missions.K2, _columns("fcor", unit="relative")),
        columns=("fcor", "arclength"),
        days="BKJD",
        quality=(),
    ),
    FitsProduct(
        *("EVEREST", "EVEREST", missions.K2, _columns("flux")),
        keywords=(("COMMENT", "everest"),),
        days="BKJD",
        quality=("quality",),
    ),
    FitsProduct(
        *("K2VARCAT", "K2VARCAT", missions.K2, _columns("detflux", "aptflux")), columns=("detflux", "aptflux"), days="BKJD"
    ),
    FitsProduct(
        *("K2SC", "K2SC", missions.K2, _columns("flux", flattened=True)),
        columns=("trend_p", "trend_t", "flux"),
        days="BKJD",
        error=("error", "flux"),
    ),
    FitsProduct(
        *("KEPSEISMIC", "KEPSEISMIC", missions.KEPLER, (FluxColumn("flux"),)),
        keywords=(("ORIGIN", "cea & ssi"),),
        days="MJD",
        quality=(),
    ),
    FitsProduct(
        *("TGLC", "TGLC", missions.TESS),
        _columns("cal_psf_flux", "cal_aper_flux", flattened=True, unit="relative") + _columns("psf_flux"),
        keywords=(("ORIGIN", "tglc"),),
        days="BTJD",
        quality=("tess_flags",),
    ),
    FitsProduct(
        *("DVT", "DV", None, _columns("lc_init", "lc_detrend", flattened=True, unit="relative")),
        columns=("lc_init", "model_init"),
    ),
    FitsProduct("lightkurve", "lightkurve", None, FLUX_COLUMNS, keywords=(("CREATOR", "lightkurve"),)),
    FitsProduct(
        *("Kepler", "Kepler", None, _MISSION_FLUX),
        keywords=(("TELESCOP", "kepler"), ("CREATOR", "fluxexporter")),
        columns=("sap_flux",),
        days="BKJD",
        quality=("sap_quality", "quality"),
    ),
    FitsProduct(
        *("SPOC", "SPOC", missions.TESS, _MISSION_FLUX),
        keywords=(("TELESCOP", "tess"), ("CREATOR", "lightcurve")),
        days="BTJD",
    ),
    FitsProduct("other tables", "", None, FLUX_COLUMNS),
)
#: Longest exposure of SPOC's own targets [d]: 120 s and a margin. Light curves of full-frame images have longer ones.
SPOC_MAX_EXPOSURE_DAYS = 150 / 86400
#: Keywords of the version of the processing, else of the file.
VERSION_KEYWORDS = ("PROCVER", "VERSION", "FILEVER", "DATA_REL")

# ---------------------------------------------------------------- identifiers

#: Digits that a number of a catalog has at most. Longer ones are of other catalogs: a Gaia source has up to 19.
MAX_DIGITS = {"TIC": 11, "KIC": 8, "EPIC": 9, "SIM": 15}
#: The smallest EPIC number (K2's Ecliptic Plane Input Catalog starts at 201000001; KIC numbers end at 13161029).
SMALLEST_EPIC = 200_000_000
#: Keywords that hold a bare number of a catalog. Kepler's serves K2 as well.
NUMBER_KEYWORDS = {
    "TICID": "TIC",
    "TIC_ID": "TIC",
    "TIC": "TIC",
    "KEPLERID": "KIC",
    "KIC": "KIC",
    "EPICID": "EPIC",
    "EPIC": "EPIC",
}
#: Keywords that hold an identifier as text, or a bare number that the mission completes.
NAME_KEYWORDS = ("TARGET_ID", "OBJECT", "LABEL", "TARGETID", "TARGET", "STAR", "HLSPTARG")
#: Keywords that name the mission.
MISSION_KEYWORDS = ("MISSION", "TELESCOP")
#: Names of files (archive manuals, "file names"; high-level science products at MAST). The number of a product is padded with
#: zeros; a name with a longer one, such as a Gaia source's, says nothing.
FILE_NAMES: tuple[tuple[str, str], ...] = (
    ("KIC", r"(?:^|[_\-])kplr0*([1-9]\d{0,7})(?!\d)"),
    ("EPIC", r"(?:^|[_\-])ktwo0*([1-9]\d{0,8})(?!\d)"),
    ("EPIC", r"^hlsp_.*_k2_.*?(?<!\d)([1-9]\d{8})-c\d"),
    ("TIC", r"^tess\d{13}(?:-s\d{4})+-0*([1-9]\d{0,10})-"),
    ("TIC", r"^hlsp_.*_tess_.*?tic-?0*([1-9]\d{0,10})(?!\d)"),
    ("TIC", r"^hlsp_.*_tess_.*?(?<!\d)(?=\d{16}(?!\d))0{5,}([1-9]\d{0,10})(?!\d)"),
)
#: Keywords of a comment line or an `.npz` array beside those above.
TIME_SYSTEM_KEYWORDS = ("TIME_SYSTEM", "TIMESYS")
FLUX_UNIT_KEYWORDS = ("FLUX_UNIT",)


def find_product(primary: Mapping[str, object], columns: Collection[str]) -> FitsProduct:
    """Return the product that a table of a FITS file is.

    Parameters
    ----------
    primary : mapping
        Keywords of the file.
    columns : collection of str
        Names of the table's columns, in lower case.

    Returns
    -------
    FitsProduct
        The product; the last one fits every table.
    """

    def fits(product: FitsProduct) -> bool:
        texts = all(primary.get(key) is not None and text in str(primary[key]).lower() for key, text in product.keywords)
        return texts and all(name in columns for name in product.columns)

    return next(product for product in FITS_PRODUCTS if fits(product))


def find_column(names: Collection[str], wanted: Collection[str]) -> str:
    """Return the first of the wanted names that exists.

    Parameters
    ----------
    names : collection of str
        Names that exist.
    wanted : collection of str
        Names in order of preference.

    Returns
    -------
    str
        The name; "" if none exists.
    """
    return next((name for name in wanted if name in names), "")


def error_column(names: Collection[str], flux: str) -> str:
    """Return the column with the errors of a flux column.

    Parameters
    ----------
    names : collection of str
        Names of the columns.
    flux : str
        The flux column.

    Returns
    -------
    str
        Its name; "" if there is none.
    """
    return find_column(names, [*(flux + suffix for suffix in ERROR_SUFFIXES), *ERROR_COLUMNS])


# ---------------------------------------------------------------- limits

# A damaged or hostile file is refused before it fills the memory.

#: Cadences of one file. Six years of 20-second data without a gap have 9.5 million; a sector of them has 117 thousand.
MAX_CADENCES = 10_000_000
#: Bytes of a file, and of what it unpacks to: time, flux, flux error and quality of so many cadences, 8 bytes each. The largest
#: product of a mission, a sector at 20 seconds, has 25 MB.
MAX_BYTES = 4 * 8 * MAX_CADENCES
#: Bytes of a table of text. Two million rows fit; more are read a hundred times faster from `.npz`.
MAX_TEXT_BYTES = 100_000_000
#: Header and data units of a FITS file. K2SFF has 22 and the largest DV time series some 15.
MAX_FITS_UNITS = 100
#: Blocks of all headers of a FITS file, 36 cards each. The products of the missions have fewer than 100.
MAX_FITS_HEADER_BLOCKS = 1000
