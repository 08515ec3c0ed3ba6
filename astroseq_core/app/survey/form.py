"""Form of a new survey: its stars, model and engine."""

import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from astroseq_core.app.data import files
from astroseq_core.app.shared import layout, opened, url_state
from astroseq_core.app.shared.folders import list_folder
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.shared.models import available_cards, draw_damaged_models
from astroseq_core.app.shared.stars import ALL_MISSIONS
from astroseq_core.app.shared.value_types import Choice
from astroseq_core.app.survey import state, surveys
from astroseq_core.archive import tois
from astroseq_core.disposition_codes import TFOPWG_DISPOSITIONS
from astroseq_core.errors import AstroSeqError, SettingsError
from astroseq_core.networks import card as cards
from astroseq_core.store import runs
from astroseq_core.surveys import queue, stars
from astroseq_core.surveys.queue import DASK, LOCAL, MAX_WORKERS, SURVEYS, SurveyRequest
from astroseq_core.surveys.stars import CACHE, FOLDER, SECTORS, SIMULATED, SOURCES, TARGETS, TOI, SurveyChoice
from astroseq_core.training import stars as toi_sources
from astroseq_core.training.stars import TOI as TRAINING_TOI
from astroseq_core.training.stars import StarChoice

SOURCE_HELP = (
    "**simulated** stars need no download. **A list of stars** is written or a CSV; **TOIs** come by disposition; **sectors** "
    "(quarters, campaigns), **whole cache** and **a folder** take light curves that are here."
)
#: How long a count of stars is cached [s].
COUNT_SECONDS = 20


@dataclass(frozen=True)
class StarSelection:
    """Selection of stars as the form describes it.

    Attributes
    ----------
    source : str
        Source of the stars.
    choice : SurveyChoice or None
        The selection; None if it is not valid.
    problem : str
        What is wrong, in a sentence; empty for a valid selection.
    fetch : bool
        Whether light curves that are not in the cache are downloaded.
    """

    source: str
    choice: SurveyChoice | None
    problem: str = ""
    fetch: bool = False


def choose_stars(number: int) -> StarSelection:
    """Draw the fields that select the stars.

    Parameters
    ----------
    number : int
        Number of the form, which makes its widget keys unique.

    Returns
    -------
    Stars
        The selection.
    """
    st.markdown("**Stars**")
    source = str(
        st.segmented_control(
            "Score",
            SOURCES,
            default=state.SOURCE.read(),
            required=True,
            key=f"survey source {number}",
            format_func=lambda s: state.SOURCE_NAMES[s],
            help=SOURCE_HELP,
        )
        or SIMULATED
    )
    fields: dict[str, Any] = {
        SIMULATED: _simulated_fields,
        TARGETS: _target_fields,
        TOI: _toi_fields,
        SECTORS: _sector_fields,
        FOLDER: _folder_fields,
        CACHE: _cache_fields,
    }
    text: dict[str, Any] = fields[source](f"{source} {number}")
    state.SOURCE.write(source)
    for name, parameter in state.star_parameters().items():
        parameter.write(text.get(name) or parameter.default)
    fetch = bool(text.pop("fetch", False))
    try:
        return StarSelection(source, SurveyChoice(source=source, **text), fetch=fetch)
    except AstroSeqError as error:
        return StarSelection(source, None, str(error))


def _choose_mission(key: str, label: str, nothing: str = ALL_MISSIONS) -> str:
    choices, asked = (nothing, *state.INSTRUMENTS), state.MISSION.read()
    index = choices.index(asked) if asked in choices else 0
    found = st.selectbox(label, choices, index=index, key=f"mission {key}", width=200)
    return "" if found == nothing else str(found)


def _choose_count(key: str, label: str, nothing: str, help_text: str | None = None) -> int:
    """Draw the field for a number of stars; return 0 where it is empty and shows `nothing`."""
    found = st.number_input(
        label,
        1,
        state.MAX_STARS,
        state.COUNT.read() or None,
        step=1,
        key=f"count {key}",
        width=200,
        placeholder=nothing,
        help=help_text,
    )
    return int(found or 0)


def _row_container() -> Any:
    return st.container(horizontal=True, vertical_alignment="bottom", gap="medium")


