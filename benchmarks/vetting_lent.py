"""Checks on lent stars of known disposition: confirmed planets that fail, false positives that nothing speaks against.

    python -m benchmarks.vetting_lent [--stars] [--neighbors] [--out FILE]

The light curves (binned Kepler KOIs) and their published ephemerides lie beside the project (../shared/data); without them
nothing is measured. Each signal is examined at its published ephemeris, the star's other signals masked. With ``--stars`` the
star's parameters come from the KOI table, as they do in the app; without, nothing is known of the star. With ``--neighbors``
the other KOIs nearby are known, too, as they are in the app once the KOI table is there. Signals that are in
FILE already are not examined again. Thresholds were chosen on the stars of one half ("chosen on"), by a hash of their names;
the other half is "kept out".
"""

import argparse
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.coordinates import angular_separation
from scipy.stats import binomtest

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError
from astroseq_core.io.ephemeris_table import read_table
from astroseq_core.io.read import read_light_curve
from astroseq_core.preprocessing.prepare import prepare
from astroseq_core.scoring.star_data import NEIGHBOR_ARCSEC
from astroseq_core.stellar import StellarParameters
from astroseq_core.times import Instant, TimeSystem
from astroseq_core.vetting.checks.base import Flag
from astroseq_core.vetting.examine import examine
from benchmarks.lent import LENT

#: Checks of how well a signal is seen, not of what it is.
NOT_ASTROPHYSICAL = ("strength", "coverage")
CONFIRMED, FALSE_POSITIVE = "CONFIRMED", "FALSE POSITIVE"


def halves(target_id: str) -> str:
    """Return the half that a star belongs to."""
    return "chosen on" if hashlib.sha256(target_id.encode()).digest()[0] % 2 else "kept out"


def read_stars() -> dict[str, StellarParameters]:
    """Return the parameters of the stars of the KOI table, by identifier."""
    table = pd.read_csv(LENT / "tables" / "koi_cumulative.csv.gz", comment="#")
    found = {}
    for row in table.drop_duplicates("kepid").itertuples():
        error = (row.koi_srad_err1 - row.koi_srad_err2) / 2
        values = (row.koi_steff, row.koi_srad, row.koi_slogg, row.koi_kepmag, error)
        teff, radius, logg, magnitude, error = (float(value) if np.isfinite(value) else None for value in values)
        star = StellarParameters(
            teff_k=teff,
            radius_solar=radius,
            radius_err=error,
            logg=logg,
            magnitude=magnitude,
            band="Kp",
            source="KOI table",
        )
        found[f"KIC {row.kepid}"] = star.with_density()
    return found


def read_koi_table() -> tuple[list[Ephemeris], np.ndarray]:
    """Return all KOIs with a period, and their positions [rad], shape (n, 2)."""
    table = pd.read_csv(LENT / "tables" / "koi_cumulative.csv.gz", comment="#")
    whole = np.isfinite(table.koi_period) & np.isfinite(table.koi_time0bk) & (table.koi_depth > 0)
    table = table[whole & (table.koi_duration > 0) & (table.koi_duration < 12 * table.koi_period)]
    kois = [
        Ephemeris(
            f"KIC {row.kepid}",
            str(row.kepoi_name),
            Instant(float(row.koi_time0bk), TimeSystem.BKJD),
            float(row.koi_period),
            float(row.koi_duration),
            depth_ppm=float(row.koi_depth) if row.koi_depth <= 1e6 else None,
            t0_err=float(np.nan_to_num(row.koi_time0bk_err1)),
            period_err=float(np.nan_to_num(row.koi_period_err1)),
        )
        for row in table.itertuples()
    ]
    return kois, np.radians(table[["ra", "dec"]].to_numpy())


def nearby(target_id: str, kois: list[Ephemeris], at: np.ndarray) -> list[tuple[Ephemeris, float]]:
    """Return the KOIs of other stars near a star, and their distances [arcsec]."""
    own = next((place for e, place in zip(kois, at, strict=True) if e.target_id == target_id), None)
    if own is None:
        return []
    arcsec = np.degrees(angular_separation(at[:, 0], at[:, 1], *own)) * 3600
    near = [(kois[i], float(arcsec[i])) for i in np.flatnonzero(arcsec < NEIGHBOR_ARCSEC) if kois[i].target_id != target_id]
    return sorted(near, key=lambda pair: pair[1])


def signals() -> Iterator[tuple[str, list[Path], list[Ephemeris]]]:
    """Yield each binned star with its files and published ephemerides."""
    manifest = pd.read_csv(LENT / "manifest.csv")
    files: dict[str, list[Path]] = defaultdict(list)
    for row in manifest.itertuples():
        if str(row.file).startswith("lc_binned/"):
            files[str(row.target_id)].append(LENT / str(row.file))
    table = read_table(LENT / "ephemerides.csv")
    for target_id, paths in files.items():
        known = list(table.for_target(target_id))
        if any(e.disposition in (CONFIRMED, FALSE_POSITIVE) for e in known):
            yield target_id, paths, known


