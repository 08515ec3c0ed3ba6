"""Snapshots of the catalogues on pages: which are in use, and their refresh in the background."""

import streamlit as st

from astroseq_core.archive import catalogue, refresh, snapshots
from astroseq_core.archive.snapshots import SnapshotStatus
from astroseq_core.ui import jobs
from astroseq_core.ui.page import escape


def keep_fresh() -> None:
    """Refresh in the background what has grown old, where someone has fetched catalogues before."""
    if any(s.date is not None and s.is_stale() for s in snapshots.status()):
        refresh.in_background()


def running() -> bool:
    """Whether a refresh is under way."""
    under_way = refresh.latest()
    return under_way is not None and under_way.is_running


def button(words: str, names: tuple[str, ...] = (), key: str = "refresh", primary: bool = False) -> None:
    """The button that fetches tables (all where none is named) in the background."""
    wanted = names or tuple(s.table for s in snapshots.status())
    st.button(words, key=key, on_click=refresh.in_background, args=(wanted,), disabled=running(), icon=":material/refresh:",
              type="primary" if primary else "secondary")  # fmt: skip


def watch() -> None:
    """The refresh under way with its progress, or what came of the latest where something went wrong."""
    latest = refresh.latest()
    if latest is None:
        return
    if latest.is_running:

        def draw() -> bool:
            title, done, in_all = latest.at
            st.progress(done / max(1, in_all), text=f"Fetching the catalogues: {escape(title)} ({done} of {in_all} tables)")
            return latest.is_running

        jobs.watch(True, draw)
        return
    for sentence in (latest.problem, *(r.sentence for r in latest.results if r.problem)):
        if sentence:
            st.warning(escape(sentence), icon=":material/cloud_off:")


def in_use() -> str:
    """Which snapshots are in use, or that there is none, in one sentence."""
    return catalogue.current().sentence


def table(statuses: tuple[SnapshotStatus, ...]) -> list[dict[str, object]]:
    """One row a catalogue: what there is of it."""
    return [
        {
            "Catalogue": s.title,
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
