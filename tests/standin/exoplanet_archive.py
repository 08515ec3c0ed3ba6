"""The NASA Exoplanet Archive's part of the stand-in: its TAP service and its look-up of names.

``serve`` puts tables and names on the shelf; a server started by hand has the few rows of ``SAMPLES``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from tests.standin.faults import Kind
from tests.standin.server import Request, Response, Route, StandIn, State

_TABLES, _NAMES = "exoplanet_archive.tables", "exoplanet_archive.names"
_QUERY = re.compile(
    r"select\s+(?P<columns>.+?)\s+from\s+(?P<table>\w+)(?:\s+where\s+(?P<column>\w+)\s*=\s*(?P<value>\w+))?\s*", re.I
)
#: Units as the archive's VOTables state them; columns of all other names have none.
UNITS = {
    **{"koi_period": "days", "koi_time0bk": "BKJD", "koi_duration": "hrs", "koi_depth": "ppm"},
    **{"pl_orbper": "day", "pl_tranmid": "day", "pl_trandurh": "hour", "pl_trandur": "hour"},
}

Row = Mapping[str, Any]


def serve(server: StandIn, table: str, rows: Sequence[Row]) -> None:
    """Serve those rows as that table from now on."""
    server.state.shelf.setdefault(_TABLES, {})[table] = [dict(row) for row in rows]


def name(server: StandIn, star: str, aliases: Sequence[str], planets: Mapping[str, Sequence[str]] | None = None) -> None:
    """Know a star by those names, and its planets by theirs."""
    known = {star: list(aliases), **{p: list(a) for p, a in (planets or {}).items()}}
    server.state.shelf.setdefault(_NAMES, {})[star] = known


def votable(table: str, columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    """A VOTable of those columns of the rows, as TAP answers it."""
    depth = "ppm" if table == "toi" else "%"
    fields = "".join(_field(c, rows, {**UNITS, "pl_trandep": depth}.get(c, "")) for c in columns)
    cells = "".join("<TR>" + "".join(f"<TD>{_cell(row.get(c))}</TD>" for c in columns) + "</TR>\n" for row in rows)
    data = f"<DATA><TABLEDATA>\n{cells}</TABLEDATA></DATA>"
    return _document(f'<INFO name="QUERY_STATUS" value="OK"/><TABLE name="{table}">{fields}{data}</TABLE>')


def _field(column: str, rows: Sequence[Row], unit: str) -> str:
    values = [row[column] for row in rows if row.get(column) is not None]
    kind = 'datatype="char" arraysize="*"'
    if values and all(isinstance(v, int) for v in values):
        kind = 'datatype="long"'
    elif all(isinstance(v, int | float) for v in values):
        kind = 'datatype="double"'
    return f'<FIELD name="{column}" {kind}' + (f' unit="{unit}"' if unit else "") + "/>"


def _cell(value: Any) -> str:
    return "" if value is None else escape(repr(value) if isinstance(value, float) else str(value))


def _document(inside: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        f'<RESOURCE type="results">{inside}</RESOURCE></VOTABLE>'
    ).encode()


def _refusal(reason: str) -> Response:
    body = _document(f'<INFO name="QUERY_STATUS" value="ERROR">{escape(reason)}</INFO>')
    return Response(body, 400, "application/x-votable+xml")


def _tap(request: Request, state: State) -> Response:
    asked = {k.upper(): v for k, v in {**request.query, **request.form}.items()}
    query = _QUERY.fullmatch(asked.get("QUERY", "").strip())
    tables = state.shelf.get(_TABLES, SAMPLES)
    if query is None or query["table"] not in tables:
        return _refusal(f"ORA-00942: table or view does not exist: {asked.get('QUERY', '')}")
    rows = list(tables[query["table"]])
    present = list(dict.fromkeys(c for row in rows for c in row))
    if query["column"]:
        rows = [row for row in rows if str(row.get(query["column"])) == query["value"]]
    columns = present if query["columns"] == "*" else [c.strip() for c in query["columns"].split(",")]
    if rows and (unknown := [c for c in columns if c not in present]):
        return _refusal(f'ORA-00904: "{unknown[0].upper()}": invalid identifier')
    kind = request.fault.kind if request.fault else None
    rows = [] if kind is Kind.EMPTY else [*rows, *rows] if kind is Kind.DUPLICATES else rows
    return Response(votable(query["table"], columns, rows), content_type="application/x-votable+xml")


def _lookup(request: Request, state: State) -> Response:
    asked = request.query.get("objname", "")
    plain = re.sub(r"[\s_\-]+", "", asked).lower()
    for star, known in state.shelf.get(_NAMES, SAMPLE_NAMES).items():
        for default, aliases in known.items():
            if plain in {re.sub(r"[\s_\-]+", "", a).lower() for a in (default, *aliases)}:
                return Response(json.dumps(_system(asked, default, star, known)).encode())
    unknown = {"manifest": {"requested_name": asked, "lookup_status": "System Not Found"}}
    return Response(json.dumps(unknown).encode())


def _system(asked: str, found: str, star: str, known: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    def aliases(default: str) -> dict[str, Any]:
        return {"alias_set": {"item_count": len(known[default]), "default_name": default, "aliases": list(known[default])}}

    planets = {p: aliases(p) for p in known if p != star}
    return {
        "manifest": {
            "requested_name": asked,
            "resolved_name": found,
            "system_name": star,
            "lookup_status": "OK",
            "system_snapshot": {"number_of_stars": 1, "number_of_planets": len(planets)},
        },
        "system": {
            "system_info": {"id": star, "alias_set": {"item_count": 1, "default_name": star, "aliases": [star]}},
            "objects": {
                "stellar_set": {"item_count": 1, "stars": {star: {"is_host": "True", **aliases(star)}}},
                "planet_set": {"item_count": len(planets), "planets": planets},
            },
        },
    }


_PAPER = "https://ui.adsabs.harvard.edu/abs/2020AJ....159....1W/abstract"


def _with_errors(row: Row, suffixes: Sequence[str], *columns: str) -> dict[str, Any]:
    """The row with empty columns for the errors and limits that it does not give, as the archive's tables have them."""
    return {**dict.fromkeys((c + s for c in columns for s in suffixes), None), **row}


