"""Dispositions and history entries, and their form in the database."""

import json
import logging
import sqlite3
import time
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from astroseq_core import targets
from astroseq_core.disposition_codes import DISPOSITIONS
from astroseq_core.ephemeris import ALL_LIGHT_PPM, Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.store.database import finite_or_none
from astroseq_core.store.rows import check_row, parse_cell
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.typed_json import DAMAGE, convert, parse

log = logging.getLogger(__name__)


def ephemeris_to_json(ephemeris: Ephemeris | None) -> str:
    """Write an ephemeris as JSON, without loss of precision.

    Parameters
    ----------
    ephemeris : Ephemeris or None
        The ephemeris; NumPy numbers are allowed.

    Returns
    -------
    str
        JSON text; "" for None.
    """
    if ephemeris is None:
        return ""
    return json.dumps(vars(ephemeris) | {"t0": [float(ephemeris.t0.days), str(ephemeris.t0.system)]}, default=float)


def ephemeris_from_json(text: str) -> Ephemeris | None:
    """Read an ephemeris from its JSON form.

    Parameters
    ----------
    text : str
        JSON text of the store.

    Returns
    -------
    Ephemeris or None
        The ephemeris; None for empty text. A stored depth or error that cannot be one counts as
        unknown.

    Raises
    ------
    EphemerisError
        If the stored period, epoch or duration cannot be one.
    ValueError
        If the text is damaged; also KeyError and TypeError.
    """
    if not text:
        return None
    found = convert(parse(text, nan=True, infinite=True), _StoredEphemeris, "the ephemeris")
    # earlier versions stored every depth and error that they were given
    depth = found.depth_ppm if found.depth_ppm is not None and 0 < found.depth_ppm <= ALL_LIGHT_PPM else None
    errors = {name: finite_or_none(getattr(found, name)) or 0.0 for name in ("t0_err", "period_err")}
    t0 = Instant(found.t0[0], TimeSystem.parse(found.t0[1]))
    return Ephemeris(**vars(found) | errors | {"t0": t0, "depth_ppm": depth})


@dataclass(frozen=True)
class _StoredEphemeris:
    """An ephemeris as JSON has it."""

    target_id: str
    name: str
    t0: tuple[float, str]
    period_days: float | None
    duration_hours: float
    depth_ppm: float | None = None
    t0_err: float | None = 0.0
    period_err: float | None = 0.0
    disposition: str = ""


#: Meaning of each reason code, in the order in which they are offered.
REASON_CODES: dict[str, str] = {
    "OED": "odd and even transits differ in depth",
    "SSE": "significant secondary eclipse",
    "VSH": "V-shaped",
    "CO": "centroid offset: the light that dims is not the target's",
    "MD": "transits at momentum dumps",
    "WE": "wrong ephemeris",
    "LS": "low signal",
    "SL": "scattered light",
    "FLR": "flare",
    "SYS": "systematic of the instrument",
    "ST": "single transit",
    "BLD": "blend with another star",
    "EB": "eclipsing binary",
    "VAR": "stellar variability",
    "DUR": "implausible duration",
    "DV": "depths vary from transit to transit",
    "GAP": "transits at gaps",
    "DEP": "too deep for a planet",
    "KN": "known object",
    "OTH": "other, see the note",
}


def describe_reason_codes(codes: Iterable[str]) -> str:
    """Spell out reason codes.

    Parameters
    ----------
    codes : iterable of str
        Reason codes; unknown ones are kept as they are.

    Returns
    -------
    str
        Descriptions joined by semicolons.
    """
    return "; ".join(REASON_CODES.get(code, code) for code in codes)


#: Maximum length of a name [characters].
MAX_NAME_LENGTH = 40


def clean_name(name: str) -> str:
    """Normalize and validate a reviewer's name.

    Surrounding spaces are removed, inner ones collapsed, and accented letters composed (Unicode
    NFC), so that one name has one spelling.

    Parameters
    ----------
    name : str
        Name of 1 to 40 printable characters.

    Returns
    -------
    str
        The normalized name.

    Raises
    ------
    StoreError
        If the name is empty, too long or not printable.
    """
    spaced = " ".join(part for part in unicodedata.normalize("NFC", str(name)).split(" ") if part)
    if not spaced:
        raise StoreError("A reviewer needs a name; write one.")
    if len(spaced) > MAX_NAME_LENGTH:
        raise StoreError(f"A reviewer's name has at most {MAX_NAME_LENGTH} characters, not {len(spaced)}; write a shorter one.")
    if not spaced.isprintable():
        raise StoreError("A reviewer's name must be of printable characters on one line; write another.")
    return spaced


def clean_text(text: str) -> str:
    """Normalize a note for the store.

    Line ends become a single newline; control characters other than newline and tab are removed.

    Parameters
    ----------
    text : str
        The note.

    Returns
    -------
    str
        The normalized note.
    """
    lines = str(text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))


