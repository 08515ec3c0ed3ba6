"""MAST's portal as the stand-in has it: column settings, observation search, products, downloads.

The shapes are those of answers that the service gave: JSON with ``status``, ``fields``, ``data`` and ``paging``. Every number is
a star. So that a test, or a person, can choose what exists of it, it depends on the last digit of numbers below 100000:

=================  ==========================================================================================
any ...9           nothing at all
TIC ...8           TESS-SPOC and QLP of sector 3
TIC ...7           QLP of sector 3
TIC, any other     SPOC 120 s of sectors 1 and 3, SPOC 20 s, TESS-SPOC and QLP of sector 3
KIC, any other     long cadence of quarters 1 to 3, three months of short cadence in quarter 2
EPIC, any other    K2, EVEREST and K2SFF of campaigns 4 and 10 (which came in two parts)
=================  ==========================================================================================
"""

import dataclasses
import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from tests.standin import star_names
from tests.standin.faults import Kind
from tests.standin.server import Request, Response, Route, State
from tests.standin.skyfiles import Sky, fits_bytes

#: Cadences of a served light curve; 0 for all of them.
CADENCES = "mast cadences"
DEFAULT_CADENCES = 300
#: Columns of observations that the portal no longer has; also without their values if HIDDEN_VALUES is set.
HIDDEN, HIDDEN_VALUES = "mast hidden columns", "mast hidden values"

_OBSERVATION_FIELDS = {
    "dataproduct_type": "string",
    "obs_collection": "string",
    "instrument_name": "string",
    "project": "string",
    "filters": "string",
    "target_name": "string",
    "obs_id": "string",
    "s_ra": "float",
    "s_dec": "float",
    "calib_level": "int",
    "t_min": "float",
    "t_max": "float",
    "t_exptime": "float",
    "obs_title": "string",
    "dataRights": "string",
    "provenance_name": "string",
    "sequence_number": "int",
    "dataURL": "string",
    "obsid": "string",
    "objID": "string",
    "intentType": "string",
    "_selected_": "boolean",
}
_PRODUCT_FIELDS = {
    "obsID": "string",
    "obs_collection": "string",
    "dataproduct_type": "string",
    "obs_id": "string",
    "description": "string",
    "type": "string",
    "dataURI": "string",
    "productType": "string",
    "productGroupDescription": "string",
    "productSubGroupDescription": "string",
    "productDocumentationURL": "string",
    "project": "string",
    "prvversion": "string",
    "productFilename": "string",
    "size": "int",
    "parent_obsid": "string",
    "dataRights": "string",
    "_selected_": "boolean",
}
_KIND = {"string": "char", "float": "double", "int": "long", "boolean": "boolean"}


@functools.lru_cache(maxsize=4096)
def products_of(target: str) -> tuple[Sky, ...]:
    """Every light curve that exists of ``kplr...``, ``ktwo...`` or a TIC number, as MAST names targets."""
    match = re.fullmatch(r"(kplr|ktwo)?0*(\d+)", target)
    if match is None or int(match[2]) == 0 or _ending(int(match[2])) == 9:
        return ()
    makers = {"kplr": _kepler, "ktwo": _k2, None: _tess}
    return tuple(makers[match[1]](int(match[2])))


def _ending(number: int) -> int:
    """The last digit of a made-up star's number; of a real one's 0."""
    return number % 10 if number < 100_000 else 0


def _kepler(number: int) -> Iterator[Sky]:
    star, folder = f"kplr{number:09d}", "mast:Kepler/url/missions/kepler/lightcurves"
    stamps = {1: ["2009166043257"], 2: ["2009259160929"], 3: ["2009350155506"]}
    months = {2: ["2009201121230", "2009231120729", "2009259162342"]}
    for kind, exposure, words, when in (("lc", 1800, "Long Cadence (CLC)", stamps), ("sc", 60, "Short Cadence (CSC)", months)):
        for quarter, dates in when.items():
            for date in dates:
                name = f"{star}-{date}_{'llc' if kind == 'lc' else 'slc'}.fits"
                where = f"{folder}/{number:09d}"[:-5] + f"/{number:09d}/{name}"
                yield Sky(
                    "Kepler",
                    number,
                    "Kepler",
                    exposure,
                    quarter,
                    f"{star}_{kind}_Q011100000000000000",
                    name,
                    where,
                    f"Lightcurve {words} - Q{quarter}",
                )


