"""Export formats: what candidates can be written as. The command line, the pages, the zip and the docs offer these."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from astroseq_core.errors import ExportError
from astroseq_core.io import files

if TYPE_CHECKING:
    from astroseq_core.export.records import Record

#: Function that returns the text of a table from its records and their provenance.
TableText = Callable[["Sequence[Record]", Mapping[str, object]], str]


@dataclass(frozen=True)
class ExportFormat:
    """A format of exports.

    Attributes
    ----------
    name : str
        Name on the command line.
    label : str
        Name on the pages.
    file_name : str
        Usual name of a file; empty where it depends on the date.
    media_type : str
        Media type (MIME).
    description : str
        What it holds.
    text : callable or None
        Function that returns the text of a table of candidates; None for other exports.
    """

    name: str
    label: str
    file_name: str
    media_type: str
    description: str
    text: TableText | None = None

    @property
    def suffix(self) -> str:
        """Suffix of its files, with the dot."""
        return Path(self.file_name).suffix


# The functions import at their first call: the command line needs the names of the formats each time it starts.
def _csv_text(records: "Sequence[Record]", about: Mapping[str, object]) -> str:
    from astroseq_core.export import tables

    return tables.csv_text(records)


def _ecsv_text(records: "Sequence[Record]", about: Mapping[str, object]) -> str:
    from astroseq_core.export import tables

    return tables.ecsv_text(records, about)


def _votable_text(records: "Sequence[Record]", about: Mapping[str, object]) -> str:
    from astroseq_core.export import tables

    return tables.votable_text(records, about)


CSV, ECSV, VOTABLE, EXOFOP, REPORTS = "csv", "ecsv", "votable", "exofop", "reports"
_ALL = (
    ExportFormat(CSV, "CSV", "candidates.csv", "text/csv", "Table of candidates for spreadsheets and pandas", _csv_text),
    ExportFormat(ECSV, "ECSV", "candidates.ecsv", "text/plain", "The same with units and provenance, for astropy", _ecsv_text),
    ExportFormat(
        VOTABLE,
        "VOTable (TOPCAT)",
        "candidates.vot",
        "application/x-votable+xml",
        "The same with units and UCDs, for TOPCAT and Aladin",
        _votable_text,
    ),
    ExportFormat(EXOFOP, "ExoFOP draft", "", "text/plain", "Draft of ExoFOP's planet-parameter file"),
    ExportFormat(REPORTS, "Reports (zip)", "reports.zip", "application/zip", "One page for each star, with the tables"),
)
#: All formats by name, and those of tables.
FORMATS: dict[str, ExportFormat] = {one.name: one for one in _ALL}
TABLE_FORMATS: dict[str, ExportFormat] = {one.name: one for one in _ALL if one.text}


def as_text(records: "Sequence[Record]", name: str, about: Mapping[str, object]) -> str:
    """Return a table of candidates as text.

    Parameters
    ----------
    records : sequence of Record
        Rows of the table.
    name : str
        Name of one of `TABLE_FORMATS`.
    about : mapping
        Provenance, which ECSV and VOTable hold.

    Returns
    -------
    str
        Text of the file.

    Raises
    ------
    ExportError
        If the format is unknown.
    """
    found = TABLE_FORMATS.get(name)
    if found is None or found.text is None:
        raise ExportError(f"'{name}' is no form of a table; use one of {', '.join(TABLE_FORMATS)}.")
    return found.text(records, about)


def write(path: Path, records: "Sequence[Record]", name: str, about: Mapping[str, object]) -> None:
    """Write a table of candidates, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file; an older file stays as it was if writing fails.
    records : sequence of Record
        Rows of the table.
    name : str
        Name of one of `TABLE_FORMATS`.
    about : mapping
        Provenance, which ECSV and VOTable hold.

    Raises
    ------
    ExportError
        If the format is unknown or the file cannot be written.
    """
    files.write_text_atomically(path, as_text(records, name, about))
