"""The overlay that lists a page's keys: `?` opens it, Escape closes it, and no other key of the page counts meanwhile.

It is the browser's own dialog, so that it is there at once, also while the server is busy, and the focus comes back to where it
was. Keys that mean the same on every page are named here.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import streamlit as st

#: The keys to the star before and the next one, as Streamlit's shortcuts name them, and the key that opens the overlay.
BACK, NEXT, HELP = "Left", "Right", "?"
HELP_WORDS = "Show these keys; Esc closes them"


class KeyRow(NamedTuple):
    """A row of the overlay.

    Attributes
    ----------
    symbol : str
        The key, as it is written for people.
    words : str
        What it does.
    """

    symbol: str
    words: str


_CLASS, _CONTAINER = "astroseq-keys", "key overlay"
_STYLE = f"""<style>
:has(> .st-key-{_CONTAINER.replace(" ", "-")}) {{position: absolute; width: 0; height: 0}}
.{_CLASS} {{position: fixed; inset: 0.5rem 0.5rem auto auto; margin: 0; box-sizing: border-box;
  width: min(20.5rem, calc(100vw - 1rem));
  max-height: calc(100vh - 1rem); overflow-y: auto; padding: 0.9rem 1.1rem; border: 1px solid rgba(127, 140, 153, 0.55);
  border-radius: 0.5rem; font: inherit; font-size: 0.85rem; color: inherit; background: light-dark(#FFFFFF, #161E28);
  box-shadow: 0 4px 24px rgba(0, 0, 0, 0.18)}}
.{_CLASS}::backdrop {{background: transparent}}
.{_CLASS} h2 {{font-size: 1rem; padding: 0; margin: 0 0 0.4rem}}
.{_CLASS} table {{border-collapse: collapse; width: 100%}}
.{_CLASS} td {{padding: 0.18rem 0; vertical-align: top; border: none}}
.{_CLASS} td:first-child {{width: 3rem; white-space: nowrap}}
.{_CLASS} p {{margin: 0.5rem 0; font-size: inherit}}
.{_CLASS} summary {{cursor: pointer}}
.{_CLASS} kbd, .{_CLASS}-open kbd {{font: inherit; font-weight: 600; padding: 0 0.35rem; border-radius: 0.25rem;
  border: 1px solid rgba(127, 140, 153, 0.55)}}
.{_CLASS} button, .{_CLASS}-open {{font: inherit; font-size: 0.875rem; color: inherit; cursor: pointer; padding: 0.25rem 0.7rem;
  border-radius: 0.5rem;
  border: 1px solid rgba(127, 140, 153, 0.55); background: transparent}}
.{_CLASS} :focus-visible, .{_CLASS}-open:focus-visible {{outline: 2px solid light-dark(#0B5CAD, #5BA3E6); outline-offset: 2px}}
</style>"""
#: Runs once per browser window. It must not contain text from stars or catalogs.
_SCRIPT = """(() => {
  if (window.astroseqKeyOverlay) return;
  window.astroseqKeyOverlay = true;
  const overlay = () => document.querySelector("dialog.%(name)s");
  const open = () => {
    const found = overlay();
    if (!found || found.open) return;
    found.showModal();
    found.querySelector(".%(name)s-close").focus();
  };
  window.addEventListener("keydown", (e) => {
    const shown = overlay();
    if (shown && shown.open) {
      // Only the browser has keys now: the page's own rest until the overlay is closed.
      e.stopImmediatePropagation();
      if (e.key === "Escape" || e.key === "?") { e.preventDefault(); shown.close(); }
      return;
    }
    if (e.key !== "?" || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.target.closest && e.target.closest("input, textarea, select, [contenteditable=true]")) return;
    e.preventDefault();
    open();
  }, true);
  window.addEventListener("click", (e) => {
    if (!e.target.closest) return;
    if (e.target.closest(".%(name)s-open")) open();
    const shown = overlay();
    // A click beside the dialog has the dialog itself as its target, and lies outside of it.
    const box = shown && shown.open && e.target === shown ? shown.getBoundingClientRect() : null;
    const beside = box && (e.clientX < box.left || e.clientX > box.right || e.clientY < box.top || e.clientY > box.bottom);
    if (shown && (beside || e.target.closest(".%(name)s-close"))) shown.close();
  });
  // Arrow keys belong to the tabs, the buttons of a group or the slider that has the focus: they hear of them, the page does not.
  const own = "[role=tablist], [role=toolbar], [role=radiogroup], [role=slider], [role=listbox], [role=grid], [role=combobox]";
  document.documentElement.addEventListener("keydown", (e) => {
    if (e.key.startsWith("Arrow") && e.target.closest && e.target.closest(own)) e.stopPropagation();
  });
})();"""


def script_text() -> str:
    """Return the overlay's script, which the server's content-security policy names by its hash.

    Returns
    -------
    str
        JavaScript, always the same.
    """
    return _SCRIPT % {"name": _CLASS}


def draw_button() -> None:
    """Draw the button that opens the overlay."""
    st.html(
        f'<button type="button" class="{_CLASS}-open" aria-haspopup="dialog">Keys <kbd>{HELP}</kbd></button>', width="content"
    )


def draw_overlay(rows: Sequence[KeyRow], note: str = "", more: Sequence[KeyRow] = (), more_title: str = "") -> None:
    """Draw the overlay, which is hidden until it is opened.

    Parameters
    ----------
    rows : sequence of KeyRow
        The page's keys.
    note : str, optional
        A sentence below them.
    more : sequence of KeyRow, optional
        Rows of a second table, folded.
    more_title : str, optional
        Title of the second table.
    """
    folded = f"<details><summary>{escape(more_title)}</summary>{_table(more)}</details>" if more else ""
    with st.container(key=_CONTAINER):
        st.html(
            f'{_STYLE}<dialog class="{_CLASS}" aria-label="Keys of this page"><h2>Keys</h2>{_table(rows)}'
            f"{f'<p>{escape(note)}</p>' if note else ''}{folded}"
            f'<p><button type="button" class="{_CLASS}-close">Close</button></p></dialog>'
            f"<script>{script_text()}</script>",
            unsafe_allow_javascript=True,
        )


def _table(rows: Sequence[KeyRow]) -> str:
    cells = (f"<tr><td><kbd>{escape(row.symbol)}</kbd></td><td>{escape(row.words)}</td></tr>" for row in rows)
    return f"<table>{''.join(cells)}</table>"
