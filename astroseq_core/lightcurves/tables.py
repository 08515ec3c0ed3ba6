"""Light curves in ``.npz`` files and CSV tables."""

import csv
import io
import re
import tokenize
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import CorruptFileError, EmptyLightCurveError, LightCurveError, MissingColumnError
from astroseq_core.lightcurves.columns import MAX_UNPACKED_BYTES, Columns, reason

TEXTS = ("target_id", "mission", "time_system", "author", "flattened", "version")
NUMBERS = ("time", "flux", "flux_err", "quality")
#: What numpy and zipfile were seen to raise on damaged bytes, beside ValueError.
_DAMAGE = (OSError, EOFError, KeyError, TypeError, RuntimeError, MemoryError, SyntaxError, tokenize.TokenError, zlib.error)
_COMMENT = re.compile(rf"^#\s*({'|'.join(TEXTS)})\s*[:=,]\s*(.*?)\s*$", re.IGNORECASE)
_NO_NUMBER = {"", "nan", "null", "none", "n/a", "na", "--"}
_YES = {"true", "1", "yes"}


def read_npz(data: bytes, name: str) -> Columns:
    """The columns of an ``.npz`` file's bytes; pickled objects are never unpacked.

    Raises CorruptFileError for what is no such file, MissingColumnError without ``time`` or ``flux``.
    """
    arrays = load_npz(data, name, (*NUMBERS, *TEXTS))
    missing = [c for c in ("time", "flux") if c not in arrays]
    if missing:
        raise MissingColumnError(f"{name} has no {' and no '.join(missing)}; it needs the arrays time and flux.")
    for column in NUMBERS:
        if column in arrays and arrays[column].dtype.kind not in "fiub":
            raise LightCurveError(f"{name}: {column} does not hold numbers but {arrays[column].dtype}; write it as floats.")
    return _columns({c: arrays.get(c) for c in NUMBERS}, {t: _text(arrays.get(t)) for t in TEXTS})


def peek_npz(data: bytes, name: str) -> tuple[str, str]:
    """What an ``.npz`` file says of its target and its mission, each empty where it does not."""
    arrays = load_npz(data, name, ("target_id", "mission"))
    return _text(arrays.get("target_id")), _text(arrays.get("mission"))


def load_npz(data: bytes, name: str, wanted: tuple[str, ...] | None = None) -> dict[str, NDArray[Any]]:
    """The arrays of an ``.npz`` file's bytes, those ``wanted`` and present (None: all); raises CorruptFileError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = archive.infolist()
        if not any(member.filename.endswith(".npy") for member in inside):
            raise CorruptFileError(f"{name} is a zip file without one array; write it with numpy.savez.")
        if sum(member.file_size for member in inside) > MAX_UNPACKED_BYTES:
            raise CorruptFileError(f"{name} would unpack to more than {MAX_UNPACKED_BYTES / 1e9:g} GB; it is no light curve.")
        with np.load(io.BytesIO(data), allow_pickle=False) as npz:
            return {key: np.asarray(npz[key]) for key in npz.files if wanted is None or key in wanted}
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise CorruptFileError(
                f"{name} holds pickled objects, which may run foreign code and are not opened; save plain arrays of numbers."
            ) from error
        raise CorruptFileError(f"{name} is a damaged .npz file ({reason(error)}); write or copy it again.") from error
    except zipfile.BadZipFile as error:
        raise CorruptFileError(
            f"{name} is truncated or no .npz file at all ({reason(error)}); write or copy it again."
        ) from error
    except _DAMAGE as error:
        raise CorruptFileError(f"{name} is a damaged .npz file ({reason(error)}); write or copy it again.") from error


def _text(array: NDArray[Any] | None) -> str:
    """The text in an array of one element (a string, bytes or a whole number), else empty."""
    if array is None or array.size != 1:
        return ""
    value = array.ravel()[0]
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, np.floating):
        value = int(value) if float(value).is_integer() else value
    return str(value).strip()


def _columns(numbers: dict[str, Any], texts: dict[str, str]) -> Columns:
    return Columns(
        time=numbers["time"],
        flux=numbers["flux"],
        flux_err=numbers.get("flux_err"),
        quality=numbers.get("quality"),
        target_id=texts["target_id"],
        mission=texts["mission"],
        time_system=texts["time_system"] or None,
        author=texts["author"],
        flattened=texts["flattened"].lower() in _YES,
        version=texts["version"],
    )


def header_of(data: bytes) -> list[str]:
    """The column names of a CSV's first line that is no comment, in small letters; empty when there is none."""
    for line in data.decode("utf-8-sig", "replace").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            return [c.strip().strip('"').lower() for c in line.split(",")]
    return []


