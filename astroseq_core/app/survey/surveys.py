"""Survey list: all surveys, one survey with its progress, and what can be done with it."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.app.shared import job_list, layout, url_state
from astroseq_core.app.shared.job_list import JobKind
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.survey import state
from astroseq_core.app.train.state import STATE_COLORS, format_age, format_duration
from astroseq_core.jobs.job import JobState
from astroseq_core.jobs.progress import Progress
from astroseq_core.plots import style
from astroseq_core.store import leaderboard
from astroseq_core.surveys.queue import COUNTING, DASK, LOADING, READING, SURVEYS, Survey
from astroseq_core.surveys.results import LEFT_OUT_NAME, read_left_out
from astroseq_core.surveys.stars import CACHE, FOLDER, SECTORS, SIMULATED, TARGETS, SurveyChoice

if TYPE_CHECKING:
    import pandas as pd

#: How many lines about what is left out are drawn.
MAX_LEFT_OUT_SHOWN = 200
MESSAGE_KEY = "survey said"
#: The stages before the first score, in words.
STAGES = {
    COUNTING: "counting the stars",
    LOADING: "loading the model and the catalogs",
    READING: "{read:,} read and on their way to the network",
}
#: Session key of the selected survey.
SELECTED_KEY = "survey looked at"
SURVEY_KIND = JobKind(state.SURVEY, state.SURVEYS, SELECTED_KEY, MESSAGE_KEY, SURVEYS)


def describe_stars(stars: SurveyChoice) -> str:
    """Describe the selection of stars of a survey.

    Parameters
    ----------
    stars : SurveyChoice
        Selection of stars.

    Returns
    -------
    str
        A few words.

    Examples
    --------
    >>> describe_stars(SurveyChoice(SIMULATED, count=200, seed=3))
    '200 simulated stars, seed 3'
    """
    of = f" of {stars.mission}" if stars.mission else ""
    most = f", {stars.count:,} at most" if stars.count else ""
    if stars.source == SIMULATED:
        seen = f" as {stars.mission} sees them" if stars.mission else ""
        if not stars.count:
            return f"the built-in simulated stars{seen}"
        return f"{stars.count:,} simulated stars{seen}, seed {stars.seed}"
    if stars.source == TARGETS:
        parts = [f"{len(stars.targets)} named stars"] if stars.targets else []
        return " and ".join([*parts, *([f"those in {stars.targets_file}"] if stars.targets_file else [])])
    if stars.source == SECTORS:
        return f"{stars.mission} {', '.join(stars.sectors)}{most}"
    if stars.source == FOLDER:
        return f"light curves{of} in {stars.folder}{most}"
    if stars.source == CACHE:
        return f"all cached stars{of}{most}"
    return f"TOIs{' ' + ', '.join(stars.dispositions) if stars.dispositions else ''}{most}"


def draw_badges(survey: Survey) -> None:
    """Draw the state, source and model of a survey, and a line with its stars and times.

    Parameters
    ----------
    survey : Survey
        The survey.
    """
    request = survey.request
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(str(survey.state), color=STATE_COLORS[survey.state])
        if request.stars.source == SIMULATED:
            st.badge("simulated stars", icon=":material/science:", color=style.SIMULATED_BADGE_COLOR)
        else:
            st.badge(state.SOURCE_NAMES[request.stars.source], color="gray")
        st.badge(escape(request.model_id or "the model that suits each star"), icon=":material/neurology:", color="blue")
    if not survey.is_active:  # else the line is drawn again with the progress, as its ages grow
        _draw_about(survey)


def _draw_about(survey: Survey) -> None:
    request = survey.request
    parts = [describe_stars(request.stars), f"asked for {format_age(survey.created)}"]
    if request.engine == DASK:
        parts.append(f"on the Dask cluster at {request.address}")
    if survey.started is not None and survey.ended is not None:
        parts.append(f"took {format_duration(survey.ended - survey.started)}")
    st.caption(escape(" · ".join(parts)))


def draw_metrics(survey: Survey) -> None:
    """Draw the numbers of a survey: scored, failed, skipped, speed and remaining time.

    Parameters
    ----------
    survey : Survey
        The survey.
    """
    latest = survey.latest
    with st.container(horizontal=True, gap="large"):
        of_all = f" of {latest.total:,}" if latest.total else ""
        st.metric("Scored", f"{latest.done:,}{of_all}", width="content")
        st.metric("Failed", f"{latest.failed:,}", width="content")
        st.metric("Scored before", f"{latest.skipped:,}", width="content", help="By the same model from the same data")
        if latest.rate is not None:
            st.metric("Stars a second", f"{latest.rate:.3g}", width="content")
        if survey.state is JobState.RUNNING and latest.seconds_left is not None:
            st.metric("Left", format_duration(latest.seconds_left), width="content")


def draw_left_out(lines: Sequence[str]) -> None:
    """Draw what of the stars is in no score, as a folded list of what the command line prints.

    Parameters
    ----------
    lines : sequence of str
        One line each: the star, and why; nothing is drawn if there are none.
    """
    shown = tuple(lines[:MAX_LEFT_OUT_SHOWN])
    if len(lines) > len(shown):
        shown += (f"{len(lines) - len(shown):,} more stand in {LEFT_OUT_NAME} of the survey's folder.",)
    layout.draw_problems(shown, len(lines))


def select_survey(survey_id: str | None) -> None:
    """Select a survey, or the list of all; a callback for buttons.

    Parameters
    ----------
    survey_id : str or None
        Identifier of the survey; None for the list.
    """
    st.session_state[SELECTED_KEY] = survey_id


def draw_progress(survey: Survey) -> None:
    """Draw the progress of a survey while it is active; redraw the whole page when it ends.

    Parameters
    ----------
    survey : Survey
        The survey.
    """

    def draw(now: Survey) -> None:
        _draw_about(now)
        _draw_bar(now)
        if now.state is JobState.RUNNING:
            draw_metrics(now)
        job_list.draw_log(now)

    job_list.watch_job(SURVEYS, survey.job_id, draw)


def draw_active_surveys() -> None:
    """Draw one progress line for each active survey; redraw the whole page when one ends."""
    active = {s.job_id for s in SURVEYS.jobs() if s.is_active}
    if not active:
        return

    def once() -> None:
        with layout.errors_as_messages():
            SURVEYS.start_next()
            now = [s for s in SURVEYS.jobs() if s.is_active]
            if {s.job_id for s in now} != active:
                layout.redraw()
            for survey in now:
                _draw_bar(survey)

    st.fragment(once, run_every=job_list.WATCH_SECONDS)()


def _draw_bar(survey: Survey) -> None:
    text = "stopping …" if survey.is_stopping else describe_progress(survey)
    job_list.draw_bar(SURVEY_KIND, survey, f"{survey.job_id}: {text}", "What is scored by then stays.")


def describe_progress(survey: Survey) -> str:
    """Describe the progress of a survey.

    Parameters
    ----------
    survey : Survey
        The survey.

    Returns
    -------
    str
        A few words, such as `12 of 60 stars, now SIM 13`: the stage, how many of how many, and the time left.
    """
    if survey.state is JobState.QUEUED:
        return f"waits for its turn, asked for {format_age(survey.created)}"
    progress = survey.progress
    parts = [_describe_stage(progress)]
    if progress.item:
        parts.append(f"now {progress.item}")
    left = progress.seconds_left
    if left is None and progress.total and not progress.handled and survey.started is not None:
        # what it took before, until its own pace is known
        usual = usual_seconds(progress.total, SURVEYS.jobs())
        left = None if usual is None else max(usual - (time.time() - survey.started), 1.0)
    if left is not None:
        parts.append(f"about {format_duration(left)} left")
    elif not progress.handled and survey.started is not None:
        parts.append(f"begun {format_age(survey.started)}")
    return ", ".join(parts)


def _describe_stage(progress: Progress) -> str:
    if progress.handled or progress.phase not in STAGES:
        return f"{progress.handled:,} of {progress.total:,} stars" if progress.total else "starting its process"
    of = f"0 of {progress.total:,} stars scored" if progress.total else ""
    words = STAGES[progress.phase].format(read=int(progress.numbers.get("read", 0)))
    return f"{of}, {words}" if of else words


def usual_seconds(stars: int, surveys: Sequence[Survey]) -> float | None:
    """Return how long so many stars took, by the survey that ended last.

    Parameters
    ----------
    stars : int
        Number of stars.
    surveys : sequence of Survey
        All surveys.

    Returns
    -------
    float or None
        Time [s]; None if no survey has scored a star yet.
    """
    ended = [s for s in surveys if s.result is not None and s.result.done and s.result.numbers.get("seconds")]
    if not ended:
        return None
    last = max(ended, key=lambda s: s.ended or 0.0)
    assert last.result is not None
    return stars * last.result.numbers["seconds"] / last.result.done


TABLE_KEY = "survey table"


def open_from_link() -> None:
    """Open the tab of surveys where the URL names a survey but no tab; say so if it does not exist."""
    job_list.open_from_link(SURVEY_KIND)


def draw_surveys() -> None:
    """Draw the tab."""
    layout.draw_result_message(MESSAGE_KEY)
    SURVEYS.start_next()
    surveys, damaged = SURVEYS.read_all()
    if not surveys:
        state.SURVEY.remove()
        job_list.draw_damaged(SURVEY_KIND, damaged)
        st.markdown(
            "Every survey will stand here: how far it is, how fast it goes, what failed and why. What it scored stands on the "
            "leaderboard as soon as it is there."
        )
        st.button("Start a survey", key="to new survey", on_click=_open_new_tab, type="primary", icon=":material/add:")
        return
    chosen = job_list.select_job(SURVEY_KIND, [s.job_id for s in surveys])
    survey = next((s for s in surveys if s.job_id == chosen), None)
    if survey is None:
        _draw_all(surveys)
        job_list.draw_damaged(SURVEY_KIND, damaged, surveys)
    else:
        _draw_survey(survey)


def _open_new_tab() -> None:
    st.session_state["tab"] = state.NEW


def _draw_all(surveys: Sequence[Survey]) -> None:
    draw_active_surveys()
    st.session_state["survey names"] = [s.job_id for s in surveys]
    st.dataframe(
        survey_frame(surveys),
        hide_index=True,
        width="stretch",
        height=min(460, 38 + 35 * len(surveys)),
        key=TABLE_KEY,
        on_select=_open_clicked_row,
        selection_mode="single-row",
        alt="All surveys",
        placeholder="–",
        column_config={
            "Asked for": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Part": st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0, width=110),
            "Stars a second": st.column_config.NumberColumn(format="%.3g"),
        },
    )
    st.caption("A click on a row opens it.")


def _open_clicked_row() -> None:
    """Open the survey of the clicked row."""
    state: Any = st.session_state.get(TABLE_KEY)
    names = st.session_state.get("survey names", [])
    rows = state["selection"]["rows"] if state else []
    if rows and rows[0] < len(names):
        select_survey(names[rows[0]])


def survey_frame(surveys: Sequence[Survey]) -> "pd.DataFrame":
    """Return surveys as a table.

    Parameters
    ----------
    surveys : sequence of Survey
        The surveys in order.

    Returns
    -------
    pandas.DataFrame
        One row for each survey.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "Survey": s.job_id,
                "State": str(s.state),
                "Part": 1.0 if s.state is JobState.DONE else s.latest.fraction,
                "Stars": describe_stars(s.request.stars),
                "Model": s.request.model_id or state.BEST_MODEL,
                "Scored": s.latest.done,
                "Failed": s.latest.failed,
                "Scored before": s.latest.skipped,
                "Stars a second": s.latest.rate,
                "Asked for": datetime.fromtimestamp(s.created, UTC),
            }
            for s in surveys
        ]
    )


