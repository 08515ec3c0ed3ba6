"""Training stars from a choice: simulated, in a folder, in the cache, or on the TOI list."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from astroseq_core import missions, targets
from astroseq_core.archive import catalogs
from astroseq_core.archive.exoplanet_archive import TOI_TABLE
from astroseq_core.disposition_codes import TFOPWG_DISPOSITIONS
from astroseq_core.errors import LightCurveError, SettingsError
from astroseq_core.io import cache_records, read
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.ephemeris_table import EphemerisTable, read_table
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.paths import parse_path
from astroseq_core.preprocessing.prepare import MIN_CADENCE_RATIO
from astroseq_core.scoring.star_source import Source, folder_sources
from astroseq_core.targets import Target
from astroseq_core.training.injection import TrainingStar, numbered_simulated_stars
from astroseq_core.training.recipes import Recipe
from astroseq_core.training.star_limits import StarLimits, has_transit
from astroseq_core.type_names import JsonObject

log = logging.getLogger(__name__)

SIMULATED, FOLDER, CACHE, TOI = SOURCES = ("simulated", "folder", "cache", "toi")


class ChoiceBase:
    """Base class for choices of stars: conversion to plain JSON values and back.

    Subclasses are dataclasses whose fields are strings, integers and tuples of strings, each with a
    default of its type.
    """

    def to_dict(self) -> JsonObject:
        """Return the choice as plain JSON values.

        Returns
        -------
        dict
            Value by field; tuples become lists.
        """
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, values: JsonObject) -> Self:
        """Return the choice with the given values.

        Parameters
        ----------
        values : mapping
            Value by field; missing fields get their defaults.

        Returns
        -------
        Self
            The choice.

        Raises
        ------
        SettingsError
            If a name is unknown or a value is of the wrong type.
        """
        usual = vars(cls())
        if unknown := sorted(set(values) - set(usual)):
            raise SettingsError(f"A choice of stars has no '{unknown[0]}'; it has {', '.join(sorted(usual))}.")
        made: JsonObject = {}
        for name, value in values.items():
            made[name] = tuple(value) if isinstance(value, list) else value
            if isinstance(usual[name], tuple):
                kind, fits = "a list of texts", isinstance(made[name], tuple) and all(isinstance(one, str) for one in value)
            elif isinstance(usual[name], int):
                kind, fits = "a whole number", isinstance(value, int) and not isinstance(value, bool)
            else:
                kind, fits = "a text", isinstance(value, str)
            if not fits:
                raise SettingsError(f"The {name} of a choice of stars must be {kind}.")
        return cls(**made)


def check_choice(source: str, sources: tuple[str, ...], mission: str, dispositions: tuple[str, ...]) -> None:
    """Check the parts of a choice of stars.

    Parameters
    ----------
    source : str
        The chosen source of stars.
    sources : tuple of str
        The sources that are allowed.
    mission : str
        Name of the chosen mission; empty for any.
    dispositions : tuple of str
        The chosen TFOPWG dispositions.

    Raises
    ------
    SettingsError
        If the source is not allowed, or the mission or a disposition is unknown.
    """
    if source not in sources:
        raise SettingsError(f"'{source}' is no source of stars; use one of {', '.join(sources)}.")
    if mission and mission not in missions.MISSIONS:
        raise SettingsError(f"'{mission}' is no mission known here; use one of {', '.join(missions.MISSIONS)}.")
    for one in dispositions:
        if one not in TFOPWG_DISPOSITIONS:
            raise SettingsError(f"'{one}' is no disposition of a TOI; use some of {', '.join(TFOPWG_DISPOSITIONS)}.")


@dataclass(frozen=True)
class StarChoice(ChoiceBase):
    """Choice of the real stars of a training; the recipe's simulated stars are always added.

    Raises SettingsError if the source, the mission or a disposition is unknown.

    Attributes
    ----------
    source : str
        "simulated" (no real stars), "folder", "cache" (stars with cached light curves) or "toi"
        (cached stars on the TOI list).
    mission : str
        For the cache: name of the mission; empty for all that the recipe allows.
    folder : str
        For a folder: path of the light curves.
    ephemerides : str
        For a folder: path of a table of ephemerides.
    dispositions : tuple of str
        For the TOI list: TFOPWG dispositions to use; empty for all.
    exclude : tuple of str
        Identifiers of stars not to train on.

    Examples
    --------
    >>> StarChoice("cache", mission="Kepler").to_dict()["mission"]
    'Kepler'
    >>> StarChoice.from_dict({"source": "toi", "dispositions": ["CP", "KP"]}).dispositions
    ('CP', 'KP')
    """

    source: str = SIMULATED
    mission: str = ""
    folder: str = ""
    ephemerides: str = ""
    dispositions: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_choice(self.source, SOURCES, self.mission, self.dispositions)


def folder_stars(
    folder: Path, recipe: Recipe, ephemerides: EphemerisTable | None = None, not_these: Collection[str] = ()
) -> list[TrainingStar]:
    """Return the stars of a folder that the recipe can use.

    With the recipe's labels "injected", a star with any ephemeris is left out, whatever its
    disposition: it is not quiet. With "published", each star has its ephemerides, and one without
    is a star without transits.

    Parameters
    ----------
    folder : Path
        Folder of light curves.
    recipe : Recipe
        The recipe, with its missions and cadence.
    ephemerides : EphemerisTable or None, optional
        Table of ephemerides of the stars.
    not_these : collection of str, optional
        Identifiers of stars to leave out.

    Returns
    -------
    list of TrainingStar
        The stars.
    """
    known = {e.target_id for e in ephemerides.ephemerides} if ephemerides else set()
    stars = []
    for star in sorted(folder_sources(folder), key=lambda s: s.target_id):
        target_id = star.target_id
        if target_id in not_these or targets.parse_star(target_id).mission.name not in recipe.instruments:
            continue
        if recipe.labels == "injected" and target_id in known:
            continue
        usable = tuple(p for p in star.paths if _file_suits(Path(p), recipe))
        if usable:
            own = ephemerides.for_target(target_id) if ephemerides and recipe.labels == "published" else ()
            every = recipe.all_products
            stars.append(TrainingStar(target_id, Source.FOLDER, paths=usable, ephemerides=own, all_products=every))
    return stars


def simulated_stars(recipe: Recipe) -> list[TrainingStar]:
    """Return the recipe's simulated stars.

    Parameters
    ----------
    recipe : Recipe
        The recipe.

    Returns
    -------
    list of TrainingStar
        Quiet stars, and binaries whose eclipses do not count as transits.
    """
    quiet = [star for instrument, count in recipe.simulated.items() for star in numbered_simulated_stars(instrument, count)]
    kind = "binary"
    return quiet + [
        star for seen_as, count in recipe.simulated_binaries.items() for star in numbered_simulated_stars(seen_as, count, kind)
    ]


def suits(curve: LightCurve, recipe: Recipe) -> bool:
    """Return whether the recipe can learn from a light curve.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    recipe : Recipe
        The recipe.

    Returns
    -------
    bool
        True if the cadence fits, and the light curve is not flattened or flattening does not
        matter.
    """
    as_it_is = recipe.cadence_range_minutes is not None
    return suits_cadence(curve.cadence_minutes, recipe) and (as_it_is or not curve.flattened)


def suits_cadence(cadence_minutes: float, recipe: Recipe) -> bool:
    """Return whether the recipe takes light curves of a cadence.

    Parameters
    ----------
    cadence_minutes : float
        The cadence [min].
    recipe : Recipe
        The recipe.

    Returns
    -------
    bool
        True if the cadence is in the recipe's range, or is its cadence, or is faster and may be
        binned.
    """
    if recipe.cadence_range_minutes is not None:
        return recipe.cadence_range_minutes[0] <= cadence_minutes <= recipe.cadence_range_minutes[1]
    # Binned data have whiter noise than most data the model will be used on, so they are taken only if the recipe allows it.
    wanted = recipe.preparation.cadence_minutes or cadence_minutes
    slowest = cadence_minutes / wanted < 1 / MIN_CADENCE_RATIO
    return slowest and (recipe.bin_faster or cadence_minutes / wanted > MIN_CADENCE_RATIO)


def _file_suits(path: Path, recipe: Recipe) -> bool:
    try:
        return suits(read.read_light_curve(path), recipe)
    except LightCurveError as error:
        log.warning("%s", error)
        return False


def gather_stars(choice: StarChoice, recipe: Recipe) -> list[TrainingStar]:
    """Return the stars of a choice that the recipe can use, and the recipe's simulated stars.

    With labels "published", a star of the cache or the TOI list gets the catalogs' ephemerides, and
    one of a folder the table's. With labels "injected", stars with any ephemeris are left out.

    Parameters
    ----------
    choice : StarChoice
        The choice of real stars.
    recipe : Recipe
        The recipe that the light curves must suit.

    Returns
    -------
    list of TrainingStar
        The stars.

    Raises
    ------
    SettingsError
        If no star is left; the message says what to do.
    """
    excluded = {targets.parse_star(name).id for name in choice.exclude}
    simulated = [star for star in simulated_stars(recipe) if star.target_id not in excluded]
    if choice.source == SIMULATED:
        if not simulated:
            raise SettingsError(
                f"{recipe.title} has no simulated stars of its own; choose a source of real ones or ask for simulated ones."
            )
        return simulated
    found = _stars_of_folder if choice.source == FOLDER else _stars_of_cache
    stars = {s.target_id: s for s in found(choice, recipe, excluded) if not (recipe.stratified and s.is_host) or has_transit(s)}
    chosen = StarLimits(recipe.max_hosts, recipe.max_quiet).choose({name: star.is_host for name, star in stars.items()})
    return [*(stars[name] for name in chosen), *simulated]


def toi_stars(dispositions: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the targets on the TOI list, cached or not.

    Parameters
    ----------
    dispositions : iterable of str, optional
        TFOPWG dispositions of the signals; empty for all.

    Returns
    -------
    tuple of str
        Identifiers of the targets, in order of catalog and number.
    """
    part = catalogs.table_signals(TOI_TABLE.name)
    wanted = np.array([d.encode() for d in dispositions])
    rows = np.isin(part.columns["disposition"], wanted) if len(wanted) else np.ones(len(part), bool)
    stars = {bytes(name).decode() for name in part.columns["target_id"][rows]}
    return tuple(target.id for target in sorted(map(targets.parse_star, stars), key=_target_order))


