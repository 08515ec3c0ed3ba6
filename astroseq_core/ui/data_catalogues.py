"""The Data page's catalogues: their snapshots, dates and refresh."""

import streamlit as st

from astroseq_core.archive import snapshots
from astroseq_core.ui import address, catalogues, page
from astroseq_core.ui.page import escape


def show() -> None:
    """Draw it."""
    import pandas as pd

    found = snapshots.status()
    st.markdown(escape(catalogues.in_use()))
    if any(s.date for s in found):
        st.dataframe(
            pd.DataFrame(catalogues.table(found)), hide_index=True, width="stretch", placeholder="–",
            alt="Snapshots of the catalogues",
            column_config={"Fetched": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")},
        )  # fmt: skip
    else:
        st.markdown(
            "Catalogues say which star a TOI, KOI or planet's name means and when its transits are predicted. The KOI, TOI, K2 "
            "and confirmed-planet tables of the NASA Exoplanet Archive will stand here, each with its date."
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        catalogues.button("Refresh all" if any(s.date for s in found) else "Fetch the catalogues", primary=True)
        if any(s.date for s in found if s.table == "toi"):
            page.link(address.TOIS, "Browse the TOIs", ":material/format_list_bulleted:")
    catalogues.watch()
    st.caption(
        f"A snapshot is refreshed in the background once it is {snapshots.STALE_AFTER.days} days old; the old one is in use "
        "until the new one is whole."
    )
