"""From a recipe and a folder of light curves to a model with its card."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core import __version__
from astroseq_core.errors import ModelError, SettingsError
from astroseq_core.scoring import card as cards
from astroseq_core.scoring.card import Calibration, ModelCard
from astroseq_core.segments.split import split_stars
from astroseq_core.training import calibrate, kept_test, metrics, shelf
from astroseq_core.training.copies import TrainingStar, copies
from astroseq_core.training.fit import PROGRESS, fit, predict, predict_cadences
from astroseq_core.training.listening import SILENT, Listener
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.shelf import Piece, Shelf

log = logging.getLogger(__name__)
PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "numpy", "scipy", "wotan", "batman-package", "lightkurve", "numba")
#: With at least so many real stars kept for calibration, they alone calibrate: simulated ones are easier.
ENOUGH_REAL_STARS = 8
#: How many segments of the training and validation stars are judged for the card.
ENOUGH_SEGMENTS = 20_000


@dataclass(frozen=True)
class Stars:
    """The stars of each part of a split, in the order of the recipe's parts."""

    parts: dict[str, tuple[TrainingStar, ...]]

    def names(self, part: str, *, made: bool) -> list[str]:
        """Identifiers of a part's real stars, or of its simulated ones."""
        return [s.name for s in self.parts[part] if s.is_real != made]


def split(stars: list[TrainingStar], recipe: Recipe, seed: int) -> Stars:
    """The stars split as the recipe says."""
    by_name = {s.name: s for s in stars}
    parts = split_stars(by_name, dict(recipe.parts), seed)
    return Stars({part: tuple(by_name[n] for n in names) for part, names in parts.items()})


def train(
    recipe: Recipe,
    out: Path,
    *,
    stars: Stars,
    seed: int = 1,
    workers: int = 2,
    listener: Listener = SILENT,
    work: Path | None = None,
    finish: bool = False,
) -> ModelCard:
    """Train by a recipe on those stars and write model.keras, card.json and test.npz into ``out``, the card last.

    What is done stands in ``work`` (a folder beside ``out`` where None) until the model is whole: the same call again, after a
    crash, goes on from the last epoch; with ``finish`` it makes a model of the best epoch so far. Raises SettingsError when
    ``out`` is a model already.
    """
    if (out / cards.CARD_NAME).exists():
        raise SettingsError(f"There is a model in {out} already; choose another name or remove it.")
    log.info("%d stars, %d of them to train on", sum(len(p) for p in stars.parts.values()), len(stars.parts["train"]))
    folder = _work_folder(work or out.with_name(f".{out.name}-work"), recipe, stars, seed)
    shelves, before = {}, 0
    in_all = sum(len(members) for members in stars.parts.values())
    for part, members in stars.parts.items():

        def prepared(done: int, before: int = before) -> None:
            listener.preparing(before + done, in_all)

        wanted = for_part(part, recipe)
        shelves[part] = shelf_of(members, wanted, seed, folder / f"shelf-{part}", workers, prepared)
        before += len(members)
    for part in ("train", "validation", "calibration"):
        if not 0 < shelves[part].labels.mean() < 1:
            raise SettingsError(
                f"All segments of the {part} stars are {'with' if shelves[part].labels[0] else 'without'} transits; "
                "give more stars, simulated ones too, or another seed."
            )
    training = shelves["train"]
    verdicts = [s.name for s in stars.parts["train"] if s.labelled]
    always = np.isin(training.star, verdicts) if verdicts else None
    log.info("%d segments to train on, %d to validate", len(training), len(shelves["validation"]))
    network = fit(training, shelves["validation"], recipe, seed, folder, listener, finish=finish, always=always)
    listener.judging()
    kept = shelves["calibration"]
    use = _for_calibration(kept)
    raw = predict(network, kept, use)
    calibration = calibrate.platt(kept.labels[use], raw, recipe.base_rate)

    def judged(part: str, group: str, which: NDArray[np.int64], probability: NDArray[np.float32]) -> dict[str, Any]:
        one = shelves[part]
        found = metrics.report(group, one.labels[which], probability, one.star[which], recipe.base_rate, snr=one.snr[which])
        return found.to_dict(curves=part == "test")

    def judged_some(part: str) -> dict[str, Any]:
        some = _some(shelves[part])
        return judged(part, f"{part} stars", some, calibration(predict(network, shelves[part], some)))

    # The test stars are looked at once, here.
    tested = list(groups(shelves["test"]))
    on_test = calibration(predict(network, shelves["test"])) if tested else np.empty(0, np.float32)
    if tested:
        kept_test.save(folder, shelves["test"], [(name, which) for _, name, which in tested], on_test)

    model = folder / cards.MODEL_NAME
    network.save(model, include_optimizer=False)
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
        thresholds=calibrate.thresholds(kept.labels[use], calibration(raw)),
        training=_about(recipe, stars, shelves, seed)
        | {"reports": {part: judged_some(part) for part in ("train", "validation")}},
        metrics=[judged("test", group, which, on_test[which]) for _, group, which in tested],
        versions=versions(),
    )
    card.write(folder)
    out.mkdir(parents=True, exist_ok=True)
    for name in (PROGRESS, kept_test.TEST, cards.MODEL_NAME, cards.CARD_NAME):
        if (folder / name).exists():
            os.replace(folder / name, out / name)
    shutil.rmtree(folder)
    return card


