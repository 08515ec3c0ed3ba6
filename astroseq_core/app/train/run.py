"""Page sections that every training run has: badges, settings, note, and its buttons."""

import streamlit as st

from astroseq_core.app.shared import job_list, layout
from astroseq_core.app.shared.job_list import JobKind
from astroseq_core.app.shared.layout import draw_note, escape
from astroseq_core.app.train import state
from astroseq_core.app.train.state import STATE_COLORS, format_age, format_duration
from astroseq_core.jobs.job import JobState
from astroseq_core.networks import card as cards
from astroseq_core.plots import style, training
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.store import runs
from astroseq_core.training.runs import queue, results
from astroseq_core.training.runs.queue import RUNS, Run
from astroseq_core.training.stars import SIMULATED

SOURCE_WORDS = {"simulated": "simulated stars only", "cache": "cached stars", "toi": "TOI stars", "folder": "a folder's stars"}
MESSAGE = "train said"
#: Key of the session state that holds the selected run.
SELECTED_RUN = "run looked at"


def draw_badges(run: Run, *more: tuple[str, str]) -> None:
    """Draw a run's state, missions and stars as badges, with its recipe, age and duration.

    Parameters
    ----------
    run : Run
        The run.
    *more : tuple of (str, str)
        Further badges: text and color.
    """
    recipe = run.request.recipe
    source = run.request.stars.source
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(str(run.state), color=STATE_COLORS[run.state])
        for mission in recipe.instruments:
            st.badge(mission, color="blue")
        simulated = source == SIMULATED and not run.request.verdicts
        if simulated:
            st.badge(SOURCE_WORDS[source], icon=":material/science:", color=style.SIMULATED_BADGE_COLOR)
        else:
            st.badge(SOURCE_WORDS[source], color="gray")
        for words, color in more:
            st.badge(escape(words), color=color)
    parts = [f"recipe {recipe.name}", f"made {format_age(run.created)}", f"seed {run.request.seed}"]
    if run.started is not None and run.ended is not None:
        parts.append(f"took {format_duration(run.ended - run.started)}")
    st.caption(escape(" · ".join(parts)))


def draw_settings(run: Run) -> None:
    """Draw all settings of a run, folded.

    Parameters
    ----------
    run : Run
        The run.
    """
    import pandas as pd

    rows = [(name, "–" if value is None else str(value)) for name, value in results.setting_rows(run)]
    with st.expander("All settings", icon=":material/tune:"):
        st.dataframe(
            pd.DataFrame(rows, columns=["Setting", "Value"]),
            hide_index=True,
            width="stretch",
            height=360,
            alt="The run's settings",
        )


def draw_note_field(run: Run) -> None:
    """Draw the run's note, which is saved when it is edited.

    Parameters
    ----------
    run : Run
        The run.
    """
    name = f"note {run.job_id}"
    st.text_area(
        "Note",
        run.note,
        key=name,
        height=80,
        on_change=_annotate,
        args=(run.job_id, name),
        placeholder="What this run was for, what it showed",
    )


def _annotate(run_id: str, name: str) -> None:
    if problem := layout.error_message_of(lambda: RUNS.annotate(run_id, str(st.session_state.get(name) or ""))):
        st.session_state[MESSAGE] = (False, problem)


def draw_rerun_button(run: Run) -> None:
    """Draw the button that submits the same request again.

    Parameters
    ----------
    run : Run
        The run.
    """
    st.button(
        "Run again",
        key=f"again {run.job_id}",
        on_click=_rerun,
        args=(run,),
        icon=":material/replay:",
        help="The same settings and seed, under a new name.",
    )


def _rerun(run: Run) -> None:
    def begin() -> None:
        open_run(RUNS.submit(run.request).job_id)

    if problem := layout.error_message_of(begin):
        st.session_state[MESSAGE] = (False, problem)


def draw_delete_button(run: Run) -> None:
    """Draw the button that deletes a run, with a confirmation.

    Parameters
    ----------
    run : Run
        The run.
    """
    with st.popover("Delete …", icon=":material/delete:", key=f"delete menu {run.job_id}"):
        model = " with its model" if run.has_model else ""
        st.markdown(f"**{escape(run.job_id)}** goes{model}, for good.")
        st.button(
            "Delete it",
            key=f"delete {run.job_id}",
            on_click=job_list.delete_job,
            args=(RUN_KIND, run.job_id, f"{run.job_id} was deleted."),
            type="primary",
        )


def open_run(run_id: str) -> None:
    """Select a run; for button callbacks.

    Parameters
    ----------
    run_id : str
        Identifier of the run.
    """
    st.session_state[SELECTED_RUN] = run_id
    state.clear_run_view()


RUN_KIND = JobKind(state.RUN, state.RUNS_TAB, SELECTED_RUN, MESSAGE, RUNS, state.clear_run_view)


def draw_promotion(run: Run) -> None:
    """Draw the default model of each of the run's missions, with the buttons that change it.

    Parameters
    ----------
    run : Run
        A run with a model.
    """
    card = cards.read(run.folder)
    defaults = runs.default_models()
    for mission in card.instruments:
        now = defaults.get(mission)
        own = now == run.job_id
        words = "**this model**" if own else f"**{escape(now)}**" if now else "the shipped models"
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.markdown(f"Default for {escape(mission)}: {words}", width="content")
            if not own:
                st.button(
                    f"Make it the default for {escape(mission)}",
                    key=f"promote {run.job_id} {mission}",
                    icon=":material/star:",
                    on_click=_promote,
                    args=(run, mission),
                    help="Explore takes it for light curves that it suits, where no other model is asked for.",
                )
            if now:
                st.button(
                    "Back to the shipped models",
                    key=f"demote {run.job_id} {mission}",
                    on_click=_demote,
                    args=(mission,),
                    type="tertiary",
                    icon=":material/undo:",
                )


