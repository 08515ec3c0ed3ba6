"""Making a run's model the default of a mission, and going back."""

import streamlit as st

from astroseq_core.runs import promote
from astroseq_core.runs.folder import Run
from astroseq_core.scoring import card as cards
from astroseq_core.store import promoted
from astroseq_core.ui import page, train_about
from astroseq_core.ui.page import escape


def show(run: Run) -> None:
    """For each mission that the model was made for: the default now, and the buttons that change it."""
    card = cards.read(run.folder)
    defaults = promoted.defaults()
    for mission in card.instruments:
        now = defaults.get(mission)
        own = now == run.run_id
        words = "**this model**" if own else f"**{escape(now)}**" if now else "the shipped models"
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.markdown(f"Default for {mission}: {words}", width="content")
            if not own:
                st.button(f"Make it the default for {mission}", key=f"promote {run.run_id} {mission}", icon=":material/star:",
                          on_click=_promote, args=(run, mission),
                          help="Explore takes it for light curves that it suits, where no other model is asked for.")  # fmt: skip
            if now:
                st.button("Back to the shipped models", key=f"demote {run.run_id} {mission}", on_click=_back, args=(mission,),
                          type="tertiary", icon=":material/undo:")  # fmt: skip


def _promote(run: Run, mission: str) -> None:
    problem = page.caught(lambda: promote.promote(run.run_id, mission))
    st.session_state[train_about.SAID] = (not problem, problem or f"{run.run_id} is the default for {mission} now.")


def _back(mission: str) -> None:
    if problem := page.caught(lambda: promote.demote(mission)):
        st.session_state[train_about.SAID] = (False, problem)
