"""Plans: what a few stars say of all of them, against preparing all; the network's speed; what is warned of and when."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import SettingsError, StoppedError
from astroseq_core.io import lightcurve
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.jobs.progress import Progress
from astroseq_core.preprocessing.segments import SegmentConfig
from astroseq_core.scoring.star_source import Source
from astroseq_core.store import dispositions
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.training import dataset, recipes, sampling, train
from astroseq_core.training.dataset import SegmentDataset
from astroseq_core.training.injection import TrainingStar, training_copies
from astroseq_core.training.recipes import Injection, Recipe
from astroseq_core.training.runs import estimate, plan
from astroseq_core.training.runs.estimate import PartTotals
from astroseq_core.training.runs.plan import Plan, TrainingFacts
from astroseq_core.training.runs.request import RunRequest, agreed_dispositions
from astroseq_core.training.stars import StarChoice, gather_stars

RECIPE = replace(
    recipes.load_recipe("long-cadence"),
    name="small",
    cutting=SegmentConfig(window=128, stride=64, channels=("flat", "raw", "gap")),
    simulated={"K2": 6},
    injection=Injection(snr=(8.0, 60.0), period_days=(2.0, 20.0), copies=2, copies_simulated=2, varied=0.2),
    # most time of a small training goes into the making of its graph: one level, and no attention
    options={"stem_stride": 2, "widths": (16,), "context": 0, "dropout": 0.0, "spatial_dropout": 0.0},
    batch=32,
    epochs=3,
    parts=(("train", 0.5), ("validation", 0.15), ("calibration", 0.15), ("test", 0.2)),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty quiet stars in files, every other one with two quarters."""
    folder = tmp_path_factory.mktemp("lightcurves")
    rng = np.random.default_rng(0)
    for number in range(1, 41):
        for quarter in range(1, 2 + number % 2):
            time = 100.0 * quarter + np.arange(1800) * 29.4244 / 1440
            flux = 1e4 * (1 + 3e-4 * rng.standard_normal(1800) + 1e-3 * np.sin(time / rng.uniform(2, 9)))
            np.savez(folder / f"KIC_{number}__q{quarter}.npz", time=time, flux=flux)
    return folder


@dataclass
class Told:
    """What a plan told on its way."""

    parts: list[float] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        self.parts.append(progress.fraction)
        self.words.append(progress.message)


def request(folder: Path, recipe: Recipe = RECIPE, **more: Any) -> RunRequest:
    return RunRequest("small", recipe, StarChoice("folder", folder=str(folder)), seed=4, **more)


@pytest.fixture(scope="module")
def made(folder: Path) -> tuple[Plan, Told]:
    told = Told()
    return plan.make_plan(request(folder), progress=told), told


@pytest.fixture(scope="module")
def stars(folder: Path) -> train.StarSplit:
    return train.split_training_stars(gather_stars(request(folder).stars, RECIPE), RECIPE, 4)


@pytest.fixture(scope="module")
def whole(stars: train.StarSplit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, SegmentDataset]:
    """All stars of each part on a shelf, as training prepares them."""
    out = tmp_path_factory.mktemp("whole")
    return {
        part: dataset.write_dataset(
            (dataset.make_star_segments(s.target_id, training_copies(s, RECIPE, 4), RECIPE.cutting) for s in members),
            RECIPE.cutting,
            out / part,
        )
        for part, members in stars.parts.items()
    }


def test_its_counts_are_those_of_preparing_all_stars(
    made: tuple[Plan, Told], stars: train.StarSplit, whole: dict[str, SegmentDataset]
) -> None:
    for part in made[0].parts:
        assert part.real == len(stars.names(part.name, made=False))
        assert part.simulated == len(stars.names(part.name, made=True))
        # Each copy of a light curve gives nearly the same number of segments.
        assert part.segments == pytest.approx(len(whole[part.name]), rel=0.02)
    # How many hold a transit hangs on the periods that the copies drew: 13 % scatter from seed to seed, here three times that.
    training = next(part for part in made[0].parts if part.name == "train")
    assert training.positives == pytest.approx(int(whole["train"].labels.sum()), rel=0.4)
    assert made[0].base_rate == pytest.approx(training.positives / training.segments, abs=1e-3)


