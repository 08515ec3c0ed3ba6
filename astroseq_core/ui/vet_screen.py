"""The vetting screen: one star, everything to judge it by in the same place each time, and the keys that decide."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from astroseq_core.errors import AstroSeqError
from astroseq_core.figures.layout import CONFIG
from astroseq_core.figures.vetting_curve import CurveView, curve_figure
from astroseq_core.figures.vetting_panels import PHASE_MARKS, Captions, panels_figure
from astroseq_core.store import queues
from astroseq_core.store.queues import Progress
from astroseq_core.ui import (
    opened,
    page,
    query,
    vet_bar,
    vet_details,
    vet_ephemeris,
    vet_header,
    vet_keys,
    vet_showing,
    vet_star,
    vet_votes,
    waiting,
)
from astroseq_core.ui import vet_address as written
from astroseq_core.ui.vet_showing import Showing
from astroseq_core.ui.vet_star import VetStar

#: Parts of the width: what is looked at, what is decided.
COLUMNS = (3.35, 1.0)
PANELS_KEY = "vet panels"
#: Less room above than on other pages and smaller headings: all of it stands on a laptop's screen without scrolling. Figures and
#: buttons keep still between stars: no fading of what is about to be replaced.
_STYLE = """<style>
[data-testid="stMainBlockContainer"] {padding: 0.6rem 1rem 0.5rem; gap: 0.5rem}
[data-testid="stHeader"] {background: transparent; pointer-events: none}
[data-testid="stHeader"] button {pointer-events: auto}
[data-testid="stProgress"] {padding-left: 3.2rem}
.st-key-vet-header {padding-left: 3.2rem; min-height: 2.7rem}
.st-key-vet-header p {font-size: 0.83rem; line-height: 1.25rem; margin: 0}
.st-key-vet-header h3 {padding: 0}
.st-key-vet-header [data-testid="stMarkdownContainer"] {margin-bottom: 0}
.st-key-vet-checks p, .st-key-vet-checks summary {font-size: 0.83rem; line-height: 1.2rem}
.st-key-vet-way button {padding: 0.25rem 0.45rem; min-width: 0}
.st-key-vet-more button {padding: 0.25rem 0.55rem}
.st-key-vet-reasons button {min-height: 1.55rem; padding: 0 0.5rem; font-size: 0.75rem}
.st-key-vet-reasons [data-testid="stButtonGroup"] > div {gap: 0.25rem}
@media (max-width: 900px) {
  .st-key-vet-figures {overflow-x: auto}
  .st-key-vet-figures [data-testid="stPlotlyChart"] {min-width: 880px}
}
[data-testid="stElementContainer"] {transition: none !important}
</style>"""


def show_queue(queue_id: str, reviewer: str) -> None:
    """Draw the star of the queue whose turn it is, or that all are done."""
    st.html(_STYLE)
    vet_keys.listen()
    queue = queues.get(queue_id)
    if vet_votes.AT not in st.session_state or st.session_state.get(vet_votes.QUEUE) != queue_id:
        asked = written.whole(query.text(written.AT))
        first = queues.progress(queue_id, reviewer).first_undone
        st.session_state[vet_votes.AT] = asked - 1 if asked is not None and asked <= queue.num else first or 0
        st.session_state[vet_votes.QUEUE] = queue_id
    at = int(st.session_state[vet_votes.AT])
    progress = queues.progress(queue_id, reviewer)
    st.progress(progress.done / max(progress.in_all, 1))
    if at >= queue.num:
        _finished(queue_id, progress)
        return
    query.write({written.AT: str(at + 1)})
    items = queues.items(queue_id, at, 2)
    shown = _star(_with_model(items[0]), queue_id, at, reviewer, progress, _words(queue, at, progress))
    if len(items) > 1 and at + 1 < queue.num:
        # The next star is made ready while this one is read.
        vet_star.prepare(_with_model(items[1]))
    _wait_for_probabilities(shown)


def show_star(place: Mapping[str, str], reviewer: str) -> None:
    """Draw a single star that the address names."""
    st.html(_STYLE)
    vet_keys.listen()
    _wait_for_probabilities(_star(place, "", 0, reviewer, None, ""))


def _wait_for_probabilities(shown: VetStar | None) -> None:
    """Where the star has none yet, draw the page again when they are there; keys count meanwhile."""
    if shown is None or shown.scored is not None or shown.card is None or st.session_state.get(vet_votes.BLIND):
        return
    with page.sentences():
        waiting.redraw_when(opened.score(shown.request, shown.star, shown.card))


def _with_model(item: queues.Item) -> dict[str, str]:
    return dict(item.place) | ({"model": item.model_id} if item.model_id and "model" not in item.place else {})


def _words(queue: queues.Queue, at: int, progress: Progress) -> str:
    """How far the queue is, in two short lines."""
    pace = "" if progress.per_hour is None else f" · {progress.per_hour:.0f} an hour"
    return f"**{min(at + 1, queue.num):,}** of {queue.num:,}{pace}  \n{progress.done:,} done, {queue.num - progress.done:,} left"


def _finished(queue_id: str, progress: Progress) -> None:
    vet_showing.end()
    st.subheader("All stars of this queue have a verdict of yours.", anchor=False)
    st.markdown(f"{progress.done:,} stars. The candidates can be exported; the verdicts stand in the list of all.")
    with st.container(horizontal=True):
        st.button("Look at them again", on_click=vet_votes.move, args=(-progress.in_all, progress.in_all), key="vet again",
                  icon=":material/replay:")  # fmt: skip
        st.button("All queues", on_click=vet_bar.leave, key="vet all queues", icon=":material/list:", type="primary")


def _star(
    place: Mapping[str, str], queue_id: str, at: int, reviewer: str, progress: Progress | None, progress_words: str
) -> VetStar | None:
    """Draw the star; it comes back, None where it cannot be opened."""
    try:
        shown = vet_star.get(place, query.text(written.SIGNAL))
    except AstroSeqError as error:
        # It can still be judged: as unsure, or passed over.
        st.error(page.escape(error), icon=":material/error:")
        _broken(place, queue_id, at, reviewer, progress)
        return None
    showing = vet_showing.begin(shown.target_id, queue_id, at, reviewer)
    blind = bool(st.session_state.setdefault(vet_votes.BLIND, query.text(written.BLIND) == "1"))
    query.write({written.BLIND: "1" if blind else None})
    vet_header.show(shown, blind, progress_words)
    left, right = st.columns(COLUMNS, gap="small")
    with left:
        first, second = st.tabs(written.SCREEN_TABS, key="tab", bind="query-params", on_change="rerun")
        if second.open:
            with second, page.sentences():
                vet_details.show(shown, blind)
        else:
            with first, page.sentences():
                _charts(shown, showing, blind)
    with right:
        vet_bar.show(shown, showing, progress)
    # Last of all: everything of the star has been sent, so that keys now mean this star.
    vet_showing.sent(_facts(shown, blind))
    return shown


def _broken(place: Mapping[str, str], queue_id: str, at: int, reviewer: str, progress: Progress | None) -> None:
    showing = vet_showing.begin(place.get("target", ""), queue_id, at, reviewer)
    if progress is None:
        return
    st.caption("It cannot be looked at, so nothing is decided on it; go on with the arrows, or call it unsure.")
    with st.container(horizontal=True):
        st.button("The star before", key="broken back", shortcut="Left", on_click=vet_votes.move, args=(-1, progress.in_all))
        st.button("Unsure", key=f"vote UNSURE {showing.token}", shortcut="U", on_click=vet_votes.vote,
                  args=(showing.token, "UNSURE"))  # fmt: skip
        st.button("The next star", key="broken on", shortcut="Right", on_click=vet_votes.move, args=(1, progress.in_all))
    vet_showing.sent({})


def _charts(shown: VetStar, showing: Showing, blind: bool) -> None:
    """The figures."""
    note = ""
    if blind:
        note = "hidden"
    elif shown.card is None:
        note = f"no model for {shown.star.instrument.name} at this cadence"
    elif shown.scored is None:
        note = f"{shown.card.model_id} is on its way …"
    with st.container(key="vet figures", gap="small"):
        _figures(shown, showing, curve_figure(_curve_view(shown, blind, note)))


def _figures(shown: VetStar, showing: Showing, curve: Any) -> None:
    st.plotly_chart(curve, key="vet curve", config=CONFIG,
                    alt=f"Light curve of {shown.target_id} with transit windows and probabilities")  # fmt: skip
    if shown.examined is None:
        st.info("There is no ephemeris to fold on yet; take one in hand on the right.", icon=":material/timeline:")
        return

    def moved() -> None:
        state: Any = st.session_state.get(PANELS_KEY)
        for point in [] if state is None else state["selection"]["points"]:
            if point.get("legendgroup") == PHASE_MARKS:
                vet_ephemeris.shift(shown, showing, float(point["x"]))

    st.plotly_chart(panels_figure(shown.examined), key=PANELS_KEY, on_select=moved, selection_mode="points", config=CONFIG,
                    alt=f"Folds, odd and even transits, secondary search and single transits of {shown.target_id}")  # fmt: skip
    captions = Captions()
    page.note(captions.what, captions.good)


def _curve_view(shown: VetStar, blind: bool, note: str) -> CurveView:
    if shown.examined is not None and shown.signal is not None:
        prepared, flats = shown.examined.prepared, shown.examined.flats
        ephemerides = (shown.signal.ephemeris, *shown.others)
    else:
        prepared, flats, ephemerides = shown.star.prepared, tuple(p.flat for p in shown.star.prepared), ()
    scores: tuple[Any, ...] = ()
    if shown.scored is not None and not blind:
        by_name = {p.observation: s for p, s in zip(shown.star.prepared, shown.scored.scores, strict=True)}
        scores = tuple(by_name.get(p.observation) for p in prepared)
    return CurveView(tuple(prepared), tuple(flats), ephemerides, scores, note)


def _facts(shown: VetStar, blind: bool) -> dict[str, Any]:
    """What a verdict on the star keeps: the ephemeris that was looked at, the score, and what was measured."""
    facts: dict[str, Any] = {"score": shown.score, "model_id": shown.row.model_id if shown.row else ""}
    if not facts["model_id"] and shown.card is not None and shown.score is not None:
        facts["model_id"] = shown.card.model_id
    if shown.signal is None:
        return facts
    ephemeris, fit = shown.signal.ephemeris, None if shown.examined is None else shown.examined.fit
    measured: dict[str, float | str] = {}
    if fit is not None:
        measured = {
            "depth_ppm": fit.depth_ppm, "depth_err_ppm": fit.depth_err_ppm, "duration_hours": fit.duration_hours,
            "duration_err_hours": fit.duration_err_hours, "radius_ratio": fit.radius_ratio, "impact": fit.impact,
        }  # fmt: skip
        if ephemeris.depth_ppm is None:
            ephemeris = replace(ephemeris, depth_ppm=fit.depth_ppm)
    if shown.examined is not None:
        measured |= {f"check_{c.name}": str(c.flag) for c in shown.examined.checks}
    return facts | {"ephemeris": ephemeris, "measured": measured}
