"""The reasons that vetters give for a verdict, by the abbreviations of the field."""

from collections.abc import Iterable

#: Code -> what it says of the signal, in the order in which they are offered.
REASONS: dict[str, str] = {
    "OED": "odd and even transits differ in depth",
    "SSE": "significant secondary eclipse",
    "VSH": "V-shaped",
    "CO": "centroid offset: the light that dims is not the target's",
    "MD": "transits at momentum dumps",
    "WE": "wrong ephemeris",
    "LS": "low signal",
    "SL": "scattered light",
    "FLR": "flare",
    "SYS": "systematic of the instrument",
    "ST": "single transit",
    "BLD": "blend with another star",
    "EB": "eclipsing binary",
    "VAR": "stellar variability",
    "DUR": "implausible duration",
    "DV": "depths vary from transit to transit",
    "GAP": "transits at gaps",
    "DEP": "too deep for a planet",
    "KN": "known object",
    "OTH": "other, see the note",
}


def words(codes: Iterable[str]) -> str:
    """The codes in words, joined by semicolons; one that is not known here stands as it is."""
    return "; ".join(REASONS.get(code, code) for code in codes)
