"""Cache tab of the Data page: contents, size and maintenance of the light-curve cache."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.app.data import state as data_state
from astroseq_core.app.data.state import BY_OBSERVATION, BY_STAR
from astroseq_core.app.shared import url_state
from astroseq_core.app.shared.layout import escape
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.cache_records import CachedObservation
from astroseq_core.targets import parse_star

if TYPE_CHECKING:
    import pandas as pd

MB, GB = 1e6, 1e9


def draw_cache() -> None:
    """Draw the tab."""
    cache = LightCurveCache()
    entries = cache.entries()
    if not entries:
        st.markdown(
            "Nothing is cached yet. The stars that you download will stand here, with their observations, sizes and ages; "
            "they open without a network from then on."
        )
        st.button("Search for a star", on_click=_open_search_tab, icon=":material/search:", type="primary")
    else:
        _draw_contents(cache, entries)
    _draw_upkeep(cache)


def _open_search_tab() -> None:
    st.session_state[data_state.TAB.name] = data_state.DOWNLOAD_TAB


def _draw_contents(cache: LightCurveCache, entries: tuple[CachedObservation, ...]) -> None:
    stars = list(dict.fromkeys(e.target_id for e in entries))
    budget, size = cache.budget_bytes, cache.size_bytes()
    with st.container(horizontal=True, gap="large"):
        st.metric("Stars", f"{len(stars):,}", width="content")
        st.metric("Light curves", f"{len(entries):,}", width="content")
        st.metric("Size", _format_size(size), width="content", help="Light curves, scores and listings together")
        st.metric("Budget", "none" if budget is None else _format_size(budget), width="content", help="Set it below")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        by = st.segmented_control(
            "One row a",
            (BY_STAR, BY_OBSERVATION),
            default=BY_STAR,
            required=True,
            key="rows",
            bind="query-params",
            label_visibility="collapsed",
        )
        part = st.text_input(
            "Filter",
            key="filter",
            bind="query-params",
            placeholder="Part of a name",
            width=220,
            label_visibility="collapsed",
            icon=":material/filter_alt:",
        )
    wanted = [e for e in entries if (part or "").strip().lower() in e.target_id.lower()]
    if not wanted:
        st.markdown(f"No cached star has {escape(part)} in its name.")
        return
    table = frame_by_star(wanted) if by == BY_STAR else frame_by_observation(wanted)
    state: Any = st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        height=min(400, 38 + 35 * len(table)),
        key=f"cached {by}",
        on_select="rerun",
        selection_mode="single-row",
        column_config=_column_config(),
        alt="What is in the cache",
    )
    rows = [r for r in state["selection"]["rows"] if r < len(table)]
    chosen = str(table["Star"].iloc[rows[0]]) if rows else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(f"Open {chosen}" if chosen else "Open", disabled=chosen is None, type="primary", key="open cached"):
            st.switch_page(url_state.EXPLORE, query_params={"source": "cache", "target": str(chosen)})
        _draw_delete_button(chosen)
        if chosen is None:
            st.caption("Click the start of a row to open that star, or to delete it from the cache.")


def frame_by_star(entries: list[CachedObservation]) -> "pd.DataFrame":
    """Return the cached observations as a table of stars.

    Parameters
    ----------
    entries : list of CachedObservation
        Cached observations.

    Returns
    -------
    pandas.DataFrame
        One row for each star: number of light curves, authors, size [MB] and times.
    """
    import pandas as pd

    rows = []
    for star in dict.fromkeys(e.target_id for e in entries):
        its = [e for e in entries if e.target_id == star]
        rows.append(
            {
                "Star": star,
                "Mission": parse_star(star).mission.name,
                "Light curves": len(its),
                "Authors": ", ".join(dict.fromkeys(e.author or "–" for e in its)),
                "Size [MB]": sum(e.size_bytes for e in its) / MB,
                "Stored": _date(max(e.stored for e in its)),
                "Last opened": _date(max(e.used for e in its)),
            }
        )
    return pd.DataFrame(rows)


def frame_by_observation(entries: list[CachedObservation]) -> "pd.DataFrame":
    """Return the cached observations as a table.

    Parameters
    ----------
    entries : list of CachedObservation
        Cached observations.

    Returns
    -------
    pandas.DataFrame
        One row for each observation, size in MB.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "Star": e.target_id,
                "Observation": e.observation,
                "Author": e.author or "–",
                "Exposure [s]": e.exposure_seconds,
                "Size [MB]": e.size_bytes / MB,
                "Stored": _date(e.stored),
                "Last opened": _date(e.used),
            }
            for e in entries
        ]
    )


