"""Star locations: the URL parameters with which Explore opens a star of the leaderboard."""

from astroseq_core import targets
from astroseq_core.errors import AstroSeqError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.networks import card as cards
from astroseq_core.scoring.star_source import Source
from astroseq_core.simulation import survey
from astroseq_core.store.leaderboard import LeaderboardRow
from astroseq_core.surveys.queue import SURVEYS
from astroseq_core.surveys.stars import FOLDER


def star_location(row: LeaderboardRow) -> dict[str, str] | None:
    """Return the URL parameters with which Explore opens a star, with its model.

    Parameters
    ----------
    row : LeaderboardRow
        Row of the leaderboard.

    Returns
    -------
    dict of str to str or None
        The parameters; None if the star cannot be opened.
    """
    try:
        target = targets.parse_star(row.target_id)
    except AstroSeqError:
        return None
    # Scores outlive the model that gave them.
    model = {"model": row.model_id} if cards.is_model_id(row.model_id) else {}
    if target.is_simulated:
        return {"target": target.id} | model if survey.star_exists(int(target.number)) else None
    if folder := _survey_folder(row.survey_id):
        return {"source": Source.FOLDER.address_word, "folder": folder, "target": target.id} | model
    return {"source": "cache", "target": target.id} | model if LightCurveCache().entries(target) else None


def why_no_location(row: LeaderboardRow) -> str:
    """Say why Explore cannot open a star.

    Parameters
    ----------
    row : LeaderboardRow
        Row of the leaderboard whose star has no location.

    Returns
    -------
    str
        The reason, without a final period.
    """
    if row.simulated:
        return "it is no star of a simulated survey"
    return "its light curves are not in the cache; fetch them on the Data page"


def _survey_folder(survey_id: str) -> str:
    """Return the folder of light curves that a survey read; "" if it read none."""
    if not survey_id:
        return ""
    try:
        stars = SURVEYS.get(survey_id).request.stars
    except AstroSeqError:
        # Scores outlive the survey that made them.
        return ""
    return stars.folder if stars.source == FOLDER else ""
