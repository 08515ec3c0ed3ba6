"""The Leaderboard's cut: which stars pass, drawn on the scores of all, with how many are flagged and how many for nothing."""

from dataclasses import replace

import streamlit as st

from astroseq_core import candidates
from astroseq_core.candidates import Expected
from astroseq_core.figures import leaderboard
from astroseq_core.figures.layout import CONFIG
from astroseq_core.store import board, flags
from astroseq_core.store.board import Filters
from astroseq_core.store.flags import Cut
from astroseq_core.ui import board_address as written
from astroseq_core.ui import page
from astroseq_core.ui.page import escape, note

SAID = "cut said"
#: How a cut is told, and what each is called in the store and the address.
WAYS = {"number of stars": written.TOP, "lowest score": written.THRESHOLD}
#: Where nothing else is said, a tenth of the stars pass, and no more than so many.
USUAL_PART, USUAL_TOP = 10, 50
#: Stars on each side of the cut that are asked for their false-alarm probabilities.
NEAR = 20


def show(filters: Filters) -> None:
    """Draw it."""
    page.said(SAID)
    # The cut is of all stars of the model; a filter by the kept cut would leave nothing to draw a new one on.
    filters = replace(filters, flagged=None)
    spread = board.histogram(filters)
    in_all = count(filters)
    if not in_all:
        st.markdown("No star of this model is like that; take a filter away.")
        return
    kept = flags.cut_of(filters.model_id)
    cut = _choose(filters, kept, in_all)
    passed = replace(filters, score_min=max(cut.threshold, filters.score_min or cut.threshold))
    flagged = count(passed)
    with st.container(horizontal=True, gap="large"):
        st.metric("Pass", f"{flagged:,} of {in_all:,}", width="content", help="Of the stars that the filters leave")
        st.metric("With a known object", f"{count(replace(passed, known=True)):,}", width="content")
        expected = tell(filters.model_id, cut.threshold)
        st.metric("Expected false alarms", "–" if expected is None else number(expected.stars), width="content",
                  help="Among all stars of this model; below it the upper end of its 95 % interval", delta_color="off",
                  delta_arrow="off",
                  delta=None if expected is None or expected.most is None else f"at most {number(expected.most)}")  # fmt: skip
    figure = leaderboard.score_histogram_figure(spread.edges, spread.counts, spread.counts_known, cut.threshold, flagged,
                                                identity=filters.model_id)  # fmt: skip
    st.plotly_chart(figure, config=CONFIG, key="score histogram", alt="How many stars have which score")
    st.caption(escape(NOT_TOLD if expected is None else expected.basis))
    _keep(cut, kept)
    note(
        "All stars that the filters leave by their score, those with a known object in colour; the axis is even about 0 and "
        "logarithmic beyond. Stars right of the line are flagged.",
        "A good cut stands where the crowd of stars without transits ends: most known objects lie right of it, hardly any other "
        "star does.",
    )


NOT_TOLD = (
    "How many false alarms are expected cannot be told: that takes simulated stars without transits among those scored, or "
    "false-alarm probabilities of stars near the cut."
)


def count(filters: Filters) -> int:
    """How many stars are like that."""
    return board.page(filters, limit=1).in_all


def number(value: float) -> str:
    """About how many."""
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.1f}"


def tell(model_id: str, threshold: float) -> Expected | None:
    """False alarms expected at that cut: from simulated stars without transits, else from stars near it; None for neither."""
    unknown = Filters(model_id=model_id, scored=True, known=False)
    quiet = replace(unknown, simulated=True)
    all_unknown, empty = count(unknown), count(quiet)
    found = candidates.expected_from_quiet(count(replace(quiet, score_min=threshold)), empty, all_unknown - empty)
    passing = count(replace(unknown, score_min=threshold))
    if found is not None:
        return found.within(passing)
    above = board.page(replace(unknown, score_min=threshold), sort="star_score", descending=False, limit=NEAR).rows
    below = board.page(replace(unknown, score_max=threshold), sort="star_score", descending=True, limit=NEAR).rows
    found = candidates.expected_false_alarms((*above, *below), all_unknown)
    return None if found is None else found.within(passing)


def _choose(filters: Filters, kept: Cut | None, in_all: int) -> Cut:
    """The cut that is looked at: the address's, else the one that is kept, else the usual number of stars."""
    model = filters.model_id
    top, threshold = written.whole(written.text(written.TOP)), written.number(written.text(written.THRESHOLD))
    if top is None and threshold is None and kept is not None:
        top, threshold = kept.n, None if kept.kind == written.TOP else kept.threshold
    names, usual = list(WAYS), max(1, min(USUAL_TOP, in_all // USUAL_PART))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        way = st.segmented_control("Cut by", names, default=names[1 if threshold is not None else 0], required=True,
                                   key=f"cut by {model}")  # fmt: skip
        if WAYS[str(way or names[0])] == written.TOP:
            chosen = st.number_input("Stars that pass", 1, in_all, min(in_all, top or usual), key=f"cut top {model}", width=200)
            written.write({written.TOP: str(int(chosen)), written.THRESHOLD: None})
            return Cut(model, board.threshold_for(filters, int(chosen)) or 0.0, written.TOP, int(chosen))
        start = threshold if threshold is not None else round(board.threshold_for(filters, usual) or 0.0, 3)
        score = st.number_input("Lowest score that passes", value=float(start), step=0.5, format="%.3f",
                                key=f"cut threshold {model}", width=220)  # fmt: skip
        written.write({written.TOP: None, written.THRESHOLD: f"{score:g}"})
        return Cut(model, float(score))


def _keep(cut: Cut, kept: Cut | None) -> None:
    same = kept is not None and (kept.threshold, kept.kind, kept.n) == (cut.threshold, cut.kind, cut.n)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Keep this cut", type="primary", key="keep cut", icon=":material/flag:", disabled=same, on_click=_kept,
                  args=(cut,))  # fmt: skip
        st.button("No cut", key="forget cut", disabled=kept is None, on_click=_forgotten, args=(cut.model_id,))
        if kept is None:
            st.caption("None is kept for this model yet.", width="content")
        elif same:
            st.caption("This is the one that is kept.", width="content")
        else:
            words = f"top {kept.n:,}, score" if kept.n is not None else "score"
            st.caption(f"Kept so far: {words} {kept.threshold:.4g} and more.", width="content")


def _kept(cut: Cut) -> None:
    problem = page.caught(lambda: flags.keep(cut))
    st.session_state[SAID] = (not problem, problem or f"Stars that score {cut.threshold:.4g} and more are flagged now.")


def _forgotten(model_id: str) -> None:
    problem = page.caught(lambda: flags.forget(model_id))
    st.session_state[SAID] = (not problem, problem or "No star of this model is flagged now.")
