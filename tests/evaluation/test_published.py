"""The published runs: figures as the sources state them, and nothing else; class tables."""

import pytest

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation import published
from astroseq_core.evaluation.class_table import class_table, format_class_table
from astroseq_core.evaluation.comparison import OurResult, comparison_lines, csv_rows, format_figure, format_page, rows_beside
from astroseq_core.evaluation.published import published_run, read_published
from astroseq_core.evaluation.result_rows import format_comparison, published_row

RUN = '[one]\ntitle = "One"\nmission = "TESS"\nsampling = "s"\nstated = "s"\nunknown = "u"\nrecipes = { published-k2 = "" }\n'


def test_figures_are_those_of_the_sources() -> None:
    kepler = published_run("kepler-base-7")
    assert [kepler.splits[s].stars for s in published.SPLITS] == [5933, 1048, 1233]
    assert [kepler.splits[s].segments for s in published.SPLITS] == [378373, 67031, 77978]
    assert (kepler.validation.loss, kepler.test.loss, kepler.neg_pos) == (6.5621, 0.3392, 7.0)
    k2 = [published_run(f"k2-{letter}").test for letter in "abc"]
    assert [one.pr_lift for one in k2] == [1.53, 1.59, None]
    for one in k2:
        assert one.positives == 31
        assert one.base_rate == pytest.approx(31 / (815 + 31), abs=5e-5)
    for one in k2[:2]:
        assert one.pr_auc is not None
        assert one.pr_auc / 0.0366 == pytest.approx(one.pr_lift, abs=0.006)
    assert published_run("isolation-forest").test.precision == (0.57, 0.69)
    # no figure of the other mix is stated
    assert set(vars(published_run("cnn-lstm-1pct").test).values()) == {None}


def test_the_published_class_table_is_consistent() -> None:
    """With 1016 and 127 segments, only these counts give its recalls and its precisions."""
    stated = published_run("cnn-lstm-10pct").classes
    for row, ours in zip(stated, class_table((109, 1, 18, 1015)), strict=True):
        assert (row.name, row.support) == (ours.name, ours.support)
        for name in ("precision", "recall", "f1"):
            assert (getattr(row, name) is None) == (getattr(ours, name) is None)
            assert getattr(row, name) is None or getattr(row, name) == pytest.approx(getattr(ours, name), abs=0.0051)


def test_a_class_that_nothing_is_called_has_no_precision() -> None:
    table = class_table((0, 0, 3, 5))
    assert (table[1].precision, table[1].recall, table[2].f1) == (None, 0.0, 0.625)
    assert class_table((0, 0, 0, 0)) == ()
    assert format_class_table((0, 0, 3, 5)).splitlines()[2].split() == ["transit", "–", "0.000", "0.000", "3"]


def test_rows_say_their_source() -> None:
    text = format_comparison([published_row(published_run("forty-stars-20"))])
    assert "–/0.635/0.678" in text
    assert "–/–/0.2" in text
    assert "recall .33 with 20 % predicted positive of 48 %" in text


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("test = { roc = 0.6 }", "test of published run one has no 'roc'"),
        ("test = { roc_auc = 1.2 }", "roc auc cannot be 1.2"),
        ('test = { stars = "many" }', "stars of test of published run one"),
        ('classes = [{ name = "transit" }]', "must have the rows no transit, transit"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(more: str, message: str) -> None:
    assert read_published(RUN)[0].test.roc_auc is None
    with pytest.raises(SettingsError, match=message):
        read_published(RUN + more)


def test_unknown_runs_are_named() -> None:
    with pytest.raises(SettingsError, match="'k3' is no published run; use some of tess-base"):
        published_run("k3")


def test_stated_figures_are_shown_whole_and_beside_ours() -> None:
    run, ours = published_run("kepler-base-7"), OurResult("published-kepler-7to1", stars=(9, 2, 3))
    lines = {(line.split, line.title): line for line in comparison_lines(run, ours)}
    assert format_figure(lines["test", "loss"].published) == "0.3392"
    assert lines["train", "stars"].ours == 9
    assert lines["validation", "PR-AUC"].ours is None
    page = format_page([(run, (ours,))], ["About."])
    assert "| kepler-base-7 | test ROC-AUC 0.6393 | – |" in page
    assert f"Stated: “{run.stated}”" in page
    rows = list(csv_rows(run, ours))
    assert {row["recipe"] for row in rows} == {"published-kepler-7to1"}
    assert {"figure": "test: ROC-AUC", "kepler-base-7": "0.6393", "this run": "–"} in rows_beside([run], ours)
