"""Names: which star a person means who writes one in any usual way."""

import re
from dataclasses import dataclass

from astroseq_core import targets
from astroseq_core.archive import catalogue as catalogues
from astroseq_core.archive import name_service
from astroseq_core.archive.catalogue import Catalogue, Star
from astroseq_core.archive.retry import Patience
from astroseq_core.archive.signals import Signal, key
from astroseq_core.errors import AmbiguousNameError, ArchiveError, TargetError
from astroseq_core.missions import KEPLER, TESS, Mission
from astroseq_core.targets import ObjectOfInterest, Target

#: A catalogue's name with a number that it cannot have, or none: no other name.
_MISWRITTEN = re.compile(r"(?:kic|epic|tic|sim|toi|koi)[\s_\-:]*[\d.]*", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d{1,2})?")


@dataclass(frozen=True)
class Resolved:
    """What a name means: the ``target`` to open, the same star as other missions have it in ``also``, and who said so.

    ``signal`` is the catalogue's name of the one signal that was named, empty where the whole star was.
    """

    target: Target
    also: tuple[Target, ...] = ()
    signal: str = ""
    source: str = ""


def resolve(
    text: str,
    mission: Mission | None = None,
    *,
    catalogue: Catalogue | None = None,
    online: bool = True,
    how: Patience | None = None,
) -> Resolved:
    """The star that a name means: an identifier as it stands, then the catalogues here, then the archives' name services.

    Where a star is in several missions' catalogues, ``mission`` says which identifier is wanted. Raises AmbiguousNameError,
    with its candidates, for a name of several stars; TargetError for a name that nobody knows; and PassingError or
    ArchiveError when the services, asked only if ``online``, cannot be.
    """
    clean = " ".join(str(text).split())
    here = catalogues.current() if catalogue is None else catalogue
    refused: TargetError | None = None
    wanted = clean
    try:
        found = targets.parse(clean)
        if isinstance(found, Target):
            return _identifier(found, here)
        wanted = found.name
    except TargetError as error:
        if not clean or _MISWRITTEN.fullmatch(clean):
            raise
        refused = error
    if _NUMBER.fullmatch(clean):
        return _of_number(clean, mission, here, refused)
    stars = here.stars_named(wanted)
    if stars:
        return _of_stars(wanted, stars, mission, "the catalogues")
    if online and clean:
        try:
            known = name_service.look_up(clean, how)
        except ArchiveError as error:
            raise name_service.explain(clean, error) from error
        also_called = (*known.names, *(identifier for star in known.stars for identifier in star))
        local = dict.fromkeys(star for name in also_called for star in here.stars_named(name))
        if local:
            return _of_stars(clean, tuple(local), mission, known.service)
        if known.stars:
            return _of_stars(clean, tuple(Star(identifiers, ()) for identifiers in known.stars), mission, known.service)
    raise _unknown(clean, wanted, here, online)


def counterpart(
    target: Target, mission: Mission, *, catalogue: Catalogue | None = None, online: bool = True, how: Patience | None = None
) -> Target | None:
    """The same star in another mission's catalogue, None where nobody knows one: here first, then the archives' services.

    Raises PassingError or ArchiveError when the services, asked only if ``online``, cannot be.
    """
    here = catalogues.current() if catalogue is None else catalogue
    star = here.star_of(target)
    if star is not None and star.target(mission).mission is mission:
        return star.target(mission)
    if not online or target.is_simulated or target.mission is mission:
        return None
    known = name_service.look_up(target.id, how).stars
    # several stars stand near the position: only one that is said to be the same will do
    same = [identifiers for identifiers in known if target.id in identifiers] or (list(known) if len(known) == 1 else [])
    found = [targets.parse_star(i) for identifiers in same for i in identifiers]
    return next((t for t in found if t.mission is mission), None)


def _identifier(found: Target, here: Catalogue) -> Resolved:
    star = None if found.is_simulated else here.star_of(found)
    also = tuple(targets.parse_star(i) for i in star.identifiers if i != found.id) if star else ()
    return Resolved(found, also, source="its identifier")


def _of_stars(name: str, stars: tuple[Star, ...], mission: Mission | None, source: str) -> Resolved:
    fit = [star for star in stars if mission is None or star.target(mission).mission is mission] or list(stars)
    if len(fit) > 1:
        raise AmbiguousNameError(name, tuple(star.target(mission).id for star in fit))
    star = fit[0]
    target = star.target(mission)
    also = tuple(targets.parse_star(i) for i in star.identifiers if i != target.id)
    hosts = {key(host) for s in star.signals for host in (s.host, *s.also, s.target_id)}
    signal = "" if key(name) in hosts else next((s.name for s in star.signals if key(name) in _names_of(s)), "")
    return Resolved(target, also, signal, source)


def _names_of(signal: Signal) -> set[str]:
    # a signal's own names end in its letter or its number; what is left over are names of the star
    return {key(n) for n in (signal.name, *signal.aliases) if re.search(r"( [a-z]|\.\d\d)$", n)}


def _of_number(number: str, mission: Mission | None, here: Catalogue, refused: TargetError | None) -> Resolved:
    """A bare number: a TOI, a KOI or a star's identifier, as far as the catalogues and the mission asked for allow."""
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
        return _of_stars(parsed.name if isinstance(parsed, ObjectOfInterest) else parsed.id, unique, mission, "the catalogues")
    if mission is not None and "." not in number and mission.prefix in prefixes and number.strip("0"):
        return _identifier(Target(mission.prefix, number.lstrip("0")), here)
    if refused and "." not in number:
        raise refused
    raise TargetError(f"'{number}' is no number of a TOI or KOI that is in the catalogues here; write a star's name.")


def _unknown(clean: str, wanted: str, here: Catalogue, online: bool) -> TargetError:
    """The error of a name that nobody knows, with what comes near to it."""
    star = re.sub(r"(\.\d\d|(?<=\d)\s*[b-z])$", "", wanted)
    near = here.starting(star) if len(star) > 2 else ()
    asked = "the archives' name services" if online else "the archives were not asked"
    text = f"'{clean}' is in no catalogue here" + (f", and {asked} do not know it" if online else f", and {asked}")
    known = here.stars_named(star) if star != wanted else ()
    if len(known) == 1:
        signals = ", ".join(dict.fromkeys(s.name for s in known[0].signals))
        return TargetError(f"{text}; the star {star} is {known[0].identifiers[0]}, with the signals {signals}.")
    if near:
        return TargetError(f"{text}; did you mean {', '.join(near)}?")
    return TargetError(f"{text}; write an identifier such as TIC 261136679, KIC 11446443 or EPIC 201367065.")
