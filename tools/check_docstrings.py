"""Check the docstrings of every public name of the core against the numpydoc standard.

    python tools/check_docstrings.py [FILE ...]

Prints one line a fault, `file:line: name: CODE message`, and exits with 1 if there is any. Without files, all of
`astroseq_core` is checked. The codes are those of `numpydoc.validate`; ATTR is ours.
"""

import ast
import dataclasses
import importlib
import inspect
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from numpydoc import docscrape
from numpydoc.validate import validate

ROOT = Path(__file__).resolve().parent.parent
#: Sections that are written where they help, and not everywhere.
OPTIONAL = {
    "ES01",  # an extended summary
    "SA01",  # See Also
    "EX01",  # Examples
}


class PublicName(NamedTuple):
    """A public function, class or method, and where it stands; of a class also its own methods and annotated fields."""

    path: Path
    line: int
    module: str
    name: str
    written: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


def public_names(path: Path) -> Iterator[PublicName]:
    """The public functions and classes of a file, with the public methods of the classes."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not isinstance(node, ast.ClassDef):
            yield PublicName(path, node.lineno, module, node.name)
            continue
        methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
        targets = [part.target for part in node.body if isinstance(part, ast.AnnAssign)]
        fields = tuple(t.id for t in targets if isinstance(t, ast.Name) and not t.id.startswith("_"))
        yield PublicName(path, node.lineno, module, node.name, tuple(m.name for m in methods), fields)
        for method in methods:
            if not method.name.startswith("_"):
                yield PublicName(path, method.lineno, module, f"{node.name}.{method.name}")


def overrides(owner: object, method: str) -> bool:
    """Whether a base class of the core documents a method of that name: its parameters need not be said again."""
    bases = owner.__mro__[1:] if isinstance(owner, type) else ()
    return any(method in vars(base) for base in bases if base.__module__.startswith("astroseq_core"))


def faults(public: PublicName) -> Iterator[tuple[str, str]]:
    """The faults of a docstring: code and message."""
    owner: object = None
    thing: Any = importlib.import_module(public.module)
    for part in public.name.split("."):
        owner, thing = thing, getattr(thing, part)
    inherited = overrides(owner, public.name.rpartition(".")[2])
    for code, message in validate(f"{public.module}.{public.name}")["errors"]:
        if inherited and code in ("PR01", "RT01"):
            continue
        # the fields of a dataclass stand under Attributes, and an enumeration, a protocol or a plain error is made without any
        if code not in OPTIONAL and not (code == "PR01" and isinstance(thing, type) and "__init__" not in public.written):
            yield code, message
    # a column's field says what it holds in its own metadata, from which docs/columns.md is made
    described = {f.name for f in dataclasses.fields(thing) if f.metadata} if dataclasses.is_dataclass(thing) else set()
    if public.fields:
        document = docscrape.NumpyDocString(inspect.cleandoc(thing.__doc__ or ""))
        rows = [*document["Attributes"], *document["Parameters"]]
        named = {name.strip() for row in rows for name in row.name.split(",")}
        if missing := [name for name in public.fields if name not in named | described]:
            yield "ATTR", f"Fields {', '.join(missing)} not documented under Attributes"
        if stale := sorted(name for name in named if not hasattr(thing, name) and name not in thing.__annotations__):
            yield "ATTR", f"Attributes {', '.join(stale)} documented, but there are none of that name"


def main() -> int:
    """Check the files named on the command line, else all of the core."""
    logging.disable(logging.WARNING)  # Streamlit complains of being imported without a server
    sys.path.insert(0, str(ROOT))
    files = [Path(name).resolve() for name in sys.argv[1:]] or sorted((ROOT / "astroseq_core").rglob("*.py"))
    checked = found = 0
    for path in files:
        for public in public_names(path):
            checked += 1
            for code, message in faults(public):
                found += 1
                print(f"{path.relative_to(ROOT)}:{public.line}: {public.name}: {code} {message}")
    print(f"{checked} public names, {found} faults in their docstrings.")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
