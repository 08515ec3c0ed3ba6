from pathlib import Path

import numpy as np
import pytest

from astroseq_core.simulation import population
from astroseq_core.simulation.transits import Orbit
from astroseq_core.times import Instant, TimeSystem

T0 = Instant(1500.0, TimeSystem.BTJD)
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@pytest.mark.lent
@pytest.mark.parametrize(
    ("seen_as", "table", "columns", "words", "longest"),
    [
        (
            "Kepler",
            "koi_cumulative",
            ("koi_period", "koi_depth", "koi_duration", "koi_disposition"),
            ("CONFIRMED", "CANDIDATE"),
            500,
        ),
        ("TESS", "toi", ("pl_orbper", "pl_trandep", "pl_trandurh", "tfopwg_disp"), ("PC", "CP", "KP"), 100),
    ],
)
def test_draws_have_the_quantiles_of_the_published_tables(
    lent_data: Path, seen_as: str, table: str, columns: tuple[str, ...], words: tuple[str, ...], longest: float
) -> None:
    import pandas as pd

    frame = pd.read_csv(lent_data / "tables" / f"{table}.csv.gz", comment="#")[list(columns)]
    period, depth, duration, word = columns
    rows = frame[frame[word].isin(words) & frame[period].between(0.4, longest) & frame[depth].between(1e-3, 5e4)].dropna()
    rng = np.random.default_rng(0)
    planets = [population.draw_planet(rng, seen_as, T0) for _ in range(3000)]
    drawn = {
        period: [p.orbital_period_days for p in planets],
        depth: [p.radius_ratio**2 * 1e6 for p in planets],
        duration: [p.duration_days() * 24 for p in planets],
    }
    for column, values in drawn.items():
        published = np.log10(np.quantile(rows[column], QUANTILES))
        mine = np.log10(np.quantile(values, QUANTILES))
        # 0.15 dex is a fifth of the narrowest interquartile range of period and depth
        np.testing.assert_allclose(mine, published, atol=0.15, err_msg=column)


@pytest.mark.lent
def test_binaries_have_the_quantiles_of_the_stellar_eclipses_among_the_kois(lent_data: Path) -> None:
    import pandas as pd

    frame = pd.read_csv(lent_data / "tables" / "koi_cumulative.csv.gz", comment="#")
    eclipses = (frame.koi_fpflag_ss == 1) & (frame.koi_fpflag_nt == 0) & (frame.koi_fpflag_ec == 0)
    rows = frame[eclipses & frame.koi_period.between(0.4, 500) & (frame.koi_depth > 0)]
    rng = np.random.default_rng(1)
    binaries = [population.draw_binary(rng, "Kepler", T0) for _ in range(800)]
    for published, drawn, within in (
        (rows.koi_period, [b.orbit.orbital_period_days for b in binaries], 0.2),
        (rows.koi_depth, [b.depth * 1e6 for b in binaries], 0.45),
    ):
        difference = np.log10(np.quantile(drawn, (0.25, 0.5, 0.75))) - np.log10(np.quantile(published, (0.25, 0.5, 0.75)))
        assert np.abs(difference).max() < within


@pytest.mark.parametrize("seen_as", ["TESS", "Kepler", "K2"])
def test_planets_transit_fully_outside_their_star(seen_as: str) -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        planet = population.draw_planet(rng, seen_as, T0)
        assert isinstance(planet, Orbit)
        assert planet.impact <= 1 - planet.radius_ratio
        assert planet.a_over_rstar >= 0.999 * population.MIN_A_OVER_RSTAR
        assert planet.duration_days() < planet.orbital_period_days / 2


@pytest.mark.parametrize("impact", [0.0, 0.4, 0.7])
def test_the_radius_ratio_gives_the_depth_that_was_asked_for(impact: float) -> None:
    planet = population.draw_planet(
        np.random.default_rng(3), "TESS", T0, period_days=5.0, depth=4e-4, density_solar=1.0, impact=impact
    )
    assert planet.depth == pytest.approx(4e-4, rel=0.02)


def test_what_is_given_is_kept_and_the_same_generator_draws_the_same() -> None:
    one, two = (population.draw_planet(np.random.default_rng(4), "Kepler", T0, period_days=7.0, single=True) for _ in range(2))
    assert one == two
    assert one.period_days is None
    assert one.orbital_period_days == 7.0


def test_most_binaries_have_secondaries_and_close_ones_are_distorted() -> None:
    rng = np.random.default_rng(5)
    binaries = [population.draw_binary(rng, "TESS", T0, longest_days=12.0) for _ in range(150)]
    assert all(b.orbit.orbital_period_days <= 12.0 for b in binaries)
    assert np.mean([b.secondary_depth > 1e-4 for b in binaries]) > 0.5
    close = [b.ellipsoidal for b in binaries if b.orbit.a_over_rstar < 4]
    wide = [b.ellipsoidal for b in binaries if b.orbit.a_over_rstar > 10]
    assert np.median(close) > 20 * np.median(wide)
