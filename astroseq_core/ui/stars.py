"""Which stars a source offers, for pickers."""

from pathlib import Path

from astroseq_core import targets
from astroseq_core.errors import TargetError
from astroseq_core.lightcurves import local
from astroseq_core.scoring.opening import Source

#: The choice that leaves no mission out.
ALL_MISSIONS = "All"


def offered(source: Source, folder: str = "", mission: str = ALL_MISSIONS) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Identifiers of the source's stars, those of one mission or all, and one sentence for each file without a star.

    Simulated stars belong to the mission that they are seen as. Raises LightCurveError when there is no such folder.
    """
    if source is Source.SIMULATED:
        from astroseq_core.simulate import survey

        return tuple(r.target_id for r in survey.summary() if mission in (ALL_MISSIONS, r.seen_as)), ()
    found, problems = _real(source, folder)
    return tuple(i for i in found if mission in (ALL_MISSIONS, targets.parse_star(i).mission.name)), problems


def _real(source: Source, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if source is Source.CACHE:
        from astroseq_core.lightcurves.cache import LightCurveCache

        return LightCurveCache().targets(), ()
    if not folder.strip():
        return (), ()
    grouped = local.group_by_target(local.list_light_curves(Path(folder).expanduser()))
    return tuple(sorted(grouped.by_target, key=lambda i: (i.split()[0], int(i.split()[1])))), grouped.problems


def beside(identifiers: tuple[str, ...], name: str, step: int) -> str | None:
    """The star ``step`` places after ``name`` in a list that goes round; the first where ``name`` is not in it; None for none."""
    if not identifiers:
        return None
    try:
        here = identifiers.index(targets.parse_star(name).id) if name else -1
    except (TargetError, ValueError):
        return identifiers[0]
    return identifiers[(here + step) % len(identifiers)] if here >= 0 else identifiers[0]
