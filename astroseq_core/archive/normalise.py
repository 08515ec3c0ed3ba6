"""One table of signals out of the archive's tables: units, errors and time systems settled, every row accounted for."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core import times
from astroseq_core.archive import signals
from astroseq_core.archive.signals import SEPARATOR, Signals
from astroseq_core.archive.tables import Table
from astroseq_core.archive.time_references import SECONDS_PER_DAY, TIME_REFERENCES, tdb_minus_utc
from astroseq_core.errors import CatalogueError
from astroseq_core.missions import BY_PREFIX
from astroseq_core.stellar import SUN_DENSITY_CGS, SUN_LOGG
from astroseq_core.times import TimeSystem

log = logging.getLogger(__name__)

#: ppm in one of a column's units, where the archive states it.
PPM_PER_UNIT = {"ppm": 1.0, "%": 1e4, "percent": 1e4, "percentage": 1e4, "perc": 1e4}
HOURS_PER_UNIT = {"h": 1.0, "hr": 1.0, "hrs": 1.0, "hour": 1.0, "hours": 1.0, "d": 24.0, "day": 24.0, "days": 24.0, "min": 1 / 60}
#: The words of all tables in the few that are used here.
DISPOSITIONS = {
    "CONFIRMED": "CP", "CANDIDATE": "PC", "FALSE POSITIVE": "FP", "REFUTED": "FP", "NOT DISPOSITIONED": "PC",
    **{word: word for word in ("CP", "KP", "PC", "APC", "FP", "FA")},
}  # fmt: skip


@dataclass(frozen=True)
class Normalised:
    """The signals of a table, and of each row that gave none its name and the reason, in the table's order."""

    signals: Signals
    rows_in: int
    dropped: tuple[tuple[str, str], ...]

    @property
    def reasons(self) -> dict[str, int]:
        """How many rows were dropped for each reason, the most frequent first."""
        return dict(Counter(reason for _, reason in self.dropped).most_common())