def test_over_many_seeds_its_counts_are_right_on_average(folder: Path) -> None:
    found, true = [], []
    for seed in range(6):
        split = train.split_training_stars(gather_stars(request(folder).stars, RECIPE), RECIPE, seed)
        looks = estimate.prepare_sample(split, RECIPE, seed, lambda done, in_all, star: None)
        found.append(estimate.part_totals(split, looks, RECIPE)["train"].positives)
        pieces = [
            dataset.make_star_segments(s.target_id, training_copies(s, RECIPE, seed), RECIPE.cutting)
            for s in split.parts["train"]
        ]
        true.append(sum(int((p.table["label"] == 1).sum()) for p in pieces if p is not None))
    assert np.mean(found) == pytest.approx(np.mean(true), rel=0.1)


def test_looking_at_every_star_gives_the_very_numbers(
    stars: train.StarSplit, whole: dict[str, SegmentDataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "SAMPLE_STARS", 1000)
    recipe = replace(RECIPE, per_star_cap=30, neg_pos_ratio=1.5)
    looks = estimate.prepare_sample(stars, recipe, 4, lambda done, in_all, star: None)
    assert sorted(look.star.target_id for look in looks) == sorted(s.target_id for p in stars.parts.values() for s in p)
    found = estimate.part_totals(stars, looks, recipe)
    for part, one in whole.items():
        assert found[part].segments == pytest.approx(len(one))
        assert found[part].positives == pytest.approx(int(one.labels.sum()))
        assert found[part].hosts == pytest.approx(len(np.unique(one.star[one.labels == 1])))
        files = one.places.path.stat().st_size + one.states.path.stat().st_size + one.table.nbytes
        assert found[part].size_bytes == pytest.approx(files)
    training = whole["train"]
    for capped in (recipe, replace(recipe, neg_pos_ratio=None), replace(recipe, per_star_cap=None)):
        chosen = sampling.capped_segments(training, capped, 4)
        order = sampling.epoch_order(
            chosen, training.labels[chosen], None, 0.0, np.random.default_rng(0), neg_pos_ratio=capped.neg_pos_ratio
        )
        positive, negative = estimate.epoch_size(estimate.part_totals(stars, looks, capped)["train"], capped)
        assert positive == pytest.approx(int(training.labels[order].sum()))
        assert negative == pytest.approx(int((training.labels[order] == 0).sum()), abs=1)


def recounted(star: TrainingStar, recipe: Recipe, seed: int) -> tuple[int, int]:
    """Segments of a star without gaps, and those with a transit: by hand, window after window, without the code of training."""
    window, stride = recipe.cutting.window, recipe.cutting.stride
    segments = positives = 0
    for copy in training_copies(star, recipe, seed):
        curve = copy.light_curve
        slots = [round((t - curve.time[0]) * 1440 / curve.cadence_minutes) for t in curve.time]
        label_at = dict(zip(slots, copy.states.tolist(), strict=True))
        first = 0
        while True:
            inside = [label_at[slot] for slot in range(first, first + window) if slot in label_at]
            if len(inside) >= max(1, recipe.cutting.least_filled * window):
                if dataset.TRANSIT in inside:
                    segments, positives = segments + 1, positives + 1
                elif dataset.LEFT_OUT not in inside:
                    segments += 1
            if first + window > slots[-1]:
                break
            # the last window ends with the light curve
            first = min(first + stride, slots[-1] + 1 - window)
    return segments, positives


def test_its_totals_are_those_of_a_recount_by_hand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "SAMPLE_STARS", 1000)
    recipe = replace(RECIPE, simulated={})
    split = train.split_training_stars(gather_stars(request(folder).stars, recipe), recipe, 4)
    looks = estimate.prepare_sample(split, recipe, 4, lambda done, in_all, star: None)
    by_star = {look.star.target_id: look for look in looks}
    totals = estimate.part_totals(split, looks, recipe)
    for part, members in split.parts.items():
        counts = {star.target_id: recounted(star, train.recipe_for_part(part, recipe), 4) for star in members}
        assert {name: (by_star[name].segments, by_star[name].positives) for name in counts} == counts
        assert totals[part].segments == pytest.approx(sum(segments for segments, _ in counts.values()))
        assert totals[part].positives == pytest.approx(sum(positives for _, positives in counts.values()))
        assert totals[part].hosts == pytest.approx(sum(positives > 0 for _, positives in counts.values()))
    assert sum(look.positives for look in looks) > 100


