"""The decision panel of the vetting screen: dispositions, way through the queue, reasons, note, checks and messages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.app.shared import classes, key_overlay, url_state
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.vet import actions, ephemeris, keys, reasons
from astroseq_core.app.vet.keys import Action
from astroseq_core.app.vet.showing import Showing
from astroseq_core.app.vet.star import VetStar
from astroseq_core.store import dispositions, notes
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.queues import QueueProgress
from astroseq_core.store.signal_dispositions import SignalDispositions

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


def draw_decision_panel(
    shown: VetStar, showing: Showing, progress: QueueProgress | None, given: Sequence[SignalDispositions]
) -> None:
    """Draw the panel.

    The disposition buttons are sent last, after everything else of the star.

    Parameters
    ----------
    shown : VetStar
        The star.
    showing : Showing
        The showing that the buttons belong to.
    progress : Progress or None
        Progress of the queue, None for a single star.
    given : sequence of SignalDispositions
        Current dispositions of each of the star's signals.
    """
    own = dispositions.list_by_star(shown.target_id) if shown.signal is None else given[shown.signal.number - 1].dispositions
    mine = next((d for d in own if d.reviewer == showing.reviewer), None)
    blind = bool(st.session_state.get(actions.BLIND_KEY))
    found = () if shown.examined is None else shown.examined.checks
    # In blind mode, a known object would be as much of a hint as the score.
    checks = [c for c in found if not (blind and c.name == "known_object")]
    buttons = st.container(gap="xsmall", key=keys.DECISIONS_CONTAINER)
    _draw_navigation(showing, progress)
    # Above the reasons, so that what opens has room below.
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="vet more"):
        ephemeris.draw_ephemeris_editor(shown, showing)
        _draw_more_menu(shown, progress)
        key_overlay.draw_button()
    reasons.draw_reasons_and_note(checks, showing, mine, several_signals=len(shown.signals) > 1)
    if not blind:
        _draw_class(shown)
    draw_checks(checks)
    _draw_messages(showing, own)
    with buttons:
        _draw_buttons(showing, "" if mine is None else mine.disposition)


def _draw_class(shown: VetStar) -> None:
    """Draw what the classifier says of the signal, or that it has yet to say it."""
    if shown.signal is None:
        return
    if shown.signal.classes is not None:
        classes.draw_class_bars(shown.signal.classes, shown.signal.baseline, shown.signal.ephemeris.depth_ppm)
    elif shown.card is not None and not shown.complete:
        st.caption("The class of the signal is on its way …")


def _draw_buttons(showing: Showing, said: str) -> None:
    """Draw a button for each disposition; only the one that the reviewer gave to the signal is filled."""
    for pair in (keys.DECISIONS[:2], keys.DECISIONS[2:]):
        with st.container(horizontal=True, gap="xsmall"):
            for key in pair:
                # The token is in the key and the arguments: a press counts for its own star or not at all.
                st.button(
                    key.label,
                    key=keys.decision_button_key(key.disposition, showing.token),
                    shortcut=key.key,
                    on_click=actions.decide,
                    args=(showing.token, key.disposition),
                    width="stretch",
                    type="primary" if key.disposition == said else "secondary",
                )


def _draw_navigation(showing: Showing, progress: QueueProgress | None) -> None:
    in_all = progress.in_all if progress else 0
    back, on, undo, hide, mark = map(keys.key_of, (Action.BACK, Action.NEXT, Action.UNDO, Action.BLIND, Action.BOOKMARK))
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="vet way"):
        st.button(
            "",
            key="vet back",
            shortcut=back.key,
            icon=":material/arrow_back:",
            help=back.help,
            disabled=not progress or showing.at == 0,
            on_click=actions.move_in_queue,
            args=(-1, in_all),
        )
        st.button(
            "",
            key="vet on",
            shortcut=on.key,
            icon=":material/arrow_forward:",
            help=on.help,
            disabled=not progress or showing.at + 1 >= in_all,
            on_click=actions.move_in_queue,
            args=(1, in_all),
        )
        st.button(
            "",
            key="vet undo",
            shortcut=undo.key,
            on_click=actions.undo,
            args=(showing.token,),
            icon=":material/undo:",
            help=undo.help,
        )
        blind = bool(st.session_state.get(actions.BLIND_KEY))
        st.button(
            "",
            key="vet hide",
            shortcut=hide.key,
            on_click=actions.toggle_blind,
            help=hide.help,
            icon=":material/visibility_off:" if blind else ":material/visibility:",
        )
        marked = notes.load(showing.target_id, showing.reviewer).bookmarked
        st.button(
            "",
            key="vet bookmark",
            shortcut=mark.key,
            on_click=actions.bookmark,
            args=(showing.target_id, showing.reviewer),
            icon=":material/bookmark_added:" if marked else ":material/bookmark:",
            help=mark.help,
            type="primary" if marked else "secondary",
        )


def _draw_more_menu(shown: VetStar, progress: QueueProgress | None) -> None:
    """Draw the links to Explore and back to all queues, and the star's report."""
    with st.popover("More"):
        if st.button("Open in Explore", key="vet explore", icon=":material/query_stats:"):
            st.switch_page(url_state.EXPLORE, query_params=dict(shown.location))
        st.caption("Report of this star, a page a signal" if len(shown.signals) > 1 else "Report of this star")
        with st.container(horizontal=True, gap="xsmall"):
            for form in ("pdf", "png", "html"):
                st.download_button(
                    form.upper(),
                    lambda form=form: _render_report(shown, form),
                    f"{shown.star.target.slug}.{form}",
                    key=f"report {form} {shown.target_id}",
                    on_click="ignore",
                    disabled=shown.examined is None,
                )
        st.button("All queues" if progress else "Queues", key="vet leave", icon=":material/list:", on_click=actions.leave_star)


def _render_report(shown: VetStar, form: str) -> bytes:
    """Return the star's report as it would be exported."""
    from astroseq_core.export.report import report

    chosen = None if shown.signal is None else shown.signal.ephemeris
    star = report.build_report(
        shown.target_id, shown.location, signals=shown.signals, chosen=chosen, each_signal=form != report.PNG
    )
    return report.render(star, form)


def _draw_messages(showing: Showing, own: Sequence[Disposition]) -> None:
    """Draw what the last key did, and the dispositions that the signal already has."""
    if found := st.session_state.pop(actions.MESSAGE, None):
        good, sentence = found
        st.caption(f":{'green' if good else 'orange'}[{':material/check:' if good else ':material/info:'}] {escape(sentence)}")
    blind = bool(st.session_state.get(actions.BLIND_KEY))
    for given in own:
        is_own = given.reviewer == showing.reviewer
        if is_own or not blind:
            who = "You" if is_own else escape(given.reviewer)
            reasons = f" ({', '.join(map(escape, given.reason_codes))})" if given.reason_codes else ""
            st.caption(f"{who} said **{escape(given.disposition)}**{reasons}.")
