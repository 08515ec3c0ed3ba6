"""Types of the values in a page's address (URL): how each is written, and what is wrong with a text that means nothing."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
#: Longest text of a whole number, in digits.
MAX_DIGITS = 11


class ValueType(ABC, Generic[T]):
    """How a value is written in the address."""

    @abstractmethod
    def parse(self, text: str) -> T:
        """Parse the text of a value.

        Parameters
        ----------
        text : str
            The text in the address, not empty.

        Returns
        -------
        object
            The value.

        Raises
        ------
        ValueError
            If the text means nothing; the message says why, after the word "which".
        """

    @abstractmethod
    def format(self, value: T) -> str:
        """Format a value for the address.

        Parameters
        ----------
        value : object
            The value.

        Returns
        -------
        str
            The text that `parse` reads; empty for a value that the address leaves out.
        """

    def complaint(self, text: str) -> tuple[str, str] | None:
        """Say what is wrong with a text.

        Parameters
        ----------
        text : str
            The text in the address, not empty.

        Returns
        -------
        tuple of (str, str) or None
            The part of the text that means nothing, and why; None if all of it means something.
        """
        try:
            self.parse(text)
        except ValueError as error:
            return text, str(error)
        return None


@dataclass(frozen=True)
class Text(ValueType[str]):
    """Any text.

    Examples
    --------
    >>> Text().parse("TIC 1")
    'TIC 1'
    """

    def parse(self, text: str) -> str:
        """Return the text."""
        return text

    def format(self, value: str) -> str:
        """Return the text."""
        return value


@dataclass(frozen=True)
class TextList(ValueType[tuple[str, ...]]):
    """Any words, with commas between them.

    Examples
    --------
    >>> TextList().parse("TIC 1, TIC 2"), TextList().format(("1", "9"))
    (('TIC 1', 'TIC 2'), '1,9')
    """

    def parse(self, text: str) -> tuple[str, ...]:
        """Return the words."""
        return tuple(word.strip() for word in text.split(",") if word.strip())

    def format(self, value: tuple[str, ...]) -> str:
        """Return the words with commas between them."""
        return ",".join(value)


@dataclass(frozen=True)
class Choice(ValueType[str]):
    """One of several words.

    Attributes
    ----------
    options : tuple of str
        The words allowed in the address.
    labels : Mapping of str to str
        What the page shows instead of a word, where they differ.

    Examples
    --------
    >>> choice = Choice(("Stars", "Cut"), {"Cut": "Threshold"})
    >>> choice.parse("Cut"), choice.label("Cut"), choice.label("Stars")
    ('Cut', 'Threshold', 'Stars')
    """

    options: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)

    def parse(self, text: str) -> str:
        """Return the word, if it is allowed."""
        if text not in self.options:
            raise ValueError(f"which is none of {', '.join(self.options)}")
        return text

    def format(self, value: str) -> str:
        """Return the word."""
        return value

    def label(self, value: str) -> str:
        """Return the word that the page shows.

        Parameters
        ----------
        value : str
            One of the options.

        Returns
        -------
        str
            Its label, or the option itself.
        """
        return self.labels.get(value, value)


@dataclass(frozen=True)
class Choices(ValueType[tuple[str, ...]]):
    """Several of some words.

    Attributes
    ----------
    options : tuple of str
        The words allowed.
    whole : bool
        Whether one wrong word makes the whole value mean nothing; else it is left out.

    Examples
    --------
    >>> Choices(("PC", "FP")).parse("PC,XX"), Choices(("PC", "FP")).complaint("PC,XX")
    (('PC',), ('XX', 'which is none of PC, FP'))
    """

    options: tuple[str, ...]
    whole: bool = False

    def parse(self, text: str) -> tuple[str, ...]:
        """Return the allowed words, in the order of the text."""
        words = TextList().parse(text)
        found = tuple(word for word in words if word in self.options)
        if not found or (self.whole and found != words):
            raise ValueError(f"which is none of {', '.join(self.options)}")
        return found

    def format(self, value: tuple[str, ...]) -> str:
        """Return the words with commas between them."""
        return ",".join(value)

    def complaint(self, text: str) -> tuple[str, str] | None:
        """Name the words that are not allowed."""
        bad = [word for word in TextList().parse(text) if word not in self.options]
        if self.whole or not bad:
            return super().complaint(text)
        return ",".join(bad), f"which is none of {', '.join(self.options)}"


@dataclass(frozen=True)
class Number(ValueType[float]):
    """A finite number, within limits.

    Attributes
    ----------
    low : float
        Lower limit.
    high : float
        Upper limit.

    Examples
    --------
    >>> Number(0.1, 30).parse("1.5"), Number(0.1, 30).complaint("wide")
    (1.5, ('wide', 'which is not a number from 0.1 to 30'))
    """

    low: float = -math.inf
    high: float = math.inf

    def parse(self, text: str) -> float:
        """Return the number, if it is within the limits."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not self.low <= value <= self.high:
            raise ValueError(f"which is not a number{_range_words(self.low, self.high)}")
        return value

    def format(self, value: float) -> str:
        """Return the number as text."""
        return f"{value:.10g}"


