"""Kinds of requests: surveys, training runs, recipes, and arguments of every command."""

import argparse
import contextlib
import dataclasses
import io
import json
import math
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from astroseq_core.cli import main, train
from astroseq_core.errors import AstroSeqError
from astroseq_core.surveys.queue import SurveyRequest
from astroseq_core.surveys.stars import SurveyChoice
from astroseq_core.training import recipes
from astroseq_core.training.runs.request import RunRequest
from tests.fuzz.damage import damaged_json, numbers, texts
from tests.fuzz.harness import Kind, WrongError

SURVEYS = (
    SurveyRequest("tonight").to_dict(),
    SurveyRequest("mine", SurveyChoice("targets", targets=("TIC 1",)), "tess-2min-v2", workers=3).to_dict(),
    SurveyRequest("far", SurveyChoice("folder", folder="/curves"), engine="dask", address="tcp://host:8786").to_dict(),
)
RUNS = tuple(RunRequest(name="mine", recipe=recipes.load_recipe(name)).to_dict() for name in recipes.recipe_names())


def check_survey(value: str, folder: Path) -> None:
    """Read the request of a survey; what is read is written the same."""
    request = SurveyRequest.from_dict(_dict(value))
    if SurveyRequest.from_dict(json.loads(json.dumps(request.to_dict()))) != request:
        raise WrongError("a request that is another one when it is read back")


def check_run(value: str, folder: Path) -> None:
    """Read the request of a training run; what is read is written the same."""
    check_run_request(RunRequest.from_dict(_dict(value)))


def check_run_request(request: RunRequest) -> None:
    """Raise WrongError if a request is not as promised."""
    written = json.loads(json.dumps(request.to_dict()))
    if json.loads(json.dumps(RunRequest.from_dict(written).to_dict())) != written:
        raise WrongError("a request that is another one when it is read back")
    for one in dataclasses.fields(request.recipe):
        number = getattr(request.recipe, one.name)
        if isinstance(number, float) and not math.isfinite(number):
            raise WrongError(f"a recipe whose {one.name} is not finite")
    if request.recipe.cutting.window < 1 or request.recipe.cutting.step < 1 or request.workers < 1:
        raise WrongError("a window, stride or number of workers below 1")


def _dict(text: str) -> dict[str, Any]:
    """The values of a request; text that is no JSON object is refused where files are read."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = {}
    return found if isinstance(found, dict) else {}


class _UsageError(AstroSeqError):
    """What the command line says of arguments, below its usage."""


def _commands() -> dict[str, argparse.ArgumentParser]:
    parser = main._make_parser()
    (subparsers,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return dict(subparsers.choices)


@st.composite
def command_lines(draw: st.DrawFn, only: str = "") -> list[str]:
    """A command, and some of its options with right and wrong values."""
    commands = _commands()
    name = only or draw(st.sampled_from(sorted(commands)))
    arguments = ["--recipe", draw(st.one_of(st.sampled_from(recipes.recipe_names()), texts))] if only else []
    for _ in range(draw(st.integers(0, 5))):
        action = draw(st.sampled_from([a for a in commands[name]._actions if "--help" not in a.option_strings]))
        right = st.sampled_from([str(c) for c in action.choices]) if action.choices else st.integers(1, 200).map(str)
        value = draw(st.one_of(right, numbers.map(str), texts))
        arguments += action.option_strings[-1:]
        if action.nargs != 0:
            arguments.append(value)
    return [name, *(a for a in arguments if a not in ("-h", "--help", "--version"))]


def check_arguments(value: list[str], folder: Path) -> None:
    """Parse the arguments of a command."""
    parse(value)


def check_training(value: list[str], folder: Path) -> None:
    """Make the request of `astroseq train`."""
    check_run_request(train._run_request(parse(value)))


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return parsed arguments; what argparse says of wrong ones is an error of ours."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return main._make_parser().parse_args(arguments)
    except SystemExit as ending:
        if ending.code != 2:
            raise WrongError(f"an exit with {ending.code}") from ending
        raise _UsageError(said.getvalue().strip().splitlines()[-1]) from None


KINDS = (
    Kind(
        "requests of surveys",
        damaged_json(SURVEYS),
        check_survey,
        lambda value: ("survey", "stars", "TESS", "Dask", "'", "mission", "scheduler", "folder"),
    ),
    Kind("requests of training runs", damaged_json(RUNS), check_run),
    Kind("settings of training on the command line", command_lines("train"), check_training),
    Kind("arguments of every command", command_lines(), check_arguments),
)
