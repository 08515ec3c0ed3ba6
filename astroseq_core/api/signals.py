"""What the search for signals of a star returns: signals with their classes, as a sequence and as a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from astroseq_core.api.results import find_signal
from astroseq_core.column_fields import Cell
from astroseq_core.columns import SIGNALS_CSV
from astroseq_core.display import html_table
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import EphemerisError
from astroseq_core.scoring.star_data import StarData
from astroseq_core.signals.class_words import CLASSES, class_values
from astroseq_core.signals.signal import ClassProbabilities, FoundSignal, best_signal
from astroseq_core.store.signals import signal_values
from astroseq_core.vetting.checks.base import format_with_error

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class SignalsResult:
    """Signals found in the light curves of one star, in the order in which they were found.

    Attributes
    ----------
    star : StarData
        The star.
    found : tuple of FoundSignal
        The signals with their classes.
    model_id : str
        The model whose segment probabilities were searched; empty if the search had none.
    problems : tuple of str
        One sentence for each thing that is missing.
    """

    star: StarData
    found: tuple[FoundSignal, ...]
    model_id: str = ""
    problems: tuple[str, ...] = ()

    @property
    def best(self) -> FoundSignal | None:
        """The signal with the highest planet score, by which the star is ranked; None without any."""
        return best_signal(self.found)

    @property
    def baseline(self) -> Mapping[Ephemeris, ClassProbabilities]:
        """What the readable baseline says of each signal: gradient-boosted trees alone."""
        return {one.ephemeris: one.baseline for one in self.found if one.baseline is not None}

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[FoundSignal]:
        return iter(self.found)

    def __getitem__(self, signal: int | str) -> FoundSignal:
        """Return a signal, by its index from 0 or the name of its ephemeris."""
        if isinstance(signal, int):
            return self.found[signal]
        named = find_signal([s.ephemeris for s in self.found], signal)
        if named is None:
            names = ", ".join(s.ephemeris.name for s in self.found) or "none"
            raise EphemerisError(f"No signal '{signal}' of {self.star.target} was found; there are {names}.")
        return self.found[named]

    def to_pandas(self) -> "pd.DataFrame":
        """Return the signals as a table.

        Returns
        -------
        pandas.DataFrame
            One row a signal, with the columns of signals.csv (docs/columns.md): its ephemeris with errors, signal-to-noise
            ratio, class probabilities with their spreads, and planet score.
        """
        import pandas as pd

        mission = self.star.instrument.name
        shared: dict[str, Cell] = {"target_id": self.star.target.id, "mission": mission, "model_id": self.model_id}
        return pd.DataFrame([shared | signal_values(s) for s in self.found], columns=list(SIGNALS_CSV))

    def _rows(self) -> list[tuple[str, ...]]:
        rows = []
        for one in self.found:
            e = one.ephemeris
            period = "single transit" if e.period_days is None else f"{format_with_error(e.period_days, e.period_err)} d"
            depth = "" if e.depth_ppm is None else f"{e.depth_ppm:,.0f} ppm{' (too deep for a planet)' * one.is_too_deep}"
            classes = ["not classified", "", ""]
            if one.classes is not None:
                classes = [f"{value.probability:.2f} ± {value.spread:.2f}" for value in class_values(one.classes)]
            rows.append((str(one.number), period, f"{e.duration_hours:.2f} h", depth, f"{one.snr:.1f}", *classes))
        return rows

    def __repr__(self) -> str:
        count = len(self.found)
        lines = [f"{count or 'no'} signal{'s' * (count != 1)}"]
        for number, period, duration, depth, snr, *classes in self._rows():
            numbers = ", ".join(filter(None, (period, duration, depth, f"signal-to-noise {snr}")))
            named = zip((words for words, _ in CLASSES.values()), classes, strict=True)
            text = classes[0] if not classes[1] else ", ".join(f"{words.lower()} {value}" for words, value in named)
            lines.append(f"\n  {number}: {numbers}; {text}")
        return f"<SignalsResult of {self.star.target}: {''.join((*lines, *(f'{chr(10)}  {p}' for p in self.problems)))}>"

    def _repr_html_(self) -> str:
        columns = ("signal", "period", "duration", "depth", "signal-to-noise", *(words.lower() for words, _ in CLASSES.values()))
        return html_table(f"{self.star.target}, signals", columns, self._rows(), self.problems)
