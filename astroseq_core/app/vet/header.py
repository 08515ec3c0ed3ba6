"""The line on top of the vetting screen: the star, its signal, the score and what is known, each number with its unit."""

import math

import streamlit as st

from astroseq_core.app.shared.layout import escape
from astroseq_core.app.vet import keys
from astroseq_core.app.vet.showing import Showing
from astroseq_core.app.vet.star import VetStar
from astroseq_core.column_fields import columns_of
from astroseq_core.columns import ScoreValues
from astroseq_core.plots import style
from astroseq_core.vetting.checks.base import format_depth

#: The found period over that of a known object, in words.
RATIO_WORDS = {"1": "the period", "2": "twice the period", "1/2": "half the period", "3": "three times the period"}
RATIO_WORDS["1/3"] = "a third of the period"
HIDDEN_WORD = "hidden"
STAR_HELP = (
    "Of the star, as the catalogs have it: apparent magnitude (T is that of TESS, Kp that of Kepler), effective temperature, "
    "radius, mass, surface gravity (log g in cm/s²) and mean density; R☉, M☉ and ρ☉ are those of the Sun. Then of the signal on "
    "the screen, with errors of one sigma: the period [d], the middle of a transit [d], how long a transit lasts [h], and the "
    "depth [ppm] of the fitted transit at its middle."
)
SCORE_HELP = (
    f"{columns_of(ScoreValues)['star_score'].description} Below it the known signal that it found, and how the period that it "
    "found compares with the known one."
)
PROGRESS_HELP = (
    "Place of this star in the queue; pace of your latest dispositions; stars of the queue with one of yours, and without"
)


def draw_header(shown: VetStar, showing: Showing, blind: bool, progress: str) -> None:
    """Draw the line.

    Parameters
    ----------
    shown : VetStar
        The star.
    showing : Showing
        The current showing.
    blind : bool
        Whether score and known objects are hidden.
    progress : str
        The queue's progress in words; empty for a single star.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="vet header"):
        with st.container(key=keys.name_container(showing.token), width="content"):
            st.subheader(shown.star.target.id, anchor=False, width="content")
        st.markdown(f"{_badges(shown)} {star_words(shown)}  \n{signal_words(shown)}", width="content", help=STAR_HELP)
        st.markdown(f"{score_words(shown, blind)}  \n{match_words(shown, blind)}", width="content", help=SCORE_HELP)
        if progress:
            st.space("stretch")
            st.markdown(progress, width="content", text_alignment="right", help=PROGRESS_HELP)


def _badges(shown: VetStar) -> str:
    """Return where the star's data are from, as Markdown badges."""
    star = shown.star
    simulated = star.target.is_simulated
    word, count = star.instrument.observation_word, len(star.detrended)
    badges = [(style.SIMULATED_BADGE_COLOR, ":material/science: Simulated")] if simulated else []
    badges.append(("blue", f"as observed by {star.instrument.name}" if simulated else star.instrument.name))
    badges.append(("gray", f"{count} {word}{'s' * (count != 1)}, a cadence every {star.detrended[0].cadence_minutes:.3g} min"))
    return " ".join(f":{color}-badge[{text}]" for color, text in badges)


def star_words(shown: VetStar) -> str:
    """Format what is known of the star itself.

    Parameters
    ----------
    shown : VetStar
        The star.

    Returns
    -------
    str
        Markdown.
    """
    s = shown.stellar
    parts = (
        escape(s.name) if s.name and s.name != shown.target_id else "",
        "" if s.magnitude is None else f"{escape(s.band)} {s.magnitude:.2f} mag".strip(),
        "" if s.teff_k is None else f"{s.teff_k:,.0f} K",
        "" if s.radius_solar is None else f"{s.radius_solar:.2f} R☉",
        "" if s.mass_solar is None else f"{s.mass_solar:.2f} M☉",
        "" if s.logg is None else f"log g {s.logg:.2f}",
        "" if s.density_solar is None else f"{s.density_solar:.2g} ρ☉",
    )
    return " · ".join(p for p in parts if p) or "nothing is known of the star itself"


