"""All dispositions: the table, agreement between reviewers, conflicts, and CSV files."""

from datetime import UTC, datetime

import streamlit as st

from astroseq_core.app.shared import layout
from astroseq_core.app.shared.layout import escape
from astroseq_core.io import files
from astroseq_core.store import disposition_csv, disposition_entry, disposition_merge, dispositions

MESSAGE = "verdicts said"
#: Number of entries listed, the newest ones; the CSV file has all.
ENTRIES_LISTED = 500
#: Number of damaged ones listed.
DAMAGED_LISTED = 12


def draw_dispositions() -> None:
    """Draw the dispositions."""
    layout.draw_result_message(MESSAGE)
    entries = dispositions.history()
    if not entries:
        st.markdown("Nothing is decided yet. Dispositions will stand here with who gave them, when, and on which signal.")
    else:
        _draw_table(entries)
        _draw_agreement()
    _draw_damaged()
    _draw_files(bool(entries))


def _draw_damaged() -> None:
    """Draw a line for each disposition that the table leaves out."""
    problems = dispositions.find_damaged()
    for sentence in problems[:DAMAGED_LISTED]:
        st.warning(escape(sentence), icon=":material/broken_image:")
    if len(problems) > DAMAGED_LISTED:
        st.caption(f"{len(problems) - DAMAGED_LISTED:,} more are damaged; `astroseq dispositions list` names all.")


def _draw_table(entries: tuple[disposition_entry.HistoryEntry, ...]) -> None:
    import pandas as pd

    rows = [
        {
            "When (UTC)": datetime.fromtimestamp(e.at, UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "Star": e.disposition.target_id,
            "Reviewer": e.disposition.reviewer,
            "Disposition": f"takes {e.disposition.disposition} back" if e.is_undo else e.disposition.disposition,
            "Stands": e.stands,
            "Reasons": ", ".join(e.disposition.reason_codes),
            "Note": e.disposition.note,
            "Period [d]": e.disposition.ephemeris.period_days if e.disposition.ephemeris else None,
            "Score": e.disposition.score,
            "Blind": e.disposition.score_hidden,
            "Seconds": e.disposition.seconds,
        }
        for e in reversed(entries[-ENTRIES_LISTED:])
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height=min(420, 38 + 35 * len(rows)),
        placeholder="–",
        alt="Dispositions, the newest first",
    )
    if len(entries) > ENTRIES_LISTED:
        st.caption(f"The newest {ENTRIES_LISTED:,} of {len(entries):,} entries; the CSV has all.")


def _draw_agreement() -> None:
    import pandas as pd

    found = dispositions.pairwise_agreement()
    if not found:
        st.caption("How far reviewers agree will stand here when two of them have looked at the same stars.")
        return
    st.subheader("Agreement", anchor=False)
    rows = [
        {
            "Reviewers": f"{p.reviewer_a} and {p.reviewer_b}",
            "Stars of both": p.num_stars,
            "Agree on": p.num_agree,
            "Cohen's kappa": p.kappa,
        }
        for p in found
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, placeholder="–", alt="Agreement between reviewers")
    st.caption("Kappa is 1 where they always agree, 0 where no more than by chance (Cohen 1960).")
    conflicts = dispositions.list_conflicts()
    if conflicts:
        with st.expander(f"{len(conflicts):,} conflict{'s' * (len(conflicts) != 1)}", expanded=len(conflicts) <= 10):
            for one in conflicts[:200]:
                text = ", ".join(f"{escape(v.reviewer)}: **{escape(v.disposition)}**" for v in one.dispositions)
                st.markdown(f"{escape(one.target_id)}: {text}")


def _draw_files(any_there: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.download_button(
            "All dispositions (CSV)",
            _csv_bytes,
            "verdicts.csv",
            "text/csv",
            key="verdicts csv",
            on_click="ignore",
            icon=":material/download:",
            disabled=not any_there,
        )
    upload = st.file_uploader("Take in dispositions of others (CSV as it is written here)", "csv", key="verdicts file")
    if upload is not None and st.button("Take them in", key="verdicts import", icon=":material/merge:"):
        with files.temporary_folder() as place:
            path = place / "verdicts.csv"
            path.write_bytes(upload.getvalue())
            found = disposition_merge.merge(path)
        st.session_state[MESSAGE] = (
            True,
            f"{found.dispositions + found.undos:,} entries came in, {found.known:,} were here already."
            + (f" The times of {len(found.ahead):,} of them have not come yet; they came in as they are." if found.ahead else ""),
        )
        st.rerun()


def _csv_bytes() -> bytes:
    with files.temporary_folder() as place:
        path = place / "verdicts.csv"
        disposition_csv.write(path)
        return path.read_bytes()
