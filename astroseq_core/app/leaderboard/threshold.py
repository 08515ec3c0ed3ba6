"""Threshold tab of the Leaderboard: the threshold of planet scores or star scores on their histogram."""

from dataclasses import replace

import streamlit as st

from astroseq_core.app.leaderboard import state as written
from astroseq_core.app.leaderboard.header import SCORE_WORDS
from astroseq_core.app.shared import layout
from astroseq_core.app.shared.layout import draw_note, escape
from astroseq_core.columns import PLANET_SCORE, STAR_SCORE
from astroseq_core.export import candidates
from astroseq_core.export.candidates import ExpectedFalseAlarms
from astroseq_core.plots import leaderboard
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.signals.signal import MAX_PLANET_SCORE
from astroseq_core.store import leaderboard as store_leaderboard
from astroseq_core.store import thresholds
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.thresholds import ScoreThreshold

MESSAGE_KEY = "cut said"
#: Ways to set a threshold, and their names in the store and the URL.
THRESHOLD_KINDS = {"number of stars": written.TOP.name, "lowest score": written.THRESHOLD.name}
#: Scores by their words in the address.
SCORES = dict(zip(written.THRESHOLD_SCORES, (PLANET_SCORE, STAR_SCORE), strict=True))
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
    kept = thresholds.load(filters.model_id)
    score = _choose_score(filters, kept)
    spread = store_leaderboard.score_histogram(filters, score=score)
    in_all = sum(spread.counts)
    if not in_all:
        st.markdown("No star of this model is like that; take a filter away.")
        return
    threshold = _choose_threshold(filters, kept, in_all, score)
    passed = above(filters, score, threshold.threshold)
    above_threshold = count_stars(passed)
    quiet = estimate_false_alarms(filters.model_id, threshold.threshold, score)
    odds = estimate_without_planet(filters.model_id, threshold.threshold) if score == PLANET_SCORE else None
    everyone = Filters(model_id=filters.model_id, scored=True)
    whole = sum(store_leaderboard.score_histogram(everyone, score=score).counts)
    are_all = replace(filters, scored=True) == everyone
    with st.container(horizontal=True, gap="large"):
        of = f"Of the {in_all:,} stars with a {SCORE_WORDS[score]}" + ("" if are_all else " that the filters leave")
        st.metric("Pass", f"{above_threshold:,} of {in_all:,}", width="content", help=of)
        st.metric(
            "With a known object", f"{count_stars(replace(passed, known=True)):,}", width="content", help="Of those that pass"
        )
        if not are_all:
            all_above = count_stars(above(everyone, score, threshold.threshold))
            st.metric(
                "Pass, without the filters", f"{all_above:,} of {whole:,}", width="content", help="Of all stars of the model"
            )
        _draw_estimate("Expected false alarms", quiet, whole, are_all=are_all)
        if score == PLANET_SCORE:
            _draw_estimate("Without a planet, by their odds", odds, whole, are_all=are_all)
    figure = leaderboard.score_histogram_figure(
        spread.edges,
        spread.counts,
        spread.counts_known,
        threshold.threshold,
        above_threshold,
        title=AXIS_TITLES[score],
        identity=f"{filters.model_id} {score}",
    )
    st.plotly_chart(figure, config=PLOTLY_CONFIG, key="score histogram", alt="How many stars have which score")
    bases = [found.basis for found in (quiet, odds) if found is not None]
    of_all = "" if are_all or not bases else f"Whatever the filters, of all {whole:,} stars of the model: "
    st.caption(escape(of_all + (" ".join(bases) or NOT_ESTIMATED)))
    _draw_keep_buttons(threshold, kept)
    draw_note(*NOTES[score])


