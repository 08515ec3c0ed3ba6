"""Results of repeated experiments, with what the stars at hand cannot reproduce in sentences."""

import math
from collections.abc import Iterator
from dataclasses import replace

from astroseq_core.evaluation.comparison import OurResult
from astroseq_core.evaluation.published import PublishedRun
from astroseq_core.evaluation.segment_report import SegmentReport
from astroseq_core.jobs.job import JobState
from astroseq_core.networks import card as cards
from astroseq_core.training.history import best_epoch_index
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.reproduce import Trial
from astroseq_core.training.runs import results
from astroseq_core.training.runs.queue import Run
from astroseq_core.training.runs.results import RESULT_ADVICE, RunResult
from astroseq_core.training.train_sequential import REPORT_NAME
from astroseq_core.typed_json import convert, read_object


def our_results(run: Run, trial: Trial) -> tuple[OurResult, ...]:
    """Return the results of a finished run, one for each group of test stars, real stars first.

    Parameters
    ----------
    run : Run
        The run.
    trial : Trial
        Changes to its recipe.

    Returns
    -------
    tuple of OurResult
        The results; one without reports if the run has none.
    """
    recipe, found = run.request.recipe, results.load(run)
    if found is None or not found.reports:
        why = run.problem if run.state is not JobState.DONE else ""
        sentence = f"Not measured: {why or 'the test stars have segments of one kind only.'}"
        return (OurResult(recipe.name, not_reproduced=(sentence, *trial.sentences(recipe))),)
    sentences = (*_unreached(run), *trial.sentences(recipe))
    if recipe.labels == "sequential":
        counts = _test_counts(run)
        positive = counts.get("real_positive", 0)
        real = counts.get("real_negative", 0) + positive
        known = f"{real} test segments are of real stars, {positive} of them with a transit."
        return tuple(replace(one, not_reproduced=(known, *sentences)) for one in _sequential_results(run, found, bool(real)))
    return tuple(
        replace(our_result(run, found, group), not_reproduced=(*_test_hosts(found, group), *sentences)) for group in found.groups
    )


def _sequential_results(run: Run, found: RunResult, has_real: bool) -> list[OurResult]:
    """Return the results on all test stars of a sequential experiment, and on the real ones alone if there are any."""
    each = {group.rpartition(": ")[2]: our_result(run, found, group) for group in found.groups}
    if not has_real:
        return [each["synthetic"]] if "synthetic" in each else list(each.values())
    return [each[word] for word in ("all", "real") if word in each] or list(each.values())


def _test_counts(run: Run) -> dict[str, int]:
    """Return the numbers of test segments of a sequential experiment, by kind."""
    report = read_object(run.folder / REPORT_NAME, dict[str, object], RESULT_ADVICE, nan=True)
    counts = convert(report.get("counts", {}), dict[str, dict[str, int]], "the counts")
    return counts.get("test", {})


def _test_hosts(found: RunResult, group: str) -> Iterator[str]:
    """Yield how many test stars have transits, where the test predictions were kept: so few stars carry recall and precision."""
    if found.test is None or group not in found.test.groups:
        return
    has = found.test.star_ranking(group).has_transits
    yield f"{has.sum()} of {len(has)} test stars have transits."


def our_result(run: Run, found: RunResult, group: str) -> OurResult:
    """Return the result of a finished run on one group of test stars.

    Parameters
    ----------
    run : Run
        The run.
    found : RunResult
        Its results.
    group : str
        Name of the group.

    Returns
    -------
    OurResult
        The result, without sentences.
    """
    number = [report.group for report in found.reports].index(group)
    best = best_epoch_index(run.epochs)
    return OurResult(
        run.request.recipe.name,
        _measured_on(run.request.recipe, group),
        _card_reports(run) | {"test": found.reports[number]},
        found.rows[number].stars,
        found.rows[number].segments,
        len(run.epochs),
        None if best is None else best + 1,
    )


def _card_reports(run: Run) -> dict[str, SegmentReport]:
    """Return the reports on training and validation stars, which models alone have."""
    if not run.has_model:
        return {}
    return {split: SegmentReport.from_dict(v) for split, v in cards.read(run.folder).training.get("reports", {}).items()}


def _measured_on(recipe: Recipe, group: str) -> str:
    """Return what the test stars of a group are."""
    if recipe.labels == "sequential":
        word = group.rpartition(": ")[2]
        words = {"all": "simulated and real stars, as in the source", "synthetic": "simulated stars", "real": "real stars"}
        return words.get(word, group)
    return f"{group}, injected transits" if recipe.labels == "injected" or group == "simulated stars" else group


def _unreached(run: Run) -> Iterator[str]:
    """Yield which limits of the sampling the stars at hand do not reach."""
    recipe = run.request.recipe
    shown = max((e.segments or 0 for e in run.epochs), default=0)
    if not shown or recipe.labels == "sequential":
        return
    if recipe.max_steps is not None and (steps := math.ceil(shown / recipe.batch)) < recipe.max_steps:
        yield f"An epoch has {steps:,} steps here: {recipe.max_steps:,} are not reached."
    if recipe.total_cap is not None and shown < recipe.total_cap:
        yield f"An epoch has {shown:,} segments here: the cap of {recipe.total_cap:,} is not reached."
    report = _card_reports(run).get("train")
    if report is not None and recipe.neg_pos_ratio is not None and recipe.resample == "none":
        ratio = (1 - report.base_rate) / report.base_rate
        if ratio < recipe.neg_pos_ratio:
            yield f"There are {ratio:.2g} negatives to a positive here: {recipe.neg_pos_ratio:g} are not reached."


def star_sentence(run: PublishedRun, ours: OurResult) -> str:
    """Return how our numbers of stars compare with those of the source.

    Parameters
    ----------
    run : PublishedRun
        The published run.
    ours : OurResult
        Our result.

    Returns
    -------
    str
        A sentence; empty if the source states no number, or ours is unknown.
    """
    theirs = run.stars_in_all or sum(figures.stars or 0 for figures in run.splits.values())
    own = sum(n or 0 for n in ours.stars)
    return f"{own:,} stars in training, validation and test here, {theirs:,} in the source." if theirs and own else ""


def with_sentences(run: PublishedRun, ours: OurResult) -> OurResult:
    """Return our result with what the recipe does otherwise than this published run.

    Parameters
    ----------
    run : PublishedRun
        The published run.
    ours : OurResult
        Our result of one of its recipes.

    Returns
    -------
    OurResult
        The result with all sentences.
    """
    if not ours.reports:
        return ours
    differs = run.recipes.get(ours.recipe, "")
    more = (f"{differs}." if differs else "", star_sentence(run, ours))
    return replace(ours, not_reproduced=(*filter(None, more), *ours.not_reproduced))
