"""Photometric noise of the missions by magnitude: white noise per cadence, relative flux."""

import math

from astroseq_core.errors import SettingsError

#: ln of the TESS noise [ppm] over one hour as a polynomial in Tmag, lowest order first: the fit of Stassun et al.
#: (2018, AJ 156, 102) to the noise model of Sullivan et al. (2015, ApJ 809, 77, figure 14), systematic floor of 60 ppm included.
TESS_LN_PPM = (3.29685004771, 0.850021465753, -0.285041632435, 0.0395908321369, -0.0022308015894, 4.73508403525e-5)
#: Range of Tmag in which the polynomial holds: it rises again below the first value and is not meant for stars fainter than
#: the second. Magnitudes outside are clipped to it.
TESS_TMAG_RANGE = (4.97756051, 17.0)
#: Electrons of a Kp = 12 star in one Kepler long cadence (Jenkins et al. 2010, ApJL 713, L120, eq. 1: 3.46 10^8).
KEPLER_ELECTRONS = 3.46e8
#: Length of a Kepler long cadence [min].
LONG_CADENCE_MINUTES = 29.4244
#: Corrected K2 photometry is within a factor of two of Kepler's (Vanderburg & Johnson 2014, PASP 126, 948); the white part of
#: it is set this much higher, the remaining roll systematics are simulated on their own.
K2_NOISE_FACTOR = 1.3


def tess_noise(tmag: float, exposure_minutes: float = 2.0) -> float:
    """Compute the white noise of one TESS exposure.

    Stassun et al. (2018) give the noise over one hour (see `TESS_LN_PPM`); it scales with the
    inverse square root of the exposure time.

    Parameters
    ----------
    tmag : float
        TESS magnitude; clipped to the range of the fit.
    exposure_minutes : float, optional
        Exposure time [min].

    Returns
    -------
    float
        White noise, relative flux.
    """
    x = min(max(tmag, TESS_TMAG_RANGE[0]), TESS_TMAG_RANGE[1])
    ppm_hour = math.exp(sum(c * x**i for i, c in enumerate(TESS_LN_PPM)))
    return ppm_hour * 1e-6 * math.sqrt(60.0 / exposure_minutes)


def kepler_noise(kp: float, exposure_minutes: float = LONG_CADENCE_MINUTES) -> float:
    """Compute the white noise of one Kepler exposure.

    sigma = sqrt(c + 7e6 max(1, Kp/14)^4) / c, with c = 3.46e8 10^(0.4 (12 - Kp)) electrons per long
    cadence: the lower envelope of Jenkins et al. (2010, ApJL 713, L120, eq. 1), which is 15 ppm
    over six hours at Kp 12. Stellar variability comes on top.

    Parameters
    ----------
    kp : float
        Kepler magnitude.
    exposure_minutes : float, optional
        Exposure time [min].

    Returns
    -------
    float
        White noise, relative flux.
    """
    electrons = KEPLER_ELECTRONS * 10 ** (0.4 * (12.0 - kp))
    sigma = math.sqrt(electrons + 7e6 * max(1.0, kp / 14.0) ** 4) / electrons
    return sigma * math.sqrt(LONG_CADENCE_MINUTES / exposure_minutes)


def k2_noise(kp: float, exposure_minutes: float = LONG_CADENCE_MINUTES) -> float:
    """Compute the white noise of one K2 exposure: that of Kepler times a constant factor.

    Parameters
    ----------
    kp : float
        Kepler magnitude.
    exposure_minutes : float, optional
        Exposure time [min].

    Returns
    -------
    float
        White noise, relative flux.
    """
    return K2_NOISE_FACTOR * kepler_noise(kp, exposure_minutes)


def photometric_noise(instrument: str, magnitude: float, exposure_minutes: float) -> float:
    """Compute the white noise of one exposure as a mission sees the star.

    Parameters
    ----------
    instrument : str
        TESS, Kepler or K2.
    magnitude : float
        Tmag for TESS, else Kp.
    exposure_minutes : float
        Exposure time [min].

    Returns
    -------
    float
        White noise, relative flux.

    Raises
    ------
    SettingsError
        If the mission is unknown.
    """
    if instrument == "TESS":
        return tess_noise(magnitude, exposure_minutes)
    if instrument == "Kepler":
        return kepler_noise(magnitude, exposure_minutes)
    if instrument == "K2":
        return k2_noise(magnitude, exposure_minutes)
    raise SettingsError(f"A star cannot be simulated as seen by '{instrument}'; use TESS, Kepler or K2.")
