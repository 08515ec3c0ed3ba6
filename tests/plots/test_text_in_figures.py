"""Names from files are text in figures: no markup, no link, no placeholder, in legends, titles and hovers."""

import json

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.plots import leaderboard, style, training
from astroseq_core.plots.html import FigureSection, html_page
from astroseq_core.plots.light_curve import StarView, star_figure
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.training.history import EpochMetrics

HOSTILE = '<a href="http://a.example">b</a> <b>c</b> & %{x} </script><script>alert(1)</script>'
SHOWN = style.escape(HOSTILE)


def texts(value: object) -> list[str]:
    """All texts of a figure but those that tell its parts apart and are never drawn."""
    if isinstance(value, dict):
        drawn = (one for name, one in value.items() if name not in ("legendgroup", "uirevision"))
        return [text for one in drawn for text in texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


def test_no_figure_takes_a_name_for_markup(light_curve_like_tess_sector):
    curve = light_curve_like_tess_sector.curve
    e = Ephemeris(curve.target.id, HOSTILE, Instant(float(curve.time[500]), TimeSystem.BTJD), 3.0, 2.0)
    epochs = [EpochMetrics(1, train_loss=0.3, validation_loss=0.4)]
    figures = [
        star_figure(StarView((prepare(curve),), (e,), (), note=HOSTILE)),
        leaderboard.rank_rank_figure([HOSTILE, "SIM 2"], [1, 2], [2, 1], HOSTILE, HOSTILE, [True, False]),
        training.training_curves_figure({HOSTILE: epochs, "b": epochs}),
    ]
    for figure in figures:
        found = texts(json.loads(figure.to_json()))
        assert not [text for text in found if "<a href" in text or "<script" in text or "<b>c" in text or " %{x} <" in text]
        assert any(SHOWN in text for text in found)


def test_a_saved_page_of_figures_has_no_script_but_its_own():
    figure = leaderboard.rank_rank_figure([HOSTILE], [1], [1], HOSTILE, "b", [True])
    page = html_page(HOSTILE, HOSTILE, [FigureSection(HOSTILE, HOSTILE, figure)], note=HOSTILE)
    assert "<script>alert(1)" not in page
    assert '<a href="http://a.example' not in page
