"""The Leaderboard's table: a page of stars in order, each a click from its light curve."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.store import board
from astroseq_core.store.board import BoardRow, Filters
from astroseq_core.surveys import places
from astroseq_core.ui import address, board_export, board_vet, page
from astroseq_core.ui import board_address as written
from astroseq_core.ui.page import escape, note

if TYPE_CHECKING:
    import pandas as pd

ROWS = 100
TABLE = "board table"
NAMES = "board stars"
#: A segment's probability in a sparkline is a byte.
FULL = 255
#: A score so high leaves no doubt that something dips; more would make all other bars too short to be told apart.
FULL_BAR = 50.0
#: Stands in the table for "no".
NOTHING = "–"


def show(filters: Filters, model_stars: int) -> None:
    """Draw it; ``model_stars``: how many stars the model scored."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        sort, descending = _order()
        place = st.container(horizontal=True, vertical_alignment="bottom", gap="small", width="content")
    linked = "page" not in st.session_state
    wanted = int(st.session_state.get("page") or written.whole(written.text("page")) or 1)
    by = written.SORTS[sort]
    found = board.page(filters, sort=by, descending=descending, limit=ROWS, offset=(wanted - 1) * ROWS)
    pages = max(1, math.ceil(found.in_all / ROWS))
    if wanted > pages:
        if linked:
            page.tell(f"The address says page={wanted}, and there {'is' if pages == 1 else 'are'} {pages:,}; the last is shown.")
        found = board.page(filters, sort=by, descending=descending, limit=ROWS, offset=(pages - 1) * ROWS)
        wanted = pages
    st.session_state["page"] = wanted
    written.write({"page": str(wanted) if wanted > 1 else None})
    if not found.rows:
        st.markdown(f"None of the {model_stars:,} stars is like that; take a filter away.")
        return
    if linked and (star := written.text("star")) and star not in (r.target_id for r in found.rows):
        page.tell(f"The address says star={star}, which is not among these rows; search for it by its name.")
    with place:
        row, where = _pick(found.rows, found.in_all, wanted, pages)
        board_vet.show(filters, by, descending, row)
    if row is not None:
        _about(row, where)
    # Other rows have a table of their own, so that none of them is marked for having the place of one that was.
    key = f"{TABLE} {sort} {descending} {wanted}"
    st.session_state[NAMES] = [r.target_id for r in found.rows]
    st.dataframe(
        frame(found.rows), hide_index=True, width="stretch", height=min(620, 38 + 35 * len(found.rows)), key=key,
        on_select=lambda: _picked(key), selection_mode="single-row", alt="Stars ranked by their score", placeholder=NOTHING,
        column_config=columns(),
    )  # fmt: skip
    note(
        "Rank 1 has the highest score of all stars that this model scored, whatever the filters. The small curve is the "
        "probability of every segment along the observations, from 0 to 1.",
        "A good candidate scores high, has no known object, and its curve stands up at a few places and is quiet between "
        "them; one that is high all along is usually a variable star.",
    )
    board_export.show(filters, found.in_all)


def _order() -> tuple[str, bool]:
    sort = st.selectbox("Sort by", tuple(written.SORTS), key="sort", bind="query-params", width=185)
    order = st.selectbox("Order", written.ORDERS, key="order", bind="query-params", width=155)
    return str(sort), order != written.LOWEST


def _pick(rows: Sequence[BoardRow], in_all: int, wanted: int, pages: int) -> tuple[BoardRow | None, dict[str, str] | None]:
    """The star that is chosen and where it can be opened; which rows these are, and the way to others."""
    name = st.selectbox("Star", [r.target_id for r in rows], index=None, key="star", bind="query-params", width=190,
                        placeholder="Click a row")  # fmt: skip
    row = next((r for r in rows if r.target_id == name), None)
    where = None if row is None else places.place_of(row)
    if st.button("Open in Explore", type="primary", disabled=where is None, icon=":material/query_stats:", key="open star"):
        st.switch_page(address.EXPLORE, query_params=where)
    first = (wanted - 1) * ROWS + 1
    label = f"{first:,} to {first + len(rows) - 1:,} of {in_all:,} star{'s' * (in_all != 1)}"
    if pages > 1:
        st.number_input(label, 1, pages, key="page", width=190, help=f"Page 1 to {pages:,}")
    else:
        st.caption(label, width="content")
    return row, where


