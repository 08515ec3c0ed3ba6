"""Candidate tables for other programs: CSV, ECSV and VOTable."""

import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from astroseq_core import __version__
from astroseq_core.column_fields import COUNT, NUMBER, Cell, Column
from astroseq_core.columns import CANDIDATE_COLUMNS, CANDIDATES
from astroseq_core.export import candidates
from astroseq_core.export.records import Record
from astroseq_core.io import files
from astroseq_core.store.thresholds import ScoreThreshold
from astroseq_core.type_names import JsonObject

if TYPE_CHECKING:
    from astropy.table import Table

SIMULATED_NOTICE = "SIMULATED: {count} of the {rows} stars exist only in AstroSeq; column simulated is 1 for them."
TABLE_NAME = "AstroSeq candidates"
COLUMNS = tuple(CANDIDATE_COLUMNS[name] for name in CANDIDATES)
#: Characters that XML cannot hold, and lone surrogates; tabs and line ends are allowed.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean_text(text: str) -> str:
    r"""Return the text without characters that a table cannot hold.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The text without control characters and surrounding space; line ends are line feeds.

    Examples
    --------
    >>> clean_text(" a\x00b\r\n")
    'ab'
    """
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def cell_value(record: Record, column: Column) -> Cell:
    """Return the value of a cell.

    Parameters
    ----------
    record : Record
        Candidate, the row.
    column : Column
        Column.

    Returns
    -------
    float, int, str or None
        A rounded number, a text, or None where the value is unknown.
    """
    found = getattr(record, column.name)
    if found is None:
        return None
    if column.kind == NUMBER:
        return column.rounded(float(found))
    return int(found) if column.kind == COUNT else clean_text(str(found))


def make_provenance(
    records: Sequence[Record], threshold: ScoreThreshold | None = None, filters: Mapping[str, object] | None = None
) -> JsonObject:
    """Return the provenance of a table.

    Parameters
    ----------
    records : sequence of Record
        Rows of the table.
    threshold : Cut, optional
        Score threshold.
    filters : mapping, optional
        Filters by which the rows were chosen, as plain values.

    Returns
    -------
    dict
        Software version, time, models with their hashes, threshold, filters and counts.
    """
    hashes: dict[str, set[str]] = {}
    for record in records:
        if record.model_id:
            hashes.setdefault(record.model_id, set()).add(record.model_sha)
    simulated = sum(r.simulated for r in records)
    text: JsonObject = {
        "made_by": f"AstroSeq {__version__}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "models": [candidates.model_provenance(name, shas) for name, shas in sorted(hashes.items())],
        "cut": candidates.threshold_provenance(threshold),
        "filters": {name: v for name, v in (filters or {}).items() if v not in (None, "", ())},
        "counts": {"rows": len(records), "passed": sum(r.p_highclass for r in records), "simulated": simulated},
        "times": "Times are barycentric days in TDB. t0_system names the zero: BKJD = BJD - 2454833, BTJD = BJD - 2457000.",
    }
    if simulated:
        in_all, unreal = len({r.star_id for r in records}), len({r.star_id for r in records if r.simulated})
        text["notice"] = SIMULATED_NOTICE.format(count=unreal, rows=in_all)
    return text


def csv_text(records: Sequence[Record]) -> str:
    """Return the table as CSV, its cells safe in spreadsheets.

    Parameters
    ----------
    records : sequence of Record
        Rows of the table.

    Returns
    -------
    str
        Text of the file.
    """
    import csv

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([c.name for c in COLUMNS])
    writer.writerows([files.csv_cell(cell_value(r, c)) for c in COLUMNS] for r in records)
    return out.getvalue()


def ecsv_text(records: Sequence[Record], about: Mapping[str, object]) -> str:
    """Return the table as Enhanced CSV (Astropy Proposal for Enhancement 6).

    Parameters
    ----------
    records : sequence of Record
        Rows of the table.
    about : mapping
        Provenance, written as metadata.

    Returns
    -------
    str
        Text of the file, with units, descriptions and UCDs of the columns.
    """
    table = _astropy_table(records)
    table.meta.update(about)
    out = io.StringIO()
    table.write(out, format="ascii.ecsv")
    return out.getvalue()


def votable_text(records: Sequence[Record], about: Mapping[str, object]) -> str:
    """Return the table as VOTable 1.4.

    Parameters
    ----------
    records : sequence of Record
        Rows of the table.
    about : mapping
        Provenance, written as INFO elements.

    Returns
    -------
    str
        Text of the file, with units (VOUnits), UCDs and descriptions of the columns.
    """
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Info

    document = from_table(_astropy_table(records), table_id="candidates")
    document.version = "1.4"
    document.description = f"{TABLE_NAME}, {about['made_by']}"
    table = document.get_first_table()
    table.name = "candidates"
    table.description = str(about.get("notice") or TABLE_NAME)
    for field in table.fields:
        if field.unit is not None and str(field.unit) == "ppm":
            # VOUnits have no ppm; as plain text it is an unrecognized unit, which readers show as it is.
            field.unit = "ppm"
    for name, text in _flatten(about):
        table.infos.append(Info(name=name, value=text))
    out = io.BytesIO()
    document.to_xml(out)
    return out.getvalue().decode("utf-8")


def _astropy_table(records: Sequence[Record]) -> "Table":
    """Return an astropy table with masked cells where values are unknown."""
    from astropy import units
    from astropy.table import MaskedColumn, Table

    ppm = units.def_unit("ppm", 1e-6 * units.dimensionless_unscaled)
    table = Table(masked=False)
    for column in COLUMNS:
        values = [cell_value(r, column) for r in records]
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


def _flatten(values: Mapping[str, object], before: str = "") -> list[tuple[str, str]]:
    """Flatten nested values into pairs of dotted name and text."""
    found: list[tuple[str, str]] = []
    for name, text in values.items():
        for place, one in enumerate(text) if isinstance(text, list | tuple) else [(None, text)]:
            if isinstance(one, Mapping):
                found += _flatten(one, f"{before}{name}." if place is None else f"{before}{name}.{place}.")
            elif one is not None:
                found.append((f"{before}{name}", clean_text(str(one))))
    return found
