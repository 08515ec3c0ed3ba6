"""Trying again what failed in passing: exponential backoff with full jitter, bounded, and stopped when someone asks."""

import logging
import math
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

from astroseq_core.errors import PassingError, SettingsError, StoppedError

log = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Patience:
    """How long to wait for an archive, and how often to try again.

    The n-th wait is uniform between 0 and min(``longest_wait_seconds``, ``first_wait_seconds`` 2^n) ("full jitter", M. Brooker,
    AWS Architecture Blog 2015): many clients that failed together do not come back together. What a server asks for in
    Retry-After is waited for in full, ``retry_after_seconds`` at most.
    """

    attempts: int = 6
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 30.0
    retry_after_seconds: float = 120.0
    connect_seconds: float = 15.0
    read_seconds: float = 30.0
    file_seconds: float = 900.0

    def wait_seconds(self, attempt: int, retry_after: float | None = None) -> float:
        """How long to wait [s] after failed attempt 0, 1, 2 and so on."""
        # S311: spreads requests out, keeps no secret
        jittered = random.uniform(0.0, min(self.longest_wait_seconds, self.first_wait_seconds * 2.0**attempt))  # noqa: S311
        return jittered if retry_after is None else max(jittered, min(retry_after, self.retry_after_seconds))


def patience() -> Patience:
    """The patience that the environment asks for; raises SettingsError for what is no number of seconds."""
    read = _seconds("ASTROSEQ_TIMEOUT_SECONDS", Patience.read_seconds)
    first = _seconds("ASTROSEQ_RETRY_SECONDS", Patience.first_wait_seconds)
    return Patience(first_wait_seconds=first, read_seconds=read, connect_seconds=min(read, Patience.connect_seconds))


def _seconds(name: str, usual: float) -> float:
    text = os.environ.get(name, "").strip()
    try:
        value = float(text) if text else usual
    except ValueError:
        value = math.nan
    if not 0 < value < 86_400:
        raise SettingsError(f"{name} is '{text}', which is no number of seconds above 0; correct it or unset it.")
    return value


def retrying(call: Callable[[], Result], how: Patience, stop: threading.Event | None = None) -> Result:
    """What ``call`` returns, tried again while it raises PassingError; the last one is passed on, with how often it was tried.

    Raises StoppedError once ``stop`` is set.
    """
    stop = stop or threading.Event()
    for attempt in range(how.attempts):
        check(stop)
        try:
            return call()
        except PassingError as error:
            if attempt + 1 == how.attempts:
                raise type(error)(f"{str(error).rstrip('.')}, {how.attempts} times; try again later.") from error
            wait = how.wait_seconds(attempt, error.retry_after)
            log.info("%s Trying again in %.1f s.", error, wait)
            stop.wait(wait)
    raise AssertionError("no attempt was made")


def check(stop: threading.Event | None) -> None:
    """Raise StoppedError when ``stop`` is set."""
    if stop is not None and stop.is_set():
        raise StoppedError("Stopped; what had come whole is kept.")


def retry_after_seconds(header: str | None) -> float | None:
    """What a Retry-After header asks for [s], given as a number of seconds or a date (RFC 9110, section 10.2.3); else None."""
    if not header:
        return None
    try:
        return max(0.0, float(int(header.strip())))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
