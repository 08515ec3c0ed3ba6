"""Other Leaderboard tabs: stars that could not be scored, and the comparison of two models."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from astroseq_core.app.leaderboard import state
from astroseq_core.app.shared import layout, url_state
from astroseq_core.app.shared.layout import draw_note, escape
from astroseq_core.app.survey.surveys import MESSAGE_KEY
from astroseq_core.plots import leaderboard
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.store import leaderboard as store_leaderboard
from astroseq_core.store import scores
from astroseq_core.store.leaderboard import ScoredModel
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.scores import ScoreRow
from astroseq_core.surveys.queue import SURVEYS

if TYPE_CHECKING:
    import pandas as pd

#: Most stars in the plot, the best by either model first.
MAX_COMPARED_STARS = 5000


def draw_model_comparison(model: str, models: Sequence[ScoredModel]) -> None:
    """Draw the tab.

    Parameters
    ----------
    model : str
        Identifier of the model whose stars are shown.
    models : sequence of ScoredModel
        All models that have scored stars.
    """
    others = [m.model_id for m in models if m.model_id != model]
    if not others:
        st.markdown(
            "How a second model ranks the same stars will stand here, once one has scored them: two models that agree on a star "
            "say more than one."
        )
        layout.draw_page_link(url_state.SURVEY, "Score stars by another model", ":material/leaderboard:")
        return
    asked = state.AGAINST.read()
    other = st.selectbox(
        "Against", others, index=others.index(asked) if asked in others else 0, key=f"against {model}", width=320
    )
    state.AGAINST.write(str(other))
    pairs = store_leaderboard.compare_ranks(model, str(other), MAX_COMPARED_STARS)
    if not pairs:
        st.markdown(f"No star was scored by both {escape(model)} and {escape(other)}.")
        return
    known = {
        r.target_id
        for r in store_leaderboard.load_page(Filters(model_id=model, known=True, scored=True), limit=MAX_COMPARED_STARS).rows
    }
    figure = leaderboard.rank_rank_figure(
        [p.target_id for p in pairs],
        [p.rank_a for p in pairs],
        [p.rank_b for p in pairs],
        model,
        str(other),
        [p.target_id in known for p in pairs],
    )
    st.plotly_chart(figure, config=PLOTLY_CONFIG, key="ranks", alt=f"Ranks of {len(pairs)} stars by {model} and by {other}")
    first = (
        f"The {MAX_COMPARED_STARS:,} best by either of the stars" if len(pairs) >= MAX_COMPARED_STARS else f"{len(pairs):,} stars"
    )
    st.caption(f"{first} that both scored; ranks are among all stars of each model.")
    draw_note(
        "Each star by its rank of one model and of the other, both axes logarithmic, the best of both at the upper right.",
        "Stars along the dashed line are ranked alike; one far from it is worth a look, for one model sees what the other does "
        "not.",
    )


#: Most stars listed.
MAX_FAILED_ROWS = 1000


def draw_failed(model: str) -> None:
    """Draw the tab.

    Parameters
    ----------
    model : str
        Identifier of the model.
    """
    found = list_failed(model)
    if not found:
        st.markdown("Every star that a survey tried has a score.")
        return
    st.markdown(f"**{len(found):,} star{'s' * (len(found) != 1)} could not be scored**; a survey goes on without them.")
    surveys = Counter(row.survey_id for row in found if row.survey_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for survey_id, count in surveys.most_common():
            if not survey_exists(survey_id):
                st.caption(f"The survey {escape(survey_id)}, which tried {count:,} of them, was deleted.", width="content")
                continue
            st.button(
                f"Try {count:,} of {escape(survey_id)} again",
                key=f"retry {survey_id}",
                icon=":material/replay:",
                on_click=_retry_survey,
                args=(survey_id,),
                disabled=not can_retry(survey_id),
            )
    st.dataframe(
        failed_frame(found[:MAX_FAILED_ROWS]),
        hide_index=True,
        width="stretch",
        height=min(520, 38 + 35 * min(len(found), MAX_FAILED_ROWS)),
        key="failed table",
        alt="Stars that could not be scored, and why",
        placeholder="–",
        column_config={
            "Star": st.column_config.TextColumn(width=140),
            "Mission": st.column_config.TextColumn(width=90),
            "Survey": st.column_config.TextColumn(width=140),
        },
    )
    if len(found) > MAX_FAILED_ROWS:
        st.caption(f"The first {MAX_FAILED_ROWS:,} are listed.")


def list_failed(model: str) -> tuple[ScoreRow, ...]:
    """Return the stars that a model could not score, and those for which no model was found.

    Parameters
    ----------
    model : str
        Identifier of the model.

    Returns
    -------
    tuple of ScoreRow
        Rows of the store; `status` holds the reason.
    """
    return (*scores.list_failures(model), *(scores.list_failures(scores.NO_MODEL) if model != scores.NO_MODEL else ()))


def survey_exists(survey_id: str) -> bool:
    """Return whether a survey still exists.

    Parameters
    ----------
    survey_id : str
        Identifier of the survey.

    Returns
    -------
    bool
        Whether it exists.
    """
    return survey_id in SURVEYS.entries()


def can_retry(survey_id: str) -> bool:
    """Return whether a survey exists and is not active.

    Parameters
    ----------
    survey_id : str
        Identifier of the survey.

    Returns
    -------
    bool
        Whether it can be resumed.
    """
    return any(s.job_id == survey_id and not s.is_active for s in SURVEYS.jobs())


def failed_frame(rows: tuple[ScoreRow, ...]) -> "pd.DataFrame":
    """Return the failed stars as a table.

    Parameters
    ----------
    rows : tuple of ScoreRow
        Stars that could not be scored.

    Returns
    -------
    pandas.DataFrame
        One row for each star.
    """
    import pandas as pd

    return pd.DataFrame(
        [{"Star": r.target_id, "Why": r.status, "Mission": r.seen_as or r.mission, "Survey": r.survey_id} for r in rows]
    )


def _retry_survey(survey_id: str) -> None:
    problem = layout.error_message_of(lambda: SURVEYS.resume(survey_id))
    st.session_state[MESSAGE_KEY] = (not problem, problem or f"{survey_id} tries its failed stars again.")
