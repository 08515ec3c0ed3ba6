"""The NASA Exoplanet Archive: description of its tables, and access to tables and names with astroquery."""

import io
import logging
import os
import re
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from astroseq_core.archive import http
from astroseq_core.archive.http import RetryPolicy
from astroseq_core.errors import CatalogError, SettingsError, TransientError
from astroseq_core.type_names import JsonObject

if TYPE_CHECKING:
    import pandas as pd
    import requests

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

#: Suffixes of the columns of upper error, lower error and limit flag, in the two families of tables.
_TAP_SUFFIXES = ("err1", "err2", "lim")
_KOI_SUFFIXES = ("_err1", "_err2", "")


@dataclass(frozen=True)
class CatalogTable:
    """Description of one table of the NASA Exoplanet Archive.

    Attributes
    ----------
    name : str
        Name of the table in the archive.
    title : str
        Title for people.
    row_id : str
        Column that identifies a row.
    star : str
        Column of star identifiers.
    prefix : str
        Catalog of the bare numbers in `star`: "KIC", "EPIC" or "TIC".
    signal : str
        Column of signal names.
    host : str
        Column of host star names; empty if there is none.
    period : str
        Column of periods [d].
    epoch : str
        Column of transit epochs [d].
    duration : str
        Column of transit durations [h, unless the archive states another unit].
    depth : str
        Column of transit depths.
    disposition : str
        Column of dispositions; empty if all rows are confirmed planets.
    suffixes : tuple of (str, str, str)
        Suffixes of the columns of upper error, lower error and limit flag; the last may be empty.
    time_system : str
        Time system of the epoch, unless the column `time_reference` gives it.
    depth_ppm_per_unit : float
        Usual unit of the depth [ppm].
    magnitudes : tuple of (str, str)
        Columns of magnitudes with their bands, in order of preference.
    radius : str
        Column of planet radii [Earth radii].
    time_reference : str
        Column of the epoch's time system; empty if there is none.
    reference : str
        Column of the reference; empty if there is none.
    only : str
        Column that must be 1 for a row to be used; empty if all rows are used.
    also : tuple of str
        Columns of the star's identifiers in other catalogs.
    aliases : tuple of str
        Columns of further names.
    geometry : tuple of str
        Columns of a/R*, Rp/R*, impact parameter and inclination [deg].
    stellar_columns : tuple of str
        Columns of the star's effective temperature [K], radius, mass, log g and mean density
        [g/cm^3]; empty where there is none.
    """

    name: str
    title: str
    row_id: str
    star: str
    prefix: str
    signal: str
    host: str
    period: str
    epoch: str
    duration: str
    depth: str
    disposition: str
    suffixes: tuple[str, str, str]
    time_system: str
    depth_ppm_per_unit: float
    magnitudes: tuple[tuple[str, str], ...]
    radius: str
    time_reference: str = ""
    reference: str = ""
    only: str = ""
    also: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    geometry: tuple[str, ...] = ()
    stellar_columns: tuple[str, str, str, str, str] = ("", "", "", "", "")

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are requested, in a fixed order."""
        measured = [
            name if index == 0 else name + suffix
            for name in (self.period, self.epoch, self.duration, self.depth)
            for index, suffix in enumerate(("", *self.suffixes))
            if index == 0 or suffix
        ]
        names = (
            *(self.row_id, self.star, self.signal, self.host, self.disposition, self.time_reference, self.reference, self.only),
            *(*self.also, *self.aliases, *measured, *(c for c, _ in self.magnitudes), self.radius, *self.geometry, "ra", "dec"),
            *self._star_columns,
        )
        return tuple(dict.fromkeys(n for n in names if n))

    @property
    def _star_columns(self) -> tuple[str, ...]:
        """Columns of the star's parameters, with errors for those that give the density."""
        teff, *others = self.stellar_columns
        return (teff, *(c + s for c in others if c for s in ("", *self.suffixes[:2])))

    @property
    def where(self) -> str:
        """Condition that selects the requested rows; empty for all."""
        return f"{self.only}=1" if self.only else ""


