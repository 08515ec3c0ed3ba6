"""The colours of every figure, each with one meaning; they hold on light and dark grounds and for colour-blind eyes."""

#: Planets in the order of the ephemerides: Okabe & Ito (2008) without black, which a dark ground swallows; blue, which is near
#: the trend's, comes last.
PLANETS = ("#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#F0E442", "#0072B2")
#: Cadences: a grey as far from white as from black.
CADENCES = "#7F8C99"
#: The trend, and what is measured or fitted.
TREND = "#2F7DD1"
#: The segment that is looked at.
CHOSEN = "#D6336C"
#: Simulated stars, and nothing else; ``violet`` is its name among Streamlit's badges.
SIMULATED = "#7B4FC9"
SIMULATED_BADGE = "violet"
#: Lines of reference: zero, middle of a transit.
REFERENCE = "rgba(127,140,153,0.55)"
#: Grid lines, seen on both grounds and louder than nothing.
GRID = "rgba(127,140,153,0.18)"
#: Probability, always from 0 to 1 (Nuñez et al. 2018: even to the eye, also where red and green look alike).
PROBABILITY_SCALE = "Cividis"

BAND_OPACITY = 0.34
HALO_OPACITY = 0.13


def planet(index: int) -> str:
    """The colour of the planet at that place in the ephemerides, as #rrggbb; they repeat after the last."""
    return PLANETS[index % len(PLANETS)]


def faded(colour: str, opacity: float) -> str:
    """A colour #rrggbb with an opacity from 0 to 1, as rgba()."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
