"""Explore's header: the star's name, badges and numbers, or a welcome without a star."""

from collections.abc import Mapping, Sequence

import streamlit as st

from astroseq_core.app.explore.sidebar import SidebarChoice, select_star
from astroseq_core.app.shared import layout, names, signals, stars, url_state
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.shared.stars import ScoredStar
from astroseq_core.archive import catalogs
from astroseq_core.columns import combine_measurements, measure_light_curve
from astroseq_core.errors import ModelError
from astroseq_core.networks.card import ModelCard
from astroseq_core.plots import style
from astroseq_core.preprocessing.prepare import median_noise_ppm
from astroseq_core.scoring.star_data import StarData, StarRequest
from astroseq_core.scoring.star_source import Source
from astroseq_core.signals.class_words import chip_label, class_sentence, depth_warning
from astroseq_core.signals.star_signals import StarSignal

#: Stars worth a first look.
EXAMPLES = (
    ("SIM 1", "three planets"),
    ("SIM 29", "as Kepler sees it"),
    ("SIM 10", "eclipsing binary"),
    ("SIM 49", "one transit"),
)
#: Number of famous systems offered while the cache is empty.
FAMOUS_SHOWN = 6
SCORE_HELP = (
    "For ranking stars: natural log of the likelihood ratio that the best period, or single transit, gathers over the star, "
    "less that of the number of trials; noise scores about 0. It is no probability that the star has a planet."
)


def draw_welcome(choice: SidebarChoice) -> None:
    """Draw the welcome while no star is selected, with buttons that open one.

    Parameters
    ----------
    choice : SidebarChoice
        The sidebar's choices.
    """
    st.title("Explore", anchor=False)
    if choice.request.source is Source.SIMULATED:
        st.markdown(
            "Pick a star on the left. Its light curve will stand here, with the transits that its ephemerides predict, the "
            "network's probability for every segment, and the light curve without its slow trends."
        )
        with st.container(horizontal=True):
            for star, what in EXAMPLES:
                st.button(f"{star}: {what}", on_click=select_star, args=(star,), key=f"example {star}")
    elif choice.request.source is Source.FOLDER and not choice.request.folder:
        st.markdown(
            "Name a folder of light curves on the left: FITS as the missions publish them, or `.npz` and CSV with the columns "
            "`time` and `flux`. Name files like `TIC_261136679__anything.npz` where their content does not say which star it is."
        )
        tab = {"tab": "Your files"}
        layout.draw_page_link(url_state.DATA, "What files look like, and upload of single ones", ":material/upload_file:", tab)
    elif choice.request.source is Source.CACHE:
        _draw_cache_welcome(choice)
    elif choice.offered:
        st.markdown(f"{len(choice.offered)} stars are there. Pick one on the left, or start with the first.")
        st.button(f"Open {choice.offered[0]}", on_click=select_star, args=(choice.offered[0],), type="primary")
    else:
        st.markdown("There is no light curve in that folder. FITS, `.npz` and CSV files are looked for, in folders below it too.")


def _draw_cache_welcome(choice: SidebarChoice) -> None:
    """Draw the welcome for the cache: its stars, or how to download some."""
    if choice.offered:
        count = len(choice.offered)
        st.markdown(
            f"{count} star{'s are' if count != 1 else ' is'} in the cache. Pick one on the left, or write any other's name "
            "there: a TIC, KIC or EPIC number, a TOI or KOI, a planet or its star."
        )
        st.button(f"Open {choice.offered[0]}", on_click=select_star, args=(choice.offered[0],), type="primary")
    else:
        st.markdown(
            "The cache is empty. Write a star's name on the left, such as TOI 700, KIC 11446443 or WASP-18, and its light curves "
            "can be fetched from MAST; or begin with a well-known system:"
        )
        with st.container(horizontal=True):
            for host, identifier in catalogs.famous_hosts()[:FAMOUS_SHOWN]:
                st.button(
                    escape(host), help=escape(identifier), on_click=select_star, args=(identifier,), key=f"famous {identifier}"
                )
    layout.draw_page_link(url_state.DATA, "The Data page searches and downloads, and says what is here", ":material/database:")


