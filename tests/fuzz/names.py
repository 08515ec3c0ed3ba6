"""Kinds of names, identifiers, days and units, ephemerides, and the tables of them."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from astroseq_core import missions, targets
from astroseq_core.archive import names
from astroseq_core.cli import common
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.io import ephemeris_table, identifiers, local_files, quantities
from astroseq_core.targets import Target
from astroseq_core.times import TimeSystem
from tests.fuzz.damage import damaged_text, numbers, texts
from tests.fuzz.harness import Kind, WrongError

NAMES = (
    "TIC 261136679", "KIC 11446443", "EPIC 211117077", "SIM 43", "TOI-700.01", "TOI 700 b", "K00752.01", "KOI-752",
    "kplr011446443", "Kepler-10 c", "TRAPPIST-1", "pi Men", "WASP-18 b", "K2-18", "55 Cnc e", "HD 209458", "12345",
    "TIC261136679", "tic-1",
)  # fmt: skip
DAYS = (
    "BJD",
    "BKJD",
    "BTJD",
    "MJD",
    "JD",
    "BJD - 2457000, days",
    "BJD-TBD",
    "HJD-UT",
    "TDB",
    "UTC",
    "time (BTJD)",
    "2454833",
    "d",
)
UNITS = ("e-/s", "ppm", "mag", "percent", "10**-3", "relative", "electron / s", "counts", "mmag")

names_of_stars = st.one_of(
    st.sampled_from(NAMES),
    st.from_regex(r"(?i:TIC|KIC|EPIC|SIM|TOI|KOI|K)[ _-]?[0-9]{1,11}(?:\.[0-9]{2})?", fullmatch=True),
    damaged_text(NAMES, most=3),
    texts,
)


def _named(value: str) -> tuple[str, ...]:
    """What a sentence about a name must show one of: its plain words."""
    return tuple(re.findall(r"[A-Za-z]{1,10}|[0-9]{1,10}", value[:40]))


def check_target(value: str, folder: Path) -> None:
    """Parse a name; what is found must be written and read back the same."""
    found = targets.parse(value)
    if targets.parse(str(found)) != found:
        raise WrongError("a target that is another one when it is read back")
    if isinstance(found, Target):
        if not re.fullmatch(r"[1-9]\d*", found.number, re.ASCII) or len(found.number) > 20:
            raise WrongError("a target's number that is none")
        if not re.fullmatch(r"[A-Z]+_\d+", found.slug, re.ASCII):
            raise WrongError("a slug that is none")
    targets.parse_star(value)


def check_resolving(value: str, folder: Path) -> None:
    """Resolve a name by the catalogs that are here."""
    found = names.resolve_name(value, online=False)
    if targets.parse_star(found.target.id) != found.target:
        raise WrongError("a star that is another one when it is read back")


def check_words(value: str, folder: Path) -> tuple[str, ...]:
    """Parse the words for days, units, missions and stars that headers and comments hold."""
    refused = []
    for parse in (TimeSystem.parse, missions.mission_by_name):
        try:
            parse(value)
        except AstroSeqError as error:
            refused.append(str(error))
    reference = quantities.parse_time_reference(value)
    if reference is not None and not math.isfinite(reference.zero_bjd):
        raise WrongError("a zero point that is not finite")
    if not 0 < quantities.days_per_unit(value) <= 1:
        raise WrongError("a unit of time that is none")
    quantities.flux_unit(value)
    for text in (identifiers.target_in_text(value), identifiers.target_of({"OBJECT": value, "TICID": value}, missions.TESS)):
        if len(text) > max(40, len(value)):
            raise WrongError("a star's name that is longer than the text that holds it")
    identifiers.mission_of({"MISSION": value, "TELESCOP": value})
    return tuple(refused)


def check_ephemeris_object(value: dict[str, Any], folder: Path) -> None:
    """Make an ephemeris of plain values, and predict with it."""
    check_ephemeris(Ephemeris.from_values(**value))


def check_ephemeris(one: Ephemeris) -> None:
    """Raise WrongError if an ephemeris is not as promised, or its transits are not."""
    if not math.isfinite(one.t0.days) or not 0 < one.duration_hours < math.inf:
        raise WrongError("an epoch or duration that is not finite and positive")
    if one.period_days is not None and not 0 < one.period_days < math.inf:
        raise WrongError("a period that is not finite and positive")
    if not (0 <= one.t0_err < math.inf and 0 <= one.period_err < math.inf):
        raise WrongError("an error that is not finite and positive")
    if one.depth_ppm is not None and not 0 <= one.depth_ppm < math.inf:
        raise WrongError("a depth that is not finite and positive")
    days = np.linspace(1325.0, 1352.0, 500)
    phases = one.phase_days(days, TimeSystem.BTJD)
    if phases.shape != days.shape or not np.isfinite(phases).all():
        raise WrongError("phases that are not finite")
    one.in_transit(days, TimeSystem.BTJD)
    reason = one.why_unusable(1325.0, 1352.0, TimeSystem.BTJD, 2.0)
    if not reason:
        transits = one.transits(1325.0, 1352.0, TimeSystem.BTJD)
        if not (np.isfinite(transits.mid).all() and np.isfinite(transits.sigma_days).all()):
            raise WrongError("transits whose times are not finite")
        one.well_predicted(transits)


HEAD = "target_id,name,period_days,t0,t0_system,duration_hours,depth_ppm,t0_err,period_err,disposition"
TABLES = (
    f"# mine\n{HEAD}\nTIC 261136679,pi Men c,6.268,1325.504,BTJD,3.0,300,0.001,1e-4,CP\n"
    "KIC 11446443,TrES-2 b,2.4706,2454955.76,BJD,1.8,,,,\n"
    "EPIC 211117077,b,,2300.5,BKJD,2.0,100,0,0,FP\n",
    "target_id,name,period_days,t0,t0_system,duration_hours\nTIC 1,b,1,2457000.5,BJD,1\nSIM 3,b,3.5,1326.1,BTJD,2.5\n",
)
LISTS = (
    "target_id,path\nTIC 1,\nKIC 11446443,a.fits\nSIM 3,sub/b.csv\n",
    "target\nTIC 5\nTOI 700\n",
    "TIC 1\nTIC 2\n# no\nKIC 3\n",
)


def check_ephemerides(value: str, folder: Path) -> tuple[str, ...]:
    """Read a table of ephemerides; each row gives one, or a reason."""
    path = folder / "fuzzed.csv"
    path.write_bytes(value.encode("utf-8", "surrogatepass"))
    found = ephemeris_table.read_table(path)
    for one in found.ephemerides:
        check_ephemeris(one)
    return tuple(map(str, found.problems))


def check_list(value: str, folder: Path) -> tuple[str, ...]:
    """Read a file of targets, both as a table and as plain lines."""
    path = folder / "fuzzed.csv"
    path.write_bytes(value.encode("utf-8", "surrogatepass"))
    refused = []
    try:
        common.read_star_list(path)
    except AstroSeqError as error:
        refused.append(str(error))
    rows, problems = local_files.parse_targets(path.read_bytes(), path.name, folder)
    if any(not row.target_id.strip() and row.path is None for row in rows):
        raise WrongError("a target without a name")
    local_files.read_targets_file(path)
    return (*refused, *map(str, problems))


def _of_a_file(value: Any) -> tuple[str, ...]:
    return ("fuzzed.csv",)


_GOOD = {"target_id": "TIC 261136679", "t0": 1325.5, "t0_system": "BTJD", "period_days": 6.27, "duration_hours": 3.0, "name": "b"}
_GOOD |= {"depth_ppm": 300.0, "t0_err": 0.001, "period_err": 1e-4}


@st.composite
def ephemeris_values(draw: st.DrawFn) -> dict[str, Any]:
    """The values of an ephemeris, some of them other ones."""
    values: dict[str, Any] = dict(_GOOD)
    for _ in range(draw(st.integers(1, 3))):
        key = draw(st.sampled_from(sorted(_GOOD)))
        values[key] = draw(st.one_of(numbers, st.floats(1e-3, 1e4), st.none(), texts, names_of_stars))
    return values


KINDS = (
    Kind("names of stars and targets", names_of_stars, check_target, _named),
    Kind("names that catalogs resolve", names_of_stars, check_resolving, _named),
    Kind(
        "words for days, units and missions", st.one_of(damaged_text((*DAYS, *UNITS, *NAMES), most=2), texts), check_words, _named
    ),
    Kind("ephemerides of plain values", ephemeris_values(), check_ephemeris_object),
    Kind("tables of ephemerides", damaged_text(TABLES), check_ephemerides, _of_a_file),
    Kind("lists of targets", damaged_text(LISTS), check_list, _of_a_file),
)
