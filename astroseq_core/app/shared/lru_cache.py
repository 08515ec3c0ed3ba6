"""LRU cache in memory that all sessions share, bounded by the number of values and by their bytes."""

from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from threading import Lock
from typing import Any

import cachetools
import numpy as np


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
