"""Colors: one for each thing, apart for all readers, and seen on light and dark pages."""

from itertools import combinations

import numpy as np
import pytest

from astroseq_core.plots import style

#: The pages' backgrounds (.streamlit/config.toml), and the ratio that WCAG 2.1 asks of marks and lines (1.4.11).
BACKGROUNDS, RATIO = ("#FFFFFF", "#0E141B"), 3.0
#: What is drawn as marks or thin lines.
INKS = {
    "data": style.CADENCE_COLOR,
    "trend": style.TREND_COLOR,
    "fit": style.FIT_COLOR,
    "odd": style.ODD_COLOR,
    "even": style.EVEN_COLOR,
    "selected": style.SELECTED_COLOR,
    "raw flux": style.SAP_COLOR,
    "background": style.BACKGROUND_COLOR,
    "y": style.Y_COLOR,
}
#: What stands in one panel, where two must not be taken for each other.
TOGETHER = (
    ("data", "trend"),
    ("data", "fit"),
    ("trend", "fit"),
    ("odd", "even"),
    ("data", "raw flux"),
    ("trend", "y"),
)
#: Linear RGB as seen without one kind of cone, from red to blue (Machado, Oliveira & Fernandes 2009, severity 1).
EYES = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
#: Least distance in CIE 1976 L*a*b*; about 2.3 is just noticeable side by side.
APART = 20.0


def linear(color: str) -> np.ndarray:
    values = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(color: str) -> float:
    return float(linear(color) @ [0.2126, 0.7152, 0.0722])


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("name", INKS)
def test_marks_stand_out_on_light_and_on_dark(name: str):
    for page in BACKGROUNDS:
        bright, dark = sorted((luminance(INKS[name]), luminance(page)), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= RATIO, page


@pytest.mark.parametrize(("one", "other"), TOGETHER)
def test_what_stands_together_is_apart_for_all_readers(one: str, other: str):
    for eye, matrix in EYES.items():
        a, b = (lab(np.array(matrix) @ linear(INKS[name])) for name in (one, other))
        assert np.linalg.norm(a - b) > APART, eye


def test_each_thing_has_its_own_color():
    for one, other in combinations(INKS, 2):
        assert INKS[one] != INKS[other], f"{one} and {other}"
    assert style.SIMULATED_COLOR not in INKS.values()
