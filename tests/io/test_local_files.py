from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroseq_core import errors
from astroseq_core.io import identifiers, local_files

TIME = 1326.0 + np.arange(60) * 2 / 1440


@pytest.mark.parametrize(
    ("name", "target_id"),
    [
        ("TIC_261136679__s0001.npz", "TIC 261136679"),
        ("TIC_261136679.csv", "TIC 261136679"),
        ("tic 0261136679__anything at all.fits", "TIC 261136679"),
        ("SIM_12__TESS.npz", "SIM 12"),
        ("EPIC_210359769__DAVE_C4_4_209.npz", "EPIC 210359769"),
        ("kplr011446443-2009131105131_llc.fits", "KIC 11446443"),
        ("kplr011446443-2009131105131_slc.fits.gz", "KIC 11446443"),
        ("ktwo211117077-c04_llc.fits", "EPIC 211117077"),
        ("tess2018206045859-s0001-0000000261136679-0120-s_lc.fits", "TIC 261136679"),
        ("hlsp_tess-spoc_tess_phot_0000000261136679-s0001_tess_v1_lc.fits", "TIC 261136679"),
        ("hlsp_qlp_tess_ffi_s0001-0000000261136679_tess_v01_llc.fits", "TIC 261136679"),
        ("hlsp_tasoc_tess_ffi_tic00261136679-s0001-cam4-ccd2-c1800_tess_v05_ens-lc.fits", "TIC 261136679"),
        ("hlsp_gsfc-eleanor-lite_tess_ffi_s0001-0000000261136679_tess_v1.0_lc.fits", "TIC 261136679"),
        ("hlsp_k2sff_k2_lightcurve_201367065-c01_kepler_v1_llc.fits", "EPIC 201367065"),
        ("hlsp_everest_k2_llc_201367065-c01_kepler_v2.0_lc.fits", "EPIC 201367065"),
        ("hlsp_kepseismic_kepler_phot_kplr001435467-20d_kepler_v1_cor-filt-inp.fits", "KIC 1435467"),
        ("ephemerides.csv", None),
        ("TIC.npz", None),
        ("TIC_0.npz", None),
        ("s0001__TIC_5.npz", None),
        ("261136679.npz", None),
    ],
)
def test_names_tell_targets(name: str, target_id: str | None):
    found = identifiers.target_from_name(Path(name))
    assert (found.id if found else None) == target_id


def test_the_observation_is_the_stem():
    assert identifiers.observation_from_name(Path("a/TIC_1__s1.v2.fits.gz")) == "TIC_1__s1.v2"
    assert identifiers.observation_from_name(Path("TIC_1__s1.NPZ")) == "TIC_1__s1"


def npz(path: Path, **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, time=TIME, flux=np.ones(60), **more)
    return path


def test_a_folder_is_listed_with_what_is_below_it_and_without_other_tables(tmp_path: Path):
    light_curves = [npz(tmp_path / "TIC_2__a.npz"), npz(tmp_path / "deep" / "er" / "TIC_1__a.npz")]
    for name, text in {
        "ephemerides.csv": "target_id,name,period_days,t0,t0_system,duration_hours\n",
        "scores.csv": "# by me\ntarget_id,star_score\n",
        "notes.txt": "time,flux\n",
        ".hidden.csv": "time,flux\n",
        "mine.csv": "# target_id: TIC 3\ntime,flux\n",
        "half.csv": "time,brightness\n",  # meant as one: reading it will say what is wrong
        "TIC_4.csv": "nonsense",
        "empty.csv": "",
    }.items():
        (tmp_path / name).write_text(text)
    npz(tmp_path / ".trash" / "TIC_9.npz")
    expected = [tmp_path / n for n in ("mine.csv", "half.csv", "TIC_4.csv", "empty.csv")] + light_curves
    assert local_files.list_light_curves(tmp_path) == sorted(expected)
    assert local_files.list_light_curves(light_curves[0]) == [light_curves[0]]


def test_what_is_not_there_or_no_light_curve_is_refused(tmp_path: Path):
    with pytest.raises(errors.LightCurveError, match="no file or folder"):
        local_files.list_light_curves(tmp_path / "none")
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(errors.LightCurveError, match="must end in"):
        local_files.list_light_curves(tmp_path / "x.txt")
    assert local_files.list_light_curves(tmp_path) == []


