"""The signals of a star: those of catalogs, of the search and of people, each once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from astroseq_core.ephemeris import CATALOG, FOLD, SEARCH, Ephemeris
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, time_span
from astroseq_core.same_signal import SignalComparison, compare_signals
from astroseq_core.signals.signal import ClassProbabilities, FoundSignal


@dataclass(frozen=True)
class SourcedEphemeris:
    """An ephemeris and where it is from.

    Attributes
    ----------
    ephemeris : Ephemeris
        The ephemeris.
    source : str
        One of `ephemeris.SOURCES`.
    """

    ephemeris: Ephemeris
    source: str


@dataclass(frozen=True)
class StarSignal:
    """One signal of a star, with all that is known of it.

    Attributes
    ----------
    number : int
        Number among the star's signals, from 1.
    members : tuple of SourcedEphemeris
        Its ephemerides; the first is the one in use.
    found : FoundSignal or None
        What the search measured of it; None if the search did not find it.
    classes : ClassProbabilities or None
        What the classifier says of it; None before it was asked.
    baseline : ClassProbabilities or None
        What the readable baseline says of it, gradient-boosted trees on measured numbers; None where there is none.
    """

    number: int
    members: tuple[SourcedEphemeris, ...]
    found: FoundSignal | None = None
    classes: ClassProbabilities | None = None
    baseline: ClassProbabilities | None = None

    @property
    def ephemeris(self) -> Ephemeris:
        """The ephemeris in use."""
        return self.members[0].ephemeris

    @property
    def source(self) -> str:
        """Where the ephemeris in use is from."""
        return self.members[0].source

    @property
    def name(self) -> str:
        """Name of the signal."""
        return self.ephemeris.name

    @property
    def is_adopted(self) -> bool:
        """Whether a person adopted the ephemeris in use."""
        return self.source not in (CATALOG, FOLD, SEARCH)

    def goes_by(self, name: str) -> bool:
        """Return whether one of its ephemerides has a name.

        Parameters
        ----------
        name : str
            The name.

        Returns
        -------
        bool
            Whether one has.
        """
        return any(m.ephemeris.name == name for m in self.members)

    def has(self, ephemeris: Ephemeris) -> bool:
        """Return whether an ephemeris is one of its own.

        Parameters
        ----------
        ephemeris : Ephemeris
            The ephemeris.

        Returns
        -------
        bool
            Whether it is, to the last digit.
        """
        return any(m.ephemeris == ephemeris for m in self.members)


def merge_signals(
    detrended: Sequence[DetrendedLightCurve],
    known: Iterable[Ephemeris] = (),
    found: Iterable[FoundSignal] = (),
    fold: Ephemeris | None = None,
    adopted: Iterable[SourcedEphemeris] = (),
) -> tuple[StarSignal, ...]:
    """Return the signals of a star, each once, whoever lists it.

    Ephemerides that are the same signal are one. An adopted ephemeris is the one in use of its signal; if it is none of the
    others, it replaces one that it is an alias of (a person has doubled the period), or the one of its name. The fold of the
    star score joins the signal that it is an alias of: the search has settled its period.

    Parameters
    ----------
    detrended : sequence of DetrendedLightCurve
        The star's detrended light curves, which say how exactly periods must agree.
    known : iterable of Ephemeris, optional
        Signals of catalogs, the likeliest first.
    found : iterable of FoundSignal, optional
        Signals of the search.
    fold : Ephemeris, optional
        The period, or single transit, of the star score.
    adopted : iterable of SourcedEphemeris, optional
        What people adopted, the newest first.

    Returns
    -------
    tuple of StarSignal
        Those of catalogs first, in their order, then those found by their planet score, the fold, and what was adopted besides.
    """
    groups = _Groups(detrended)
    for e in known:
        groups.add(SourcedEphemeris(e, CATALOG))
    measured: dict[int, FoundSignal] = {}
    for one in sorted(found, key=lambda s: -s.planet_score):
        measured.setdefault(groups.add(SourcedEphemeris(one.ephemeris, SEARCH)), one)
    if fold is not None:
        groups.add(SourcedEphemeris(fold, FOLD), aliases=True)
    in_use: dict[int, list[SourcedEphemeris]] = {}
    for person in adopted:
        place = groups.find(person.ephemeris, aliases=True, names=True)
        if place is None:
            place = groups.add(person)
        in_use.setdefault(place, []).append(person)
    return tuple(
        StarSignal(i + 1, tuple(dict.fromkeys((*in_use.get(i, ()), *members))), measured.get(i))
        for i, members in enumerate(groups.members)
    )


class _Groups:
    """Ephemerides of a star, grouped by signal."""

    def __init__(self, detrended: Sequence[DetrendedLightCurve]) -> None:
        self.members: list[list[SourcedEphemeris]] = []
        self._detrended = detrended

    def add(self, one: SourcedEphemeris, aliases: bool = False) -> int:
        """Add an ephemeris to its group, or to a new one; the number of the group."""
        place = self.find(one.ephemeris, aliases)
        if place is None:
            self.members.append([])
            place = len(self.members) - 1
        self.members[place].append(one)
        return place

    def find(self, e: Ephemeris, aliases: bool = False, names: bool = False) -> int | None:
        """Return the number of the group that an ephemeris belongs to; None without any."""
        compared = [(i, compare(e, m.ephemeris, self._detrended)) for i, group in enumerate(self.members) for m in group]
        fitting = [(i, c) for i, c in compared if c.same]
        if not fitting and aliases:
            fitting = [(i, c) for i, c in compared if c.transits_coincide]
        if fitting:
            return min(fitting, key=lambda pair: (pair[1].period_difference, pair[1].hours_apart))[0]
        # the search numbers signals anew each time: its names say nothing
        named = [i for i, group in enumerate(self.members) if any(m.ephemeris.name == e.name != "" for m in group[:1])]
        return next((i for i in named if names and self.members[i][0].source != SEARCH), None)


def compare(e: Ephemeris, other: Ephemeris, detrended: Sequence[DetrendedLightCurve]) -> SignalComparison:
    """Compare two ephemerides of a star over the time of its light curves.

    Parameters
    ----------
    e, other : Ephemeris
        The ephemerides.
    detrended : sequence of DetrendedLightCurve
        The star's detrended light curves.

    Returns
    -------
    SignalComparison
        The comparison.
    """
    return compare_signals(e, other, *(time_span(detrended, e.t0.system) if detrended else (None, None)))


def signals_to_mask(
    signals: Sequence[StarSignal], chosen: StarSignal, detrended: Sequence[DetrendedLightCurve]
) -> tuple[Ephemeris, ...]:
    """Return the ephemerides to mask while one signal of a star is measured.

    These are the star's other signals. One that is an alias of the chosen one, and comes from elsewhere, is not masked: it may
    be the same dips at another period. Two that one catalog lists, or one search found, are two.

    Parameters
    ----------
    signals : sequence of StarSignal
        All signals of the star.
    chosen : StarSignal
        The signal to be measured.
    detrended : sequence of DetrendedLightCurve
        The star's detrended light curves.

    Returns
    -------
    tuple of Ephemeris
        The ephemerides in use of the others.
    """
    own = {m.source for m in chosen.members} & {CATALOG, SEARCH}
    return tuple(
        one.ephemeris
        for one in signals
        if one.number != chosen.number
        and one.source != FOLD
        and (own & {m.source for m in one.members} or not compare(chosen.ephemeris, one.ephemeris, detrended).transits_coincide)
    )


def best_number(signals: Sequence[StarSignal]) -> int:
    """Return the index of a star's best signal.

    Parameters
    ----------
    signals : sequence of StarSignal
        All signals of the star.

    Returns
    -------
    int
        Index of the one found with the highest planet score; 0 if the search found none.
    """
    scored = [(s.found.planet_score, -i) for i, s in enumerate(signals) if s.found is not None]
    return -max(scored)[1] if scored else 0


def with_classes(
    signals: Iterable[StarSignal], classes: "dict[Ephemeris, tuple[ClassProbabilities, ClassProbabilities | None]]"
) -> tuple[StarSignal, ...]:
    """Return the signals with their classes.

    Parameters
    ----------
    signals : iterable of StarSignal
        The signals.
    classes : dict of Ephemeris to tuple of ClassProbabilities
        What classifier and baseline say of each ephemeris in use.

    Returns
    -------
    tuple of StarSignal
        The same signals; one without classes gets those of the search, if it was found at the ephemeris in use.
    """
    made = []
    for one in signals:
        found = one.found if one.found is not None and one.found.ephemeris == one.ephemeris else None
        own, baseline = classes.get(one.ephemeris, (None, None) if found is None else (found.classes, found.baseline))
        made.append(replace(one, classes=own, baseline=baseline))
    return tuple(made)
