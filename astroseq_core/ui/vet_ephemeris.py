"""The ephemeris in hand: another signal of the star, a person's numbers, multiples of the period, a shift, a fit."""

from collections.abc import Callable

import streamlit as st

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.store import in_hand
from astroseq_core.store.in_hand import InHand
from astroseq_core.times import Instant
from astroseq_core.ui import page, vet_votes
from astroseq_core.ui.vet_showing import Showing
from astroseq_core.ui.vet_star import Signal, VetStar

#: The multiples of the period that are a click away.
FACTORS = (("×2", 2.0), ("÷2", 0.5), ("×3", 3.0), ("÷3", 1 / 3))


def show(shown: VetStar, showing: Showing) -> None:
    """Draw the button that opens it."""
    if shown.signal is None:
        _by_hand(shown, showing)
        return
    with st.popover("Ephemeris", icon=":material/timeline:"):
        _signals(shown, showing)
        e = shown.signal.ephemeris
        with st.container(horizontal=True, gap="xsmall"):
            for word, factor in FACTORS:
                st.button(word, key=f"period {word} {showing.token}", disabled=e.period_days is None, on_click=_scale,
                          args=(shown, showing, factor), help=f"The period {word}")  # fmt: skip
            st.button("Refine", key=f"refine {showing.token}", icon=":material/auto_fix_high:", on_click=_refine,
                      args=(shown, showing), help="Fit epoch, period, duration and depth to the light curve")  # fmt: skip
        _boxes(shown, showing)


def _signals(shown: VetStar, showing: Showing) -> None:
    """The star's signals to choose from."""
    names = [s.name for s in shown.signals]
    assert shown.signal is not None
    st.selectbox("Signal", names, index=names.index(shown.signal.name), key=f"signal {showing.token} {shown.signal.name}",
                 on_change=_chosen, args=(shown, showing), help="Of the catalogues, of the star score, or in hand")  # fmt: skip


def _chosen(shown: VetStar, showing: Showing) -> None:
    assert shown.signal is not None
    name = st.session_state.get(f"signal {showing.token} {shown.signal.name}")
    signal = next((s for s in shown.signals if s.name == name), None)
    if signal is not None:
        take(shown, showing, signal)


def take(shown: VetStar, showing: Showing, signal: Signal) -> None:
    """Make a signal the one in hand; it is kept with the star."""
    said = page.caught(lambda: in_hand.keep(InHand(shown.target_id, signal.ephemeris, signal.source, showing.reviewer)))
    if said:
        st.session_state[vet_votes.SAID] = (False, said)


def _change(shown: VetStar, showing: Showing, source: str, make: Callable[[Ephemeris], Ephemeris]) -> None:
    """Take what comes of the ephemeris in hand; where that cannot be, say why."""
    signal = shown.signal
    if signal is None:
        return

    def keep() -> None:
        in_hand.keep(InHand(shown.target_id, make(signal.ephemeris), source, showing.reviewer))

    if said := page.caught(keep):
        st.session_state[vet_votes.SAID] = (False, said)


def _scale(shown: VetStar, showing: Showing, factor: float) -> None:
    from astroseq_core.vetting import refine

    _change(shown, showing, in_hand.PERSON, lambda e: refine.scaled(e, factor))


def shift(shown: VetStar, showing: Showing, phase: float) -> None:
    """Move the epoch to that phase of the orbit."""
    from astroseq_core.vetting import refine

    _change(shown, showing, in_hand.PERSON, lambda e: refine.shifted(e, phase))


def _refine(shown: VetStar, showing: Showing) -> None:
    from astroseq_core.vetting import refine

    prepared = shown.star.prepared if shown.examined is None else shown.examined.prepared
    _change(shown, showing, in_hand.FIT, lambda e: refine.refined(prepared, e, shown.others))


def _boxes(shown: VetStar, showing: Showing) -> None:
    """The numbers by hand; they count when the button is pressed, so that half-written ones never do."""
    assert shown.signal is not None
    e, system = shown.signal.ephemeris, shown.star.system
    days = e.t0.to(system).days
    with st.form(f"numbers {showing.token} {e.period_days} {e.t0.days}", border=False):
        period = st.number_input("Period [d]; empty for a single transit", value=e.period_days, min_value=0.0, format="%.6f",
                                 step=0.001)  # fmt: skip
        t0 = st.number_input(f"Epoch [{system}]", value=days, format="%.5f", step=0.01)
        hours = st.number_input("Duration [h]", value=e.duration_hours, min_value=0.05, format="%.3f", step=0.1)
        if st.form_submit_button("Take these", icon=":material/check:"):
            from astroseq_core.vetting import refine

            # What was not touched keeps its error.
            moment = e.t0 if t0 == days else Instant(t0, system)
            _change(shown, showing, in_hand.PERSON, lambda e: refine.with_values(e, period or None, moment, hours))
            st.rerun()


def _by_hand(shown: VetStar, showing: Showing) -> None:
    """Where nothing is known of a signal: a first ephemeris in the middle of the data."""
    first = shown.star.prepared[0]
    middle = Ephemeris(shown.target_id, "by hand", Instant(float(first.time[len(first.time) // 2]), first.system), None, 3.0)
    st.caption("No ephemeris of this star is known and no score found one.")
    st.button("Begin with a single transit in the middle of the data", key=f"by hand {showing.token}", on_click=take,
              args=(shown, showing, Signal("by hand", middle, in_hand.PERSON)))  # fmt: skip
