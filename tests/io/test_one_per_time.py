"""No time counts twice: one light curve of each time, by the stated order, and what is left out is said."""

import zlib
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from astroseq_core.archive.products import AUTHORS
from astroseq_core.errors import LightCurveError
from astroseq_core.io.lightcurve import LightCurve, Provenance
from astroseq_core.io.one_per_time import select_light_curves, use_light_curves
from astroseq_core.io.product_order import PRODUCT_ORDER, light_curve_word

STAR = "TIC 77"


def curve(name: str, author: str = "", first: float = 1500.0, last: float = 1527.0, seconds: float = 120.0) -> LightCurve:
    """White noise over some days; its numbers differ with the name."""
    time = np.arange(first, last, seconds / 86400)
    flux = 1 + 1e-3 * np.random.default_rng(zlib.crc32(name.encode())).standard_normal(len(time))
    made = LightCurve.from_arrays(time, flux, STAR, observation=name, exposure_minutes=seconds / 60)
    return replace(made, author=author, provenance=Provenance(f"{name}.fits"))


SECTOR = {
    one.author + one.provenance.name: one
    for one in (
        curve("tess-s0001-0120-s_lc", "SPOC"),
        curve("tess-s0001-fast-lc", "SPOC", seconds=20),
        curve("hlsp_tess-spoc_s0001", "TESS-SPOC", seconds=1800),
        curve("hlsp_qlp_s0001", "QLP", seconds=1800),
        curve("hlsp_tasoc-s0001_cbv-lc", "TASOC", seconds=1800),
        curve("hlsp_tasoc-s0001_ens-lc", "TASOC", seconds=1800),
        curve("hlsp_gsfc-eleanor-lite_s0001", "GSFC-ELEANOR-LITE", seconds=1800),
        curve("hlsp_tglc_s0001", "TGLC", seconds=1800),
        curve("hlsp_spoc_raw_s0001", "SPOC SAP_FLUX"),
        curve("mine", seconds=120),
    )
}
ORDER = ["SPOC", "SPOC 20 s", "TESS-SPOC", "QLP", "TASOC cbv", "TASOC ens", "GSFC-ELEANOR-LITE", "TGLC", "mine", "SPOC SAP_FLUX"]


def usable_times(curves) -> np.ndarray:
    return np.sort(np.concatenate([one.time[one.usable_mask()] for one in curves]))


def test_products_of_one_sector_come_in_the_stated_order_whatever_the_order_of_the_files() -> None:
    left = list(SECTOR.values())
    for wanted in ORDER:
        (best,), left_out = select_light_curves(left)
        assert light_curve_word(best) == wanted
        assert {one.observation for one in left_out} == {one.observation for one in left} - {best.observation}
        assert all(f"{best.observation} (" in one.reason and "is preferred" in one.reason for one in left_out)
        left = [one for one in left if one is not best]
    for few in permutations(list(SECTOR.values())[:3]):
        assert select_light_curves(few).curves[0].observation == "tess-s0001-0120-s_lc"


def test_authors_of_the_archive_stand_in_the_same_order() -> None:
    ranked = [product.author for product in PRODUCT_ORDER]
    for authors in AUTHORS.values():
        assert sorted(authors, key=ranked.index) == list(authors)


@pytest.mark.parametrize(
    ("prefer", "taken"),
    [
        ("TASOC ens", "TASOC ens"),
        ("ens", "TASOC ens"),
        ("20 s", "SPOC 20 s"),
        ("2 min", "SPOC"),
        ("SPOC 2 min", "SPOC"),
        ("0.333 min", "SPOC 20 s"),
        ("qlp", "QLP"),
        ("mine.fits", "mine"),
        ("x", "SPOC"),
    ],
)
def test_a_person_can_prefer_another_product(prefer: str, taken: str) -> None:
    selection = select_light_curves(list(SECTOR.values()), (prefer,))
    assert [light_curve_word(one) for one in selection.curves] == [taken]
    assert len(selection.left_out) == len(SECTOR) - 1


