"""Ways in which the stand-in misbehaves, and the rules that say when."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How an answer goes wrong."""

    SLOW = "slow"  # the body comes in pieces over ``seconds``
    STALLED = "stalled"  # the headers and half of the body come, then nothing for ``seconds``
    TRUNCATED = "truncated"  # the connection ends after ``at`` bytes of the body
    CUT = "cut"  # only ``at`` bytes are there, and the length says so
    WRONG_LENGTH = "wrong-length"  # the length says ``at`` bytes more than there are
    DROPPED = "dropped"  # the connection ends with no answer at all
    STATUS = "status"  # ``status``, with Retry-After where ``retry_after`` is given
    HTML = "html"  # a page with status 200
    EMPTY = "empty"  # no bytes; a search finds nothing
    DUPLICATES = "duplicates"  # a search lists every row twice
    LIE = "lie"  # a whole FITS file of another star


@dataclass(frozen=True)
class Fault:
    """One way to misbehave. ``at``: a number of bytes, or a fraction of the body where it is below 1."""

    kind: Kind
    status: int = 503
    retry_after: str = ""
    seconds: float = 30.0
    at: float = 0.5

    def bytes_of(self, length: int) -> int:
        """``at`` as a number of bytes of a body that is so long."""
        return min(length, int(self.at * length) if self.at < 1 else int(self.at))


@dataclass
class Rule:
    """When to misbehave: at every ``every``-th request whose line and form match ``where``, ``times`` at most (0: always).

    Several ``faults`` take turns.
    """

    faults: Sequence[Fault]
    where: str = ""
    every: int = 1
    times: int = 0
    seen: int = 0
    applied: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def next(self, text: str) -> Fault | None:
        """The fault for a request, or None."""
        if not re.search(self.where, text):
            return None
        with self._lock:
            self.seen += 1
            if self.seen % self.every or (self.times and self.applied >= self.times):
                return None
            self.applied += 1
            return self.faults[(self.applied - 1) % len(self.faults)]
