"""Vet: one star after the other, all evidence on one screen, a key for each verdict."""

import astroseq_core.app

astroseq_core.app.wait_for_imports()
from astroseq_core.app.shared import layout
from astroseq_core.app.vet import screen, start, state

layout.setup_page("Vet", wide=True)
for sentence in (*layout.earlier_warnings(), *state.PARAMETERS.warnings()):
    layout.warn(sentence)
with layout.errors_as_messages():
    reviewer = start.draw_reviewer_field()
    if reviewer and (queue := state.QUEUE.read()):
        screen.draw_queue(queue, reviewer)
    elif reviewer and (place := state.star_location()):
        screen.draw_star(place, reviewer)
    else:
        start.draw_start(reviewer)