KOI_TABLE = CatalogTable(
    "cumulative",
    "KOI (cumulative)",
    "kepoi_name",
    "kepid",
    "KIC",
    "kepoi_name",
    "kepler_name",
    "koi_period",
    "koi_time0bk",
    "koi_duration",
    "koi_depth",
    "koi_disposition",
    _KOI_SUFFIXES,
    "BKJD",
    1.0,
    (("koi_kepmag", "Kp"),),
    "koi_prad",
    aliases=("kepler_name",),
    stellar_columns=("koi_steff", "koi_srad", "koi_smass", "koi_slogg", ""),
)
TOI_TABLE = CatalogTable(
    "toi",
    "TOI",
    "toi",
    "tid",
    "TIC",
    "toi",
    "",
    "pl_orbper",
    "pl_tranmid",
    "pl_trandurh",
    "pl_trandep",
    "tfopwg_disp",
    _TAP_SUFFIXES,
    "BJD",
    1.0,
    (("st_tmag", "T"),),
    "pl_rade",
    stellar_columns=("st_teff", "st_rad", "", "st_logg", ""),
)
_ORBIT_GEOMETRY = ("pl_ratdor", "pl_ratror", "pl_imppar", "pl_orbincl")
_PLANET_MAGNITUDES = (("sy_tmag", "T"), ("sy_kepmag", "Kp"), ("sy_vmag", "V"))
K2_TABLE = CatalogTable(
    "k2pandc",
    "K2 planets and candidates",
    "pl_name",
    "epic_hostname",
    "EPIC",
    "pl_name",
    "hostname",
    "pl_orbper",
    "pl_tranmid",
    "pl_trandur",
    "pl_trandep",
    "disposition",
    _TAP_SUFFIXES,
    "BJD",
    1e4,
    (("sy_kepmag", "Kp"), ("sy_tmag", "T"), ("sy_vmag", "V")),
    "pl_rade",
    "pl_tsystemref",
    "pl_refname",
    "default_flag",
    ("tic_id",),
    ("epic_candname", "k2_name", "hd_name", "hip_name"),
    _ORBIT_GEOMETRY,
    ("st_teff", "st_rad", "st_mass", "st_logg", ""),
)
PLANETS_TABLE = CatalogTable(
    "ps",
    "Confirmed planets",
    "pl_name",
    "tic_id",
    "TIC",
    "pl_name",
    "hostname",
    "pl_orbper",
    "pl_tranmid",
    "pl_trandur",
    "pl_trandep",
    "",
    _TAP_SUFFIXES,
    "BJD",
    1e4,
    _PLANET_MAGNITUDES,
    "pl_rade",
    "pl_tsystemref",
    "pl_refname",
    "default_flag",
    (),
    ("hd_name", "hip_name"),
    _ORBIT_GEOMETRY,
    ("st_teff", "st_rad", "st_mass", "st_logg", "st_dens"),
)

CATALOG_TABLES = MappingProxyType({t.name: t for t in (KOI_TABLE, TOI_TABLE, K2_TABLE, PLANETS_TABLE)})


def find_table(name: str) -> CatalogTable:
    """Return the table of a name.

    Parameters
    ----------
    name : str
        Name of the table, its title, or a short form such as "koi" or "planets", in any case.

    Returns
    -------
    CatalogTable
        The table.

    Raises
    ------
    CatalogError
        If there is no such table.
    """
    wanted = str(name).strip().lower()
    short = {"koi": "cumulative", "k2": "k2pandc", "planets": "ps", "confirmed": "ps"}.get(wanted, wanted)
    for known in CATALOG_TABLES.values():
        if short in (known.name, known.title.lower()):
            return known
    raise CatalogError(f"'{name}' is no catalog known here; use one of {', '.join(CATALOG_TABLES)}.")


#: Default server; ASTROSEQ_EXOPLANET_ARCHIVE can name another one with the same paths (a mirror, or a test server).
DEFAULT_SERVER = "https://exoplanetarchive.ipac.caltech.edu"
ARCHIVE_NAME = "The NASA Exoplanet Archive"
#: Timeouts of a whole table and of a name [s].
TABLE_TIMEOUT_SECONDS = 600.0
NAME_TIMEOUT_SECONDS = 30.0

_local = threading.local()
_warnings_lock = threading.Lock()


@dataclass(frozen=True)
class TableAnswer:
    """A table as served.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows.
    units : mapping of str to str
        Unit of each column, as the archive states it.
    server : str
        Address of the server.
    """

    frame: "pd.DataFrame"
    units: Mapping[str, str]
    server: str


class _QueryError(Exception):
    """The archive says that a query is wrong."""


class _NoSuchNameError(Exception):
    """The archive says that it does not know a name."""


