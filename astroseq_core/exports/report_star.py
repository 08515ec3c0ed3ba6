"""What a report says of a star: an examination, the record of the candidate, scores, and where all of it is from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from astroseq_core import __version__
from astroseq_core.exports.records import Record
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.stellar import StellarParameters
from astroseq_core.store import reasons
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem
from astroseq_core.vetting.check import Check, Flag
from astroseq_core.vetting.examine import Examination

SIMULATED = "SIMULATED STAR: it exists only in AstroSeq"
#: Where ephemerides are from, in words.
SOURCES = {
    "catalogue": "from a catalogue", "fold": "best fold of the scores", "person": "given by a person", "fit": "fitted",
    "verdict": "of the verdict",
}  # fmt: skip
#: What verdicts are called in full.
CALLED = {
    "PC": "planet candidate", "CP": "confirmed planet", "KP": "known planet", "FP": "false positive", "FA": "false alarm",
    "UNSURE": "unsure",
}  # fmt: skip
#: Which checks are read first.
_URGENCY = {Flag.FAIL: 0, Flag.WARN: 1, Flag.UNKNOWN: 2, Flag.PASS: 3}


@dataclass(frozen=True)
class Fact:
    """A line of the header: what it is, and its value with error and unit."""

    label: str
    value: str


@dataclass(frozen=True, eq=False)
class ReportStar:
    """All that a report shows. ``scores``: of those of its observations that have some; ``sources``: each light curve's name
    and SHA-256; ``made``: ISO time in UTC; ``model_title`` and ``model_sha256`` as the model's card says them.
    """

    target: Target
    record: Record
    examination: Examination
    scores: tuple[SegmentScores, ...] = ()
    stellar: StellarParameters | None = None
    sources: tuple[tuple[str, str], ...] = ()
    model_title: str = ""
    model_sha256: str = ""
    catalogue: str = ""
    made: str = ""

    @property
    def is_simulated(self) -> bool:
        """Whether the star exists only here."""
        return self.target.is_simulated or bool(self.record.simulated)

    @property
    def names(self) -> str:
        """Under the title: the star's other name, who saw it and when."""
        prepared = self.examination.prepared
        mission, word = prepared[0].curve.instrument, prepared[0].curve.instrument.observation_word
        seen = f"as {mission.name} would see it" if self.target.is_simulated else mission.name
        count = len(prepared)
        which = f"{count} {word}{'s' if count != 1 else ''}, {prepared[0].cadence_minutes:.3g} min"
        name = self.stellar.name if self.stellar else ""
        signal = self.examination.ephemeris.name
        parts = [name, signal if signal != name else "", seen, which]
        return " · ".join(dict.fromkeys(p for p in parts if p and p != self.target.id))

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks, failed ones first."""
        return tuple(sorted(self.examination.checks, key=lambda c: _URGENCY[c.flag]))


def of(
    target: Target,
    examination: Examination,
    record: Record,
    *,
    scores: Sequence[SegmentScores | None] = (),
    stellar: StellarParameters | None = None,
    card: ModelCard | None = None,
    catalogue: str = "",
) -> ReportStar:
    """A report's content, made now. ``card``: of the model that gave the scores; ``catalogue``: where ephemerides are from."""
    curves = [p.curve for p in examination.prepared]
    return ReportStar(
        target=target,
        record=record,
        examination=examination,
        scores=tuple(s for s in scores if s is not None and len(s)),
        stellar=stellar or record.stellar,
        sources=tuple((c.provenance.name or c.observation, c.provenance.sha256) for c in curves),
        model_title=card.title if card else "",
        model_sha256=card.sha256 if card else "",
        catalogue=catalogue,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def star_facts(star: ReportStar) -> tuple[Fact, ...]:
    """What is known of the star itself."""
    known = star.stellar
    magnitude = star.record.magnitude if star.record.magnitude is not None else known.magnitude if known else None
    band = star.record.magnitude_band or (known.band if known else "")
    noise = sorted(p.noise_ppm for p in star.examination.prepared)[len(star.examination.prepared) // 2]
    return (
        Fact(f"Magnitude{f' {band}' if band else ''}", number(magnitude, 2)),
        Fact("Temperature", number(known.teff_k if known else None, 0, "K")),
        Fact("Radius", number(known.radius_solar if known else None, 3, "R☉")),
        Fact("Mass", number(known.mass_solar if known else None, 3, "M☉")),
        Fact("Density", number(known.density_solar if known else None, 3, "ρ☉", known.density_err if known else None)),
        Fact("Noise", f"{noise:,.0f} ppm a cadence"),
    )


def ephemeris_facts(star: ReportStar) -> tuple[Fact, ...]:
    """The ephemeris that was examined, with errors where they are known."""
    e = star.examination.ephemeris
    system = star.examination.prepared[0].system
    period = "single transit" if e.period_days is None else with_error(e.period_days, e.period_err or None, "d", 6)
    return (
        Fact("Period", period),
        Fact(f"Epoch {system}", with_error(e.t0.to(system).days, e.t0_err or None, "", 4)),
        Fact("Epoch BJD", with_error(e.t0.to(TimeSystem.BJD).days, e.t0_err or None, "TDB", 4)),
        Fact("Duration", with_error(e.duration_hours, None, "h", 2)),
        Fact("Depth", with_error(star.examination.fold.depth_ppm, star.examination.fold.depth_err_ppm, "ppm", 0, 0)),
        Fact("Taken", SOURCES.get(star.record.ephemeris_source, star.record.ephemeris_source or "as given")),
    )


def fit_facts(star: ReportStar) -> tuple[Fact, ...]:
    """The fitted transit."""
    fit = star.examination.fit
    if fit is None:
        return (Fact("Fit", "none could be made"),)
    density = "–" if fit.density_solar is None else with_error(fit.density_solar, None, "ρ☉", 2)
    return (
        Fact("Fitted depth", with_error(fit.depth_ppm, fit.depth_err_ppm, "ppm", 0, 0)),
        Fact("Fitted duration", with_error(fit.duration_hours, fit.duration_err_hours, "h", 2, 4)),
        Fact("Radius ratio", with_error(fit.radius_ratio, fit.radius_ratio_err, "", 4, 5)),
        Fact("Impact", with_error(fit.impact, fit.impact_err, "", 2, 3)),
        Fact("Density (circular)", density),
        Fact("Flat part, χ²", f"{fit.flat_fraction:.0%}, {fit.chi2_reduced:.2f}"),
    )


def verdict_facts(star: ReportStar) -> tuple[Fact, ...]:
    """Score, verdict and known object."""
    r = star.record
    verdict = f"{r.disposition} ({CALLED[r.disposition]})" if r.disposition in CALLED else r.disposition or "none yet"
    ratio = f"period × {r.match_ratio}" if r.match_ratio else "another period"
    match = f"{r.match} ({r.match_kind}, {ratio})" if r.match else "none"
    if not r.match and r.ephemeris_source == "catalogue":
        e = star.examination.ephemeris
        match = f"{e.name} ({e.disposition})" if e.disposition else e.name
    return (
        Fact("Score", number(r.score_raw, 1) if r.score_raw is not None else "not scored"),
        Fact("Verdict", verdict),
        Fact("Reviewer", f"{r.reviewer}, {r.decided[:10]}" if r.reviewer else "–"),
        Fact("Flags", f"{r.flags}: {reasons.words(r.flags.split())}" if r.flags else "none"),
        Fact("Known", match),
        Fact("Note", r.note or "–"),
    )


def provenance(star: ReportStar, digits: int = 64) -> tuple[str, ...]:
    """Where everything is from, a sentence or two on each thing; of a file's SHA-256 so many digits."""
    r = star.record
    said = [f"AstroSeq {__version__}, {star.made}."]
    if star.scores or r.model_id:
        model = star.scores[0].model_id if star.scores else r.model_id
        title = f" ({star.model_title})" if star.model_title else ""
        sha = f", weights SHA-256 {star.model_sha256}" if star.model_sha256 else ""
        said.append(f"Model {model}{title}{sha}.")
    else:
        said.append("No model's scores.")
    if star.catalogue:
        said.append(f"Ephemerides of {star.catalogue}.")
    if star.stellar and star.stellar.source:
        said.append(f"Stellar parameters of {star.stellar.source}.")
    word = "SHA-256" if digits >= 64 else "SHA-256 begins"
    said += [f"{name}: {word} {sha[:digits]}." if sha else f"{name}, no file." for name, sha in star.sources]
    return tuple(dict.fromkeys(said))


def number(value: float | None, digits: int, unit: str = "", error: float | None = None) -> str:
    """The number with so many digits behind the point, its error and unit; a dash where it is not known."""
    if value is None or not math.isfinite(value):
        return "–"
    form = f",.{digits}f" if unit == "ppm" else f".{digits}f"  # a Julian date is read without commas
    # an error that rounds to nothing would say that there is none
    shown = f"{value:{form}}" + (f" ± {error:{form}}" if error and round(error, digits) else "")
    return f"{shown} {unit}".strip()


def with_error(value: float | None, error: float | None, unit: str, digits: int, most: int = 9) -> str:
    """The number to the second digit of its error, at ``most`` so many, or with ``digits`` where the error is not known."""
    if error and math.isfinite(error) and error > 0:
        digits = max(0, min(most, 1 - math.floor(math.log10(error))))
    return number(value, digits, unit, error)
