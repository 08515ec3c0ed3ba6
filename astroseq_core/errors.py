"""Every error that a person may read: one sentence that says what happened and what to do."""


class AstroSeqError(Exception):
    """Base of all expected errors; its text is shown to people as it stands."""


class TargetError(AstroSeqError):
    """A name or number that is no target, or not one that can be opened."""


class TimeSystemError(AstroSeqError):
    """Times in another system than the one they were said to be in."""


class EphemerisError(AstroSeqError):
    """An ephemeris, or a table of them, that cannot be used."""


class LightCurveError(AstroSeqError):
    """A light curve that cannot be used; the subclasses say why."""


class CorruptFileError(LightCurveError):
    """A file that cannot be read as what its name says it is (truncated, damaged, another format)."""


class MissingColumnError(LightCurveError):
    """A file without a column that it must have, or with columns of unequal lengths."""


class UnknownTargetError(LightCurveError):
    """A file from whose content and name no target can be told."""


class EmptyLightCurveError(LightCurveError):
    """No cadence at all."""


class AllNaNError(LightCurveError):
    """Cadences, but not one with a finite time and flux that passes the quality mask."""


class TooShortError(LightCurveError):
    """Fewer usable cadences than anything here could use."""


class UnsortedTimesError(LightCurveError):
    """Times that go backwards."""


class DuplicateTimesError(LightCurveError):
    """The same time more than once."""


class CacheError(AstroSeqError):
    """The cache cannot be read or written (disk full, read-only, made by a newer version)."""


class ArchiveError(AstroSeqError):
    """An archive did not give what was asked for; the subclasses say why."""


class AbsentError(ArchiveError):
    """The archive does not have it, and asking again changes nothing."""


class PassingError(ArchiveError):
    """A failure that may pass (time-out, server error, dropped connection); ``retry_after`` [s] is what the server asked for."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class UnreachableError(PassingError):
    """No connection to the archive: what concerns one request concerns all."""


class StoppedError(ArchiveError):
    """Someone asked to stop."""


class ModelError(AstroSeqError):
    """A model that cannot be found, read, or used on these data."""


class SettingsError(AstroSeqError):
    """A setting outside what is possible."""


class StoreError(AstroSeqError):
    """The store of what people decided cannot be read or written."""


class ExportError(AstroSeqError):
    """A file that people asked for cannot be written."""


class CatalogueError(AstroSeqError):
    """A catalogue of ephemerides that cannot be fetched, read or used."""


class AmbiguousNameError(TargetError):
    """A name that several stars bear; ``candidates`` are their identifiers, the likeliest first."""

    def __init__(self, name: str, candidates: tuple[str, ...]) -> None:
        super().__init__(f"'{name}' could be {' or '.join(candidates)}; write which.")
        self.name = name
        self.candidates = candidates

    def __reduce__(self) -> tuple[type["AmbiguousNameError"], tuple[str, tuple[str, ...]]]:
        """So that it survives the way between processes, which rebuilds exceptions from their arguments."""
        return type(self), (self.name, self.candidates)
