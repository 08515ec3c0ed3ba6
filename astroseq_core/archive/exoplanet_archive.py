"""The NASA Exoplanet Archive through astroquery's client: whole tables, and the names of stars and planets."""

import io
import logging
import os
import re
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from astroseq_core.archive import web
from astroseq_core.archive.retry import Patience
from astroseq_core.archive.tables import TABLES, Table
from astroseq_core.errors import CatalogueError, PassingError, SettingsError

log = logging.getLogger(__name__)

#: The archive, unless ASTROSEQ_EXOPLANET_ARCHIVE names another server with the same paths (a mirror, or one for tests).
SERVER = "https://exoplanetarchive.ipac.caltech.edu"
NAME = "The NASA Exoplanet Archive"
#: A table may take this long [s] in all, a name this long.
TABLE_SECONDS = 600.0
NAME_SECONDS = 30.0

_local = threading.local()
_warnings_lock = threading.Lock()


@dataclass(frozen=True)
class Answer:
    """A table as served: a pandas DataFrame, the units that the archive states by column, and the server."""

    frame: Any
    units: Mapping[str, str]
    server: str


class _QueryError(Exception):
    """The archive's own word that a query is wrong."""


class _NoSuchNameError(Exception):
    """The archive's own word that it knows no such name."""


def server() -> str:
    """The address of the archive: ASTROSEQ_EXOPLANET_ARCHIVE, else its own; with no slash at the end.

    Raises SettingsError for what is no address.
    """
    address = (os.environ.get("ASTROSEQ_EXOPLANET_ARCHIVE") or SERVER).strip().rstrip("/")
    if not re.fullmatch(r"https?://[^\s/]+(?:/\S*)?", address):
        raise SettingsError(f"ASTROSEQ_EXOPLANET_ARCHIVE is '{address}', which is no address; write https://… or unset it.")
    return address


def fetch(table: Table, how: Patience) -> Answer:
    """All rows of a table as served now, in one try.

    Raises PassingError when the archive cannot be reached, breaks off, is slow or answers with anything but a table, and
    CatalogueError when it refuses the query.
    """
    try:
        return _fetch(table, ",".join(table.columns), how)
    except _QueryError as error:
        # a column may have gone or been renamed: take all there are, and use those that are known
        log.info("The archive refused the columns of %s (%s); asking for all of them.", table.name, error)
    try:
        return _fetch(table, "*", how)
    except _QueryError as error:
        raise CatalogueError(f"{NAME} refused the query of its {table.title} table ({str(error)[:200]}).") from error


def aliases(name: str, how: Patience) -> tuple[str, ...]:
    """All names that the archive knows for a planet or its host, the default first; empty where it knows none. One try.

    Raises PassingError when the archive cannot be reached or answers with anything but names.
    """
    try:
        return tuple(str(alias) for alias in _client(how).query_aliases(name))
    except _NoSuchNameError:
        return ()
    except _client_errors() as error:
        raise _told_apart(error, f"the name {name}") from error


def _fetch(table: Table, select: str, how: Patience) -> Answer:
    what, criteria = f"its {table.title} table", {"where": table.where} if table.where else {}
    with _warnings_lock, warnings.catch_warnings():
        # details of VOTables and units; what matters of them is checked here on the result
        warnings.simplefilter("ignore")
        try:
            result = _client(how).query_criteria_async(table.name, select=select, **criteria)
            status, found = result.query_status, result.to_table()
        except _client_errors() as error:
            raise _told_apart(error, what) from error
        if str(status).upper() == "OVERFLOW":
            raise PassingError(f"{NAME} cut {what} short.")
        units = {name: str(found[name].unit) for name in found.colnames if found[name].unit is not None}
        frame = found.to_pandas()
    if frame.empty:
        raise PassingError(f"{NAME} served {what} empty.")
    return Answer(frame, units, server())


