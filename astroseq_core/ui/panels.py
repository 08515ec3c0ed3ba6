"""Explore's chart and the tabs under it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from astroseq_core.figures import star as star_figures
from astroseq_core.figures import timeline
from astroseq_core.figures.fold import fold_figure
from astroseq_core.figures.layout import CONFIG
from astroseq_core.figures.segment import segment_figure
from astroseq_core.figures.star import StarView, star_figure
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.opening import OpenedStar, StarRequest
from astroseq_core.ui import address, inspection, opened, page, tables, waiting
from astroseq_core.ui.inspection import SegmentPlan
from astroseq_core.ui.opened import Scored
from astroseq_core.vetting.fold import Fold

CHART_KEY = "star chart"


def chart(star: OpenedStar, card: ModelCard | None, known: Scored | None) -> SegmentPlan | None:
    """The star's figure with its selector of observations; how the star is cut, where there is a model."""
    cuts = None if card is None else inspection.plan(star, card)
    members = _observations(star)
    scores = () if known is None else tuple(known.scores[i] for i in members)
    view = StarView(
        prepared=tuple(star.prepared[i] for i in members),
        ephemerides=star.ephemerides,
        scores=scores,
        first_segment=() if cuts is None else tuple(cuts.first[i] for i in members),
        note=_strip_note(star, card, known),
        chosen=_chosen(star, card, cuts),
    )
    st.plotly_chart(star_figure(view), key=CHART_KEY, on_select=_clicked, selection_mode="points", config=CONFIG,
                    alt=f"Light curve of {star.target} with predicted transits and segment probabilities")  # fmt: skip
    if card is None:
        st.info(
            f"No model here was made for {star.instrument.name} at {star.prepared[0].cadence_minutes:.3g} min, so the strip "
            "stays empty. Models are folders under `models/`; `python -m astroseq_core train --recipe NAME` makes one.",
            icon=":material/neurology:",
        )
    page.note(
        "On top the light curve as observed with its slow trend; bands are predicted transits, with a paler "
        "halo where the prediction has drifted and only an outline where it is doubtful. In the strip each piece has the mean "
        "probability of all segments that cover it, on one scale from 0 to 1; click it to see a segment. At the bottom the light "
        "curve without its trend.",
        "Good: dips stand in the bands and nowhere else, the strip is bright there and dark elsewhere, and the trend does not "
        "follow the dips.",
    )
    if known is not None:
        page.problems(known.failures)
    page.problems(star.problems)
    return cuts


def _observations(star: OpenedStar) -> tuple[int, ...]:
    """Places of the observations to draw: those asked for, else the first few."""
    names = [p.observation for p in star.prepared]
    if len(names) == 1:
        return (0,)
    usual = timeline.first_few(star.prepared)
    asked = st.multiselect(
        "Observations", names, key="obs", bind="query-params", label_visibility="collapsed",
        placeholder=f"All {len(names)} observations" if len(usual) == len(names) else
        f"The first {len(usual)} of {len(names)} observations; pick others here",
    )  # fmt: skip
    return tuple(i for i, name in enumerate(names) if name in asked) or usual


def _strip_note(star: OpenedStar, card: ModelCard | None, known: Scored | None) -> str:
    if card is None:
        return f"no model for {star.instrument.name} at this cadence"
    if known is None:
        return f"scoring with {card.model_id} …"
    return "" if any(s is not None for s in known.scores) else "none of these observations could be scored"


def _segment_number() -> int | None:
    """The segment that is asked for: the widget's, or before it is drawn for the first time the address's."""
    if "segment" in st.session_state:
        value = st.session_state["segment"]
    else:
        text = st.query_params.get("segment", "")
        value = int(text) if text.isdecimal() else None
    return None if value is None else int(value)


def _tab() -> str:
    """The open tab, also before the tabs are drawn for the first time."""
    return str(st.session_state.get("tab") or st.query_params.get("tab", address.TABS[0]))


def _chosen(star: OpenedStar, card: ModelCard | None, cuts: SegmentPlan | None) -> tuple[float, float] | None:
    number = _segment_number()
    if card is None or cuts is None or number is None or _tab() != "Segment" or not 0 <= number < cuts.total:
        return None
    seen = inspection.inspect(star, card, number, cuts)
    return seen.start, seen.stop


def _clicked() -> None:
    """Look at the segment whose piece of the strip was clicked."""
    state: Any = st.session_state.get(CHART_KEY)
    for point in [] if state is None else state["selection"]["points"]:
        if point.get("legendgroup") == star_figures.SEGMENT_MARKS:
            st.session_state["segment"] = int(point["customdata"][0])
            st.session_state["tab"] = "Segment"


