"""The vetting screen: all evidence on one star at fixed positions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.app.shared import background, layout, signals, stars
from astroseq_core.app.vet import actions, decision, details, ephemeris, header, keys, look, signal_tabs, star, state, summary
from astroseq_core.app.vet import showing as showings
from astroseq_core.app.vet.showing import Showing
from astroseq_core.app.vet.star import VetStar
from astroseq_core.errors import AstroSeqError
from astroseq_core.plots import vetting as vetting_panels
from astroseq_core.plots.signal_views import SIGNAL_VIEWS_CAPTION, signal_views_figure
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.plots.vetting import PHASE_MARKS, PanelCaptions, vetting_panels_figure
from astroseq_core.plots.vetting_light_curve import VettingLightCurveView, vetting_light_curve_figure
from astroseq_core.signals import class_words
from astroseq_core.signals.star_signals import StarSignal
from astroseq_core.store import queue_orders, queues
from astroseq_core.store.queue_summary import CLASS_NAME, CLASS_PROBABILITY
from astroseq_core.store.queues import QueueProgress

if TYPE_CHECKING:
    from astroseq_core.vetting.examine import Examination

#: Height of the figure of the classifier's views [px]: that of the measured panels, so that all fits on the screen.
VIEWS_HEIGHT = vetting_panels.HEIGHT


#: Relative widths of the evidence and the decision panel.
COLUMNS = (3.35, 1.0)
PANELS_KEY = "vet panels"


def draw_queue(queue_id: str, reviewer: str) -> None:
    """Draw the current star of a queue, or that all are done.

    Parameters
    ----------
    queue_id : str
        The queue.
    reviewer : str
        The reviewer.
    """
    look.apply()
    keys.install_key_listener()
    queue = queues.load(queue_id)
    if actions.POSITION_KEY not in st.session_state or st.session_state.get(actions.QUEUE_KEY) != queue_id:
        asked = state.AT.read()
        first = queues.load_progress(queue_id, reviewer).first_undone
        st.session_state[actions.POSITION_KEY] = asked - 1 if asked is not None and asked <= queue.num else first or 0
        st.session_state[actions.QUEUE_KEY] = queue_id
    at = int(st.session_state[actions.POSITION_KEY])
    progress = queues.load_progress(queue_id, reviewer)
    st.progress(progress.done / max(progress.in_all, 1))
    if at >= queue.num:
        showings.end_showing()
        summary.draw_summary(queue_id, reviewer, progress)
        return
    state.AT.write(at + 1)
    items = queues.list_items(queue_id, at, 2)
    shown = _draw_one_star(_with_model(items[0]), queue_id, at, reviewer, progress, _progress_words(queue, at, progress))
    if len(items) > 1 and at + 1 < queue.num:
        # Prepare the next star while the reviewer looks at this one.
        star.prepare_in_background(_with_model(items[1]))
    _wait_for_more(shown)


def draw_star(location: Mapping[str, str], reviewer: str) -> None:
    """Draw a single star that the URL names.

    Parameters
    ----------
    location : Mapping of str to str
        URL parameters that locate the star.
    reviewer : str
        The reviewer.
    """
    look.apply()
    keys.install_key_listener()
    _wait_for_more(_draw_one_star(location, "", 0, reviewer, None, ""))


def _wait_for_more(shown: VetStar | None) -> None:
    """Score the star if needed, then search and classify its signals; redraw after each. Keys are handled meanwhile."""
    if shown is None or shown.card is None or st.session_state.get(actions.BLIND_KEY):
        return
    with layout.errors_as_messages():
        if shown.scored is None:
            background.redraw_when_done(stars.submit_scoring(shown.request, shown.star, shown.card))
        elif not shown.complete:
            search = signals.search_function()
            background.redraw_when_done(search(shown.request, shown.star, shown.model_id, shown.scored, shown.sources))


def _with_model(item: queue_orders.QueueItem) -> dict[str, str]:
    return dict(item.place) | ({"model": item.model_id} if item.model_id and "model" not in item.place else {})


def _progress_words(queue: queues.Queue, at: int, progress: QueueProgress) -> str:
    """Format the queue's progress in two short lines."""
    pace = "" if progress.per_hour is None else f" · {progress.per_hour:.0f} an hour"
    return f"**{min(at + 1, queue.num):,}** of {queue.num:,}{pace}  \n{progress.done:,} done, {queue.num - progress.done:,} left"


