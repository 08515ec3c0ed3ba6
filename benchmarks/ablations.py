"""What settings of a training do, each at three seeds on one fixed small set: a table, a figure and a CSV.

    python -m benchmarks.ablations run --out ablations.csv [--only neg_pos window]     # goes on where it stopped
    python -m benchmarks.ablations report ablations.csv --figure docs/ablations.png

The set is TESS at ten minutes: simulated stars and those lent quiet ones that the plan of benchmarks.segment_models trains,
validates and tests with (its test stars are not looked at: a third of its validation stars are the test here). Transits are
injected, so that labels are right; each setting changes one thing of the same base.
"""

import argparse
import csv
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from astroseq_core.errors import AstroSeqError
from astroseq_core.evaluation import calibration
from astroseq_core.evaluation.metrics import make_report
from astroseq_core.io import files
from astroseq_core.preprocessing.split import split_stars
from astroseq_core.training.dataset import SegmentDataset
from astroseq_core.training.fit import HISTORY_NAME, fit, predict
from astroseq_core.training.history import read_history
from astroseq_core.training.injection import TrainingStar, numbered_simulated_stars
from astroseq_core.training.recipes import Recipe, load_recipe
from astroseq_core.training.train import build_dataset
from benchmarks import segment_models
from benchmarks.lent import LENT

SEEDS = (1, 2, 3)
#: The set: simulated stars a part, of which binaries only where they are the question.
SIMULATED = {"train": 40, "validation": 12, "calibration": 12, "test": 16}
BINARIES = 16
#: Seed of splits and copies: the set is the same for all.
SET_SEED = 77
#: Shares of the plan's training and validation stars that this set takes as its own parts.
REAL_TRAINING = {"train": 0.75, "calibration": 0.25}
REAL_VALIDATION = {"validation": 0.5, "test": 0.5}

BASE = replace(
    load_recipe("tess-10min"),
    name="ablation",
    total_cap=8000,
    per_star_cap=150,
    neg_pos_ratio=2.0,
    epochs=10,
    patience=3,
    schedule="plateau",
)
BASE = replace(BASE, injection=replace(BASE.injection, copies=2, copies_simulated=2))


@dataclass(frozen=True)
class Setting:
    """One value of one thing: the recipe, and whether simulated binaries are among the negatives."""

    topic: str
    value: str
    recipe: Recipe
    binaries: int = 0


