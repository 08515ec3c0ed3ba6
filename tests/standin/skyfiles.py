"""FITS light curves as the missions' pipelines write them, made on the fly for any star."""

import functools
import io
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

#: First day [mission's own days] and length [d] of an observation.
_START = {"Kepler": 170.0, "K2": 2060.0, "TESS": 1325.3}
_LENGTH = {"Kepler": 90.0, "K2": 75.0, "TESS": 27.0}
#: Cadence [s] of a product whose exposure time [s] MAST gives rounded.
_CADENCE = {1800: 1765.46, 60: 58.85}


@dataclass(frozen=True)
class Sky:
    """A product of the stand-in: ``number`` of the star, ``sequence`` of the quarter, campaign or sector."""

    mission: str
    number: int
    author: str
    exposure: int
    sequence: int
    obs_id: str
    filename: str
    uri: str
    description: str


@functools.lru_cache(maxsize=4096)
def fits_bytes(sky: Sky, cadences: int) -> bytes:
    """The file of a product, with ``cadences`` of them at most (0: all of the observation); a dip comes every few days."""
    days = _days(sky, cadences)
    flux = _flux(sky, days)
    return _MAKERS[sky.author](sky, days, flux)


def _days(sky: Sky, cadences: int) -> Any:
    seconds = _CADENCE.get(sky.exposure, float(sky.exposure)) if sky.mission != "TESS" else float(sky.exposure)
    count = int(_LENGTH[sky.mission] * 86400 / seconds)
    start = _START[sky.mission] + sky.sequence * (_LENGTH[sky.mission] + 0.5)
    return start + np.arange(min(count, cadences) if cadences else count) * seconds / 86400


def _flux(sky: Sky, days: Any) -> Any:
    rng = np.random.default_rng([sky.number, sky.sequence, sky.exposure])
    period, duration = 2.0 + sky.number % 40 / 10, 0.12
    flux = 1 + 3e-3 * np.sin(2 * np.pi * days / (5.0 + sky.number % 7)) + 4e-4 * rng.standard_normal(len(days))
    phase = (days - _START[sky.mission] - 1.0 + period / 2) % period - period / 2
    return np.where(np.abs(phase) < duration / 2, flux - 2e-3, flux)


def _kepler(sky: Sky, days: Any, flux: Any) -> bytes:
    counts = 5000 * flux
    columns = [
        ("TIME", "D", days),
        ("SAP_FLUX", "E", counts * 1.1),
        ("PDCSAP_FLUX", "E", counts),
        ("PDCSAP_FLUX_ERR", "E", np.full(len(days), 2.0)),
        ("SAP_QUALITY", "J", np.zeros(len(days))),
    ]
    primary = {
        "TELESCOP": "Kepler",
        "MISSION": sky.mission,
        "ORIGIN": "NASA/Ames",
        "CREATOR": "1 FluxExporter2PipelineModule",
        "KEPLERID": sky.number,
        "OBJECT": f"{'KIC' if sky.mission == 'Kepler' else 'EPIC'} {sky.number}",
        "QUARTER" if sky.mission == "Kepler" else "CAMPAIGN": sky.sequence,
    }
    return _file(primary, columns, {"BJDREFI": 2454833, "BJDREFF": 0.0, "EXTNAME": "LIGHTCURVE"})


def _spoc(sky: Sky, days: Any, flux: Any) -> bytes:
    counts = 8000 * flux
    columns = [
        ("TIME", "D", days),
        ("SAP_FLUX", "E", counts * 1.1),
        ("PDCSAP_FLUX", "E", counts),
        ("PDCSAP_FLUX_ERR", "E", np.full(len(days), 3.0)),
        ("QUALITY", "J", np.zeros(len(days))),
    ]
    primary = {
        "TELESCOP": "TESS",
        "ORIGIN": "NASA/Ames",
        "CREATOR": "1 LightCurveExporterPipelineModule",
        "TICID": sky.number,
        "OBJECT": f"TIC {sky.number}",
        "SECTOR": sky.sequence,
        "PROCVER": "spoc-5.0",
    }
    return _file(primary, columns, {"BJDREFI": 2457000, "BJDREFF": 0.0, "TIMEDEL": sky.exposure / 86400, "EXTNAME": "LIGHTCURVE"})


def _qlp(sky: Sky, days: Any, flux: Any) -> bytes:
    detrended = "KSPSAP_FLUX" if sky.sequence < 56 else "DET_FLUX"
    columns = [
        ("TIME", "D", days),
        ("SAP_FLUX", "E", flux),
        (detrended, "E", flux),
        (f"{detrended}_ERR", "E", np.full(len(days), 4e-4)),
        ("QUALITY", "J", np.zeros(len(days))),
    ]
    primary = {
        "TELESCOP": "TESS",
        "ORIGIN": "MIT/QLP",
        "TICID": sky.number,
        "OBJECT": f"TIC {sky.number}",
        "SECTOR": sky.sequence,
    }
    return _file(primary, columns, {"BJDREFI": 2457000, "BJDREFF": 0.0, "EXTNAME": "LIGHTCURVE"})


def _k2sff(sky: Sky, days: Any, flux: Any) -> bytes:
    columns = [
        ("T", "D", days),
        ("FRAW", "D", flux),
        ("FCOR", "D", flux),
        ("ARCLENGTH", "D", flux),
        ("MOVING", "B", np.zeros(len(days))),
        ("CADENCENO", "J", np.arange(len(days))),
    ]
    primary = {"TELESCOP": "Kepler", "KEPLERID": sky.number, "OBJECT": f"EPIC {sky.number}"}
    return _file(primary, columns, {"BJDREFI": 2454833, "BJDREFF": 0.0, "EXTNAME": "BESTAPER"})


def _everest(sky: Sky, days: Any, flux: Any) -> bytes:
    columns = [
        ("CADN", "J", np.arange(len(days))),
        ("TIME", "D", days),
        ("FLUX", "E", 5000 * flux),
        ("FRAW", "E", 5200 * flux),
        ("QUALITY", "J", np.zeros(len(days))),
    ]
    primary = {"TELESCOP": "Kepler", "KEPLERID": sky.number, "OBJECT": f"EPIC {sky.number}", "COMMENT": "EVEREST INFO"}
    return _file(primary, columns, {"BJDREFI": 2454833, "BJDREFF": 0.0, "EXTNAME": "BESTAPER"})


_MAKERS = {"Kepler": _kepler, "K2": _kepler, "SPOC": _spoc, "TESS-SPOC": _spoc, "QLP": _qlp, "K2SFF": _k2sff, "EVEREST": _everest}


def _file(primary: dict[str, Any], columns: list[tuple[str, str, Any]], header: dict[str, Any]) -> bytes:
    from astropy.io import fits

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = fits.PrimaryHDU()
        for key, value in primary.items():
            first.header[key] = value
        made = [fits.Column(name=name, format=kind, array=values) for name, kind, values in columns]
        table = fits.BinTableHDU.from_columns(made)
        table.header.update(header)
        buffer = io.BytesIO()
        fits.HDUList([first, table]).writeto(buffer)
    return buffer.getvalue()
