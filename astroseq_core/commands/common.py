"""What the commands share: targets by name, progress, errors and outcomes in one form."""

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from astroseq_core import missions, targets
from astroseq_core.errors import SettingsError, TargetError
from astroseq_core.targets import Target


def print_error(text: str) -> None:
    """One line on standard error."""
    sys.stderr.write(" ".join(text.split()) + "\n")


def positive(text: str) -> int:
    """The whole number of an argument that must be at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def add_output(parser: argparse.ArgumentParser) -> None:
    """Give a command the options that every command has."""
    parser.add_argument("--json", action="store_true", help="the outcome as one JSON object on standard output")
    parser.add_argument("--verbose", action="store_true", help="say more on standard error")


def star(name: str, mission: str | None) -> Target:
    """The target of a name; a bare number is from the mission's catalogue, and any other name is looked up."""
    wanted = None if mission is None else missions.mission(mission)
    if wanted is not None and name.strip().isdecimal():
        return targets.Target(wanted.prefix, name.strip().lstrip("0"))
    with contextlib.suppress(TargetError):  # an identifier needs no catalogue
        parsed = targets.parse(name)
        if isinstance(parsed, Target) and wanted in (None, parsed.mission):
            return parsed
    from astroseq_core.archive import names

    found = names.resolve(name, wanted)
    for known in (found.target, *found.also):
        if wanted in (None, known.mission):
            return known
    raise SettingsError(f"{found.target} is not known as a star of {mission}; leave --mission out.")


def star_list(path: Path | None) -> frozenset[str]:
    """The stars that a text file names, one a line; none without a file. Raises SettingsError where it cannot be read."""
    if path is None:
        return frozenset()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({error}).") from error
    try:
        return frozenset(targets.parse_star(line.strip()).id for line in lines if line.strip() and not line.startswith("#"))
    except TargetError as error:
        raise SettingsError(f"{path}: {error}") from error


def progress(text: str) -> None:
    """One line that is written over, only where a person watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}\033[K")
        sys.stderr.flush()


def end_progress() -> None:
    """End the line of progress, so that what follows stands on its own."""
    if sys.stderr.isatty():
        sys.stderr.write("\n")


def outcome(options: argparse.Namespace, values: dict[str, Any]) -> None:
    """The command's result on standard output."""
    end_progress()
    if options.json:
        sys.stdout.write(json.dumps(values) + "\n")
    else:
        sys.stdout.write(", ".join(f"{name}: {value}" for name, value in values.items() if name != "metrics") + "\n")