class _Body(io.BytesIO):
    """A body that is already unpacked, read as urllib3's are."""

    def read(self, size: int | None = -1, /, **_: Any) -> bytes:
        return super().read(size)


def _client_errors() -> tuple[type[BaseException], ...]:
    own = web.imported("astroquery.exceptions")
    return (
        *web.request_errors(),
        own.InvalidQueryError,
        own.RemoteServiceError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
    )


def _told_apart(error: BaseException, what: str) -> Exception:
    """The error to raise: astroquery and pyvo put whatever happened into errors of their own, and it is among their causes."""
    query_error, service_error = web.imported("pyvo.dal").DALQueryError, web.imported("pyvo.dal").DALServiceError
    chain: list[BaseException] = []
    link: Any = error
    while isinstance(link, BaseException) and link not in chain:
        chain.append(link)
        link = getattr(link, "cause", None) or link.__cause__ or link.__context__
    for link in chain:
        if isinstance(link, PassingError | CatalogueError):
            return link
        if isinstance(link, query_error):
            return _QueryError(" ".join(str(link).split()))
        if isinstance(link, web.request_errors()):
            return web.in_words(link, NAME, what)
        status = getattr(link, "code", None)
        if isinstance(link, service_error) and isinstance(status, int) and status >= 400:
            return web.of_status(status, None, NAME, what)
    return PassingError(f"{NAME} answered with something else than {what}.")


def _client(how: Patience) -> Any:
    """Astroquery's client of this thread for the server in use, with limits to the time that it may take."""
    address = server()
    kept = getattr(_local, "client", None)
    if kept is not None and kept[0] == (address, how):
        return kept[1]
    requests = web.imported("requests")
    archive = web.imported("astroquery.ipac.nexsci.nasa_exoplanet_archive")

    class Session(requests.Session):  # type: ignore[misc, name-defined, unused-ignore]
        """Whole bodies or errors, in time: pyvo and astroquery set no limits, and read on where a connection broke off."""

        def request(self, method: Any, url: Any, *arguments: Any, **options: Any) -> Any:
            stop = time.monotonic() + (NAME_SECONDS if "Lookup" in str(url) else TABLE_SECONDS)
            response = super().request(method, url, *arguments, **{**options, "stream": True})
            with response:
                if response.status_code in web.PASSING:
                    raise web.of_status(response.status_code, response.headers.get("Retry-After"), NAME, "its service of tables")
                body = _body(response, stop)
            response._content = body
            response.raw = _Body(body)
            return response

    class Client(archive.NasaExoplanetArchiveClass):  # type: ignore[misc, name-defined, unused-ignore]
        """The client for another address: its module fixes that when it is loaded, and looks names up with no time limit."""

        URL_TAP = address + "/TAP"
        TAP_TABLES = tuple(TABLES)

        def _request_query_aliases(self, object_name: str) -> Any:
            answer = self._session.get(address + "/cgi-bin/Lookup/nph-aliaslookup.py", params={"objname": object_name})
            answer.raise_for_status()
            found = answer.json()
            if "resolved_name" not in found["manifest"] or not found.get("system"):
                raise _NoSuchNameError(object_name)
            return found

    client = Client()
    client._session = Session()
    web.be_patient(client._session, how)
    _local.client = ((address, how), client)
    return client


def _body(response: Any, stop: float) -> bytes:
    """All of the body; raises PassingError when it ends early, is a web page, or is not there at ``stop`` (monotonic clock)."""
    parts: list[bytes] = []
    while part := response.raw.read1(262_144, decode_content=True):
        parts.append(part)
        if time.monotonic() > stop:
            raise PassingError(f"{NAME} is too slow.")
    length = str(response.headers.get("Content-Length", ""))
    if length.isdigit() and response.raw.tell() != int(length):
        raise PassingError(f"{NAME} broke off in the middle of its answer.")
    body = b"".join(parts)
    if body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise PassingError(f"{NAME} answered with a web page, as it does during maintenance.")
    return body
