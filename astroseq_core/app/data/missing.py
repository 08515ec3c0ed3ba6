"""Tab of the Data page for missing light curves: absent from the archive, or failed downloads."""

from datetime import UTC, datetime

import streamlit as st

from astroseq_core.app.shared import background, downloads
from astroseq_core.archive import mast
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.targets import parse_star


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
