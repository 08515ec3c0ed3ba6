"""The class of every signal of one star, in Python and in its report."""

import re
from dataclasses import replace

import pytest

import astroseq_core as aq
from astroseq_core.api.signals import SignalsResult
from astroseq_core.columns import SIGNALS_CSV
from astroseq_core.errors import EphemerisError
from astroseq_core.export import records
from astroseq_core.export.report import data, report
from astroseq_core.signals.classify_star import classify_star
from astroseq_core.store import dispositions, scores
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.signals import summarize
from astroseq_core.times import Instant


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> SignalsResult:
    """The signals of an eclipsing binary, in light curves alone: the search needs no network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASTROSEQ_CACHE", str(tmp_path_factory.mktemp("cache")))
        star = aq.open_star("SIM 10")
        patch.setattr(star, "_scores_for_search", lambda _: None)
        return star.signals()


def test_a_binary_is_called_one(found: SignalsResult):
    [signal] = found
    assert found.best == signal == found[0] == found[signal.ephemeris.name]
    assert signal.classes is not None
    assert signal.classes.p_eclipsing_binary > 0.9
    assert signal.planet_score < 0
    baseline = found.baseline[signal.ephemeris]
    assert baseline.p_eclipsing_binary > 0.5
    assert baseline.planet_spread != signal.classes.planet_spread, "the spread of the trees alone"
    with pytest.raises(EphemerisError, match="No signal 'b'"):
        found["b"]


def test_signals_are_told_in_one_line_each_and_as_a_table(found: SignalsResult):
    text = repr(found)
    assert text.startswith("<SignalsResult of SIM 10: 1 signal\n  1: ")
    assert re.search(r"eclipsing binary (1\.00|0\.9\d) ± 0\.\d\d", text)
    assert "No model suits" in text
    assert "eclipsing binary" in found._repr_html_()
    table = found.to_pandas()
    assert tuple(table.columns) == SIGNALS_CSV
    assert table["p_planet"][0] + table["p_eclipsing_binary"][0] + table["p_not_transit"][0] == pytest.approx(1, abs=1e-6)
    none = SignalsResult(found.star, ())
    assert (len(none), none.best, repr(none)) == (0, None, "<SignalsResult of SIM 10: no signals>")
    assert tuple(none.to_pandas().columns) == SIGNALS_CSV


def test_a_signal_that_was_never_observed_has_no_class(found: SignalsResult):
    [signal] = found
    later = replace(signal.ephemeris, name="later", period_days=None, t0=Instant(2500.0, signal.ephemeris.t0.system))
    classes = classify_star(found.star.detrended, [later, signal.ephemeris])
    assert list(classes) == [signal.ephemeris]
    assert classify_star(found.star.detrended, [later]) == {}


def test_a_stored_star_has_a_row_and_a_section_for_each_signal(found: SignalsResult):
    [first] = found
    assert first.classes is not None
    second = replace(
        first, number=2, ephemeris=replace(first.ephemeris, name="signal 2", period_days=7.7), log_odds=-25.0, classes=None
    )
    row = scores.ScoreRow(
        "SIM 10", "m", "abc", "d", "Simulated", seen_as="TESS", simulated=True, star_score=50.0, **summarize((first, second))
    )
    scores.save([row], {("SIM 10", "m"): (first, second)})
    dispositions.add(Disposition("SIM 10", "FP", "ada", ephemeris=first.ephemeris))
    rows = {r.signal: r for r in records.records_for_stars(["SIM 10"])}
    assert set(rows) == {1, 2}
    assert (rows[1].disposition, rows[2].disposition) == ("FP", "")
    assert rows[1].signal_p_eclipsing_binary == pytest.approx(first.classes.p_eclipsing_binary)
    assert rows[1].signal_eclipsing_binary_spread == pytest.approx(first.classes.eclipsing_binary_spread)
    assert rows[2].signal_p_planet is None
    assert [r.period_days for r in rows.values()] == [s.ephemeris.period_days for s in (first, second)]

    star = report.build_report("SIM 10", each_signal=True)
    assert len(star.signals) == 2
    assert star.signal is not None
    assert [f.label for f in data.class_facts(star)] == ["Class", "Trees alone"]
    assert data.class_facts(star)[0].value.startswith("planet 0.0")
    assert re.search(r"binary (1\.00|0\.9\d) ± 0\.\d\d", data.class_facts(star)[0].value)
    assert data.signal_lines(star)[0].startswith("1 (this page) · SIM 10.01 · 1.09 d · planet 0.")
    [other] = star.others
    assert other.record.disposition == ""
    assert other.examination.ephemeris.period_days == 7.7
    assert star.record.disposition == "FP"
    html = report.render(star, report.HTML).decode()
    assert html.count("<img ") == 2
    assert re.findall(r"<h2>(Signal \d[^<]*)</h2>", html) == ["Signal 1: SIM 10.01", "Signal 2: SIM 10 signal 2"]
    assert "<th>Trees alone</th>" in html
    pdf = report.render(star, report.PDF)
    assert len(re.findall(rb"/Type /Page\b(?!s)", pdf)) == 2
