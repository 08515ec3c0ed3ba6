"""Signals of a survey's stars: found in the workers, classified together in this process, saved with their rows."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroseq_core import settings
from astroseq_core.errors import LightCurveError
from astroseq_core.networks.model import load
from astroseq_core.scoring.segments import make_segment_scores
from astroseq_core.signals import classify, ensemble
from astroseq_core.signals.fold_views import fold_views
from astroseq_core.store import scores, signals
from astroseq_core.surveys import classes, fold, prepare
from astroseq_core.surveys.engine import ScoringSettings, SurveyProgress, score_stars
from astroseq_core.surveys.results import StarResult, StoreSink
from astroseq_core.surveys.stars import SurveyChoice, iterate_stars
from astroseq_core.times import Instant
from tests.surveys.conftest import dips, made, write


@pytest.fixture
def classifier(tiny: Path) -> Iterator[None]:
    """The shipped classifier among the models in use; it is loaded once for all tests."""
    place = settings.models_dir() / ensemble.SHIPPED
    place.symlink_to(Path(__file__).resolve().parents[2] / "models" / ensemble.SHIPPED)
    yield
    place.unlink()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three stars with dips every 2.4 d, and one of white noise."""
    for name in ("TIC 1", "TIC 2", "TIC 3"):
        write(tmp_path / "lc", name, **dips(name))
    noise = 1e-3 * np.random.default_rng(4).standard_normal(len(made("TIC 4").time))
    write(tmp_path / "lc", "TIC 4", flux=1 + noise)
    return tmp_path / "lc"


def run(folder: Path, **more: object) -> dict[str, StarResult]:
    stars = iterate_stars(SurveyChoice("folder", folder=str(folder)))
    return {r.target_id: r for r in score_stars(stars, ScoringSettings("tiny"), processes=False, **more)}  # type: ignore[arg-type]


@pytest.mark.usefixtures("classifier")
def test_signals_are_found_classified_together_and_saved_with_their_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    answered = classify.classify

    def counted(views: classify.SignalViews, kind: str) -> classify.SignalClasses:
        sizes.append(len(views))
        return answered(views, kind)

    monkeypatch.setattr(classes, "classify", counted)
    monkeypatch.setattr(classes, "MAX_WAIT_SECONDS", 600.0)
    last: list[SurveyProgress] = []
    found = run(folder, progress=last.append)
    assert sizes == [sum(len(r.signals) for r in found.values())], "one call for all stars"
    assert all(last[-1].seconds[stage] > 0 for stage in ("fold", "signals", "classes"))
    with StoreSink() as sink:
        for result in found.values():
            sink.write(result)
    for name in ("TIC 1", "TIC 2", "TIC 3"):
        result = found[name]
        assert result.row is not None
        assert result.signals[0].ephemeris.period_days == pytest.approx(2.4, abs=0.01)
        assert (result.row.num_signals, result.row.t0_system) == (len(result.signals), "BTJD")
        best = next(s for s in result.signals if s.number == result.row.best_signal)
        assert result.row.planet_score == best.planet_score == max(s.planet_score for s in result.signals)
        assert best.classes is not None
        assert best.baseline is not None
        assert (result.row.p_planet, result.row.p_not_transit) == (best.classes.p_planet, best.classes.p_not_transit)
        assert result.row.p_planet + result.row.p_eclipsing_binary + result.row.p_not_transit == pytest.approx(1)
        assert signals.list_by_star(name, "tiny") == result.signals
        # as alone: the views were folded from what was sent between the two halves of the work
        detrended, _ = load("tiny").segments(made(name, **dips(name)))
        alone = answered(fold_views([detrended], [s.ephemeris for s in result.signals]), "tess")
        assert best.classes.p_planet == pytest.approx(float(alone.p_planet[best.number - 1]), abs=1e-3)
    quiet = found["TIC 4"]
    assert quiet.row is not None
    assert (quiet.signals, quiet.row.num_signals, quiet.row.best_signal, quiet.row.p_planet) == ((), 0, None, None)
    assert quiet.row.star_score is not None
    assert quiet.row.planet_score == max(-30.0, min(quiet.row.star_score, -3.0))


def test_stars_whose_signals_were_not_searched_are_scored_again(tiny: Path, folder: Path) -> None:
    choice = SurveyChoice("folder", folder=str(folder))
    without = ScoringSettings("tiny", signals=False)
    rows = [r.row for r in score_stars(iterate_stars(choice), without, processes=False) if r.row is not None]
    assert {r.num_signals for r in rows} == {None}
    scores.save(rows)

    def scored(model_id: str, sha: str) -> dict[str, str]:
        return scores.scored_fingerprints(model_id, sha, with_signals=True)

    with StoreSink() as sink:
        for result in run(folder, scored=scored).values():
            sink.write(result)
    assert {r.num_signals is None for r in scores.list_by_star("TIC 1")} == {False}
    assert all(result.row is None for result in run(folder, scored=scored).values())


def test_a_search_that_fails_costs_the_signals_and_not_the_score(
    tiny: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = fold.find_signals

    def fails(parts: object, detrended: tuple[fold.DetrendedLightCurve, ...], star: object) -> object:
        name = str(detrended[0].light_curve.target)
        if name == "TIC 1":
            raise LightCurveError("It is too short.")
        if name == "TIC 2":
            raise ZeroDivisionError("division by zero")
        return search(parts, detrended, star)  # type: ignore[arg-type]

    monkeypatch.setattr(fold, "find_signals", fails)
    found = run(folder)
    for name, words in (("TIC 1", "could not be searched: It is too short."), ("TIC 2", "ZeroDivisionError")):
        row = found[name].row
        assert row is not None
        assert (row.status, row.num_signals, row.planet_score) == ("ok", None, None)
        assert words in " ".join(found[name].remarks.sentences)
    assert found["TIC 3"].signals


def test_a_signal_without_a_cadence_has_no_views_and_the_others_have(tiny: Path) -> None:
    detrended, segments = load("tiny").segments(made("TIC 1", **dips("TIC 1")))
    parts = (make_segment_scores(load("tiny"), detrended, segments, load("tiny").outputs(segments.values)),)
    slim = (prepare._slim_light_curve(detrended, True),)
    star = fold.fold_star(fold.FoldTask(parts, slim))
    assert star.signals
    assert star.views is not None
    gone = replace(star.signals[0].ephemeris, t0=Instant(9000.0, detrended.system), period_days=None)
    lost = replace(star.signals[0], ephemeris=gone)
    places, views = fold.fold_those_that_can_be(slim, (lost, *star.signals))
    assert places == tuple(range(1, len(star.signals) + 1))
    assert views is not None
    assert np.array_equal(views.local_view, star.views.local_view)


def test_workers_load_no_tensorflow(tiny: Path, tmp_path: Path) -> None:
    detrended, segments = load("tiny").segments(made("TIC 1", **dips("TIC 1")))
    parts = (make_segment_scores(load("tiny"), detrended, segments, load("tiny").outputs(segments.values)),)
    task = fold.FoldTask(parts, (prepare._slim_light_curve(detrended, True),))
    (tmp_path / "task").write_bytes(pickle.dumps(task))
    program = (
        "import pickle, sys; from pathlib import Path; from astroseq_core.surveys import fold, prepare; "
        "star = fold.fold_star(pickle.loads(Path(sys.argv[1]).read_bytes())); "
        "print(len(star.signals), len(star.views), *({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "task")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]).stdout.split()
    assert len(said) == 2, said
    assert said[0] == said[1] != "0"
