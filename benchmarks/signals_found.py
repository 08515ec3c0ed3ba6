"""How many signals of stars are found, how many false ones, and how stars rank, with intervals from resampling stars.

    python -m benchmarks.signals_found measure --stars lent --mission TESS --out tess.csv
    python -m benchmarks.signals_found report tess.csv

`measure` searches, and writes a row a signal and one a true signal that was not found, with the views in an .npz file beside it;
`report` classifies these, each star by the networks and trees that were not trained on it.
"""

import argparse
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.evaluation.signals import unseen_answers
from astroseq_core.networks.model import Model, load
from astroseq_core.preprocessing.prepare import DEFAULT_CONFIGS, DetrendedLightCurve, prepare
from astroseq_core.signals import search
from astroseq_core.signals.classify import SignalClasses, combine
from astroseq_core.signals.ensemble import load_ensemble
from astroseq_core.signals.event_depths import event_boxes, event_depths
from astroseq_core.signals.odds import MAX_LOG_ODDS
from astroseq_core.signals.signal import MAX_WITHOUT_SIGNAL, ClassProbabilities, FoundSignal
from astroseq_core.signals.views import LabelledViews, SignalViews, read_views
from astroseq_core.surveys.fold import fold_those_that_can_be, join_views
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.fold import masked_detrended_flux
from benchmarks.signals import MODELS, Star, add_star_options, scored, star_sample, verdict

#: Draws of stars for an interval, and the signal-to-noise ratio from which a planet should be found.
DRAWS, STRONG = 1000, 10.0
#: Any epoch, and the lowest score of a star without one.
EPOCH, MAX_SCORE = Instant(0.0, TimeSystem.BTJD), 30.0


def measured_snr(detrended: Sequence[DetrendedLightCurve], e: Ephemeris, truth: Sequence[Ephemeris]) -> float:
    """Signal-to-noise ratio of a true signal from the depths of its transits, the other signals left out; 0 without data."""
    others = [o for o in truth if o is not e]
    try:
        flats = [masked_detrended_flux(c, truth) for c in detrended]
        return event_depths(event_boxes(detrended, flats, e, others), e).snr
    except AstroSeqError:
        return 0.0


def published_signals(star: Star, detrended: Sequence[DetrendedLightCurve]) -> tuple[FoundSignal, ...]:
    """The published signals of a star as if they had been found, those without data left out."""
    snr = [measured_snr(detrended, e, star.truth) for e in star.truth]
    known = [(e, s) for e, s in zip(star.truth, snr, strict=True) if s != 0]
    return tuple(FoundSignal(n, e, s, 0, MAX_LOG_ODDS) for n, (e, s) in enumerate(known, 1))


def measure(stars: Iterator[Star], models: dict[str, Model], out: Path, *, published: bool = False) -> None:
    """Search each star, or take its published signals."""
    rows: list[dict[str, object]] = []
    views: list[SignalViews] = []
    for star in stars:
        mission = star.kind.split()[1]
        begun = time.process_time()
        try:
            parts, detrended, score = scored(star, models[mission])
        except AstroSeqError:
            parts, detrended, score = [], [prepare(c, DEFAULT_CONFIGS[mission]) for c in star.curves], None
        scoring = time.process_time() - begun
        begun = time.process_time()
        found = published_signals(star, detrended) if published else search.find_signals(parts, detrended, score)
        places, own = fold_those_that_can_be(detrended, found)
        searching = time.process_time() - begun
        base: dict[str, object] = {"star": star.name, "kind": star.kind, "target_id": str(star.curves[0].target)}
        base |= {"num_true": len(star.truth), "star_score": score.star_score if score else None}
        base |= {"cpu_score": scoring, "cpu_signals": searching}
        rows += star_rows(base, star, found, detrended, places, sum(map(len, views)))
        views += [] if own is None else [own]
        pd.DataFrame(rows).to_csv(out, index=False)
        print(star.name, star.kind, len(star.truth), len(found), f"{scoring:.2f} {searching:.2f}", flush=True)
    if views:
        joined = join_views(views)
        np.savez_compressed(out.with_suffix(".npz"), **{name: getattr(joined, name) for name in SignalViews.__dataclass_fields__})