def _draw_one_star(
    location: Mapping[str, str], queue_id: str, at: int, reviewer: str, progress: QueueProgress | None, progress_words: str
) -> VetStar | None:
    """Draw the star and return it; None if it cannot be opened."""
    try:
        shown = star.load_vet_star(location, signal_tabs.asked_signal(location))
    except AstroSeqError as error:
        # It can still be marked as unsure, or skipped.
        st.error(layout.escape(error), icon=":material/error:")
        _draw_unreadable_star(location, queue_id, at, reviewer, progress)
        return None
    signal_tabs.write_address(shown)
    in_use = None if shown.signal is None else shown.signal.ephemeris
    showing = showings.begin_showing(shown.target_id, queue_id, at, reviewer, in_use)
    blind = bool(st.session_state.setdefault(actions.BLIND_KEY, state.BLIND.read()))
    state.BLIND.write(blind)
    header.draw_header(shown, showing, blind, progress_words)
    left, right = st.columns(COLUMNS, gap="small")
    given = signal_tabs.signal_dispositions(shown)
    with left:
        signal_tabs.draw_signal_tabs(shown, showing, given, blind)
        contents = {
            state.VET_TAB: lambda: _draw_charts(shown, showing, blind),
            state.CLASSIFIER_TAB: lambda: _draw_charts(shown, showing, blind, as_classifier=True),
            state.DETAILS_TAB: lambda: details.draw_details(shown, blind),
        }
        layout.draw_tabs(state.SCREEN_TAB, contents)
    with right:
        decision.draw_decision_panel(shown, showing, progress, given)
    # Last: the whole star has been sent, so keys count for it from now on.
    showings.mark_sent(_disposition_facts(shown) | signal_tabs.signal_facts(shown, showing, given))
    return shown


def _draw_unreadable_star(
    location: Mapping[str, str], queue_id: str, at: int, reviewer: str, progress: QueueProgress | None
) -> None:
    showing = showings.begin_showing(location.get("target", ""), queue_id, at, reviewer)
    if progress is None:
        return
    st.caption("It cannot be looked at, so nothing is decided on it; go on with the arrows, or call it unsure.")
    unsure, back, on = keys.decision_key("UNSURE"), keys.key_of(keys.Action.BACK), keys.key_of(keys.Action.NEXT)
    with st.container(horizontal=True):
        st.button(back.help, key="broken back", shortcut=back.key, on_click=actions.move_in_queue, args=(-1, progress.in_all))
        st.button(
            unsure.label,
            key=keys.decision_button_key(unsure.disposition, showing.token),
            shortcut=unsure.key,
            on_click=actions.decide,
            args=(showing.token, unsure.disposition),
        )
        st.button(on.help, key="broken on", shortcut=on.key, on_click=actions.move_in_queue, args=(1, progress.in_all))
    showings.mark_sent({})


def _draw_charts(shown: VetStar, showing: Showing, blind: bool, as_classifier: bool = False) -> None:
    """Draw the light curve, and below it what was measured of the signal, or what the classifier sees of it."""
    note = ""
    if blind:
        note = "hidden"
    elif shown.card is None:
        note = f"no model for {shown.star.instrument.name} at this cadence"
    elif shown.scored is None:
        note = f"{shown.card.model_id} is on its way …"
    with st.container(key=keys.FIGURES_CONTAINER, gap="small"):
        st.plotly_chart(
            keys.mark_figure(vetting_light_curve_figure(_light_curve_view(shown, blind, note)), showing.token),
            key="vet curve seen" if as_classifier else "vet curve",
            config=PLOTLY_CONFIG,
            alt=f"Light curve of {shown.target_id} with transit windows and probabilities",
        )
        if shown.examined is None or shown.signal is None:
            st.info("There is no ephemeris to fold on yet; adopt one on the right.", icon=":material/timeline:")
        elif as_classifier:
            _draw_views(shown, shown.signal, showing)
        else:
            _draw_panels(shown, shown.examined, showing)


