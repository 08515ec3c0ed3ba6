"""Headers and tables of a FITS file, from bytes whose layout has been checked.

Columns are views of the bytes, so that only those that are needed become numbers. No state is shared
between threads, and nothing warns.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroseq_core.io.fits_layout import CARD_BYTES, CODE_BYTES, FitsUnit
from astroseq_core.type_names import AnyArray, JsonObject

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
