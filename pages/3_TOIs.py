"""TOIs: TESS's objects of interest by disposition, period, depth and magnitude, each a click from its light curve."""

import streamlit as st

from astroseq_core.ui import address, catalogues, page, toi

page.setup("TOIs")
for sentence in (*page.told_before(), *address.unknown(st.query_params.to_dict(), toi.ADDRESS)):
    page.tell(sentence)
st.title("TOIs", anchor=False)
with page.sentences():
    catalogues.keep_fresh()
    if toi.status().date is None:
        toi.nothing_yet()
    else:
        toi.browse(toi.filters())
