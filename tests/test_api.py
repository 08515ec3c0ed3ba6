"""The front door: what it takes, what comes back, and what is said when something is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import astroseq_core as aq
from astroseq_core.api.results import ScoreResult
from astroseq_core.api.star import Star
from astroseq_core.errors import (
    ArchiveError,
    AstroSeqError,
    CorruptFileError,
    EphemerisError,
    LightCurveError,
    ModelError,
    SettingsError,
    TargetError,
    UnknownTargetError,
)
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.times import TimeSystem
from astroseq_core.vetting.checks import base
from tests.standin import StandIn

PLANET = "SIM 43"  # one planet of 3.219 d in one sector


@pytest.fixture
def injected(light_curve_like_tess_sector):
    return light_curve_like_tess_sector


def write_npz(folder: Path, curve: aq.LightCurve, name: str) -> Path:
    path = folder / f"{name}.npz"
    np.savez(path, time=curve.time, flux=curve.flux, flux_err=curve.flux_err, quality=curve.quality)
    return path


@pytest.fixture
def folder(tmp_path: Path, injected) -> Path:
    """Two sectors of TIC 261136679, and one of another star."""
    folder = tmp_path / "lightcurves"
    folder.mkdir()
    write_npz(folder, injected.curve, "TIC_261136679__s0001")
    write_npz(folder, replace(injected.curve, time=injected.curve.time + 37.0), "TIC_261136679__s0002")
    write_npz(folder, injected.curve, "TIC_5__s0001")
    return folder


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Star]:
    """A simulated planet, scored by the shipped model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASTROSEQ_DATA", str(tmp_path_factory.mktemp("data")))
        patch.setenv("ASTROSEQ_CACHE", str(tmp_path_factory.mktemp("cache")))
        star = aq.open_star(PLANET)
        star.score()
        yield star


# What it takes


def test_the_names_are_offered_and_no_others() -> None:
    offered = {"search", "read", "open_star", "score", "vet", "load_model", "LightCurve", "Ephemeris", "Target"}
    assert offered | {"__version__"} == set(aq.__all__)
    assert offered <= set(dir(aq))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = aq.nothing  # type: ignore[attr-defined]


def of_csv(tmp_path: Path, curve: aq.LightCurve) -> Any:
    path = tmp_path / "TIC_261136679__s0001.csv"
    curve.to_pandas().to_csv(path, index=False)
    return str(path)


def of_fits(tmp_path: Path, curve: aq.LightCurve) -> Any:
    path = tmp_path / "TIC_261136679__s0001.fits"
    curve.to_lightkurve().to_fits(path)
    return path


def of_collection(tmp_path: Path, curve: aq.LightCurve) -> Any:
    import lightkurve as lk

    return lk.LightCurveCollection([curve.to_lightkurve()])


INPUTS: dict[str, Callable[[Path, aq.LightCurve], Any]] = {
    "npz": lambda tmp_path, curve: write_npz(tmp_path, curve, "TIC_261136679__s0001"),
    "csv": of_csv,
    "fits": of_fits,
    "folder": lambda tmp_path, curve: str(write_npz(tmp_path, curve, "TIC_261136679__s0001").parent),
    "light curve": lambda _, curve: curve,
    "list": lambda _, curve: [curve],
    "lightkurve": lambda _, curve: curve.to_lightkurve(),
    "collection": of_collection,
    "detrended": lambda _, curve: aq.open_star(curve).detrended,
}


@pytest.mark.parametrize("kind", INPUTS)
def test_a_star_is_opened_from_what_a_person_has(kind: str, tmp_path: Path, injected) -> None:
    there = tmp_path / "there"
    there.mkdir()
    star = aq.open_star(INPUTS[kind](there, injected.curve), ephemerides=injected.ephemeris)
    assert star.target == aq.Target("TIC", "261136679")
    assert star.ephemerides == (injected.ephemeris,)
    curve = star.light_curves[0]
    rounding = 6e-8 if kind == "fits" else 0.0  # lightkurve writes single precision
    np.testing.assert_allclose(curve.time, injected.curve.time, rtol=0, atol=1e-9 if rounding else 0)
    np.testing.assert_allclose(curve.flux, injected.curve.flux, rtol=rounding)
    np.testing.assert_array_equal(curve.quality, injected.curve.quality)
    assert star.problems == ()


