"""Content of a report: the examination of a star, its record and scores, and their provenance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from astroseq_core import __version__
from astroseq_core.disposition_codes import CODES
from astroseq_core.export.records import Record
from astroseq_core.networks.card import ModelCard
from astroseq_core.preprocessing.prepare import median_noise_ppm
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.signals.class_words import CLASSES, depth_warning, likeliest, period_words, short_class_words
from astroseq_core.signals.star_signals import StarSignal
from astroseq_core.stellar import StellarParameters
from astroseq_core.store import disposition_entry
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem
from astroseq_core.vetting.checks.base import CheckResult, Flag
from astroseq_core.vetting.examine import Examination

SIMULATED_BANNER = "SIMULATED STAR: it exists only in AstroSeq"
#: Sources of ephemerides, in words.
EPHEMERIS_SOURCES = {
    "catalogue": "from a catalog",
    "search": "found by the search",
    "fold": "best fold of the scores",
    "person": "given by a person",
    "fit": "fitted",
    "verdict": "of the disposition",
}
#: Order in which checks are listed.
_CHECK_ORDER = {Flag.FAIL: 0, Flag.WARN: 1, Flag.UNKNOWN: 2, Flag.PASS: 3}


@dataclass(frozen=True)
class Fact:
    """Line of the report's header.

    Attributes
    ----------
    label : str
        Name of the quantity.
    value : str
        Its value with error and unit.
    """

    label: str
    value: str


@dataclass(frozen=True, eq=False)
class ReportData:
    """Content of a report.

    Attributes
    ----------
    target : Target
        Star of the report.
    record : Record
        Candidate.
    examination : Examination
        Examination at the adopted ephemeris.
    scores : tuple of SegmentScores
        Scores of those observations that have some.
    stellar : StellarParameters or None
        Stellar parameters.
    sources : tuple of tuple of str
        Name and SHA-256 of each light curve.
    model_title : str
        Title of the model on its card.
    model_sha256 : str
        SHA-256 of the model's weights on its card.
    catalog_source : str
        Source of the ephemerides.
    made : str
        When the report was made, ISO 8601 in UTC.
    signal : StarSignal or None
        The signal with its class.
    signals : tuple of StarSignal
        All signals of the star.
    others : tuple of ReportData
        Sections of the star's other signals.
    """

    target: Target
    record: Record
    examination: Examination
    scores: tuple[SegmentScores, ...] = ()
    stellar: StellarParameters | None = None
    sources: tuple[tuple[str, str], ...] = ()
    model_title: str = ""
    model_sha256: str = ""
    catalog_source: str = ""
    made: str = ""
    signal: StarSignal | None = None
    signals: tuple[StarSignal, ...] = ()
    others: "tuple[ReportData, ...]" = ()

    @property
    def is_simulated(self) -> bool:
        """Whether the star is simulated."""
        return self.target.is_simulated or bool(self.record.simulated)

    @property
    def names(self) -> str:
        """Line under the title: the star's other name, the instrument and the observations."""
        detrended = self.examination.detrended
        mission, word = detrended[0].light_curve.instrument, detrended[0].light_curve.instrument.observation_word
        seen = f"as {mission.name} would see it" if self.target.is_simulated else mission.name
        count = len(detrended)
        which = f"{count} {word}{'s' if count != 1 else ''}, {detrended[0].cadence_minutes:.3g} min"
        name = self.stellar.name if self.stellar else ""
        signal = self.examination.ephemeris.name
        parts = [name, signal if signal != name else "", seen, which]
        return " · ".join(dict.fromkeys(p for p in parts if p and p != self.target.id))

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """The vetting checks, failed ones first."""
        return tuple(sorted(self.examination.checks, key=lambda c: _CHECK_ORDER[c.flag]))


