"""Kinds of light-curve files: FITS, gzip, `.npz` and text, and the pixel columns beside them."""

import functools
import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from astroseq_core import missions
from astroseq_core.errors import AstroSeqError
from astroseq_core.io import conventions, lightcurve, local_files, pixels, quantities, read
from astroseq_core.io.lightcurve import LightCurve
from tests.fuzz.damage import NASTY_NUMBERS, NASTY_TEXTS, damaged_bytes, damaged_text, texts
from tests.fuzz.harness import Kind, WrongError

N = 120
DAYS = {"TESS": 1326 + np.arange(N) * 2 / 1440, "Kepler": 540 + np.arange(N) / 49, "K2": 2300 + np.arange(N) / 49}
STARS = {"TESS": 261136679, "Kepler": 11446443, "K2": 211117077}
SHAPE = np.where((np.arange(N) > 50) & (np.arange(N) < 60), 0.99, 1.0) + 1e-4 * np.random.default_rng(3).standard_normal(N)
#: Lent real light curves beside the project; used where they are.
LENT_FITS = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "data" / "fits"
#: Larger lent files cost more time than they find.
LARGEST_LENT = 200_000
#: What the packed files of the fuzzer may unpack to [bytes].
BOMB_LIMIT = 2**22

NAMES = ("fuzzed.fits", "TIC_261136679__fuzzed.fits", "KIC_11446443__fuzzed.fits")


def check_curve(curve: LightCurve) -> None:
    """Raise WrongError if a light curve is not as promised."""
    time, flux = curve.time, curve.flux
    parts = {"flux": flux, "quality": curve.quality, "flux_err": time if curve.flux_err is None else curve.flux_err}
    for name, values in parts.items():
        if values.shape != time.shape:
            raise WrongError(f"{name} and time differ in length")
    if not np.isfinite(time).all() or not (np.diff(time) > 0).all():
        raise WrongError("times that are not finite or do not rise")
    if time.dtype != np.float64 or flux.dtype != np.float64 or curve.quality.dtype != np.int64:
        raise WrongError("columns of another type")
    if not lightcurve.MIN_CADENCES <= int(curve.usable_mask().sum()) <= conventions.MAX_CADENCES:
        raise WrongError("too few or too many cadences")
    if not 0 < curve.cadence_minutes < np.inf or (curve.exposure_minutes is not None and not 0 < curve.exposure_minutes < np.inf):
        raise WrongError("a cadence or exposure that is not finite and positive")
    if not curve.target.number.isascii() or not 0 < len(curve.target.number) <= conventions.MAX_DIGITS[curve.target.prefix]:
        raise WrongError("a star with an impossible number")
    for text in (curve.author, curve.observation, curve.provenance.version):
        if len(text) > 255 or any(not c.isprintable() for c in text):
            raise WrongError("an author, observation or version that cannot be shown")
    repr(curve)


def check_file(value: tuple[str, bytes], folder: Path) -> None:
    """Read a file as a light curve, and as one of a folder."""
    name, data = value
    path = folder / name
    path.write_bytes(data)
    by_target = local_files.group_by_target([path])
    if len(by_target.by_target) + len(by_target.problems) != 1:
        raise WrongError("a file of a folder that is neither grouped nor named as a problem")
    check_curve(read.read_light_curve(path))


def check_gzip(value: tuple[str, bytes], folder: Path) -> None:
    """Read a packed file, under a lower limit of what it may unpack to, so that bombs take little time."""
    with mock.patch.object(conventions, "MAX_BYTES", BOMB_LIMIT):
        check_file(value, folder)


