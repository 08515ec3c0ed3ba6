"""MAST's portal through astroquery's client: rows of observations and products."""

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from astroseq_core.archive import http, products
from astroseq_core.archive.http import RetryPolicy
from astroseq_core.archive.products import AUTHORS, AvailableLightCurve
from astroseq_core.errors import ArchiveError, NotInArchiveError, StoppedError, TargetError, TransientError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.missions import K2, KEPLER
from astroseq_core.targets import Target
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import convert, parse

log = logging.getLogger(__name__)
if TYPE_CHECKING:
    import requests
    from astroquery.mast import ObservationsClass
    from astroquery.mast.discovery_portal import PortalAPI

log = logging.getLogger(__name__)

#: The one column that a search of a star needs; without the others, more rows come, which are sifted here.
NEEDED_COLUMN = "target_name"
#: astroquery polls without pause while MAST is working on an answer; this is the time limit [s].
_ANSWER_TIMEOUT_SECONDS = 300.0

Row = JsonObject
_local = threading.local()


def server_url() -> str:
    """Return the address of the MAST server.

    Returns
    -------
    str
        ASTROSEQ_MAST_SERVER, else astroquery's setting; without a slash at the end.
    """
    address = os.environ.get("ASTROSEQ_MAST_SERVER") or str(http.import_quietly("astroquery.mast").conf.server)
    return address.rstrip("/")


def target_names(target: Target) -> list[str]:
    """Return the names that MAST may use for a target.

    Missions and high-level products write them differently. Exact names need no resolver.

    Parameters
    ----------
    target : Target
        The star.

    Returns
    -------
    list of str
        The names.
    """
    number = target.number
    if target.mission is KEPLER:
        return [f"kplr{int(number):09d}", f"KIC {number}", f"KIC{number}"]
    if target.mission is K2:
        return [f"ktwo{int(number):09d}", f"EPIC {number}", f"EPIC{number}", number]
    return [number, f"TIC {number}", f"TIC{number}"]


def query_observations(target: Target, how: RetryPolicy) -> list[Row]:
    """Return MAST's observations of a target by the authors whose light curves can be read.

    Parameters
    ----------
    target : Target
        The star.
    how : RetryPolicy
        Timeouts.

    Returns
    -------
    list of dict
        Rows of the observation search.

    Raises
    ------
    TransientError
        If MAST is temporarily unavailable.
    ArchiveError
        If MAST refuses the query.
    """
    criteria = {
        "project": [target.mission.name],
        "dataproduct_type": ["cube", "timeseries"],  # MAST's types of Kepler's light curves and of all others
        "provenance_name": list(AUTHORS[target.mission.name]),
        NEEDED_COLUMN: target_names(target),
    }
    asked = dict(criteria)
    rows = _request_rows(lambda: _query_known_columns(asked, how), f"the search for {target}")
    without = {name: values for name, values in criteria.items() if name not in asked}
    return [row for row in rows if all(_meets(row.get(name), values) for name, values in without.items())]


def _query_known_columns(asked: dict[str, list[str]], how: RetryPolicy) -> "Iterable[requests.Response]":
    """Return MAST's answers to criteria by column. Those on columns that it has not are removed, but for the star's name."""
    unknown_column = http.import_quietly("astroquery.exceptions").InvalidQueryError
    while True:
        try:
            found: Iterable[requests.Response] = _client(how).query_criteria_async(**asked)
            return found
        except unknown_column as error:
            named = next((name for name in re.findall(r"'([^']*)'", str(error))[:1] if name in asked), NEEDED_COLUMN)
            if named == NEEDED_COLUMN:
                raise
            log.warning("MAST has no column %s now; it is asked without.", named)
            del asked[named]


def _meets(value: object, wanted: Sequence[str]) -> bool:
    """Return whether a row's value is a wanted one; a value that MAST does not give is no reason to drop the row."""
    return value in (None, "") or str(value).casefold() in {one.casefold() for one in wanted}


def query_products(obsids: Sequence[str], target: Target, how: RetryPolicy) -> list[Row]:
    """Return the files of MAST observations.

    Parameters
    ----------
    obsids : sequence of str
        Observation numbers, from the observation search.
    target : Target
        The star, for error messages.
    how : RetryPolicy
        Timeouts.

    Returns
    -------
    list of dict
        Rows of the product list.

    Raises
    ------
    TransientError
        If MAST is temporarily unavailable.
    ArchiveError
        If MAST refuses the query.
    """
    return _request_rows(lambda: _client(how).get_product_list_async(list(obsids)), f"the list of files of {target}")


