"""The class of a signal in words: of one line, of a chip, of a sentence."""

from dataclasses import dataclass

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.signals.signal import ClassProbabilities
from astroseq_core.signals.star_signals import StarSignal
from astroseq_core.vetting.planet_depth import is_too_deep

#: Classes: what `ClassProbabilities` calls them, their words beside a bar, and the short ones of a chip.
CLASSES = {
    "planet": ("Planet candidate", "planet"),
    "eclipsing_binary": ("Eclipsing binary", "binary"),
    "not_transit": ("Not transit-like", "not a transit"),
}


@dataclass(frozen=True)
class ClassValue:
    """One class of a signal.

    Attributes
    ----------
    name : str
        Name of the class, a key of `CLASSES`.
    probability : float
        Its probability.
    spread : float
        Standard deviation of the probability in the ensemble.
    """

    name: str
    probability: float
    spread: float


def class_values(classes: ClassProbabilities) -> tuple[ClassValue, ...]:
    """Return the classes of a signal in their usual order.

    Parameters
    ----------
    classes : ClassProbabilities
        The class probabilities.

    Returns
    -------
    tuple of ClassValue
        The three classes.
    """
    return tuple(ClassValue(name, getattr(classes, f"p_{name}"), getattr(classes, f"{name}_spread")) for name in CLASSES)


def likeliest(classes: ClassProbabilities) -> ClassValue:
    """Return the class with the highest probability.

    Parameters
    ----------
    classes : ClassProbabilities
        The class probabilities.

    Returns
    -------
    ClassValue
        The class.
    """
    return max(class_values(classes), key=lambda one: one.probability)


def short_probability(probability: float) -> str:
    """Format a probability with two digits and no zero in front.

    Parameters
    ----------
    probability : float
        The probability.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> short_probability(0.934), short_probability(0.998), short_probability(0.001)
    ('.93', '>.99', '<.01')
    """
    if probability > 0.99:
        return ">.99"
    return "<.01" if probability < 0.01 else f"{probability:.2f}".removeprefix("0")


def period_words(ephemeris: Ephemeris) -> str:
    """Format the period of a signal with three digits.

    Parameters
    ----------
    ephemeris : Ephemeris
        The signal.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> period_words(Ephemeris.from_values("TIC 1", 2458330.2, 3.6905, 2.0)), period_words(
    ...     Ephemeris.from_values("TIC 1", 2458330.2, 412.7, 2.0)
    ... )
    ('3.69 d', '413 d')
    """
    if ephemeris.period_days is None:
        return "single"
    digits = 2 if ephemeris.period_days < 10 else 1 if ephemeris.period_days < 100 else 0
    return f"{ephemeris.period_days:.{digits}f} d"


def chip_label(signal: StarSignal, hidden: bool = False, disposition: str = "") -> str:
    """Return the words of a signal on one line.

    Parameters
    ----------
    signal : StarSignal
        The signal.
    hidden : bool, optional
        Whether its class is hidden.
    disposition : str, optional
        Its disposition.

    Returns
    -------
    str
        Number, period, likeliest class and disposition, such as "1 · 3.69 d · planet .93 · PC"; a dip that no planet makes is
        "too deep".
    """
    words = [str(signal.number), period_words(signal.ephemeris)]
    if signal.classes is not None and not hidden:
        best = likeliest(signal.classes)
        words.append(f"{CLASSES[best.name][1]} {short_probability(best.probability)}")
        if is_too_deep(signal.ephemeris.depth_ppm):
            words.append("too deep")
    return " · ".join((*words, disposition) if disposition else words)


def depth_warning(depth_ppm: float | None) -> str:
    """Return the words for a dip that is too deep for a planet, to stand beside its class.

    Parameters
    ----------
    depth_ppm : float or None
        Depth [ppm].

    Returns
    -------
    str
        The words; empty for a depth that a planet can have, and for an unknown one.

    Examples
    --------
    >>> depth_warning(312_000.0), depth_warning(20_000.0)
    ("31 % deep, deeper than any planet's transit", '')
    """
    return f"{(depth_ppm or 0.0) / 1e4:.0f} % deep, deeper than any planet's transit" if is_too_deep(depth_ppm) else ""


def baseline_words(baseline: ClassProbabilities) -> str:
    """Return the likeliest class by the readable baseline, the trees alone, in words.

    Parameters
    ----------
    baseline : ClassProbabilities
        What the trees say.

    Returns
    -------
    str
        Such as "planet candidate 0.79".
    """
    best = likeliest(baseline)
    return f"{CLASSES[best.name][0].lower()} {best.probability:.2f}"


def class_sentence(classes: ClassProbabilities) -> str:
    """Return the class probabilities in words, with their intervals.

    Parameters
    ----------
    classes : ClassProbabilities
        The class probabilities.

    Returns
    -------
    str
        Such as "planet candidate 0.93 ± 0.04, eclipsing binary 0.06 ± 0.04, not transit-like 0.01 ± 0.01".
    """
    return ", ".join(f"{CLASSES[one.name][0].lower()} {one.probability:.2f} ± {one.spread:.2f}" for one in class_values(classes))


def short_class_words(classes: ClassProbabilities) -> str:
    """Return the class probabilities in few words, with their intervals.

    Parameters
    ----------
    classes : ClassProbabilities
        The class probabilities.

    Returns
    -------
    str
        Such as "planet 0.93 ± 0.04, binary 0.06 ± 0.04, not a transit 0.01 ± 0.01".

    Examples
    --------
    >>> short_class_words(ClassProbabilities(0.93, 0.06, 0.01, 0.04, 0.04, 0.01))
    'planet 0.93 ± 0.04, binary 0.06 ± 0.04, not a transit 0.01 ± 0.01'
    """
    return ", ".join(f"{CLASSES[one.name][1]} {one.probability:.2f} ± {one.spread:.2f}" for one in class_values(classes))