def _simulated_fields(key: str) -> dict[str, Any]:
    with _row_container():
        mission = _choose_mission(key, "Instrument")
        count = _choose_count(key, "Stars", "the built-in sixty", "Other stars than those; each is made from its number alone.")
        seed = 0
        if count:
            seed = int(
                st.number_input(
                    "Seed",
                    0,
                    state.MAX_SEED,
                    state.SEED.read(),
                    key=f"seed {key}",
                    width=200,
                    help="The same seed gives the same stars.",
                )
            )
    return {"mission": mission, "count": count, "seed": seed}


def _target_fields(key: str) -> dict[str, Any]:
    names = st.text_area(
        "Stars",
        ", ".join(state.TARGET_NAMES.read()),
        key=f"targets {key}",
        height=80,
        placeholder="TIC 261136679, TOI 700, KIC 11446443",
        help="Commas or new lines between; any name that is known here does.",
    )
    left, right = st.columns(2)
    given = right.file_uploader(
        "or hand over a CSV",
        type="csv",
        key=f"targets upload {key}",
        help="With target_id and, optionally, path of a local light curve.",
    )
    if given is not None and st.session_state.get(f"taken {key}") != given.file_id:
        st.session_state[f"taken {key}"] = given.file_id
        with layout.errors_as_messages():
            st.session_state[f"targets file {key}"] = str(files.save_targets_table(given.name, given.getvalue()))
    where = f"targets file {key}"
    if where not in st.session_state:
        st.session_state[where] = state.TARGETS_FILE.read()
    path = left.text_input(
        "CSV with target_id",
        key=where,
        on_change=opened.remember_field,
        args=(where,),
        placeholder="~/targets.csv",
        help="And, optionally, path: of a local light curve.",
    )
    layout.draw_paths_to_open(path)
    found = tuple(dict.fromkeys(n.strip() for n in (names or "").replace("\n", ",").split(",") if n.strip()))
    return {"targets": found, "targets_file": (path or "").strip(), "fetch": _choose_fetch(key)}


def _choose_fetch(key: str) -> bool:
    return bool(
        st.checkbox(
            "Fetch light curves that are not in the cache",
            state.FETCH.read(),
            key=f"fetch {key}",
            help="From MAST; without it such stars fail with a reason.",
        )
    )


def _toi_fields(key: str) -> dict[str, Any]:
    chosen = st.pills(
        "Dispositions",
        TFOPWG_DISPOSITIONS,
        selection_mode="multi",
        default=state.DISPOSITIONS.read(),
        key=f"dispositions {key}",
        help="None chosen takes all. " + ", ".join(f"**{d}** {tois.DISPOSITION_WORDS[d]}" for d in TFOPWG_DISPOSITIONS),
    )
    dispositions = tuple(d for d in TFOPWG_DISPOSITIONS if d in (chosen or ()))
    with _row_container():
        count = _choose_count(key, "At most", "all")
        here, in_all = toi_sources.cached_and_total(StarChoice(TRAINING_TOI, dispositions=dispositions))
        if in_all:
            st.caption(f"{here:,} of {in_all:,} stars cached", width="content")
        else:
            st.caption("There is no TOI list here yet.", width="content")
            layout.draw_page_link(url_state.TOIS, "Get the TOI list", ":material/download:")
    return {"dispositions": dispositions, "count": count, "fetch": _choose_fetch(key)}


def _sector_fields(key: str) -> dict[str, Any]:
    choices, asked = state.INSTRUMENTS, state.MISSION.read()
    with _row_container():
        mission = st.selectbox(
            "Mission",
            choices,
            index=choices.index(asked) if asked in choices else 0,
            key=f"mission {key}",
            width=200,
        )
        words = {"TESS": "Sectors", "Kepler": "Quarters", "K2": "Campaigns"}[str(mission)]
        numbers = st.text_input(
            words,
            ", ".join(state.SECTOR_NUMBERS.read()),
            key=f"sectors {key}",
            placeholder="1, 2, 9",
            width=260,
            help="Of what is in the cache; commas between.",
        )
        count = _choose_count(key, "At most", "all")
    return {"mission": str(mission), "sectors": tuple(n.strip() for n in (numbers or "").split(",") if n.strip()), "count": count}


