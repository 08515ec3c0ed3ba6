"""Catalog of all known signals, from the snapshots and the built-in list of famous systems."""

import csv
import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from astroseq_core.archive import signals, snapshots
from astroseq_core.archive.exoplanet_archive import CATALOG_TABLES, K2_TABLE, KOI_TABLE, PLANETS_TABLE, TOI_TABLE
from astroseq_core.archive.signals import NUMBER_COLUMNS, SEPARATOR, TEXT_COLUMNS, Signal, Signals
from astroseq_core.archive.snapshots import SnapshotStatus
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import CacheError, CatalogError
from astroseq_core.missions import K2, KEPLER, TESS, Mission
from astroseq_core.same_signal import compare_signals
from astroseq_core.targets import Target, parse_star
from astroseq_core.type_names import AnyArray

log = logging.getLogger(__name__)

#: Table name of the famous systems' signals, beside the archive's tables.
FAMOUS_TABLE = "famous"
FAMOUS_PATH = Path(__file__).parent / "data" / "famous.csv"


@lru_cache(maxsize=1)
def famous_signals() -> Signals:
    """Return the signals of the famous systems, each with its reference.

    Returns
    -------
    Signals
        The signals.

    Raises
    ------
    CatalogError
        If the built-in list cannot be read.
    """
    try:
        with FAMOUS_PATH.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    except OSError as error:
        raise CatalogError(f"The built-in list {FAMOUS_PATH.name} of famous systems cannot be read; install it again.") from error
    columns: dict[str, list[object]] = {c: [row.get(c) or "" for row in rows] for c in TEXT_COLUMNS}
    for column in NUMBER_COLUMNS:
        columns[column] = [float(row[column]) if row.get(column) else float("nan") for row in rows]
    return signals.make_signals(FAMOUS_TABLE, columns)


def famous_hosts() -> tuple[tuple[str, str], ...]:
    """Return the stars of the famous systems.

    Returns
    -------
    tuple of (str, str)
        Name and identifier of each star, in the order of the list.
    """
    found = famous_signals()
    return tuple(dict.fromkeys((s.host, s.target_id) for s in found.rows(range(len(found)))))


#: Order of the tables for a star's own parameters: published planets are the most trusted, then the missions' own tables.
STELLAR_PREFERENCE = (PLANETS_TABLE.name, KOI_TABLE.name, K2_TABLE.name, TOI_TABLE.name, FAMOUS_TABLE)
#: Order of the tables if several have the same signal: the mission's own table comes first.
TABLE_PREFERENCE = {
    KEPLER.name: (KOI_TABLE.name, PLANETS_TABLE.name, TOI_TABLE.name, K2_TABLE.name, FAMOUS_TABLE),
    K2.name: (K2_TABLE.name, PLANETS_TABLE.name, TOI_TABLE.name, KOI_TABLE.name, FAMOUS_TABLE),
    TESS.name: (TOI_TABLE.name, PLANETS_TABLE.name, KOI_TABLE.name, K2_TABLE.name, FAMOUS_TABLE),
}
#: Order of a star's identifiers: the smaller a mission's catalog, the more an identifier in it says.
PREFIX_ORDER = ("KIC", "EPIC", "TIC", "SIM")


#: Order of the tables for a star's name: published planets have the names that people use.
NAME_PREFERENCE = (PLANETS_TABLE.name, FAMOUS_TABLE, K2_TABLE.name, TOI_TABLE.name, KOI_TABLE.name)


@dataclass(frozen=True)
class CatalogStar:
    """One star in the catalogs.

    Attributes
    ----------
    identifiers : tuple of str
        Identifiers in the missions' catalogs, at least one.
    signals : tuple of Signal
        All rows of all tables about the star.
    """

    identifiers: tuple[str, ...]
    signals: tuple[Signal, ...]

    @property
    def name(self) -> str:
        """Usual name of the star, such as TOI-700; empty if it has none but its identifiers."""
        ordered = sorted((s for s in self.signals if s.table in NAME_PREFERENCE), key=lambda s: NAME_PREFERENCE.index(s.table))
        return next((s.host for s in ordered if s.host and s.host not in self.identifiers), "")

    def target(self, mission: Mission | None = None) -> Target:
        """Return the star's identifier in a mission's catalog.

        Parameters
        ----------
        mission : Mission, optional
            The mission.

        Returns
        -------
        Target
            The identifier; the first one if the star has none in that catalog or no mission is
            given.
        """
        targets = [parse_star(i) for i in self.identifiers]
        return next((t for t in targets if t.mission is mission), targets[0])


