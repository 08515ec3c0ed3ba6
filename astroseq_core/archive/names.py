"""Names of stars and signals: resolved with the local catalogs, then the archives' name services."""

import json
import logging
import math
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from astroseq_core import targets
from astroseq_core.archive import catalogs as catalogues
from astroseq_core.archive import exoplanet_archive, http, mast, network, snapshots
from astroseq_core.archive.catalogs import Catalog, CatalogStar
from astroseq_core.archive.http import RetryPolicy
from astroseq_core.archive.signals import Signal, name_key
from astroseq_core.errors import AmbiguousNameError, ArchiveError, CacheError, TargetError, TransientError, UnreachableError
from astroseq_core.io import files
from astroseq_core.missions import KEPLER, TESS, Mission
from astroseq_core.targets import ObjectOfInterest, Target
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import convert, damage_as, damage_sentence, read_object

log = logging.getLogger(__name__)

#: Schema version of the stored answers; answers of other versions are ignored.
ANSWERS_SCHEMA = 1
#: Stored answers expire after this time, since names are added as planets are confirmed.
MAX_ANSWER_AGE = timedelta(days=30)
#: Stars of the TESS Input Catalog within this distance [arcsec] of a name's position are candidates.
SEARCH_ARCSEC = 5.0
#: Positions of two resolvers are one within this distance [arcsec]. More resolvers than these are not compared.
SAME_POSITION_ARCSEC, MAX_RESOLVERS = 1.0, 4
#: Of several candidates, one that is brighter than all others by this many magnitudes is taken.
CLEARLY_BRIGHTER_MAGNITUDES = 2.0
#: Time limit while MAST reports that it is working on an answer [s].
ANSWER_TIMEOUT_SECONDS = 30.0
#: Fewer attempts than for a table, because people wait for the answer.
MAX_NAME_ATTEMPTS = 3

_lock = threading.Lock()


@dataclass(frozen=True)
class NameServiceAnswer:
    """Answer of a name service.

    Attributes
    ----------
    stars : tuple of tuple of str
        Identifiers of each star that the name may mean.
    names : tuple of str
        Other names.
    service : str
        Name of the service that answered.
    disagreement : str
        How the resolvers behind the service disagree; empty if they do not.
    """

    stars: tuple[tuple[str, ...], ...]
    names: tuple[str, ...] = ()
    service: str = ""
    disagreement: str = ""


def look_up_name(name: str, how: RetryPolicy | None = None, *, again: bool = False) -> NameServiceAnswer:
    """Look up a name in the archives' name services, using stored answers first.

    Parameters
    ----------
    name : str
        The name.
    how : RetryPolicy, optional
        Timeouts and retries.
    again : bool, optional
        Whether to ignore stored answers.

    Returns
    -------
    NameServiceAnswer
        The answer, without stars if the services do not know the name.

    Raises
    ------
    TransientError
        If the services are temporarily unavailable. This is not stored.
    ArchiveError
        If a service refuses the query. This is not stored.
    """
    remembered = _load_answers()
    if not again and (found := remembered.get(name_key(name))) is not None:
        return found
    network.check_server(exoplanet_archive.server_url())
    how = how or http.retry_policy()
    how = replace(how, attempts=min(how.attempts, MAX_NAME_ATTEMPTS), is_hasty=True)
    found = http.call_with_retries(lambda: _query_aliases(name, how), how)
    if not found.stars and not found.names:
        found = http.call_with_retries(lambda: _query_position(name, how), how)
    _save_answer(name_key(name), found)
    return found


def _query_aliases(name: str, how: RetryPolicy) -> NameServiceAnswer:
    names = exoplanet_archive.query_aliases(name, how)
    identifiers: list[str] = []
    for alias in names:
        try:
            found = targets.parse(re.sub(r"(?<=\d) [a-z]$", "", alias))  # a planet's alias is its star's alias and a letter
        except TargetError:
            continue
        if isinstance(found, Target):
            identifiers.append(found.id)
    unique = tuple(sorted(dict.fromkeys(identifiers), key=_catalog_order))
    service = exoplanet_archive.ARCHIVE_NAME if names else ""
    if len({i.split(" ")[0] for i in unique}) < len(unique):
        # Two numbers of one catalog are two stars; which of the other numbers belongs to which is not said.
        return NameServiceAnswer(tuple((i,) for i in unique), names, service, f"{service} lists all of them as one star")
    return NameServiceAnswer((unique,) if unique else (), names, service)


