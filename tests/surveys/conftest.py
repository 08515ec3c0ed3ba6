import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.io import lightcurve
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.targets import parse_star


@pytest.fixture
def tiny(home_with_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That home, as the one in use."""
    monkeypatch.setenv("ASTROSEQ_HOME", str(home_with_models))
    return home_with_models


def made(name: str, observation: str = "sector 1", days: float = 3.0, **more: Any) -> LightCurve:
    """A light curve of white noise with dips of 1 % every 0.7 d, told apart by the star's number.

    Sectors of other numbers are at other times.
    """
    target = parse_star(name)
    rng = np.random.default_rng(int(target.number))
    number = re.search(r"\d+$", observation)
    time = 1500 + 28 * (int(number[0]) - 1 if number else 0) + np.arange(0, days, 2 / 1440)
    flux = 1 + 1e-3 * rng.standard_normal(len(time))
    flux[np.mod(time - 1500.2, 0.7) < 1 / 24] -= 0.01
    values = {
        "target": target,
        "observation": observation,
        "time": time,
        "flux": flux,
        "instrument": missions.TESS,
        "author": "SPOC",
    }
    return lightcurve.make_light_curve(**values | more)


def dips(name: str, days: float = 11.0, period: float = 2.4) -> dict[str, Any]:
    """Times and flux with dips of 1 % over three hours, which are found whatever an untrained network says of them."""
    time = 1500 + np.arange(0, days, 2 / 1440)
    flux = 1 + 1e-3 * np.random.default_rng(int(name.split()[1])).standard_normal(len(time))
    flux[np.mod(time - 1500.6, period) < 3 / 24] -= 0.01
    return {"time": time, "flux": flux}


def write(folder: Path, name: str, observation: str = "s0001", **more: Any) -> Path:
    """That light curve as a file."""
    curve = made(name, observation, **more)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{curve.target.slug}__{observation}.npz"
    np.savez(path, time=curve.time, flux=curve.flux, target_id=curve.target.id, mission="TESS", time_system="BTJD")
    return path