def normalise(table: Table, frame: Any, units: Mapping[str, str] | None = None) -> Normalised:
    """The signals of a table of the archive, given as a pandas DataFrame; ``units`` as the archive states them, by column.

    Columns that a table may lack (errors, magnitudes, aliases) count as empty; a unit that is not known here is taken as the
    table's usual one. Raises CatalogueError when columns are missing without which no row can be used.
    """
    work = _Work(table, frame, units or {})
    if table.row_id not in frame.columns or table.period not in frame.columns:
        raise CatalogueError(f"The {table.title} table lacks {table.row_id} or {table.period}: it is not what it should be.")
    target, prefix = work.targets()
    names = work.names()
    period, period_err = work.measured(table.period)
    period = np.where(period > 0, period, np.nan)  # older tables write a single transit's period as 0 or negative
    duration, duration_err, notes = work.durations(period)
    depth, depth_err = work.depths()
    t0, t0_err, time_notes, known = work.epochs(prefix)

    if table.only:
        work.drop(work.numbers(table.only) != 1, "not the default set of parameters")
    work.drop(work.text(table.row_id) == "", "no name")
    work.drop(target == "", f"no {table.prefix} number of its star")
    work.drop(~np.isfinite(t0), "no transit epoch")
    work.drop(~known, "epoch in a time system that is not known here")
    work.drop(~work.plausible, "epoch outside the years 1980 to 2080")
    work.drop(~np.isfinite(duration), "no transit duration")
    work.drop(duration / 24 >= period, "duration no shorter than the period")
    ids = work.text(table.row_id)
    work.drop(work.repeated(ids), "a second row of the same name")

    keep = work.reason == ""
    count = int(keep.sum())
    magnitude, band = work.magnitudes()
    raw = work.text(table.disposition) if table.disposition else np.full(len(frame), "CONFIRMED", object)
    joined_notes = [SEPARATOR.join(filter(None, pair)) for pair in zip(notes, time_notes, strict=True)]
    columns: dict[str, Any] = {
        "target_id": target,
        **names,
        "disposition": np.array([_disposition(str(word)) for word in raw], object),
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
    made = signals.make(table.name, {name: values[keep] for name, values in columns.items()})
    assert len(made) == count
    away = np.flatnonzero(~keep)
    return Normalised(made, len(frame), tuple((str(ids[n]), str(work.reason[n])) for n in away))


def transit_hours(
    period_days: NDArray[np.float64], a_over_r: NDArray[np.float64], k: NDArray[np.float64], b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The whole transit's duration [h] on a circular orbit, NaN where there is none; all of shape (n,).

    Winn 2010 (arXiv:1001.2010), equation 14, with radius ratio ``k`` and impact parameter ``b``.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        sin_i = np.sqrt(1 - (b / a_over_r) ** 2)
        chord = np.sqrt((1 + k) ** 2 - b**2) / (a_over_r * sin_i)
        return np.asarray(24 * period_days / np.pi * np.arcsin(chord))


def _disposition(word: str) -> str:
    plain = word.split("[")[0].strip().upper()  # the archive writes "FALSE POSITIVE [CANDIDATE]" too
    return DISPOSITIONS.get(plain, plain)


class _Work:
    """A table under way: its columns as arrays of shape (n,), and for each row the reason why it is dropped, or ""."""

    def __init__(self, table: Table, frame: Any, units: Mapping[str, str]) -> None:
        self.table, self.frame, self.units = table, frame, units
        self.reason = np.full(len(frame), "", object)
        self.plausible = np.ones(len(frame), bool)

    def drop(self, which: NDArray[np.bool_], reason: str) -> None:
        self.reason[which & (self.reason == "")] = reason

    def repeated(self, ids: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Which rows, of those not dropped yet, have the name of one before them."""
        left = np.flatnonzero(self.reason == "")
        _, first = np.unique(ids[left].astype(str), return_index=True)
        again = np.zeros(len(ids), bool)
        again[np.delete(left, first)] = True
        return again

    def numbers(self, column: str) -> NDArray[np.float64]:
        import pandas as pd

        if column not in self.frame.columns:
            return np.full(len(self.frame), np.nan)
        values = pd.to_numeric(self.frame[column], errors="coerce")
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))

    def text(self, column: str) -> NDArray[np.object_]:
        if column not in self.frame.columns:
            return np.full(len(self.frame), "", object)
        return np.asarray(self.frame[column].fillna("").astype(str).str.strip().to_numpy(object))

    def measured(self, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A column and its one-sigma error, the mean of the upper and the lower; limits are no measurements."""
        upper, lower, limit = self.table.suffixes
        value = self.numbers(column)
        if limit:
            flag = self.numbers(column + limit)
            value = np.where(np.isfinite(flag) & (flag != 0), np.nan, value)
        errors = np.abs(np.stack([self.numbers(column + upper), self.numbers(column + lower)]))
        given = np.isfinite(errors)
        total, number = np.where(given, errors, 0).sum(axis=0), given.sum(axis=0)
        return value, np.where((number > 0) & np.isfinite(value), total / np.maximum(number, 1), np.nan)

    def targets(self) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """Identifiers of the rows' stars, "" where there is none, and their prefixes."""
        found = self._identifiers(self.table.star, self.table.prefix)
        for column in (*self.table.also, self.table.host, self.table.signal):
            # a candidate's star is often only named, "EPIC 201238110.01"
            found = np.where(found == "", self._identifiers(column, ""), found) if column else found
        return found, np.array([i.split(" ")[0] for i in found], object)

    def _identifiers(self, column: str, prefix: str) -> NDArray[np.object_]:
        """``PREFIX number`` of each row, "" where the column has none; bare numbers are of ``prefix``."""
        import pandas as pd

        if column not in self.frame.columns:
            return np.full(len(self.frame), "", object)
        series = self.frame[column]
        if pd.api.types.is_numeric_dtype(series):
            series = series.astype("Float64").round().astype("Int64")
        parts = series.astype("string").str.extract(r"^\s*(?:(KIC|EPIC|TIC)\s*)?0*([1-9]\d{0,15})(?:\.\d+)?(?:\s+[a-z])?\s*$")
        parts[0] = parts[0].fillna(prefix)
        good = parts[1].notna() & (parts[0] != "")
        return np.where(good, parts[0].fillna("") + " " + parts[1].fillna(""), "").astype(object)

    def names(self) -> dict[str, NDArray[np.object_]]:
        """The columns name, host, also and aliases."""
        table, target = self.table, self.targets()[0]
        name = self.text(table.signal)
        host = self.text(table.host) if table.host else np.full(len(name), "", object)
        aliases = [self.text(column) for column in table.aliases]
        if table.name == "toi":
            name = np.array([f"TOI-{float(v):.2f}" if v else "" for v in name], object)
            host = np.array([str(v).split(".")[0] for v in name], object)
        elif table.name == "cumulative":
            host = np.array([str(v).rsplit(" ", 1)[0] for v in host], object)
            aliases.append(np.array([str(v).split(".")[0] for v in name], object))
        also = [np.where(found == target, "", found) for found in (self._identifiers(c, "") for c in table.also)]
        return {"name": name, "host": host, "also": _joined(also, len(name)), "aliases": _joined(aliases, len(name))}

    def durations(self, period: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.object_]]:
        """Durations [h], their errors and notes; from the orbit's published geometry where no duration was published."""
        factor = self._factor(self.table.duration, HOURS_PER_UNIT, 1.0)
        value, error = (factor * part for part in self.measured(self.table.duration))
        value = np.where(value > 0, value, np.nan)
        notes = np.full(len(value), "", object)
        if self.table.geometry:
            a_over_r, k, b, inclination = (self.numbers(column) for column in self.table.geometry)
            b = np.where(np.isfinite(b), b, a_over_r * np.cos(np.radians(inclination)))
            made = transit_hours(period, a_over_r, k, b)
            fill = ~np.isfinite(value) & np.isfinite(made)
            value, error = np.where(fill, made, value), np.where(fill, np.nan, error)
            notes[fill] = "duration from a/R*, Rp/R* and impact parameter"
        return value, error, notes

    def depths(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Depths and their errors [ppm]; what is not above 0 or above 100 % was not measured."""
        factor = self._factor(self.table.depth, PPM_PER_UNIT, self.table.depth_ppm_per_unit)
        value, error = (factor * part for part in self.measured(self.table.depth))
        good = (value > 0) & (value <= 1e6)
        return np.where(good, value, np.nan), np.where(good, error, np.nan)

    def epochs(
        self, prefix: NDArray[np.object_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.object_], NDArray[np.bool_]]:
        """Epochs and errors [d] in the star's mission's system, notes, and whether their own system is known.

        Sets ``plausible``.
        """
        value, error = self.measured(self.table.epoch)
        source = TimeSystem.parse(self.table.time_system)
        bjd = np.asarray(times.convert(value, source, TimeSystem.BJD))
        shift, notes, known = np.zeros(len(bjd)), np.full(len(bjd), "", object), np.ones(len(bjd), bool)
        if self.table.time_reference in self.frame.columns:
            given = self.text(self.table.time_reference)
            words = np.array([word.upper().replace("_", "-").replace(" ", "-") for word in given], object)
            known = np.isin(words.astype(str), list(TIME_REFERENCES))
            for word, (is_utc, off_seconds, note) in TIME_REFERENCES.items():
                here = words == word
                if is_utc:
                    shift[here] = tdb_minus_utc(bjd[here])
                error = np.where(here & (off_seconds > 0), np.hypot(np.nan_to_num(error), off_seconds / SECONDS_PER_DAY), error)
                notes[here] = note
        low, high = times.PLAUSIBLE_BJD
        self.plausible = (bjd >= low) & (bjd <= high)
        # one sum, so that a time already in the mission's system keeps its digits
        zero = np.array([BY_PREFIX[p].time_system.zero_bjd if p in BY_PREFIX else 0.0 for p in prefix])
        return value + (shift + (source.zero_bjd - zero)), error, notes, known

    def magnitudes(self) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """The star's magnitude in the first band that has one, and that band."""
        value, band = np.full(len(self.frame), np.nan), np.full(len(self.frame), "", object)
        for column, name in self.table.magnitudes:
            given = self.numbers(column)
            fill = ~np.isfinite(value) & np.isfinite(given)
            value[fill], band[fill] = given[fill], name
        return value, band

    def star(self) -> dict[str, NDArray[np.float64]]:
        """The star's parameters; its density from what was published, else from mass and radius, else from gravity and radius.

        Relative errors add in squares; those of the radius count as often as the radius does (density_of).
        """
        teff = self.numbers(self.table.star_facts[0])
        columns = (self._star_value(column) for column in self.table.star_facts[1:])
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
            "star_teff": np.where(teff > 0, teff, np.nan), "star_radius": radius, "star_mass": mass, "star_logg": logg,
            "star_density": density, "star_density_err": error,
        }  # fmt: skip

    def _star_value(self, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.measured(column) if column else (np.full(len(self.frame), np.nan), np.full(len(self.frame), np.nan))

    def references(self) -> NDArray[np.object_]:
        """Author and year with the bibcode, out of the archive's links."""
        if self.table.reference not in self.frame.columns:
            return np.full(len(self.frame), "", object)
        link = self.frame[self.table.reference].fillna("").astype(str)
        bibcode = link.str.extract(r"/abs/([^/\s>]+)")[0].fillna("").str.replace("%26", "&")
        words = link.str.replace(r"<[^>]*>", "", regex=True).str.replace("&amp;", "&").str.strip()
        return np.asarray((words + np.where(bibcode != "", " (" + bibcode + ")", "")).to_numpy(object))

    def _factor(self, column: str, known: Mapping[str, float], usual: float) -> float:
        unit = self.units.get(column, "").strip().lower()
        if unit and unit not in known:
            log.warning("%s: %s is said to be in '%s', which is not known here; taken as usual.", self.table.title, column, unit)
        return known.get(unit, usual)


def _joined(parts: list[NDArray[np.object_]], count: int) -> NDArray[np.object_]:
    if not parts:
        return np.full(count, "", object)
    return np.array([SEPARATOR.join(dict.fromkeys(filter(None, row))) for row in zip(*parts, strict=True)], object)