def _folder_fields(key: str) -> dict[str, Any]:
    folder = st.text_input(
        "Folder",
        state.LIGHT_CURVE_FOLDER.read(),
        key=f"folder {key}",
        on_change=opened.remember_field,
        args=(f"folder {key}",),
        placeholder="~/lightcurves",
        help="FITS, .npz or CSV; folders below it count too.",
    )
    layout.draw_paths_to_open(folder)
    with _row_container():
        return {
            "folder": (folder or "").strip(),
            "mission": _choose_mission(key, "Mission"),
            "count": _choose_count(key, "At most", "all"),
        }


def _cache_fields(key: str) -> dict[str, Any]:
    with _row_container():
        mission, count = _choose_mission(key, "Mission"), _choose_count(key, "At most", "all")
        layout.draw_page_link(url_state.DATA, "Download more", ":material/download:")
    return {"mission": mission, "count": count}


def count_stars(choice: SurveyChoice) -> tuple[int, str]:
    """Return the number of stars in a selection, and a sentence about it.

    Parameters
    ----------
    choice : SurveyChoice
        Selection of stars.

    Returns
    -------
    int
        Number of stars, or of files in a folder; 0 if there are none.
    str
        The number in words, or why there are none.
    """
    try:
        if choice.targets_file:
            opened.check(choice.targets_file)
        if choice.source == FOLDER:
            # Some files name their star only inside: the survey groups them by star.
            files = len(list_folder(choice.folder).paths)
            return files, f"{files:,} light-curve file{'s' * (files != 1)} in the folder."
        count = _cached_count(choice)
    except AstroSeqError as error:
        return 0, str(error)
    return count, f"{count:,} star{'s' * (count != 1)}." if count else "No star is like that here."


@st.cache_data(show_spinner=False, ttl=COUNT_SECONDS, max_entries=64)  # type: ignore[untyped-decorator]
def _cached_count(choice: SurveyChoice) -> int:
    return stars.count_stars(choice)


STARTED_KEY = "survey forms started"
#: Session key of the number of the current form.
FORM_KEY = "survey form number"


@dataclass(frozen=True)
class RequestDraft:
    """Request of a survey as the form describes it.

    Attributes
    ----------
    request : SurveyRequest or None
        The request; None if the form is not valid.
    problem : str
        What is wrong, in a sentence; empty for a valid form.
    """

    request: SurveyRequest | None
    problem: str


def draw_form() -> None:
    """Draw the form."""
    layout.draw_result_message(surveys.MESSAGE_KEY)
    number = int(st.session_state.get(FORM_KEY, 0))
    draft = _draw_fields(number)
    count, words = (0, "") if draft.request is None else count_stars(draft.request.stars)
    if draft.request is None or not count:
        layout.draw_form_problem(draft.problem or words)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            key=f"start survey {number}",
            disabled=not count,
            on_click=_start_survey,
            args=(number, draft.request),
        )
        if count:
            st.caption(escape(words), width="content")
        waiting = sum(s.is_active for s in SURVEYS.jobs())
        if waiting:
            st.caption(f"{waiting} survey{'s' * (waiting != 1)} under way: a new one waits for its turn.", width="content")


def _draw_fields(number: int) -> RequestDraft:
    with st.container(border=True):
        stars = choose_stars(number)
    left, right = st.columns(2, vertical_alignment="bottom")
    models = (state.BEST_MODEL, *(c.model_id for c in available_cards()))
    asked = state.MODEL.with_kind(Choice(models))
    model = left.selectbox(
        "Model",
        models,
        index=models.index(asked.read()),
        key=f"survey model {number}",
        help="**best** takes for each star your default for its mission, else the shipped model nearest to its cadence.",
    )
    name = right.text_input(
        "Name",
        f"{stars.source}-{time.strftime('%Y%m%d')}",
        key=f"survey name {number} {stars.source}",
        max_chars=80,
        help="One that is taken gets a number behind it.",
    )
    asked.write(str(model))
    _draw_model_caption(str(model))
    draw_damaged_models()
    where = _choose_engine(number)
    try:
        if stars.choice is None:
            return RequestDraft(None, stars.problem)
        return RequestDraft(
            SurveyRequest(
                name=str(name or "").strip(),
                stars=stars.choice,
                model_id="" if model == state.BEST_MODEL else str(model),
                fetch=stars.fetch,
                **where,
            ),
            "",
        )
    except AstroSeqError as error:
        return RequestDraft(None, str(error))


