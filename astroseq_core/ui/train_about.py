"""What is said of any run: its badges, its settings, its note, and what can be done with it."""

import streamlit as st

from astroseq_core.figures import colours
from astroseq_core.runs import queue, table
from astroseq_core.runs.folder import Run
from astroseq_core.training.choice import SIMULATED
from astroseq_core.ui import page, train_address
from astroseq_core.ui.page import escape
from astroseq_core.ui.train_words import COLOURS, ago, duration

SOURCE_WORDS = {"simulated": "simulated stars only", "cache": "cached stars", "toi": "TOI stars", "folder": "a folder's stars"}
SAID = "train said"
#: Where the session keeps the run that is looked at.
RUN = "run looked at"


def badges(run: Run, *more: tuple[str, str]) -> None:
    """State, missions, stars, and ``more`` (words, colour); then when and how long in a line."""
    recipe = run.request.recipe
    source = run.request.stars.source
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(str(run.state), color=COLOURS[run.state])
        for mission in recipe.instruments:
            st.badge(mission, color="blue")
        simulated = source == SIMULATED and not run.request.verdicts
        if simulated:
            st.badge(SOURCE_WORDS[source], icon=":material/science:", color=colours.SIMULATED_BADGE)
        else:
            st.badge(SOURCE_WORDS[source], color="gray")
        for words, colour in more:
            st.badge(escape(words), color=colour)
    parts = [f"recipe {recipe.name}", f"made {ago(run.created)}", f"seed {run.request.seed}"]
    if run.started is not None and run.ended is not None:
        parts.append(f"took {duration(run.ended - run.started)}")
    st.caption(escape(" · ".join(parts)))


def settings(run: Run) -> None:
    """All its settings, folded."""
    import pandas as pd

    rows = [(name, "–" if value is None else str(value)) for name, value in table.settings(run)]
    with st.expander("All settings", icon=":material/tune:"):
        st.dataframe(pd.DataFrame(rows, columns=["Setting", "Value"]), hide_index=True, width="stretch", height=360,
                     alt="The run's settings")  # fmt: skip


def note_field(run: Run) -> None:
    """The run's note, kept when it is changed."""
    name = f"note {run.run_id}"
    st.text_area("Note", run.note, key=name, height=80, on_change=_annotate, args=(run.run_id, name),
                 placeholder="What this run was for, what it showed")  # fmt: skip


def _annotate(run_id: str, name: str) -> None:
    if problem := page.caught(lambda: queue.annotate(run_id, str(st.session_state.get(name) or ""))):
        st.session_state[SAID] = (False, problem)


def again(run: Run) -> None:
    """The button that carries out the same request once more."""
    st.button("Run again", key=f"again {run.run_id}", on_click=_again, args=(run,), icon=":material/replay:",
              help="The same settings and seed, under a new name.")  # fmt: skip


def _again(run: Run) -> None:
    def begin() -> None:
        open_run(queue.submit(run.request).run_id)

    if problem := page.caught(begin):
        st.session_state[SAID] = (False, problem)


def delete(run: Run) -> None:
    """The button that removes a run, after asking."""
    with st.popover("Delete …", icon=":material/delete:", key=f"delete menu {run.run_id}"):
        model = " with its model" if run.has_model else ""
        st.markdown(f"**{escape(run.run_id)}** goes{model}, for good.")
        st.button("Delete it", key=f"delete {run.run_id}", on_click=_delete, args=(run.run_id,), type="primary")


def _delete(run_id: str) -> None:
    """Delete it, and say how that went after the page is drawn anew."""
    if problem := page.caught(lambda: queue.delete(run_id)):
        st.session_state[SAID] = (False, problem)
        return
    open_run(None)
    st.session_state[SAID] = (True, f"{run_id} was deleted.")


def open_run(run_id: str | None) -> None:
    """Look at a run, or with None at all of them; for buttons."""
    st.session_state[RUN] = run_id
    forget_look()


def forget_look() -> None:
    """Take out of the address what belonged to the run before."""
    train_address.write(dict.fromkeys(("group", "threshold", "mistakes")))
