"""Leaderboard table: one page of ranked stars, with its export and vetting buttons."""

import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.app.leaderboard import state as written
from astroseq_core.app.leaderboard.header import SCORE_WORDS
from astroseq_core.app.shared import layout, url_state
from astroseq_core.app.shared.layout import draw_note, escape
from astroseq_core.app.vet import queues, state
from astroseq_core.column_fields import BAR, COUNT, CURVE, NUMBER, TEXT, TICK, Column
from astroseq_core.columns import LEADERBOARD, PLANET_SCORE, ROW_COLUMNS, SIGNAL_CLASSES, SORTS, STAR_SCORE
from astroseq_core.export import candidates
from astroseq_core.io import files
from astroseq_core.plots.style import CLASS_COLORS
from astroseq_core.signals.class_words import baseline_words, depth_warning
from astroseq_core.store import leaderboard, signals, thresholds
from astroseq_core.store import queues as store_queues
from astroseq_core.store.leaderboard import LeaderboardRow
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.surveys import links

if TYPE_CHECKING:
    import pandas as pd

CSV_NAME = "candidates.csv"
ALL_STARS, STARS_ABOVE_THRESHOLD = "All of these", "Those that passed"


def draw_export_buttons(filters: Filters, in_all: int) -> None:
    """Draw the buttons.

    Parameters
    ----------
    filters : Filters
        Filters of the leaderboard.
    in_all : int
        Number of stars that meet them.
    """
    threshold = thresholds.load(filters.model_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        which = st.segmented_control(
            "Candidates",
            (ALL_STARS, STARS_ABOVE_THRESHOLD),
            default=ALL_STARS,
            required=True,
            key="which candidates",
            label_visibility="collapsed",
            disabled=threshold is None,
        )
        only = which == STARS_ABOVE_THRESHOLD and threshold is not None
        st.download_button(
            "Candidates CSV",
            lambda: candidates_csv(filters, only),
            CSV_NAME,
            "text/csv",
            key="candidates csv",
            icon=":material/download:",
            on_click="ignore",
            help="Of all stars that the filters leave, not only of this page.",
        )
        st.download_button(
            "Provenance",
            lambda: candidates_provenance(filters, only),
            candidates.provenance_path(Path(CSV_NAME)).name,
            "application/json",
            key="provenance",
            icon=":material/fact_check:",
            on_click="ignore",
            type="tertiary",
            help="Model, threshold, filters and counts of that CSV, as JSON.",
        )
        words = (
            "The CSV marks none as a candidate until a threshold is kept."
            if threshold is None
            else f"The CSV marks those from the {SCORE_WORDS[threshold.score]} {threshold.threshold:.4g} on as candidates."
        )
        st.caption(f"{in_all:,} star{'s' * (in_all != 1)}. {escape(words)}", width="content")


def candidates_csv(filters: Filters, only_passed: bool) -> bytes:
    """Return the candidates as a CSV.

    Parameters
    ----------
    filters : Filters
        Filters of the leaderboard.
    only_passed : bool
        Leave out stars below the score threshold.

    Returns
    -------
    bytes
        Content of the file.
    """
    return _write_candidates(filters, only_passed)[0]


def candidates_provenance(filters: Filters, only_passed: bool) -> bytes:
    """Return the provenance of the candidates as JSON.

    Parameters
    ----------
    filters : Filters
        Filters of the leaderboard.
    only_passed : bool
        Leave out stars below the score threshold.

    Returns
    -------
    bytes
        Content of the file.
    """
    return _write_candidates(filters, only_passed)[1]


def _write_candidates(filters: Filters, only_passed: bool) -> tuple[bytes, bytes]:
    with files.temporary_folder() as place:
        path = place / CSV_NAME
        candidates.write(
            path, candidates.ranked_rows(filters), thresholds.load(filters.model_id), asdict(filters), only_passed=only_passed
        )
        return path.read_bytes(), candidates.provenance_path(path).read_bytes()


def draw_vet_button(filters: Filters, sort: str, descending: bool, row: LeaderboardRow | None) -> None:
    """Draw the button.

    Parameters
    ----------
    filters : Filters
        Filters of the leaderboard.
    sort : str
        Column of the store to sort by.
    descending : bool
        Whether the highest values come first.
    row : LeaderboardRow or None
        Selected star, at which vetting begins; the first star without one.
    """
    words = f"From {escape(row.target_id)} on" if row is not None else "From the first star on"
    if st.button(
        "Vet these",
        key="vet these",
        icon=":material/fact_check:",
        help=f"{words}, in this order; at most {queues.LARGEST_QUEUE:,} stars.",
    ):
        queue = queues.queue_from_leaderboard(filters, sort, descending)
        at = None if row is None else store_queues.index_of(queue.queue_id, row.target_id)
        location = {} if at is None else {state.AT.name: str(at + 1)}
        st.switch_page(url_state.VET, query_params={state.QUEUE.name: queue.queue_id} | location)


ROWS_PER_PAGE = 100
TABLE_KEY = "board table"
STARS_KEY = "board stars"
#: Largest probability in a sparkline, where probabilities are stored as bytes.
MAX_PROBABILITY_BYTE = 255
#: Size of the bar of class probabilities, and height of its picture [px]: pictures are drawn as high as the cell.
BAR_WIDTH, BAR_HEIGHT, PICTURE_HEIGHT = 92, 8, 28
#: Two periods that differ by less, relatively, are one to a reader.
NEAR_PERIOD = 1e-3
#: Scores at and below which a bar is empty: there is no transit, or none of a planet. Least width of a column with bars [px].
NO_BAR_AT = {PLANET_SCORE: -6.0, STAR_SCORE: 0.0}
SCORE_BAR_WIDTH = 130
#: Text of an empty cell.
EMPTY_CELL = "–"


def draw_table(filters: Filters, model_stars: int) -> None:
    """Draw the table with its controls.

    Parameters
    ----------
    filters : Filters
        Filters of the leaderboard.
    model_stars : int
        Number of stars that the model has scored.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        sort, descending = _choose_order()
        place = st.container(horizontal=True, vertical_alignment="bottom", gap="small", width="content")
    linked = "page" not in st.session_state
    wanted = int(st.session_state.get("page") or written.PAGE.read())
    by = SORTS[sort]
    found = leaderboard.load_page(
        filters, sort=by, descending=descending, limit=ROWS_PER_PAGE, offset=(wanted - 1) * ROWS_PER_PAGE
    )
    pages = max(1, math.ceil(found.in_all / ROWS_PER_PAGE))
    if wanted > pages:
        if linked:
            layout.warn(
                f"The address says page={wanted}, and there {'is' if pages == 1 else 'are'} {pages:,}; the last is shown."
            )
        found = leaderboard.load_page(
            filters, sort=by, descending=descending, limit=ROWS_PER_PAGE, offset=(pages - 1) * ROWS_PER_PAGE
        )
        wanted = pages
    st.session_state["page"] = wanted
    written.PAGE.write(wanted)
    if not found.rows:
        st.markdown(f"None of the {model_stars:,} stars is like that; take a filter away.")
        return
    if linked and (star := written.STAR.read()) and star not in (r.target_id for r in found.rows):
        layout.warn(f"The address says star={star}, which is not among these rows; search for it by its name.")
    with place:
        row, where = _choose_star(found.rows, found.in_all, wanted, pages)
        draw_vet_button(filters, by, descending, row)
    if row is not None:
        _draw_star_summary(row, where)
    # The key depends on the rows, so that a selection does not carry over to other rows at the same position.
    key = f"{TABLE_KEY} {sort} {descending} {wanted}"
    st.session_state[STARS_KEY] = [r.target_id for r in found.rows]
    st.dataframe(
        star_frame(found.rows),
        hide_index=True,
        width="stretch",
        height=min(620, 38 + 35 * len(found.rows)),
        key=key,
        on_select=lambda: _select_clicked_row(key),
        selection_mode="single-row",
        alt="Stars ranked by their planet score",
        placeholder=EMPTY_CELL,
        column_config=table_columns(_score_bars(filters, by)),
    )
    draw_note(
        "Stars are ranked by the planet score: the natural log of the odds that the best signal is a planet's, from the "
        "evidence of its transits and from its class together. Rank 1 is among all stars that this model scored, whatever the "
        "filters; stars without any signal stand at −3 or below, by their star score, and those whose signals were not searched "
        "come last. The bar is the class of the best signal: planet candidate in blue, eclipsing binary in vermilion, not "
        "transit-like in gray. The small curve is the probability of every segment along the observations, from 0 to 1.",
        "A good candidate has a planet score above 0, has no known object, and its curve stands up at a few places and is quiet "
        "between them. A high star score with a low planet score is usually an eclipsing binary; a curve that is high all along, "
        "a variable star.",
    )
    draw_export_buttons(filters, found.in_all)


def _choose_order() -> tuple[str, bool]:
    sort = st.selectbox("Sort by", tuple(SORTS), key="sort", bind="query-params", width=185)
    order = st.selectbox("Order", written.ORDERS, key="order", bind="query-params", width=155)
    return str(sort), order != written.LOWEST


def _choose_star(
    rows: Sequence[LeaderboardRow], in_all: int, wanted: int, pages: int
) -> tuple[LeaderboardRow | None, dict[str, str] | None]:
    """Draw the choice of a star and of the page; return the chosen star and where it can be opened."""
    name = st.selectbox(
        "Star", [r.target_id for r in rows], index=None, key="star", bind="query-params", width=190, placeholder="Click a row"
    )
    row = next((r for r in rows if r.target_id == name), None)
    where = None if row is None else links.star_location(row)
    if st.button("Open in Explore", type="primary", disabled=where is None, icon=":material/query_stats:", key="open star"):
        st.switch_page(url_state.EXPLORE, query_params=where)
    first = (wanted - 1) * ROWS_PER_PAGE + 1
    label = f"{first:,} to {first + len(rows) - 1:,} of {in_all:,} star{'s' * (in_all != 1)}"
    if pages > 1:
        st.number_input(label, 1, pages, key="page", width=190, help=f"Page 1 to {pages:,}")
    else:
        st.caption(label, width="content")
    return row, where


def _draw_star_summary(row: LeaderboardRow, where: dict[str, str] | None) -> None:
    """Draw a line that describes a star."""
    parts = [
        f"**{escape(row.target_id)}**",
        "" if row.rank is None else f"rank {row.rank:,}",
        "" if row.planet_score is None else f"planet score {row.planet_score:.2f}",
        describe_class(row),
        _trees_words(row),
        "" if row.star_score is None else f"star score {row.star_score:.2f}",
        *_ephemeris_words(row),
        escape(describe_match(row)) if row.match else "no known object",
        f"false-alarm probability {row.false_alarm_probability:.2g}" if row.false_alarm_probability is not None else "",
        "" if where else escape(links.why_no_location(row)),
    ]
    st.markdown(" · ".join(p for p in parts if p))


def _ephemeris_words(row: LeaderboardRow) -> tuple[str, ...]:
    """Return period, epoch, duration and depth of the best signal, or of the fold, which is told where its period is another."""
    if row.t0_days is None:
        return ()
    known = row.num_signals and row.best_period_days and row.period_days
    another = known and not math.isclose(row.best_period_days or 0.0, row.period_days or 0.0, rel_tol=NEAR_PERIOD)
    return (
        "single transit" if row.period_days is None else f"{row.period_days:.5f} d",
        f"t0 {row.t0_days:.4f} {escape(row.t0_system)}",
        "" if row.duration_hours is None else f"{row.duration_hours:.2f} h",
        "" if row.depth_ppm is None else f"{row.depth_ppm:,.0f} ppm",
        f"the probabilities recur best at {row.best_period_days:.5f} d" if another else "",
    )


def _select_clicked_row(key: str) -> None:
    """Select the star of the clicked row."""
    state: Any = st.session_state.get(key)
    names = st.session_state.get(STARS_KEY, [])
    rows = state["selection"]["rows"] if state else []
    if rows and rows[0] < len(names):
        st.session_state["star"] = names[rows[0]]


def describe_match(row: LeaderboardRow) -> str:
    """Describe the known signal of a star and the period ratio of the match.

    Parameters
    ----------
    row : LeaderboardRow
        Leaderboard row of the star.

    Returns
    -------
    str
        Such as `TOI 700.01 at 2P`; empty without a known signal.
    """
    if not row.match:
        return ""
    at = {"1": "", "2": " at 2P", "1/2": " at P/2"}.get(row.match_ratio, ", another period")
    return f"{row.match}{at}"


def describe_class(row: LeaderboardRow) -> str:
    """Describe the class of a star's best signal in words.

    Parameters
    ----------
    row : LeaderboardRow
        Leaderboard row of the star.

    Returns
    -------
    str
        Such as `signal 1 of 2: eclipsing binary 0.93`, and whether it is too deep for a planet; empty where signals were not
        searched.
    """
    if row.num_signals is None:
        return ""
    if not row.num_signals:
        return "no signal found"
    which = "1 signal" if row.num_signals == 1 else f"signal {row.best_signal} of {row.num_signals}"
    found = {name: getattr(row, f"p_{name}") for name in SIGNAL_CLASSES}
    known = {name: value for name, value in found.items() if value is not None}
    if not known:
        return which
    best = max(known, key=lambda name: known[name])
    words = f"{which}: {written.CLASS_WORDS.get(best, best)} {known[best]:.2f}"
    return "; ".join(filter(None, (words, depth_warning(row.depth_ppm))))


def _trees_words(row: LeaderboardRow) -> str:
    """Return the likeliest class of the best signal by the trees alone, as the store has it; empty where it has none."""
    found = signals.list_by_star(row.target_id, row.model_id) if row.num_signals else ()
    baseline = next((one.baseline for one in found if one.number == row.best_signal), None)
    return "" if baseline is None else f"trees alone: {baseline_words(baseline)}"


def sparkline(row: LeaderboardRow) -> list[float] | None:
    """Return the segment probabilities along the observations of a star, for a sparkline.

    Parameters
    ----------
    row : LeaderboardRow
        Leaderboard row of the star.

    Returns
    -------
    list of float or None
        Probabilities, 0 to 1; None if none were stored.
    """
    return [value / MAX_PROBABILITY_BYTE for value in row.spark] if row.spark else None


def class_bar(row: LeaderboardRow) -> str | None:
    """Return the class probabilities of a star's best signal as a stacked bar.

    Parameters
    ----------
    row : LeaderboardRow
        Leaderboard row of the star.

    Returns
    -------
    str or None
        Address of an SVG picture that holds its data; None where the signal has no class.
    """
    shares = [getattr(row, f"p_{name}") for name in SIGNAL_CLASSES]
    if None in shares or not sum(shares) > 0:
        return None
    begin, parts = 0.0, []
    for name, share in zip(SIGNAL_CLASSES, shares, strict=True):
        width = BAR_WIDTH * share / sum(shares)
        place = f'x="{begin:.2f}" width="{width:.2f}" y="{(PICTURE_HEIGHT - BAR_HEIGHT) / 2:g}" height="{BAR_HEIGHT}"'
        parts.append(f'<rect {place} fill="{CLASS_COLORS[name]}"/>')
        begin += width
    size = f'width="{BAR_WIDTH}" height="{PICTURE_HEIGHT}" viewBox="0 0 {BAR_WIDTH} {PICTURE_HEIGHT}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def star_frame(rows: Sequence[LeaderboardRow]) -> "pd.DataFrame":
    """Return a page of stars as a table.

    Parameters
    ----------
    rows : sequence of LeaderboardRow
        Stars in order.

    Returns
    -------
    pandas.DataFrame
        One row for each star; numbers are numeric, also where values are missing.
    """
    import pandas as pd

    def numbers(values: Sequence[float | None], kind: str = "float64") -> Any:
        return pd.array([None if v is None else v for v in values], dtype=kind.capitalize())

    def values(column: Column) -> Any:
        read = _SHOWN.get(column.name)
        found = [read(r) if read else getattr(r, column.name) for r in rows]
        if column.kind in (NUMBER, COUNT):
            return numbers(found, "float64" if column.kind == NUMBER else "int64")
        return [value or None for value in found] if column.kind == TEXT else found

    return pd.DataFrame({label: values(column) for label, column in _displayed().items()})


def instrument_label(row: LeaderboardRow) -> str:
    """Return the mission whose instrument observed a star, and whether the star is simulated.

    Parameters
    ----------
    row : LeaderboardRow
        Leaderboard row of the star.

    Returns
    -------
    str
        Such as `TESS` or `TESS, simulated`.
    """
    return f"{row.seen_as or row.mission}, simulated" if row.simulated else row.mission


@dataclass(frozen=True)
class ScoreBars:
    """The bars of the score that the rows are sorted by.

    Attributes
    ----------
    column : str
        Name of the score's column.
    empty, full : float
        Scores at which a bar is empty and full.
    """

    column: str
    empty: float
    full: float


def _score_bars(filters: Filters, sort: str) -> ScoreBars | None:
    """Return the bars of the sorted score, the same on every page: that of the best star is full; None for other columns."""
    # by planet score, a model without any such score ranks by the star score
    column = leaderboard.ranking_score(filters) if sort == PLANET_SCORE else sort
    if column not in SCORE_WORDS:
        return None
    best = leaderboard.load_page(filters, sort=column, limit=1).rows
    highest = getattr(best[0], column) if best else None
    empty = NO_BAR_AT[column]
    return ScoreBars(column, empty, highest) if highest is not None and highest > empty else None


def table_columns(bars: ScoreBars | None = None) -> dict[str, Any]:
    """Return the column configuration of the table.

    Parameters
    ----------
    bars : ScoreBars or None, optional
        The bars of one column; None for no bars.

    Returns
    -------
    dict
        Streamlit column configuration by column name.
    """
    return {
        label: _column_config(column, bars if bars is not None and bars.column == column.name else None)
        for label, column in _displayed().items()
    }


#: Readers of the cells that hold something else than the field of the row.
_SHOWN: dict[str, Callable[[LeaderboardRow], Any]] = {
    "spark": sparkline,
    "class_bar": class_bar,
    "match": describe_match,
    "mission": instrument_label,
    "flagged": lambda row: bool(row.flagged),
}


def _displayed() -> dict[str, Column]:
    """Return the columns of the table by their labels."""
    return {column.display.label: column for column in (ROW_COLUMNS[name] for name in LEADERBOARD) if column.display}


def _column_config(column: Column, bars: ScoreBars | None) -> Any:
    config, display = st.column_config, column.display
    if display is None:
        return None
    common: dict[str, Any] = {"width": display.width, "help": display.help}
    if column.kind == CURVE:
        return config.AreaChartColumn(y_min=0, y_max=1, **common)
    if column.kind == BAR:
        return config.ImageColumn(**common)
    if column.kind == TICK:
        return config.CheckboxColumn(**common)
    common["pinned"] = display.pinned or None
    if column.kind == TEXT:
        return config.TextColumn(**common)
    number_format = "%d" if display.digits is None else f"%.{display.digits}f"
    if bars is not None:
        common["width"] = max(display.width, SCORE_BAR_WIDTH)
        return config.ProgressColumn(format=number_format, min_value=bars.empty, max_value=bars.full, **common)
    return config.NumberColumn(format=number_format, **common)