def _column_config() -> dict[str, Any]:
    dates = st.column_config.DatetimeColumn(format="distance")
    return {"Size [MB]": st.column_config.NumberColumn(format="%.2f"), "Stored": dates, "Last opened": dates}


def _date(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None


def _format_size(size: float) -> str:
    return f"{size / GB:.2f} GB" if size >= GB else f"{size / MB:.1f} MB"


def _draw_delete_button(star: str | None) -> None:
    with st.popover("Delete …", disabled=star is None, icon=":material/delete:"):
        st.markdown(f"Everything cached of {star} goes; it can be downloaded again.")
        st.button(f"Delete {star}", key="delete one", on_click=_purge, args=(star,))


def _purge(star: str | None) -> None:
    """Delete the light curves of one star, or of all with None."""
    freed = LightCurveCache().purge(None if star is None else parse_star(star))
    st.session_state["sure"] = False
    st.session_state["upkeep said"] = f"{star or 'Everything'} was deleted from the cache; {_format_size(freed)} are free."


def _draw_upkeep(cache: LightCurveCache) -> None:
    """Draw the buttons that verify, limit and empty the cache."""
    if text := st.session_state.pop("upkeep said", ""):
        st.success(escape(text), icon=":material/check:")
    with st.expander("Upkeep", icon=":material/build:", expanded=False), st.container(horizontal=True, gap="large"):
        with st.container(width=260):
            st.markdown("**Verify**  \nRead every file and set damaged ones aside.")
            st.button("Verify every file", on_click=_verify, icon=":material/fact_check:")
        with st.container(width=260):
            st.markdown("**Size budget**  \nWhat was not opened for longest goes first.")
            now = cache.budget_bytes
            limit = st.number_input(
                "Budget [GB]",
                0.001,
                10_000.0,
                value=None if now is None else now / GB,
                format="%.3f",
                placeholder="no limit",
                key="budget",
                label_visibility="collapsed",
            )
            st.button("Set the budget", on_click=_set_budget, args=(limit,))
        with st.container(width=260):
            st.markdown("**Delete everything**  \nAll light curves and scores can be made again; votes and notes stay.")
            sure = st.checkbox("Yes, delete everything", key="sure")
            st.button("Empty the cache", on_click=_purge, args=(None,), disabled=not sure, icon=":material/delete_forever:")


def _verify() -> None:
    report = LightCurveCache().verify()
    found = (
        (len(report.damaged), "damaged and set aside"),
        (len(report.missing), "missing"),
        (len(report.adopted), "found and taken up"),
        (report.leftovers, "left over by ended downloads and deleted"),
    )
    text = ", ".join(f"{n} {words}" for n, words in found if n)
    end = f": {text}." if text else "; every one is whole."
    st.session_state["upkeep said"] = f"{report.checked} file{'s' * (report.checked != 1)} checked{end}"


def _set_budget(limit_gb: float | None) -> None:
    cache = LightCurveCache()
    cache.set_budget(None if limit_gb is None else round(limit_gb * GB))
    gone = cache.trim()
    words = "The cache may grow without limit." if limit_gb is None else f"The cache may take {_format_size(limit_gb * GB)}."
    st.session_state["upkeep said"] = words + (f" {len(gone)} files not opened for long made room." if gone else "")
