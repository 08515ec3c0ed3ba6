"""The `evaluate` command: metrics of a model on stars that it was not trained on."""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from astroseq_core.cli import common
from astroseq_core.errors import SettingsError
from astroseq_core.type_names import JsonObject

if TYPE_CHECKING:
    from astroseq_core.ephemeris import Ephemeris
    from astroseq_core.evaluation.evaluate import Evaluation
    from astroseq_core.evaluation.reports import EvaluationReport
    from astroseq_core.evaluation.worst_segments import WorstSegment
    from astroseq_core.networks.card import ModelCard
    from astroseq_core.scoring.star_source import LightCurveReader

NUM_WORST = 10
SIMULATED_NOTE = "simulated stars: says nothing about real ones"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its arguments to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    parser = subparsers.add_parser(
        "evaluate", help="the full report on stars the model never saw", description=common.description(run)
    )
    parser.add_argument("--model", help="a model's id or folder")
    parser.add_argument(
        "--signals", type=Path, metavar="VIEWS", help="npz file of labelled folded views: the classifier of signals"
    )
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
    parser.add_argument("--workers", type=common.positive_int, default=2, help="threads that prepare light curves (default 2)")
    parser.add_argument("--seed", type=int, default=0, help="of the resampling of stars (default 0)")
    parser.set_defaults(run=run)
    common.add_output_options(parser)


def run(options: argparse.Namespace) -> int:
    """Measure a model against published ephemerides, on stars that it was not trained on.

    With --signals, measure the classifier of signals on labelled folded views; signals of stars that
    it was trained on are classified by those of its networks that did not see them.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.

    Raises
    ------
    SettingsError
        If options contradict each other or are out of range.
    """
    from astroseq_core.evaluation import evaluate as evaluations
    from astroseq_core.evaluation import reports
    from astroseq_core.evaluation.metrics import DEFAULT_THRESHOLD
    from astroseq_core.evaluation.worst_segments import rank_mistakes
    from astroseq_core.io import files
    from astroseq_core.networks.model import load

    if options.signals is not None:
        return _evaluate_signals(options)
    if options.model is None:
        raise SettingsError("Give --model with a model's id or folder, or --signals with labelled views.")
    for name in ("base_rate", "threshold"):
        value = getattr(options, name)
        if value is not None and not 0 < value < 1:
            raise SettingsError(f"--{name.replace('_', '-')} must lie between 0 and 1.")
    if options.simulated == (options.lightcurves is not None):
        raise SettingsError("Give either --lightcurves with --ephemerides, or --simulated.")
    if options.lightcurves is not None and options.ephemerides is None:
        raise SettingsError("Give --ephemerides: without a table of published signals there is nothing to measure against.")
    exclude, binaries = common.read_star_list(options.exclude), common.read_star_list(options.binaries)
    model = load(options.model)
    stars, ephemerides, doubles = _simulated_stars(model.card) if options.simulated else _folder_stars(options)
    evaluation = evaluations.evaluate(
        model,
        stars,
        ephemerides,
        exclude=exclude,
        binaries=binaries | doubles,
        include_seen=options.include_seen,
        workers=options.workers,
        progress=lambda done, in_all: common.show_progress(f"{done} of {in_all} stars"),
    )
    judgement = reports.make_reports(
        evaluation,
        options.base_rate or model.card.calibration.base_rate,
        threshold=options.threshold or model.card.thresholds.get("false_alarms_0.01", DEFAULT_THRESHOLD),
        note=SIMULATED_NOTE if options.simulated else "",
        seed=options.seed,
    )
    alarms, misses = rank_mistakes(evaluation, NUM_WORST)
    values = (
        judgement.to_dict()
        | _count_values(evaluation)
        | {"worst_false_alarms": _mistake_values(alarms), "worst_misses": _mistake_values(misses)}
    )
    text = _report_text(judgement, evaluation, model.card)
    if options.out:
        files.write_text_atomically(options.out / "report.json", json.dumps(values, indent=1, allow_nan=False) + "\n")
        _write_segments(options.out / "segments.csv", evaluation)
        page = _report_page(judgement, evaluation, model.card, text, (alarms, misses), stars, ephemerides)
        files.write_text_atomically(options.out / "report.html", page)
    common.end_progress()
    sys.stdout.write(json.dumps(values, allow_nan=False) + "\n" if options.json else text + "\n")
    return 0


def _evaluate_signals(options: argparse.Namespace) -> int:
    """Measure the classifier of signals on labelled views; --model is the folder of a classifier, by default the shipped one."""
    from astroseq_core.evaluation.signals import measure_signals
    from astroseq_core.io import files
    from astroseq_core.signals.ensemble import load_ensemble
    from astroseq_core.signals.views import read_labelled_views

    if options.lightcurves is not None or options.simulated:
        raise SettingsError("--signals measures folded views; leave --lightcurves and --simulated out.")
    data = read_labelled_views(options.signals)
    report = measure_signals(data, load_ensemble(options.model or "tess"), options.seed)
    text = json.dumps(report.to_dict(), allow_nan=False)
    if options.out:
        files.write_text_atomically(options.out / "report.json", text + "\n")
    sys.stdout.write((text if options.json else str(report)) + "\n")
    return 0


