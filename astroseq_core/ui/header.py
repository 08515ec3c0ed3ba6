"""Who the star is: name, badges, and the numbers that say how it looks; and what stands here before a star is picked."""

from collections.abc import Mapping

import streamlit as st

from astroseq_core.archive import famous
from astroseq_core.errors import ModelError
from astroseq_core.figures import colours
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.opening import OpenedStar, Source
from astroseq_core.ui import address, opened, page
from astroseq_core.ui.opened import Scored
from astroseq_core.ui.page import escape
from astroseq_core.ui.sidebar import Choice, go_to

#: Stars worth a first look.
EXAMPLES = (
    ("SIM 1", "three planets"),
    ("SIM 29", "as Kepler sees it"),
    ("SIM 10", "eclipsing binary"),
    ("SIM 49", "one transit"),
)
#: So many famous systems are offered where there is nothing yet.
FAMOUS_SHOWN = 6
SCORE_HELP = (
    "For ranking stars: natural log of the likelihood ratio that the best period, or single transit, gathers over the star, "
    "less that of the number of trials; noise scores about 0. It is no probability that the star has a planet."
)


def nothing_yet(choice: Choice) -> None:
    """Say what will stand here, and hold the buttons that get it there."""
    st.title("Explore", anchor=False)
    if choice.request.source is Source.SIMULATED:
        st.markdown(
            "Pick a star on the left. Its light curve will stand here, with the transits that its ephemerides predict, the "
            "network's probability for every segment, and the light curve without its slow trends."
        )
        with st.container(horizontal=True):
            for star, what in EXAMPLES:
                st.button(f"{star}: {what}", on_click=go_to, args=(star,), key=f"example {star}")
    elif choice.request.source is Source.FILES and not choice.request.folder:
        st.markdown(
            "Name a folder of light curves on the left: FITS as the missions publish them, or `.npz` and CSV with the columns "
            "`time` and `flux`. Name files like `TIC_261136679__anything.npz` where their content does not say which star it is."
        )
    elif choice.request.source is Source.CACHE:
        _cache(choice)
    elif choice.offered:
        st.markdown(f"{len(choice.offered)} stars are there. Pick one on the left, or start with the first.")
        st.button(f"Open {choice.offered[0]}", on_click=go_to, args=(choice.offered[0],), type="primary")
    else:
        st.markdown("There is no light curve in that folder. FITS, `.npz` and CSV files are looked for, in folders below it too.")


def _cache(choice: Choice) -> None:
    """What the cache has, or how stars get there."""
    if choice.offered:
        count = len(choice.offered)
        st.markdown(
            f"{count} star{'s are' if count != 1 else ' is'} in the cache. Pick one on the left, or write any other's name "
            "there: a TIC, KIC or EPIC number, a TOI or KOI, a planet or its star."
        )
        st.button(f"Open {choice.offered[0]}", on_click=go_to, args=(choice.offered[0],), type="primary")
    else:
        st.markdown(
            "The cache is empty. Write a star's name on the left, such as TOI 700, KIC 11446443 or WASP-18, and its light curves "
            "can be fetched from MAST; or begin with a well-known system:"
        )
        with st.container(horizontal=True):
            for host, identifier in famous.hosts()[:FAMOUS_SHOWN]:
                st.button(host, help=identifier, on_click=go_to, args=(identifier,), key=f"famous {identifier}")
    page.link(address.DATA, "The Data page searches and downloads, and says what is here", ":material/database:")


def model(star: OpenedStar, wanted: str) -> ModelCard | None:
    """The model to score with; where the one asked for cannot, a sentence says why and None comes back."""
    try:
        return opened.model_for(star, wanted)
    except ModelError as error:
        st.warning(escape(error), icon=":material/neurology:")
        return None


def show(star: OpenedStar, card: ModelCard | None, known: Scored | None, place: Mapping[str, str]) -> None:
    """The star's name, badges and numbers, and the way to judge it; ``place``: how the vetting page finds it."""
    first = star.prepared[0]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(star.target.id, anchor=False, width="content")
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
            if star.target.is_simulated:
                st.badge("Simulated", icon=":material/science:", color=colours.SIMULATED_BADGE)
            st.badge(f"seen as {star.instrument.name}" if star.target.is_simulated else star.instrument.name, color="blue")
            for author in sorted({c.author for c in star.curves if c.author and not star.target.is_simulated}):
                st.badge(escape(author), color="gray")
            st.badge(f"{first.cadence_minutes:.3g} min", color="gray", help="Time between cadences")
            word, count = star.instrument.observation_word, len(star.prepared)
            st.badge(f"{count} {word}{'s' if count != 1 else ''}", color="gray")
            if not star.ephemerides:
                st.badge("no known transits", color="gray")
            for e in star.ephemerides:
                if e.disposition:
                    st.badge(f"{escape(e.name)}: {escape(e.disposition)}", color="green" if e.is_planet else "red")
        st.space("stretch")
        page.link(address.VET, "Vet this star", ":material/fact_check:", place)
    total = None if known is None else known.star
    with st.container(horizontal=True, gap="medium"):
        waiting = "–" if card is None else "…" if known is None else "none"
        st.metric("Star score", f"{total.star_score:.1f}" if total else waiting, help=SCORE_HELP, width="content")
        st.metric("Noise per cadence", f"{_median([p.noise_ppm for p in star.prepared]):,.0f} ppm", width="content",
                  help="Robust scatter about the trend, the median over the observations")  # fmt: skip
        st.metric("Noise over 1 h", f"{_median([p.noise_ppm_over(1.0) for p in star.prepared]):,.0f} ppm", width="content",
                  help="Robust scatter of means over an hour: what a transit of an hour has to beat")  # fmt: skip
        count_text = "–" if known is None else f"{sum(len(s) for s in known.scores if s is not None):,}"
        st.metric("Segments", count_text, width="content", help="How many stretches the network looked at")


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
