"""The TOIs page: the snapshot's TOIs to browse, and the way from one to its light curves."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from astroseq_core.archive import snapshots, toi
from astroseq_core.archive.signals import Signal
from astroseq_core.archive.snapshots import SnapshotStatus
from astroseq_core.archive.tables import TOI
from astroseq_core.archive.toi import DISPOSITIONS, Filters, Range
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.targets import parse_star
from astroseq_core.ui import address, catalogues, downloads
from astroseq_core.ui.kept import Kept
from astroseq_core.ui.page import escape

if TYPE_CHECKING:
    import pandas as pd

#: The ranges that can be asked for: the filter's name, its words, and the step of its two fields.
RANGES = (
    ("period_days", "Period [d]", 1.0),
    ("depth_ppm", "Depth [ppm]", 100.0),
    ("magnitude", "Tmag", 0.5),
)
ADDRESS = ("disposition", "text", "single", "toi", *(f"{name}_{end}" for name, _, _ in RANGES for end in ("min", "max")))
TABLE = "toi table"
REPEATED, ONCE = "repeated", "single"
#: Tables (about 1 MB each) that are kept.
TABLES_KEPT = 8


def status() -> SnapshotStatus:
    """What there is of the TOI table."""
    return snapshots.status_of(TOI)


def nothing_yet() -> None:
    """Say what will stand here, and hold the button that gets it."""
    st.markdown(
        "TESS Objects of Interest are signals that look like transiting planets: thousands of them, each with its period, depth "
        "and what became of it. They will stand here to browse by disposition, period, depth and magnitude; opening one fetches "
        "its star's light curves and lays its predicted transits over them."
    )
    problem = status().problem
    if problem:
        st.warning(escape(problem), icon=":material/warning:")
    catalogues.button("Get the TOI list", (TOI.name,), key="get tois", primary=True)
    catalogues.watch()
    st.caption("From the NASA Exoplanet Archive, some 3 MB. It stays in the cache, so that the next visit needs no network.")


def filters() -> Filters:
    """What is asked for by the sidebar's fields, all of which stand in the address."""
    there = toi.counts()
    words = [d for d in DISPOSITIONS if d in there] + [d for d in there if d and d not in DISPOSITIONS]
    with st.sidebar:
        st.subheader("Which TOIs", anchor=False)
        text = st.text_input("Name", key="text", bind="query-params", placeholder="Part of a TOI, TIC or name")
        chosen = st.pills(
            "Disposition", words, selection_mode="multi", key="disposition", bind="query-params", wrap=True,
            help="None chosen takes all. " + ", ".join(f"**{d}** {DISPOSITIONS.get(d, '')} ({there[d]:,})" for d in words),
        )  # fmt: skip
        ranges = {name: _range(name, label, step) for name, label, step in RANGES}
        repeats = st.selectbox("Transits", ("all", REPEATED, ONCE), key="single", bind="query-params")
    single = None if repeats == "all" else repeats == ONCE
    return Filters(frozenset(chosen or ()), **ranges, single=single, text=(text or "").strip())


def _range(name: str, label: str, step: float) -> Range:
    left, right = st.columns(2, gap="xsmall", vertical_alignment="bottom")
    low = left.number_input(f"{label} from", value=None, step=step, format="%g", key=f"{name}_min", bind="query-params",
                            placeholder="any")  # fmt: skip
    high = right.number_input("to", value=None, step=step, format="%g", key=f"{name}_max", bind="query-params",
                              placeholder="any")  # fmt: skip
    return low, high


