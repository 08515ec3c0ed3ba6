"""One-page reports: of planets, binaries and single transits, as PDF, PNG and HTML, whatever a note holds."""

import io
import re
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from astroseq_core import same_signal, times
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import ExportError, TargetError
from astroseq_core.export import records
from astroseq_core.export.report import data, light_curve, report
from astroseq_core.export.report import figure as report_figure
from astroseq_core.export.report import text as report_text
from astroseq_core.export.report.data import ReportData
from astroseq_core.plots import style
from astroseq_core.plots._timeline import join_spans
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.scoring import star_data
from astroseq_core.scoring.evidence import Evidence
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.scoring.star_source import Source
from astroseq_core.targets import Target
from astroseq_core.vetting.checks.base import Flag
from astroseq_core.vetting.examine import examine
from tests.export import export_rows


@pytest.fixture(scope="module")
def planet() -> ReportData:
    """The show-piece's first planet, with probabilities that a network could have given."""
    (record,) = records.records_for_stars(["SIM 1"])
    star = report.build_report("SIM 1", record=record)
    return replace(star, scores=tuple(probabilities(p.observation, p.time) for p in star.examination.detrended))


@pytest.fixture(scope="module")
def binary() -> ReportData:
    return report.build_report("SIM 10", record=records.records_for_stars(["SIM 10"])[0])


