"""Catalog signals: one row holds one signal's ephemeris and what is known of its star."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core import targets
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import TargetError
from astroseq_core.missions import BY_PREFIX
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.type_names import AnyArray, Arrays

#: Text columns. `also` holds the star's identifiers in other catalogs, `aliases` further names of signal and star, both
#: separated by SEPARATOR; `disposition` is CP, KP, PC, APC, FP or FA; `notes` lists assumptions.
TEXT_COLUMNS = ("target_id", "name", "host", "also", "aliases", "disposition", "magnitude_band", "row_id", "reference", "notes")
#: Number columns, NaN if nothing was published; errors are one sigma. `t0` is in the system of the target's mission.
NUMBER_COLUMNS = (
    *("period_days", "period_err", "t0", "t0_err", "duration_hours", "duration_err", "depth_ppm", "depth_err"),
    *("magnitude", "radius_earth", "ra_deg", "dec_deg"),
    *("star_teff", "star_radius", "star_mass", "star_logg", "star_density", "star_density_err", "star_radius_err"),
)
#: Number columns that older snapshots lack: the star's temperature [K], radius, mass, log10 of the surface gravity [cm/s^2] and
#: mean density, in solar units. They count as not published.
ADDED_COLUMNS = ("star_teff", "star_radius", "star_mass", "star_logg", "star_density", "star_density_err", "star_radius_err")
SEPARATOR = "|"

#: Greek letters as spelled in star names by SIMBAD and the archive.
_GREEK = {
    "α": "alf",
    "β": "bet",
    "γ": "gam",
    "δ": "del",
    "ε": "eps",
    "ζ": "zet",
    "η": "eta",
    "θ": "tet",
    "ι": "iot",
    "κ": "kap",
    "λ": "lam",
    "μ": "mu",
    "ν": "nu",
    "ξ": "ksi",
    "ο": "omi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sig",
    "τ": "tau",
    "υ": "ups",
    "φ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "ome",
}
#: Start of an identifier or of a TOI or KOI number, and the normal form that `targets` writes, in lower case.
_IDENTIFIER = re.compile(r"(?:kic|epic|tic|sim|kplr|ktwo|toi|koi|k\d)")
_CANONICAL = re.compile(r"(?:kic|epic|tic|sim) [1-9]\d*|(?:toi-[1-9]\d*|k\d{5})(?:\.\d\d)?")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s_\-]+(?=\d)")
_OTHER_SEPARATORS = re.compile(r"(?<!\d)[\s_\-]+|[\s_\-]+(?!\d)")


@dataclass(frozen=True)
class Signal:
    """One signal as a table publishes it. Numbers are None if nothing was published.

    Attributes
    ----------
    table : str
        Name of the table.
    target_id : str
        Identifier of the star.
    name : str
        Name of the signal.
    host : str
        Name of the star.
    also : tuple of str
        Identifiers of the star in other catalogs.
    aliases : tuple of str
        Further names of signal and star.
    disposition : str
        CP, KP, PC, APC, FP or FA.
    period_days : float or None
        Period [d]; None for a single transit.
    period_err : float or None
        Error of the period [d].
    t0 : float
        Mid-transit time [d], in `t0_system`.
    t0_err : float or None
        Error of the mid-transit time [d].
    t0_system : TimeSystem
        Time system of `t0`.
    duration_hours : float
        Transit duration [h].
    duration_err : float or None
        Error of the duration [h].
    depth_ppm : float or None
        Transit depth [ppm].
    depth_err : float or None
        Error of the depth [ppm].
    magnitude : float or None
        Magnitude of the star.
    magnitude_band : str
        Band of the magnitude.
    radius_earth : float or None
        Planet radius [Earth radii].
    ra_deg : float or None
        Right ascension [deg].
    dec_deg : float or None
        Declination [deg].
    row_id : str
        Identifier of the row in the archive's table.
    reference : str
        Reference of the values.
    notes : str
        Assumptions that were made, such as about time systems.
    star_teff : float or None
        Effective temperature of the star [K].
    star_radius : float or None
        Radius of the star [solar radii].
    star_mass : float or None
        Mass of the star [solar masses].
    star_logg : float or None
        Surface gravity of the star, log10 of [cm/s^2].
    star_density : float or None
        Mean density of the star [solar densities].
    star_density_err : float or None
        Error of the mean density [solar densities].
    star_radius_err : float or None
        Error of the radius [solar radii].
    """

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
    star_radius_err: float | None = None

    def ephemeris(self, target_id: str | None = None) -> Ephemeris:
        """Return the ephemeris of the signal.

        Parameters
        ----------
        target_id : str, optional
            Another identifier of the same star to use; by default that of the row.

        Returns
        -------
        Ephemeris
            The ephemeris.
        """
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
    """All signals of one table as columns, with an index of their names.

    Attributes
    ----------
    table : str
        Name of the table.
    columns : mapping of str to ndarray
        Columns of shape (n,): texts as UTF-8 bytes, numbers as float64.
    keys : ndarray of bytes, shape (m,)
        Normalized spelling of every name, sorted.
    key_rows : ndarray of int32, shape (m,)
        Row of each name in `keys`.
    """

    table: str
    columns: Mapping[str, AnyArray]
    keys: NDArray[np.bytes_]
    key_rows: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.columns["target_id"])

    def rows(self, numbers: Iterable[int]) -> tuple[Signal, ...]:
        """Return the signals in some rows.

        Parameters
        ----------
        numbers : iterable of int
            Row numbers.

        Returns
        -------
        tuple of Signal
            The signals.
        """
        return tuple(self._row(int(n)) for n in numbers)

    def arcsec_from(self, ra_deg: float, dec_deg: float) -> NDArray[np.float64]:
        """Return the distances of all rows' stars from a position.

        Parameters
        ----------
        ra_deg, dec_deg : float
            Right ascension and declination [deg].

        Returns
        -------
        ndarray
            Distances [arcsec], shape (n,); NaN where a table has no coordinates.
        """
        from astropy.coordinates import angular_separation

        ra, dec = (np.radians(np.asarray(self.columns[name], dtype=np.float64)) for name in ("ra_deg", "dec_deg"))
        distance = angular_separation(ra, dec, math.radians(ra_deg), math.radians(dec_deg))
        return np.asarray(np.degrees(distance) * 3600, dtype=np.float64)

    def of(self, target_id: str) -> NDArray[np.int64]:
        """Return the rows of a target.

        Parameters
        ----------
        target_id : str
            Identifier of the star, as in the table.

        Returns
        -------
        ndarray of int64
            Row numbers.
        """
        return np.flatnonzero(self.columns["target_id"] == target_id.encode())

    def named(self, name: str) -> NDArray[np.int64]:
        """Return the rows of a signal or a star.

        Parameters
        ----------
        name : str
            Its name, in any usual spelling.

        Returns
        -------
        ndarray of int64
            Row numbers, sorted.
        """
        wanted = name_key(name).encode()
        low, high = np.searchsorted(self.keys, wanted, "left"), np.searchsorted(self.keys, wanted, "right")
        return np.unique(self.key_rows[low:high]).astype(np.int64)

    def names_starting_with(self, name: str, at_most: int) -> tuple[str, ...]:
        """Return names of signals and stars that start with a text.

        Parameters
        ----------
        name : str
            Start of a name, in any usual spelling.
        at_most : int
            Maximum number of names.

        Returns
        -------
        tuple of str
            The names, in the order of their normalized spelling.
        """
        wanted = name_key(name).encode()
        low, high = np.searchsorted(self.keys, wanted, "left"), np.searchsorted(self.keys, wanted + b"\x7f", "left")
        found: dict[str, None] = {}
        for place in range(low, high if wanted else low):
            row = int(self.key_rows[place])
            names = SEPARATOR.join(self.text(c, row) for c in ("name", "host", "aliases", "also", "target_id")).split(SEPARATOR)
            found.update(dict.fromkeys(n for n in names if name_key(n).encode() == self.keys[place]))
            if len(found) >= at_most:
                break
        return tuple(found)[:at_most]

    def text(self, column: str, row: int) -> str:
        """Return the text in one cell.

        Parameters
        ----------
        column : str
            Name of the column.
        row : int
            Row number.

        Returns
        -------
        str
            The text.
        """
        return bytes(self.columns[column][row]).decode()

    def _row(self, n: int) -> Signal:
        text = {c: self.text(c, n) for c in TEXT_COLUMNS}
        number = {c: None if math.isnan(v := float(self.columns[c][n])) else v for c in NUMBER_COLUMNS}
        lists = {c: tuple(filter(None, text.pop(c).split(SEPARATOR))) for c in ("also", "aliases")}
        t0, duration = number.pop("t0"), number.pop("duration_hours")
        assert t0 is not None
        assert duration is not None
        system = BY_PREFIX[text["target_id"].split()[0]].time_system
        return Signal(table=self.table, t0=t0, duration_hours=duration, t0_system=system, **text, **lists, **number)  # type: ignore[arg-type]


def make_signals(table: str, columns: Mapping[str, Sequence[object] | AnyArray]) -> Signals:
    """Make the table of signals from columns and index their names.

    Parameters
    ----------
    table : str
        Name of the table.
    columns : mapping of str to sequence
        All text columns, as `str`, and number columns. The star's parameters may be missing.

    Returns
    -------
    Signals
        The signals.
    """
    done: Arrays = {}
    for name in TEXT_COLUMNS:
        encoded = [str(v).encode() for v in columns[name]]
        done[name] = np.array(encoded, dtype=f"S{max(map(len, encoded), default=1) or 1}")
    for name in NUMBER_COLUMNS:
        values = columns[name] if name in columns or name not in ADDED_COLUMNS else np.full(len(columns["target_id"]), np.nan)
        done[name] = np.asarray(values, dtype=np.float64)
    pairs: set[tuple[bytes, int]] = set()
    for row, names in enumerate(zip(*(columns[c] for c in ("target_id", "name", "host", "also", "aliases")), strict=True)):
        pairs |= {(name_key(one).encode(), row) for text in names if text for one in str(text).split(SEPARATOR)}
    ordered = sorted(p for p in pairs if p[0])
    keys = np.array([p[0] for p in ordered] or [b""], dtype=np.bytes_)[: len(ordered)]
    return Signals(table, done, keys, np.array([p[1] for p in ordered], dtype=np.int32))


def name_key(name: str) -> str:
    """Return the normalized spelling of a name.

    "Kepler-10 b", "kepler 10b" and "KEPLER10 B" all give "kepler10b". A separator between two
    digits is kept, since K2-31 and K2-3 1 are different stars; catalog numbers lose leading zeros.

    Parameters
    ----------
    name : str
        A name of a star or a signal.

    Returns
    -------
    str
        The normalized spelling.
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
    return _OTHER_SEPARATORS.sub("", _BETWEEN_DIGITS.sub("-", clean))
