"""Explore's figure of the star and the tabs below it."""

from functools import partial

import plotly.graph_objects as go
import streamlit as st

from astroseq_core.app.chart.component import clicked_point, draw_chart, viewed_range
from astroseq_core.app.explore import segment, state, tables
from astroseq_core.app.explore.segment import SegmentPlan
from astroseq_core.app.shared import background, layout, stars
from astroseq_core.app.shared.stars import ScoredStar
from astroseq_core.networks.card import ModelCard
from astroseq_core.plots import _timeline
from astroseq_core.plots import light_curve as star_figures
from astroseq_core.plots.fold import fold_figure
from astroseq_core.plots.light_curve import StarView, star_figure
from astroseq_core.plots.segments import segment_figure
from astroseq_core.scoring.star_data import StarData, StarRequest
from astroseq_core.vetting.fold import TransitFold

CHART_KEY = "star chart"
#: Session key of the span whose cadences are all drawn [d], by star: the last one only.
WHOLE_KEY = "star chart whole"
#: About how many cadences are sent at once, for both panels together 2 MB.
MAX_POINTS = 120_000
#: Sentences about light curves that are left out which are shown at once; the rest is folded.
LEFT_OUT_SHOWN = 4


def draw_light_curve(
    request: StarRequest, star: StarData, card: ModelCard | None, known: ScoredStar | None
) -> SegmentPlan | None:
    """Draw the star's light curve with the selector of observations.

    Parameters
    ----------
    request : StarRequest
        The request of the star.
    star : StarData
        The star.
    card : ModelCard or None
        The model it is scored with.
    known : ScoredStar or None
        Its scores, None while they are being computed.

    Returns
    -------
    SegmentPlan or None
        The star's segments, None without a model.
    """
    segments = None if card is None else segment.plan_segments(star, card)
    _draw_selectors(star)
    members = drawn_indices(star)
    whole = st.session_state.get(WHOLE_KEY, {}).get(star.target.id)
    chosen, note = _highlighted_span(star, card, segments), _strip_note(star, card, known)

    def figure() -> go.Figure:
        return star_figure(
            StarView(
                detrended=tuple(star.detrended[i] for i in members),
                ephemerides=star.ephemerides,
                scores=() if known is None else tuple(known.scores[i] for i in members),
                first_segment=() if segments is None else tuple(segments.first[i] for i in members),
                note=note,
                chosen=chosen,
                max_points=MAX_POINTS,
                whole=whole,
            )
        )

    scored = None if card is None or known is None else card.sha256
    draw_chart(
        figure,
        key=CHART_KEY,
        content=(request, stars.source_stamp(request), members, star.ephemerides, scored, note, chosen, whole),
        on_click=_select_clicked_segment,
        on_range=partial(_draw_all_of, star.target.id),
        alt=f"Light curve of {star.target} with predicted transits and segment probabilities",
    )
    if card is None:
        st.info(
            f"No model here was made for {star.instrument.name} at {star.detrended[0].cadence_minutes:.3g} min, so the strip "
            "stays empty. Models are folders under `models/`; `python -m astroseq_core train --recipe NAME` makes one.",
            icon=":material/neurology:",
        )
    layout.draw_note(
        "On top the light curve as observed with its slow trend; bands are predicted transits, with a paler "
        "halo where the prediction has drifted and only an outline where it is doubtful. In the strip each piece has the mean "
        "probability of all segments that cover it, on one scale from 0 to 1; click it to see a segment. At the bottom the light "
        "curve without its trend.",
        "Good: dips stand in the bands and nowhere else, the strip is bright there and dark elsewhere, and the trend does not "
        "follow the dips.",
    )
    if known is not None:
        layout.draw_problems(known.failures)
    layout.draw_problems(star.problems)
    for one in star.left_out[:LEFT_OUT_SHOWN]:
        st.caption(layout.escape(one.reason))
    layout.draw_problems(tuple(one.reason for one in star.left_out[LEFT_OUT_SHOWN:]))
    return segments


def drawn_indices(star: StarData) -> tuple[int, ...]:
    """Return which observations are drawn: the selected ones, by default the first few.

    Parameters
    ----------
    star : StarData
        The star.

    Returns
    -------
    tuple of int
        Indices, also before the selector is first drawn.
    """
    asked = st.session_state.get(state.OBSERVATIONS.name) or state.OBSERVATIONS.read()
    members = tuple(i for i, one in enumerate(star.detrended) if one.observation in asked)
    return members or _timeline.default_observation_indices(star.detrended)


