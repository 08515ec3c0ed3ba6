"""Normalization of the archive's tables: units, errors, time systems, and reasons for dropped rows."""

import logging
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core import times
from astroseq_core.archive import signals, time_references
from astroseq_core.archive.exoplanet_archive import ARCHIVE_NAME, CatalogTable
from astroseq_core.archive.signals import SEPARATOR, Signals
from astroseq_core.disposition_codes import TFOPWG_DISPOSITIONS
from astroseq_core.ephemeris import MAX_PERIOD_DAYS, MIN_PERIOD_DAYS
from astroseq_core.errors import CatalogError
from astroseq_core.missions import BY_PREFIX
from astroseq_core.stellar import SUN_DENSITY_CGS, SUN_LOGG
from astroseq_core.times import TimeSystem
from astroseq_core.type_names import Arrays

if TYPE_CHECKING:
    import pandas as pd

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

#: Units that the archive states for depths [ppm] and durations [h], as `_plain_unit` spells them.
PPM_PER_UNIT = {
    **dict.fromkeys(("ppm", "partspermillion", "10^-6", "10**-6", "1e-6", "1e-06"), 1.0),
    **dict.fromkeys(("%", "percent", "percentage", "perc", "pct"), 1e4),
    **dict.fromkeys(("ppt", "partsperthousand", "10^-3", "10**-3", "1e-3", "0.001"), 1e3),
    **dict.fromkeys(("fraction", "relative", "dimensionless"), 1e6),
}
HOURS_PER_UNIT = {
    **dict.fromkeys(("h", "hr", "hour"), 1.0),
    **dict.fromkeys(("d", "day"), 24.0),
    **dict.fromkeys(("min", "minute"), 1 / 60),
    **dict.fromkeys(("s", "sec", "second"), 1 / 3600),
}
#: Disposition codes for the dispositions of all tables, as `disposition_code` spells them.
DISPOSITION_CODES = {
    **dict.fromkeys(("CONFIRMED", "CONFIRMED PLANET"), "CP"),
    **dict.fromkeys(("KNOWN PLANET",), "KP"),
    **dict.fromkeys(("CANDIDATE", "PLANET CANDIDATE", "POSSIBLE PLANET", "NOT DISPOSITIONED"), "PC"),
    **dict.fromkeys(("AMBIGUOUS PLANET CANDIDATE", "AMBIGUOUS CANDIDATE"), "APC"),
    **dict.fromkeys(("FALSE POSITIVE", "CERTIFIED FP", "CERTIFIED FALSE POSITIVE", "REFUTED", "EB", "ECLIPSING BINARY"), "FP"),
    **dict.fromkeys(("FALSE ALARM", "CERTIFIED FA", "CERTIFIED FALSE ALARM"), "FA"),
    **{code: code for code in TFOPWG_DISPOSITIONS},
}
#: Cells that stand for no value, in lower case.
EMPTY_CELLS = frozenset({"", "--", "-", "nan", "none", "null", "<na>", "n/a", "masked"})
#: Texts of a limit's flag that say that the value is no limit, in lower case.
_NO_LIMIT = EMPTY_CELLS | {"0", "0.0", "false", "f", "no", "n", "="}
_BYTES_TEXT = re.compile(r"""b(['"])(.*)\1""", re.DOTALL)


@dataclass(frozen=True)
class NormalizedTable:
    """Signals of a table, and the rows that were dropped.

    Attributes
    ----------
    signals : Signals
        The signals.
    rows_in : int
        Number of rows in the table.
    dropped : tuple of (str, str)
        Name and reason of each dropped row, in the table's order.
    """

    signals: Signals
    rows_in: int
    dropped: tuple[tuple[str, str], ...]

    @property
    def reasons(self) -> dict[str, int]:
        """Number of dropped rows by reason, the most frequent first."""
        return dict(Counter(reason for _, reason in self.dropped).most_common())


