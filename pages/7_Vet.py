"""Vet: one star after the other, all evidence on one screen, a key for each verdict."""

import streamlit as st

from astroseq_core.ui import page, query, vet_address, vet_screen, vet_start

page.setup("Vet", wide=True)
for sentence in (*page.told_before(), *vet_address.complaints(st.query_params.to_dict())):
    page.tell(sentence)
with page.sentences():
    reviewer = vet_start.reviewer()
    if reviewer and (queue := query.text(vet_address.QUEUE)):
        vet_screen.show_queue(queue, reviewer)
    elif reviewer and (place := vet_address.place()):
        vet_screen.show_star(place, reviewer)
    else:
        vet_start.show(reviewer)
