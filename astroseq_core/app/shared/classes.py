"""The class of a signal as quiet bars with their intervals."""

from html import escape

import streamlit as st

from astroseq_core.plots.style import CLASS_COLORS
from astroseq_core.signals.class_words import CLASSES, baseline_words, class_sentence, class_values, depth_warning
from astroseq_core.signals.signal import ClassProbabilities

HELP = (
    "The calibrated probability of each class, with the spread of the networks and trees that were asked (a darker stretch). "
    "The tick is what the readable baseline says, gradient-boosted trees on numbers measured on the folded views."
)
_STYLE = """<style>
.signal-class {display: grid; grid-template-columns: max-content 1fr max-content; gap: 0.15rem 0.6rem; align-items: center;
  font-size: 0.8rem; line-height: 1.15rem}
.signal-class .bar {position: relative; height: 0.55rem; border-radius: 0.15rem; background: rgba(128, 138, 150, 0.18)}
.signal-class .bar span {position: absolute; top: 0; bottom: 0}
.signal-class .value {border-radius: 0.15rem; opacity: 0.6}
.signal-class .spread {opacity: 0.55}
.signal-class .tick {width: 2px; top: -2px !important; bottom: -2px !important; background: currentColor}
.signal-class .number {font-variant-numeric: tabular-nums; text-align: right}
.signal-class .baseline {grid-column: 1 / -1; opacity: 0.7; font-size: 0.75rem}
</style>"""


def draw_class_bars(classes: ClassProbabilities, baseline: ClassProbabilities | None, depth_ppm: float | None = None) -> None:
    """Draw a bar for each class, with its interval and what the readable baseline says.

    Parameters
    ----------
    classes : ClassProbabilities
        The class probabilities.
    baseline : ClassProbabilities or None
        Those of the readable baseline, if there is one.
    depth_ppm : float, optional
        Depth of the signal [ppm]; one that no planet has is told.
    """
    ticks = {one.name: one for one in class_values(baseline)} if baseline is not None else {}
    rows = []
    for one in class_values(classes):
        low, high = max(0.0, one.probability - one.spread), min(1.0, one.probability + one.spread)
        color = CLASS_COLORS[one.name]
        tick = f'<span class="tick" style="left:{100 * ticks[one.name].probability:.1f}%"></span>' if one.name in ticks else ""
        rows.append(
            f"<span>{escape(CLASSES[one.name][0])}</span>"
            f'<div class="bar"><span class="value" style="left:0;width:{100 * one.probability:.1f}%;background:{color}"></span>'
            f'<span class="spread" style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%;background:{color}"></span>'
            f"{tick}</div>"
            f'<span class="number">{one.probability:.2f} ± {one.spread:.2f}</span>'
        )
    if baseline is not None:
        rows.append(f'<span class="baseline">Trees alone: {baseline_words(baseline)}</span>')
    if warning := depth_warning(depth_ppm):
        rows.append(f'<span class="baseline">{escape(warning)}</span>')
    label = escape(f"Class of the signal: {class_sentence(classes)}")
    st.html(f'{_STYLE}<div class="signal-class" role="img" aria-label="{label}" title="{escape(HELP)}">{"".join(rows)}</div>')
