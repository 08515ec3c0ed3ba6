"""The Leaderboard's candidates to take away: the stars that are shown, or those that passed the cut, and where they are from."""

import tempfile
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from astroseq_core import candidates
from astroseq_core.store import flags
from astroseq_core.store.board import Filters
from astroseq_core.ui.page import escape

NAME = "candidates.csv"
ALL, FLAGGED = "All of these", "Those that passed"


def show(filters: Filters, in_all: int) -> None:
    """Draw the buttons."""
    cut = flags.cut_of(filters.model_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        which = st.segmented_control("Candidates", (ALL, FLAGGED), default=ALL, required=True, key="which candidates",
                                     label_visibility="collapsed", disabled=cut is None)  # fmt: skip
        only = which == FLAGGED and cut is not None
        st.download_button("Candidates CSV", lambda: table(filters, only), NAME, "text/csv", key="candidates csv",
                           icon=":material/download:", on_click="ignore",
                           help="Of all stars that the filters leave, not only of this page.")  # fmt: skip
        st.download_button("Provenance", lambda: about(filters, only), candidates.provenance_path(Path(NAME)).name,
                           "application/json", key="provenance", icon=":material/fact_check:", on_click="ignore", type="tertiary",
                           help="Model, cut, filters and counts of that CSV, as JSON.")  # fmt: skip
        words = (
            "p_highclass is 0 for all until a cut is kept." if cut is None else f"p_highclass is 1 from {cut.threshold:.4g} on."
        )
        st.caption(f"{in_all:,} star{'s' * (in_all != 1)}. {escape(words)}", width="content")


def table(filters: Filters, only_passed: bool) -> bytes:
    """The CSV."""
    return _written(filters, only_passed)[0]


def about(filters: Filters, only_passed: bool) -> bytes:
    """What the CSV says of itself, as JSON."""
    return _written(filters, only_passed)[1]


def _written(filters: Filters, only_passed: bool) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / NAME
        candidates.write(path, candidates.rows(filters), flags.cut_of(filters.model_id), asdict(filters), only_passed=only_passed)
        return path.read_bytes(), candidates.provenance_path(path).read_bytes()