def test_a_named_star_is_looked_for_in_its_folder(folder: Path) -> None:
    for name in ("TIC 261136679", "tic261136679", aq.Target("TIC", "261136679")):
        star = aq.open_star(name, folder=folder)
        assert [c.observation for c in star.light_curves] == ["TIC_261136679__s0001", "TIC_261136679__s0002"]
    assert [e.name for e in star.ephemerides] == ["pi Men c"]  # of the catalogs here
    (second,) = aq.open_star("TIC 261136679", folder, observations="TIC_261136679__s0002").light_curves
    assert second.time[0] > 1360


def test_several_files_of_several_folders_are_one_star(folder: Path, tmp_path: Path, injected) -> None:
    other = write_npz(tmp_path, replace(injected.curve, time=injected.curve.time + 80.0), "TIC_261136679__s0003")
    star = aq.open_star([folder / "TIC_261136679__s0001.npz", str(other)])
    assert [c.observation for c in star.light_curves] == ["TIC_261136679__s0001", "TIC_261136679__s0003"]


def test_one_broken_file_among_several_is_a_problem_and_not_the_end(folder: Path) -> None:
    (folder / "TIC_261136679__s0009.npz").write_bytes(b"PK\x03\x04 cut off")
    star = aq.open_star("TIC 261136679", folder)
    assert len(star.light_curves) == 2
    assert len(star.problems) == 1
    assert "s0009" in star.problems[0]


def test_ephemerides_are_taken_from_a_table_or_as_they_are(folder: Path, tmp_path: Path, injected) -> None:
    table = tmp_path / "known.csv"
    table.write_text(
        "target_id,name,period_days,t0,t0_system,duration_hours\nTIC 261136679,b,3.7,1326.2,BTJD,3\nTIC 5,c,1,1326,BTJD,2\n"
    )
    (read,) = aq.open_star("TIC 261136679", folder, str(table)).ephemerides
    own = aq.Ephemeris.from_values("tic 261136679", 1326.2, 3.7, 3, t0_system="BTJD", name="b")
    assert read == own == aq.open_star("TIC 261136679", folder, [own]).ephemerides[0]
    assert aq.Ephemeris.from_values("TIC 1", 2458326.2, 3.7, 3).t0.to(TimeSystem.BTJD).days == pytest.approx(1326.2)
    with pytest.raises(EphemerisError, match="b is an ephemeris of 'TIC 261136679', not of TIC 5"):
        aq.open_star("TIC 5", folder, own)
    with pytest.raises(EphemerisError, match="There is no ephemerides table"):
        aq.open_star("TIC 5", folder, tmp_path / "none.csv")


def test_a_star_comes_from_the_cache_or_it_is_said_how_it_gets_there(injected) -> None:
    with pytest.raises(TargetError, match="TIC 261136679 is not in the cache; fetch it with fetch=True, or name the folder"):
        aq.open_star("TIC 261136679")
    LightCurveCache().put(injected.curve, author="SPOC", exposure_seconds=120)
    star = aq.open_star("TIC 261136679")
    np.testing.assert_array_equal(star.light_curves[0].flux, injected.curve.flux)
    assert aq.open_star("pi Men").target == star.target  # a name of the catalogs here


