"""Kinds of what archives answer: rows of catalogs, tables, names, and MAST's lists."""

import contextlib
import functools
import io
import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
from hypothesis import strategies as st

from astroseq_core.archive import exoplanet_archive, http, mast, names, network, products, snapshots
from astroseq_core.archive.exoplanet_archive import K2_TABLE, KOI_TABLE, PLANETS_TABLE, TOI_TABLE
from astroseq_core.archive.normalize import NormalizedTable, normalize_table
from astroseq_core.errors import AstroSeqError
from astroseq_core.targets import Target
from tests.fuzz.damage import damaged_bytes, damaged_json, damaged_text, numbers, texts
from tests.fuzz.harness import Kind, WrongError
from tests.fuzz.names import check_ephemeris
from tests.standin import exoplanet_archive as made

#: Recorded answers of the archives beside the project; used where they are.
RECORDED = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "http"
STAR = Target("TIC", "261136679")
ONCE = http.RetryPolicy(attempts=1, first_wait_seconds=0.0)
ROWS = (
    (TOI_TABLE, made.toi(261136679, 144.01)),
    (KOI_TABLE, made.koi(11446443, "K00001.01")),
    (PLANETS_TABLE, made.planet("pi Men c", "TIC 261136679", pl_tsystemref="BJD-TDB")),
    (K2_TABLE, made.k2("K2-18 b", "EPIC 201912552")),
)


@st.composite
def catalog_rows(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]], dict[str, str]]:
    """A table of the archive with one to three rows, in which cells are other ones, or columns are gone; and its units."""
    table, row = draw(st.sampled_from(ROWS))
    rows = []
    for _ in range(draw(st.integers(1, 3))):
        changed = dict(row)
        for _ in range(draw(st.integers(0, 4))):
            key = draw(st.sampled_from(list(row)))
            if draw(st.integers(0, 9)) == 0:
                changed.pop(key, None)
            else:
                changed[key] = draw(st.one_of(numbers, texts, st.none(), st.binary(max_size=8), st.booleans()))
        rows.append(changed)
    columns = st.sampled_from(list(row))
    return (
        table.name,
        rows,
        draw(st.dictionaries(columns, st.one_of(texts, st.sampled_from(["day", "hours", "ppm", "%"])), max_size=2)),
    )


def check_rows(value: tuple[str, list[dict[str, Any]], dict[str, str]], folder: Path) -> tuple[str, ...]:
    """Normalize rows: each gives a signal or a reason, and the signals are kept and read back the same."""
    name, rows, units = value
    table = exoplanet_archive.find_table(name)
    return check_normalized(table, normalize_table(table, pd.DataFrame(rows), units), folder)


def check_normalized(table: exoplanet_archive.CatalogTable, found: NormalizedTable, folder: Path) -> tuple[str, ...]:
    """Raise WrongError if signals are not as promised; return the reasons of rows without one."""
    if len(found.signals) + len(found.dropped) != found.rows_in:
        raise WrongError("rows that are neither signals nor dropped")
    for signal in found.signals.rows(range(len(found.signals))):
        if not math.isfinite(signal.t0) or (signal.period_days is not None and not 0 < signal.period_days < math.inf):
            raise WrongError("a signal whose epoch or period is not finite and positive")
        check_ephemeris(signal.ephemeris())
        if not len(found.signals.of(signal.target_id)):
            raise WrongError("a signal that is not found by its star")
    if found.rows_in != 3:  # to write one takes longer than all else
        return tuple(reason for _, reason in found.dropped)
    with mock.patch.dict("os.environ", {"ASTROSEQ_CACHE": str(folder)}):
        snapshots.write_snapshot(table, found, "test")
        again = snapshots.read_snapshot(table)
        if again is None or len(again) != len(found.signals):
            raise WrongError("signals that are others when they are read back")
        snapshots.dropped_rows(table)
    return tuple(reason for _, reason in found.dropped)


