"""HTML report: one self-contained file with the page as a picture, its numbers and its checks."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

from astroseq_core.export.report import data, figure
from astroseq_core.export.report.data import Fact, ReportData
from astroseq_core.plots import style

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
    picture = base64.b64encode(figure.render_png(star)).decode("ascii")
    name = escape(star.target.id)
    banner = f'<p class="simulated">{escape(data.SIMULATED_BANNER)}</p>' if star.is_simulated else ""
    facts = "".join(
        _facts_table(f)
        for f in (
            data.star_facts(star),
            data.ephemeris_facts(star),
            data.fit_facts(star),
            data.disposition_facts(star),
        )
    )
    foot = "<br>".join(escape(line) for line in data.provenance_lines(star))
    about = f"Report of {star.target.id}: light curve, folds, odd against even, secondary search, single transits, checks"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}{' (simulated)' if star.is_simulated else ''}: report</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'{banner}\n<h1>{name}</h1>\n<p class="names">{escape(star.names)}</p>\n'
        f'<img alt="{escape(about)}" src="data:image/png;base64,{picture}">\n'
        f'<h2>Numbers</h2>\n<div class="facts">{facts}</div>\n'
        f"<h2>Checks</h2>\n{_checks_table(star)}\n"
        f'<h2>Where this is from</h2>\n<p class="foot">{foot}</p>\n</body>\n</html>\n'
    )


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
