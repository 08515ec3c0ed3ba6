"""One way to read a star: the same light curves for whoever asks, from each source, and what is said of what is missing."""

from pathlib import Path

import numpy as np
import pytest

from astroseq_core.errors import LightCurveError, TargetError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.scoring.star_data import StarRequest, load_star, request_from_location
from astroseq_core.scoring.star_source import (
    Source,
    StarSource,
    cached_source,
    files_source,
    find_source,
    folder_sources,
    simulated_source,
)
from astroseq_core.targets import parse_star
from astroseq_core.training import injection
from astroseq_core.training.injection import TrainingStar
from tests.surveys.conftest import made, write


def fluxes(curves) -> list[bytes]:
    return [curve.flux.tobytes() for curve in curves]


def test_the_old_word_for_a_folder_is_read_and_written_in_addresses() -> None:
    assert Source("files") is Source("folder") is Source.FOLDER
    assert [source.address_word for source in Source] == ["simulated", "files", "cache"]
    with pytest.raises(ValueError, match="sky"):
        Source("sky")
    for word in ("files", "folder"):
        assert request_from_location({"target": "TIC 5", "source": word, "folder": "/lc"}) == StarRequest(
            "TIC 5", Source.FOLDER, "/lc"
        )
    with pytest.raises(TargetError, match="'sky' is no source of light curves; use one of simulated, folder, cache"):
        request_from_location({"target": "TIC 5", "source": "sky"})


def test_explore_a_survey_and_a_training_read_the_same_files(tmp_path: Path) -> None:
    write(tmp_path, "TIC 5")
    write(tmp_path / "deeper", "TIC 5", "s0002", days=4.0)
    write(tmp_path, "TIC 6")
    (tmp_path / "TIC_5__s0003.npz").write_bytes(b"PK\x03\x04 cut off")
    listed = {star.target_id: star for star in folder_sources(tmp_path)}
    assert list(listed) == ["TIC 5", "TIC 6"]
    assert listed["TIC 5"] == find_source(parse_star("TIC 5"), Source.FOLDER, str(tmp_path))
    found = listed["TIC 5"].read()
    assert sorted(c.observation for c in found.light_curves) == ["TIC_5__s0001", "TIC_5__s0002"]
    assert len(found.problems) == 1
    assert "TIC_5__s0003" in found.problems[0]
    shown = load_star(StarRequest("TIC 5", Source.FOLDER, str(tmp_path)))
    assert sorted(fluxes(shown.light_curves)) == sorted(fluxes(found.light_curves))
    assert shown.problems == found.problems
    learned = TrainingStar("TIC 5", Source.FOLDER, paths=listed["TIC 5"].paths)
    assert fluxes(learned.light_curves()) == fluxes(found.light_curves)


def test_what_has_no_light_curve_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "TIC_5__s0001.npz"
    broken.write_bytes(b"broken")
    with pytest.raises(LightCurveError, match=r"TIC_5__s0001\.npz"):
        files_source("TIC 5", [broken]).read()
    with pytest.raises(TargetError, match="not in the cache; fetch it first, or open it from a folder"):
        cached_source("TIC 5").read()
    with pytest.raises(TargetError, match="Nobody knows it"):
        StarSource("TOI-9999", Source.CACHE, problem="Nobody knows it.").read()
    # A training goes on without the star.
    assert TrainingStar("TIC 5", Source.FOLDER, paths=(str(broken),)).light_curves() == ()
    assert TrainingStar("TIC 5", Source.CACHE).light_curves() == ()


def test_a_lost_light_curve_among_others_is_told_to_all() -> None:
    cache = LightCurveCache()
    for observation in ("sector 1", "sector 2"):
        cache.put(made("TIC 5", observation))
    star = cached_source("TIC 5")
    damaged = min(cache.folder.glob("curves/TIC_5/*.npz"))
    damaged.write_bytes(damaged.read_bytes()[:300])
    found = star.read()
    assert len(found.light_curves) == len(found.problems) == 1
    assert "was damaged or deleted; fetch it again" in found.problems[0]


def test_simulated_stars_come_with_their_truth_whatever_the_source() -> None:
    star = simulated_source(parse_star("SIM 1"))
    assert (star.instrument, star.cadence_minutes) == ("TESS", 2.0)
    assert find_source(parse_star("SIM 1"), Source.FOLDER, "nowhere") == star
    found = star.read()
    assert [e.target_id for e in found.truth] == ["SIM 1"] * len(found.truth)
    assert found.truth
    assert load_star(StarRequest("SIM 1", Source.SIMULATED)).ephemerides == found.truth
    # Training's stars are in no survey: kind and instrument say what they are.
    quiet, binary = (injection.numbered_simulated_stars("Kepler", 1, kind)[0] for kind in ("quiet", "binary"))
    assert not quiet.read().truth
    assert binary.read().truth
    assert [len(star.read().light_curves) for star in (quiet, binary)] == [2, 2]
    again = StarSource(quiet.target_id, Source.SIMULATED, "Kepler", kind="quiet", num_observations=2)
    assert fluxes(again.read().light_curves) == fluxes(quiet.light_curves())
    with pytest.raises(TargetError, match="not in the simulated survey"):
        simulated_source(parse_star(quiet.target_id))
    assert np.isfinite(found.magnitude or np.nan)
