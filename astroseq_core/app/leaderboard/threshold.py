"""Threshold tab of the Leaderboard: the score threshold on the histogram of scores."""

from dataclasses import replace

import streamlit as st

from astroseq_core.app.leaderboard import state as written
from astroseq_core.app.shared import layout
from astroseq_core.app.shared.layout import draw_note, escape
from astroseq_core.export import candidates
from astroseq_core.export.candidates import ExpectedFalseAlarms
from astroseq_core.plots import leaderboard
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.store import leaderboard as store_leaderboard
from astroseq_core.store import thresholds
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.thresholds import ScoreThreshold

MESSAGE_KEY = "cut said"
#: Ways to set a threshold, and their names in the store and the URL.
THRESHOLD_KINDS = {"number of stars": written.TOP.name, "lowest score": written.THRESHOLD.name}
#: By default one star in this many passes, and at most this many stars.
DEFAULT_TOP_DIVISOR, DEFAULT_MAX_TOP = 10, 50
#: Stars on each side of the threshold whose false-alarm probabilities are used.
NEAR_STARS = 20


def draw_threshold(filters: Filters) -> None:
    """Draw the tab: histogram, threshold, number of stars above it and expected false alarms.

    Parameters
    ----------
    filters : Filters
        Filters of the leaderboard.
    """
    layout.draw_result_message(MESSAGE_KEY)
    # The threshold applies to all stars of the model; with a filter by the saved one no new one could be chosen.
    filters = replace(filters, flagged=None)
    spread = store_leaderboard.score_histogram(filters)
    in_all = count_stars(filters)
    if not in_all:
        st.markdown("No star of this model is like that; take a filter away.")
        return
    kept = thresholds.load(filters.model_id)
    threshold = _choose_threshold(filters, kept, in_all)
    passed = replace(filters, score_min=max(threshold.threshold, filters.score_min or threshold.threshold))
    above_threshold = count_stars(passed)
    with st.container(horizontal=True, gap="large"):
        st.metric("Pass", f"{above_threshold:,} of {in_all:,}", width="content", help="Of the stars that the filters leave")
        st.metric("With a known object", f"{count_stars(replace(passed, known=True)):,}", width="content")
        expected = estimate_false_alarms(filters.model_id, threshold.threshold)
        st.metric(
            "Expected false alarms",
            "–" if expected is None else format_count(expected.stars),
            width="content",
            help="Among all stars of this model; below it the upper end of its 95 % interval",
            delta_color="off",
            delta_arrow="off",
            delta=None if expected is None or expected.upper_limit is None else f"at most {format_count(expected.upper_limit)}",
        )
    figure = leaderboard.score_histogram_figure(
        spread.edges, spread.counts, spread.counts_known, threshold.threshold, above_threshold, identity=filters.model_id
    )
    st.plotly_chart(figure, config=PLOTLY_CONFIG, key="score histogram", alt="How many stars have which score")
    st.caption(escape(NOT_ESTIMATED if expected is None else expected.basis))
    _draw_keep_buttons(threshold, kept)
    draw_note(
        "All stars that the filters leave by their score, those with a known object in color; the axis is even about 0 and "
        "logarithmic beyond. Stars right of the line are above the threshold.",
        "A good threshold stands where the crowd of stars without transits ends: most known objects lie right of it, hardly any "
        "other star does.",
    )


NOT_ESTIMATED = (
    "How many false alarms are expected cannot be told: that takes simulated stars without transits among those scored, or "
    "false-alarm probabilities of stars near the threshold."
)


def count_stars(filters: Filters) -> int:
    """Return the number of stars that meet the filters.

    Parameters
    ----------
    filters : Filters
        Filters of the leaderboard.

    Returns
    -------
    int
        Number of stars.
    """
    return store_leaderboard.load_page(filters, limit=1).in_all


def format_count(value: float) -> str:
    """Format an expected number of stars.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    str
        The number, with one decimal place below 10 where it is not whole.

    Examples
    --------
    >>> format_count(1234.5), format_count(2.0), format_count(0.26)
    ('1,234', '2', '0.3')
    """
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.1f}"


