"""The second tab of the vetting screen: what the detector saw, where the light fell, periods and aliases, probabilities."""

from collections.abc import Sequence

import streamlit as st

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.figures import periodogram, pixels, probability_fold
from astroseq_core.figures.layout import CONFIG
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.ui import jobs, page
from astroseq_core.ui.page import escape
from astroseq_core.ui.vet_star import VetStar
from astroseq_core.vetting import centroid, period_search
from astroseq_core.vetting.period_search import Spectrum

METHODS = ("bls", "tls")
#: What takes longer [s] begins only when it is asked for.
UNASKED_SECONDS = 8.0


def show(shown: VetStar, blind: bool) -> None:
    """Draw it."""
    ephemerides = () if shown.signal is None else (shown.signal.ephemeris, *shown.others)
    detector, periods, folded = st.tabs(("Detector", "Periods", "Probability"), key="vet details", on_change="rerun")
    with page.sentences():
        if periods.open:
            with periods:
                _periods(shown)
        elif folded.open:
            with folded:
                _probability(shown, blind)
        else:
            with detector:
                _detector(shown, ephemerides)


def _detector(shown: VetStar, ephemerides: Sequence[Ephemeris]) -> None:
    columns = shown.pixels
    usual = pixels.rows_shown(columns)
    if not usual:
        st.markdown(
            "Raw flux, background and the position of the light will stand here for light curves that come with them: FITS files "
            "of the missions, in a folder or fetched into the cache. These have none."
        )
        return
    names = {one.observation: i for i, one in enumerate(columns) if one is not None}
    rows: Sequence[int] = usual
    if len(names) > len(usual):
        asked = st.multiselect("Observations", list(names), max_selections=pixels.MOST_ROWS, label_visibility="collapsed",
                               placeholder=f"The first {len(usual)} of {len(names)} observations; pick others here",
                               key=f"vet rows {shown.target_id}")  # fmt: skip
        rows = [names[n] for n in asked] or usual
    if any(one is not None and one.simulated for one in columns):
        st.caption("Simulated, like the star.")
    figure = pixels.pixel_figure(columns, ephemerides, rows)
    if figure is not None:
        st.plotly_chart(figure, key="vet pixels", config=CONFIG, alt=f"Raw flux, background and positions of {shown.target_id}")
        page.note(*pixels.CAPTION)
    shift = None if shown.signal is None else centroid.centroid_shift(columns, shown.signal.ephemeris, shown.others)
    if shift is not None:
        left, right = st.columns((1.2, 1))
        with left:
            st.plotly_chart(pixels.centroid_figure(shift), key="vet centroid", config=CONFIG,
                            alt=f"Positions in and beside transit of {shown.target_id}")  # fmt: skip
        with right:
            said = f"In transit the light moves by {1e3 * shift.dx:.3f} ± {1e3 * shift.dx_err:.3f} thousandths of a pixel along x"
            st.markdown(f"{said} and {1e3 * shift.dy:.3f} ± {1e3 * shift.dy_err:.3f} along y: **{shift.sigma:.1f} σ**.")
            page.note(*pixels.SCATTER_CAPTION)


def _periods(shown: VetStar) -> None:
    prepared = shown.examined.prepared if shown.examined is not None else shown.star.prepared
    found = []
    for method in METHODS:
        one = _spectrum(shown, prepared, method)
        if one is not None:
            found.append(one)
    if not found:
        return
    period = None if shown.signal is None else shown.signal.ephemeris.period_days
    st.plotly_chart(periodogram.periodogram_figure(found, period), key="vet periods", config=CONFIG,
                    alt=f"Period searches of {shown.target_id}")  # fmt: skip
    words = [f"{periodogram.NAMES[s.method]}: {s.found.period_days:.5f} d at {s.found.statistic:.1f}" for s in found]
    st.caption(escape(" · ".join(words)))
    page.note(*periodogram.CAPTION)


def _spectrum(shown: VetStar, prepared: Sequence[PreparedCurve], method: str) -> Spectrum | None:
    """The spectrum once it is there; it is made beside the page, and by itself where that is quick."""
    name = periodogram.NAMES[method]
    key = f"spectrum {method} {shown.target_id} {[(p.observation, p.curve.provenance.sha256, len(p.time)) for p in prepared]}"
    job = jobs.all_jobs().get(key)
    if job is None:
        seconds = period_search.estimate_seconds(method, prepared)
        if seconds > UNASKED_SECONDS and not st.button(f"Search with {name}: about {seconds:.0f} s", key=f"vet search {method}",
                                                       icon=":material/search:"):  # fmt: skip
            return None
        curves = tuple(prepared)
        job = jobs.all_jobs().start(key, f"{name} of {shown.target_id}", lambda _: period_search.spectrum(method, curves))
    if not job.wait(jobs.PROMPT_SECONDS):
        jobs.watch(True, lambda: _searching(job, name))
        return None
    if job.problem is not None:
        st.warning(escape(job.problem), icon=":material/error:")
    return job.result  # type: ignore[no-any-return]


def _searching(job: jobs.Job, name: str) -> bool:
    if job.is_running:
        st.caption(f"{name} is searching …")
    return job.is_running


def _probability(shown: VetStar, blind: bool) -> None:
    if blind:
        st.markdown("The probabilities are hidden; H shows them.")
        return
    if shown.signal is None:
        st.markdown("There is no ephemeris to fold on yet.")
        return
    if shown.scored is None:
        if shown.card is None:
            st.markdown("There is no model for light curves like these, so there are no probabilities.")
            return
        st.caption("The network is at it …")
        return
    figure = probability_fold.probability_fold_figure(shown.scored.scores, shown.signal.ephemeris)
    if figure is None:
        st.markdown("None of these observations could be scored.")
        return
    st.plotly_chart(figure, key="vet probability", config=CONFIG, alt=f"Folded probabilities of {shown.target_id}")
    page.note(*probability_fold.CAPTION)
