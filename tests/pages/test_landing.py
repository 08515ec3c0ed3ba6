from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).resolve().parent.parent.parent / "app.py")


def landing() -> AppTest:
    page = AppTest.from_file(APP, default_timeout=60).run()
    assert not page.exception
    return page


def test_it_says_what_it_is_and_shows_a_star(no_models):
    page = landing()
    assert page.title[0].value == "AstroSeq"
    assert any("exoplanet-transit" in m.value for m in page.markdown)
    assert len(page.get("plotly_chart")) == 1
    assert not page.error


def test_a_wrong_name_is_answered_in_a_sentence(no_models):
    page = landing()
    page.text_input[0].set_value("Proxima *what*")
    page.button[0].click().run()
    assert not page.exception
    assert "is no target known here" in page.error[0].value
    assert r"\*what\*" in page.error[0].value, "names are no markup"


def test_a_bare_number_is_answered_in_a_sentence(no_models):
    page = landing()
    page.text_input[0].set_value("261136679")
    page.button[0].click().run()
    assert "write which" in page.error[0].value


def test_a_good_name_goes_to_explore(no_models):
    page = landing()
    page.text_input[0].set_value("sim_4")
    page.button[0].click().run()
    assert not page.exception
    assert page.title[0].value == "SIM 4"
    assert page.query_params["target"] in ("SIM 4", ["SIM 4"])


def test_an_example_goes_to_explore(no_models):
    page = landing()
    page.button(key="example SIM 10").click().run()
    assert not page.exception
    assert page.title[0].value == "SIM 10"