def browse(wanted: Filters) -> None:
    """The TOIs that fit, and the one that is chosen."""
    signals = fitting(wanted)
    now = status()
    if not signals:
        st.markdown("No TOI is like that; widen the ranges or take a disposition away.")
        return
    stars = len({s.target_id for s in signals})
    count = f"{len(signals):,} of {now.rows:,} TOIs, on {stars:,} stars"
    st.caption(f"{count} · {escape(now.sentence)} A click on a column's head sorts.")
    _chosen(signals)
    names = st.session_state["toi names"] = [s.name for s in signals]
    st.dataframe(
        _table(wanted, signals), hide_index=True, width="stretch", height=min(560, 38 + 35 * len(names)), key=TABLE,
        on_select=_picked, selection_mode="single-row", alt="TESS Objects of Interest", placeholder="–",
        column_config={"Period [d]": _number("%.5f"), "Depth [ppm]": _number("%d"), "Duration [h]": _number("%.2f"),
                       "Magnitude": _number("%.2f"), "Radius [R⊕]": _number("%.1f")},
    )  # fmt: skip
    catalogues.watch()


def _chosen(signals: tuple[Signal, ...]) -> None:
    """The TOI that is chosen by a click on its row or by its name, what is known of it, and the way to its light curves."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name = st.selectbox("TOI", [s.name for s in signals], index=None, key="toi", bind="query-params", width=240,
                            placeholder="Click a row, or write a TOI", label_visibility="collapsed")  # fmt: skip
        found = next((s for s in signals if s.name == name), None)
        if st.button(f"Open {found.target_id}" if found else "Open", type="primary", disabled=found is None,
                     icon=":material/query_stats:", key="open toi") and found is not None:  # fmt: skip
            open_(found)
    if found is not None:
        _about(found)


def _number(form: str) -> Any:
    return st.column_config.NumberColumn(format=form)


def _picked() -> None:
    """A clicked row is the TOI that is meant."""
    state: Any = st.session_state.get(TABLE)
    names = st.session_state.get("toi names", [])
    rows = state["selection"]["rows"] if state else []
    if rows and rows[0] < len(names):
        st.session_state["toi"] = names[rows[0]]


def open_(signal: Signal) -> None:
    """Go to the star's light curves, and begin to fetch them where none is here."""
    star = parse_star(signal.target_id)
    if not LightCurveCache().entries(star):
        downloads.begin([star])
    st.switch_page(address.EXPLORE, query_params={"source": "cache", "target": star.id})


def _about(signal: Signal) -> None:
    """What the table says of one TOI, in a line."""
    disposition = DISPOSITIONS.get(signal.disposition, signal.disposition) or "no disposition"
    also = [n for n in (signal.host, *signal.aliases) if n and n != signal.name]
    here = len(LightCurveCache().entries(parse_star(signal.target_id)))
    parts = [
        f"**{escape(signal.name)}** on {signal.target_id}",
        escape(disposition),
        "single transit" if signal.period_days is None else f"{signal.period_days:.5f} d",
        f"{signal.duration_hours:.2f} h",
        "" if signal.depth_ppm is None else f"{signal.depth_ppm:,.0f} ppm",
        f"also {escape(', '.join(also))}" if also else "",
        f"{here} light curve{'s' * (here != 1)} cached" if here else "light curves not here yet: opening it fetches them",
    ]
    st.markdown(" · ".join(p for p in parts if p))


def fitting(wanted: Filters) -> tuple[Signal, ...]:
    """All TOIs that fit, by number."""
    kept, key = _memory(), ("rows", wanted, status().date)
    found: tuple[Signal, ...] | None = kept.get(key)
    if found is None:
        first = toi.browse(wanted, limit=toi.MAX_ROWS)
        parts = [first.rows]
        for offset in range(toi.MAX_ROWS, first.in_all, toi.MAX_ROWS):
            parts.append(toi.browse(wanted, limit=toi.MAX_ROWS, offset=offset).rows)
        found = tuple(signal for rows in parts for signal in rows)
        kept.put(key, found)
    return found


def _table(wanted: Filters, signals: tuple[Signal, ...]) -> "pd.DataFrame":
    kept, key = _memory(), ("table", wanted, status().date)
    made: pd.DataFrame | None = kept.get(key)
    if made is None:
        made = table(signals)
        kept.put(key, made)
    return made


def table(signals: tuple[Signal, ...]) -> "pd.DataFrame":
    """One row a TOI, numbers as numbers so that a click on a column's head sorts by them."""
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
def _memory() -> Kept:
    return Kept(2 * TABLES_KEPT)