def _k2(number: int) -> Iterator[Sky]:
    for label, campaign in (("04", 4), ("101", 10), ("102", 10)):
        folder = f"c{label}/{number // 100000 * 100000}/{number % 100000}"
        for author, name, uri in (
            ("K2", f"ktwo{number:09d}-c{label}_llc.fits", "mast:K2/url/missions/k2/lightcurves"),
            ("EVEREST", f"hlsp_everest_k2_llc_{number:09d}-c{label}_kepler_v2.0_lc.fits", "mast:HLSP/everest/v2"),
            ("K2SFF", f"hlsp_k2sff_k2_lightcurve_{number:09d}-c{label}_kepler_v1_llc.fits", "mast:HLSP/k2sff"),
        ):
            obs_id = f"ktwo{number:09d}-c{label}_lc" if author == "K2" else name.removesuffix(".fits")
            words = f"Lightcurve Long Cadence (KLC) - C{campaign}" if author == "K2" else "FITS light curve"
            part = campaign + (2 if label == "102" else 0)  # the parts of a campaign follow each other
            yield Sky("K2", number, author, 1800, part, obs_id, name, f"{uri}/{folder}/{name}", words)


def _tess(number: int) -> Iterator[Sky]:
    stamp = {1: "2018206045859-s0001", 3: "2018263035959-s0003"}
    ending = _ending(number)
    if ending not in (7, 8):
        for sector, exposure in ((1, 120), (3, 120), (3, 20)):
            obs_id = f"tess{stamp[sector]}-{number:016d}-{'0123-a_fast' if exposure == 20 else '0120-s'}"
            name = f"{obs_id}-lc.fits" if exposure == 20 else f"{obs_id}_lc.fits"
            yield Sky("TESS", number, "SPOC", exposure, sector, obs_id, name, f"mast:TESS/product/{name}", "Light curves")
    padded = f"{number:016d}"
    quarters = "/".join(padded[i : i + 4] for i in range(0, 16, 4))
    if ending != 7:
        stem = f"hlsp_tess-spoc_tess_phot_{padded}-s0003_tess_v1"
        uri = f"mast:HLSP/tess-spoc/s0003/target/{quarters}/{stem}_lc.fits"
        yield Sky("TESS", number, "TESS-SPOC", 1800, 3, f"{stem}_tp", f"{stem}_lc.fits", uri, "FITS light curve")
    stem = f"hlsp_qlp_tess_ffi_s0003-{padded}_tess_v01_llc"
    yield Sky(
        "TESS", number, "QLP", 1800, 3, stem, f"{stem}.fits", f"mast:HLSP/qlp/s0003/{quarters}/{stem}.fits", "FITS light curve"
    )


# ---- the portal


def _observations(target: str) -> Iterator[dict[str, Any]]:
    """Rows of the observation search: one for each product, but one for all quarters of Kepler at one cadence."""
    seen: set[str] = set()
    for sky in products_of(target):
        if sky.obs_id in seen:
            continue
        seen.add(sky.obs_id)
        sequence = None if sky.mission == "Kepler" else 10 if "-c10" in sky.filename else sky.sequence
        yield {
            **dict.fromkeys(_OBSERVATION_FIELDS),
            "dataproduct_type": "timeseries",
            "project": sky.mission,
            "obs_collection": "HLSP" if "HLSP" in sky.uri else sky.mission,
            "instrument_name": "Photometer",
            "target_name": target,
            "obs_id": sky.obs_id,
            "s_ra": 100.0 + sky.number % 1000 / 10,
            "s_dec": -30.0,
            "calib_level": 3,
            "t_min": 58324.8,
            "t_max": 58352.7,
            "t_exptime": float(sky.exposure),
            "dataRights": "PUBLIC",
            "provenance_name": sky.author,
            "sequence_number": sequence,
            "obsid": _obsid(target, sky),
            "objID": _obsid(target, sky),
            "intentType": "science",
        }


def _obsid(target: str, sky: Sky) -> str:
    """A number that leads back to the observation."""
    order = list(dict.fromkeys(other.obs_id for other in products_of(target))).index(sky.obs_id)
    return f"{ {'Kepler': 1, 'K2': 2, 'TESS': 3}[sky.mission] }{order:02d}{sky.number}"


def _products(obsid: str, state: State) -> Iterator[dict[str, Any]]:
    """Rows of the product list: the light curves of an observation, its target pixels and a report."""
    if not re.fullmatch(r"[123]\d{3,}", obsid):
        return
    number = int(obsid[3:])
    target = {"1": f"kplr{number:09d}", "2": f"ktwo{number:09d}", "3": str(number)}[obsid[0]]
    of_it = [sky for sky in products_of(target) if _obsid(target, sky) == obsid]
    for sky in of_it:
        row = {
            **dict.fromkeys(_PRODUCT_FIELDS),
            "obsID": obsid,
            "parent_obsid": obsid,
            "dataproduct_type": "timeseries",
            "obs_collection": "HLSP" if "HLSP" in sky.uri else sky.mission,
            "obs_id": sky.obs_id,
            "description": sky.description,
            "type": "S",
            "dataURI": sky.uri,
            "productType": "SCIENCE",
            "productSubGroupDescription": "LC",
            "project": sky.author,
            "productGroupDescription": "Minimum Recommended Products",
            "productFilename": sky.filename,
            "dataRights": "PUBLIC",
            "size": len(fits_bytes(sky, _cadences(state))),
        }
        yield row
        pixels = sky.filename.replace("_lc.", "_tp.").replace("_llc.fits", "_lpd-targ.fits.gz")
        if pixels != sky.filename:
            folder = sky.uri.removesuffix(sky.filename)
            yield {**row, "description": "Target pixel files", "productFilename": pixels, "dataURI": folder + pixels}
    for sky in of_it[:1]:
        yield {
            **dict.fromkeys(_PRODUCT_FIELDS),
            "obsID": obsid,
            "parent_obsid": obsid,
            "obs_id": sky.obs_id,
            "type": "S",
            "size": 9,
            "obs_collection": sky.mission,
            "description": "full data validation report",
            "productType": "INFO",
            "dataURI": f"mast:TESS/product/{obsid}_dvr.pdf",
            "productFilename": f"{obsid}_dvr.pdf",
        }


