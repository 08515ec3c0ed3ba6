"""The FITS light-curve products that are known, and how each is read."""

from dataclasses import dataclass

from astroseq_core import missions
from astroseq_core.missions import Mission


@dataclass(frozen=True)
class Product:
    """How one product is read: the flux columns to try in order, each with whether its trends are gone, and its mission.

    ``takes_bitmask`` and ``takes_column``: which options lightkurve's reader of it knows.
    """

    author: str
    mission: Mission | None
    flux: tuple[tuple[str, bool], ...]
    takes_bitmask: bool = True
    takes_column: bool = True
    magnitudes: bool = False
    quality: str = "quality"


_PDC = (("pdcsap_flux", False), ("sap_flux", False), ("flux", False))

#: By what lightkurve.io.detect_filetype calls them. QLP's columns: kspsap_flux in sectors 1-55, det_flux since. TASOC's own
#: quality bits mean other things than TESS's (its CorrectorQualityFlags: 4 is a clipped outlier, 8 and more corrected jumps);
#: the spacecraft's are in ``pixel_quality``.
PRODUCTS: dict[str, Product] = {
    "KeplerLightCurve": Product("Kepler", None, _PDC),
    "TessLightCurve": Product("SPOC", missions.TESS, _PDC),
    "QLP": Product("QLP", missions.TESS, (("kspsap_flux", True), ("det_flux", True), ("sap_flux", False))),
    "TASOC": Product(
        "TASOC", missions.TESS, (("flux_corr", False), ("flux_raw", False)), takes_bitmask=False, quality="pixel_quality"
    ),
    "ELEANOR": Product("ELEANOR", missions.TESS, (("corr_flux", False), ("raw_flux", False))),
    "TGLC": Product("TGLC", missions.TESS, (("cal_psf_flux", True), ("cal_aper_flux", True), ("psf_flux", False))),
    "PATHOS": Product("PATHOS", missions.TESS, (("psf_flux_cor", False), ("psf_flux_raw", False))),
    "CDIPS": Product("CDIPS", missions.TESS, (("IRM1", False),), magnitudes=True),
    "K2SFF": Product("K2SFF", missions.K2, (("fcor", False),), takes_bitmask=False, takes_column=False),
    "EVEREST": Product("EVEREST", missions.K2, (("flux", False),), takes_column=False),
    "KEPSEISMIC": Product("KEPSEISMIC", missions.KEPLER, (("flux", False),), takes_bitmask=False, takes_column=False),
    "generic": Product("", None, (("flux", False), *_PDC[:2]), takes_bitmask=False),
}
