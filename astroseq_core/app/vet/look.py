"""The look of the vetting screen: all of it on a laptop's screen, the dispositions at hand on a phone, words that can be read."""

import streamlit as st

from astroseq_core.app.vet import keys

#: Narrower than this [px], Streamlit puts columns below each other.
_PHONE_PX = 640
#: Width of the figures where the screen is narrower [px]: they scroll sideways, and no title covers another.
_FIGURES_PX = 880
_FIGURES, _REASONS, _DECISIONS, _SIGNALS = (
    f".{keys.css_class(key)}"
    for key in (keys.FIGURES_CONTAINER, keys.REASONS_CONTAINER, keys.DECISIONS_CONTAINER, keys.SIGNALS_CONTAINER)
)
#: Smaller margins and headings than on other pages, so that everything fits on a laptop's screen without scrolling. No fading
#: between stars, so that figures and buttons keep still. Numbers and titles of figures have the color of the page's text.
_STYLE = f"""<style>
[data-testid="stMainBlockContainer"] {{padding: 0.6rem 1rem 0.5rem; gap: 0.5rem}}
[data-testid="stHeader"] {{background: transparent; pointer-events: none}}
[data-testid="stHeader"] button {{pointer-events: auto}}
[data-testid="stProgress"] {{padding-left: 3.2rem}}
[data-testid="stElementContainer"] {{transition: none !important}}
.st-key-vet-header {{padding-left: 3.2rem; min-height: 2.7rem}}
.st-key-vet-header p {{font-size: 0.83rem; line-height: 1.25rem; margin: 0; font-variant-numeric: tabular-nums}}
.st-key-vet-header h3 {{padding: 0}}
.st-key-vet-header [data-testid="stMarkdownContainer"] {{margin-bottom: 0}}
{_SIGNALS} {{margin-bottom: -0.6rem}}
{_SIGNALS} button {{min-height: 1.7rem; padding: 0 0.6rem}}
{_SIGNALS} button[kind="primary"] {{background: rgba(47, 125, 209, 0.16); color: inherit; font-weight: 600}}
{_SIGNALS} p {{font-size: 0.78rem; font-variant-numeric: tabular-nums}}
.st-key-vet-checks p, .st-key-vet-checks summary {{font-size: 0.83rem; line-height: 1.2rem}}
.st-key-vet-way button {{padding: 0.25rem 0.45rem; min-width: 0}}
.st-key-vet-way button, .st-key-vet-more button {{min-height: 2.1rem}}
.st-key-vet-more button {{padding: 0.2rem 0.55rem}}
[data-testid="stMain"] [data-testid="stCaptionContainer"], [data-testid="stMain"] summary, [data-testid="stMain"] button kbd
  {{color: light-dark(#55606D, #A9B2BC); opacity: 1}}
[data-testid="stMain"] button[kind="primary"] kbd {{color: inherit; opacity: 1}}
@media (max-width: 1250px) {{
  .st-key-vet-way, .st-key-vet-more {{gap: 0.2rem}}
  .st-key-vet-way button, .st-key-vet-more button {{padding: 0.1rem 0.2rem}}
}}
{_REASONS} [data-testid="stCaptionContainer"] p {{font-size: 0.75rem; line-height: 1rem; margin: 0; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis}}
{_REASONS} [data-testid="stCaptionContainer"] {{margin: 0 0 0.3rem}}
{_REASONS} [role="toolbar"] {{display: grid; grid-template-columns: repeat(auto-fill, minmax(6rem, 1fr)); gap: 0.2rem}}
{_REASONS} button {{min-height: 0; height: 1.55rem; padding: 0 0.4rem; border-radius: 0.4rem; width: 100%}}
{_REASONS} button, {_REASONS} button > div {{justify-content: start}}
{_REASONS} button p {{font-size: 0.72rem; line-height: 1rem; white-space: nowrap}}
{_FIGURES} .js-plotly-plot text, .st-key-vet-pixels text, .st-key-vet-centroid text, .st-key-vet-periods text,
.st-key-vet-probability text {{fill: currentColor !important}}
[data-testid="stMain"] button:focus-visible, [data-testid="stMain"] [role="tab"]:focus-visible,
[data-testid="stMain"] summary:focus-visible, [data-testid="stMain"] a:focus-visible
  {{outline: 2px solid light-dark(#0B5CAD, #5BA3E6) !important; outline-offset: 1px}}
@media (max-width: {_FIGURES_PX + 20}px) {{
  {_FIGURES} {{overflow-x: auto}}
  {_FIGURES} [data-testid="stFullScreenFrame"] {{min-width: {_FIGURES_PX}px}}
}}
@media (max-width: {_PHONE_PX}px) {{
  .st-key-vet-header {{padding-left: 0}}
  .st-key-vet-header > div:first-child {{padding-left: 3.2rem}}
  [data-testid="stMainBlockContainer"] {{padding-bottom: 6.5rem}}
  {_DECISIONS} {{position: fixed; z-index: 99; left: 0; right: 0; bottom: 0; padding: 0.5rem 0.75rem;
    background: light-dark(#FFFFFF, #0E141B); border-top: 1px solid rgba(127, 140, 153, 0.4); width: auto}}
  {_DECISIONS} button {{min-height: 2.2rem}}
}}
</style>"""


def apply() -> None:
    """Give the page the look of the vetting screen."""
    st.html(_STYLE)
