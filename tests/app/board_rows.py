"""A store filled with made-up scores, as surveys leave it: nothing is ever scored."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from astroseq_core.simulation import survey
from astroseq_core.store import scores
from astroseq_core.store.scores import ScoreRow

FIRST, SECOND = "model-a", "model-b"
KNOWN_SURVEY = "survey"


def row(target_id: str, score: float, *, model: str = FIRST, **about: object) -> ScoreRow:
    """A star with that score and what goes with it."""
    number = int(target_id.split()[1])
    rng = np.random.default_rng(number)
    simulated = target_id.startswith("SIM ")
    mission = {"TIC": "TESS", "KIC": "Kepler", "EPIC": "K2", "SIM": "Simulated"}[target_id.split()[0]]
    highest = 1 / (1 + math.exp(-(score / 6 - 1)))
    made = ScoreRow(
        target_id=target_id,
        model_id=model,
        model_sha="a" * 16,
        data_id=f"data {number}",
        mission=mission,
        seen_as="TESS" if simulated else mission,
        simulated=simulated,
        num_segments=70 + number % 9,
        star_score=score,
        score_max=highest,
        score_topk=0.9 * highest,
        score_noisy_or=score / 2,
        score_fold=score,
        best_period_days=1.5 + number % 13,
        best_t0=1330.25 + number % 7,
        t0_system="BTJD" if mission != "Kepler" else "BKJD",
        magnitude=round(8 + (number % 60) / 10, 2),
        spark=_spark(rng, highest),
        survey_id="made-up",
        at=1.7e9,
    )
    return replace(made, **about)  # type: ignore[arg-type]


def with_signals(rows: Sequence[ScoreRow]) -> list[ScoreRow]:
    """The same stars, their signals searched: of the known ones every third is a binary; quiet ones have none or no transit."""
    found = []
    for at, one in enumerate(rows):
        if one.star_score is None or (one.star_score < 3 and at % 2):
            found.append(replace(one, planet_score=-30.0, num_signals=0))
            continue
        best = 2 if one.star_score < 3 else at % 3 == 0
        p = [0.05, 0.05, 0.05]
        p[int(best)] = 0.9
        score = (one.star_score - 6) / 3 if best == 0 else -3.0 - (at % 7) / 7
        classes = {"p_planet": p[0], "p_eclipsing_binary": p[1], "p_not_transit": p[2]}
        found.append(replace(one, planet_score=max(-30.0, min(score, 30.0)), num_signals=1 + at % 3, best_signal=1, **classes))
    return found


def _spark(rng: np.random.Generator, highest: float) -> bytes:
    """A quiet floor with a peak every fifteen segments."""
    values = 0.05 * rng.random(80)
    values[int(rng.integers(0, 15)) :: 15] = highest
    return np.round(values * 255).astype(np.uint8).tobytes()


def failed(target_id: str, reason: str, *, model: str = FIRST, **about: object) -> ScoreRow:
    """A star that could not be scored."""
    nothing = dict.fromkeys(
        ("star_score", "score_max", "score_topk", "score_noisy_or", "score_fold", "best_period_days", "best_t0", "num_segments")
    )
    return replace(row(target_id, 0.0, model=model), status=reason, spark=b"", **(nothing | about))  # type: ignore[arg-type]


def simulated(model: str = FIRST, shift: float = 0.0) -> list[ScoreRow]:
    """The built-in survey's stars: those with transits score high and are known, quiet ones about 2."""
    found = []
    for number, star in enumerate(survey.survey_rows()):
        rng = np.random.default_rng([number, 5])
        has = star.kind != "quiet"
        score = float(rng.lognormal(3.6, 1.0) if has else 2 + rng.standard_normal()) + shift * float(rng.standard_normal())
        known = {
            "match": f"{star.target_id} b",
            "match_kind": KNOWN_SURVEY,
            "match_ratio": ("1", "1", "2", "1/2", "")[number % 5],
        }
        found.append(
            row(star.target_id, score, model=model, seen_as=star.instrument, magnitude=star.magnitude, **(known if has else {}))
        )
    return found


def real(count: int, model: str = FIRST, first: int = 1000) -> list[ScoreRow]:
    """So many TESS stars whose scores spread as those of quiet ones do, with some known ones far above."""
    rng = np.random.default_rng(count)
    found = []
    for number in range(first, first + count):
        if number % 17 == 0:
            about = {"match": f"TOI {number}.01", "match_kind": "TOI", "match_ratio": "2" if number % 2 else "1"}
            found.append(row(f"TIC {number}", float(rng.lognormal(3.3, 0.9)), model=model, **about))
        else:
            found.append(row(f"TIC {number}", float(2 + 1.2 * rng.standard_normal()), model=model))
    return found


def fill(*parts: Sequence[ScoreRow]) -> None:
    """Keep them."""
    scores.save(r for part in parts for r in part)
