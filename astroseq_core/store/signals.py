"""Signals in the store: those of a star's score by a model, written and removed with it."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from astroseq_core.column_fields import COUNT, TEXT, Cell
from astroseq_core.columns import STORED_SIGNAL
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import StoreError
from astroseq_core.signal_columns import BestSignalValues, SignalSummary, SignalValues
from astroseq_core.signals.signal import ClassProbabilities, FoundSignal, best_signal, planet_score_of_star
from astroseq_core.store.database import connect, finite_or_none
from astroseq_core.store.rows import check_row, usable_rows
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.typed_json import convert

#: Largest number of signals of a star.
MAX_SIGNALS = 100
#: Difference of the sum of the class probabilities from 1 that rounding explains.
_MAX_EXCESS = 1e-3
_CLASS_NAMES = tuple(ClassProbabilities.__dataclass_fields__)
_INSERT = (
    f"INSERT INTO signals (target_id, model, {', '.join(STORED_SIGNAL)}) "  # noqa: S608 (constants)
    f"VALUES (?, ?, {', '.join('?' * len(STORED_SIGNAL))})"
)


def summarize(signals: Sequence[FoundSignal], star_score: float | None = None) -> dict[str, Any]:
    """Return what a star's score row says of its signals.

    Parameters
    ----------
    signals : sequence of FoundSignal
        All signals that were found; none where there is none.
    star_score : float, optional
        Score of the star, by which stars without a signal are ranked among each other.

    Returns
    -------
    dict of str to float, int or None
        Values of the columns of `SignalSummary` and `BestSignalValues`.

    Examples
    --------
    >>> summarize([], -4.5)["planet_score"], summarize([])["num_signals"]
    (-4.5, 0)
    """
    best, planet_score = best_signal(signals), planet_score_of_star(signals, star_score)
    if best is None:
        return vars(SignalSummary(planet_score=planet_score, num_signals=0)) | vars(BestSignalValues())
    known = {} if best.classes is None else {name: getattr(best.classes, name) for name in _CLASS_NAMES if name[:2] == "p_"}
    orbit = best.ephemeris
    return vars(SignalSummary(planet_score=planet_score, num_signals=len(signals), best_signal=best.number, **known)) | vars(
        BestSignalValues(
            best_signal_period_days=orbit.period_days,
            best_signal_t0=orbit.t0.days,
            best_signal_duration_hours=orbit.duration_hours,
            best_signal_depth_ppm=orbit.depth_ppm,
        )
    )


def signal_values(signal: FoundSignal) -> dict[str, Cell]:
    """Return the values of a signal in the columns of tables.

    Parameters
    ----------
    signal : FoundSignal
        The signal.

    Returns
    -------
    dict of str to float, int, str or None
        Values by column name, not rounded; errors that are not known are None.
    """
    ephemeris = signal.ephemeris
    values = SignalValues(
        signal=signal.number,
        period_days=ephemeris.period_days,
        period_err_days=ephemeris.period_err or None,
        t0_days=ephemeris.t0.days,
        t0_err_days=ephemeris.t0_err or None,
        t0_system=str(ephemeris.t0.system),
        duration_hours=ephemeris.duration_hours,
        duration_err_hours=signal.duration_err_hours,
        depth_ppm=ephemeris.depth_ppm,
        depth_err_ppm=signal.depth_err_ppm,
        snr=signal.snr,
        num_transits=signal.num_transits,
        log_odds=signal.log_odds,
        evidence=signal.evidence,
        false_alarm_probability=signal.false_alarm_probability,
        planet_score=signal.planet_score,
        too_deep=int(signal.is_too_deep),
    )
    own = {} if signal.classes is None else vars(signal.classes)
    trees = {} if signal.baseline is None else {_of_trees(name): value for name, value in vars(signal.baseline).items()}
    return vars(values) | own | trees


def insert(db: sqlite3.Connection, target_id: str, model: int, signals: Iterable[FoundSignal]) -> None:
    """Replace the signals of a star by a model, within the transaction of its score row.

    Parameters
    ----------
    db : sqlite3.Connection
        Open connection that writes.
    target_id : str
        Identifier of the star.
    model : int
        Number of the model.
    signals : iterable of FoundSignal
        Its signals now.

    Raises
    ------
    StoreError
        If two have one number.
    """
    db.execute("DELETE FROM signals WHERE target_id = ? AND model = ?", (target_id, model))
    rows = [(target_id, model, *_sql_values(signal)) for signal in signals]
    if len({row[2] for row in rows}) < len(rows):
        raise StoreError(f"Two signals of {target_id} have one number; number them from 1.")
    db.executemany(_INSERT, rows)


def list_by_star(target_id: str, model_id: str) -> tuple[FoundSignal, ...]:
    """List the signals of a star that were found with a model.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    model_id : str
        Identifier of the model.

    Returns
    -------
    tuple of FoundSignal
        The signals in the order in which they were found; empty where there are none, or were not searched: see
        `num_signals` of the star's score row.
    """
    with connect(writing=False) as db:
        found = db.execute(
            "SELECT signals.* FROM signals JOIN score_models ON score_models.id = model "
            "WHERE target_id = ? AND model_id = ? ORDER BY signal",
            (target_id, model_id),
        ).fetchall()
    return tuple(usable_rows(found, _from_row))


def load_many(scores: Iterable[tuple[str, str]]) -> dict[str, tuple[FoundSignal, ...]]:
    """Load the signals of many stars at once.

    Parameters
    ----------
    scores : iterable of tuple of str
        Identifier of each star, and of the model that it was searched with.

    Returns
    -------
    dict of str to tuple of FoundSignal
        Signals by star, in the order in which they were found; stars without any are not in it.
    """
    found: dict[str, tuple[FoundSignal, ...]] = {}
    with connect(writing=False) as db:
        models = {row["model_id"]: row["id"] for row in db.execute("SELECT id, model_id FROM score_models")}
        for target_id, model_id in scores:
            rows = db.execute(
                "SELECT * FROM signals WHERE target_id = ? AND model = ? ORDER BY signal", (target_id, models.get(model_id))
            )
            if signals := tuple(usable_rows(rows, _from_row)):
                found[target_id] = signals
    return found


def _from_row(row: sqlite3.Row) -> FoundSignal:
    values = {name: row[name] for name in STORED_SIGNAL}
    return check_row(
        f"Signal {row['signal']} of {row['target_id']}",
        row,
        lambda r: _found_signal(r["target_id"], convert(values, SignalValues)),
    )


def _found_signal(target_id: str, values: SignalValues) -> FoundSignal:
    """Return the signal of checked values; raise ValueError if one is missing or impossible."""
    numbers = (values.signal, values.t0_days, values.duration_hours, values.snr, values.num_transits, values.log_odds)
    number, t0, duration, snr, num_transits, log_odds = numbers
    if number is None or t0 is None or duration is None or snr is None or num_transits is None or log_odds is None:
        raise ValueError("a number is missing")
    if not 1 <= number <= MAX_SIGNALS or num_transits < 1 or snr < 0 or values.depth_ppm == 0:
        raise ValueError("its number, its transits or its signal-to-noise ratio cannot be")
    if values.false_alarm_probability is not None and not 0 <= values.false_alarm_probability <= 1:
        raise ValueError("its false-alarm probability is none")
    ephemeris = Ephemeris(
        target_id,
        f"{target_id} signal {number}",
        Instant(t0, TimeSystem.parse(values.t0_system)),
        values.period_days,
        duration,
        values.depth_ppm,
        values.t0_err_days or 0.0,
        values.period_err_days or 0.0,
    )
    chance = values.false_alarm_probability
    classes = _classes({name: getattr(values, name) for name in _CLASS_NAMES})
    baseline = _classes({name: getattr(values, _of_trees(name)) for name in _CLASS_NAMES})
    hours = values.duration_err_hours
    return FoundSignal(number, ephemeris, snr, num_transits, log_odds, values.evidence, chance, classes, hours, baseline)


def _of_trees(name: str) -> str:
    """Return the column of what the trees alone say, for one of `ClassProbabilities`."""
    return f"trees_{name}"


def _classes(found: Mapping[str, float | None]) -> ClassProbabilities | None:
    known = {name: value for name, value in found.items() if value is not None}
    if not known:
        return None
    if len(known) < len(found):
        raise ValueError("a class probability is missing")
    classes = ClassProbabilities(**known)
    total = classes.p_planet + classes.p_eclipsing_binary + classes.p_not_transit
    if not all(0 <= value <= 1 for value in known.values()) or abs(total - 1) > _MAX_EXCESS:
        raise ValueError("its class probabilities are none")
    return classes


def _sql_values(signal: FoundSignal) -> list[float | int | str | None]:
    values = signal_values(signal)
    found: list[float | int | str | None] = []
    for name, column in STORED_SIGNAL.items():
        value = values[name]
        if column.kind == TEXT or value is None or isinstance(value, str):
            found.append(value)
        else:
            found.append(int(value) if column.kind == COUNT else finite_or_none(value))
    return found