def check_pixels(value: tuple[str, bytes], folder: Path) -> None:
    """Read the pixel columns and the star of a file."""
    name, data = value
    star = pixels.read_stellar_header(data, name)
    for number in (star.teff_k, star.radius_solar, star.logg, star.magnitude, star.density_solar):
        if number is not None and not np.isfinite(number):
            raise WrongError("a star's parameter that is not finite")
    columns = pixels.read_pixel_columns(data, name)
    if columns is None:
        return
    if not np.isfinite(columns.time).all() or not (np.diff(columns.time) > 0).all():
        raise WrongError("times of pixel columns that are not finite or do not rise")
    for part in (columns.sap, columns.pdcsap, columns.background, columns.x, columns.y, columns.quality):
        if part is not None and part.shape != columns.time.shape:
            raise WrongError("pixel columns that differ in length")
    pixels.dump_times(columns)
    pixels.quality_flag_times(columns)


def _fits(primary: dict[str, Any], columns: Sequence[tuple[str, str, Any]], header: dict[str, Any] | None = None) -> bytes:
    from astropy.io import fits

    first = fits.PrimaryHDU()
    for key, text in primary.items():
        first.header[key] = text
    table = fits.BinTableHDU.from_columns([fits.Column(name=n, format=f, array=a) for n, f, a in columns])
    table.header.update(header or {})
    out = io.BytesIO()
    fits.HDUList([first, table]).writeto(out)
    return out.getvalue()


def product_file(product: conventions.FitsProduct) -> bytes:
    """A small file with the marks of a product."""
    mission = product.mission or missions.KEPLER
    zero = conventions.DAY_NAMES[product.days] if product.days else mission.time_system.zero_bjd
    primary: dict[str, Any] = {"TICID" if mission is missions.TESS else "KEPLERID": STARS[mission.name]}
    primary["TELESCOP"] = "TESS" if mission is missions.TESS else "Kepler"
    primary |= {key: text or "1" for key, text in product.keywords if key not in ("TELESCOP", "COMMENT")}
    primary |= {"COMMENT": "EVEREST INFO"} if product.name == "EVEREST" else {}
    flux = product.flux[0]
    unit = quantities.flux_unit(flux.unit) or conventions.FluxUnit("linear")
    shape = 12 - 2.5 * np.log10(SHAPE) if unit.kind == "magnitude" else (SHAPE - 1) * 1e6 if flux.unit == "ppm" else SHAPE
    others = {c for c in (*product.columns, *product.error) if c} - {flux.name}
    columns = [("TIME", "D", DAYS[mission.name] + (mission.time_system.zero_bjd - zero)), (flux.name.upper(), "D", shape)]
    columns += [(c.upper(), "E", np.ones(N)) for c in sorted(others)]
    columns += [(product.quality[0].upper(), "J", np.zeros(N))] if product.quality and not product.good else []
    columns += [(product.quality[0].upper(), "1A", np.full(N, product.good[0]))] if product.good else []
    return _fits(primary, columns, {"TUNIT1": "d", "TIMEDEL": 0.02, "BJDREFI": int(zero), "BJDREFF": zero % 1})


def pixel_product() -> bytes:
    """A small light curve with the pixel columns of SPOC and the star's parameters."""
    primary = {"TELESCOP": "TESS", "TICID": 261136679, "OBJECT": "TIC 261136679", "TEFF": 5700.0, "LOGG": 4.4, "RADIUS": 1.0}
    primary |= {"TESSMAG": 10.5, "CREATOR": "1 LightCurveExporterPipelineModule", "SECTOR": 1}
    names = ("SAP_FLUX", "PDCSAP_FLUX", "SAP_BKG", "MOM_CENTR1", "MOM_CENTR2", "POS_CORR1", "POS_CORR2")
    columns = [("TIME", "D", DAYS["TESS"]), *((name, "E", 1000 * SHAPE) for name in names), ("QUALITY", "J", np.arange(N) % 64)]
    return _fits(primary, columns, {"BJDREFI": 2457000, "BJDREFF": 0.0, "TUNIT2": "e-/s", "TNULL9": -1})


def pixel_file() -> bytes:
    """A small target pixel file: images, and no light curve."""
    primary = {"TELESCOP": "TESS", "TICID": 261136679, "CREATOR": "1 TargetPixelExporterPipelineModule"}
    columns = [("TIME", "D", DAYS["TESS"]), ("FLUX", "9E", np.ones((N, 9))), ("QUALITY", "J", np.zeros(N))]
    return _fits(primary, columns, {"TDIM2": "(3,3)", "BJDREFI": 2457000})


