"""Explore's tables and the sentences beside them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from astroseq_core.app.shared.layout import escape
from astroseq_core.app.shared.words import DETRENDING_WORDS
from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.networks.card import ModelCard
from astroseq_core.plots import _timeline
from astroseq_core.scoring.star_data import StarData
from astroseq_core.times import TimeSystem

if TYPE_CHECKING:
    import pandas as pd

#: A model card's name for the test stars.
TEST_PART = "test"


def format_with_error(value: float, error: float) -> str:
    """Format a value with its error, rounded to two digits of the error.

    Parameters
    ----------
    value : float
        The value.
    error : float
        One standard deviation; 0 or NaN if none was published.

    Returns
    -------
    str
        For example `1325.5039 ± 0.0021`, or the value alone.

    Examples
    --------
    >>> format_with_error(1325.50391, 0.00213)
    '1325.5039 ± 0.0021'
    >>> format_with_error(3.5, 0.0)
    '3.5'
    """
    if not error > 0:
        return f"{value:.6g}" if abs(value) < 1e3 else f"{value:.5f}"
    digits = max(0, 1 - int(np.floor(np.log10(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def ephemeris_table(star: StarData) -> "pd.DataFrame":
    """Return the star's ephemerides as a table.

    Parameters
    ----------
    star : StarData
        The star.

    Returns
    -------
    DataFrame
        One row each: published values, transits in the data, drift [h] (1 sigma), next transit.
    """
    import pandas as pd

    return pd.DataFrame([_ephemeris_row(star, e) for e in star.ephemerides])


def published_table(found: Iterable[Ephemeris]) -> "pd.DataFrame":
    """Return ephemerides as published.

    Parameters
    ----------
    found : Iterable of Ephemeris
        The ephemerides.

    Returns
    -------
    DataFrame
        One row each.
    """
    import pandas as pd

    return pd.DataFrame([{"Star": e.target_id, **_published_row(e, e.t0.system)} for e in found])


def _published_row(e: Ephemeris, system: TimeSystem) -> dict[str, str]:
    return {
        "Name": e.name,
        "Disposition": e.disposition or "–",
        "Period [d]": "single" if e.period_days is None else format_with_error(e.period_days, e.period_err),
        f"t0 [{system}]": format_with_error(e.t0.to(system).days, e.t0_err),
        "Duration [h]": f"{e.duration_hours:.2f}",
        "Depth [ppm]": "–" if e.depth_ppm is None else f"{e.depth_ppm:,.0f}",
    }


def _ephemeris_row(star: StarData, e: Ephemeris) -> dict[str, Any]:
    system = star.system
    seen = sum(
        int(np.sum(np.searchsorted(p.time, t.mid + e.duration_days / 2) > np.searchsorted(p.time, t.mid - e.duration_days / 2)))
        for p in star.detrended
        for t in [e.transits(float(p.time[0]), float(p.time[-1]), p.system)]
    )
    last = float(star.detrended[-1].time[-1])
    number = 0 if e.period_days is None else round((last - e.t0.to(system).days) / e.period_days)
    return {
        **_published_row(e, system),
        "Transits here": seen,
        "Drift [h]": f"{float(e.drift_days(number)) * HOURS_PER_DAY:.2f}",
        "Next transit": _next_transit(e, star),
    }


def _next_transit(e: Ephemeris, star: StarData) -> str:
    """Return the date of the next transit, with its error if that exceeds one hour."""
    if e.period_days is None:
        return "–"
    now = datetime.now(UTC).timestamp() / 86400 + _timeline.UNIX_EPOCH_BJD - star.system.zero_bjd
    coming = e.transits(now, now + e.period_days, star.system)
    if len(coming) == 0:
        return "–"
    sigma = float(coming.sigma_days[-1]) * HOURS_PER_DAY
    day = _timeline.date_string(float(coming.mid[-1]), star.system)
    return day if sigma < 1 else f"{day} ± {sigma:.0f} h" if sigma < 48 else f"{day} ± {sigma / HOURS_PER_DAY:.0f} d"


def observation_table(star: StarData) -> "pd.DataFrame":
    """Return the star's observations as a table.

    Parameters
    ----------
    star : StarData
        The star.

    Returns
    -------
    DataFrame
        One row each: time span, cadences, noise [ppm], and the file it was read from.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "Observation": p.observation,
                "From": _timeline.date_string(float(p.time[0]), p.system),
                "To": _timeline.date_string(float(p.time[-1]), p.system),
                "Cadences": len(p.time),
                "Left out": len(p.light_curve.time) - len(p.time),
                "Cadence [min]": round(p.cadence_minutes, 3),
                "Noise [ppm]": round(p.noise_ppm) if p.has_level else None,
                "Author": p.light_curve.author or "–",
                "File": p.light_curve.provenance.name,
                "Version": p.light_curve.provenance.version or "–",
                "SHA-256": p.light_curve.provenance.sha256 or "–",
            }
            for p in star.detrended
        ]
    )