def server_url() -> str:
    """Return the address of the archive.

    Returns
    -------
    str
        ASTROSEQ_EXOPLANET_ARCHIVE, else the default; without a slash at the end.

    Raises
    ------
    SettingsError
        If the variable is not an address.
    """
    address = (os.environ.get("ASTROSEQ_EXOPLANET_ARCHIVE") or DEFAULT_SERVER).strip().rstrip("/")
    if not re.fullmatch(r"https?://[^\s/]+(?:/\S*)?", address):
        raise SettingsError(f"ASTROSEQ_EXOPLANET_ARCHIVE is '{address}', which is no address; write https://… or unset it.")
    return address


def fetch_table(table: CatalogTable, how: RetryPolicy) -> TableAnswer:
    """Fetch all rows of a table, in one attempt.

    Parameters
    ----------
    table : CatalogTable
        The table.
    how : RetryPolicy
        Timeouts.

    Returns
    -------
    TableAnswer
        The rows and units.

    Raises
    ------
    TransientError
        If the archive cannot be reached, breaks off, is slow, or does not answer with a table.
    CatalogError
        If the archive refuses the query.
    """
    try:
        return _query_table(table, ",".join(table.columns), how)
    except _QueryError as error:
        # a column may have been removed or renamed: request all columns and use the known ones
        log.info("The archive refused the columns of %s (%s); asking for all of them.", table.name, error)
    try:
        return _query_table(table, "*", how)
    except _QueryError as error:
        raise CatalogError(f"{ARCHIVE_NAME} refused the query of its {table.title} table ({str(error)[:200]}).") from error


def query_aliases(name: str, how: RetryPolicy) -> tuple[str, ...]:
    """Return all names that the archive knows for a planet or its host, in one attempt.

    Parameters
    ----------
    name : str
        The name.
    how : RetryPolicy
        Timeouts.

    Returns
    -------
    tuple of str
        The names, the default name first; empty if the archive does not know the name.

    Raises
    ------
    TransientError
        If the archive cannot be reached or does not answer with names.
    """
    try:
        # not astroquery's own choice of names, which takes a damaged answer for a name that is not known, with a warning
        return _aliases_in(_client(how)._request_query_aliases(name))
    except _NoSuchNameError:
        return ()
    except _client_errors() as error:
        raise _archive_failure(error, f"the name {name}") from error


def _aliases_in(answer: JsonObject) -> tuple[str, ...]:
    """Return the names of the planet, star or system that an answer is about; LookupError or TypeError if it is damaged."""
    manifest, system = answer["manifest"], answer["system"]
    name, objects = manifest["resolved_name"], system["objects"]
    planets = (objects.get("planet_set") or {}).get("planets") or {}
    if name == manifest["system_name"] and manifest["system_snapshot"]["number_of_stars"] > 1:
        about = system["system_info"]
    else:
        about = planets[name] if name in planets else objects["stellar_set"]["stars"][name]
    aliases = about["alias_set"]["aliases"]
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in (name, *aliases)):
        raise TypeError("its names are no texts")
    return tuple(dict.fromkeys((name, *aliases)))


def _query_table(table: CatalogTable, select: str, how: RetryPolicy) -> TableAnswer:
    what, criteria = f"its {table.title} table", {"where": table.where} if table.where else {}
    with _warnings_lock, warnings.catch_warnings():
        # warnings about details of VOTables and units; what matters is checked on the result
        warnings.simplefilter("ignore")
        try:
            result = _client(how).query_criteria_async(table.name, select=select, **criteria)
            status, found = result.query_status, result.to_table()
        except _client_errors() as error:
            raise _archive_failure(error, what) from error
        if str(status).upper() == "OVERFLOW":
            raise TransientError(f"{ARCHIVE_NAME} cut {what} short.")
        units = {name: str(found[name].unit) for name in found.colnames if found[name].unit is not None}
        frame = found.to_pandas()
    if frame.empty:
        raise TransientError(f"{ARCHIVE_NAME} served {what} empty.")
    return TableAnswer(frame, units, server_url())


class _DecodedBody(io.BytesIO):
    """A response body that is already decompressed, readable like those of urllib3."""

    def read(self, size: int | None = -1, /, **_: object) -> bytes:
        return super().read(size)


