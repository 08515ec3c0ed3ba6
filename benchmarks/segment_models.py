"""The segment models on the lent stars: who trains, validates, calibrates and tests, one command a model, and the table of aims.

    python -m benchmarks.segment_models plan                        # benchmarks/segment_models.json, before anything is looked at
    python -m benchmarks.segment_models clean TESS --out DIR        # leaves out stars that are not quiet; also K2, Kepler
    python -m benchmarks.segment_models train tess-2min --out DIR   # cleans first if need be; hours, and goes on where it stopped
    python -m benchmarks.segment_models report --out DIR            # on the test stars, once
    python -m benchmarks.segment_models exclude test > LIST         # for `recover --exclude LIST`: all but quiet test stars

A star's part is a hash of its identifier, whatever its light curves; stars with a signal in the tables, and binaries, are for the
test, but those of `kepler-binned`, which learns from published labels. Models are trained at several seeds until validation says
that it is enough; validation chooses, and the card tells the spread.
"""

import argparse
import csv
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from astroseq_core.errors import AstroSeqError
from astroseq_core.evaluation.evaluate import Evaluation, StarKind, evaluate
from astroseq_core.evaluation.metrics import make_report
from astroseq_core.evaluation.segment_report import SegmentReport
from astroseq_core.io import files
from astroseq_core.io.ephemeris_table import read_table
from astroseq_core.networks import card as cards
from astroseq_core.networks.model import load
from astroseq_core.preprocessing.segments import LEFT_OUT
from astroseq_core.preprocessing.split import split_stars
from astroseq_core.scoring.star_source import Source, StarSource
from astroseq_core.training.clean_stars import SEARCH_ALONE, clean_stars
from astroseq_core.training.excluded_star import ExcludedStar, JudgedStar, SignalFound
from astroseq_core.training.injection import TrainingStar
from astroseq_core.training.recipes import Recipe, load_recipe
from astroseq_core.training.star_groups import star_groups
from astroseq_core.training.stars import simulated_stars, suits_cadence
from astroseq_core.training.train import StarSplit, train
from benchmarks.lent import LENT

PLAN = Path(__file__).with_suffix(".json")
SEED = 2026
#: Parts of the quiet stars, and of the stars of the binned Kepler light curves.
PARTS = {"train": 0.5, "validation": 0.13, "calibration": 0.12, "test": 0.25}
#: K2 has two hosts only, so that more of its quiet stars must test.
K2_PARTS = {"train": 0.44, "validation": 0.12, "calibration": 0.1, "test": 0.34}
BINNED_PARTS = {"train": 0.5, "validation": 0.1, "calibration": 0.1, "test": 0.3}
QUIET, BINNED_SOURCE = "no_known_transit", "urazikk"
#: Model (and recipe) and epochs, by mission, of those that judge stars: cheap ones, as it is dips of many sigmas that matter.
CLEANING = {"TESS": ("tess-10min", 5), "K2": ("k2", 5), "Kepler": ("kepler", 5)}
FOLDS = 3
#: How all are trained: until validation has not improved for so many epochs, the learning rate having fallen twice.
LONG = {"schedule": "plateau", "epochs": 40, "patience": 5}


@dataclass(frozen=True)
class Planned:
    """One model: its recipe, with what is changed, the mission of its stars, and the aims: ROC-AUC, recall at 1 %, ECE."""

    recipe: str
    mission: str
    changes: Mapping[str, object]
    aims: tuple[float | None, float | None, float | None]


MODELS = {
    "tess-2min": Planned("tess-2min", "TESS", {}, (0.94, 0.70, None)),
    "tess-200s": Planned("tess-200s", "TESS", {}, (None, None, 0.05)),
    "tess-10min": Planned("tess-10min", "TESS", {"total_cap": 60_000}, (None, None, 0.05)),
    "tess-30min": Planned("tess-30min", "TESS", {"total_cap": 60_000}, (None, None, 0.05)),
    "kepler": Planned("kepler", "Kepler", {}, (None, None, None)),
    "k2": Planned("k2", "K2", {}, (0.97, 0.80, None)),
    "kepler-binned": Planned("kepler-binned", "Kepler", {}, (0.77, 0.30, None)),
}


