"""The sequential experiments: how many segments of which stars, how strong their transits are, and a small run."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import SettingsError
from astroseq_core.io import lightcurve
from astroseq_core.preprocessing.prepare import PreprocessingConfig, prepare
from astroseq_core.preprocessing.segments import SegmentConfig, make_segments
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.training import sequential
from astroseq_core.training.dataset import LabeledSegments
from astroseq_core.training.fit import TrainingCallback
from astroseq_core.training.history import EpochMetrics
from astroseq_core.training.recipes import Injection, Recipe
from astroseq_core.training.sequential import (
    BINNED_CADENCE,
    LONG_CADENCE,
    SegmentCounts,
    SequentialLayout,
    SequentialPart,
    collect_sequential,
    snr_summary,
    strongest_snr,
)
from astroseq_core.training.train_sequential import resample_examples, run_sequential

SMALL = SequentialLayout(
    PreprocessingConfig(window_days=1.5, cadence_minutes=29.4244),
    SegmentConfig(window=64, channels=("flat",)),
    Injection(snr=(8.0, 200.0), period_days=(3.0, 30.0), varied=0.0, without=0.5),
)
CADENCE_DAYS = 29.4244 / 1440
HOSTS, QUIET = range(1, 19), range(30, 42)
PERIOD, DURATION_HOURS, DEPTH, NOISE = 9.0, 5.0, 3e-3, 3e-4


@pytest.fixture(scope="module")
def kepler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighteen planet hosts and twelve quiet stars, one host of an eclipsing false positive, one star of TESS, and a table."""
    folder = tmp_path_factory.mktemp("kepler")
    rng = np.random.default_rng(5)
    time = 200 + np.arange(2000) * CADENCE_DAYS
    errors = [0.001, 1e-5]
    rows = []
    for number in (*HOSTS, *QUIET, 50):
        t0 = 203.0 + number % 7
        flux = 1 + NOISE * rng.standard_normal(2000)
        if number in HOSTS or number == 50:
            phase = np.abs((time - t0 + PERIOD / 2) % PERIOD - PERIOD / 2)
            flux[phase <= DURATION_HOURS / 48] -= DEPTH
            disposition = "FALSE POSITIVE" if number == 50 else "CONFIRMED"
            orbit = [PERIOD, t0, "BKJD", DURATION_HOURS, DEPTH * 1e6]
            rows.append([f"KIC {number}", f"K{number}", *orbit, *errors, disposition])
        np.savez(folder / f"KIC_{number}__q1.npz", time=time, flux=flux)
    np.savez(folder / "TIC_7__s1.npz", time=1500 + np.arange(2000) / 720, flux=1 + NOISE * rng.standard_normal(2000))
    with (folder / "ephemerides.csv").open("w", newline="") as file:
        header = "target_id,name,period_days,t0,t0_system,duration_hours,depth_ppm,t0_err,period_err,disposition"
        csv.writer(file).writerows([header.split(","), *rows])
    return folder


@pytest.fixture
def small_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sequential.EXPERIMENTS, "sequential-10pct", SegmentCounts(synthetic=(100, 20), real=(40, 20)))


@pytest.mark.usefixtures("small_sets")
def test_the_parts_have_the_sizes_asked_for_and_no_star_in_two(kepler: Path) -> None:
    data = collect_sequential("sequential-10pct", kepler, kepler / "ephemerides.csv", 3, SMALL)
    counts = data.counts()
    assert {p: (c["synthetic_negative"], c["synthetic_positive"]) for p, c in counts.items()} == {
        "training": (60, 12),
        "validation": (20, 4),
        "test": (20, 4),
    }
    assert {p: (c["real_negative"], c["real_positive"]) for p, c in counts.items()} == {
        "training": (24, 12),
        "validation": (8, 4),
        "test": (8, 4),
    }
    stars = [set(part.examples.stars) for part in vars(data).values()]
    assert sum(len(part) for part in stars) == len(set().union(*stars))
    for part in vars(data).values():
        e = part.examples
        assert e.values.shape == (len(part), 64, 1)
        assert e.values.dtype == np.float16
        assert np.array_equal(np.char.startswith(e.stars, "SIM"), part.synthetic)
        assert np.array_equal(np.isfinite(part.snr), e.labels == 1)
        assert not np.isin(e.stars, ["TIC 7"]).any()
        assert not (e.labels[np.isin(e.stars, ["KIC 50", *(f"KIC {n}" for n in QUIET)])] == 1).any()


