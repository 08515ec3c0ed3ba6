"""The worst mistakes of a run on its test stars, each a small picture and the way to its star."""

import streamlit as st

from astroseq_core import targets
from astroseq_core.errors import AstroSeqError
from astroseq_core.figures import gallery
from astroseq_core.runs.folder import Run
from astroseq_core.training.choice import FOLDER
from astroseq_core.training.copies import FIRST_SEED
from astroseq_core.training.judged import Mistake, TestSegments
from astroseq_core.ui import address, page, train_address
from astroseq_core.ui.page import escape, note

ALARMS, MISSES = KINDS = ("False alarms", "Misses")
COLUMNS, SHOWN = 4, 8


def show(run: Run, test: TestSegments | None, group: str) -> None:
    """Draw it; nothing where no segment was kept."""
    if test is None or group not in test.groups:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown("**Worst mistakes**", width="content")
        kind = st.segmented_control("Which", KINDS, default=train_address.one("mistakes", KINDS, ALARMS), required=True,
                                    key=f"mistakes {run.run_id} {group}", label_visibility="collapsed")  # fmt: skip
    train_address.write({"mistakes": MISSES if kind == MISSES else None})
    found = (test.misses if kind == MISSES else test.false_alarms)(group)[:SHOWN]
    if not found:
        st.markdown("No such mistake was made on these stars.")
        return
    for first in range(0, len(found), COLUMNS):
        for number, (mistake, column) in enumerate(zip(found[first : first + COLUMNS], st.columns(COLUMNS), strict=False), first):
            with column:
                _one(run, test, mistake, f"{kind} {run.run_id} {group} {number}")
    if any(is_simulated(m.star) for m in found):
        st.caption("Simulated training stars are not in the built-in survey: they cannot be opened.")
    note(
        "The first channel of what the network saw, in-transit cadences in colour. False alarms are the loudest segments without "
        "a transit; misses are the strongest transits below the probability that one in a hundred of the others exceeds.",
        "What looks like a transit to you, too, is a fair mistake; what does not says what it has yet to learn.",
    )


def _one(run: Run, test: TestSegments, mistake: Mistake, key: str) -> None:
    st.plotly_chart(gallery.thumbnail_figure(mistake, (test.channel,)), config={"displayModeBar": False}, key=key)
    strength = f" · SNR {mistake.snr:.1f}" if mistake.label and mistake.snr == mistake.snr else ""
    others = f" · {mistake.others} more" if mistake.others else ""
    words = f"p = {mistake.probability:.3f}{strength}{others}"
    where = place_of(run, mistake.star)
    if where is None:
        st.caption(f"{escape(mistake.star)} · {words}")
        return
    with page.where_there_are_pages():
        st.page_link(address.EXPLORE, label=escape(mistake.star), icon=":material/query_stats:", query_params=where)
    st.caption(words)


def is_simulated(star: str) -> bool:
    """Whether it is a simulated star made for training, which is nowhere else."""
    kind, _, number = star.partition(" ")
    return kind == "SIM" and number.isdecimal() and int(number) >= FIRST_SEED


def place_of(run: Run, star: str) -> dict[str, str] | None:
    """What Explore's address says of the star, None where it cannot be opened."""
    try:
        target = targets.parse_star(star)
    except AstroSeqError:
        return None
    if target.is_simulated:
        return None if is_simulated(star) else {"target": target.id}
    stars = run.request.stars
    if stars.source == FOLDER:
        where = {"source": "files", "folder": stars.folder, "target": target.id}
        return where | ({"ephemerides": stars.ephemerides} if stars.ephemerides else {})
    return {"source": "cache", "target": target.id}
