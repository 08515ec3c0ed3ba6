"""Reading from FITS products what stands beside the flux: raw flux, background, positions, and the star in the header."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core import times
from astroseq_core.errors import CorruptFileError
from astroseq_core.lightcurves import fits, naming
from astroseq_core.lightcurves.columns import reason
from astroseq_core.lightcurves.pixels import PixelColumns
from astroseq_core.stellar import StellarParameters
from astroseq_core.times import TimeSystem

#: The columns of the products that hold each quantity; of several the first that is there. SPOC, TESS-SPOC, Kepler and K2 have
#: the missions' names, the others are QLP's, eleanor's and TASOC's.
SAP = ("SAP_FLUX", "RAW_FLUX", "FLUX_RAW")
PDCSAP = ("PDCSAP_FLUX", "KSPSAP_FLUX", "DET_FLUX", "CORR_FLUX", "FLUX_CORR")
BACKGROUND = ("SAP_BKG", "FLUX_BKG")
#: Where the light falls: flux-weighted moments, and what others call them.
CENTROIDS = (("MOM_CENTR1", "MOM_CENTR2"), ("X_CENTROID", "Y_CENTROID"), ("SAP_X", "SAP_Y"))
#: Where the star should have moved as the spacecraft pointed, from the motion of many stars.
POINTING = ("POS_CORR1", "POS_CORR2")
#: TASOC's own QUALITY means other things than TESS's, which it has as PIXEL_QUALITY.
QUALITY = ("SAP_QUALITY", "PIXEL_QUALITY", "QUALITY")
#: Magnitudes in the headers and their bands.
MAGNITUDES = (("TESSMAG", "T"), ("KEPMAG", "Kp"))


def read(data: bytes, name: str) -> PixelColumns | None:
    """The pixel columns in a FITS file's bytes, None where it is a product that has none of them.

    ``x`` and ``y`` are MOM_CENTR less POS_CORR where both are there, so that the motion of the pointing is out of them, and what
    moves is the light in the aperture; MOM_CENTR alone, or POS_CORR alone, where the other is missing. Raises CorruptFileError
    for what is truncated, damaged or no light curve.
    """
    from astropy.io.fits import VerifyError

    data = fits.unpacked(data, name)
    try:
        with fits.quiet(), fits.open_whole(data, name) as hdus:
            return _read(hdus, name)
    except (*fits.DAMAGE, VerifyError) as error:
        raise CorruptFileError(f"{name} cannot be read as a FITS light curve ({reason(error)}); download it again.") from error


def header_of(data: bytes, name: str) -> StellarParameters:
    """What the primary header of a FITS file's bytes says of the star; raises CorruptFileError."""
    from astropy.io import fits as astropy_fits

    data = fits.unpacked(data, name)
    try:
        with fits.quiet():
            return stellar_of(astropy_fits.Header.fromstring(fits.primary(data)))
    except (*fits.DAMAGE, astropy_fits.VerifyError) as error:
        raise CorruptFileError(f"{name} cannot be read as a FITS file ({reason(error)}); download it again.") from error


def stellar_of(header: Any) -> StellarParameters:
    """What a mission's primary header says of its star: TEFF [K], LOGG, RADIUS [solar], magnitude; None where it is silent.

    The values are those of the input catalogues (TIC, KIC, EPIC) at the time of processing.
    """
    magnitude, band = next(((v, b) for key, b in MAGNITUDES if (v := _number(header, key)) is not None), (None, ""))
    mission = str(header.get("MISSION") or header.get("TELESCOP") or "FITS").strip()
    found = StellarParameters(
        teff_k=_number(header, "TEFF", positive=True),
        radius_solar=_number(header, "RADIUS", positive=True),
        logg=_number(header, "LOGG"),
        magnitude=magnitude,
        band=band,
        name=str(header.get("OBJECT") or "").strip(),
        source=f"header of the {mission} light curve",
    ).with_density()
    return found if found.is_known else StellarParameters(name=found.name)


def _number(header: Any, key: str, positive: bool = False) -> float | None:
    try:
        value = float(header.get(key))
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) and (value > 0 or not positive) else None


def _read(hdus: Any, name: str) -> PixelColumns | None:
    table = next((h for h in hdus[1:] if getattr(h, "columns", None) is not None), None)
    if table is None:
        raise CorruptFileError(f"{name} holds no table; it is no light curve.")
    present = {c.upper(): c for c in table.columns.names}
    if "TIME" not in present:
        return None

    def column(*names: str) -> NDArray[np.float64] | None:
        """The first of those columns that has a finite value, as native floats."""
        for one in names:
            if one in present and table.columns[present[one]].dtype.kind in "fiu":
                values = np.array(table.data[present[one]], dtype=np.float64)
                if values.ndim == 1 and np.isfinite(values).any():
                    if str(table.columns[present[one]].unit).strip().lower() == "ppm":
                        values = 1 + 1e-6 * values
                    return values
        return None

    header = hdus[0].header
    time = np.array(table.data[present["TIME"]], dtype=np.float64)
    system, time = _in_system(time, table.header, header)
    x, y, position = _positions(column)
    parts: dict[str, Any] = {"sap": column(*SAP), "pdcsap": column(*PDCSAP), "background": column(*BACKGROUND), "x": x, "y": y}
    if all(part is None for part in parts.values()):
        return None
    good = np.flatnonzero(np.isfinite(time))
    order = good[np.unique(time[good], return_index=True)[1]]  # increasing, each time once
    quality = next((present[q] for q in QUALITY if q in present and table.columns[present[q]].dtype.kind in "iu"), None)
    sorted_parts: dict[str, Any] = {key: None if part is None else part[order] for key, part in parts.items()}
    return PixelColumns(
        observation=naming.observation_of(Path(name)),
        system=system,
        time=time[order],
        quality=None if quality is None else np.array(table.data[quality], dtype=np.int64)[order],
        position=position,
        stellar=stellar_of(header),
        **sorted_parts,
    )


def _positions(column: Any) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None, str]:
    """Positions in both directions and what they are; None where there are none."""
    for pair in CENTROIDS:
        x, y = (column(one) for one in pair)
        if x is not None and y is not None:
            pointing = [column(one) for one in POINTING]
            if pair == CENTROIDS[0] and pointing[0] is not None and pointing[1] is not None:
                return x - pointing[0], y - pointing[1], "MOM_CENTR − POS_CORR"
            return x, y, pair[0].rstrip("1").replace("X_", "").replace("_X", "")
    x, y = (column(one) for one in POINTING)
    return (x, y, "POS_CORR") if x is not None and y is not None else (None, None, "")


def _in_system(time: NDArray[np.float64], table: Any, primary: Any) -> tuple[TimeSystem, NDArray[np.float64]]:
    """The mission's time system and the times in it, by the reference day of the table where it gives one."""
    system = TimeSystem.BTJD if "TESS" in str(primary.get("TELESCOP") or "").upper() else TimeSystem.BKJD
    reference = float(table.get("BJDREFI") or 0.0) + float(table.get("BJDREFF") or 0.0)
    if reference:
        return system, time + (reference - system.zero_bjd)
    finite = time[np.isfinite(time)]
    if finite.size and float(np.median(finite)) > times.SMALLEST_JULIAN_DATE:
        return system, time - system.zero_bjd
    return system, time
