import base64
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from astroseq_core.app.chart.message import read_message
from astroseq_core.app.shared import models, stars
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.scoring.star_data import StarRequest
from astroseq_core.scoring.star_source import Source
from astroseq_core.simulation import survey

EXPLORE = str(Path(__file__).resolve().parent.parent.parent / "pages" / "1_Explore.py")


def explore(**address: str) -> AppTest:
    """The page behind that address, opened cold."""
    page = AppTest.from_file(EXPLORE, default_timeout=300)
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def chart(page: AppTest, number: int = 0) -> dict:
    """What the browser is sent for a chart: its figure, with the painted points beside it."""
    sent = read_message(page.get("bidi_component")[number].proto.bytes)
    return sent["figure"] | {"clouds": sent["clouds"]}


def probabilities(page: AppTest) -> np.ndarray:
    """All finite values in the strip."""
    found = []
    for trace in chart(page)["data"]:
        if trace["type"] == "heatmap":
            z = trace["z"]
            values = np.frombuffer(base64.b64decode(z["bdata"]), np.dtype(z["dtype"])) if isinstance(z, dict) else np.ravel(z)
            found.append(np.asarray(values, float))
    joined = np.concatenate([np.empty(0), *found])
    return joined[np.isfinite(joined)]


def metric(page: AppTest, label: str) -> str:
    return next(m.value for m in page.metric if m.label == label)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of one TESS star with a box-shaped dip every 3 days, and a table that knows it."""
    rng = np.random.default_rng(8)
    time = np.arange(1325.3, 1352.0, 10 / 1440)
    flux = 1 + 300e-6 * rng.standard_normal(len(time))
    flux[np.abs((time - 1327.0 + 1.5) % 3.0 - 1.5) < 0.06] -= 0.003
    lightcurves = tmp_path / "lightcurves"
    lightcurves.mkdir()
    np.savez(lightcurves / "TIC_77__s0001.npz", time=time, flux=flux, mission="TESS")
    (lightcurves / "TIC_78__s0001.csv").write_text("time,flux\n1325.0,one\n")
    (tmp_path / "known.csv").write_text(
        "target_id,name,period_days,t0,t0_system,duration_hours,depth_ppm\nTIC 77,TIC 77 [b],3.0,1327.0,BTJD,2.88,3000\n"
    )
    return tmp_path


def test_without_a_star_it_teaches_and_offers_some(no_models):
    page = explore()
    assert any("will stand here" in m.value for m in page.markdown)
    page.button(key="example SIM 1").click().run()
    assert page.title[0].value == "SIM 1"


def test_a_simulated_star_from_a_cold_link(no_models):
    page = explore(target="SIM 4")
    assert page.title[0].value == "SIM 4"
    assert any("Simulated" in m.value and "violet" in m.value for m in page.markdown)
    names = {t.get("name") for t in chart(page)["data"]}
    assert {e.name for e in survey.published_ephemerides("SIM 4")} <= names
    assert "ppm" in metric(page, "Noise per cadence")


def test_without_a_model_it_says_what_to_do(no_models):
    page = explore(target="SIM 4")
    assert "train" in page.info[0].value
    assert metric(page, "Star score") == "–"
    assert not probabilities(page).size


@pytest.mark.parametrize(
    ("name", "words"),
    [("Proxima", "is in no catalog here"), ("SIM 999", "SIM 60"), ("TIC 261136679", "not in the simulated survey")],
)
def test_a_wrong_name_is_a_sentence(no_models, stand_in, name, words):
    page = explore(target=name)
    said = [e.value for kind in (page.error, page.markdown) for e in kind]
    assert any(words in one for one in said)
    assert not page.get("bidi_component")


def test_a_missing_folder_is_a_sentence(no_models, tmp_path):
    page = explore(source="files", folder=str(tmp_path / "nowhere"), target="TIC 1")
    assert page.error
    assert all("There is no file or folder" in e.value for e in page.error)


def test_a_star_that_is_not_in_the_folder_is_a_sentence(no_models, folder):
    page = explore(source="files", folder=str(folder / "lightcurves"), target="TIC 1")
    assert "no light curve of TIC 1" in page.error[0].value


def test_own_files_with_their_ephemerides(no_models, folder):
    page = explore(source="files", folder=str(folder / "lightcurves"), ephemerides=str(folder / "known.csv"), target="tic77")
    assert page.title[0].value == "TIC 77"
    assert not any("violet" in m.value for m in page.markdown), "only simulated stars carry the badge"
    fold = next(m.value for m in page.markdown if "published 3,000 ppm" in m.value)
    assert r"TIC 77 \[b\]" in fold, "names from tables are no markup"
    measured = float(fold.split("depth ")[1].split(" ±")[0].replace(",", ""))
    assert measured == pytest.approx(3000, rel=0.05)


def test_a_damaged_file_is_a_sentence(no_models, folder):
    page = explore(source="files", folder=str(folder / "lightcurves"), target="TIC 78")
    assert "TIC_78__s0001" in page.error[0].value.replace("\\", "")


def test_a_missing_table_is_a_sentence(no_models, folder):
    page = explore(source="files", folder=str(folder / "lightcurves"), ephemerides=str(folder / "nowhere.csv"), target="TIC 77")
    assert "no ephemerides table" in page.error[0].value


def test_another_source_forgets_the_star(no_models):
    page = explore(target="SIM 4")
    page.radio(key="source").set_value("cache").run()
    assert not page.exception
    assert not page.error
    assert page.title[0].value == "Explore"


def test_an_empty_cache_teaches(no_models):
    page = explore(source="cache")
    assert any("fetch" in m.value for m in page.markdown)


def test_a_cached_star(no_models, light_curve_like_tess_sector):
    LightCurveCache().put(light_curve_like_tess_sector.curve)
    page = explore(source="cache", target="TIC 261136679")
    assert page.title[0].value == "TIC 261136679"
    assert "SPOC" in str([m.value for m in page.markdown])
    assert page.selectbox(key="target").options == ["TIC 261136679"]


def test_bad_values_in_the_address_are_sentences(no_models):
    page = explore(target="SIM 4", window="-3", tab="Nonsense")
    assert len(page.warning) == 2
    assert page.title[0].value == "SIM 4"


def test_next_and_back(no_models):
    page = explore(target="SIM 4")
    next(b for b in page.button if b.label == "Next").click().run()
    assert page.title[0].value == "SIM 5"
    next(b for b in page.button if b.label == "Back").click().run()
    assert page.title[0].value == "SIM 4"


def test_next_stays_within_the_mission(no_models):
    page = explore(target="SIM 4", mission="TESS")
    next(b for b in page.button if b.label == "Next").click().run()
    assert page.title[0].value == "SIM 7"


def test_another_trend_changes_what_is_drawn(no_models):
    usual = explore(target="SIM 8", tab="Data")
    other = explore(target="SIM 8", tab="Data", detrending="median", window="3.5")
    assert any("trend by running median over 3.5 d" in m.value for m in other.markdown)
    assert metric(usual, "Noise per cadence") != metric(other, "Noise per cadence")


def test_one_observation_of_several(no_models):
    page = explore(target="SIM 2")
    first = page.multiselect[0].options[0]
    everything = chart(page)["layout"]["xaxis3"]["range"]
    page.multiselect[0].select(first).run()
    assert not page.exception
    only = chart(page)["layout"]["xaxis3"]["range"]
    assert only[1] - only[0] < 110 < everything[1] - everything[0]


def test_scores_fill_the_strip(tiny):
    page = explore(target="SIM 1")
    shown = probabilities(page)
    assert shown.size > 50
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert shown.max() > 0.9, "the transits stand out"
    assert float(metric(page, "Star score")) > 0.8, "three clear planets"
    assert int(metric(page, "Segments").replace(",", "")) > 50


def test_the_next_star_is_scored_before_it_is_asked_for(tiny):
    page = explore(target="SIM 4", mission="TESS")
    wanted = StarRequest("SIM 7", Source.SIMULATED)
    card = models.best_card("TESS", 2.0)
    name = stars._score_key(wanted, card)
    stars._loader().submit(lambda: None).result()  # after what the page has asked for
    stars._worker().submit(lambda: None).result()
    assert stars.scores_in_memory().get(name) is not None
    next(b for b in page.button if b.label == "Next").click().run()
    assert metric(page, "Star score") != "…"


def test_segment_tab_from_a_cold_link(tiny):
    page = explore(target="SIM 1", tab="Segment", segment="12")
    assert page.number_input(key="segment").value == 12
    assert any("Probability **0." in m.value or "Probability **1." in m.value for m in page.markdown)
    titles = [a["text"] for a in chart(page, 1)["layout"]["annotations"]]
    assert "detrended" in titles


def test_a_segment_that_does_not_exist_is_a_sentence(tiny):
    page = explore(target="SIM 4", tab="Segment", segment="99999")
    assert any("There is no segment 99999" in w.value for w in page.warning)


def test_a_warning_outlives_the_scoring(tiny):
    page = explore(target="SIM 4", window="-3")
    assert metric(page, "Star score") != "…", "the page was drawn again with the scores"
    assert "window=" in page.warning[0].value


def test_a_model_for_other_light_curves_is_a_sentence(tiny):
    page = explore(target="SIM 2", model="tiny-tess")
    assert "choose another model" in page.warning[0].value
    assert page.get("bidi_component")


def test_a_star_the_model_was_made_from_is_told(tiny):
    page = explore(target="SIM 4", tab="Data")
    assert any("SIM 4 was among" in m.value for m in page.markdown)


def test_ephemerides_tab(no_models):
    page = explore(target="SIM 1", tab="Ephemerides")
    assert list(page.dataframe[0].value["Name"]) == [e.name for e in survey.published_ephemerides("SIM 1")]


def test_of_products_of_one_time_one_is_drawn_and_the_header_speaks_of_it(no_models, folder):
    lightcurves = folder / "lightcurves"
    rng = np.random.default_rng(9)
    time = np.arange(1325.3, 1352.0, 30 / 1440)
    for name, author in (("other", "QLP"), ("another", "TASOC")):
        flux = 1 + 3000e-6 * rng.standard_normal(len(time))
        np.savez(lightcurves / f"{name}.npz", time=time, flux=flux, mission="TESS", target_id="TIC 77", author=author)
    np.savez(lightcurves / "nobody.npz", time=time, flux=flux)
    page = explore(source="files", folder=str(lightcurves), target="TIC 77")
    # QLP and TASOC stand in the order of preference, a file without an author does not.
    badges = " ".join(m.value for m in page.markdown)
    assert "30 min" in badges
    assert "1 sector" in badges
    assert "QLP" in badges
    assert "TASOC" not in badges
    assert float(metric(page, "Noise per cadence").split()[0].replace(",", "")) == pytest.approx(3000, rel=0.1)
    said = " ".join(c.value for c in page.caption).replace("\\", "")
    assert "another (TASOC, 1800 s) is left out: other (QLP, 1800 s) covers the same time and is preferred." in said
    assert "TIC_77__s0001 (600 s) is left out" in said
    assert any("nobody.npz" in m.value for m in page.markdown), "a file without a star is named"
    # The person's choice, which the address holds.
    page.selectbox(key="product").select("TIC_77__s0001").run()
    assert not page.exception
    assert "TIC_77__s0001" in page.query_params["product"]
    assert float(metric(page, "Noise per cadence").split()[0].replace(",", "")) == pytest.approx(300, rel=0.1)
    # of ten minutes: six cadences an hour
    hourly = float(metric(page, "Noise over 1 h").split()[0].replace(",", ""))
    assert hourly == pytest.approx(300 / np.sqrt(6), rel=0.15)
    assert "10 min" in " ".join(m.value for m in page.markdown)
    again = explore(source="files", folder=str(lightcurves), target="TIC 77", product="TIC_77__s0001")
    assert metric(again, "Noise per cadence") == metric(page, "Noise per cadence")
