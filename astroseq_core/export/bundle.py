"""Zip of reports: the reports of a set of stars, their tables, and a README with the provenance."""

import gc
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from astroseq_core import __version__, targets
from astroseq_core.errors import AstroSeqError, ExportError, StoppedError
from astroseq_core.export import formats, tables
from astroseq_core.export.records import Record
from astroseq_core.export.report import report
from astroseq_core.io import files
from astroseq_core.type_names import JsonObject

README = "README.txt"
#: PNG and PDF reports are compressed already: they are stored as they are.
_STORED, _PACKED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
#: First year that a zip can hold; its files carry the time at which the zip was made.
_FIRST_ZIP_YEAR = 1980
#: Reports between two garbage collections: figures hold reference cycles, which only a collection frees.
COLLECT_EVERY = 4

#: Callback with the number of stars done and the number of all stars.
ProgressCallback = Callable[[int, int], None]


@dataclass(frozen=True)
class FailedReport:
    """Star for which no report could be made.

    Attributes
    ----------
    star_id : str
        Identifier of the star.
    reason : str
        Why there is no report.
    """

    star_id: str
    reason: str


@dataclass(frozen=True)
class Bundle:
    """Result of writing a zip of reports.

    Attributes
    ----------
    path : pathlib.Path
        Path of the zip.
    reports : tuple of str
        Names of the reports inside the zip.
    failed : tuple of Failed
        Stars without a report.
    """

    path: Path
    reports: tuple[str, ...]
    failed: tuple[FailedReport, ...]


def write(
    path: Path,
    records: Sequence[Record],
    places: Mapping[str, Mapping[str, str]] | None = None,
    *,
    forms: Sequence[str] = (report.PDF,),
    about: JsonObject | None = None,
    progress: ProgressCallback | None = None,
    stop: threading.Event | None = None,
) -> Bundle:
    """Write the reports of stars into a zip, whole or not at all.

    The reports are made one star at a time, a section for each of its signals. A star that cannot be reported on is named in the
    README with the reason. The zip also holds all stars as CSV, ECSV and VOTable.

    Parameters
    ----------
    path : pathlib.Path
        Path of the zip; its folder is made where it is missing.
    records : sequence of Record
        Signals of the stars to report on, the best one of each star first. Must not be empty.
    places : mapping, optional
        Where each star's data are, by star identifier, in the form that `report.report_of` takes.
    forms : sequence of str, optional
        Formats of the reports, out of `report.FORMATS`.
    about : mapping, optional
        Provenance of the tables; made from the records by default.
    progress : callable, optional
        Called with the number of stars done and the number of all stars.
    stop : threading.Event, optional
        Stops the work before the next star when set.

    Returns
    -------
    Bundle
        The path, the reports inside, and the stars without one.

    Raises
    ------
    ExportError
        If there is no star, a format is unknown, or the zip cannot be written.
    StoppedError
        If `stop` was set.
    """
    if not records:
        raise ExportError("There is no star to report on; choose at least one.")
    for form in forms:
        if form not in report.REPORT_FORMATS:
            raise ExportError(f"'{form}' is no form of a report; use some of {', '.join(report.REPORT_FORMATS)}.")
    about = about or tables.make_provenance(records)
    with files.AtomicFile(path, ExportError) as new, zipfile.ZipFile(new.path, "w") as archive:
        reports, failed = _add_reports(archive, records, places or {}, forms, progress, stop)
        for table in formats.TABLE_FORMATS.values():
            _add_file(archive, table.file_name, formats.as_text(records, table.name, about).encode("utf-8"))
        _add_file(archive, README, _readme_text(records, about, reports, failed).encode("utf-8"))
    return Bundle(path, reports, failed)


def _add_reports(
    archive: zipfile.ZipFile,
    records: Sequence[Record],
    places: Mapping[str, Mapping[str, str]],
    forms: Sequence[str],
    progress: ProgressCallback | None,
    stop: threading.Event | None,
) -> tuple[tuple[str, ...], tuple[FailedReport, ...]]:
    """Make the reports one by one and add them to the zip; one star is in memory at a time."""
    names: list[str] = []
    failed: list[FailedReport] = []
    # the best signal of each star comes first, and its report has a section for each of the others
    first_of_each = tuple({r.star_id: r for r in reversed(records)}[star] for star in dict.fromkeys(r.star_id for r in records))
    for done, record in enumerate(first_of_each):
        if stop is not None and stop.is_set():
            raise StoppedError("Stopped; no reports were written.")
        if progress is not None:
            progress(done, len(first_of_each))
        try:
            star = report.build_report(record.star_id, places.get(record.star_id), record=record, each_signal=True)
            made = [(f"reports/{report.file_name(star, form)}", report.render(star, form)) for form in forms]
        except AstroSeqError as error:
            failed.append(FailedReport(record.star_id, " ".join(str(error).split())))
            continue
        for name, content in made:
            _add_file(archive, name, content)
            names.append(name)
        del star, made
        if done % COLLECT_EVERY == 0:
            gc.collect()
    if progress is not None:
        progress(len(first_of_each), len(first_of_each))
    return tuple(names), tuple(failed)


def _add_file(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    now = datetime.now(UTC)
    info = zipfile.ZipInfo(name, (max(now.year, _FIRST_ZIP_YEAR), *now.timetuple()[1:6]))
    info.external_attr = 0o644 << 16
    archive.writestr(info, content, _STORED if name.endswith((".png", ".pdf")) else _PACKED)


def _readme_text(records: Sequence[Record], about: JsonObject, reports: Sequence[str], failed: Sequence[FailedReport]) -> str:
    stars = dict.fromkeys(r.star_id for r in records)
    simulated = dict.fromkeys(r.star_id for r in records if r.simulated or targets.parse_star(r.star_id).is_simulated)
    lines = [
        "Reports of transit candidates",
        f"Made by AstroSeq {__version__} on {datetime.now(UTC).isoformat(timespec='seconds')}.",
        "",
        f"{len(stars)} stars: {len(reports)} reports in the folder reports, and all stars as",
        *(f"- {table.file_name}: {table.description}" for table in formats.TABLE_FORMATS.values()),
        "Text in CSV that spreadsheets would run as formulas stands behind an apostrophe.",
        str(about.get("times", "")),
    ]
    if simulated:
        lines += [
            "",
            f"SIMULATED: {len(simulated)} of these stars exist only in AstroSeq. Their reports say so in their heads.",
            *(f"  {s}" for s in simulated),
        ]
    for model in about.get("models", ()):
        weights = f", weights SHA-256 {model['sha256']}" if model.get("sha256") else ""
        lines += ["", f"Model {model['model_id']} {model.get('title', '')}".rstrip() + weights + "."]
    if about.get("cut"):
        lines += ["", f"Threshold: star score {about['cut']['threshold']} and more (p_highclass 1)."]
    if about.get("filters"):
        lines += ["", "Chosen by: " + ", ".join(f"{name} {value}" for name, value in about["filters"].items()) + "."]
    if failed:
        lines += ["", f"Without a report ({len(failed)}):", *(f"  {f.star_id}: {f.reason}" for f in failed)]
    return "\n".join(tables.clean_text(line) if line else "" for line in lines) + "\n"
