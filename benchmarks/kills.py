"""SIGKILL at random moments inside the work, and the same work left alone: is anything lost, doubled, or different afterwards?

    python -m benchmarks.kills [--kills 20] [--works training saving survey export cache dispositions downloads]

A kill counts if it is shown to have fallen into the work: a training had begun an epoch and not ended it, or had a checkpoint
half written; a survey had rows and was to write more; an export or the cache left a temporary file with some of its bytes; a
disposition was begun and not acknowledged; a download was on its way. Others are tried again. All lies in folders of its own.
"""

import argparse
import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.files import TEMPORARY_SUFFIX
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.jobs import process
from astroseq_core.jobs.job import JobState
from astroseq_core.preprocessing.segments import SegmentConfig
from astroseq_core.store import dispositions, leaderboard, scores
from astroseq_core.store.scores import ScoreRow
from astroseq_core.surveys import stars
from astroseq_core.surveys.queue import SURVEYS, SurveyRequest
from astroseq_core.surveys.stars import SurveyChoice
from astroseq_core.targets import Target
from astroseq_core.training import recipes
from astroseq_core.training.recipes import Injection
from astroseq_core.training.runs.queue import RUNS, WORK_NAME, Run
from astroseq_core.training.runs.request import RunRequest

ROOT = Path(__file__).resolve().parent.parent
#: Scores are the same to so much: the network's batches are filled with other stars after a kill.
SAME_SCORE = 1e-3
#: Losses and areas are the same to four digits.
SAME_LOSS = 5e-5
PATIENCE_S = 900.0


@dataclass
class Account:
    """What kills did to one kind of work."""

    work: str
    kills: int = 0
    fell_in: int = 0
    evidence: str = ""
    lost: int = 0
    doubled: int = 0
    different: int = 0
    left: int = 0

    def line(self) -> str:
        numbers = (self.kills, self.fell_in, self.lost, self.doubled, self.different, self.left)
        return f"| {self.work} | " + " | ".join(str(n) for n in numbers) + f" | {self.evidence} |"


HEAD = (
    "| work | kills | fell into the work | lost | doubled | different | left by the kills after the next time | shown by |\n"
    "|---|---|---|---|---|---|---|---|"
)


@contextlib.contextmanager
def own_data() -> Iterator[Path]:
    """A folder of data and cache of its own, for this process and those it starts."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        before = {name: os.environ.get(name) for name in ("ASTROSEQ_DATA", "ASTROSEQ_CACHE")}
        os.environ |= {"ASTROSEQ_DATA": f"{folder}/data", "ASTROSEQ_CACHE": f"{folder}/cache"}
        try:
            yield Path(folder)
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def temporaries(folder: Path) -> dict[Path, int]:
    """Temporary files of atomic writes below a folder, and their sizes [bytes]."""
    found = {}
    for path in folder.rglob(f".*{TEMPORARY_SUFFIX}*"):
        with contextlib.suppress(FileNotFoundError):
            found[path] = path.stat().st_size
    return found


def make_old(folder: Path) -> None:
    """As if the kills had been yesterday: no file is cleared away that another process may still be writing."""
    for path in temporaries(folder):
        os.utime(path, (time.time() - 86_400,) * 2)


def wait_for(is_so: Callable[[], bool], every: float = 0.02) -> bool:
    """Wait until it is so; False if it takes too long."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def kill_job() -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.child_processes[-1].pid, signal.SIGKILL)
    process.child_processes[-1].wait()


# ---- training

RECIPE = replace(
    recipes.load_recipe("quick"),
    cutting=SegmentConfig(window=128, stride=64, channels=("flat", "mf_3h", "gap")),
    simulated={"TESS": 24},
    injection=Injection(snr=(8.0, 60.0), period_days=(3.0, 12.0), copies=1, copies_simulated=2, varied=0.2, without=0.5),
    options={"stem_stride": 2, "widths": (16, 24), "dropout": 0.1, "spatial_dropout": 0.1},
    batch=16,
    parts=(("train", 0.5), ("validation", 0.15), ("calibration", 0.15), ("test", 0.2)),
)


def ended(run_id: str) -> bool:
    return RUNS.get(run_id).state not in (JobState.RUNNING, JobState.QUEUED)


