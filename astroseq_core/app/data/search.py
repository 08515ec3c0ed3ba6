"""Search tab of the Data page: the light curves that MAST has of a star, to choose for download."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.app.data.state import ALL_AUTHORS, ANY_EXPOSURE, USUAL_AUTHORS
from astroseq_core.app.shared import background, downloads, names, url_state
from astroseq_core.app.shared.background import PageJob
from astroseq_core.app.shared.layout import escape
from astroseq_core.archive import mast
from astroseq_core.archive.products import AvailableLightCurve, select_light_curves
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.targets import Target

if TYPE_CHECKING:
    import pandas as pd

SEARCH_KIND = "search"


def draw_search() -> None:
    """Draw the tab."""
    name = st.text_input(
        "Star",
        key="search",
        width=520,
        bind="query-params",
        placeholder="TIC 261136679, KIC 11446443, EPIC 201367065, TOI 700, WASP-18",
        max_chars=60,
        icon=":material/search:",
        help="Press Enter; what MAST has is listed before anything downloads.",
    )
    if not (name or "").strip():
        st.markdown(
            "Name a star by its TIC, KIC or EPIC number, a TOI or KOI, a planet or its host. The light curves that MAST has of "
            "it will stand here with author, exposure and size; you choose which to download."
        )
        return
    found = names.resolve_name(str(name))
    if found.resolved is None:
        names.draw_unresolved(found, _search_for)
        return
    star = found.resolved.target
    if found.resolved.also:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"{star}, also known as")
            for other in found.resolved.also:
                st.button(other.id, key=f"also {other.id}", on_click=_search_for, args=(other.id,), type="tertiary")
    _draw_star(star)


def _search_for(name: str) -> None:
    st.session_state.update(search=name, author=USUAL_AUTHORS)


def _draw_star(star: Target) -> None:
    job = _search_job(star)
    if not job.wait(background.PROMPT_SECONDS):

        def draw() -> bool:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.info(f"MAST is being asked what it has of {star} …", icon=":material/travel_explore:")
                st.button("Cancel", on_click=job.cancel, disabled=job.stop.is_set())
            return job.is_running

        background.watch(True, draw)
        return
    if job.problem is not None:
        st.error(escape(job.problem), icon=":material/cloud_off:")
        st.button("Try again", on_click=background.job_registry().forget, args=(job.key,), icon=":material/refresh:")
    elif not job.result:
        reason = (
            mast.absence_reason(LightCurveCache(), star, "any", None) if job.result is not None else "The search was stopped."
        )
        st.warning(escape(reason or f"MAST has no light curve of {star}."), icon=":material/search_off:")
        st.button("Ask again", on_click=_search_again, args=(star, job.key), icon=":material/refresh:")
    else:
        _draw_products(star, job.result)


def _search_job(star: Target) -> PageJob:
    """Return the search for all light curves of a star; start it if there is none."""
    key = f"{SEARCH_KIND} {star.id}"

    def work(job: PageJob) -> tuple[AvailableLightCurve, ...]:
        return mast.search(star, author="any", stop=job.stop)

    return background.job_registry().get(key) or background.job_registry().start(key, f"Search for {star}", work)


def _search_again(star: Target, key: str) -> None:
    mast.forget_listing(star)
    background.job_registry().forget(key)


def _draw_products(star: Target, items: tuple[AvailableLightCurve, ...]) -> None:
    """Draw the table of light curves, and the button that downloads the selected rows."""
    authors = (USUAL_AUTHORS, *dict.fromkeys(i.author for i in items), ALL_AUTHORS)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        author = st.selectbox(
            "Author",
            authors,
            key="author",
            bind="query-params",
            width=200,
            help="**usual**: the mission's own pipeline, else the next best; never a mix.",
        )
        usual = select_light_curves(items, star.mission)
        shown = (
            items
            if author == ALL_AUTHORS
            else usual
            if author == USUAL_AUTHORS
            else select_light_curves(items, star.mission, str(author))
        )
        exposures = (ANY_EXPOSURE, *(f"{s:g}" for s in sorted({i.exposure_seconds for i in shown})))
        exposure = st.selectbox("Exposure [s]", exposures, key="exposure", bind="query-params", width=160)
    if exposure in exposures[1:]:
        shown = tuple(i for i in shown if f"{i.exposure_seconds:g}" == exposure)
    if not shown:
        there = ", ".join(authors[1:-1])
        st.markdown(f"None by the usual pipelines. There are light curves by {escape(there)}: choose an author above.")
        return
    here = {(e.observation, e.author, e.exposure_seconds) for e in LightCurveCache().entries(star)}
    state: Any = st.dataframe(
        product_frame(shown, here),
        hide_index=True,
        width="stretch",
        key=f"available {star.id} {author} {exposure}",
        on_select="rerun",
        selection_mode="multi-row",
        height=min(420, 38 + 35 * len(shown)),
        alt=f"Light curves of {star} at MAST",
        column_config={"Size [MB]": st.column_config.NumberColumn(format="%.2f")},
    )
    rows = [r for r in state["selection"]["rows"] if r < len(shown)]
    chosen = tuple(shown[r] for r in rows) or shown
    megabytes = sum(i.size_bytes for i in chosen) / 1e6
    words = f"Download {'the' if rows else 'all'} {len(chosen)}{' chosen' if rows else ''} ({megabytes:.1f} MB)"
    job = downloads.download_job(star)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            words,
            type="primary",
            icon=":material/download:",
            on_click=_start_download,
            args=(star, chosen),
            key="download",
            disabled=job is not None and job.is_running,
        )
        if here and st.button(f"Open {star}", key="open found"):
            st.switch_page(url_state.EXPLORE, query_params={"source": "cache", "target": star.id})
        st.button("Ask MAST again", on_click=_search_again, args=(star, f"{SEARCH_KIND} {star.id}"), type="tertiary")
    if not rows:
        st.caption("Mark rows to download only those. What is here already and whole is not fetched again.")


def _start_download(star: Target, chosen: tuple[AvailableLightCurve, ...]) -> None:
    downloads.start_download([star], chosen)


def product_frame(items: tuple[AvailableLightCurve, ...], here: set[tuple[str, str, int]]) -> "pd.DataFrame":
    """Return light curves at MAST as a table.

    Parameters
    ----------
    items : tuple of Available
        Light curves at MAST.
    here : set of tuple
        Observation, author and exposure time [s] of those in the cache.

    Returns
    -------
    pandas.DataFrame
        One row for each light curve.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "Observation": i.observation,
                "Author": i.author,
                "Exposure [s]": i.exposure_seconds,
                "Size [MB]": i.size_bytes / 1e6 if i.size_bytes else None,
                "Here": "✓" if (i.observation, i.author, round(i.exposure_seconds)) in here else "",
                "File": i.filename,
            }
            for i in items
        ]
    )
