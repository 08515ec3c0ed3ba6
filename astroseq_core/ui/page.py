"""What every page shares: its frame, sentences instead of tracebacks, folded notes."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitAPIException

from astroseq_core.errors import AstroSeqError

log = logging.getLogger(__name__)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-!|<>$~:])")
#: What stands over each folded note.
NOTE_LABEL = "What am I looking at?"
#: Less room above and beside the content than Streamlit leaves, and numbers no larger than the title.
_STYLE = """<style>
[data-testid="stMainBlockContainer"] {padding: 3.25rem clamp(1rem, 3vw, 3.5rem) 3rem}
[data-testid="stMetricValue"] {font-size: 1.55rem}
[data-testid="stSidebarHeader"] {height: 2.5rem; margin-bottom: 0}
</style>"""
_ICONS = {
    "Explore": ":material/query_stats:",
    "Data": ":material/database:",
    "TOIs": ":material/format_list_bulleted:",
    "Train": ":material/model_training:",
    "Leaderboard": ":material/leaderboard:",
    "Survey": ":material/travel_explore:",
    "Vet": ":material/fact_check:",
}


def escape(text: object) -> str:
    """The text as Streamlit's Markdown shows it letter for letter: names from files and catalogues are no markup."""
    return _MARKDOWN.sub(r"\\\1", str(text))


def setup(title: str, *, wide: bool = False) -> None:
    """Set the page's title and width, and list the pages in the sidebar; the first call of each page.

    ``wide``: the sidebar is folded at first, for a page that needs all of the screen.
    """
    st.set_page_config(page_title=f"{title} · AstroSeq", page_icon=":material/planet:", layout="wide",
                       initial_sidebar_state="collapsed" if wide else "auto")  # fmt: skip
    st.html(_STYLE)
    with st.sidebar:
        _links()


def _links() -> None:
    """A link to each page. Streamlit's own list would call the first one after its file, "app"."""
    root = Path(__file__).resolve().parents[2]
    pages = [("app.py", "AstroSeq", ":material/planet:")]
    for path in sorted((root / "pages").glob("[!_]*.py")):
        name = re.sub(r"^\d+[_ ]*", "", path.stem).replace("_", " ")
        pages.append((f"pages/{path.name}", name, _ICONS.get(name, ":material/chevron_right:")))
    for file, label, icon in pages:
        link(file, label, icon)


def link(file: str, label: str, icon: str, place: Mapping[str, str] | None = None) -> None:
    """A link to another page, to what ``place`` says in its address.

    None where a page is run by itself, as its tests do, and knows of no others.
    """
    with where_there_are_pages():
        st.page_link(file, label=label, icon=icon, query_params=place)


@contextmanager
def where_there_are_pages() -> Iterator[None]:
    """Leave out links inside where a page is run by itself and knows of no others."""
    with suppress(StreamlitAPIException):
        yield


@contextmanager
def sentences() -> Iterator[None]:
    """Show any expected error inside as its sentence; what follows in the block is left out."""
    try:
        yield
    except AstroSeqError as error:
        log.info("Shown on a page: %s", error)
        st.error(escape(error), icon=":material/error:")


def caught(do: Callable[[], object]) -> str:
    """The sentence of the expected error that it ends with, empty where it goes well; for what a click does before drawing."""
    try:
        do()
    except AstroSeqError as error:
        log.info("Shown on a page: %s", error)
        return str(error)
    return ""


def said(key: str) -> None:
    """Show once what a click left under that key of the session: whether it went well, and the sentence."""
    if found := st.session_state.pop(key, None):
        good, sentence = found
        if good:
            st.success(escape(sentence), icon=":material/check:")
        else:
            st.error(escape(sentence), icon=":material/error:")


def tell(sentence: str) -> None:
    """Warn of something that was ignored; the warning outlives a redraw."""
    st.session_state.setdefault("told", []).append(sentence)
    st.warning(escape(sentence), icon=":material/link_off:")


def told_before() -> list[str]:
    """What the run before a redraw had to tell; each run begins with this call."""
    st.session_state["told"] = []
    return list(st.session_state.pop("told before", []))


def redraw() -> None:
    """Draw the page again, what was told included."""
    st.session_state["told before"] = st.session_state.get("told", [])
    st.rerun()


def note(what: str, good: str) -> None:
    """One folded line under a plot: what it shows, and what good looks like."""
    with st.expander(NOTE_LABEL, type="compact"):
        st.markdown(f"{what} {good}")


def problems(texts: tuple[str, ...]) -> None:
    """What had to be left out, folded into one line."""
    if texts:
        with st.expander(f"{len(texts)} left out", icon=":material/warning:", type="compact"):
            for text in texts:
                st.markdown(f"- {escape(text)}")
