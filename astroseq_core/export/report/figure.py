"""Report page: landscape A4, drawn on a figure of its own so that threads can work in parallel."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from astroseq_core import __version__
from astroseq_core.export.report import data, light_curve
from astroseq_core.export.report import panels as report_panels
from astroseq_core.export.report import text as report_text
from astroseq_core.export.report.data import Fact, ReportData
from astroseq_core.plots import style
from astroseq_core.vetting.checks.base import Flag

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Resolution of the PNG and of rasterized parts of the PDF [dots per inch]; size of the PNG; A4 landscape [inches].
DPI, PAGE_PIXELS = 150, (1754, 1240)
PAGE_INCHES = (PAGE_PIXELS[0] / DPI, PAGE_PIXELS[1] / DPI)
PAGE_POINTS = (PAGE_INCHES[0] * 72, PAGE_INCHES[1] * 72)
#: Word and color for each outcome of a check; the word is for readers who cannot tell the colors apart.
OUTCOME_STYLES = {
    Flag.PASS: ("passed", "#1B7F5C"),
    Flag.WARN: ("look", "#B36B00"),
    Flag.FAIL: ("FAILED", "#C2255C"),
    Flag.UNKNOWN: ("unknown", "#6B7280"),
}
#: Most light-curve files whose hashes fit on the page in full.
FILES_IN_FULL = 4
_LEFT, _RIGHT = 0.048, 0.988


def render_png(star: ReportData) -> bytes:
    """Return the first page as a PNG: its lines name the star's other signals.

    Parameters
    ----------
    star : ReportData
        Content of the report.

    Returns
    -------
    bytes
        Content of the file, `PIXELS` in size.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = draw_page(star)
    out = io.BytesIO()
    canvas = FigureCanvasAgg(figure)
    canvas.print_png(out, metadata=_metadata(star))  # type: ignore[no-untyped-call]
    return out.getvalue()


def render_pdf(star: ReportData) -> bytes:
    """Return the pages as a PDF, one a signal; cadences are rasterized, text and lines are not.

    Parameters
    ----------
    star : ReportData
        Content of the report.

    Returns
    -------
    bytes
        Content of the file.
    """
    from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages

    out = io.BytesIO()
    text = _metadata(star)
    about = {
        "Title": text["Title"],
        "Creator": text["Software"],
        "Producer": None,
        "Subject": "Transit candidate",
        "Keywords": text["Source"],
    }
    with PdfPages(out, metadata=about) as pages:
        for one in (star, *star.others):
            figure = draw_page(one)
            FigureCanvasPdf(figure)
            pages.savefig(figure)
    return out.getvalue()


def _metadata(star: ReportData) -> dict[str, str]:
    """Return the metadata of the file."""
    name = f"{star.target.id} (SIMULATED)" if star.is_simulated else star.target.id
    # PNG text fields are Latin-1.
    text = " ".join(data.provenance_lines(star)).encode("latin-1", "replace").decode("latin-1")
    return {"Title": name, "Software": f"AstroSeq {__version__}", "Source": text}


