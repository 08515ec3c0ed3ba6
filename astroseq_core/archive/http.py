"""HTTP access to the archives: sessions with timeouts, retries, errors in plain words, and locks between processes."""

import contextlib
import importlib
import logging
import math
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from astroseq_core import __version__
from astroseq_core.archive import network
from astroseq_core.errors import (
    ArchiveError,
    NoNetworkError,
    NotInArchiveError,
    SettingsError,
    StoppedError,
    TransientError,
    UnreachableError,
)
from astroseq_core.io import files

if TYPE_CHECKING:
    import requests
    import tenacity

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True)
class RetryPolicy:
    """Timeouts and retries of requests to an archive.

    The n-th wait is uniform between 0 and min(`longest_wait_seconds`, `first_wait_seconds` 2^n)
    ("full jitter", M. Brooker, AWS Architecture Blog 2015), so that clients that failed together do
    not return together. The wait that a server requests in Retry-After is kept, up to
    `retry_after_seconds`.

    Attributes
    ----------
    attempts : int
        Number of attempts.
    first_wait_seconds : float
        Upper limit of the first wait [s].
    longest_wait_seconds : float
        Upper limit of any wait [s].
    retry_after_seconds : float
        Longest wait [s] that a server may request.
    connect_seconds : float
        Timeout of a connection [s].
    read_seconds : float
        Longest wait for data from the server [s].
    file_seconds : float
        Timeout of a whole file [s].
    is_hasty : bool
        Whether a server that gives no connection is tried once only, since a person waits.
    """

    attempts: int = 6
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 30.0
    retry_after_seconds: float = 120.0
    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    file_seconds: float = 900.0
    is_hasty: bool = False

    def wait_seconds(self, attempt: int, retry_after: float | None = None) -> float:
        """Return how long to wait after a failed attempt.

        Parameters
        ----------
        attempt : int
            Number of the attempt, starting at 0.
        retry_after : float, optional
            Wait that the server requested [s].

        Returns
        -------
        float
            Wait [s], random.
        """
        # S311: the random number spreads requests out and protects no secret
        jittered = random.uniform(0.0, min(self.longest_wait_seconds, self.first_wait_seconds * 2.0**attempt))  # noqa: S311
        return jittered if retry_after is None else max(jittered, min(retry_after, self.retry_after_seconds))


def retry_policy() -> RetryPolicy:
    """Return the timeouts and retries that the environment variables set.

    Returns
    -------
    RetryPolicy
        The policy.

    Raises
    ------
    SettingsError
        If a variable is not a number of seconds.
    """
    read = _seconds_from_environment("ASTROSEQ_TIMEOUT_SECONDS", RetryPolicy.read_seconds)
    first = _seconds_from_environment("ASTROSEQ_RETRY_SECONDS", RetryPolicy.first_wait_seconds)
    return RetryPolicy(first_wait_seconds=first, read_seconds=read, connect_seconds=min(read, RetryPolicy.connect_seconds))


def _seconds_from_environment(name: str, usual: float) -> float:
    text = os.environ.get(name, "").strip()
    try:
        value = float(text) if text else usual
    except ValueError:
        value = math.nan
    if not 0 < value < 86_400:
        raise SettingsError(f"{name} is '{text}', which is no number of seconds above 0; correct it or unset it.")
    return value


def call_with_retries(call: Callable[[], Result], how: RetryPolicy, stop: threading.Event | None = None) -> Result:
    """Call a function until it does not raise TransientError. Without a network it is called once.

    Parameters
    ----------
    call : callable
        The function.
    how : RetryPolicy
        Number of attempts and waits between them.
    stop : threading.Event, optional
        Stops the retries when set.

    Returns
    -------
    object
        What `call` returns.

    Raises
    ------
    TransientError
        If the last attempt fails; the message says how often it was tried, unless there is no network.
    StoppedError
        If `stop` is set.
    """
    import tenacity

    stop = stop or threading.Event()

    def give_up(state: tenacity.RetryCallState) -> NoReturn:
        error = _error_of(state)
        raise type(error)(f"{str(error).rstrip('.')}, {how.attempts} times; try again later.") from error

    def announce(state: tenacity.RetryCallState) -> None:
        log.info("%s Trying again in %.1f s.", _error_of(state), state.upcoming_sleep)

    retrying = tenacity.Retrying(
        retry=lambda state: _is_worth_another(state, how),
        stop=tenacity.stop_after_attempt(how.attempts),
        wait=lambda state: how.wait_seconds(state.attempt_number - 1, _error_of(state).retry_after),
        sleep=tenacity.sleep_using_event(stop),
        before=lambda state: raise_if_stopped(stop),
        before_sleep=announce,
        retry_error_callback=give_up,
    )
    return retrying(call)