def measure(out: Path, with_stars: bool, with_neighbors: bool) -> list[dict]:
    """Examine every signal that is not in the file yet, and return all rows."""
    rows = [json.loads(line) for line in out.read_text().splitlines()] if out.is_file() else []
    done = {row["name"] for row in rows}
    stars = read_stars() if with_stars else {}
    kois, at = read_koi_table() if with_neighbors else ([], np.zeros((0, 2)))
    with out.open("a") as file:
        for target_id, paths, known in signals():
            asked = [e for e in known if e.disposition in (CONFIRMED, FALSE_POSITIVE) and e.name not in done]
            if not asked:
                continue
            try:
                curves = [prepare(read_light_curve(path)) for path in paths]
            except AstroSeqError as error:
                print(f"{target_id}: {error}")
                continue
            near = nearby(target_id, kois, at)
            for e in asked:
                row: dict = {"target_id": target_id, "name": e.name, "disposition": e.disposition, "half": halves(target_id)}
                row |= {"period_days": e.period_days, "published_ppm": e.depth_ppm}
                try:
                    others = [o for o in known if o is not e]
                    found = examine(curves, e, others=others, stellar=stars.get(target_id), neighbors=near)
                except AstroSeqError as error:
                    row["error"] = str(error)
                else:
                    row["flags"] = {c.name: str(c.flag) for c in found.checks}
                    row["sentences"] = {c.name: c.sentence for c in found.checks}
                    row["depth_ppm"] = found.depth_ppm
                file.write(json.dumps(row) + "\n")
                file.flush()
                rows.append(row)
    return rows


def rate(number: int, of: int) -> str:
    """Write a rate with its 95 % interval."""
    if not of:
        return "none"
    found = binomtest(number, of)
    ends = found.proportion_ci(method="wilson")
    return f"{number} of {of}, {100 * found.statistic:.1f} % ({100 * ends.low:.1f} to {100 * ends.high:.1f})"


def report(rows: list[dict]) -> None:
    """Print the rates of all stars and of each half, and what fails confirmed planets."""
    for half in ("all", "chosen on", "kept out"):
        mine = [r for r in rows if "flags" in r and half in ("all", r["half"])]
        planets = [r for r in mine if r["disposition"] == CONFIRMED]
        false = [r for r in mine if r["disposition"] == FALSE_POSITIVE]
        failed = [r for r in planets if Flag.FAIL in r["flags"].values()]
        print(f"\n{half}: confirmed that fail: {rate(len(failed), len(planets))}")
        for words, flags in (("no astrophysical check warns or fails", (Flag.WARN, Flag.FAIL)), ("none fails", (Flag.FAIL,))):
            quiet = [r for r in false if not any(f in flags for n, f in r["flags"].items() if n not in NOT_ASTROPHYSICAL)]
            print(f"    false positives of which {words}: {rate(len(quiet), len(false))}")
        warned = [r for r in planets if any(f in ("warn", "fail") for n, f in r["flags"].items() if n not in NOT_ASTROPHYSICAL)]
        print(f"    confirmed of which an astrophysical check warns or fails: {rate(len(warned), len(planets))}")
        for name, group in (("confirmed", planets), ("false positives", false)):
            for flag in (Flag.FAIL, Flag.WARN):
                by = Counter(n for r in group for n, f in r["flags"].items() if f == flag)
                print(f"    {name}, {flag}: " + ", ".join(f"{n} {number}" for n, number in by.most_common()))
    print("\nConfirmed planets that fail:")
    for r in rows:
        if r["disposition"] == CONFIRMED and Flag.FAIL in r.get("flags", {}).values():
            for name, flag in r["flags"].items():
                if flag == Flag.FAIL:
                    print(f"    {r['name']} ({r['half']}): {r['sentences'][name]}")
    for r in rows:
        if "error" in r:
            print(f"    {r['name']}: {r['error']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stars", action="store_true", help="use the stars' parameters of the KOI table")
    parser.add_argument("--neighbors", action="store_true", help="compare with the other KOIs nearby")
    parser.add_argument("--out", type=Path, default=Path("vetting_lent.jsonl"), help="file of rows, gone on with")
    asked = parser.parse_args()
    if not (LENT / "lc_binned").is_dir():
        print(f"The lent real light curves are not at {LENT}; nothing is measured.")
        return
    report(measure(asked.out, asked.stars, asked.neighbors))


if __name__ == "__main__":
    main()
