"""Background downloads: light curves from MAST and snapshots of the catalogs."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from astroseq_core.app.shared import background
from astroseq_core.app.shared.background import PageJob
from astroseq_core.app.shared.layout import escape
from astroseq_core.archive import catalogs, refresh, snapshots
from astroseq_core.archive import fetch as fetching
from astroseq_core.archive.download import RECEIVED_BYTES, FetchReport
from astroseq_core.archive.products import AvailableLightCurve
from astroseq_core.archive.snapshots import SnapshotStatus
from astroseq_core.jobs.progress import Progress
from astroseq_core.targets import Target


def refresh_stale_catalogs() -> None:
    """Refresh old snapshots in the background, if catalogs were ever fetched."""
    if any(s.date is not None and s.is_stale() for s in snapshots.all_statuses()):
        refresh.refresh_in_background()


def is_refreshing() -> bool:
    """Return whether a refresh is running.

    Returns
    -------
    bool
        Whether one is.
    """
    under_way = refresh.latest_refresh()
    return under_way is not None and under_way.is_running


def draw_refresh_button(words: str, names: tuple[str, ...] = (), key: str = "refresh", primary: bool = False) -> None:
    """Draw the button that fetches tables in the background.

    Parameters
    ----------
    words : str
        Label of the button.
    names : tuple of str, optional
        Names of the tables; all by default.
    key : str, optional
        Key of the widget.
    primary : bool, optional
        Whether it is the primary button of the page.
    """
    wanted = names or tuple(s.table for s in snapshots.all_statuses())
    st.button(
        words,
        key=key,
        on_click=refresh.refresh_in_background,
        args=(wanted,),
        disabled=is_refreshing(),
        icon=":material/refresh:",
        type="primary" if primary else "secondary",
    )


def draw_refresh() -> None:
    """Draw the progress of the running refresh, or the problems of the last one."""
    latest = refresh.latest_refresh()
    if latest is None:
        return
    if latest.is_running:

        def draw() -> bool:
            at = latest.progress
            text = f"Fetching the catalogs: {escape(at.message)} ({at.done} of {at.total} tables)"
            st.progress(at.fraction, text=text)
            return latest.is_running

        background.watch(True, draw)
        return
    for sentence in (latest.problem, *(r.sentence for r in latest.results if r.problem)):
        if sentence:
            st.warning(escape(sentence), icon=":material/cloud_off:")


def describe_catalogs() -> str:
    """Return a sentence about the snapshots in use.

    Returns
    -------
    str
        The sentence; it says so if there are none.
    """
    return catalogs.current_catalog().sentence


def catalog_rows(statuses: tuple[SnapshotStatus, ...]) -> list[dict[str, object]]:
    """Return the snapshots as rows of a table.

    Parameters
    ----------
    statuses : tuple of SnapshotStatus
        Status of each table.

    Returns
    -------
    list of dict
        One row for each catalog.
    """
    return [
        {
            "Catalog": s.title,
            "Signals": s.rows if s.date else None,
            "Fetched": s.date,
            "Age [d]": None if s.age is None else round(s.age.total_seconds() / 86400, 1),
            "Rows dropped": sum(s.dropped.values()) if s.date else None,
            "Size [MB]": round(s.size_bytes / 1e6, 2) if s.date else None,
            "State": s.problem or ("old" if s.is_stale() else "good") if s.date or s.problem else "not fetched yet",
            "Source": s.source or None,
        }
        for s in statuses
    ]


DOWNLOAD_KIND = "download"


def start_download(
    stars: Sequence[Target],
    chosen: Sequence[AvailableLightCurve] | None = None,
    *,
    author: str | None = None,
    exposure_seconds: float | None = None,
    retry_absent: bool = False,
) -> PageJob:
    """Start the download of stars, or return the one that is running.

    Parameters
    ----------
    stars : sequence of Target
        Stars to download.
    chosen : sequence of AvailableLightCurve, optional
        Light curves to download; by default the usual ones of the stars.
    author : str, optional
        Author of the light curves; the mission's usual one by default.
    exposure_seconds : float, optional
        Exposure time [s]; the author's usual one by default.
    retry_absent : bool, optional
        Ask again for what the archive did not have.

    Returns
    -------
    PageJob
        The download.
    """
    names = list(dict.fromkeys([*(s.id for s in stars), *(c.target.id for c in chosen or ())]))
    words = f"Light curves of {names[0]}" if len(names) == 1 else f"Light curves of {len(names)} stars"

    def work(job: PageJob) -> FetchReport:
        def report(progress: Progress) -> None:
            received_mb = progress.numbers[RECEIVED_BYTES] / 1e6
            job.report(replace(progress, message=f"{progress.done} of {progress.total}, {received_mb:.1f} MB"))

        job.report(Progress(message="asking MAST what there is"))
        return fetching.fetch_light_curves(
            list(stars),
            chosen=chosen,
            author=author,
            exposure_seconds=exposure_seconds,
            retry_absent=retry_absent,
            progress=report,
            cancel=job.stop,
        )

    return background.job_registry().start(_download_key(names), words, work)


def download_job(star: Target) -> PageJob | None:
    """Return the latest download of a star on its own.

    Parameters
    ----------
    star : Target
        The star.

    Returns
    -------
    PageJob or None
        The download, running or ended; None if there was none.
    """
    return background.job_registry().get(_download_key([star.id]))


def forget_download(star: Target) -> None:
    """Remove the ended download of a star from the list of jobs.

    Parameters
    ----------
    star : Target
        The star.
    """
    background.job_registry().forget(_download_key([star.id]))


def _download_key(names: Sequence[str]) -> str:
    return f"{DOWNLOAD_KIND} {', '.join(names)}"


def is_downloading() -> bool:
    """Return whether any download is running.

    Returns
    -------
    bool
        Whether one is.
    """
    return any(job.is_running for job in background.job_registry().of_kind(DOWNLOAD_KIND))


def draw_download(job: PageJob, stop_words: str = "Cancel") -> None:
    """Draw the progress of a running download with a button that stops it.

    Files that are complete by then are kept.

    Parameters
    ----------
    job : PageJob
        The download.
    stop_words : str, optional
        Label of the button.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="stretch"):
            state = "stopping" if job.stop.is_set() else job.progress.message
            st.progress(job.progress.fraction, text=f"{escape(job.words)}: {escape(state)}")
        st.button(stop_words, key=f"stop {job.key}", on_click=job.cancel, disabled=job.stop.is_set(), icon=":material/close:")