#: Maximum length of a note [characters]: every spreadsheet accepts a cell of this size.
MAX_NOTE_LENGTH = 20_000
#: Maximum length of what was measured, as JSON, and of reasons, names and identifiers [characters]. A cell of a CSV has less than
#: 131,072, or Python does not read it again.
MAX_MEASURED_LENGTH, MAX_CODE_LENGTH = 60_000, 1000
#: How far clocks may be ahead [s]; a later time is rejected.
MAX_CLOCK_SKEW_SECONDS = 86_400.0
#: End of the year 9999 [s since 1970]: Python's datetime goes no further.
LAST_TIME = 253_402_300_799.0
#: Decimals of a stored time [s]; with these it survives writing and reading unchanged.
TIME_DIGITS = 6


@dataclass(frozen=True)
class Disposition:
    """A reviewer's disposition of a star.

    Attributes
    ----------
    target_id : str
        Identifier of the star.
    disposition : str
        One of `DISPOSITIONS`.
    reviewer : str
        Name of the reviewer.
    at : float
        Time at which it was given [s since 1970]; 0 for now.
    reason_codes : tuple of str
        Reason codes.
    note : str
        Free text.
    ephemeris : Ephemeris or None
        Signal that the disposition is about; None if it is about the star as a whole.
    model_id : str
        Model whose score was shown; "" if none.
    score : float or None
        Star score by that model.
    score_hidden : bool
        Whether the score was hidden from the reviewer (blind vetting).
    seconds : float or None
        Time spent on the star [s]; None if unknown.
    number : int
        Entry number, set by the store.
    token : str
        Identifies one display of the star; "" if it was not displayed.
    measured : mapping of str to float or str
        Results of the vetting checks, by name.
    imported_from : str
        File that it was imported from; "" if it was given here.

    Raises
    ------
    StoreError
        If the disposition is unknown.
    """

    target_id: str
    disposition: str
    reviewer: str
    at: float = 0.0
    reason_codes: tuple[str, ...] = ()
    note: str = ""
    ephemeris: Ephemeris | None = None
    model_id: str = ""
    score: float | None = None
    score_hidden: bool = False
    seconds: float | None = None
    number: int = 0
    token: str = ""
    measured: Mapping[str, float | str] = field(default_factory=dict, hash=False)
    imported_from: str = ""

    def __post_init__(self) -> None:
        if self.disposition not in DISPOSITIONS:
            raise StoreError(f"'{self.disposition}' is no disposition; use one of {', '.join(DISPOSITIONS)}.")


@dataclass(frozen=True)
class HistoryEntry:
    """One entry of the history: a disposition, or an undo of one.

    For an undo, `number`, `at`, `token` and `imported_from` describe the undo itself.

    Attributes
    ----------
    number : int
        Entry number.
    at : float
        Time of the entry [s since 1970].
    disposition : Disposition
        The disposition that was given, or that the undo took back.
    is_undo : bool
        Whether the entry is an undo.
    undone : bool
        Whether the disposition was taken back later.
    token : str
        Identifies one display of the star; "" if it was not displayed.
    imported_from : str
        File that the entry was imported from; "" if it was made here.
    """

    number: int
    at: float
    disposition: Disposition
    is_undo: bool = False
    undone: bool = False
    token: str = ""
    imported_from: str = ""

    @property
    def stands(self) -> bool:
        """Whether it is a disposition that was not taken back; a newer one may still supersede it."""
        return not (self.is_undo or self.undone)


#: Database columns of a disposition, in the order in which its values are written.
COLUMNS = (
    "target_id",
    "disposition",
    "reviewer",
    "at",
    "flags",
    "note",
    "ephemeris",
    "model_id",
    "score",
    "score_hidden",
    "seconds",
    "token",
    "measured",
    "imported_from",
)


