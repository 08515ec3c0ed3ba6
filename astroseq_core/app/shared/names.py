"""Star names on the pages: resolution, candidates, and the download of a missing star."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import streamlit as st

from astroseq_core import missions, targets
from astroseq_core.app.shared import background, downloads, layout, url_state
from astroseq_core.app.shared.background import PageJob
from astroseq_core.app.shared.layout import escape
from astroseq_core.archive import catalogs, names, snapshots
from astroseq_core.archive.download import FetchReport
from astroseq_core.archive.names import ResolvedName
from astroseq_core.archive.signals import Signal, name_key
from astroseq_core.archive.web_pages import star_web_pages
from astroseq_core.errors import AmbiguousNameError, AstroSeqError, TargetError, UnreachableError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.preprocessing.prepare import DEFAULT_CONFIGS
from astroseq_core.scoring.star_data import StarRequest
from astroseq_core.scoring.star_source import Source
from astroseq_core.targets import Target

LOOKUP_KIND = "name"
#: What needs no network.
OFFLINE_WORDS = (
    "Without a network these open: the simulated stars (SIM 1 to SIM 60), stars in files of yours and in the cache, and every "
    "name of a well-known system or of a catalog that was fetched before."
)


@dataclass(frozen=True)
class NameResolution:
    """State of a name lookup. Without `resolved` and `problem`, the archives are still being asked.

    Attributes
    ----------
    resolved : Resolved or None
        The star, once known.
    problem : AstroSeqError or None
        Why the name could not be resolved.
    job : PageJob or None
        The lookup in the archives, if there was one.
    """

    resolved: ResolvedName | None = None
    problem: AstroSeqError | None = None
    job: PageJob | None = None

    @property
    def candidates(self) -> tuple[str, ...]:
        """Identifiers of the stars that an ambiguous name can mean."""
        return self.problem.candidates if isinstance(self.problem, AmbiguousNameError) else ()


def resolve_name(text: str, mission: str = "") -> NameResolution:
    """Resolve a name, or start looking it up.

    Identifiers and names in the local catalogs are resolved at once; the archives' name services
    are asked in the background for all others.

    Parameters
    ----------
    text : str
        Name as typed.
    mission : str, optional
        Mission to prefer for ambiguous names.

    Returns
    -------
    NameResolution
        The star, the error, or the running lookup.
    """
    wanted = missions.mission_by_name(mission) if mission in DEFAULT_CONFIGS else None
    try:
        found = targets.parse(text)
        if isinstance(found, Target) and found.is_simulated:
            return NameResolution(ResolvedName(found, source="its identifier"))
    except TargetError:
        pass  # the name of a planet or star
    key = f"{LOOKUP_KIND} {mission} {' '.join(text.split()).lower()} {_catalog_dates()}"
    job = background.job_registry().get(key)
    if job is None:
        job = background.job_registry().start(key, f"Looking up {text}", lambda _: names.resolve_name(text, wanted))
    if not job.wait(background.PROMPT_SECONDS):
        return NameResolution(job=job)
    return NameResolution(job.result, job.problem, job)


def _catalog_dates() -> str:
    """Return the catalogs' dates, so that unknown names are looked up again after a refresh."""
    return " ".join("" if s.date is None else f"{s.date:%s}" for s in snapshots.all_statuses())


def draw_lookup(found: NameResolution) -> None:
    """Draw that the archives are being asked, until they have answered.

    Parameters
    ----------
    found : NameResolution
        The running lookup. Nothing is drawn without a job.
    """
    job = found.job
    if job is None:
        return

    def draw() -> bool:
        st.info(f"{escape(job.words)}: the archives' name services are being asked …", icon=":material/travel_explore:")
        return job.is_running

    background.watch(True, draw)


def draw_failed_lookup(found: NameResolution) -> None:
    """Draw why a name could not be resolved, with a retry button for temporary failures.

    Parameters
    ----------
    found : NameResolution
        The failed lookup.
    """
    if isinstance(found.problem, UnreachableError):
        st.warning(escape(found.problem), icon=":material/cloud_off:")
        st.caption(OFFLINE_WORDS)
    else:
        st.error(escape(found.problem), icon=":material/error:")
    if found.job is not None and not isinstance(found.problem, TargetError):
        st.button("Try again", key=f"again {found.job.key}", on_click=background.job_registry().forget, args=(found.job.key,))