def read_csv(data: bytes, name: str) -> Columns:
    """The columns of a CSV's bytes: a header with ``time,flux``, optionally ``flux_err`` and ``quality``, in any order.

    Comment lines may say ``# target_id: TIC 261136679``, ``# mission: TESS``, ``# time_system: BTJD``. Raises
    CorruptFileError for what is no such table, MissingColumnError without ``time`` or ``flux``.
    """
    lines = _decode(data, name)
    texts = _comments(lines)
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    if not rows:
        raise EmptyLightCurveError(f"{name} holds no table, only empty lines or comments; write a header time,flux and rows.")
    header = [c.strip().lower() for c in next(csv.reader([rows[0][1]]))]
    missing = [c for c in ("time", "flux") if c not in header]
    if missing:
        found = ",".join(header)[:80]
        raise MissingColumnError(f"{name} has no column {' and no '.join(missing)}; its header must name time,flux, not {found}.")
    if len(set(header)) != len(header):
        raise MissingColumnError(f"{name} names a column twice in its header; each must stand once.")
    where = {c: header.index(c) for c in NUMBERS if c in header}
    numbers: dict[str, list[float]] = {c: [] for c in where}
    try:
        for (line_number, _), row in zip(rows[1:], csv.reader([line for _, line in rows[1:]], strict=True), strict=True):
            if len(row) != len(header):
                raise CorruptFileError(
                    f"{name}, line {line_number}: {len(row)} values under a header of {len(header)} columns; it may be cut off."
                )
            for column, index in where.items():
                numbers[column].append(_number(row[index], name, line_number, column))
    except (csv.Error, ValueError) as error:
        raise CorruptFileError(f"{name} cannot be read as a CSV table ({error}).") from error
    arrays: dict[str, Any] = {c: np.array(v, dtype=np.float64) for c, v in numbers.items()}
    if "quality" in arrays:
        arrays["quality"] = _whole(arrays["quality"], name)
    return _columns(arrays, texts)


def _whole(values: NDArray[np.float64], name: str) -> NDArray[np.int64]:
    """Quality bits as integers, 0 where none is given; raises LightCurveError for fractions and negative numbers."""
    filled = np.where(np.isfinite(values), values, 0.0)
    if (filled != np.floor(filled)).any() or (filled < 0).any() or (filled >= 2.0**62).any():
        raise LightCurveError(f"{name}: quality must hold whole numbers of 0 or more, the mission's quality bits.")
    return filled.astype(np.int64)


def peek_csv(data: bytes, name: str) -> tuple[str, str]:
    """What a CSV's comments say of its target and its mission, each empty where they do not."""
    texts = _comments(_decode(data, name))
    return texts["target_id"], texts["mission"]


def _decode(data: bytes, name: str) -> list[str]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorruptFileError(f"{name} is no CSV table but binary data or text in another encoding than UTF-8.") from error
    if "\0" in text:
        raise CorruptFileError(f"{name} is no CSV table; it holds binary data.")
    return text.splitlines()


def _comments(lines: list[str]) -> dict[str, str]:
    texts = dict.fromkeys(TEXTS, "")
    for line in lines:
        if line.startswith("#") and (said := _COMMENT.match(line)):
            texts[said[1].lower()] = said[2].strip("\"'")
    return texts


def _number(text: str, name: str, line: int, column: str) -> float:
    clean = text.strip()
    if clean.lower() in _NO_NUMBER:
        return float("nan")
    try:
        return float(clean)
    except ValueError:
        raise CorruptFileError(f"{name}, line {line}: {column} is '{clean[:40]}', not a number.") from None
