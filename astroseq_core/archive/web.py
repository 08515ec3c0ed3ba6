"""HTTP: sessions that do not wait for ever, and errors in plain words."""

import importlib
import threading
from typing import Any

from astroseq_core import __version__
from astroseq_core.archive.retry import Patience, retry_after_seconds
from astroseq_core.errors import AbsentError, ArchiveError, PassingError, UnreachableError

#: Statuses of a server that may answer otherwise a little later (RFC 9110, section 15; RFC 6585 for 429).
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
ABSENT = frozenset({404, 410})
_STATUS = {
    401: "wants a login", 403: "does not give it to everyone", 404: "does not have it", 408: "waited too long",
    410: "has it no more", 429: "asks for fewer requests", 500: "has an error of its own",
    502: "cannot be reached behind its front",
    503: "is unavailable", 504: "did not answer behind its front",
}  # fmt: skip
_IMPORTS = threading.Lock()
_local = threading.local()


def imported(name: str) -> Any:
    """A client library, imported by one thread at a time and with its import-time warnings kept off people's screens."""
    import warnings

    with _IMPORTS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def session(how: Patience) -> Any:
    """The HTTP session of this thread."""
    kept = getattr(_local, "session", None)
    if kept is None or kept[0] != how:
        fresh = imported("requests").Session()
        # Not packed on the way: the length that the server states is then the file's own.
        fresh.headers.update({"User-Agent": f"AstroSeq/{__version__}", "Accept-Encoding": "identity"})
        be_patient(fresh, how)
        kept = _local.session = (how, fresh)
    return kept[1]


def be_patient(http: Any, how: Patience) -> None:
    """Give every request of a session a time limit where it has none: the clients have none for most of theirs."""
    from requests.adapters import HTTPAdapter

    class Patient(HTTPAdapter):  # type: ignore[misc, unused-ignore]
        def send(self, *arguments: Any, **options: Any) -> Any:
            options["timeout"] = options.get("timeout") or (how.connect_seconds, how.read_seconds)
            return super().send(*arguments, **options)

    http.mount("http://", Patient())
    http.mount("https://", Patient())


def request_errors() -> tuple[type[BaseException], ...]:
    """What requests, and urllib3 under it, raise when a request fails, except for an answer that is no JSON."""
    import requests
    import urllib3

    return (
        requests.ConnectionError, requests.Timeout, requests.HTTPError, requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError, requests.TooManyRedirects, requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema, urllib3.exceptions.HTTPError, ConnectionError,
    )  # fmt: skip


def in_words(error: BaseException, archive: str, what: str) -> ArchiveError:
    """The error of a failed request in one sentence, as one that may pass, an absence, or neither."""
    import requests

    response = getattr(error, "response", None)
    if isinstance(error, requests.HTTPError) and response is not None:
        return of_status(int(response.status_code), response.headers.get("Retry-After"), archive, what)
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return PassingError(f"{archive} did not answer {what} in time.")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema | requests.exceptions.InvalidSchema):
        return ArchiveError(f"The address of {archive} is none ({error}); correct ASTROSEQ_MAST_SERVER.")
    if "resolve" in str(error).lower() or "refused" in str(error).lower() or "unreachable" in str(error).lower():
        return UnreachableError(f"{archive} cannot be reached for {what} (is there a network?).")
    return PassingError(f"The connection to {archive} broke off in {what}.")


def of_status(status: int, retry_after: str | None, archive: str, what: str) -> ArchiveError:
    """The error of an HTTP status that is no success."""
    said = f"{archive} {_STATUS.get(status, 'refused')} (HTTP {status}): {what}."
    if status in PASSING:
        return PassingError(said, retry_after_seconds(retry_after))
    return AbsentError(said) if status in ABSENT else ArchiveError(said)
