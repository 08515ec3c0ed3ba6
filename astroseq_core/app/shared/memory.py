"""Memory of the page server: given back to the system as it becomes free.

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
