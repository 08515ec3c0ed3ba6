"""Web pages about a star at ExoFOP, MAST, SIMBAD and the NASA Exoplanet Archive."""

from collections.abc import Sequence
from urllib.parse import quote

from astroseq_core.targets import Target

#: Names of the services.
EXOFOP, MAST, SIMBAD, EXOPLANET_ARCHIVE = "ExoFOP", "MAST", "SIMBAD", "NASA Exoplanet Archive"


def star_web_pages(star: Target, name: str = "", also: Sequence[str] = ()) -> dict[str, str]:
    """Return the addresses of the pages about a star.

    Parameters
    ----------
    star : Target
        The star.
    name : str, optional
        Its name in the catalogs, or that of a signal, such as TOI-700, WASP-18 or K00752.01; empty if no catalog has it.
    also : sequence of str, optional
        Its identifiers in the missions' catalogs.

    Returns
    -------
    dict of str to str
        Addresses by the service's name. Empty for a simulated star; the NASA Exoplanet Archive has pages only of stars with
        signals.

    Examples
    --------
    >>> from astroseq_core.targets import parse_star
    >>> star_web_pages(parse_star("TIC 150428135"))["ExoFOP"]
    'https://exofop.ipac.caltech.edu/tess/target.php?id=150428135'
    >>> star_web_pages(parse_star("SIM 1"))
    {}
    """
    if star.is_simulated:
        return {}
    identifier = quote(star.id)
    pages = {
        EXOFOP: _exofop_address(star, also),
        MAST: f"https://mast.stsci.edu/portal/Mashup/Clients/Mast/Portal.html?searchQuery={identifier}",
        SIMBAD: f"https://simbad.cds.unistra.fr/simbad/sim-id?Ident={identifier}",
    }
    if name:
        pages[EXOPLANET_ARCHIVE] = f"https://exoplanetarchive.ipac.caltech.edu/overview/{quote(name, safe='')}"
    return pages


def _exofop_address(star: Target, also: Sequence[str]) -> str:
    """Return the page of the TIC number, else K2's own; Kepler's go by KOI, so a KIC number alone is looked up there."""
    tic = next((one for one in (star.id, *also) if one.startswith("TIC ")), "")
    if tic:
        return f"https://exofop.ipac.caltech.edu/tess/target.php?id={tic.removeprefix('TIC ')}"
    if star.prefix == "EPIC":
        return f"https://exofop.ipac.caltech.edu/k2/edit_target.php?id={star.number}"
    return f"https://exofop.ipac.caltech.edu/tess/gototicid.php?target={quote(star.id)}"
