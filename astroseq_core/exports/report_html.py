"""A report as one HTML file that needs no other: the page as a picture, and its numbers and checks as text."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

from astroseq_core.exports import report_figure, report_star
from astroseq_core.exports.report_star import Fact, ReportStar
from astroseq_core.figures import colours

_STYLE = f"""
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 1.5rem auto; padding: 0 1rem; }}
h1 {{ margin: 0; font-size: 1.6rem; }}
h2 {{ font-size: 1.1rem; margin: 1.4rem 0 .4rem; }}
.names, .foot {{ opacity: .75; }}
.foot {{ font-size: .8rem; overflow-wrap: anywhere; }}
.simulated {{ background: {colours.SIMULATED}; color: white; font-weight: 600; padding: .35rem .8rem; border-radius: .3rem; }}
img {{ width: 100%; height: auto; background: white; border: 1px solid rgba(127,140,153,.4); }}
.facts {{ display: flex; flex-wrap: wrap; gap: 0 2.5rem; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; vertical-align: top; padding: .15rem 1rem .15rem 0; }}
th {{ font-weight: 500; opacity: .75; white-space: nowrap; }}
.checks td {{ border-top: 1px solid rgba(127,140,153,.35); padding: .35rem 1rem .35rem 0; }}
.outcome {{ font-weight: 600; padding: 0 .45rem; border-radius: .25rem; color: white; }}
"""


def html(star: ReportStar) -> str:
    """The file's text; every text from outside is escaped."""
    picture = base64.b64encode(report_figure.png(star)).decode("ascii")
    name = escape(star.target.id)
    banner = f'<p class="simulated">{escape(report_star.SIMULATED)}</p>' if star.is_simulated else ""
    facts = "".join(
        _table(f) for f in (
            report_star.star_facts(star), report_star.ephemeris_facts(star), report_star.fit_facts(star),
            report_star.verdict_facts(star),
        )
    )  # fmt: skip
    foot = "<br>".join(escape(line) for line in report_star.provenance(star))
    about = f"Report of {star.target.id}: light curve, folds, odd against even, secondary search, single transits, checks"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}{' (simulated)' if star.is_simulated else ''}: report</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'{banner}\n<h1>{name}</h1>\n<p class="names">{escape(star.names)}</p>\n'
        f'<img alt="{escape(about)}" src="data:image/png;base64,{picture}">\n'
        f'<h2>Numbers</h2>\n<div class="facts">{facts}</div>\n'
        f"<h2>Checks</h2>\n{_checks(star)}\n"
        f'<h2>Where this is from</h2>\n<p class="foot">{foot}</p>\n</body>\n</html>\n'
    )


def _table(facts: Sequence[Fact]) -> str:
    rows = "".join(f"<tr><th>{escape(f.label)}</th><td>{_lines(f.value)}</td></tr>" for f in facts)
    return f"<table>{rows}</table>"


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines())


def _checks(star: ReportStar) -> str:
    rows = []
    for check in star.checks:
        word, colour = report_figure.FLAGS[check.flag]
        cells: Iterable[str] = (
            f'<span class="outcome" style="background:{colour}">{escape(word)}</span>',
            escape(check.title),
            escape(_measured(check.value, check.error, check.unit)),
            escape(check.sentence),
        )
        rows.append(f"<tr>{''.join(f'<td>{c}</td>' for c in cells)}</tr>")
    return f'<table class="checks">{"".join(rows)}</table>'


def _measured(value: float | None, error: float | None, unit: str) -> str:
    if value is None:
        return ""
    return " ".join(filter(None, (f"{value:.4g}", f"± {error:.2g}" if error else "", unit)))
