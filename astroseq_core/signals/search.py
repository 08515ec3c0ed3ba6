"""Search for all signals of a star: find one, settle its period, mask it, go on."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astroseq_core.ephemeris import HOURS_PER_DAY, Ephemeris
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, same_units
from astroseq_core.same_signal import compare_signals
from astroseq_core.scoring import period
from astroseq_core.scoring.evidence import DURATION_HOURS, Evidence, join_evidence, make_grid
from astroseq_core.scoring.period import Trial
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.scoring.star import StarScore
from astroseq_core.signals.aliases import settle_period
from astroseq_core.signals.box_search import (
    DipGrid,
    climb,
    fit_box,
    make_dip_grid,
    measure_uniqueness,
    search_boxes,
    search_single,
    single_uniqueness,
)
from astroseq_core.signals.event_depths import event_boxes, event_depths
from astroseq_core.signals.masked_trend import masked_flux
from astroseq_core.signals.odds import MIN_LOG_ODDS, MIN_SINGLE_SNR, MIN_SNR, Candidate, log_odds
from astroseq_core.signals.signal import FoundSignal
from astroseq_core.signals.trapezoid_fit import TrapezoidFit, fit_trapezoid
from astroseq_core.times import Instant, TimeSystem

#: Most signals of one star, and most rounds of the search: what is left of a deep eclipse is masked, and not counted.
MAX_SIGNALS, MAX_ROUNDS = 6, 10
#: Trials of the box search that are looked at in each round.
NUM_TRIALS = 3
#: Width of the mask of a found signal, in durations, and the least on each side [d].
MASK_WIDEN, MASK_SPARE_DAYS = 1.6, 0.03
#: Longest duration as a fraction of the period.
MAX_DURATION = 0.4
#: Evidence of the segment network from which its own best period is looked at.
MIN_EVIDENCE = 0.0
#: Smallest signal-to-noise ratio from the depths of the single transits.
MIN_EVENTS_SNR = 3.0
#: A fit is repeated with its own duration, this often at most, until the duration changes by less than this factor.
MAX_FITS, NEAR_DURATION = 4, 1.5

_Array = NDArray[np.float64]


def find_signals(
    scores: Sequence[SegmentScores],
    detrended: Sequence[DetrendedLightCurve],
    star: StarScore | None = None,
    *,
    least_log_odds: float = MIN_LOG_ODDS,
) -> tuple[FoundSignal, ...]:
    """Find the signals of a star, the strongest first.

    Periods come from the evidence of the segment network and from a box search. Each candidate is
    settled at the period that its single transits speak for, and is a signal if it is likelier a dip
    of the star than noise. Its transits are masked before the next is searched. What remains of a
    found one, such as its secondary eclipse, is not another signal.

    Parameters
    ----------
    scores : sequence of SegmentScores
        Segment scores of the star; empty to search without a network.
    detrended : sequence of DetrendedLightCurve
        Its detrended light curves, all in one time system and not overlapping.
    star : StarScore, optional
        Its score, which holds the first result of the period search.
    least_log_odds : float, optional
        Smallest log odds of what is a signal.

    Returns
    -------
    tuple of FoundSignal
        At most `MAX_SIGNALS`, without classes.
    """
    if not detrended:
        return ()
    detrended = same_units(detrended)
    search = _Search(detrended, scores)
    found: list[FoundSignal] = []
    masked: list[Ephemeris] = []
    for _ in range(MAX_ROUNDS):
        best = next((c for c in search.candidates(masked, star) if log_odds(c) >= least_log_odds), None)
        if best is None:
            break
        best, fit = search.settle_fitted(best, masked)
        exact = fit.ephemeris
        masked.append(exact)
        search.hide(exact)
        if not any(_belongs_to(exact, one.ephemeris, search.span) for one in found):
            found.append(search.signal(len(found) + 1, best, fit))
            if len(found) == MAX_SIGNALS:
                break
    if all(curve.has_level for curve in detrended):
        return tuple(found)
    # what was measured is in units of the noise of a cadence
    return tuple(replace(one, ephemeris=replace(one.ephemeris, depth_ppm=None)) for one in found)


def _belongs_to(e: Ephemeris, found: Ephemeris, span: tuple[float, float]) -> bool:
    """Return whether a candidate is a part of a found signal: of its orbit, or of every second or third transit."""
    compared = compare_signals(e, found, *span)
    return compared.ratio == "1" or compared.is_alias or compared.same


@dataclass
class _Search:
    """What is searched; the grids lose the transits of each found signal.

    `trials` are those of the last box search, `folded` score, period, epoch and duration of the network's best period.
    """

    detrended: tuple[DetrendedLightCurve, ...]
    flats: list[_Array]
    dips: DipGrid
    evidence: Evidence | None
    target_id: str
    span: tuple[float, float]
    trials: list[Trial]
    folded: tuple[float, float | None, float, float] | None

    def __init__(self, detrended: Sequence[DetrendedLightCurve], scores: Sequence[SegmentScores]) -> None:
        self.detrended = tuple(detrended)
        self.flats = [c.flat for c in detrended]
        self.dips = make_dip_grid(detrended)
        parts = [s.evidence for s in scores if len(s.evidence.time)]
        self.evidence = join_evidence(parts) if parts else None
        self.trials, self.folded = [], None
        self.target_id = str(detrended[0].light_curve.target)
        self.span = (min(float(c.time[0]) for c in detrended), max(float(c.time[-1]) for c in detrended))

    @property
    def system(self) -> TimeSystem:
        """Time system of all times."""
        return self.dips.system

    def candidates(self, masked: Sequence[Ephemeris], star: StarScore | None) -> Iterator[Candidate]:
        """Yield what may be a signal, each at its settled period.

        Periods of an earlier search come first, as far as they are still there: to search anew costs
        most. Then those of the box search, the network's best period, and the deepest single dip.
        """
        if self.trials:
            again = [climb(self.dips, trial.period, trial.begin, trial.width) for trial in self.trials]
            yield from self._of_trials([trial for trial in again if trial is not None], masked)
        self.trials = search_boxes(self.dips)
        yield from self._of_trials(self.trials, masked)
        known = self._from_evidence(star)
        if known is not None:
            yield from self._measure(known, masked)
        single = search_single(self.dips)
        if single is not None and single[2].primary >= MIN_SINGLE_SNR:
            yield from self._measure_single(self._ephemeris(None, single[0], DURATION_HOURS[single[1]]), masked)

    def _of_trials(self, trials: Sequence[Trial], masked: Sequence[Ephemeris]) -> Iterator[Candidate]:
        """Yield the candidates of the best trials of a box search."""
        strong = sorted((t for t in trials if t.score >= MIN_SNR), key=lambda t: t.score, reverse=True)
        for trial in strong[:NUM_TRIALS]:
            middle, hours = fit_box(self.dips, trial)
            step = self.dips.grid.step
            yield from self._measure(self._ephemeris(trial.period * step, self.dips.grid.start + middle * step, hours), masked)

    def _from_evidence(self, star: StarScore | None) -> Ephemeris | None:
        """Return the best period, or single event, of the network's evidence; None where there is none."""
        if self.evidence is None or not len(self.evidence.time):
            return None
        if self.folded is None and star is not None:
            self.folded = (star.score_fold, star.best_period_days, star.best_t0.days, star.best_duration_hours)
        elif self.folded is None:
            folded = period.fold(self.evidence)
            self.folded = (folded.score, folded.period_days, folded.t0_days, folded.duration_hours)
        return self._ephemeris(*self.folded[1:]) if self.folded[0] >= MIN_EVIDENCE else None

    def _ephemeris(self, period_days: float | None, t0: float, hours: float) -> Ephemeris:
        longest = math.inf if period_days is None else MAX_DURATION * period_days * HOURS_PER_DAY
        return Ephemeris(self.target_id, "signal", Instant(t0, self.system), period_days, min(hours, longest))

    def _measure(self, e: Ephemeris, masked: Sequence[Ephemeris]) -> Iterator[Candidate]:
        """Settle the period of a candidate and measure what decides whether it is a signal, if that can be measured."""
        if e.period_days is None:
            yield from self._measure_single(e, masked)
            return
        boxes = event_boxes(self.detrended, self.flats, e, masked)
        e = settle_period(boxes, e)
        assert e.period_days is not None
        events = event_depths(boxes, e)
        if len(events.depth) < 2:
            if len(events.depth):
                alone = replace(e.shifted(float(events.number[0])), period_days=None, period_err=0.0)
                yield from self._measure_single(alone, masked)
            return
        grid = self.dips.grid
        width = grid.nearest_width(e.duration_hours)
        begin = (e.t0.days - grid.start) / grid.step - (grid.widths()[width] - 1) / 2
        trial = climb(self.dips, e.period_days / grid.step, begin, width)
        if trial is not None and events.snr >= MIN_EVENTS_SNR:
            unique = measure_uniqueness(self.dips, trial)
            yield Candidate(e, events.snr, len(events.depth), self._evidence_of(e), trial.score, unique)

    def _measure_single(self, e: Ephemeris, masked: Sequence[Ephemeris]) -> Iterator[Candidate]:
        """Measure a single dip and compare it with the deepest ones elsewhere, if it can be measured."""
        events = event_depths(event_boxes(self.detrended, self.flats, e, masked), e)
        unique = single_uniqueness(self.dips, e.t0.days, e.duration_hours)
        if len(events.depth) and unique is not None:
            yield Candidate(e, events.snr, 1, self._evidence_of(e), unique.primary, unique)

    def _evidence_of(self, e: Ephemeris) -> float | None:
        """Return the network's evidence of a signal, at the best place beside it."""
        if self.evidence is None or not len(self.evidence.time):
            return None
        return period.evidence_of(make_grid(self.evidence), e.period_days, e.t0.days, e.duration_hours)

    def refine(self, e: Ephemeris, masked: Sequence[Ephemeris]) -> TrapezoidFit:
        """Fit epoch, period, duration and depth; where nothing fits, take them as they are with typical errors."""
        flats = [masked_flux(c, (e, *masked)) for c in self.detrended]
        width = self.dips.grid.nearest_width(e.duration_hours)
        red = 1 / (float(self.dips.scale[width]) * math.sqrt(float(self.dips.grid.widths()[width])))
        start, found = e, None
        for _ in range(MAX_FITS):
            fitted = fit_trapezoid(self.detrended, flats, start, masked, red)
            if fitted is None:
                break
            found, before = fitted, start.duration_hours
            if abs(math.log(fitted.ephemeris.duration_hours / before)) < math.log(NEAR_DURATION):
                break
            start = fitted.ephemeris
            flats = [masked_flux(c, (start, *masked)) for c in self.detrended]
        if found is not None:
            return found
        depth, error = event_depths(event_boxes(self.detrended, self.flats, e, masked), e).mean()
        timing = period.TYPICAL_TIMING * e.duration_days
        drift = 0.0 if e.period_days is None else timing / max(1.0, (self.span[1] - self.span[0]) / e.period_days)
        depth_ppm = float(np.clip(depth, 1e-9, 1.0)) * 1e6 if math.isfinite(depth) else None
        return TrapezoidFit(replace(e, t0_err=timing, period_err=drift, depth_ppm=depth_ppm), error * 1e6, 48 * timing)

    def settle_fitted(self, found: Candidate, masked: Sequence[Ephemeris]) -> tuple[Candidate, TrapezoidFit]:
        """Fit a candidate, and settle its period once more with the fitted epoch and width.

        Where transits come early or late, as those of Kepler-90 g do, the box that was found lies beside some of them, and every
        second one seems deeper. At the shorter period it must be a signal, too. A longer one is not taken: what a wider fit
        takes from another planet makes depths differ.
        """
        fit = self.refine(found.ephemeris, masked)
        if fit.ephemeris.period_days is None:
            return found, fit
        settled = settle_period(event_boxes(self.detrended, self.flats, fit.ephemeris, masked), fit.ephemeris)
        if settled.period_days is None or settled.period_days >= fit.ephemeris.period_days:
            return found, fit
        again = next(self._measure(settled, masked), None)
        if again is None or log_odds(again) < MIN_LOG_ODDS:
            return found, fit
        return again, self.refine(again.ephemeris, masked)

    def hide(self, e: Ephemeris) -> None:
        """Mask the transits of a signal."""
        widen = MASK_WIDEN + 2 * MASK_SPARE_DAYS / e.duration_days
        self.dips = self.dips.without(e.in_transit(self.dips.time, self.system, widen=widen))
        if self.evidence is not None:
            keep = ~e.in_transit(self.evidence.time, self.system, widen=widen)
            old = self.evidence
            self.evidence = Evidence(old.time[keep], old.log_ratio[keep], old.step_days)

    def signal(self, number: int, found: Candidate, fit: TrapezoidFit) -> FoundSignal:
        """Return a found signal with what is reported of it."""
        depth = fit.ephemeris.depth_ppm or 0.0
        return FoundSignal(
            number=number,
            ephemeris=replace(fit.ephemeris, name=f"{self.target_id} signal {number}"),
            snr=depth / max(fit.depth_err_ppm, 1e-9),
            num_transits=found.num_transits,
            log_odds=log_odds(found),
            evidence=found.evidence,
            false_alarm_probability=1 / (1 + math.exp(log_odds(found))),
            duration_err_hours=fit.duration_err_hours,
        )
