"""The top line of the vetting screen: who the star is, what its signal is, what the score says."""

import math

import streamlit as st

from astroseq_core.figures import colours
from astroseq_core.figures.vetting_panels import depth
from astroseq_core.ui.page import escape
from astroseq_core.ui.vet_star import VetStar

#: How a match's ratio is said.
RATIOS = {"1": "", "2": " at twice its period", "1/2": " at half its period"}
HIDDEN = "hidden"


def show(shown: VetStar, blind: bool, progress: str) -> None:
    """Draw it; ``progress``: how far the queue is, in words."""
    star = shown.star
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="vet header"):
        st.subheader(star.target.id, anchor=False, width="content")
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
            if star.target.is_simulated:
                st.badge("Simulated", icon=":material/science:", color=colours.SIMULATED_BADGE)
            st.badge(f"seen as {star.instrument.name}" if star.target.is_simulated else star.instrument.name, color="blue")
            word, count = star.instrument.observation_word, len(star.prepared)
            st.badge(f"{count} {word}{'s' * (count != 1)}", color="gray")
            st.badge(f"{star.prepared[0].cadence_minutes:.3g} min", color="gray")
        st.markdown(f"{_star_words(shown)}  \n{_signal_words(shown)}", width="content")
        st.markdown(f"Score **{_score(shown, blind)}**  \n{HIDDEN if blind else _match(shown)}", width="content")
        if progress:
            st.space("stretch")
            st.markdown(progress, width="content", text_alignment="right")


def _star_words(shown: VetStar) -> str:
    s = shown.stellar
    parts = (
        escape(s.name) if s.name and s.name != shown.target_id else "",
        "" if s.magnitude is None else f"{escape(s.band) or 'mag'} {s.magnitude:.2f}",
        "" if s.teff_k is None else f"{s.teff_k:,.0f} K",
        "" if s.radius_solar is None else f"R {s.radius_solar:.2f} R☉",
        "" if s.mass_solar is None else f"M {s.mass_solar:.2f} M☉",
        "" if s.logg is None else f"log g {s.logg:.2f}",
        "" if s.density_solar is None else f"ρ {s.density_solar:.2g} ρ☉",
    )
    return " · ".join(p for p in parts if p) or "nothing is known of the star itself"


def _signal_words(shown: VetStar) -> str:
    if shown.signal is None:
        return "no signal to look at"
    e = shown.signal.ephemeris
    t0 = e.t0.to(shown.star.system)
    period = "single transit" if e.period_days is None else f"P {e.period_days:.5f}{_error(e.period_err)} d"
    fit = None if shown.examined is None else shown.examined.fit
    hours = f"{e.duration_hours:.2f} h" if fit is None else f"{fit.duration_hours:.2f}{_error(fit.duration_err_hours)} h"
    dip = "" if fit is None else depth(fit.depth_ppm, fit.depth_err_ppm)
    parts = (f"**{escape(shown.signal.name)}**", period, f"t0 {t0.days:.4f}{_error(e.t0_err)} {t0.system}", hours, dip)
    return " · ".join(p for p in parts if p)


def _error(value: float) -> str:
    """One sigma with the two digits that count, empty where none is known."""
    if not value > 0:
        return ""
    digits = max(0, 1 - math.floor(math.log10(value)))
    return f" ± {value:.{digits}f}" if digits <= 7 else f" ± {value:.1e}"


def _score(shown: VetStar, blind: bool) -> str:
    if blind:
        return HIDDEN
    return "–" if shown.score is None else f"{shown.score:.2f}"


def _match(shown: VetStar) -> str:
    row = shown.row
    if row is None or not row.match:
        known = ", ".join(escape(e.name) for e in shown.star.ephemerides[:2])
        return f"known: {known}" if known else "no known object"
    ratio = RATIOS.get(row.match_ratio, ", another period")
    return f"known: {escape(row.match)}{ratio}"