def settings() -> Iterator[Setting]:
    """All settings, topic by topic; the base stands in each as the one to compare with."""
    for ratio in (1.0, 2.0, 3.0, 5.0, 7.0):
        yield Setting("neg_pos", f"{ratio:g}:1", replace(BASE, neg_pos_ratio=ratio))
    for cap in (25, 75, 150, 400):
        yield Setting("per_star_cap", f"{cap}", replace(BASE, per_star_cap=cap))
    for cap in (2000, 4000, 8000, None):
        yield Setting("total_cap", "none" if cap is None else f"{cap}", replace(BASE, total_cap=cap))
    for share in (0.0, 0.25, 0.5):
        yield Setting("hard_negatives", f"{share:g}", replace(BASE, hard_negatives=share))
    yield Setting("loss", "cross-entropy", BASE)
    yield Setting("loss", "focal", replace(BASE, loss="focal"))
    for how in ("none", "oversample", "smote"):
        yield Setting("resample", how, replace(BASE, resample=how, neg_pos_ratio=1.0))
    for count in (0, BINARIES):
        yield Setting("binaries", "none" if not count else f"{count} of {SIMULATED['train']} simulated", BASE, binaries=count)
    for window in (64, 128, 256, 512):
        yield Setting(
            "window", f"{window / 6:.0f} h", replace(BASE, cutting=replace(BASE.cutting, window=window, stride=window // 4))
        )
    for part, word in ((1, "the window"), (2, "half"), (4, "a quarter"), (8, "an eighth")):
        yield Setting("stride", word, replace(BASE, cutting=replace(BASE.cutting, stride=BASE.cutting.window // part)))


@dataclass(frozen=True)
class Row:
    """What one training reached on the test stars, the real ones and all; a row of the CSV."""

    topic: str
    value: str
    seed: int
    epochs: int
    seconds: float
    train_segments: int
    test_segments: int
    test_stars: int
    base_rate: float
    roc_auc: float
    pr_auc: float
    recall: float
    ece: float
    real_roc_auc: float
    real_recall: float


def the_set(binaries: int, lent: Path) -> dict[str, list[TrainingStar]]:
    """The stars of each part: always the same."""
    plan = segment_models.model_stars("tess-10min", lent, segment_models.read_plan())
    parts: dict[str, list[TrainingStar]] = {part: [] for part in SIMULATED}
    for own, shares in ((plan["train"], REAL_TRAINING), (plan["validation"], REAL_VALIDATION)):
        by_name = {star.target_id: star for star in own}
        for part, names in split_stars(by_name, shares, SET_SEED).items():
            parts[part] += [by_name[name] for name in names]
    made = numbered_simulated_stars("TESS", sum(SIMULATED.values()))
    for part, count in SIMULATED.items():
        own, made = made[:count], made[count:]
        if part == "train" and binaries:  # as many stars as without
            own = [*own[binaries:], *numbered_simulated_stars("TESS", binaries, "binary")]
        parts[part] += own
    # all are tested on binaries that nobody trains on: what they teach must show there
    parts["test"] += numbered_simulated_stars("TESS", 3 * BINARIES, "binary")[-BINARIES // 2 :]
    return parts


def train_one(one: Setting, seed: int, lent: Path, work: Path, workers: int) -> Row:
    """Train one setting at one seed, calibrate, and measure on the test stars."""
    stars = the_set(one.binaries, lent)
    sets: dict[str, SegmentDataset] = {}
    for part, members in stars.items():
        # window and stride change what is cut; the test of all windows is cut at a quarter of them
        cutting = one.recipe.cutting if part == "train" else replace(one.recipe.cutting, stride=one.recipe.cutting.window // 4)
        recipe = replace(one.recipe, cutting=cutting)
        name = f"{part}-{cutting.window}-{cutting.stride}-{one.binaries if part == 'train' else 0}"
        sets[part] = build_dataset(tuple(members), recipe, SET_SEED, work / "sets" / name, workers)
    folder = work / f"{one.topic}-{one.value}-{seed}".replace(" ", "_").replace(":", "-")
    folder.mkdir(parents=True, exist_ok=True)
    network = fit(sets["train"], sets["validation"], one.recipe, seed, folder)
    done, _ = read_history(folder / HISTORY_NAME)
    kept, test = sets["calibration"], sets["test"]
    scale = calibration.fit_platt(kept.labels, predict(network, kept), one.recipe.base_rate)
    probability = scale(predict(network, test))
    real = ~np.char.startswith(test.star, "SIM ")
    whole = make_report("all", test.labels, probability, test.star, one.recipe.base_rate)
    own = make_report("real", test.labels[real], probability[real], test.star[real], one.recipe.base_rate)
    row = Row(
        one.topic,
        one.value,
        seed,
        len(done),
        round(sum(m.seconds or 0.0 for m in done), 1),
        int(done[-1].segments or 0),
        len(test),
        whole.stars,
        round(whole.base_rate, 4),
        *(round(m.value, 4) for m in (whole.roc_auc, whole.pr_auc, whole.recall, whole.ece_interval, own.roc_auc, own.recall)),
    )
    shutil.rmtree(folder)
    return row


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV; none if it is not there."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as file:
        return [
            Row(**{k: v if k in ("topic", "value") else int(v) if k in _WHOLE else float(v) for k, v in row.items()})  # type: ignore[arg-type]
            for row in csv.DictReader(file)
        ]


_WHOLE = ("seed", "epochs", "train_segments", "test_segments", "test_stars")


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write all rows, whole or not at all."""
    head = list(asdict(rows[0]))
    lines = [",".join(head), *(",".join(str(v) for v in asdict(row).values()) for row in rows)]
    files.write_text_atomically(path, "\n".join(lines) + "\n", AstroSeqError)


def run(out: Path, only: list[str], lent: Path, work: Path, workers: int, seeds: int, epochs: int | None) -> None:
    """Train what the CSV does not hold yet; the base, which stands in several topics, once."""
    rows = read_rows(out)
    done = {(row.topic, row.value, row.seed) for row in rows}
    same: dict[tuple[str, int, int], Row] = {}
    by_value = {(s.topic, s.value): s for s in settings()}
    for row in rows:
        if setting := by_value.get((row.topic, row.value)):
            same[(repr(setting.recipe), setting.binaries, row.seed)] = row
    for one in settings():
        recipe = one.recipe if epochs is None else replace(one.recipe, epochs=epochs)
        for seed in SEEDS[:seeds]:
            if (only and one.topic not in only) or (one.topic, one.value, seed) in done:
                continue
            key = (repr(one.recipe), one.binaries, seed)
            if key not in same:
                same[key] = train_one(replace(one, recipe=recipe), seed, lent, work, workers)
            rows.append(replace(same[key], topic=one.topic, value=one.value))
            write_rows(out, rows)
            print(rows[-1], flush=True)


TITLES = {
    "neg_pos": "Negatives to positives",
    "per_star_cap": "Most segments of a star and label",
    "total_cap": "Most segments in all",
    "hard_negatives": "Share of hard negatives",
    "loss": "Loss",
    "resample": "How 1:1 is reached",
    "binaries": "Eclipsing binaries as negatives",
    "window": "Window",
    "stride": "Stride, of the window",
}
#: Measures of the table, and their titles.
MEASURES = (
    ("roc_auc", "ROC-AUC"),
    ("recall", "recall at 1 %"),
    ("ece", "ECE"),
    ("real_roc_auc", "real stars: ROC-AUC"),
    ("real_recall", "recall"),
)


def table(rows: list[Row]) -> str:
    """Mean and standard deviation over the seeds, as a table for docs/results.md."""
    lines = [
        f"| setting | value | seeds | epochs | {' | '.join(title for _, title in MEASURES)} |",
        "|---" * (4 + len(MEASURES)) + "|",
    ]
    for topic, title in TITLES.items():
        for value in dict.fromkeys(row.value for row in rows if row.topic == topic):
            own = [row for row in rows if (row.topic, row.value) == (topic, value)]
            cells = [_mean_and_sd([getattr(row, name) for row in own]) for name, _ in MEASURES]
            epochs = f"{np.mean([row.epochs for row in own]):.0f}"
            lines.append(f"| {title} | {value} | {len(own)} | {epochs} | {' | '.join(cells)} |")
            title = ""
    return "\n".join(lines)


def _mean_and_sd(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else f"{values[0]:.3f}"


def draw(rows: list[Row], path: Path) -> None:
    """Draw each topic: ROC-AUC and recall of each seed, and their means."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    topics = [topic for topic in TITLES if any(row.topic == topic for row in rows)]
    size = (2.1 * len(topics) + 1, 5.2)
    figure, panels = plt.subplots(2, len(topics), figsize=size, sharey="row", squeeze=False, layout="constrained")
    for i, topic in enumerate(topics):
        values = list(dict.fromkeys(row.value for row in rows if row.topic == topic))
        for panel, name in zip(panels[:, i], ("roc_auc", "recall"), strict=True):
            for x, value in enumerate(values):
                y = [getattr(row, name) for row in rows if (row.topic, row.value) == (topic, value)]
                panel.plot([x] * len(y), y, "o", color="#8a8a8a", ms=4)
                panel.plot([x - 0.25, x + 0.25], [np.mean(y)] * 2, color="#0b62a4", lw=2)
            panel.set_xticks(range(len(values)), values, rotation=60, ha="right", fontsize=7)
            panel.grid(axis="y", alpha=0.3)
        panels[0, i].set_title(TITLES[topic], fontsize=8)
    panels[0, 0].set_ylabel("ROC-AUC")
    panels[1, 0].set_ylabel("recall at 1 % false alarms")
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "report"))
    parser.add_argument("csv", nargs="?", type=Path, default=Path("ablations.csv"))
    parser.add_argument("--out", type=Path, help="the CSV")
    parser.add_argument("--only", nargs="*", default=[], choices=list(TITLES), metavar="TOPIC")
    parser.add_argument("--lent", type=Path, default=LENT)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "astroseq-ablations")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--epochs", type=int, help="for a try")
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    path = options.out or options.csv
    if options.what == "run":
        run(path, options.only, options.lent, options.work, options.workers, options.seeds, options.epochs)
        return
    rows = read_rows(path)
    if not rows:
        raise SystemExit(f"There is no row in {path}; `run` makes them.")
    print(table(rows))
    if options.figure:
        draw(rows, options.figure)


if __name__ == "__main__":
    main()
