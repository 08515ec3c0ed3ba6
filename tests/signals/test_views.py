"""The door for files of views: right values come through, everything else is one sentence; and what is measured on views."""

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core.cli.main import main
from astroseq_core.errors import AstroSeqError
from astroseq_core.signals.view_scalars import NEEDS, scalar_names, view_scalars
from astroseq_core.signals.views import (
    GLOBAL_BINS,
    LOCAL_BINS,
    SignalViews,
    even_and_odd,
    normalize,
    read_labelled_views,
    read_views,
    view_channels,
)
from tests.signals.simulated_views import dip, write_views

N = 6


def arrays(**changes: np.ndarray | None) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    whole, near = (np.tile(dip(np.linspace(-0.5, 0.5, bins), 0.1, 0.5), (N, 1)) for bins in (GLOBAL_BINS, LOCAL_BINS))
    found = {
        "global_view": whole + 0.01 * rng.standard_normal(whole.shape),
        "local_view": near + 0.01 * rng.standard_normal(near.shape),
        "period_days": np.full(N, 3.0),
        "label": np.array(["PC"] * N),
        "target_id": np.array([f"TIC {i}" for i in range(N)]),
    }
    return {name: value for name, value in (found | changes).items() if value is not None}


def with_value(name: str, value: float) -> np.ndarray:
    array = arrays()[name].copy()
    array[2, 7] = value
    return array


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"global_view": None}, "no global_view"),
        ({"local_view": None}, "no local_view"),
        ({"global_view": np.zeros((N, 200))}, r"shape \(6, 200\); it must be \(n, 201\)"),
        ({"local_view": np.zeros((N, 61, 1))}, r"it must be \(n, 61\)"),
        ({"local_view": np.zeros(61)}, r"it must be \(n, 61\)"),
        ({"global_view": np.zeros((0, 201)), "local_view": np.zeros((0, 61))}, "holds no signal"),
        ({"local_view": arrays()["local_view"][:4]}, "6 global views and 4 local ones"),
        ({"global_view": with_value("global_view", np.nan)}, "Row 2 of global_view of .* not finite"),
        ({"local_view": with_value("local_view", np.inf)}, "Row 2 of local_view of .* not finite"),
        ({"global_view": with_value("global_view", 1e300)}, "Row 2 of global_view of .* not finite"),
        ({"global_view": np.ones((N, 201))}, "Row 0 of global_view of .* has no dip"),
        ({"global_view": np.full((N, 201), "dip")}, "does not hold numbers"),
        ({"local_view": np.zeros((N, 61), complex)}, "does not hold numbers"),
        ({"global_view": np.full((N, 201), 0.5, object)}, "pickled objects"),
        ({"period_days": np.ones(3)}, r"period_days of .* it must be \(6,\)"),
        ({"snr": np.array(["x"] * N)}, "snr of .* does not hold numbers"),
    ],
)
def test_what_is_no_view_is_one_sentence_from_the_command(
    changes: dict[str, np.ndarray | None], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "views.npz", tmp_path / "classes.csv"
    np.savez(path, **arrays(**changes))
    with pytest.raises(AstroSeqError, match=sentence):
        read_views(path)
    assert main(["classify", "--views", str(path), "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert not out.exists()


def declared(bytes_declared: int) -> bytes:
    """A zip whose array declares many more bytes than the file has."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (bytes_declared // 4 // 201, 201)}
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("global_view.npy", header.getvalue() + bytes(1000))
    return buffer.getvalue()


def bomb() -> bytes:
    """A small zip that unpacks to 400 MB of zeros."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("global_view.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (500_000, 201)})
        for _ in range(402):
            file.write(bytes(1_000_000))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"",
        lambda: b"global_view,local_view\n1,2\n",
        lambda: gzip.compress(bytes(50_000_000)),
        lambda: declared(10**12),
        bomb,
        lambda: (lambda b: (np.savez(b, **arrays()), b.getvalue()[:-300])[1])(io.BytesIO()),
    ],
    ids=["empty", "text", "gzip bomb", "declares a terabyte", "zip bomb", "truncated"],
)
def test_damaged_and_hostile_files_are_one_sentence(make: Callable[[], bytes], tmp_path: Path) -> None:
    path = tmp_path / "views.npz"
    path.write_bytes(make())
    with pytest.raises(AstroSeqError) as caught:
        read_views(path)
    assert str(caught.value).endswith(".")


def test_a_folder_or_nothing_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.npz"):
        with pytest.raises(AstroSeqError):
            read_views(path)


def test_unknown_numbers_are_nan_whatever_stands_for_them(tmp_path: Path) -> None:
    path = tmp_path / "views.npz"
    np.savez(path, **arrays(period_days=np.array([3.0, np.nan, 0, -1, np.inf, 2]), snr=np.arange(N)))
    found = read_views(path)
    assert np.isfinite(found.period_days).tolist() == [True, False, False, False, False, True]
    assert np.isnan(found.duration_hours).all()
    assert np.isfinite(found.snr).tolist() == [False, True, True, True, True, True]


