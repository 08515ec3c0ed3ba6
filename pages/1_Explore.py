"""Explore: one star, its light curve, what is predicted and what the network makes of it."""

from dataclasses import replace

import astroseq_core.app

astroseq_core.app.wait_for_imports()
from astroseq_core.app.explore import header, sidebar, view
from astroseq_core.app.shared import key_overlay, layout, names, url_state
from astroseq_core.app.shared.stars import load_detrended_star, load_scores, load_soon

layout.setup_page("Explore")
choice = sidebar.draw_sidebar()
key_overlay.draw_overlay(sidebar.KEYS)
with layout.errors_as_messages():
    if choice.problem is not None:
        raise choice.problem
    if not choice.request.name:
        header.draw_welcome(choice)
    elif (wanted := names.resolve_star(choice.request, choice.mission, choice.offered)) is not None:
        request, star = load_detrended_star(wanted, choice.method, choice.window_days)
        card = header.model_card_or_warn(star, choice.model)
        known = None if card is None else load_scores(request, star, card)
        location, typed = url_state.star_location(request), choice.request.name
        header.draw_header(request, star, card, known, location, view.drawn_indices(star), typed)
        shown = view.draw_light_curve(request, star, card, known)
        view.draw_tabs(request, star, card, known, shown)
        if card is not None and known is None:
            view.score_then_redraw(request, star, card)
        elif choice.request.name in choice.offered:
            following = sidebar.neighboring_star(choice.offered, choice.request.name, 1)
            load_soon(replace(request, name=following, observations=()), choice.model)
