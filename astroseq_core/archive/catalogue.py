"""The catalogue: every signal known here of a star, from the snapshots and the built-in famous systems."""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from astroseq_core.archive import famous, snapshots
from astroseq_core.archive.signals import SEPARATOR, Signal, Signals
from astroseq_core.archive.snapshots import SnapshotStatus
from astroseq_core.archive.tables import K2 as K2_TABLE
from astroseq_core.archive.tables import KOI, PLANETS, TABLES, TOI
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import CacheError
from astroseq_core.missions import K2, KEPLER, TESS, Mission
from astroseq_core.targets import Target, parse_star

log = logging.getLogger(__name__)

#: Which table's ephemeris of a signal is taken where several have it: that of the mission itself first.
PREFERRED = {
    KEPLER.name: (KOI.name, PLANETS.name, TOI.name, K2_TABLE.name, famous.NAME),
    K2.name: (K2_TABLE.name, PLANETS.name, TOI.name, KOI.name, famous.NAME),
    TESS.name: (TOI.name, PLANETS.name, KOI.name, K2_TABLE.name, famous.NAME),
}
#: Two periods [d] of one star are those of one signal when they differ by less than this part.
SAME_PERIOD = 1e-3
#: Two single transits are one when their mid-times differ by less than this many of their durations.
SAME_EPOCH_DURATIONS = 0.5
#: A star's identifiers in the order in which they are offered: a survey of few stars says more than one of all.
_PREFIXES = ("KIC", "EPIC", "TIC", "SIM")


@dataclass(frozen=True)
class Star:
    """One star: its identifiers, one a mission at least, and all rows of all tables about it."""

    identifiers: tuple[str, ...]
    signals: tuple[Signal, ...]

    def target(self, mission: Mission | None = None) -> Target:
        """Its identifier in a mission's catalogue; the first of all where it has none there or no mission is given."""
        targets = [parse_star(i) for i in self.identifiers]
        return next((t for t in targets if t.mission is mission), targets[0])


@dataclass(frozen=True)
class Catalogue:
    """Tables of signals, and what is known of their snapshots."""

    parts: tuple[Signals, ...]
    statuses: tuple[SnapshotStatus, ...] = ()

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def sentence(self) -> str:
        """Which snapshots are in use, or that there is none, in one line for people."""
        dated = [s for s in self.statuses if s.date]
        if not dated:
            return "There is no snapshot of a catalogue; only the built-in famous systems have ephemerides."
        oldest = min(s.date for s in dated if s.date)
        missing = [s.title for s in self.statuses if not s.date]
        return f"Catalogues of {oldest:%Y-%m-%d} or later ({', '.join(s.title for s in dated)})" + (
            f"; there is none of {', '.join(missing)}." if missing else "."
        )

    def ephemerides_of(self, target: Target) -> tuple[Ephemeris, ...]:
        """The ephemerides of a star's signals, each once, the shortest period first, as ephemerides of ``target``."""
        return tuple(signal.ephemeris(target.id) for signal in self.signals_of(target))

    def signals_of(self, target: Target) -> tuple[Signal, ...]:
        """A star's signals, whichever of its identifiers they were published under.

        Where several tables have one signal, that of the mission's own table is taken, with the other names as aliases.
        """
        star = self.star_of(target)
        if star is None:
            return ()
        order = PREFERRED.get(target.mission.name, PREFERRED[TESS.name])
        chosen: list[Signal] = []
        for signal in sorted(star.signals, key=lambda s: order.index(s.table) if s.table in order else len(order)):
            known = next((n for n, c in enumerate(chosen) if c.table != signal.table and same_signal(c, signal)), None)
            if known is None:
                chosen.append(signal)
            else:
                names = dict.fromkeys((*chosen[known].aliases, signal.name, *signal.aliases))
                chosen[known] = replace(chosen[known], aliases=tuple(n for n in names if n != chosen[known].name))
        return tuple(sorted(chosen, key=lambda s: (s.period_days is None, s.period_days or 0.0, s.t0)))

    def star_of(self, target: Target) -> Star | None:
        """The star of that identifier, None where no table has it."""
        stars = self.stars_named(target.id)
        return stars[0] if stars else None

    def stars_named(self, name: str) -> tuple[Star, ...]:
        """The stars with that name, or with a signal of that name, in any usual spelling; more than one where it is ambiguous."""
        stars: list[Star] = []
        taken: set[tuple[int, int]] = set()
        for place in self._named(name):
            if place in taken:
                continue
            rows = self._same_star(place)
            taken |= rows
            signals = tuple(s for n, part in enumerate(self.parts) for s in part.rows(sorted(r for p, r in rows if p == n)))
            stars.append(Star(_identifiers(signals), signals))
        return tuple(stars)

    def starting(self, name: str, at_most: int = 5) -> tuple[str, ...]:
        """Names of signals and stars that start with that, for suggestions."""
        found = dict.fromkeys(n for part in self.parts for n in part.starting(name, at_most))
        return tuple(found)[:at_most]

    def _named(self, name: str) -> list[tuple[int, int]]:
        return [(n, int(row)) for n, part in enumerate(self.parts) for row in part.named(name)]

    def _same_star(self, place: tuple[int, int]) -> set[tuple[int, int]]:
        """All (part, row) of the star in that row: tables agree on a star by an identifier, or else by its host's name.

        A host's name links no rows with different identifiers in one catalogue: the stars of a binary may share it.
        """
        rows: set[tuple[int, int]] = set()
        known: dict[str, set[str]] = {}
        asked: set[str] = set()
        left = [place]
        by_name: list[tuple[int, int]] = []
        while left or by_name:
            by_identifier = bool(left)
            part, row = left.pop() if left else by_name.pop()
            if (part, row) in rows:
                continue
            signals = self.parts[part]
            identifiers = {signals.text("target_id", row), *signals.text("also", row).split(SEPARATOR)} - {""}
            if not by_identifier and any(i not in known.get(i[:3], {i}) for i in identifiers):
                continue
            rows.add((part, row))
            for identifier in identifiers:
                known.setdefault(identifier[:3], set()).add(identifier)
                if identifier not in asked:
                    asked.add(identifier)
                    left += self._named(identifier)
            host = signals.text("host", row)
            if host and host not in asked:
                asked.add(host)
                by_name += self._named(host)
        return rows


