"""A column of the tables of scored stars, and the fields that declare one."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astroseq_core.preprocessing.prepare import DetrendedLightCurve

#: Kinds of values: real numbers, whole numbers, texts; and, on the leaderboard page alone, ticks, small curves and class bars.
NUMBER, COUNT, TEXT, TICK, CURVE, BAR = "number", "count", "text", "tick", "curve", "bar"
#: Value of a cell in the tables; None where it is unknown.
Cell = float | int | str | None


@dataclass(frozen=True)
class Display:
    """How the leaderboard page shows a column.

    Attributes
    ----------
    label : str
        Head of the column.
    width : int
        Width [px].
    help : str or None
        Text shown when the head is pointed at.
    digits : int or None
        Decimal places of numbers.
    pinned : bool
        Whether the column stays in view when the table is scrolled.
    """

    label: str
    width: int
    help: str | None = None
    digits: int | None = None
    pinned: bool = False


@dataclass(frozen=True)
class Column:
    """A column of the tables of scored stars.

    Attributes
    ----------
    name : str
        Name of the column and of the field that holds its values.
    description : str
        Description for readers of the tables.
    kind : str
        Kind of its values: `NUMBER`, `COUNT`, `TEXT`, `TICK`, `CURVE` or `BAR`.
    unit : str
        Unit as VOUnits spell it ("ppm" aside, see `tables.votable_text`); empty for none.
    ucd : str
        Unified content descriptor from the IVOA's controlled vocabulary (UCD1+ 1.5).
    digits : int or None
        Decimal places that numbers are rounded to in files; None for all digits.
    display : Display or None
        How the leaderboard page shows it.
    measure : callable or None
        Function that measures the value in a detrended light curve, NaN where it cannot; None for a
        value that is not measured in light curves. A star's value is the median over its
        observations, each of which counts alike.
    """

    name: str
    description: str
    kind: str = TEXT
    unit: str = ""
    ucd: str = ""
    digits: int | None = None
    display: Display | None = None
    measure: "Callable[[DetrendedLightCurve], float] | None" = None

    def rounded(self, value: Cell) -> Cell:
        """Round a value to the digits of the column.

        Parameters
        ----------
        value : float, int, str or None
            The value.

        Returns
        -------
        float, int, str or None
            The rounded number; anything else as it is.
        """
        return value if self.digits is None or value is None or isinstance(value, str) else round(float(value), self.digits)


def number(
    description: str,
    unit: str = "",
    ucd: str = "",
    digits: int | None = None,
    *,
    display: Display | None = None,
    measure: "Callable[[DetrendedLightCurve], float] | None" = None,
) -> float | None:
    """Declare a field that is a column of real numbers, None where unknown.

    Parameters
    ----------
    description : str
        See `Column`.
    unit : str, optional
        See `Column`.
    ucd : str, optional
        See `Column`.
    digits : int, optional
        See `Column`.
    display : Display, optional
        See `Column`.
    measure : callable, optional
        See `Column`.

    Returns
    -------
    dataclasses.Field
        The declaration; its type is that of the field's values.
    """
    return field(
        default=None, metadata={"column": Column("", description, NUMBER, unit, ucd, digits, display=display, measure=measure)}
    )


def count(description: str, ucd: str = "", *, display: Display | None = None) -> int | None:
    """Declare a field that is a column of whole numbers, None where unknown.

    Parameters
    ----------
    description : str
        See `Column`.
    ucd : str, optional
        See `Column`.
    display : Display, optional
        See `Column`.

    Returns
    -------
    dataclasses.Field
        The declaration; its type is that of the field's values.
    """
    return field(default=None, metadata={"column": Column("", description, COUNT, ucd=ucd, display=display)})


def text(description: str, ucd: str = "", *, display: Display | None = None) -> str:
    """Declare a field that is a column of texts, empty where unknown.

    Parameters
    ----------
    description : str
        See `Column`.
    ucd : str, optional
        See `Column`.
    display : Display, optional
        See `Column`.

    Returns
    -------
    dataclasses.Field
        The declaration; its type is that of the field's values.
    """
    return field(default="", metadata={"column": Column("", description, ucd=ucd, display=display)})


def flag(description: str, ucd: str = "") -> int:
    """Declare a field that is a column of 1 and 0 for yes and no.

    Parameters
    ----------
    description : str
        See `Column`.
    ucd : str, optional
        See `Column`.

    Returns
    -------
    dataclasses.Field
        The declaration; its type is that of the field's values.
    """
    return field(default=0, metadata={"column": Column("", description, COUNT, ucd=ucd)})


def columns_of(owner: type) -> dict[str, Column]:
    """Return the columns that a class and its bases declare.

    Parameters
    ----------
    owner : type
        A dataclass.

    Returns
    -------
    dict of str to Column
        Columns by name.
    """
    return {f.name: replace(f.metadata["column"], name=f.name) for f in fields(owner) if "column" in f.metadata}
