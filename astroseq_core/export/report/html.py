"""HTML report: one self-contained file with the page as a picture, its numbers and its checks."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

from astroseq_core.export.report import data, figure
from astroseq_core.export.report.data import Fact, ReportData
from astroseq_core.plots import style
from astroseq_core.signals.class_words import class_sentence, depth_warning, period_words

_STYLE = f"""
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 1.5rem auto; padding: 0 1rem; }}
h1 {{ margin: 0; font-size: 1.6rem; }}
h2 {{ font-size: 1.1rem; margin: 1.4rem 0 .4rem; }}
.names, .foot {{ opacity: .75; }}
.foot {{ font-size: .8rem; overflow-wrap: anywhere; }}
.simulated {{ background: {style.SIMULATED_COLOR}; color: white; font-weight: 600; padding: .35rem .8rem; border-radius: .3rem; }}
img {{ width: 100%; height: auto; background: white; border: 1px solid rgba(127,140,153,.4); }}
.facts {{ display: flex; flex-wrap: wrap; gap: 0 2.5rem; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; vertical-align: top; padding: .15rem 1rem .15rem 0; }}
th {{ font-weight: 500; opacity: .75; white-space: nowrap; }}
.checks td {{ border-top: 1px solid rgba(127,140,153,.35); padding: .35rem 1rem .35rem 0; }}
.outcome {{ font-weight: 600; padding: 0 .45rem; border-radius: .25rem; color: white; }}
"""


def render_html(star: ReportData) -> str:
    """Return the HTML file of a report; all text from outside is escaped.

    Parameters
    ----------
    star : ReportData
        Content of the report.

    Returns
    -------
    str
        Text of the file.
    """
    name = escape(star.target.id)
    banner = f'<p class="simulated">{escape(data.SIMULATED_BANNER)}</p>' if star.is_simulated else ""
    foot = "<br>".join(escape(line) for line in data.provenance_lines(star))
    sections = (star, *star.others)
    body = "".join(_section(one, several=len(sections) > 1) for one in sections)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}{' (simulated)' if star.is_simulated else ''}: report</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'{banner}\n<h1>{name}</h1>\n<p class="names">{escape(star.names)}</p>\n'
        f"{_signals_table(star)}{body}"
        f'<h2>Where this is from</h2>\n<p class="foot">{foot}</p>\n</body>\n</html>\n'
    )


def _section(star: ReportData, several: bool) -> str:
    """Return the picture, the numbers and the checks of one signal."""
    picture = base64.b64encode(figure.render_png(star)).decode("ascii")
    facts = (
        data.star_facts(star),
        (*data.ephemeris_facts(star), *data.class_facts(star)),
        data.fit_facts(star),
        data.disposition_facts(star),
    )
    about = f"Report of {star.target.id}: light curve, folds, odd against even, secondary search, single transits, checks"
    number = "" if star.signal is None else f" {star.signal.number}"
    head = f"<h2>Signal{number}: {escape(star.examination.ephemeris.name)}</h2>\n" if several else ""
    return (
        f'{head}<img alt="{escape(about)}" src="data:image/png;base64,{picture}">\n'
        f'<h2>Numbers</h2>\n<div class="facts">{"".join(map(_facts_table, facts))}</div>\n'
        f"<h2>Checks</h2>\n{_checks_table(star)}\n"
    )


def _signals_table(star: ReportData) -> str:
    """Return the star's signals, if it has several, with their classes and what the readable baseline says."""
    if len(star.signals) < 2:
        return ""
    rows = []
    for one in star.signals:
        by_both, by_trees = ("" if c is None else class_sentence(c) for c in (one.classes, one.baseline))
        if by_both and (warning := depth_warning(one.ephemeris.depth_ppm)):
            by_both = f"{by_both}; {warning}"
        cells = (str(one.number), one.name, period_words(one.ephemeris), by_both, by_trees)
        rows.append(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in cells)}</tr>")
    heads = "".join(f"<th>{head}</th>" for head in ("Signal", "Name", "Period", "Class", "Trees alone"))
    return f'<h2>Signals</h2>\n<table class="checks"><tr>{heads}</tr>{"".join(rows)}</table>\n'


def _facts_table(facts: Sequence[Fact]) -> str:
    rows = "".join(f"<tr><th>{escape(f.label)}</th><td>{_html_lines(f.value)}</td></tr>" for f in facts)
    return f"<table>{rows}</table>"


def _html_lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines())


def _checks_table(star: ReportData) -> str:
    rows = []
    for check in star.checks:
        word, color = figure.OUTCOME_STYLES[check.flag]
        cells: Iterable[str] = (
            f'<span class="outcome" style="background:{color}">{escape(word)}</span>',
            escape(check.title),
            escape(_format_measurement(check.value, check.error, check.unit)),
            escape(check.sentence),
        )
        rows.append(f"<tr>{''.join(f'<td>{c}</td>' for c in cells)}</tr>")
    return f'<table class="checks">{"".join(rows)}</table>'


def _format_measurement(value: float | None, error: float | None, unit: str) -> str:
    if value is None:
        return ""
    return " ".join(filter(None, (f"{value:.4g}", f"± {error:.2g}" if error else "", unit)))
