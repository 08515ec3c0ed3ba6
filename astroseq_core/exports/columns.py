"""The columns of exported tables: unit, meaning and UCD of each, as data."""

from dataclasses import dataclass

from astroseq_core import candidates

#: Kinds of columns, as the tables' readers are told.
NUMBER, COUNT, TEXT = "number", "count", "text"


@dataclass(frozen=True)
class Column:
    """A field of ``records.Record`` as a column: ``unit`` as VOUnits spell it ("ppm" aside, see tables.votable), ``''`` for none.

    ``digits``: behind the point, None for all; ``ucd``: what it is in the IVOA's controlled vocabulary (UCD1+ 1.5).
    """

    name: str
    description: str
    kind: str = TEXT
    unit: str = ""
    ucd: str = ""
    digits: int | None = None


COLUMNS = (
    Column("star_id", "Identifier: TIC, KIC, EPIC number, or SIM for a simulated star", ucd="meta.id;meta.main"),
    Column("score_raw", candidates.WORDS["score_raw"], NUMBER, ucd="stat.likelihood", digits=4),
    Column("p_highclass", candidates.WORDS["p_highclass"], COUNT, ucd="meta.code"),
    Column("mission", "The mission as whose the light curves were taken", ucd="meta.id;instr.obsty"),
    Column("model_id", "The model whose scores these are", ucd="meta.id;meta.modelled"),
    Column("num_segments", "Segments of the light curves that the model looked at", COUNT, ucd="meta.number"),
    Column("score_max", "Highest probability of a segment", NUMBER, ucd="stat.probability;stat.max", digits=6),
    Column("score_topk", "Mean of the five highest probabilities of segments", NUMBER, ucd="stat.probability", digits=6),
    Column("score_fold", "Natural log of the likelihood ratio of the best fold", NUMBER, ucd="stat.likelihood", digits=4),
    Column("best_period_days", "Period of the best fold of the scores", NUMBER, "d", "time.period", 6),
    Column("best_t0", "Mid-transit of the best fold, in t0_system", NUMBER, "d", "time.epoch", 6),
    Column("t0_system", "Time system: BKJD = BJD - 2454833, BTJD = BJD - 2457000; all TDB", ucd="time.scale"),
    Column("magnitude", "Brightness in magnitude_band (Tmag or Kp where that is empty)", NUMBER, "mag", "phot.mag", 3),
    Column("match", "A known signal of the star", ucd="meta.id.assoc"),
    Column("match_kind", "Which catalogue knows it", ucd="meta.ref"),
    Column("match_ratio", "The found period over the known one, empty where they do not fit", ucd="meta.code"),
    Column("disposition", "Newest verdict: PC, CP, KP, FP, FA, UNSURE, or empty", ucd="meta.code.class"),
    Column("simulated", candidates.WORDS["simulated"], COUNT, ucd="meta.code"),
    Column("match_disposition", "What the catalogue says of the known signal", ucd="meta.code.class"),
    Column("period_days", "Orbital period of the ephemeris in hand; empty for a single transit", NUMBER, "d", "time.period", 8),
    Column("period_err_days", "Its error, one sigma", NUMBER, "d", "stat.error;time.period", 8),
    Column("t0_days", "Mid-transit of the ephemeris in hand, in t0_system", NUMBER, "d", "time.epoch", 6),
    Column("t0_err_days", "Its error, one sigma", NUMBER, "d", "stat.error;time.epoch", 6),
    Column("epoch_bjd", "The same mid-transit as full BJD (TDB)", NUMBER, "d", "time.epoch;meta.main", 6),
    Column("duration_hours", "Duration of the whole transit", NUMBER, "h", "time.duration", 4),
    Column("duration_err_hours", "Its error, one sigma", NUMBER, "h", "stat.error;time.duration", 4),
    Column("depth_ppm", "Depth of the transit at its middle", NUMBER, "ppm", "phot.flux;arith.ratio", 2),
    Column("depth_err_ppm", "Its error, one sigma", NUMBER, "ppm", "stat.error;phot.flux", 2),
    Column("ephemeris_source", "Where the ephemeris is from: catalogue, person, fit, verdict, or fold (of the scores)",
           ucd="meta.ref"),
    Column("num_transits", "Transits observed in the best fold of the scores", COUNT, ucd="meta.number"),
    Column("reviewer", "Who gave the newest verdict", ucd="meta.id;meta.curation"),
    Column("decided", "When, ISO 8601 in UTC", ucd="time.processing"),
    Column("flags", "Reason codes of the newest verdict", ucd="meta.code"),
    Column("note", "Note of the newest verdict", ucd="meta.note"),
    Column("verdicts", "The verdict of each reviewer that stands", ucd="meta.note"),
    Column("magnitude_band", "Band of the magnitude", ucd="meta.id;instr.bandpass"),
    Column("teff_k", "Effective temperature of the star", NUMBER, "K", "phys.temperature.effective", 1),
    Column("radius_solar", "Radius of the star", NUMBER, "solRad", "phys.size.radius", 4),
    Column("mass_solar", "Mass of the star", NUMBER, "solMass", "phys.mass", 4),
    Column("logg_cgs", "Surface gravity of the star, log10 of cm/s^2", NUMBER, "", "phys.gravity", 3),
    Column("density_solar", "Mean density of the star, over that of the Sun", NUMBER, "solMass.solRad**-3", "phys.density", 4),
    Column("stellar_source", "Who says so", ucd="meta.ref"),
    Column("false_alarm_probability", "Chance that the star without transits scores as high", NUMBER,
           ucd="stat.probability", digits=6),
    Column("model_sha", "What identifies the model and its settings", ucd="meta.id.cross"),
)  # fmt: skip
BY_NAME = {c.name: c for c in COLUMNS}