def dv_series() -> bytes:
    """A small DV time series of SPOC."""
    columns = [("TIME", "D", DAYS["TESS"]), ("PHASE", "E", SHAPE), ("LC_INIT", "E", SHAPE - 1), ("LC_INIT_ERR", "E", SHAPE)]
    primary = {"TELESCOP": "TESS", "ORIGIN": "NASA/Ames", "CREATOR": "1 DvTimeSeriesExporter", "TICID": 261136679}
    columns.append(("MODEL_INIT", "E", np.zeros(N)))
    return _fits(primary, columns, {"TUNIT1": "BJD - 2457000, days", "EXTNAME": "TCE_1"})


@functools.cache
def fits_files() -> tuple[bytes, ...]:
    """Small files of each convention, and those that are lent."""
    made = [product_file(product) for product in conventions.FITS_PRODUCTS]
    made += [pixel_product(), dv_series(), pixel_file()]
    made.append(_fits({}, [("time", "D", DAYS["TESS"]), ("flux", "D", SHAPE), ("target_id", "12A", np.full(N, "TIC 5"))]))
    lent = sorted(LENT_FITS.glob("*.fits")) if LENT_FITS.is_dir() else []
    return (*made, *(path.read_bytes() for path in lent if path.stat().st_size < LARGEST_LENT))


#: Keywords from which the readers, or astropy, decide something; # stands for the number of a column.
KEYWORDS = """
    SIMPLE BITPIX NAXIS NAXIS1 NAXIS2 NAXIS3 PCOUNT GCOUNT TFIELDS TFORM# TDIM# TTYPE# TUNIT# TNULL# TSCAL# TZERO#
    TDISP# THEAP EXTNAME EXTEND XTENSION GROUPS TIMESYS TIMEUNIT TIMEREF BJDREFI BJDREFF BJDREF JDREF JDREFI MJDREF
    MJDREFI MJDREFF TIMEDEL EXPOSURE EXPTIME INT_TIME READTIME NUM_FRM TICID TIC KEPLERID KIC EPIC OBJECT TARGETID
    TELESCOP MISSION CREATOR ORIGIN LABEL AUTHOR FLATTENED PROCVER FILEVER SECTOR QUARTER CAMPAIGN TEFF RADIUS LOGG
    TESSMAG KEPMAG END COMMENT HISTORY CONTINUE HIERARCH BLANK BSCALE TCTYP1
""".split()  # noqa: SIM905
#: Values that a card may have, as they are written.
CARD_VALUES = (
    "-5", "0", "1", "2", "3", "16", "-64", "999", "1000", "10000001", "1000000000000000000", "9" * 40, "1E400", "NaN", "1.5",
    "-1.5E300", "T", "F", "'x'", "''", "'TIC 261136679'", "'KIC 11446443'", "'TESS'", "'Kepler'", "'K2'", "'BTJD'", "'UTC'",
    "'MJD'", "'JD'", "'ppm'", "'mag'", "'s'", "'BJD - 2457000, days'", "'D'", "'1D'", "'E'", "'J'", "'0D'", "'2D'", "'-1D'",
    "'1000000000D'", "'PD(5)'", "'QE'", "'12A'", "'X'", "'1X'", "'C'", "'M'", "'L'", "'B'", "'K'", "'Z'", "'rA12'", "'(3,3)'",
    "'(-1,3)'", "'(0)'", "'(1000000,1000000)'", "'('", "'TIME'", "'FLUX'", "'PDCSAP_FLUX'", "'time'", "'PHASE'", "'BINTABLE'",
    "'IMAGE   '", "'TABLE   '", "(1.0, 2.0)", "2457000", "2454833", "1E-300", "'a''b'", "'open", "lightkurve",
    "'lightkurve.FoldedLightCurve'", "/", "= =", "\x00\x01", "é",
)  # fmt: skip


