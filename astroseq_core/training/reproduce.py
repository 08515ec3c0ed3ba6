"""Published experiments repeated: a training run for each of their recipes, and what it cannot reproduce."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from astroseq_core.errors import SettingsError
from astroseq_core.evaluation.published import PublishedRun
from astroseq_core.jobs.job import REQUEST_NAME, JobState
from astroseq_core.jobs.queue import JobEntry
from astroseq_core.training.recipes import Recipe, load_recipe
from astroseq_core.training.runs.queue import RUNS, Run
from astroseq_core.training.runs.request import RunRequest
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
        if self.max_epochs is not None and not recipe.is_forest and (whole := load_recipe(recipe.name).epochs) > recipe.epochs:
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