def make_report_data(
    target: Target,
    examination: Examination,
    record: Record,
    *,
    scores: Sequence[SegmentScores | None] = (),
    stellar: StellarParameters | None = None,
    card: ModelCard | None = None,
    catalog: str = "",
    signal: StarSignal | None = None,
    signals: Sequence[StarSignal] = (),
) -> ReportData:
    """Return the content of a report, dated now.

    Parameters
    ----------
    target : Target
        Star of the report.
    examination : Examination
        Examination at the adopted ephemeris.
    record : Record
        Candidate.
    scores : sequence of SegmentScores or None, optional
        Scores of the observations; None and empty ones are left out.
    stellar : StellarParameters, optional
        Stellar parameters; those of the record by default.
    card : ModelCard, optional
        Card of the model that gave the scores.
    catalog : str, optional
        Source of the ephemerides.
    signal : StarSignal, optional
        The signal with its class.
    signals : sequence of StarSignal, optional
        All signals of the star.

    Returns
    -------
    ReportData
        The content.
    """
    curves = [p.light_curve for p in examination.detrended]
    return ReportData(
        target=target,
        record=record,
        examination=examination,
        scores=tuple(s for s in scores if s is not None and len(s)),
        stellar=stellar or record.stellar,
        sources=tuple((c.provenance.name or c.observation, c.provenance.sha256) for c in curves),
        model_title=card.title if card else "",
        model_sha256=card.sha256 if card else "",
        catalog_source=catalog,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        signal=signal,
        signals=tuple(signals),
    )


def star_facts(star: ReportData) -> tuple[Fact, ...]:
    """Return the stellar parameters and the noise as lines of the header.

    Parameters
    ----------
    star : ReportData
        Content of the report.

    Returns
    -------
    tuple of Fact
        Label and value of each.
    """
    known = star.stellar
    magnitude = star.record.magnitude if star.record.magnitude is not None else known.magnitude if known else None
    band = star.record.magnitude_band or (known.band if known else "")
    noise = median_noise_ppm(star.examination.detrended)
    return (
        Fact(f"Magnitude{f' {band}' if band else ''}", format_number(magnitude, 2)),
        Fact("Temperature", format_number(known.teff_k if known else None, 0, "K")),
        Fact("Radius", format_number(known.radius_solar if known else None, 3, "R☉", known.radius_err if known else None)),
        Fact("Mass", format_number(known.mass_solar if known else None, 3, "M☉")),
        Fact("Density", format_number(known.density_solar if known else None, 3, "ρ☉", known.density_err if known else None)),
        Fact("Noise", "unknown in ppm" if noise is None else f"{noise:,.0f} ppm a cadence"),
    )


def ephemeris_facts(star: ReportData) -> tuple[Fact, ...]:
    """Return the examined ephemeris as lines of the header.

    Parameters
    ----------
    star : ReportData
        Content of the report.

    Returns
    -------
    tuple of Fact
        Label and value of each, with errors where they are known.
    """
    e = star.examination.ephemeris
    system = star.examination.detrended[0].system
    period = "single transit" if e.period_days is None else format_with_error(e.period_days, e.period_err or None, "d", 6)
    return (
        Fact("Period", period),
        Fact(f"Epoch {system}", format_with_error(e.t0.to(system).days, e.t0_err or None, "", 4)),
        Fact("Epoch BJD", format_with_error(e.t0.to(TimeSystem.BJD).days, e.t0_err or None, "TDB", 4)),
        Fact("Duration", format_with_error(e.duration_hours, None, "h", 2)),
        Fact("Depth", _depth_words(star)),
        Fact("Taken", EPHEMERIS_SOURCES.get(star.record.ephemeris_source, star.record.ephemeris_source or "as given")),
    )


#: What stands for a depth where the level of the star's light is unknown.
UNKNOWN_DEPTH = "unknown in ppm: so is the level of the star's light"


