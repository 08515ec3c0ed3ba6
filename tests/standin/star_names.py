"""MAST's look-up of names and its cone search of the TESS Input Catalog, as parts of the portal that ``mast`` serves."""

import json
import math
from collections.abc import Callable
from typing import Any

from tests.standin.server import Response, StandIn, State

_POSITIONS, _STARS, _RESOLVERS = "star_names.positions", "star_names.stars", "star_names.resolvers"
#: A star without a planet, for a person who clicks through the app: KIC 8462852 (Boyajian's star) and a neighbour.
SAMPLE_POSITIONS = {"boyajian's star": (301.5644, 44.4569), "tabby's star": (301.5644, 44.4569)}


def star(number: int, tmag: float, ra: float, dec: float, **more: Any) -> dict[str, Any]:
    """A row of the TESS Input Catalog with the columns that matter here."""
    return {"ID": number, "Tmag": tmag, "ra": ra, "dec": dec, "objType": "STAR", "KIC": None, **more}


SAMPLE_STARS = [star(185336364, 11.3, 301.5644, 44.4569, KIC="8462852")]


def place(server: StandIn, name: str, ra: float, dec: float, *stars: dict[str, Any]) -> None:
    """Know a name's position, and add stars to the catalogue."""
    server.state.shelf.setdefault(_POSITIONS, {})[name.lower()] = (ra, dec)
    server.state.shelf.setdefault(_STARS, []).extend(stars)


def also_at(server: StandIn, name: str, resolver: str, ra: float, dec: float) -> None:
    """Let another resolver know the name, at a position of its own."""
    server.state.shelf.setdefault(_RESOLVERS, {}).setdefault(name.lower(), []).append((resolver, ra, dec))


def _look_up(params: dict[str, Any], state: State) -> Response:
    name = str(params.get("input", ""))
    at = state.shelf.get(_POSITIONS, SAMPLE_POSITIONS).get(name.lower())
    rows = []
    if at is not None:
        rows = [{"searchString": name.lower(), "resolver": "SIMBAD", "canonicalName": name.upper(), "ra": at[0], "decl": at[1]}]
    for resolver, ra, dec in state.shelf.get(_RESOLVERS, {}).get(name.lower(), ()):
        rows.append({"searchString": name.lower(), "resolver": resolver, "canonicalName": name, "ra": ra, "decl": dec})
    return Response(json.dumps({"resolvedCoordinate": rows, "status": ""}).encode())


def _cone(params: dict[str, Any], state: State) -> Response:
    ra, dec, radius = (float(params[name]) for name in ("ra", "dec", "radius"))

    def apart(row: dict[str, Any]) -> float:
        return math.hypot((row["ra"] - ra) * math.cos(math.radians(dec)), row["dec"] - dec)

    found = [row for row in state.shelf.get(_STARS, SAMPLE_STARS) if apart(row) <= radius]
    return Response(json.dumps({"status": "COMPLETE", "msg": "", "data": found, "fields": []}).encode())


#: The portal's services by name; each answers the parameters of a request.
SERVICES: dict[str, Callable[[dict[str, Any], State], Response]] = {
    "Mast.Name.Lookup": _look_up,
    "Mast.Catalogs.Tic.Cone": _cone,
}