def _query_position(name: str, how: RetryPolicy) -> NameServiceAnswer:
    """Return the stars of the TESS Input Catalog at the positions that MAST resolves a name to.

    MAST's resolvers are SIMBAD and NED. Where they lead to different stars, all of these are returned.
    """
    what = f"the name {name}"
    rows = _query_mast("Mast.Name.Lookup", {"input": name, "format": "json"}, "resolvedCoordinate", how, what)
    by_resolver: dict[str, tuple[tuple[str, ...], ...]] = {}
    asked: list[tuple[float, float, str]] = []
    for number, row in enumerate(rows[:MAX_RESOLVERS], 1):
        try:
            ra, dec = float(row["ra"]), float(row["decl"])
        except (KeyError, TypeError, ValueError):
            continue
        resolver = str(row.get("resolver") or f"resolver {number}")
        same = next((one for *at, one in asked if _arcsec_apart((ra, dec), at) <= SAME_POSITION_ARCSEC), None)
        if same is None:
            asked.append((ra, dec, resolver))
            by_resolver[resolver] = _stars_at(ra, dec, how, what)
    named = tuple(dict.fromkeys(str(r["canonicalName"]) for r in rows if r.get("canonicalName")))
    with_stars = {resolver: stars for resolver, stars in by_resolver.items() if stars}
    stars = tuple(dict.fromkeys(one for found in with_stars.values() for one in found))
    if len(by_resolver) < 2 or len(set(by_resolver.values())) < 2:
        return NameServiceAnswer(stars, named, "MAST" if rows else "")
    words = (
        f"{resolver} says {' or '.join(one[-1] for one in found) or 'a place without a star'}"
        for resolver, found in by_resolver.items()
    )
    return NameServiceAnswer(stars, named, "MAST", ", ".join(words))