def test_a_cap_on_all_segments_keeps_both_kinds_in_proportion() -> None:
    training = PartTotals(capped_positives=3000.0, capped_negatives=9000.0)
    assert estimate.epoch_size(training, replace(RECIPE, total_cap=4000, neg_pos_ratio=None)) == (1000.0, 3000.0)
    assert estimate.epoch_size(training, replace(RECIPE, total_cap=4000, neg_pos_ratio=2.0)) == (1000.0, 2000.0)
    assert estimate.epoch_size(training, replace(RECIPE, total_cap=20_000, neg_pos_ratio=9.0)) == (3000.0, 9000.0)


def test_the_few_stars_are_of_every_part_and_kind_and_always_the_same(stars: train.StarSplit) -> None:
    chosen = estimate.choose_sample(stars, RECIPE, 4)
    assert chosen == estimate.choose_sample(stars, RECIPE, 4)
    assert chosen != estimate.choose_sample(stars, RECIPE, 5)
    assert len(chosen) == len({star.target_id for _, star in chosen}) == 2 * estimate.SAMPLE_STARS
    assert {part for part, _ in chosen} == set(stars.parts)
    real = sum(star.is_real for _, star in chosen)
    assert real == pytest.approx(24 * 40 / 46, abs=1)
    share = len(stars.parts["train"]) / sum(map(len, stars.parts.values()))
    assert sum(part == "train" for part, _ in chosen) == pytest.approx(24 * share, abs=1.5)
    many = replace(RECIPE, injection=replace(RECIPE.injection, copies=8, copies_simulated=8))
    assert len(estimate.choose_sample(stars, many, 4)) == estimate.SAMPLE_STARS