def resolve_star(request: StarRequest, mission: str, here: Iterable[str]) -> StarRequest | None:
    """Resolve the name in a request to a star whose light curves are available.

    Otherwise draw what can be done: choose a candidate, change the source, or download.

    Parameters
    ----------
    request : StarRequest
        The request with the name as typed.
    mission : str
        Mission to prefer for ambiguous names, or "All".
    here : Iterable of str
        Identifiers of the stars that the source offers.

    Returns
    -------
    StarRequest or None
        The request with the star's identifier as its name, or None if it cannot be opened yet.
    """
    found = resolve_name(request.name, mission)
    if found.resolved is None:
        st.title(escape(request.name), anchor=False)
        draw_unresolved(found, _open_star)
        return None
    star = preferred_identifier(found.resolved, here)
    layout.name_page(star_title(request.name, star))
    _draw_resolution(request.name, star, found.resolved)
    if star.is_simulated or request.source is Source.FOLDER:
        return replace(request, name=star.id)
    if request.source is Source.SIMULATED:
        st.title(escape(star_title(request.name, star)), anchor=False)
        st.markdown(f"{star} is a real star. It is not in the simulated survey, whose stars are SIM 1 to SIM 60.")
        st.button(f"Open {star} from the cache", on_click=_open_from_cache, args=(star.id,), type="primary")
        return None
    if not LightCurveCache().entries(star):
        _draw_missing_star(request.name, star, found.resolved)
        return None
    job = downloads.download_job(star)
    if job is not None and job.is_running:
        st.caption("More of its light curves are on their way; the page is drawn again when they have come.")
        _draw_download(star)
    elif job is not None and isinstance(job.result, FetchReport) and not job.result.failed:
        downloads.forget_download(star)  # the star is shown, so there is nothing to report
    return replace(request, name=star.id)


def preferred_identifier(resolved: ResolvedName, here: Iterable[str]) -> Target:
    """Return the identifier of a star under which its light curves are available.

    Parameters
    ----------
    resolved : Resolved
        The star with all its identifiers.
    here : Iterable of str
        Identifiers with light curves.

    Returns
    -------
    Target
        The main identifier if it was typed in full, or if no other one has light curves.
    """
    known = set(here)
    if resolved.source == "its identifier" or resolved.target.id in known:
        return resolved.target
    return next((star for star in resolved.also if star.id in known), resolved.target)


def draw_unresolved(found: NameResolution, choose: Callable[[str], None]) -> None:
    """Draw the state of a name that is not resolved: the lookup, its candidates, or the error.

    Parameters
    ----------
    found : NameResolution
        The state of the lookup.
    choose : callable
        Called with the candidate that is clicked.
    """
    if found.problem is None:
        draw_lookup(found)
        return
    if found.candidates:
        st.markdown(f"{escape(found.problem)}")
        with st.container(horizontal=True, gap="small"):
            for candidate in found.candidates:
                st.button(escape(candidate), key=f"candidate {candidate}", on_click=choose, args=(candidate,))
        return
    draw_failed_lookup(found)


def _open_star(name: str) -> None:
    st.session_state.update(target=name, obs=[], segment=0)


def _open_from_cache(name: str) -> None:
    _open_star(name)
    st.session_state["source"] = "cache"


def _draw_resolution(name: str, star: Target, resolved: ResolvedName) -> None:
    """Draw which star the name was resolved to, its other names, and who says so."""
    if resolved.source == "its identifier":
        return
    also = ", also " + ", ".join(t.id for t in (resolved.target, *resolved.also) if t != star) if resolved.also else ""
    st.caption(f"{escape(name)} is {star}{also}, according to {escape(resolved.source)}.")


def star_name(star: Target) -> str:
    """Return the usual name of a star.

    Parameters
    ----------
    star : Target
        The star.

    Returns
    -------
    str
        Its name in the catalogs, such as TOI-700; empty if it has none.
    """
    known = None if star.is_simulated else catalogs.current_catalog().star_of(star)
    return "" if known is None else known.name


def star_title(typed: str, star: Target) -> str:
    """Return what to call a star that was asked for by a name.

    Parameters
    ----------
    typed : str
        The name as it was typed.
    star : Target
        The star.

    Returns
    -------
    str
        The name with the identifier behind it; the identifier alone where it was typed itself.

    Examples
    --------
    >>> star_title("TOI 700", targets.parse_star("TIC 150428135"))
    'TOI 700 (TIC 150428135)'
    >>> star_title("tic150428135", targets.parse_star("TIC 150428135"))
    'TIC 150428135'
    """
    name = address_name(typed, star)
    return star.id if name == star.id else f"{name} ({star.id})"