def _draw_survey(survey: Survey) -> None:
    st.subheader(escape(survey.job_id), anchor=False)
    draw_badges(survey)
    job_list.draw_warnings(survey)
    if survey.is_active:
        draw_progress(survey)
        _draw_leaderboard_link(survey)
        return
    if survey.state is JobState.FAILED:
        st.error(escape(survey.problem or "It failed without a word."), icon=":material/error:")
    elif survey.state is JobState.CANCELLED:
        st.info("It was cancelled; what was scored by then stays, and it can go on.", icon=":material/info:")
    draw_metrics(survey)
    with layout.errors_as_messages():
        draw_left_out(read_left_out(survey.folder))
    failed = survey.latest.failed
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if survey.state is JobState.DONE:
            if failed:
                st.button(
                    f"Try the {failed:,} failed again",
                    key=f"retry {survey.job_id}",
                    type="primary",
                    icon=":material/replay:",
                    on_click=job_list.run_action,
                    args=(SURVEY_KIND, SURVEYS.resume, survey.job_id),
                )
            else:
                st.button(
                    "Score again",
                    key=f"resume {survey.job_id}",
                    icon=":material/replay:",
                    on_click=job_list.run_action,
                    args=(SURVEY_KIND, SURVEYS.resume, survey.job_id),
                    help="Passes over what is scored already: only new stars and new data cost time.",
                )
        else:
            st.button(
                "Go on",
                key=f"resume {survey.job_id}",
                type="primary",
                icon=":material/play_arrow:",
                on_click=job_list.run_action,
                args=(SURVEY_KIND, SURVEYS.resume, survey.job_id),
                help="Stars that are scored already are passed over.",
            )
        with st.popover("Delete …", icon=":material/delete:", key=f"delete menu {survey.job_id}"):
            st.markdown(f"**{escape(survey.job_id)}** goes for good; its scores stay on the leaderboard.")
            message = f"{survey.job_id} was deleted; its scores stay on the leaderboard."
            st.button(
                "Delete it",
                key=f"delete {survey.job_id}",
                on_click=job_list.delete_job,
                args=(SURVEY_KIND, survey.job_id, message),
                type="primary",
            )
    _draw_leaderboard_link(survey)
    job_list.draw_log(survey)


def _draw_leaderboard_link(survey: Survey) -> None:
    """Draw the link to the leaderboard of the survey's model."""
    model = survey.request.model_id
    known = {m.model_id for m in leaderboard.list_models() if m.num_scored}
    with layout.skip_links_without_pages():
        st.page_link(
            url_state.LEADERBOARD,
            label="Leaderboard of its model" if model in known else "Leaderboard",
            icon=":material/leaderboard:",
            query_params={"model": model} if model in known else {},
        )
