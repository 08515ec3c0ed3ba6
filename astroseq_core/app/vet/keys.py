"""Keys of the vetting page: what each does, and the words for it.

Everything that needs a key takes it from here: the shortcuts of the buttons, the help, the script
in the browser, and the table in docs/vetting.md.

Where Streamlit's shortcuts do not suffice, the script moves the focus into the note and out of it, and
filters the keys of dispositions. Streamlit assigns a key press to whichever button is there, whether or not its star has been
painted, and ends the drawing that is under way. So the browser passes on a disposition's key only
if the star of these buttons has been on the screen for `MIN_PAINTED_MS`, once for each showing of a
signal of a star, not while another signal is being chosen, and never one that repeats because it is held down.

Which showing is painted is not told by words on the page: its token is in the key of its buttons,
in the key of the container with its name, and in the data of its figures (`mark_figure`), where
Plotly keeps it with what it has drawn.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.app.shared import key_overlay
from astroseq_core.app.shared.key_overlay import KeyRow
from astroseq_core.disposition_codes import CODES, DispositionCode
from astroseq_core.store.disposition_entry import REASON_CODES

if TYPE_CHECKING:
    import plotly.graph_objects as go


class Action(StrEnum):
    """What a key does."""

    DECIDE = "decide"
    UNDO = "undo"
    BACK = "back"
    NEXT = "next"
    NOTE = "note"
    BLIND = "blind"
    BOOKMARK = "bookmark"
    HELP = "help"


@dataclass(frozen=True)
class Key:
    """A key.

    Attributes
    ----------
    key : str
        The key, as Streamlit's shortcuts name it.
    action : Action
        What it does.
    label : str
        Words on its button; empty where the button has an icon.
    help : str
        What it does, in words.
    disposition : str
        The disposition that it gives, for `Action.DECIDE`.

    Examples
    --------
    >>> Key("Left", Action.BACK, "", "The star before").symbol
    '←'
    """

    key: str
    action: Action
    label: str
    help: str
    disposition: str = ""

    @property
    def symbol(self) -> str:
        """The key as it is written for people."""
        return {"Left": "←", "Right": "→"}.get(self.key, self.key)

    @property
    def browser_name(self) -> str:
        """The key as browsers name it, in lower case."""
        return {"Left": "arrowleft", "Right": "arrowright"}.get(self.key, self.key.lower())


def _decision(one: DispositionCode) -> Key:
    """Return the key that gives a disposition."""
    words = one.meaning.capitalize()
    code = f" ({one.code})" if one.code.lower() != one.meaning else ""
    explanation = f": {one.explanation}" if one.explanation else ""
    return Key(one.key, Action.DECIDE, words, f"{words}{code}{explanation}", one.code)


KEYS = (
    *(_decision(one) for one in CODES.values() if one.key),
    Key("Z", Action.UNDO, "", "Undo your latest disposition"),
    Key(key_overlay.BACK, Action.BACK, "", "The star before"),
    Key(key_overlay.NEXT, Action.NEXT, "", "The next star"),
    Key("N", Action.NOTE, "", "Write a note; Esc or Ctrl+Enter leaves it"),
    Key("H", Action.BLIND, "", "Hide the score, the probabilities, and what others and catalogs say, or show them"),
    Key("B", Action.BOOKMARK, "", "Bookmark the star"),
    Key(key_overlay.HELP, Action.HELP, "", key_overlay.HELP_WORDS),
)
#: The keys that give a disposition, in the order of the buttons.
DECISIONS = tuple(key for key in KEYS if key.action is Action.DECIDE)


def key_of(action: Action) -> Key:
    """Return the key of an action.

    Parameters
    ----------
    action : Action
        The action; not `DECIDE`, which has several.

    Returns
    -------
    Key
        Its key.
    """
    (found,) = (key for key in KEYS if key.action is action)
    return found


def decision_key(disposition: str) -> Key:
    """Return the key of a disposition.

    Parameters
    ----------
    disposition : str
        The disposition.

    Returns
    -------
    Key
        Its key.
    """
    return next(key for key in DECISIONS if key.disposition == disposition)


def keys_table() -> str:
    """Return the table of the keys, for docs/vetting.md.

    Returns
    -------
    str
        Markdown.
    """
    rows = (f"| **{key.symbol}** | {key.help} |" for key in KEYS)
    return "\n".join(("| key | what it does |", "|---|---|", *rows))


def key_rows() -> tuple[KeyRow, ...]:
    """Return the rows of the overlay.

    Returns
    -------
    tuple of KeyRow
        Each key and what it does.
    """
    return tuple(KeyRow(key.symbol, key.help) for key in KEYS)


#: Below the keys in the overlay.
HELP_NOTE = (
    "A disposition belongs to the signal on the screen, and changes none of the star's other signals. A key that comes before "
    "the signal was drawn does not count, and no key counts twice."
)


def decision_button_key(disposition: str, token: str) -> str:
    """Return the element key of the button of a disposition.

    The token is in it, so that a press counts for its own showing of a star, or not at all.

    Parameters
    ----------
    disposition : str
        The disposition.
    token : str
        Token of the showing.

    Returns
    -------
    str
        The key. Streamlit makes the class `st-key-vote-…` of it, by which the script finds the button.
    """
    return f"vote {disposition} {token}"


#: Keys of the containers of the dispositions, of the note's field, of the figures, of the row of signals, and of the reasons.
DECISIONS_CONTAINER = "vet decisions"
NOTE_CONTAINER, FIGURES_CONTAINER, SIGNALS_CONTAINER, REASONS_CONTAINER = "vet note", "vet figures", "vet signals", "vet reasons"
#: Name of the token in a figure's data (Plotly's `layout.meta`).
META_NAME = "showing"
#: A disposition's key counts only once the star was visible this long [ms]; nobody reads faster.
MIN_PAINTED_MS = 300
#: If a star is still there this long [ms] after its key, the press was lost, and another one is let
#: through. (Should both arrive, the store keeps one disposition for each showing.)
RETRY_MS = 1500
#: Runs once per browser window. It must not contain text from stars or catalogs.
_KEYBOARD_SCRIPT = """(() => {
  if (window.astroseqVetKeys) return;
  window.astroseqVetKeys = true;
  const C = %s;
  let token = "", since = 0, taken = "", takenAt = 0;
  const note = () => document.querySelector(`.${C.note} textarea`);
  const decisionButton = () => document.querySelector(`[class*="${C.button}"]`);
  const tokenOf = (button) => {
    const name = button ? [...button.classList].find((c) => c.startsWith(C.button)) : "";
    return name ? name.slice(C.button.length) : "";
  };
  // The name of this showing's star is there, and Plotly has drawn every figure for this showing.
  const painted = (token) => {
    const plots = [...document.querySelectorAll(`.${C.figures} .js-plotly-plot`)];
    return document.querySelector(`.${C.name}${token} h3`) !== null && plots.length > 0 && plots.every(
      (plot) => plot.layout && plot.layout.meta && plot.layout.meta[C.meta] === token && plot.querySelector(".main-svg"));
  };
  const look = () => {
    const found = tokenOf(decisionButton());
    if (found !== token) { token = found; since = 0; }
    // Without figures (a star that cannot be opened, the second tab) there is nothing to wait for but the buttons.
    const bare = !document.querySelector(`.${C.figures}`);
    if (token && !since && (bare || painted(token))) since = performance.now();
  };
  setInterval(look, 50);
  window.addEventListener("keydown", (e) => {
    const field = note();
    if (!field && !decisionButton()) return;
    if (field && e.target === field) {
      // Streamlit keeps the note when it is left; a field that stays in focus would swallow the next disposition.
      if (e.key === "Escape" || (e.key === "Enter" && (e.ctrlKey || e.metaKey))) setTimeout(() => field.blur(), 0);
      return;
    }
    if (e.target.closest && e.target.closest("input, textarea, [contenteditable=true]")) return;
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const action = C.actions[e.key.toLowerCase()];
    if (!action) return;
    const drop = () => { e.stopImmediatePropagation(); e.preventDefault(); };
    if (e.repeat) { drop(); return; }
    if (action === C.decide) {
      look();
      const now = performance.now();
      const used = token === taken && now - takenAt < C.retryMs;
      if (!token || used || !since || now - since < C.minPaintedMs) { drop(); return; }
      taken = token;
      takenAt = performance.now();
    }
    if (action === C.write && field) { e.preventDefault(); field.focus(); }
  }, true);
  window.addEventListener("click", (e) => {
    // Arrow keys are for the queue, not for the tab or the reason that was clicked last; who goes by keyboard keeps the focus.
    const left = e.target.closest && e.target.closest(`[role="tab"], .${C.reasons} button`);
    if (left && e.detail && note()) setTimeout(() => left.blur(), 0);
    const chip = e.target.closest && e.target.closest(`.${C.signals} button`);
    if (!chip) return;
    // The signal on the screen is left: its keys count no longer.
    if (!(chip.getAttribute("kind") || "").startsWith("primary")) { taken = token; takenAt = performance.now(); }
    if (e.detail) setTimeout(() => chip.blur(), 0);
  }, true);
})();"""


def css_class(key: str) -> str:
    """Return the class that Streamlit gives to an element of a key.

    Parameters
    ----------
    key : str
        The element's key.

    Returns
    -------
    str
        The class.

    Examples
    --------
    >>> css_class("vet note")
    'st-key-vet-note'
    """
    return "st-key-" + key.replace(" ", "-")


def name_container(token: str) -> str:
    """Return the key of the container with the name of the star.

    Parameters
    ----------
    token : str
        Token of the showing.

    Returns
    -------
    str
        The key.
    """
    return f"vet name {token}"


def mark_figure(figure: "go.Figure", token: str) -> "go.Figure":
    """Mark a figure with the showing that it belongs to.

    Parameters
    ----------
    figure : Figure
        The figure; changed in place.
    token : str
        Token of the showing.

    Returns
    -------
    Figure
        The same figure.
    """
    figure.update_layout(meta={META_NAME: token})
    return figure


def script_text() -> str:
    """Return the keyboard script, which the server's content-security policy names by its hash.

    Returns
    -------
    str
        JavaScript, always the same.
    """
    constants = {
        "actions": {key.browser_name: key.action for key in KEYS},
        "decide": Action.DECIDE,
        "write": Action.NOTE,
        "button": css_class(decision_button_key("UNSURE", "")),
        "name": css_class(name_container("")),
        "note": css_class(NOTE_CONTAINER),
        "figures": css_class(FIGURES_CONTAINER),
        "signals": css_class(SIGNALS_CONTAINER),
        "reasons": css_class(REASONS_CONTAINER),
        "meta": META_NAME,
        "minPaintedMs": MIN_PAINTED_MS,
        "retryMs": RETRY_MS,
    }
    return _KEYBOARD_SCRIPT % json.dumps(constants)


def install_key_listener() -> None:
    """Install the overlay of the keys and the keyboard script, once per browser window."""
    # The overlay's comes first: it holds keys back while it is open.
    reasons = tuple(KeyRow(code, words) for code, words in REASON_CODES.items())
    key_overlay.draw_overlay(key_rows(), HELP_NOTE, reasons, "What the codes of reasons mean")
    st.html(f"<script>{script_text()}</script>", unsafe_allow_javascript=True)
