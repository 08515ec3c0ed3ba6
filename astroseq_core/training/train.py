"""Training of a network: from a recipe and stars to a model with its card."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroseq_core import __version__
from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.evaluation import calibration as evaluation_calibration
from astroseq_core.evaluation import metrics
from astroseq_core.evaluation.weighted_ranking import recall_at
from astroseq_core.io import files
from astroseq_core.networks import card as cards
from astroseq_core.networks.card import Calibration, ModelCard
from astroseq_core.networks.model import save_network
from astroseq_core.preprocessing.split import split_stars, split_stars_evenly
from astroseq_core.training import dataset, test_set
from astroseq_core.training.dataset import SegmentDataset, StarSegments
from astroseq_core.training.excluded_star import ExcludedStar
from astroseq_core.training.fit import (
    BEST_NAME,
    HISTORY_NAME,
    NO_CALLBACK,
    TrainingCallback,
    fit,
    part_metrics,
    predict,
    predict_cadences,
)
from astroseq_core.training.history import EpochMetrics, best_epoch_index, read_history
from astroseq_core.training.injection import TrainingStar, training_copies
from astroseq_core.training.recipes import LATER_SETTINGS, Recipe
from astroseq_core.training.star_groups import star_groups
from astroseq_core.type_names import JsonObject

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "numpy", "scipy", "wotan", "batman-package", "lightkurve", "numba")
#: With at least this many real calibration stars, only these calibrate: simulated stars are easier.
MIN_REAL_CALIBRATION_STARS = 8
#: Largest number of training, and of validation, segments that the card's reports are based on.
MAX_REPORT_SEGMENTS = 20_000


@dataclass(frozen=True)
class StarSplit:
    """Stars of each part of a split.

    Attributes
    ----------
    parts : dict
        Stars by part, in the order of the recipe's parts.
    """

    parts: dict[str, tuple[TrainingStar, ...]]

    def names(self, part: str, *, made: bool) -> list[str]:
        """Return the identifiers of a part's real or simulated stars.

        Parameters
        ----------
        part : str
            Name of the part.
        made : bool
            True for the simulated stars, False for the real ones.

        Returns
        -------
        list of str
            Identifiers of the stars.
        """
        return [s.target_id for s in self.parts[part] if s.is_real != made]


def split_training_stars(stars: list[TrainingStar], recipe: Recipe, seed: int) -> StarSplit:
    """Split stars into the recipe's parts; what is one star under several identifiers stays together.

    Parameters
    ----------
    stars : list of TrainingStar
        The stars.
    recipe : Recipe
        The recipe with the share of each part.
    seed : int
        Seed of the split.

    Returns
    -------
    Stars
        Stars of each part.
    """
    by_name = {s.target_id: s for s in stars}
    shares = recipe.used_parts
    groups = star_groups(by_name, {s.target_id: [e.name for e in s.ephemerides] for s in stars})
    if not recipe.stratified:
        parts = split_stars(by_name, shares, seed, groups)
        return StarSplit({part: tuple(by_name[n] for n in names) for part, names in parts.items()})
    members: dict[str, list[str]] = {}
    for name in sorted(by_name):
        members.setdefault(groups[name], []).append(name)
    # real or not, and whether a planet is known of any of its identifiers
    kind_of = {
        group: (any(by_name[n].is_real for n in own), any(by_name[n].is_host for n in own)) for group, own in members.items()
    }
    kinds = [(True, True), (True, False), (False, False)]
    each = [split_stars_evenly((group for group, own in kind_of.items() if own == kind), shares, seed) for kind in kinds]
    return StarSplit({part: tuple(by_name[n] for split in each for g in split[part] for n in members[g]) for part in shares})


def train(
    recipe: Recipe,
    out: Path,
    *,
    stars: StarSplit,
    seed: int = 1,
    workers: int = 2,
    callback: TrainingCallback = NO_CALLBACK,
    work: Path | None = None,
    finish: bool = False,
    seeds: int = 1,
    excluded: Sequence[ExcludedStar] = (),
) -> ModelCard:
    """Train a model by a recipe and write model.keras, card.json and test.npz, the card last.

    Intermediate results are kept in the work folder until the model is complete. After a crash, the
    same call resumes after the last epoch.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    out : Path
        Folder of the model.
    stars : Stars
        The stars, split into parts.
    seed : int, optional
        Seed of all random draws.
    workers : int, optional
        Number of processes that prepare stars.
    callback : Listener, optional
        Called as the training progresses.
    work : Path or None, optional
        Folder of intermediate results; a hidden folder beside `out` if None.
    finish : bool, optional
        Whether to make a model of the best epoch so far instead of resuming.
    seeds : int, optional
        Number of networks, which differ in their seed alone: stars and copies are the same. The one
        that ranks the validation stars best is kept, and the card tells the spread of all.
    excluded : sequence of ExcludedStar, optional
        Stars that were left out since they show unlabeled transits or eclipses, for the card.

    Returns
    -------
    ModelCard
        Card of the model.

    Raises
    ------
    SettingsError
        If `out` already holds a model, or a part has segments of one class only.
    ModelError
        If the calibration stars have one class only or the network ranks no better than chance.
    """
    if (out / cards.CARD_NAME).exists():
        raise SettingsError(f"There is a model in {out} already; choose another name or remove it.")
    log.info("%d stars, %d of them to train on", sum(len(p) for p in stars.parts.values()), len(stars.parts["train"]))
    folder = _work_folder(work or out.with_name(f".{out.name}-work"), recipe, stars, seed)
    datasets, before = {}, 0
    in_all = sum(len(members) for members in stars.parts.values())
    for part, members in stars.parts.items():

        def prepared(done: int, before: int = before) -> None:
            callback.preparing(before + done, in_all)

        wanted = recipe_for_part(part, recipe)
        datasets[part] = build_dataset(members, wanted, seed, folder / f"shelf-{part}", workers, prepared)
        before += len(members)
    for part in (p for p in ("train", "validation", "calibration") if p in datasets):
        if not 0 < datasets[part].labels.mean() < 1:
            raise SettingsError(
                f"All segments of the {part} stars are {'with' if datasets[part].labels[0] else 'without'} transits; "
                "give more stars, simulated ones too, or another seed."
            )
    training = datasets["train"]
    dispositions = [s.target_id for s in stars.parts["train"] if s.labeled]
    always = np.isin(training.star, dispositions) if dispositions else None
    log.info("%d segments to train on, %d to validate", len(training), len(datasets["validation"]))
    fitted = [
        _fit_seed(training, datasets["validation"], recipe, number, _seed_folder(folder, seed, number), callback, finish, always)
        for number in _usable_seeds(folder, seed, seeds, finish)
    ]
    best = max(fitted, key=lambda one: one.ranking)
    network = best.network
    callback.evaluating()
    kept = datasets["calibration" if recipe.calibrated else "validation"]
    use = _calibration_segments(kept)
    raw = predict(network, kept, use)
    calibration = Calibration(base_rate=float(kept.labels[use].mean()))
    if recipe.calibrated:
        calibration = evaluation_calibration.fit_platt(kept.labels[use], raw, recipe.base_rate)

    def judged(part: str, group: str, which: NDArray[np.int64], probability: NDArray[np.float32]) -> JsonObject:
        one = datasets[part]
        found = metrics.make_report(group, one.labels[which], probability, one.star[which], recipe.base_rate, snr=one.snr[which])
        return found.to_dict(curves=part == "test")

    def judged_some(part: str) -> JsonObject:
        some = _random_segments(datasets[part])
        return judged(part, f"{part} stars", some, calibration(predict(network, datasets[part], some)))

    # The test stars are evaluated once, here.
    tested = list(test_groups(datasets["test"])) if "test" in datasets else []
    on_test = calibration(predict(network, datasets["test"])) if tested else np.empty(0, np.float32)
    if tested:
        test_set.save(folder, datasets["test"], [(name, which) for _, name, which in tested], on_test)

    model = folder / cards.MODEL_NAME
    save_network(network, model, include_optimizer=False)
    card = ModelCard(
        model_id=out.name,
        title=recipe.title,
        instruments=recipe.instruments,
        architecture=recipe.architecture,
        options=recipe.options,
        preparation=recipe.preparation,
        cutting=recipe.cutting,
        calibration=calibration,
        sha256=hashlib.sha256(model.read_bytes()).hexdigest(),
        cadence_calibration=_cadence_calibration(network, kept, use),
        cadence_range_minutes=recipe.cadence_range_minutes,
        thresholds=evaluation_calibration.standard_thresholds(kept.labels[use], calibration(raw)),
        training=_training_record(recipe, stars, datasets, seed)
        | {"reports": {part: judged_some(part) for part in ("train", "validation")}}
        | ({"seeds": _seeds_record(fitted, best, datasets)} if seeds > 1 else {})
        | ({"excluded_stars": [one.to_dict() for one in excluded]} if excluded else {}),
        metrics=[judged("test", group, which, on_test[which]) for _, group, which in tested],
        versions=package_versions(),
    )
    card.write(folder)
    if best.folder != folder:
        shutil.copyfile(best.folder / HISTORY_NAME, folder / HISTORY_NAME)
    out.mkdir(parents=True, exist_ok=True)
    for name in (HISTORY_NAME, test_set.TEST_NAME, cards.MODEL_NAME, cards.CARD_NAME):
        if (folder / name).exists():
            os.replace(folder / name, out / name)
    shutil.rmtree(folder)
    return card


@dataclass(frozen=True)
class _FittedSeed:
    """A network of one seed: its folder, and the metrics of its best epoch."""

    seed: int
    network: "keras.Model"
    folder: Path
    epochs: int
    best: EpochMetrics

    @property
    def ranking(self) -> float:
        return self.best.validation_roc_auc or 0.0


def _usable_seeds(folder: Path, seed: int, seeds: int, finish: bool) -> list[int]:
    """Return the seeds to fit; of a training that is to be finished early, those that have begun."""
    numbers = [seed + i for i in range(seeds)]
    begun = [n for n in numbers if (_seed_folder(folder, seed, n) / BEST_NAME).exists()]
    return begun if finish and begun else numbers


def _seed_folder(folder: Path, first: int, seed: int) -> Path:
    return folder if seed == first else folder / f"seed-{seed}"


def _fit_seed(
    training: SegmentDataset,
    validation: SegmentDataset,
    recipe: Recipe,
    seed: int,
    folder: Path,
    callback: TrainingCallback,
    finish: bool,
    always: NDArray[np.bool_] | None,
) -> _FittedSeed:
    """Fit the network of one seed in its folder, or see that it is done."""
    folder.mkdir(exist_ok=True)
    network = fit(training, validation, recipe, seed, folder, callback, finish=finish, always=always)
    done, _ = read_history(folder / HISTORY_NAME)
    index = best_epoch_index(done)
    assert index is not None  # fit has done an epoch that ranks, or raised
    return _FittedSeed(seed, network, folder, len(done), done[index])


def _seeds_record(fitted: list[_FittedSeed], best: _FittedSeed, datasets: dict[str, SegmentDataset]) -> JsonObject:
    """Return what the card tells of the networks of all seeds: each, and mean and standard deviation."""
    rows: list[dict[str, float | int | None]] = []
    for one in fitted:
        row: dict[str, float | int | None] = {
            "seed": one.seed,
            "epochs": one.epochs,
            "best_epoch": one.best.epoch,
            "validation_roc_auc": one.best.validation_roc_auc,
            "validation_pr_auc": one.best.validation_pr_auc,
            "validation_recall": one.best.validation_recall,
        }
        for test, group, which in test_groups(datasets["test"]) if "test" in datasets else ():
            probability, name = predict(one.network, test, which), group.replace(" ", "_")
            row |= part_metrics(name, test.labels[which], probability)
            row[f"{name}_recall"] = round(recall_at(test.labels[which], probability), 4)
        rows.append(row)
    names = [name for name in rows[0] if name not in ("seed", "epochs", "best_epoch")]
    columns = {name: [float(v) for row in rows if (v := row.get(name)) is not None] for name in names}
    spread = {
        name: {"mean": round(float(np.mean(v)), 4), "sd": round(float(np.std(v, ddof=1)), 4) if len(v) > 1 else None}
        for name, v in columns.items()
        if v
    }
    return {"chosen": best.seed, "networks": rows, "spread": spread}


def recipe_for_part(part: str, recipe: Recipe) -> Recipe:
    """Return the recipe as used to prepare a part's stars.

    With published labels, calibration, validation and test stars get no injected copies, so that
    they are calibrated and evaluated on their own transits alone.

    Parameters
    ----------
    part : str
        Name of the part.
    recipe : Recipe
        The recipe.

    Returns
    -------
    Recipe
        The recipe for that part.
    """
    if part == "train" or recipe.labels != "published":
        return recipe
    return replace(recipe, injection=replace(recipe.injection, copies=0))


def _work_folder(folder: Path, recipe: Recipe, stars: StarSplit, seed: int) -> Path:
    """Return the work folder; results of calls with other arguments are removed from it."""
    names = {part: [s.target_id for s in members] for part, members in stars.parts.items()}
    # Settings that came after 0.1.0 count where they are used, so that a training that 0.1.0 began goes on.
    settings = {k: v for k, v in recipe.to_dict().items() if k not in LATER_SETTINGS or v != getattr(Recipe, k)}
    call = json.dumps([settings, names, seed, __version__], sort_keys=True)
    if folder.exists() and not ((folder / "call.json").exists() and (folder / "call.json").read_text("utf-8") == call):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files.write_text_atomically(folder / "call.json", call, SettingsError)
    return folder


def build_dataset(
    stars: tuple[TrainingStar, ...],
    recipe: Recipe,
    seed: int,
    folder: Path,
    workers: int,
    detrended: Callable[[int], None] = lambda done: None,
) -> SegmentDataset:
    """Open the dataset of the given stars, or make it.

    Parameters
    ----------
    stars : tuple of TrainingStar
        The stars.
    recipe : Recipe
        The recipe that the stars are prepared for.
    seed : int
        Seed of the random draws.
    folder : Path
        Folder of the dataset.
    workers : int
        Number of processes that prepare stars.
    detrended : callable, optional
        Called with the number of stars done.

    Returns
    -------
    Shelf
        The dataset.

    Raises
    ------
    SettingsError
        If no segment came from the stars.
    """
    import joblib

    if (folder / "shelf.json").exists():
        try:
            return dataset.open_dataset(folder)
        except SettingsError as error:  # of a run that was broken off; what is prepared can be prepared again
            log.warning("%s", error)
    jobs = (joblib.delayed(_prepare_star)(star, recipe, seed) for star in stars)
    # Few stars wait between the workers and the disk, so memory does not grow with the number of stars.
    pieces: Iterator[StarSegments | None] = joblib.Parallel(
        n_jobs=workers, batch_size=1, pre_dispatch=2 * workers, return_as="generator"
    )(jobs)

    def counted() -> Iterator[StarSegments | None]:
        for done, piece in enumerate(pieces, start=1):
            yield piece
            detrended(done)

    return dataset.write_dataset(counted(), recipe.cutting, folder)


def _prepare_star(star: TrainingStar, recipe: Recipe, seed: int) -> StarSegments | None:
    return dataset.make_star_segments(star.target_id, training_copies(star, recipe, seed), recipe.cutting)


def _real_star_mask(one: SegmentDataset) -> NDArray[np.bool_]:
    return ~np.char.startswith(one.star, "SIM ")


def _calibration_segments(kept: SegmentDataset) -> NDArray[np.int64]:
    """Return the segments to calibrate on."""
    real = _real_star_mask(kept)
    if len(np.unique(kept.star[real])) >= MIN_REAL_CALIBRATION_STARS and 0 < kept.labels[real].mean() < 1:
        return np.flatnonzero(real)
    return np.arange(len(kept))


def _random_segments(one: SegmentDataset) -> NDArray[np.int64]:
    """Return a random sample of segments, enough to measure a part."""
    rng = np.random.default_rng(0)
    return np.sort(rng.choice(len(one), min(len(one), MAX_REPORT_SEGMENTS), replace=False))


def test_groups(test: SegmentDataset) -> Iterator[tuple[SegmentDataset, str, NDArray[np.int64]]]:
    """Yield the real and the simulated stars' segments as groups, each if it holds both labels.

    Parameters
    ----------
    test : Shelf
        The test segments.

    Yields
    ------
    tuple of (Shelf, str, ndarray of int64)
        The dataset, the name of the group, and the indices of its segments.
    """
    real = _real_star_mask(test)
    for name, mask in (("real stars", real), ("simulated stars", ~real)):
        which = np.flatnonzero(mask)
        if len(which) and 0 < test.labels[which].mean() < 1:
            yield test, name, which


def _cadence_calibration(network: "keras.Model", kept: SegmentDataset, use: NDArray[np.int64]) -> Calibration | None:
    """Fit Platt's scaling of the grid points' probabilities, at their own base rate."""
    if not isinstance(network.output, dict):
        return None
    inside, probability = predict_cadences(network, kept, use)
    try:
        return evaluation_calibration.fit_platt(inside, probability, float(inside.mean()))
    except ModelError as error:
        log.warning("Its cadences are not used: %s", error)
        return None


def _training_record(recipe: Recipe, stars: StarSplit, datasets: dict[str, SegmentDataset], seed: int) -> JsonObject:
    training = datasets["train"]
    return {
        "recipe": recipe.to_dict(),
        "seed": seed,
        "segments": {part: len(one) for part, one in datasets.items()},
        "segments_with_transits": {part: int(one.labels.sum()) for part, one in datasets.items()},
        "base_rate": round(float(training.labels.mean()), 4),
        "simulated_stars": {part: len(stars.names(part, made=True)) for part in stars.parts},
        "stars": {part: stars.names(part, made=False) for part in stars.parts},
        "verdicts": {part: [s.target_id for s in members if s.labeled] for part, members in stars.parts.items()},
        "sha256_of_stars": {
            part: hashlib.sha256("\n".join(stars.names(part, made=False)).encode()).hexdigest() for part in stars.parts
        },
    }


def package_versions() -> dict[str, str]:
    """Return the versions of AstroSeq and of the libraries that a model's numbers depend on.

    Returns
    -------
    dict
        Version by package; packages that are not installed are left out.
    """
    found = {"astroseq": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
