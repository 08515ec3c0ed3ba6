"""Figures as one page that opens in any browser, without a server or a network."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from astroseq_core.figures import layout

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2em auto; padding: 0 1em; color: #1b1f24; }
pre { background: #f4f5f7; padding: 1em; overflow-x: auto; font-size: 12.5px; }
.note { border-left: 4px solid #D55E00; padding: .3em .8em; background: #fff6ee; }
.simulated { border-left: 4px solid #7B4FC9; padding: .3em .8em; background: #f6f1ff; }
p.caption { color: #57606a; margin: .2em 0 1.6em; }
"""


@dataclass(frozen=True)
class Section:
    """A figure under its heading, with a caption that says what good looks like."""

    heading: str
    caption: str
    figure: go.Figure


def page(title: str, text: str, sections: Sequence[Section], *, note: str = "", simulated: bool = False) -> str:
    """The whole page as HTML; ``text`` is shown as it stands, in a fixed-width face. Plotly's script is inside."""
    parts = [f"<h1>{html.escape(title)}</h1>"]
    if note:
        parts.append(f'<p class="{"simulated" if simulated else "note"}">{html.escape(note)}</p>')
    parts.append(f"<pre>{html.escape(text)}</pre>")
    for number, section in enumerate(sections):
        # On paper-white ground, and the caller's figure stays as it is.
        figure = go.Figure(section.figure).update_layout(template="plotly_white")
        drawn = figure.to_html(full_html=False, include_plotlyjs=number == 0, config=layout.CONFIG)
        caption = f'<p class="caption">{html.escape(section.caption)}</p>'
        parts += [f"<h2>{html.escape(section.heading)}</h2>", drawn, caption]
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"
