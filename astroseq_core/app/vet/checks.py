"""The list of checks on the vetting screen, and the reason codes that they suggest."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.app.shared.layout import escape

if TYPE_CHECKING:
    from astroseq_core.vetting.checks.base import CheckResult

#: Sign and color of each flag. The signs differ in shape, too.
FLAG_SIGNS = {
    "fail": (":material/cancel:", "red"),
    "warn": (":material/warning:", "orange"),
    "unknown": (":material/help:", "gray"),
    "pass": (":material/check_circle:", "green"),
}
FLAG_ORDER = tuple(FLAG_SIGNS)


def draw_checks(checks: "Sequence[CheckResult]") -> None:
    """Draw the checks: failures and warnings as sentences, all others folded.

    Parameters
    ----------
    checks : Sequence of CheckResult
        The checks.
    """
    loud = [c for c in checks if str(c.flag) in ("fail", "warn")]
    quiet = [c for c in checks if c not in loud]
    with st.container(key="vet checks", gap="xsmall"):
        for check in sorted(loud, key=lambda c: FLAG_ORDER.index(str(c.flag))):
            st.markdown(check_line(check))
        if not loud:
            st.markdown(f":green[{FLAG_SIGNS['pass'][0]}] No check speaks against it.")
        if quiet:
            passed = sum(str(c.flag) == "pass" for c in quiet)
            untold = len(quiet) - passed
            label = f"{passed} passed" + (f", {untold} could not be told" if untold else "")
            with st.expander(label, type="compact"):
                for check in sorted(quiet, key=lambda c: -FLAG_ORDER.index(str(c.flag))):
                    st.markdown(check_line(check))


def check_line(check: "CheckResult") -> str:
    """Format a check as one line of Markdown.

    Parameters
    ----------
    check : CheckResult
        The check.

    Returns
    -------
    str
        Its sign, title and sentence.
    """
    sign, color = FLAG_SIGNS[str(check.flag)]
    return f":{color}[{sign}] **{escape(check.title)}.** {escape(check.sentence)}"


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
    ordered = sorted((c for c in checks if str(c.flag) in ("fail", "warn")), key=lambda c: FLAG_ORDER.index(str(c.flag)))
    return tuple(dict.fromkeys(code for c in ordered for code in c.reason_codes))
