"""Dispositions of the signals of a star: which disposition is about which signal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.same_signal import match_known_signal
from astroseq_core.store.disposition_entry import Disposition


@dataclass(frozen=True)
class SignalDispositions:
    """The current dispositions of one signal.

    Attributes
    ----------
    ephemeris : Ephemeris or None
        The signal; None if no disposition of the star has an ephemeris.
    dispositions : tuple of Disposition
        The newest disposition of each reviewer, by reviewer.
    """

    ephemeris: Ephemeris | None
    dispositions: tuple[Disposition, ...]

    @property
    def newest(self) -> Disposition | None:
        """The newest of them; None if there is none."""
        return max(self.dispositions, key=_age, default=None)


def of_signals(
    standing: Iterable[Disposition],
    signals: Sequence[Ephemeris],
    best: int = 0,
    start: float | None = None,
    stop: float | None = None,
) -> tuple[SignalDispositions, ...]:
    """Return the current dispositions of each signal of a star.

    A disposition counts for the signal that its ephemeris describes. One without an ephemeris counts for the best signal. One
    whose ephemeris is none of the signals, but an alias of one (such as half its period), counts for it as long as the
    reviewer has given none on the signal itself. All others count for no signal.

    Parameters
    ----------
    standing : iterable of Disposition
        Dispositions of the star that were not taken back, from `dispositions.list_standing`.
    signals : sequence of Ephemeris
        The signals of the star.
    best : int, optional
        Index of the best signal.
    start, stop : float, optional
        First and last time of the star's data [d], see `same_signal.compare_signals`.

    Returns
    -------
    tuple of SignalDispositions
        One for each signal, in their order.

    Examples
    --------
    >>> from astroseq_core.times import Instant, TimeSystem
    >>> b = Ephemeris("TIC 1", "b", Instant(1500.0, TimeSystem.BTJD), 3.1, 2.0)
    >>> c = Ephemeris("TIC 1", "c", Instant(1501.5, TimeSystem.BTJD), 7.4, 2.0)
    >>> given = [Disposition("TIC 1", "PC", "ada", 1.0, ephemeris=b), Disposition("TIC 1", "FP", "ada", 2.0, ephemeris=c)]
    >>> [one.newest.disposition for one in of_signals(given, [b, c])]
    ['PC', 'FP']
    """
    exact: list[list[Disposition]] = [[] for _ in signals]
    aliases: list[list[Disposition]] = [[] for _ in signals]
    for one in standing:
        if one.ephemeris is None:
            if signals:
                exact[best].append(one)
            continue
        match = match_known_signal(one.ephemeris, signals, start, stop)
        if match is not None and match.transits_coincide:
            number = next(i for i, e in enumerate(signals) if e is match.other)
            (exact if match.same else aliases)[number].append(one)
    found = []
    for signal, own, like in zip(signals, exact, aliases, strict=True):
        by_reviewer = {d.reviewer: d for d in sorted(like, key=_age)} | {d.reviewer: d for d in sorted(own, key=_age)}
        found.append(SignalDispositions(signal, tuple(by_reviewer[name] for name in sorted(by_reviewer))))
    return tuple(found)


def by_signal(standing: Iterable[Disposition]) -> tuple[SignalDispositions, ...]:
    """Group the dispositions of a star by the signals that they are about.

    An older disposition at an alias of a newer one's period is about the same signal: its ephemeris was corrected since.
    Dispositions without an ephemeris are about the signal of the newest one.

    Parameters
    ----------
    standing : iterable of Disposition
        Dispositions of one star that were not taken back.

    Returns
    -------
    tuple of SignalDispositions
        The signals, that of the newest disposition first.
    """
    newest_first = sorted(standing, key=_age, reverse=True)
    signals: list[Ephemeris] = []
    groups: list[list[Disposition]] = []
    for one in newest_first:
        if one.ephemeris is None:
            continue
        match = match_known_signal(one.ephemeris, signals)
        if match is not None and match.transits_coincide:
            groups[next(i for i, e in enumerate(signals) if e is match.other)].append(one)
        else:
            signals.append(one.ephemeris)
            groups.append([one])
    whole = [d for d in newest_first if d.ephemeris is None]
    if not groups:
        return (_newest_of_each(None, whole),) if whole else ()
    groups[0] = sorted([*groups[0], *whole], key=_age, reverse=True)
    return tuple(_newest_of_each(e, group) for e, group in zip(signals, groups, strict=True))


def _newest_of_each(ephemeris: Ephemeris | None, newest_first: Sequence[Disposition]) -> SignalDispositions:
    by_reviewer = {d.reviewer: d for d in reversed(newest_first)}
    return SignalDispositions(ephemeris, tuple(by_reviewer[name] for name in sorted(by_reviewer)))


def _age(disposition: Disposition) -> tuple[float, int]:
    return disposition.at, disposition.number
