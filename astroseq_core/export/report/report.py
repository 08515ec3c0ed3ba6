"""Reports: examine a star at its adopted ephemeris, or each of its signals, and write a page a signal as PDF, PNG or HTML."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from astroseq_core.ephemeris import CATALOG, SEARCH, Ephemeris
from astroseq_core.errors import AstroSeqError, ExportError, ModelError
from astroseq_core.export import records
from astroseq_core.export.records import Record
from astroseq_core.export.report import data
from astroseq_core.export.report.data import ReportData
from astroseq_core.io import files
from astroseq_core.io.pixels import PixelColumns
from astroseq_core.networks import card as cards
from astroseq_core.networks.card import ModelCard
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, time_span
from astroseq_core.same_signal import compare_signals, other_signals
from astroseq_core.scoring import score_cache, star_data, stellar_parameters
from astroseq_core.scoring.segments import SegmentScores
from astroseq_core.scoring.star import StarScore, score_star
from astroseq_core.scoring.star_data import StarData, StarRequest, load_star, request_from_location
from astroseq_core.signals.star_signals import (
    SourcedEphemeris,
    StarSignal,
    compare,
    merge_signals,
    signals_to_mask,
    with_classes,
)
from astroseq_core.stellar import StellarParameters
from astroseq_core.store import ephemerides, runs
from astroseq_core.store import signals as stored_signals

if TYPE_CHECKING:
    from astroseq_core.vetting.examine import Examination

log = logging.getLogger(__name__)
PDF, PNG, HTML = "pdf", "png", "html"
REPORT_FORMATS = (PDF, PNG, HTML)


def build_report(
    target_id: str,
    location: Mapping[str, str] | None = None,
    *,
    record: Record | None = None,
    signals: Sequence[StarSignal] = (),
    chosen: Ephemeris | None = None,
    each_signal: bool = False,
) -> ReportData:
    """Examine a star and return the content of its report.

    The ephemeris is that of the record, else the catalog's, else that of the best fold of saved
    scores. Nothing is scored or searched: a star without saved scores has a report without them. The
    star's signals are classified.

    Parameters
    ----------
    target_id : str
        Identifier of the star.
    location : mapping, optional
        Where its data are, as URL parameters of Explore: `source`, `folder`, `ephemerides`,
        `model`. Not needed for a simulated star; other stars are read from the cache by default.
    record : Record, optional
        Candidate of the star; read from the store by default.
    signals : sequence of StarSignal, optional
        Signals of the star with their classes; by default those of catalogs, of the store and of
        people, classified here.
    chosen : Ephemeris, optional
        Which of `signals` the report is about.
    each_signal : bool, optional
        Whether the star's other signals have sections of their own.

    Returns
    -------
    ReportData
        The content of the report.

    Raises
    ------
    AstroSeqError
        If the star cannot be opened, or has no ephemeris to report on.
    """
    location = location or {}
    request = request_from_location({"target": target_id} | dict(location))
    star = load_star(request)
    stored = records.records_for_stars([star.target.id], model_id=location.get("model", ""))
    record = stored[0] if record is None else record
    card = _model_card(star, location.get("model", "") or record.model_id)
    scores = score_cache.load_all(card, star.light_curves) if card is not None else None
    if record.score_raw is None and (found := _best_fold(scores)) is not None:
        record = replace(record, score_raw=found.star_score, model_id=found.model_id)
    if chosen is not None:
        record = _record_of(chosen, SEARCH, (record, *stored))
    record = _with_adopted_ephemeris(record, star, scores)
    assert record.ephemeris is not None
    listed = tuple(signals) or _classified_signals(star, record)
    main = next((s for s in listed if s.has(record.ephemeris)), None) or next(
        (s for s in listed if compare(record.ephemeris, s.ephemeris, star.detrended).same), None
    )
    shown = {p.observation for p in star.detrended}
    stellar = stellar_parameters.stellar_parameters(star.target, star.light_curves, request.source, request.folder)
    pixels = _pixel_columns(star.detrended, request)

    def section(of: Record, signal: StarSignal | None) -> ReportData:
        assert of.ephemeris is not None
        return data.make_report_data(
            star.target,
            _examine(star, of.ephemeris, signal, listed, stellar, pixels),
            records.with_stellar(of, stellar),
            stellar=stellar,
            card=card if scores else None,
            scores=[s for s in scores or () if s.observation in shown],
            catalog=star.catalog,
            signal=signal,
            signals=listed,
        )

    report = section(record, main)
    if not each_signal:
        return report
    others = [s for s in listed if main is None or s.number != main.number]
    return replace(report, others=tuple(section(_record_of(s.ephemeris, s.source, stored), s) for s in others))


def _record_of(ephemeris: Ephemeris, source: str, stored: Sequence[Record]) -> Record:
    """Return the record of a signal: the one that the store has, else one of its star without a disposition."""
    for one in stored:
        if one.ephemeris is not None and compare_signals(one.ephemeris, ephemeris).same:
            return one if one.ephemeris == ephemeris else records.with_ephemeris(one, ephemeris, source)
    return records.with_ephemeris(records.without_signal(stored[0]), ephemeris, source)


def _classified_signals(star: StarData, record: Record) -> tuple[StarSignal, ...]:
    """Return the signals of catalogs, of the store and of people, and that of the record, with their classes."""
    from astroseq_core.signals.classify_star import classify_star

    assert record.ephemeris is not None
    target_id = star.target.id
    found = stored_signals.load_many([(target_id, record.model_id)]).get(target_id, ())
    adopted = [SourcedEphemeris(a.ephemeris, a.source) for a in ephemerides.load_of_each_signal(target_id)]
    if record.ephemeris_source not in (CATALOG, SEARCH):
        adopted.insert(0, SourcedEphemeris(record.ephemeris, record.ephemeris_source))
    merged = merge_signals(star.detrended, star.ephemerides, found, adopted=dict.fromkeys(adopted))
    try:
        return with_classes(merged, classify_star(star.detrended, [s.ephemeris for s in merged]))
    except ModelError as error:
        log.info("%s: its signals have no classes: %s", star.target, error)
        return with_classes(merged, {})


def _examine(
    star: StarData,
    ephemeris: Ephemeris,
    signal: StarSignal | None,
    listed: Sequence[StarSignal],
    stellar: StellarParameters,
    pixels: Sequence[PixelColumns | None],
) -> "Examination":
    from astroseq_core.vetting.examine import examine

    detrended = list(star.detrended)
    known = other_signals(star.ephemerides, ephemeris, *time_span(detrended, ephemeris.t0.system))
    return examine(
        detrended,
        ephemeris,
        others=known if signal is None else signals_to_mask(listed, signal, detrended),
        stellar=stellar,
        pixels=pixels,
        known=star.ephemerides,
        neighbors=star_data.signals_nearby(star.target),
    )


def render(star: ReportData, form: str) -> bytes:
    """Return a report in one of `FORMATS`.

    Parameters
    ----------
    star : ReportData
        Content of the report.
    form : str
        Format.

    Returns
    -------
    bytes
        Content of the file.

    Raises
    ------
    ExportError
        If the format is unknown.
    """
    if form not in REPORT_FORMATS:
        raise ExportError(f"'{form}' is no form of a report; use one of {', '.join(REPORT_FORMATS)}.")
    if form == HTML:
        from astroseq_core.export.report import html

        return html.render_html(star).encode("utf-8")
    from astroseq_core.export.report import figure

    return figure.render_pdf(star) if form == PDF else figure.render_png(star)


def file_name(star: ReportData, form: str) -> str:
    """Return the file name of a report, made of the target's letters and digits.

    Parameters
    ----------
    star : ReportData
        Content of the report.
    form : str
        Format, which is also the suffix.

    Returns
    -------
    str
        Such as `tic261136679_report.pdf`.
    """
    return f"{star.target.slug}_report.{form}"


def write(folder: Path, star: ReportData, form: str) -> Path:
    """Write a report into a folder, whole or not at all.

    Parameters
    ----------
    folder : pathlib.Path
        Folder to write into.
    star : ReportData
        Content of the report.
    form : str
        Format.

    Returns
    -------
    pathlib.Path
        Path of the file.

    Raises
    ------
    ExportError
        If the format is unknown or the file cannot be written.
    """
    path = folder / file_name(star, form)
    files.write_bytes_atomically(path, render(star, form))
    return path


def _with_adopted_ephemeris(record: Record, star: StarData, scores: tuple[SegmentScores, ...] | None) -> Record:
    """Return the record with an ephemeris: a person's, else a catalog's, else the best fold."""
    if record.ephemeris is not None and record.ephemeris_source == SEARCH:
        same = [e for e in star.ephemerides if compare(e, record.ephemeris, star.detrended).same]
        return records.with_ephemeris(record, same[0], CATALOG) if same else record
    if record.ephemeris is not None and record.ephemeris_source != records.FROM_FOLD:
        return record
    if star.ephemerides:
        named = [e for e in star.ephemerides if e.name == record.match]
        return records.with_ephemeris(record, (named or star.ephemerides)[0], CATALOG)
    if record.ephemeris is not None:
        return record
    found = _best_fold(scores)
    if found is None:
        raise ExportError(
            f"{star.target} has no ephemeris to report on: none adopted, none known, and no scores are kept; "
            "open it for vetting and give one, or score it first."
        )
    ephemeris = found.ephemeris(f"best fold of {found.model_id}")
    return records.with_ephemeris(record, ephemeris, records.FROM_FOLD)


def _best_fold(scores: Sequence[SegmentScores] | None) -> StarScore | None:
    good = [s for s in scores or () if len(s)]
    return score_star(good) if good else None


def _model_card(star: StarData, model: str) -> ModelCard | None:
    """Return the card of the model whose scores are shown, None without any.

    That is the named model if it is here and suits all light curves, else the best for the first
    one.
    """
    try:
        named = cards.read(cards.model_folder(model)) if cards.is_model_id(model) else None
    except ModelError:
        named = None
    if named is not None and all(named.suits(c) for c in star.light_curves):
        return named
    return cards.choose_card(star.light_curves[0], runs.defaults_or_none())


def _pixel_columns(detrended: Sequence[DetrendedLightCurve], request: StarRequest) -> list[PixelColumns | None]:
    """Return the pixel columns of each light curve, None where there are none.

    Columns that cannot be read are logged and left out: the report is made without them.
    """
    found: list[PixelColumns | None] = []
    for curve in (p.light_curve for p in detrended):
        try:
            found.append(star_data.star_pixel_columns(curve, request.source, request.folder))
        except AstroSeqError as error:
            log.info("%s", error)
            found.append(None)
    return found