def _client_errors() -> tuple[type[BaseException], ...]:
    own = http.import_quietly("astroquery.exceptions")
    return (
        *http.request_errors(),
        own.InvalidQueryError,
        own.RemoteServiceError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        RecursionError,
    )


def _archive_failure(error: BaseException, what: str) -> Exception:
    """Return the error to raise.

    astroquery and pyvo wrap every error in one of their own; the original one is among its causes.
    """
    query_error, service_error = http.import_quietly("pyvo.dal").DALQueryError, http.import_quietly("pyvo.dal").DALServiceError
    chain: list[BaseException] = []
    link: BaseException | None = error
    while isinstance(link, BaseException) and link not in chain:
        chain.append(link)
        link = getattr(link, "cause", None) or link.__cause__ or link.__context__
    for link in chain:
        if isinstance(link, TransientError | CatalogError):
            return link
        if isinstance(link, query_error):
            return _QueryError(" ".join(str(link).split()))
        if isinstance(link, http.request_errors()):
            return http.request_failure(link, ARCHIVE_NAME, what)
        status = getattr(link, "code", None)
        if isinstance(link, service_error) and isinstance(status, int) and status >= 400:
            return http.status_failure(status, None, ARCHIVE_NAME, what)
    return TransientError(f"{ARCHIVE_NAME} answered with something else than {what}.")


def _client(how: RetryPolicy) -> Any:
    """Return this thread's astroquery client for the server in use, with timeouts."""
    address = server_url()
    kept = getattr(_local, "client", None)
    if kept is not None and kept[0] == (address, how):
        return kept[1]
    requests_module = http.import_quietly("requests")
    archive = http.import_quietly("astroquery.ipac.nexsci.nasa_exoplanet_archive")

    class Session(requests_module.Session):  # type: ignore[misc, name-defined, unused-ignore]
        """A session that returns complete bodies in time, or raises.

        pyvo and astroquery set no timeouts, and accept the part of a body that came before a
        connection broke off.
        """

        def request(self, method: str, url: str, *arguments: object, **options: object) -> "requests.Response":
            stop = time.monotonic() + (NAME_TIMEOUT_SECONDS if "Lookup" in str(url) else TABLE_TIMEOUT_SECONDS)
            response = super().request(method, url, *arguments, **{**options, "stream": True})
            with response:
                if response.status_code in http.TRANSIENT_STATUSES:
                    raise http.status_failure(
                        response.status_code, response.headers.get("Retry-After"), ARCHIVE_NAME, "its service of tables"
                    )
                body = _read_body(response, stop)
            response.raw = _DecodedBody(body)  # requests and pyvo read the content from here
            return response

    class Client(archive.NasaExoplanetArchiveClass):  # type: ignore[misc, name-defined, unused-ignore]
        """A client for any server address, with a timeout for name look-ups.

        astroquery's module fixes the address when it is imported, and its look-up of names, a
        private method, uses no session (tests/archive/test_private_names.py fails when it moves).
        """

        URL_TAP = address + "/TAP"
        TAP_TABLES = tuple(CATALOG_TABLES)

        def _request_query_aliases(self, object_name: str) -> JsonObject:
            answer = self._session.get(address + "/cgi-bin/Lookup/nph-aliaslookup.py", params={"objname": object_name})
            answer.raise_for_status()
            found: JsonObject = answer.json()
            if "resolved_name" not in found["manifest"] or not found.get("system"):
                raise _NoSuchNameError(object_name)
            return found

    client, session = Client(), Session()
    http.set_default_timeouts(session, how)
    client._session = session  # private (tests/archive/test_private_names.py): astroquery's clients take no session
    _local.client = ((address, how), client)
    return client


def _read_body(response: "requests.Response", stop: float) -> bytes:
    """Return the complete body of a response.

    Raises TransientError if the body ends early, is a web page, or is incomplete at `stop` (monotonic
    clock).
    """
    parts: list[bytes] = []
    while part := response.raw.read1(262_144, decode_content=True):
        parts.append(part)
        if time.monotonic() > stop:
            raise TransientError(f"{ARCHIVE_NAME} is too slow.")
    length = str(response.headers.get("Content-Length", ""))
    if length.isdigit() and response.raw.tell() != int(length):
        raise TransientError(f"{ARCHIVE_NAME} broke off in the middle of its answer.")
    body = b"".join(parts)
    if body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise TransientError(f"{ARCHIVE_NAME} answered with a web page, as it does during maintenance.")
    return body
