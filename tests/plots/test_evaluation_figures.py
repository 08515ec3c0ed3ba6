"""Pictures of a report show its numbers."""

from dataclasses import replace

import numpy as np
import pytest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.evaluation import metrics
from astroseq_core.evaluation.segment_report import SegmentReport
from astroseq_core.evaluation.worst_segments import Excerpt, WorstSegment
from astroseq_core.plots import evaluation as figures
from astroseq_core.plots import style
from astroseq_core.plots.html import FigureSection, html_page
from astroseq_core.plots.segments import mistake_caption, worst_mistakes_figure
from astroseq_core.times import Instant, TimeSystem

RNG = np.random.default_rng(2)
LABELS = (RNG.random(2_000) < 0.3).astype(np.int8)
PROBABILITY = 1 / (1 + np.exp(-(2 * LABELS - 1 + RNG.standard_normal(2_000))))


@pytest.fixture(scope="module")
def report() -> SegmentReport:
    snr = np.where(LABELS == 1, RNG.uniform(1, 60, 2_000), np.nan)
    return metrics.make_report("known", LABELS, PROBABILITY, (np.arange(2_000) // 50).astype(str), 0.1, snr=snr, threshold=0.6)


def test_roc_begins_where_rates_are_low_and_names_its_area(report: SegmentReport) -> None:
    figure = figures.roc_figure(report)
    line = figure.data[0]
    assert f"{report.roc_auc.value:.3f}" in line.name
    assert figure.layout.xaxis.type == "log"
    assert min(line.x) == figures.MIN_FALSE_ALARM_RATE
    assert np.interp(0.01, line.x, line.y) == pytest.approx(report.recall.value, abs=0.03)


def test_pr_shows_the_base_rate(report: SegmentReport) -> None:
    line = figures.pr_figure(report).data[1]
    assert set(line.y) == {report.base_rate}
    assert f"{report.base_rate:.3f}" in line.name


def test_reliability_shows_both_base_rates(report: SegmentReport) -> None:
    diagonal, own, stated = figures.reliability_figure(report).data
    assert tuple(diagonal.x) == tuple(diagonal.y) == (0, 1)
    assert tuple(own.y) == tuple(share for _, share, _ in report.own_reliability)
    assert tuple(stated.x) == tuple(mean for mean, _, _ in report.reliability)
    assert "0.100 (stated)" in stated.name


@pytest.mark.parametrize("which", [0, 1])
def test_confusion_counts_every_segment_and_colours_by_row(report: SegmentReport, which: int) -> None:
    figure = figures.confusion_figure(report, which)
    share = np.asarray(figure.data[0].z)
    assert share.sum(axis=1) == pytest.approx([1, 1])
    assert share[1, 1] == pytest.approx(report.confusions[which].recall.value)
    counts = [int(a.text.split("<br>")[0].replace(" ", "")) for a in figure.layout.annotations]
    assert sum(counts) == 2_000
    assert f"{report.confusions[which].threshold:.3f}" in figure.layout.title.text


def test_recall_by_snr_has_a_bar_and_an_interval_for_each_bin(report: SegmentReport) -> None:
    bars = figures.snr_figure(report).data
    assert [list(b.y) for b in bars] == [[r.recall.value for r in report.by_snr], [r.recall_strict.value for r in report.by_snr]]
    low = np.array(bars[0].y) - np.array(bars[0].error_y.arrayminus)
    assert low == pytest.approx([r.recall.low for r in report.by_snr])


def test_histogram_counts_both_classes() -> None:
    without, with_transit = figures.histogram_figure(LABELS, PROBABILITY).data
    assert (sum(without.y), sum(with_transit.y)) == ((LABELS == 0).sum(), LABELS.sum())


def excerpt(number: int) -> Excerpt:
    time = 1400 + np.arange(200) / 720
    flat = 1e-3 * RNG.standard_normal(200)
    flat[50:60] -= 0.02
    known = Ephemeris("TIC 5", "b", Instant(1400 + 55 / 720, TimeSystem.BTJD), 1.0, 0.4)
    mistake = WorstSegment(
        True, f"TIC {number}", "s1", number, float(time[0]), float(time[-1]), TimeSystem.BTJD, 0.25, 12.5, number
    )
    return Excerpt(mistake, time, flat, (known,))


def test_worst_are_small_multiples_with_their_transits_marked() -> None:
    some = [excerpt(n) for n in range(3)]
    figure = worst_mistakes_figure(some)
    dots = [t for t in figure.data if t.type == "scattergl"]
    assert [t.name for t in dots] == ["TIC 0", "TIC 1", "TIC 2"]
    assert np.asarray(dots[0].y) == pytest.approx(some[0].flat * 1e3, rel=1e-5)
    bands = [t for t in figure.data if t.fill == "toself"]
    assert len(bands) == 3
    assert bands[0].fillcolor == style.with_opacity(style.planet_color(0), style.BAND_OPACITY)
    middle = (np.nanmin(bands[0].x) + np.nanmax(bands[0].x)) / 2
    assert middle == pytest.approx(1400 + 55 / 720, abs=1e-4)
    # A band that begins before the segment is cut there.
    late = replace(some[0], time=some[0].time[55:], flat=some[0].flat[55:])
    cut = next(t for t in worst_mistakes_figure([late]).data if t.fill == "toself")
    assert np.nanmin(cut.x) == late.time[0]
    assert np.nanmax(cut.x) == pytest.approx(np.nanmax(bands[0].x))
    assert figure.layout.yaxis.range[0] < -20
    assert [a.text for a in figure.layout.annotations] == [mistake_caption(e.mistake) for e in some]
    assert mistake_caption(some[2].mistake) == "TIC 2 · segment 2 · p = 0.250 · SNR 12.5 · 2 more of this star"


def test_no_mistake_draws_an_empty_figure() -> None:
    assert len(worst_mistakes_figure([]).data) == 0


def test_the_page_stands_alone_and_escapes_what_it_is_given(report: SegmentReport) -> None:
    sections = [
        FigureSection("A & B", "good <is> high", figures.roc_figure(report)),
        FigureSection("C", "", figures.pr_figure(report)),
    ]
    text = html_page("<script>alert(1)</script>", "1 < 2", sections, note="simulated", simulated=True)
    assert "<script>alert" not in text
    assert "A &amp; B" in text
    assert 'class="simulated"' in text
    assert text.count("plotly.js v") == 1
    assert 'src="http' not in text
