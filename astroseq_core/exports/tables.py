"""Candidates as tables for other programs: CSV, ECSV, VOTable; each written whole or not at all."""

import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from astroseq_core import __version__, candidates, export
from astroseq_core.errors import ExportError
from astroseq_core.exports.columns import COLUMNS, COUNT, NUMBER, Column
from astroseq_core.exports.records import Record
from astroseq_core.store.flags import Cut

CSV, ECSV, VOTABLE = "csv", "ecsv", "votable"
KINDS = (CSV, ECSV, VOTABLE)
SUFFIX = {CSV: ".csv", ECSV: ".ecsv", VOTABLE: ".vot"}
MIME = {CSV: "text/csv", ECSV: "text/plain", VOTABLE: "application/x-votable+xml"}
SIMULATED_NOTICE = "SIMULATED: {count} of the {rows} stars exist only in AstroSeq; column simulated is 1 for them."
NAME = "AstroSeq candidates"
#: Characters that XML cannot hold at all, and halves of surrogate pairs; tab and line ends stay.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """The text without characters that no table can hold and without space around it, its line ends as line feeds."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def value(record: Record, column: Column) -> Any:
    """What stands in that cell: a rounded number, a text, or None where nothing is known."""
    found = getattr(record, column.name)
    if found is None:
        return None
    if column.kind == NUMBER:
        return float(found) if column.digits is None else round(float(found), column.digits)
    return int(found) if column.kind == COUNT else plain(str(found))


def about(records: Sequence[Record], cut: Cut | None = None, filters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a table says of itself: version, models with their hashes, cut, filters, counts, whether stars are simulated."""
    hashes: dict[str, set[str]] = {}
    for record in records:
        if record.model_id:
            hashes.setdefault(record.model_id, set()).add(record.model_sha)
    simulated = sum(r.simulated for r in records)
    said: dict[str, Any] = {
        "made_by": f"AstroSeq {__version__}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "models": [candidates.model_about(name, shas) for name, shas in sorted(hashes.items())],
        "cut": None if cut is None else {"kind": cut.kind, "threshold": cut.threshold, "n": cut.n},
        "filters": {name: v for name, v in (filters or {}).items() if v not in (None, "", ())},
        "counts": {"rows": len(records), "passed": sum(r.p_highclass for r in records), "simulated": simulated},
        "times": "Times are barycentric days in TDB. t0_system names the zero: BKJD = BJD - 2454833, BTJD = BJD - 2457000.",
    }
    if simulated:
        said["notice"] = SIMULATED_NOTICE.format(count=simulated, rows=len(records))
    return said


def write(path: Path, records: Sequence[Record], kind: str, about: Mapping[str, Any]) -> None:
    """Write a table of one of KINDS; raises ExportError where that cannot be, and an older file of that name then stays."""
    if kind == CSV:
        with export.TableWriter(path, [c.name for c in COLUMNS]) as table:
            table.write({c.name: value(r, c) for c in COLUMNS} for r in records)
    else:
        export.write_whole(path, as_text(records, kind, about))


def as_text(records: Sequence[Record], kind: str, about: Mapping[str, Any]) -> str:
    """The table as a text; raises ExportError for a kind that is not among KINDS."""
    if kind == CSV:
        return _csv(records)
    if kind == ECSV:
        return ecsv(records, about)
    if kind == VOTABLE:
        return votable(records, about)
    raise ExportError(f"'{kind}' is no form of a table; use one of {', '.join(KINDS)}.")


def _csv(records: Sequence[Record]) -> str:
    import csv

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([c.name for c in COLUMNS])
    writer.writerows([export.cell(value(r, c)) for c in COLUMNS] for r in records)
    return out.getvalue()


def ecsv(records: Sequence[Record], about: Mapping[str, Any]) -> str:
    """Enhanced CSV (Astropy Proposal for Enhancement 6): units, descriptions and UCDs of columns, and ``about`` as metadata."""
    table = _table(records)
    table.meta.update(about)
    out = io.StringIO()
    table.write(out, format="ascii.ecsv")
    return out.getvalue()


def votable(records: Sequence[Record], about: Mapping[str, Any]) -> str:
    """VOTable 1.4 with units (VOUnits), UCDs and descriptions, and ``about`` as INFO elements."""
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Info

    document = from_table(_table(records), table_id="candidates")
    document.version = "1.4"
    document.description = f"{NAME}, {about['made_by']}"
    table = document.get_first_table()
    table.name = "candidates"
    table.description = str(about.get("notice") or NAME)
    for field in table.fields:
        if field.unit is not None and str(field.unit) == "ppm":
            # VOUnits have no such unit; as a bare word it is one of nobody's, which readers show as it stands.
            field.unit = "ppm"
    for name, said in _flat(about):
        table.infos.append(Info(name=name, value=said))
    out = io.BytesIO()
    document.to_xml(out)
    return out.getvalue().decode("utf-8")


def _table(records: Sequence[Record]) -> Any:
    """An astropy table with masked cells where nothing is known."""
    from astropy import units
    from astropy.table import MaskedColumn, Table

    ppm = units.def_unit("ppm", 1e-6 * units.dimensionless_unscaled)
    table = Table(masked=False)
    for column in COLUMNS:
        values = [value(r, column) for r in records]
        dtype = {NUMBER: "f8", COUNT: "i8"}.get(column.kind)
        if dtype is None:
            made = MaskedColumn([v or "" for v in values], dtype=str)
        else:
            made = MaskedColumn([0 if v is None else v for v in values], dtype=dtype, mask=[v is None for v in values])
        made.description = column.description
        if column.unit:
            made.unit = ppm if column.unit == "ppm" else units.Unit(column.unit, format="vounit")
        if column.ucd:
            made.meta["ucd"] = column.ucd
        table[column.name] = made
    return table


def _flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Nested values as names with dots and texts."""
    found: list[tuple[str, str]] = []
    for name, said in values.items():
        for place, one in enumerate(said) if isinstance(said, list | tuple) else [(None, said)]:
            if isinstance(one, Mapping):
                found += _flat(one, f"{before}{name}." if place is None else f"{before}{name}.{place}.")
            elif one is not None:
                found.append((f"{before}{name}", plain(str(one))))
    return found
