"""Files that declare more than a light curve can hold, or something impossible, are refused at once."""

import gzip
import io
import os
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from astroseq_core import errors
from astroseq_core.io import conventions, local_files, pixels, read
from astroseq_core.io.lightcurve import LightCurve

N = 200
DAYS = 1326 + np.arange(N) * 2 / 1440


def spoc() -> bytes:
    """A small light curve as SPOC writes it."""
    first = fits.PrimaryHDU()
    first.header.update(TELESCOP="TESS", ORIGIN="NASA/Ames", CREATOR="1 LightCurveExporterPipelineModule", TICID=261136679)
    columns = [("TIME", "D", DAYS), ("PDCSAP_FLUX", "E", 1000 + np.arange(N) % 7), ("QUALITY", "J", np.zeros(N))]
    table = fits.BinTableHDU.from_columns([fits.Column(name=n, format=f, array=a) for n, f, a in columns])
    table.header.update(BJDREFI=2457000, BJDREFF=0.0)
    out = io.BytesIO()
    fits.HDUList([first, table]).writeto(out)
    return out.getvalue()


def with_card(data: bytes, keyword: str, value: object) -> bytes:
    """The file with another value in the first card of that name."""
    card = f"{keyword:8}= {value!s:>20}".encode()
    place = data.index(f"{keyword:8}= ".encode())
    return data[:place] + card + data[place + len(card) :]


def refused(data: bytes, name: str, seconds: float = 1.0, megabytes: float = 20.0) -> str:
    """The sentence with which a file is refused, within a second and without filling the memory."""
    tracemalloc.start()
    begun = time.process_time()  # others may share the machine
    with pytest.raises(errors.CorruptFileError, match=name) as caught:
        read.parse_light_curve(data, name)
    took, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < seconds
    assert peak < 1e6 * megabytes + 4 * len(data)
    assert len(str(caught.value)) < 300
    return str(caught.value)


WHOLE = spoc()


def test_the_file_that_the_others_are_made_of_is_read():
    assert len(read.parse_light_curve(WHOLE, "TIC_1.fits").time) == N


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("NAXIS1", -5),
        ("NAXIS1", 10**18),
        ("NAXIS2", -1),
        ("NAXIS2", 10**12),
        ("NAXIS2", conventions.MAX_CADENCES + 1),
        ("NAXIS", 10**6),
        ("NAXIS", -1),
        ("BITPIX", 0),
        ("BITPIX", -(10**9)),
        ("PCOUNT", -(10**6)),
        ("PCOUNT", 10**15),
        ("GCOUNT", -3),
        ("GCOUNT", 10**9),
        ("TFIELDS", 10**9),
        ("TFORM1", "'999999999D'"),
        ("NAXIS1", "1e3"),
    ],
)
def test_impossible_sizes_in_a_fits_header_are_refused_at_once(keyword: str, value: object):
    last = with_card(WHOLE[2880:], keyword, value)  # of the table
    sentence = refused(WHOLE[:2880] + last, "TIC_1.fits")
    assert "damaged" in sentence or "truncated" in sentence
    with pytest.raises(errors.CorruptFileError):
        pixels.read_pixel_columns(WHOLE[:2880] + last, "TIC_1.fits")


def test_a_size_that_is_declared_twice_is_refused():
    header = WHOLE[2880:].replace(b"COMMENT", b"NAXIS1 ", 1)
    place = header.index(b"TTYPE1  =")
    twice = header[:place] + f"{'NAXIS2':8}= {7:>20}".encode() + header[place + 30 :]
    assert "NAXIS2 twice" in refused(WHOLE[:2880] + twice, "TIC_1.fits")


def test_a_file_of_nothing_but_headers_is_refused():
    empty = f"{'XTENSION'}= {chr(39)}IMAGE   {chr(39):<10}{'':50}".ljust(80)[:80]
    cards = [empty, "BITPIX  =                    8", "NAXIS   =                    0", "END"]
    block = "".join(c.ljust(80) for c in cards).ljust(2880).encode()
    assert "more headers" in refused(WHOLE + block * 3000, "TIC_1.fits")


def test_what_follows_the_last_extension_is_ignored():
    curve = read.parse_light_curve(WHOLE + b"\0" * 5_000_000, "TIC_1.fits")
    assert len(curve.time) == N


@pytest.mark.parametrize("lies", [False, True])
def test_a_gzip_bomb_is_refused(lies: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conventions, "MAX_BYTES", 10_000_000)
    packed = gzip.compress(WHOLE + b"\0" * 30_000_000)
    if lies:  # the length that the file declares is wrong
        packed = packed[:-4] + (1000).to_bytes(4, "little")
    assert "would unpack to more than 0.01 GB" in refused(packed, "TIC_1.fits.gz", megabytes=45)


