"""Sidebar of the Leaderboard: the model, and the filters of its stars."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from astroseq_core.app.leaderboard import state as written
from astroseq_core.app.shared.parameters import Owner
from astroseq_core.app.shared.stars import ALL_MISSIONS
from astroseq_core.app.shared.value_types import Choice
from astroseq_core.columns import RANGES, Range
from astroseq_core.store.leaderboard_filters import ANY_DISPOSITION, Filters

HELP = {
    "stars": "**simulated** ones exist only in AstroSeq.",
    "object": "Whether a catalog, or the simulation, knows a signal of the star.",
    "mission": "Simulated stars belong to the mission that they are simulated for.",
    "disposition": "The latest that a vetter gave; **none** for stars that wait for one, **with one** for all others.",
    "class": "The most probable class of the star's best signal.",
    "cut": "Which passed the threshold that was kept.",
}
LABELS = {
    "mission": "Mission",
    "stars": "Stars",
    "object": "Known object",
    "disposition": "Disposition",
    "class": "Class",
    "cut": "Threshold",
}


#: What choices of a disposition are called in the store, where that differs.
DISPOSITION_FILTERS = {written.ANY: "", written.WITH_DISPOSITION: ANY_DISPOSITION}


def choose_filters(models: Sequence[str]) -> Filters:
    """Draw the filters and return what they select; all of it is kept in the URL.

    Parameters
    ----------
    models : sequence of str
        Models that have scored stars.

    Returns
    -------
    Filters
        The selected model and filters.
    """
    with st.sidebar:
        st.subheader("Which stars", anchor=False)
        asked = written.MODEL.with_default(models[0]).with_kind(Choice(tuple(models)))
        # Not bound to the URL: the link to Explore has a parameter `model` too, which must not change this widget.
        model = st.selectbox(
            "Model",
            models,
            index=models.index(asked.read()),
            key="board model",
            on_change=reset_page,
            help="Scores of two models are not on one scale: one is looked at at a time.",
        )
        asked.write(str(model))
        text = st.text_input("Star", key="text", bind="query-params", placeholder="Part of a name", on_change=reset_page)
        chosen = {}
        for pair in (("mission", "stars"), ("object", "disposition"), ("class", "cut")):
            for name, column in zip(pair, st.columns(2, gap="xsmall", vertical_alignment="bottom"), strict=True):
                with column:
                    chosen[name] = _choose_option(name)
        ranges = {name: _choose_range(name, about) for name, about in RANGES.items()}
        st.button(
            "Take all away",
            key="no filter",
            on_click=clear_filters,
            width="stretch",
            icon=":material/filter_alt_off:",
            disabled=not any(parameter.is_given for parameter in written.PARAMETERS.group(written.FILTER)),
        )
    limits: dict[str, Any] = {
        f"{name}_{end}": value for name, both in ranges.items() for end, value in zip(("min", "max"), both, strict=True)
    }
    return Filters(
        model_id=str(model),
        seen_as="" if chosen["mission"] == ALL_MISSIONS else chosen["mission"],
        scored=True,
        text=(text or "").strip(),
        simulated=_yes_no(chosen["stars"], written.SIMULATED, written.REAL),
        known=_yes_no(chosen["object"], written.KNOWN, written.UNKNOWN),
        disposition=DISPOSITION_FILTERS.get(chosen["disposition"], chosen["disposition"]),
        signal_class="" if chosen["class"] == written.ANY else chosen["class"],
        flagged=_yes_no(chosen["cut"], written.ABOVE_THRESHOLD, written.BELOW_THRESHOLD),
        **limits,
    )


def clear_filters() -> None:
    """Reset all filters except the model."""
    written.PARAMETERS.clear(written.FILTER)
    reset_page()


def reset_page() -> None:
    """Go back to the first page, because the rows have changed."""
    st.session_state["page"] = 1


def _choose_option(name: str) -> str:
    parameter = written.CHOICES[name]
    kind, label, words = parameter.kind, LABELS[name], HELP.get(name)
    assert isinstance(kind, Choice)
    if parameter.owner is Owner.FIELD:
        return str(st.selectbox(label, kind.options, key=name, bind="query-params", help=words, on_change=reset_page))
    parameter.fill_field()
    found = str(st.selectbox(label, kind.options, key=name, format_func=kind.label, help=words, on_change=reset_page))
    parameter.write(found)
    return found


def _choose_range(name: str, about: Range) -> tuple[float | None, float | None]:
    left, right = st.columns(2, gap="xsmall", vertical_alignment="bottom")
    low = left.number_input(
        f"{about.label} from",
        value=None,
        step=about.step,
        format="%g",
        key=f"{name}_min",
        bind="query-params",
        placeholder="any",
        on_change=reset_page,
    )
    high = right.number_input(
        "to",
        value=None,
        step=about.step,
        format="%g",
        key=f"{name}_max",
        bind="query-params",
        placeholder="any",
        on_change=reset_page,
    )
    if about.is_count:
        return None if low is None else round(low), None if high is None else round(high)
    return low, high


def _yes_no(chosen: str, yes: str, no: str) -> bool | None:
    return True if chosen == yes else False if chosen == no else None