def wrong_inputs(folder: Path, tmp_path: Path) -> list[tuple[Callable[[], Any], type[AstroSeqError], str]]:
    empty = folder / "empty"
    empty.mkdir()
    (folder / "notes.txt").write_text("nothing")
    curve = aq.read(folder / "TIC_5__s0001.npz")
    named = tmp_path / "named.csv"
    named.write_text("# target_id: TIC 5\n" + curve.to_pandas().to_csv(index=False))
    return [
        (lambda: aq.open_star("TIC 0"), TargetError, "'TIC 0' has no number"),
        (lambda: aq.open_star(""), TargetError, "is no target"),
        (lambda: aq.open_star("TIC 99", folder), TargetError, "There is no light curve of TIC 99"),
        (lambda: aq.open_star("SIM 1", fetch=True), SettingsError, "simulated here; there is nothing to fetch"),
        (lambda: aq.open_star(folder), TargetError, "light curves of 2 stars in .*: TIC 261136679, TIC 5"),
        (lambda: aq.open_star(empty), LightCurveError, "There is no light curve in .*empty"),
        (lambda: aq.open_star(folder / "none.fits"), LightCurveError, "There is no file or folder .*none.fits"),
        (lambda: aq.open_star("TIC_9__s1.fits"), LightCurveError, "There is no file or folder TIC_9__s1.fits"),
        (lambda: aq.open_star(str(folder / "notes.txt")), LightCurveError, "no light curve by its name"),
        (lambda: aq.open_star([]), LightCurveError, "There is no light curve in what was given"),
        (lambda: aq.open_star(np.ones(9)), LightCurveError, "ndarray is no star"),
        (lambda: aq.open_star(7), LightCurveError, "int is no star"),  # type: ignore[arg-type]
        (lambda: aq.open_star(pd.DataFrame({"time": [1.0]})), LightCurveError, "DataFrame is no star"),
        (lambda: aq.open_star(curve, folder=folder), SettingsError, "go with the name of a star"),
        (lambda: aq.open_star(curve, target="TIC 6"), TargetError, "a light curve of TIC 5, not of TIC 6"),
        (lambda: aq.open_star(aq.open_star(curve), fetch=True), SettingsError, "open already"),
        (lambda: aq.open_star(curve).plot("s0099"), LightCurveError, "no observation 's0099'; there are TIC_5__s0001"),
        (lambda: aq.open_star(curve).vet("b"), EphemerisError, "TIC 5 has no known signal 'b'; known: none"),
        (lambda: aq.open_star(curve).score("none-v1"), ModelError, "no model 'none-v1'; models here: .*tess-2min-v2"),
        (lambda: aq.score(curve, "long-cadence-v2"), LightCurveError, "made for Kepler and K2 at 29.4 min"),
        (lambda: aq.read(folder), LightCurveError, "is a folder"),
        (lambda: aq.read(named, target="TIC 6"), UnknownTargetError, "of TIC 5, not of TIC 6"),
        (lambda: aq.read(pd.DataFrame()), LightCurveError, "LightCurve.from_arrays"),  # type: ignore[arg-type]
        (lambda: aq.search("SIM 1"), TargetError, "exists only here"),
        (lambda: aq.load_model("none-v1"), ModelError, "no model 'none-v1'"),
    ]


@pytest.mark.parametrize("number", range(25))
def test_what_is_wrong_is_said_in_a_sentence(number: int, folder: Path, tmp_path: Path) -> None:
    wrong = wrong_inputs(folder, tmp_path)
    assert len(wrong) == 25
    call, kind, said = wrong[number]
    with pytest.raises(kind, match=said):
        call()


def test_a_damaged_file_is_said(folder: Path) -> None:
    path = folder / "TIC_7__s0001.fits"
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(CorruptFileError, match=r"TIC_7__s0001\.fits is no FITS file"):
        aq.read(path)
    with pytest.raises(LightCurveError, match=r"TIC_7__s0001\.fits is no FITS file"):
        aq.open_star(path)


