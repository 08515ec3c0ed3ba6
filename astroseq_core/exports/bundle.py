"""A zip of the reports of a set of stars, with the set as tables and a text that says where all of it is from."""

import contextlib
import gc
import os
import tempfile
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from astroseq_core import __version__, targets
from astroseq_core.errors import AstroSeqError, ExportError, StoppedError
from astroseq_core.exports import report, tables
from astroseq_core.exports.records import Record

README = "README.txt"
#: Reports are compressed already, or nearly.
_STORED, _PACKED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
#: Files of the zip are dated by when it was made; the form knows no time before 1980.
_EPOCH = 1980
#: Figures refer to themselves in circles: memory comes back when those are looked for.
COLLECT_EVERY = 4

#: Called with how many stars are done and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Failed:
    """A star without a report, and why."""

    star_id: str
    reason: str


@dataclass(frozen=True)
class Bundle:
    """What was written: the zip's path, the names of the reports inside, and the stars without one."""

    path: Path
    reports: tuple[str, ...]
    failed: tuple[Failed, ...]


def write(
    path: Path,
    records: Sequence[Record],
    places: Mapping[str, Mapping[str, str]] | None = None,
    *,
    forms: Sequence[str] = (report.PDF,),
    about: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Bundle:
    """Write the zip, star by star, whole or not at all.

    ``places``: where each star is, by its identifier, as ``report.report_of`` takes it; ``forms``: of report.FORMATS; ``about``:
    what the tables say of themselves, made here where None. A star that cannot be reported on is named in the README with its
    reason. Raises ExportError where the zip cannot be written or there is no star, StoppedError where ``stop`` was set.
    """
    if not records:
        raise ExportError("There is no star to report on; choose at least one.")
    for form in forms:
        if form not in report.FORMATS:
            raise ExportError(f"'{form}' is no form of a report; use some of {', '.join(report.FORMATS)}.")
    about = about or tables.about(records)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise _problem(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            reports, failed = _reports(archive, records, places or {}, forms, progress, stop)
            for kind in tables.KINDS:
                _add(archive, f"candidates{tables.SUFFIX[kind]}", tables.as_text(records, kind, about).encode("utf-8"))
            _add(archive, README, _readme(records, about, reports, failed).encode("utf-8"))
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        raise _problem(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return Bundle(path, reports, failed)


def _reports(
    archive: zipfile.ZipFile,
    records: Sequence[Record],
    places: Mapping[str, Mapping[str, str]],
    forms: Sequence[str],
    progress: Progress | None,
    stop: threading.Event | None,
) -> tuple[tuple[str, ...], tuple[Failed, ...]]:
    """Make and add the reports one by one; one star is in memory at a time."""
    names: list[str] = []
    failed: list[Failed] = []
    for done, record in enumerate(records):
        if stop is not None and stop.is_set():
            raise StoppedError("Stopped; no reports were written.")
        if progress is not None:
            progress(done, len(records))
        try:
            star = report.report_of(record.star_id, places.get(record.star_id), record=record)
            made = [(f"reports/{report.file_name(star, form)}", report.render(star, form)) for form in forms]
        except AstroSeqError as error:
            failed.append(Failed(record.star_id, " ".join(str(error).split())))
            continue
        for name, content in made:
            _add(archive, name, content)
            names.append(name)
        del star, made
        if done % COLLECT_EVERY == 0:
            gc.collect()
    if progress is not None:
        progress(len(records), len(records))
    return tuple(names), tuple(failed)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    now = datetime.now(UTC)
    info = zipfile.ZipInfo(name, (max(now.year, _EPOCH), *now.timetuple()[1:6]))
    info.external_attr = 0o644 << 16
    archive.writestr(info, content, _STORED if name.endswith((".png", ".pdf")) else _PACKED)


def _readme(records: Sequence[Record], about: Mapping[str, Any], reports: Sequence[str], failed: Sequence[Failed]) -> str:
    simulated = [r.star_id for r in records if r.simulated or targets.parse_star(r.star_id).is_simulated]
    lines = [
        "Reports of transit candidates",
        f"Made by AstroSeq {__version__} on {datetime.now(UTC).isoformat(timespec='seconds')}.",
        "",
        f"{len(records)} stars: {len(reports)} reports in the folder reports, and all stars as candidates.csv (for spreadsheets; "
        "text that they would run as formulas stands behind an apostrophe), candidates.ecsv and candidates.vot (with units).",
        str(about.get("times", "")),
    ]
    if simulated:
        lines += ["", f"SIMULATED: {len(simulated)} of these stars exist only in AstroSeq. Their reports say so in their heads.",
                  *(f"  {s}" for s in simulated)]  # fmt: skip
    for model in about.get("models", ()):
        weights = f", weights SHA-256 {model['sha256']}" if model.get("sha256") else ""
        lines += ["", f"Model {model['model_id']} {model.get('title', '')}".rstrip() + weights + "."]
    if about.get("cut"):
        lines += ["", f"Cut: star score {about['cut']['threshold']} and more (p_highclass 1)."]
    if about.get("filters"):
        lines += ["", "Chosen by: " + ", ".join(f"{name} {value}" for name, value in about["filters"].items()) + "."]
    if failed:
        lines += ["", f"Without a report ({len(failed)}):", *(f"  {f.star_id}: {f.reason}" for f in failed)]
    return "\n".join(tables.plain(line) if line else "" for line in lines) + "\n"


def _problem(path: Path, error: OSError) -> ExportError:
    return ExportError(f"{path} cannot be written ({error.strerror}); choose another place.")