def _folder_stars(options: argparse.Namespace) -> tuple[dict[str, "LightCurveReader"], list["Ephemeris"], frozenset[str]]:
    """Return readers of the folder's stars and the table's ephemerides; print what is left out."""
    from astroseq_core.io.ephemeris_table import read_table
    from astroseq_core.scoring.star_source import folder_sources

    table = read_table(options.ephemerides)
    found = {star.target_id: star.read for star in folder_sources(options.lightcurves)}
    # Without a usable ephemeris a star is neither a host with known transits nor a quiet star.
    unusable = {p.target_id: str(p) for p in table.problems if p.target_id in found}
    for target_id, problem in unusable.items():
        common.print_error(f"{target_id} is left out: {problem}")
    stars = {t: read for t, read in sorted(found.items()) if t not in unusable}
    return stars, list(table.ephemerides), frozenset()


def _simulated_stars(card: "ModelCard") -> tuple[dict[str, "LightCurveReader"], list["Ephemeris"], frozenset[str]]:
    """Return readers of simulated stars that suit the model, their ephemerides, and the binaries."""
    from astroseq_core.scoring.star_source import Source, StarSource
    from astroseq_core.simulation import survey

    rows = [row for row in survey.survey_rows() if row.instrument in card.instruments]
    if not rows:
        raise SettingsError(f"{card.model_id} was made for {' and '.join(card.instruments)}, as which no simulated star is seen.")

    ephemerides = [e for row in rows for e in survey.simulated_star(row.target_id).ephemerides]
    return (
        {r.target_id: StarSource(r.target_id, Source.SIMULATED, r.instrument).read for r in rows},
        ephemerides,
        frozenset(r.target_id for r in rows if r.kind == "binary"),
    )


def _count_values(evaluation: "Evaluation") -> JsonObject:
    return {
        "seen_excluded": 0 if evaluation.seen_included else len(evaluation.seen),
        "seen_included": len(evaluation.seen) if evaluation.seen_included else 0,
        "observations": len(evaluation.observations),
        "unsuited": evaluation.unsuited,
        "failures": [asdict(f) for f in evaluation.failures],
    }


def _mistake_values(mistakes: tuple["WorstSegment", ...]) -> list[JsonObject]:
    return [asdict(m) | {"system": str(m.system)} for m in mistakes]


def _write_segments(path: Path, evaluation: "Evaluation") -> None:
    from astroseq_core.evaluation.evaluate import SEGMENTS_COLUMNS, segment_rows
    from astroseq_core.io import files

    with files.TableWriter(path, SEGMENTS_COLUMNS) as table:
        table.write(segment_rows(evaluation))


def _report_text(judgement: "EvaluationReport", evaluation: "Evaluation", card: "ModelCard") -> str:
    """Return the report as text: metrics by group, signal-to-noise and star, and published ones."""
    from astroseq_core.evaluation import result_rows
    from astroseq_core.evaluation.reports import format_reports

    heading = [f"{card.model_id} ({card.title}), {len(evaluation.observations)} light curves"]
    if evaluation.seen and not evaluation.seen_included:
        heading.append(f"{len(evaluation.seen)} stars that it was made from are left out")
    if evaluation.unsuited:
        heading.append(f"{evaluation.unsuited} light curves of another instrument or cadence are left out")
    if evaluation.failures:
        heading.append(f"{len(evaluation.failures)} could not be scored")
    row = result_rows.row_from_card(card, judgement.reports[0])
    return (
        format_reports(judgement, ";\n".join(heading) + ".")
        + "\n\n"
        + result_rows.format_comparison([row], [result_rows.recipe_name_of(card)])
    )


def _report_page(
    judgement: "EvaluationReport",
    evaluation: "Evaluation",
    card: "ModelCard",
    text: str,
    mistakes: tuple[tuple["WorstSegment", ...], tuple["WorstSegment", ...]],
    stars: Mapping[str, "LightCurveReader"],
    ephemerides: list["Ephemeris"],
) -> str:
    from astroseq_core.evaluation.evaluate import evaluated_segments
    from astroseq_core.evaluation.worst_segments import read_excerpts
    from astroseq_core.plots import evaluation as figures
    from astroseq_core.plots.html import FigureSection, html_page
    from astroseq_core.plots.segments import worst_mistakes_figure

    report = judgement.reports[0]
    pick = evaluated_segments(evaluation)
    sections = [
        FigureSection(
            "ROC", "Recall should be high already at the low false-alarm rates on the left.", figures.roc_figure(report)
        ),
        FigureSection("Precision and recall", "The higher above the base rate, the better.", figures.pr_figure(report)),
        FigureSection(
            "By signal-to-noise", "Strong transits should all be found; under 5 few can be.", figures.snr_figure(report)
        ),
        FigureSection("Reliability", "On the diagonal a probability means what it says.", figures.reliability_figure(report)),
        FigureSection("Confusion at the stated threshold", "Share of each row.", figures.confusion_figure(report, 0)),
        FigureSection(
            "Confusion at the best F1", "Chosen on these same segments: too good.", figures.confusion_figure(report, 1)
        ),
        FigureSection(
            "Probabilities",
            "The two should lie apart.",
            figures.histogram_figure(evaluation.labels[pick], evaluation.probability[pick]),
        ),
    ]
    for heading, some in zip(("The worst false alarms", "The strongest transits that it misses"), mistakes, strict=True):
        if some:
            drawn = worst_mistakes_figure(read_excerpts(card, some, stars, ephemerides))
            sections.append(
                FigureSection(heading, "One segment a star, as the model was shown it; bands are predicted transits.", drawn)
            )
    return html_page(
        f"How good is {card.model_id}?", text, sections, note=judgement.note, simulated=SIMULATED_NOTE in judgement.note
    )
