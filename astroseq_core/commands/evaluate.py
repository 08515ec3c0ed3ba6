"""``evaluate``: how good a model is on stars that it never saw."""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroseq_core.commands import common
from astroseq_core.errors import SettingsError

if TYPE_CHECKING:
    from astroseq_core.ephemeris import Ephemeris
    from astroseq_core.scoring.card import ModelCard
    from astroseq_core.scoring.evaluation import Evaluation
    from astroseq_core.scoring.survey import Reader
    from astroseq_core.scoring.worst import Mistake
    from astroseq_core.training.judging import Judgement

NUM_WORST = 10
SIMULATED = "simulated stars: says nothing about real ones"


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    parser = subparsers.add_parser("evaluate", help="the full report on stars the model never saw", description=run.__doc__)
    parser.add_argument("--model", required=True, help="a model's id or folder")
    parser.add_argument("--lightcurves", type=Path, help="folder of light curves, or one file")
    parser.add_argument("--ephemerides", type=Path, help="table of published signals; stars that are not in it count as quiet")
    parser.add_argument("--simulated", action="store_true", help="on the built-in simulated survey and its truth instead")
    parser.add_argument("--exclude", type=Path, help="text file of stars to leave out, one target a line")
    parser.add_argument("--binaries", type=Path, help="text file of known eclipsing binaries that the table does not have")
    parser.add_argument("--include-seen", action="store_true", help="keep the stars that the model was made from")
    parser.add_argument(
        "--base-rate", type=float, help="share of segments with a transit to judge calibration at (default: card's)"
    )
    parser.add_argument("--threshold", type=float, help="for the confusion matrix (default: the card's for 1 %% false alarms)")
    parser.add_argument("--out", type=Path, help="folder for report.json, segments.csv and report.html")
    parser.add_argument("--workers", type=common.positive, default=2, help="threads that prepare light curves (default 2)")
    parser.add_argument("--seed", type=int, default=0, help="of the resampling of stars (default 0)")
    parser.set_defaults(run=run)
    common.add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Measure a model's segment probabilities and star scores against published ephemerides, on stars it was not made from."""
    from astroseq_core import export
    from astroseq_core.scoring import evaluation as evaluations
    from astroseq_core.scoring.model import load
    from astroseq_core.scoring.worst import worst
    from astroseq_core.training import judging
    from astroseq_core.training.metrics import THRESHOLD

    for name in ("base_rate", "threshold"):
        value = getattr(options, name)
        if value is not None and not 0 < value < 1:
            raise SettingsError(f"--{name.replace('_', '-')} must lie between 0 and 1.")
    if options.simulated == (options.lightcurves is not None):
        raise SettingsError("Give either --lightcurves with --ephemerides, or --simulated.")
    if options.lightcurves is not None and options.ephemerides is None:
        raise SettingsError("Give --ephemerides: without a table of published signals there is nothing to measure against.")
    exclude, binaries = common.star_list(options.exclude), common.star_list(options.binaries)
    model = load(options.model)
    stars, ephemerides, doubles = _simulated(model.card) if options.simulated else _real(options)
    evaluation = evaluations.evaluate(
        model,
        stars,
        ephemerides,
        exclude=exclude,
        binaries=binaries | doubles,
        include_seen=options.include_seen,
        workers=options.workers,
        progress=lambda done, in_all: common.progress(f"{done} of {in_all} stars"),
    )
    judgement = judging.judge(
        evaluation,
        options.base_rate or model.card.calibration.base_rate,
        threshold=options.threshold or model.card.thresholds.get("false_alarms_0.01", THRESHOLD),
        note=SIMULATED if options.simulated else "",
        seed=options.seed,
    )
    alarms, misses = worst(evaluation, NUM_WORST)
    values = judgement.to_dict() | _counts(evaluation) | {"worst_false_alarms": _rows(alarms), "worst_misses": _rows(misses)}
    text = _text(judgement, evaluation, model.card)
    if options.out:
        export.write_whole(options.out / "report.json", json.dumps(values, indent=1, allow_nan=False) + "\n")
        _write_segments(options.out / "segments.csv", evaluation)
        page = _page(judgement, evaluation, model.card, text, (alarms, misses), stars, ephemerides)
        export.write_whole(options.out / "report.html", page)
    common.end_progress()
    sys.stdout.write(json.dumps(values, allow_nan=False) + "\n" if options.json else text + "\n")
    return 0


def _real(options: argparse.Namespace) -> tuple[dict[str, "Reader"], list["Ephemeris"], frozenset[str]]:
    """Readers of the folder's stars and the table's ephemerides; what cannot be used is said on standard error."""
    from astroseq_core.ephemeris import read_table
    from astroseq_core.lightcurves import local
    from astroseq_core.scoring.survey import stars_of

    table = read_table(options.ephemerides)
    local.list_light_curves(options.lightcurves)  # says what is wrong with a folder that is not there
    found = stars_of([str(options.lightcurves)])
    # Nothing can be said of when such a star transits: it is neither a host whose transits are known nor a quiet star.
    unusable = {p.target_id: str(p) for p in table.problems if p.target_id in found}
    for target_id, problem in unusable.items():
        common.print_error(f"{target_id} is left out: {problem}")
    stars = {t: read for t, read in sorted(found.items()) if t not in unusable}
    return stars, list(table.ephemerides), frozenset()


