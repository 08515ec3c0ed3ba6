"""Segments judged by ephemerides: labels, signal-to-noise, whose stars count, and what is worst."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from astroseq_core import missions
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import LightCurveError
from astroseq_core.evaluation import evaluate as evaluations
from astroseq_core.evaluation import reports
from astroseq_core.evaluation.evaluate import Evaluation, Observation, StarKind, evaluate
from astroseq_core.evaluation.worst_segments import false_alarm_threshold, rank_mistakes, read_excerpts
from astroseq_core.io import lightcurve
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks.model import Model, load
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.preprocessing.segments import LEFT_OUT, NO_TRANSIT, TRANSIT
from astroseq_core.scoring.segments import score_light_curve
from astroseq_core.scoring.star_source import StarReadResult
from astroseq_core.targets import parse_star
from astroseq_core.times import Instant, TimeSystem
from tests.scoring.tiny_model import write_model

START, NOISE = 1400.0, 1e-3
Make = Callable[..., LightCurve]


def curve_of(target_id: str, ephemerides: tuple[Ephemeris, ...] = (), observation: str = "s0001") -> LightCurve:
    """White noise with box-like dips at two minutes; what is drawn depends on the star's name."""
    rng = np.random.default_rng([7, *target_id.encode(), *observation.encode()])
    time = START + np.arange(0, 6.0, 2 / 1440)
    flux = 1 + NOISE * rng.standard_normal(len(time))
    for e in ephemerides:
        flux[e.in_transit(time, TimeSystem.BTJD)] -= (e.depth_ppm or 0) * 1e-6
    return lightcurve.make_light_curve(
        target=parse_star(target_id), observation=observation, time=time, flux=flux, instrument=missions.TESS, author="SPOC"
    )


def ephemeris(target_id: str, depth_ppm: float = 3000.0, period: float | None = 2.0, **others) -> Ephemeris:
    return Ephemeris(target_id, f"{target_id} b", Instant(START + 1.1, TimeSystem.BTJD), period, 2.0, depth_ppm, **others)


HOST, QUIET, SEEN, BINARY, FALSE = "TIC 101", "TIC 102", "TIC 1", "TIC 104", "TIC 105"
KNOWN = (ephemeris(HOST), ephemeris(SEEN), ephemeris(FALSE, 20_000.0, disposition="FP"))
CURVES = {t: curve_of(t, tuple(e for e in KNOWN if e.target_id == t)) for t in (HOST, QUIET, SEEN, BINARY, FALSE)}
STARS = {target_id: partial(StarReadResult, (curve,)) for target_id, curve in CURVES.items()}


@pytest.fixture
def model(tiny: Path) -> Model:
    """Never trained; its card names TIC 1 as a training star."""
    return load("tiny")


@pytest.fixture
def judged(model: Model) -> Evaluation:
    return evaluate(model, STARS, KNOWN, binaries={BINARY})


def test_the_models_own_stars_are_left_out_and_named(model: Model, judged: Evaluation) -> None:
    assert judged.seen == (SEEN,)
    assert SEEN not in set(judged.target_ids)
    assert set(judged.target_ids) == {HOST, QUIET, BINARY, FALSE}
    kept = evaluate(model, STARS, KNOWN, binaries={BINARY}, include_seen=True)
    assert SEEN in set(kept.target_ids)
    assert kept.seen == (SEEN,)
    report = reports.make_reports(kept, 0.1)
    assert all(reports.SEEN_IN_TRAINING in r.note for r in report.reports)
    assert report.reports[0].stars == 1 + reports.make_reports(judged, 0.1).reports[0].stars
    assert reports.SEEN_IN_TRAINING not in reports.make_reports(judged, 0.1).note


def test_stars_kept_for_the_test_do_count(tiny: Path, tmp_path: Path) -> None:
    card = write_model(tmp_path, training={"stars": {"train": ["TIC 1"], "calibration": ["TIC 102"], "test": ["TIC 101"]}})
    assert evaluations.stars_seen_by(card) == {"TIC 1", "TIC 102"}
    assert evaluations.stars_seen_by(replace(card, training={"stars": ["TIC 9"]})) == {"TIC 9"}
    assert evaluations.stars_seen_by(replace(card, training={})) == set()


def test_whoever_is_excluded_is_away(model: Model) -> None:
    found = evaluate(model, STARS, KNOWN, exclude={HOST, SEEN})
    assert set(found.target_ids) == {QUIET, BINARY, FALSE}
    assert found.seen == ()
    with pytest.raises(LightCurveError, match="none is left for tiny to be measured on: 1 are stars that it was made from"):
        evaluate(model, {SEEN: STARS[SEEN]}, KNOWN)


