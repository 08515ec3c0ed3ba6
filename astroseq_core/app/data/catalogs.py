"""Catalog tab of the Data page: snapshots of the catalogs, their dates and their refresh."""

import streamlit as st

from astroseq_core.app.shared import downloads, layout, url_state
from astroseq_core.app.shared.layout import escape
from astroseq_core.archive import snapshots


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
