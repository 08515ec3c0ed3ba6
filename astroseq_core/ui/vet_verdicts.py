"""What all have decided: the verdicts, how far reviewers agree, and where they do not."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from astroseq_core.store import agreement, dispositions, dispositions_merge, dispositions_table
from astroseq_core.ui import page
from astroseq_core.ui.page import escape

SAID = "verdicts said"
#: So many entries are listed, the newest; the CSV has all.
LISTED = 500


def show() -> None:
    """Draw it."""
    page.said(SAID)
    entries = dispositions.history()
    if not entries:
        st.markdown("Nothing is decided yet. Verdicts will stand here with who gave them, when, and on which signal.")
    else:
        _table(entries)
        _agreement()
    _files(bool(entries))


def _table(entries: tuple[dispositions.Entry, ...]) -> None:
    import pandas as pd

    rows = [
        {
            "When (UTC)": datetime.fromtimestamp(e.at, UTC).strftime("%Y-%m-%d %H:%M:%S"), "Star": e.verdict.target_id,
            "Reviewer": e.verdict.reviewer,
            "Verdict": f"takes {e.verdict.disposition} back" if e.is_undo else e.verdict.disposition,
            "Stands": e.stands, "Reasons": ", ".join(e.verdict.flags), "Note": e.verdict.note,
            "Period [d]": e.verdict.ephemeris.period_days if e.verdict.ephemeris else None,
            "Score": e.verdict.score, "Blind": e.verdict.score_hidden, "Seconds": e.verdict.seconds,
        }
        for e in reversed(entries[-LISTED:])
    ]  # fmt: skip
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", height=min(420, 38 + 35 * len(rows)), placeholder="–",
                 alt="Verdicts, the newest first")  # fmt: skip
    if len(entries) > LISTED:
        st.caption(f"The newest {LISTED:,} of {len(entries):,} entries; the CSV has all.")


def _agreement() -> None:
    import pandas as pd

    found = agreement.pairs()
    if not found:
        st.caption("How far reviewers agree will stand here when two of them have judged the same stars.")
        return
    st.subheader("Agreement", anchor=False)
    rows = [
        {
            "Reviewers": f"{p.reviewer_a} and {p.reviewer_b}", "Stars of both": p.num_stars, "Agree on": p.agree,
            "Cohen's kappa": p.kappa,
        }
        for p in found
    ]  # fmt: skip
    st.dataframe(pd.DataFrame(rows), hide_index=True, placeholder="–", alt="Agreement between reviewers")
    st.caption("Kappa is 1 where they always agree, 0 where no more than by chance (Cohen 1960).")
    conflicts = agreement.conflicts()
    if conflicts:
        with st.expander(f"{len(conflicts):,} conflict{'s' * (len(conflicts) != 1)}", expanded=len(conflicts) <= 10):
            for one in conflicts[:200]:
                said = ", ".join(f"{escape(v.reviewer)}: **{escape(v.disposition)}**" for v in one.verdicts)
                st.markdown(f"{escape(one.target_id)}: {said}")


def _files(any_there: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.download_button("All verdicts (CSV)", _exported, "verdicts.csv", "text/csv", key="verdicts csv", on_click="ignore",
                           icon=":material/download:", disabled=not any_there)  # fmt: skip
    upload = st.file_uploader("Take in verdicts of others (CSV as it is written here)", "csv", key="verdicts file")
    if upload is not None and st.button("Take them in", key="verdicts import", icon=":material/merge:"):
        with TemporaryDirectory() as place:
            path = Path(place) / "verdicts.csv"
            path.write_bytes(upload.getvalue())
            found = dispositions_merge.merge(path)
        st.session_state[SAID] = (True, f"{found.verdicts + found.undos:,} entries came in, {found.known:,} were here already.")
        st.rerun()


def _exported() -> bytes:
    with TemporaryDirectory() as place:
        path = Path(place) / "verdicts.csv"
        dispositions_table.write(path)
        return path.read_bytes()
