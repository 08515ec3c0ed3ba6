"""Pictures of many stars hold their numbers: bars of counts, the cut where its score is, ranks by both models."""

import math

import numpy as np
import pytest

from astroseq_core.plots import leaderboard as figures
from astroseq_core.plots import style

EDGES = np.array([-2.0, 0.0, 2.0, 10.0, 100.0, 900.0])
COUNTS, KNOWN = np.array([40, 300, 25, 4, 2]), np.array([0, 1, 3, 3, 2])


def test_bars_are_the_counts_between_their_edges() -> None:
    figure = figures.score_histogram_figure(EDGES, COUNTS, KNOWN)
    everyone, known = figure.data
    assert list(everyone.y) == list(COUNTS)
    assert list(known.y) == list(KNOWN)
    left = np.asarray(everyone.x) - np.asarray(everyone.width) / 2
    assert figures.score_to_axis(EDGES[:-1]) == pytest.approx(left)
    assert everyone.customdata[3] == "10 to 100"
    assert (everyone.name, known.name) == ("all stars (371)", "with a known object (9)")
    assert not figure.layout.shapes


def test_the_axis_is_even_about_zero_and_logarithmic_far_out() -> None:
    near = np.diff(figures.score_to_axis(np.array([0.0, 0.5, 1.0])))
    assert near[0] == pytest.approx(near[1], rel=0.01)
    far = np.diff(figures.score_to_axis(np.array([500.0, 1000.0, 2000.0])))
    assert far[0] == pytest.approx(math.log(2), rel=0.001)
    assert far[1] == pytest.approx(math.log(2), rel=0.001)


@pytest.mark.parametrize(("cut", "words"), [(10.0, "threshold at 10: 6 stars"), (120.0, "threshold at 120: 1 star")])
def test_the_cut_is_a_line_that_says_how_many_pass(cut: float, words: str) -> None:
    figure = figures.score_histogram_figure(EDGES, COUNTS, KNOWN, cut, above_threshold=1 if cut > 100 else 6)
    line = figure.layout.shapes[0]
    assert line.x0 == line.x1 == pytest.approx(float(figures.score_to_axis(cut)))
    assert line.line.color == style.SELECTED_COLOR
    assert figure.layout.annotations[0].text == words


def test_a_cut_beyond_all_scores_stays_in_sight() -> None:
    figure = figures.score_histogram_figure(EDGES, COUNTS, KNOWN, 1e6, above_threshold=0)
    assert figure.layout.shapes[0].x0 == pytest.approx(float(figures.score_to_axis(900.0)))


def test_numbers_on_the_axis_are_round_and_have_room() -> None:
    found = figures.score_ticks(-2.0, 900.0)
    assert found == sorted(found)
    assert {0.0, 10.0, 100.0} <= set(found)
    span = float(figures.score_to_axis(900.0) - figures.score_to_axis(-2.0))
    assert min(np.diff(figures.score_to_axis(np.array(found)))) >= figures.MIN_TICK_SPACING * span
    assert figures.score_ticks(3.0, 4.0) == []


def test_no_star_is_an_empty_picture() -> None:
    figure = figures.score_histogram_figure(np.array([]), np.array([]), np.array([]))
    assert [len(t.y) for t in figure.data] == [0, 0]


def test_ranks_of_both_models_name_their_star() -> None:
    figure = figures.rank_rank_figure(["SIM 1", "SIM 2", "SIM 3"], [1, 2, 3], [1, 3, 2], "a", "b<2>", [True, False, False])
    line, unknown, known = figure.data
    assert (list(line.x), list(line.y)) == ([1, 3], [1, 3])
    assert (list(unknown.customdata), list(unknown.x), list(unknown.y)) == (["SIM 2", "SIM 3"], [2, 3], [3, 2])
    assert (list(known.customdata), list(known.x), list(known.y)) == (["SIM 1"], [1], [1])
    assert "b&lt;2>: rank %{y:d}" in known.hovertemplate
    # The best of both are at the upper right: ranks run backwards.
    assert figure.layout.xaxis.range[0] > figure.layout.xaxis.range[1]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_one_star_ranked_by_both_has_room_around_it() -> None:
    figure = figures.rank_rank_figure(["SIM 1"], [1], [1], "a", "b")
    low, high = sorted(figure.layout.xaxis.range)
    assert low < 0 < high