def test_kinds_of_stars(judged: Evaluation) -> None:
    kinds = {o.target_id: o.kind for o in judged.observations}
    assert kinds == {HOST: StarKind.HOST, QUIET: StarKind.QUIET, BINARY: StarKind.NOT_PLANET, FALSE: StarKind.NOT_PLANET}
    transits = {s.score.target_id: s.transits for s in judged.stars}
    assert transits == {HOST: True, QUIET: False, BINARY: None, FALSE: None}
    mixed = (ephemeris(HOST), ephemeris(HOST, disposition="FP"))
    assert evaluations.star_kind(HOST, mixed) is StarKind.HOST


def test_probabilities_are_those_of_scoring_alone(model: Model, judged: Evaluation) -> None:
    own = judged.target_ids == HOST
    alone = score_light_curve(model, CURVES[HOST])
    assert judged.probability[own] == pytest.approx(alone.probability, abs=1e-5)
    assert judged.t_start[own] == pytest.approx(alone.t_start)


def test_labels_follow_the_predicted_transits(judged: Evaluation) -> None:
    half = 1 / 24 + 1 / 1440
    own = judged.target_ids == HOST
    mids = START + 1.1 + np.arange(-1, 4) * 2.0
    inside = (judged.t_start[own][:, None] <= mids + half) & (judged.t_stop[own][:, None] >= mids - half)
    assert (judged.labels[own] == np.where(inside.any(axis=1), TRANSIT, NO_TRANSIT)).all()
    false = judged.labels[judged.target_ids == FALSE]
    assert set(false) == {NO_TRANSIT, LEFT_OUT}
    assert set(judged.labels[judged.target_ids == QUIET]) == {NO_TRANSIT}


def test_drifted_transits_are_left_out_and_their_host_is_not_quiet(model: Model) -> None:
    drifted = replace(KNOWN[0], t0_err=0.06)
    found = evaluate(model, {HOST: STARS[HOST], QUIET: STARS[QUIET]}, (drifted,))
    labels = found.labels[found.target_ids == HOST]
    assert set(labels) == {NO_TRANSIT, LEFT_OUT}
    assert np.isnan(found.snr).all()
    assert {s.score.target_id: s.transits for s in found.stars} == {HOST: None, QUIET: False}
    assert len(evaluations.evaluated_segments(found)) == np.sum(found.labels != LEFT_OUT)


def test_signal_to_noise_is_that_of_the_injected_transit(model: Model, judged: Evaluation) -> None:
    own = np.flatnonzero((judged.target_ids == HOST) & (judged.labels == TRANSIT))
    whole = 3000e-6 / NOISE * np.sqrt(61)
    prepared = prepare(CURVES[HOST], model.card.preparation)
    mids = START + 1.1 + np.arange(3) * 2.0
    complete = [i for i in own if ((judged.t_start[i] < mids - 1 / 24) & (judged.t_stop[i] > mids + 1 / 24)).any()]
    assert len(complete) >= 3
    for i in complete:
        dips = [
            prepared.flat[np.abs(prepared.time - mid) <= 1 / 24 + 1 / 1440]
            for mid in mids
            if judged.t_start[i] < mid < judged.t_stop[i]
        ]
        strongest = max(-dip.mean() * np.sqrt(len(dip)) / prepared.noise for dip in dips)
        assert judged.snr[i] == pytest.approx(strongest)
    # The median trend takes some of the dip, half a cadence on either side dilutes it, and one transit is uncertain by 1.
    assert np.median(judged.snr[complete]) == pytest.approx(0.91 * whole, abs=2.5)
    assert np.isnan(judged.snr[judged.labels != TRANSIT]).all()
    assert np.isfinite(judged.snr[own]).all()
    partial = [i for i in own if i not in complete]
    assert all(judged.snr[i] < 1.05 * whole for i in partial)


def test_the_strongest_of_several_transits_counts(model: Model) -> None:
    weak, strong = ephemeris(HOST, 500.0), ephemeris(HOST, 4000.0, period=1.5)
    curve = curve_of(HOST, (weak, strong))
    prepared = prepare(curve, model.card.preparation)
    scores = score_light_curve(model, curve)
    _, both = evaluations.labels_and_snr(prepared, scores, (weak, strong))
    _, one = evaluations.labels_and_snr(prepared, scores, (strong,))
    _, other = evaluations.labels_and_snr(prepared, scores, (weak,))
    assert np.fmax(one, other) == pytest.approx(both, nan_ok=True)
    assert np.nanmax(one) > 3 * np.nanmedian(other)


def test_what_cannot_be_scored_is_told(model: Model) -> None:
    time = CURVES[QUIET].time  # others are at other times: of one time one is taken
    kepler = replace(CURVES[QUIET], time=time + 100, instrument=missions.KEPLER)
    constant = replace(CURVES[QUIET], time=time + 200, flux=np.ones(len(time)), observation="flat")
    stars = {HOST: STARS[HOST], QUIET: lambda: StarReadResult((CURVES[QUIET], kepler, constant), ("x.npz is empty.",))}
    found = evaluate(model, stars, KNOWN, workers=2)
    assert found.unsuited == 1
    assert {(f.observation, f.target_id) for f in found.failures} == {("", QUIET), ("flat", QUIET)}
    assert [o.target_id for o in found.observations] == [HOST, QUIET]


