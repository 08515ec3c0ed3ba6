"""Page layout that all pages share: frame, navigation, error messages, and folded notes."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitAPIException

from astroseq_core import settings
from astroseq_core.app import server
from astroseq_core.app.shared import memory, opened, parameters
from astroseq_core.app.shared.parameters import AnyParameter, Owner, Parameter
from astroseq_core.app.shared.value_types import Choice
from astroseq_core.errors import AstroSeqError, NotOpenedError

log = logging.getLogger(__name__)

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-!|<>$~:&])")
#: Space that begins a line makes it code, and a number a list.
_LINE_START = re.compile(r"^[^\S\n]+", re.MULTILINE)
_LIST_NUMBER = re.compile(r"^(\d+)\.(?!\d)", re.MULTILINE)
#: What Streamlit makes links, icons and arrows of, escaped or not: web and mail addresses, `:material/home:`, `->`.
_MADE_LATER = re.compile(
    r"(?<=https:)(?=//)|(?<=http:)(?=//)|(?<=www)(?=\.)|(?<=@)(?=\w)|(?<=:)(?=material/|streamlit:)"
    r"|(?<=-)(?=>)|(?<=<)(?=[-=])|(?<=[>~])(?==)",
    re.IGNORECASE,
)
#: Invisible, without width, and no break; what it stands in is not taken for any of these.
_WORD_JOINER = "\N{WORD JOINER}"
#: A file, as the browser asks a font server for Streamlit's own icons.
_PAGE_ICON = Path(__file__).parents[1] / "icon.svg"
#: Session-state key: the folders and files that this run of the page has asked to open.
_ASKED_KEY = "asked to open"
#: Session-state key: the errors that this run of the page has shown, as sentences.
_SHOWN_KEY = "errors shown"
#: Label of each folded note.
NOTE_LABEL = "What am I looking at?"
#: Narrower margins than Streamlit's, metrics no larger than the title, and captions that WCAG AA calls legible
#: (tools/check_contrast.py measures it).
_STYLE = """<style>
[data-testid="stMainBlockContainer"] {padding: 3.25rem clamp(1rem, 3vw, 3.5rem) 3rem}
[data-testid="stMetricValue"] {font-size: 1.55rem}
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] * {color: inherit !important}
[data-testid="stCaptionContainer"] {opacity: 0.78}
[data-testid="stCaptionContainer"] a {text-decoration: underline}
[data-testid="stExpander"] summary, [data-testid="stExpander"] summary * {color: inherit !important}
@media (prefers-color-scheme: dark) {button[kind^="primary"] {color: #0E141B}}
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
    r"""Escape text for Streamlit's Markdown, so that names are shown as they are.

    Parameters
    ----------
    text : object
        The text, or an object to convert.

    Returns
    -------
    str
        The text with all Markdown characters escaped, and invisible characters in what would become a link, an icon or an arrow.

    Examples
    --------
    >>> escape("*WASP-18*")
    '\\*WASP\\-18\\*'
    """
    apart = _MADE_LATER.sub(_WORD_JOINER, _LINE_START.sub("", str(text)))
    return _LIST_NUMBER.sub(r"\1\\.", _MARKDOWN.sub(r"\\\1", apart))


def setup_page(title: str, *, wide: bool = False) -> None:
    """Set the page's title and width and draw the navigation. Must be each page's first call.

    Parameters
    ----------
    title : str
        The page's title.
    wide : bool, optional
        Collapse the sidebar at first, for pages that need the whole screen.
    """
    st.set_page_config(
        page_title=f"{title} · AstroSeq",
        page_icon=str(_PAGE_ICON),
        layout="wide",
        initial_sidebar_state="collapsed" if wide else "auto",
    )
    memory.keep_small()
    parameters.begin_page(title)
    st.session_state[_ASKED_KEY] = set()
    st.session_state[_SHOWN_KEY] = set()
    st.html(_STYLE)
    with st.sidebar:
        _draw_navigation()
        if note := server.access_note():
            st.caption(escape(note))


def name_page(title: str) -> None:
    """Name the browser's tab, and so the entry of its history, by what the page shows.

    Parameters
    ----------
    title : str
        What the page shows.
    """
    st.set_page_config(page_title=f"{title} · AstroSeq")


def _draw_navigation() -> None:
    """Draw a link to each page. Streamlit's own navigation labels the first one "app"."""
    pages = [("app.py", "AstroSeq", ":material/planet:")]
    for path in sorted((settings.app_dir() / "pages").glob("[0-9]*_*.py")):
        name = path.stem.partition("_")[2].replace("_", " ")
        pages.append((f"pages/{path.name}", name, _ICONS.get(name, ":material/chevron_right:")))
    for file, label, icon in pages:
        draw_page_link(file, label, icon)


def draw_page_link(file: str, label: str, icon: str, location: Mapping[str, str] | None = None) -> None:
    """Draw a link to another page.

    Nothing is drawn if the page is run by itself, as in its tests, where no other page is known.

    Parameters
    ----------
    file : str
        The page's file.
    label : str
        Text of the link.
    icon : str
        Icon of the link.
    location : Mapping of str to str or None, optional
        URL parameters.
    """
    with skip_links_without_pages():
        st.page_link(file, label=label, icon=icon, query_params=location)


@contextmanager
def skip_links_without_pages() -> Iterator[None]:
    """Skip page links in the block if the page is run by itself and no other page is known.

    Yields
    ------
    None
        Nothing.
    """
    with suppress(StreamlitAPIException):
        yield


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Show an expected error in the block as a message; the rest of the block is skipped.

    Yields
    ------
    None
        Nothing.
    """
    try:
        yield
    except NotOpenedError as error:
        draw_not_opened(error)
    except AstroSeqError as error:
        log.info("Shown on a page: %s", error)
        _note_shown(error)
        st.error(escape(error), icon=":material/error:")


def draw_form_problem(sentence: str) -> None:
    """Draw why a form cannot be sent, unless the page has just said so beside the field.

    Parameters
    ----------
    sentence : str
        What is wrong.
    """
    if sentence not in _note_shown():
        st.warning(escape(sentence), icon=":material/rule:")


def _note_shown(*errors: AstroSeqError) -> set[str]:
    """Note that errors are shown, and return the sentences of all that this run of the page has shown."""
    shown: set[str] = st.session_state.setdefault(_SHOWN_KEY, set())
    shown.update(map(str, errors))
    return shown


def draw_not_opened(error: NotOpenedError) -> None:
    """Draw which folder or file a link names, with one button on the page that opens it.

    Parameters
    ----------
    error : NotOpenedError
        The folder or file.
    """
    asked: set[str] = st.session_state.setdefault(_ASKED_KEY, set())
    _note_shown(error)
    st.warning(escape(error), icon=":material/folder_off:")
    if error.path not in asked:
        asked.add(error.path)
        st.button(f"Open {escape(error.path)}", key=f"open {error.path}", on_click=_open, args=(error.path,))


def draw_paths_to_open(*written: str | None) -> None:
    """Draw which paths in a form's fields came by a link and were never opened, with buttons that open them.

    Parameters
    ----------
    *written : str or None
        What stands in the fields; an empty one is passed over.
    """
    for text in written:
        if (text or "").strip():
            with errors_as_messages():
                opened.check(str(text))


def _open(path: str) -> None:
    if problem := error_message_of(lambda: opened.remember(path)):
        st.session_state.setdefault("told before", []).append(problem)


def error_message_of(do: Callable[[], object]) -> str:
    """Run a callback's action and return the message of an expected error.

    For callbacks, which run before the page is drawn.

    Parameters
    ----------
    do : callable
        The action, without arguments.

    Returns
    -------
    str
        Empty if it succeeded.
    """
    try:
        do()
    except AstroSeqError as error:
        log.info("Shown on a page: %s", error)
        return str(error)
    return ""


def draw_result_message(key: str) -> None:
    """Draw the result message that a callback left in the session, once.

    Parameters
    ----------
    key : str
        Key of the session state that holds whether it succeeded, and the message.
    """
    if found := st.session_state.pop(key, None):
        good, sentence = found
        if good:
            st.success(escape(sentence), icon=":material/check:")
        else:
            st.error(escape(sentence), icon=":material/error:")


def warn(sentence: str) -> None:
    """Warn that something was ignored. The warning is repeated after `redraw`.

    Parameters
    ----------
    sentence : str
        The warning.
    """
    st.session_state.setdefault("told", []).append(sentence)
    st.warning(escape(sentence), icon=":material/link_off:")


def earlier_warnings() -> list[str]:
    """Return the warnings of the run before a redraw. Must be called at the start of each run.

    Returns
    -------
    list of str
        Warnings to repeat.
    """
    st.session_state["told"] = []
    return list(st.session_state.pop("told before", []))


def redraw() -> None:
    """Rerun the page and keep its warnings."""
    st.session_state["told before"] = st.session_state.get("told", [])
    st.rerun()


def draw_note(what: str, good: str) -> None:
    """Draw the folded note under a figure.

    Parameters
    ----------
    what : str
        What the figure shows.
    good : str
        What a good result looks like.
    """
    with st.expander(NOTE_LABEL, type="compact"):
        st.markdown(f"{what} {good}")


def draw_problems(texts: tuple[str, ...], number: int | None = None) -> None:
    """Draw what was left out, as a folded list.

    Parameters
    ----------
    texts : tuple of str
        One sentence each; nothing is drawn if there are none.
    number : int or None, optional
        How many things were left out; the number of sentences if None.
    """
    if texts:
        with st.expander(f"{number or len(texts):,} left out", icon=":material/warning:", type="compact"):
            for text in texts:
                st.markdown(f"- {escape(text)}")


def draw_tabs(
    tab: Parameter[str],
    contents: Mapping[str, Callable[[], None]],
    fields: Mapping[str, Sequence[AnyParameter]] | None = None,
) -> None:
    """Draw a page's tabs, and the content of the open one.

    Parameters
    ----------
    tab : Parameter of str
        The parameter of the tab, a choice. Its name is the key of the tabs, whose session state
        holds the label of the open one.
    contents : Mapping of str to callable
        What draws each tab, by the tab's word in the address, in order.
    fields : Mapping of str to sequence of Parameter, optional
        Parameters of unbound fields in some tabs, by the tabs' words.
    """
    kind = tab.kind
    assert isinstance(kind, Choice)
    words = {kind.label(word): word for word in contents}
    if tab.owner is Owner.FIELD:
        shown = st.tabs(tuple(words), key=tab.name, bind="query-params", on_change="rerun")
    else:
        if tab.takes_address() or st.session_state.get(tab.name) not in words:
            st.session_state[tab.name] = kind.label(tab.read())
        shown = st.tabs(tuple(words), key=tab.name, on_change="rerun")
        tab.write(words[str(st.session_state[tab.name])])
    for place, (word, content) in zip(shown, contents.items(), strict=True):
        if place.open:
            with place, errors_as_messages():
                content()
        else:
            for parameter in (fields or {}).get(word, ()):
                parameter.release_field()
