"""What the documents point at exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: A file or folder of the project in backticks, or the target of a link that is no address.
PATHS = re.compile(r"`((?:astroseq_core|pages|tests|tools|docs)/[\w./]*|[\w-]+\.(?:py|toml|txt|md))`|\]\(([^)#:\s]+)\)")
#: Files of a job, a model or the user, not of the project.
NOT_OURS = {"state.py", "log.txt"}
#: A module of the core with a name in it, as in `io.read.read_light_curve`.
NAMES = re.compile(r"`((?:[a-z_]+\.)+\w+)`")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md", "docs/security.md"])
def test_paths_exist(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    found = {(a or b) for a, b in PATHS.findall(text)} - NOT_OURS
    assert found
    missing = [p for p in sorted(found) if not (ROOT / p).exists() and not (ROOT / name).parent.joinpath(p).exists()]
    assert missing == []


def test_modules_and_functions_of_the_architecture_exist():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    core = ROOT / "astroseq_core"
    names = {n for n in NAMES.findall(text) if (core / n.split(".")[0]).is_dir() and not (ROOT / n).exists()}
    assert len(names) > 15
    for name in sorted(names):
        module = core.joinpath(*name.split("."))
        if module.is_dir() or module.with_suffix(".py").is_file():
            continue
        last = name.rpartition(".")[2]
        source = module.parent.with_suffix(".py").read_text(encoding="utf-8")
        assert re.search(rf"^(?:def|class) {last}\b", source, re.MULTILINE), name


def test_every_promise_of_security_has_a_test_that_exists():
    """A test is named by its file and its name, or by `::name` in the file named before it."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    file, named = "", 0
    for path, name in re.findall(r"`(tests/[\w/]+\.py)?(?:::(\w+))?`", text):
        if not path and not name:
            continue
        file = path or file
        assert (ROOT / file).is_file(), file
        if name:
            named += 1
            assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{name}"
    assert named >= 12