@st.composite
def damaged_cards(draw: st.DrawFn) -> bytes:
    """FITS files whose cards have other values, other names, stand twice or not at all; mostly those of the structure."""
    data = bytearray(draw(st.sampled_from(fits_files())))
    for _ in range(draw(st.integers(1, 3))):
        starts = _header_starts(bytes(data))
        start = draw(st.sampled_from(starts))
        cards = _cards(bytes(data), start)
        keyword = draw(st.sampled_from(KEYWORDS)).replace("#", str(draw(st.integers(1, 5))))
        same = [i for i, card in enumerate(cards) if card[:8].strip() == keyword.encode()]
        place = start + 80 * (same[0] if same and draw(st.integers(0, 4)) else draw(st.integers(0, max(len(cards) - 1, 0))))
        value = draw(st.one_of(st.sampled_from(CARD_VALUES), st.integers(-(2**40), 2**40).map(str), st.floats().map(str)))
        what = draw(st.sampled_from(["value", "value", "value", "value", "value", "rename", "blank", "twice", "bytes"]))
        if what == "value":
            data[place : place + 80] = _card(keyword, value)
        elif what == "rename":
            data[place : place + 8] = keyword[:8].ljust(8).encode()
        elif what == "blank":
            data[place : place + 80] = b" " * 80
        elif what == "twice" and len(cards) > 1:
            other = start + 80 * draw(st.integers(0, len(cards) - 1))
            data[place : place + 80] = data[other : other + 80]
        else:
            new = draw(st.binary(min_size=1, max_size=4))
            data[place + 9 : place + 9 + len(new)] = new
    if draw(st.integers(0, 19)) == 0:
        del data[draw(st.integers(0, len(data))) :]
    return bytes(data)


def _card(keyword: str, value: str) -> bytes:
    return f"{keyword[:8]:8}= {value:>20}".encode("latin-1", "replace")[:80].ljust(80)


def _header_starts(data: bytes) -> list[int]:
    starts = [0] + [i for i in range(2880, len(data), 2880) if data[i : i + 8] == b"XTENSION"]
    return starts[:3]


def _cards(data: bytes, start: int) -> list[bytes]:
    cards = [data[i : i + 80] for i in range(start, min(len(data), start + 400 * 80), 80)]
    return next((cards[:i] for i, card in enumerate(cards) if card[:8] == b"END     "), cards[:36])


@st.composite
def gzipped(draw: st.DrawFn) -> bytes:
    """Gzip files: damaged, of damaged files, several in one, and bombs that lie about their size."""
    whole = draw(st.sampled_from(fits_files()[:6]))
    what = draw(st.integers(0, 9))
    if what < 3:
        return gzip.compress(draw(damaged_bytes([whole])), 1)
    if what < 8:
        return draw(damaged_bytes([gzip.compress(whole, 1)]))
    if what == 8:
        return gzip.compress(whole, 1) + draw(st.one_of(st.binary(max_size=64), st.just(gzip.compress(whole, 1))))
    bomb = bytearray(_bomb(draw(st.sampled_from((b"", whole[:2880], whole)))))
    if draw(st.booleans()):
        bomb[-4:] = draw(st.integers(0, 2**32 - 1)).to_bytes(4, "little")
    return bytes(bomb)