def preprocessing_sentence(star: StarData) -> str:
    """Describe the preprocessing of the light curves that are drawn.

    Parameters
    ----------
    star : StarData
        The star.

    Returns
    -------
    str
        One sentence or two.
    """
    s = star.detrended[0].settings
    flattened = sum(c.flattened for c in star.light_curves)
    method = DETRENDING_WORDS.get(s.detrending, s.detrending)
    trend = "no trend removed" if s.detrending == "none" else f"trend by {method} over {s.window_days:g} d"
    clip = "" if s.clip_sigma is None else f", flares clipped at {s.clip_sigma:g} σ"
    already = f" {flattened} of {len(star.light_curves)} came already detrended and were left as they are." if flattened else ""
    return f"Drawn with: {trend}{clip}; cadences with the default quality bits of {star.instrument.name} left out.{already}"


#: The numbers of a card that are shown, in words; the card itself has all.
METRIC_WORDS = {
    "group": "Measured on",
    "stars": "Stars",
    "segments": "Segments",
    "positives": "With a transit",
    "base_rate": "Base rate",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "pr_lift": "PR AUC over base rate",
    "recall": "Found at 1 % false alarms",
    "recall_strict": "Found at 0.1 % false alarms",
    "ece_interval": "Calibration error",
    "note": "Note",
}


def metrics_table(card: ModelCard) -> "pd.DataFrame":
    """Return the metrics in a model card as a table.

    Parameters
    ----------
    card : ModelCard
        The model.

    Returns
    -------
    DataFrame
        One row for each group of stars: the numbers of `METRIC_WORDS`; intervals as `value (low to high)`.
    """
    import pandas as pd

    rows = [{words: _format_metric(row[k]) for k, words in METRIC_WORDS.items() if k in row} for row in card.metrics]
    return pd.DataFrame(rows)


def _format_metric(value: object) -> Any:
    if isinstance(value, dict):
        numbers = [v for v in value.values() if isinstance(v, int | float)]
        return f"{numbers[0]:.3f} ({numbers[1]:.3f} to {numbers[2]:.3f})" if len(numbers) == 3 else str(value)
    return round(value, 4) if isinstance(value, float) else value


def training_sentence(card: ModelCard, target_id: str) -> str:
    """Say whether a star was used to train or to test a model.

    Parameters
    ----------
    card : ModelCard
        The model.
    target_id : str
        Identifier of the star.

    Returns
    -------
    str
        One sentence, in Markdown.
    """
    stars = card.training.get("stars")
    if not isinstance(stars, list | dict):
        return "Its card does not list the stars it was trained on."
    parts = {str(k): v for k, v in stars.items()} if isinstance(stars, dict) else {"training": stars}
    total = sum(len(names) for part, names in parts.items() if part != TEST_PART)
    for part, names in parts.items():
        if target_id in names:
            if part == TEST_PART:
                return f"{escape(target_id)} was set aside to measure it: it was not trained on this star."
            return (
                f"**{escape(target_id)} was among the {total} stars it was made from ({escape(part)}): "
                "how it does here says nothing about stars it never saw.**"
            )
    return f"{escape(target_id)} was not among the {total} stars it was made from."
