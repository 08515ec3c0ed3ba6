"""Exceptions; every message says in one sentence what happened and what to do."""

#: Longest message [characters]; more is left out of its middle, since the begin says what happened and the end what to do.
MAX_MESSAGE = 480


class AstroSeqError(Exception):
    r"""Base class of all expected errors; the message is shown to the user unchanged.

    Messages quote names and files from elsewhere, so that characters that cannot be shown, such as
    those that control a terminal, are replaced, and a message that is too long for a sentence is
    shortened.

    Parameters
    ----------
    text : str, optional
        The message.

    Examples
    --------
    >>> print(AstroSeqError("'a\x1b[31m' is no star."))
    'a�[31m' is no star.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(plain_text(text))


def plain_text(text: str) -> str:
    r"""Return a text from elsewhere as one that can be shown on a few lines.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    str
        The text without line ends; characters that cannot be shown are replaced, and what is beyond
        `MAX_MESSAGE` characters is left out of the middle.

    Examples
    --------
    >>> plain_text("two\nlines and a bell\a")
    'two lines and a bell�'
    """
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in str(text))
    half = MAX_MESSAGE // 2
    return shown if len(shown) <= MAX_MESSAGE else f"{shown[:half]}…{shown[-half + 1 :]}"


class TargetError(AstroSeqError):
    """A name or number that is not a target, or a target that cannot be opened."""


class TimeSystemError(AstroSeqError):
    """Times that are not in the time system they are said to be in."""


class EphemerisError(AstroSeqError):
    """An ephemeris, or a table of ephemerides, that cannot be used."""


class LightCurveError(AstroSeqError):
    """A light curve that cannot be used; the subclasses say why."""


class CorruptFileError(LightCurveError):
    """A file that cannot be read in its format: truncated, damaged, or of another format."""


class MissingColumnError(LightCurveError):
    """A file that lacks a required column, or whose columns differ in length."""


class UnknownTargetError(LightCurveError):
    """A file whose content and name do not identify a target."""


class EmptyLightCurveError(LightCurveError):
    """A light curve without cadences."""


class AllNaNError(LightCurveError):
    """A light curve without a single good cadence of finite time and flux."""


class TooShortError(LightCurveError):
    """A light curve with too few good cadences to use."""


class UnsortedTimesError(LightCurveError):
    """A light curve whose times go backwards."""


class DuplicateTimesError(LightCurveError):
    """A light curve that has the same time more than once."""


class CacheError(AstroSeqError):
    """A cache that cannot be read or written: disk full, read-only, or written by a newer version."""


class ArchiveError(AstroSeqError):
    """An archive request that failed; the subclasses say why."""


class NotInArchiveError(ArchiveError):
    """A product that the archive does not have; asking again does not help."""


class TransientError(ArchiveError):
    """A failure that may be temporary: a time-out, a server error or a dropped connection.

    Parameters
    ----------
    text : str
        The message.
    retry_after : float or None, optional
        Time after which the server asks to try again [s]; None if it did not say.
    """

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class UnreachableError(TransientError):
    """No connection to the archive; every other request would fail as well."""


class NoNetworkError(UnreachableError):
    """No network at all; trying again at once does not help before there is one."""


class StoppedError(ArchiveError):
    """A request that was stopped by the user."""


class ModelError(AstroSeqError):
    """A model that cannot be found, read or applied to these data."""


class SettingsError(AstroSeqError):
    """A setting outside the allowed range."""


class NotOpenedError(AstroSeqError):
    """A folder or file that a link names and the person has not opened.

    Parameters
    ----------
    text : str
        The message.
    path : str
        The folder or file.
    """

    def __init__(self, text: str, path: str) -> None:
        super().__init__(text)
        self.path = path


class StoreError(AstroSeqError):
    """A store that cannot be read or written, or a record that it cannot hold."""


class ExportError(AstroSeqError):
    """An export file that cannot be written."""


class CatalogError(AstroSeqError):
    """A catalog of ephemerides that cannot be downloaded, read or used."""


class AmbiguousNameError(TargetError):
    """A name that several stars share.

    Parameters
    ----------
    name : str
        The name.
    candidates : tuple of str
        Identifiers of the stars, the most likely first.
    reason : str, optional
        Why there are several, as a part of the sentence.
    """

    def __init__(self, name: str, candidates: tuple[str, ...], reason: str = "") -> None:
        super().__init__(f"'{name}' could be {' or '.join(candidates)}{f' ({reason})' if reason else ''}; write which.")
        self.name = name
        self.candidates = candidates
        self.reason = reason

    def __reduce__(self) -> tuple[type["AmbiguousNameError"], tuple[str, tuple[str, ...], str]]:
        """Support pickling between processes, which rebuilds exceptions from their arguments."""
        return type(self), (self.name, self.candidates, self.reason)


def missing_package(what: str, package: str, extra: str) -> SettingsError:
    """Return the error for a feature whose package is not installed.

    Parameters
    ----------
    what : str
        The feature, as the subject of a sentence.
    package : str
        The package that it needs.
    extra : str
        The extra of AstroSeq that brings the package.

    Returns
    -------
    SettingsError
        The error, to be raised.

    Examples
    --------
    >>> print(missing_package("A PDF report", "matplotlib", "report"))
    A PDF report needs matplotlib, which is not installed; install it with: pip install 'astroseq[report]'.
    """
    return SettingsError(f"{what} needs {package}, which is not installed; install it with: pip install 'astroseq[{extra}]'.")
