"""Export of vetted stars: tables, an ExoFOP draft, and a zip of reports."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.app.shared import background
from astroseq_core.app.shared.background import PageJob
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.vet import queues
from astroseq_core.disposition_codes import DISPOSITIONS, PLANET_DISPOSITIONS
from astroseq_core.io import files
from astroseq_core.jobs.progress import Progress
from astroseq_core.store import dispositions, leaderboard
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.surveys import links

if TYPE_CHECKING:
    from astroseq_core.export.records import Record

#: Stars with a signal whose newest disposition is one of some, or those above a model's score threshold.
WITH_DISPOSITION, ABOVE_THRESHOLD = WHICH = ("By disposition", "Above the threshold of a model")
FILE_STEM = "astroseq-candidates"
ZIP_JOB = "reports"


def draw_exports() -> None:
    """Draw the exports."""
    from astroseq_core.export import formats, records, tables

    stars, wanted = _select_stars()
    found: Sequence[Record] = records.records_for_stars(stars, stellar_of=records.catalog_stellar_lookup()) if stars else ()
    found = [r for r in found if not wanted or r.disposition in wanted]
    if not found:
        st.markdown("No star is like that yet. Give some a disposition, or keep a threshold on the Leaderboard.")
        return
    chosen = {r.star_id: bool(r.simulated) for r in found}
    simulated = sum(chosen.values())
    words = f"**{len(chosen):,}** star{'s' * (len(chosen) != 1)}"
    if len(found) > len(chosen):
        words += f" with **{len(found):,}** signals, a row each"
    st.markdown(words + (f", of which **{simulated:,} are simulated**" if simulated else ""))
    with st.container(horizontal=True, gap="small"):
        for one in formats.TABLE_FORMATS.values():
            st.download_button(
                one.label,
                lambda name=one.name: formats.as_text(found, name, tables.make_provenance(found)),
                f"{FILE_STEM}{one.suffix}",
                one.media_type,
                key=f"export {one.name}",
                on_click="ignore",
                icon=":material/download:",
            )
    _draw_exofop(found)
    _draw_report_zip(found)


def _select_stars() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the selected stars, by the newest disposition of one of their signals or by score, and those dispositions."""
    models = queues.scored_models(leaderboard.list_models())
    which = str(
        st.segmented_control(
            "Stars", WHICH if models else (WITH_DISPOSITION,), default=WITH_DISPOSITION, required=True, key="export which"
        )
    )
    if which == ABOVE_THRESHOLD:
        model = str(st.selectbox("Model", models, key="export model", width=260))
        rows = leaderboard.load_page(Filters(model_id=model, flagged=True, scored=True), limit=queues.LARGEST_QUEUE).rows
        return tuple(r.target_id for r in rows), ()
    wanted = st.pills("Disposition", DISPOSITIONS, default=PLANET_DISPOSITIONS, selection_mode="multi", key="export verdicts")
    newest = [one.newest for signals in dispositions.list_by_signal().values() for one in signals]
    chosen = sorted((v for v in newest if v is not None and v.disposition in wanted), key=lambda v: -v.at)
    return tuple(dict.fromkeys(v.target_id for v in chosen)), tuple(wanted)


def _draw_exofop(found: "Sequence[Record]") -> None:
    from astroseq_core.export import exofop, exofop_file
    from astroseq_core.export.formats import EXOFOP, FORMATS

    with st.expander(FORMATS[EXOFOP].label, type="compact"):
        good, left = exofop.select_exportable(found)
        today = datetime.now(UTC)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            tag = st.text_input("Data tag", f"{today:%Y%m%d}_name_description_1", key="exofop tag", width=280)
            group = st.text_input("Group", key="exofop group", width=200)
        if left:
            st.caption(f"{len(left):,} left out: " + "; ".join(f"{escape(o.star_id)}: {escape(o.reason)}" for o in left[:5]))
        if not good:
            st.markdown("None of these stars can stand in an ExoFOP file.")
            return
        text = exofop.draft_text(good, tag, group)
        for problem in exofop_file.validate(text):
            st.warning(escape(problem), icon=":material/rule:")
        st.download_button(
            FORMATS[EXOFOP].label,
            text,
            exofop_file.file_name(1, today.date()),
            FORMATS[EXOFOP].media_type,
            key="export exofop",
            on_click="ignore",
            icon=":material/download:",
        )
        st.caption("A draft: uploads need an approved account there and a refereed paper.")


def _draw_report_zip(found: "Sequence[Record]") -> None:
    """Draw the zip of reports. Each takes about a second, so a thread makes them."""
    job = background.job_registry().get(ZIP_JOB)
    if job is not None and job.is_running:
        background.watch(True, lambda: _draw_progress(job))
        return
    count = len({r.star_id for r in found})
    words = f"Make a zip of {count:,} report{'s' * (count != 1)}"
    if st.button(words, key="zip reports", icon=":material/folder_zip:"):
        background.job_registry().start(ZIP_JOB, "The zip of reports", lambda job: _make_report_zip(job, tuple(found)))
        st.rerun()
    if job is None:
        return
    if job.problem is not None:
        st.error(escape(job.problem), icon=":material/error:")
    elif job.result is not None:
        from astroseq_core.export.formats import FORMATS, REPORTS

        data, failed = job.result
        st.download_button(
            FORMATS[REPORTS].label,
            data,
            f"{FILE_STEM}-{FORMATS[REPORTS].file_name}",
            FORMATS[REPORTS].media_type,
            key="export zip",
            on_click="ignore",
            icon=":material/download:",
            type="primary",
        )
        for one in failed:
            st.caption(f"{escape(one.star_id)}: {escape(one.reason)}")


def _draw_progress(job: PageJob) -> bool:
    if job.is_running:
        st.progress(job.progress.fraction, escape(job.progress.message) or "The first report is being made …")
        st.button("Stop", on_click=job.cancel, key="zip stop")
    return job.is_running


def _make_report_zip(job: PageJob, found: "tuple[Record, ...]") -> object:
    from astroseq_core.export import bundle

    where = {
        r.target_id: p
        for r in leaderboard.load_targets([f.star_id for f in found], "")
        if (p := links.star_location(r)) is not None
    }

    def progress(done: int, in_all: int) -> None:
        job.report(Progress(done, in_all, message=f"{done:,} of {in_all:,} reports"))

    with files.temporary_folder() as folder:
        made = bundle.write(folder / "reports.zip", found, where, progress=progress, stop=job.stop)
        return made.path.read_bytes(), made.failed