def normalize_table(table: CatalogTable, frame: "pd.DataFrame", units: Mapping[str, str] | None = None) -> NormalizedTable:
    """Convert a table of the archive to signals in one set of units and time systems.

    Columns that a table may lack (errors, magnitudes, aliases) are treated as empty. An unknown
    unit is taken as the table's usual one.

    Parameters
    ----------
    table : CatalogTable
        Description of the table.
    frame : pandas.DataFrame
        The rows as served.
    units : mapping of str to str, optional
        Unit of each column, as the archive states it.

    Returns
    -------
    NormalizedTable
        The signals and the dropped rows.

    Raises
    ------
    CatalogError
        If columns are missing without which no row can be used.
    """
    work = _TableColumns(table, frame, units or {})
    if missing := [name for name in (table.row_id, table.period) if name not in frame.columns]:
        raise CatalogError(
            f"What {ARCHIVE_NAME} served as its {table.title} table has no {' and no '.join(missing)}: it came damaged, or the "
            "archive has changed it. Fetch it again; if that does not help, look for a newer AstroSeq."
        )
    target, prefix = work.targets()
    names = work.names()
    period, period_err = work.measured(table.period)
    period = np.where(period > 0, period, np.nan)  # older tables give a single transit a period of 0 or less
    duration, duration_err, notes = work.durations(period)
    depth, depth_err = work.depths()
    t0, t0_err, time_notes = work.epochs(prefix)

    if table.only:
        work.drop(work.numbers(table.only) != 1, "not the default set of parameters")
    work.drop(work.text(table.row_id) == "", "no name")
    work.drop(target == "", f"no {table.prefix} number of its star")
    work.drop(~np.isfinite(t0), "no transit epoch")
    work.drop(~work.plausible, "epoch outside the years 1980 to 2080")
    work.drop(~np.isfinite(duration), "no transit duration")
    work.drop((period < MIN_PERIOD_DAYS) | (period > MAX_PERIOD_DAYS), "a period that cannot be")
    work.drop(duration / 24 >= period, "duration no shorter than the period")
    ids = work.text(table.row_id)
    work.drop(work.repeated(ids), "a second row of the same name")

    keep = work.reason == ""
    count = int(keep.sum())
    magnitude, band = work.magnitudes()
    raw = work.text(table.disposition) if table.disposition else np.full(len(frame), "CONFIRMED", object)
    joined_notes = [SEPARATOR.join(filter(None, (*pair, *work.unit_notes))) for pair in zip(notes, time_notes, strict=True)]
    columns: Arrays = {
        "target_id": target,
        **names,
        "disposition": np.array([disposition_code(str(word)) for word in raw], object),
        "magnitude_band": band,
        "row_id": ids,
        "reference": work.references(),
        "notes": np.array(joined_notes, object),
        "period_days": period,
        "period_err": np.where(np.isfinite(period), period_err, np.nan),
        "t0": t0,
        "t0_err": t0_err,
        "duration_hours": duration,
        "duration_err": duration_err,
        "depth_ppm": depth,
        "depth_err": depth_err,
        "magnitude": magnitude,
        "radius_earth": work.numbers(table.radius),
        "ra_deg": work.numbers("ra"),
        "dec_deg": work.numbers("dec"),
        **work.star(),
    }
    made = signals.make_signals(table.name, {name: values[keep] for name, values in columns.items()})
    assert len(made) == count
    away = np.flatnonzero(~keep)
    return NormalizedTable(made, len(frame), tuple((str(ids[n]), str(work.reason[n])) for n in away))


def _toi_name(number: str) -> str:
    """Return the name of a TOI; a number that is none stands as it is."""
    try:
        return f"TOI-{float(number):.2f}" if number and math.isfinite(float(number)) else number
    except ValueError:
        return number