def _depth_words(star: ReportData) -> str:
    """Return the measured depth, and how it was measured where nobody published one."""
    e, fold, fit = star.examination.ephemeris, star.examination.fold, star.examination.fit
    if not star.examination.has_level:
        return UNKNOWN_DEPTH
    folded = None if fold.depth_ppm is None else format_with_error(fold.depth_ppm, fold.depth_err_ppm, "ppm", 0, 0)
    if folded is not None and e.depth_ppm is not None:
        return folded
    if fit is not None:
        return f"{format_with_error(fit.depth_ppm, fit.depth_err_ppm, 'ppm', 0, 0)}, fitted"
    if folded is not None:
        return f"{folded}, folded"
    if star.examination.depth_ppm is not None:
        return f"{format_number(star.examination.depth_ppm, 0, 'ppm')}, of single transits"
    if star.record.depth_ppm is not None:
        return f"{format_with_error(star.record.depth_ppm, star.record.depth_err_ppm, 'ppm', 0, 0)}, as adopted"
    return format_number(e.depth_ppm, 0, "ppm")


def fit_facts(star: ReportData) -> tuple[Fact, ...]:
    """Return the parameters of the fitted transit as lines of the header.

    Parameters
    ----------
    star : ReportData
        Content of the report.

    Returns
    -------
    tuple of Fact
        Label and value of each; one line that says so if there is no fit.
    """
    fit = star.examination.fit
    if fit is None:
        return (Fact("Fit", "none could be made"),)
    density = "–" if fit.density_solar is None else format_with_error(fit.density_solar, None, "ρ☉", 2)
    depth, ratio = (UNKNOWN_DEPTH, "–")
    if star.examination.has_level:
        depth = format_with_error(fit.depth_ppm, fit.depth_err_ppm, "ppm", 0, 0)
        ratio = format_with_error(fit.radius_ratio, fit.radius_ratio_err, "", 4, 5)
    return (
        Fact("Fitted depth", depth),
        Fact("Fitted duration", format_with_error(fit.duration_hours, fit.duration_err_hours, "h", 2, 4)),
        Fact("Radius ratio", ratio),
        Fact("Impact", format_with_error(fit.impact, fit.impact_err, "", 2, 3)),
        Fact("Density (circular)", density),
        Fact("Flat part, χ²", f"{fit.flat_fraction:.0%}, {fit.chi2_reduced:.2f}"),
    )


def disposition_facts(star: ReportData) -> tuple[Fact, ...]:
    """Return score, disposition and known object as lines of the header.

    Parameters
    ----------
    star : ReportData
        Content of the report.

    Returns
    -------
    tuple of Fact
        Label and value of each.
    """
    r = star.record
    disposition = f"{r.disposition} ({CODES[r.disposition].meaning})" if r.disposition in CODES else r.disposition or "none yet"
    ratio = f"period × {r.match_ratio}" if r.match_ratio else "another period"
    match = f"{r.match} ({r.match_kind}, {ratio})" if r.match else "none"
    if not r.match and r.ephemeris_source == "catalogue":
        e = star.examination.ephemeris
        match = f"{e.name} ({e.disposition})" if e.disposition else e.name
    return (
        Fact("Score", format_number(r.score_raw, 1) if r.score_raw is not None else "not scored"),
        Fact("Disposition", disposition),
        Fact("Reviewer", f"{r.reviewer}, {r.decided[:10]}" if r.reviewer else "–"),
        Fact("Flags", f"{r.flags}: {disposition_entry.describe_reason_codes(r.flags.split())}" if r.flags else "none"),
        Fact("Known", match),
        Fact("Note", r.note or "–"),
    )


def class_facts(star: ReportData) -> tuple[Fact, ...]:
    """Return the class of the signal, by the classifier and by the readable baseline, as lines of the header.

    Parameters
    ----------
    star : ReportData
        Content of the report.

    Returns
    -------
    tuple of Fact
        Label and value of each, with the spread of the networks and trees; none without a class.
    """
    if star.signal is None or star.signal.classes is None:
        return ()
    words = (short_class_words(star.signal.classes), depth_warning(star.signal.ephemeris.depth_ppm))
    facts = [Fact("Class", "; ".join(filter(None, words)))]
    if star.signal.baseline is not None:
        facts.append(Fact("Trees alone", short_class_words(star.signal.baseline)))
    return tuple(facts)