def _request_rows(ask: Callable[[], "Iterable[requests.Response]"], what: str) -> list[Row]:
    """Return the rows of an answer.

    They are read from its JSON: astroquery's own table raises warnings that no single thread can
    catch.
    """
    try:
        answers = [answer.json() for answer in ask()]
    except http.request_errors() as error:
        text = http.request_failure(error, "MAST", what)
        # If the service itself is not found, that is no absence of the star.
        raise (TransientError(str(text)) if isinstance(text, NotInArchiveError) else text) from error
    except http.import_quietly("astroquery.exceptions").InvalidQueryError as error:
        raise ArchiveError(f"MAST no longer knows a column that {what} needs ({error}); update AstroSeq.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TransientError(f"MAST answered {what} with something that is no JSON of its kind.") from error
    except TimeoutError as error:
        raise TransientError(f"MAST was still working on {what} after {_ANSWER_TIMEOUT_SECONDS:g} s.") from error
    rows: list[Row] = []
    for answer in answers:
        if not isinstance(answer, dict):
            raise TransientError(f"MAST answered {what} with nothing.")
        if answer.get("status") == "ERROR":
            raise ArchiveError(f"MAST refused {what}: {str(answer.get('msg') or 'no reason given')[:200]}.")
        data = answer.get("data")
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise TransientError(f"MAST answered {what} with no table.")
        rows += data
    return rows


def _client(how: RetryPolicy) -> "ObservationsClass":
    """Return this thread's astroquery client for the server in use; its session is not thread-safe."""
    address = server_url()
    kept = getattr(_local, "client", None)
    if kept is not None and kept[0] == (address, how):
        return kept[1]
    observing = http.import_quietly("astroquery.mast").ObservationsClass()
    # Private names of astroquery (tests/archive/test_private_names.py fails when they move): its clients take neither a
    # session, and their own has no timeouts, nor an address, which is fixed when astroquery is imported.
    http.set_default_timeouts(observing._session, how)
    direct_portal(observing._portal_api_connection, _ANSWER_TIMEOUT_SECONDS, {})
    _local.client = ((address, how), observing)
    return observing


def direct_portal(portal: "PortalAPI", timeout_seconds: float, column_configs: dict[str, JsonObject]) -> None:
    """Direct a connection of astroquery to the server in use.

    Parameters
    ----------
    portal : astroquery.mast.discovery_portal.PortalAPI
        The connection.
    timeout_seconds : float
        Longest wait for an answer that MAST is working on [s].
    column_configs : dict of str to dict
        The settings of the columns by service. astroquery requests them for a service that is not
        in it.
    """
    address = server_url()
    portal.MAST_REQUEST_URL = f"{address}/api/v0/invoke"
    portal.COLUMNS_CONFIG_URL = f"{address}/portal/Mashup/Mashup.asmx/columnsconfig"
    portal.TIMEOUT = timeout_seconds
    # A private name of astroquery: one dictionary of the class, which all connections of the process would share.
    portal._column_configs = column_configs


#: A stored list of light curves is valid for this long [d]: TESS adds a sector a month; Kepler and K2 add nothing.
MAX_LISTING_AGE_DAYS = 7.0
_LISTING_KIND = "mast-listing"
_DEFAULT_REQUEST = products.describe_request(None, None)


def search(
    target: Target,
    *,
    author: str | None = None,
    exposure_seconds: float | None = None,
    cache: LightCurveCache | None = None,
    max_age_days: float = MAX_LISTING_AGE_DAYS,
    how: RetryPolicy | None = None,
    stop: threading.Event | None = None,
) -> tuple[AvailableLightCurve, ...]:
    """Search the light curves of a target.

    Without author and exposure, the mission's usual ones are returned: Kepler long cadence; K2's
    own; SPOC at 120 s, else TESS-SPOC, else QLP. If the archive has none, that is recorded with its
    reason until `forget` is called or the cache is purged. If the archive does not answer, that is
    recorded as a failure.

    Parameters
    ----------
    target : Target
        The star.
    author : str, optional
        Author (pipeline); "any" for all.
    exposure_seconds : float, optional
        Exposure [s].
    cache : LightCurveCache, optional
        The cache; by default the user's.
    max_age_days : float, optional
        A stored list younger than this [d] is used without a query.
    how : RetryPolicy, optional
        Timeouts and retries.
    stop : threading.Event, optional
        Stops the search when set.

    Returns
    -------
    tuple of AvailableLightCurve
        Light curves sorted by observation; empty if the archive has none.

    Raises
    ------
    ArchiveError
        If the archive does not answer or refuses the query.
    StoppedError
        If `stop` is set.
    TargetError
        If the star is simulated.
    """
    cache = cache or LightCurveCache()
    if target.is_simulated:
        raise TargetError(f"{target} exists only here; there is nothing of it to fetch.")
    wanted = products.describe_request(author, exposure_seconds)
    if absence_reason(cache, target, author, exposure_seconds) is not None:
        return ()
    try:
        everything = _all_light_curves(target, cache, max_age_days, how or http.retry_policy(), stop)
    except StoppedError:
        raise
    except ArchiveError as error:
        cache.save_failure(target, wanted, str(error))
        raise
    cache.delete_failures(target, wanted)
    found = products.select_light_curves(everything, target.mission, author, exposure_seconds)
    if not found:
        there = sorted({f"{item.author} at {item.exposure_seconds:g} s" for item in everything})
        reason = f"MAST has of {target} no {wanted if wanted != _DEFAULT_REQUEST else 'usual light curve'}"
        cache.save_absence(
            target, wanted, f"{reason}; there is {', '.join(there)}." if there else f"MAST has no light curve of {target}."
        )
    return found


def absence_reason(cache: LightCurveCache, target: Target, author: str | None, exposure_seconds: float | None) -> str | None:
    """Return the recorded reason why the archive does not have the requested light curves.

    Parameters
    ----------
    cache : LightCurveCache
        The cache.
    target : Target
        The star.
    author : str or None
        Requested author.
    exposure_seconds : float or None
        Requested exposure [s].

    Returns
    -------
    str or None
        The reason; None if nothing is recorded.
    """
    return cache.absent(target, _DEFAULT_REQUEST) or cache.absent(target, products.describe_request(author, exposure_seconds))


def forget_listing(target: Target, cache: LightCurveCache | None = None) -> None:
    """Delete what is recorded about the light curves of a target.

    The next search then queries the archive.

    Parameters
    ----------
    target : Target
        The star.
    cache : LightCurveCache, optional
        The cache; by default the user's.
    """
    cache = cache or LightCurveCache()
    cache.delete_absences(target)
    cache.delete_failures(target)
    cache.save_arrays(_LISTING_KIND, target.slug, when=np.array(-np.inf), text=np.zeros(0, np.uint8))


#: A row of a stored listing: fields of `AvailableLightCurve` behind its target. Version 0.1 wrote no methods.
_ListedBefore = tuple[str, str, float, int, str, str]
_Listed = tuple[str, str, float, int, str, str, str, tuple[str, ...]]


def _all_light_curves(
    target: Target, cache: LightCurveCache, max_age_days: float, how: RetryPolicy, stop: threading.Event | None
) -> tuple[AvailableLightCurve, ...]:
    kept = cache.load_arrays(_LISTING_KIND, target.slug)
    when = kept["when"] if kept is not None and "when" in kept else np.array(-np.inf)
    if kept is not None and when.shape == () and 0 <= time.time() - float(when) < 86_400 * max_age_days:
        try:
            listed = convert(parse(kept["text"].tobytes()), list[_ListedBefore | _Listed])
            return tuple(AvailableLightCurve(target, *row) for row in listed)
        except (KeyError, ValueError) as error:
            log.warning("The list of %s in the cache is damaged (%s); the archive is asked again.", target.id, error)
    found = _query_listing(target, how, stop) or _query_listing(target, how, stop)  # an absence is recorded for long: query twice
    if found:
        rows = [
            [i.observation, i.author, i.exposure_seconds, i.size_bytes, i.uri, i.filename, i.method, i.left_out] for i in found
        ]
        text = np.frombuffer(json.dumps(rows).encode(), np.uint8)
        cache.save_arrays(_LISTING_KIND, target.slug, when=np.array(time.time()), text=text)
    return found


def _query_listing(target: Target, how: RetryPolicy, stop: threading.Event | None) -> tuple[AvailableLightCurve, ...]:
    rows: list[Row] = http.call_with_retries(lambda: query_observations(target, how), how, stop)
    # Rows without an identifier, and second rows of one observation, are left out.
    obsids = list(dict.fromkeys(str(row["obsid"]) for row in rows if row.get("obsid") and row.get("obs_id")))
    if not obsids:
        return ()
    files = http.call_with_retries(lambda: query_products(obsids, target, how), how, stop)
    return products.light_curves_from_rows(target, [row for row in rows if row.get("obs_id")], files)