def same_signal(one: Signal, other: Signal) -> bool:
    """Whether two tables mean one signal of a star: by the period, or by the epoch of a single transit."""
    if one.period_days is None or other.period_days is None:
        if one.period_days is not other.period_days:
            return False
        apart = abs(one.ephemeris().t0.to(other.t0_system).days - other.t0)
        return apart < SAME_EPOCH_DURATIONS * max(one.duration_hours, other.duration_hours) / 24
    return abs(one.period_days - other.period_days) < SAME_PERIOD * one.period_days


def _identifiers(signals: Iterable[Signal]) -> tuple[str, ...]:
    found = dict.fromkeys(i for s in signals for i in (s.target_id, *s.also))
    return tuple(sorted(found, key=lambda i: _PREFIXES.index(i.split(" ")[0])))


_lock = threading.Lock()
_kept: dict[str, tuple[tuple[int, int], Signals | None]] = {}


def current() -> Catalogue:
    """The catalogue of the snapshots that there are now, read again only when they changed; famous systems are always in it.

    A snapshot that cannot be read is left out; its status says why.
    """
    statuses = snapshots.status()
    parts = [part for table in TABLES.values() if (part := _read(table.name)) is not None]
    return Catalogue((*parts, famous.listed()), statuses)


def _read(name: str) -> Signals | None:
    path = snapshots.path_of(TABLES[name])
    with _lock:
        try:
            now = path.stat()
        except OSError:
            _kept.pop(str(path), None)
            return None
        mark = (now.st_mtime_ns, now.st_size)
        kept = _kept.get(str(path))
        if kept is None or kept[0] != mark:
            try:
                found = snapshots.read(TABLES[name])
            except CacheError as error:
                log.warning("%s", error)
                found = None
            kept = _kept[str(path)] = (mark, found)
        return kept[1]


def columns_of(name: str) -> Signals:
    """One table's signals, none where there is no snapshot of it."""
    from astroseq_core.archive import signals

    empty = {**dict.fromkeys(signals.TEXT, ()), **dict.fromkeys(signals.NUMBERS, np.empty(0))}
    return _read(name) or signals.make(name, empty)