def transit_duration_hours(
    period_days: NDArray[np.float64], a_over_r: NDArray[np.float64], k: NDArray[np.float64], b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the total transit duration (first to fourth contact) on a circular orbit.

    Winn 2010 (arXiv:1001.2010), equation 14.

    Parameters
    ----------
    period_days : ndarray, shape (n,)
        Orbital period [d].
    a_over_r : ndarray, shape (n,)
        Semi-major axis over stellar radius.
    k : ndarray, shape (n,)
        Planet radius over stellar radius.
    b : ndarray, shape (n,)
        Impact parameter.

    Returns
    -------
    ndarray, shape (n,)
        Duration [h]; NaN if there is no transit.
    """
    with np.errstate(all="ignore"):  # damaged values overflow
        sin_i = np.sqrt(1 - (b / a_over_r) ** 2)
        chord = np.sqrt((1 + k) ** 2 - b**2) / (a_over_r * sin_i)
        return np.asarray(24 * period_days / np.pi * np.arcsin(chord))


def disposition_code(word: str) -> str:
    """Return the code of a published disposition.

    Parameters
    ----------
    word : str
        The disposition, in any case and with spaces, hyphens or underscores.

    Returns
    -------
    str
        One of `DISPOSITION_CODES`; a word without a code in capitals.

    Examples
    --------
    >>> disposition_code("False_Positive"), disposition_code("REFUTED [PLANET]")
    ('FP', 'FP')
    """
    plain = " ".join(re.split(r"[\s_\-]+", word.split("[")[0].strip(" ?.").upper()))
    return DISPOSITION_CODES.get(plain, plain)


def plain_cell(value: object) -> str:
    """Return the text of a cell, empty if it stands for no value.

    Parameters
    ----------
    value : object
        The cell: a text, a number, bytes, or the printed form of bytes.

    Returns
    -------
    str
        Its text without surrounding spaces.

    Examples
    --------
    >>> plain_cell(b"K2-3 b "), plain_cell("b'K2-3 b'"), plain_cell("--")
    ('K2-3 b', 'K2-3 b', '')
    """
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    printed = _BYTES_TEXT.fullmatch(text.strip())
    text = (printed[2] if printed else text).strip()
    return "" if text.casefold() in EMPTY_CELLS else text


def _plain_unit(unit: str) -> str:
    """Return a unit in lower case, without brackets, spaces and the plural's s."""
    plain = re.sub(r"[\s\[\]]|\(s\)", "", unit.casefold()).strip("()")
    return plain[:-1] if len(plain) > 2 and plain.endswith("s") else plain


class _TableColumns:
    """A table being normalized: its columns, and the reason why each row is dropped, or ""."""

    def __init__(self, table: CatalogTable, frame: "pd.DataFrame", units: Mapping[str, str]) -> None:
        self.table, self.frame, self.units = table, frame, units
        self.reason = np.full(len(frame), "", object)
        self.plausible = np.ones(len(frame), bool)
        self.unit_notes: list[str] = []

    def drop(self, which: NDArray[np.bool_], reason: str) -> None:
        self.reason[which & (self.reason == "")] = reason

    def repeated(self, ids: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Return which of the remaining rows have the name of an earlier one."""
        left = np.flatnonzero(self.reason == "")
        _, first = np.unique(ids[left].astype(str), return_index=True)
        again = np.zeros(len(ids), bool)
        again[np.delete(left, first)] = True
        return again

    def numbers(self, column: str) -> NDArray[np.float64]:
        import pandas as pd

        if column not in self.frame.columns:
            return np.full(len(self.frame), np.nan)
        given = self.frame[column]
        if not pd.api.types.is_numeric_dtype(given):
            given = given.map(plain_cell, na_action="ignore")
        values = np.asarray(pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan))
        return np.where(np.isfinite(values), values, np.nan)

    def text(self, column: str) -> NDArray[np.object_]:
        if column not in self.frame.columns:
            return np.full(len(self.frame), "", object)
        return np.array([plain_cell(cell) for cell in self.frame[column].astype(object).to_numpy(object)], object)

    def measured(self, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return a column and its one-sigma error, the mean of upper and lower; limits become NaN."""
        upper, lower, limit = self.table.suffixes
        value = self.numbers(column)
        if limit:
            flags = self.text(column + limit)
            value = np.where([flag.casefold() not in _NO_LIMIT for flag in flags], np.nan, value)
        errors = np.abs(np.stack([self.numbers(column + upper), self.numbers(column + lower)]))
        given = np.isfinite(errors)
        total, number = np.where(given, errors, 0).sum(axis=0), given.sum(axis=0)
        return value, np.where((number > 0) & np.isfinite(value), total / np.maximum(number, 1), np.nan)

    def targets(self) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """Return the identifiers of the stars, empty where there is none, and their prefixes."""
        found = self._identifiers(self.table.star, self.table.prefix)
        for column in (*self.table.also, self.table.host, self.table.signal):
            # a candidate's star often appears only in its name, as in "EPIC 201238110.01"
            found = np.where(found == "", self._identifiers(column, ""), found) if column else found
        return found, np.array([i.split(" ")[0] for i in found], object)

    def _identifiers(self, column: str, prefix: str) -> NDArray[np.object_]:
        """Return `PREFIX number` of each row, empty if there is none; `prefix` is for bare numbers."""
        import pandas as pd

        if column not in self.frame.columns:
            return np.full(len(self.frame), "", object)
        series = self.frame[column]
        if pd.api.types.is_numeric_dtype(series):
            series = series.astype("Float64").round().astype("Int64")
        else:
            series = pd.Series(self.text(column), dtype=object)
        parts = series.astype("string").str.extract(r"^\s*(?:(KIC|EPIC|TIC)\s*)?0*([1-9]\d{0,15})(?:\.\d+)?(?:\s+[a-z])?\s*$")
        parts[0] = parts[0].fillna(prefix)
        good = parts[1].notna() & (parts[0] != "")
        return np.where(good, parts[0].fillna("") + " " + parts[1].fillna(""), "").astype(object)

    def names(self) -> dict[str, NDArray[np.object_]]:
        """Return the columns name, host, also and aliases."""
        table, target = self.table, self.targets()[0]
        name = self.text(table.signal)
        host = self.text(table.host) if table.host else np.full(len(name), "", object)
        aliases = [self.text(column) for column in table.aliases]
        if table.name == "toi":
            name = np.array([_toi_name(str(v)) for v in name], object)
            host = np.array([str(v).split(".")[0] for v in name], object)
        elif table.name == "cumulative":
            host = np.array([str(v).rsplit(" ", 1)[0] for v in host], object)
            aliases.append(np.array([str(v).split(".")[0] for v in name], object))
        also = [np.where(found == target, "", found) for found in (self._identifiers(c, "") for c in table.also)]
        return {"name": name, "host": host, "also": _join_texts(also, len(name)), "aliases": _join_texts(aliases, len(name))}

    def durations(self, period: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.object_]]:
        """Return durations [h], their errors and notes.

        Where no duration was published, it is computed from the published geometry of the orbit.
        """
        factor = self._factor(self.table.duration, HOURS_PER_UNIT, 1.0)
        value, error = (factor * part for part in self.measured(self.table.duration))
        value = np.where(value > 0, value, np.nan)
        notes = np.full(len(value), "", object)
        if self.table.geometry:
            a_over_r, k, b, inclination = (self.numbers(column) for column in self.table.geometry)
            b = np.where(np.isfinite(b), b, a_over_r * np.cos(np.radians(inclination)))
            made = transit_duration_hours(period, a_over_r, k, b)
            fill = ~np.isfinite(value) & np.isfinite(made)
            value, error = np.where(fill, made, value), np.where(fill, np.nan, error)
            notes[fill] = "duration from a/R*, Rp/R* and impact parameter"
        return value, error, notes

    def depths(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return depths and their errors [ppm]; values outside 0 to 100 % count as not measured."""
        factor = self._factor(self.table.depth, PPM_PER_UNIT, self.table.depth_ppm_per_unit)
        value, error = (factor * part for part in self.measured(self.table.depth))
        good = (value > 0) & (value <= 1e6)
        return np.where(good, value, np.nan), np.where(good, error, np.nan)

    def epochs(self, prefix: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.object_]]:
        """Return epochs and errors [d] in the star's mission's system, and notes.

        Sets `plausible`.
        """
        value, error = self.measured(self.table.epoch)
        source = TimeSystem.parse(self.table.time_system)
        shift, notes = np.zeros(len(value)), np.full(len(value), "", object)
        if self.table.time_reference in self.frame.columns:
            corrections = time_references.epoch_corrections(value, self.text(self.table.time_reference))
            shift, notes, more = corrections.shift_days, corrections.notes, corrections.error_days
            error = np.where(more > 0, np.hypot(np.nan_to_num(error), more), error)
        bjd = np.asarray(times.convert(value, source, TimeSystem.BJD)) + shift
        low, high = times.PLAUSIBLE_BJD
        self.plausible = (bjd >= low) & (bjd <= high)
        # a single sum, so that a time already in the mission's system keeps all digits
        zero = np.array([BY_PREFIX[p].time_system.zero_bjd if p in BY_PREFIX else 0.0 for p in prefix])
        return value + (shift + (source.zero_bjd - zero)), error, notes

    def magnitudes(self) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """Return the star's magnitude in the first band that has one, and that band."""
        value, band = np.full(len(self.frame), np.nan), np.full(len(self.frame), "", object)
        for column, name in self.table.magnitudes:
            given = self.numbers(column)
            fill = ~np.isfinite(value) & np.isfinite(given)
            value[fill], band[fill] = given[fill], name
        return value, band

    def star(self) -> dict[str, NDArray[np.float64]]:
        """Return the star's parameters.

        The density is the published one, else from mass and radius, else from gravity and radius.
        Relative errors are added in quadrature; the error of the radius counts as often as the
        radius does (see `density_of`).
        """
        teff = self.numbers(self.table.stellar_columns[0])
        columns = (self._star_value(column) for column in self.table.stellar_columns[1:])
        (radius, d_radius), (mass, d_mass), (logg, d_logg), (cgs, d_cgs) = columns
        radius, mass = np.where(radius > 0, radius, np.nan), np.where(mass > 0, mass, np.nan)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            choices = (
                (cgs / SUN_DENSITY_CGS, d_cgs / cgs),
                (mass / radius**3, np.hypot(d_mass / mass, 3 * d_radius / radius)),
                (10 ** (logg - SUN_LOGG) / radius, np.hypot(np.log(10) * d_logg, d_radius / radius)),
            )
            density, error = np.full(len(teff), np.nan), np.full(len(teff), np.nan)
            for value, relative in choices:
                fill = ~np.isfinite(density) & (value > 0)
                density[fill], error[fill] = value[fill], (relative * value)[fill]
        return {
            "star_teff": np.where(teff > 0, teff, np.nan),
            "star_radius": radius,
            "star_mass": mass,
            "star_logg": logg,
            "star_density": density,
            "star_density_err": error,
            "star_radius_err": np.where(np.isfinite(radius), d_radius, np.nan),
        }

    def _star_value(self, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.measured(column) if column else (np.full(len(self.frame), np.nan), np.full(len(self.frame), np.nan))

    def references(self) -> NDArray[np.object_]:
        """Return author, year and bibcode of each row, from the archive's links."""
        import pandas as pd

        if self.table.reference not in self.frame.columns:
            return np.full(len(self.frame), "", object)
        link = pd.Series(self.text(self.table.reference), dtype=object).astype(str)
        bibcode = link.str.extract(r"/abs/([^/\s>]+)")[0].fillna("").str.replace("%26", "&")
        words = link.str.replace(r"<[^>]*>", "", regex=True).str.replace("&amp;", "&").str.strip()
        return np.asarray((words + np.where(bibcode != "", " (" + bibcode + ")", "")).to_numpy(object))

    def _factor(self, column: str, known: Mapping[str, float], usual: float) -> float:
        unit = self.units.get(column, "")
        factor = known.get(_plain_unit(unit)) if plain_cell(unit) else usual
        if factor is None:
            log.warning("%s: %s is said to be in '%s', which is not known here; taken as usual.", self.table.title, column, unit)
            self.unit_notes.append(f"{column} is said to be in '{unit.replace(SEPARATOR, '/')}'; taken in its usual unit")
        return usual if factor is None else factor


def _join_texts(parts: list[NDArray[np.object_]], count: int) -> NDArray[np.object_]:
    if not parts:
        return np.full(count, "", object)
    return np.array([SEPARATOR.join(dict.fromkeys(filter(None, row))) for row in zip(*parts, strict=True)], object)
