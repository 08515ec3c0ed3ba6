"""The Leaderboard's way into vetting: a queue of the stars that the filters leave, in the order in which they stand."""

import streamlit as st

from astroseq_core.store import queues
from astroseq_core.store.board import BoardRow, Filters
from astroseq_core.ui import address, vet_address, vet_queues


def show(filters: Filters, sort: str, descending: bool, row: BoardRow | None) -> None:
    """Draw the button; ``row``: the star that is chosen, with which vetting then begins, else the first."""
    words = f"From {row.target_id} on" if row is not None else "From the first star on"
    if st.button("Vet these", key="vet these", icon=":material/fact_check:",
                 help=f"{words}, in this order; at most {vet_queues.MOST:,} stars."):  # fmt: skip
        queue = vet_queues.from_view(filters, sort, descending)
        at = None if row is None else queues.index_of(queue.queue_id, row.target_id)
        place = {} if at is None else {vet_address.AT: str(at + 1)}
        st.switch_page(address.VET, query_params={vet_address.QUEUE: queue.queue_id} | place)
