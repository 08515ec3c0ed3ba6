"""What stands beside a light curve comes with it when it is fetched, and never holds it up."""

import pytest

from astroseq_core import targets
from astroseq_core.archive.download import FetchOutcome
from astroseq_core.archive.fetch import fetch_light_curves
from astroseq_core.errors import CorruptFileError
from astroseq_core.io import pixels
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.scoring import star_data
from astroseq_core.scoring.star_data import StarRequest, load_star
from astroseq_core.scoring.star_source import Source
from tests.standin.server import StandIn


def test_a_fetched_star_opens_with_its_pixel_columns(stand_in: StandIn):
    fetch_light_curves([targets.parse_star("TIC 101")])
    star = load_star(StarRequest("TIC 101", Source.CACHE))
    found, problems = star_data.all_star_pixel_columns(star.light_curves, star.source)
    assert problems == ()
    assert len(found) == 2
    for curve, one in zip(star.light_curves, found, strict=True):
        assert one is not None
        assert one.observation == curve.observation
        assert (one.sap[: len(curve.flux)] / curve.flux).mean() == pytest.approx(1.1, rel=1e-3)
    cache = LightCurveCache()
    assert cache.verify().is_sound
    assert len(list((cache.folder / "arrays" / "pixels").rglob("*.npz"))) == 2
    cache.purge(star.target)
    assert not list((cache.folder / "arrays" / "pixels").rglob("*.npz"))


def test_columns_that_cannot_be_read_do_not_hold_up_the_light_curve(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch):
    def fail(data: bytes, name: str) -> None:
        raise CorruptFileError(f"{name} is odd.")

    monkeypatch.setattr(pixels, "read_pixel_columns", fail)
    report = fetch_light_curves([targets.parse_star("TIC 101")])
    assert {i.outcome for i in report.items} == {FetchOutcome.DOWNLOADED}
    star = load_star(StarRequest("TIC 101", Source.CACHE))
    assert star_data.all_star_pixel_columns(star.light_curves, star.source) == ((None, None), ())