def test_the_same_bytes_are_taken_once_under_whatever_name() -> None:
    one = replace(curve("a"), provenance=Provenance("a.npz", sha256="f00"))
    two = replace(one, observation="b", provenance=Provenance("b.npz", sha256="f00"))
    kept, (gone,) = select_light_curves([one, two])
    assert [c.observation for c in kept] == ["a"]
    assert gone.reason == "b (120 s) is left out: it has the same content as a (120 s)."
    again = replace(one, provenance=Provenance("a.npz"))
    assert "given twice" in select_light_curves([one, again]).left_out[0].reason


ARCHIVE_NAMES = (
    "tess2018206045859-s0001-0000000000000077-0120-s_lc",
    "hlsp_qlp_tess_ffi_s0001-0000000000000077_tess_v01_llc",
    "kplr000000077-2009131105131_llc",
)


@pytest.mark.parametrize("name", ARCHIVE_NAMES)
@pytest.mark.parametrize("other", ["copy_of_it", "{} (1)", "copy_of_{}", "A", "TIC_77__mine"])
def test_of_copies_the_one_with_the_archives_name_is_kept(name: str, other: str) -> None:
    other = other.format(name)
    given = replace(curve(name), provenance=Provenance(f"{name}.fits", sha256="f00"))
    copy = replace(given, observation=other, provenance=Provenance(f"{other}.fits", sha256="f00"))
    for both in ([given, copy], [copy, given]):
        kept, (gone,) = select_light_curves(both)
        assert [c.observation for c in kept] == [name]
        assert gone.reason.startswith(f"{other} (")


def test_observations_of_other_times_all_stay_in_the_order_given() -> None:
    given = [curve("b", first=1528, last=1550), curve("a"), curve("c", first=1900, last=1920)]
    assert select_light_curves(given) == (tuple(given), ())


def test_of_a_partial_overlap_the_rest_is_taken_and_no_time_twice() -> None:
    one, two = curve("a", last=1520), curve("b", first=1510, last=1527)
    kept, (gone,) = select_light_curves([one, two])
    time = usable_times(kept)
    assert len(kept) == 2
    assert len(time) == pytest.approx(27 * 720, abs=2)
    assert np.diff(time).min() > 0.5 / 720
    assert "59 % of b" in gone.reason
    assert len(kept[1].time) == len(two.time), "the columns of pixels still belong to it"
    # A short rest is the same observation, of which other cadences were good.
    assert [c.observation for c in select_light_curves([one, curve("b", first=1503, last=1522)]).curves] == ["a"]


def test_a_file_of_many_sectors_gives_way_only_where_a_better_one_is() -> None:
    sectors = [curve(f"tess-s000{n}-0120-s_lc", "SPOC", 1500 + 28 * n, 1526 + 28 * n) for n in (1, 3)]
    stitched = curve("all of it", "", 1500, 1500 + 28 * 6, seconds=1800)
    time = usable_times((kept := select_light_curves([stitched, *sectors])).curves)
    assert len(kept.curves) == 3
    for one in sectors:
        inside = time[(time >= one.time[0]) & (time <= one.time[-1])]
        assert np.array_equal(inside, one.time)
    # The other way round, sectors lie in a year's gap of a file, and nothing is left out.
    gap = curve("gap", "SPOC", 1500, 1900)
    hole = (gap.time > 1530) & (gap.time < 1800)
    gap = replace(gap, time=gap.time[~hole], flux=gap.flux[~hole], quality=gap.quality[~hole])
    assert not select_light_curves([gap, curve("inside", "QLP", 1600, 1626)]).left_out


def test_what_cannot_be_used_gives_way_to_the_next_best() -> None:
    def use(one: LightCurve) -> str:
        if one.author == "SPOC":
            raise LightCurveError("constant flux")
        return light_curve_word(one)

    used = use_light_curves(list(SECTOR.values()), use)
    assert used.made == ("TESS-SPOC",)
    assert [reason for _, reason in used.failed] == ["constant flux"] * 2
    assert len(used.left_out) == len(SECTOR) - 3
    with pytest.raises(ZeroDivisionError):
        use_light_curves([curve("a")], lambda one: 1 / 0)
