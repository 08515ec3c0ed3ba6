"""Candidate list: the leaderboard as candidates.csv with its provenance, and expected false alarms."""

import hashlib
import json
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from astroseq_core import __version__
from astroseq_core.column_fields import Cell
from astroseq_core.columns import CANDIDATE_COLUMNS, CANDIDATES_CSV, STAR_SCORE
from astroseq_core.errors import ModelError
from astroseq_core.io import files
from astroseq_core.networks import card as cards
from astroseq_core.store import leaderboard
from astroseq_core.store.leaderboard import LeaderboardRow
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.thresholds import ScoreThreshold
from astroseq_core.type_names import JsonObject

#: Rows of one query.
ROWS_PER_QUERY = 50_000
#: Fewest stars near the threshold, and fewest without a transit, from which false alarms are estimated.
MIN_NEAR_STARS, MIN_QUIET_STARS = 5, 8
#: Standard deviations of a 95 % interval.
Z_95 = 1.959964


def is_above_threshold(row: LeaderboardRow, threshold: ScoreThreshold | None) -> bool:
    """Return whether a star is at or above the score threshold.

    Parameters
    ----------
    row : LeaderboardRow
        Leaderboard row of the star.
    threshold : Cut or None
        Score threshold; no star passes without one.

    Returns
    -------
    bool
        Whether the star passes.
    """
    if threshold is None or row.star_score is None:
        return False
    score: float | None = getattr(row, threshold.score)
    return score is not None and score >= threshold.threshold


@dataclass
class _Counts:
    rows: int = 0
    passed: int = 0
    simulated: int = 0
    models: dict[str, set[str]] = field(default_factory=dict)

    def add(self, row: LeaderboardRow, passed: bool) -> None:
        """Count a star.

        Parameters
        ----------
        row : LeaderboardRow
            Leaderboard row of the star.
        passed : bool
            Whether it is above the score threshold.
        """
        self.rows += 1
        self.passed += passed
        self.simulated += bool(row.simulated)
        self.models.setdefault(row.model_id, set()).add(row.model_sha)


def ranked_rows(filters: Filters) -> Iterator[LeaderboardRow]:
    """Yield all stars that meet the filters, the highest rank first, each once.

    Parameters
    ----------
    filters : Filters
        Filters of the leaderboard.

    Yields
    ------
    LeaderboardRow
        Leaderboard row of a star.
    """
    seen: set[str] = set()
    done = 0
    while True:
        found = leaderboard.load_page(filters, limit=ROWS_PER_QUERY, offset=done)
        # A running survey may have moved some rows from the previous query into this one.
        yield from (row for row in found.rows if row.target_id not in seen)
        seen |= {row.target_id for row in found.rows}
        done += len(found.rows)
        if not found.rows or done >= found.in_all:
            return


def provenance_path(path: Path) -> Path:
    """Return the path of the provenance file beside a table of candidates.

    Parameters
    ----------
    path : pathlib.Path
        Path of the table.

    Returns
    -------
    pathlib.Path
        Path of the JSON file.

    Examples
    --------
    >>> provenance_path(Path("candidates.csv")).name
    'candidates.provenance.json'
    """
    return path.with_name(f"{path.stem}.provenance.json")


