"""Words that the Train page uses in several places: durations, times, states."""

import time
from datetime import UTC, datetime

from astroseq_core.background.folder import State

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
#: Colour of each state's badge, by Streamlit's names.
COLOURS = {State.QUEUED: "gray", State.RUNNING: "blue", State.DONE: "green", State.CANCELLED: "orange", State.FAILED: "red"}


def duration(seconds: float | None) -> str:
    """A time span [s] with at most two units, as ``45 s``, ``12 min``, ``2 h 5 min``; a dash where it is not known."""
    if seconds is None or seconds != seconds:
        return "–"
    if seconds < 1:
        return "under 1 s"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        hours, rest = divmod(seconds, HOUR)
        return f"{hours:.0f} h {rest // MINUTE:.0f} min"
    return f"{seconds / DAY:.1f} d"


def ago(seconds: float, now: float | None = None) -> str:
    """How long ago a time [s since 1970] is, as ``3 min ago``; its date where that is over two days."""
    passed = (time.time() if now is None else now) - seconds
    if passed > 2 * DAY:
        return datetime.fromtimestamp(seconds, UTC).strftime("on %Y-%m-%d")
    return f"{duration(max(passed, 1.0))} ago"
