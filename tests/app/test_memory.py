"""The page server's memory: caches bounded by bytes, and free memory given back."""

import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
import streamlit as st

from astroseq_core.app.shared import memory
from astroseq_core.app.shared.memory import LRUCache, array_bytes
from astroseq_core.app.shared.stars import MAX_CACHE_BYTES
from astroseq_core.scoring.star_data import StarRequest, load_star
from astroseq_core.scoring.star_source import Source


def test_a_cache_keeps_within_its_bytes_whatever_the_number_of_values():
    cache = LRUCache(100, max_bytes=10_000_000)
    for number in range(50):
        cache.put(number, {"flux": np.zeros(125_000)})
    assert [n for n in range(50) if cache.get(n) is not None] == list(range(40, 50))
    cache.put("small", np.zeros(10))
    assert cache.get("small") is not None
    assert sum(cache.get(n) is not None for n in range(50)) == 9


def test_a_value_larger_than_all_that_is_allowed_stays_until_the_next():
    cache = LRUCache(100, max_bytes=1_000_000)
    cache.put("star of a hundred sectors", np.zeros(10_000_000))
    assert cache.get("star of a hundred sectors") is not None
    cache.put("next", np.zeros(10))
    assert cache.get("star of a hundred sectors") is None
    assert cache.get("next") is not None


def test_arrays_that_stand_in_several_places_count_once():
    star = load_star(StarRequest("SIM 1", Source.SIMULATED))
    cadences = sum(len(p.time) for p in star.detrended)
    assert 4 * 8 * cadences < array_bytes(star) < 200 * cadences
    assert array_bytes((star, star)) == array_bytes(star)
    assert array_bytes(star.detrended[0].flux[10:20]) == array_bytes(star.detrended[0].flux)
    assert array_bytes(star) < MAX_CACHE_BYTES["stars"] / 10


#: A large heap whose last block is in use, so that the C library cannot shorten it by itself.
FRAGMENTED = """
import psutil
from astroseq_core.app.shared import memory
blocks = [bytearray(60_000) for _ in range(3000)]
last = bytearray(60_000)
full = psutil.Process().memory_info().rss
del blocks
freed = psutil.Process().memory_info().rss
memory.trim()
print(full - freed, full - psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(not memory.trim(), reason="not the GNU C library")
def test_memory_that_is_free_between_what_is_used_goes_back_to_the_system():
    done = subprocess.run([sys.executable, "-c", FRAGMENTED], capture_output=True, text=True, timeout=60)
    before, after = map(int, done.stdout.split())
    assert before < 60_000_000
    assert after > 150_000_000


def test_one_thread_gives_memory_back_however_often_the_caches_are_cleared():
    for _ in range(3):
        st.cache_resource.clear()
        memory.keep_small()
    assert sum(thread.name == "memory" for thread in threading.enumerate()) <= 1


class Figure:
    """Refers to itself, as Plotly's figures do, so that only a collection of garbage can free it."""

    def __init__(self) -> None:
        self.parent = self


def test_what_was_set_aside_from_collections_is_let_go_the_next_time():
    page = Figure()
    alive = weakref.ref(page)
    memory.set_aside()
    try:
        del page
        gc.collect()
        assert alive() is not None
        memory.set_aside()
        assert alive() is None
    finally:
        gc.unfreeze()