# The archive


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive at a port of this machine where nothing listens."""
    monkeypatch.setenv("ASTROSEQ_MAST_SERVER", "http://127.0.0.1:9")
    monkeypatch.setenv("ASTROSEQ_EXOPLANET_ARCHIVE", "http://127.0.0.1:9")
    monkeypatch.setenv("ASTROSEQ_RETRY_SECONDS", "0.001")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("ASTROSEQ_RETRY_SECONDS", "0.005")
    with StandIn() as server:
        monkeypatch.setenv("ASTROSEQ_MAST_SERVER", server.url)
        yield server


@pytest.mark.usefixtures("unreachable")
def test_without_a_network_that_is_said_and_what_is_here_is_opened(injected) -> None:
    with pytest.raises(ArchiveError, match="MAST"):
        aq.search("TIC 261136679")
    with pytest.raises(ArchiveError, match="MAST"):
        aq.open_star("TIC 261136679", fetch=True)
    with pytest.raises(ArchiveError, match="'Nobody' is in no catalog here, and the archives cannot be asked"):
        aq.open_star("Nobody")
    LightCurveCache().put(injected.curve, author="SPOC", exposure_seconds=120)
    star = aq.open_star("TIC 261136679", fetch=True)
    assert len(star.light_curves) == 1
    assert any("MAST" in problem for problem in star.problems)


@pytest.mark.usefixtures("stand_in")
def test_a_search_lists_what_there_is_and_opens_it() -> None:
    found = aq.search("TIC 101")
    table = found.to_pandas()
    assert list(table["author"].unique()) == ["SPOC", "QLP", "TESS-SPOC"]
    assert set(table["observation"]) == {"sector 1", "sector 3"}
    assert len(table) == len(found) > 3
    usual = found.select()
    assert {(i.author, i.exposure_seconds) for i in usual} == {("SPOC", 120.0)}
    assert len(aq.search("TIC 101", author=None)) == len(usual) == 2
    (first,) = usual[:1].download()
    assert (first.target.id, first.observation) == ("TIC 101", "sector 1")
    star = found.open()  # of several kinds the usual one
    assert [c.observation for c in star.light_curves] == ["sector 1", "sector 3"]
    assert "2 light curves of TIC 101" in repr(usual)
    assert "sector 3" in usual._repr_html_()
    assert usual[0].light_curves == usual.light_curves[:1]


@pytest.mark.usefixtures("stand_in")
def test_a_star_that_the_archive_has_is_fetched_and_one_that_it_has_not_is_said() -> None:
    star = aq.open_star("TIC 101", fetch=True, max_observations=1)
    assert [c.observation for c in star.light_curves] == ["sector 1"]
    assert aq.open_star("TIC 101").light_curves[0].observation == "sector 1"
    nothing = aq.search("TIC 109")
    assert len(nothing) == 0
    assert nothing.to_pandas().empty
    for attempt in (nothing.download, nothing.open, lambda: aq.open_star("TIC 109", fetch=True)):
        with pytest.raises(ArchiveError, match="MAST has no"):
            attempt()


@pytest.mark.usefixtures("stand_in")
def test_of_kinds_that_are_all_unusual_one_must_be_selected() -> None:
    everything = aq.search("TIC 106")
    fast = next(item for item in everything if item.exposure_seconds == 20)
    unusual = replace(everything, light_curves=(fast, replace(fast, exposure_seconds=25.0)))
    with pytest.raises(ArchiveError, match=r"None of these is a usual light curve of TIC 106; select one of SPOC at 20 s"):
        unusual.open()
    assert [c.author for c in everything.select("QLP").open().light_curves] == ["QLP"]


# What comes back


def test_a_simulated_planet_is_found_where_it_is(scored: Star) -> None:
    assert scored.scored is not None
    truth, found = scored.ephemerides[0], scored.scored.ephemeris
    assert found.period_days == pytest.approx(truth.period_days, abs=3 * found.period_err)
    assert abs(truth.phase_days(np.array([found.t0.days]), found.t0.system)[0]) < truth.duration_days / 2
    assert scored.scored.star_score.star_score > 20


def test_segments_hold_transits_where_the_probability_is_high(scored: Star) -> None:
    assert scored.scored is not None
    table = scored.scored.to_pandas()
    columns = ["target_id", "observation", "segment", "t_start", "t_stop", "num_cadences", "probability"]
    assert list(table.columns) == columns
    assert len(table) == scored.scored.star_score.num_segments
    truth = scored.ephemerides[0]
    holds = np.array([len(truth.transits(a, b, TimeSystem.BTJD)) > 0 for a, b in zip(table.t_start, table.t_stop, strict=True)])
    assert 0 < holds.sum() < len(holds)
    assert table.probability[holds].median() > 0.9
    assert table.probability[~holds].median() < 0.1
    assert table.probability.max() == pytest.approx(scored.scored.star_score.score_max)


def test_a_model_is_named_by_its_identifier_its_folder_or_itself(scored: Star) -> None:
    from astroseq_core import settings

    loaded = aq.load_model("tess-2min-v2")
    assert scored.scored is not None
    before = scored.scored.to_pandas()
    for model in ("tess-2min-v2", settings.models_dir() / "tess-2min-v2", loaded):
        pd.testing.assert_frame_equal(aq.score(PLANET, model).to_pandas(), before)
    assert "window: 1024 cadences (34.1 h), stride 256" in repr(loaded)
    assert "cadence: 2 min" in repr(loaded)
    assert "ROC AUC, real stars: 0.9" in repr(loaded)
    assert "<td>missions</td><td>TESS</td>" in loaded._repr_html_()


def test_a_light_curve_that_no_model_suits_is_left_out_and_told(injected) -> None:
    every = {name: getattr(injected.curve, name)[::15] for name in ("time", "flux", "flux_err", "quality")}
    slow = replace(injected.curve, observation="slow", **every | {"time": every["time"] + 40})
    result = aq.score([injected.curve, slow], "tess-2min-v2")
    assert [len(s) > 0 for s in result.segments] == [True]
    assert len(result.problems) == 1
    assert result.problems[0].startswith("slow: tess-2min-v2 was made for TESS at 2 min")
    assert set(result.to_pandas().observation) == {"s0001"}
    assert [t for t in result.plot().data if t.type == "heatmap"]


def test_the_figure_shows_the_strip_once_the_star_is_scored(scored: Star) -> None:
    def drawn(star: Star) -> set[str]:
        figure = star.plot()
        return {t.type for t in figure.data} | {t.name for t in figure.data if t.name}

    assert {"heatmap", "SIM 43.01"} <= drawn(scored)
    unscored = aq.open_star(PLANET)
    assert "heatmap" not in drawn(unscored)
    assert "SIM 43.01" in drawn(unscored)
    assert len(unscored.plot(unscored.light_curves[0].observation).data) == len(unscored.plot().data)


def test_the_checks_measure_what_was_injected(injected) -> None:
    result = aq.vet(injected.curve, injected.ephemeris)
    assert len(result) == 1
    examined = result["injected b"]
    assert examined.fit is not None
    assert examined.fit.depth_ppm == pytest.approx(2000, abs=4 * examined.fit.depth_err_ppm)
    table = result.to_pandas()
    assert list(table.check) == list([c.name for c in base.all_checks()])
    assert set(table.flag) <= {"pass", "warn", "fail", "unknown"}
    rows = table.set_index("check")
    assert rows.flag["strength"] == rows.flag["odd_even"] == "pass"
    assert rows.value["strength"] == pytest.approx(examined.check("strength").value)
    assert rows.sentence["strength"] == examined.check("strength").sentence
    assert rows.threshold["odd_even"].startswith("odd_even_warn 3 σ; odd_even_fail 5 σ; odd_even_relative 0.05")
    assert rows.flag["centroid"] == "unknown"
    assert np.isnan(rows.value["centroid"])
    assert len(result.plot().data) > 5


def test_without_a_known_signal_those_that_the_search_finds_are_vetted(injected) -> None:
    star = aq.open_star(replace(injected.curve, target=aq.Target("TIC", "5")))
    assert star.ephemerides == ()
    result = star.vet()
    assert isinstance(star.scored, ScoreResult)
    assert star.found is not None
    assert result.signals == tuple(one.ephemeris.name for one in star.found) == ("TIC 5 signal 1",)
    found = result[0].ephemeris
    assert found.period_days == pytest.approx(injected.ephemeris.period_days, abs=4 * found.period_err)
    assert result[0].check("strength").flag == "pass"


def test_all_known_signals_are_vetted_or_the_one_named() -> None:
    star = aq.open_star("SIM 25")
    assert star.vet().signals == tuple(e.name for e in star.ephemerides) == ("SIM 25.01", "SIM 25.02")
    assert star.vet("02").signals == star.vet(star.ephemerides[1]).signals == ("SIM 25.02",)
    with pytest.raises(EphemerisError, match=r"no known signal 'x'; known: SIM 25.01, SIM 25.02"):
        star.vet("x")
    with pytest.raises(EphemerisError, match=r"No signal 'x' of SIM 25 was vetted"):
        star.vet()["x"]


def test_products_of_the_same_data_are_not_vetted_twice(injected) -> None:
    twice = [injected.curve, replace(injected.curve, observation="again")]
    result = aq.vet(twice, injected.ephemeris)
    assert len(result[0].detrended) == 1
    assert result.problems == ("again (SPOC, 120 s) is left out: it has the same content as s0001 (SPOC, 120 s).",)


# As it is shown


class Markup(HTMLParser):
    """The elements and attributes of some HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.given: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.given += attrs


