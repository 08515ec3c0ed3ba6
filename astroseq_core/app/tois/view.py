"""TOIs page: the TOI table with filters, and a button that opens a star's light curves."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.app.shared import downloads, url_state
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.shared.memory import LRUCache
from astroseq_core.app.tois.state import ALL_TRANSITS, RANGES, SINGLE_TRANSITS, TRANSITS
from astroseq_core.archive import snapshots, tois
from astroseq_core.archive.exoplanet_archive import TOI_TABLE
from astroseq_core.archive.signals import Signal
from astroseq_core.archive.snapshots import SnapshotStatus
from astroseq_core.archive.tois import DISPOSITION_WORDS, SignalFilters, ValueRange
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.targets import parse_star

if TYPE_CHECKING:
    import pandas as pd

TABLE_KEY = "toi table"
#: Tables (about 1 MB each) in the cache.
MAX_CACHED_TABLES = 8


def toi_status() -> SnapshotStatus:
    """Return the status of the TOI table's snapshot.

    Returns
    -------
    SnapshotStatus
        Rows, date and problem of the snapshot.
    """
    return snapshots.snapshot_status(TOI_TABLE)


def draw_empty() -> None:
    """Draw the page without a TOI table: what it will show, and the button that fetches the table."""
    st.markdown(
        "TESS Objects of Interest are signals that look like transiting planets: thousands of them, each with its period, depth "
        "and what became of it. They will stand here to browse by disposition, period, depth and magnitude; opening one fetches "
        "its star's light curves and lays its predicted transits over them."
    )
    problem = toi_status().problem
    if problem:
        st.warning(escape(problem), icon=":material/warning:")
    downloads.draw_refresh_button("Get the TOI list", (TOI_TABLE.name,), key="get tois", primary=True)
    downloads.draw_refresh()
    st.caption("From the NASA Exoplanet Archive, some 3 MB. It stays in the cache, so that the next visit needs no network.")


def choose_filters() -> SignalFilters:
    """Draw the filters in the sidebar; all of them are kept in the URL.

    Returns
    -------
    Filters
        The selected filters.
    """
    there = tois.disposition_counts()
    words = [d for d in DISPOSITION_WORDS if d in there] + [d for d in there if d and d not in DISPOSITION_WORDS]
    with st.sidebar:
        st.subheader("Which TOIs", anchor=False)
        text = st.text_input("Name", key="text", bind="query-params", placeholder="Part of a TOI, TIC or name")
        chosen = st.pills(
            "Disposition",
            words,
            selection_mode="multi",
            key="disposition",
            bind="query-params",
            wrap=True,
            help="None chosen takes all. " + ", ".join(f"**{d}** {DISPOSITION_WORDS.get(d, '')} ({there[d]:,})" for d in words),
        )
        ranges = {name: _choose_range(name, label, step) for name, label, step in RANGES}
        repeats = st.selectbox("Transits", TRANSITS, key="single", bind="query-params")
    single = None if repeats == ALL_TRANSITS else repeats == SINGLE_TRANSITS
    return SignalFilters(frozenset(chosen or ()), **ranges, single=single, text=(text or "").strip())


def _choose_range(name: str, label: str, step: float) -> ValueRange:
    left, right = st.columns(2, gap="xsmall", vertical_alignment="bottom")
    low = left.number_input(
        f"{label} from", value=None, step=step, format="%g", key=f"{name}_min", bind="query-params", placeholder="any"
    )
    high = right.number_input("to", value=None, step=step, format="%g", key=f"{name}_max", bind="query-params", placeholder="any")
    return low, high


def draw_tois(wanted: SignalFilters) -> None:
    """Draw the table of TOIs that meet the filters, and the selected one.

    Parameters
    ----------
    wanted : Filters
        The filters.
    """
    signals = matching_tois(wanted)
    now = toi_status()
    if not signals:
        st.markdown("No TOI is like that; widen the ranges or take a disposition away.")
        return
    stars = len({s.target_id for s in signals})
    count = f"{len(signals):,} of {now.rows:,} TOIs, on {stars:,} stars"
    st.caption(f"{count} · {escape(now.sentence)} A click on a column's head sorts.")
    _draw_chosen(signals)
    names = st.session_state["toi names"] = [s.name for s in signals]
    st.dataframe(
        _cached_frame(wanted, signals),
        hide_index=True,
        width="stretch",
        height=min(560, 38 + 35 * len(names)),
        key=TABLE_KEY,
        on_select=_select_clicked_row,
        selection_mode="single-row",
        alt="TESS Objects of Interest",
        placeholder="–",
        column_config={
            "Period [d]": _number_column("%.5f"),
            "Depth [ppm]": _number_column("%d"),
            "Duration [h]": _number_column("%.2f"),
            "Magnitude": _number_column("%.2f"),
            "Radius [R⊕]": _number_column("%.1f"),
        },
    )
    downloads.draw_refresh()


def _draw_chosen(signals: tuple[Signal, ...]) -> None:
    """Draw the choice of a TOI by name, what is known of it, and a button that opens its star."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name = st.selectbox(
            "TOI",
            [s.name for s in signals],
            index=None,
            key="toi",
            bind="query-params",
            width=240,
            placeholder="Click a row, or write a TOI",
            label_visibility="collapsed",
        )
        found = next((s for s in signals if s.name == name), None)
        if (
            st.button(
                f"Open {escape(found.target_id)}" if found else "Open",
                type="primary",
                disabled=found is None,
                icon=":material/query_stats:",
                key="open toi",
            )
            and found is not None
        ):
            open_in_explore(found)
    if found is not None:
        _draw_summary(found)