def estimate_false_alarms(model_id: str, threshold: float) -> ExpectedFalseAlarms | None:
    """Estimate the false alarms above a threshold.

    The estimate rests on simulated stars without transits, else on the stars near the threshold.

    Parameters
    ----------
    model_id : str
        Model that gave the scores.
    threshold : float
        Lowest star score that passes.

    Returns
    -------
    Expected or None
        The estimate; None if there are too few stars of both kinds.
    """
    unknown = Filters(model_id=model_id, scored=True, known=False)
    quiet = replace(unknown, simulated=True)
    all_unknown, empty = count_stars(unknown), count_stars(quiet)
    found = candidates.false_alarms_from_quiet_stars(count_stars(replace(quiet, score_min=threshold)), empty, all_unknown - empty)
    passing = count_stars(replace(unknown, score_min=threshold))
    if found is not None:
        return found.within(passing)
    above = store_leaderboard.load_page(
        replace(unknown, score_min=threshold), sort="star_score", descending=False, limit=NEAR_STARS
    ).rows
    below = store_leaderboard.load_page(
        replace(unknown, score_max=threshold), sort="star_score", descending=True, limit=NEAR_STARS
    ).rows
    found = candidates.false_alarms_near_threshold((*above, *below), all_unknown)
    return None if found is None else found.within(passing)


def _choose_threshold(filters: Filters, kept: ScoreThreshold | None, in_all: int) -> ScoreThreshold:
    """Return the threshold in view: the URL's, else the saved one, else the default number."""
    model = filters.model_id
    top, threshold = written.TOP.read(), written.THRESHOLD.read()
    if top is None and threshold is None and kept is not None:
        top, threshold = kept.n, None if kept.kind == written.TOP.name else kept.threshold
    names, usual = list(THRESHOLD_KINDS), max(1, min(DEFAULT_MAX_TOP, in_all // DEFAULT_TOP_DIVISOR))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        way = st.segmented_control(
            "Threshold by", names, default=names[1 if threshold is not None else 0], required=True, key=f"cut by {model}"
        )
        if THRESHOLD_KINDS[str(way or names[0])] == written.TOP.name:
            chosen = st.number_input("Stars that pass", 1, in_all, min(in_all, top or usual), key=f"cut top {model}", width=200)
            written.TOP.write(int(chosen))
            written.THRESHOLD.remove()
            return ScoreThreshold(
                model, store_leaderboard.threshold_for_count(filters, int(chosen)) or 0.0, written.TOP.name, int(chosen)
            )
        start = threshold if threshold is not None else round(store_leaderboard.threshold_for_count(filters, usual) or 0.0, 3)
        score = st.number_input(
            "Lowest score that passes", value=float(start), step=0.5, format="%.3f", key=f"cut threshold {model}", width=220
        )
        written.TOP.remove()
        written.THRESHOLD.write(float(score))
        return ScoreThreshold(model, float(score))


def _draw_keep_buttons(threshold: ScoreThreshold, kept: ScoreThreshold | None) -> None:
    same = kept is not None and (kept.threshold, kept.kind, kept.n) == (threshold.threshold, threshold.kind, threshold.n)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Keep this threshold",
            type="primary",
            key="keep cut",
            icon=":material/flag:",
            disabled=same,
            on_click=_keep_threshold,
            args=(threshold,),
        )
        st.button("No threshold", key="forget cut", disabled=kept is None, on_click=_forget_threshold, args=(threshold.model_id,))
        if kept is None:
            st.caption("None is kept for this model yet.", width="content")
        elif same:
            st.caption("This is the one that is kept.", width="content")
        else:
            words = f"top {kept.n:,}, score" if kept.n is not None else "score"
            st.caption(f"Kept so far: {words} {kept.threshold:.4g} and more.", width="content")


def _keep_threshold(threshold: ScoreThreshold) -> None:
    problem = layout.error_message_of(lambda: thresholds.save(threshold))
    st.session_state[MESSAGE_KEY] = (
        not problem,
        problem or f"Stars that score {threshold.threshold:.4g} and more are above the threshold now.",
    )


def _forget_threshold(model_id: str) -> None:
    problem = layout.error_message_of(lambda: thresholds.delete(model_id))
    st.session_state[MESSAGE_KEY] = (not problem, problem or "No star of this model is above the threshold now.")
