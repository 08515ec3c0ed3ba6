"""A catalogue's signals: one row is one signal's ephemeris, and what is known of its star."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core import targets
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import TargetError
from astroseq_core.missions import BY_PREFIX
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem

#: Columns of text. ``also`` holds the star's identifiers in other catalogues and ``aliases`` further names of signal and
#: star, both separated by SEPARATOR; ``disposition`` is CP, KP, PC, APC, FP or FA; ``notes`` says what was assumed.
TEXT = ("target_id", "name", "host", "also", "aliases", "disposition", "magnitude_band", "row_id", "reference", "notes")
#: Columns of numbers, NaN where nothing was published; errors are one sigma. ``t0`` is in the target's mission's system.
NUMBERS = (
    *("period_days", "period_err", "t0", "t0_err", "duration_hours", "duration_err", "depth_ppm", "depth_err"),
    *("magnitude", "radius_earth", "ra_deg", "dec_deg"),
    *("star_teff", "star_radius", "star_mass", "star_logg", "star_density", "star_density_err"),
)
#: Those of them that snapshots of older versions do not have: of the star, temperature [K], radius, mass, log10 of the surface
#: gravity [cm/s^2] and mean density, with the Sun's as units. They count as not published.
ADDED = ("star_teff", "star_radius", "star_mass", "star_logg", "star_density", "star_density_err")
SEPARATOR = "|"

#: Greek letters as the star names of SIMBAD and of the archive spell them.
_GREEK = {
    "α": "alf", "β": "bet", "γ": "gam", "δ": "del", "ε": "eps", "ζ": "zet", "η": "eta", "θ": "tet",
    "ι": "iot", "κ": "kap", "λ": "lam", "μ": "mu", "ν": "nu", "ξ": "ksi", "ο": "omi", "π": "pi",
    "ρ": "rho", "σ": "sig", "τ": "tau", "υ": "ups", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "ome",
}  # fmt: skip
#: What may be an identifier or a number of a TOI or KOI, and what is one as ``targets`` writes it, without its capitals.
_IDENTIFIER = re.compile(r"(?:kic|epic|tic|sim|kplr|ktwo|toi|koi|k\d)")
_CANONICAL = re.compile(r"(?:kic|epic|tic|sim) [1-9]\d*|(?:toi-[1-9]\d*|k\d{5})(?:\.\d\d)?")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s_\-]+(?=\d)")
_AROUND = re.compile(r"(?<!\d)[\s_\-]+|[\s_\-]+(?!\d)")


@dataclass(frozen=True)
class Signal:
    """One row: a signal of ``target_id`` as ``table`` publishes it; numbers are None where nothing was published."""

    table: str
    target_id: str
    name: str
    host: str
    also: tuple[str, ...]
    aliases: tuple[str, ...]
    disposition: str
    period_days: float | None
    period_err: float | None
    t0: float
    t0_err: float | None
    t0_system: TimeSystem
    duration_hours: float
    duration_err: float | None
    depth_ppm: float | None
    depth_err: float | None
    magnitude: float | None
    magnitude_band: str
    radius_earth: float | None
    ra_deg: float | None
    dec_deg: float | None
    row_id: str
    reference: str
    notes: str
    star_teff: float | None = None
    star_radius: float | None = None
    star_mass: float | None = None
    star_logg: float | None = None
    star_density: float | None = None
    star_density_err: float | None = None

    def ephemeris(self, target_id: str | None = None) -> Ephemeris:
        """The ephemeris, said to be of ``target_id`` where the same star has another identifier."""
        return Ephemeris(
            target_id=target_id or self.target_id,
            name=self.name,
            t0=Instant(self.t0, self.t0_system),
            period_days=self.period_days,
            duration_hours=self.duration_hours,
            depth_ppm=self.depth_ppm,
            t0_err=self.t0_err or 0.0,
            period_err=self.period_err or 0.0,
            disposition=self.disposition,
        )


@dataclass(frozen=True)
class Signals:
    """The rows of one table as columns: TEXT as UTF-8 bytes, NUMBERS as float64, each of shape (n,); and its sorted names.

    ``keys`` are the ``key`` of every name, shape (m,), sorted; ``key_rows`` the rows that they belong to, shape (m,).
    """

    table: str
    columns: Mapping[str, NDArray[Any]]
    keys: NDArray[np.bytes_]
    key_rows: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.columns["target_id"])

    def rows(self, numbers: Iterable[int]) -> tuple[Signal, ...]:
        """The signals in those rows."""
        return tuple(self._row(int(n)) for n in numbers)

    def of(self, target_id: str) -> NDArray[np.int64]:
        """The rows of that target."""
        return np.flatnonzero(self.columns["target_id"] == target_id.encode())

    def named(self, name: str) -> NDArray[np.int64]:
        """The rows of the signal or the star of that name, in any spelling that ``key`` takes as the same."""
        wanted = key(name).encode()
        low, high = np.searchsorted(self.keys, wanted, "left"), np.searchsorted(self.keys, wanted, "right")
        return np.unique(self.key_rows[low:high]).astype(np.int64)

    def starting(self, name: str, at_most: int) -> tuple[str, ...]:
        """Up to ``at_most`` names of signals and stars that start as that one does, in their order."""
        wanted = key(name).encode()
        low, high = np.searchsorted(self.keys, wanted, "left"), np.searchsorted(self.keys, wanted + b"\x7f", "left")
        found: dict[str, None] = {}
        for place in range(low, high if wanted else low):
            row = int(self.key_rows[place])
            names = SEPARATOR.join(self.text(c, row) for c in ("name", "host", "aliases", "also", "target_id")).split(SEPARATOR)
            found.update(dict.fromkeys(n for n in names if key(n).encode() == self.keys[place]))
            if len(found) >= at_most:
                break
        return tuple(found)[:at_most]

    def text(self, column: str, row: int) -> str:
        """The text in one cell."""
        return bytes(self.columns[column][row]).decode()

    def _row(self, n: int) -> Signal:
        text = {c: self.text(c, n) for c in TEXT}
        number = {c: None if math.isnan(v := float(self.columns[c][n])) else v for c in NUMBERS}
        lists = {c: tuple(filter(None, text.pop(c).split(SEPARATOR))) for c in ("also", "aliases")}
        t0, duration = number.pop("t0"), number.pop("duration_hours")
        assert t0 is not None
        assert duration is not None
        system = BY_PREFIX[text["target_id"].split()[0]].time_system
        return Signal(table=self.table, t0=t0, duration_hours=duration, t0_system=system, **text, **lists, **number)  # type: ignore[arg-type]


def make(table: str, columns: Mapping[str, Any]) -> Signals:
    """Those columns, text as ``str`` in any array or list, as Signals with their names sorted."""
    done: dict[str, NDArray[Any]] = {}
    for name in TEXT:
        encoded = [str(v).encode() for v in columns[name]]
        done[name] = np.array(encoded, dtype=f"S{max(map(len, encoded), default=1) or 1}")
    for name in NUMBERS:
        values = columns[name] if name in columns or name not in ADDED else np.full(len(columns["target_id"]), np.nan)
        done[name] = np.asarray(values, dtype=np.float64)
    pairs: set[tuple[bytes, int]] = set()
    for row, names in enumerate(zip(*(columns[c] for c in ("target_id", "name", "host", "also", "aliases")), strict=True)):
        pairs |= {(key(one).encode(), row) for text in names if text for one in str(text).split(SEPARATOR)}
    ordered = sorted(p for p in pairs if p[0])
    keys = np.array([p[0] for p in ordered] or [b""], dtype=np.bytes_)[: len(ordered)]
    return Signals(table, done, keys, np.array([p[1] for p in ordered], dtype=np.int32))


def key(name: str) -> str:
    """What all spellings of one name share: ``Kepler-10 b``, ``kepler 10b`` and ``KEPLER10 B`` give ``kepler10b``.

    A separator between two digits stays, as K2-31 and K2-3 1 are not one star; catalogue numbers lose leading zeros.
    """
    clean = " ".join(str(name).split()).casefold()
    if _CANONICAL.fullmatch(clean):
        return clean
    if _IDENTIFIER.match(clean):
        try:
            found = targets.parse(clean)
        except TargetError:
            pass
        else:
            return (found.id if isinstance(found, Target) else found.name).casefold()
    if not clean.isascii():
        clean = "".join(_GREEK.get(letter, letter) for letter in clean)
    return _AROUND.sub("", _BETWEEN_DIGITS.sub("-", clean))