def test_texts_of_files_are_never_markup(tmp_path: Path, injected) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    path = write_npz(tmp_path, injected.curve, f"TIC_261136679__{hostile}")
    broken = tmp_path / f"TIC_261136679__{hostile}2.npz"
    broken.write_bytes(b"PK\x03\x04 cut off")
    table = tmp_path / "known.csv"
    table.write_text(
        "target_id,name,period_days,t0,t0_system,duration_hours\nTIC 261136679,<script>alert(2)</script>,3.7,1326.2,BTJD,3\n"
    )
    star = aq.open_star([path, broken], ephemerides=table)
    scored, vetted = star.score(), star.vet()
    shown = [star, scored, vetted, *star.light_curves, *star.detrended]
    for thing in shown:
        markup = Markup(thing._repr_html_())
        assert markup.tags <= {"div", "strong", "table", "thead", "tbody", "tr", "td", "th", "p"}
        assert markup.given == []
    assert "&lt;script&gt;" in star._repr_html_()
    assert "&lt;img" in star._repr_html_()


def test_reprs_say_what_matters(scored: Star) -> None:
    assert repr(aq.open_star(PLANET)).endswith("simulated, 1 light curve of TESS at 2 min, 1 known signal, not scored>")
    assert "star_score 6" in repr(scored)
    assert "tess-2min-v2" in repr(scored.scored)
    assert "period 3.219" in repr(scored.scored)
    assert "SIM 43.01 (3.219 d): unknown: Stars nearby; 11 of 12 pass" in repr(scored.vet())
    assert "of SIM 43: TESS" in repr(scored.light_curves[0])
    assert "biweight of 0.8 d" in repr(scored.detrended[0])