@dataclass(frozen=True)
class Catalog:
    """Tables of signals and the status of their snapshots.

    Attributes
    ----------
    parts : tuple of Signals
        The tables.
    statuses : tuple of SnapshotStatus
        Status of each snapshot.
    """

    parts: tuple[Signals, ...]
    statuses: tuple[SnapshotStatus, ...] = ()

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def sentence(self) -> str:
        """One sentence for people: which snapshots are in use, or that there is none."""
        dated = [s for s in self.statuses if s.date]
        if not dated:
            return "There is no snapshot of a catalog; only the built-in famous systems have ephemerides."
        oldest = min(s.date for s in dated if s.date)
        missing = [s.title for s in self.statuses if not s.date]
        return f"Catalogs of {oldest:%Y-%m-%d} or later ({', '.join(s.title for s in dated)})" + (
            f"; there is none of {', '.join(missing)}." if missing else "."
        )

    def ephemerides_of(self, target: Target) -> tuple[Ephemeris, ...]:
        """Return the ephemerides of a star's signals.

        Parameters
        ----------
        target : Target
            The star.

        Returns
        -------
        tuple of Ephemeris
            Ephemerides of `target`, each signal once, the shortest period first.
        """
        return tuple(signal.ephemeris(target.id) for signal in self.signals_of(target))

    def signals_of(self, target: Target) -> tuple[Signal, ...]:
        """Return a star's signals, published under any of its identifiers.

        If several tables have the same signal, the row of the mission's own table is taken, with
        the other names as aliases.

        Parameters
        ----------
        target : Target
            The star.

        Returns
        -------
        tuple of Signal
            Each signal once, the shortest period first and single transits last.
        """
        star = self.star_of(target)
        if star is None:
            return ()
        order = TABLE_PREFERENCE.get(target.mission.name, TABLE_PREFERENCE[TESS.name])
        chosen: list[Signal] = []
        for signal in sorted(star.signals, key=lambda s: order.index(s.table) if s.table in order else len(order)):
            # Rows of one table are different signals, however alike. Those of two tables at one period are one, even if
            # their epochs differ: two planets cannot share an orbit, but transit times vary.
            one = (c.table != signal.table and compare_signals(c.ephemeris(), signal.ephemeris()).ratio == "1" for c in chosen)
            known = next((n for n, is_one in enumerate(one) if is_one), None)
            if known is None:
                chosen.append(signal)
            else:
                names = dict.fromkeys((*chosen[known].aliases, signal.name, *signal.aliases))
                chosen[known] = replace(chosen[known], aliases=tuple(n for n in names if n != chosen[known].name))
        return tuple(sorted(chosen, key=lambda s: (s.period_days is None, s.period_days or 0.0, s.t0)))

    def star_of(self, target: Target) -> CatalogStar | None:
        """Return the star with an identifier.

        Parameters
        ----------
        target : Target
            The identifier.

        Returns
        -------
        CatalogStar or None
            The star; None if no table has it.
        """
        stars = self.stars_named(target.id)
        return stars[0] if stars else None

    def signals_near(self, target: Target, arcsec: float) -> tuple[tuple[Ephemeris, float], ...]:
        """Return the signals of other stars that are near a star on the sky.

        Parameters
        ----------
        target : Target
            The star.
        arcsec : float
            Greatest distance [arcsec].

        Returns
        -------
        tuple of (Ephemeris, float)
            Each signal and its star's distance [arcsec], the nearest first; none if no table has the
            star's coordinates.
        """
        star = self.star_of(target)
        if star is None:
            return ()
        at = next(((s.ra_deg, s.dec_deg) for s in star.signals if s.ra_deg is not None and s.dec_deg is not None), None)
        if at is None:
            return ()
        found: list[tuple[Ephemeris, float]] = []
        for part in self.parts:
            distance = part.arcsec_from(*at)
            for row in np.flatnonzero(distance <= arcsec):
                (signal,) = part.rows([int(row)])
                if signal.target_id not in star.identifiers and not set(signal.also) & set(star.identifiers):
                    found.append((signal.ephemeris(), float(distance[row])))
        return tuple(sorted(found, key=lambda pair: pair[1]))

    def stars_named(self, name: str) -> tuple[CatalogStar, ...]:
        """Return the stars that have a name, or a signal of that name.

        Parameters
        ----------
        name : str
            The name, in any usual spelling.

        Returns
        -------
        tuple of CatalogStar
            The stars; more than one if the name is ambiguous.
        """
        stars: list[CatalogStar] = []
        taken: set[tuple[int, int]] = set()
        for place in self._named(name):
            if place in taken:
                continue
            rows = self._same_star(place)
            taken |= rows
            signals = tuple(s for n, part in enumerate(self.parts) for s in part.rows(sorted(r for p, r in rows if p == n)))
            stars.append(CatalogStar(_identifiers(signals), signals))
        return tuple(stars)

    def names_starting_with(self, name: str, at_most: int = 5) -> tuple[str, ...]:
        """Return names of signals and stars that start with a text, as suggestions.

        Parameters
        ----------
        name : str
            Start of a name.
        at_most : int, optional
            Maximum number of names.

        Returns
        -------
        tuple of str
            The names.
        """
        found = dict.fromkeys(n for part in self.parts for n in part.names_starting_with(name, at_most))
        return tuple(found)[:at_most]

    def _named(self, name: str) -> list[tuple[int, int]]:
        return [(n, int(row)) for n, part in enumerate(self.parts) for row in part.named(name)]

    def _same_star(self, place: tuple[int, int]) -> set[tuple[int, int]]:
        """Return all (part, row) of the star in one row.

        Tables agree on a star by an identifier, or else by the host's name. A host's name does not
        link rows with different identifiers in one catalog, since the stars of a binary may share
        it.
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


def _identifiers(signals: Iterable[Signal]) -> tuple[str, ...]:
    found = dict.fromkeys(i for s in signals for i in (s.target_id, *s.also))
    return tuple(sorted(found, key=lambda i: PREFIX_ORDER.index(i.split(" ")[0])))


_snapshot_lock = threading.Lock()
_snapshot_cache: dict[str, tuple[tuple[int, int], Signals | None]] = {}


def current_catalog() -> Catalog:
    """Return the catalog of the current snapshots and the famous systems.

    A snapshot is read again only if its file changed. A snapshot that cannot be read is left out;
    its status says why.

    Returns
    -------
    Catalog
        The catalog.
    """
    statuses = snapshots.all_statuses()
    parts = [part for table in CATALOG_TABLES.values() if (part := _read_snapshot(table.name)) is not None]
    return Catalog((*parts, famous_signals()), statuses)


def _read_snapshot(name: str) -> Signals | None:
    path = snapshots.snapshot_path(CATALOG_TABLES[name])
    with _snapshot_lock:
        try:
            now = path.stat()
        except OSError:
            _snapshot_cache.pop(str(path), None)
            return None
        mark = (now.st_mtime_ns, now.st_size)
        kept = _snapshot_cache.get(str(path))
        if kept is None or kept[0] != mark:
            try:
                found = snapshots.read_snapshot(CATALOG_TABLES[name])
            except CacheError as error:
                log.warning("%s", error)
                found = None
            kept = _snapshot_cache[str(path)] = (mark, found)
        return kept[1]


def table_signals(name: str) -> Signals:
    """Return the signals of one table.

    Parameters
    ----------
    name : str
        Name of the table.

    Returns
    -------
    Signals
        The signals; empty if there is no snapshot.
    """
    empty: dict[str, Sequence[object] | AnyArray] = {
        **dict.fromkeys(signals.TEXT_COLUMNS, ()),
        **dict.fromkeys(signals.NUMBER_COLUMNS, np.empty(0)),
    }
    return _read_snapshot(name) or signals.make_signals(name, empty)