#: What connecting to a scheduler means, asked before the first time.
TRUST_WORDS = "Whoever answers there can run programs as you on this computer: results come as pickled objects."


def _trust_key(address: str) -> str:
    return f"trusted scheduler {address}"


def _is_trusted(address: str) -> bool:
    """Return whether a survey went to this scheduler before."""
    return any(survey.request.address == address for survey in SURVEYS.jobs())


def _choose_engine(number: int) -> dict[str, Any]:
    """Draw the choice of engine; return it as arguments of the request."""
    engines, typed, workers = tuple(state.ENGINE_NAMES), "", state.WORKERS.default
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        chosen = st.segmented_control(
            "Runs on",
            engines,
            default=state.ENGINE.read(),
            required=True,
            key=f"survey engine {number}",
            format_func=lambda e: state.ENGINE_NAMES[e],
            help="A cluster is a Dask scheduler and its workers, on any number of "
            "machines that see the same cache; docs/scaling.md says how to start one.",
        )
        engine = str(chosen or LOCAL)
        if engine == DASK:
            typed = st.text_input(
                "Scheduler",
                key=f"survey scheduler {number}",
                width=320,
                placeholder="tcp://192.168.0.2:8786",
                help="The address that it prints when it starts. A link cannot name it.",
            )
        else:
            workers = st.number_input(
                "Workers",
                1,
                MAX_WORKERS,
                state.WORKERS.read(),
                key=f"survey workers {number}",
                width=160,
                help="That read and prepare light curves beside the network: threads up to 2, processes beyond.",
            )
    asked: dict[str, Any] = {"engine": engine, "address": (typed or "").strip(), "workers": int(workers)}
    if asked["address"] and not _is_trusted(asked["address"]):
        st.checkbox(f"{escape(asked['address'])} is mine. {TRUST_WORDS}", key=_trust_key(asked["address"]))
    state.ENGINE.write(engine)
    state.WORKERS.write(asked["workers"])
    return asked


def _draw_model_caption(model: str) -> None:
    """Draw a line that says which model will be used."""
    if model != state.BEST_MODEL:
        card = cards.read(cards.model_folder(model))
        made_for = f"{' and '.join(card.instruments)} at {card.cadence_minutes:.3g} min"
        st.caption(escape(f"{card.model_id}: {card.title}. Made for {made_for}; other stars fail with a reason."))
        return
    st.caption(escape(" ".join(describe_best_models())))


def describe_best_models() -> list[str]:
    """Describe, in one sentence for each mission, the model that scores its stars by default.

    Returns
    -------
    list of str
        One sentence for each mission.
    """
    defaults, shipped = runs.defaults_or_none(), cards.shipped_cards()
    found = []
    for mission in state.INSTRUMENTS:
        suited = [c for c in shipped if mission in c.instruments]
        names = " or ".join(f"{c.model_id} ({c.cadence_minutes:.3g} min)" for c in suited) or "no model here"
        if wanted := defaults.get(mission):
            found.append(f"{mission}: {wanted}, your default, where it suits the cadence, else {names}.")
        else:
            found.append(f"{mission}: {names}{', whichever is nearest in cadence' if len(suited) > 1 else ''}.")
    return found


def _start_survey(number: int, request: SurveyRequest) -> None:
    """Queue the survey and select it; the second click of a double click does nothing."""
    started = st.session_state.setdefault(STARTED_KEY, set())
    if number in started:
        return
    started.add(number)

    def begin() -> None:
        if request.engine == DASK:
            if not (_is_trusted(request.address) or st.session_state.get(_trust_key(request.address))):
                raise SettingsError(f"Say first that the scheduler at {request.address} is yours.")
            queue.check_scheduler(request.address)
        survey = SURVEYS.submit(request)
        st.session_state[FORM_KEY] = number + 1
        st.session_state["tab"] = state.SURVEYS
        surveys.select_survey(survey.job_id)

    if problem := layout.error_message_of(begin):
        started.discard(number)
        st.session_state[surveys.MESSAGE_KEY] = (False, problem)