def signal_words(shown: VetStar) -> str:
    """Format the signal on the screen: period, mid-transit, duration and depth, with units and errors.

    Parameters
    ----------
    shown : VetStar
        The star.

    Returns
    -------
    str
        Markdown.
    """
    if shown.signal is None:
        return "no signal to look at"
    e = shown.signal.ephemeris
    t0 = e.t0.to(shown.star.system)
    fit = None if shown.examined is None else shown.examined.fit
    hours = f"{e.duration_hours:.2f} h" if fit is None else hours_words(fit.duration_hours, fit.duration_err_hours)
    parts = (
        f"**{escape(shown.signal.name)}**{' (adopted)' if shown.signal.is_adopted else ''}",
        "single transit" if e.period_days is None else f"every {with_error(e.period_days, e.period_err, 5)} d",
        f"at {t0.system} {with_error(t0.days, e.t0_err, 4)}",
        f"for {hours}",
        _depth_words(shown),
    )
    return " · ".join(p for p in parts if p)


def _depth_words(shown: VetStar) -> str:
    """Return the fitted depth; without a fit that of the fold, of single transits, or the published one."""
    examined, signal = shown.examined, shown.signal
    if examined is not None and not examined.has_level:
        return "depth in ppm unknown"
    if examined is not None and examined.fit is not None:
        return f"{format_depth(examined.fit.depth_ppm, examined.fit.depth_err_ppm)} deep"
    if examined is not None and examined.fold.depth_ppm is not None:
        return f"{format_depth(examined.fold.depth_ppm, examined.fold.depth_err_ppm)} deep, folded"
    if examined is not None and examined.depth_ppm is not None:
        return f"{format_depth(examined.depth_ppm)} deep, of single transits"
    published = None if signal is None else signal.ephemeris.depth_ppm
    return "" if published is None else f"{format_depth(published)} deep, published"


def hours_words(value: float, error: float) -> str:
    """Format a duration; with an error as large as itself it is no more than a rough number.

    Parameters
    ----------
    value : float
        Duration [h].
    error : float
        One sigma [h].

    Returns
    -------
    str
        The duration with its unit.

    Examples
    --------
    >>> hours_words(2.8, 0.021), hours_words(7.0, 24.0)
    ('2.800 ± 0.021 h', 'some 7 h')
    """
    return f"some {value:.1g} h" if error >= value else f"{with_error(value, error, 2)} h"


def with_error(value: float, error: float, digits: int) -> str:
    """Format a value and its standard deviation to the same digit.

    Parameters
    ----------
    value : float
        The value.
    error : float
        Its standard deviation; unknown if it is not above 0.
    digits : int
        Digits after the point of a value whose error is unknown.

    Returns
    -------
    str
        The value, and its error with two digits.

    Examples
    --------
    >>> with_error(3.6905512, 0.000047, 5), with_error(2.0, float("nan"), 2)
    ('3.690551 ± 0.000047', '2.00')
    """
    if not error > 0:
        return f"{value:.{digits}f}"
    places = min(max(0, 1 - math.floor(math.log10(error))), 9)
    return f"{value:.{places}f} ± {error:.{places}f}"


def score_words(shown: VetStar, blind: bool) -> str:
    """Format the star score, and the period that it was found at where the signal on the screen has another.

    Parameters
    ----------
    shown : VetStar
        The star.
    blind : bool
        Whether it is hidden.

    Returns
    -------
    str
        Markdown.
    """
    if blind:
        return f"Star score **{HIDDEN_WORD}**"
    if shown.score is None:
        return "Star score **–**"
    return f"Star score **{shown.score:.1f}**"


def match_words(shown: VetStar, blind: bool) -> str:
    """Format which known object the star score's fold is, and how their periods compare.

    Parameters
    ----------
    shown : VetStar
        The star.
    blind : bool
        Whether it is hidden.

    Returns
    -------
    str
        Markdown.
    """
    if blind:
        return HIDDEN_WORD
    row = shown.row
    if row is None or not row.match:
        known = ", ".join(escape(e.name) for e in shown.star.ephemerides[:2])
        return f"known: {known}" if known else "no known object"
    match = escape(row.match)
    if row.match_ratio == "1":
        return f"known: {match}"
    found = "as a single transit" if row.best_period_days is None else f"at {row.best_period_days:.5f} d"
    ratio = RATIO_WORDS.get(row.match_ratio)
    return f"found {found}, {f'{ratio} of' if ratio else 'not the period of'} {match} (known)"