@functools.cache
def _bomb(begin: bytes) -> bytes:
    """A gzip file that unpacks to more than is allowed."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as packed:
        packed.write(begin)
        for _ in range(BOMB_LIMIT // 2**20 + 2):
            packed.write(bytes(2**20))
    return out.getvalue()


def npz_arrays() -> dict[str, Any]:
    """The arrays of a light curve with all that an `.npz` may say."""
    arrays: dict[str, Any] = {"time": DAYS["TESS"], "flux": SHAPE, "flux_err": np.full(N, 1e-4), "quality": np.zeros(N, np.int32)}
    words = {"target_id": "TIC 261136679", "mission": "TESS", "time_system": "BTJD", "flux_unit": "relative", "author": "me"}
    return {
        **arrays,
        **{key: np.array(text) for key, text in words.items()},
        "flattened": np.array(True),
        "version": np.array("1"),
    }


def npz_file(arrays: dict[str, Any], packed: bool = False) -> bytes:
    """The bytes of an `.npz` file, objects and all."""
    out = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(out, **arrays)
    return out.getvalue()


_NPZ_ARRAYS = st.one_of(
    st.sampled_from([
        np.array([], float), np.zeros((N, 2)), np.zeros(N, complex), np.full(N, np.nan), np.full(N, np.inf), np.zeros(N),
        np.arange(N)[::-1], np.arange(N - 1.0), np.float64(3), np.full(N, "x"), np.full(N, b"x"),
        np.zeros(N, bool), np.zeros(N, "datetime64[s]"),
        np.zeros(N, [("a", "f8")]), np.array([{}] * N, object), np.zeros(N, ">f8"), np.full(N, 2**63 - 1), np.full(N, -(2**63)),
        np.full(N, 2**64 - 1, np.uint64), np.full(N, 1e300), np.longdouble(1) * np.arange(N),
        np.arange(N, dtype=np.float16),
        2457000 + DAYS["TESS"], DAYS["TESS"] * 86400, np.zeros(N, "timedelta64[D]"), np.zeros((0, N)), np.full(N, "é" * 100),
    ]),
    st.sampled_from(NASTY_TEXTS).map(np.array),
    st.sampled_from(NASTY_NUMBERS).map(lambda n: np.array(n, object) if isinstance(n, int) and abs(n) > 2**63 else np.array(n)),
    st.text(max_size=20).map(np.array),
)  # fmt: skip


@st.composite
def damaged_npz(
    draw: st.DrawFn, whole: Callable[[], dict[str, Any]] = npz_arrays, liars: tuple[str, ...] = ("time", "flux")
) -> bytes:
    """`.npz` files: other arrays, objects, missing and foreign keys, declared sizes that lie, flipped bytes."""
    arrays = whole()
    what = draw(st.integers(0, 9))
    if what < 6:
        for _ in range(draw(st.integers(1, 3))):
            key = draw(st.sampled_from(list(arrays)))
            if draw(st.integers(0, 4)):
                arrays[key] = draw(_NPZ_ARRAYS)
            elif len(arrays) > 1:
                del arrays[key]
        return npz_file(arrays, draw(st.booleans()))
    if what < 8:
        return draw(damaged_bytes([npz_file(arrays), npz_file(arrays, True)]))
    header = draw(st.sampled_from([
        "{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }",
        "{'descr': '<f8', 'fortran_order': True, 'shape': (%d, 2), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (%d,), }",
        "{'descr': '<U%d', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '|V0', 'fortran_order': False, 'shape': (%d,), }", "{'descr': '<f8', 'shape': (%d,)}", "%d",
        "__import__('os').getcwd()", "{'descr': '<f8', 'fortran_order': False, 'shape': %d, }", "[" * 300 + "%d" + "]" * 300,
        "{'descr': '<f8,<i4', 'fortran_order': False, 'shape': (%d,)}",
    ]))  # fmt: skip
    size = draw(st.sampled_from([0, -1, 1, N, 10**7, 240_000_000, 2**31, 2**63, 10**40]))
    text = (header % size if "%" in header else header).encode() + b"\n"
    array = (
        b"\x93NUMPY" + bytes([draw(st.sampled_from([0, 1, 2, 3, 9])), 0]) + len(text).to_bytes(2, "little") + text + bytes(8 * N)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
        lying = draw(st.sampled_from([*(f"{name}.npy" for name in liars), "other.npy", f"../{liars[0]}.npy"]))
        for key, values in arrays.items():
            if f"{key}.npy" == lying:
                continue
            inner = io.BytesIO()
            np.save(inner, values)
            archive.writestr(f"{key}.npy", inner.getvalue())
        archive.writestr(lying, array)
    return out.getvalue()


def _table(header: str, separator: str = ",", comments: str = "", days: Any = DAYS["TESS"]) -> str:
    columns = [days, SHAPE, np.full(N, 1e-4), np.zeros(N)][: len(header.split(separator)) if header else 3]
    rows = [separator.join(f"{cell:.10g}" for cell in row) for row in zip(*columns, strict=True)]
    return comments + (header + "\n" if header else "") + "\n".join(rows) + "\n"


TEXT_TABLES = (
    _table("time,flux,flux_err,quality", comments="# target_id: TIC 261136679\n# mission: TESS\n# time_system: BTJD\n"),
    _table("TIME,PDCSAP_FLUX"),
    _table("#time,flux,flux_err"),
    _table(""),
    _table("BJD;flux (ppm);err", ";", days=2457000 + DAYS["TESS"]).replace(".", ","),
    _table("time (UTC)\tmag\tmag_err", "\t"),
    "time (TDB),flux\n" + "\n".join(f"2018-07-{25 + i // 60:02d}T00:{i % 60:02d}:00,{f}" for i, f in enumerate(SHAPE)) + "\n",
    "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: time, unit: d, datatype: float64}\n# - {name: flux, datatype: float64}\n"
    "# meta: !!omap\n# - {target_id: TIC 261136679}\n# schema: astropy-2.0\n" + _table("time flux", " "),
)


@st.composite
def damaged_tables(draw: st.DrawFn) -> bytes:
    """Tables of text: other cells, lines and separators; sometimes in other encodings, or with flipped bytes."""
    text = draw(damaged_text(TEXT_TABLES))
    data = text.encode(draw(st.sampled_from(["utf-8"] * 6 + ["utf-16", "utf-8-sig", "utf-32"])), "surrogatepass")
    return draw(damaged_bytes([data])) if draw(st.integers(0, 9)) == 0 else data


def _named(strategy: st.SearchStrategy[bytes], *names: str) -> st.SearchStrategy[tuple[str, bytes]]:
    return st.tuples(st.sampled_from(names), strategy)


def _file_name(value: tuple[str, bytes]) -> tuple[str, ...]:
    return (value[0], "fuzzed")


def check_names(value: str, folder: Path) -> tuple[str, ...]:
    """Read a whole light curve under a name that says something or nothing."""
    path = folder / value
    try:
        path.write_bytes(b"")
    except (OSError, ValueError):
        path = Path(value)  # no file can have this name, so reading must say so
    refused = []
    for read_it in (read.read_target, read.read_light_curve):
        try:
            read_it(path)
        except AstroSeqError as error:
            refused.append(str(error))
    if "\x00" not in value and len(value) < 200:
        check_curve(read.parse_light_curve(npz_file(npz_arrays()), f"{value.replace('/', '_')}.npz"))
    return tuple(refused)


KINDS = (
    Kind("FITS light curves, cards", _named(damaged_cards(), *NAMES), check_file, _file_name),
    Kind("FITS light curves, bytes", _named(st.deferred(lambda: damaged_bytes(fits_files())), *NAMES), check_file, _file_name),
    Kind("FITS light curves, gzip", _named(gzipped(), "fuzzed.fits.gz", "fuzzed.fits"), check_gzip, _file_name),
    Kind(
        "FITS pixel columns and stars",
        _named(st.one_of(damaged_cards(), st.deferred(lambda: damaged_bytes([pixel_product(), *fits_files()]))), "fuzzed.fits"),
        check_pixels,
        _file_name,
    ),
    Kind("npz light curves", _named(damaged_npz(), "fuzzed.npz", "TIC_261136679__fuzzed.npz"), check_file, _file_name),
    Kind("tables of text", _named(damaged_tables(), "fuzzed.csv", "TIC_261136679__fuzzed.ecsv"), check_file, _file_name),
    Kind("names of light-curve files", texts.filter(bool), check_names),
)
