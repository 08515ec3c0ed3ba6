import os

import pytest

from astroseq_core.app.explore import segment, state, tables
from astroseq_core.app.shared import background, stars
from astroseq_core.app.shared.layout import escape
from astroseq_core.app.shared.memory import LRUCache
from astroseq_core.app.shared.stars import load_detrended_star, source_stamp
from astroseq_core.errors import LightCurveError
from astroseq_core.networks.card import ModelCard
from astroseq_core.scoring.star_data import StarRequest
from astroseq_core.scoring.star_source import Source


@pytest.fixture(scope="module")
def sim_1():
    return load_detrended_star(StarRequest("SIM 1", Source.SIMULATED))[1]


def test_names_are_shown_letter_for_letter():
    assert escape("[a](b) *c* :red[d] $e$ <f>") == r"\[a\]\(b\) \*c\* \:red\[d\] \$e\$ \<f\>"


def test_kept_lets_go_of_what_was_not_used_for_longest():
    kept = LRUCache(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", "disk"),
        ("mission", "Gaia"),
        ("detrending", "magic"),
        ("model", "none"),
        ("window", "-1"),
        ("window", "wide"),
        ("segment", "x"),
        ("tab", "Nothing"),
        ("colour", "red"),
    ],
)
def test_each_bad_value_in_the_address_has_one_sentence(name, value):
    (sentence,) = state.parameters(("best",)).warnings({name: value, "target": "SIM 1"})
    assert name in sentence
    assert sentence.endswith("ignored.")


def test_good_addresses_have_none():
    good = {
        "source": "files",
        "folder": "x",
        "target": "TIC 1",
        "mission": "TESS",
        "detrending": "savgol",
        "window": "1.5",
        "model": "best",
        "segment": "12",
        "tab": "Folds",
        "obs": "sector 3",
        "ephemerides": "e.csv",
    }
    assert state.parameters(("best",)).warnings(good) == ()


def test_simulated_stars_by_the_mission_they_are_seen_as():
    everything, _ = stars.list_stars(Source.SIMULATED)
    parts = [stars.list_stars(Source.SIMULATED, mission=m)[0] for m in ("TESS", "Kepler", "K2")]
    assert len(everything) == 60
    assert sorted(i for p in parts for i in p) == sorted(everything)
    assert "SIM 1" in parts[0]


def test_missing_folder_is_a_sentence(tmp_path):
    with pytest.raises(LightCurveError):
        stars.list_stars(Source.FOLDER, str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("name", "step", "expected"),
    [
        ("TIC 2", 1, "TIC 3"),
        ("tic2", -1, "TIC 1"),
        ("TIC 3", 1, "TIC 1"),
        ("", 1, "TIC 1"),
        ("TIC 9", 1, "TIC 1"),
        ("?", -1, "TIC 1"),
    ],
)
def test_stars_beside(name, step, expected):
    assert stars.neighboring_star(("TIC 1", "TIC 2", "TIC 3"), name, step) == expected


def test_no_stars_beside_in_an_empty_list():
    assert stars.neighboring_star((), "TIC 1", 1) is None


def test_changed_files_are_noticed(tmp_path):
    table = tmp_path / "ephemerides.csv"
    table.write_text("x")
    request = StarRequest("SIM 1", Source.SIMULATED, ephemerides=str(table))
    before = source_stamp(request)
    os.utime(table, ns=(1, 1))
    assert source_stamp(request) != before


def test_detrending_is_the_instruments_own_unless_asked_for():
    request = StarRequest("SIM 2", Source.SIMULATED)
    usual, star = load_detrended_star(request)
    assert usual.preprocessing is None
    again, same = load_detrended_star(request, "biweight", 1.5)
    assert same is star
    assert again == request
    other, changed_star = load_detrended_star(request, "median", None)
    assert other.preprocessing is not None
    assert changed_star.detrended[0].settings.detrending == "median"
    assert changed_star.detrended[0].settings.window_days == star.detrended[0].settings.window_days


def test_values_with_errors():
    assert tables.format_with_error(1325.503912, 0.0021) == "1325.5039 ± 0.0021"
    assert tables.format_with_error(3.6906, 0.0) == "3.6906"
    assert tables.format_with_error(100.0, 25.0) == "100 ± 25"


def test_ephemerides_table_counts_transits_with_data(sim_1):
    table = tables.ephemeris_table(sim_1)
    assert list(table["Name"]) == [e.name for e in sim_1.ephemerides]
    # P = 3.69 d over two sectors with gaps: at most 15, and most of them seen
    assert 11 <= table["Transits here"][0] <= 15


def card_trained_on(value) -> ModelCard:
    fields = dict.fromkeys(ModelCard.__dataclass_fields__)
    return ModelCard(**fields | {"training": value})


def test_a_star_set_aside_is_not_called_trained_on():
    card = card_trained_on({"stars": {"train": ["SIM 2"], "test": ["SIM 1"]}})
    assert "set aside" in tables.training_sentence(card, "SIM 1")
    assert "among the 1 stars" in tables.training_sentence(card, "SIM 2")


def test_metrics_are_shown_with_their_intervals():
    card = ModelCard(
        **dict.fromkeys(ModelCard.__dataclass_fields__)
        | {
            "metrics": [
                {
                    "group": "real",
                    "stars": 9,
                    "roc_auc": {"value": 0.9, "low": 0.85, "high": 0.93},
                    "reliability": [[0.1, 0.1, 5]],
                }
            ]
        }
    )
    (row,) = tables.metrics_table(card).to_dict("records")
    assert row == {"Measured on": "real", "Stars": 9, "ROC AUC": "0.900 (0.850 to 0.930)"}


@pytest.mark.parametrize("form", [["SIM 1", "SIM 2"], {"train": ["SIM 1"], "validation": ["SIM 2"]}])
def test_a_star_the_model_was_trained_on_is_told(form):
    card = card_trained_on({"stars": form})
    assert "was among the 2 stars" in tables.training_sentence(card, "SIM 1")
    assert "was not among" in tables.training_sentence(card, "SIM 9")
    assert "does not list" in tables.training_sentence(card_trained_on({}), "SIM 1")


def test_segment_plan_finds_each_segment():
    plan = segment.SegmentPlan((3, 0, 2))
    assert plan.first == (0, 3, 3)
    assert [plan.locate(n) for n in range(5)] == [(0, 0), (0, 1), (0, 2), (2, 0), (2, 1)]


def test_a_thread_without_a_page_asks_the_caches_in_silence(caplog: pytest.LogCaptureFixture):
    def work(_: background.PageJob) -> object:
        return background.job_registry()

    assert background.PageJob("plan", "a plan", work).start().wait(20)
    assert "ScriptRunContext" not in caplog.text
