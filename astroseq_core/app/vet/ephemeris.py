"""The ephemeris of a signal on the vetting screen: choose its source, edit its numbers, refine it; what is chosen is adopted."""

from collections.abc import Callable

import streamlit as st

from astroseq_core.app.shared import layout
from astroseq_core.app.vet import actions
from astroseq_core.app.vet.showing import Showing
from astroseq_core.app.vet.signal_tabs import SOURCE_WORDS
from astroseq_core.app.vet.star import VetStar
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.signals.star_signals import SourcedEphemeris
from astroseq_core.store import ephemerides
from astroseq_core.store.ephemerides import AdoptedEphemeris
from astroseq_core.times import Instant

#: Multiples of the period that have a button.
PERIOD_FACTORS = (("×2", 2.0), ("÷2", 0.5), ("×3", 3.0), ("÷3", 1 / 3))


def draw_ephemeris_editor(shown: VetStar, showing: Showing) -> None:
    """Draw the button that opens the editor.

    Parameters
    ----------
    shown : VetStar
        The star.
    showing : Showing
        The current showing.
    """
    if shown.signal is None:
        _draw_first_ephemeris(shown, showing)
        return
    with st.popover("Ephemeris", icon=":material/timeline:"):
        _draw_ephemeris_picker(shown, showing)
        e = shown.signal.ephemeris
        with st.container(horizontal=True, gap="xsmall"):
            for word, factor in PERIOD_FACTORS:
                st.button(
                    word,
                    key=f"period {word} {showing.token}",
                    disabled=e.period_days is None,
                    on_click=_scale_period,
                    args=(shown, showing, factor),
                    help=f"The period {word}",
                )
            st.button(
                "Refine",
                key=f"refine {showing.token}",
                icon=":material/auto_fix_high:",
                on_click=_refine,
                args=(shown, showing),
                help="Fit epoch, period, duration and depth to the light curve",
            )
        _draw_number_form(shown, showing)


def _draw_ephemeris_picker(shown: VetStar, showing: Showing) -> None:
    """Draw the choice of the signal's ephemerides, where it has several."""
    assert shown.signal is not None
    members = shown.signal.members
    if len(members) < 2:
        return
    st.selectbox(
        "From",
        range(len(members)),
        format_func=lambda i: f"{members[i].ephemeris.name} ({SOURCE_WORDS[members[i].source]})",
        key=f"ephemeris {showing.token}",
        on_change=_adopt_chosen,
        args=(shown, showing),
        help="Of the catalogs, of the search, of the star score, or adopted before",
    )


def _adopt_chosen(shown: VetStar, showing: Showing) -> None:
    assert shown.signal is not None
    number = st.session_state.get(f"ephemeris {showing.token}")
    if isinstance(number, int) and 0 < number < len(shown.signal.members):
        adopt_ephemeris(shown, showing, shown.signal.members[number])


def adopt_ephemeris(shown: VetStar, showing: Showing, one: SourcedEphemeris) -> None:
    """Adopt an ephemeris for its signal. It is stored with the star.

    Parameters
    ----------
    shown : VetStar
        The star.
    showing : Showing
        The current showing, with the reviewer.
    one : SourcedEphemeris
        The ephemeris.
    """
    _adopt(shown, lambda: AdoptedEphemeris(shown.target_id, one.ephemeris, one.source, showing.reviewer))


def _adopt_changed(shown: VetStar, showing: Showing, source: str, make: Callable[[Ephemeris], Ephemeris]) -> None:
    """Adopt a changed version of the current ephemeris, or leave a message if that fails."""
    signal = shown.signal
    if signal is None:
        return

    _adopt(shown, lambda: AdoptedEphemeris(shown.target_id, make(signal.ephemeris), source, showing.reviewer))


def _adopt(shown: VetStar, make: Callable[[], AdoptedEphemeris]) -> None:
    """Adopt an ephemeris and show its signal, or leave a message if that fails."""
    adopted: list[Ephemeris] = []
    if text := layout.error_message_of(lambda: adopted.append(ephemerides.save(make()).ephemeris)):
        st.session_state[actions.MESSAGE] = (False, text)
        return
    actions.choose_signal(shown.location.get("target", shown.target_id), adopted[0])


def _scale_period(shown: VetStar, showing: Showing, factor: float) -> None:
    from astroseq_core.vetting import refine

    _adopt_changed(shown, showing, ephemerides.PERSON, lambda e: refine.scale_period(e, factor))


def shift_epoch(shown: VetStar, showing: Showing, phase: float) -> None:
    """Move the epoch to a phase of the orbit.

    Parameters
    ----------
    shown : VetStar
        The star.
    showing : Showing
        The current showing.
    phase : float
        The new epoch's phase, in periods.
    """
    _adopt_changed(shown, showing, ephemerides.PERSON, lambda e: e.shifted(phase))


def _refine(shown: VetStar, showing: Showing) -> None:
    from astroseq_core.vetting import refine

    detrended = shown.star.detrended if shown.examined is None else shown.examined.detrended
    _adopt_changed(shown, showing, ephemerides.FIT, lambda e: refine.refine_ephemeris(detrended, e, shown.others))


def _draw_number_form(shown: VetStar, showing: Showing) -> None:
    """Draw the form for typed values, which apply only when it is submitted."""
    assert shown.signal is not None
    e, system = shown.signal.ephemeris, shown.star.system
    days = e.t0.to(system).days
    with st.form(f"numbers {showing.token} {e.period_days} {e.t0.days}", border=False):
        period = st.number_input(
            "Period [d]; empty for a single transit", value=e.period_days, min_value=0.0, format="%.6f", step=0.001
        )
        t0 = st.number_input(f"Epoch [{system}]", value=days, format="%.5f", step=0.01)
        hours = st.number_input("Duration [h]", value=e.duration_hours, min_value=0.05, format="%.3f", step=0.1)
        if st.form_submit_button("Use these", icon=":material/check:"):
            from astroseq_core.vetting import refine

            # An unchanged epoch keeps its error.
            moment = e.t0 if t0 == days else Instant(t0, system)
            _adopt_changed(shown, showing, ephemerides.PERSON, lambda e: refine.edit_ephemeris(e, period, moment, hours))
            st.rerun()


def _draw_first_ephemeris(shown: VetStar, showing: Showing) -> None:
    """Draw the button for a first ephemeris, for stars without any signal."""
    first = shown.star.detrended[0]
    middle = Ephemeris(shown.target_id, "by hand", Instant(float(first.time[len(first.time) // 2]), first.system), None, 3.0)
    st.caption("No ephemeris of this star is known and no score found one.")
    st.button(
        "Begin with a single transit in the middle of the data",
        key=f"by hand {showing.token}",
        on_click=adopt_ephemeris,
        args=(shown, showing, SourcedEphemeris(middle, ephemerides.PERSON)),
    )