@contextlib.contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[None]:
    """Answer every request with these bytes."""
    import requests
    import urllib3

    def send(self: Any, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        raw = urllib3.HTTPResponse(
            io.BytesIO(body), status=status, headers={"Content-Type": "application/json"}, preload_content=False
        )
        return self.build_response(request, raw)

    sent = mock.patch.object(requests.adapters.HTTPAdapter, "send", send)
    with sent, mock.patch.multiple(network, check_server=mock.DEFAULT, check_network=mock.DEFAULT):
        yield


def votables() -> tuple[bytes, ...]:
    """Tables of the archive, as it answers them."""
    return tuple(made.votable(table.name, table.columns, [row, row]) for table, row in ROWS)


@st.composite
def damaged_votables(draw: st.DrawFn) -> tuple[int, bytes]:
    """The number of a table, and the damaged answer to its query."""
    which = draw(st.integers(0, len(ROWS) - 1))
    whole = votables()[which]
    if draw(st.booleans()):
        return which, draw(damaged_bytes([whole]))
    return which, draw(damaged_text([whole.decode().replace("><", ">\n<")])).encode("utf-8", "surrogatepass")


def check_votable(value: tuple[int, bytes], folder: Path) -> None:
    """Ask for a table that comes damaged."""
    table = ROWS[value[0]][0]
    with answering(value[1]):
        answer = exoplanet_archive.fetch_table(table, ONCE)
    check_normalized(table, normalize_table(table, answer.frame, answer.units), folder)


@functools.cache
def recorded(folder: str, *some: str) -> tuple[Any, ...]:
    """Recorded answers, as far as they are lent, cut to a few rows."""
    found = [json.loads(path.read_bytes()) for path in map((RECORDED / folder).joinpath, some) if path.is_file()]
    return tuple({**answer, "data": answer["data"][:3]} if isinstance(answer.get("data"), list) else answer for answer in found)


SYSTEM = made._system("pi Men", "pi Men", "pi Men", {"pi Men": ["pi Men", "TIC 261136679", "HD 39091"], "pi Men c": ["pi Men c"]})
COORDINATES = {"resolvedCoordinate": [{"resolver": "SIMBAD", "canonicalName": "pi Men", "ra": 84.29, "decl": -80.46}]}
STARS = {
    "status": "COMPLETE",
    "data": [{"ID": 261136679, "KIC": None, "Tmag": 5.1, "objType": "STAR", "ra": 84.29, "dec": -80.46}],
}
OBSERVATION = {
    "obs_id": "tess2018206045859-s0001-0000000261136679-0120-s", "provenance_name": "SPOC", "t_exptime": 120.0,
    "sequence_number": 1, "project": "TESS", "target_name": "261136679", "obsid": "60829534",
}  # fmt: skip
PRODUCT = {
    "obs_id": OBSERVATION["obs_id"], "productFilename": f"{OBSERVATION['obs_id']}_lc.fits", "description": "Light curves",
    "size": 2039040, "dataURI": f"mast:TESS/product/{OBSERVATION['obs_id']}_lc.fits", "parent_obsid": "60829534",
}  # fmt: skip


def check_aliases(value: str, folder: Path) -> None:
    """Ask for a name whose answer comes damaged."""
    with answering(value.encode("utf-8", "surrogatepass")):
        check_answer(names._query_aliases("pi Men", ONCE))


def check_position(value: tuple[str, str], folder: Path) -> None:
    """Ask MAST for a name and for the stars there; either answer comes damaged."""
    answers = itertools.chain(value, itertools.repeat(value[-1]))  # each of several resolvers is asked about

    def ask(self: Any, service: str, parameters: dict[str, Any]) -> list[Any]:
        return [_response(next(answers))]

    portal = http.import_quietly("astroquery.mast.discovery_portal").PortalAPI
    with mock.patch.object(portal, "service_request_async", ask):
        check_answer(names._query_position("pi Men", ONCE))


def check_answer(found: names.NameServiceAnswer) -> None:
    """Raise WrongError if the stars of a name are no identifiers."""
    for star in found.stars:
        for identifier in star:
            prefix, number = identifier.split(" ")
            if prefix not in ("TIC", "KIC", "EPIC", "SIM") or not number.isascii() or not number.isdigit() or len(number) > 20:
                raise WrongError("a star that is no identifier")
    if not all(isinstance(name, str) for name in found.names):
        raise WrongError("a name that is no text")


def _response(text: str) -> Any:
    import requests

    answer = requests.Response()
    answer.status_code, answer._content = 200, text.encode("utf-8", "surrogatepass")
    return answer


def check_listing(value: tuple[str, str], folder: Path) -> None:
    """List the light curves of MAST's observations and files, either damaged."""
    rows = [mast._request_rows(lambda text=text: [_response(text)], f"the search for {STAR}") for text in value]
    found = products.light_curves_from_rows(STAR, *rows)
    for item in found:
        if not 0 < item.exposure_seconds < math.inf or item.size_bytes < 0 or not item.uri or not item.observation:
            raise WrongError("a light curve without an exposure, size, address or observation")
    products.select_light_curves(found, STAR.mission)
    sorted(found, key=lambda item: item.order)


def check_remembered(value: str, folder: Path) -> tuple[str, ...]:
    """Look up a name where the remembered names are damaged, without network."""
    with mock.patch.dict("os.environ", {"ASTROSEQ_CACHE": str(folder)}), answering(b"{}"):
        (folder / "catalogues").mkdir()
        (folder / "catalogues" / "names.json").write_text(value, encoding="utf-8", errors="surrogatepass")
        found = names._load_answers()
        for answer in found.values():
            check_answer(answer)
        names._save_answer("x", names.NameServiceAnswer((("TIC 1",),), ("x",), "test"))
        if "x" not in names._load_answers():
            raise WrongError("a name that is not remembered")
    return ()


def check_snapshot(value: bytes, folder: Path) -> None:
    """Read a snapshot that is damaged."""
    with mock.patch.dict("os.environ", {"ASTROSEQ_CACHE": str(folder)}):
        (folder / "catalogues").mkdir()
        snapshots.snapshot_path(TOI_TABLE).write_bytes(value)
        status = snapshots.snapshot_status(TOI_TABLE)
        if len(status.sentence) > 500:
            raise WrongError("a status that is no sentence")
        found = snapshots.read_snapshot(TOI_TABLE)
        if found is not None:
            found.rows(range(len(found)))
        with contextlib.suppress(AstroSeqError):
            snapshots.dropped_rows(TOI_TABLE)


@functools.cache
def snapshot() -> bytes:
    """A snapshot of the TOI table."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder, mock.patch.dict("os.environ", {"ASTROSEQ_CACHE": folder}):
        snapshots.write_snapshot(TOI_TABLE, normalize_table(TOI_TABLE, pd.DataFrame([ROWS[0][1]])), "test")
        return snapshots.snapshot_path(TOI_TABLE).read_bytes()


def _or_whole(damaged: st.SearchStrategy[str], whole: Any) -> st.SearchStrategy[str]:
    return st.one_of(st.just(json.dumps(whole)), damaged)


_observations = damaged_json(
    [{"status": "COMPLETE", "data": [OBSERVATION] * 2}, *recorded("mast", "caom.json", "advSearch.json")]
)
_products = damaged_json([{"status": "COMPLETE", "data": [PRODUCT] * 2}, *recorded("mast", "products.json")])
_remembered = {
    "schema": names.ANSWERS_SCHEMA,
    "names": {
        "pimen": {"stars": [["TIC 261136679"]], "names": ["pi Men"], "service": "MAST", "date": "2999-01-01T00:00:00+00:00"}
    },
}

KINDS = (
    Kind("rows of the archive's catalogs", catalog_rows(), check_rows),
    Kind("the archive's tables (VOTable)", damaged_votables(), check_votable, lambda value: (exoplanet_archive.ARCHIVE_NAME,)),
    Kind(
        "the archive's names",
        damaged_json([SYSTEM, *recorded("exoplanet_archive", "bpic_aliaslookup.json")]),
        check_aliases,
        lambda value: (exoplanet_archive.ARCHIVE_NAME, "pi Men"),
    ),
    Kind(
        "MAST's names",
        st.tuples(
            _or_whole(damaged_json([COORDINATES, *recorded("mast", "resolver.json")]), COORDINATES),
            _or_whole(damaged_json([STARS, *recorded("mast", "tic.json")]), STARS),
        ),
        check_position,
        lambda value: ("MAST",),
    ),
    Kind("MAST's lists of light curves", st.tuples(_observations, _products), check_listing, lambda value: ("MAST",)),
    Kind("remembered names", damaged_json([_remembered]), check_remembered),
    Kind("snapshots of catalogs", st.deferred(lambda: damaged_bytes([snapshot()])), check_snapshot, lambda value: ("toi",)),
)
