"""A one-page report of a star: opened, examined at the ephemeris in hand, written as PDF, PNG or HTML."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from astroseq_core import export
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, ExportError, ModelError
from astroseq_core.exports import records, report_star
from astroseq_core.exports.records import Record
from astroseq_core.exports.report_star import ReportStar
from astroseq_core.figures import timeline
from astroseq_core.lightcurves import pixels
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.lightcurves.pixels import PixelColumns
from astroseq_core.lightcurves.prepare import PreparedCurve
from astroseq_core.scoring import card as cards
from astroseq_core.scoring import kept, star_facts
from astroseq_core.scoring.card import ModelCard
from astroseq_core.scoring.opening import OpenedStar, Source, StarRequest, open_star, request_at
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.scoring.star import StarScore, score_star
from astroseq_core.store import promoted
from astroseq_core.vetting.others import others_of as others_of

log = logging.getLogger(__name__)
PDF, PNG, HTML = "pdf", "png", "html"
FORMATS = (PDF, PNG, HTML)
MIME = {PDF: "application/pdf", PNG: "image/png", HTML: "text/html"}


def report_of(target_id: str, place: Mapping[str, str] | None = None, *, record: Record | None = None) -> ReportStar:
    """What the report of a star shows, examined now.

    ``place``: where it is, as Explore's address says it (source, folder, ephemerides, model); a simulated star needs none, any
    other is looked for in the cache. ``record``: its candidate, read from the store where None; its ephemeris is examined, else
    the catalogue's, else that of the scores that are kept. No network is loaded: scores that are not kept are left out. Raises
    the AstroSeqError that says why there can be no report.
    """
    place = place or {}
    request = request_at({"target": target_id} | dict(place))
    star = open_star(request)
    if record is None:
        (record,) = records.records_of([star.target.id], model_id=place.get("model", ""))
    card = _card(star, place.get("model", "") or record.model_id)
    scores = kept.recall(card, star.curves) if card is not None else None
    if record.score_raw is None and (found := _best_fold(scores)) is not None:
        record = replace(record, score_raw=found.star_score, model_id=found.model_id)
    record = _with_ephemeris(record, star, scores)
    assert record.ephemeris is not None
    prepared = [star.prepared[i] for i in timeline.without_overlaps(star.prepared)]
    stellar = star_facts.star_facts(star.target, star.curves, request.source, request.folder)
    from astroseq_core.vetting.examine import examine

    examination = examine(
        prepared, record.ephemeris, others=others_of(star.ephemerides, record.ephemeris), stellar=stellar,
        pixels=_pixels(prepared, request), known=star.ephemerides,
    )  # fmt: skip
    shown = {p.observation for p in prepared}
    return report_star.of(
        star.target, examination, records.with_stellar(record, stellar), stellar=stellar, card=card if scores else None,
        scores=[s for s in scores or () if s.observation in shown], catalogue=star.catalogue,
    )  # fmt: skip


def render(star: ReportStar, form: str) -> bytes:
    """The report in one of FORMATS; raises ExportError for another."""
    if form not in FORMATS:
        raise ExportError(f"'{form}' is no form of a report; use one of {', '.join(FORMATS)}.")
    if form == HTML:
        from astroseq_core.exports import report_html

        return report_html.html(star).encode("utf-8")
    from astroseq_core.exports import report_figure

    return report_figure.pdf(star) if form == PDF else report_figure.png(star)


def file_name(star: ReportStar, form: str) -> str:
    """The report's file name: the target's letters and digits, nothing else."""
    return f"{star.target.slug}_report.{form}"


def write(folder: Path, star: ReportStar, form: str) -> Path:
    """Write the report into a folder, whole or not at all; its path. Raises ExportError where it cannot be written."""
    path = folder / file_name(star, form)
    export.write_whole_bytes(path, render(star, form))
    return path


def _with_ephemeris(record: Record, star: OpenedStar, scores: tuple[SegmentScores, ...] | None) -> Record:
    """The record with an ephemeris to examine: what a person took, else a catalogue's, else the best fold."""
    if record.ephemeris is not None and record.ephemeris_source != records.FOLD:
        return record
    if star.ephemerides:
        named = [e for e in star.ephemerides if e.name == record.match]
        return records.with_ephemeris(record, (named or star.ephemerides)[0], "catalogue")
    if record.ephemeris is not None:
        return record
    found = _best_fold(scores)
    if found is None:
        raise ExportError(
            f"{star.target} has no ephemeris to report on: none in hand, none known, and no scores are kept; "
            "open it for vetting and give one, or score it first."
        )
    ephemeris = Ephemeris(
        star.target.id, f"best fold of {found.model_id}", found.best_t0, found.best_period_days, found.best_duration_hours,
        t0_err=found.t0_err_days, period_err=found.period_err_days or 0.0,
    )  # fmt: skip
    return records.with_ephemeris(record, ephemeris, records.FOLD)


def _best_fold(scores: Sequence[SegmentScores] | None) -> StarScore | None:
    good = [s for s in scores or () if len(s)]
    return score_star(good) if good else None


def _card(star: OpenedStar, model: str) -> ModelCard | None:
    """The model whose scores are shown: the named one where it is here and suits, else the best; None without any."""
    try:
        named = cards.read(cards.folder_of(model)) if cards.is_ours(model) else None
    except ModelError:
        named = None
    if named is not None and all(named.suits(c) for c in star.curves):
        return named
    return cards.best_for(star.curves[0], promoted.defaults())


def _pixels(prepared: Sequence[PreparedCurve], request: StarRequest) -> list[PixelColumns | None]:
    """What stands beside each light curve, None where that has nothing or cannot be read: the report is made without it."""
    found: list[PixelColumns | None] = []
    for curve in (p.curve for p in prepared):
        try:
            if curve.target.is_simulated:
                from astroseq_core.simulate import pixels as simulated

                found.append(simulated.of(curve))
            else:
                cache = LightCurveCache() if request.source is Source.CACHE else None
                found.append(pixels.of(curve, request.folder, cache))
        except AstroSeqError as error:
            log.info("%s", error)
            found.append(None)
    return found