@pytest.mark.usefixtures("small_sets")
def test_real_segments_are_labelled_by_what_transits_in_them(kepler: Path) -> None:
    part = collect_sequential("sequential-10pct", kepler, kepler / "ephemerides.csv", 3, SMALL).training
    real = part.take(~part.synthetic)
    deepest = real.examples.values[:, :, 0].min(axis=1)
    whole = real.snr > 0.8 * DEPTH / NOISE * np.sqrt(10)
    assert whole.sum() > 6
    assert (deepest[whole] < -4).all()
    assert (deepest[real.examples.labels == 0] > -4).all()


@pytest.mark.usefixtures("small_sets")
def test_stars_give_in_turn_and_the_seed_decides(kepler: Path) -> None:
    table = kepler / "ephemerides.csv"
    part = collect_sequential("sequential-10pct", kepler, table, 3, SMALL).training
    stars, counts = np.unique(part.examples.stars[~part.synthetic & (part.examples.labels == 1)], return_counts=True)
    assert len(stars) >= 6
    assert counts.max() - counts.min() <= 1
    again = collect_sequential("sequential-10pct", kepler, table, 3, SMALL).training
    assert np.array_equal(part.examples.values, again.examples.values)
    other = collect_sequential("sequential-10pct", kepler, table, 4, SMALL).training
    assert not np.array_equal(part.examples.stars, other.examples.stars)