# To lightkurve and back


@pytest.mark.parametrize("name", ["SIM 43", "SIM 2", "SIM 3"])
def test_lightkurve_gives_back_every_time_and_flux(name: str) -> None:
    for curve in aq.open_star(name).light_curves:
        there = curve.to_lightkurve()
        assert there.time.format == str(curve.time_system).lower()
        back = aq.LightCurve.from_lightkurve(there)
        for column in ("time", "flux", "flux_err", "quality"):
            np.testing.assert_array_equal(getattr(back, column), getattr(curve, column))
        for fact in ("target", "observation", "instrument", "time_system", "author", "flattened"):
            assert getattr(back, fact) == getattr(curve, fact)


def test_a_detrended_light_curve_goes_to_lightkurve(injected) -> None:
    (flat,) = aq.open_star(injected.curve).detrended
    there = flat.to_lightkurve()
    np.testing.assert_array_equal(there.flux.value, 1 + flat.flat)
    np.testing.assert_array_equal(there["trend"].value if hasattr(there["trend"], "value") else there["trend"], flat.trend)
    back = aq.read(there)
    assert back.flattened
    assert aq.open_star(back).detrended[0].noise == pytest.approx(flat.noise, rel=0.02)
    assert list(flat.to_pandas().columns) == ["time", "flux", "trend", "flat"]


def test_a_bare_lightkurve_object_needs_a_star_and_takes_any_usual_time(injected) -> None:
    import lightkurve as lk
    from astropy.time import Time

    btjd, flux = injected.curve.time, injected.curve.flux
    with pytest.raises(UnknownTargetError, match="give target"):
        aq.read(lk.LightCurve(time=btjd, flux=flux))
    times = (btjd, btjd + 2_457_000.0, Time(btjd + 2_457_000.0, format="jd", scale="tdb").copy(format="mjd"))
    for time in (*times, Time(btjd + 2_457_000.0, format="jd", scale="tdb").copy(format="isot")):
        curve = aq.read(lk.LightCurve(time=time, flux=flux), target="TIC 261136679")
        np.testing.assert_allclose(curve.time, btjd, atol=1e-8, rtol=0)
        assert curve.time_system is TimeSystem.BTJD
    with pytest.raises(LightCurveError, match="FoldedLightCurve of lightkurve is no light curve over time"):
        aq.read(injected.curve.to_lightkurve().fold(3.7))
    with pytest.raises(LightCurveError, match="as what it is seen"):
        aq.read(lk.LightCurve(time=btjd, flux=flux), target="SIM 1")
    assert aq.read(lk.LightCurve(time=btjd, flux=flux), target="SIM 1", mission="TESS").instrument.name == "TESS"


