"""Layout, headers and tables of a FITS file: its declared sizes are checked before anything is read.

astropy believes the sizes that a header declares. A negative one sends it back to where it was, for
ever, and a large one fills the memory. Nothing here is allocated by a declared size. Columns are views
of the bytes, so that only those that are needed become numbers. No state is shared between threads, and
nothing warns.
"""

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astroseq_core.errors import CorruptFileError
from astroseq_core.io import conventions
from astroseq_core.type_names import AnyArray, JsonObject

#: Bytes of a FITS block; every file consists of whole blocks (FITS standard 4.0, section 3.1).
BLOCK_BYTES = 2880
CARD_BYTES = 80
#: Bits of a value, negative for floats (section 4.4.1.1).
BITPIX = (8, 16, 32, 64, -32, -64)
#: Bytes of a value of a binary table by its code (section 7.3.1); X counts bits.
CODE_BYTES = {"L": 1, "X": 0.125, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}
_SIZE_KEYWORD = re.compile(rb"^(?:BITPIX|NAXIS\d{0,3}|PCOUNT|GCOUNT|TFIELDS) *$")
_TFORM = re.compile(r"^(\d*)([LXBIJKAEDCMPQ])")


class FitsUnit(NamedTuple):
    """One header and its data.

    Attributes
    ----------
    header_start : int
        Where the header begins [bytes].
    data_start : int
        Where the data begin [bytes].
    data_bytes : int
        Length of the data, without the padding of the last block [bytes].
    """

    header_start: int
    data_start: int
    data_bytes: int

    @property
    def end(self) -> int:
        """Where the next header begins [bytes]."""
        return self.data_start + -(-self.data_bytes // BLOCK_BYTES) * BLOCK_BYTES


def find_units(data: bytes, name: str) -> tuple[FitsUnit, ...]:
    """Find the header and data units of a FITS file.

    What follows the last unit is no part of the file and is ignored.

    Parameters
    ----------
    data : bytes
        Content of the file, not gzipped.
    name : str
        Name of the file, for error messages.

    Returns
    -------
    tuple of FitsUnit
        The units in order, all of them whole.

    Raises
    ------
    CorruptFileError
        If a header declares sizes that are impossible or that no light curve has, or the file ends
        before its data do.
    """
    units: list[FitsUnit] = []
    start = blocks = 0
    while start < len(data) and (not units or data[start : start + 8] == b"XTENSION"):
        stop = header_end(data, start)
        if stop is None:
            raise CorruptFileError(f"{name} is truncated: header {len(units)} has no end; download it again.")
        blocks += (stop - start) // BLOCK_BYTES
        if len(units) >= conventions.MAX_FITS_UNITS or blocks > conventions.MAX_FITS_HEADER_BLOCKS:
            raise CorruptFileError(f"{name} has more headers than any light curve; use a light-curve product.")
        try:
            size = _declared_bytes(data[start:stop])
        except ValueError as error:
            raise CorruptFileError(f"{name} is damaged: extension {len(units)} declares {error}; download it again.") from None
        units.append(FitsUnit(start, stop, size))
        if stop + size > len(data):
            raise CorruptFileError(
                f"{name} is truncated: extension {len(units) - 1} is cut off; delete it and download it again."
            )
        start = units[-1].end
    return tuple(units)


def header_end(data: bytes, start: int = 0) -> int | None:
    """Return where a header ends.

    Parameters
    ----------
    data : bytes
        Content of a FITS file.
    start : int, optional
        Where the header begins [bytes].

    Returns
    -------
    int or None
        The end of its last block [bytes]; None if it has none within the limits.
    """
    last = min(len(data), start + conventions.MAX_FITS_HEADER_BLOCKS * BLOCK_BYTES)
    for block in range(start, last - BLOCK_BYTES + 1, BLOCK_BYTES):
        if any(data[i : i + 8] == b"END     " for i in range(block, block + BLOCK_BYTES, CARD_BYTES)):
            return block + BLOCK_BYTES
    return None


def _declared_bytes(header: bytes) -> int:
    """Return the length of the data that a header declares [bytes]; ValueError says what is impossible."""
    sizes: dict[str, int] = {}
    forms: list[str] = []
    for place in range(0, len(header), CARD_BYTES):
        card = header[place : place + CARD_BYTES]
        if card[:8] == b"END     ":
            break
        if card[:5] == b"TFORM":
            forms.append(card[10:].decode("ascii", "replace").strip(" '").upper())
        elif _SIZE_KEYWORD.match(card[:8]):
            keyword = card[:8].decode().strip()
            if keyword in sizes:
                raise ValueError(f"{keyword} twice")
            try:
                sizes[keyword] = int(card[10:].partition(b"/")[0])
            except ValueError:
                raise ValueError(f"{keyword} that is no whole number") from None
    axes = sizes.get("NAXIS", -1)
    if sizes.get("BITPIX") not in BITPIX or not 0 <= axes <= 999:
        raise ValueError("no valid BITPIX and NAXIS")
    lengths = [sizes.get(f"NAXIS{i}", -1) for i in range(1, axes + 1)]
    parameters, groups, fields = sizes.get("PCOUNT", 0), sizes.get("GCOUNT", 1), sizes.get("TFIELDS", 0)
    for what, value in (*((f"NAXIS{i}", n) for i, n in enumerate(lengths, 1)), ("PCOUNT", parameters)):
        if value < 0:
            raise ValueError(f"{what} = {value}" if what in sizes else f"no {what}")
    if not 0 <= groups <= 1 or not 0 <= fields <= 999:
        raise ValueError(f"GCOUNT = {groups} and TFIELDS = {fields}")
    if fields and (axes != 2 or sum(map(_column_bytes, forms)) > lengths[0]):
        raise ValueError("columns that are wider than its rows")
    size = abs(sizes["BITPIX"]) // 8 * groups * (parameters + math.prod(lengths)) if axes else 0
    if size > conventions.MAX_BYTES or (fields and lengths[1] > conventions.MAX_CADENCES):
        raise ValueError(f"{size / 1e9:.3g} GB, more than any light curve has ({conventions.MAX_BYTES / 1e9:g} GB)")
    return size


def _column_bytes(form: str) -> float:
    """Return the width of a column of a binary table [bytes]; 0 for other formats."""
    found = _TFORM.match(form)
    return 0.0 if found is None else float(found[1] or 1) * CODE_BYTES[found[2]]


#: Types of the values of a binary table by their code (FITS standard 4.0, section 7.3.3), big-endian. Bits, complex numbers and
#: arrays of variable length are in no light curve.
CODE_TYPES = {"L": "S1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_FORM = re.compile(r"^(\d*)([A-Z])")
_STRING = re.compile(r"^'((?:[^']|'')*)'")


def read_header(data: bytes, unit: FitsUnit) -> JsonObject:
    """Return the keywords of a header.

    Parameters
    ----------
    data : bytes
        Content of the file.
    unit : FitsUnit
        Where the header is.

    Returns
    -------
    dict
        Values by keyword in upper case: text, number, bool, or None. All comments are one text. Of a
        keyword that stands twice, the first one counts.
    """
    values: JsonObject = {}
    comments: list[str] = []
    for place in range(unit.header_start, unit.data_start, CARD_BYTES):
        card = data[place : place + CARD_BYTES].decode("ascii", "replace")
        keyword, rest = card[:8].strip(), card[8:]
        if keyword == "END":
            break
        if keyword == "COMMENT":
            comments.append(rest.strip())
        elif keyword == "HIERARCH" and "=" in rest:
            name, _, value = rest.partition("=")
            values.setdefault(name.strip().upper(), _card_value(value))
        elif rest.startswith("="):
            values.setdefault(keyword.upper(), _card_value(rest[1:]))
    if comments:
        values["COMMENT"] = " ".join(comments)
    return values


def _card_value(text: str) -> str | float | int | bool | None:
    clean = text.strip()
    if quoted := _STRING.match(clean):
        return quoted[1].replace("''", "'").rstrip()
    bare = clean.partition("/")[0].strip()
    if bare in ("T", "F"):
        return bare == "T"
    for kind in (int, float):
        try:
            return kind(bare.replace("D", "E") if kind is float else bare)
        except ValueError:
            continue
    return bare or None


@dataclass(frozen=True, eq=False)
class FitsTable:
    """A binary table of a FITS file.

    Attributes
    ----------
    data : bytes
        Content of the file.
    unit : FitsUnit
        Where the table is.
    header : dict
        Keywords of the table.
    """

    data: bytes
    unit: FitsUnit
    header: JsonObject

    @property
    def name(self) -> str:
        """Name of the extension."""
        return str(self.header.get("EXTNAME") or "")

    @property
    def columns(self) -> dict[str, int]:
        """Numbers of the columns by their names in lower case; of a name that stands twice, the first."""
        found: dict[str, int] = {}
        for number in range(1, int(self.header.get("TFIELDS") or 0) + 1):
            found.setdefault(str(self.header.get(f"TTYPE{number}") or "").strip().lower(), number)
        return found

    def values_per_row(self, column: str) -> int:
        """Return the number of values that a column has in each row.

        Parameters
        ----------
        column : str
            Name of the column.

        Returns
        -------
        int
            1 for a plain column of numbers or text, 0 for what cannot be read.
        """
        repeat, code = self._form(self.columns[column])
        return 1 if code == "A" else repeat if code in CODE_TYPES else 0

    def unit_of(self, column: str) -> str:
        """Return the unit of a column.

        Parameters
        ----------
        column : str
            Name of the column.

        Returns
        -------
        str
            The unit as written; "" if it has none.
        """
        return str(self.header.get(f"TUNIT{self.columns[column]}") or "").strip()

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a column as numbers.

        Parameters
        ----------
        column : str
            Name of a column of numbers.

        Returns
        -------
        ndarray, shape (n,) or (n, values per row)
            Native floats, scaled; NaN where the table has its null value.

        Raises
        ------
        ValueError
            If the column holds no numbers.
        """
        number = self.columns[column]
        raw = self._raw(number)
        if raw.dtype.kind not in "iuf":
            raise ValueError(f"column {column} holds no numbers")
        values = raw.astype(np.float64)
        null = self.header.get(f"TNULL{number}")
        if raw.dtype.kind in "iu" and isinstance(null, int):
            values[raw == null] = np.nan
        scale, zero = self.header.get(f"TSCAL{number}"), self.header.get(f"TZERO{number}")
        if isinstance(scale, int | float) or isinstance(zero, int | float):
            values = values * float(1 if scale is None else scale) + float(zero or 0)
        return values

    def texts(self, column: str) -> NDArray[np.str_] | None:
        """Return a column as texts.

        Parameters
        ----------
        column : str
            Name of the column.

        Returns
        -------
        ndarray of str, shape (n,), or None
            The texts; None if the column holds none.
        """
        raw = self._raw(self.columns[column])
        return np.char.strip(np.char.decode(raw, "ascii", "replace")) if raw.dtype.kind == "S" else None

    def _form(self, number: int) -> tuple[int, str]:
        """Return the values in a row, and the code of their type."""
        found = _FORM.match(str(self.header.get(f"TFORM{number}") or "").strip().upper())
        return (0, "") if found is None else (int(found[1] or 1), found[2])

    def _raw(self, number: int) -> AnyArray:
        """Return a column as it lies in the file."""
        repeat, code = self._form(number)
        kind = np.dtype(f"S{repeat}" if code == "A" else CODE_TYPES.get(code, "V0"))
        if kind.itemsize == 0 or (code != "A" and repeat < 1):
            raise ValueError(f"column {number} has the format {self.header.get(f'TFORM{number}')}")
        before = (self._form(i) for i in range(1, number))
        offset = sum(-(-repeat // 8) if code == "X" else int(repeat * CODE_BYTES.get(code, 0)) for repeat, code in before)
        width, rows = int(self.header["NAXIS1"]), int(self.header["NAXIS2"])
        shape, strides = ((rows,), (width,)) if code == "A" or repeat == 1 else ((rows, repeat), (width, kind.itemsize))
        return np.ndarray(shape, kind, self.data, self.unit.data_start + offset, strides)


def find_tables(data: bytes, units: tuple[FitsUnit, ...]) -> tuple[FitsTable, ...]:
    """Return the binary tables of a FITS file.

    Parameters
    ----------
    data : bytes
        Content of the file.
    units : tuple of FitsUnit
        Its units.

    Returns
    -------
    tuple of FitsTable
        The tables in order.
    """
    headers = ((unit, read_header(data, unit)) for unit in units[1:])
    return tuple(FitsTable(data, unit, header) for unit, header in headers if header.get("XTENSION") == "BINTABLE")