def test_files_are_grouped_by_their_names_without_being_opened(tmp_path: Path):
    paths = [tmp_path / n for n in ("TIC_2__a.npz", "TIC_1__b.npz", "TIC_2__c.npz")]  # none of them exists
    grouped = local_files.group_by_target(paths)
    assert grouped.by_target == {"TIC 2": [paths[0], paths[2]], "TIC 1": [paths[1]]}
    assert grouped.problems == ()


def test_content_tells_where_names_do_not(tmp_path: Path):
    from astropy.io import fits

    named = npz(tmp_path / "a.npz", target_id="TIC 7")
    (tmp_path / "b.csv").write_text("# target_id: KIC 8\ntime,flux\n")
    fits.HDUList([fits.PrimaryHDU(header=fits.Header({"OBJECT": "TIC 9", "TICID": 9})), fits.ImageHDU()]).writeto(
        tmp_path / "c.fits"
    )
    fits.PrimaryHDU(header=fits.Header({"KEPLERID": 211117077})).writeto(tmp_path / "d.fits")
    npz(tmp_path / "e.npz")
    (tmp_path / "f.npz").write_bytes(b"PK\x03\x04 broken")
    (tmp_path / "g.fits").write_bytes(b"SIMPLE  = T")
    grouped, problems = local_files.group_by_target(local_files.list_light_curves(tmp_path))
    assert list(grouped) == ["TIC 7", "KIC 8", "TIC 9", "EPIC 211117077"]
    assert grouped["TIC 7"] == [named]
    assert [p.split(".")[0] for p in problems] == ["e", "f", "g"]
    assert "neither its content nor its name" in problems[0]


@pytest.mark.lent
def test_the_lent_light_curves_are_grouped_as_their_manifest_says(lent_data: Path):
    import pandas as pd

    manifest = pd.read_csv(lent_data / "manifest.csv")
    manifest = manifest[manifest.file.str.startswith("lc/")]
    paths = local_files.list_light_curves(lent_data / "lc")
    grouped, problems = local_files.group_by_target(paths)
    assert not problems
    assert {k: len(v) for k, v in grouped.items()} == manifest.groupby("target_id").size().to_dict()
    originals, problems = local_files.group_by_target(local_files.list_light_curves(lent_data / "fits"))
    assert not problems
    said = dict(zip(manifest.fits, manifest.target_id, strict=True))
    for star, files in originals.items():
        assert {said.get(path.name, star) for path in files} == {star}
    assert not [p for p in local_files.list_light_curves(lent_data) if p.suffix == ".csv"]


def test_a_targets_file_gives_targets_and_paths_in_its_order(tmp_path: Path):
    path = tmp_path / "targets.csv"
    path.write_text("\ufeffpath, Target_ID\nlc/a.npz,tic 5\n,KIC-011446443\n\n/abs/b.npz,TIC 5\n,TOI-700.01\n", encoding="utf-8")
    assert local_files.read_targets_file(path) == [
        ("TIC 5", tmp_path / "lc" / "a.npz"),
        ("KIC 11446443", None),
        ("TIC 5", Path("/abs/b.npz")),
        ("TOI-700.01", None),
    ]
    path.write_text("target_id\nTIC 1\n")
    assert local_files.read_targets_file(path) == [("TIC 1", None)]


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", errors.CorruptFileError, "empty"),
        (b"tic,path\n1,2\n", errors.MissingColumnError, "no column target_id"),
        (b"target_id\nTIC 1\nHD 5\n", errors.TargetError, r"t\.csv, line 3: 'HD 5'"),
        (b"target_id\n261136679\n", errors.TargetError, "KIC, EPIC or TIC"),
        (b"target_id\n\xff\xfe\n", errors.CorruptFileError, "CSV table"),
        (b'target_id\n"TIC 1\n', errors.CorruptFileError, "CSV table"),
    ],
)
def test_faulty_targets_files_are_refused_with_their_line(tmp_path: Path, content: bytes, error: type[Exception], says: str):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(error, match=says):
        local_files.read_targets_file(tmp_path / "t.csv")