def _draw_selectors(star: StarData) -> None:
    """Draw the choice among products of the same time, and that of observations, where there is one."""
    if star.products:
        state.PRODUCT.fill_field()
        if st.session_state.get(state.PRODUCT.name) not in star.products:
            st.session_state[state.PRODUCT.name] = ""
        product = st.selectbox(
            "Where several light curves cover the same time",
            ("", *star.products),
            key=state.PRODUCT.name,
            format_func=lambda word: f"take {word} first" if word else "take the best, by the usual order",
            width=420,
        )
        state.PRODUCT.write(product)
    else:
        state.PRODUCT.release_field()
        state.PRODUCT.remove()
    names = list(dict.fromkeys(p.observation for p in star.detrended))
    if len(names) == 1:
        return
    usual = _timeline.default_observation_indices(star.detrended)
    st.multiselect(
        "Observations",
        names,
        key="obs",
        bind="query-params",
        label_visibility="collapsed",
        placeholder=f"All {len(names)} observations"
        if len(usual) == len(names)
        else f"The first {len(usual)} of {len(names)} observations; pick others here",
    )


def _strip_note(star: StarData, card: ModelCard | None, known: ScoredStar | None) -> str:
    if card is None:
        return f"no model for {star.instrument.name} at this cadence"
    if known is None:
        return f"scoring with {card.model_id} …"
    return "" if any(s is not None for s in known.scores) else "none of these observations could be scored"


def _segment_number() -> int | None:
    """Return the selected segment: the widget's, or the URL's before the widget is first drawn."""
    value: int | None = st.session_state[name] if (name := state.SEGMENT.name) in st.session_state else state.SEGMENT.read()
    return value


def _open_tab() -> str:
    """Return the open tab, also before the tabs are first drawn."""
    return str(st.session_state.get(state.TAB.name) or state.TAB.read())


def _highlighted_span(star: StarData, card: ModelCard | None, segments: SegmentPlan | None) -> tuple[float, float] | None:
    """Return start and end of the segment to highlight [d], if its tab is open."""
    number = _segment_number()
    if card is None or segments is None or number is None or _open_tab() != state.SEGMENT_TAB or not 0 <= number < segments.total:
        return None
    seen = segment.inspect_segment(star, card, number, segments)
    return seen.start, seen.stop


def _select_clicked_segment() -> None:
    """Select the segment that was clicked in the probability strip."""
    point = clicked_point(CHART_KEY)
    if point.get("group") == star_figures.SEGMENT_MARKS:
        st.session_state["segment"] = int(point["customdata"][0])
        st.session_state[state.TAB.name] = state.SEGMENT_TAB


def _draw_all_of(target_id: str) -> None:
    """Draw all cadences of the span that is looked at from now on."""
    span = viewed_range(CHART_KEY)
    if span is not None:
        st.session_state[WHOLE_KEY] = {target_id: span}


def draw_tabs(
    request: StarRequest, star: StarData, card: ModelCard | None, known: ScoredStar | None, segments: SegmentPlan | None
) -> None:
    """Draw the tabs. Only the open one is computed.

    Parameters
    ----------
    request : StarRequest
        The request of the star.
    star : StarData
        The star.
    card : ModelCard or None
        The model it is scored with.
    known : ScoredStar or None
        Its scores, None while they are being computed.
    segments : SegmentPlan or None
        The star's segments, None without a model.
    """
    contents = {
        state.FOLDS_TAB: lambda: _draw_folds(request, star),
        state.SEGMENT_TAB: lambda: _draw_segment(star, card, known, segments),
        state.EPHEMERIDES_TAB: lambda: _draw_ephemerides(star),
        state.DATA_TAB: lambda: _draw_data(star, card),
    }
    layout.draw_tabs(state.TAB, contents)


