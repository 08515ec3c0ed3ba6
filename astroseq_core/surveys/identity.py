"""What a star's scores depend on, told without preparing it: so that a survey taken up again leaves out what is done."""

from pathlib import Path

from astroseq_core.errors import LightCurveError
from astroseq_core.scoring import kept
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.opening import Source
from astroseq_core.surveys.star import SurveyStar, in_cache, short_hash


def data_id(star: SurveyStar) -> str:
    """A short hash of a star's data: of its cached light curves' contents, its files' sizes and times, or its seed.

    Empty where there is no data (yet). Raises CacheError when the cache cannot be read.
    """
    if star.problem:
        return ""
    if star.source is Source.SIMULATED:
        from astroseq_core.simulate import stars

        return short_hash("simulated", stars.VERSION, star.target_id)
    if star.source is Source.CACHE:
        found = star if star.hashes else in_cache(star.target_id, only=[o[0] for o in star.observations])
        return short_hash("cache", sorted(found.hashes)) if found.hashes else ""
    try:
        return short_hash("files", [_file(path) for path in sorted(star.paths)])
    except LightCurveError:
        return ""


def _file(path: str) -> list[object]:
    try:
        state = Path(path).stat()
    except OSError as error:
        raise LightCurveError(f"{path} cannot be read ({error.strerror}).") from error
    return [str(Path(path).resolve()), state.st_size, state.st_mtime_ns]


def model_sha(card: ModelCard) -> str:
    """A short hash of all of a model that scores depend on: its weights, its settings, and how AstroSeq scores."""
    calibrations = [vars(c) if c else None for c in (card.calibration, card.cadence_calibration)]
    return short_hash(card.sha256, kept.VERSION, card.preparation.to_dict(), card.cutting.to_dict(), calibrations)