def test_a_gzip_file_that_declares_too_much_is_not_unpacked():
    packed = gzip.compress(b"\0" * 1_000_000)
    assert "would unpack to more than" in refused(packed[:-4] + b"\xff\xff\xff\xff", "TIC_1.fits.gz", seconds=0.1, megabytes=1)


def npz_of(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return out.getvalue()


def npy(array: np.ndarray, shape: tuple[int, ...] | None = None) -> bytes:
    """An array as numpy writes it, with another shape in its header if asked to."""
    out = io.BytesIO()
    about = {"descr": "<f8", "fortran_order": False, "shape": shape or array.shape}
    np.lib.format.write_array_header_1_0(out, about)
    return out.getvalue() + array.astype("<f8").tobytes()


def test_an_npz_that_declares_more_than_a_light_curve_is_refused_in_milliseconds(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conventions, "MAX_BYTES", 10_000_000)
    member = npy(np.zeros(100))
    data = npz_of(time=member + b"\0" * 8_000_000, flux=member + b"\0" * 8_000_000)
    assert len(data) < 100_000
    assert "would unpack to more than" in refused(data, "TIC_1.npz", seconds=0.1, megabytes=1)


def test_an_array_that_declares_more_than_it_holds_is_refused():
    data = npz_of(time=npy(np.zeros(100), (12345678901,)), flux=npy(np.zeros(100)))
    assert "declares" in refused(data, "TIC_1.npz", seconds=0.1, megabytes=1)


def test_other_arrays_of_an_npz_may_be_large_and_are_not_unpacked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conventions, "MAX_BYTES", 1_000_000)
    data = npz_of(time=npy(DAYS), flux=npy(np.ones(N)), pixels=npy(np.zeros(10)) + b"\0" * 8_000_000)
    assert len(read.parse_light_curve(data, "TIC_1.npz").time) == N


def test_a_table_of_text_has_a_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conventions, "MAX_TEXT_BYTES", 1000)
    with pytest.raises(errors.LightCurveError, match=r"save it as \.npz"):
        read.parse_light_curve(b"time,flux\n" + b"1326.0,1.0\n" * 200, "TIC_1.csv")


def test_a_file_above_the_limit_is_not_read_whole(tmp_path: Path):
    path = tmp_path / "TIC_1_tp.fits"
    with path.open("wb") as file:
        file.truncate(4_000_000_000)  # takes no space
    begun = time.perf_counter()
    with pytest.raises(errors.LightCurveError, match=r"has 4,000 MB, more than the 320 MB that are read"):
        read.read_light_curve(path)
    assert time.perf_counter() - begun < 10


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "TIC_1.fits")
    return folder / "TIC_1.fits"


def link(folder: Path) -> Path:
    (folder / "TIC_1.npz").symlink_to("/dev/zero")
    return folder / "TIC_1.npz"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (fifo, "it is a pipe"),
        (link, "it is a device"),
        (lambda folder: Path("/dev/zero"), "it is a device"),
        (lambda folder: folder / "a\0b.fits", "cannot be read"),
        (lambda folder: folder / ("x" * 10_000 + ".fits"), "cannot be read"),
    ],
)
def test_only_regular_files_are_opened(tmp_path: Path, make: Callable[[Path], Path], says: str):
    with pytest.raises(errors.LightCurveError, match=says) as caught:
        read.read_light_curve(make(tmp_path))
    assert len(str(caught.value)) < 500


def test_a_pipe_in_a_folder_is_named_and_the_others_are_read(tmp_path: Path):
    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "TIC_1.fits").write_bytes(WHOLE)
    paths = local_files.list_light_curves(tmp_path)
    curves, problems = read.read_light_curves(paths)
    assert ([len(c.time) for c in curves], len(problems)) == ([N], 1)
    assert "it is a pipe" in problems[0]


def test_one_bad_file_does_not_delay_another():
    """Many damaged files in other threads leave a good one readable within seconds."""
    bad = WHOLE[:2880] + with_card(WHOLE[2880:], "NAXIS1", -5)
    stop = threading.Event()

    def keep_reading() -> None:
        while not stop.is_set():
            with pytest.raises(errors.CorruptFileError):
                read.parse_light_curve(bad, "TIC_2.fits")

    threads = [threading.Thread(target=keep_reading, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    curves: list[LightCurve] = []
    begun = time.perf_counter()
    curves.append(read.parse_light_curve(WHOLE, "TIC_1.fits"))
    took = time.perf_counter() - begun
    stop.set()
    for thread in threads:
        thread.join(5)
    assert took < 20
    assert len(curves[0].time) == N
