"""Checked `.npz` files: plain arrays with a JSON header, and the version of their schema."""

import io
import json
import math
import tokenize
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np

from astroseq_core.errors import CacheError, CorruptFileError
from astroseq_core.io import conventions
from astroseq_core.io.lightcurve import root_cause_text
from astroseq_core.type_names import AnyArray, Arrays, JsonObject
from astroseq_core.typed_json import convert, parse

#: Schema version of cached files and of the index; increase it if an older AstroSeq would misread a newer file.
SCHEMA = 1
_HEADER = "header"
#: Errors that numpy and zipfile were seen to raise on damaged bytes, besides ValueError.
_DAMAGE = (
    OSError,
    EOFError,
    OverflowError,
    KeyError,
    TypeError,
    RuntimeError,
    MemoryError,
    SyntaxError,
    tokenize.TokenError,
    zlib.error,
)
#: Readers of an array's header by the version of its format (numpy.lib.format).
_NPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def encode_npz(header: Mapping[str, object], arrays: Mapping[str, AnyArray]) -> bytes:
    """Encode arrays and a JSON header as the bytes of an `.npz` file.

    Parameters
    ----------
    header : mapping
        Plain JSON values; the schema version is added.
    arrays : mapping of str to ndarray
        Arrays of numbers or text.

    Returns
    -------
    bytes
        The content of the file.

    Raises
    ------
    CacheError
        If an array is called "header" or holds Python objects.
    """
    if _HEADER in arrays:
        raise CacheError(f"An array of the cache cannot be called '{_HEADER}'; choose another name.")
    if any(a.dtype.hasobject for a in arrays.values()):
        raise CacheError("Only plain arrays of numbers or text can be cached, not objects.")
    text = json.dumps({"schema": SCHEMA, **header}, sort_keys=True).encode()
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{_HEADER: np.frombuffer(text, np.uint8)}, **arrays)
    return buffer.getvalue()


def decode_npz(data: bytes, name: str) -> tuple[JsonObject, Arrays]:
    """Decode the bytes of a file written by this module.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    tuple of (dict, dict of str to ndarray)
        The header and the arrays.

    Raises
    ------
    CorruptFileError
        If the bytes are damaged or are not such a file.
    CacheError
        If a newer version of AstroSeq wrote the file.
    """
    arrays = load_npz(data, name)
    try:
        header = convert(parse(arrays.pop(_HEADER).tobytes(), nan=True), dict[str, object])
        schema = convert(header["schema"], int)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(f"{name} is no file of the cache; delete it.") from error
    if schema > SCHEMA:
        raise newer_schema_error(name, schema)
    return header, arrays


def load_npz(data: bytes, name: str, wanted: tuple[str, ...] | None = None, what: str = "light curve") -> Arrays:
    """Load arrays from the bytes of an `.npz` file.

    The sizes that the file declares are checked before anything is unpacked.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Name of the file, for error messages.
    wanted : tuple of str, optional
        Names of the arrays to load, as far as they exist; by default all.
    what : str, optional
        What the file should be, for error messages.

    Returns
    -------
    dict of str to ndarray
        The arrays.

    Raises
    ------
    CorruptFileError
        If the file is damaged, holds pickled objects, or would unpack to too many bytes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = {m.filename.removesuffix(".npy"): m for m in archive.infolist() if m.filename.endswith(".npy")}
            if not found:
                raise CorruptFileError(f"{name} is a zip file without one array; write it with numpy.savez.")
            found = {key: member for key, member in found.items() if wanted is None or key in wanted}
            if sum(member.file_size for member in found.values()) > conventions.MAX_BYTES:
                raise CorruptFileError(f"{name} would unpack to more than {conventions.MAX_BYTES / 1e9:g} GB; it is no {what}.")
            for member in found.values():
                _check_declared_size(archive, member)
            return {key: _load_array(archive, member) for key, member in found.items()}
    except ValueError as error:
        if "Object arrays" in str(error):
            raise CorruptFileError(
                f"{name} holds pickled objects, which may run foreign code and are not opened; save plain arrays of numbers."
            ) from error
        raise CorruptFileError(f"{name} is a damaged .npz file ({root_cause_text(error)}); write or copy it again.") from error
    except zipfile.BadZipFile as error:
        raise CorruptFileError(
            f"{name} is truncated or no .npz file at all ({root_cause_text(error)}); write or copy it again."
        ) from error
    except _DAMAGE as error:
        raise CorruptFileError(f"{name} is a damaged .npz file ({root_cause_text(error)}); write or copy it again.") from error


def _check_declared_size(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Raise ValueError if an array declares more bytes than its member of the archive holds: numpy would allocate them."""
    with archive.open(member) as file:
        read_header = _NPY_HEADERS.get(np.lib.format.read_magic(file))
        if read_header is None:
            raise ValueError(f"{member.filename} is of an unknown version")
        shape, _, dtype = read_header(file)
        declared = math.prod(shape) * dtype.itemsize
        if not dtype.hasobject and declared > member.file_size:
            raise ValueError(f"{member.filename} declares {declared:.3g} bytes and holds {member.file_size}")


def _load_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> AnyArray:
    with archive.open(member) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def newer_schema_error(what: str, schema: int, known: int | None = None) -> CacheError:
    """Return the error for data that a newer version of AstroSeq wrote.

    Parameters
    ----------
    what : str
        What was written, as the start of the message.
    schema : int
        Its schema version.
    known : int, optional
        The schema version supported here; by default that of files.

    Returns
    -------
    CacheError
        The error, with advice.
    """
    return CacheError(
        f"{what} was written by a newer AstroSeq (cache version {schema}, this one knows {known or SCHEMA}); "
        "update AstroSeq, or point ASTROSEQ_CACHE to another folder."
    )


def downcast(values: AnyArray) -> AnyArray:
    """Convert an array to half its size if no value changes: float64 to float32, int64 to int32.

    Parameters
    ----------
    values : ndarray
        Any array.

    Returns
    -------
    ndarray
        The smaller array, or `values` itself if a value would change.
    """
    smaller = {"f": np.float32, "i": np.int32}.get(values.dtype.kind)
    if smaller is None or values.dtype.itemsize != 8:
        return values
    with np.errstate(over="ignore"):
        narrow: AnyArray = values.astype(smaller)
    return narrow if np.array_equal(narrow.astype(values.dtype), values, equal_nan=values.dtype.kind == "f") else values
