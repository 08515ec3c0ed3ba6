"""The Data page's list of what is not to be had: absent from the archive, or failed to come, with the reasons."""

from datetime import UTC, datetime

import streamlit as st

from astroseq_core.archive import search
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.targets import parse_star
from astroseq_core.ui import downloads, jobs


def show() -> None:
    """Draw it."""
    import pandas as pd

    cache = LightCurveCache()
    found = [(a, "absent") for a in cache.absences()] + [(f, "failed") for f in cache.failures()]
    if not found:
        st.markdown(
            "Nothing is missing. Light curves that the archive does not have, and downloads that failed, will stand here "
            "with the reason and a button that tries again."
        )
        return
    st.markdown("**Absent**: the archive said that it has none, and is not asked again unless you do. **Failed**: it may work "
                "the next time.")  # fmt: skip
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
    st.dataframe(table, hide_index=True, width="stretch", height=min(420, 38 + 35 * len(table)), alt="What is missing, and why",
                 column_config={"Since": st.column_config.DatetimeColumn(format="distance"),
                                "Reason": st.column_config.TextColumn(width="large")})  # fmt: skip
    stars = list(dict.fromkeys(a.target_id for a, _ in found))
    failed = list(dict.fromkeys(a.target_id for a, state in found if state == "failed"))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        one = st.selectbox("Star", stars, key="missing star", width=240)
        st.button("Try it again", key="retry one", on_click=_retry, args=([one],), disabled=downloads.running())
        st.button(f"Try all {len(failed)} failed again", key="retry failed", on_click=_retry, args=(failed,),
                  disabled=not failed or downloads.running())  # fmt: skip
        st.button("Forget this list", key="forget missing", on_click=_forget, type="tertiary")


def _retry(stars: list[str]) -> None:
    """Ask anew for the usual light curves of those stars, and for what failed of them."""
    cache = LightCurveCache()
    for name in stars:
        search.forget(parse_star(name), cache)
        jobs.all_jobs().forget(f"search {name}")
    downloads.begin([parse_star(name) for name in stars])


def _forget() -> None:
    cache = LightCurveCache()
    cache.forget_absent()
    cache.forget_failed()