def training(kills: int, draw: random.Random, *, saving: bool = False) -> Account:
    """Kills inside an epoch, or while a checkpoint is half written; each one epoch later than the one before."""
    account = Account("training, a checkpoint half written" if saving else "training, inside an epoch")
    recipe = replace(RECIPE, epochs=kills + 2, patience=kills + 2)
    seen = []
    with own_data():
        alone = RUNS.submit(RunRequest("alone", recipe, seed=5, workers=1))
        assert wait_for(lambda: ended("alone")), "the run that was left alone did not end"
        alone = RUNS.get("alone")
        assert alone.state is JobState.DONE, alone.problem
        RUNS.submit(RunRequest("killed", recipe, seed=5, workers=1))
        folder = RUNS.get("killed").folder / WORK_NAME
        while account.fell_in < kills and account.kills < 3 * kills:
            done = len(RUNS.get("killed").epochs)

            def is_inside(done: int = done) -> bool:
                run = RUNS.get("killed")
                numbers = run.progress.numbers
                if run.state is JobState.QUEUED:  # the process that would be killed is that of the time before
                    return False
                if run.state is not JobState.RUNNING or (run.epochs and len(run.epochs) >= recipe.epochs):
                    return True
                if saving:
                    return any(size > 0 for size in temporaries(folder).values())
                return numbers.get("epoch", 0) > max(done, 1) and 0 < numbers.get("step", 0) < numbers.get("steps", 0)

            assert wait_for(is_inside, 0.0005 if saving else 0.01), "the training came to nothing"
            if not saving:
                time.sleep(draw.uniform(0, 0.3))
            kill_job()
            run: Run = RUNS.get("killed")
            if run.state is JobState.DONE:
                break
            account.kills += 1
            numbers, half = run.progress.numbers, temporaries(folder)
            inside = bool(half) if saving else numbers.get("epoch", 0) > len(run.epochs) and numbers.get("step", 0) > 0
            account.fell_in += inside
            seen.append((len(run.epochs), int(numbers.get("epoch", 0)), int(numbers.get("step", 0)), len(half)))
            if len(run.epochs) < done:
                account.lost += 1
            RUNS.resume("killed")
        assert wait_for(lambda: ended("killed")), "the run that was killed did not end"
        run = RUNS.get("killed")
        assert run.state is JobState.DONE, run.problem
        count = Counter(e.epoch for e in run.epochs)
        account.lost += sum(e.epoch not in count for e in alone.epochs)
        account.doubled = sum(n - 1 for n in count.values())
        worst = 0.0
        for one, two in zip(alone.epochs, run.epochs, strict=False):
            apart = [
                abs(value - two.to_dict()[name])
                for name, value in one.to_dict().items()
                if isinstance(value, float) and name != "seconds"
            ]
            account.different += max(apart) > SAME_LOSS
            worst = max(worst, *apart)
        account.left = len(temporaries(run.folder))
    steps = f"epoch and step when killed, such as {seen[0][1]}/{seen[0][2]} and {seen[-1][1]}/{seen[-1][2]}"
    shown = f"{sum(s[3] > 0 for s in seen)} temporary networks" if saving else steps
    account.evidence = f"{shown}; losses and areas of {len(alone.epochs)} epochs differ by at most {worst:.4f}"
    return account


def saving(kills: int, draw: random.Random) -> Account:
    return training(kills, draw, saving=True)


# ---- surveys


def rows(choice: SurveyChoice) -> dict[str, list[ScoreRow]]:
    return {star.target_id: list(scores.list_by_star(star.target_id)) for star in stars.iterate_stars(choice)}


def same(one: ScoreRow, other: ScoreRow) -> bool:
    if (one.status, one.num_segments) != (other.status, other.num_segments):
        return False
    return abs((one.star_score or 0) - (other.star_score or 0)) <= SAME_SCORE * max(1, abs(other.star_score or 0))


