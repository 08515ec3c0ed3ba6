"""The NASA Exoplanet Archive's tables of ephemerides: their columns, units and keys, as data."""

from dataclasses import dataclass
from types import MappingProxyType

from astroseq_core.errors import CatalogueError

#: How the archive spells a value's errors and limit flag, by the table's family.
_TAP_SUFFIXES = ("err1", "err2", "lim")
_KOI_SUFFIXES = ("_err1", "_err2", "")


@dataclass(frozen=True)
class Table:
    """What a table of the archive holds and where.

    ``star`` and ``prefix``: its column of star identifiers, and what stands before the bare numbers in it; further columns
    of identifiers of the same star are in ``also``, in other catalogues. ``depth_ppm_per_unit``: ppm in one of the column's
    own units. ``time_system``: of the epoch, where no ``time_reference`` column says. ``only``: column that must be 1.
    ``star_facts``: columns of effective temperature, radius, mass, surface gravity and mean density [g/cm^3] of the star, ""
    where it has none.
    """

    name: str
    title: str
    row_id: str
    star: str
    prefix: str
    signal: str
    host: str
    period: str
    epoch: str
    duration: str
    depth: str
    disposition: str
    suffixes: tuple[str, str, str]
    time_system: str
    depth_ppm_per_unit: float
    magnitudes: tuple[tuple[str, str], ...]
    radius: str
    time_reference: str = ""
    reference: str = ""
    only: str = ""
    also: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    geometry: tuple[str, ...] = ()
    star_facts: tuple[str, str, str, str, str] = ("", "", "", "", "")

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is asked for, in a fixed order."""
        measured = [
            name if index == 0 else name + suffix
            for name in (self.period, self.epoch, self.duration, self.depth)
            for index, suffix in enumerate(("", *self.suffixes))
            if index == 0 or suffix
        ]
        names = (
            *(self.row_id, self.star, self.signal, self.host, self.disposition, self.time_reference, self.reference, self.only),
            *(*self.also, *self.aliases, *measured, *(c for c, _ in self.magnitudes), self.radius, *self.geometry, "ra", "dec"),
            *self._star_columns,
        )
        return tuple(dict.fromkeys(n for n in names if n))

    @property
    def _star_columns(self) -> tuple[str, ...]:
        """The columns of the star's parameters; of those that give the density their errors too."""
        teff, *others = self.star_facts
        return (teff, *(c + s for c in others if c for s in ("", *self.suffixes[:2])))

    @property
    def where(self) -> str:
        """The condition of the rows that are asked for, empty for all."""
        return f"{self.only}=1" if self.only else ""


KOI = Table(
    "cumulative", "KOI (cumulative)", "kepoi_name", "kepid", "KIC", "kepoi_name", "kepler_name",
    "koi_period", "koi_time0bk", "koi_duration", "koi_depth", "koi_disposition", _KOI_SUFFIXES, "BKJD", 1.0,
    (("koi_kepmag", "Kp"),), "koi_prad", aliases=("kepler_name",),
    star_facts=("koi_steff", "koi_srad", "koi_smass", "koi_slogg", ""),
)  # fmt: skip
TOI = Table(
    "toi", "TOI", "toi", "tid", "TIC", "toi", "", "pl_orbper", "pl_tranmid", "pl_trandurh", "pl_trandep", "tfopwg_disp",
    _TAP_SUFFIXES, "BJD", 1.0, (("st_tmag", "T"),), "pl_rade", star_facts=("st_teff", "st_rad", "", "st_logg", ""),
)  # fmt: skip
_GEOMETRY = ("pl_ratdor", "pl_ratror", "pl_imppar", "pl_orbincl")
_MAGNITUDES = (("sy_tmag", "T"), ("sy_kepmag", "Kp"), ("sy_vmag", "V"))
K2 = Table(
    "k2pandc", "K2 planets and candidates", "pl_name", "epic_hostname", "EPIC", "pl_name", "hostname",
    "pl_orbper", "pl_tranmid", "pl_trandur", "pl_trandep", "disposition", _TAP_SUFFIXES, "BJD", 1e4,
    (("sy_kepmag", "Kp"), ("sy_tmag", "T"), ("sy_vmag", "V")), "pl_rade", "pl_tsystemref", "pl_refname", "default_flag",
    ("tic_id",), ("epic_candname", "k2_name", "hd_name", "hip_name"), _GEOMETRY,
    ("st_teff", "st_rad", "st_mass", "st_logg", ""),
)  # fmt: skip
PLANETS = Table(
    "ps", "Confirmed planets", "pl_name", "tic_id", "TIC", "pl_name", "hostname",
    "pl_orbper", "pl_tranmid", "pl_trandur", "pl_trandep", "", _TAP_SUFFIXES, "BJD", 1e4,
    _MAGNITUDES, "pl_rade", "pl_tsystemref", "pl_refname", "default_flag", (), ("hd_name", "hip_name"), _GEOMETRY,
    ("st_teff", "st_rad", "st_mass", "st_logg", "st_dens"),
)  # fmt: skip

TABLES = MappingProxyType({t.name: t for t in (KOI, TOI, K2, PLANETS)})


def table(name: str) -> Table:
    """The table of that name, its title or a usual short form; raises CatalogueError for another."""
    wanted = str(name).strip().lower()
    short = {"koi": "cumulative", "k2": "k2pandc", "planets": "ps", "confirmed": "ps"}.get(wanted, wanted)
    for known in TABLES.values():
        if short in (known.name, known.title.lower()):
            return known
    raise CatalogueError(f"'{name}' is no catalogue known here; use one of {', '.join(TABLES)}.")
