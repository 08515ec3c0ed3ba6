"""The checks in plain words: what speaks against the signal first, what passed folded away."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.ui.page import escape

if TYPE_CHECKING:
    from astroseq_core.vetting.check import Check

#: How a flag looks: a sign that is told apart without its colour, and the colour.
SIGNS = {
    "fail": (":material/cancel:", "red"),
    "warn": (":material/warning:", "orange"),
    "unknown": (":material/help:", "gray"),
    "pass": (":material/check_circle:", "green"),
}
ORDER = tuple(SIGNS)


def show(checks: "Sequence[Check]") -> None:
    """Draw them: failed and doubtful ones as sentences, those that could not be told and those that passed in a folded line."""
    loud = [c for c in checks if str(c.flag) in ("fail", "warn")]
    quiet = [c for c in checks if c not in loud]
    with st.container(key="vet checks", gap="xsmall"):
        for check in sorted(loud, key=lambda c: ORDER.index(str(c.flag))):
            st.markdown(line(check))
        if not loud:
            st.markdown(f":green[{SIGNS['pass'][0]}] No check speaks against it.")
        if quiet:
            passed = sum(str(c.flag) == "pass" for c in quiet)
            untold = len(quiet) - passed
            label = f"{passed} passed" + (f", {untold} could not be told" if untold else "")
            with st.expander(label, type="compact"):
                for check in sorted(quiet, key=lambda c: -ORDER.index(str(c.flag))):
                    st.markdown(line(check))


def line(check: "Check") -> str:
    """A check as one line of Markdown: its sign, its title and its sentence."""
    sign, colour = SIGNS[str(check.flag)]
    return f":{colour}[{sign}] **{escape(check.title)}.** {escape(check.sentence)}"


def suggested(checks: "Sequence[Check]") -> tuple[str, ...]:
    """The reason codes that checks which did not pass suggest, the gravest first."""
    ordered = sorted((c for c in checks if str(c.flag) in ("fail", "warn")), key=lambda c: ORDER.index(str(c.flag)))
    return tuple(dict.fromkeys(code for c in ordered for code in c.suggests))