def survey(kills: int, draw: random.Random, count: int = 0) -> Account:
    """Kills when some rows are written and others are to come."""
    account = Account("survey")
    count = count or 16 * kills
    choice = SurveyChoice("simulated", mission="TESS", count=count)
    request = SurveyRequest("survey", choice, "tess-2min-v2")
    seen = []

    def num_rows() -> int:
        return sum(m.num_scored + m.num_failed for m in leaderboard.list_models())

    def is_active() -> bool:
        return SURVEYS.get("survey").is_active

    with own_data():
        SURVEYS.submit(request)
        assert wait_for(lambda: not is_active())
        expected = rows(choice)
    with own_data():
        SURVEYS.submit(request)
        for number in range(kills):
            wanted = max(num_rows() + 1, draw.randint(count * number // (kills + 1), count * (number + 1) // (kills + 1)))
            assert wait_for(lambda wanted=wanted: num_rows() >= wanted or not is_active())  # type: ignore[misc]
            time.sleep(draw.uniform(0, 0.1))
            kill_job()
            at = num_rows()
            account.kills += 1
            account.fell_in += 0 < at < count
            seen.append(at)
            if SURVEYS.get("survey").state is JobState.DONE:
                break
            SURVEYS.resume("survey")
        assert wait_for(lambda: not is_active())
        found = rows(choice)
    account.lost = sum(not found[t] for t in expected)
    account.doubled = sum(len(r) > 1 for r in found.values())
    account.different = sum(bool(r) and not same(r[0], expected[t][0]) for t, r in found.items())
    account.evidence = f"rows in the store when killed: {', '.join(map(str, seen))} of {count}"
    return account


# ---- exports, cache, dispositions: processes that do one thing


def export(kills: int, draw: random.Random) -> Account:
    """Kills while the temporary file of a table of candidates has some of its bytes; an older table stands in its place."""
    account = Account("export")
    sizes = []
    with own_data() as place:
        scores.save([ScoreRow(f"TIC {n}", "tess-2min-v2", "s", "d", "TESS", star_score=n / 7.0) for n in range(1, 60_001)])
        out = place / "out"
        out.mkdir()
        table = out / "candidates.csv"

        def command(*more: str) -> list[str]:
            return [sys.executable, "-m", "astroseq_core", "export", "--out", str(table), "--top", "1000", *more]

        subprocess.run(command("--text", "TIC 1"), cwd=ROOT, check=True, capture_output=True)
        before = {p.name: digest(p) for p in out.iterdir()}
        whole = 0
        while account.fell_in < kills and account.kills < 5 * kills:
            wanted = draw.randint(1, 2_000_000)
            known = set(temporaries(out))
            with subprocess.Popen(command(), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:

                def is_inside(one: subprocess.Popen[bytes] = one, known: set[Path] = known, wanted: int = wanted) -> bool:
                    return one.poll() is not None or any(s >= wanted for p, s in temporaries(out).items() if p not in known)

                wait_for(is_inside, 0.001)
                one.kill()
            account.kills += 1
            new = {p: s for p, s in temporaries(out).items() if p not in known}
            if new:
                account.fell_in += 1
                sizes.append(*new.values())
                account.different += any(digest(out / name) != was for name, was in before.items())
            else:  # it was done: the older table again
                subprocess.run(command("--text", "TIC 1"), cwd=ROOT, check=True, capture_output=True)
                before = {p.name: digest(p) for p in out.iterdir() if not p.name.startswith(".")}
        visible = [p for p in out.iterdir() if not p.name.startswith(".")]
        account.different += len(visible) != len(before)
        make_old(out)
        subprocess.run(command(), cwd=ROOT, check=True, capture_output=True)
        whole = table.stat().st_size
        lines = table.read_text().splitlines()[1:]
        count = Counter(line.split(",")[1] if line.split(",")[0].isdigit() else line.split(",")[0] for line in lines)
        account.lost, account.doubled = 60_000 - len(count), sum(n - 1 for n in count.values())
        account.left = len(temporaries(out))
    account.evidence = f"bytes in the temporary file: {min(sizes)} to {max(sizes)} of {whole}; the older table untouched"
    return account


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


CACHE_WRITER = """
import sys
import numpy as np
from astroseq_core.io.cache import LightCurveCache
from benchmarks.kills import cached_curve
cache = LightCurveCache()
for n in range(int(sys.argv[1]), 100_000):
    cache.put(cached_curve(n))
    print(n, flush=True)
"""


def cached_curve(number: int) -> LightCurve:
    """A light curve of so many cadences that writing it takes a while, the same for the same number."""
    from astroseq_core.missions import BY_PREFIX
    from astroseq_core.times import TimeSystem

    rng = np.random.default_rng(number)
    time_ = 1400 + np.arange(400_000) * 20 / 86_400
    return LightCurve(
        target=Target("TIC", str(number)),
        instrument=BY_PREFIX["TIC"],
        observation="s0001",
        time=time_,
        time_system=TimeSystem.BTJD,
        flux=1 + 1e-3 * rng.standard_normal(len(time_)),
        quality=np.zeros(len(time_), np.int32),
    )


def cache(kills: int, draw: random.Random) -> Account:
    """Kills among writes of light curves; those that leave a temporary file, or an entry without acknowledgement, count."""
    account = Account("cache write")
    with own_data():
        kept, number, half, unsaid, said = LightCurveCache(), 1, 0, 0, set[int]()
        while account.fell_in < kills and account.kills < 5 * kills:
            known = set(temporaries(kept.folder))
            command = [sys.executable, "-c", CACHE_WRITER, str(number)]
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as one:
                assert one.stdout is not None
                first = one.stdout.readline()
                assert first, "the writer came to nothing"
                time.sleep(draw.uniform(0, 0.5))
                one.kill()
                lines = [first, *one.stdout.read().split()]
            account.kills += 1
            said |= {int(line) for line in lines}
            new = set(temporaries(kept.folder)) - known
            stored = {int(t.split()[1]) for t in kept.targets()}
            half, unsaid = half + bool(new), unsaid + bool(stored - said)
            account.fell_in += bool(new) or bool(stored - said)
            said |= stored
            number = max(said) + 1
        for n in sorted(said):
            got = kept.get(Target("TIC", str(n)), "s0001")
            if got is None:
                account.lost += 1
            else:
                account.different += not np.array_equal(got.flux, cached_curve(n).flux)
        account.doubled = sum(len(kept.files(Target("TIC", str(n)))) > 1 for n in said)
        make_old(kept.folder)
        report = kept.verify()
        account.different += not report.is_sound
        account.left = len(temporaries(kept.folder))
    account.evidence = f"{half} temporary files, {unsaid} entries before their acknowledgement; {len(said)} light curves"
    return account


VOTER = """
import sys
from astroseq_core.store import dispositions
from astroseq_core.store.disposition_entry import Disposition
for n in range(int(sys.argv[1]), 1_000_000):
    print("begun", n, flush=True)
    dispositions.add(Disposition(f"TIC {n}", ("PC", "FP", "FA")[n % 3], "ada", note=f"note {n}", token=f"t{n}"))
    print("done", n, flush=True)
"""


def votes(kills: int, draw: random.Random) -> Account:
    """Kills among dispositions; those between the beginning of one and its acknowledgement count."""
    account = Account("dispositions")
    with own_data():
        dispositions.list_current()
        begin, said, stored_unsaid = 1, 0, 0
        while account.fell_in < kills and account.kills < 5 * kills:
            command = [sys.executable, "-c", VOTER, str(begin)]
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as one:
                assert one.stdout is not None
                first = one.stdout.readline()
                assert first, "the voter came to nothing"
                time.sleep(draw.uniform(0.02, 0.3))
                one.kill()
                lines = [first.strip(), *one.stdout.read().strip().split("\n")]
            account.kills += 1
            account.fell_in += lines[-1].startswith("begun")
            finished = [int(line.split()[1]) for line in lines if line.startswith("done ")]
            said = max([said, *finished])
            tokens = {e.token for e in dispositions.history()}
            stored_unsaid += f"t{said + 1}" in tokens
            begin = said + 1  # a page sends what was not acknowledged again, with the same token
        entries = dispositions.history()
        count = Counter(e.token for e in entries)
        account.lost = sum(f"t{n}" not in count for n in range(1, said + 1))
        account.doubled = sum(n - 1 for n in count.values())
        for entry in entries:
            n = int(entry.token[1:])
            one_ = entry.disposition
            account.different += (one_.target_id, one_.disposition, one_.note) != (
                f"TIC {n}",
                ("PC", "FP", "FA")[n % 3],
                f"note {n}",
            )
    account.evidence = f"begun and not acknowledged; {stored_unsaid} of these were stored; {said} dispositions"
    return account


def downloads(kills: int, draw: random.Random) -> Account:
    """Kills in the midst of fetching from an archive of our own with faults; see benchmarks.fetch_faults."""
    from tests.standin import StandIn
    from tests.standin.ordeal import endure

    del draw  # the kills come when a share of the files has come
    account = Account("downloads")
    with StandIn() as server, tempfile.TemporaryDirectory() as folder:
        found = endure(server, Path(folder), 20 * kills, kills)
        account.left = len(temporaries(Path(folder)))
    account.kills, account.fell_in = kills, found.kills
    account.lost = len(found.unknown) + found.without_reason
    account.doubled = len(found.refetched) + found.doubled - found.excused
    account.different = int(not found.verified.is_sound)
    account.evidence = f"the process was fetching; {found.excused} files on their way were delivered again"
    return account


WORKS: dict[str, Callable[[int, random.Random], Account]] = {
    "training": training,
    "saving": saving,
    "survey": survey,
    "export": export,
    "cache": cache,
    "dispositions": votes,
    "downloads": downloads,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--works", nargs="+", choices=tuple(WORKS), default=tuple(WORKS))
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    print(HEAD, flush=True)
    harmed = 0
    for name in options.works:
        account = WORKS[name](options.kills, random.Random(options.seed))
        print(account.line(), flush=True)
        harmed += account.lost + account.doubled + account.different + (account.fell_in < options.kills)
    return 1 if harmed else 0


if __name__ == "__main__":
    sys.exit(main())