def model_card_or_warn(star: StarData, wanted: str) -> ModelCard | None:
    """Return the model to score with; draw a warning if the requested one cannot be used.

    Parameters
    ----------
    star : StarData
        The star.
    wanted : str
        Identifier of the model, or "best".

    Returns
    -------
    ModelCard or None
        None if no model suits the star.
    """
    try:
        return stars.model_card_for(star, wanted)
    except ModelError as error:
        st.warning(escape(error), icon=":material/neurology:")
        return None


def _draw_signal_badges(found: Sequence[StarSignal]) -> None:
    """Draw a badge for each signal whose class is known."""
    for signal in found:
        if signal.classes is not None:
            words = (class_sentence(signal.classes), depth_warning(signal.ephemeris.depth_ppm))
            help_text = f"Signal: {'; '.join(filter(None, words))}"
            st.badge(chip_label(signal), icon=":material/timeline:", color="gray", help=help_text)


def draw_header(
    request: StarRequest,
    star: StarData,
    card: ModelCard | None,
    known: ScoredStar | None,
    location: Mapping[str, str],
    members: tuple[int, ...],
    typed: str = "",
) -> None:
    """Draw the star's name, badges and numbers, and the link to its vetting.

    Cadence, observations and noise are those of what is drawn; scores are of the whole star.

    Parameters
    ----------
    request : StarRequest
        The request of the star.
    star : StarData
        The star.
    card : ModelCard or None
        The model it is scored with.
    known : ScoredStar or None
        Its scores, None while they are being computed.
    location : Mapping of str to str
        URL parameters with which the vetting page opens the star.
    members : tuple of int
        Indices of the observations that are drawn.
    typed : str, optional
        The name by which the star was asked for.
    """
    drawn = [star.detrended[i] for i in members]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(escape(names.star_title(typed, star.target)), anchor=False, width="content")
        if name := names.other_name(typed, star.target):
            st.markdown(f"##### {escape(name)}", width="content")
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
            if star.target.is_simulated:
                st.badge("Simulated", icon=":material/science:", color=style.SIMULATED_BADGE_COLOR)
            st.badge(f"as observed by {star.instrument.name}" if star.target.is_simulated else star.instrument.name, color="blue")
            for author in sorted({d.light_curve.author for d in drawn} - {""} if not star.target.is_simulated else ()):
                st.badge(escape(author), color="gray")
            cadences = sorted({f"{d.cadence_minutes:.3g}" for d in drawn}, key=float)
            st.badge(f"{' and '.join(cadences)} min", color="gray", help="Time between cadences, of what is drawn")
            word, count, there = star.instrument.observation_word, len(drawn), len(star.detrended)
            of_all = f" of {there}" if there != count else ""
            st.badge(f"{count}{of_all} {word}{'s' if there != 1 else ''}", color="gray", help="What is drawn")
            if not star.ephemerides:
                st.badge("no known transits", color="gray")
            for e in star.ephemerides:
                if e.disposition:
                    st.badge(f"{escape(e.name)}: {escape(e.disposition)}", color="green" if e.is_planet else "red")
            _draw_signal_badges(signals.known_signals(request, star, card))
        st.space("stretch")
        layout.draw_page_link(url_state.VET, "Vet this star", ":material/fact_check:", location)
    names.draw_web_pages(star.target)
    total = None if known is None else known.star
    per_cadence = median_noise_ppm(drawn)
    per_hour = combine_measurements(measure_light_curve(p) for p in drawn).get("noise_ppm_1h")
    with st.container(horizontal=True, gap="medium"):
        waiting = "–" if card is None else "…" if known is None else "none"
        st.metric("Star score", f"{total.star_score:.1f}" if total else waiting, help=SCORE_HELP, width="content")
        st.metric(
            "Noise per cadence",
            "–" if per_cadence is None else f"{per_cadence:,.0f} ppm",
            width="content",
            help="Robust scatter about the trend, the median over the observations that are drawn",
        )
        st.metric(
            "Noise over 1 h",
            "–" if per_hour is None else f"{per_hour:,.0f} ppm",
            width="content",
            help="Robust scatter of means over an hour: what a transit of an hour has to beat",
        )
        count_text = "–" if known is None else f"{sum(len(s) for s in known.scores if s is not None):,}"
        st.metric("Segments", count_text, width="content", help="How many stretches the network looked at, of all observations")