def address_name(typed: str, star: Target) -> str:
    """Return the name of a star in the address: as it was typed, but any spelling of an identifier as the identifier.

    Parameters
    ----------
    typed : str
        The name as it was typed.
    star : Target
        The star.

    Returns
    -------
    str
        The name.
    """
    name = " ".join(typed.split())
    try:
        return name if name and not isinstance(targets.parse(name), Target) else star.id
    except TargetError:
        return name if name and not name.isdigit() else star.id


def other_name(typed: str, star: Target) -> str:
    """Return the usual name of a star, unless it was typed.

    Parameters
    ----------
    typed : str
        The name as it was typed.
    star : Target
        The star.

    Returns
    -------
    str
        Its name in the catalogs; empty if it has none.
    """
    name = star_name(star)
    return "" if name_key(name) == name_key(typed) else name


def draw_web_pages(star: Target, *, with_name: bool = True) -> None:
    """Draw links to the pages of a star at the archives, which open in a new tab; none for simulated stars.

    Parameters
    ----------
    star : Target
        The star.
    with_name : bool, optional
        Whether the links may tell that catalogs know the star.
    """
    if star.is_simulated:
        return
    known = catalogs.current_catalog().star_of(star)
    name = "" if known is None or not with_name else known.name or known.signals[0].name
    pages = star_web_pages(star, name, () if known is None else known.identifiers)
    links = " · ".join(f"[{escape(service)}]({address})" for service, address in pages.items())
    st.caption(f"{star} at {links}")


def describe_signal(signal: Signal) -> str:
    """Describe a known signal in a line.

    Parameters
    ----------
    signal : Signal
        The signal.

    Returns
    -------
    str
        Such as "TOI-700 d, TOI-700.02: CP, period 37.42368 d, 3.37 h, 738 ppm".
    """
    # The other names of the star itself, such as TOI-700, say nothing of the signal.
    also = [n for n in signal.aliases if re.search(r"( [a-z]|\.\d\d)$", n)]
    parts = (
        signal.disposition,
        "single transit" if signal.period_days is None else f"period {signal.period_days:.5f} d",
        f"{signal.duration_hours:.2f} h",
        "" if signal.depth_ppm is None else f"{signal.depth_ppm:,.0f} ppm",
    )
    return f"{', '.join((signal.name, *also))}: {', '.join(filter(None, parts))}"


def _draw_known_star(typed: str, star: Target) -> None:
    """Draw the name and the known signals of a star whose light curves are not here, and links to its pages elsewhere."""
    name, known = other_name(typed, star), catalogs.current_catalog().signals_of(star)
    if name:
        st.markdown(f"##### {escape(name)}")
    if known:
        st.markdown("\n".join(f"- {escape(describe_signal(signal))}" for signal in known))
    draw_web_pages(star)


def _draw_missing_star(typed: str, star: Target, resolved: ResolvedName) -> None:
    """Draw what is known of a star that is not cached, its download, and why earlier attempts failed."""
    st.title(escape(star_title(typed, star)), anchor=False)
    _draw_known_star(typed, star)
    job = downloads.download_job(star)
    if job is not None and job.is_running:
        _draw_download(star)
        st.markdown("The star opens as soon as its light curves are here.")
        return
    reasons = [a.reason for a in (*LightCurveCache().absences(), *LightCurveCache().failures()) if a.target_id == star.id]
    if job is not None and job.problem is not None:
        reasons = [str(job.problem)]
    elif job is not None and isinstance(job.result, FetchReport) and not reasons:
        reasons = [downloads.describe_outcome(job.result)]
    for reason in dict.fromkeys(reasons):
        st.warning(escape(reason), icon=":material/cloud_off:")
    st.markdown(f"{star} is not in the cache. Its light curves come from MAST, and it opens as soon as they are here.")
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Try again" if reasons else "Download its light curves",
            type="primary",
            icon=":material/download:",
            key=f"begin {star}",
            on_click=_begin_download,
            args=(star, bool(reasons)),
        )
        if st.button("See what there is first", icon=":material/search:"):
            st.switch_page(url_state.DATA, query_params={"tab": "Download", "search": star.id})
        for other in resolved.also:
            st.button(f"As {other} instead", on_click=_open_star, args=(other.id,), type="tertiary")


def _begin_download(star: Target, again: bool) -> None:
    downloads.forget_download(star)
    downloads.start_download([star], retry_absent=again)


def _draw_download(star: Target) -> None:
    job = downloads.download_job(star)

    def draw() -> bool:
        if job is None or not job.is_running:
            return False
        downloads.draw_download(job, "Stop")
        return True

    background.watch(job is not None, draw)
