"""Explore: one star, its light curve, what is predicted and what the network makes of it."""

from astroseq_core.ui import address, finding, header, page, panels, sidebar
from astroseq_core.ui.opened import opened, scored

page.setup("Explore")
choice = sidebar.choose()
with page.sentences():
    if not choice.request.name:
        header.nothing_yet(choice)
    elif (wanted := finding.ready(choice.request, choice.mission, choice.offered)) is not None:
        request, star = opened(wanted, choice.method, choice.window_days)
        card = header.model(star, choice.model)
        known = None if card is None else scored(request, star, card)
        header.show(star, card, known, address.place_of(request))
        shown = panels.chart(star, card, known)
        panels.tabs(request, star, card, known, shown)
        if card is not None and known is None:
            panels.score_then_redraw(request, star, card)
