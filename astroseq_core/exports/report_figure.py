"""A report on one page, landscape A4, drawn without any state that threads share."""

import io
from collections.abc import Sequence
from typing import Any

from astroseq_core import __version__
from astroseq_core.exports import report_curve, report_panels, report_star, report_text
from astroseq_core.exports.report_star import Fact, ReportStar
from astroseq_core.figures import colours
from astroseq_core.vetting.check import Flag

#: The resolution of the PNG, and of what is drawn as pixels in the PDF [dots an inch]; the PNG's size; A4, landscape [inches].
DPI, PIXELS = 150, (1754, 1240)
PAGE = (PIXELS[0] / DPI, PIXELS[1] / DPI)
POINTS = (PAGE[0] * 72, PAGE[1] * 72)
#: A word and a colour for each outcome of a check: the word is there for those who do not see the colour.
FLAGS = {
    Flag.PASS: ("passed", "#1B7F5C"), Flag.WARN: ("look", "#B36B00"), Flag.FAIL: ("FAILED", "#C2255C"),
    Flag.UNKNOWN: ("unknown", "#6B7280"),
}  # fmt: skip
#: So many files' hashes have room on the page in full.
FILES_IN_FULL = 4
_LEFT, _RIGHT = 0.048, 0.988


def png(star: ReportStar) -> bytes:
    """The page as PNG of PIXELS."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = draw(star)
    out = io.BytesIO()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(out, metadata=_about(star))
    return out.getvalue()


def pdf(star: ReportStar) -> bytes:
    """The page as PDF: letters and lines as such, cadences as an image."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    figure = draw(star)
    out = io.BytesIO()
    said = _about(star)
    about = {"Title": said["Title"], "Creator": said["Software"], "Producer": None, "Subject": "Transit candidate",
             "Keywords": said["Source"]}  # fmt: skip
    canvas: Any = FigureCanvasPdf(figure)
    canvas.print_pdf(out, metadata=about)
    return out.getvalue()


def _about(star: ReportStar) -> dict[str, str]:
    """What the file says of itself."""
    name = f"{star.target.id} (SIMULATED)" if star.is_simulated else star.target.id
    # PNG's own text fields hold Latin-1 alone
    said = " ".join(report_star.provenance(star)).encode("latin-1", "replace").decode("latin-1")
    return {"Title": name, "Software": f"AstroSeq {__version__}", "Source": said}


