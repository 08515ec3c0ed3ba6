"""The depth beyond which a transit is no planet's: one rule, for the check of depths and for the planet score."""

#: Deepest transit [ppm] of a planet, where the star's radius is unknown. TOI-5205 b, 7 %, is the deepest (Kanodia et al. 2023).
MAX_PLANET_DEPTH_PPM = 80_000.0
DEPTH_SOURCE = "NASA Exoplanet Archive: TOI-5205 b, 7 %, is the deepest (Kanodia et al. 2023)"


def is_too_deep(depth_ppm: float | None) -> bool:
    """Return whether a transit is deeper than that of any planet of a star of unknown radius.

    The one known exception is the planet of a white dwarf, WD 1856 b (56 %, Vanderburg et al. 2020).

    Parameters
    ----------
    depth_ppm : float or None
        Depth [ppm]; None where it is unknown.

    Returns
    -------
    bool
        Whether it is; False for an unknown depth.

    Examples
    --------
    >>> is_too_deep(70_000.0), is_too_deep(300_000.0), is_too_deep(None)
    (False, True, False)
    """
    return depth_ppm is not None and depth_ppm > MAX_PLANET_DEPTH_PPM