def koi(kepid: int, number: str, **values: Any) -> dict[str, Any]:
    """A row of ``cumulative``; what is not given is of no star in particular."""
    row = {
        "kepid": kepid,
        "kepoi_name": number,
        "kepler_name": None,
        "koi_disposition": "CANDIDATE",
        "koi_period": 5.0,
        "koi_time0bk": 140.0,
        "koi_duration": 3.0,
        "koi_depth": 500.0,
        "koi_kepmag": 13.0,
        "koi_prad": 2.0,
        "koi_steff": 5700.0,
        "koi_srad": 1.0,
        "koi_smass": None,
        "koi_slogg": 4.438,
        "ra": 290.0,
        "dec": 45.0,
        **values,
    }
    star = ("koi_srad", "koi_smass", "koi_slogg")
    return _with_errors(row, ("_err1", "_err2"), "koi_period", "koi_time0bk", "koi_duration", "koi_depth", *star)


def toi(tid: int, number: float, **values: Any) -> dict[str, Any]:
    """A row of ``toi``."""
    row = {
        "tid": tid,
        "toi": number,
        "tfopwg_disp": "PC",
        "pl_orbper": 5.0,
        "pl_tranmid": 2458500.0,
        "pl_trandurh": 3.0,
        "pl_trandep": 500.0,
        "st_tmag": 10.0,
        "pl_rade": 2.0,
        "st_teff": 5700.0,
        "st_rad": 1.0,
        "st_logg": 4.438,
        "ra": 100.0,
        "dec": -60.0,
        **values,
    }
    star = ("st_rad", "st_logg")
    return _with_errors(row, ("err1", "err2", "lim"), "pl_orbper", "pl_tranmid", "pl_trandurh", "pl_trandep", *star)