def draw_page(star: ReportData) -> "Figure":
    """Draw the page.

    Parameters
    ----------
    star : ReportData
        Content of the report.

    Returns
    -------
    matplotlib.figure.Figure
        A new figure without any global state.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=PAGE_INCHES, dpi=DPI, facecolor="white")
    _draw_header(figure, star)
    high = 0.135 - _draw_signals(figure, star)
    curve = _add_axes(figure, _LEFT, 0.655, _RIGHT - _LEFT, high)
    strip = _add_axes(figure, _LEFT, 0.637, _RIGHT - _LEFT, 0.014)
    light_curve.draw_light_curve(curve, strip, star)
    wide = (_RIGHT - _LEFT - 3 * 0.036) / 4
    panels = (report_panels.draw_orbit, report_panels.draw_close_fold, report_panels.draw_odd_even, report_panels.draw_secondary)
    for place, panel in enumerate(panels):
        panel(_add_axes(figure, _LEFT + place * (wide + 0.036), 0.395, wide, 0.165), star.examination)
    report_panels.draw_transits(_add_axes(figure, _LEFT - 0.02, 0.105, 0.30, 0.215), star.examination)
    _draw_checks(figure, star, 0.36, 0.338, _RIGHT - 0.36, 0.265)
    _draw_footer(figure, star)
    return figure


def _add_axes(figure: "Figure", left: float, bottom: float, wide: float, high: float) -> "Axes":
    axes = figure.add_axes((left, bottom, wide, high))
    axes.tick_params(labelsize=5.8, length=2, width=0.5, pad=1.5)
    axes.xaxis.label.set_fontsize(6.2)
    axes.yaxis.label.set_fontsize(6.2)
    axes.xaxis.labelpad = axes.yaxis.labelpad = 1.5
    for spine in axes.spines.values():
        spine.set_linewidth(0.5)
        spine.set_color("#9AA3AD")
    axes.ticklabel_format(useOffset=False, style="plain")
    return axes


def _draw_text(figure: "Figure", x: float, y: float, text: str, size: float, **how: Any) -> None:
    """Draw text at a position of the page, aligned left and top, with mathtext switched off."""
    figure.text(x, y, text, size=size, family=report_text.FONT, parse_math=False, **{"ha": "left", "va": "top"} | how)


def _draw_header(figure: "Figure", star: ReportData) -> None:
    from matplotlib.patches import Rectangle

    top = 0.985
    if star.is_simulated:
        figure.add_artist(Rectangle((0, 0.972), 1, 0.028, color=style.SIMULATED_COLOR, lw=0))
        _draw_text(figure, 0.5, 0.986, data.SIMULATED_BANNER, 8, color="white", weight="bold", ha="center", va="center")
        top = 0.963
    _draw_text(figure, _LEFT - 0.02, top, star.target.id, 15, weight="bold")
    # The title is bold, which is about a tenth wider.
    begin = _LEFT - 0.005 + 1.13 * report_text.text_width(star.target.id, 15) / PAGE_POINTS[0]
    under = report_text.wrap_text(star.names, (_RIGHT - begin - 0.12) * PAGE_POINTS[0], 7.5, 1)
    _draw_text(figure, begin, top - 0.0095, under[0] if under else "", 7.5, color="0.3")
    _draw_text(figure, _RIGHT, top - 0.0095, f"AstroSeq {__version__}", 6.5, color="0.45", ha="right")
    columns = (
        (data.star_facts(star), 0.048, 0.075, 0.17),
        ((*data.ephemeris_facts(star), *data.class_facts(star)[:1]), 0.225, 0.06, 0.22),
        ((*data.fit_facts(star), *data.class_facts(star)[1:]), 0.452, 0.085, 0.22),
        (data.disposition_facts(star), 0.685, 0.045, _RIGHT - 0.685),
    )
    for facts, left, indent, room in columns:
        _draw_facts(figure, facts, left - 0.02, top - 0.042, indent, room)


def _draw_signals(figure: "Figure", star: ReportData) -> float:
    """Draw a line for each of several signals in two columns below the header; the height that they take."""
    lines = data.signal_lines(star)
    size, line, wide = 5.8, 0.0135, (_RIGHT - _LEFT + 0.02) / 2
    rows = -(-len(lines) // 2)
    for place, text in enumerate(lines):
        column, row = divmod(place, rows)
        shown = report_text.wrap_text(text, (wide - 0.012) * PAGE_POINTS[0], size, 1)
        _draw_text(figure, _LEFT - 0.02 + column * wide, 0.792 - row * line, shown[0] if shown else "", size, color="0.25")
    return rows * line


def _draw_facts(figure: "Figure", facts: Sequence[Fact], left: float, top: float, indent: float, room: float) -> None:
    size, line = 6.3, 0.0152
    row = 0
    for place, fact in enumerate(facts):
        # The last one, a note in the column of the disposition, may take several lines.
        most = max(1, 8 - row) if place == len(facts) - 1 else 2
        sentence = report_text.wrap_text(fact.value, (room - indent) * PAGE_POINTS[0], size, min(most, 3)) or ["–"]
        _draw_text(figure, left, top - row * line, fact.label, size, color="0.42")
        for text in sentence:
            _draw_text(figure, left + indent, top - row * line, text, size)
            row += 1


def _draw_checks(figure: "Figure", star: ReportData, left: float, top: float, wide: float, high: float) -> None:
    """Draw the checks as a table: outcome, title, sentence; the font shrinks until all of it fits."""
    _draw_text(figure, left, top, "Checks", 7)
    flag_wide, title_wide = 0.048, 0.125
    room = (wide - flag_wide - title_wide) * PAGE_POINTS[0]
    for size, most in ((6.3, 3), (5.8, 3), (5.8, 2), (5.3, 2)):
        line = 1.22 * size / PAGE_POINTS[1]
        rows = [report_text.wrap_text(c.sentence, room, size, most) for c in star.checks]
        if sum(max(1, len(r)) for r in rows) * line + 0.003 * len(rows) + 0.018 <= high:
            break
    y = top - 0.018
    for check, sentence in zip(star.checks, rows, strict=True):
        word, color = OUTCOME_STYLES[check.flag]
        _draw_text(figure, left, y, word, size, color=color, weight="bold")
        _draw_text(figure, left + flag_wide, y, report_text.printable(check.title), size)
        for text in sentence:
            _draw_text(figure, left + flag_wide + title_wide, y, text, size, color="0.15")
            y -= line
        y -= 0.003 + (0 if sentence else line)


def _draw_footer(figure: "Figure", star: ReportData) -> None:
    """Draw the provenance.

    With many files only the first digits of their hashes are shown; the file's metadata has them in
    full.
    """
    size = 4.9 if len(star.sources) <= FILES_IN_FULL else 4.5
    room = (_RIGHT - _LEFT + 0.02) * PAGE_POINTS[0]
    text = " ".join(data.provenance_lines(star, 64 if len(star.sources) <= FILES_IN_FULL else 12))
    for row, line in enumerate(report_text.wrap_text(text, room, size, 5)):
        _draw_text(figure, _LEFT - 0.02, 0.056 - row * 1.25 * size / PAGE_POINTS[1], line, size, color="0.4")
