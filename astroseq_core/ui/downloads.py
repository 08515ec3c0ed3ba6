"""Downloads as jobs: begun anywhere, watched from any page, stopped by a button."""

from collections.abc import Sequence

import streamlit as st

from astroseq_core.archive import fetch as fetching
from astroseq_core.archive.products import Available
from astroseq_core.archive.report import FetchReport, Progress
from astroseq_core.targets import Target
from astroseq_core.ui import jobs
from astroseq_core.ui.jobs import Job
from astroseq_core.ui.page import escape

KIND = "download"


def begin(
    stars: Sequence[Target],
    chosen: Sequence[Available] | None = None,
    *,
    author: str | None = None,
    exposure_seconds: float | None = None,
    retry_absent: bool = False,
) -> Job:
    """The download under way of those stars, begun now where there was none; of some light curves where they are ``chosen``."""
    names = list(dict.fromkeys([*(s.id for s in stars), *(c.target.id for c in chosen or ())]))
    words = f"Light curves of {names[0]}" if len(names) == 1 else f"Light curves of {len(names)} stars"

    def work(job: Job) -> FetchReport:
        def tell(progress: Progress) -> None:
            job.part = progress.done / max(1, progress.in_all)
            job.detail = f"{progress.done} of {progress.in_all}, {progress.arrived_bytes / 1e6:.1f} MB"

        job.detail = "asking MAST what there is"
        return fetching.fetch(
            list(stars), chosen=chosen, author=author, exposure_seconds=exposure_seconds, retry_absent=retry_absent,
            progress=tell, cancel=job.stop,
        )  # fmt: skip

    return jobs.all_jobs().start(_key(names), words, work)


def of(star: Target) -> Job | None:
    """The latest download of that star alone, running or ended."""
    return jobs.all_jobs().get(_key([star.id]))


def forget(star: Target) -> None:
    """Let go of that star's ended download."""
    jobs.all_jobs().forget(_key([star.id]))


def _key(names: Sequence[str]) -> str:
    return f"{KIND} {', '.join(names)}"


def running() -> bool:
    """Whether any download is under way."""
    return any(job.is_running for job in jobs.all_jobs().of_kind(KIND))


def bar(job: Job, stop_words: str = "Cancel") -> None:
    """A running download's progress, and the button that stops it; what has come whole by then stays."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="stretch"):
            state = "stopping" if job.stop.is_set() else job.detail
            st.progress(min(1.0, job.part), text=f"{escape(job.words)}: {escape(state)}")
        st.button(stop_words, key=f"stop {job.key}", on_click=job.cancel, disabled=job.stop.is_set(), icon=":material/close:")


def watch_all() -> None:
    """Every download: those under way with their progress, those ended with what came of them until that is put away."""
    found = jobs.all_jobs().of_kind(KIND)

    def draw() -> bool:
        under_way = [job for job in found if job.is_running]
        for job in under_way:
            bar(job)
        return len(under_way) == count

    count = sum(job.is_running for job in found)
    for job in found:
        if not job.is_running:
            outcome(job)
    if count:
        jobs.watch(True, draw)


def outcome(job: Job) -> None:
    """What came of an ended download, in one line, with a button that puts it away."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="stretch"):
            if job.problem is not None:
                st.error(f"{escape(job.words)}: {escape(job.problem)}", icon=":material/error:")
            elif isinstance(job.result, FetchReport):
                good = bool(job.result.whole or job.result.already)
                show = st.warning if job.result.failed or not good or job.result.stopped else st.success
                show(f"{escape(job.words)}: {escape(summary(job.result))}", icon=":material/download_done:")
        st.button("Put away", key=f"put away {job.key}", on_click=jobs.all_jobs().forget, args=(job.key,), type="tertiary")


def summary(report: FetchReport) -> str:
    """How a download ended, in a sentence or two."""
    counts = (
        (len(report.whole), f"came ({report.arrived_bytes / 1e6:.1f} MB)"), (len(report.already), "were there already"),
        (len(report.absent), "not in the archive"), (len(report.failed), "failed"),
    )  # fmt: skip
    parts = ", ".join(f"{n} {words}" for n, words in counts if n)
    said = f"{parts}." if parts else "nothing came."
    if report.stopped:
        said = f"stopped; {said}"
    reasons = list(dict.fromkeys(item.reason for item in (*report.failed, *report.absent) if item.reason))
    more = f" And {len(reasons) - 1} more." if len(reasons) > 1 else ""
    room = f" {len(report.trimmed)} files not used for long made room." if report.trimmed else ""
    return said + (f" {reasons[0]}{more}" if reasons else "") + room