@pytest.mark.usefixtures("small_sets")
def test_weak_positives_are_left_out_where_that_is_asked_for(kepler: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = collect_sequential("sequential-10pct", kepler, kepler / "ephemerides.csv", 3, replace(SMALL, least_snr=20.0))
    for part in vars(data).values():
        assert part.snr[part.examples.labels == 1].min() >= 20
    monkeypatch.setattr(sequential, "SEEDS_PER_RUN", 20)
    with pytest.raises(SettingsError, match="lower least_snr"):
        collect_sequential("sequential-10pct", kepler, kepler / "ephemerides.csv", 3, replace(SMALL, least_snr=1e5))


@pytest.mark.usefixtures("small_sets")
def test_a_folder_with_too_few_stars_gives_fewer_and_says_so(kepler: Path, tmp_path: Path) -> None:
    for number in (30, 31):
        (tmp_path / f"KIC_{number}__q1.npz").write_bytes((kepler / f"KIC_{number}__q1.npz").read_bytes())
    counts = collect_sequential("sequential-10pct", tmp_path, kepler / "ephemerides.csv", 3, SMALL).counts()
    assert sum(c["real_positive"] for c in counts.values()) == 0
    assert 0 < sum(c["real_stars"] for c in counts.values()) <= 2
    assert counts["training"]["synthetic_positive"] == 12


def test_another_name_is_refused(kepler: Path) -> None:
    with pytest.raises(SettingsError, match="sequential-1pct"):
        collect_sequential("sequential-5pct", kepler, kepler / "ephemerides.csv", 1)


@pytest.mark.parametrize(
    ("name", "synthetic", "real"), [("sequential-10pct", (5000, 500), (450, 50)), ("sequential-1pct", (5000, 50), (495, 5))]
)
def test_the_published_numbers_of_segments(name: str, synthetic: tuple[int, int], real: tuple[int, int]) -> None:
    assert (sequential.EXPERIMENTS[name].synthetic, sequential.EXPERIMENTS[name].real) == (synthetic, real)
    for counts in (synthetic, real):
        quotas = sequential._quotas(counts)
        assert np.array_equal(np.sum(list(quotas.values()), axis=0), counts)
        assert min(min(q) for q in quotas.values()) >= 1
    assert LONG_CADENCE.cutting.window * 29.4244 / 1440 == pytest.approx(5.2, abs=0.1)
    assert BINNED_CADENCE.cutting.window * 144 / 1440 == pytest.approx(6.4)


def test_signal_to_noise_is_depth_over_noise_by_the_root_of_the_cadences_inside() -> None:
    rng = np.random.default_rng(8)
    time = 200 + np.arange(3000) * CADENCE_DAYS
    target = Target("KIC", "1")
    hours = 10 * CADENCE_DAYS * 24
    single = Ephemeris(target.id, "b", Instant(float(time[1000]), TimeSystem.BKJD), None, hours, 2000.0)
    shallow = replace(single, name="c", depth_ppm=100.0)
    false = replace(single, name="d", depth_ppm=9e5, disposition="FP")
    lost = replace(single, name="e", depth_ppm=9e5, t0_err=1.0)
    unknown = replace(single, name="f", t0=Instant(float(time[2500]), TimeSystem.BKJD), depth_ppm=None)
    flux = 1 + 1e-3 * rng.standard_normal(3000)
    curve = lightcurve.make_light_curve(target=target, observation="q", time=time, flux=flux, instrument=missions.KEPLER)
    prepared = prepare(curve, PreprocessingConfig(detrending="none"))
    segments = make_segments(prepared, SegmentConfig(window=100, stride=5, channels=("flat",)))
    snr = strongest_snr(prepared, segments, (single, shallow, false, lost, unknown))
    # the transit's ten cadences and half of one on either side: 995 to 1005, of which ten at most count
    inside = np.clip(np.minimum(segments.last, 1005) - np.maximum(segments.first, 995) + 1, 0, 10)
    expected = 2e-3 / 1e-3 * np.sqrt(10) * np.sqrt(inside / 10)
    assert np.array_equal(np.isfinite(snr), inside > 0)
    assert ((inside > 0) & (inside < 10)).any()
    assert snr[inside > 0] == pytest.approx(expected[inside > 0], rel=0.1)


def test_the_mix_of_signal_to_noise() -> None:
    labels = np.array([1, 1, 1, 1, 0, 0], np.int8)
    snr = np.array([2, 4, 4.5, np.nan, np.nan, np.nan], np.float32)
    part = SequentialPart(
        LabeledSegments(np.zeros((6, 16, 1), np.float16), labels, np.array(["SIM 1"] * 6)), np.ones(6, bool), snr
    )
    mix = snr_summary(part, np.array([False, True, False, True, True, False]))
    assert (mix["positives"], mix["known"], mix["quantiles"]["0.5"]) == (4, 3, 4.0)
    assert mix["bins"] == [
        {"low": None, "high": 3.0, "positives": 1, "recall": 0.0},
        {"low": 3.0, "high": 5.0, "positives": 2, "recall": 0.5},
    ]


RECIPE = Recipe(
    name="sequential-10pct",
    title="small",
    instruments=("Kepler",),
    preparation=SMALL.preparation,
    cutting=SMALL.cutting,
    injection=replace(SMALL.injection, snr=(30.0, 200.0)),
    labels="sequential",
    architecture="cnn_lstm",
    options={"filters": (8, 16), "lstm_units": 8, "dropout": 0.1},
    loss="focal",
    resample="smote",
    neg_pos_ratio=2.0,
    epochs=8,
    patience=8,
    batch=32,
    learning_rate=1e-2,
)


@pytest.mark.usefixtures("small_sets")
def test_a_small_run_learns_and_reports(kepler: Path, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    lines: list[EpochMetrics] = []
    listener = TrainingCallback()
    listener.epoch = lines.append  # type: ignore[method-assign]
    report = run_sequential(RECIPE, kepler, kepler / "ephemerides.csv", 3, tmp_path, least_snr=15.0, callback=listener)
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(report))
    assert not keras.models.load_model(tmp_path / "model.keras", safe_mode=True).compiled
    assert 1 <= len(lines) <= 8
    assert report["after_resampling"]["synthetic_positives"] == 42 - 24
    assert [r["group"].split(": ")[1] for r in report["reports"]] == ["all", "synthetic", "real"]
    every = report["reports"][0]
    assert (every["segments"], every["positives"]) == (36, 8)
    assert every["roc_auc"]["value"] > 0.8
    at_threshold = every["confusions"][0]
    assert at_threshold["threshold"] == pytest.approx(report["threshold"])
    flagged = at_threshold["true_positives"] + at_threshold["false_negatives"]
    assert flagged == sum(b["positives"] for b in report["snr"]["all"]["bins"]) == 8


def test_only_training_grows_and_only_by_a_known_resampling() -> None:
    labels = (np.arange(40) < 5).astype(np.int8)
    some = LabeledSegments(
        np.random.default_rng(0).standard_normal((40, 16, 1)).astype(np.float16), labels, np.array(["KIC 1"] * 40)
    )
    grown, made = resample_examples(some, RECIPE, 1)
    assert (len(grown), made) == (40 + 13, 13)
    assert resample_examples(some, replace(RECIPE, resample="none"), 1) == (some, 0)
    with pytest.raises(SettingsError, match="adasyn"):
        resample_examples(some, replace(RECIPE, resample="adasyn"), 1)


@pytest.mark.lent
def test_the_lent_binned_stars_fill_the_published_experiment(lent_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the simulated ones are tested above, and take time
    monkeypatch.setitem(
        sequential.EXPERIMENTS, "sequential-10pct", SegmentCounts((50, 10), sequential.EXPERIMENTS["sequential-10pct"].real)
    )
    data = collect_sequential("sequential-10pct", lent_data / "lc_binned", lent_data / "ephemerides.csv", 1, BINNED_CADENCE)
    counts = data.counts()
    assert sum(c["real_negative"] for c in counts.values()) == 450
    assert sum(c["real_positive"] for c in counts.values()) == 50
    assert counts["test"]["real_stars"] > 50
    real = data.test.take(~data.test.synthetic)
    assert np.isfinite(real.snr[real.examples.labels == 1]).all()
