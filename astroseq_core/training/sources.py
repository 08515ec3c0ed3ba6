"""From a choice of stars to the stars themselves: simulated, in a folder, in the cache, or on the TOI list."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from astroseq_core import missions, targets
from astroseq_core.archive import catalogue
from astroseq_core.archive.tables import TOI as TOI_TABLE
from astroseq_core.ephemeris import read_table
from astroseq_core.errors import SettingsError
from astroseq_core.lightcurves import cached
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.targets import Target
from astroseq_core.training.choice import CACHE, FOLDER, SIMULATED, TOI, StarChoice
from astroseq_core.training.copies import TrainingStar
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.stars import real_stars, simulated_stars, suits, suits_cadence


def gather(choice: StarChoice, recipe: Recipe) -> list[TrainingStar]:
    """The stars of the choice that the recipe can use, and its simulated ones.

    With labels "published" a star of the cache or the TOI list brings the catalogues' ephemerides, one of a folder the table's;
    with "injected" stars with any ephemeris are left out. Raises SettingsError where no star is left, saying what to do.
    """
    excluded = {targets.parse_star(name).id for name in choice.exclude}
    simulated = [star for star in simulated_stars(recipe) if star.name not in excluded]
    if choice.source == SIMULATED:
        if not simulated:
            raise SettingsError(
                f"{recipe.title} has no simulated stars of its own; choose a source of real ones or ask for simulated ones."
            )
        return simulated
    found = _of_folder if choice.source == FOLDER else _of_cache
    return [*found(choice, recipe, excluded), *simulated]


def toi_stars(dispositions: Iterable[str] = ()) -> tuple[str, ...]:
    """The targets of the TOI list with a signal of one of those dispositions, of any where none is named; cached or not."""
    part = catalogue.columns_of(TOI_TABLE.name)
    wanted = np.array([d.encode() for d in dispositions])
    rows = np.isin(part.columns["disposition"], wanted) if len(wanted) else np.ones(len(part), bool)
    stars = {bytes(name).decode() for name in part.columns["target_id"][rows]}
    return tuple(target.id for target in sorted(map(targets.parse_star, stars), key=_in_order))


def coverage(choice: StarChoice) -> tuple[int, int]:
    """How many stars of the choice are in the cache, and how many there are in all; the excluded ones count in neither.

    Both are of stars of any cadence; for sources other than the cache and the TOI list both are 0.
    """
    if choice.source not in (CACHE, TOI):
        return 0, 0
    excluded = {targets.parse_star(name).id for name in choice.exclude}
    here = {name for name in LightCurveCache().targets() if name not in excluded}
    if choice.source == TOI:
        stars = set(toi_stars(choice.dispositions)) - excluded
        return len(stars & here), len(stars)
    count = sum(choice.mission in ("", targets.parse_star(name).mission.name) and not name.startswith("SIM ") for name in here)
    return count, count


def cached_star(target_id: str, recipe: Recipe) -> TrainingStar | None:
    """The star with those of its cached light curves that the recipe can use, without ephemerides; None where there are none."""
    target = targets.parse_star(target_id)
    observations = _usable(target, recipe) if target.mission.name in recipe.instruments else ()
    return TrainingStar(target.id, cached=True, observations=observations) if observations else None


def _of_folder(choice: StarChoice, recipe: Recipe, excluded: set[str]) -> list[TrainingStar]:
    if not choice.folder.strip():
        raise SettingsError("Name the folder that holds the light curves to learn from.")
    if recipe.labels == "published" and not choice.ephemerides.strip():
        raise SettingsError(f"{recipe.title} learns from published transits: name a table of ephemerides beside the folder.")
    table = read_table(Path(choice.ephemerides).expanduser()) if choice.ephemerides.strip() else None
    found = real_stars(Path(choice.folder).expanduser(), recipe, table, excluded)
    if not found:
        quiet = " without ephemerides" if recipe.labels == "injected" and table else ""
        raise SettingsError(
            f"No star{quiet} in {choice.folder} has a light curve that {recipe.title} can use ({_wanted(recipe)}); "
            "choose another folder or recipe."
        )
    return found


def _of_cache(choice: StarChoice, recipe: Recipe, excluded: set[str]) -> list[TrainingStar]:
    """The stars whose light curves are cached; of the TOI list, or all of the mission."""
    allowed = tuple(name for name in recipe.instruments if choice.source == TOI or choice.mission in ("", name))
    if not allowed:
        raise SettingsError(
            f"{recipe.title} learns from {' and '.join(recipe.instruments)}, not from {choice.mission}; "
            "choose another mission or recipe."
        )
    if choice.source == TOI:
        if recipe.labels == "injected":
            raise SettingsError(
                f"{recipe.title} injects transits into stars that have none, and stars on the TOI list have signals; choose "
                'labels "published", or stars of the cache or a folder.'
            )
        if missions.TESS.name not in recipe.instruments:
            raise SettingsError(f"The TOI list is of TESS stars and {recipe.title} learns from {' and '.join(allowed)} alone.")
        names = _toi_stars_here(choice)
    else:
        names = [n for n in LightCurveCache().targets() if targets.parse_star(n).mission.name in allowed]
        if not names:
            raise SettingsError(
                f"No {' or '.join(allowed)} star is in the cache; fetch some on the Data page or with `fetch`, or choose another "
                "source."
            )
    stars = []
    known = catalogue.current()
    for name in names:
        target = targets.parse_star(name)
        if name in excluded:
            continue
        ephemerides = known.ephemerides_of(target)
        if recipe.labels == "injected" and ephemerides:
            continue
        star = cached_star(name, recipe)
        if star is not None:
            stars.append(replace(star, ephemerides=ephemerides) if recipe.labels == "published" else star)
    if not stars:
        left = "has known signals, is excluded or" if recipe.labels == "injected" else "is excluded or"
        raise SettingsError(
            f"Each of the {len(names)} stars in the cache {left} has no light curve that {recipe.title} can use "
            f"({_wanted(recipe)}); fetch others on the Data page, or choose another recipe."
        )
    return stars


def _toi_stars_here(choice: StarChoice) -> list[str]:
    """The TOI stars wanted that are in the cache, at least one; raises SettingsError that says how to get some."""
    wanted = toi_stars(choice.dispositions)
    if not wanted:
        words = f" of disposition {' or '.join(choice.dispositions)}" if choice.dispositions and len(toi_stars()) else ""
        do = "choose other dispositions" if words else "refresh the catalogues on the Data page or with `catalog refresh`"
        raise SettingsError(f"There is no star{words} on the TOI list here; {do}.")
    here = set(LightCurveCache().targets())
    found = [name for name in wanted if name in here]
    if not found:
        raise SettingsError(
            f"None of the {len(wanted)} stars of the TOI list that are wanted is in the cache; fetch some on the Data page or "
            "with `fetch`, then start again."
        )
    return found


def _usable(target: Target, recipe: Recipe) -> tuple[tuple[str, str, int], ...]:
    """Name, author and exposure [s] of the target's cached light curves that the recipe can use, of one author and cadence.

    Those that have to be binned come after those that have its cadence, as binned data have whiter noise.
    """
    cache = LightCurveCache()
    entries = cache.entries(target)
    for rule in (replace(recipe, bin_faster=False), recipe) if recipe.bin_faster else (recipe,):
        left = [e for e in entries if suits_cadence(e.exposure_seconds / 60, rule)]
        while left:
            chosen = cached.uniform(left, target.mission)
            usable = []
            for e in chosen:
                curve = cache.get(target, e.observation, author=e.author, exposure_seconds=e.exposure_seconds)
                if curve is not None and suits(curve, rule):
                    usable.append((e.observation, e.author, e.exposure_seconds))
            if usable:
                return tuple(usable)
            # Another author's may do where these were flattened, or are of another cadence than they were asked for as.
            left = [e for e in left if e not in chosen]
    return ()


def _wanted(recipe: Recipe) -> str:
    """The light curves that the recipe takes, in words."""
    where = " or ".join(recipe.instruments)
    if recipe.cadence_range_minutes is not None:
        low, high = recipe.cadence_range_minutes
        return f"{where}, {low:g} to {high:g} minutes"
    if recipe.preparation.cadence_minutes is None:
        return where
    return f"{where}, {recipe.preparation.cadence_minutes:g} minutes{' or faster' if recipe.bin_faster else ''}"


def _in_order(target: Target) -> tuple[str, int]:
    return target.prefix, int(target.number)