def planet(name: str, tic: str | None, **values: Any) -> dict[str, Any]:
    """A row of ``ps``."""
    row = {
        "pl_name": name,
        "hostname": name.rsplit(" ", 1)[0],
        "tic_id": tic,
        "default_flag": 1,
        "pl_orbper": 5.0,
        "pl_tranmid": 2458500.0,
        "pl_tsystemref": "BJD-TDB",
        "pl_trandur": 3.0,
        "pl_trandep": 0.05,
        "pl_refname": f"<a refstr=WHO_2020 href={_PAPER} target=ref>Who et al. 2020</a>",
        "hd_name": None,
        "hip_name": None,
        "pl_ratdor": None,
        "pl_ratror": None,
        "pl_imppar": None,
        "pl_orbincl": None,
        "sy_tmag": 10.0,
        "sy_kepmag": None,
        "sy_vmag": 11.0,
        "pl_rade": 2.0,
        "st_teff": 5700.0,
        "st_rad": 1.0,
        "st_mass": 1.0,
        "st_logg": 4.438,
        "st_dens": None,
        "ra": 100.0,
        "dec": -60.0,
        **values,
    }
    star = ("st_rad", "st_mass", "st_logg", "st_dens")
    return _with_errors(row, ("err1", "err2", "lim"), "pl_orbper", "pl_tranmid", "pl_trandur", "pl_trandep", *star)


def k2(name: str, epic: str | None, **values: Any) -> dict[str, Any]:
    """A row of ``k2pandc``."""
    row = planet(name, None, disposition="CANDIDATE", epic_hostname=epic, epic_candname=None, k2_name=None)
    return {**row, "pl_tranmid": 2457000.0, "sy_kepmag": 12.0, **values}


#: Rows for a person who clicks through the app: real stars, epochs and periods, and round numbers for the rest.
SAMPLES: dict[str, list[dict[str, Any]]] = {
    "cumulative": [
        koi(
            11904151,
            "K00072.01",
            kepler_name="Kepler-10 b",
            koi_disposition="CONFIRMED",
            koi_period=0.837491225,
            koi_time0bk=131.574858,
            koi_duration=1.796,
            koi_depth=190.4,
        ),
        koi(
            11446443,
            "K00001.01",
            kepler_name="Kepler-1 b",
            koi_disposition="CONFIRMED",
            koi_period=2.470613377,
            koi_time0bk=122.763305,
            koi_duration=1.74319,
            koi_depth=14231.0,
        ),
    ],
    "toi": [
        toi(261136679, 144.01, tfopwg_disp="CP", pl_orbper=6.267832, pl_tranmid=2460011.550653, pl_trandurh=2.789, st_tmag=5.1),
        toi(150428135, 700.01, tfopwg_disp="CP", pl_orbper=16.051106, pl_tranmid=2459303.157062, pl_trandurh=1.397, st_tmag=10.9),
    ],
    "k2pandc": [
        k2(
            "K2-3 b",
            "EPIC 201367065",
            tic_id="TIC 173103335",
            disposition="CONFIRMED",
            pl_orbper=10.0546535,
            pl_tranmid=2457165.32947,
            pl_trandur=2.563,
        ),
    ],
    "ps": [planet("pi Men c", "TIC 261136679", pl_orbper=6.267832, pl_tranmid=2460011.550653, pl_trandur=2.8)],
}
SAMPLE_NAMES: dict[str, dict[str, list[str]]] = {
    "bet Pic": {"bet Pic": ["TIC 270577175", "HD 39060", "HIP 27321", "bet Pic"], "bet Pic b": ["TIC 270577175 b", "bet Pic b"]},
}

ROUTES: list[Route] = [
    ("GET", r"/TAP/sync", _tap),
    ("POST", r"/TAP/sync", _tap),
    ("GET", r"/cgi-bin/Lookup/nph-aliaslookup\.py", _lookup),
]
