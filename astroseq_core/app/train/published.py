"""The published figures beside those of a run of a recipe that repeats them."""

import streamlit as st

from astroseq_core.app.shared.layout import draw_note, escape
from astroseq_core.evaluation.comparison import rows_beside
from astroseq_core.evaluation.published import published_of_recipe
from astroseq_core.training.recipes import load_recipe, recipe_names
from astroseq_core.training.reproduced import our_result, with_sentences
from astroseq_core.training.runs.queue import Run
from astroseq_core.training.runs.results import RunResult


def draw_published(run: Run, found: RunResult, group: str) -> None:
    """Draw the published figures beside the run's; nothing for a recipe that repeats no published run.

    Parameters
    ----------
    run : Run
        The run.
    found : RunResult
        Its results.
    group : str
        The group of test stars.
    """
    recipe = run.request.recipe
    known = published_of_recipe(recipe.name)
    if not known:
        return
    ours = our_result(run, found, group)
    st.markdown("**Beside the published**")
    if rows := rows_beside(known, ours):
        st.dataframe(rows, hide_index=True, key=f"published {run.job_id} {group}")
    for one in known:
        st.caption(f"{escape(one.title)}: {escape(one.sampling)}. Stated: “{escape(one.stated)}”")
    differing = dict.fromkeys(sentence for one in known for sentence in with_sentences(one, ours).not_reproduced)
    if any(recipe.name in one.also for one in known):
        differing["This recipe has another sampling; `astroseq reproduce --list` names those with the published one."] = None
    if recipe.name in recipe_names() and load_recipe(recipe.name) != recipe:
        differing["Settings of this run differ from the recipe's."] = None
    if differing:
        st.caption(" ".join(escape(sentence) for sentence in differing))
    draw_note(
        "Figures as their sources state them; a dash is not stated, or not measured. They are of other stars than this run's.",
        "Compare base rates first: precision and PR-AUC go with them.",
    )
