"""Helpers of all commands: targets by name, progress, errors and results."""

import argparse
import contextlib
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from astroseq_core import missions, targets
from astroseq_core.errors import SettingsError, TargetError
from astroseq_core.paths import MAX_TABLE_BYTES, read_file
from astroseq_core.targets import Target


def print_error(text: str) -> None:
    """Print one line on standard error.

    Parameters
    ----------
    text : str
        Message; line breaks become spaces.
    """
    sys.stderr.write(" ".join(text.split()) + "\n")


def positive_int(text: str) -> int:
    """Parse an argument that must be a whole number of at least 1.

    Parameters
    ----------
    text : str
        The argument.

    Returns
    -------
    int
        The number.

    Raises
    ------
    argparse.ArgumentTypeError
        If the number is below 1.
    ValueError
        If the text is not a whole number.

    Examples
    --------
    >>> positive_int("3")
    3
    """
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


class NoLimit:
    """Value of an option that was given as "none"; None is an option that was not given."""


NO_LIMIT = NoLimit()
NumberT = TypeVar("NumberT", int, float)


def or_none(kind: type[NumberT]) -> Callable[[str], NumberT | NoLimit]:
    """Return a type for options that are a number or "none".

    Parameters
    ----------
    kind : type
        The type of the number.

    Returns
    -------
    callable
        Turns text into the number, or into `NO_LIMIT`.

    Examples
    --------
    >>> or_none(int)("7"), or_none(int)("none") is NO_LIMIT
    (7, True)
    """

    def parse(text: str) -> NumberT | NoLimit:
        return NO_LIMIT if text == "none" else kind(text)

    parse.__name__ = f"{kind.__name__} or none"  # argparse names it where the text is neither
    return parse


def refuse_input_as_output(out: Path, inputs: Iterable[str | Path]) -> None:
    """Refuse to write over what the command reads.

    Parameters
    ----------
    out : Path
        File to write.
    inputs : iterable of str or Path
        What is read; names of stars are passed over.

    Raises
    ------
    SettingsError
        If it is one of the inputs.
    """
    for one in inputs:
        with contextlib.suppress(OSError, ValueError):
            if out.exists() and Path(one).exists() and out.samefile(one):
                raise SettingsError(f"{out} is what is read; give another file to write.")


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Parser of the command.
    """
    parser.add_argument("--json", action="store_true", help="the outcome as one JSON object on standard output")
    parser.add_argument("--verbose", action="store_true", help="say more on standard error")


def resolve_target(name: str, mission: str | None) -> Target:
    """Return the target of a name.

    A bare number is looked up in the mission's input catalog; other names are resolved by the
    archives.

    Parameters
    ----------
    name : str
        Identifier, or name of a star or planet.
    mission : str or None
        Mission whose target is wanted; any by default.

    Returns
    -------
    Target
        The target.

    Raises
    ------
    SettingsError
        If the target is not a star of that mission.
    TargetError
        If the name cannot be resolved.

    Examples
    --------
    >>> resolve_target("TIC 261136679", None).id, resolve_target("11446443", "Kepler").id
    ('TIC 261136679', 'KIC 11446443')
    """
    wanted = None if mission is None else missions.mission_by_name(mission)
    if wanted is not None and name.strip().isdecimal():
        return targets.Target(wanted.prefix, name.strip().lstrip("0"))
    with contextlib.suppress(TargetError):  # An identifier needs no catalog.
        parsed = targets.parse(name)
        if isinstance(parsed, Target) and wanted in (None, parsed.mission):
            return parsed
    from astroseq_core.archive import names

    found = names.resolve_name(name, wanted)
    for known in (found.target, *found.also):
        if wanted in (None, known.mission):
            return known
    raise SettingsError(f"{found.target} is not known as a star of {mission}; leave --mission out.")


def read_star_list(path: Path | None) -> frozenset[str]:
    """Read a text file with one star on each line; lines that begin with # are comments.

    Parameters
    ----------
    path : pathlib.Path or None
        The file.

    Returns
    -------
    frozenset of str
        Star identifiers; empty without a file.

    Raises
    ------
    SettingsError
        If the file cannot be read or a line is not a star identifier.
    """
    if path is None:
        return frozenset()
    try:
        lines = read_file(path, MAX_TABLE_BYTES, SettingsError).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} cannot be read ({error}).") from error
    try:
        return frozenset(targets.parse_star(line.strip()).id for line in lines if line.strip() and not line.startswith("#"))
    except TargetError as error:
        raise SettingsError(f"{path}: {error}") from error


def show_progress(text: str) -> None:
    """Show one line of progress in place of the previous one, only on a terminal.

    Parameters
    ----------
    text : str
        The line.
    """
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}\033[K")
        sys.stderr.flush()


def end_progress() -> None:
    """End the line of progress, so that further output begins on a new line."""
    if sys.stderr.isatty():
        sys.stderr.write("\n")


def print_outcome(options: argparse.Namespace, values: Mapping[str, object]) -> None:
    """Print the result of a command on standard output.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments; `json` selects JSON.
    values : dict
        Result by name; `metrics` is printed in JSON only.
    """
    end_progress()
    if options.json:
        sys.stdout.write(json.dumps(values) + "\n")
    else:
        sys.stdout.write(", ".join(f"{name}: {value}" for name, value in values.items() if name != "metrics") + "\n")


def description(command: Callable[[argparse.Namespace], int]) -> str:
    """Return the text of a command's docstring above its numpydoc sections, for `--help`.

    Parameters
    ----------
    command : callable
        Function that runs the command.

    Returns
    -------
    str
        The summary and the paragraphs after it.
    """
    return inspect.cleandoc(command.__doc__ or "").partition("\n\nParameters\n")[0]
