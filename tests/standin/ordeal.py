"""The ordeal of fetching: faults on every third answer, four downloads at a time, killed twice on the way; and the account."""

import functools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.cache_records import VerifyReport
from astroseq_core.targets import parse_star
from tests.standin import Fault, Kind, StandIn
from tests.standin.mast import products_of
from tests.standin.server import wait_for
from tests.standin.skyfiles import Sky

ROOT = Path(__file__).resolve().parents[2]
FAULTS = (
    Fault(Kind.DROPPED),
    Fault(Kind.STATUS, status=503),
    Fault(Kind.TRUNCATED, at=0.7),
    Fault(Kind.STATUS, status=429, retry_after="1"),
    Fault(Kind.HTML),
    Fault(Kind.STATUS, status=500),
    Fault(Kind.CUT, at=5000),
    Fault(Kind.SLOW, seconds=0.2),
    Fault(Kind.WRONG_LENGTH, at=3000),
    Fault(Kind.EMPTY),
    Fault(Kind.DUPLICATES),
    Fault(Kind.STALLED, seconds=3.0),
    Fault(Kind.LIE),
    Fault(Kind.STATUS, status=404),
)


@dataclass(frozen=True)
class Account:
    """What is to be seen after the ordeal.

    ``endings``: how the last run said that each light curve ended. ``reasons``: of the absent and the failed ones;
    ``without_reason``: those that do not say why.
    ``unknown``: light curves of the archive, or targets, of which the report says nothing. ``refetched``: files asked for after
    they were whole in the cache. ``doubled``: deliveries of a file that had already come whole, ``excused`` of them because the
    process was killed between the delivery and the cache.
    """

    endings: Counter[str]
    reasons: tuple[str, ...]
    without_reason: int
    unknown: tuple[str, ...]
    refetched: tuple[str, ...]
    doubled: int
    excused: int
    verified: VerifyReport
    requests: int
    faults: int
    kills: int
    seconds: float


def names(count: int) -> list[str]:
    """So many TIC numbers: of ten stars seven have two light curves by default, two have one and one has none."""
    return [f"TIC {1000 + n}" for n in range(count)]


def endure(server: StandIn, folder: Path, count: int, kills: int = 2, every: int = 3) -> Account:
    """The account of fetching ``count`` stars into a new cache in ``folder``."""
    begun = time.monotonic()
    wanted = expected(names(count))
    listed = folder / "targets.csv"
    listed.write_text("target_id\n" + "\n".join(names(count)) + "\n")
    command = [sys.executable, "-m", "astroseq_core", "fetch", "--targets-file", str(listed), "--workers", "4", "--json"]
    environment = {
        **os.environ,
        "ASTROSEQ_CACHE": str(folder / "cache"),
        "ASTROSEQ_MAST_SERVER": server.url,
        "ASTROSEQ_RETRY_SECONDS": "0.02",
        "ASTROSEQ_TIMEOUT_SECONDS": "1",
    }
    cache = LightCurveCache(folder / "cache" / "lightcurves")
    server.misbehave(*FAULTS, every=every)
    refetched: list[str] = []
    in_cache: set[str] = set()
    lost: dict[str, int] = {}
    before: Counter[str] = Counter()
    done = 0
    for kill in range(1, kills + 1):
        with subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            mark = len(wanted) * kill // (kills + 1)
            reached = wait_for(functools.partial(_came, server, mark), 300)
            assert reached, "the run came to an end, or to nothing, before it was to be killed"
            done += process.poll() is None
            process.kill()
        quiet(server)
        refetched += [uri for uri in in_cache if files(server.state.requests)[uri] > before[uri]]
        before = files(server.state.requests)
        in_cache = {uri for uri in (uri_of(wanted, *entry) for entry in stored(cache)) if uri}
        lost |= {uri: n for uri, n in files(server.state.whole).items() if uri not in in_cache}
    last = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert last.returncode in (0, 1), last.stderr
    refetched += [uri for uri in in_cache if files(server.state.requests)[uri] > before[uri]]
    items = json.loads(last.stdout)["items"]
    said = {(i["target_id"], i["observation"]) for i in items}
    unknown = [name for name in names(count) if not any(name == target for target, _ in said)]
    whole_targets = {i["target_id"] for i in items if i["ending"] in ("whole", "already there")}
    unknown += [
        sky.uri
        for sky in wanted.values()
        if f"TIC {sky.number}" in whole_targets and (f"TIC {sky.number}", f"sector {sky.sequence}") not in said
    ]
    return Account(
        Counter(i["ending"] for i in items),
        tuple(i["reason"] for i in items if i["ending"] in ("absent", "failed")),
        sum(not i["reason"] for i in items if i["ending"] in ("absent", "failed")),
        tuple(unknown),
        tuple(refetched),
        sum(max(0, n - 1) for n in files(server.state.whole).values()),
        sum(max(0, min(n, files(server.state.whole)[uri] - 1)) for uri, n in lost.items()),
        cache.verify(),
        server.state.requests.total(),
        sum(bool(fault) for _, fault in server.state.answers),
        done,
        time.monotonic() - begun,
    )


def expected(stars: list[str]) -> dict[tuple[str, str, str, int], Sky]:
    """The light curves that are taken by default, by target, observation, author and exposure."""
    found = {}
    for name in stars:
        offered = products_of(name.removeprefix("TIC "))
        for author, exposure in (("SPOC", 120), ("TESS-SPOC", 1800), ("QLP", 1800)):
            if mine := [sky for sky in offered if (sky.author, sky.exposure) == (author, exposure)]:
                found |= {(name, f"sector {sky.sequence}", author, exposure): sky for sky in mine}
                break
    return found


def stored(cache: LightCurveCache) -> list[tuple[str, str, str, int]]:
    """What is in the cache and whole: each is read and checked."""
    found = []
    for entry in cache.entries():
        key = (entry.target_id, entry.observation, entry.author, entry.exposure_seconds)
        curve = cache.get(parse_star(key[0]), key[1], author=key[2], exposure_seconds=key[3])
        assert curve is not None, f"{entry} is damaged"
        found.append(key)
    return found


def uri_of(wanted: dict[tuple[str, str, str, int], Sky], *entry: object) -> str:
    """The address of a cached light curve, empty for another."""
    sky = wanted.get(entry)  # type: ignore[call-overload]
    return sky.uri if sky else ""


def _came(server: StandIn, mark: int) -> bool:
    return files(server.state.whole).total() >= mark


def files(lines: Counter[str]) -> Counter[str]:
    """Of request lines those of downloads, by address."""
    return Counter({line.partition("uri=")[2]: n for line, n in list(lines.items()) if "Download/file" in line})


def quiet(server: StandIn) -> None:
    """Wait until no answer is under way any more."""
    seen = -1
    while seen != len(server.state.answers):
        seen = len(server.state.answers)
        time.sleep(0.3)
