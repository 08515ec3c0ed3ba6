"""Where Explore finds a star of the leaderboard."""

from astroseq_core import targets
from astroseq_core.errors import AstroSeqError
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.scoring import card as cards
from astroseq_core.simulate import drawn
from astroseq_core.store.board import BoardRow
from astroseq_core.surveys import queue
from astroseq_core.surveys.choice import FOLDER


def place_of(row: BoardRow) -> dict[str, str] | None:
    """What Explore's address says of the star, its model included; None where it cannot be opened."""
    try:
        target = targets.parse_star(row.target_id)
    except AstroSeqError:
        return None
    # Scores outlive the model that gave them.
    model = {"model": row.model_id} if cards.is_ours(row.model_id) else {}
    if target.is_simulated:
        return {"target": target.id} | model if drawn.exists(int(target.number)) else None
    if folder := _folder(row.survey_id):
        return {"source": "files", "folder": folder, "target": target.id} | model
    return {"source": "cache", "target": target.id} | model if LightCurveCache().entries(target) else None


def why_not(row: BoardRow) -> str:
    """Why Explore cannot open it."""
    if row.simulated:
        return "it is no star of a simulated survey"
    return "its light curves are not in the cache; fetch them on the Data page"


def _folder(survey_id: str) -> str:
    """The folder of light curves that the survey read, empty where it read none."""
    if not survey_id:
        return ""
    try:
        stars = queue.get(survey_id).request.stars
    except AstroSeqError:
        # Scores outlive the survey that made them.
        return ""
    return stars.folder if stars.source == FOLDER else ""