#: Attempts to reach a server that gives no connection.
UNREACHABLE_ATTEMPTS = 2


def _is_worth_another(state: "tenacity.RetryCallState", how: RetryPolicy) -> bool:
    """Return whether a further attempt could end otherwise than the last one, while a person waits."""
    error = None if state.outcome is None else state.outcome.exception()
    if isinstance(error, NoNetworkError):
        return False
    if isinstance(error, UnreachableError):
        return state.attempt_number < (1 if how.is_hasty else UNREACHABLE_ATTEMPTS)
    return isinstance(error, TransientError)


def _error_of(state: "tenacity.RetryCallState") -> TransientError:
    """Return the error of the attempt that has just failed."""
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, TransientError)
    return error


def raise_if_stopped(stop: threading.Event | None) -> None:
    """Raise StoppedError if a stop is requested.

    Parameters
    ----------
    stop : threading.Event or None
        The event; None never stops.

    Raises
    ------
    StoppedError
        If `stop` is set.
    """
    if stop is not None and stop.is_set():
        raise StoppedError("Stopped; what had come whole is kept.")


def retry_after_seconds(header: str | None) -> float | None:
    """Return the wait that a Retry-After header requests.

    The header is a number of seconds or a date (RFC 9110, section 10.2.3).

    Parameters
    ----------
    header : str or None
        Value of the header.

    Returns
    -------
    float or None
        Wait [s], at least 0; None if the header is missing or invalid.

    Examples
    --------
    >>> retry_after_seconds("120"), retry_after_seconds("soon")
    (120.0, None)
    """
    if not header:
        return None
    try:
        return max(0.0, float(int(header.strip())))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


_POLL_SECONDS = 0.05