def test_the_judgement_has_its_groups_star_scores_and_binaries(judged: Evaluation) -> None:
    report = reports.make_reports(judged, 0.1, threshold=0.3)
    main, hosts = report.reports
    assert (main.group, hosts.group) == (reports.MAIN_GROUP, reports.HOSTS_GROUP)
    assert (main.stars, hosts.stars) == (2, 1)
    assert main.positives == hosts.positives == (judged.labels == TRANSIT).sum()
    assert {r.score for r in report.star_rankings} >= {"score_max", "score_topk", "score_fold"}
    assert all((r.hosts, r.quiet) == (1, 1) and r.roc_auc.value in (0.0, 1.0) for r in report.star_rankings)
    others = report.not_planets
    assert others is not None
    own = judged.probability[judged.of_kind(StarKind.NOT_PLANET)]
    assert (others.stars, others.segments) == (2, len(own))
    assert others.share.value == pytest.approx(np.mean(own > false_alarm_threshold(judged)))
    text = reports.format_reports(report, "Tiny.")
    assert reports.HOSTS_GROUP in text
    assert "score_fold" in text
    assert "Eclipsing binaries" in text


def made_up(probability: list[float], labels: list[int], snr: list[float], stars: list[str]) -> Evaluation:
    names = sorted(set(stars))
    kinds = {name: StarKind.NOT_PLANET if name == "EB" else StarKind.HOST for name in names}
    n = len(stars)
    return Evaluation(
        "m",
        tuple(Observation(s, f"{s} s1", "TESS", TimeSystem.BTJD, kinds[s]) for s in names),
        (),
        np.array([names.index(s) for s in stars]),
        np.arange(n),
        START + np.arange(n),
        START + 1.0 + np.arange(n),
        np.array(probability, np.float32),
        np.array(labels, np.int8),
        np.array(snr),
    )


def test_worst_are_ranked_one_a_star() -> None:
    nan = float("nan")
    evaluation = made_up(
        [0.90, 0.80, 0.30, 0.10, 0.05, 0.20, 0.95, 0.99],
        [0, 0, 0, 0, 1, 1, 1, 0],
        [nan, nan, nan, nan, 30.0, 50.0, 90.0, nan],
        ["A", "A", "B", "C", "A", "B", "C", "EB"],
    )
    alarms, misses = rank_mistakes(evaluation, n=2)
    assert [(m.target_id, m.segment, m.missed, m.snr) for m in alarms] == [("A", 0, False, None), ("B", 2, False, None)]
    # C's transit, at 0.95, is above what one in a hundred of the others exceeds: it is found.
    assert [(m.target_id, m.segment, m.snr) for m in misses] == [("B", 5, 50.0), ("A", 4, 30.0)]
    assert len(rank_mistakes(evaluation, n=9)[0]) == 3
    assert misses[0].t_start == START + 5


def test_excerpts_are_what_the_model_was_shown(model: Model, judged: Evaluation) -> None:
    mistakes = rank_mistakes(judged, 3)[1]
    assert {m.target_id for m in mistakes} == {HOST}
    (excerpt,) = read_excerpts(model.card, mistakes, STARS, KNOWN)
    prepared = prepare(CURVES[HOST], model.card.preparation)
    inside = (prepared.time >= mistakes[0].t_start) & (prepared.time <= mistakes[0].t_stop)
    assert (excerpt.flat == prepared.flat[inside]).all()
    assert excerpt.ephemerides == (KNOWN[0],)
    assert read_excerpts(model.card, mistakes, {}, KNOWN) == ()


@pytest.mark.lent
def test_lent_stars_are_judged_as_the_catalogue_says(model: Model, lent_data: Path) -> None:
    from astroseq_core.io.ephemeris_table import read_table
    from astroseq_core.scoring.star_source import files_source

    names = ("TIC 100100827", "TIC 52583022")
    stars = {n: files_source(n, sorted((lent_data / "lc").glob(f"{n.replace(' ', '_')}__*.npz"))[:1]).read for n in names}
    table = read_table(lent_data / "ephemerides.csv")
    found = evaluate(model, stars, table.ephemerides)
    # WASP-18 b: every 0.94 d a dip of one per cent, so nearly every segment of 4.3 h in six holds one.
    own = found.target_ids == "TIC 100100827"
    share = np.mean(found.labels[own] == TRANSIT)
    assert share == pytest.approx((2.2 + 4.3) / 22.6, abs=0.08)
    deep = found.snr[own & (found.labels == TRANSIT)]
    assert np.median(deep) > 40
    assert set(found.labels[~own]) == {NO_TRANSIT}
