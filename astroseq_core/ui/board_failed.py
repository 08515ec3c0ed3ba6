"""The Leaderboard's stars without a score: why, and the button that tries them again."""

from collections import Counter
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.store import scores
from astroseq_core.store.scores import ScoreRow
from astroseq_core.surveys import queue
from astroseq_core.ui import page
from astroseq_core.ui.page import escape
from astroseq_core.ui.survey_about import ACTIVE, SAID

if TYPE_CHECKING:
    import pandas as pd

#: So many are listed.
SHOWN = 1000


def show(model: str) -> None:
    """Draw it."""
    found = failures(model)
    if not found:
        st.markdown("Every star that a survey tried has a score.")
        return
    st.markdown(f"**{len(found):,} star{'s' * (len(found) != 1)} could not be scored**; a survey goes on without them.")
    surveys = Counter(row.survey_id for row in found if row.survey_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for survey_id, count in surveys.most_common():
            if not is_there(survey_id):
                st.caption(f"The survey {escape(survey_id)}, which tried {count:,} of them, was deleted.", width="content")
                continue
            st.button(f"Try {count:,} of {escape(survey_id)} again", key=f"retry {survey_id}", icon=":material/replay:",
                      on_click=_retry, args=(survey_id,), disabled=not can_retry(survey_id))  # fmt: skip
    st.dataframe(frame(found[:SHOWN]), hide_index=True, width="stretch", height=min(520, 38 + 35 * min(len(found), SHOWN)),
                 key="failed table", alt="Stars that could not be scored, and why", placeholder="–",
                 column_config={"Star": st.column_config.TextColumn(width=140), "Mission": st.column_config.TextColumn(width=90),
                                "Survey": st.column_config.TextColumn(width=140)})  # fmt: skip
    if len(found) > SHOWN:
        st.caption(f"The first {SHOWN:,} are listed.")


def failures(model: str) -> tuple[ScoreRow, ...]:
    """The stars that the model could not score, and those for which no model was found."""
    return (*scores.reasons(model), *(scores.reasons(scores.NO_MODEL) if model != scores.NO_MODEL else ()))


def is_there(survey_id: str) -> bool:
    """Whether there still is such a survey."""
    return any(s.survey_id == survey_id for s in queue.all_surveys())


def can_retry(survey_id: str) -> bool:
    """Whether the survey is there and not under way."""
    return any(s.survey_id == survey_id and s.state not in ACTIVE for s in queue.all_surveys())


def frame(rows: tuple[ScoreRow, ...]) -> "pd.DataFrame":
    """One row a star."""
    import pandas as pd

    return pd.DataFrame(
        [{"Star": r.target_id, "Why": r.status, "Mission": r.seen_as or r.mission, "Survey": r.survey_id} for r in rows]
    )


def _retry(survey_id: str) -> None:
    problem = page.caught(lambda: queue.resume(survey_id))
    st.session_state[SAID] = (not problem, problem or f"{survey_id} tries its failed stars again.")