def star_rows(
    base: dict[str, object],
    star: Star,
    found: Sequence[FoundSignal],
    detrended: Sequence[DetrendedLightCurve],
    places: Sequence[int],
    first: int,
) -> list[dict[str, object]]:
    """Rows of one star; `view` is the row of a signal's views."""
    span = (min(float(c.time[0]) for c in detrended), max(float(c.time[-1]) for c in detrended))
    snr = [measured_snr(detrended, e, star.truth) for e in star.truth]
    rows, hit = [], set()
    for number, one in enumerate(found):
        says, which = verdict(one.ephemeris, star, span)
        hit |= {which} if says == "right" else set()
        row = base | {"period": one.ephemeris.period_days, "snr": one.snr, "log_odds": one.log_odds, "evidence": one.evidence}
        row |= {"n": one.num_transits, "verdict": says, "which": which, "depth_ppm": one.ephemeris.depth_ppm}
        row |= {"view": first + places.index(number) if number in places else -1}
        rows.append(row | ({"true_snr": snr[which], "true_kind": star.kinds[which]} if which >= 0 else {}))
    for k, e in enumerate(star.truth):
        if k not in hit:
            missed = {"period": e.period_days, "verdict": "missed", "which": k, "true_snr": snr[k], "true_kind": star.kinds[k]}
            rows.append(base | missed)
    return rows or [base | {"verdict": "nothing"}]


def unseen_classes(views: SignalViews, kind: str, stars: Sequence[str]) -> SignalClasses:
    """Classes by the networks and trees that were not trained on each star; by all where none was."""
    ensemble = load_ensemble(kind)
    names = np.array(stars)
    answers, _ = unseen_answers(LabelledViews(views, names, names), kind, ensemble)
    return combine(answers, ensemble.card.tree_weight, ensemble.card.temperatures[kind])


def classified(file: Path) -> pd.DataFrame:
    """The rows of a file, with classes and planet scores."""
    rows = pd.read_csv(file)
    for name in ("p_planet", "p_eclipsing_binary", "p_not_transit", "planet_score"):
        rows[name] = np.nan
    if "view" not in rows or not (rows.view >= 0).any():
        return rows
    views = read_views(file.with_suffix(".npz"))
    known = rows[rows.view >= 0]
    kind = "tess" if known.kind.iloc[0].endswith("TESS") else "kepler"
    own = SignalViews(*(getattr(views, name)[known.view.astype(int)] for name in SignalViews.__dataclass_fields__))
    found = unseen_classes(own, kind, known.target_id.tolist())
    for k, (index, row) in enumerate(known.iterrows()):
        p = ClassProbabilities(*map(float, found.probability[k]), 0.0, 0.0, 0.0)
        depth = row.get("depth_ppm", np.nan)
        e = Ephemeris("SIM 7", "s", EPOCH, None, 3.0, depth_ppm=float(depth) if np.isfinite(depth) else None)
        one = FoundSignal(1, e, row.snr, int(row.n), row.log_odds, classes=p)
        for name in ("p_planet", "p_eclipsing_binary", "p_not_transit"):
            rows.loc[index, name] = getattr(p, name)
        rows.loc[index, "planet_score"] = one.planet_score
    return rows