def test_kept_out_stars_with_published_labels_are_prepared_without_injection(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(RECIPE, labels="published", simulated={})
    members = tuple(
        TrainingStar(f"KIC {n}", Source.FOLDER, paths=tuple(map(str, folder.glob(f"KIC_{n}__*")))) for n in range(1, 13)
    )
    split = train.StarSplit({"train": members[:6], "validation": members[6:]})
    looks = estimate.prepare_sample(split, recipe, 4, lambda done, in_all, star: None)
    found = estimate.part_totals(split, looks, recipe)
    assert found["validation"].positives == 0
    assert found["train"].positives > 0
    assert {look.copies for look in looks if look.part == "validation"} == {1, 2}


def test_of_long_light_curves_channels_are_computed_in_part_and_all_is_counted(
    stars: train.StarSplit, whole: dict[str, SegmentDataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "SAMPLE_STARS", 1000)
    full = estimate.prepare_sample(stars, RECIPE, 4, lambda done, in_all, star: None)
    monkeypatch.setattr(estimate, "MAX_CADENCES", 1000)
    looks = estimate.prepare_sample(stars, RECIPE, 4, lambda done, in_all, star: None)
    assert sum(look.segments for look in looks) == sum(len(one) for one in whole.values())
    assert sum(look.positives for look in looks) == sum(int(one.labels.sum()) for one in whole.values())
    for one, part in zip(full, looks, strict=True):
        assert one.star_segments is not None
        assert part.star_segments is not None
        # One copy of two, and the first one.
        assert len(one.star_segments.table) / 2 == pytest.approx(len(part.star_segments.table), rel=0.1)
        np.testing.assert_array_equal(one.star_segments.places[: len(part.star_segments.places)], part.star_segments.places)


def test_its_times_come_from_the_network_and_the_stars(made: tuple[Plan, Told]) -> None:
    found = made[0]
    assert found.steps == -(-found.segments_per_epoch // RECIPE.batch)
    assert 0 < found.step_seconds < 5
    assert found.epoch_seconds > found.steps * found.step_seconds
    assert found.total_seconds > found.prepare_seconds + RECIPE.epochs * found.epoch_seconds
    assert found.prepare_seconds > 0
    assert found.sampled_stars == 2 * estimate.SAMPLE_STARS


def test_it_tells_how_far_it_is(made: tuple[Plan, Told]) -> None:
    told = made[1]
    assert told.parts == sorted(told.parts)
    assert (told.parts[0], told.parts[-1]) == (0.0, 1.0)
    assert any(word.startswith("preparing KIC ") for word in told.words)


def test_its_gallery_is_what_the_network_sees(made: tuple[Plan, Told], whole: dict[str, SegmentDataset]) -> None:
    found = made[0]
    assert [e.label for e in found.gallery] == [1] * 4 + [0] * 4
    positives, negatives = found.gallery[:4], found.gallery[4:]
    strengths = [e.snr for e in positives]
    assert strengths == sorted(strengths)
    assert strengths[0] < strengths[-1]
    assert all(e.inside.any() for e in positives)
    assert all(e.snr == 0 and not e.inside.any() for e in negatives)
    assert len({e.star for e in negatives}) == len({e.star for e in positives}) == 4
    training = whole["train"]
    for e in found.gallery:
        assert e.values.shape == (128, len(found.channels))
        own = np.flatnonzero((training.star == e.star) & (training.labels == e.label))
        assert (np.abs(training.batch(own).values - e.values).max(axis=(1, 2)) == 0).any()


def test_an_isolation_forest_has_no_steps(folder: Path) -> None:
    recipe = replace(RECIPE, architecture="isolation_forest", options={"features": "summary"})
    found = plan.make_plan(request(folder, recipe))
    assert (found.steps, found.step_seconds, found.epoch_seconds) == (0, 0.0, 0.0)
    assert [p.name for p in found.parts] == ["train", "calibration", "test"]
    assert found.segments_per_epoch > 0
    assert found.total_seconds == found.prepare_seconds > 0
    assert len(found.gallery) == 8


def test_what_has_no_plan_says_so(folder: Path) -> None:
    with pytest.raises(SettingsError, match="fixed set"):
        plan.make_plan(RunRequest("x", recipes.load_recipe("sequential-1pct"), StarChoice("folder", folder=str(folder))))
    with pytest.raises(SettingsError, match="cannot be built with these settings"):
        plan.make_plan(request(folder, replace(RECIPE, options={"wings": 2})))
    with pytest.raises(SettingsError, match="Not one segment"):
        plan.make_plan(
            request(folder, replace(RECIPE, cutting=replace(RECIPE.cutting, window=100_000, stride=100, least_filled=1.0)))
        )


def test_it_stops_when_asked(folder: Path) -> None:
    stop, seen = threading.Event(), Told()

    def told(progress: Progress) -> None:
        seen(progress)
        if "preparing" in progress.message:
            stop.set()

    with pytest.raises(StoppedError):
        plan.make_plan(request(folder), progress=told, stop=stop)
    assert len(seen.words) == 2


def test_a_star_that_came_to_nothing_counts_as_none(stars: train.StarSplit, monkeypatch: pytest.MonkeyPatch) -> None:
    original: Callable[[TrainingStar], tuple[LightCurve, ...]] = TrainingStar.light_curves
    monkeypatch.setattr(TrainingStar, "light_curves", lambda self: () if self.target_id == "KIC 2" else original(self))
    monkeypatch.setattr(estimate, "SAMPLE_STARS", 1000)
    looks = estimate.prepare_sample(stars, RECIPE, 4, lambda done, in_all, star: None)
    (empty,) = (look for look in looks if look.star.target_id == "KIC 2")
    assert (empty.segments, empty.positives, empty.size_bytes) == (0, 0, 0)


def test_stars_that_were_vetted_join_where_they_are_asked_to() -> None:
    time = 100 + np.arange(1800) * 29.4244 / 1440
    flux = 1 + 3e-4 * np.random.default_rng(1).standard_normal(1800)
    star = Target("KIC", "77")
    seen = lightcurve.make_light_curve(
        target=star, observation="q01", time=time, flux=flux, instrument=missions.KEPLER, author="Kepler"
    )
    LightCurveCache().put(seen)
    dispositions.add(Disposition(star.id, "FA", "me"))
    parts = (("train", 1.0), ("validation", 0.0), ("calibration", 0.0), ("test", 0.0))
    recipe = replace(RECIPE, architecture="isolation_forest", parts=parts)
    asked = RunRequest("small", recipe, StarChoice(), seed=4)
    alone, joined = plan.make_plan(asked), plan.make_plan(replace(asked, verdicts=True))
    assert (alone.parts[0].real, joined.parts[0].real) == (0, 1)
    assert joined.parts[0].segments > alone.parts[0].segments
    assert joined.parts[0].positives == alone.parts[0].positives


def test_a_star_joins_with_all_of_its_signals_unless_reviewers_disagree_on_one() -> None:
    b = Ephemeris("KIC 78", "b", Instant(101.0, TimeSystem.BKJD), 3.3, 2.0)
    c = replace(b, name="c", t0=Instant(102.2, TimeSystem.BKJD), period_days=7.9)
    for signal, word, who in ((b, "PC", "me"), (c, "FP", "me"), (c, "FA", "you")):
        dispositions.add(Disposition("KIC 78", word, who, ephemeris=signal))
    agreed = agreed_dispositions(dispositions.list_by_signal())
    assert {(d.ephemeris.name, d.disposition) for d in agreed if d.ephemeris} == {("b", "PC"), ("c", "FA")}
    dispositions.add(Disposition("KIC 78", "PC", "you", ephemeris=c))
    assert agreed_dispositions(dispositions.list_by_signal()) == ()


# ---- warnings

TRAIN = PartTotals(30, 70, 20_000, 6000, 90, 6000, 14_000, 1e9, 100.0)
KEPT = PartTotals(8, 8, 3000, 900, 15, 900, 2100, 1e8, 20.0)
FINE = TrainingFacts(
    recipe=RECIPE,
    parts={"train": TRAIN, "validation": KEPT, "calibration": KEPT, "test": KEPT},
    epoch=(6000.0, 12_000.0),
    full=(),
    looked=8,
    total_seconds=900.0,
)


def with_part(name: str, **changes: Any) -> TrainingFacts:
    return replace(FINE, parts={**FINE.parts, name: replace(FINE.parts[name], **changes)})


def with_recipe(**changes: Any) -> TrainingFacts:
    return replace(FINE, recipe=replace(RECIPE, **changes))


NO_STAR = vars(PartTotals())
CASES = {
    "No star falls in the calibration part, and training refuses that": with_part("calibration", **NO_STAR),
    "No star falls in the test part, and training refuses that": with_part("test", **NO_STAR),
    "No segment comes of the validation stars": with_part("validation", segments=0.0, positives=0.0),
    "All segments of the validation stars are without transits, and training refuses": with_part("validation", positives=0.0),
    "All segments of the calibration stars are with transits, and training refuses": with_part("calibration", positives=3000.0),
    "All segments of the test stars are without transits, and there will be no report": with_part("test", positives=0.0),
    "Only about 19 training stars": with_part("train", hosts=19.4),
    "Only about 1 training star with": with_part("train", hosts=0.6),
    "At this window every segment of KIC 1 holds a transit (1 of the 8": replace(FINE, full=("KIC 1",)),
    "every segment of KIC 1, KIC 2, KIC 3 and 2 more holds": replace(FINE, full=tuple(f"KIC {n}" for n in range(1, 6))),
    "shows transits in 50% of the segments, where 30% of the training stars' hold one: probabilities are recalibrated to a "
    "base rate of 0.2 on kept-out stars": replace(FINE, epoch=(6000.0, 6000.0)),
    "shows transits in 10%": replace(FINE, epoch=(1000.0, 9000.0)),
    "focal loss upsets calibration": with_recipe(loss="focal"),
    "SMOTE makes transits up, by mixing two of them, and upsets calibration": with_recipe(resample="smote"),
    "stride of 129 cadences is longer than the window of 128": with_recipe(cutting=replace(RECIPE.cutting, stride=129)),
    "75% of the negatives are hard": with_recipe(hard_negatives=0.75),
    "The test part has 4 stars and about 900 segments": with_part("test", real=0, simulated=4),
    "The test part has 16 stars and about 29 segments": with_part("test", positives=29.0),
    "It takes about 1.5 hours": replace(FINE, total_seconds=5400.0),
    "take about 6.2 GB of disk": with_part("train", size_bytes=5.9e9),
}
AT_THE_LIMIT = {
    "hosts": with_part("train", hosts=20.0),
    "shares": replace(FINE, epoch=(6000.0, 8000.0)),
    "stride": with_recipe(cutting=replace(RECIPE.cutting, stride=128)),
    "hard": with_recipe(hard_negatives=0.7),
    "test": with_part("test", real=5, simulated=0, positives=30.0),
    "time": replace(FINE, total_seconds=3600.0),
    "disk": with_part("train", size_bytes=4.7e9),
}


@pytest.mark.parametrize("words", CASES)
def test_each_warning_comes_alone_and_says_what_to_do(words: str) -> None:
    said = list(plan.training_warnings(CASES[words]))
    assert len(said) == 1
    assert words in said[0]
    assert said[0].endswith(".")


@pytest.mark.parametrize("facts", [FINE, *AT_THE_LIMIT.values()], ids=["fine", *AT_THE_LIMIT])
def test_there_is_no_warning_of_what_is_well(facts: TrainingFacts) -> None:
    assert list(plan.training_warnings(facts)) == []


def test_a_forest_is_not_warned_of_shares_that_it_never_sees() -> None:
    facts = CASES["focal loss upsets calibration"]
    assert list(plan.training_warnings(replace(facts, recipe=replace(facts.recipe, architecture="isolation_forest")))) == []


def test_a_plan_warns_of_what_training_refuses(folder: Path) -> None:
    """What a plan says of stars without transits, and training's own words."""
    recipe = replace(RECIPE, injection=replace(RECIPE.injection, without=1.0), architecture="isolation_forest")
    found = plan.make_plan(request(folder, recipe))
    assert [part.positives for part in found.parts] == [0, 0, 0]
    for part in ("train", "calibration", "test"):
        assert any(f"All segments of the {part} stars are without transits" in one for one in found.warnings)


def test_stars_full_of_transits_are_named(folder: Path) -> None:
    """A period of half a day puts a transit into every window of 2.6 days."""
    injection = Injection(copies=1, copies_simulated=1, period_days=(0.5, 0.6), without=0.0, varied=0.0)
    found = plan.make_plan(request(folder, replace(RECIPE, injection=injection, architecture="isolation_forest")))
    (said,) = (one for one in found.warnings if "every segment" in one)
    assert "KIC" in said
    assert " more holds a transit" in said
