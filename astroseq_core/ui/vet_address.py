"""What stands in the vetting page's address, and one sentence for each part that means nothing."""

from collections.abc import Mapping

from astroseq_core.ui import address
from astroseq_core.ui.query import text

#: Which star: of a queue by its place (from 1), or one by itself with where its light curves are.
QUEUE, AT, TARGET = "queue", "at", "target"
#: How a single star's light curves are found, as Explore's address says it; a queue's stars bring this along.
PLACE = ("source", "folder", "ephemerides", "model")
REVIEWER, BLIND, SIGNAL, TAB = "reviewer", "blind", "signal", "tab"
VET, DETAILS = SCREEN_TABS = ("Vet", "Details")
QUEUES, VERDICTS, EXPORTS = START_TABS = ("Queues", "Verdicts", "Exports")
KNOWN = (QUEUE, AT, TARGET, *PLACE, REVIEWER, BLIND, SIGNAL, TAB)


def complaints(written: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence for each part of the address that cannot be meant; those parts are ignored."""
    out = list(address.unknown(dict(written), KNOWN, (*SCREEN_TABS, *START_TABS)))
    if AT in written and whole(written[AT]) is None:
        out.append(f"The address says {AT}={written[AT]}; stars of a queue are counted from 1; it was ignored.")
    if written.get(BLIND, "") not in ("", "0", "1"):
        out.append(f"The address says {BLIND}={written[BLIND]}, which is neither 0 nor 1; it was ignored.")
    if "source" in written and written["source"] not in address.SOURCES:
        out.append(f"The address says source={written['source']}, which is none of {', '.join(address.SOURCES)}; it was ignored.")
    return tuple(out)


def whole(said: str) -> int | None:
    """The whole number from 1 that the text says, None where it says none."""
    return int(said) if said.isdecimal() and 0 < len(said) < 8 and int(said) >= 1 else None


def place() -> dict[str, str] | None:
    """What the address says of a single star, None where it names none."""
    if not text(TARGET):
        return None
    return {TARGET: text(TARGET)} | {name: text(name) for name in PLACE if text(name)}
