"""The order in which packages may import each other, and what the core must not load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "astroseq_core"

#: Each package or module at the top of the core, with its height; one imports only from lower ones, or from its own package.
#: Packages of one height may import each other, but never both ways.
HEIGHT = {
    **dict.fromkeys(("errors", "settings", "times", "missions", "targets", "ephemeris", "stellar", "same_signal", "display"), 0),
    **dict.fromkeys(("disposition_codes", "paths", "type_names", "typed_json"), 0),
    **dict.fromkeys(("io", "simulation", "archive", "jobs"), 1),
    **dict.fromkeys(("preprocessing", "networks", "column_fields", "signal_columns", "columns"), 2),
    **dict.fromkeys(("scoring", "vetting", "store", "signals"), 3),
    **dict.fromkeys(("evaluation",), 4),
    **dict.fromkeys(("training",), 5),
    **dict.fromkeys(("surveys",), 6),
    # these draw and write what any of those computed, and know nothing of pages
    **dict.fromkeys(("plots", "export"), 7),
    # the front door
    **dict.fromkeys(("api",), 8),
    **dict.fromkeys(("app", "cli", "__main__"), 9),
}
HEAVY = (
    "streamlit",
    "tensorflow",
    "keras",
    "lightkurve",
    "pandas",
    "plotly",
    "matplotlib",
    "astropy",
    "scipy",
    "sklearn",
    "wotan",
    "batman",
    "numba",
)
#: Modules of compiled loops, which others import only where they run them.
COMPILED = ("_recurrence_numba", "_period_numba")
MODULES = sorted(CORE.rglob("*.py"))


def unit_of(path: Path) -> str:
    """The package or module at the top of the core that a file belongs to."""
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def imported(path: Path) -> list[tuple[str, int]]:
    """The full names that a file imports anywhere in it, and their lines."""
    found: list[tuple[str, int]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(name.name, node.lineno) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:  # relative: from the folder that many levels up
                parts = path.relative_to(ROOT).parts[: -node.level]
                base = ".".join((*parts, base)).rstrip(".")
            found += [(f"{base}.{name.name}", node.lineno) for name in node.names]
    return found


def test_every_package_has_its_place_in_the_order():
    assert {unit_of(p) for p in MODULES} - {"__init__"} <= set(HEIGHT)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_dependencies_point_downwards(path: Path):
    unit = unit_of(path)
    for name, line in imported(path):
        if name.startswith("astroseq_core.") and unit != "__init__":
            other = name.split(".")[1]
            if other in HEIGHT and other != unit:
                assert HEIGHT[other] <= HEIGHT[unit], f"{path.name}, line {line}: {unit} must not import {name}"


def test_no_two_packages_import_each_other():
    uses: dict[str, set[str]] = {unit: set() for unit in HEIGHT}
    for path in MODULES:
        if unit_of(path) in uses:
            uses[unit_of(path)] |= {n.split(".")[1] for n, _ in imported(path) if n.startswith("astroseq_core.")} & set(HEIGHT)
    circles = [(a, b) for a in uses for b in uses[a] if a < b and a in uses[b]]
    assert circles == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_only_the_shared_parts_of_pages_import_streamlit(path: Path):
    if unit_of(path) != "app":
        assert not [line for name, line in imported(path) if name.split(".")[0] == "streamlit"]


def test_pages_do_no_array_maths_no_sql_and_no_network():
    forbidden = {"numpy", "scipy", "sqlite3", "urllib", "requests", "astroquery", "lightkurve", "tensorflow", "keras"}
    for path in [*sorted((ROOT / "pages").glob("*.py")), *ROOT.glob("app.py")]:
        assert not forbidden & {name.split(".")[0] for name, _ in imported(path)}, path.name


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted(m for m in sys.modules if '.' not in m))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(out.stdout.split())


def test_importing_the_core_loads_nothing_heavy():
    assert not loaded_by("import astroseq_core") & {*HEAVY, "numpy"}


def test_the_front_door_opens_at_once_and_loads_nothing_heavy():
    code = "import time; begun = time.perf_counter(); import astroseq_core; print(time.perf_counter() - begun)"
    taken = [
        float(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(taken) < 0.3
    assert not loaded_by("import astroseq_core as aq; [getattr(aq, name) for name in aq.__all__]") & set(HEAVY)


def test_importing_the_nouns_and_the_light_curves_loads_nothing_heavy():
    modules = [p for p in MODULES if (HEIGHT.get(unit_of(p)) == 0 or unit_of(p) == "io") and p.stem not in COMPILED]
    names = [".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in modules]
    loaded = loaded_by("import " + ", ".join(names))
    assert "numpy" in loaded  # the check sees what is loaded
    assert not loaded & set(HEAVY)
