"""Memory of the page server: values that all sessions share, and what is given back to the system as it becomes free.

Each run of a page is a new thread, and the GNU C library gives threads heaps ("arenas") of their own,
up to eight a core. What one page frees then stays in its heap while the next page's heap grows, so
the process grows with the number of pages that were ever open at once, though no object is left.
"""

import ctypes
import functools
import gc
import sys
import threading
import time
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from threading import Lock
from typing import Any

import cachetools
import numpy as np

#: Heaps that all threads share.
MAX_ARENAS = 2
#: Free memory goes back to the system so often [s], if the server has worked for so long since [CPU s].
TRIM_SECONDS, WORKED_SECONDS = 10.0, 0.5
#: What was set aside from collections of garbage is looked through so often [s].
COLLECT_SECONDS = 120.0
#: Larger arrays have memory of their own, which goes back when they do; the library would raise this limit by itself [bytes].
OWN_MEMORY_BYTES = 4_000_000
#: Numbers of the parameters in the C library's malloc.h.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8

_lock = threading.Lock()


def trim() -> bool:
    """Give free memory back to the system.

    Returns
    -------
    bool
        Whether this system's C library can; only the GNU one does.
    """
    library = _gnu_library()
    if library is None:
        return False
    library.malloc_trim(0)
    return True


def keep_small() -> bool:
    """Limit the heaps of the process, and give free memory back from now on; once in a process.

    Returns
    -------
    bool
        Whether this system's C library can; elsewhere nothing happens.
    """
    with _lock:
        return _keep_small()


# not Streamlit's cache: when that is cleared, a second thread would begin
@functools.cache
def _keep_small() -> bool:
    library = _gnu_library()
    if library is None:
        return False
    library.mallopt(_M_ARENA_MAX, MAX_ARENAS)
    library.mallopt(_M_MMAP_THRESHOLD, OWN_MEMORY_BYTES)
    threading.Thread(target=_trim_for_ever, name="memory", daemon=True).start()
    return True


def _trim_for_ever() -> None:
    worked, collected = time.process_time(), time.monotonic()
    while True:
        time.sleep(TRIM_SECONDS)
        if time.process_time() - worked > WORKED_SECONDS:
            if gc.get_freeze_count() and time.monotonic() - collected > COLLECT_SECONDS:
                set_aside()
                collected = time.monotonic()
            trim()
            worked = time.process_time()


def set_aside() -> None:
    """Collect garbage, and keep all that is left out of later collections until the next call.

    Streamlit collects garbage after every run of a page; without this it goes through all of
    TensorFlow each time. Setting aside alone would never let go of what the open pages hold at that
    moment, so it is done seldom, and what was set aside before is looked through first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _gnu_library() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None


class LRUCache:
    """Least-recently-used cache of cachetools, bounded by bytes as well, and made safe to share between threads.

    The last value that was put is kept even if it alone is larger than allowed: a page that is open
    needs it at each rerun.

    Parameters
    ----------
    size : int
        Largest number of values.
    max_bytes : int or None, optional
        Largest sum of their arrays [bytes]; unbounded if None.

    Examples
    --------
    >>> cache = LRUCache(2)
    >>> for key in "abc":
    ...     cache.put(key, key.upper())
    >>> cache.get("a") is None, cache.get("c")
    (True, 'C')
    """

    def __init__(self, size: int, max_bytes: int | None = None) -> None:
        self._size, self._max_bytes = size, max_bytes
        self._values: cachetools.LRUCache[Hashable, tuple[Any, float]] = cachetools.LRUCache(size, getsizeof=lambda one: one[1])
        self._lock = Lock()

    def get(self, key: Hashable) -> Any | None:
        """Return the value of a key and mark it as used.

        Parameters
        ----------
        key : Hashable
            The key.

        Returns
        -------
        object or None
            None if there is no value.
        """
        with self._lock:
            return self._values.get(key, (None, 0))[0]

    def put(self, key: Hashable, value: object, content: object = None) -> None:
        """Store a value; drops the least recently used ones above the limits.

        Parameters
        ----------
        key : Hashable
            The key.
        value : object
            The value.
        content : object, optional
            What takes the memory, where it stands inside the value; the value itself if None.
        """
        share = 0.0 if self._max_bytes is None else array_bytes(value if content is None else content) / self._max_bytes
        with self._lock:
            # In units of the usual share of one value, of which there is room for as many as values: at least one, at most all.
            self._values[key] = (value, min(max(1.0, share * self._size), self._size))


def array_bytes(value: object) -> int:
    """Return how much memory the arrays in a value take.

    Dataclasses, sequences and mappings are followed; an array that stands in several places, or of
    which there are several views, counts once.

    Parameters
    ----------
    value : object
        The value.

    Returns
    -------
    int
        Size of its arrays and bytes [bytes].

    Examples
    --------
    >>> array_bytes({"time": np.zeros(1000), "names": ("a", np.zeros(1000, np.float32))})
    12000
    """
    total, seen, waiting = 0, set[int](), [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, np.ndarray):
            while isinstance(one.base, np.ndarray):
                one = one.base
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            total += one.nbytes
        elif isinstance(one, bytes):
            total += len(one)
        elif is_dataclass(one) and not isinstance(one, type):
            waiting += [getattr(one, f.name) for f in fields(one)]
        elif isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, tuple | list):
            waiting += one
    return total
