"""Which stars a recipe learns from."""

import logging
from collections.abc import Collection
from pathlib import Path

from astroseq_core import targets
from astroseq_core.ephemeris import EphemerisTable
from astroseq_core.errors import LightCurveError
from astroseq_core.lightcurves import local, reading
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.prepare import SAME_CADENCE
from astroseq_core.training.copies import TrainingStar, simulated
from astroseq_core.training.recipes import Recipe

log = logging.getLogger(__name__)


def real_stars(
    folder: Path, recipe: Recipe, ephemerides: EphemerisTable | None = None, not_these: Collection[str] = ()
) -> list[TrainingStar]:
    """The stars of a folder that the recipe can use: of its missions and cadence, not among ``not_these``.

    With the recipe's labels "injected" a star with any ephemeris is left out, whatever its disposition: it is not quiet. With
    "published" each star brings its ephemerides, and one without is a star without transits.
    """
    known = {e.target_id for e in ephemerides.ephemerides} if ephemerides else set()
    found = local.group_by_target(local.list_light_curves(folder)).by_target
    stars = []
    for target_id, paths in sorted(found.items()):
        if target_id in not_these or targets.parse_star(target_id).mission.name not in recipe.instruments:
            continue
        if recipe.labels == "injected" and target_id in known:
            continue
        usable = tuple(str(p) for p in paths if _file_suits(p, recipe))
        if usable:
            own = ephemerides.of(target_id) if ephemerides and recipe.labels == "published" else ()
            stars.append(TrainingStar(target_id, usable, own))
    return stars


def simulated_stars(recipe: Recipe) -> list[TrainingStar]:
    """The simulated stars of the recipe: quiet ones, and binaries whose eclipses count as no transits."""
    quiet = [star for seen_as, count in recipe.simulated.items() for star in simulated(seen_as, count)]
    kind = "binary"
    return quiet + [star for seen_as, count in recipe.simulated_binaries.items() for star in simulated(seen_as, count, kind)]


def suits(curve: LightCurve, recipe: Recipe) -> bool:
    """Whether the recipe can learn from the light curve: its cadence fits, and nobody flattened it where that matters."""
    as_it_is = recipe.cadence_range_minutes is not None
    return suits_cadence(curve.cadence_minutes, recipe) and (as_it_is or not curve.flattened)


def suits_cadence(cadence_minutes: float, recipe: Recipe) -> bool:
    """Whether the recipe takes light curves of that cadence [min]."""
    if recipe.cadence_range_minutes is not None:
        return recipe.cadence_range_minutes[0] <= cadence_minutes <= recipe.cadence_range_minutes[1]
    # Binned data have whiter noise than what the model will mostly meet: taken where there is nothing better.
    wanted = recipe.preparation.cadence_minutes or cadence_minutes
    slowest = cadence_minutes / wanted < 1 / SAME_CADENCE
    return slowest and (recipe.bin_faster or cadence_minutes / wanted > SAME_CADENCE)


def _file_suits(path: Path, recipe: Recipe) -> bool:
    try:
        return suits(reading.read(path), recipe)
    except LightCurveError as error:
        log.warning("%s", error)
        return False
