"""Layout of a FITS file: where its headers and data lie, checked by their declared sizes before anything is read.

astropy believes the sizes that a header declares. A negative one sends it back to where it was, for
ever, and a large one fills the memory. Nothing here is allocated by a declared size.
"""

import math
import re
from typing import NamedTuple

from astroseq_core.errors import CorruptFileError
from astroseq_core.io import limits

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
        if len(units) >= limits.MAX_FITS_UNITS or blocks > limits.MAX_FITS_HEADER_BLOCKS:
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
    last = min(len(data), start + limits.MAX_FITS_HEADER_BLOCKS * BLOCK_BYTES)
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
    if size > limits.MAX_BYTES or (fields and lengths[1] > limits.MAX_CADENCES):
        raise ValueError(f"{size / 1e9:.3g} GB, more than any light curve has ({limits.MAX_BYTES / 1e9:g} GB)")
    return size


def _column_bytes(form: str) -> float:
    """Return the width of a column of a binary table [bytes]; 0 for other formats."""
    found = _TFORM.match(form)
    return 0.0 if found is None else float(found[1] or 1) * CODE_BYTES[found[2]]
