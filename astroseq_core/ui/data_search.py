"""The Data page's search: what MAST has of a star, before anything downloads."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.archive import search
from astroseq_core.archive.products import Available, choose
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.targets import Target
from astroseq_core.ui import address, downloads, finding, jobs, naming
from astroseq_core.ui.jobs import Job
from astroseq_core.ui.page import escape

if TYPE_CHECKING:
    import pandas as pd

#: What the Data page's address may hold.
ADDRESS = ("tab", "search", "author", "exposure", "folder", "rows", "filter")
KIND = "search"
#: The choices of authors that name none.
USUAL, ALL = "usual", "all"


def show() -> None:
    """Draw it."""
    name = st.text_input(
        "Star", key="search", width=520, bind="query-params",
        placeholder="TIC 261136679, KIC 11446443, EPIC 201367065, TOI 700, WASP-18",
        max_chars=60, icon=":material/search:", help="Press Enter; what MAST has is listed before anything downloads.",
    )  # fmt: skip
    if not (name or "").strip():
        st.markdown(
            "Name a star by its TIC, KIC or EPIC number, a TOI or KOI, a planet or its host. The light curves that MAST has of "
            "it will stand here with author, exposure and size; you choose which to download."
        )
        return
    found = naming.meaning(str(name))
    if found.resolved is None:
        finding.unresolved(found, _search)
        return
    star = found.resolved.target
    if found.resolved.also:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"{star}, also known as")
            for other in found.resolved.also:
                st.button(other.id, key=f"also {other.id}", on_click=_search, args=(other.id,), type="tertiary")
    _of(star)


def _search(name: str) -> None:
    st.session_state.update(search=name, author=USUAL)


def _of(star: Target) -> None:
    job = _asked(star)
    if not job.wait(jobs.PROMPT_SECONDS):

        def draw() -> bool:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.info(f"MAST is being asked what it has of {star} …", icon=":material/travel_explore:")
                st.button("Cancel", on_click=job.cancel, disabled=job.stop.is_set())
            return job.is_running

        jobs.watch(True, draw)
        return
    if job.problem is not None:
        st.error(escape(job.problem), icon=":material/cloud_off:")
        st.button("Try again", on_click=jobs.all_jobs().forget, args=(job.key,), icon=":material/refresh:")
    elif not job.result:
        reason = search.absence(LightCurveCache(), star, "any", None) if job.result is not None else "The search was stopped."
        st.warning(escape(reason or f"MAST has no light curve of {star}."), icon=":material/search_off:")
        st.button("Ask again", on_click=_again, args=(star, job.key), icon=":material/refresh:")
    else:
        _choose(star, job.result)


def _asked(star: Target) -> Job:
    """The search for all light curves of a star, begun now where there was none."""
    key = f"{KIND} {star.id}"

    def work(job: Job) -> tuple[Available, ...]:
        return search.search(star, author="any", stop=job.stop)

    return jobs.all_jobs().get(key) or jobs.all_jobs().start(key, f"Search for {star}", work)


def _again(star: Target, key: str) -> None:
    search.forget(star)
    jobs.all_jobs().forget(key)


def _choose(star: Target, items: tuple[Available, ...]) -> None:
    """The table of what there is, and the button that downloads the chosen rows."""
    authors = (USUAL, *dict.fromkeys(i.author for i in items), ALL)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        author = st.selectbox("Author", authors, key="author", bind="query-params", width=200,
                              help="**usual**: the mission's own pipeline, else the next best; never a mix.")  # fmt: skip
        usual = choose(items, star.mission)
        shown = items if author == ALL else usual if author == USUAL else choose(items, star.mission, str(author))
        exposures = ("any", *(f"{s:g}" for s in sorted({i.exposure_seconds for i in shown})))
        exposure = st.selectbox("Exposure [s]", exposures, key="exposure", bind="query-params", width=160)
    if exposure in exposures[1:]:
        shown = tuple(i for i in shown if f"{i.exposure_seconds:g}" == exposure)
    if not shown:
        there = ", ".join(authors[1:-1])
        st.markdown(f"None by the usual pipelines. There are light curves by {escape(there)}: choose an author above.")
        return
    here = {(e.observation, e.author, e.exposure_seconds) for e in LightCurveCache().entries(star)}
    state: Any = st.dataframe(
        table(shown, here), hide_index=True, width="stretch", key=f"available {star.id} {author} {exposure}", on_select="rerun",
        selection_mode="multi-row", height=min(420, 38 + 35 * len(shown)), alt=f"Light curves of {star} at MAST",
        column_config={"Size [MB]": st.column_config.NumberColumn(format="%.2f")},
    )  # fmt: skip
    rows = [r for r in state["selection"]["rows"] if r < len(shown)]
    chosen = tuple(shown[r] for r in rows) or shown
    megabytes = sum(i.size_bytes for i in chosen) / 1e6
    words = f"Download {'the' if rows else 'all'} {len(chosen)}{' chosen' if rows else ''} ({megabytes:.1f} MB)"
    job = downloads.of(star)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(words, type="primary", icon=":material/download:", on_click=_begin, args=(star, chosen), key="download",
                  disabled=job is not None and job.is_running)  # fmt: skip
        if here and st.button(f"Open {star}", key="open found"):
            st.switch_page(address.EXPLORE, query_params={"source": "cache", "target": star.id})
        st.button("Ask MAST again", on_click=_again, args=(star, f"{KIND} {star.id}"), type="tertiary")
    if not rows:
        st.caption("Mark rows to download only those. What is here already and whole is not fetched again.")


def _begin(star: Target, chosen: tuple[Available, ...]) -> None:
    downloads.begin([star], chosen)


def table(items: tuple[Available, ...], here: set[tuple[str, str, int]]) -> "pd.DataFrame":
    """One row a light curve; ``here``: observation, author and exposure [s] of those in the cache."""
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