def write(
    path: Path,
    rows: Iterable[LeaderboardRow],
    threshold: ScoreThreshold | None,
    filters: Mapping[str, object],
    *,
    only_passed: bool = False,
) -> JsonObject:
    """Write a table of candidates, and its provenance beside it.

    Parameters
    ----------
    path : pathlib.Path
        Path of the table; an older file stays as it was if writing fails.
    rows : iterable of LeaderboardRow
        Stars; those without a score are left out.
    threshold : Cut or None
        Score threshold.
    filters : mapping
        Filters by which the rows were chosen, as plain values.
    only_passed : bool, optional
        Leave out stars below the threshold.

    Returns
    -------
    dict
        The provenance.

    Raises
    ------
    ExportError
        If a file cannot be written.
    """
    counts = _Counts()
    with files.TableWriter(path, CANDIDATES_CSV) as table:
        table.write(_table_rows(rows, threshold, counts, only_passed))
    about = _provenance(path, threshold, filters, counts)
    files.write_text_atomically(provenance_path(path), json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    return about


def _table_rows(
    rows: Iterable[LeaderboardRow], threshold: ScoreThreshold | None, counts: _Counts, only_passed: bool
) -> Iterator[JsonObject]:
    for row in rows:
        passed = is_above_threshold(row, threshold)
        if row.star_score is None or (only_passed and not passed):
            continue
        counts.add(row, passed)
        yield candidate_row(row, passed)


def candidate_row(row: LeaderboardRow, passed: bool, names: Iterable[str] = CANDIDATES_CSV) -> dict[str, Cell]:
    """Return a star as a row of a table of candidates.

    Parameters
    ----------
    row : LeaderboardRow
        Leaderboard row of the star.
    passed : bool
        Whether the star is at or above the score threshold.
    names : iterable of str, optional
        Names of the columns; by default those of candidates.csv.

    Returns
    -------
    dict
        Values by column name; numbers are rounded to their meaningful digits.
    """
    values = vars(row) | {
        "star_id": row.target_id,
        "score_raw": row.star_score,
        "p_highclass": int(passed),
        "simulated": int(row.simulated),
        "mission": row.seen_as or row.mission,
    }
    return {name: CANDIDATE_COLUMNS[name].rounded(values[name]) for name in names}


def _provenance(path: Path, threshold: ScoreThreshold | None, filters: Mapping[str, object], counts: _Counts) -> JsonObject:
    return {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "made_by": f"AstroSeq {__version__}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "models": [model_provenance(name, hashes) for name, hashes in sorted(counts.models.items())],
        "cut": threshold_provenance(threshold),
        "filters": {name: value for name, value in filters.items() if value not in (None, "", ())},
        "counts": {"rows": counts.rows, "passed": counts.passed, "simulated": counts.simulated},
        "simulated": "none" if not counts.simulated else "all" if counts.simulated == counts.rows else "some",
        "columns": list(CANDIDATES_CSV),
        "words": {name: CANDIDATE_COLUMNS[name].description for name in CANDIDATES_CSV},
    }


def threshold_provenance(threshold: ScoreThreshold | None) -> JsonObject | None:
    """Return the provenance of a threshold.

    Parameters
    ----------
    threshold : ScoreThreshold or None
        The score threshold.

    Returns
    -------
    dict or None
        How it was chosen and its value, and of which score where that is not the star score; None without one.
    """
    if threshold is None:
        return None
    made: JsonObject = {"kind": threshold.kind, "threshold": threshold.threshold, "n": threshold.n}
    return made if threshold.score == STAR_SCORE else made | {"score": threshold.score}


def model_provenance(model_id: str, hashes: Iterable[str]) -> JsonObject:
    """Return the provenance of a model.

    Parameters
    ----------
    model_id : str
        Identifier of the model.
    hashes : iterable of str
        Hashes of all that the model's scores depended on.

    Returns
    -------
    dict
        Identifier, title, SHA-256 of the weights (None if the model is no longer here) and the
        hashes.
    """
    try:
        card = cards.read(cards.model_folder(model_id))
    except ModelError:
        # The model may have been deleted since it gave the scores.
        return {"model_id": model_id, "title": "", "sha256": None, "scored_with": sorted(hashes)}
    return {"model_id": model_id, "title": card.title, "sha256": card.sha256, "scored_with": sorted(hashes)}


@dataclass(frozen=True)
class ExpectedFalseAlarms:
    """Expected number of false alarms among the stars above a score threshold.

    Attributes
    ----------
    stars : float
        Expected number of stars.
    upper_limit : float or None
        Upper limit of the 95 % interval; None where it cannot be given.
    basis : str
        What the estimate rests on, in one or two sentences.
    """

    stars: float
    upper_limit: float | None
    basis: str

    def within(self, passing: int) -> "ExpectedFalseAlarms":
        """Return the estimate limited to the number of stars that could be false alarms.

        Parameters
        ----------
        passing : int
            Stars above the threshold without a known object.

        Returns
        -------
        Expected
            The estimate, with both numbers limited.
        """
        return replace(
            self, stars=min(self.stars, passing), upper_limit=None if self.upper_limit is None else min(self.upper_limit, passing)
        )


def false_alarms_from_quiet_stars(passed: int, quiet: int, others: int) -> ExpectedFalseAlarms | None:
    """Estimate false alarms from simulated stars without transits.

    The same share of the other stars is expected to pass as of the simulated quiet stars.

    Parameters
    ----------
    passed : int
        Quiet simulated stars above the threshold.
    quiet : int
        All quiet simulated stars.
    others : int
        Other stars without a known object.

    Returns
    -------
    Expected or None
        The estimate; None where there are too few quiet stars.

    Examples
    --------
    >>> false_alarms_from_quiet_stars(2, 40, 0).stars
    2
    >>> false_alarms_from_quiet_stars(2, 40, 100).stars
    7.0
    """
    if quiet < (MIN_QUIET_STARS if others else 1):
        return None
    text = f"{passed:,} of {quiet:,} simulated stars without a transit pass"
    if not others:
        return ExpectedFalseAlarms(
            passed, None, f"{text}: these are false alarms for certain, and there are no other stars than simulated ones."
        )
    basis = (
        f"{text}; the same share is expected of {others:,} other stars without a known object. Simulated noise is tamer than "
        "that of real stars, so it may be more."
    )
    return ExpectedFalseAlarms(passed + passed / quiet * others, passed + wilson_upper_limit(passed, quiet) * others, basis)


def false_alarms_from_odds(planet_scores: Sequence[float]) -> ExpectedFalseAlarms | None:
    """Estimate how many stars above a threshold of the planet score have no planet, from their planet scores.

    The planet score is the natural log of odds, so each star has a planet with the probability
    1 / (1 + exp(-score)), if the odds are calibrated for these stars.

    Parameters
    ----------
    planet_scores : sequence of float
        Planet scores of the stars without a known object that pass.

    Returns
    -------
    ExpectedFalseAlarms or None
        The estimate, with the upper end of its 95 % interval; None without a star.

    Examples
    --------
    >>> false_alarms_from_odds([0.0, 0.0, 30.0]).stars
    1.0
    """
    if not planet_scores:
        return None
    # with the exponent's sign that cannot overflow
    none = [1 / (1 + math.exp(score)) if score < 0 else math.exp(-score) / (1 + math.exp(-score)) for score in planet_scores]
    expected, spread = math.fsum(none), math.sqrt(math.fsum(p * (1 - p) for p in none))
    basis = (
        f"The planet scores of the {len(none):,} stars without a known object that pass are odds, and by these so many of them "
        "have no planet: noise, and eclipsing binaries and variable stars that look like one. This counts what the classifier "
        "doubts; it does not know what it is sure of and wrong about, nor how rare planets are among your stars."
    )
    return ExpectedFalseAlarms(round(expected, 6), min(len(none), expected + Z_95 * spread), basis)


def wilson_upper_limit(passed: int, tried: int) -> float:
    """Return the upper end of the 95 % interval of a proportion (Wilson 1927, JASA 22, 209).

    Parameters
    ----------
    passed : int
        Successes.
    tried : int
        Trials, at least 1.

    Returns
    -------
    float
        Upper limit, 0 to 1.

    Examples
    --------
    >>> round(wilson_upper_limit(0, 40), 3), round(wilson_upper_limit(5, 40), 3)
    (0.088, 0.261)
    """
    share, z2 = passed / tried, Z_95**2
    spread = Z_95 * math.sqrt(share * (1 - share) / tried + z2 / (4 * tried**2))
    return (share + z2 / (2 * tried) + spread) / (1 + z2 / tried)


def false_alarms_near_threshold(near: Sequence[LeaderboardRow], unknown: int) -> ExpectedFalseAlarms | None:
    """Estimate false alarms from the false-alarm probabilities of stars near the score threshold.

    The false-alarm probability of a star is the chance that a copy of it without transits scores as
    high as it does. For a star at the threshold that is the chance to pass, and the median of such
    stars stands for all. The sum over the stars that pass would be far too low: most of them score
    well above the threshold.

    Parameters
    ----------
    near : sequence of LeaderboardRow
        Stars with scores near the threshold.
    unknown : int
        Stars without a known object.

    Returns
    -------
    Expected or None
        The estimate; None if fewer than `LEAST_NEAR` stars near the threshold have a probability.
    """
    found = [r.false_alarm_probability for r in near if r.false_alarm_probability is not None]
    if len(found) < MIN_NEAR_STARS:
        return None
    chance = statistics.median(found)
    basis = (
        f"{len(found)} stars nearest to the threshold have a false-alarm probability of {chance:.2g} in the median: the chance "
        f"to pass without transits, times {unknown:,} stars without a known object. A few copies of each star cannot show that "
        "it is small, so it may well be less."
    )
    return ExpectedFalseAlarms(chance * unknown, None, basis)