def _draw_views(shown: VetStar, signal: StarSignal, showing: Showing) -> None:
    """Draw the signal as the classifier sees it."""
    found, pictures, row = signals.load_views(
        signals.signals_in_memory(), shown.request, shown.star, shown.signals, signal.number
    )
    figure = signal_views_figure(found, pictures, row)
    figure.update_layout(height=VIEWS_HEIGHT)
    st.plotly_chart(
        keys.mark_figure(figure, showing.token),
        key="vet views",
        config=PLOTLY_CONFIG,
        alt=f"Folds of {shown.target_id} as the classifier sees them",
    )
    layout.draw_note(*SIGNAL_VIEWS_CAPTION)


def _draw_panels(shown: VetStar, examined: "Examination", showing: Showing) -> None:
    """Draw what was measured of the signal."""

    def moved() -> None:
        panels: Any = st.session_state.get(PANELS_KEY)
        for point in [] if panels is None else panels["selection"]["points"]:
            if point.get("legendgroup") == PHASE_MARKS:
                ephemeris.shift_epoch(shown, showing, float(point["x"]))

    st.plotly_chart(
        keys.mark_figure(vetting_panels_figure(examined), showing.token),
        key=PANELS_KEY,
        on_select=moved,
        selection_mode="points",
        config=PLOTLY_CONFIG,
        alt=f"Folds, odd and even transits, secondary search and single transits of {shown.target_id}",
    )
    captions = PanelCaptions()
    layout.draw_note(captions.what, captions.good)


def _light_curve_view(shown: VetStar, blind: bool, note: str) -> VettingLightCurveView:
    if shown.examined is not None and shown.signal is not None:
        detrended, flats = shown.examined.detrended, shown.examined.flats
        ephemerides = (shown.signal.ephemeris, *shown.others)
    else:
        detrended, flats, ephemerides = shown.star.detrended, tuple(p.flat for p in shown.star.detrended), ()
    scores: tuple[Any, ...] = ()
    if shown.scored is not None and not blind:
        by_name = {p.observation: s for p, s in zip(shown.star.detrended, shown.scored.scores, strict=True)}
        scores = tuple(by_name.get(p.observation) for p in detrended)
    return VettingLightCurveView(tuple(detrended), tuple(flats), ephemerides, scores, note)


def _disposition_facts(shown: VetStar) -> dict[str, Any]:
    """Return what a disposition stores: the ephemeris, the score, and the measured values."""
    facts: dict[str, Any] = {"score": shown.score, "model_id": shown.row.model_id if shown.row else ""}
    if not facts["model_id"] and shown.card is not None and shown.score is not None:
        facts["model_id"] = shown.card.model_id
    if shown.signal is None:
        return facts
    ephemeris, fit = shown.signal.ephemeris, None if shown.examined is None else shown.examined.fit
    measured: dict[str, float | str] = {}
    has_level = shown.examined is None or shown.examined.has_level
    if fit is not None:
        measured = {"duration_hours": fit.duration_hours, "duration_err_hours": fit.duration_err_hours, "impact": fit.impact}
        if has_level:
            measured |= {"depth_ppm": fit.depth_ppm, "depth_err_ppm": fit.depth_err_ppm, "radius_ratio": fit.radius_ratio}
    elif has_level and shown.examined is not None and (depth := shown.examined.fold.depth_ppm or shown.examined.depth_ppm):
        error = shown.examined.fold.depth_err_ppm if shown.examined.fold.depth_ppm else None
        measured = {"depth_ppm": depth}
        if error is not None:
            measured["depth_err_ppm"] = error
    found = measured.get("depth_ppm")
    if ephemeris.depth_ppm is None and isinstance(found, float) and found > 0:
        ephemeris = replace(ephemeris, depth_ppm=found)
    if shown.signal.classes is not None:
        best = class_words.likeliest(shown.signal.classes)
        measured |= {CLASS_NAME: best.name, CLASS_PROBABILITY: float(best.probability)}
    if shown.examined is not None:
        measured |= {f"check_{c.name}": str(c.flag) for c in shown.examined.checks}
    return facts | {"ephemeris": ephemeris, "measured": measured}