def _simulated(card: "ModelCard") -> tuple[dict[str, "Reader"], list["Ephemeris"], frozenset[str]]:
    """Readers of the survey's stars that the model was made for, the truth about them, and which are binaries."""
    from astroseq_core.simulate import survey

    rows = [row for row in survey.summary() if row.seen_as in card.instruments]
    if not rows:
        raise SettingsError(f"{card.model_id} was made for {' and '.join(card.instruments)}, as which no simulated star is seen.")

    def reader(target_id: str) -> "Reader":
        return lambda: (survey.star(target_id).curves, ())

    ephemerides = [e for row in rows for e in survey.star(row.target_id).ephemerides]
    return (
        {r.target_id: reader(r.target_id) for r in rows},
        ephemerides,
        frozenset(r.target_id for r in rows if r.kind == "binary"),
    )


def _counts(evaluation: "Evaluation") -> dict[str, Any]:
    return {
        "seen_excluded": 0 if evaluation.seen_included else len(evaluation.seen),
        "seen_included": len(evaluation.seen) if evaluation.seen_included else 0,
        "observations": len(evaluation.observations),
        "unsuited": evaluation.unsuited,
        "failures": [asdict(f) for f in evaluation.failures],
    }


def _rows(mistakes: tuple["Mistake", ...]) -> list[dict[str, Any]]:
    return [asdict(m) | {"system": str(m.system)} for m in mistakes]


def _write_segments(path: Path, evaluation: "Evaluation") -> None:
    from astroseq_core import export
    from astroseq_core.scoring.evaluation import SEGMENTS_COLUMNS, segment_rows

    with export.TableWriter(path, SEGMENTS_COLUMNS) as table:
        table.write(segment_rows(evaluation))


def _text(judgement: "Judgement", evaluation: "Evaluation", card: "ModelCard") -> str:
    """The report for people to read: the groups beside each other, then signal-to-noise, stars, and what is published."""
    from astroseq_core.training import published
    from astroseq_core.training.judging import describe

    heading = [f"{card.model_id} ({card.title}), {len(evaluation.observations)} light curves"]
    if evaluation.seen and not evaluation.seen_included:
        heading.append(f"{len(evaluation.seen)} stars that it was made from are left out")
    if evaluation.unsuited:
        heading.append(f"{evaluation.unsuited} light curves of another instrument or cadence are left out")
    if evaluation.failures:
        heading.append(f"{len(evaluation.failures)} could not be scored")
    row = published.model_row(card, judgement.reports[0])
    return describe(judgement, ";\n".join(heading) + ".") + "\n\n" + published.compare([row], [published.recipe_of(card)])


def _page(
    judgement: "Judgement",
    evaluation: "Evaluation",
    card: "ModelCard",
    text: str,
    mistakes: tuple[tuple["Mistake", ...], tuple["Mistake", ...]],
    stars: Mapping[str, "Reader"],
    ephemerides: list["Ephemeris"],
) -> str:
    from astroseq_core.figures import evaluation as figures
    from astroseq_core.figures.page import Section, page
    from astroseq_core.figures.worst import worst_figure
    from astroseq_core.scoring.evaluation import main_segments
    from astroseq_core.scoring.worst import excerpts

    report = judgement.reports[0]
    pick = main_segments(evaluation)
    sections = [
        Section("ROC", "Recall should be high already at the low false-alarm rates on the left.", figures.roc_figure(report)),
        Section("Precision and recall", "The higher above the base rate, the better.", figures.pr_figure(report)),
        Section("By signal-to-noise", "Strong transits should all be found; under 5 few can be.", figures.snr_figure(report)),
        Section("Reliability", "On the diagonal a probability means what it says.", figures.reliability_figure(report)),
        Section("Confusion at the stated threshold", "Share of each row.", figures.confusion_figure(report, 0)),
        Section("Confusion at the best F1", "Chosen on these same segments: too good.", figures.confusion_figure(report, 1)),
        Section(
            "Probabilities", "The two should lie apart.",
            figures.histogram_figure(evaluation.labels[pick], evaluation.probability[pick]),
        ),
    ]  # fmt: skip
    for heading, some in zip(("The worst false alarms", "The strongest transits that it misses"), mistakes, strict=True):
        if some:
            drawn = worst_figure(excerpts(card, some, stars, ephemerides))
            sections.append(
                Section(heading, "One segment a star, as the model was shown it; bands are predicted transits.", drawn)
            )
    return page(f"How good is {card.model_id}?", text, sections, note=judgement.note, simulated=SIMULATED in judgement.note)
