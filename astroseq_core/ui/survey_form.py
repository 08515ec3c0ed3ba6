"""The form of a new survey: which stars, by which model, on which machines."""

import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from astroseq_core.errors import AstroSeqError
from astroseq_core.scoring import card as cards
from astroseq_core.store import promoted
from astroseq_core.surveys import queue, scheduler
from astroseq_core.surveys.request import DASK, LOCAL, MOST_WORKERS, SurveyRequest
from astroseq_core.ui import page, survey_about, survey_stars
from astroseq_core.ui import survey_address as written
from astroseq_core.ui.page import escape
from astroseq_core.ui.survey_about import ACTIVE

STARTED = "survey forms started"
#: Where the session counts the forms that it has begun.
FORM = "survey form number"
USUAL_WORKERS = 2


@dataclass(frozen=True)
class Draft:
    """What the form says: the ``request``, or the ``problem`` with it in a sentence."""

    request: SurveyRequest | None
    problem: str


def show() -> None:
    """Draw it."""
    page.said(survey_about.SAID)
    number = int(st.session_state.get(FORM, 0))
    draft = _draw(number)
    count, words = (0, "") if draft.request is None else survey_stars.how_many(draft.request.stars)
    if draft.request is None or not count:
        st.warning(escape(draft.problem or words), icon=":material/rule:")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Start", type="primary", icon=":material/play_arrow:", key=f"start survey {number}",
                  disabled=not count, on_click=_start, args=(number, draft.request))  # fmt: skip
        if count:
            st.caption(escape(words), width="content")
        waiting = sum(s.state in ACTIVE for s in queue.all_surveys())
        if waiting:
            st.caption(f"{waiting} survey{'s' * (waiting != 1)} under way: a new one waits for its turn.", width="content")


def _draw(number: int) -> Draft:
    with st.container(border=True):
        stars = survey_stars.choose(number)
    left, right = st.columns(2, vertical_alignment="bottom")
    models = (written.BEST, *(c.model_id for c in cards.available()))
    model = left.selectbox(
        "Model", models, index=models.index(written.one("model", models, written.BEST)), key=f"survey model {number}",
        help="**best** takes for each star your default for its mission, else the shipped model nearest to its cadence.",
    )  # fmt: skip
    name = right.text_input("Name", f"{stars.source}-{time.strftime('%Y%m%d')}", key=f"survey name {number} {stars.source}",
                            max_chars=80, help="One that is taken gets a number behind it.")  # fmt: skip
    written.write({"model": None if model == written.BEST else str(model)})
    _say_model(str(model))
    where = _where(number)
    try:
        if stars.choice is None:
            return Draft(None, stars.problem)
        return Draft(
            SurveyRequest(name=str(name or "").strip(), stars=stars.choice, model_id="" if model == written.BEST else str(model),
                          fetch=stars.fetch, **where), "",
        )  # fmt: skip
    except AstroSeqError as error:
        return Draft(None, str(error))


def _where(number: int) -> dict[str, Any]:
    """On which machines: the arguments of the request that say so."""
    engines, typed, workers = tuple(written.ENGINES), "", USUAL_WORKERS
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        chosen = st.segmented_control(
            "Runs on", engines, default=written.one("engine", engines, LOCAL), required=True, key=f"survey engine {number}",
            format_func=lambda e: written.ENGINES[e], help="A cluster is a Dask scheduler and its workers, on any number of "
            "machines that see the same cache; docs/scaling.md says how to start one.",
        )  # fmt: skip
        engine = str(chosen or LOCAL)
        if engine == DASK:
            typed = st.text_input(
                "Scheduler", written.text("scheduler"), key=f"survey scheduler {number}", width=320,
                placeholder="tcp://192.168.0.2:8786", help="The address that it prints when it starts.",
            )  # fmt: skip
        else:
            workers = st.number_input(
                "Workers", 1, MOST_WORKERS, written.number("workers", USUAL_WORKERS), key=f"survey workers {number}", width=160,
                help="That read and prepare light curves beside the network: threads up to 2, processes beyond.",
            )  # fmt: skip
    asked: dict[str, Any] = {"engine": engine, "address": (typed or "").strip(), "workers": int(workers)}
    written.write({
        "engine": None if engine == LOCAL else engine,
        "scheduler": asked["address"] or None,
        "workers": None if workers == USUAL_WORKERS else str(asked["workers"]),
    })  # fmt: skip
    return asked


def _say_model(model: str) -> None:
    """Which model is going to be used for what."""
    if model != written.BEST:
        card = cards.read(cards.folder_of(model))
        made_for = f"{' and '.join(card.instruments)} at {card.cadence_minutes:.3g} min"
        st.caption(escape(f"{card.model_id}: {card.title}. Made for {made_for}; other stars fail with a reason."))
        return
    st.caption(escape(" ".join(best_words())))


def best_words() -> list[str]:
    """One sentence a mission on the model that its stars are scored by."""
    defaults, shipped = promoted.defaults(), cards.shipped()
    found = []
    for mission in written.INSTRUMENTS:
        suited = [c for c in shipped if mission in c.instruments]
        names = " or ".join(f"{c.model_id} ({c.cadence_minutes:.3g} min)" for c in suited) or "no model here"
        if wanted := defaults.get(mission):
            found.append(f"{mission}: {wanted}, your default, where it suits the cadence, else {names}.")
        else:
            found.append(f"{mission}: {names}{', whichever is nearest in cadence' if len(suited) > 1 else ''}.")
    return found


def _start(number: int, request: SurveyRequest) -> None:
    """Put the survey into the queue and go to it; the second click of a double click finds its form started."""
    started = st.session_state.setdefault(STARTED, set())
    if number in started:
        return
    started.add(number)

    def begin() -> None:
        if request.engine == DASK:
            scheduler.check(request.address)
        survey = queue.begin(request)
        st.session_state[FORM] = number + 1
        st.session_state["tab"] = written.SURVEYS
        survey_about.open_survey(survey.survey_id)

    if problem := page.caught(begin):
        started.discard(number)
        st.session_state[survey_about.SAID] = (False, problem)
