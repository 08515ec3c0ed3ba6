"""From a name to a star that can be opened: candidates where it is ambiguous, its download where it is not here yet."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import streamlit as st

from astroseq_core.archive.names import Resolved
from astroseq_core.archive.report import FetchReport
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.scoring.opening import Source, StarRequest
from astroseq_core.targets import Target
from astroseq_core.ui import address, downloads, jobs, naming
from astroseq_core.ui.naming import Meaning
from astroseq_core.ui.page import escape


def ready(request: StarRequest, mission: str, here: Iterable[str]) -> StarRequest | None:
    """The request with its name resolved to a star that can be opened, else None, and what to do stands on the page.

    ``here``: identifiers of the stars that the source offers.
    """
    found = naming.meaning(request.name, mission)
    if found.resolved is None:
        st.title(escape(request.name), anchor=False)
        unresolved(found, _go)
        return None
    star = preferred(found.resolved, here)
    _said(request.name, star, found.resolved)
    if star.is_simulated or request.source is Source.FILES:
        return replace(request, name=star.id)
    if request.source is Source.SIMULATED:
        st.error(
            f"{star} is a real star and not in the simulated survey, whose stars are SIM 1 to SIM 60.", icon=":material/error:"
        )
        st.button(f"Open {star} from the cache", on_click=_from_cache, args=(star.id,), type="primary")
        return None
    if not LightCurveCache().entries(star):
        _missing(star, found.resolved)
        return None
    job = downloads.of(star)
    if job is not None and job.is_running:
        st.caption("More of its light curves are on their way; the page is drawn again when they have come.")
        _watch(star)
    elif job is not None and isinstance(job.result, FetchReport) and not job.result.failed:
        downloads.forget(star)  # the star stands here: nothing is left to tell
    return replace(request, name=star.id)


def preferred(resolved: Resolved, here: Iterable[str]) -> Target:
    """Of a star's identifiers the one whose light curves are here; the first where none or several are, or it was written out."""
    known = set(here)
    if resolved.source == "its identifier" or resolved.target.id in known:
        return resolved.target
    return next((star for star in resolved.also if star.id in known), resolved.target)


def unresolved(found: Meaning, choose: Callable[[str], None]) -> None:
    """What stands where a name means no single star yet: that it is being asked, its candidates, or why it means nothing."""
    if found.problem is None:
        naming.asking(found)
        return
    if found.candidates:
        st.markdown(f"{escape(found.problem)}")
        with st.container(horizontal=True, gap="small"):
            for candidate in found.candidates:
                st.button(candidate, key=f"candidate {candidate}", on_click=choose, args=(candidate,))
        return
    naming.refused(found)


def _go(name: str) -> None:
    st.session_state.update(target=name, obs=[], segment=0)


def _from_cache(name: str) -> None:
    _go(name)
    st.session_state["source"] = "cache"


def _said(name: str, star: Target, resolved: Resolved) -> None:
    """Who said that the name is this star, and what else it is called."""
    if resolved.source == "its identifier":
        return
    also = ", also " + ", ".join(t.id for t in (resolved.target, *resolved.also) if t != star) if resolved.also else ""
    st.caption(f"{escape(name)} is {star}{also}, according to {escape(resolved.source)}.")


def _missing(star: Target, resolved: Resolved) -> None:
    """A star that is not in the cache: its download, under way or on offer, and why there was none before."""
    st.title(star.id, anchor=False)
    job = downloads.of(star)
    if job is not None and job.is_running:
        _watch(star)
        st.markdown("The star opens as soon as its light curves are here.")
        return
    reasons = [a.reason for a in (*LightCurveCache().absences(), *LightCurveCache().failures()) if a.target_id == star.id]
    if job is not None and job.problem is not None:
        reasons = [str(job.problem)]
    elif job is not None and isinstance(job.result, FetchReport) and not reasons:
        reasons = [downloads.summary(job.result)]
    for reason in dict.fromkeys(reasons):
        st.warning(escape(reason), icon=":material/cloud_off:")
    st.markdown(f"{star} is not in the cache. Its light curves come from MAST, and it opens as soon as they are here.")
    with st.container(horizontal=True, gap="small"):
        st.button("Try again" if reasons else "Download its light curves", type="primary", icon=":material/download:",
                  key=f"begin {star}", on_click=_begin, args=(star, bool(reasons)))  # fmt: skip
        if st.button("See what there is first", icon=":material/search:"):
            st.switch_page(address.DATA, query_params={"tab": "Download", "search": star.id})
        for other in resolved.also:
            st.button(f"As {other} instead", on_click=_go, args=(other.id,), type="tertiary")


def _begin(star: Target, again: bool) -> None:
    downloads.forget(star)
    downloads.begin([star], retry_absent=again)


def _watch(star: Target) -> None:
    job = downloads.of(star)

    def draw() -> bool:
        if job is None or not job.is_running:
            return False
        downloads.bar(job, "Stop")
        return True

    jobs.watch(job is not None, draw)