def _arcsec_apart(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the distance [arcsec] of two near positions [deg]."""
    east = math.remainder(one[0] - other[0], 360) * math.cos(math.radians(one[1]))
    return math.hypot(east, one[1] - other[1]) * 3600


def _stars_at(ra: float, dec: float, how: RetryPolicy, what: str) -> tuple[tuple[str, ...], ...]:
    """Return the identifiers of each star of the TESS Input Catalog at a position [deg], the brightest first."""
    at = {"ra": ra, "dec": dec, "radius": SEARCH_ARCSEC / 3600}
    found = [row for row in _query_mast("Mast.Catalogs.Tic.Cone", at, "data", how, what) if row.get("objType") == "STAR"]
    try:
        found = sorted((r for r in found if r.get("Tmag") is not None and r.get("ID")), key=lambda r: float(r["Tmag"]))
        if len(found) > 1 and float(found[0]["Tmag"]) < float(found[1]["Tmag"]) - CLEARLY_BRIGHTER_MAGNITUDES:
            found = found[:1]
        numbers = [(("KIC", r["KIC"]), ("TIC", r["ID"])) for r in ({"KIC": None, **r} for r in found)]
        return tuple(tuple(targets.parse_star(f"{prefix} {int(n)}").id for prefix, n in star if n) for star in numbers)
    except (TypeError, ValueError, OverflowError, TargetError) as error:
        raise TransientError(f"MAST answered {what} with stars that have no numbers or magnitudes.") from error


def _query_mast(service: str, parameters: Mapping[str, object], holds: str, how: RetryPolicy, what: str) -> list[JsonObject]:
    """Return the rows under the key `holds` in the answer of a MAST service.

    astroquery's own name look-up is not used, since it has a fixed address and no timeout.
    """
    portal = http.import_quietly("astroquery.mast.discovery_portal").PortalAPI(http.http_session(how))
    mast.direct_portal(portal, ANSWER_TIMEOUT_SECONDS, {service: {}})  # the settings of its columns are not needed here
    try:
        answer = portal.service_request_async(service, dict(parameters))[0].json()
        rows = answer.get(holds) or []
        return [dict(row) for row in rows]
    except http.request_errors() as error:
        raise http.request_failure(error, "MAST", what) from error
    except (ValueError, TypeError, AttributeError, LookupError, TimeoutError, RecursionError) as error:
        raise TransientError(f"MAST answered {what} with something that is no list of names.") from error


def _catalog_order(identifier: str) -> int:
    return catalogues.PREFIX_ORDER.index(identifier.split(" ")[0])


def _answers_path() -> Path:
    return snapshots.snapshot_folder() / "names.json"


def _load_answers() -> dict[str, NameServiceAnswer]:
    """Return the stored answers that are recent enough, without damaged ones."""
    oldest = (datetime.now(UTC) - MAX_ANSWER_AGE).isoformat()
    answers = {name: _answer_from_row(row, oldest) for name, row in _read_answers().items()}
    return {name: answer for name, answer in answers.items() if answer is not None}


@dataclass(frozen=True)
class _StoredAnswer:
    """An answer in the file of answers."""

    stars: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    service: str
    date: str
    disagreement: str = ""


def _read_answers() -> dict[str, _StoredAnswer]:
    """Return all stored answers; none if there is no file, or it is damaged or of another version."""
    path = _answers_path()
    if not path.exists():
        return {}
    try:
        content = read_object(path, dict[str, object], "the names are asked for again", CacheError)
        if content.get("schema") != ANSWERS_SCHEMA:
            return {}
        with damage_as(CacheError, path, "the names are asked for again"):
            rows = convert(content["names"], dict[str, object], "the names")
    except CacheError as error:
        log.warning("%s", error)
        return {}
    found = {}
    for name, row in rows.items():
        try:
            found[name] = convert(row, _StoredAnswer, name)
        except ValueError as error:
            log.warning("%s", damage_sentence(path, error, f"the name {name} is asked for again"))
    return found


def _answer_from_row(row: _StoredAnswer, oldest: str) -> NameServiceAnswer | None:
    """Return a stored answer; None if it is too old, or names what is no star."""
    if not row.date > oldest:
        return None
    try:
        stars = tuple(tuple(targets.parse_star(identifier).id for identifier in star) for star in row.stars)
    except TargetError:
        return None
    return NameServiceAnswer(stars, row.names, row.service, row.disagreement)


def _save_answer(name: str, found: NameServiceAnswer) -> None:
    """Store an answer; if the cache is not writable, only log a warning."""
    with _lock:
        rows: dict[str, JsonObject] = {key: vars(row) for key, row in _read_answers().items()}
        now = datetime.now(UTC).isoformat()
        rows[name] = {**asdict(found), "date": now}
        try:
            text = json.dumps({"schema": ANSWERS_SCHEMA, "names": rows}, indent=0)
            files.write_text_atomically(_answers_path(), text, CacheError)
        except CacheError as error:
            log.warning("The name %s is not remembered: %s", name, error)


def services_unavailable_error(name: str, error: ArchiveError) -> TransientError:
    """Return the error for a name in no local catalog while the name services are unavailable.

    Parameters
    ----------
    name : str
        The name.
    error : ArchiveError
        Why the services are unavailable.

    Returns
    -------
    TransientError
        The error to raise.
    """
    if isinstance(error, UnreachableError):
        return type(error)(f"'{name}' is in no catalog here, and the archives cannot be asked for it. {error}")
    return TransientError(f"'{name}' is in no catalog here, and the archives cannot be asked for it now: {error}")


#: A catalog's prefix with an invalid number or none; this cannot be any other name.
_MALFORMED_IDENTIFIER = re.compile(r"(?:kic|epic|tic|sim|toi|koi)[\s_\-:]*[\d.]*", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d{1,2})?")


@dataclass(frozen=True)
class ResolvedName:
    """The star or signal that a name means.

    Attributes
    ----------
    target : Target
        The star to open.
    also : tuple of Target
        The same star in other missions' catalogs.
    signal : str
        Catalog name of the signal, if one was named; empty if the star was named.
    source : str
        Who resolved the name.
    """

    target: Target
    also: tuple[Target, ...] = ()
    signal: str = ""
    source: str = ""


def resolve_name(
    text: str,
    mission: Mission | None = None,
    *,
    catalog: Catalog | None = None,
    online: bool = True,
    how: RetryPolicy | None = None,
) -> ResolvedName:
    """Resolve a name to a star.

    An identifier is used as it is. Other names are looked up in the local catalogs, then in the
    archives' name services.

    Parameters
    ----------
    text : str
        The name.
    mission : Mission, optional
        Which identifier to return for a star in several missions' catalogs.
    catalog : Catalog, optional
        The local catalog; by default the current one.
    online : bool, optional
        Whether the name services may be queried.
    how : RetryPolicy, optional
        Timeouts and retries.

    Returns
    -------
    ResolvedName
        The star, and the signal if one was named.

    Raises
    ------
    AmbiguousNameError
        If several stars have the name; the error lists the candidates.
    TargetError
        If the name is unknown.
    TransientError
        If the name services are temporarily unavailable.
    ArchiveError
        If the name services refuse the query.
    """
    clean = " ".join(str(text).split())
    here = catalogues.current_catalog() if catalog is None else catalog
    refused: TargetError | None = None
    wanted = clean
    try:
        found = targets.parse(clean)
        if isinstance(found, Target):
            return _resolve_identifier(found, here)
        wanted = found.name
    except TargetError as error:
        if not clean or _MALFORMED_IDENTIFIER.fullmatch(clean):
            raise
        refused = error
    if _NUMBER.fullmatch(clean):
        return _resolve_number(clean, mission, here, refused)
    stars = here.stars_named(wanted)
    if stars:
        return _resolve_stars(wanted, stars, mission, "the catalogs")
    if online and clean:
        try:
            known = look_up_name(clean, how)
        except ArchiveError as error:
            raise services_unavailable_error(clean, error) from error
        also_called = (*known.names, *(identifier for star in known.stars for identifier in star))
        local = tuple(dict.fromkeys(star for name in also_called for star in here.stars_named(name)))
        asked = tuple(CatalogStar(identifiers, ()) for identifiers in known.stars)
        if known.disagreement:
            # What the catalogs know must not hide the other stars.
            listed = {i for star in local for i in star.identifiers}
            asked = (*local, *(star for star in asked if not set(star.identifiers) & listed))
            service = f"{known.service} ({known.disagreement})"
            return _resolve_stars(clean, asked, mission, service, known.disagreement)
        if stars := local or asked:
            return _resolve_stars(clean, stars, mission, known.service)
    raise _unknown_name_error(clean, wanted, here, online)


def find_counterpart(
    target: Target, mission: Mission, *, catalog: Catalog | None = None, online: bool = True, how: RetryPolicy | None = None
) -> Target | None:
    """Return the same star in another mission's catalog.

    The local catalog is used first, then the archives' name services.

    Parameters
    ----------
    target : Target
        The star.
    mission : Mission
        The other mission.
    catalog : Catalog, optional
        The local catalog; by default the current one.
    online : bool, optional
        Whether the name services may be queried.
    how : RetryPolicy, optional
        Timeouts and retries.

    Returns
    -------
    Target or None
        The star in the other catalog; None if no counterpart is known.

    Raises
    ------
    TransientError
        If the name services are temporarily unavailable.
    ArchiveError
        If the name services refuse the query.
    """
    here = catalogues.current_catalog() if catalog is None else catalog
    star = here.star_of(target)
    if star is not None and star.target(mission).mission is mission:
        return star.target(mission)
    if not online or target.is_simulated or target.mission is mission:
        return None
    known = look_up_name(target.id, how).stars
    # several stars may be near the position: take only one that the service identifies with the target
    same = [identifiers for identifiers in known if target.id in identifiers] or (list(known) if len(known) == 1 else [])
    found = [targets.parse_star(i) for identifiers in same for i in identifiers]
    return next((t for t in found if t.mission is mission), None)


def _resolve_identifier(found: Target, here: Catalog) -> ResolvedName:
    star = None if found.is_simulated else here.star_of(found)
    also = tuple(targets.parse_star(i) for i in star.identifiers if i != found.id) if star else ()
    return ResolvedName(found, also, source="its identifier")


def _resolve_stars(
    name: str, stars: tuple[CatalogStar, ...], mission: Mission | None, source: str, disagreement: str = ""
) -> ResolvedName:
    fit = [star for star in stars if mission is None or star.target(mission).mission is mission] or list(stars)
    if len(fit) > 1:
        raise AmbiguousNameError(name, tuple(star.target(mission).id for star in fit), disagreement)
    star = fit[0]
    target = star.target(mission)
    also = tuple(targets.parse_star(i) for i in star.identifiers if i != target.id)
    hosts = {name_key(host) for s in star.signals for host in (s.host, *s.also, s.target_id)}
    signal = "" if name_key(name) in hosts else next((s.name for s in star.signals if name_key(name) in _signal_names(s)), "")
    return ResolvedName(target, also, signal, source)


def _signal_names(signal: Signal) -> set[str]:
    # names of a signal end in its letter or number; other names are the star's
    return {name_key(n) for n in (signal.name, *signal.aliases) if re.search(r"( [a-z]|\.\d\d)$", n)}


def _resolve_number(number: str, mission: Mission | None, here: Catalog, refused: TargetError | None) -> ResolvedName:
    """Resolve a bare number as a TOI, a KOI or a star's identifier, as catalogs and mission allow."""
    words = [word for word, of in (("TOI", TESS), ("KOI", KEPLER)) if mission in (None, of)]
    prefixes = ("KIC", "EPIC", "TIC") if mission is None else (mission.prefix,)
    names = [f"{word} {number}" for word in words]
    if "." not in number:
        names += [f"{prefix} {number}" for prefix in prefixes]
    found = {name: star for name in names for star in here.stars_named(name)}
    unique = tuple({star.identifiers: star for star in found.values()}.values())
    if len(unique) > 1:
        raise AmbiguousNameError(number, tuple({star.identifiers: name for name, star in reversed(found.items())}.values())[::-1])
    if unique:
        name = next(iter(found))
        parsed = targets.parse(name)
        return _resolve_stars(parsed.name if isinstance(parsed, ObjectOfInterest) else parsed.id, unique, mission, "the catalogs")
    if mission is not None and "." not in number and mission.prefix in prefixes and number.strip("0"):
        return _resolve_identifier(Target(mission.prefix, number.lstrip("0")), here)
    if refused and "." not in number:
        raise refused
    raise TargetError(f"'{number}' is no number of a TOI or KOI that is in the catalogs here; write a star's name.")


def _unknown_name_error(clean: str, wanted: str, here: Catalog, online: bool) -> TargetError:
    """Return the error for an unknown name, with similar names as suggestions."""
    star = re.sub(r"(\.\d\d|(?<=\d)\s*[b-z])$", "", wanted)
    near = here.names_starting_with(star) if len(star) > 2 else ()
    asked = "the archives' name services" if online else "the archives were not asked"
    text = f"'{clean}' is in no catalog here" + (f", and {asked} do not know it" if online else f", and {asked}")
    known = here.stars_named(star) if star != wanted else ()
    if len(known) == 1:
        signals = ", ".join(dict.fromkeys(s.name for s in known[0].signals))
        return TargetError(f"{text}; the star {star} is {known[0].identifiers[0]}, with the signals {signals}.")
    if near:
        return TargetError(f"{text}; did you mean {', '.join(near)}?")
    return TargetError(f"{text}; write an identifier such as TIC 261136679, KIC 11446443 or EPIC 201367065.")