def _number_column(form: str) -> Any:
    return st.column_config.NumberColumn(format=form)


def _select_clicked_row() -> None:
    """Select the TOI of the clicked row."""
    state: Any = st.session_state.get(TABLE_KEY)
    names = st.session_state.get("toi names", [])
    rows = state["selection"]["rows"] if state else []
    if rows and rows[0] < len(names):
        st.session_state["toi"] = names[rows[0]]


def open_in_explore(signal: Signal) -> None:
    """Open the star of a signal in Explore, and start its download if no light curve is cached.

    Parameters
    ----------
    signal : Signal
        The TOI.
    """
    star = parse_star(signal.target_id)
    if not LightCurveCache().entries(star):
        downloads.start_download([star])
    st.switch_page(url_state.EXPLORE, query_params={"source": "cache", "target": star.id})


def _draw_summary(signal: Signal) -> None:
    """Draw a line that describes a TOI."""
    disposition = DISPOSITION_WORDS.get(signal.disposition, signal.disposition) or "no disposition"
    also = [n for n in (signal.host, *signal.aliases) if n and n != signal.name]
    here = len(LightCurveCache().entries(parse_star(signal.target_id)))
    parts = [
        f"**{escape(signal.name)}** on {escape(signal.target_id)}",
        escape(disposition),
        "single transit" if signal.period_days is None else f"{signal.period_days:.5f} d",
        f"{signal.duration_hours:.2f} h",
        "" if signal.depth_ppm is None else f"{signal.depth_ppm:,.0f} ppm",
        f"also {escape(', '.join(also))}" if also else "",
        f"{here} light curve{'s' * (here != 1)} cached" if here else "light curves not here yet: opening it fetches them",
    ]
    st.markdown(" · ".join(p for p in parts if p))


def matching_tois(wanted: SignalFilters) -> tuple[Signal, ...]:
    """Return all TOIs that meet the filters, ordered by number.

    Parameters
    ----------
    wanted : Filters
        The filters.

    Returns
    -------
    tuple of Signal
        The TOIs; cached for the snapshot in use.
    """
    kept, key = _table_cache(), ("rows", wanted, toi_status().date)
    found: tuple[Signal, ...] | None = kept.get(key)
    if found is None:
        first = tois.browse_signals(wanted, limit=tois.MAX_ROWS)
        parts = [first.rows]
        for offset in range(tois.MAX_ROWS, first.total, tois.MAX_ROWS):
            parts.append(tois.browse_signals(wanted, limit=tois.MAX_ROWS, offset=offset).rows)
        found = tuple(signal for rows in parts for signal in rows)
        kept.put(key, found)
    return found


def _cached_frame(wanted: SignalFilters, signals: tuple[Signal, ...]) -> "pd.DataFrame":
    kept, key = _table_cache(), ("table", wanted, toi_status().date)
    made: pd.DataFrame | None = kept.get(key)
    if made is None:
        made = toi_frame(signals)
        kept.put(key, made)
    return made


def toi_frame(signals: tuple[Signal, ...]) -> "pd.DataFrame":
    """Return TOIs as a table.

    Parameters
    ----------
    signals : tuple of Signal
        The TOIs in order.

    Returns
    -------
    pandas.DataFrame
        One row for each TOI; numbers are numeric so that columns can be sorted.
    """
    import pandas as pd

    numbers = {
        "Period [d]": [s.period_days for s in signals],
        "Depth [ppm]": [s.depth_ppm for s in signals],
        "Duration [h]": [s.duration_hours for s in signals],
        "Magnitude": [s.magnitude for s in signals],
        "Radius [R⊕]": [s.radius_earth for s in signals],
    }
    texts = {
        "TOI": [s.name for s in signals],
        "Star": [s.target_id for s in signals],
        "Disposition": [s.disposition or "–" for s in signals],
    }
    return pd.DataFrame({**texts, **{name: pd.Series(values, dtype=float) for name, values in numbers.items()}})


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _table_cache() -> LRUCache:
    return LRUCache(2 * MAX_CACHED_TABLES)