@pytest.mark.parametrize(("unit", "scale"), [("ppm", 1e6), ("ppt", 1e3)])
def test_relative_units_of_lightkurve_become_a_flux_about_one(injected, unit: str, scale: float) -> None:
    there = injected.curve.to_lightkurve()
    one = aq.read(there.normalize())
    normalized = aq.read(there.normalize(unit=unit))
    np.testing.assert_allclose(normalized.flux, one.flux, rtol=1e-12)
    from astropy import units

    zeroed = there.normalize(unit=unit)
    zeroed.flux = zeroed.flux - scale * units.Unit(str(zeroed.flux.unit))
    np.testing.assert_allclose(aq.read(zeroed).flux, one.flux, rtol=1e-12)


def test_arrays_become_a_light_curve(injected) -> None:
    curve = aq.LightCurve.from_arrays(injected.curve.time + 2_457_000.0, injected.curve.flux, "tic 261136679")
    np.testing.assert_allclose(curve.time, injected.curve.time, atol=1e-8, rtol=0)
    assert aq.open_star(curve).target.id == "TIC 261136679"
    with pytest.raises(LightCurveError, match="flux has 2 values"):
        aq.LightCurve.from_arrays(injected.curve.time, [1.0, 2.0], "TIC 1")


# Real data


@pytest.mark.lent
@pytest.mark.parametrize(
    "name",
    [
        "tess2018206045859-s0001-0000000261136679-0120-s_lc.fits",
        "kplr011446443-2009131105131_llc.fits",
        "ktwo211117077-c04_llc.fits",
    ],
)
def test_lightkurve_objects_of_real_files_are_read_as_the_files_are(lent_data: Path, name: str) -> None:
    import lightkurve as lk

    from astroseq_core.io.fits import suppress_warnings

    path = lent_data / "fits" / name
    with suppress_warnings():
        there = lk.read(path, quality_bitmask="none")
    own, given = aq.read(path), aq.read(there)
    assert (given.target, given.instrument, given.time_system) == (own.target, own.instrument, own.time_system)
    for column in ("time", "flux", "quality"):
        np.testing.assert_array_equal(getattr(given, column), getattr(own, column))
    assert given.observation.split()[0] == own.instrument.observation_word


@pytest.mark.lent
def test_a_real_hot_jupiter_is_scored_and_vetted_from_its_files(lent_data: Path) -> None:
    star = aq.open_star("KIC 11446443", lent_data / "fits", lent_data / "ephemerides.csv")  # TrES-2
    result = star.score()
    known = star.ephemerides[0]
    assert result.ephemeris.period_days == pytest.approx(known.period_days, abs=1e-3)
    assert result.star_score.score_max > 0.9
    checks = star.vet(known).to_pandas().set_index("check")
    assert checks.flag["strength"] == "pass"
    assert checks.flag["odd_even"] == "pass"
    assert checks.flag["centroid"] != "unknown"  # the pixels of the files were found


def test_light_curves_that_cover_the_same_time_count_once(tiny, injected):
    one = injected.curve
    rng = np.random.default_rng(4)
    time = np.arange(one.time[0], one.time[-1], 20 / 86400)
    fast = 1 + 2500e-6 * rng.standard_normal(len(time))
    fast[injected.ephemeris.in_transit(time, TimeSystem.BTJD)] -= injected.ephemeris.depth_ppm * 1e-6
    arrays = aq.LightCurve.from_arrays(time, fast, one.target, observation="twenty seconds")
    alone = aq.open_star(one, ephemerides=injected.ephemeris)
    both = aq.open_star([arrays, replace(one, observation="again"), one], ephemerides=injected.ephemeris)
    assert [len(d.time) for d in both.detrended] == [len(alone.detrended[0].time)]
    assert both.score().star_score.values() == alone.score().star_score.values()
    vetted, own = both.vet(), alone.vet()
    for name in ("strength", "depth_consistency"):
        assert vetted[0].check(name).value == own[0].check(name).value
    assert vetted[0].fold.num_transits == own[0].fold.num_transits > 5
    for text in (repr(both), both._repr_html_(), *both.left_out[-1:], *vetted.problems):
        assert "left out" in text
    assert "twenty seconds (20 s) is left out" in repr(both)
    assert aq.open_star([arrays, one], prefer="twenty seconds").light_curves == (arrays,)
