"""The Train page's tab of runs: the log of all (sort, filter, open, compare, download as CSV), or the selected one."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.app.shared import job_list, layout
from astroseq_core.app.shared.layout import draw_note, escape
from astroseq_core.app.train import result, state
from astroseq_core.app.train import run as train_run
from astroseq_core.jobs.job import JobState
from astroseq_core.plots import training
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.training.runs import results
from astroseq_core.training.runs.queue import RUNS, Run

if TYPE_CHECKING:
    import pandas as pd

#: Columns that are left out if no run has a value.
SPARSE_COLUMNS = ("notes", "problem", "model file")
#: The first columns; all others follow.
FIRST_COLUMNS = (
    "run",
    "state",
    "tested on",
    "mission",
    "ROC-AUC test",
    "PR-AUC test",
    "PR lift",
    "window",
    "neg:pos",
    "epochs",
    "seconds",
)
TEXT_COLUMNS = ("run", "state", "tested on", "mission", "channels", "architecture", "loss function", *SPARSE_COLUMNS)
#: Key of the session state, set once rows have been selected.
ROWS_MARKED = "train rows marked"
INTEGER_COLUMNS = ("window", "stride", "epochs", "seed")


def draw_empty_log() -> None:
    """Draw the welcome while there is no run, with the button to start one."""
    st.markdown(
        "Every training run will stand here with its settings, its numbers and a note of yours: sort them, compare what differs, "
        "open one to see what it gets wrong, and make the best the default. A first run from simulated stars takes minutes and "
        "needs no download."
    )
    st.button("Start a run", key="to new run", on_click=_open_new_tab, type="primary", icon=":material/add:")


def _open_new_tab() -> None:
    st.session_state["tab"] = state.NEW_TAB


def draw_log(runs: Sequence[Run]) -> None:
    """Draw the log.

    Parameters
    ----------
    runs : Sequence of Run
        All runs.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        part = st.text_input(
            "Filter",
            key="text",
            bind="query-params",
            width=260,
            label_visibility="collapsed",
            placeholder="Part of a name, note, recipe or setting",
            icon=":material/filter_alt:",
        )
        states = st.pills(
            "State",
            [str(s) for s in JobState],
            selection_mode="multi",
            key="state",
            bind="query-params",
            label_visibility="collapsed",
        )
    wanted = [r for r in runs if matches_filter(r, (part or "").strip(), states or ())]
    if not wanted:
        st.markdown(f"None of the {len(runs)} runs is like that; take a filter away.")
        return
    rows = results.log_rows(wanted)
    shown = log_frame(rows)
    state: Any = st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        height=min(460, 38 + 35 * len(shown)),
        on_select="rerun",
        selection_mode="multi-row",
        key="runs table",
        alt="The log of training runs",
        placeholder="–",
        column_config=_column_config(shown),
    )
    chosen = [wanted[i] for i in state["selection"]["rows"] if i < len(wanted)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        one = chosen[0].job_id if len(chosen) == 1 else None
        st.button(
            f"Open {escape(one)}" if one else "Open",
            key="open run",
            type="primary",
            disabled=one is None,
            on_click=train_run.open_run,
            args=(one,),
            icon=":material/open_in_full:",
        )
        st.download_button(
            "CSV",
            csv_bytes(rows),
            "astroseq-runs.csv",
            "text/csv",
            key="runs csv",
            icon=":material/download:",
            on_click="ignore",
            help="Of the runs that are shown, with all columns.",
        )
        if not chosen:
            st.caption("Mark one row to open it, or several to compare them. A click on a column's head sorts.")
    if chosen:
        st.session_state[ROWS_MARKED] = True
    _draw_comparison(chosen if chosen or st.session_state.get(ROWS_MARKED) else _linked_runs(runs))


def _linked_runs(runs: Sequence[Run]) -> list[Run]:
    """Return the runs that the URL asks to compare, until rows are selected."""
    names = state.COMPARED.read()
    return [r for r in runs if r.job_id in names]


def _draw_comparison(chosen: Sequence[Run]) -> None:
    several = len(chosen) > 1
    state.COMPARED.write(tuple(r.job_id for r in chosen) if several else ())
    if not several:
        return
    st.markdown(f"**What differs between {len(chosen)} runs**")
    differing = results.setting_differences(chosen)
    if differing:
        st.dataframe(difference_frame(chosen, differing), hide_index=True, width="stretch", alt="Settings that differ")
    else:
        st.markdown("All their settings are the same, the seed too.")
    st.plotly_chart(
        training.training_curves_figure({r.job_id: r.epochs for r in chosen}), config=PLOTLY_CONFIG, key="compared curves"
    )
    draw_note(
        "Validation numbers solid, training numbers dashed, a color for each run; the large marker is the epoch that was kept.",
        "The better run is higher in validation, not in training.",
    )


def matches_filter(run: Run, part: str, states: Sequence[str]) -> bool:
    """Return whether a run matches the filter.

    Parameters
    ----------
    run : Run
        The run.
    part : str
        Text to find in its name, note, recipe, architecture, loss or missions.
    states : Sequence of str
        Allowed states; all if empty.

    Returns
    -------
    bool
        Whether it matches.
    """
    if states and str(run.state) not in states:
        return False
    recipe = run.request.recipe
    texts = (run.job_id, run.note, recipe.name, recipe.title, recipe.architecture, recipe.loss, *recipe.instruments)
    return any(part.lower() in text.lower() for text in texts)


def log_frame(rows: Sequence[dict[str, object]]) -> "pd.DataFrame":
    """Return the log's rows as a table with typed columns.

    Parameters
    ----------
    rows : Sequence of dict
        The rows.

    Returns
    -------
    DataFrame
        The main columns first, without empty optional ones.
    """
    import pandas as pd

    found = pd.DataFrame(rows, columns=[*FIRST_COLUMNS, *(c for c in results.log_columns() if c not in FIRST_COLUMNS)])
    for name in found.columns:
        if name == "created":
            found[name] = pd.to_datetime(found[name])
        elif name not in TEXT_COLUMNS:
            found[name] = pd.to_numeric(found[name]).astype("Int64" if name in INTEGER_COLUMNS else "float64")
    return found.drop(columns=[c for c in SPARSE_COLUMNS if not any(row.get(c) for row in rows)])


def _column_config(shown: "pd.DataFrame") -> dict[str, Any]:
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


def difference_frame(chosen: Sequence[Run], differing: Sequence[tuple[str, tuple[object, ...]]]) -> "pd.DataFrame":
    """Return the settings in which runs differ as a table.

    Parameters
    ----------
    chosen : Sequence of Run
        The runs.
    differing : Sequence of (str, tuple)
        Name of each setting, and its value in each run.

    Returns
    -------
    DataFrame
        One row a setting, one column a run.
    """
    import pandas as pd

    rows = [
        {"Setting": what} | {r.job_id: _cell_text(v) for r, v in zip(chosen, values, strict=True)} for what, values in differing
    ]
    return pd.DataFrame(rows)


def _cell_text(value: object) -> str:
    return "–" if value is None or value == "" else str(value)


def csv_bytes(rows: Sequence[dict[str, object]]) -> bytes:
    """Return the log's rows as a CSV file.

    Parameters
    ----------
    rows : Sequence of dict
        The rows.

    Returns
    -------
    bytes
        The file, UTF-8.
    """
    out = io.StringIO()
    results.write_csv(rows, out)
    return out.getvalue().encode("utf-8")


def open_linked_run() -> None:
    """Open the tab of runs if the URL names a run; warn if there is no such run."""
    job_list.open_from_link(train_run.RUN_KIND)


def draw_runs() -> None:
    """Draw the tab."""
    layout.draw_result_message(train_run.MESSAGE)
    RUNS.start_next()
    runs, damaged = RUNS.read_all()
    if not runs:
        state.RUN.remove()
        draw_empty_log()
        job_list.draw_damaged(train_run.RUN_KIND, damaged)
        return
    chosen = job_list.select_job(train_run.RUN_KIND, [r.job_id for r in runs])
    run = next((r for r in runs if r.job_id == chosen), None)
    if run is None:
        draw_log(runs)
        job_list.draw_damaged(train_run.RUN_KIND, damaged, runs)
    else:
        _draw_run(run)


def _draw_run(run: Run) -> None:
    st.subheader(escape(run.job_id), anchor=False)
    if run.is_active:
        train_run.draw_active_run(run)
    elif run.state is JobState.DONE:
        result.draw_result(run)
    else:
        train_run.draw_stopped_run(run)