def tabs(request: StarRequest, star: OpenedStar, card: ModelCard | None, known: Scored | None, cuts: SegmentPlan | None) -> None:
    """The tabs; only the open one is computed."""
    shown = st.tabs(address.TABS, key="tab", bind="query-params")
    draw: tuple[Callable[[], None], ...] = (
        lambda: _folds(request, star),
        lambda: _segment(star, card, known, cuts),
        lambda: _ephemerides(star),
        lambda: _data(star, card),
    )
    for tab, content in zip(shown, draw, strict=True):
        if tab.open:
            with tab, page.sentences():
                content()


def _folds(request: StarRequest, star: OpenedStar) -> None:
    if not star.ephemerides:
        st.markdown(
            "No ephemeris of this star is known here, so there is nothing to fold on. For stars of yours a table of ephemerides "
            "(CSV) can be named on the left."
        )
        return
    asked = st.session_state.get("obs") or ()
    members = tuple(i for i, p in enumerate(star.prepared) if p.observation in asked) or timeline.without_overlaps(star.prepared)
    results = opened.folds(request, star, members)
    count = len(results)
    in_row = 2 if count in (1, 2, 4) else 3
    for begin in range(0, count, in_row):
        for column, index in zip(st.columns(in_row), range(begin, min(begin + in_row, count)), strict=False):
            result, one = results[index], star.ephemerides[index]
            with column:
                st.markdown(f"**{page.escape(one.name)}** · {_fold_words(result)}")
                if len(result.flat):
                    st.plotly_chart(fold_figure(result, index), key=f"fold {star.target.id} {index}", config=CONFIG,
                                    alt=f"Folded transits of {one.name}")  # fmt: skip
    page.note(
        "All transits of a planet on top of each other, with those of the other planets left out and the trend fitted beside the "
        "transits only. Points are cadences, blue marks medians of bins with their errors, the dotted line the published depth.",
        "Good: a flat floor or a rounded U of the published depth, as wide as the band, and level on both sides.",
    )


def _fold_words(result: Fold) -> str:
    if result.depth_ppm is None or result.depth_err_ppm is None:
        return "no cadence in transit here"
    published = result.ephemeris.depth_ppm
    told = "" if published is None else f", published {published:,.0f} ppm"
    count = f"{result.num_transits} transit{'s' if result.num_transits != 1 else ''}"
    return f"{count}, depth {result.depth_ppm:,.0f} ± {result.depth_err_ppm:,.0f} ppm{told}"


def _segment(star: OpenedStar, card: ModelCard | None, known: Scored | None, cuts: SegmentPlan | None) -> None:
    if card is None or cuts is None or cuts.total == 0:
        st.markdown("What the network saw of one segment will stand here as soon as there is a model for this star's cadence.")
        return
    if "segment" not in st.session_state and (_segment_number() or 0) >= cuts.total:
        page.tell(f"There is no segment {_segment_number()}; this star has segments 0 to {cuts.total - 1}.")
    number = st.number_input("Segment", 0, cuts.total - 1, step=1, key="segment", bind="query-params", width=180,
                             help="Or click the strip of probabilities above")  # fmt: skip
    seen = inspection.inspect(star, card, int(number), cuts)
    words = f"Number {seen.number_within} of {page.escape(seen.observation)} · by ephemeris: **{seen.label}**"
    if known is not None:
        score = known.scores[cuts.place(int(number))[0]]
        if score is not None:
            words = f"Probability **{float(score.probability[seen.number_within]):.3f}** · {words}"
    st.markdown(words)
    st.plotly_chart(segment_figure(seen.view), key="segment chart", config=CONFIG, alt="All channels of one segment")
    page.note(
        "Exactly what the network was given, one panel a channel, in units of the star's own noise and compressed where large. "
        "The bands are for you; the network never sees an ephemeris.",
        "Good: a segment of high probability has a dip in the detrended channel and a peak in the matched filters at its band.",
    )


def _ephemerides(star: OpenedStar) -> None:
    if not star.ephemerides:
        st.markdown(
            "No ephemeris of this star is known here. A table of them (CSV), named on the left, is laid over the data."
        )
        return
    st.dataframe(tables.ephemerides(star), hide_index=True, width="stretch")
    st.caption(f"Source: {page.escape(star.catalogue)}. Drift is one sigma of the predicted mid-time at the last observation.")


def _data(star: OpenedStar, card: ModelCard | None) -> None:
    st.dataframe(tables.files(star), hide_index=True, width="stretch")
    st.markdown(tables.preparation(star))
    if card is not None:
        about = f"**Model {page.escape(card.model_id)}**: {page.escape(card.title)}."
        st.markdown(f"{about} {tables.trained_on(card, star.target.id)}")
        if card.metrics:
            st.dataframe(tables.metrics(card), hide_index=True, width="stretch")
        with st.expander("All of its card"):
            st.json(card.to_json(), expanded=1)


def score_then_redraw(request: StarRequest, star: OpenedStar, card: ModelCard) -> None:
    """Score the star, which loads the network the first time, and draw the page again with what came of it."""
    waiting.redraw_when(opened.score(request, star, card))
