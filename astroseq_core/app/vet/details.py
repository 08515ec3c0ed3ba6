"""The details tab of the vetting screen: pixel data, periodograms, and folded probabilities."""

from collections.abc import Sequence

import streamlit as st

from astroseq_core.app.shared import background, layout, names
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.vet.star import VetStar
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.plots import fold, periodogram, pixels
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.vetting import centroid
from astroseq_core.vetting import periodogram as vetting_periodogram
from astroseq_core.vetting.periodogram import Periodogram

PERIOD_METHODS = ("bls", "tls")
#: Searches that take longer than this [s] start only on request.
AUTOSTART_SECONDS = 8.0


def draw_details(shown: VetStar, blind: bool) -> None:
    """Draw the tab.

    Parameters
    ----------
    shown : VetStar
        The star.
    blind : bool
        Whether scores and probabilities are hidden.
    """
    ephemerides = () if shown.signal is None else (shown.signal.ephemeris, *shown.others)
    detector, periods, folded = st.tabs(("Detector", "Periods", "Probability"), key="vet details", on_change="rerun")
    with layout.errors_as_messages():
        if periods.open:
            with periods:
                _draw_periods(shown)
        elif folded.open:
            with folded:
                _draw_probability(shown, blind)
        else:
            with detector:
                _draw_detector(shown, ephemerides)
    names.draw_web_pages(shown.star.target, with_name=not blind)


def _draw_detector(shown: VetStar, ephemerides: Sequence[Ephemeris]) -> None:
    columns = shown.pixels
    usual = pixels.default_rows(columns)
    if not usual:
        st.markdown(
            "Raw flux, background and the position of the light will stand here for light curves that come with them: FITS files "
            "of the missions, in a folder or fetched into the cache. These have none."
        )
        return
    rows_by_name = {one.observation: i for i, one in enumerate(columns) if one is not None}
    rows: Sequence[int] = usual
    if len(rows_by_name) > len(usual):
        asked = st.multiselect(
            "Observations",
            list(rows_by_name),
            max_selections=pixels.MAX_ROWS,
            label_visibility="collapsed",
            placeholder=f"The first {len(usual)} of {len(rows_by_name)} observations; pick others here",
            key=f"vet rows {shown.target_id}",
        )
        rows = [rows_by_name[n] for n in asked] or usual
    if any(one is not None and one.simulated for one in columns):
        st.caption("Simulated, like the star.")
    figure = pixels.pixel_figure(columns, ephemerides, rows)
    if figure is not None:
        st.plotly_chart(
            figure, key="vet pixels", config=PLOTLY_CONFIG, alt=f"Raw flux, background and positions of {shown.target_id}"
        )
        layout.draw_note(*pixels.PIXEL_CAPTION)
    shift = None if shown.signal is None else centroid.centroid_shift(columns, shown.signal.ephemeris, shown.others)
    if shift is not None:
        left, right = st.columns((1.2, 1))
        with left:
            st.plotly_chart(
                pixels.centroid_figure(shift),
                key="vet centroid",
                config=PLOTLY_CONFIG,
                alt=f"Positions in and beside transit of {shown.target_id}",
            )
        with right:
            text = f"In transit the light moves by {1e3 * shift.dx:.3f} ± {1e3 * shift.dx_err:.3f} thousandths of a pixel along x"
            st.markdown(f"{text} and {1e3 * shift.dy:.3f} ± {1e3 * shift.dy_err:.3f} along y: **{shift.sigma:.1f} σ**.")
            layout.draw_note(*pixels.SCATTER_CAPTION)


def _draw_periods(shown: VetStar) -> None:
    detrended = shown.examined.detrended if shown.examined is not None else shown.star.detrended
    found = []
    for method in PERIOD_METHODS:
        one = _load_spectrum(shown, detrended, method)
        if one is not None:
            found.append(one)
    if not found:
        return
    period = None if shown.signal is None else shown.signal.ephemeris.period_days
    st.plotly_chart(
        periodogram.periodogram_figure(found, period),
        key="vet periods",
        config=PLOTLY_CONFIG,
        alt=f"Period searches of {shown.target_id}",
    )
    words = [f"{periodogram.METHOD_NAMES[s.method]}: {s.found.period_days:.5f} d at {s.found.statistic:.1f}" for s in found]
    st.caption(escape(" · ".join(words)))
    layout.draw_note(*periodogram.CAPTION)


def _load_spectrum(shown: VetStar, detrended: Sequence[DetrendedLightCurve], method: str) -> Periodogram | None:
    """Return the periodogram once a thread has computed it, unasked if that is quick."""
    name = periodogram.METHOD_NAMES[method]
    data = [(p.observation, p.light_curve.provenance.sha256, len(p.time)) for p in detrended]
    key = f"spectrum {method} {shown.target_id} {data}"
    job = background.job_registry().get(key)
    if job is None:
        seconds = vetting_periodogram.estimate_seconds(method, detrended)
        if seconds > AUTOSTART_SECONDS and not st.button(
            f"Search with {name}: about {seconds:.0f} s", key=f"vet search {method}", icon=":material/search:"
        ):
            return None
        curves = tuple(detrended)
        job = background.job_registry().start(
            key, f"{name} of {shown.target_id}", lambda _: vetting_periodogram.compute_periodogram(method, curves)
        )
    if not job.wait(background.PROMPT_SECONDS):
        background.watch(True, lambda: _draw_searching(job, name))
        return None
    if job.problem is not None:
        st.warning(escape(job.problem), icon=":material/error:")
    return job.result  # type: ignore[no-any-return]


def _draw_searching(job: background.PageJob, name: str) -> bool:
    if job.is_running:
        st.caption(f"{name} is searching …")
    return job.is_running


def _draw_probability(shown: VetStar, blind: bool) -> None:
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
    figure = fold.probability_fold_figure(shown.scored.scores, shown.signal.ephemeris)
    if figure is None:
        st.markdown("None of these observations could be scored.")
        return
    st.plotly_chart(figure, key="vet probability", config=PLOTLY_CONFIG, alt=f"Folded probabilities of {shown.target_id}")
    layout.draw_note(*fold.PROBABILITY_FOLD_CAPTION)
