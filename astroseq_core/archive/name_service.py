"""What the archives' name services know: the Exoplanet Archive's aliases, then MAST's positions; remembered in the cache."""

import json
import logging
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from astroseq_core import targets
from astroseq_core.archive import exoplanet_archive, mast, retry, snapshots, web
from astroseq_core.archive.retry import Patience
from astroseq_core.archive.signals import key
from astroseq_core.errors import ArchiveError, CacheError, PassingError, TargetError
from astroseq_core.lightcurves import storage
from astroseq_core.targets import Target

log = logging.getLogger(__name__)

#: Version of the remembered answers; others are forgotten.
SCHEMA = 1
#: What a name service said is asked again after this time: names are added as planets are confirmed.
REMEMBERED = timedelta(days=30)
#: A star of the TESS Input Catalog within this distance [arcsec] of a name's position may be meant by the name.
SEARCH_ARCSEC = 5.0
#: Of several such stars, one that is brighter than all others by this many magnitudes is meant.
CLEARLY_BRIGHTER = 2.0
#: MAST may say for this long [s] that it is still working on an answer.
ANSWER_SECONDS = 30.0
#: People wait for a name: fewer tries than for a table.
ATTEMPTS = 3

_lock = threading.Lock()


@dataclass(frozen=True)
class Known:
    """What a name service said of a name: ``stars``, each as its identifiers; other ``names``; and which ``service`` it was."""

    stars: tuple[tuple[str, ...], ...]
    names: tuple[str, ...] = ()
    service: str = ""


def look_up(name: str, how: Patience | None = None, *, again: bool = False) -> Known:
    """What the services know of a name, with no star where they know none; remembered answers first unless ``again``.

    Raises PassingError or ArchiveError when they cannot be asked; that is not remembered.
    """
    remembered = _read()
    if not again and (found := remembered.get(key(name))) is not None:
        return found
    how = how or retry.patience()
    how = Patience(**{**how.__dict__, "attempts": min(how.attempts, ATTEMPTS)})
    found = retry.retrying(lambda: _aliases(name, how), how)
    if not found.stars and not found.names:
        found = retry.retrying(lambda: _position(name, how), how)
    _remember(key(name), found)
    return found


def forget() -> None:
    """Forget every remembered answer."""
    storage.remove(_path())


def _aliases(name: str, how: Patience) -> Known:
    names = exoplanet_archive.aliases(name, how)
    identifiers: list[str] = []
    for alias in names:
        try:
            found = targets.parse(re.sub(r"(?<=\d) [a-z]$", "", alias))  # a planet's alias is its star's with a letter
        except TargetError:
            continue
        if isinstance(found, Target):
            identifiers.append(found.id)
    unique = tuple(sorted(dict.fromkeys(identifiers), key=_order))
    return Known((unique,) if unique else (), names, exoplanet_archive.NAME if names else "")


def _position(name: str, how: Patience) -> Known:
    """The stars of the TESS Input Catalog at the position that MAST's resolvers (SIMBAD, NED) have for a name."""
    what = f"the name {name}"
    rows = _ask_mast("Mast.Name.Lookup", {"input": name, "format": "json"}, "resolvedCoordinate", how, what)
    if not rows:
        return Known(())
    at = {"ra": rows[0].get("ra"), "dec": rows[0].get("decl"), "radius": SEARCH_ARCSEC / 3600}
    found = [row for row in _ask_mast("Mast.Catalogs.Tic.Cone", at, "data", how, what) if row.get("objType") == "STAR"]
    found = sorted((r for r in found if r.get("Tmag") is not None and r.get("ID")), key=lambda r: float(r["Tmag"]))
    if len(found) > 1 and float(found[0]["Tmag"]) < float(found[1]["Tmag"]) - CLEARLY_BRIGHTER:
        found = found[:1]
    stars = [(*((f"KIC {int(r['KIC'])}",) if r.get("KIC") else ()), f"TIC {int(r['ID'])}") for r in found]
    return Known(tuple(stars), tuple(dict.fromkeys(str(r["canonicalName"]) for r in rows if r.get("canonicalName"))), "MAST")


def _ask_mast(service: str, parameters: Mapping[str, Any], holds: str, how: Patience, what: str) -> list[dict[str, Any]]:
    """The rows under ``holds`` of the answer of one of MAST's services, through astroquery's client.

    Its own look-up of names goes to a fixed address with no time limit, hence not that.
    """
    client = web.imported("astroquery.mast").MastClass()
    portal = client._portal_api_connection
    portal.MAST_REQUEST_URL = f"{mast.server()}/api/v0/invoke"
    portal.TIMEOUT = ANSWER_SECONDS
    portal._column_configs = {service: {}}  # else it asks for the settings of a table that is not made here
    web.be_patient(client._session, how)
    try:
        answer = portal.service_request_async(service, dict(parameters))[0].json()
        rows = answer.get(holds) or []
        return [dict(row) for row in rows]
    except web.request_errors() as error:
        raise web.in_words(error, "MAST", what) from error
    except (ValueError, TypeError, AttributeError, LookupError, TimeoutError) as error:
        raise PassingError(f"MAST answered {what} with something that is no list of names.") from error


def _order(identifier: str) -> int:
    return ("KIC", "EPIC", "TIC", "SIM").index(identifier.split(" ")[0])


def _path() -> Path:
    return snapshots.folder() / "names.json"


def _read() -> dict[str, Known]:
    """The remembered answers that are not too old; none where the file is damaged, which costs only a question."""
    try:
        content = json.loads(_path().read_bytes())
        if content["schema"] != SCHEMA:
            return {}
        oldest = (datetime.now(UTC) - REMEMBERED).isoformat()
        return {
            name: Known(tuple(tuple(s) for s in row["stars"]), tuple(row["names"]), str(row["service"]))
            for name, row in content["names"].items()
            if row["date"] > oldest
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        log.warning("The remembered names cannot be read (%s); they will be asked for again.", error)
        return {}


def _remember(name: str, found: Known) -> None:
    """Add an answer; a cache that cannot be written costs only the memory of it."""
    with _lock:
        try:
            content = json.loads(_path().read_bytes())
            rows = dict(content["names"]) if content["schema"] == SCHEMA else {}
        except (OSError, ValueError, TypeError, LookupError):
            rows = {}
        now = datetime.now(UTC).isoformat()
        rows[name] = {"stars": found.stars, "names": found.names, "service": found.service, "date": now}
        try:
            temporary = storage.write_temporary(_path(), json.dumps({"schema": SCHEMA, "names": rows}, indent=0).encode())
            os.replace(temporary, _path())
        except (CacheError, OSError) as error:
            log.warning("The name %s is not remembered: %s", name, error)


def explain(name: str, error: ArchiveError) -> PassingError:
    """The error of a name that no catalogue here has, while the services cannot be asked."""
    return PassingError(f"'{name}' is in no catalogue here, and the archives cannot be asked for it now: {error}")