def draw(star: ReportStar) -> Any:
    """The page as a matplotlib Figure of its own."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=PAGE, dpi=DPI, facecolor="white")
    _header(figure, star)
    curve = _axes(figure, _LEFT, 0.655, _RIGHT - _LEFT, 0.135)
    strip = _axes(figure, _LEFT, 0.637, _RIGHT - _LEFT, 0.014)
    report_curve.draw(curve, strip, star)
    wide = (_RIGHT - _LEFT - 3 * 0.036) / 4
    panels = (report_panels.phase, report_panels.close, report_panels.odd_even, report_panels.secondary)
    for place, panel in enumerate(panels):
        panel(_axes(figure, _LEFT + place * (wide + 0.036), 0.395, wide, 0.165), star.examination)
    report_panels.singles(_axes(figure, _LEFT - 0.02, 0.105, 0.30, 0.215), star.examination)
    _checks(figure, star, 0.36, 0.338, _RIGHT - 0.36, 0.265)
    _foot(figure, star)
    return figure


def _axes(figure: Any, left: float, bottom: float, wide: float, high: float) -> Any:
    axes = figure.add_axes((left, bottom, wide, high))
    axes.tick_params(labelsize=5.8, length=2, width=0.5, pad=1.5)
    axes.xaxis.label.set_size(6.2)
    axes.yaxis.label.set_size(6.2)
    axes.xaxis.labelpad = axes.yaxis.labelpad = 1.5
    for spine in axes.spines.values():
        spine.set_linewidth(0.5)
        spine.set_color("#9AA3AD")
    axes.ticklabel_format(useOffset=False, style="plain")
    return axes


def _say(figure: Any, x: float, y: float, text: str, size: float, **how: Any) -> None:
    """Text at a place of the page, left and top; nothing in it is read as mathematics."""
    figure.text(x, y, text, size=size, family=report_text.FONT, parse_math=False, **{"ha": "left", "va": "top"} | how)


def _header(figure: Any, star: ReportStar) -> None:
    from matplotlib.patches import Rectangle

    top = 0.985
    if star.is_simulated:
        figure.add_artist(Rectangle((0, 0.972), 1, 0.028, color=colours.SIMULATED, lw=0))
        _say(figure, 0.5, 0.986, report_star.SIMULATED, 8, color="white", weight="bold", ha="center", va="center")
        top = 0.963
    _say(figure, _LEFT - 0.02, top, star.target.id, 15, weight="bold")
    # the title is set in bold, which is a tenth wider
    begin = _LEFT - 0.005 + 1.13 * report_text.width(star.target.id, 15) / POINTS[0]
    under = report_text.lines(star.names, (_RIGHT - begin - 0.12) * POINTS[0], 7.5, 1)
    _say(figure, begin, top - 0.0095, under[0] if under else "", 7.5, color="0.3")
    _say(figure, _RIGHT, top - 0.0095, f"AstroSeq {__version__}", 6.5, color="0.45", ha="right")
    columns = (
        (report_star.star_facts(star), 0.048, 0.075, 0.17), (report_star.ephemeris_facts(star), 0.225, 0.06, 0.22),
        (report_star.fit_facts(star), 0.452, 0.085, 0.22), (report_star.verdict_facts(star), 0.685, 0.045, _RIGHT - 0.685),
    )  # fmt: skip
    for facts, left, indent, room in columns:
        _facts(figure, facts, left - 0.02, top - 0.042, indent, room)


def _facts(figure: Any, facts: Sequence[Fact], left: float, top: float, indent: float, room: float) -> None:
    size, line = 6.3, 0.0152
    row = 0
    for place, fact in enumerate(facts):
        # the last one, a note in the column of the verdict, may go on
        most = max(1, 8 - row) if place == len(facts) - 1 else 2
        said = report_text.lines(fact.value, (room - indent) * POINTS[0], size, min(most, 3)) or ["–"]
        _say(figure, left, top - row * line, fact.label, size, color="0.42")
        for text in said:
            _say(figure, left + indent, top - row * line, text, size)
            row += 1


def _checks(figure: Any, star: ReportStar, left: float, top: float, wide: float, high: float) -> None:
    """The checks as a table: outcome, title, sentence; the font shrinks until all of it fits."""
    _say(figure, left, top, "Checks", 7)
    flag_wide, title_wide = 0.048, 0.125
    room = (wide - flag_wide - title_wide) * POINTS[0]
    for size, most in ((6.3, 3), (5.8, 3), (5.8, 2), (5.3, 2)):
        line = 1.22 * size / POINTS[1]
        rows = [report_text.lines(c.sentence, room, size, most) for c in star.checks]
        if sum(max(1, len(r)) for r in rows) * line + 0.003 * len(rows) + 0.018 <= high:
            break
    y = top - 0.018
    for check, sentence in zip(star.checks, rows, strict=True):
        word, colour = FLAGS[check.flag]
        _say(figure, left, y, word, size, color=colour, weight="bold")
        _say(figure, left + flag_wide, y, report_text.shown(check.title), size)
        for text in sentence:
            _say(figure, left + flag_wide + title_wide, y, text, size, color="0.15")
            y -= line
        y -= 0.003 + (0 if sentence else line)


def _foot(figure: Any, star: ReportStar) -> None:
    """Where all is from; of many files the first digits of their hashes, which stand in full in the file's own metadata."""
    size = 4.9 if len(star.sources) <= FILES_IN_FULL else 4.5
    room = (_RIGHT - _LEFT + 0.02) * POINTS[0]
    text = " ".join(report_star.provenance(star, 64 if len(star.sources) <= FILES_IN_FULL else 12))
    for row, line in enumerate(report_text.lines(text, room, size, 5)):
        _say(figure, _LEFT - 0.02, 0.056 - row * 1.25 * size / POINTS[1], line, size, color="0.4")
