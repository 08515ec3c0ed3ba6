"""The Leaderboard's sidebar: which model's stars, and which of them."""

from collections.abc import Sequence

import streamlit as st

from astroseq_core.store.board import JUDGED, Filters
from astroseq_core.ui import board_address as written
from astroseq_core.ui.stars import ALL_MISSIONS

HELP = {
    "stars": "**simulated** ones exist only in AstroSeq.",
    "object": "Whether a catalogue, or the simulation, knows a signal of the star.",
    "mission": "Simulated stars belong to the mission that they are seen as.",
    "disposition": "The latest that a vetter gave; **none** for stars that wait for one, **judged** for all others.",
    "cut": "Which passed the cut that was kept.",
}
LABELS = {"mission": "Mission", "stars": "Stars", "object": "Known object", "disposition": "Disposition", "cut": "Cut"}


def ask(models: Sequence[str]) -> Filters:
    """What is asked for; all of it stands in the address."""
    with st.sidebar:
        st.subheader("Which stars", anchor=False)
        asked = written.text("model")
        # Not bound to the address: the way to Explore names a model, too, and may not set what is bound here.
        model = st.selectbox("Model", models, index=models.index(asked) if asked in models else 0, key="board model",
                             on_change=first_page,
                             help="Scores of two models are not on one scale: one is looked at at a time.")  # fmt: skip
        written.write({"model": None if model == models[0] else str(model)})
        text = st.text_input("Star", key="text", bind="query-params", placeholder="Part of a name", on_change=first_page)
        chosen = {}
        for pair in (("mission", "stars"), ("object", "disposition")):
            for name, column in zip(pair, st.columns(2, gap="xsmall", vertical_alignment="bottom"), strict=True):
                with column:
                    chosen[name] = _choice(name)
        chosen["cut"] = _choice("cut")
        ranges = {name: _range(name, *about) for name, about in written.RANGES.items()}
        st.button("Take all away", key="no filter", on_click=clear, width="stretch", icon=":material/filter_alt_off:",
                  disabled=not any(name in st.query_params for name in NARROWING))  # fmt: skip
    limits = {f"{name}_{end}": value for name, both in ranges.items() for end, value in zip(("min", "max"), both, strict=True)}
    lowest, highest = (
        None if limits[f"segments_{end}"] is None else round(limits[f"segments_{end}"] or 0) for end in ("min", "max")
    )
    return Filters(
        model_id=str(model),
        seen_as="" if chosen["mission"] == ALL_MISSIONS else chosen["mission"],
        scored=True,
        text=(text or "").strip(),
        simulated=_either(chosen["stars"], written.SIMULATED, written.REAL),
        known=_either(chosen["object"], written.KNOWN, written.UNKNOWN),
        disposition={written.ANY: "", written.JUDGED: JUDGED}.get(chosen["disposition"], chosen["disposition"]),
        flagged=_either(chosen["cut"], written.FLAGGED, written.NOT_FLAGGED),
        score_min=limits["score_min"],
        score_max=limits["score_max"],
        segments_min=lowest,
        segments_max=highest,
        magnitude_min=limits["magnitude_min"],
        magnitude_max=limits["magnitude_max"],
        period_min=limits["period_min"],
        period_max=limits["period_max"],
    )


#: All that leaves stars out.
NARROWING = ("text", *written.CHOICES, *written.LIMITS)


def clear() -> None:
    """Take all filters away, but for the model."""
    for name in NARROWING:
        if name == "text":
            st.session_state[name] = ""
        else:
            st.session_state[name] = written.CHOICES[name][0] if name in written.CHOICES else None
    first_page()


def first_page() -> None:
    """Go back to the first rows: others stand there now."""
    st.session_state["page"] = 1


def _choice(name: str) -> str:
    found = st.selectbox(LABELS[name], written.CHOICES[name], key=name, bind="query-params", help=HELP.get(name),
                         on_change=first_page)  # fmt: skip
    return str(found)


def _range(name: str, label: str, step: float) -> tuple[float | None, float | None]:
    left, right = st.columns(2, gap="xsmall", vertical_alignment="bottom")
    low = left.number_input(f"{label} from", value=None, step=step, format="%g", key=f"{name}_min", bind="query-params",
                            placeholder="any", on_change=first_page)  # fmt: skip
    high = right.number_input("to", value=None, step=step, format="%g", key=f"{name}_max", bind="query-params",
                              placeholder="any", on_change=first_page)  # fmt: skip
    return low, high


def _either(chosen: str, yes: str, no: str) -> bool | None:
    return True if chosen == yes else False if chosen == no else None