def validated(disposition: Disposition, latest: float | None = None) -> Disposition:
    """Normalize and validate a disposition for the store.

    Measurements that are not finite are dropped.

    Parameters
    ----------
    disposition : Disposition
        The disposition.
    latest : float or None, optional
        Latest time that it may have [s since 1970]; now and `MAX_CLOCK_SKEW_SECONDS` if None.

    Returns
    -------
    Disposition
        The disposition as it is stored.

    Raises
    ------
    StoreError
        If the time, a reason code, the token, the note or the reviewer's name is not valid.
    TargetError
        If the star is not a target.
    """
    target_id = targets.parse_star(disposition.target_id).id
    if not 0 <= disposition.at <= LAST_TIME:
        raise StoreError(f"A disposition on {target_id} has no time that can be; give seconds since 1970, or none for now.")
    if disposition.at > (time.time() + MAX_CLOCK_SKEW_SECONDS if latest is None else latest):
        day = datetime.fromtimestamp(disposition.at, UTC).date()
        raise StoreError(f"A disposition on {target_id} is of {day}, which has not come yet; correct it, or the clock.")
    for flag in disposition.reason_codes:
        if not flag.strip() or ";" in flag or not flag.isprintable():
            raise StoreError(f"'{' '.join(flag.split())}' is no reason for a disposition: use a code without ';' on one line.")
    if not disposition.token.isprintable():
        raise StoreError(f"The token of a disposition on {target_id} must be of printable characters.")
    if not all(len(text) <= MAX_CODE_LENGTH and text.isprintable() for text in (disposition.model_id, disposition.imported_from)):
        raise StoreError(f"The model and the file of a disposition on {target_id} must be of printable characters on one line.")
    if len("".join(disposition.reason_codes)) > MAX_CODE_LENGTH:
        raise StoreError(
            f"The reasons of a disposition on {target_id} have more than {MAX_CODE_LENGTH:,} characters; give fewer."
        )
    if len(disposition.note) > MAX_NOTE_LENGTH:
        raise StoreError(f"The note on {target_id} has more than {MAX_NOTE_LENGTH:,} characters; shorten it.")
    return replace(
        disposition,
        target_id=target_id,
        reviewer=clean_name(disposition.reviewer),
        at=round(float(disposition.at), TIME_DIGITS),
        reason_codes=tuple(disposition.reason_codes),
        note=clean_text(disposition.note),
        score=finite_or_none(disposition.score),
        seconds=finite_or_none(disposition.seconds),
        score_hidden=bool(disposition.score_hidden),
        measured=_clean_measured(disposition.measured, target_id),
        ephemeris=_clean_ephemeris(disposition.ephemeris, target_id),
    )


def _clean_measured(measured: Mapping[str, float | str], target_id: str) -> dict[str, float | str]:
    """Return measurements that are finite numbers and texts; raise StoreError if a file could not hold them."""
    plain: dict[str, float | str] = {}
    for name, value in measured.items():
        if isinstance(value, str):
            plain[clean_text(name)] = clean_text(value)
            continue
        try:
            number = finite_or_none(value)
        except (TypeError, ValueError, OverflowError):
            raise StoreError(
                f"What was measured of {target_id} must be numbers and texts; {clean_text(str(name))[:40]} is neither."
            ) from None
        if number is not None:
            plain[clean_text(name)] = number
    if len(json.dumps(plain)) > MAX_MEASURED_LENGTH:
        raise StoreError(f"What was measured of {target_id} has more than {MAX_MEASURED_LENGTH:,} characters; leave some out.")
    return plain


def _clean_ephemeris(ephemeris: Ephemeris | None, target_id: str) -> Ephemeris | None:
    """Return an ephemeris whose texts a file can hold."""
    if ephemeris is None:
        return None
    name, disposition = clean_text(ephemeris.name), clean_text(ephemeris.disposition)
    if max(len(name), len(disposition)) > MAX_CODE_LENGTH:
        raise StoreError(f"The name of a signal of {target_id} has more than {MAX_CODE_LENGTH:,} characters; shorten it.")
    return replace(ephemeris, name=name, disposition=disposition)


def row_values(disposition: Disposition) -> tuple[object, ...]:
    """Return the database values of a disposition, in the order of the columns.

    Parameters
    ----------
    disposition : Disposition
        A validated disposition.

    Returns
    -------
    tuple of object
        One value per column.
    """
    return (
        disposition.target_id,
        disposition.disposition,
        disposition.reviewer,
        disposition.at,
        json.dumps(disposition.reason_codes),
        disposition.note,
        ephemeris_to_json(disposition.ephemeris),
        disposition.model_id,
        disposition.score,
        int(disposition.score_hidden),
        disposition.seconds,
        disposition.token,
        json.dumps(dict(disposition.measured)),
        disposition.imported_from,
    )


def disposition_from_row(row: sqlite3.Row) -> Disposition:
    """Build a disposition from a database row.

    A stored ephemeris that cannot be one is left out, with a warning in the log; it stays in the
    store.

    Parameters
    ----------
    row : object
        Row with the columns of a disposition and `id`.

    Returns
    -------
    Disposition
        The disposition.

    Raises
    ------
    StoreError
        If the row is damaged.
    """
    return check_row(f"Disposition {row['id']} on {row['target_id']}", row, _disposition_from_row)


def _disposition_from_row(row: sqlite3.Row) -> Disposition:
    plain = {name: row[name] for name in COLUMNS if name not in ("flags", "ephemeris", "score_hidden", "measured")}
    try:
        ephemeris = ephemeris_from_json(row["ephemeris"])
    except DAMAGE as error:
        log.warning("Disposition %s on %s is shown without its ephemeris: %s", row["id"], row["target_id"], error)
        ephemeris = None
    found = convert(
        {
            **plain,
            "reason_codes": parse_cell(row["flags"]),
            "score_hidden": bool(row["score_hidden"]),
            "measured": parse_cell(row["measured"]),
            "number": row["id"],
            "ephemeris": ephemeris,
        },
        Disposition,
        "it",
    )
    if not 0 <= found.at <= LAST_TIME:
        raise ValueError("its time cannot be")
    return found
