"""The row of a star's signals on the vetting screen: which there are, which is shown, and the disposition of each."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from astroseq_core.app.shared.layout import escape
from astroseq_core.app.vet import actions, keys, state
from astroseq_core.app.vet.actions import ChosenSignal
from astroseq_core.app.vet.showing import Showing
from astroseq_core.app.vet.star import VetStar
from astroseq_core.ephemeris import CATALOG, FIT, FOLD, PERSON, SEARCH, Ephemeris
from astroseq_core.signals.class_words import chip_label
from astroseq_core.signals.star_signals import StarSignal, best_number
from astroseq_core.store import dispositions
from astroseq_core.store.signal_dispositions import SignalDispositions, of_signals

#: Sources of an ephemeris, in words.
SOURCE_WORDS = {CATALOG: "catalog", FOLD: "star score", SEARCH: "search", PERSON: "by hand", FIT: "fitted"}
CHIP_HELP = "The chip has number, period in days, likeliest class with its probability, and your disposition or (that of others)."
EACH_HELP = "After a disposition, the star's next signal without one of yours shows, and only then the next star"


def asked_signal(location: Mapping[str, str]) -> str | Ephemeris:
    """Return which signal of a star to show.

    Parameters
    ----------
    location : Mapping of str to str
        URL parameters that locate the star.

    Returns
    -------
    str or Ephemeris
        The one that was chosen on this star, or that the address of a new link names; empty for the likeliest.
    """
    target, in_address = location.get("target", ""), state.SIGNAL.read()
    if in_address != st.session_state.get(actions.WRITTEN_SIGNAL_KEY, ""):
        st.session_state[actions.SIGNAL_KEY] = ChosenSignal(target, in_address)
        return in_address
    chosen: ChosenSignal | None = st.session_state.get(actions.SIGNAL_KEY)
    return chosen.signal if chosen is not None and chosen.target == target else ""


def write_address(shown: VetStar) -> None:
    """Write the signal that is shown into the address, if it was chosen.

    Parameters
    ----------
    shown : VetStar
        The star.
    """
    chosen: ChosenSignal | None = st.session_state.get(actions.SIGNAL_KEY)
    is_chosen = chosen is not None and bool(chosen.signal) and chosen.target == asked_name(shown)
    name = shown.signal.name if is_chosen and shown.signal is not None else ""
    state.SIGNAL.write(name)
    st.session_state[actions.WRITTEN_SIGNAL_KEY] = name


def asked_name(shown: VetStar) -> str:
    """Return the star as it was asked for.

    Parameters
    ----------
    shown : VetStar
        The star.

    Returns
    -------
    str
        Its name in the location.
    """
    return shown.location.get("target", shown.target_id)


def signal_dispositions(shown: VetStar) -> tuple[SignalDispositions, ...]:
    """Return the current dispositions of each signal of the star.

    Parameters
    ----------
    shown : VetStar
        The star.

    Returns
    -------
    tuple of SignalDispositions
        One for each of its signals, in their order.
    """
    from astroseq_core.preprocessing.prepare import time_span

    found = [s.ephemeris for s in shown.signals]
    if not found:
        return ()
    standing = dispositions.list_standing(shown.target_id)
    span = time_span(shown.star.detrended, shown.star.system)
    return of_signals(standing, found, best_number(shown.signals), *span)


def draw_signal_tabs(shown: VetStar, showing: Showing, given: Sequence[SignalDispositions], blind: bool) -> None:
    """Draw the row: a chip for each signal with its period, class and disposition.

    Parameters
    ----------
    shown : VetStar
        The star.
    showing : Showing
        The current showing.
    given : sequence of SignalDispositions
        Dispositions of its signals.
    blind : bool
        Whether classes, and what others said, are hidden.
    """
    if shown.signal is None:
        return
    each = bool(st.session_state.setdefault(actions.EACH_KEY, state.EACH.read()))
    state.EACH.write(each)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=keys.SIGNALS_CONTAINER):
        for one, dispositions_of_it in zip(shown.signals, given, strict=True):
            is_shown = one.number == shown.signal.number
            label = chip_label(one, blind, _disposition_word(dispositions_of_it, showing.reviewer, blind))
            st.button(
                label,
                key=f"signal {one.number} {shown.target_id}",
                type="primary" if is_shown else "secondary",
                help=_chip_help(one, is_shown),
                on_click=actions.choose_signal,
                args=(asked_name(shown), one.ephemeris),
            )
        if len(shown.signals) > 1:
            st.space("small")
            st.toggle("Signal by signal", key=actions.EACH_KEY, help=EACH_HELP, width="content")


def _chip_help(signal: StarSignal, is_shown: bool) -> str:
    """Return where a signal is from, and what its chip says, in words."""
    names = dict.fromkeys(f"{escape(m.ephemeris.name)} ({SOURCE_WORDS[m.source]})" for m in signal.members)
    return f"{'On the screen: ' if is_shown else ''}{', '.join(names)}. {CHIP_HELP}"


def _disposition_word(given: SignalDispositions, reviewer: str, blind: bool) -> str:
    """Return the reviewer's disposition; without one, and unless it is hidden, the newest of others in parentheses."""
    own = next((d.disposition for d in given.dispositions if d.reviewer == reviewer), "")
    if own or blind or given.newest is None:
        return escape(own)
    return f"({escape(given.newest.disposition)})"


def signal_facts(shown: VetStar, showing: Showing, given: Sequence[SignalDispositions]) -> dict[str, Any]:
    """Return what a disposition needs to know of the star's signals.

    Parameters
    ----------
    shown : VetStar
        The star.
    showing : Showing
        The current showing.
    given : sequence of SignalDispositions
        Dispositions of its signals.

    Returns
    -------
    dict of str to object
        `number` of the signal; whether there are `several`; the `next_signal` without a disposition of the reviewer's, or
        None; and the star as it was `asked` for.
    """
    if shown.signal is None:
        return {}
    here = shown.signal.number
    undone = [
        s
        for s, one in zip(shown.signals, given, strict=True)
        if s.number != here and all(d.reviewer != showing.reviewer for d in one.dispositions)
    ]
    coming = min(undone, key=lambda s: (s.number < here, s.number), default=None)
    return {
        "number": here,
        "several": len(shown.signals) > 1,
        "next_signal": None if coming is None else coming.ephemeris,
        "asked": asked_name(shown),
    }
