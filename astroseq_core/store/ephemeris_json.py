"""Ephemerides as text in the store."""

import json

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.times import Instant, TimeSystem


def to_json(ephemeris: Ephemeris | None) -> str:
    """The ephemeris as JSON; '' for none. Numbers of arrays become plain ones, none loses a digit."""
    if ephemeris is None:
        return ""
    return json.dumps(vars(ephemeris) | {"t0": [float(ephemeris.t0.days), str(ephemeris.t0.system)]}, default=float)


def from_json(text: str) -> Ephemeris | None:
    """The same ephemeris again."""
    if not text:
        return None
    plain = json.loads(text)
    days, system = plain.pop("t0")
    return Ephemeris(**plain, t0=Instant(days, TimeSystem.parse(system)))
