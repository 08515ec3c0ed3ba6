"""Kinds of what AstroSeq keeps: run folders, model cards and networks, dispositions, queues, the store, the cache, exports."""

import dataclasses
import functools
import io
import json
import math
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from astroseq_core import missions
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.export import formats, records, tables
from astroseq_core.io import lightcurve
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.jobs.queue import JobEntry
from astroseq_core.networks import card, model
from astroseq_core.signals.signal import ClassProbabilities, FoundSignal
from astroseq_core.store import disposition_csv, disposition_merge, dispositions, leaderboard, notes, queues, scores, signals
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.leaderboard_filters import Filters
from astroseq_core.store.scores import ScoreRow
from astroseq_core.targets import Target
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.training import recipes
from astroseq_core.training.runs import results
from astroseq_core.training.runs.queue import read_run
from astroseq_core.training.runs.request import RunRequest
from tests.fuzz.damage import damaged_bytes, damaged_json, damaged_text, numbers, texts
from tests.fuzz.harness import Kind, WrongError
from tests.fuzz.light_curves import DAYS, SHAPE
from tests.fuzz.names import NAMES

SHIPPED = Path(__file__).resolve().parent.parent.parent / "models"


def _kept_in(folder: Path) -> Any:
    """Keep everything in that folder."""
    return mock.patch.dict("os.environ", {"ASTROSEQ_DATA": str(folder / "data"), "ASTROSEQ_CACHE": str(folder / "cache")})


# ---- runs and models

REQUEST = RunRequest(name="fuzzed", recipe=recipes.load_recipe("quick")).to_dict()
EPOCHS = (
    "\n".join(json.dumps({"epoch": n, "loss": 0.6 / n, "validation_roc_auc": 0.7, "seconds": 12.5}) for n in (1, 2, 3)) + "\n"
)
PROGRESS = {
    "done": 3,
    "total": 10,
    "phase": "training",
    "message": "",
    "rate": 0.5,
    "seconds_left": 14.0,
    "numbers": {"epoch": 3},
}
STATES = (
    {"created": 1.7e9, "started": 1.7e9, "ended": 1.7e9},
    {"problem": "it failed"},
    {"peak_memory_gib": 2.5, "seconds": 100.0},
)


@st.composite
def run_folders(draw: st.DrawFn) -> dict[str, str]:
    """The files of a run, one or more of them damaged."""
    files = {"request.json": json.dumps(REQUEST), "progress.jsonl": EPOCHS, "progress.json": json.dumps(PROGRESS)}
    files |= {"result.json": json.dumps({"reports": [], "rows": [], "seconds": 321.0, "peak_memory_gib": 2.5})}
    for name in draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=2, unique=True)):
        whole = files[name]
        damaged = damaged_text([whole]) if name.endswith("l") else damaged_json([json.loads(whole)])
        files[name] = draw(damaged)
    if draw(st.booleans()):
        files[draw(st.sampled_from(["cancelled", "failed.json", "state.json", "pid", "lock"]))] = draw(damaged_json(STATES))
    return files