def cached_and_total(choice: StarChoice) -> tuple[int, int]:
    """Count the stars of a choice that are cached, and all of them.

    Excluded stars are not counted. Stars of any cadence are.

    Parameters
    ----------
    choice : StarChoice
        The choice of real stars.

    Returns
    -------
    tuple of (int, int)
        Number of cached stars and number in all; 0 and 0 for sources other than the cache and the
        TOI list.
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
    """Return a star with the cached light curves that the recipe can use, without ephemerides.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    recipe : Recipe
        The recipe that the light curves must suit.

    Returns
    -------
    TrainingStar or None
        The star; None if it has no such light curve.
    """
    target = targets.parse_star(target_id)
    observations = _usable_observations(target, recipe) if target.mission.name in recipe.instruments else ()
    return TrainingStar(target.id, Source.CACHE, observations=observations) if observations else None


def _stars_of_folder(choice: StarChoice, recipe: Recipe, excluded: set[str]) -> list[TrainingStar]:
    if not choice.folder.strip():
        raise SettingsError("Name the folder that holds the light curves to learn from.")
    if recipe.labels == "published" and not choice.ephemerides.strip():
        raise SettingsError(f"{recipe.title} learns from published transits: name a table of ephemerides beside the folder.")
    table = read_table(parse_path(choice.ephemerides)) if choice.ephemerides.strip() else None
    found = folder_stars(parse_path(choice.folder), recipe, table, excluded)
    if not found:
        quiet = " without ephemerides" if recipe.labels == "injected" and table else ""
        raise SettingsError(
            f"No star{quiet} in {choice.folder} has a light curve that {recipe.title} can use ({_describe_wanted(recipe)}); "
            "choose another folder or recipe."
        )
    return found


def _stars_of_cache(choice: StarChoice, recipe: Recipe, excluded: set[str]) -> list[TrainingStar]:
    """Return the stars whose light curves are cached: those on the TOI list, or all of the mission."""
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
        names = _cached_toi_stars(choice)
    else:
        names = [n for n in LightCurveCache().targets() if targets.parse_star(n).mission.name in allowed]
        if not names:
            raise SettingsError(
                f"No {' or '.join(allowed)} star is in the cache; fetch some on the Data page or with `fetch`, or choose another "
                "source."
            )
    stars = []
    known = catalogs.current_catalog()
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
            f"({_describe_wanted(recipe)}); fetch others on the Data page, or choose another recipe."
        )
    return stars


def _cached_toi_stars(choice: StarChoice) -> list[str]:
    """Return the chosen TOI stars that are cached, at least one.

    Raises SettingsError, saying how to get some, if there is none.
    """
    wanted = toi_stars(choice.dispositions)
    if not wanted:
        words = f" of disposition {' or '.join(choice.dispositions)}" if choice.dispositions and len(toi_stars()) else ""
        do = "choose other dispositions" if words else "refresh the catalogs on the Data page or with `catalog refresh`"
        raise SettingsError(f"There is no star{words} on the TOI list here; {do}.")
    here = set(LightCurveCache().targets())
    found = [name for name in wanted if name in here]
    if not found:
        raise SettingsError(
            f"None of the {len(wanted)} stars of the TOI list that are wanted is in the cache; fetch some on the Data page or "
            "with `fetch`, then start again."
        )
    return found


def _usable_observations(target: Target, recipe: Recipe) -> tuple[tuple[str, str, int], ...]:
    """Return name, author and exposure [s] of a target's usable cached light curves.

    All are of one author and cadence. Light curves that have to be binned are used only if none has
    the recipe's cadence, as binned data have whiter noise.
    """
    cache = LightCurveCache()
    entries = cache.entries(target)
    for rule in (replace(recipe, bin_faster=False), recipe) if recipe.bin_faster else (recipe,):
        left = [e for e in entries if suits_cadence(e.exposure_seconds / 60, rule)]
        while left:
            chosen = cache_records.select_uniform(left, target.mission)
            usable = []
            for e in chosen:
                curve = cache.get(target, e.observation, author=e.author, exposure_seconds=e.exposure_seconds)
                if curve is not None and suits(curve, rule):
                    usable.append((e.observation, e.author, e.exposure_seconds))
            if usable:
                return tuple(usable)
            # Another author's light curves may be usable where these are flattened or not of the cadence in the index.
            left = [e for e in left if e not in chosen]
    return ()


def _describe_wanted(recipe: Recipe) -> str:
    """Return the light curves that the recipe takes, in words."""
    where = " or ".join(recipe.instruments)
    if recipe.cadence_range_minutes is not None:
        low, high = recipe.cadence_range_minutes
        return f"{where}, {low:g} to {high:g} minutes"
    if recipe.preparation.cadence_minutes is None:
        return where
    return f"{where}, {recipe.preparation.cadence_minutes:g} minutes{' or faster' if recipe.bin_faster else ''}"


def _target_order(target: Target) -> tuple[str, int]:
    return target.prefix, int(target.number)