def planned_recipe(name: str) -> Recipe:
    """The recipe of a model as it is trained here."""
    one = MODELS[name]
    return replace(load_recipe(one.recipe), **LONG, **one.changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class LentStar:
    """A lent star: mission, class, part, and its files with their cadences [min]; binned ones are stars of their own kind."""

    target_id: str
    mission: str
    cls: str
    part: str
    files: tuple[tuple[str, float], ...]
    seen_by: tuple[str, ...]

    @property
    def is_binned(self) -> bool:
        return any(file.startswith("lc_binned/") for file, _ in self.files)


def make_plan(lent: Path) -> dict[str, object]:
    """Decide the part of each star by its identifier alone; which models of before had seen it stays as it was written down."""
    with (lent / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    by_star: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_star.setdefault(row["target_id"], []).append(row)
    names = {star: [n for row in own for n in row["name"].split("/")] for star, own in by_star.items()}
    groups = star_groups(by_star, names, catalogs=False)
    apart = (split_stars(by_star, shares, SEED, groups) for shares in (PARTS, K2_PARTS, BINNED_PARTS))
    quiet, k2, binned = ({star: part for part, members in parts.items() for star in members} for parts in apart)
    seen = {star.target_id: list(star.seen_by) for star in read_plan()}
    stars: dict[str, object] = {}
    for star, own in sorted(by_star.items()):
        classes = {row["cls"] for row in own}
        cls = next((c for c in ("planet_host", "EB", "false_positive") if c in classes), QUIET)
        native = [row for row in own if row["source"] != BINNED_SOURCE]
        by_hash = k2 if own[0]["mission"] == "K2" else quiet
        part = binned[star] if not native else by_hash[star] if cls == QUIET else "test"
        stars[star] = {
            "mission": own[0]["mission"],
            "cls": cls,
            "part": part,
            "files": [[row["file"], float(row["cadence_min"])] for row in native or own],
            "seen_by": seen.get(star, []),
        }
    return {"seed": SEED, "parts": PARTS, "k2_parts": K2_PARTS, "binned_parts": BINNED_PARTS, "stars": stars}


def read_plan() -> list[LentStar]:
    """The stars of the plan that was written down."""
    stars = json.loads(PLAN.read_text(encoding="utf-8"))["stars"]
    return [
        LentStar(name, s["mission"], s["cls"], s["part"], tuple((f, c) for f, c in s["files"]), tuple(s["seen_by"]))
        for name, s in stars.items()
    ]


def model_stars(name: str, lent: Path, plan: list[LentStar]) -> dict[str, list[TrainingStar]]:
    """The real stars of each part that a model can learn from; the test part has quiet stars alone, of injected transits."""
    one, recipe = MODELS[name], planned_recipe(name)
    binned = name == "kepler-binned"
    table = read_table(lent / "ephemerides.csv") if recipe.labels == "published" else None
    out: dict[str, list[TrainingStar]] = {part: [] for part in PARTS}
    for star in plan:
        if star.mission != one.mission or star.is_binned != binned or (not binned and star.cls != QUIET):
            continue
        paths = tuple(str(lent / file) for file, cadence in star.files if suits_cadence(cadence, recipe))
        if paths:
            own = table.for_target(star.target_id) if table else ()
            every = recipe.all_products
            out[star.part].append(TrainingStar(star.target_id, Source.FOLDER, paths=paths, ephemerides=own, all_products=every))
    return out


def clean(mission: str, lent: Path, out: Path, workers: int) -> None:
    """Judge the stars of a mission that models will learn from, and write down those that are left out."""
    recipe_name, epochs = CLEANING[mission]
    recipe = replace(load_recipe(recipe_name), epochs=epochs, patience=epochs)
    parts = model_stars(recipe_name, lent, read_plan())
    real = [star for part, members in parts.items() if part != "test" for star in members]
    found = clean_stars(
        [*real, *simulated_stars(recipe)],
        recipe,
        out / f"clean-{mission}",
        folds=FOLDS,
        seed=SEED,
        workers=workers,
        progress=lambda done, in_all: print(f"{done} of {in_all} stars judged", flush=True) if done % 20 == 0 else None,
    )
    # test stars stay as they are labeled; what the search alone finds in them is told beside the numbers
    tested = clean_stars(parts["test"], recipe, out / f"clean-{mission}-test", folds=SEARCH_ALONE)
    values = {"left_out": [one.to_dict() for one in found], "test_not_quiet": [one.to_dict() for one in tested]}
    files.write_text_atomically(out / f"clean-{mission}.json", json.dumps(values, indent=1), AstroSeqError)
    for one in (*found, *tested):
        print(f"{one.target_id}: {one.reason}")


def read_clean(mission: str, out: Path) -> tuple[list[ExcludedStar], list[str]]:
    """The stars that are left out of training, and the test stars that are not quiet."""
    path = out / f"clean-{mission}.json"
    if not path.exists():
        raise SystemExit(f"Run `clean {mission}` first: {path.name} is not in {out}.")
    values = json.loads(path.read_text(encoding="utf-8"))
    left = []
    for one in values["left_out"]:
        signals = tuple(SignalFound(**signal) for signal in one["signals"])
        judged = JudgedStar(one["target_id"], one["star_score"], one["model"], signals)
        left.append(ExcludedStar(judged, one["reason"], one["threshold"]))
    return left, [one["target_id"] for one in values["test_not_quiet"]]


def train_model(name: str, lent: Path, out: Path, seeds: int, workers: int, epochs: int | None) -> None:
    """Train a model at several seeds; what is there already is not made again."""
    recipe = planned_recipe(name)
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    parts = model_stars(name, lent, read_plan())
    if name != "kepler-binned" and not (out / f"clean-{MODELS[name].mission}.json").exists():
        clean(MODELS[name].mission, lent, out, workers)
    # of the binned stars those with a signal are most, and their transits are what is learnt from
    excluded = [] if name == "kepler-binned" else read_clean(MODELS[name].mission, out)[0]
    not_quiet = {one.target_id for one in excluded}
    made = simulated_stars(recipe)
    simulated = split_stars([s.target_id for s in made], dict(recipe.parts), SEED)
    by_name = {s.target_id: s for s in made}
    real = {part: tuple(s for s in members if s.target_id not in not_quiet) for part, members in parts.items()}
    split = {part: (*real[part], *(by_name[n] for n in simulated[part])) for part in PARTS}
    counts = ", ".join(f"{len(members)} {part}" for part, members in split.items())
    print(f"{name}: {counts} stars; {len(not_quiet)} are left out", flush=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(recipe, out / f"{name}-v3", stars=StarSplit(split), seed=1, seeds=seeds, workers=workers, excluded=excluded)


def _readers(name: str, lent: Path, plan: list[LentStar], product: str) -> dict[str, StarSource]:
    """The test stars of a model, with the files of one product where there are several of a time."""
    one, recipe = MODELS[name], planned_recipe(name)
    out = {}
    for star in plan:
        if star.mission != one.mission or star.part != "test" or star.is_binned != (name == "kepler-binned"):
            continue
        wanted = [file for file, cadence in star.files if suits_cadence(cadence, recipe)]
        chosen = [file for file in wanted if product in file] or [f for f in wanted if "__pdc" not in f and "__fcor" not in f]
        if chosen:
            out[star.target_id] = StarSource(star.target_id, Source.FOLDER, paths=tuple(str(lent / f) for f in chosen))
    return out


def _reports(name: str, found: Evaluation, not_quiet: list[str], base_rate: float) -> Iterator[SegmentReport]:
    usable = (found.labels != LEFT_OUT) & found.of_kind(StarKind.HOST, StarKind.QUIET)
    quiet = ~np.isin(found.target_ids, not_quiet)
    for group, which in (("as labelled", usable), ("cleaned", usable & quiet), ("hosts", usable & found.of_kind(StarKind.HOST))):
        try:
            yield make_report(
                f"{name}, {group}", found.labels[which], found.probability[which], found.target_ids[which], base_rate
            )
        except AstroSeqError as error:
            print(f"{name}, {group}: {error}")


def report(lent: Path, out: Path) -> None:
    """Measure the finished models on the test stars, and print the table of aims with intervals from resampling stars."""
    plan, ephemerides = read_plan(), read_table(lent / "ephemerides.csv").ephemerides
    binaries = [s.target_id for s in plan if s.cls == "EB"]
    print("| model, stars | segments | with transit | ROC-AUC | recall at 1 % | ECE | aims |\n|---|---|---|---|---|---|---|")
    for name, one in MODELS.items():
        folder = out / f"{name}-v3"
        if not (folder / cards.CARD_NAME).exists():
            continue
        model = load(str(folder))
        not_quiet = [] if name == "kepler-binned" else read_clean(one.mission, out)[1]
        for product in ("__pdc", "__fcor") if name == "k2" else ("",):
            stars = {star: source.read for star, source in _readers(name, lent, plan, product).items()}
            found = evaluate(model, stars, ephemerides, binaries=binaries)
            for row in _reports(f"{name}{product.replace('__', ' ')}", found, not_quiet, model.card.calibration.base_rate):
                aims = ", ".join("–" if aim is None else f"{aim:.2f}" for aim in one.aims)
                print(
                    f"| {row.group} ({row.stars} stars) | {row.segments:,} | {row.base_rate:.2f} | {row.roc_auc} | "
                    f"{row.recall} | {row.ece_interval} | {aims} |",
                    flush=True,
                )
        spread = model.card.training.get("seeds", {}).get("spread", {})
        print(f"\n{name}, spread of the seeds: {json.dumps(spread)}\n", flush=True)


def stars_to_exclude(part: str, out: Path) -> list[str]:
    """All lent stars but the quiet ones of a part, for `recover --exclude`; those found not to be quiet are excluded, too."""
    not_quiet: set[str] = set()
    for mission in CLEANING:
        if (out / f"clean-{mission}.json").exists():
            left, tested = read_clean(mission, out)
            not_quiet |= {one.target_id for one in left} | set(tested)
    return [s.target_id for s in read_plan() if s.part != part or s.cls != QUIET or s.target_id in not_quiet]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("plan", "clean", "train", "report", "exclude"))
    parser.add_argument(
        "name", nargs="?", default="", help="mission to clean, model to train, or part whose quiet stars are kept"
    )
    parser.add_argument("--lent", type=Path, default=LENT)
    parser.add_argument("--out", type=Path, default=Path("models/.segment-models"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, help="for a try: fewer epochs than validation asks for")
    options = parser.parse_args()
    if options.what == "plan":
        text = (
            json.dumps(make_plan(options.lent))
            .replace('"TIC ', '\n"TIC ')
            .replace('"KIC ', '\n"KIC ')
            .replace('"EPIC ', '\n"EPIC ')
        )
        files.write_text_atomically(PLAN, text + "\n", AstroSeqError)
    elif options.what == "exclude":
        print("\n".join(stars_to_exclude(options.name or "test", options.out)))
    elif options.what == "clean":
        clean(options.name, options.lent, options.out, options.workers)
    elif options.what == "train":
        train_model(options.name, options.lent, options.out, options.seeds, options.workers, options.epochs)
    else:
        report(options.lent, options.out)


if __name__ == "__main__":
    main()