@contextlib.contextmanager
def process_lock(folder: Path, name: str, stop: threading.Event | None = None) -> Iterator[None]:
    """Hold a lock among all processes that use a folder, in a `with` block.

    The system releases the lock when its process ends, so no lock is ever stale.

    Parameters
    ----------
    folder : Path
        Folder of the lock file.
    name : str
        Name of the lock.
    stop : threading.Event, optional
        Stops the waiting when set.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    StoppedError
        If `stop` is set while waiting.
    CacheError
        If the lock file cannot be written.
    """
    from filelock import FileLock, Timeout

    path = folder / f".{files.safe_name(name)[:40]}-{files.sha256_hex(name.encode())[:12]}.lock"
    lock = FileLock(path, poll_interval=_POLL_SECONDS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(cancel_check=None if stop is None else stop.is_set)
    except Timeout:
        raise_if_stopped(stop)
        raise
    except OSError as error:
        raise files.write_error(folder, error) from error
    try:
        yield
    finally:
        files.remove_file(path)  # while it is held: who waits for it finds a file without a name, and opens a new one
        lock.release()


def remove_stale_locks(folder: Path) -> int:
    """Delete lock files that no process holds.

    Parameters
    ----------
    folder : Path
        Folder of the lock files.

    Returns
    -------
    int
        Number of deleted files.
    """
    from filelock import FileLock, Timeout

    count = 0
    for path in folder.glob(".*.lock"):
        with contextlib.suppress(OSError, Timeout), FileLock(path, blocking=False):
            files.remove_file(path)
            count += 1
    return count


#: HTTP statuses that may be temporary (RFC 9110, section 15; RFC 6585 for 429).
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
ABSENT_STATUSES = frozenset({404, 410})
_STATUS_PHRASES = {
    401: "wants a login",
    403: "does not give it to everyone",
    404: "does not have it",
    408: "waited too long",
    410: "has it no more",
    429: "asks for fewer requests",
    500: "has an error of its own",
    502: "cannot be reached behind its front",
    503: "is unavailable",
    504: "did not answer behind its front",
}
_import_lock = threading.Lock()
_local = threading.local()


def import_quietly(name: str) -> Any:
    """Import a client library, one thread at a time and without the warnings of its import.

    Parameters
    ----------
    name : str
        Name of the module.

    Returns
    -------
    module
        The module.
    """
    import warnings

    with _import_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def http_session(how: RetryPolicy) -> "requests.Session":
    """Return the HTTP session of this thread.

    Parameters
    ----------
    how : RetryPolicy
        Timeouts of the session.

    Returns
    -------
    requests.Session
        The session. It requests uncompressed content, so that the stated length is that of the
        file.
    """
    kept = getattr(_local, "session", None)
    if kept is None or kept[0] != how:
        fresh = import_quietly("requests").Session()
        # Without compression, the length that the server states is that of the file.
        fresh.headers.update({"User-Agent": f"AstroSeq/{__version__}", "Accept-Encoding": "identity"})
        set_default_timeouts(fresh, how)
        kept = _local.session = (how, fresh)
    return kept[1]


def set_default_timeouts(http: "requests.Session", how: RetryPolicy) -> None:
    """Give every request of a session a timeout, and refuse it at once if there is no network.

    Most requests of the client libraries have none.

    Parameters
    ----------
    http : requests.Session
        The session.
    how : RetryPolicy
        The timeouts.
    """
    from requests.adapters import HTTPAdapter

    class Patient(HTTPAdapter):  # type: ignore[misc, unused-ignore]
        def send(self, request: "requests.PreparedRequest", **options: Any) -> "requests.Response":
            options["timeout"] = options.get("timeout") or (how.connect_seconds, how.read_seconds)
            network.check_network(network.lookup_url(str(request.url), options.get("proxies") or {}))
            return super().send(request, **options)

    http.mount("http://", Patient())
    http.mount("https://", Patient())


def request_errors() -> tuple[type[BaseException], ...]:
    """Return the exceptions that requests and urllib3 raise if a request fails.

    Returns
    -------
    tuple of type
        Exception classes, except that of an answer that is not JSON.
    """
    import requests
    import urllib3

    return (
        requests.ConnectionError,
        requests.Timeout,
        requests.HTTPError,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
        requests.TooManyRedirects,
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidSchema,
        urllib3.exceptions.HTTPError,
        ConnectionError,
    )


def request_failure(error: BaseException, archive: str, what: str) -> ArchiveError:
    """Return the error for a failed request, as one sentence.

    Parameters
    ----------
    error : BaseException
        What requests or urllib3 raised.
    archive : str
        Name of the archive.
    what : str
        What was requested.

    Returns
    -------
    ArchiveError
        TransientError if the failure may be temporary, NotInArchiveError if the archive does not have it,
        else ArchiveError.
    """
    import requests

    response = getattr(error, "response", None)
    if isinstance(error, requests.HTTPError) and response is not None:
        return status_failure(int(response.status_code), response.headers.get("Retry-After"), archive, what)
    text = str(error).lower()
    if "network is unreachable" in text or "no route to host" in text:
        return NoNetworkError(f"There is no network: no way leads to {archive}; connect and try again.")
    if isinstance(error, requests.ConnectTimeout) or ("connection to" in text and "timed out" in text):
        return UnreachableError(f"{archive} cannot be reached for {what}: no connection in time (is there a network?).")
    if isinstance(error, requests.Timeout) or "timed out" in text:
        return TransientError(f"{archive} did not answer {what} in time.")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema | requests.exceptions.InvalidSchema):
        return ArchiveError(f"The address of {archive} is none ({error}); correct ASTROSEQ_MAST_SERVER.")
    if "resolve" in text or "refused" in text or "unreachable" in text:
        return UnreachableError(f"{archive} cannot be reached for {what} (is there a network?).")
    return TransientError(f"The connection to {archive} broke off in {what}.")


def status_failure(status: int, retry_after: str | None, archive: str, what: str) -> ArchiveError:
    """Return the error for an HTTP status that is not a success.

    Parameters
    ----------
    status : int
        HTTP status.
    retry_after : str or None
        The Retry-After header.
    archive : str
        Name of the archive.
    what : str
        What was requested.

    Returns
    -------
    ArchiveError
        TransientError, NotInArchiveError or ArchiveError, depending on the status.
    """
    text = f"{archive} {_STATUS_PHRASES.get(status, 'refused')} (HTTP {status}): {what}."
    if status in TRANSIENT_STATUSES:
        return TransientError(text, retry_after_seconds(retry_after))
    return NotInArchiveError(text) if status in ABSENT_STATUSES else ArchiveError(text)