@dataclass(frozen=True)
class WholeNumber(ValueType[int]):
    """A whole number from 0 on, within limits.

    Attributes
    ----------
    low : int
        Lower limit.
    high : int
        Upper limit.

    Examples
    --------
    >>> WholeNumber(1, 64).parse("12"), WholeNumber(1, 64).complaint("65")
    (12, ('65', 'which is not a whole number from 1 to 64'))
    """

    low: int = 0
    high: int = 10**MAX_DIGITS - 1

    def parse(self, text: str) -> int:
        """Return the number, if it is within the limits."""
        if not (text.isdecimal() and len(text) <= MAX_DIGITS and self.low <= int(text) <= self.high):
            raise ValueError(self._why())
        return int(text)

    def format(self, value: int) -> str:
        """Return the number as text."""
        return str(value)

    def _why(self) -> str:
        return f"which is not a whole number{_range_words(self.low, self.high)}"


@dataclass(frozen=True)
class Position(WholeNumber):
    """A position in a list, counted from `low`.

    Attributes
    ----------
    high : int
        Largest position.

    Examples
    --------
    >>> Position(1).parse("3"), Position(1).complaint("0")
    (3, ('0', 'which is no position counted from 1'))
    """

    high: int = 9_999_999

    def _why(self) -> str:
        return f"which is no position counted from {self.low}"


def _range_words(low: float, high: float) -> str:
    return f" from {low:.10g} to {high:.10g}" if math.isfinite(low) and math.isfinite(high) else ""


@dataclass(frozen=True)
class Flag(ValueType[bool]):
    """Yes or no.

    Attributes
    ----------
    no, yes : str
        The two words.

    Examples
    --------
    >>> Flag("0", "1").parse("1"), Flag().complaint("yes")
    (True, ('yes', 'which is neither false nor true'))
    """

    no: str = "false"
    yes: str = "true"

    def parse(self, text: str) -> bool:
        """Return whether the word is yes, if it is one of the two."""
        if text not in (self.no, self.yes):
            raise ValueError(f"which is neither {self.no} nor {self.yes}")
        return text == self.yes

    def format(self, value: bool) -> str:
        """Return one of the two words."""
        return self.yes if value else self.no


@dataclass(frozen=True)
class OrNone(ValueType[T | None], Generic[T]):
    """A value that can be missing.

    Attributes
    ----------
    given : ValueType
        Type of a value that is not missing.
    nothing : str
        The word for a missing one; by default it is left out of the address.

    Examples
    --------
    >>> cap = OrNone(WholeNumber(1), "none")
    >>> cap.parse("none"), cap.parse("50"), cap.format(None)
    (None, 50, 'none')
    """

    given: ValueType[T]
    nothing: str = ""

    def parse(self, text: str) -> T | None:
        """Return the value, or None for the word of a missing one."""
        return None if text == self.nothing else self.given.parse(text)

    def format(self, value: T | None) -> str:
        """Return the value as text."""
        return self.nothing if value is None else self.given.format(value)

    def complaint(self, text: str) -> tuple[str, str] | None:
        """Say what is wrong with a text."""
        return None if text == self.nothing else self.given.complaint(text)
