"""What was vetted, to take away: tables for people and programs, a draft for ExoFOP, a zip of all reports."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.store import board, dispositions
from astroseq_core.store.board import Filters
from astroseq_core.store.dispositions import DISPOSITIONS
from astroseq_core.surveys import places
from astroseq_core.ui import jobs, vet_queues
from astroseq_core.ui.jobs import Job
from astroseq_core.ui.page import escape

if TYPE_CHECKING:
    from astroseq_core.exports.records import Record

#: Which stars: those whose newest verdict is one of these, or those that a model flagged.
JUDGED, FLAGGED = WHICH = ("Judged as", "Flagged by a model")
PLANETS = ("PC", "CP", "KP")
NAME = "astroseq-candidates"
ZIP_JOB = "reports"


def show() -> None:
    """Draw it."""
    from astroseq_core.exports import records, tables

    stars = _stars()
    found: Sequence[Record] = records.records_of(stars, stellar_of=records.stellar_in_catalogues()) if stars else ()
    if not found:
        st.markdown("No star is like that yet. Judge some, or keep a cut on the Leaderboard.")
        return
    simulated = sum(r.simulated for r in found)
    words = f"**{len(found):,}** star{'s' * (len(found) != 1)}"
    st.markdown(words + (f", of which **{simulated:,} are simulated**" if simulated else ""))
    with st.container(horizontal=True, gap="small"):
        for kind, label in ((tables.CSV, "CSV"), (tables.ECSV, "ECSV"), (tables.VOTABLE, "VOTable (TOPCAT)")):
            st.download_button(label, lambda kind=kind: tables.as_text(found, kind, tables.about(found)),
                               f"{NAME}{tables.SUFFIX[kind]}", tables.MIME[kind], key=f"export {kind}", on_click="ignore",
                               icon=":material/download:")  # fmt: skip
    _exofop(found)
    _zip(found)


def _stars() -> tuple[str, ...]:
    """The stars that are meant, in the order of the newest verdict or of the score."""
    models = vet_queues.models_of(board.models())
    which = str(st.segmented_control("Stars", WHICH if models else (JUDGED,), default=JUDGED, required=True, key="export which"))
    if which == FLAGGED:
        model = str(st.selectbox("Model", models, key="export model", width=260))
        rows = board.page(Filters(model_id=model, flagged=True, scored=True), limit=vet_queues.MOST).rows
        return tuple(r.target_id for r in rows)
    wanted = st.pills("Verdict", DISPOSITIONS, default=PLANETS, selection_mode="multi", key="export verdicts")
    newest = {v.target_id: v for v in sorted(dispositions.latest(), key=lambda v: (v.at, v.number))}
    chosen = [v for v in newest.values() if v.disposition in wanted]
    return tuple(v.target_id for v in sorted(chosen, key=lambda v: -v.at))


def _exofop(found: "Sequence[Record]") -> None:
    from astroseq_core.exports import exofop, exofop_check

    with st.expander("ExoFOP draft", type="compact"):
        good, left = exofop.fits(found)
        today = datetime.now(UTC)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            tag = st.text_input("Data tag", f"{today:%Y%m%d}_name_description_1", key="exofop tag", width=280)
            group = st.text_input("Group", key="exofop group", width=200)
        if left:
            st.caption(f"{len(left):,} left out: " + "; ".join(f"{escape(o.star_id)}: {escape(o.reason)}" for o in left[:5]))
        if not good:
            st.markdown("None of these stars can stand in an ExoFOP file.")
            return
        text = exofop.draft(good, tag, group)
        for problem in exofop_check.validate(text):
            st.warning(escape(problem), icon=":material/rule:")
        st.download_button("ExoFOP draft", text, exofop.file_name(1, today.date()), "text/plain", key="export exofop",
                           on_click="ignore", icon=":material/download:")  # fmt: skip
        st.caption("A draft: uploads need an approved account there and a refereed paper.")


def _zip(found: "Sequence[Record]") -> None:
    """Reports take about a second each, so they are made beside the page."""
    job = jobs.all_jobs().get(ZIP_JOB)
    if job is not None and job.is_running:
        jobs.watch(True, lambda: _under_way(job))
        return
    words = f"Make a zip of {len(found):,} report{'s' * (len(found) != 1)}"
    if st.button(words, key="zip reports", icon=":material/folder_zip:"):
        jobs.all_jobs().start(ZIP_JOB, "The zip of reports", lambda job: _make(job, tuple(found)))
        st.rerun()
    if job is None:
        return
    if job.problem is not None:
        st.error(escape(job.problem), icon=":material/error:")
    elif job.result is not None:
        data, failed = job.result
        st.download_button("Reports (zip)", data, f"{NAME}-reports.zip", "application/zip", key="export zip", on_click="ignore",
                           icon=":material/download:", type="primary")  # fmt: skip
        for one in failed:
            st.caption(f"{escape(one.star_id)}: {escape(one.reason)}")


def _under_way(job: Job) -> bool:
    if job.is_running:
        st.progress(job.part, job.detail or "The first report is being made …")
        st.button("Stop", on_click=job.cancel, key="zip stop")
    return job.is_running


def _make(job: Job, found: "tuple[Record, ...]") -> object:
    from astroseq_core.exports import bundle

    where = {r.target_id: p for r in board.of_targets([f.star_id for f in found], "") if (p := places.place_of(r)) is not None}

    def progress(done: int, in_all: int) -> None:
        job.part, job.detail = done / max(in_all, 1), f"{done:,} of {in_all:,} reports"

    with tempfile.TemporaryDirectory() as folder:
        made = bundle.write(Path(folder) / "reports.zip", found, where, progress=progress, stop=job.stop)
        return made.path.read_bytes(), made.failed