def test_any_unit_of_flux_gives_the_same_views(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **arrays())
    other = {name: 5e4 + 300 * arrays()[name] for name in ("global_view", "local_view")}
    np.savez(tmp_path / "b.npz", **arrays(**other))
    one, two = read_views(tmp_path / "a.npz"), read_views(tmp_path / "b.npz")
    np.testing.assert_allclose(one.global_view, two.global_view, atol=2e-4)
    np.testing.assert_allclose(one.local_view.min(axis=1), -1)
    np.testing.assert_allclose(np.median(one.local_view, axis=1), 0, atol=1e-6)


def test_labels_and_stars_are_needed_to_train_and_measure(tmp_path: Path) -> None:
    np.savez(tmp_path / "views.npz", **arrays(target_id=None))
    with pytest.raises(AstroSeqError, match="no target_id"):
        read_labelled_views(tmp_path / "views.npz")


def made(labels: list[str], seed: int = 5) -> SignalViews:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return read_views(write_views(Path(folder) / "v.npz", labels, seed))


def test_scalars_find_the_secondary_the_shape_and_the_wave() -> None:
    planets, binaries, waves = (view_scalars(made([label] * 60)) for label in ("PC", "EB", "J"))
    assert np.median(binaries["half_phase_ratio"]) > 0.15 > 0.05 > np.median(planets["half_phase_ratio"])
    assert np.median(planets["trapezoid_flat_share"]) >= 0.5 > np.median(binaries["trapezoid_flat_share"])
    assert np.median(binaries["log_v_over_box"]) < 0 < np.median(planets["log_v_over_box"])
    assert np.median(waves["log_noise"]) > np.median(planets["log_noise"]) + 1
    assert tuple(planets) == scalar_names()


def test_a_reflected_signal_has_the_same_scalars() -> None:
    views = made(["PC", "EB", "J"] * 5)
    mirrored = replace(views, global_view=views.global_view[:, ::-1], local_view=views.local_view[:, ::-1])
    for name, value in view_scalars(views).items():
        np.testing.assert_allclose(value, view_scalars(mirrored)[name], rtol=2e-3, atol=2e-3, err_msg=name)


def test_reflection_changes_the_sign_of_the_odd_part_alone() -> None:
    channels = view_channels(made(["PC", "EB", "J"]).global_view)
    parts, mirrored = even_and_odd(channels), even_and_odd(channels[:, ::-1])
    assert parts.shape == (3, GLOBAL_BINS // 2 + 1, 4)
    np.testing.assert_allclose(mirrored[..., :2], parts[..., :2], atol=1e-6)
    np.testing.assert_allclose(mirrored[..., 2:], -parts[..., 2:], atol=1e-6)
    np.testing.assert_allclose(parts[..., :2] + parts[..., 2:], channels[:, GLOBAL_BINS // 2 :], atol=1e-6)


def test_depths_may_be_given_under_either_name(tmp_path: Path) -> None:
    depths = np.array([100.0, 5e3, 0.0, np.nan, 3e6, 9.0])
    for name in ("depth_ppm", "depth_as_listed"):
        np.savez(tmp_path / "views.npz", **arrays(**{name: depths}))
        views = read_views(tmp_path / "views.npz")
        np.testing.assert_allclose(views.depth_ppm[[0, 1, 4, 5]], depths[[0, 1, 4, 5]], rtol=1e-6)
        assert np.isnan(views.depth_ppm[2:4]).all()
        found = view_scalars(views)["log_depth"]
        np.testing.assert_allclose(np.exp(found[[0, 4]]), [100.0, 1e6], rtol=1e-5)
    np.savez(tmp_path / "views.npz", **arrays())
    assert np.isnan(read_views(tmp_path / "views.npz").depth_ppm).all()


def test_only_what_needs_an_unknown_number_is_unknown() -> None:
    found = view_scalars(made(["PC", "J"]).without_extras())
    assert {name for name, value in found.items() if np.isnan(value).all()} == set(NEEDS)
    assert all(np.isfinite(value).all() for name, value in found.items() if name not in NEEDS)


def test_noiseless_and_strange_views_have_finite_channels_and_scalars() -> None:
    odd = np.zeros((3, GLOBAL_BINS), np.float32)
    odd[0, 100] = odd[1, 0] = -1  # one bin in the middle, one at the edge
    odd[2, 30:] = np.linspace(0, -1, GLOBAL_BINS - 30)
    near = np.zeros((3, LOCAL_BINS), np.float32)
    near[:, 30] = -1
    ones = np.ones(3, np.float32)
    views = SignalViews(normalize(odd), near, ones, ones, ones, ones)
    assert np.isfinite(view_channels(views.global_view)).all()
    assert all(np.isfinite(value).all() for value in view_scalars(views).values())
