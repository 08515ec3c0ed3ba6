"""Explore's tables and the sentences beside them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.figures import timeline
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.opening import OpenedStar
from astroseq_core.times import TimeSystem

if TYPE_CHECKING:
    import pandas as pd

#: What a card calls the stars that a model was measured on and never saw.
TEST_PART = "test"


def with_error(value: float, error: float) -> str:
    """The value with two digits of its error, e.g. ``1325.5039 ± 0.0021``; as it is where no error was published."""
    if not error > 0:
        return f"{value:.6g}" if abs(value) < 1e3 else f"{value:.5f}"
    digits = max(0, 1 - int(np.floor(np.log10(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def ephemerides(star: OpenedStar) -> "pd.DataFrame":
    """One row an ephemeris: as published, then how many transits the data hold, how far it has drifted, when the next comes."""
    import pandas as pd

    return pd.DataFrame([_row(star, e) for e in star.ephemerides])


def published(found: Iterable[Ephemeris]) -> "pd.DataFrame":
    """One row an ephemeris, as published."""
    import pandas as pd

    return pd.DataFrame([{"Star": e.target_id, **_published(e, e.t0.system)} for e in found])


def _published(e: Ephemeris, system: TimeSystem) -> dict[str, str]:
    return {
        "Name": e.name,
        "Disposition": e.disposition or "–",
        "Period [d]": "single" if e.period_days is None else with_error(e.period_days, e.period_err),
        f"t0 [{system}]": with_error(e.t0.to(system).days, e.t0_err),
        "Duration [h]": f"{e.duration_hours:.2f}",
        "Depth [ppm]": "–" if e.depth_ppm is None else f"{e.depth_ppm:,.0f}",
    }


def _row(star: OpenedStar, e: Ephemeris) -> dict[str, Any]:
    system = star.system
    seen = sum(
        int(np.sum(np.searchsorted(p.time, t.mid + e.duration_days / 2) > np.searchsorted(p.time, t.mid - e.duration_days / 2)))
        for p in star.prepared
        for t in [e.transits(float(p.time[0]), float(p.time[-1]), p.system)]
    )
    last = float(star.prepared[-1].time[-1])
    number = 0 if e.period_days is None else round((last - e.t0.to(system).days) / e.period_days)
    return {
        **_published(e, system),
        "Transits here": seen,
        "Drift [h]": f"{float(e.drift_days(number)) * HOURS_PER_DAY:.2f}",
        "Next transit": _next(e, star),
    }


def _next(e: Ephemeris, star: OpenedStar) -> str:
    """Date of the first transit from now on, with its error where that is above an hour."""
    if e.period_days is None:
        return "–"
    now = datetime.now(UTC).timestamp() / 86400 + timeline.UNIX_EPOCH_BJD - star.system.zero_bjd
    coming = e.transits(now, now + e.period_days, star.system)
    if len(coming) == 0:
        return "–"
    sigma = float(coming.sigma_days[-1]) * HOURS_PER_DAY
    day = timeline.date(float(coming.mid[-1]), star.system)
    return day if sigma < 1 else f"{day} ± {sigma:.0f} h" if sigma < 48 else f"{day} ± {sigma / HOURS_PER_DAY:.0f} d"


def files(star: OpenedStar) -> "pd.DataFrame":
    """One row an observation: where it is from and what it holds."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "Observation": p.observation,
                "From": timeline.date(float(p.time[0]), p.system),
                "To": timeline.date(float(p.time[-1]), p.system),
                "Cadences": len(p.time),
                "Left out": len(p.curve.time) - len(p.time),
                "Cadence [min]": round(p.cadence_minutes, 3),
                "Noise [ppm]": round(p.noise_ppm),
                "Author": p.curve.author or "–",
                "File": p.curve.provenance.name,
                "Version": p.curve.provenance.version or "–",
                "SHA-256": p.curve.provenance.sha256 or "–",
            }
            for p in star.prepared
        ]
    )


def preparation(star: OpenedStar) -> str:
    """How what is drawn was prepared, in one sentence."""
    s = star.prepared[0].settings
    flattened = sum(c.flattened for c in star.curves)
    trend = "no trend removed" if s.detrending == "none" else f"{s.detrending} trend over {s.window_days:g} d"
    clip = "" if s.clip_sigma is None else f", flares cut at {s.clip_sigma:g} σ"
    already = f" {flattened} of {len(star.curves)} came already detrended and were left as they are." if flattened else ""
    return f"Drawn with: {trend}{clip}; cadences with the default quality bits of {star.instrument.name} left out.{already}"


def metrics(card: ModelCard) -> "pd.DataFrame":
    """One row a group of stars that the model was measured on; values with their intervals as ``value (low to high)``."""
    import pandas as pd

    rows = [{k: v for k, v in row.items() if not isinstance(v, list | tuple)} for row in card.metrics]
    return pd.DataFrame([{k.replace("_", " "): _metric(v) for k, v in row.items()} for row in rows])


def _metric(value: Any) -> Any:
    if isinstance(value, dict):
        numbers = [v for v in value.values() if isinstance(v, int | float)]
        return f"{numbers[0]:.3f} ({numbers[1]:.3f} to {numbers[2]:.3f})" if len(numbers) == 3 else str(value)
    return round(value, 4) if isinstance(value, float) else value


def trained_on(card: ModelCard, target_id: str) -> str:
    """Whether the star had a part in making the model, or was set aside to measure it, in one sentence."""
    stars = card.training.get("stars")
    if not isinstance(stars, list | dict):
        return "Its card does not list the stars it was trained on."
    parts = {str(k): v for k, v in stars.items()} if isinstance(stars, dict) else {"training": stars}
    total = sum(len(names) for part, names in parts.items() if part != TEST_PART)
    for part, names in parts.items():
        if target_id in names:
            if part == TEST_PART:
                return f"{target_id} was set aside to measure it: it was not trained on this star."
            return (
                f"**{target_id} was among the {total} stars it was made from ({part}): how it does here says nothing about stars "
                "it never saw.**"
            )
    return f"{target_id} was not among the {total} stars it was made from."
