"""Classes of the signals of many stars, in batches across stars: a call of the networks costs much more than a signal."""

import logging
import time
from collections.abc import Iterator
from typing import Generic, TypeVar

from astroseq_core.errors import ModelError
from astroseq_core.signals.classify import classified, classify
from astroseq_core.signals.signal import FoundSignal
from astroseq_core.surveys.fold import FoldedStar, join_views

log = logging.getLogger(__name__)
#: Signals of one call of the classifier, and how long [s] a star may wait for others.
BATCH_SIGNALS, MAX_WAIT_SECONDS = 64, 4.0

#: What the batcher's caller knows its stars by.
Key = TypeVar("Key")
#: A key, its star, and the star's signals with their classes.
_Classified = tuple[Key, FoldedStar, tuple[FoundSignal, ...]]


class SignalBatcher(Generic[Key]):
    """Queue of stars whose signals are to be classified together."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Key, str, FoldedStar]] = []
        self._since = 0.0
        self._count = 0
        self._told: set[str] = set()

    def add(self, key: Key, kind: str, star: FoldedStar) -> None:
        """Add a star to the queue.

        Parameters
        ----------
        key : Key
            What to return its signals with.
        kind : str
            Mission of its signals: tess or kepler.
        star : FoldedStar
            The star; it has views.
        """
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append((key, kind, star))
        self._count += len(star.folded)

    @property
    def is_full(self) -> bool:
        """Whether there is enough for one call, or a star has waited long enough."""
        return self._count >= BATCH_SIGNALS or (bool(self._waiting) and time.monotonic() - self._since > MAX_WAIT_SECONDS)

    @property
    def is_empty(self) -> bool:
        """Whether no star is waiting."""
        return not self._waiting

    def run(self) -> Iterator[_Classified[Key]]:
        """Classify the signals of all waiting stars.

        Without a classifier the signals stay without classes, which the log says once.

        Yields
        ------
        tuple of (Key, FoldedStar, tuple of FoundSignal)
            A key, its star, and the star's signals with their classes.
        """
        waiting, self._waiting, self._count = self._waiting, [], 0
        for kind in dict.fromkeys(kind for _, kind, _ in waiting):
            stars = [(key, star) for key, of, star in waiting if of == kind]
            yield from self._classify(kind, stars)

    def _classify(self, kind: str, stars: list[tuple[Key, FoldedStar]]) -> Iterator[_Classified[Key]]:
        views = [star.views for _, star in stars if star.views is not None]
        try:
            classes = classify(join_views(views), kind)
        except ModelError as error:
            if str(error) not in self._told:
                self._told.add(str(error))
                log.warning("Signals have no class: %s", error)
            yield from ((key, star, star.signals or ()) for key, star in stars)
            return
        begin = 0
        for key, star in stars:
            signals = list(star.signals or ())
            end = begin + len(star.folded)
            named = classified([signals[n] for n in star.folded], classes.take(begin, end))
            for place, signal in zip(star.folded, named, strict=True):
                signals[place] = signal
            begin = end
            yield key, star, tuple(signals)