@pytest.fixture(autouse=True, scope="module")
def _folders(tmp_path_factory: pytest.TempPathFactory):
    # what is made for the whole module is made before a test has folders of its own
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASTROSEQ_DATA", str(tmp_path_factory.mktemp("data")))
        patch.setenv("ASTROSEQ_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def probabilities(observation: str, at: np.ndarray) -> SegmentScores:
    edges = np.linspace(at[0], at[-1], 21)
    return SegmentScores(
        "SIM 1",
        observation,
        "TESS",
        times.TimeSystem.BTJD,
        "m",
        edges[:-1],
        edges[1:],
        np.full(20, 900),
        np.linspace(0, 1, 20, dtype=np.float32),
        Evidence(edges, np.zeros(21), 1.0),
    )


def judged(star: ReportData, **about: object) -> ReportData:
    about = {"disposition": "FP", "reviewer": "ana", "decided": "2026-01-02T03:04:05+00:00", "flags": "SSE CO EB"} | about
    return replace(star, record=replace(star.record, **about))


def texts(star: ReportData) -> list[str]:
    """All that is written on the page, in any order."""
    from matplotlib.text import Text

    return [t.get_text() for t in report_figure.draw_page(star).findobj(Text) if t.get_text()]


def test_the_pdf_is_one_page_and_small(planet: ReportData):
    content = report.render(judged(planet, note=export_rows.NASTY), report.PDF)
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b(?!s)", content)) == 1
    assert len(content) < 500_000


def test_the_png_has_its_size(planet: ReportData):
    content = report.render(planet, report.PNG)
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == report_figure.PAGE_PIXELS == (1754, 1240)


def test_all_that_a_vetter_asks_for_is_on_the_page(planet: ReportData):
    page = "\n".join(texts(judged(planet, score_raw=117.2, note="a word")))
    for words in (
        "SIM 1",
        "SIMULATED STAR",
        "Period",
        "3.6905",
        "Epoch BJD",
        "2458383.57",
        "Duration",
        "Depth",
        "Fitted depth",
        "Score",
        "117.2",
        "FP (false positive)",
        "ana, 2026-01-02",
        "SSE CO EB: significant secondary",
        "a word",
        "Whole orbit",
        "Close fold, 13 transits",
        "Odd against even",
        "Search for a secondary",
        "Single transits",
        "Checks",
        "AstroSeq",
        "Magnitude T",
        "8.20",
    ):
        assert words in page, words
    for check in planet.checks:
        assert check.title in page
    assert "no probabilities are kept" not in page


def test_the_fold_shows_the_depth_that_was_put_in(planet: ReportData):
    truth = star_data.load_star(star_data.StarRequest("SIM 1", Source.SIMULATED)).ephemerides[0]
    facts = {f.label: f.value for f in data.fit_facts(planet)}
    value, error = re.findall(r"[\d,]+", facts["Fitted depth"])
    assert truth.depth_ppm is not None
    assert abs(int(value.replace(",", "")) - truth.depth_ppm) < 5 * int(error) + 50


def test_the_fit_and_odd_and_even_transits_have_the_colors_of_the_page(planet: ReportData):
    colors = {line.get_color() for axes in report_figure.draw_page(planet).axes for line in axes.lines}
    assert {style.FIT_COLOR, style.TREND_COLOR, style.ODD_COLOR, style.EVEN_COLOR} <= colors
    assert style.SELECTED_COLOR not in colors


def test_without_a_published_depth_the_fitted_one_is_shown(planet: ReportData):
    seen = planet.examination
    assert seen.fit is not None
    assert seen.fold.depth_ppm is not None

    def depth(**about: object) -> str:
        return next(
            f.value for f in data.ephemeris_facts(replace(planet, examination=replace(seen, **about))) if f.label == "Depth"
        )

    unpublished = replace(seen.ephemeris, depth_ppm=None)
    empty = replace(seen.fold, depth_ppm=None, depth_err_ppm=None)
    fitted = f"{seen.fit.depth_ppm:,.0f} ± {seen.fit.depth_err_ppm:,.0f} ppm, fitted"
    assert depth(ephemeris=unpublished) == depth(fold=empty) == fitted
    assert depth(ephemeris=unpublished, fit=None) == f"{depth()}, folded"
    assert depth(fold=empty, fit=None).endswith(" ppm, of single transits")
    assert depth(fold=empty, fit=None, depth_ppm=None) == f"{seen.ephemeris.depth_ppm:,.0f} ppm, as adopted"


def test_an_eclipsing_binary_says_so_first(binary: ReportData):
    assert binary.checks[0].flag is Flag.FAIL
    assert {c.name for c in binary.checks if c.flag is Flag.FAIL} >= {"secondary"}
    page = texts(binary)
    assert page.index("FAILED") < page.index("passed")


def test_a_single_transit_has_a_report():
    star = report.build_report("SIM 49")
    page = "\n".join(texts(star))
    assert "single transit" in page
    assert "a single transit has no orbit to fold" in page
    assert report.render(star, report.PDF).startswith(b"%PDF")


def test_nothing_on_the_page_overlaps(planet: ReportData):
    """The lines of text in the margins, with the longest header that there is room for."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    star = judged(
        planet,
        note="long words and no end of them " * 20,
        flags="SSE CO EB VAR OED",
        match="TOI-700.01",
        match_kind="TOI",
        match_ratio="2",
    )
    figure = report_figure.draw_page(star)
    canvas = FigureCanvasAgg(figure)
    boxes = [t.get_window_extent(canvas.get_renderer()) for t in figure.texts]
    panels = [a.get_tightbbox(canvas.get_renderer()) for a in figure.axes]
    for i, one in enumerate(boxes):
        assert one.x0 >= 0
        assert one.x1 <= report_figure.PAGE_PIXELS[0] + 1, figure.texts[i].get_text()
        for k, other in enumerate(boxes[:i]):
            shared = min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0)
            assert min(shared) < 2.5, (figure.texts[i].get_text(), figure.texts[k].get_text())
        for panel in panels:
            shared = min(one.x1, panel.x1) - max(one.x0, panel.x0), min(one.y1, panel.y1) - max(one.y0, panel.y0)
            assert min(shared) < 2.5, figure.texts[i].get_text()


def test_a_note_is_text_and_nothing_else(planet: ReportData):
    star = judged(planet, note=export_rows.NASTY + "\\textbf{x} $x^2$ $", reviewer="<script>alert(1)</script>")
    page = "\n".join(texts(star))
    assert "$\\frac{a$ <b>&amp;" in page, "mathematics is not set, markup not read"
    assert report_text.MISSING_GLYPH in page, "letters that the font lacks are seen to be missing"
    html = report.render(star, report.HTML).decode("utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "好" in html


def test_the_html_needs_no_other_file(binary: ReportData):
    html = report.render(judged(binary, note="first\nsecond"), report.HTML).decode("utf-8")
    found: dict[str, list[str]] = {}

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.setdefault(tag, []).extend(v or "" for n, v in attrs if n in ("src", "href"))

    Links().feed(html)
    assert found["img"][0].startswith("data:image/png;base64,")
    assert not found.get("script")
    assert not found.get("link")
    assert "SIMULATED STAR" in html
    assert "<td>first<br>second</td>" in html
    assert html.count('<tr><td><span class="outcome"') == len(binary.checks)
    for check in binary.checks:
        assert report_text.printable(check.sentence)[:20] in html.replace("&#x27;", "'")


def test_a_real_star_is_not_called_simulated_and_its_files_are_named(light_curve_like_tess_sector):
    from astroseq_core.io.lightcurve import Provenance

    injected = light_curve_like_tess_sector
    curve = prepare(replace(injected.curve, provenance=Provenance("tess_lc.fits", "ab" * 32)))
    (record,) = records.records_for_stars([injected.curve.target.id])
    record = records.with_ephemeris(record, injected.ephemeris, "person")
    star = data.make_report_data(injected.curve.target, examine([curve], injected.ephemeris), record)
    page = "\n".join(texts(star))
    assert "SIMULATED" not in page
    assert "given by a person" in page
    assert f"tess_lc.fits: SHA-256 {'ab' * 32}" in " ".join(data.provenance_lines(star))
    assert "No model's scores." in data.provenance_lines(star)
    assert report.file_name(star, "pdf") == "TIC_261136679_report.pdf"


def test_of_many_files_the_page_has_the_beginnings_of_their_hashes(planet: ReportData):
    from PIL import Image

    star = replace(planet, sources=tuple((f"sector_{n}_lc.fits", f"{n:02d}" + "ab" * 31) for n in range(17)))
    page = "\n".join(texts(star))
    assert "sector_16_lc.fits" in page
    assert "SHA-256 begins 16abababab" in page
    picture = Image.open(io.BytesIO(report.render(star, report.PNG)))
    assert picture.text["Title"] == "SIM 1 (SIMULATED)"
    assert all(sha in picture.text["Source"] for _, sha in star.sources), "in full in what the file says of itself"


def test_a_report_takes_less_than_the_time_of_a_breath(planet: ReportData):
    report.render(planet, report.PNG)  # fonts are found once
    for form in report.REPORT_FORMATS:
        began = time.process_time()
        report.render(planet, form)
        assert time.process_time() - began < 5, form  # a tenth of it on an idle machine


def test_reports_can_be_drawn_by_threads(planet: ReportData, binary: ReportData):
    alone = report.render(binary, report.PNG)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda s: report.render(s, report.PNG), (binary, planet)))
    assert together[0] == alone
    assert threading.active_count() < 20


def test_the_ephemeris_in_hand_is_the_one_examined():
    held = Ephemeris(
        "SIM 1", "mine", star_data.load_star(star_data.StarRequest("SIM 1", Source.SIMULATED)).ephemerides[1].t0, 7.4512, 4.0
    )
    export_rows.ephemerides.save(export_rows.AdoptedEphemeris("SIM 1", held, "person", "ana"))
    star = report.build_report("SIM 1")
    assert star.examination.ephemeris == held
    assert star.record.ephemeris_source == "person"
    known = star_data.load_star(star_data.StarRequest("SIM 1", Source.SIMULATED)).ephemerides
    assert same_signal.other_signals(known, held) == (known[0], known[2]), "the same signal under another name is not masked"
    twice = replace(known[0], name="twice", period_days=2 * known[0].period_days)
    assert same_signal.other_signals(known, twice) == known[1:], "a doubled period is not another planet"
    assert same_signal.other_signals((*known, twice), known[0]) == (known[1], known[2], twice), "a listed one is"
    assert same_signal.other_signals((*known, twice), twice) == known


@pytest.mark.parametrize(
    ("target", "place", "error", "words"),
    [
        ("SIM 2", {}, ExportError, "has no ephemeris to report on"),
        ("TIC 99", {}, TargetError, "not in the cache"),
        ("TIC 99", {"source": "moon"}, TargetError, "no source of light curves"),
        ("TIC 99", {"source": "files", "folder": "nowhere"}, Exception, "nowhere"),
    ],
)
def test_what_cannot_be_reported_on_is_said(target: str, place: dict, error: type[Exception], words: str):
    quiet = (
        target
        if target != "SIM 2"
        else next(
            f"SIM {n}"
            for n in range(1, 60)
            if not star_data.load_star(star_data.StarRequest(f"SIM {n}", Source.SIMULATED)).ephemerides
        )
    )
    with pytest.raises(error, match=words):
        report.build_report(quiet, place)


def test_a_report_is_written_whole_or_not_at_all(planet: ReportData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = report.write(tmp_path, planet, report.PNG)
    assert path.name == "SIM_1_report.png"
    before = path.read_bytes()

    def fails(*_: object) -> None:
        raise RuntimeError("stop")

    monkeypatch.setattr(report_figure, "draw_page", fails)
    with pytest.raises(RuntimeError):
        report.write(tmp_path, planet, report.PNG)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [path.name]
    with pytest.raises(ExportError, match="no form of a report"):
        report.render(planet, "doc")
    (tmp_path / "file").write_text("")
    monkeypatch.undo()
    with pytest.raises(ExportError, match="cannot be written"):
        report.write(tmp_path / "file", planet, report.PNG)


# ---- text and axis


def test_lines_fit_their_room_and_lose_no_word():
    text = "odd transits are 1,234 ± 12 ppm deep and even ones 1,240 ± 12 ppm " * 3
    lines = report_text.wrap_text(text, 200.0, 6.0)
    assert all(report_text.text_width(line, 6.0) <= 200 for line in lines)
    assert " ".join(lines) == " ".join(text.split())
    short = report_text.wrap_text(text, 200.0, 6.0, 2)
    assert len(short) == 2
    assert short[1].endswith("…")
    assert report_text.text_width(short[1], 6.0) <= 200
    assert all(report_text.text_width(line, 6.0) <= 50 for line in report_text.wrap_text("w" * 200, 50.0, 6.0))
    assert report_text.wrap_text("", 50.0, 6.0) == []
    assert report_text.printable("a\tb\nc\x07好") == f"a b c {report_text.MISSING_GLYPH}"


def test_gaps_of_years_are_cut_out_of_the_axis():
    axis = light_curve.join_axis(join_spans([(1325.0, 1352.0), (1354.0, 1381.0), (2036.0, 2060.0)]))
    assert [(p.start, p.stop) for p in axis.parts] == [(1325.0, 1381.0), (2036.0, 2060.0)]
    at = axis.positions(np.array([1325.0, 1381.0, 1700.0, 2036.0, 2060.0]))
    assert at[:2].tolist() == [1325.0, 1381.0]
    assert np.isnan(at[2])
    assert 0 < at[3] - at[1] < 2
    assert at[4] - at[3] == pytest.approx(24.0)


def test_numbers_have_the_digits_that_their_errors_allow():
    assert data.format_with_error(3.690551234, 0.000047, "d", 6) == "3.690551 ± 0.000047 d"
    assert data.format_with_error(2458383.5725, 0.00019, "TDB", 4) == "2458383.57250 ± 0.00019 TDB"
    assert data.format_with_error(5033.4, 27.1, "ppm", 0) == "5,033 ± 27 ppm"
    assert data.format_with_error(0.00057, 2e-10, "", 2, 3) == "0.001"
    assert data.format_number(None, 2) == "–"
    assert data.format_number(float("nan"), 2) == "–"
    assert Target("SIM", "1").is_simulated
