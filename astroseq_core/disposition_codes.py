"""The dispositions that people and catalogs give to signals: codes, meanings, keys, and what each says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DispositionCode:
    """A disposition of a signal or star.

    Attributes
    ----------
    code : str
        The code as it is stored and written.
    meaning : str
        The meaning in words.
    is_planet : bool or None
        Whether it says that the signal is, or may be, a planet's; None for an unsure one.
    key : str
        Key of the vetting page; empty for none.
    exofop : str
        ExoFOP's code for it; empty if an ExoFOP file cannot hold it.
    by_reviewers : bool
        Whether reviewers can give it.
    by_tfopwg : bool
        Whether the TESS Follow-up Observing Program Working Group (TFOPWG) gives it to TOIs.
    explanation : str
        What the meaning implies; empty if its words say so.
    """

    code: str
    meaning: str
    is_planet: bool | None
    key: str = ""
    exofop: str = ""
    by_reviewers: bool = True
    by_tfopwg: bool = True
    explanation: str = ""


#: All codes in the order in which they are offered; the meanings are those of ExoFOP's help pages. An ExoFOP file has no place
#: for a false alarm, which is no event of the star, nor for "unsure", which says nothing.
CODES: dict[str, DispositionCode] = {
    one.code: one
    for one in (
        DispositionCode("PC", "planet candidate", True, "P", "PC"),
        DispositionCode("CP", "confirmed planet", True, exofop="CP"),
        DispositionCode("KP", "known planet", True, exofop="CP"),
        DispositionCode("APC", "ambiguous planet candidate", True, by_reviewers=False),
        DispositionCode("FP", "false positive", False, "F", "FP", explanation="real, but no planet"),
        DispositionCode("FA", "false alarm", False, "A", explanation="no real signal"),
        DispositionCode("UNSURE", "unsure", None, "U", by_tfopwg=False),
    )
}
#: Codes that reviewers give, and those that TFOPWG gives to TOIs.
DISPOSITIONS = tuple(one.code for one in CODES.values() if one.by_reviewers)
TFOPWG_DISPOSITIONS = tuple(one.code for one in CODES.values() if one.by_tfopwg)
#: Codes of reviewers that say planet, and all codes that say none.
PLANET_DISPOSITIONS = tuple(code for code in DISPOSITIONS if CODES[code].is_planet)
FALSE_DISPOSITIONS = tuple(one.code for one in CODES.values() if one.is_planet is False)
#: Codes of reviewers that say neither.
UNSURE_DISPOSITIONS = tuple(code for code in DISPOSITIONS if CODES[code].is_planet is None)