def _about(row: BoardRow, where: dict[str, str] | None) -> None:
    """What is known of one star, in a line."""
    period = "single transit" if row.best_period_days is None else f"{row.best_period_days:.5f} d"
    parts = [
        f"**{escape(row.target_id)}**",
        "" if row.rank is None else f"rank {row.rank:,}",
        "" if row.star_score is None else f"score {row.star_score:.2f}",
        period,
        f"t0 {row.best_t0:.4f} {row.t0_system}" if row.best_t0 is not None else "",
        escape(match_words(row)) if row.match else "no known object",
        f"false-alarm probability {row.false_alarm_probability:.2g}" if row.false_alarm_probability is not None else "",
        "" if where else escape(places.why_not(row)),
    ]
    st.markdown(" · ".join(p for p in parts if p))


def _picked(key: str) -> None:
    """A clicked row is the star that is meant."""
    state: Any = st.session_state.get(key)
    names = st.session_state.get(NAMES, [])
    rows = state["selection"]["rows"] if state else []
    if rows and rows[0] < len(names):
        st.session_state["star"] = names[rows[0]]


def match_words(row: BoardRow) -> str:
    """The star's known signal and at which multiple of its period the found one is, as ``TOI 700.01 at 2P``."""
    if not row.match:
        return ""
    at = {"1": "", "2": " at 2P", "1/2": " at P/2"}.get(row.match_ratio, ", another period")
    return f"{row.match}{at}"


def spark(row: BoardRow) -> list[float] | None:
    """Probabilities along the star's observations, None where none were kept."""
    return [value / FULL for value in row.spark] if row.spark else None


def frame(rows: Sequence[BoardRow]) -> "pd.DataFrame":
    """One row a star, numbers as numbers."""
    import pandas as pd

    def numbers(values: Sequence[float | None], kind: str = "float64") -> Any:
        return pd.array([None if v is None else v for v in values], dtype=kind.capitalize())

    found: dict[str, Any] = {
        "Rank": numbers([r.rank for r in rows], "int64"),
        "Star": [r.target_id for r in rows],
        "Score": numbers([r.star_score for r in rows]),
        "Segments by time": [spark(r) for r in rows],
        "Known object": [match_words(r) or None for r in rows],
        "Period [d]": numbers([r.best_period_days for r in rows]),
        "Mag": numbers([r.magnitude for r in rows]),
        "Disposition": [r.disposition or None for r in rows],
        "Flagged": [bool(r.flagged) for r in rows],
        "Highest": numbers([r.score_max for r in rows]),
        "Top 5": numbers([r.score_topk for r in rows]),
        "Folded": numbers([r.score_fold for r in rows]),
        "Segments": numbers([r.num_segments for r in rows], "int64"),
        "Mission": [seen_as(r) for r in rows],
        "Status": [r.status for r in rows],
    }
    return pd.DataFrame(found)


def seen_as(row: BoardRow) -> str:
    """The mission, and whether the star is simulated."""
    return f"{row.seen_as or row.mission}, simulated" if row.simulated else row.mission


def columns() -> dict[str, Any]:
    """How each column is written."""
    config = st.column_config
    return {
        "Rank": config.NumberColumn(format="%d", width=55, pinned=True),
        "Star": config.TextColumn(width=130, pinned=True),
        "Score": config.ProgressColumn(format="%.2f", min_value=0.0, max_value=FULL_BAR, width=130,
                                       help=f"The star score; the bar is full at {FULL_BAR:g}."),
        "Segments by time": config.AreaChartColumn(y_min=0, y_max=1, width=150, help="Probability of each segment, 0 to 1"),
        "Known object": config.TextColumn(width=165, help="A known signal of the star; 2P: what was found has twice its "
                                          "period"),
        "Period [d]": config.NumberColumn(format="%.5f", width=95, help="Best period; none for a single transit"),
        "Mag": config.NumberColumn(format="%.2f", width=65, help="Tmag or Kp"),
        "Disposition": config.TextColumn(width=90, help="The latest verdict"),
        "Flagged": config.CheckboxColumn(width=70, help="Passed the cut that was kept"),
        "Highest": config.NumberColumn(format="%.3f", width=70, help="Highest segment probability"),
        "Top 5": config.NumberColumn(format="%.3f", width=70, help="Mean of the five highest segment probabilities"),
        "Folded": config.NumberColumn(format="%.2f", width=75, help="Natural log of the likelihood ratio of the best period"),
        "Segments": config.NumberColumn(format="%d", width=80),
        "Mission": config.TextColumn(width=130),
        "Status": config.TextColumn(width=80),
    }  # fmt: skip
