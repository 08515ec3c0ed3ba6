"""Links between pages: the pages' files, and the parameters that locate a star."""

from collections.abc import Sequence

from astroseq_core.app.shared.parameters import AnyParameter, Owner, Parameter
from astroseq_core.app.shared.value_types import Choice, Text
from astroseq_core.scoring.star_data import StarRequest
from astroseq_core.scoring.star_source import Source

#: Files of the pages, for links between them.
EXPLORE, DATA, TOIS, TRAIN = "pages/1_Explore.py", "pages/2_Data.py", "pages/3_TOIs.py", "pages/4_Train.py"
LEADERBOARD, SURVEY, VET = "pages/5_Leaderboard.py", "pages/6_Survey.py", "pages/7_Vet.py"
#: Sources by their names on the page and in the URL.
SOURCES = {source.address_word: source for source in Source}


def location_parameters(owner: Owner, group: str = "") -> tuple[AnyParameter, ...]:
    """Declare the URL parameters that locate a star and name its model.

    Parameters
    ----------
    owner : Owner
        Who writes them.
    group : str, optional
        Their group.

    Returns
    -------
    tuple of Parameter
        Star, source, folder, table of ephemerides, model, and the product that the person prefers.
    """
    return (
        Parameter("target", Text(), "", owner, group),
        Parameter("source", Choice(tuple(SOURCES)), "simulated", owner, group),
        Parameter("folder", Text(), "", owner, group),
        Parameter("ephemerides", Text(), "", owner, group),
        Parameter("model", Text(), "", owner, group),
        Parameter("product", Text(), "", owner, group),
    )


def read_star_location(parameters: Sequence[AnyParameter]) -> dict[str, str] | None:
    """Return the URL parameters that locate a star, as a link to another page needs them.

    Parameters
    ----------
    parameters : Sequence of Parameter
        The parameters, the star first.

    Returns
    -------
    dict of str to str or None
        Those that are given; None if the URL names no star.
    """
    if not parameters[0].is_given:
        return None
    return {parameter.name: parameter.text for parameter in parameters if parameter.is_given}


def star_location(request: StarRequest) -> dict[str, str]:
    """Return the URL parameters that locate a star: name, source, folder, ephemeris table and preferred product.

    Parameters
    ----------
    request : StarRequest
        The star.

    Returns
    -------
    dict of str to str
        Only the parameters that are not empty.
    """
    text = {
        "target": request.name,
        "source": request.source.address_word,
        "folder": request.folder,
        "ephemerides": request.ephemerides,
        "product": next(iter(request.prefer), ""),
    }
    return {name: value for name, value in text.items() if value}
