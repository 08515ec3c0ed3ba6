"""Published experiments repeated: a training run for each of their recipes, and what it cannot reproduce."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.comparison import OurResult
from astroseq_core.evaluation.published import PublishedRun
from astroseq_core.evaluation.segment_report import SegmentReport
from astroseq_core.jobs.job import REQUEST_NAME, JobState
from astroseq_core.jobs.queue import JobEntry
from astroseq_core.networks import card as cards
from astroseq_core.training.history import best_epoch_index
from astroseq_core.training.recipes import Recipe, load_recipe
from astroseq_core.training.runs import results
from astroseq_core.training.runs.queue import RUNS, Run
from astroseq_core.training.runs.request import RunRequest
from astroseq_core.training.runs.results import RunResult
from astroseq_core.training.stars import FOLDER, StarChoice, gather_stars
from astroseq_core.training.train import split_training_stars
from astroseq_core.type_names import JsonObject

#: Folders of light curves at native cadence and of binned ones, below the folder of the data, if there are such.
NATIVE_NAME, BINNED_NAME, TABLE_NAME = "lc", "lc_binned", "ephemerides.csv"
#: Simulated stars of each mission that are added if asked for.
SIMULATED_STARS = 60
SIMULATED_COPIES, SIMULATED_PERIOD_DAYS = 2, (0.7, 60.0)


@dataclass(frozen=True)
class ReproductionData:
    """Light curves and ephemerides that the experiments are repeated on.

    Attributes
    ----------
    native : Path
        Folder of light curves.
    binned : Path
        Folder of binned light curves; the same if there is none apart.
    ephemerides : Path
        Table of ephemerides.
    exclude : tuple of str
        Identifiers of stars to leave out.
    """

    native: Path
    binned: Path
    ephemerides: Path
    exclude: tuple[str, ...] = ()

    @staticmethod
    def find(folder: Path, ephemerides: Path | None = None, exclude: Sequence[str] = ()) -> "ReproductionData":
        """Find the data in a folder.

        Parameters
        ----------
        folder : Path
            Folder with light curves, in `lc` and `lc_binned` if there are such folders.
        ephemerides : Path or None, optional
            Table of ephemerides; `ephemerides.csv` in the folder if None.
        exclude : sequence of str, optional
            Identifiers of stars to leave out.

        Returns
        -------
        ReproductionData
            The data.

        Raises
        ------
        SettingsError
            If there is no such folder or table.
        """
        folder = folder.expanduser().resolve()
        if not folder.is_dir():
            raise SettingsError(f"There is no folder {folder}; name the one that holds the light curves.")
        native, binned = (folder / name if (folder / name).is_dir() else folder for name in (NATIVE_NAME, BINNED_NAME))
        table = (ephemerides or folder / TABLE_NAME).expanduser().resolve()
        if not table.is_file():
            raise SettingsError(f"There is no table of ephemerides {table}; name it with --ephemerides.")
        return ReproductionData(native, binned, table, tuple(exclude))


@dataclass(frozen=True)
class Trial:
    """Changes to the recipes, for a first look or with simulated stars.

    Attributes
    ----------
    max_stars : int or None
        Most real stars of a recipe, half of them with published transits; None for all.
    max_epochs : int or None
        Most epochs; None for the recipes' own.
    simulated : bool
        Whether simulated stars with injected transits are added.
    """

    max_stars: int | None = None
    max_epochs: int | None = None
    simulated: bool = False

    def apply(self, recipe: Recipe) -> Recipe:
        """Return the recipe with the changes.

        Parameters
        ----------
        recipe : Recipe
            The recipe.

        Returns
        -------
        Recipe
            A changed copy.
        """
        changes: JsonObject = {}
        if self.max_stars is not None:
            hosts = self.max_stars // 2
            # Stars to inject transits into have no published ones.
            changes = {"max_hosts": hosts, "max_quiet": self.max_stars - (0 if recipe.labels == "injected" else hosts)}
        if self.max_epochs is not None:
            changes["epochs"] = min(recipe.epochs, self.max_epochs)
        if self.simulated and recipe.labels != "sequential" and recipe.cadence_range_minutes is None:
            changes["simulated"] = dict.fromkeys(recipe.instruments, SIMULATED_STARS)
            changes["injection"] = replace(recipe.injection, copies_simulated=SIMULATED_COPIES, period_days=SIMULATED_PERIOD_DAYS)
        return replace(recipe, **changes)

    def sentences(self, recipe: Recipe) -> Iterator[str]:
        """Yield what the changes mean for a recipe, in sentences.

        Parameters
        ----------
        recipe : Recipe
            The changed recipe.

        Yields
        ------
        str
            A sentence.
        """
        if self.max_stars is not None:
            yield f"A trial: at most {self.max_stars} real stars."
        if self.max_epochs is not None and (whole := load_recipe(recipe.name).epochs) > recipe.epochs:
            yield f"A trial: {recipe.epochs} of {whole} epochs at most."
        if recipe.simulated:
            yield f"{SIMULATED_STARS} simulated stars with injected transits were added to the real ones."


def recipes_of(runs: Sequence[PublishedRun], trial: Trial) -> tuple[Recipe, ...]:
    """Return the recipes that repeat published runs, each once.

    Parameters
    ----------
    runs : sequence of PublishedRun
        The published runs.
    trial : Trial
        Changes to the recipes.

    Returns
    -------
    tuple of Recipe
        The recipes, in the order of the runs.
    """
    return tuple(trial.apply(load_recipe(name)) for name in dict.fromkeys(name for run in runs for name in run.recipes))


def make_request(recipe: Recipe, data: ReproductionData, name: str, seed: int, workers: int) -> RunRequest:
    """Return the request of the training run that repeats an experiment.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    data : ReproductionData
        The data.
    name : str
        Name of the run.
    seed : int
        Seed of the split and of all random draws.
    workers : int
        Number of processes that prepare stars.

    Returns
    -------
    RunRequest
        The request.
    """
    # Of a cadence range, or none at all but binning, are the recipes for light curves that others binned.
    is_binned = recipe.cadence_range_minutes is not None or recipe.labels == "sequential"
    folder = data.binned if is_binned else data.native
    choice = StarChoice(FOLDER, folder=str(folder), ephemerides=str(data.ephemerides), exclude=data.exclude)
    return RunRequest(name=name, recipe=recipe, stars=choice, seed=seed, workers=workers)


def missing_stars(request: RunRequest) -> str:
    """Return why a recipe cannot be run on the stars at hand.

    Parameters
    ----------
    request : RunRequest
        The request.

    Returns
    -------
    str
        A sentence; empty if the stars may do.

    Raises
    ------
    SettingsError
        If there is no star at all that the recipe can use.
    """
    recipe = request.recipe
    if recipe.labels == "sequential":
        return ""
    stars = gather_stars(request.stars, recipe)
    if recipe.labels == "injected":
        return ""
    parts = split_training_stars(stars, recipe, request.seed).parts
    hosts = sum(star.is_host for star in stars)
    # Simulated stars get injected transits.
    lacking = [part for part, members in parts.items() if not any(star.is_host or not star.is_real for star in members)]
    if not lacking:
        return ""
    minutes = recipe.preparation.cadence_minutes
    have = "has" if hosts == 1 else "have"
    return (
        f"Not run: of {sum(s.is_real for s in stars)} {' and '.join(recipe.instruments)} stars here"
        f"{f' at {minutes:g} minutes' if minutes else ''} {hosts} {have} published transits in the data, "
        f"and none is left for {' and '.join(lacking)}."
    )


def begin_or_resume(request: RunRequest, folder: Path) -> Run:
    """Begin the run in a folder, go on with an interrupted one, or return a finished one.

    Parameters
    ----------
    request : RunRequest
        The request.
    folder : Path
        Folder of the run.

    Returns
    -------
    Run
        The run.

    Raises
    ------
    SettingsError
        If the folder holds a run of another request.
    """
    if not (folder / REQUEST_NAME).is_file():
        return RUNS.submit(request, folder)
    before = RUNS.read(JobEntry(folder.expanduser().resolve()))
    if before.request.to_dict() != request.to_dict():
        raise SettingsError(f"{folder} holds a run with other settings or data; choose another --out, or remove it.")
    if before.state in (JobState.CANCELLED, JobState.FAILED):
        RUNS.resume(before.job_id)
        return RUNS.get(before.job_id)
    return before


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
    return tuple(
        replace(our_result(run, found, group), not_reproduced=(*_test_hosts(found, group), *sentences)) for group in found.groups
    )


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