def signal_lines(star: ReportData) -> tuple[str, ...]:
    """Return a line for each signal of the star, if it has several: period, class, and what the readable baseline says.

    Parameters
    ----------
    star : ReportData
        Content of the report.

    Returns
    -------
    tuple of str
        The lines, in the order of the signals.
    """
    if len(star.signals) < 2:
        return ()
    lines = []
    for one in star.signals:
        here = " (this page)" if star.signal is not None and one.number == star.signal.number else ""
        words = [f"{one.number}{here} · {one.name} · {period_words(one.ephemeris)}"]
        if one.classes is not None:
            words += [short_class_words(one.classes), *filter(None, (depth_warning(one.ephemeris.depth_ppm),))]
        if one.baseline is not None:
            best = likeliest(one.baseline)
            words.append(f"trees alone: {CLASSES[best.name][1]} {best.probability:.2f}")
        lines.append(" · ".join(words))
    return tuple(lines)


def provenance_lines(star: ReportData, digits: int = 64) -> tuple[str, ...]:
    """Return the sources of the report: software, model, ephemerides, stellar parameters and files.

    Parameters
    ----------
    star : ReportData
        Content of the report.
    digits : int, optional
        Digits of each file's SHA-256.

    Returns
    -------
    tuple of str
        One or two sentences for each source.
    """
    r = star.record
    text = [f"AstroSeq {__version__}, {star.made}."]
    if star.scores or r.model_id:
        model = star.scores[0].model_id if star.scores else r.model_id
        title = f" ({star.model_title})" if star.model_title else ""
        sha = f", weights SHA-256 {star.model_sha256}" if star.model_sha256 else ""
        text.append(f"Model {model}{title}{sha}.")
    else:
        text.append("No model's scores.")
    if star.catalog_source:
        text.append(f"Ephemerides of {star.catalog_source}.")
    if star.stellar and star.stellar.source:
        text.append(f"Stellar parameters of {star.stellar.source}.")
    word = "SHA-256" if digits >= 64 else "SHA-256 begins"
    text += [one.level_problem for one in star.examination.detrended if not one.has_level]
    text += [f"{name}: {word} {sha[:digits]}." if sha else f"{name}, no file." for name, sha in star.sources]
    return tuple(dict.fromkeys(text))


def format_number(value: float | None, digits: int, unit: str = "", error: float | None = None) -> str:
    """Format a number with its error and unit.

    Parameters
    ----------
    value : float or None
        Number; an en dash is returned for None or a value that is not finite.
    digits : int
        Decimal places of value and error.
    unit : str, optional
        Unit; values in ppm have commas between thousands.
    error : float, optional
        Error; left out where it rounds to zero.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> format_number(3.14159, 2, "d", 0.02)
    '3.14 ± 0.02 d'
    >>> format_number(1234.4, 0, "ppm")
    '1,234 ppm'
    """
    if value is None or not math.isfinite(value):
        return "–"
    form = f",.{digits}f" if unit == "ppm" else f".{digits}f"  # Julian dates are written without commas.
    # An error that rounds to zero would read as no error.
    shown = f"{value:{form}}" + (f" ± {error:{form}}" if error and round(error, digits) else "")
    return f"{shown} {unit}".strip()


def format_with_error(value: float | None, error: float | None, unit: str, digits: int, most: int = 9) -> str:
    """Format a number to the second significant digit of its error.

    Parameters
    ----------
    value : float or None
        Number; an en dash is returned for None.
    error : float or None
        Error.
    unit : str
        Unit.
    digits : int
        Decimal places where the error is not known.
    most : int, optional
        Most decimal places.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> format_with_error(3.14159265, 0.00042, "d", 6)
    '3.14159 ± 0.00042 d'
    """
    if error and math.isfinite(error) and error > 0:
        digits = max(0, min(most, 1 - math.floor(math.log10(error))))
    return format_number(value, digits, unit, error)
