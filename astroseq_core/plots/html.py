"""Figures as one HTML page that works without a server or a network."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from astroseq_core.plots import style

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2em auto; padding: 0 1em; color: #1b1f24; }
pre { background: #f4f5f7; padding: 1em; overflow-x: auto; font-size: 12.5px; }
.note { border-left: 4px solid #D55E00; padding: .3em .8em; background: #fff6ee; }
.simulated { border-left: 4px solid #7B4FC9; padding: .3em .8em; background: #f6f1ff; }
p.caption { color: #57606a; margin: .2em 0 1.6em; }
"""


@dataclass(frozen=True)
class FigureSection:
    """A figure with its heading and caption.

    Attributes
    ----------
    heading : str
        Heading.
    caption : str
        What the figure shows and what good looks like.
    figure : Figure
        The figure.
    """

    heading: str
    caption: str
    figure: go.Figure


def html_page(title: str, text: str, sections: Sequence[FigureSection], *, note: str = "", simulated: bool = False) -> str:
    """Return figures as a self-contained HTML page that includes Plotly's script.

    Parameters
    ----------
    title : str
        Title of the page.
    text : str
        Text shown verbatim in a monospaced font.
    sections : sequence of FigureSection
        Figures with headings and captions.
    note : str, optional
        Highlighted note above the text.
    simulated : bool, optional
        Whether the note says that the data are simulated, which sets its color.

    Returns
    -------
    str
        The HTML.
    """
    parts = [f"<h1>{html.escape(title)}</h1>"]
    if note:
        parts.append(f'<p class="{"simulated" if simulated else "note"}">{html.escape(note)}</p>')
    parts.append(f"<pre>{html.escape(text)}</pre>")
    for number, section in enumerate(sections):
        # On a white background; the caller's figure is not changed.
        figure = go.Figure(section.figure).update_layout(template="plotly_white")
        indices = figure.to_html(full_html=False, include_plotlyjs=number == 0, config=style.PLOTLY_CONFIG)
        caption = f'<p class="caption">{html.escape(section.caption)}</p>'
        parts += [f"<h2>{html.escape(section.heading)}</h2>", indices, caption]
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"
