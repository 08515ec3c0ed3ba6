"""The log of all runs as a table: sort, filter, open one, compare several, take it away as CSV."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.background.folder import State
from astroseq_core.figures import training
from astroseq_core.figures.layout import CONFIG
from astroseq_core.runs import table
from astroseq_core.runs.folder import Run
from astroseq_core.ui import train_about, train_address
from astroseq_core.ui.page import escape, note

if TYPE_CHECKING:
    import pandas as pd

#: Columns that only have a place where a run has something to say in them.
SPARSE = ("notes", "problem", "model file")
#: Columns that stand first; all others follow.
FIRST = ("run", "state", "tested on", "mission", "ROC-AUC test", "PR-AUC test", "PR lift", "window", "neg:pos", "epochs",
         "seconds")  # fmt: skip
TEXTS = ("run", "state", "tested on", "mission", "channels", "architecture", "loss function", *SPARSE)
#: In the session, once rows have been marked.
MARKED = "train rows marked"
WHOLE = ("window", "stride", "epochs", "seed")


def nothing_yet() -> None:
    """Say what will stand here, and hold the button that gets there."""
    st.markdown(
        "Every training run will stand here with its settings, its numbers and a note of yours: sort them, compare what differs, "
        "open one to see what it gets wrong, and make the best the default. A first run from simulated stars takes minutes and "
        "needs no download."
    )
    st.button("Start a run", key="to new run", on_click=_to_new, type="primary", icon=":material/add:")


def _to_new() -> None:
    st.session_state["tab"] = train_address.NEW


def show(runs: Sequence[Run]) -> None:
    """Draw it."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        part = st.text_input("Filter", key="text", bind="query-params", width=260, label_visibility="collapsed",
                             placeholder="Part of a name, note, recipe or setting", icon=":material/filter_alt:")  # fmt: skip
        states = st.pills("State", [str(s) for s in State], selection_mode="multi", key="state", bind="query-params",
                          label_visibility="collapsed")  # fmt: skip
    wanted = [r for r in runs if fits(r, (part or "").strip(), states or ())]
    if not wanted:
        st.markdown(f"None of the {len(runs)} runs is like that; take a filter away.")
        return
    rows = table.log(wanted)
    shown = frame(rows)
    state: Any = st.dataframe(
        shown, hide_index=True, width="stretch", height=min(460, 38 + 35 * len(shown)), on_select="rerun",
        selection_mode="multi-row", key="runs table", alt="The log of training runs", placeholder="–",
        column_config=_columns(shown),
    )  # fmt: skip
    chosen = [wanted[i] for i in state["selection"]["rows"] if i < len(wanted)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        one = chosen[0].run_id if len(chosen) == 1 else None
        st.button(f"Open {escape(one)}" if one else "Open", key="open run", type="primary", disabled=one is None,
                  on_click=train_about.open_run, args=(one,), icon=":material/open_in_full:")  # fmt: skip
        st.download_button("CSV", csv(rows), "astroseq-runs.csv", "text/csv", key="runs csv", icon=":material/download:",
                           on_click="ignore", help="Of the runs that are shown, with all columns.")  # fmt: skip
        if not chosen:
            st.caption("Mark one row to open it, or several to compare them. A click on a column's head sorts.")
    if chosen:
        st.session_state[MARKED] = True
    _compare(chosen if chosen or st.session_state.get(MARKED) else _linked(runs))


def _linked(runs: Sequence[Run]) -> list[Run]:
    """The runs that the address asks to compare, until rows are marked."""
    names = train_address.text("compare").split(",")
    return [r for r in runs if r.run_id in names]


def _compare(chosen: Sequence[Run]) -> None:
    several = len(chosen) > 1
    train_address.write({"compare": ",".join(r.run_id for r in chosen) if several else None})
    if not several:
        return
    st.markdown(f"**What differs between {len(chosen)} runs**")
    differing = table.differences(chosen)
    if differing:
        st.dataframe(differences(chosen, differing), hide_index=True, width="stretch", alt="Settings that differ")
    else:
        st.markdown("All their settings are the same, the seed too.")
    st.plotly_chart(training.curves_figure({r.run_id: r.epochs for r in chosen}), config=CONFIG, key="compared curves")
    note("Validation numbers solid, training numbers dashed, a colour for each run; the large marker is the epoch that was kept.",
         "The better run is higher in validation, not in training.")  # fmt: skip


def fits(run: Run, part: str, states: Sequence[str]) -> bool:
    """Whether the run is in one of those states, if any, and has the words in its name, note, recipe or missions."""
    if states and str(run.state) not in states:
        return False
    recipe = run.request.recipe
    texts = (run.run_id, run.note, recipe.name, recipe.title, recipe.architecture, recipe.loss, *recipe.instruments)
    return any(part.lower() in text.lower() for text in texts)


def frame(rows: Sequence[dict[str, object]]) -> "pd.DataFrame":
    """The log's rows, numbers as numbers and times as times, the most asked-for columns first."""
    import pandas as pd

    found = pd.DataFrame(rows, columns=[*FIRST, *(c for c in table.columns() if c not in FIRST)])
    for name in found.columns:
        if name == "created":
            found[name] = pd.to_datetime(found[name])
        elif name not in TEXTS:
            found[name] = pd.to_numeric(found[name]).astype("Int64" if name in WHOLE else "float64")
    return found.drop(columns=[c for c in SPARSE if not any(row.get(c) for row in rows)])


def _columns(shown: "pd.DataFrame") -> dict[str, Any]:
    number = st.column_config.NumberColumn
    found: dict[str, Any] = {
        name: number(format="%.3f") for name in shown.columns if "AUC" in name or name.startswith("loss ") or name == "base rate"
    }
    found |= {name: number(format="%d") for name in shown.columns if name.startswith(("stars ", "segments "))}
    found |= {"PR lift": number(format="%.1f"), "seconds": number(format="%.0f"), "neg:pos": number(format="%g")}
    return found | {
        "created": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
        "tested on": st.column_config.TextColumn(width=130),
    }


def differences(chosen: Sequence[Run], differing: Sequence[tuple[str, tuple[object, ...]]]) -> "pd.DataFrame":
    """One row a setting, one column a run."""
    import pandas as pd

    rows = [{"Setting": what} | {r.run_id: _text(v) for r, v in zip(chosen, values, strict=True)} for what, values in differing]
    return pd.DataFrame(rows)


def _text(value: object) -> str:
    return "–" if value is None or value == "" else str(value)


def csv(rows: Sequence[dict[str, object]]) -> bytes:
    """The rows as a CSV file."""
    out = io.StringIO()
    table.write_csv(rows, out)
    return out.getvalue().encode("utf-8")
