import pytest

from astroseq_core.stellar import StellarParameters, mean_density


def test_the_sun_has_one_solar_density_by_either_way():
    assert mean_density(1.0, mass_solar=1.0) == pytest.approx(1.0)
    assert mean_density(1.0, logg=4.438) == pytest.approx(1.0, rel=1e-3)


def test_a_giant_is_thin_and_a_dwarf_is_dense():
    assert mean_density(10.0, mass_solar=1.0) == pytest.approx(1e-3)
    # TRAPPIST-1: 0.0898 Msun, 0.1192 Rsun, 53.2 solar densities (Agol et al. 2021)
    assert mean_density(0.1192, mass_solar=0.0898) == pytest.approx(53.2, rel=0.01)


@pytest.mark.parametrize(("radius", "mass", "logg"), [(None, 1.0, 4.4), (0.0, 1.0, 4.4), (1.0, None, None), (1.0, 0.0, None)])
def test_no_density_without_enough(radius, mass, logg):
    assert mean_density(radius, mass, logg) is None


def test_filling_keeps_one_authors_size_together():
    paper = StellarParameters(teff_k=6000, source="paper")
    table = StellarParameters(teff_k=5900, radius_solar=2.0, logg=4.0, magnitude=9.0, band="T", source="table")
    other = StellarParameters(radius_solar=1.0, mass_solar=1.0, name="X", source="other")
    found = paper.filled_from(table).filled_from(other)
    assert (found.teff_k, found.radius_solar, found.logg, found.mass_solar) == (6000, 2.0, 4.0, None)
    assert (found.magnitude, found.band, found.name) == (9.0, "T", "X")
    assert found.density_solar == pytest.approx(mean_density(2.0, logg=4.0))
    assert found.source == "paper, table"


def test_nothing_known_is_nothing():
    assert not StellarParameters(name="TIC 1").is_known
    assert StellarParameters().filled_from(StellarParameters()) == StellarParameters()