#: Titles of the histogram's axis.
AXIS_TITLES = {PLANET_SCORE: "Planet score (natural log of odds)", STAR_SCORE: "Star score"}
#: What the histogram shows, and how to read it.
NOTES = {
    PLANET_SCORE: (
        "All stars that the filters leave by their planet score, those with a known object in color: the natural log of the odds "
        "that the best signal is a planet's, transit evidence and class together. At 0 it is as likely a planet's as not; stars "
        "without any signal stand at −3 or below. The axis is even about 0 and logarithmic beyond. Stars right of the line are "
        "above the threshold.",
        "Noise and eclipsing binaries that the classifier knows lie left of 0. Right of it are planets, and whatever looks like "
        "one in these light curves: a binary of another star in the same aperture, two equal stars at half their period. Known "
        "objects that lie far left are usually binaries, or too shallow for these light curves.",
    ),
    STAR_SCORE: (
        "All stars that the filters leave by their star score, those with a known object in color: the evidence that something "
        "transits, be it a planet or an eclipsing binary. The axis is even about 0 and logarithmic beyond. Stars right of the "
        "line are above the threshold.",
        "A good threshold stands where the crowd of stars without transits ends: most known objects lie right of it, hardly any "
        "other star does.",
    ),
}
NOT_ESTIMATED = (
    "How many false alarms are expected cannot be told: that takes simulated stars without transits among those scored, or "
    "false-alarm probabilities of stars near the threshold."
)


def above(filters: Filters, score: str, threshold: float) -> Filters:
    """Return filters that also leave out the stars below a threshold.

    Parameters
    ----------
    filters : Filters
        Filters of the leaderboard.
    score : str
        The score that the threshold is one of.
    threshold : float
        Lowest score that passes.

    Returns
    -------
    Filters
        The filters.
    """
    if score == PLANET_SCORE:
        return replace(filters, planet_min=max(threshold, filters.planet_min if filters.planet_min is not None else threshold))
    return replace(filters, score_min=max(threshold, filters.score_min if filters.score_min is not None else threshold))


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


def estimate_false_alarms(model_id: str, threshold: float, score: str = STAR_SCORE) -> ExpectedFalseAlarms | None:
    """Estimate the false alarms above a threshold: stars without transits that pass.

    The estimate rests on simulated stars without transits, else, for the star score, on the stars near the threshold.

    Parameters
    ----------
    model_id : str
        Model that gave the scores.
    threshold : float
        Lowest score that passes.
    score : str, optional
        The score: `planet_score` or `star_score`.

    Returns
    -------
    Expected or None
        The estimate; None if there are too few stars of both kinds.
    """
    unknown = Filters(model_id=model_id, scored=True, known=False)
    if score == PLANET_SCORE:
        unknown = replace(unknown, planet_min=-MAX_PLANET_SCORE)  # those whose signals were searched
    quiet = replace(unknown, simulated=True)
    all_unknown, empty = count_stars(unknown), count_stars(quiet)
    passing = count_stars(above(unknown, score, threshold))
    found = candidates.false_alarms_from_quiet_stars(count_stars(above(quiet, score, threshold)), empty, all_unknown - empty)
    if found is not None:
        if score == PLANET_SCORE:
            found = replace(found, basis=f"{found.basis} Eclipsing binaries are not among these false alarms.")
        return found.within(passing)
    if score == PLANET_SCORE:
        return None  # the false-alarm probabilities of stars are those of the star score
    near = [
        store_leaderboard.load_page(limits, sort=STAR_SCORE, descending=down, limit=NEAR_STARS).rows
        for limits, down in ((replace(unknown, score_min=threshold), False), (replace(unknown, score_max=threshold), True))
    ]
    found = candidates.false_alarms_near_threshold((*near[0], *near[1]), all_unknown)
    return None if found is None else found.within(passing)


def estimate_without_planet(model_id: str, threshold: float) -> ExpectedFalseAlarms | None:
    """Estimate how many stars above a threshold of the planet score have no planet, by their planet scores.

    Parameters
    ----------
    model_id : str
        Model that gave the scores.
    threshold : float
        Lowest planet score that passes.

    Returns
    -------
    ExpectedFalseAlarms or None
        The estimate; None if no star without a known object passes.
    """
    unknown = Filters(model_id=model_id, scored=True, known=False, planet_min=threshold)
    return candidates.false_alarms_from_odds(store_leaderboard.planet_scores(unknown))


