"""Stellar parameters: temperature, radius, mass, mean density and brightness."""

import math
from dataclasses import dataclass, replace

#: The Sun's surface gravity [log10 of cm/s^2], from its nominal mass parameter and radius (IAU 2015 Resolution B3, Prsa et al.
#: 2016): GM = 1.3271244e20 m^3/s^2, R = 6.957e8 m.
SUN_LOGG = 4.4380676
#: The Sun's mean density [g/cm^3], from the same and G = 6.6743e-11 m^3/kg/s^2.
SUN_DENSITY_CGS = 1.4097799
#: Values that describe one consistent star only if one author gives them all.
_OF_ONE_AUTHOR = ("radius_solar", "radius_err", "mass_solar", "logg", "density_solar", "density_err")


@dataclass(frozen=True)
class StellarParameters:
    """Parameters of a star; numbers are None and texts empty where unknown.

    Attributes
    ----------
    teff_k : float or None
        Effective temperature [K].
    radius_solar : float or None
        Radius [R_sun].
    mass_solar : float or None
        Mass [M_sun].
    logg : float or None
        Surface gravity [log10 of cm/s^2].
    density_solar : float or None
        Mean density [solar densities].
    magnitude : float or None
        Magnitude in `band`.
    density_err : float or None
        One-sigma error of the mean density [solar densities].
    radius_err : float or None
        One-sigma error of the radius [R_sun].
    band : str
        Band of the magnitude, such as T, Kp or V.
    name : str
        Usual name of the star.
    source : str
        Where the parameters are from.
    """

    teff_k: float | None = None
    radius_solar: float | None = None
    mass_solar: float | None = None
    logg: float | None = None
    density_solar: float | None = None
    magnitude: float | None = None
    density_err: float | None = None
    radius_err: float | None = None
    band: str = ""
    name: str = ""
    source: str = ""

    @property
    def is_known(self) -> bool:
        """Whether any parameter is known, not counting the name."""
        known = (self.teff_k, self.radius_solar, self.mass_solar, self.logg, self.density_solar, self.magnitude)
        return any(value is not None for value in known)

    def filled_from(self, other: "StellarParameters") -> "StellarParameters":
        """Fill unknown parameters from another source, and derive the density if needed.

        A magnitude is taken together with its band. Radius, mass, gravity, density and their errors are
        taken all together, and only if none of them is known here: values by different authors do
        not describe one consistent star.

        Parameters
        ----------
        other : StellarParameters
            Parameters of the same star from another source.

        Returns
        -------
        StellarParameters
            The completed parameters; `source` names both sources if any value was taken.
        """
        parts: dict[str, object] = {}
        if self.teff_k is None:
            parts["teff_k"] = other.teff_k
        if self.magnitude is None:
            parts |= {"magnitude": other.magnitude, "band": other.band}
        if self.density_solar is None and self.radius_solar is None and self.mass_solar is None and self.logg is None:
            parts |= {n: getattr(other, n) for n in _OF_ONE_AUTHOR}
        parts["name"] = self.name or other.name
        used = any(value is not None and value != "" for name, value in parts.items() if name not in ("name", "band"))
        if used:
            parts["source"] = ", ".join(dict.fromkeys(filter(None, (self.source, other.source))))
        return replace(self, **parts).with_density()  # type: ignore[arg-type]

    def with_density(self) -> "StellarParameters":
        """Derive the mean density from mass and radius, or from gravity and radius.

        Returns
        -------
        StellarParameters
            The parameters with `density_solar`; unchanged if it is known or cannot be derived.
        """
        if self.density_solar is not None:
            return self
        return replace(self, density_solar=mean_density(self.radius_solar, self.mass_solar, self.logg))


def mean_density(radius_solar: float | None, mass_solar: float | None = None, logg: float | None = None) -> float | None:
    """Compute the mean density of a star.

    From radius and mass, rho = M / R^3, otherwise from radius and surface gravity: as g = G M /
    R^2, rho = 3 g / (4 pi G R), in solar units 10^(logg - logg_sun) / R.

    Parameters
    ----------
    radius_solar : float or None
        Radius [R_sun].
    mass_solar : float or None, optional
        Mass [M_sun].
    logg : float or None, optional
        Surface gravity [log10 of cm/s^2].

    Returns
    -------
    float or None
        Mean density [solar densities]; None if the parameters do not suffice.
    """
    if radius_solar is None or not radius_solar > 0:
        return None
    if mass_solar is not None and mass_solar > 0:
        return mass_solar / radius_solar**3
    if logg is not None and math.isfinite(logg):
        return float(10 ** (logg - SUN_LOGG)) / radius_solar
    return None
