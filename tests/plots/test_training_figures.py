"""Pictures of a training run hold its numbers, with many epochs, with one and with none; a moved threshold moves them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from astroseq_core.plots import evaluation as evaluation_figures
from astroseq_core.plots import segments as plots_segments
from astroseq_core.plots import style
from astroseq_core.plots import training as figures
from astroseq_core.plots.segments import example_caption, gallery_figure, thumbnail_figure
from astroseq_core.training.history import EpochMetrics
from astroseq_core.training.test_predictions import RankedStars, TestPredictions

VALIDATION_ROC = (0.71, 0.78, 0.76)


def epochs(count: int, without: str = "") -> list[EpochMetrics]:
    made = [
        {
            "epoch": k + 1,
            "loss": 0.9,
            "train_loss": 0.6 / (k + 1),
            "train_roc_auc": 0.72 + k / 50,
            "train_pr_auc": 0.5 + k / 50,
            "validation_loss": 0.62 / (k + 1),
            "validation_roc_auc": VALIDATION_ROC[k % 3],
            "validation_pr_auc": 0.48 + k / 50,
        }
        for k in range(count)
    ]
    return [EpochMetrics(**{name: value for name, value in one.items() if name != without}) for one in made]


def test_one_runs_curves_are_its_numbers_in_two_tones() -> None:
    figure = figures.training_curves_figure({"mine": epochs(3)})
    assert len(figure.data) == 6
    by_panel = [figure.data[i : i + 2] for i in (0, 2, 4)]
    for (training, validation), keys in zip(by_panel, [p[2:] for p in figures.PANELS], strict=True):
        assert list(training.y) == [getattr(e, keys[0]) for e in epochs(3)]
        assert list(validation.y) == [getattr(e, keys[1]) for e in epochs(3)]
        assert list(training.x) == list(validation.x) == [1, 2, 3]
        assert (training.line.dash, validation.line.dash) == ("dash", "solid")
        assert training.line.color != validation.line.color
        # The epoch that ranks the validation stars best is the one that is kept.
        assert list(validation.marker.size) == [figures.MARKER_PX, figures.SELECTED_MARKER_PX, figures.MARKER_PX]
        assert ["kept" in text for text in validation.customdata] == [False, True, False]
    assert [t.name for t in figure.data if t.showlegend] == ["training", "validation"]
    assert [a.text for a in figure.layout.annotations] == ["Loss", "ROC-AUC", "PR-AUC"]


def test_several_runs_have_a_colour_each_and_one_entry_in_the_legend() -> None:
    figure = figures.training_curves_figure({"a": epochs(3), "b": epochs(2), "waiting": []})
    lines = [t for t in figure.data if t.legendgroup in ("a", "b")]
    assert {t.line.color for t in lines if t.legendgroup == "a"} == {style.planet_color(0)}
    assert {t.line.color for t in lines if t.legendgroup == "b"} == {style.planet_color(1)}
    assert [t.name for t in lines if t.showlegend] == ["a", "b"]
    assert len({t.marker.symbol for t in lines}) == 2
    dashes = {t.name: t.line.dash for t in figure.data if t.legendgroup is None}
    assert dashes == {"training": "dash", "validation": "solid"}


@pytest.mark.parametrize(("count", "step"), [(1, 1), (2, 1), (10, 1), (11, 2), (60, 6)])
def test_epochs_are_whole_numbers(count: int, step: int) -> None:
    axis = figures.training_curves_figure({"mine": epochs(count)}).layout.xaxis
    assert (axis.dtick, axis.tick0) == (step, 0)
    assert axis.range[0] < 1
    assert axis.range[1] > count


def test_planned_epochs_leave_room() -> None:
    assert figures.training_curves_figure({"mine": epochs(2)}, planned=6).layout.xaxis3.range[1] > 6


def test_a_single_epoch_is_a_marker() -> None:
    figure = figures.training_curves_figure({"mine": epochs(1)})
    assert all("markers" in t.mode and len(t.x) == 1 for t in figure.data)
    assert figure.layout.xaxis.range == (0.5, 1.5)


@pytest.mark.parametrize(("runs", "words"), [({"mine": []}, figures.WAITING_MESSAGE), ({}, "no run is chosen")])
def test_before_the_first_epoch_the_axes_are_empty_and_say_why(runs: dict[str, Any], words: str) -> None:
    figure = figures.training_curves_figure(runs)
    assert not any(len(t.x) for t in figure.data)
    assert figure.layout.annotations[-1].text == words
    assert not any(t.showlegend for t in figure.data)


def test_numbers_that_an_epoch_lacks_leave_a_gap() -> None:
    figure = figures.training_curves_figure({"mine": epochs(2, without="train_roc_auc")})
    assert np.isnan(np.array(figure.data[2].y, float)).all()
    # Without the number that chooses, no epoch is called the best.
    none = figures.training_curves_figure({"mine": epochs(2, without="validation_roc_auc")})
    assert set(none.data[1].marker.size) == {figures.MARKER_PX}


def test_a_runs_name_is_no_markup() -> None:
    figure = figures.training_curves_figure({"<b>a</b>%{x}": epochs(1), "b": epochs(1)})
    assert "<b>a" not in figure.data[0].hovertemplate
    assert "%{x}, " in figure.data[0].hovertemplate
    assert figure.data[0].hovertemplate.count("%{x}") == 1


def segments() -> TestPredictions:
    rng = np.random.default_rng(4)
    labels = (rng.random(400) < 0.3).astype(np.int8)
    probability = (1 / (1 + np.exp(-(2 * labels - 1 + rng.standard_normal(400))))).astype(np.float32)
    one = np.zeros(1, np.int32)
    return TestPredictions(
        labels,
        probability,
        labels * 5.0,
        np.where(labels == 1, 1.0, 3.0),
        np.zeros(400, np.int32),
        np.zeros(400, np.int8),
        np.array(["TIC 1"]),
        np.array(["real stars"]),
        one,
        one.astype(np.int8),
        one.astype(np.float32),
        one.astype(np.float32),
        one,
        (),
        "flat",
    )


def shown_counts(figure: Any) -> list[int]:
    return [int(a.text.split("<br>")[0].replace(" ", "")) for a in figure.layout.annotations]


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_the_confusion_matrix_follows_the_threshold(threshold: float) -> None:
    test = segments()
    figure = evaluation_figures.confusion_counts_figure(test.confusion(threshold))
    called, is_one = test.probability >= threshold, test.labels == 1
    quiet, loud = 3 * np.sum(~is_one & ~called), 3 * np.sum(~is_one & called)
    assert shown_counts(figure) == [quiet, loud, np.sum(is_one & ~called), np.sum(is_one & called)]
    assert f"threshold {threshold:.3f}:" in figure.layout.title.text
    assert shown_counts(figure) != shown_counts(evaluation_figures.confusion_counts_figure(test.confusion(threshold + 0.1)))


def test_the_histogram_marks_the_threshold_and_counts_by_weight() -> None:
    test = segments()
    figure = evaluation_figures.histogram_figure(test.labels, test.probability, 0.7, test.weight)
    without, with_transit = figure.data
    assert sum(without.y) == 3 * (test.labels == 0).sum()
    assert sum(with_transit.y) == test.labels.sum()
    (line,) = figure.layout.shapes
    assert (line.x0, line.x1) == (0.7, 0.7)
    assert not evaluation_figures.histogram_figure(test.labels, test.probability).layout.shapes


def ranked(**changes: Any) -> RankedStars:
    made = RankedStars(
        "topk", np.array(["TIC 3", "TIC 1", "TIC 2"]), np.array([0.9, 0.5, 0.2], np.float32), np.array([True, False, True]), 0.5
    )
    return replace(made, **changes)


def test_stars_stand_in_their_order() -> None:
    hosts, quiet = figures.star_ranking_figure(ranked()).data
    assert (list(hosts.x), list(hosts.y)) == ([1, 3], pytest.approx([0.9, 0.2]))
    assert (list(quiet.x), list(quiet.customdata)) == ([2], ["TIC 1"])
    assert (hosts.name, quiet.name) == ("with transits (2)", "without transits (1)")
    assert hosts.marker.color != quiet.marker.color
    figure = figures.star_ranking_figure(ranked())
    assert "0.500" in figure.layout.title.text
    assert figure.layout.yaxis.title.text == "Mean of the five highest probabilities"


def test_stars_of_one_kind_are_said() -> None:
    figure = figures.star_ranking_figure(ranked(has_transits=np.ones(3, bool), roc_auc=float("nan"), score_name="max"))
    assert "one kind" in figure.layout.title.text
    assert figure.layout.yaxis.title.text == "Highest probability"


@dataclass(frozen=True)
class Example:
    label: int
    star: str
    snr: float
    values: NDArray[np.float32]
    inside: NDArray[np.bool_]


CHANNELS = ("gap", "flat", "raw")


def example(number: int, window: int = 1024) -> Example:
    values = np.random.default_rng(number).standard_normal((window, 3)).astype(np.float32)
    values[:, 0] = 0
    values[100:140] = (1, 0, 0)
    inside = np.zeros(window, bool)
    if number % 2:
        inside[500:560] = True
        values[inside, 1] -= 20
    return Example(number % 2, f"TIC {number}", 12.34 * (number % 2), values, inside)


def test_the_gallery_shows_what_the_network_sees() -> None:
    examples = [example(n) for n in range(6)]
    figure = gallery_figure(examples, CHANNELS)
    assert [a.text for a in figure.layout.annotations] == [example_caption(e) for e in examples]
    assert example_caption(examples[1]) == "with a transit · TIC 1 · SNR 12.3"
    assert example_caption(examples[2]) == "no transit · TIC 2"
    inside = [t for t in figure.data if t.name == "in transit"]
    assert len(inside) == 3
    for trace, one in zip(inside, examples[1::2], strict=True):
        assert trace.marker.color == style.planet_color(0)
        np.testing.assert_array_equal(trace.x, np.flatnonzero(one.inside))
        np.testing.assert_array_equal(trace.y, one.values[one.inside, 1])
    # What is not there is not drawn, and the rest is, to a cadence.
    assert [len(t.x) for t in figure.data if t.name == "cadence"] == [1024 - 40 - 60 * (n % 2) for n in range(6)]
    assert figure.layout.yaxis2.range[0] < -20 < figure.layout.yaxis.range[0]
    assert figure.layout.yaxis.title.text == "detrended"


def test_an_empty_gallery_is_drawn() -> None:
    assert len(gallery_figure([], CHANNELS).data) == 0


def test_a_thumbnail_is_small_and_leaves_no_transit_out() -> None:
    one = example(1, window=2048)
    figure = thumbnail_figure(one, CHANNELS)
    # Browsers give up on many WebGL drawings at once.
    assert {t.type for t in figure.data} == {"scatter"}
    rest, inside = figure.data
    np.testing.assert_array_equal(inside.x, np.flatnonzero(one.inside))
    assert len(rest.x) <= plots_segments.THUMBNAIL_MAX_CADENCES
    assert len(figure.to_json()) < 20_000
    # A series alone, as mistakes are kept, empty places being NaN.
    alone = np.where(one.values[:, 0] > 0.5, np.nan, one.values[:, 1])
    same = thumbnail_figure(replace(one, values=alone.astype(np.float32)), ("flat",))
    np.testing.assert_array_equal(same.data[0].y, rest.y)
    nothing = replace(one, values=np.full(64, np.nan, np.float32), inside=np.zeros(64, bool))
    assert len(thumbnail_figure(nothing).data) == 0


@pytest.mark.parametrize("template", ["plotly_white", "plotly_dark"])
def test_no_figure_brings_a_ground_of_its_own(template: str) -> None:
    made = [
        figures.training_curves_figure({"a": epochs(2), "b": epochs(3)}),
        figures.star_ranking_figure(ranked()),
        gallery_figure([example(0), example(1)], CHANNELS),
        thumbnail_figure(example(1), CHANNELS),
        evaluation_figures.confusion_counts_figure(segments().confusion(0.4)),
    ]
    for figure in made:
        assert figure.layout.paper_bgcolor is None
        assert figure.layout.plot_bgcolor is None
        assert figure.layout.font.color is None
        used = {str(getattr(t.marker, "color", "")) for t in figure.data if t.type.startswith("scatter")}
        assert not used & {"black", "white", "#000000", "#ffffff"}
        figure.update_layout(template=template).to_json()
