"""Reasons for a disposition: each code with its words, always at the same place; those that checks suggest are outlined."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.app.vet import actions, keys
from astroseq_core.app.vet.keys import Action
from astroseq_core.app.vet.showing import Showing
from astroseq_core.store import notes
from astroseq_core.store.disposition_entry import REASON_CODES, Disposition

if TYPE_CHECKING:
    from astroseq_core.vetting.checks.base import CheckResult

#: What a code says in a word or two, for its chip; `REASON_CODES` has all of it.
REASON_WORDS = {
    "OED": "odd/even",
    "SSE": "secondary",
    "VSH": "V shape",
    "CO": "off target",
    "MD": "dumps",
    "WE": "ephemeris",
    "LS": "low signal",
    "SL": "scattered",
    "FLR": "flare",
    "SYS": "systematic",
    "ST": "single",
    "BLD": "blend",
    "EB": "binary",
    "VAR": "variable",
    "DUR": "duration",
    "DV": "depth varies",
    "GAP": "gaps",
    "DEP": "too deep",
    "KN": "known",
    "OTH": "see note",
}
#: Order of the flags of checks that suggest a reason, the gravest first.
SUGGESTING_FLAGS = ("fail", "warn")


def suggested_reason_codes(checks: "Sequence[CheckResult]") -> tuple[str, ...]:
    """Return the reason codes that failures and warnings suggest.

    Parameters
    ----------
    checks : Sequence of CheckResult
        The checks.

    Returns
    -------
    tuple of str
        Codes of failed checks first, without duplicates.
    """
    loud = sorted((c for c in checks if str(c.flag) in SUGGESTING_FLAGS), key=lambda c: SUGGESTING_FLAGS.index(str(c.flag)))
    return tuple(dict.fromkeys(code for c in loud for code in c.reason_codes))


def reason_label(code: str) -> str:
    """Return the label of a code's chip.

    Parameters
    ----------
    code : str
        The code.

    Returns
    -------
    str
        The code and its words, Markdown.

    Examples
    --------
    >>> reason_label("DV")
    '**DV** depth varies'
    """
    return f"**{code}** {REASON_WORDS.get(code, REASON_CODES[code])}"


def draw_reasons_and_note(
    checks: "Sequence[CheckResult]", showing: Showing, own: Disposition | None, several_signals: bool
) -> None:
    """Draw the chips and the field of the note.

    Parameters
    ----------
    checks : Sequence of CheckResult
        The checks that the reviewer sees.
    showing : Showing
        The showing that they belong to.
    own : Disposition or None
        What the reviewer said of the signal before.
    several_signals : bool
        Whether the star has several signals, of which each has its own reasons and note.
    """
    draft = notes.load(showing.target_id, showing.reviewer)
    if own is not None and several_signals and not draft.note and not draft.reason_codes:
        # what was said of this signal before; the draft belongs to the one that is decided next
        draft = replace(draft, note=own.note, reason_codes=own.reason_codes)
    same = (showing.target_id, showing.reviewer, showing.token)
    codes, suggested = tuple(REASON_CODES), suggested_reason_codes(checks)
    with st.container(key=keys.REASONS_CONTAINER, gap=None):
        st.html(_outlines(codes, suggested))
        # Always a line, so that the chips stay where they are.
        st.caption(f"The checks suggest {', '.join(suggested)}" if suggested else "The checks suggest no reason")
        st.pills(
            "Reasons",
            codes,
            default=[code for code in draft.reason_codes if code in codes],
            selection_mode="multi",
            format_func=reason_label,
            key=actions.reason_codes_key(showing.token),
            label_visibility="collapsed",
            on_change=actions.save_draft,
            args=same,
            wrap=True,
            width="stretch",
        )
    with st.container(key=keys.NOTE_CONTAINER):
        st.text_area(
            "Note",
            draft.note,
            key=actions.note_key(showing.token),
            height=68,
            label_visibility="collapsed",
            placeholder=f"{keys.key_of(Action.NOTE).symbol}: a note; Esc leaves it",
            on_change=actions.save_draft,
            args=same,
        )


def _outlines(codes: Sequence[str], suggested: Sequence[str]) -> str:
    """Return a style that outlines the chips of some codes."""
    places = (f".{keys.css_class(keys.REASONS_CONTAINER)} button:nth-of-type({codes.index(code) + 1})" for code in suggested)
    rule = "{box-shadow: inset 0 0 0 2px light-dark(#B36B00, #F0B050)}"
    return f"<style>{', '.join(places)} {rule if suggested else ''}</style>"
