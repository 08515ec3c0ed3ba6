"""One kind of input, and how its outcomes are counted: clear error, right, or bad."""

import contextlib
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.strategies import SearchStrategy

from astroseq_core.errors import AstroSeqError

#: An input that takes longer is bad [s of this process, so that a busy machine does not matter].
SECONDS_AN_INPUT = 2.0
#: One that waits for something, and does not work, may take this much longer.
WAITING = 10.0
#: A message of more characters is no sentence.
LONGEST_MESSAGE = 600
#: Examples of bad inputs that are kept for each fault.
KEPT = 3
#: What no sentence for people holds.
_TRACES = ("Traceback", 'File "', " object at 0x", "<class '")


class WrongError(Exception):
    """What was read is not valid."""


class TookTooLongError(BaseException):
    """The limit of time for one input; no handler of errors catches it."""


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes
    ----------
    name : str
        What it is, as the table names it.
    inputs : hypothesis strategy
        Makes the inputs.
    check : callable
        Reads an input in an empty folder; raises AstroSeqError where it refuses it, and WrongError where what it read is not
        valid. Returns the sentences with which it refused a part, if any.
    names : callable
        What a sentence must name, one of them: the file or the value.
    seconds : float
        Limit of time of an input [s].
    is_slow : bool
        Whether the test suite leaves it to `make fuzz`.
    """

    name: str
    inputs: SearchStrategy[Any]
    check: Callable[[Any, Path], tuple[str, ...] | None]
    names: Callable[[Any], tuple[str, ...]] = lambda value: ()
    seconds: float = SECONDS_AN_INPUT
    is_slow: bool = False


@dataclass
class Fault:
    """One way in which inputs were bad."""

    what: str
    count: int = 0
    inputs: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)


@dataclass
class Count:
    """How the inputs of a kind ended."""

    kind: str
    tried: int = 0
    clear: int = 0
    right: int = 0
    faults: dict[str, Fault] = field(default_factory=dict)
    sentences: Counter[str] = field(default_factory=Counter)

    @property
    def bad(self) -> int:
        """Number of bad inputs."""
        return sum(fault.count for fault in self.faults.values())

    def add_fault(self, what: str, value: Any, count: int = 1) -> None:
        """Count a bad input."""
        fault = self.faults.setdefault(what, Fault(what))
        fault.count += count
        if len(fault.inputs) < KEPT:
            fault.inputs.append(shown(value))
            fault.values.append(value)

    def add(self, other: "Count") -> None:
        """Add the outcomes of more inputs of the kind."""
        self.tried += other.tried
        self.clear += other.clear
        self.right += other.right
        self.sentences += other.sentences
        for fault in other.faults.values():
            mine = self.faults.setdefault(fault.what, Fault(fault.what))
            mine.count += fault.count
            mine.inputs = (mine.inputs + fault.inputs)[:KEPT]
            mine.values = (mine.values + fault.values)[:KEPT]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Count":
        """Return the counts that were written as JSON."""
        faults = {f["what"]: Fault(f["what"], f["count"], f["inputs"]) for f in values["faults"]}
        return cls(values["kind"], values["tried"], values["clear"], values["right"], faults)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain JSON values."""
        faults = [{"what": f.what, "count": f.count, "inputs": f.inputs} for f in self.faults.values()]
        return {
            "kind": self.kind,
            "tried": self.tried,
            "clear": self.clear,
            "right": self.right,
            "bad": self.bad,
            "faults": faults,
        }


def shown(value: Any, most: int = 400) -> str:
    """Return an input as a text of bounded length."""
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def sentence_fault(text: str, names: tuple[str, ...]) -> str:
    """Say what keeps a message from being a clear sentence; empty if nothing does."""
    if not text.strip():
        return "an empty message"
    if len(text) > LONGEST_MESSAGE:
        return f"a message of {len(text)} characters"
    if text.count("\n") > 1:
        return f"a message of {text.count(chr(10)) + 1} lines"
    if any(trace in text for trace in _TRACES):
        return "a message with parts of a traceback"
    if any(not c.isprintable() and c != "\n" for c in text):
        return "a message with characters that cannot be shown"
    if names and not any(name in text for name in names):
        return "a message that names neither the file nor the value"
    return ""