def _invoke(request: Request, state: State) -> Response:
    asked = json.loads(request.form["request"])
    params = asked.get("params") or {}
    if asked["service"] == "Mast.Caom.Filtered":
        rows = list(_filtered(params.get("filters") or []))
        if params.get("columns") == "COUNT_BIG(*)":
            return _table([{"Column1": len(rows)}], {"Column1": "string"}, request)
        if state.shelf.get(HIDDEN_VALUES):
            rows = [{k: v for k, v in row.items() if k not in state.shelf[HIDDEN]} for row in rows]
        return _table(rows, _OBSERVATION_FIELDS, request)
    if asked["service"] == "Mast.Caom.Products":
        found = [row for obsid in str(params.get("obsid", "")).split(",") for row in _products(obsid, state)]
        return _table(found, _PRODUCT_FIELDS, request)
    if (service := star_names.SERVICES.get(asked["service"])) is not None:
        return service(params, state)
    message = f"The stand-in has no service {asked['service']}."
    return Response(json.dumps({"status": "ERROR", "msg": message, "data": []}).encode())


def _filtered(filters: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    names = next((f["values"] for f in filters if f["paramName"] == "target_name"), [])
    for name in names:
        for row in _observations(str(name)):
            if all(_meets(row, f) for f in filters):
                yield row


def _meets(row: dict[str, Any], condition: dict[str, Any]) -> bool:
    value, allowed = row.get(condition["paramName"]), condition["values"]
    if allowed and isinstance(allowed[0], dict):
        return value is not None and float(allowed[0]["min"]) <= float(value) <= float(allowed[0]["max"])
    return str(value).lower() in {str(v).lower() for v in allowed}


def _table(rows: list[dict[str, Any]], fields: dict[str, str], request: Request) -> Response:
    kind = request.fault.kind if request.fault else None
    if kind is Kind.EMPTY:
        rows = []
    elif kind is Kind.DUPLICATES:
        rows = [row for row in rows for _ in range(2)]
    answer = {
        "status": "COMPLETE",
        "msg": "",
        "data": rows,
        "fields": [{"name": n, "type": t} for n, t in fields.items()],
        "paging": {
            "page": 1,
            "pageSize": 50000,
            "pagesFiltered": 1,
            **dict.fromkeys(("rows", "rowsFiltered", "rowsTotal"), len(rows)),
        },
    }
    return Response(json.dumps(answer).encode())


def _columns(request: Request, state: State) -> Response:
    fields = _PRODUCT_FIELDS if "Products" in request.form.get("colConfigId", "") else _OBSERVATION_FIELDS
    hidden = state.shelf.get(HIDDEN, ())
    settings = {name: {"text": name, "vot.datatype": _KIND[kind]} for name, kind in fields.items() if name not in hidden}
    return Response(json.dumps(settings).encode())


# ---- files


def _cadences(state: State) -> int:
    return int(state.shelf.get(CADENCES, DEFAULT_CADENCES))


def _download(request: Request, state: State) -> Response:
    sky = product_at(request.query.get("uri", ""))
    if sky is None:
        return Response(b"File not found", 404, "text/plain")
    if request.fault and request.fault.kind is Kind.LIE:
        sky = dataclasses.replace(sky, number=sky.number + 1)
    return Response(fits_bytes(sky, _cadences(state)), content_type="application/octet-stream")


def product_at(uri: str) -> Sky | None:
    """The product at a URI, or None."""
    name = uri.rpartition("/")[2]
    star = re.match(r"(kplr\d{9}|ktwo\d{9})", name)
    number = re.search(r"(?<!\d)(\d{16}|\d{9})(?!\d)", name)
    target = star[1] if star else "" if number is None else number[1] if len(number[1]) == 16 else f"ktwo{number[1]}"
    return next((sky for sky in products_of(target.lstrip("0")) if sky.uri == uri), None)


ROUTES: list[Route] = [
    ("POST", r"/api/v0/invoke", _invoke),
    ("POST", r"/portal/Mashup/Mashup\.asmx/columnsconfig", _columns),
    ("GET", r"/api/v0\.1/Download/file", _download),
]
