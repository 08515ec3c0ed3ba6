"""The right side of the vetting screen: verdict, reasons, note, checks, and the way through the queue."""

import streamlit as st

from astroseq_core.store import dispositions, drafts
from astroseq_core.store.queues import Progress
from astroseq_core.store.reasons import REASONS
from astroseq_core.ui import address, query, vet_checks, vet_ephemeris, vet_keys, vet_showing, vet_votes
from astroseq_core.ui import vet_address as written
from astroseq_core.ui.page import escape
from astroseq_core.ui.vet_showing import Showing
from astroseq_core.ui.vet_star import VetStar

KEYS_HELP = """
| key | does |
|---|---|
| **P** | planet candidate (PC) |
| **F** | false positive (FP): real, but no planet |
| **A** | false alarm (FA): no real signal |
| **U** | unsure |
| **Z** | take your latest verdict back |
| **←** **→** | the star before, the next one |
| **N** | write a note; Esc or Ctrl+Enter leaves it |
| **H** | hide the score, or show it (blind mode) |
| **B** | bookmark |

A verdict belongs to the star on the screen. A key that comes before the star was drawn is not counted, and no key counts twice.
"""


def show(shown: VetStar, showing: Showing, progress: Progress | None) -> None:
    """Draw it; the verdict's buttons are sent last of all, when everything else of the star is on its way."""
    verdict = st.container(gap="xsmall")
    _navigation(showing, progress)
    _reasons(shown, showing)
    with st.container(horizontal=True, gap="xsmall", key="vet more"):
        vet_ephemeris.show(shown, showing)
        with st.popover("Help"):
            st.markdown(KEYS_HELP)
            st.markdown("**Reasons**  \n" + "  \n".join(f"**{c}** {escape(w)}" for c, w in REASONS.items()))
        _elsewhere(shown, progress)
    checks = () if shown.examined is None else shown.examined.checks
    blind = bool(st.session_state.get(vet_votes.BLIND))
    # What a catalogue says of the star is no less a hint than its score.
    vet_checks.show([c for c in checks if not (blind and c.name == "known_object")])
    _said(shown, showing)
    with verdict:
        _buttons(showing)


def _buttons(showing: Showing) -> None:
    for pair in (vet_votes.VOTES[:2], vet_votes.VOTES[2:]):
        with st.container(horizontal=True, gap="xsmall"):
            for key, disposition, words in pair:
                # The token is in the key and in the arguments: a press belongs to the star that it was aimed at, or to none.
                st.button(words, key=f"vote {disposition} {showing.token}", shortcut=key, on_click=vet_votes.vote,
                          args=(showing.token, disposition), width="stretch",
                          type="primary" if key == "P" else "secondary")  # fmt: skip


def _navigation(showing: Showing, progress: Progress | None) -> None:
    in_all = progress.in_all if progress else 0
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="vet way"):
        st.button("", key="vet back", shortcut="Left", icon=":material/arrow_back:", help="The star before",
                  disabled=not progress or showing.at == 0, on_click=vet_votes.move, args=(-1, in_all))  # fmt: skip
        st.button("", key="vet on", shortcut="Right", icon=":material/arrow_forward:", help="The next star",
                  disabled=not progress or showing.at + 1 >= in_all, on_click=vet_votes.move, args=(1, in_all))  # fmt: skip
        st.button("", key="vet undo", shortcut="Z", on_click=vet_votes.undo, args=(showing.token,),
                  icon=":material/undo:", help="Take your latest verdict back")  # fmt: skip
        blind = bool(st.session_state.get(vet_votes.BLIND))
        st.button("", key="vet hide", shortcut="H", on_click=vet_votes.hide,
                  help="Hide the score and the probabilities, or show them",
                  icon=":material/visibility_off:" if blind else ":material/visibility:")  # fmt: skip
        marked = drafts.get(showing.target_id, showing.reviewer).bookmarked
        st.button("", key="vet bookmark", shortcut="B", on_click=vet_votes.bookmark, args=(showing.target_id, showing.reviewer),
                  icon=":material/bookmark_added:" if marked else ":material/bookmark:", help="Bookmark the star",
                  type="primary" if marked else "secondary")  # fmt: skip


def _elsewhere(shown: VetStar, progress: Progress | None) -> None:
    """The way to the star in Explore, and back to all queues."""
    with st.popover("More"):
        if st.button("Open in Explore", key="vet explore", icon=":material/query_stats:"):
            st.switch_page(address.EXPLORE, query_params=dict(shown.place))
        st.caption("Report of this star")
        with st.container(horizontal=True, gap="xsmall"):
            for form in ("pdf", "png", "html"):
                st.download_button(form.upper(), lambda form=form: _report(shown, form), f"{shown.star.target.slug}.{form}",
                                   key=f"report {form} {shown.target_id}", on_click="ignore",
                                   disabled=shown.examined is None)  # fmt: skip
        st.button("All queues" if progress else "Queues", key="vet leave", icon=":material/list:", on_click=leave)


def _report(shown: VetStar, form: str) -> bytes:
    """The star's report as it would be exported."""
    from astroseq_core.exports import report

    return report.render(report.report_of(shown.target_id, shown.place), form)


def leave() -> None:
    """Go back to the list of queues."""
    vet_showing.end()
    query.write(dict.fromkeys((written.QUEUE, written.AT, written.TARGET, *written.PLACE, written.TAB, written.SIGNAL)))
    for key in (vet_votes.AT, vet_votes.QUEUE, "tab"):
        st.session_state.pop(key, None)


def _reasons(shown: VetStar, showing: Showing) -> None:
    draft = drafts.get(showing.target_id, showing.reviewer)
    same = (showing.target_id, showing.reviewer, showing.token)
    suggested = vet_checks.suggested(() if shown.examined is None else shown.examined.checks)
    codes = (*suggested, *(code for code in REASONS if code not in suggested))
    chosen = [code for code in draft.flags if code in codes]
    with st.container(key="vet reasons"):
        st.pills("Reasons", codes, default=chosen, selection_mode="multi", key=vet_votes.flags_key(showing.token),
                 label_visibility="collapsed", on_change=vet_votes.keep_draft, args=same, wrap=True)  # fmt: skip
    with st.container(key=vet_keys.NOTE):
        st.text_area("Note", draft.note, key=vet_votes.note_key(showing.token), height=68, label_visibility="collapsed",
                     placeholder="N: a note; Esc leaves it", on_change=vet_votes.keep_draft, args=same)  # fmt: skip


def _said(shown: VetStar, showing: Showing) -> None:
    """What the last key did, and what is decided on this star already."""
    if found := st.session_state.pop(vet_votes.SAID, None):
        good, sentence = found
        st.caption(f":{'green' if good else 'orange'}[{':material/check:' if good else ':material/info:'}] {escape(sentence)}")
    blind = bool(st.session_state.get(vet_votes.BLIND))
    for verdict in dispositions.of_star(shown.target_id):
        own = verdict.reviewer == showing.reviewer
        if own or not blind:
            who = "You" if own else escape(verdict.reviewer)
            reasons = f" ({', '.join(map(escape, verdict.flags))})" if verdict.flags else ""
            st.caption(f"{who} said **{escape(verdict.disposition)}**{reasons}.")
