import pytest

from astroseq_core.archive.web_pages import EXOFOP, EXOPLANET_ARCHIVE, MAST, SIMBAD, star_web_pages
from astroseq_core.targets import parse_star


@pytest.mark.parametrize(
    ("star", "exofop"),
    [
        ("TIC 150428135", "https://exofop.ipac.caltech.edu/tess/target.php?id=150428135"),
        ("EPIC 201367065", "https://exofop.ipac.caltech.edu/k2/edit_target.php?id=201367065"),
        ("KIC 11446443", "https://exofop.ipac.caltech.edu/tess/gototicid.php?target=KIC%2011446443"),
    ],
)
def test_each_catalogs_number_goes_where_it_is_known(star: str, exofop: str):
    pages = star_web_pages(parse_star(star))
    number = star.replace(" ", "%20")
    assert pages == {
        EXOFOP: exofop,
        MAST: f"https://mast.stsci.edu/portal/Mashup/Clients/Mast/Portal.html?searchQuery={number}",
        SIMBAD: f"https://simbad.cds.unistra.fr/simbad/sim-id?Ident={number}",
    }


@pytest.mark.parametrize(
    ("name", "page"),
    [("TOI-700", "TOI-700"), ("K00752", "K00752"), ("bet Pic", "bet%20Pic"), ("a/../b?c#d", "a%2F..%2Fb%3Fc%23d")],
)
def test_a_star_with_signals_has_its_overview(name: str, page: str):
    pages = star_web_pages(parse_star("TIC 1"), name)
    assert pages[EXOPLANET_ARCHIVE] == f"https://exoplanetarchive.ipac.caltech.edu/overview/{page}"


def test_exofop_takes_the_tic_number_where_it_is_known():
    pages = star_web_pages(parse_star("KIC 11904151"), "Kepler-10", ("KIC 11904151", "TIC 377780790"))
    assert pages[EXOFOP] == "https://exofop.ipac.caltech.edu/tess/target.php?id=377780790"
    assert pages[SIMBAD].endswith("Ident=KIC%2011904151")


def test_a_simulated_star_has_none():
    assert star_web_pages(parse_star("SIM 1"), "anything") == {}
