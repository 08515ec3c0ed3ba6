"""Which light curves of a target there are, before anything downloads."""

import json
import threading
import time
from typing import Any

import numpy as np

from astroseq_core.archive import mast, products, retry
from astroseq_core.archive.products import Available
from astroseq_core.archive.retry import Patience
from astroseq_core.errors import ArchiveError, StoppedError, TargetError
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.targets import Target

#: A list of what there is stays good for so long [days]: TESS adds a sector a month, Kepler and K2 add nothing any more.
LISTING_DAYS = 7.0
_LISTING = "mast-listing"
_ALL = products.describe(None, None)


def search(
    target: Target,
    *,
    author: str | None = None,
    exposure_seconds: float | None = None,
    cache: LightCurveCache | None = None,
    max_age_days: float = LISTING_DAYS,
    how: Patience | None = None,
    stop: threading.Event | None = None,
) -> tuple[Available, ...]:
    """The light curves of a target by one author, sorted by observation; ``author="any"`` gives all.

    Without an author or exposure [s] the mission's usual ones: Kepler long cadence; K2's own; SPOC at 120 s, else TESS-SPOC, else
    QLP. Empty where the archive has none, which is remembered with its reason until ``forget`` or the cache forgets it. A list
    younger than ``max_age_days`` is not asked for again. Raises ArchiveError when the archive gave no answer, which is listed
    among the failures, StoppedError, and TargetError for a simulated star.
    """
    cache = cache or LightCurveCache()
    if target.is_simulated:
        raise TargetError(f"{target} exists only here; there is nothing of it to fetch.")
    wanted = products.describe(author, exposure_seconds)
    if absence(cache, target, author, exposure_seconds) is not None:
        return ()
    try:
        everything = _everything(target, cache, max_age_days, how or retry.patience(), stop)
    except StoppedError:
        raise
    except ArchiveError as error:
        cache.remember_failed(target, wanted, str(error))
        raise
    cache.forget_failed(target, wanted)
    found = products.choose(everything, target.mission, author, exposure_seconds)
    if not found:
        there = sorted({f"{item.author} at {item.exposure_seconds:g} s" for item in everything})
        reason = f"MAST has of {target} no {wanted if wanted != _ALL else 'usual light curve'}"
        cache.remember_absent(
            target, wanted, f"{reason}; there is {', '.join(there)}." if there else f"MAST has no light curve of {target}."
        )
    return found


def absence(cache: LightCurveCache, target: Target, author: str | None, exposure_seconds: float | None) -> str | None:
    """Why there is none of what is asked for, as far as that is remembered."""
    return cache.absent(target, _ALL) or cache.absent(target, products.describe(author, exposure_seconds))


def forget(target: Target, cache: LightCurveCache | None = None) -> None:
    """Forget which light curves of a target there are, which not, and which failed: the next search asks the archive."""
    cache = cache or LightCurveCache()
    cache.forget_absent(target)
    cache.forget_failed(target)
    cache.store_arrays(_LISTING, target.slug, when=np.array(-np.inf), text=np.zeros(0, np.uint8))


def _everything(
    target: Target, cache: LightCurveCache, max_age_days: float, how: Patience, stop: threading.Event | None
) -> tuple[Available, ...]:
    kept = cache.load_arrays(_LISTING, target.slug)
    if kept is not None and 0 <= time.time() - float(kept["when"]) < 86_400 * max_age_days:
        return tuple(Available(target, *row) for row in json.loads(kept["text"].tobytes()))
    found = _ask(target, how, stop) or _ask(target, how, stop)  # "nothing" is remembered for long: only when said twice
    if found:
        rows = [[i.observation, i.author, i.exposure_seconds, i.size_bytes, i.uri, i.filename] for i in found]
        text = np.frombuffer(json.dumps(rows).encode(), np.uint8)
        cache.store_arrays(_LISTING, target.slug, when=np.array(time.time()), text=text)
    return found


def _ask(target: Target, how: Patience, stop: threading.Event | None) -> tuple[Available, ...]:
    rows: list[dict[str, Any]] = retry.retrying(lambda: mast.observations(target, how), how, stop)
    # An identifier that stands for nothing, or two rows of one observation, would only lengthen the list.
    obsids = list(dict.fromkeys(str(row["obsid"]) for row in rows if row.get("obsid") and row.get("obs_id")))
    if not obsids:
        return ()
    files = retry.retrying(lambda: mast.products(obsids, target, how), how, stop)
    return products.from_rows(target, [row for row in rows if row.get("obs_id")], files)