def with_interval(value: "Callable[[np.ndarray], float]", count: int, seed: int = 0) -> str:
    """A number of `count` stars with its 95 % interval; `value` takes the numbers of the stars drawn."""
    rng = np.random.default_rng(seed)
    drawn = [value(rng.integers(0, count, count)) for _ in range(DRAWS)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return f"{value(np.arange(count)):.3f} [{low:.3f}, {high:.3f}]"


def in_part(target_id: str, part: int) -> bool:
    """Whether a star is of one half of the quiet stars."""
    return zlib.crc32(target_id.encode()) % 2 == part


def report(files: Sequence[Path], quiet_part: int | None = None) -> None:
    """Print the numbers of each file; of quiet stars, those of one half alone if that is given."""
    for file in files:
        rows = classified(file)
        if quiet_part is not None:
            rows = rows[~rows.kind.str.startswith("no_known") | rows.target_id.map(lambda t: in_part(t, quiet_part))]
        stars = rows.drop_duplicates("star").set_index("star")
        print(f"{file.name}: {len(stars)} stars, " + ", ".join(f"{n} {k}" for k, n in stars.kind.value_counts().items()))
        found_share(rows)
        ranking(rows, stars)
        quiet = stars[stars.verdict == "nothing"]
        for name, part in (("all stars", stars), ("stars with nothing", quiet)):
            if part.cpu_score.sum() > 0:
                print(f"  CPU of signals over CPU of the score, {name}: {part.cpu_signals.sum() / part.cpu_score.sum():.2f}")


def found_share(rows: pd.DataFrame) -> None:
    """Print the share of strong planets found, false signals a star, and how found ones are classified."""
    true = rows[rows.which >= 0].assign(right=rows.verdict == "right") if "which" in rows else rows[:0]
    true = true.groupby(["star", "which"], as_index=False).agg(
        right=("right", "max"), snr=("true_snr", "first"), kind=("true_kind", "first"), num=("num_true", "first")
    )
    for name, part in (
        ("planets", true[(true.kind == "planet") & (true.snr > STRONG)]),
        ("planets of stars with several", true[(true.kind == "planet") & (true.snr > STRONG) & (true.num > 1)]),
        ("binaries", true[true.kind == "binary"]),
    ):
        if len(part):
            groups = [g.right.to_numpy(float) for _, g in part.groupby("star")]
            share = with_interval(lambda at, g=groups: float(np.concatenate([g[i] for i in at]).mean()), len(groups))
            print(f"  {name} found with their period: {share} of {len(part)} in {len(groups)} stars")
    each = rows.assign(false=rows.verdict == "false").groupby("star").false.sum().to_numpy(float)
    print(f"  false signals a star: {with_interval(lambda at: float(each[at].mean()), len(each))}")
    right = rows[rows.verdict == "right"]
    for kind, column in (("planet", "p_planet"), ("binary", "p_eclipsing_binary")):
        part = right[right.true_kind == kind]
        if len(part) and not rows.kind.str.contains("_").any():
            print(f"  {kind}s whose class is the most probable: {np.mean(part[column] > 0.5):.3f} of {len(part)}")


def ranking(rows: pd.DataFrame, stars: pd.DataFrame) -> None:
    """Print how hosts rank among other stars of the lent classes, by planet score and by star score."""
    kind = stars.kind.str.split().str[0]
    if not (kind == "planet_host").any():
        return
    best = rows.groupby("star").planet_score.max().reindex(stars.index)
    rest = np.minimum(stars.star_score.fillna(-MAX_SCORE), MAX_WITHOUT_SIGNAL)
    scores = {"planet score": best.fillna(rest), "star score": stars.star_score}
    strong = rows[rows.true_snr > STRONG].star.unique() if "true_snr" in rows else []
    all_hosts = kind == "planet_host"
    groups = {"hosts": all_hosts, f"hosts above {STRONG:g} sigma": all_hosts & stars.index.isin(strong)}
    for label, hosts in groups.items():
        for against in ("EB", "false_positive", "no_known_transit", ""):
            use = hosts | ((kind == against) if against else ~all_hosts)
            if not (use & ~hosts).any() or not hosts.any():
                continue
            y = hosts[use].to_numpy()
            sizes = f"{label} ({y.sum()}) against {against or 'all others'} ({(~y).sum()})"
            for name, score in scores.items():
                if score[use].notna().all():
                    print(f"  {sizes}, {name}: {auc_with_interval(y, score[use].to_numpy())}")


def auc_with_interval(hosts: "np.ndarray", score: "np.ndarray") -> str:
    """Area under the ROC curve of stars, with its interval."""
    from sklearn.metrics import roc_auc_score

    def auc(at: "np.ndarray") -> float:
        return float(roc_auc_score(hosts[at], score[at])) if 0 < hosts[at].sum() < len(at) else np.nan

    return with_interval(auc, len(hosts))


def main() -> None:
    """Measure or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="do", required=True)
    first = commands.add_parser("measure")
    add_star_options(first, ("simulated", "injected", "lent"))
    first.add_argument("--out", type=Path, default=Path("signals.csv"))
    first.add_argument("--published", action="store_true", help="classify the published signals of lent stars, without a search")
    second = commands.add_parser("report")
    second.add_argument("files", type=Path, nargs="+")
    second.add_argument("--quiet-part", type=int, help="of lent quiet stars, only those of this half: 1 was not trained on")
    args = parser.parse_args()
    if args.do == "report":
        report(args.files, args.quiet_part)
    else:
        models = {mission: load(name) for mission, name in MODELS.items()}
        measure(star_sample(args.stars, args), models, args.out, published=args.published)


if __name__ == "__main__":
    main()
