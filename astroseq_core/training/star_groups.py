"""Which identifiers mean one star: its light curves must never be on two sides of a split or cross-fit."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from astroseq_core import targets
from astroseq_core.archive.catalogs import current_catalog
from astroseq_core.errors import TargetError

#: Targets whose light is measured in one aperture, so that both light curves hold the dips of either.
ONE_APERTURE = (("TIC 440859813", "TIC 471012770"),)
#: What a planet's name has behind that of its star: a letter, or the number of a candidate.
_PLANET = re.compile(r"(\s+[b-z]|\.\d\d)$")
#: A star's own name has letters and a number, or two words of letters; "b", "01" and "planet" are no names of stars.
_DESIGNATION = re.compile(r"[^\W\d]+[\s_-]*\d|[^\W\d]+\s+[^\W\d]")
#: Most identifiers of one star. A name that more share, such as "signal 1" in a table of one's own, is no star's.
MAX_IDENTIFIERS = 4


def host_name(name: str) -> str:
    """Return the name of the star in the name of a planet or candidate, as a key for comparison.

    Parameters
    ----------
    name : str
        Name of a star, planet or candidate.

    Returns
    -------
    str
        Lower-case name without planet letter, spaces and dashes; empty if what is left names no star.

    Examples
    --------
    >>> host_name("Kepler-90 h"), host_name("K00351.01"), host_name("TOI-700"), host_name("AU Mic b"), host_name("b")
    ('kepler90', 'k00351', 'toi700', 'aumic', '')
    """
    star = _PLANET.sub("", name.strip())
    return re.sub(r"[\s_-]+", "", star).lower() if _DESIGNATION.search(star) else ""


def star_groups(
    stars: Iterable[str], names: Mapping[str, Iterable[str]] | None = None, *, catalogs: bool = True
) -> dict[str, str]:
    """Return one identifier for all those of a star.

    Identifiers are of one star if the catalogs on this machine say so, if planets of theirs have one
    host's name, or if both are measured in one aperture.

    Parameters
    ----------
    stars : iterable of str
        Identifiers.
    names : mapping of str to iterable of str, optional
        Names of stars or planets, by identifier.
    catalogs : bool, optional
        Whether to ask the catalogs.

    Returns
    -------
    dict of str to str
        By identifier, the first of its group that is among `stars`; its own if it is alone.

    Examples
    --------
    >>> groups = star_groups(["TIC 471012770", "TIC 440859813", "TIC 7"], catalogs=False)
    >>> groups["TIC 471012770"], groups["TIC 7"]
    ('TIC 440859813', 'TIC 7')
    """
    ordered = sorted(set(stars))
    keys: dict[str, set[str]] = {star: {star} for star in ordered}
    hosts = {star: {host_name(name) for name in (names or {}).get(star, ())} - {""} for star in ordered}
    shared = Counter(host for own in hosts.values() for host in own)
    for star in ordered:
        keys[star] |= {host for host in hosts[star] if shared[host] <= MAX_IDENTIFIERS}
        if catalogs:
            keys[star] |= _identifiers(star)
    for one, other in ONE_APERTURE:
        for star in (one, other):
            if star in keys:
                keys[star] |= {one, other}
    parent = {star: star for star in ordered}

    def root(star: str) -> str:
        while parent[star] != star:
            star = parent[star]
        return star

    first: dict[str, str] = {}
    for star in ordered:
        for key in sorted(keys[star]):
            a, b = root(first.setdefault(key, star)), root(star)
            parent[max(a, b)] = min(a, b)
    return {star: root(star) for star in ordered}


def _identifiers(star: str) -> set[str]:
    try:
        target = targets.parse_star(star)
    except TargetError:
        return set()
    found = None if target.is_simulated else current_catalog().star_of(target)
    return set() if found is None else set(found.identifiers)
