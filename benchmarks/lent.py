"""The lent real light curves beside the project (../shared/data): where they are, quiet stars, and signals injected into them."""

import math
from pathlib import Path

import numpy as np
import pandas as pd

from astroseq_core.errors import AstroSeqError
from astroseq_core.io.lightcurve import LightCurve, make_light_curve
from astroseq_core.io.read import read_light_curve
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, PreprocessingConfig, prepare

LENT = Path(__file__).resolve().parents[2] / "shared" / "data"
#: Shorter light curves have too few transits to inject [d].
LEAST_DAYS = 18


def quiet_stars(
    mission: str, folder: Path = LENT, *, most_ppm: float = math.inf, most_minutes: float = math.inf
) -> list[LightCurve]:
    """Return the stars of a mission without a known transit, one light curve each, no noisier or coarser than asked."""
    rows = pd.read_csv(folder / "manifest.csv")
    rows = rows[(rows.cls == "no_known_transit") & (rows.mission == mission) & ~rows.flattened & rows.file.str.startswith("lc/")]
    rows = rows[(rows.p2p_ppm < most_ppm) & (rows.cadence_min < most_minutes)]
    out = []
    for file in rows.drop_duplicates("target_id").file:
        try:
            curve = read_light_curve(folder / file)
        except AstroSeqError:
            continue
        if curve.time[-1] - curve.time[0] > LEAST_DAYS:
            out.append(curve)
    return out


def injected(
    curve: LightCurve, factor: "np.ndarray", config: PreprocessingConfig, exposure_minutes: float | None
) -> DetrendedLightCurve:
    """Return a star's light times a factor, prepared."""
    made = make_light_curve(
        target=curve.target,
        observation=curve.observation,
        time=curve.time,
        flux=curve.flux * factor,
        quality=curve.quality,
        instrument=curve.instrument,
        time_system=curve.time_system,
        exposure_minutes=exposure_minutes,
    )
    return prepare(made, config)