def draw_downloads() -> None:
    """Draw all downloads: the progress of running ones, and the outcome of ended ones."""
    found = background.job_registry().of_kind(DOWNLOAD_KIND)

    def draw() -> bool:
        under_way = [job for job in found if job.is_running]
        for job in under_way:
            draw_download(job)
        return len(under_way) == count

    count = sum(job.is_running for job in found)
    for job in found:
        if not job.is_running:
            draw_outcome(job)
    if count:
        background.watch(True, draw)


def draw_outcome(job: PageJob) -> None:
    """Draw the outcome of an ended download in one line, with a button that removes it.

    Parameters
    ----------
    job : PageJob
        The download.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="stretch"):
            if job.problem is not None:
                st.error(f"{escape(job.words)}: {escape(job.problem)}", icon=":material/error:")
            elif isinstance(job.result, FetchReport):
                good = bool(job.result.downloaded or job.result.already_cached)
                show = st.warning if job.result.failed or not good or job.result.stopped else st.success
                show(f"{escape(job.words)}: {escape(describe_outcome(job.result))}", icon=":material/download_done:")
        st.button(
            "Put away", key=f"put away {job.key}", on_click=background.job_registry().forget, args=(job.key,), type="tertiary"
        )


def describe_outcome(report: FetchReport) -> str:
    """Describe the outcome of a download.

    Parameters
    ----------
    report : FetchReport
        Report of the download.

    Returns
    -------
    str
        One or two sentences.
    """
    counts = (
        (len(report.downloaded), f"came ({report.received_bytes / 1e6:.1f} MB)"),
        (len(report.already_cached), "were there already"),
        (len(report.absent), "not in the archive"),
        (len(report.failed), "failed"),
    )
    parts = ", ".join(f"{n} {words}" for n, words in counts if n)
    text = f"{parts}." if parts else "nothing came."
    if report.stopped:
        text = f"stopped; {text}"
    reasons = list(dict.fromkeys(item.reason for item in (*report.failed, *report.absent) if item.reason))
    more = f" And {len(reasons) - 1} more." if len(reasons) > 1 else ""
    room = f" {len(report.trimmed)} files not used for long made room." if report.trimmed else ""
    return text + (f" {reasons[0]}{more}" if reasons else "") + room