def _draw_folds(request: StarRequest, star: StarData) -> None:
    if not star.ephemerides:
        st.markdown(
            "No ephemeris of this star is known here, so there is nothing to fold on. For stars of yours a table of ephemerides "
            "(CSV) can be named on the left."
        )
        return
    asked = st.session_state.get("obs") or ()
    everything = tuple(range(len(star.detrended)))
    members = tuple(i for i in everything if star.detrended[i].observation in asked) or everything
    results = stars.load_folds(request, star, members)
    count = len(results)
    in_row = 2 if count in (1, 2, 4) else 3
    for begin in range(0, count, in_row):
        for column, index in zip(st.columns(in_row), range(begin, min(begin + in_row, count)), strict=False):
            result, one = results[index], star.ephemerides[index]
            with column:
                st.markdown(f"**{layout.escape(one.name)}** · {_fold_words(result)}")
                if len(result.flat):
                    draw_chart(
                        partial(fold_figure, result, index),
                        key=f"fold {index}",
                        content=(request, stars.source_stamp(request), members, star.ephemerides),
                        alt=f"Folded transits of {one.name}",
                    )
    layout.draw_note(
        "All transits of a planet on top of each other, with those of the other planets left out and the trend fitted beside the "
        "transits only. Points are cadences, blue marks medians of bins with their errors, the dotted line the published depth.",
        "Good: a flat floor or a rounded U of the published depth, as wide as the band, and level on both sides.",
    )


def _fold_words(result: TransitFold) -> str:
    if result.depth_ppm is None or result.depth_err_ppm is None:
        return "no cadence in transit here"
    published = result.ephemeris.depth_ppm
    messages = "" if published is None else f", published {published:,.0f} ppm"
    count = f"{result.num_transits} transit{'s' if result.num_transits != 1 else ''}"
    return f"{count}, depth {result.depth_ppm:,.0f} ± {result.depth_err_ppm:,.0f} ppm{messages}"


def _draw_segment(star: StarData, card: ModelCard | None, known: ScoredStar | None, segments: SegmentPlan | None) -> None:
    if card is None or segments is None or segments.total == 0:
        st.markdown("What the network saw of one segment will stand here as soon as there is a model for this star's cadence.")
        return
    if "segment" not in st.session_state and (_segment_number() or 0) >= segments.total:
        layout.warn(f"There is no segment {_segment_number()}; this star has segments 0 to {segments.total - 1}.")
    number = st.number_input(
        "Segment",
        0,
        segments.total - 1,
        step=1,
        key="segment",
        bind="query-params",
        width=180,
        help="Or click the strip of probabilities above",
    )
    seen = segment.inspect_segment(star, card, int(number), segments)
    words = f"Number {seen.number_within} of {layout.escape(seen.observation)} · by ephemeris: **{seen.label}**"
    if known is not None:
        score = known.scores[segments.locate(int(number))[0]]
        if score is not None:
            words = f"Probability **{float(score.probability[seen.number_within]):.3f}** · {words}"
    st.markdown(words)
    draw_chart(segment_figure(seen.view), key="segment chart", alt="All channels of one segment")
    layout.draw_note(
        "Exactly what the network was given, one panel a channel, in units of the star's own noise and compressed where large. "
        "The bands are for you; the network never sees an ephemeris.",
        "Good: a segment of high probability has a dip in the detrended channel and a peak in the matched filters at its band.",
    )


def _draw_ephemerides(star: StarData) -> None:
    if not star.ephemerides:
        st.markdown("No ephemeris of this star is known here. A table of them (CSV), named on the left, is laid over the data.")
        return
    st.dataframe(tables.ephemeris_table(star), hide_index=True, width="stretch")
    st.caption(f"Source: {layout.escape(star.catalog)}. Drift is one sigma of the predicted mid-time at the last observation.")


def _draw_data(star: StarData, card: ModelCard | None) -> None:
    st.dataframe(tables.observation_table(star), hide_index=True, width="stretch")
    st.markdown(tables.preprocessing_sentence(star))
    if card is not None:
        about = f"**Model {layout.escape(card.model_id)}**: {layout.escape(card.title)}."
        st.markdown(f"{about} {tables.training_sentence(card, star.target.id)}")
        if card.metrics:
            st.dataframe(tables.metrics_table(card), hide_index=True, width="stretch")
        with st.expander("All of its card"):
            st.json(card.to_json(), expanded=1)


def score_then_redraw(request: StarRequest, star: StarData, card: ModelCard) -> None:
    """Score the star and redraw the page. The first call loads the network.

    Parameters
    ----------
    request : StarRequest
        The request of the star.
    star : StarData
        The star.
    card : ModelCard
        The model.
    """
    background.redraw_when_done(stars.submit_scoring(request, star, card))
