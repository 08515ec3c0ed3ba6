"""What is said of any survey: its badges, its stars in words, its numbers, and what can be done with it."""

from collections.abc import Callable

import streamlit as st

from astroseq_core.background.folder import State
from astroseq_core.figures import colours
from astroseq_core.surveys import queue
from astroseq_core.surveys.choice import CACHE, FOLDER, SECTORS, SIMULATED, TARGETS, SurveyChoice
from astroseq_core.surveys.folder import Survey
from astroseq_core.surveys.request import DASK
from astroseq_core.ui import page, survey_address
from astroseq_core.ui.page import escape
from astroseq_core.ui.train_words import COLOURS, ago, duration

SAID = "survey said"
#: Where the session keeps the survey that is looked at.
SURVEY = "survey looked at"
ACTIVE = (State.QUEUED, State.RUNNING)


def stars_words(stars: SurveyChoice) -> str:
    """Which stars, in a few words."""
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


def badges(survey: Survey) -> None:
    """State, source and model; then what, when and how long in a line."""
    request = survey.request
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(str(survey.state), color=COLOURS[survey.state])
        if request.stars.source == SIMULATED:
            st.badge("simulated stars", icon=":material/science:", color=colours.SIMULATED_BADGE)
        else:
            st.badge(survey_address.NAMES[request.stars.source], color="gray")
        st.badge(escape(request.model_id or "the model that suits each star"), icon=":material/neurology:", color="blue")
    parts = [stars_words(request.stars), f"asked for {ago(survey.created)}"]
    if request.engine == DASK:
        parts.append(f"on the Dask cluster at {request.address}")
    if survey.started is not None and survey.ended is not None:
        parts.append(f"took {duration(survey.ended - survey.started)}")
    st.caption(escape(" · ".join(parts)))


def whole(survey: Survey, name: str) -> int:
    """One of the numbers that its process told last, 0 where it told none."""
    value = (survey.result or survey.now).get(name)
    return int(value) if isinstance(value, int | float) else 0


def part(survey: Survey) -> float:
    """How much of it is done, from 0 to 1."""
    in_all = whole(survey, "in_all")
    return min(1.0, handled(survey) / in_all) if in_all else 0.0


def handled(survey: Survey) -> int:
    """How many of its stars need no more work."""
    return sum(whole(survey, name) for name in ("done", "failed", "skipped"))


def metrics(survey: Survey) -> None:
    """Its numbers."""
    now = survey.result or survey.now
    with st.container(horizontal=True, gap="large"):
        in_all = whole(survey, "in_all")
        st.metric("Scored", f"{whole(survey, 'done'):,}" + (f" of {in_all:,}" if in_all else ""), width="content")
        st.metric("Failed", f"{whole(survey, 'failed'):,}", width="content")
        st.metric("Scored before", f"{whole(survey, 'skipped'):,}", width="content",
                  help="By the same model from the same data")  # fmt: skip
        if (speed := now.get("stars_per_second")) is not None:
            st.metric("Stars a second", f"{float(speed):.3g}", width="content")
        if survey.state is State.RUNNING and (left := now.get("seconds_left")) is not None:
            st.metric("Left", duration(float(left)), width="content")


def do(what: Callable[[str], object], survey_id: str) -> None:
    """Do something with the survey, and say in a sentence why it cannot be done; for buttons."""
    if problem := page.caught(lambda: what(survey_id)):
        st.session_state[SAID] = (False, problem)


def open_survey(survey_id: str | None) -> None:
    """Look at a survey, or with None at all of them; for buttons."""
    st.session_state[SURVEY] = survey_id


def delete(survey_id: str) -> None:
    """Forget a survey, and say how that went; for buttons."""
    if problem := page.caught(lambda: queue.delete(survey_id)):
        st.session_state[SAID] = (False, problem)
        return
    open_survey(None)
    st.session_state[SAID] = (True, f"{survey_id} was deleted; its scores stay on the leaderboard.")