def run_kind(kind: Kind, inputs: int, number: int = 1, note: Callable[[Any], None] = lambda value: None) -> Count:
    """Try inputs of a kind and count how they end.

    Parameters
    ----------
    kind : Kind
        The kind.
    inputs : int
        Number of inputs.
    number : int
        Seed: the same one makes the same inputs.
    note : callable
        Called with each input before it is tried.
    """
    count = Count(kind.name)
    with _only_errors_of_ours() as written, tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        for attempt in range(5):  # hypothesis may stop early where inputs repeat
            if count.tried < inputs:
                _try_inputs(kind, inputs - count.tried, number * 1000 + attempt, count, Path(place), written, note)
    return count


def _try_inputs(
    kind: Kind, inputs: int, number: int, count: Count, place: Path, written: Callable[[], str], note: Callable[[Any], None]
) -> None:
    @seed(number)
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(kind.inputs)
    def one(value: Any) -> None:
        if count.tried - before < inputs:
            note(value)
            try_one(kind, value, place, count, written)

    before = count.tried
    one()


def try_one(kind: Kind, value: Any, place: Path, count: Count, written: Callable[[], str] = lambda: "") -> None:
    """Try one input and count how it ends."""
    count.tried += 1
    folder = Path(tempfile.mkdtemp(dir=place))
    names = kind.names(value)
    try:
        with warnings.catch_warnings(record=True) as caught, _time_limit(kind.seconds):
            warnings.simplefilter("always")
            refused: tuple[str, ...] = ()
            try:
                refused = kind.check(value, folder) or ()
                ending = "right"
            except AstroSeqError as error:
                refused, ending = (str(error),), "clear"
        fault = next((f for text in refused if (f := sentence_fault(text, names))), "")
        if fault:
            fault = _signature(fault, next(text for text in refused if sentence_fault(text, names)))
        elif caught:
            fault = f"warning {caught[0].category.__name__} in {Path(caught[0].filename).name}:{caught[0].lineno}"
        elif text := written():
            fault = f"text on stderr: {text.splitlines()[0][:120]}"
        if fault:
            count.add_fault(fault, value)
        elif ending == "clear":
            count.clear += 1
            count.sentences[refused[0]] += 1
        else:
            count.right += 1
    except TookTooLongError as error:
        count.add_fault(f"longer than {kind.seconds:g} s in {_place(error)}", value)
    except WrongError as error:
        count.add_fault(f"not valid: {error}", value)
    except Exception as error:  # noqa: BLE001
        count.add_fault(f"{type(error).__name__} in {_place(error)}", value)
    finally:
        written()
        shutil.rmtree(folder, ignore_errors=True)


def _signature(fault: str, text: str) -> str:
    """Return a fault of a message without what differs from input to input."""
    alike = re.sub(r"\d+", "0", re.sub(r"'.*'", "'…'", text, flags=re.DOTALL))
    return f"{re.sub(r'[0-9]+', 'many', fault)}: {alike[-60:]!r}"


def _place(error: BaseException) -> str:
    """Return where in AstroSeq an error was raised, else where in all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "astroseq_core" in f.filename]
    last = (own or frames)[-1]
    name = last.filename.partition("astroseq_core/")[2] or Path(last.filename).name
    return f"{name}:{last.lineno}"


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise TookTooLongError in a block that takes longer."""

    def stop(*_: Any) -> None:
        raise TookTooLongError

    limits = ((signal.SIGPROF, signal.ITIMER_PROF, seconds), (signal.SIGALRM, signal.ITIMER_REAL, WAITING * seconds))
    before = [signal.signal(name, stop) for name, _, _ in limits]
    for _, timer, after in limits:
        signal.setitimer(timer, after)
    try:
        yield
    finally:
        for (name, timer, _), handler in zip(limits, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(name, handler)


@contextlib.contextmanager
def _only_errors_of_ours() -> Iterator[Callable[[], str]]:
    """Catch what is written to stderr; gives a function that returns what came since its last call.

    AstroSeq's own log is no fault: the commands show it as they are asked to.
    """
    quiet = logging.NullHandler()
    logging.getLogger().addHandler(quiet)  # without any handler, logging itself writes warnings to stderr
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        seen = 0

        def written() -> str:
            nonlocal seen
            size = os.fstat(file.fileno()).st_size
            if size == seen:
                return ""
            text = os.pread(file.fileno(), size - seen, seen).decode("utf-8", "replace")
            seen = size
            return text

        try:
            yield written
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            logging.getLogger().removeHandler(quiet)