def _draw_estimate(label: str, expected: ExpectedFalseAlarms | None, whole: int, *, are_all: bool) -> None:
    limit = None if expected is None else expected.upper_limit
    st.metric(
        label,
        "–" if expected is None else format_count(expected.stars),
        width="content",
        help=f"Among all {whole:,} stars of this model{'' if are_all else ', whatever the filters'}; below it the upper end of "
        "its 95 % interval",
        delta_color="off",
        delta_arrow="off",
        delta=None if limit is None else f"at most {format_count(limit)}",
    )


def _choose_score(filters: Filters, kept: ScoreThreshold | None) -> str:
    """Draw the choice of the score and return it; there is none where no star has a planet score."""
    if store_leaderboard.ranking_score(filters) == STAR_SCORE:
        written.BY.remove()
        return STAR_SCORE
    asked = written.BY.read()
    if asked is None and kept is not None and written.TOP.read() is None and written.THRESHOLD.read() is None:
        asked = next(word for word, score in SCORES.items() if score == kept.score)
    chosen = st.segmented_control(
        "Score",
        tuple(SCORES),
        default=asked or written.BY_PLANET_SCORE,
        required=True,
        key=f"cut score {filters.model_id}",
        format_func=lambda word: SCORE_WORDS[SCORES[word]].capitalize(),
    )
    written.BY.write(str(chosen))
    return SCORES[str(chosen)]


def _choose_threshold(filters: Filters, kept: ScoreThreshold | None, in_all: int, score: str) -> ScoreThreshold:
    """Return the threshold in view: the URL's, else the saved one, else the default number."""
    model = filters.model_id
    top, threshold = written.TOP.read(), written.THRESHOLD.read()
    if top is None and threshold is None and kept is not None and kept.score == score:
        top, threshold = kept.n, None if kept.kind == written.TOP.name else kept.threshold
    key = f"{model} planet" if score == PLANET_SCORE else model
    names, usual = list(THRESHOLD_KINDS), max(1, min(DEFAULT_MAX_TOP, in_all // DEFAULT_TOP_DIVISOR))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        way = st.segmented_control(
            "Threshold by", names, default=names[1 if threshold is not None else 0], required=True, key=f"cut by {key}"
        )
        if THRESHOLD_KINDS[str(way or names[0])] == written.TOP.name:
            chosen = st.number_input("Stars that pass", 1, in_all, min(in_all, top or usual), key=f"cut top {key}", width=200)
            written.TOP.write(int(chosen))
            written.THRESHOLD.remove()
            lowest = store_leaderboard.threshold_for_count(filters, int(chosen), score) or 0.0
            return ScoreThreshold(model, lowest, written.TOP.name, int(chosen), score=score)
        start = threshold
        if start is None:
            start = round(store_leaderboard.threshold_for_count(filters, usual, score) or 0.0, 3)
        value = st.number_input(
            "Lowest score that passes", value=float(start), step=0.5, format="%.3f", key=f"cut threshold {key}", width=220
        )
        written.TOP.remove()
        written.THRESHOLD.write(float(value))
        return ScoreThreshold(model, float(value), score=score)


def _draw_keep_buttons(threshold: ScoreThreshold, kept: ScoreThreshold | None) -> None:
    same = kept is not None and replace(kept, at=0.0) == replace(threshold, at=0.0)
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
            of = SCORE_WORDS[kept.score]
            words = f"top {kept.n:,}, {of}" if kept.n is not None else of
            st.caption(f"Kept so far: {words} {kept.threshold:.4g} and more.", width="content")


def _keep_threshold(threshold: ScoreThreshold) -> None:
    problem = layout.error_message_of(lambda: thresholds.save(threshold))
    st.session_state[MESSAGE_KEY] = (
        not problem,
        problem
        or f"Stars with a {SCORE_WORDS[threshold.score]} of {threshold.threshold:.4g} and more are above the threshold now.",
    )


def _forget_threshold(model_id: str) -> None:
    problem = layout.error_message_of(lambda: thresholds.delete(model_id))
    st.session_state[MESSAGE_KEY] = (not problem, problem or "No star of this model is above the threshold now.")