def for_part(part: str, recipe: Recipe) -> Recipe:
    """The recipe as it prepares a part's stars: with labels of their own, they are calibrated and judged on these alone."""
    if part == "train" or recipe.labels != "published":
        return recipe
    return replace(recipe, injection=replace(recipe.injection, copies=0))


def _work_folder(folder: Path, recipe: Recipe, stars: Stars, seed: int) -> Path:
    """The folder, with what this very call did before; what another call did is removed."""
    names = {part: [s.name for s in members] for part, members in stars.parts.items()}
    call = json.dumps([recipe.to_dict(), names, seed, __version__], sort_keys=True)
    if folder.exists() and not ((folder / "call.json").exists() and (folder / "call.json").read_text("utf-8") == call):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "call.json").write_text(call, encoding="utf-8")
    return folder


def shelf_of(
    stars: tuple[TrainingStar, ...],
    recipe: Recipe,
    seed: int,
    folder: Path,
    workers: int,
    prepared: Callable[[int], None] = lambda done: None,
) -> Shelf:
    """The shelf of those stars in the folder: the one that is there, or a new one made by so many processes.

    ``prepared`` is told how many stars are done.
    """
    import joblib

    if (folder / "shelf.json").exists():
        return shelf.open_shelf(folder)
    jobs = (joblib.delayed(_piece)(star, recipe, seed) for star in stars)
    # Few stars wait between the workers and the disk, so that memory does not grow with their number.
    pieces: Iterator[Piece | None] = joblib.Parallel(
        n_jobs=workers, batch_size=1, pre_dispatch=2 * workers, return_as="generator"
    )(jobs)

    def counted() -> Iterator[Piece | None]:
        for done, piece in enumerate(pieces, start=1):
            yield piece
            prepared(done)

    return shelf.write(counted(), recipe.cutting, folder)


def _piece(star: TrainingStar, recipe: Recipe, seed: int) -> Piece | None:
    return shelf.piece(star.name, copies(star, recipe, seed), recipe.cutting)


def _is_real(one: Shelf) -> NDArray[np.bool_]:
    return ~np.char.startswith(one.star, "SIM ")


def _for_calibration(kept: Shelf) -> NDArray[np.int64]:
    """The segments that calibrate."""
    real = _is_real(kept)
    if len(np.unique(kept.star[real])) >= ENOUGH_REAL_STARS and 0 < kept.labels[real].mean() < 1:
        return np.flatnonzero(real)
    return np.arange(len(kept))


def _some(one: Shelf) -> NDArray[np.int64]:
    """Enough segments to tell how well a part is known."""
    rng = np.random.default_rng(0)
    return np.sort(rng.choice(len(one), min(len(one), ENOUGH_SEGMENTS), replace=False))


def groups(test: Shelf) -> Iterator[tuple[Shelf, str, NDArray[np.int64]]]:
    """The real and the simulated stars' segments, each where both labels are among them, with the group's name."""
    real = _is_real(test)
    for name, mask in (("real stars", real), ("simulated stars", ~real)):
        which = np.flatnonzero(mask)
        if len(which) and 0 < test.labels[which].mean() < 1:
            yield test, name, which


def _cadence_calibration(network: Any, kept: Shelf, use: NDArray[np.int64]) -> Calibration | None:
    """Platt's scaling of the probabilities of places, at their own base rate."""
    if not isinstance(network.output, dict):
        return None
    inside, probability = predict_cadences(network, kept, use)
    try:
        return calibrate.platt(inside, probability, float(inside.mean()))
    except ModelError as error:
        log.warning("Its cadences are not used: %s", error)
        return None


def _about(recipe: Recipe, stars: Stars, shelves: dict[str, Shelf], seed: int) -> dict[str, Any]:
    training = shelves["train"]
    return {
        "recipe": recipe.to_dict(),
        "seed": seed,
        "segments": {part: len(one) for part, one in shelves.items()},
        "segments_with_transits": {part: int(one.labels.sum()) for part, one in shelves.items()},
        "base_rate": round(float(training.labels.mean()), 4),
        "simulated_stars": {part: len(stars.names(part, made=True)) for part in stars.parts},
        "stars": {part: stars.names(part, made=False) for part in stars.parts},
        "verdicts": {part: [s.name for s in members if s.labelled] for part, members in stars.parts.items()},
        "sha256_of_stars": {
            part: hashlib.sha256("\n".join(stars.names(part, made=False)).encode()).hexdigest() for part in stars.parts
        },
    }


def versions() -> dict[str, str]:
    """Versions of AstroSeq and of the libraries that a model's numbers depend on."""
    found = {"astroseq": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
