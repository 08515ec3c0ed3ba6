"""From a folder of light curves to a model with its card."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from astroseq_core import __version__, targets
from astroseq_core.errors import LightCurveError, SettingsError
from astroseq_core.lightcurves import local, reading
from astroseq_core.scoring import card as cards
from astroseq_core.scoring.card import ModelCard
from astroseq_core.segments.split import split_stars
from astroseq_core.training import calibrate, examples, metrics
from astroseq_core.training.examples import Examples, QuietStar
from astroseq_core.training.fit import fit, predict
from astroseq_core.training.recipes import Recipe

log = logging.getLogger(__name__)
PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "numpy", "scipy", "wotan", "batman-package", "lightkurve")


def quiet_stars(folder: Path, recipe: Recipe, not_these: set[str]) -> list[QuietStar]:
    """The stars of a folder to inject transits into: of the recipe's instruments and cadence, not among ``not_these``."""
    found = local.group_by_target(local.list_light_curves(folder)).by_target
    stars = []
    for target_id, paths in sorted(found.items()):
        if target_id in not_these or targets.parse_star(target_id).mission.name not in recipe.instruments:
            continue
        usable = tuple(str(p) for p in paths if _suits(p, recipe))
        if usable:
            stars.append(QuietStar(target_id, usable))
    return stars


def _suits(path: Path, recipe: Recipe) -> bool:
    try:
        curve = reading.read(path)
    except LightCurveError as error:
        log.warning("%s", error)
        return False
    # Only the recipe's own cadence: binned data have whiter noise than what the model will mostly meet.
    wanted = recipe.preparation.cadence_minutes or curve.cadence_minutes
    return not curve.flattened and 0.8 < curve.cadence_minutes / wanted < 1.25


def train(
    recipe: Recipe,
    out: Path,
    *,
    lightcurves: Path | None = None,
    not_these: set[str] | None = None,
    seed: int = 1,
    workers: int = 2,
    progress: Callable[[dict[str, Any]], None] | None = None,
) -> ModelCard:
    """Train by a recipe and write the model's folder ``out`` (model.keras, card.json), whole or not at all.

    ``lightcurves``: a folder whose stars get transits injected, beside the simulated ones. ``not_these``: stars that are not
    quiet (with planets, binaries) or kept for measuring. Raises SettingsError when the folder is there already.
    """
    if (out / cards.CARD_NAME).exists():
        raise SettingsError(f"There is a model in {out} already; choose another name or remove it.")
    real = quiet_stars(lightcurves, recipe, not_these or set()) if lightcurves else []
    made = [star for seen_as, count in recipe.simulated.items() for star in examples.simulated(seen_as, count)]
    shares = dict(recipe.parts)
    real_parts = split_stars([s.name for s in real], shares, seed)
    made_parts = split_stars([s.name for s in made], shares, seed)
    log.info("%d real and %d simulated stars", len(real), len(made))

    def of(part: str, choose: bool, stars: list[QuietStar], parts: dict[str, tuple[str, ...]]) -> Examples | None:
        chosen = [s for s in stars if s.name in set(parts[part])]
        return examples.collect(chosen, recipe, seed, choose=choose, workers=workers) if chosen else None

    def both(part: str, choose: bool) -> Examples:
        found = [e for e in (of(part, choose, real, real_parts), of(part, choose, made, made_parts)) if e is not None]
        return examples.concatenate(found)

    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as work:
        folder = Path(work)
        training, validation = both("train", True), both("validation", True)
        log.info("%d segments to train on, %d to validate", len(training), len(validation))
        network = fit(training, validation, recipe, seed, folder, progress)
        kept = both("calibration", False)
        calibration = calibrate.platt(kept.labels, predict(network, kept), recipe.base_rate)
        reports = []
        groups = {"transits injected into real stars": (real, real_parts), "simulated stars": (made, made_parts)}
        for group, (stars, parts) in groups.items():
            test = of("test", False, stars, parts)
            if test is not None and 0 < test.base_rate < 1:
                probability = calibration(predict(network, test))
                reports.append(metrics.report(group, test.labels, probability, test.stars, recipe.base_rate))
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
            thresholds=calibrate.thresholds(kept.labels, calibration(predict(network, kept))),
            training={
                "recipe": recipe.name,
                "seed": seed,
                "segments": len(training),
                "base_rate": round(training.base_rate, 4),
                "epochs": recipe.epochs,
                "per_star_cap": recipe.per_star_cap,
                "neg_pos_ratio": recipe.neg_pos_ratio,
                "injection": vars(recipe.injection) | {},
                "simulated_stars": {part: len(names) for part, names in made_parts.items()},
                "stars": {part: list(names) for part, names in real_parts.items()},
                "sha256_of_stars": {p: hashlib.sha256("\n".join(n).encode()).hexdigest() for p, n in real_parts.items()},
            },
            metrics=[r.to_dict() for r in reports],
            versions=versions(),
        )
        card.write(folder)
        # What stands in the final folder is the model and its card alone.
        (folder / "best.keras").unlink(missing_ok=True)
        out.mkdir(exist_ok=True)
        for name in ("progress.jsonl", cards.MODEL_NAME, cards.CARD_NAME):
            os.replace(folder / name, out / name)
    return card


def versions() -> dict[str, str]:
    """Versions of AstroSeq and of the libraries that a model's numbers depend on."""
    found = {"astroseq": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