def check_run_folder(value: dict[str, str], folder: Path) -> tuple[str, ...]:
    """Read a run, its epochs and its results."""
    place = folder / "fuzzed"
    place.mkdir()
    for name, text in value.items():
        (place / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    with _kept_in(folder):
        run = read_run(JobEntry(place))
        for one in run.epochs:
            if not isinstance(one.epoch, int):
                raise WrongError("an epoch without a whole number")
            for field in dataclasses.fields(one):
                number = getattr(one, field.name)
                if number is not None and not (isinstance(number, int | float) and math.isfinite(number)):
                    raise WrongError(f"an epoch whose {field.name} is not finite")
        results.log_rows([run])
        results.setting_rows(run)
        results.load(run)
    return run.warnings


@functools.cache
def shipped_cards() -> tuple[Any, ...]:
    """The cards of the shipped models, without their long lists of stars."""
    found = []
    for path in sorted(SHIPPED.glob("*/card.json")):
        whole = json.loads(path.read_bytes())
        found.append({key: _short(values) for key, values in whole.items()})
    return tuple(found)


def _short(values: Any) -> Any:
    if isinstance(values, dict):
        return {key: _short(one) for key, one in values.items()}
    return [_short(one) for one in values[:4]] if isinstance(values, list) else values


def check_card(value: str, folder: Path) -> None:
    """Read a model's card, and what people ask of it."""
    place = folder / "fuzzed"
    place.mkdir()
    (place / "card.json").write_bytes(value.encode("utf-8", "surrogatepass"))
    found = card.read(place)
    found.facts()
    if not (isinstance(found.cutting.window, int) and 0 < found.cutting.window < 10**6):
        raise WrongError("a card whose window is no whole number above 0")
    if not 0 < found.calibration.base_rate < 1 or not math.isfinite(found.calibration.slope):
        raise WrongError("a card whose calibration is not finite")
    found.suits_at("TESS", 2.0)
    json.loads(found.to_json())


@functools.cache
def network() -> tuple[dict[str, Any], bytes]:
    """The card and the bytes of a tiny network."""
    from tests.scoring import tiny_model

    with tempfile.TemporaryDirectory() as folder:
        tiny_model.write_model(Path(folder))
        (path,) = Path(folder).glob("*/card.json")
        return json.loads(path.read_bytes()), (path.parent / card.MODEL_NAME).read_bytes()


@st.composite
def damaged_networks(draw: st.DrawFn) -> bytes:
    """`.keras` files: flipped bytes, members gone, and other settings and classes in config.json."""
    whole = network()[1]
    if draw(st.integers(0, 2)) == 0:
        return draw(damaged_bytes([whole]))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as packed, zipfile.ZipFile(out, "w") as archive:
        gone = draw(st.sampled_from(["config.json", "metadata.json", "model.weights.h5", ""]))
        for name in packed.namelist():
            data = packed.read(name)
            if name == gone and draw(st.booleans()):
                continue
            if name == gone or (name == "config.json" and not gone):
                text = draw(damaged_json([json.loads(data)], most=2)) if name.endswith(".json") else ""
                data = text.encode("utf-8", "surrogatepass") if text else draw(damaged_bytes([data]))
            archive.writestr(name, data)
        if draw(st.integers(0, 5)) == 0:
            archive.writestr(draw(st.sampled_from(["../evil.py", "/tmp/evil.py", "assets/x"])), b"x")
    return out.getvalue()


def check_network(value: bytes, folder: Path) -> None:
    """Load a network whose card names it; only its own loader decides, in safe mode."""
    import hashlib

    place = folder / "fuzzed"
    place.mkdir()
    (place / card.MODEL_NAME).write_bytes(value)
    about = network()[0] | {"sha256": hashlib.sha256(value).hexdigest()}
    (place / "card.json").write_text(json.dumps(about), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras makes arrays of TensorFlow's variables
        found = model.load(str(place))
        found.probabilities(np.zeros((1, found.card.cutting.window, len(found.card.cutting.channels)), np.float32))


# ---- what people decide


@functools.cache
def disposition_table() -> str:
    """An export of three dispositions and an undo."""
    with tempfile.TemporaryDirectory() as name, _kept_in(Path(name)):
        dispositions.add(
            Disposition("TIC 1", "PC", "ana", at=1.6e9, note="=1+1", reason_codes=("OED",), measured={"depth_ppm": 900.0})
        )
        dispositions.add(Disposition("KIC 4", "FP", "ben", at=1.7e9, note="two\nlines", score=3.5, model_id="m"))
        dispositions.undo("ben")
        dispositions.add(Disposition("SIM 7", "FA", "ana", at=1.7e9 + 1))
        path = Path(name) / "out.csv"
        disposition_csv.write(path)
        return path.read_text(encoding="utf-8")


def check_disposition_table(value: str, folder: Path) -> None:
    """Import a table of dispositions: all of it or nothing, and what is exported again is read again."""
    path = folder / "fuzzed.csv"
    path.write_bytes(value.encode("utf-8", "surrogatepass"))
    with _kept_in(folder):
        disposition_merge.merge(path)
        disposition_csv.write(folder / "again.csv")
        disposition_csv.read(folder / "again.csv")


dispositions_of_anything = st.fixed_dictionaries(
    {
        "target_id": st.one_of(st.just("TIC 1"), st.sampled_from(NAMES), texts),
        "disposition": st.one_of(st.sampled_from(["PC", "FP", "FA", "U"]), texts),
        "reviewer": st.one_of(st.just("ana"), texts),
    },
    optional={
        "at": st.one_of(st.floats(1e9, 1.8e9), numbers),
        "note": texts,
        "reason_codes": st.lists(st.one_of(st.sampled_from(["OED", "SSE"]), texts), max_size=3).map(tuple),
        "score": st.one_of(st.none(), numbers),
        "seconds": st.one_of(st.none(), numbers),
        "model_id": texts,
        "measured": st.dictionaries(texts, st.one_of(st.none(), numbers), max_size=3),
    },
)


def check_round_trip(value: dict[str, Any], folder: Path) -> None:
    """Decide about a star, export it, and import it into an empty store: it is the same."""
    with _kept_in(folder):
        dispositions.add(Disposition(**value))
        disposition_csv.write(folder / "fuzzed.csv")
        before = dispositions.list_current()
        found = records.records_for_stars([d.target_id for d in before])
        for name in ("csv", "ecsv", "votable"):
            if not formats.as_text(found, name, tables.make_provenance(found)).strip():
                raise WrongError("an export without a line")
    with _kept_in(folder / "other"):
        disposition_merge.merge(folder / "fuzzed.csv")
        plain = [(d.target_id, d.disposition, d.reviewer, d.note, d.reason_codes) for d in before]
        if plain != [(d.target_id, d.disposition, d.reviewer, d.note, d.reason_codes) for d in dispositions.list_current()]:
            raise WrongError("a disposition that is another one when it is read back")


QUEUES = (
    "target_id,score,probability\nTIC 1,3.5,0.9\nKIC 4,,\nSIM 7,1e3,0.5\n",
    "star\nTIC 1\nTOI 700\n",
    "TIC 1\nTIC 2\n",
)


def check_queue(value: str, folder: Path) -> tuple[str, ...]:
    """Read a list of stars, and make a queue of it."""
    with _kept_in(folder):
        items, problems = queues.read_items_csv(value, "fuzzed")
        made = queues.create("fuzzed", items)
        if [i.target_id for i in queues.list_items(made.queue_id)] != [i.target_id for i in items]:
            raise WrongError("a queue of other stars than its list")
        queues.load_progress(made.queue_id, "ana")
    return tuple(map(str, problems))


def check_note(value: tuple[str, str, str], folder: Path) -> None:
    """Keep a note about a star, and read it back."""
    target_id, reviewer, note = value
    with _kept_in(folder):
        notes.save(notes.Draft(target_id, reviewer, note, bookmarked=True))
        found = notes.load(target_id, reviewer)
        if (note.isprintable() and found.note.strip() != note.strip()) or not found.bookmarked:
            raise WrongError("a note that is another one when it is read back")


@functools.cache
def store_file() -> bytes:
    """A store with scores, dispositions, a queue and a note."""
    with tempfile.TemporaryDirectory() as name, _kept_in(Path(name)):
        row = ScoreRow("TIC 1", "m", "abc", "d", "TESS", seen_as="TESS", star_score=3.5, score_max=0.9, at=1.7e9)
        orbit = Ephemeris("TIC 1", "TIC 1 signal 1", Instant(1500.25, TimeSystem.BTJD), 3.5, 2.5, 900.0, 0.01, 1e-4)
        found = (FoundSignal(1, orbit, 12.0, 7, 7.0, classes=ClassProbabilities(0.9, 0.06, 0.04, 0.05, 0.04, 0.01)),)
        scores.save([dataclasses.replace(row, **signals.summarize(found))], {("TIC 1", "m"): found})
        dispositions.add(Disposition("TIC 1", "PC", "ana", at=1.6e9, note="x", measured={"depth_ppm": 900.0}))
        queues.create("mine", queues.read_items_csv("target_id\nTIC 1\nTIC 2\n")[0])
        notes.save(notes.Draft("TIC 1", "ana", "y"))
        (path,) = [p for p in Path(name).rglob("*") if p.is_file() and p.read_bytes()[:15] == b"SQLite format 3"]
        _store_name.append(str(path.relative_to(name)))
        return path.read_bytes()


_store_name: list[str] = []


def check_store(value: bytes, folder: Path) -> None:
    """Open a damaged store and list what is in it."""
    store_file()
    path = folder / _store_name[0]
    path.parent.mkdir(parents=True)
    path.write_bytes(value)
    with _kept_in(folder):
        for row in leaderboard.load_page(Filters()).rows:
            if row.star_score is not None and not math.isfinite(row.star_score):
                raise WrongError("a score that is not finite")
            if row.planet_score is not None and not math.isfinite(row.planet_score):
                raise WrongError("a planet score that is not finite")
        for signal in signals.list_by_star("TIC 1", "m"):
            if not math.isfinite(signal.planet_score):
                raise WrongError("a signal whose planet score is not finite")
        dispositions.list_current()
        dispositions.history()
        for one in queues.list_queues():
            queues.list_items(one.queue_id)
        notes.load("TIC 1", "ana")
        scores.save([ScoreRow("TIC 2", "m", "abc", "d", "TESS", seen_as="TESS", star_score=2.5, at=1.7e9)])


# ---- the cache

STAR = Target("TIC", "261136679")


@functools.cache
def cache_files() -> dict[str, bytes]:
    """The files of a cache with one light curve and some arrays."""
    with tempfile.TemporaryDirectory() as name, _kept_in(Path(name)):
        cache = LightCurveCache()
        curve = lightcurve.make_light_curve(
            target=STAR, observation="sector 1", time=DAYS["TESS"], flux=SHAPE, instrument=missions.TESS
        )
        cache.put(curve, author="SPOC", exposure_seconds=120.0)
        cache.save_arrays("scores", "fuzzed", values=np.arange(5.0))
        return {str(p.relative_to(name)): p.read_bytes() for p in sorted(Path(name).rglob("*")) if p.is_file()}


@st.composite
def damaged_caches(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file of the cache, and what is in it instead."""
    name = draw(st.sampled_from(sorted(cache_files())))
    return name, draw(damaged_bytes([cache_files()[name]]))


def check_cache(value: tuple[str, bytes], folder: Path) -> None:
    """Read a cache in which one file is damaged, and verify it."""
    for name, data in (cache_files() | dict([value])).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    with _kept_in(folder):
        cache = LightCurveCache()
        curve = cache.get(STAR, "sector 1")
        if curve is not None and (len(curve.time) != len(curve.flux) or not (np.diff(curve.time) > 0).all()):
            raise WrongError("a light curve from the cache that is not as promised")
        cache.load_arrays("scores", "fuzzed")
        cache.entries()
        cache.verify()
        if not cache.verify().is_sound:
            raise WrongError("a cache that is not sound after it was verified")


def _refused(value: Any) -> tuple[str, ...]:
    return ("fuzzed",)


KINDS = (
    Kind("run folders", run_folders(), check_run_folder, seconds=5),
    Kind("model cards", st.deferred(lambda: damaged_json(shipped_cards())), check_card, _refused),
    Kind("networks (.keras)", damaged_networks(), check_network, seconds=20, is_slow=True),
    Kind(
        "tables of dispositions",
        st.deferred(lambda: damaged_text([disposition_table()])),
        check_disposition_table,
        _refused,
    ),
    Kind("dispositions, out and in again", dispositions_of_anything, check_round_trip, seconds=5),
    Kind("lists for queues", damaged_text(QUEUES), check_queue, _refused),
    Kind(
        "notes",
        st.tuples(st.one_of(st.just("TIC 1"), texts), st.one_of(st.just("ana"), texts), texts),
        check_note,
    ),
    Kind("the store's file", st.deferred(lambda: damaged_bytes([store_file()])), check_store),
    Kind("files of the cache", damaged_caches(), check_cache),
)