def _promote(run: Run, mission: str) -> None:
    problem = layout.error_message_of(lambda: queue.promote(run.job_id, mission))
    st.session_state[MESSAGE] = (not problem, problem or f"{run.job_id} is the default for {mission} now.")


def _demote(mission: str) -> None:
    if problem := layout.error_message_of(lambda: queue.demote(mission)):
        st.session_state[MESSAGE] = (False, problem)


def draw_stopped_run(run: Run) -> None:
    """Draw the run.

    Parameters
    ----------
    run : Run
        A cancelled or failed run.
    """
    draw_badges(run)
    job_list.draw_warnings(run)
    if run.state is JobState.FAILED:
        st.error(escape(run.problem or "It failed without a word."), icon=":material/error:")
    if run.can_finish:
        count = len(run.epochs)
        st.info(
            f"Broken off after {count} epoch{'s' * (count != 1)}. Best epoch so far is kept: make a model of it, or go on.",
            icon=":material/save:",
        )
    elif run.state is JobState.CANCELLED:
        st.info(
            "It was cancelled before its first epoch ended, so there is nothing to make a model of; it can go on.",
            icon=":material/info:",
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if run.can_finish:
            st.button(
                "Make a model of it",
                key=f"finish {run.job_id}",
                type="primary",
                icon=":material/model_training:",
                on_click=job_list.run_action,
                args=(RUN_KIND, RUNS.finish, run.job_id),
            )
        st.button(
            "Go on",
            key=f"resume {run.job_id}",
            icon=":material/play_arrow:",
            on_click=job_list.run_action,
            args=(RUN_KIND, RUNS.resume, run.job_id),
            type="secondary" if run.can_finish else "primary",
            help="After its last whole epoch.",
        )
        draw_rerun_button(run)
        draw_delete_button(run)
    if run.epochs:
        st.plotly_chart(
            training.training_curves_figure({run.job_id: run.epochs}), config=PLOTLY_CONFIG, key=f"curves {run.job_id}"
        )
        layout.draw_note(
            "The epochs that it finished; the large marker is the one that is kept.",
            "Both lines of a panel should get better together.",
        )
    job_list.draw_log(run)
    draw_note_field(run)
    draw_settings(run)


def draw_active_run(run: Run) -> None:
    """Draw a run while it is active. The whole page is redrawn after each epoch and at the end.

    Parameters
    ----------
    run : Run
        A queued or running run.
    """
    draw_badges(run)
    job_list.draw_warnings(run)
    job_list.watch_job(RUNS, run.job_id, _draw_progress, lambda now: len(now.epochs) != len(run.epochs))
    # Outside the fragment, because it changes only with a new epoch. (What a fragment draws into a
    # container outside itself is lost when it runs again.)
    figure = training.training_curves_figure({run.job_id: run.epochs}, run.request.recipe.epochs)
    st.plotly_chart(figure, config=PLOTLY_CONFIG, key=f"curves {run.job_id}")
    draw_note(
        "Training numbers dashed, validation numbers solid: the validation stars were never trained on. The large marker is the "
        "best epoch so far, which is kept.",
        "Both should get better together; where training goes on getting better and validation gets worse, it learns its stars "
        "by heart.",
    )
    draw_settings(run)


def _draw_progress(run: Run) -> None:
    text = "Stopping …" if run.is_stopping else progress_text(run)
    job_list.draw_bar(RUN_KIND, run, text, "The best epoch so far is kept.")
    if run.state is JobState.RUNNING:
        _draw_numbers(run)
    job_list.draw_log(run)


def progress_text(run: Run) -> str:
    """Describe a run's progress in a few words.

    Parameters
    ----------
    run : Run
        A queued or running run.

    Returns
    -------
    str
        Its place in the queue, or its current step with the time left.
    """
    if run.state is JobState.QUEUED:
        place = RUNS.position(run)
        return "It is the next to begin." if place == 1 else f"It waits in the queue, {place - 1} before it."
    message = run.progress.message or "starting"
    left = run.progress.seconds_left
    return message if left is None else f"{message}, about {format_duration(left)} left"


def _draw_numbers(run: Run) -> None:
    """Draw the numbers of the current epoch and the best so far."""
    numbers = run.progress.numbers
    with st.container(horizontal=True, gap="large"):
        st.metric("Doing", escape(run.progress.phase) or "starting", width="content")
        if "epoch" in numbers:
            epochs = f"{numbers['epochs']:.0f}" if "epochs" in numbers else "–"
            st.metric("Epoch", f"{numbers['epoch']:.0f} of {epochs}", width="content", help="At most so many")
            steps = f"{numbers.get('step', 0):,.0f} of {numbers.get('steps', 0):,.0f}"
            st.metric("Step", steps, width="content")
            if "loss" in numbers:
                st.metric("Loss now", f"{numbers['loss']:.4f}", width="content", help="Of the epoch under way, so far")
        known = [e.validation_roc_auc for e in run.epochs if e.validation_roc_auc is not None]
        if known:
            st.metric("Best validation ROC-AUC", f"{max(known):.4f}", width="content")
