"""What is known of a star itself: temperature, size, mean density, brightness."""

import math
from dataclasses import dataclass, replace

#: The Sun's surface gravity [log10 of cm/s^2], from its nominal mass parameter and radius (IAU 2015 Resolution B3, Prsa et al.
#: 2016): GM = 1.3271244e20 m^3/s^2, R = 6.957e8 m.
SUN_LOGG = 4.4380676
#: The Sun's mean density [g/cm^3], from the same and G = 6.6743e-11 m^3/kg/s^2.
SUN_DENSITY_CGS = 1.4097799


@dataclass(frozen=True)
class StellarParameters:
    """A star's parameters, None where they are not known; the texts are empty where nothing is.

    ``radius_solar``, ``mass_solar``, ``density_solar`` in units of the Sun's, ``logg`` [log10 of cm/s^2], ``magnitude`` in
    ``band`` (T, Kp, V, ...). ``density_err`` is one sigma, in solar densities. ``name``: the star's usual name; ``source``: who
    says so.
    """

    teff_k: float | None = None
    radius_solar: float | None = None
    mass_solar: float | None = None
    logg: float | None = None
    density_solar: float | None = None
    magnitude: float | None = None
    density_err: float | None = None
    band: str = ""
    name: str = ""
    source: str = ""

    @property
    def is_known(self) -> bool:
        """Whether anything but the name is known."""
        known = (self.teff_k, self.radius_solar, self.mass_solar, self.logg, self.density_solar, self.magnitude)
        return any(value is not None for value in known)

    def filled_from(self, other: "StellarParameters") -> "StellarParameters":
        """The same with what is not known here taken from ``other``, and the density told from what is then known.

        A magnitude comes with its band, a density with its error; radius, mass and gravity come together or not at all, for
        those of two authors do not make one star.
        """
        parts: dict[str, object] = {}
        if self.teff_k is None:
            parts["teff_k"] = other.teff_k
        if self.magnitude is None:
            parts |= {"magnitude": other.magnitude, "band": other.band}
        if self.density_solar is None and self.radius_solar is None and self.mass_solar is None and self.logg is None:
            parts |= {n: getattr(other, n) for n in ("radius_solar", "mass_solar", "logg", "density_solar", "density_err")}
        parts["name"] = self.name or other.name
        used = any(value is not None and value != "" for name, value in parts.items() if name not in ("name", "band"))
        if used:
            parts["source"] = ", ".join(dict.fromkeys(filter(None, (self.source, other.source))))
        return replace(self, **parts).with_density()  # type: ignore[arg-type]

    def with_density(self) -> "StellarParameters":
        """The same with ``density_solar`` from mass and radius, or from gravity and radius, where it is not known."""
        if self.density_solar is not None:
            return self
        return replace(self, density_solar=density_of(self.radius_solar, self.mass_solar, self.logg))


def density_of(radius_solar: float | None, mass_solar: float | None = None, logg: float | None = None) -> float | None:
    """Mean density [solar] from radius and mass, else from radius and surface gravity; None where these are not enough.

    rho = M / R^3 and, as g = G M / R^2, rho = 3 g / (4 pi G R): in solar units 10^(logg - logg_sun) / R.
    """
    if radius_solar is None or not radius_solar > 0:
        return None
    if mass_solar is not None and mass_solar > 0:
        return mass_solar / radius_solar**3
    if logg is not None and math.isfinite(logg):
        return float(10 ** (logg - SUN_LOGG)) / radius_solar
    return None
