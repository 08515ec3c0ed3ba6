"""Request of a training run, and training labels from the dispositions that vetters gave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from astroseq_core.disposition_codes import FALSE_DISPOSITIONS, PLANET_DISPOSITIONS
from astroseq_core.errors import SettingsError
from astroseq_core.jobs.job import check_job_name
from astroseq_core.store import dispositions
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.signal_dispositions import SignalDispositions
from astroseq_core.training import recipes
from astroseq_core.training.clean_stars import MAX_FOLDS
from astroseq_core.training.injection import TrainingStar
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.stars import StarChoice, cached_star
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import convert, reason_of

#: Most processes that prepare the stars of a run.
MAX_WORKERS = 256
#: Most networks of a run.
MAX_SEEDS = 20


@dataclass(frozen=True)
class RunRequest:
    """Settings that fully determine a run.

    The same request gives the same split and, on one machine, the same numbers. Raises
    SettingsError if the name, the seed or the number of workers is not valid.

    Attributes
    ----------
    name : str
        Name of the run, which must be valid as a folder name.
    recipe : Recipe
        The recipe to train by.
    stars : StarChoice
        Which real stars to use.
    seed : int
        Seed of the split and of all random draws; 0 or more.
    workers : int
        Number of processes that prepare stars.
    verdicts : bool
        Whether stars with dispositions given here join the training set.
    clean_folds : int
        Folds in which the stars are judged for unlabeled signals before the training; 0 for none.
    seeds : int
        Number of networks, the best of which is kept.
    """

    name: str
    recipe: Recipe
    stars: StarChoice = field(default_factory=StarChoice)
    seed: int = 1
    workers: int = 2
    verdicts: bool = False
    clean_folds: int = 0
    seeds: int = 1

    def __post_init__(self) -> None:
        check_job_name(self.name, "a run")
        if self.workers < 1:
            raise SettingsError("A run needs at least one process to prepare its stars.")
        if self.workers > MAX_WORKERS:
            raise SettingsError(f"A run has at most {MAX_WORKERS} processes to prepare its stars.")
        if not 0 <= self.clean_folds <= MAX_FOLDS:
            raise SettingsError(f"Stars are judged in 1 to {MAX_FOLDS} folds, or not at all (0).")
        if not 1 <= self.seeds <= MAX_SEEDS:
            raise SettingsError(f"A run trains 1 to {MAX_SEEDS} networks.")
        if self.seed < 0:
            raise SettingsError("The seed must be 0 or more.")

    def to_dict(self) -> JsonObject:
        """Return the request as plain JSON values.

        Returns
        -------
        dict
            The settings, nested as in the dataclass.
        """
        return vars(self) | {"recipe": self.recipe.to_dict(), "stars": self.stars.to_dict()}

    @staticmethod
    def from_dict(values: JsonObject) -> "RunRequest":
        """Return the request with the given values.

        Parameters
        ----------
        values : dict
            Values as returned by `to_dict`.

        Returns
        -------
        RunRequest
            The request.

        Raises
        ------
        SettingsError
            If the values are not the settings of a run.
        """
        for name, kind in (("seed", int), ("workers", int), ("verdicts", bool), ("clean_folds", int), ("seeds", int)):
            if name in values and type(values[name]) is not kind:
                raise SettingsError(f"The {name} of a run cannot be {values[name]!r}.")
        try:
            recipe, stars = (convert(values[name], dict[str, object], name) for name in ("recipe", "stars"))
            name = convert(recipe.pop("name"), str, "the name of the recipe")
            made = {"recipe": recipes.recipe_from_dict(name, recipe), "stars": StarChoice.from_dict(stars)}
            return convert(values | made, RunRequest, "a run")
        except (KeyError, ValueError) as error:
            raise SettingsError(f"These are not the settings of a run ({reason_of(error)}).") from None


def agreed_dispositions(stars: Mapping[str, Sequence[SignalDispositions]]) -> tuple[Disposition, ...]:
    """Return the newest usable disposition of each signal of the stars on which the reviewers agree.

    Reviewers agree on a star if, of each signal, all of them say planet, or all say false positive or
    false alarm. A planet's disposition is usable if it has the ephemeris of its signal. A false
    positive or false alarm without an ephemeris says that the star shows no signal.

    Parameters
    ----------
    stars : mapping of str to sequence of SignalDispositions
        Current dispositions of the signals of any stars, by star.

    Returns
    -------
    tuple of Disposition
        One disposition for each such signal, star after star.
    """
    found: list[Disposition] = []
    for signals in stars.values():
        decided = (*PLANET_DISPOSITIONS, *FALSE_DISPOSITIONS)
        own = [[v for v in one.dispositions if v.disposition in decided] for one in signals]
        if any(len({v.disposition in PLANET_DISPOSITIONS for v in one}) > 1 for one in own):
            continue
        for one in own:
            usable = [v for v in one if v.disposition in FALSE_DISPOSITIONS or v.ephemeris is not None]
            if usable:
                found.append(max(usable, key=lambda v: (v.at, v.number)))
    return tuple(found)


def disposition_stars(recipe: Recipe) -> tuple[TrainingStar, ...]:
    """Return the stars with an agreed disposition whose cached light curves suit the recipe.

    Parameters
    ----------
    recipe : Recipe
        The recipe that the light curves must suit.

    Returns
    -------
    tuple of TrainingStar
        The stars, labeled by the dispositions of their signals.
    """
    agreed: dict[str, list[Disposition]] = {}
    for disposition in agreed_dispositions(dispositions.list_by_signal()):
        agreed.setdefault(disposition.target_id, []).append(disposition)
    stars = []
    for target_id, own in agreed.items():
        star = cached_star(target_id, recipe)
        if star is not None:
            ephemerides = tuple(replace(v.ephemeris, disposition=v.disposition) for v in own if v.ephemeris is not None)
            stars.append(replace(star, ephemerides=ephemerides, labeled=True))
    return tuple(stars)


def disposition_counts(recipe: Recipe) -> dict[str, dict[str, int]]:
    """Count the dispositions that would join the training set, by reviewer and kind.

    Parameters
    ----------
    recipe : Recipe
        The recipe that the light curves must suit.

    Returns
    -------
    dict
        Counts as {reviewer: {disposition: count}}.
    """
    usable = {s.target_id for s in disposition_stars(recipe)}
    agreed = agreed_dispositions(dispositions.list_by_signal())
    return dispositions.count_dispositions(v for v in agreed if v.target_id in usable)
