"""Which star score separates injected transits best: chosen on calibration stars, reported once on test stars.

    python -m benchmarks.segment_models exclude calibration > LIST        # and the same with `test`
    python -m astroseq_core recover --model MODEL --lightcurves FOLDER --exclude LIST --include-seen --copies 8 --out CSV
    python -m benchmarks.star_scores choose CALIBRATION
    python -m benchmarks.star_scores report TEST --calibration CALIBRATION [--unseen]

A score is chosen by the mean of its recalls at one and at ten false alarms in a hundred copies without transits. `learned` is a
logistic regression on the four segment scores; on the calibration stars each star has the answer of one that was fitted to the
others, on the test stars that of one fitted to all calibration stars. `--unseen` leaves out stars that the shipped networks for
signals were trained on, as `planet` and `odds` use them.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from astroseq_core.evaluation.injection_recovery import read_rows
from astroseq_core.evaluation.metrics import BOOTSTRAP_ROUNDS, StarBootstrap
from astroseq_core.evaluation.recovered import method_copies

SEGMENT_SCORES = ("fold", "noisy_or", "topk", "max")
SIGNAL_SCORES = ("planet", "odds")
SEARCHES = ("tls", "bls")
LEARNED = "learned"
RATES = (0.01, 0.05, 0.1)
#: Rates whose recalls choose.
CHOOSING = (0.01, 0.1)
SIGNALS_CARD = Path("models/signals-v3/ensemble.json")

_Rows = Sequence[Mapping[str, str]]


def learner() -> LogisticRegression:
    """A logistic regression; arcsinh tames scores that grow with the number of segments."""
    return make_pipeline(FunctionTransformer(np.arcsinh), StandardScaler(), LogisticRegression(class_weight="balanced"))


def table(rows: _Rows) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_], NDArray[np.str_]]:
    """The scores by method, which copies have transits, and the copies' stars."""
    methods = [m for m in (*SIGNAL_SCORES, *SEGMENT_SCORES, *SEARCHES) if f"{m}_score" in rows[0]]
    copies = {m: method_copies(rows, m) for m in methods}
    first = next(iter(copies.values()))
    return {m: c.score for m, c in copies.items()}, first.has_transits, first.stars


def features(scores: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.stack([scores[m] for m in SEGMENT_SCORES], axis=1)


def recall(score: NDArray[np.float64], positive: NDArray[np.bool_], rate: float) -> float:
    """The share of copies with transits above what `rate` of those without exceed."""
    return float(np.mean(score[positive] > np.quantile(score[~positive], 1 - rate)))


def measures(
    score: NDArray[np.float64], positive: NDArray[np.bool_], stars: NDArray[np.str_]
) -> dict[str, tuple[float, float, float]]:
    """Recall at each rate and ROC-AUC, each with its 95 % interval from resampling stars."""

    def numbers(pick: NDArray[np.int64]) -> list[float]:
        own, has = score[pick], positive[pick]
        return [*(recall(own, has, rate) for rate in RATES), float(roc_auc_score(has, own))]

    drawn = StarBootstrap(stars, 0)
    resampled = [
        numbers(np.repeat(np.arange(len(stars)), drawn.times[i][drawn.star].astype(int))) for i in range(BOOTSTRAP_ROUNDS)
    ]
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    names = (*(f"recall at {rate:.0%}" for rate in RATES), "ROC-AUC")
    return {n: (v, a, b) for n, v, a, b in zip(names, numbers(np.arange(len(stars))), low, high, strict=True)}


def with_learned(
    rows: _Rows, calibration: _Rows | None
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_], NDArray[np.str_]]:
    """The table with the learned combination, fitted to calibration rows, or across the stars of these rows."""
    scores, positive, stars = table(rows)
    if calibration is None:
        answers = cross_val_predict(
            learner(), features(scores), positive, groups=stars, cv=LeaveOneGroupOut(), method="decision_function"
        )
    else:
        kept, labels, _ = table(calibration)
        answers = learner().fit(features(kept), labels).decision_function(features(scores))
    return scores | {LEARNED: answers}, positive, stars


def draw_up(rows: _Rows, calibration: _Rows | None) -> None:
    """Print the methods, the best first by the mean of the recalls that choose."""
    scores, positive, stars = with_learned(rows, calibration)
    print(f"{len(np.unique(stars))} stars, {positive.sum()} copies with transits, {(~positive).sum()} without\n")
    found = {m: measures(s, positive, stars) for m, s in scores.items()}
    head = list(next(iter(found.values())))
    print(f"| score | {' | '.join(head)} | mean at {' and '.join(f'{r:.0%}' for r in CHOOSING)} |\n|{'---|' * (len(head) + 2)}")
    mean = {m: np.mean([one[f"recall at {r:.0%}"][0] for r in CHOOSING]) for m, one in found.items()}
    for method in sorted(found, key=lambda m: -mean[m]):
        cells = " | ".join(f"{v:.3f} [{a:.3f}, {b:.3f}]" for v, a, b in found[method].values())
        print(f"| {method} | {cells} | {mean[method]:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("choose", "report"))
    parser.add_argument("table", type=Path)
    parser.add_argument("--calibration", type=Path, help="the table that the learned combination is fitted to")
    parser.add_argument("--unseen", action="store_true")
    options = parser.parse_args()
    rows = read_rows(options.table)
    if options.unseen:
        seen = set(json.loads(SIGNALS_CARD.read_text(encoding="utf-8"))["stars_seen"])
        rows = [row for row in rows if row["target_id"] not in seen]
    if options.what == "report" and options.calibration is None:
        parser.error("report needs --calibration")
    draw_up(rows, None if options.what == "choose" else read_rows(options.calibration))


if __name__ == "__main__":
    main()
