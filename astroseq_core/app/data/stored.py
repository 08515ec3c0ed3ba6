"""Tabs of the Data page on what is stored: the cache's content, light curves that are missing, and the catalogs' snapshots."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.app.data import state as data_state
from astroseq_core.app.data.state import BY_OBSERVATION, BY_STAR
from astroseq_core.app.shared import background, downloads, layout, url_state
from astroseq_core.app.shared.layout import escape
from astroseq_core.archive import mast, snapshots
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


def draw_missing() -> None:
    """Draw the tab."""
    import pandas as pd

    cache = LightCurveCache()
    found = [(a, "absent") for a in cache.absences()] + [(f, "failed") for f in cache.failures()]
    if not found:
        st.markdown(
            "Nothing is missing. Light curves that the archive does not have, and downloads that failed, will stand here "
            "with the reason and a button that tries again."
        )
        st.button("Search for a star", on_click=_open_search_tab, icon=":material/search:", key="search from missing")
        return
    st.markdown(
        "**Absent**: the archive said that it has none, and is not asked again unless you do. **Failed**: it may work "
        "the next time."
    )
    table = pd.DataFrame(
        [
            {
                "Star": a.target_id,
                "What": a.what,
                "State": state,
                "Reason": a.reason,
                "Since": datetime.fromtimestamp(a.since, UTC),
            }
            for a, state in found
        ]
    )
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        height=min(420, 38 + 35 * len(table)),
        alt="What is missing, and why",
        column_config={
            "Since": st.column_config.DatetimeColumn(format="distance"),
            "Reason": st.column_config.TextColumn(width="large"),
        },
    )
    stars = list(dict.fromkeys(a.target_id for a, _ in found))
    failed = list(dict.fromkeys(a.target_id for a, state in found if state == "failed"))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        one = st.selectbox("Star", stars, key="missing star", width=240)
        st.button("Try it again", key="retry one", on_click=_retry_stars, args=([one],), disabled=downloads.is_downloading())
        st.button(
            f"Try all {len(failed)} failed again",
            key="retry failed",
            on_click=_retry_stars,
            args=(failed,),
            disabled=not failed or downloads.is_downloading(),
        )
        st.button("Forget this list", key="forget missing", on_click=_forget_missing, type="tertiary")


def _retry_stars(stars: list[str]) -> None:
    """Download the usual light curves of stars again, with those that failed."""
    cache = LightCurveCache()
    for name in stars:
        mast.forget_listing(parse_star(name), cache)
        background.job_registry().forget(f"search {name}")
    downloads.start_download([parse_star(name) for name in stars])


def _forget_missing() -> None:
    cache = LightCurveCache()
    cache.delete_absences()
    cache.delete_failures()


def draw_catalogs() -> None:
    """Draw the tab."""
    import pandas as pd

    found = snapshots.all_statuses()
    st.markdown(escape(downloads.describe_catalogs()))
    if any(s.date for s in found):
        st.dataframe(
            pd.DataFrame(downloads.catalog_rows(found)),
            hide_index=True,
            width="stretch",
            placeholder="–",
            alt="Snapshots of the catalogs",
            column_config={"Fetched": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")},
        )
    else:
        st.markdown(
            "Catalogs say which star a TOI, KOI or planet's name means and when its transits are predicted. The KOI, TOI, K2 "
            "and confirmed-planet tables of the NASA Exoplanet Archive will stand here, each with its date."
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        downloads.draw_refresh_button("Refresh all" if any(s.date for s in found) else "Fetch the catalogs", primary=True)
        if any(s.date for s in found if s.table == "toi"):
            layout.draw_page_link(url_state.TOIS, "Browse the TOIs", ":material/format_list_bulleted:")
    downloads.draw_refresh()
    st.caption(
        f"A snapshot is refreshed in the background once it is {snapshots.STALE_AFTER.days} days old; the old one is in use "
        "until the new one is whole."
    )
