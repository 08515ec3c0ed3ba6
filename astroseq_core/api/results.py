"""What scoring and vetting a star return: numbers, tables and figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from astroseq_core.display import html_table
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import EphemerisError, LightCurveError
from astroseq_core.networks.card import ModelCard
from astroseq_core.scoring.segments import Failure, SegmentScores
from astroseq_core.scoring.star import StarScore
from astroseq_core.scoring.star_data import StarData
from astroseq_core.vetting.checks import base
from astroseq_core.vetting.checks.base import CheckResult, Flag

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from astroseq_core.vetting.examine import Examination


@dataclass(frozen=True, eq=False)
class ScoreResult:
    """Segment probabilities and scores of one star by one model.

    Attributes
    ----------
    star : StarData
        The star.
    card : ModelCard
        Card of the model.
    observations : tuple of (SegmentScores or Failure)
        Result of each light curve, in time order.
    star_score : StarScore
        Scores of the whole star; none of them is the probability that it has a planet.
    """

    star: StarData
    card: ModelCard
    observations: tuple[SegmentScores | Failure, ...]
    star_score: StarScore

    @property
    def segments(self) -> tuple[SegmentScores, ...]:
        """Scores of the segments of each light curve that could be scored."""
        return tuple(s for s in self.observations if isinstance(s, SegmentScores))

    @property
    def problems(self) -> tuple[str, ...]:
        """One sentence for each light curve that could not be scored."""
        return tuple(f"{s.observation}: {s.reason}" for s in self.observations if isinstance(s, Failure))

    @property
    def ephemeris(self) -> Ephemeris:
        """The best period, or single transit, that the probabilities fold to."""
        return self.star_score.ephemeris(f"best fold of {self.card.model_id}")

    def to_pandas(self) -> "pd.DataFrame":
        """Return the segments as a table.

        Returns
        -------
        pandas.DataFrame
            One row a segment, with the columns of segments.csv: target_id, observation, segment
            (number within the observation), t_start and t_stop [d, the mission's system],
            num_cadences, probability.
        """
        import pandas as pd

        columns = ("segment", "t_start", "t_stop", "num_cadences", "probability")
        parts = [
            pd.DataFrame({"target_id": s.target_id, "observation": s.observation} | {c: getattr(s, c) for c in columns})
            for s in self.segments
        ]
        return pd.concat(parts, ignore_index=True)

    def plot(self) -> "go.Figure":
        """Plot the light curve with its predicted transits and the segment probabilities.

        Returns
        -------
        plotly.graph_objects.Figure
            The figure.
        """
        return star_figure(self.star, self)

    def _facts(self) -> tuple[tuple[str, str], ...]:
        score = self.star_score
        found = f"single transit at {score.best_t0.system} {score.best_t0.days:.4f}, {score.best_duration_hours:.2f} h"
        if score.best_period_days is not None:
            period = base.format_with_error(score.best_period_days, score.period_err_days or 0.0)
            found = (
                f"period {period} d, {score.best_t0.system} {score.best_t0.days:.4f}, {score.best_duration_hours:.2f} h, "
                f"{score.num_transits} transits"
            )
        return (
            ("model", self.card.model_id),
            ("segments", f"{score.num_segments} in {len(self.segments)} of {len(self.observations)} light curves"),
            ("star_score", f"{score.star_score:.2f}"),
            ("score_max", f"{score.score_max:.3f}"),
            ("score_topk", f"{score.score_topk:.3f}"),
            ("best", found),
        )

    def __repr__(self) -> str:
        facts = "".join(f"\n  {name}: {text}" for name, text in self._facts())
        return f"<ScoreResult of {self.star.target}{facts}{''.join(f'{chr(10)}  {p}' for p in self.problems)}>"

    def _repr_html_(self) -> str:
        return html_table(f"{self.star.target}, scored", (), self._facts(), self.problems)


@dataclass(frozen=True, eq=False)
class VettingResult:
    """Examinations of one or several signals of one star.

    Attributes
    ----------
    star : StarData
        The star.
    examinations : tuple of Examination
        One for each signal, with its fold, fit, single transits and checks.
    problems : tuple of str
        One sentence for each thing that was left out.
    """

    star: StarData
    examinations: "tuple[Examination, ...]"
    problems: tuple[str, ...] = ()

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of the signals."""
        return tuple(e.ephemeris.name for e in self.examinations)

    def __len__(self) -> int:
        return len(self.examinations)

    def __iter__(self) -> "Iterator[Examination]":
        return iter(self.examinations)

    def __getitem__(self, signal: str | int) -> "Examination":
        """Return the examination of a signal, by its name or number."""
        if isinstance(signal, int):
            return self.examinations[signal]
        named = find_signal([e.ephemeris for e in self.examinations], signal)
        if named is None:
            raise EphemerisError(f"No signal '{signal}' of {self.star.target} was vetted; there are {', '.join(self.signals)}.")
        return self.examinations[named]

    def to_pandas(self) -> "pd.DataFrame":
        """Return the checks as a table.

        Returns
        -------
        pandas.DataFrame
            One row a check of a signal: target_id, signal, check, title, flag (pass, warn, fail or
            unknown), value, error and unit of what was measured, threshold (those that decide, with
            their values), sentence, reason_codes.
        """
        import pandas as pd

        rows = [
            {
                "target_id": self.star.target.id,
                "signal": examined.ephemeris.name,
                "check": check.name,
                "title": check.title,
                "flag": str(check.flag),
                "value": np.nan if check.value is None else check.value,
                "error": np.nan if check.error is None else check.error,
                "unit": check.unit,
                "threshold": _threshold_text(check),
                "sentence": check.sentence,
                "reason_codes": " ".join(check.reason_codes),
            }
            for examined in self.examinations
            for check in examined.checks
        ]
        return pd.DataFrame(rows)

    def plot(self, signal: str | int = 0) -> "go.Figure":
        """Plot the vetting panels of a signal.

        Parameters
        ----------
        signal : str or int, optional
            Name or number of the signal; the first by default.

        Returns
        -------
        plotly.graph_objects.Figure
            Orbit, transit, odd against even, secondary search, single transits and their depths.
        """
        from astroseq_core.plots.vetting import vetting_panels_figure

        return vetting_panels_figure(self[signal])

    def _summaries(self) -> list[tuple[str, str, str]]:
        """Return signal, period and the outcome of its checks in words, one row a signal."""
        rows = []
        for examined in self.examinations:
            period = examined.ephemeris.period_days
            words = [
                f"{flag}: {', '.join(c.title for c in examined.checks if c.flag is flag)}"
                for flag in (Flag.FAIL, Flag.WARN, Flag.UNKNOWN)
                if any(c.flag is flag for c in examined.checks)
            ]
            passed = sum(c.flag is Flag.PASS for c in examined.checks)
            summary = "; ".join((*words, f"{passed} of {len(examined.checks)} pass"))
            rows.append((examined.ephemeris.name, "single" if period is None else f"{period:.5g} d", summary))
        return rows

    def __repr__(self) -> str:
        lines = "".join(f"\n  {name} ({period}): {words}" for name, period, words in self._summaries())
        return f"<VettingResult of {self.star.target}{lines}>"

    def _repr_html_(self) -> str:
        rows = [(e.ephemeris.name, c.title, str(c.flag), c.sentence) for e in self.examinations for c in e.checks]
        shown = [row for row in rows if row[2] != Flag.PASS] if len(self) > 1 else rows
        notes = [f"{name} ({period}): {words}" for name, period, words in self._summaries()]
        return html_table(f"{self.star.target}, vetted", ("signal", "check", "flag", "sentence"), shown, (*notes, *self.problems))


def find_signal(signals: Sequence[Ephemeris], name: str) -> int | None:
    """Return the number of the signal that has a name, or a name that ends in it.

    Parameters
    ----------
    signals : sequence of Ephemeris
        The signals.
    name : str
        The name, such as "SIM 1.01", or only its last part: "01" or "b".

    Returns
    -------
    int or None
        Number of the first such signal; None if there is none.
    """
    exact = [i for i, e in enumerate(signals) if e.name == name]
    ending = [i for i, e in enumerate(signals) if e.name.endswith((f" {name}", f".{name}"))]
    return next(iter((*exact, *ending)), None)


def star_figure(star: StarData, scored: ScoreResult | None, observations: tuple[str, ...] = ()) -> "go.Figure":
    """Plot a star's light curve with predicted transits and, if it is scored, its probabilities.

    Parameters
    ----------
    star : StarData
        The star.
    scored : ScoreResult or None
        Its scores.
    observations : tuple of str, optional
        Names of the observations to draw; by default as many of the first as are legible.

    Returns
    -------
    plotly.graph_objects.Figure
        The figure.

    Raises
    ------
    LightCurveError
        If the star has no observation of such a name.
    """
    from astroseq_core.plots import _timeline
    from astroseq_core.plots import light_curve as figures

    names = [d.observation for d in star.detrended]
    if unknown := [name for name in observations if name not in names]:
        raise LightCurveError(f"{star.target} has no observation '{unknown[0]}'; there are {', '.join(names)}.")
    wanted = tuple(i for i, d in enumerate(star.detrended) if d.observation in observations)
    members = wanted or _timeline.default_observation_indices(star.detrended)
    view = figures.StarView(
        detrended=tuple(star.detrended[i] for i in members),
        ephemerides=star.ephemerides,
        scores=() if scored is None else tuple(scored.observations[i] for i in members),
        note="not scored" if scored is None else "",
    )
    return figures.star_figure(view)


def _threshold_text(result: CheckResult) -> str:
    check = next(c for c in base.all_checks() if c.name == result.name)
    return "; ".join(f"{t.name} {t.value:g} {t.unit}".strip() for t in check.thresholds)
