"""The Leaderboard's comparison: how two models rank the same stars."""

from collections.abc import Sequence

import streamlit as st

from astroseq_core.figures import leaderboard
from astroseq_core.figures.layout import CONFIG
from astroseq_core.store import board
from astroseq_core.store.board import Filters, ScoredModel
from astroseq_core.ui import address, page
from astroseq_core.ui import board_address as written
from astroseq_core.ui.page import escape, note

#: Stars of the plot, the best by either model first.
MOST = 5000


def show(model: str, models: Sequence[ScoredModel]) -> None:
    """Draw it."""
    others = [m.model_id for m in models if m.model_id != model]
    if not others:
        st.markdown(
            "How a second model ranks the same stars will stand here, once one has scored them: two models that agree on a star "
            "say more than one."
        )
        page.link(address.SURVEY, "Score stars by another model", ":material/leaderboard:")
        return
    asked = written.text("against")
    other = st.selectbox(
        "Against", others, index=others.index(asked) if asked in others else 0, key=f"against {model}", width=320
    )
    written.write({"against": str(other)})
    pairs = board.pair(model, str(other), MOST)
    if not pairs:
        st.markdown(f"No star was scored by both {escape(model)} and {escape(other)}.")
        return
    known = {r.target_id for r in board.page(Filters(model_id=model, known=True, scored=True), limit=MOST).rows}
    figure = leaderboard.rank_rank_figure(
        [p.target_id for p in pairs], [p.rank_a for p in pairs], [p.rank_b for p in pairs], model, str(other),
        [p.target_id in known for p in pairs],
    )  # fmt: skip
    st.plotly_chart(figure, config=CONFIG, key="ranks", alt=f"Ranks of {len(pairs)} stars by {model} and by {other}")
    first = f"The {MOST:,} best by either of the stars" if len(pairs) >= MOST else f"{len(pairs):,} stars"
    st.caption(f"{first} that both scored; ranks are among all stars of each model.")
    note(
        "Each star by its rank of one model and of the other, both axes logarithmic, the best of both at the upper right.",
        "Stars along the dashed line are ranked alike; one far from it is worth a look, for one model sees what the other does "
        "not.",
    )
