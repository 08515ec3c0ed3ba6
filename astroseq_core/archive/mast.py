"""MAST's portal through astroquery's client: rows of observations and products, and errors in plain words."""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

from astroseq_core.archive import web
from astroseq_core.archive.products import AUTHORS
from astroseq_core.archive.retry import Patience
from astroseq_core.errors import AbsentError, ArchiveError, PassingError
from astroseq_core.missions import K2, KEPLER
from astroseq_core.targets import Target

#: astroquery asks again at once while MAST is still working on an answer; this ends it [s].
_ANSWER_SECONDS = 300.0

Row = dict[str, Any]
_local = threading.local()


def server() -> str:
    """The address of MAST: ASTROSEQ_MAST_SERVER, else astroquery's own setting; with no slash at the end."""
    address = os.environ.get("ASTROSEQ_MAST_SERVER") or str(web.imported("astroquery.mast").conf.server)
    return address.rstrip("/")


def names_of(target: Target) -> list[str]:
    """What MAST may call a target: missions and high-level products write it differently, and an exact name needs no resolver."""
    number = target.number
    if target.mission is KEPLER:
        return [f"kplr{int(number):09d}", f"KIC {number}", f"KIC{number}"]
    if target.mission is K2:
        return [f"ktwo{int(number):09d}", f"EPIC {number}", f"EPIC{number}", number]
    return [number, f"TIC {number}", f"TIC{number}"]


def observations(target: Target, how: Patience) -> list[Row]:
    """MAST's observations of a target by the authors that can be read here; raises PassingError or ArchiveError."""
    criteria = {
        "project": [target.mission.name],
        "dataproduct_type": ["cube", "timeseries"],  # what MAST calls Kepler's light curves, and all others
        "provenance_name": list(AUTHORS[target.mission.name]),
        "target_name": names_of(target),
    }
    return _rows(lambda: _client(how).query_criteria_async(**criteria), f"the search for {target}")


def products(obsids: Sequence[str], target: Target, how: Patience) -> list[Row]:
    """The files of MAST's observations; raises PassingError or ArchiveError."""
    return _rows(lambda: _client(how).get_product_list_async(list(obsids)), f"the list of files of {target}")


def _rows(ask: Callable[[], Any], what: str) -> list[Row]:
    """The rows of an answer. They are taken from its JSON: astroquery's own table warns, which no thread can catch alone."""
    try:
        answers = [answer.json() for answer in ask()]
    except web.request_errors() as error:
        said = web.in_words(error, "MAST", what)
        # A service that is not found says nothing about the star.
        raise (PassingError(str(said)) if isinstance(said, AbsentError) else said) from error
    except web.imported("astroquery.exceptions").InvalidQueryError as error:
        raise ArchiveError(f"MAST no longer knows a column that {what} needs ({error}); update AstroSeq.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PassingError(f"MAST answered {what} with something that is no JSON of its kind.") from error
    except TimeoutError as error:
        raise PassingError(f"MAST was still working on {what} after {_ANSWER_SECONDS:g} s.") from error
    rows: list[Row] = []
    for answer in answers:
        if not isinstance(answer, dict):
            raise PassingError(f"MAST answered {what} with nothing.")
        if answer.get("status") == "ERROR":
            raise ArchiveError(f"MAST refused {what}: {str(answer.get('msg') or 'no reason given')[:200]}.")
        data = answer.get("data")
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise PassingError(f"MAST answered {what} with no table.")
        rows += data
    return rows


def _client(how: Patience) -> Any:
    """The client of this thread for the server in use, astroquery's: its session is not made to be shared."""
    address = server()
    kept = getattr(_local, "client", None)
    if kept is not None and kept[0] == (address, how):
        return kept[1]
    observing = web.imported("astroquery.mast").ObservationsClass()
    portal = observing._portal_api_connection
    portal.MAST_REQUEST_URL = f"{address}/api/v0/invoke"
    portal.COLUMNS_CONFIG_URL = f"{address}/portal/Mashup/Mashup.asmx/columnsconfig"
    portal.TIMEOUT = _ANSWER_SECONDS
    portal._column_configs = {}  # else shared by all clients of the process
    web.be_patient(observing._session, how)
    _local.client = ((address, how), observing)
    return observing
