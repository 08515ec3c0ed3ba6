"""How noisy the missions' photometry is by magnitude: white noise of one cadence, relative flux."""

import math

from astroseq_core.errors import SettingsError

#: ln of TESS's noise [ppm] over one hour as a polynomial of the magnitude Tmag, lowest order first: the fit of Stassun et al.
#: (2018, AJ 156, 102) to the noise model of Sullivan et al. (2015, ApJ 809, 77, figure 14), systematic floor of 60 ppm included.
TESS_LN_PPM = (3.29685004771, 0.850021465753, -0.285041632435, 0.0395908321369, -0.0022308015894, 4.73508403525e-5)
#: The polynomial rises again below the first of these Tmag and is not meant for stars beyond the second; the ends serve there.
TESS_TMAG = (4.97756051, 17.0)
#: Electrons of a Kp = 12 star in one Kepler long cadence (Jenkins et al. 2010, ApJL 713, L120, eq. 1: 3.46 10^8).
KEPLER_ELECTRONS = 3.46e8
#: A Kepler long cadence [min].
LONG_CADENCE_MINUTES = 29.4244
#: Corrected K2 photometry is within a factor of two of Kepler's (Vanderburg & Johnson 2014, PASP 126, 948); the white part of
#: it is set this much higher, the remaining roll systematics are simulated on their own.
K2_FACTOR = 1.3


def tess_sigma(tmag: float, exposure_minutes: float = 2.0) -> float:
    """White noise of one TESS exposure, relative flux, for that magnitude (TESS_LN_PPM, as the root of time)."""
    x = min(max(tmag, TESS_TMAG[0]), TESS_TMAG[1])
    ppm_hour = math.exp(sum(c * x**i for i, c in enumerate(TESS_LN_PPM)))
    return ppm_hour * 1e-6 * math.sqrt(60.0 / exposure_minutes)


def kepler_sigma(kp: float, exposure_minutes: float = LONG_CADENCE_MINUTES) -> float:
    """White noise of one Kepler exposure, relative flux, for a star of magnitude ``kp``.

    sigma = sqrt(c + 7e6 max(1, Kp/14)^4) / c with c = 3.46e8 10^(0.4 (12 - Kp)) electrons a long cadence: the lower envelope
    of Jenkins et al. (2010, ApJL 713, L120, eq. 1); 15 ppm over six hours at Kp 12. Stars' own noise comes on top.
    """
    electrons = KEPLER_ELECTRONS * 10 ** (0.4 * (12.0 - kp))
    sigma = math.sqrt(electrons + 7e6 * max(1.0, kp / 14.0) ** 4) / electrons
    return sigma * math.sqrt(LONG_CADENCE_MINUTES / exposure_minutes)


def k2_sigma(kp: float, exposure_minutes: float = LONG_CADENCE_MINUTES) -> float:
    """White noise of one K2 exposure, relative flux: Kepler's times K2_FACTOR."""
    return K2_FACTOR * kepler_sigma(kp, exposure_minutes)


def sigma(seen_as: str, magnitude: float, exposure_minutes: float) -> float:
    """White noise of one exposure, relative flux, as that mission ("TESS", "Kepler", "K2") sees a star of that magnitude."""
    if seen_as == "TESS":
        return tess_sigma(magnitude, exposure_minutes)
    if seen_as == "Kepler":
        return kepler_sigma(magnitude, exposure_minutes)
    if seen_as == "K2":
        return k2_sigma(magnitude, exposure_minutes)
    raise SettingsError(f"A star cannot be simulated as seen by '{seen_as}'; use TESS, Kepler or K2.")
