"""LEO-Vetter's side of benchmarks/leo_vetter.py: reads cases, writes flags. Needs numpy and leo-vetter only.

LEO_PYTHON benchmarks/leo_vetter_side.py cases.npz flags.json
"""

import contextlib
import io
import json
import sys
import traceback
import warnings

import numpy as np
from leo_vetter.main import TCELightCurve
from leo_vetter.thresholds import check_thresholds

#: The star of all cases: the Sun.
STAR = {
    "u1": 0.32,
    "u2": 0.25,
    "rad": 1.0,
    "mass": 1.0,
    "Teff": 5772.0,
    "e_rad": 0.05,
    "e_mass": 0.05,
    "e_Teff": 100.0,
    "rho": 1.0,
}


def flags(case: "np.ndarray", period: float, t0: float, days: float) -> dict[str, object]:
    """Whether LEO-Vetter takes a signal for a false alarm, and for an astrophysical false positive, and why."""
    time, raw, flat, error = case
    words = io.StringIO()
    with contextlib.redirect_stdout(words):
        tce = TCELightCurve(1, time, raw, flat, error, period, t0, days)
        tce.compute_flux_metrics(dict(STAR), verbose=False)
        alarm = bool(check_thresholds(tce.metrics, "FA", verbose=True))
        positive = bool(check_thresholds(tce.metrics, "FP", verbose=True))
    return {"false_alarm": alarm, "false_positive": positive, "words": words.getvalue()}


def main() -> None:
    warnings.simplefilter("ignore")
    out = []
    with np.load(sys.argv[1]) as given:
        for number, (period, t0, days) in enumerate(given["ephemerides"]):
            try:
                out.append(flags(given[f"case{number}"], float(period), float(t0), float(days)))
            except Exception:  # noqa: BLE001 - whatever stops the other program is counted
                out.append({"error": traceback.format_exc(limit=-1)})
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(out, file)


if __name__ == "__main__":
    main()
