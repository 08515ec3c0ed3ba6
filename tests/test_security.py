"""What the code never does, whatever it reads; docs/security.md names these tests."""

import ast
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from astroseq_core import settings
from astroseq_core.store import database

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "astroseq_core").rglob("*.py"))]
#: Modules that run what they read.
RUNS_WHAT_IT_READS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve", "yaml"}
#: Functions whose text Streamlit reads as Markdown.
MARKDOWN = set(
    [
        "markdown",
        "caption",
        "info",
        "warning",
        "error",
        "success",
        "toast",
        "title",
        "header",
        "subheader",
        "badge",
        "metric",
        "button",
        "download_button",
        "link_button",
        "page_link",
        "popover",
        "expander",
        "checkbox",
        "toggle",
        "radio",
        "text_input",
        "text_area",
        "number_input",
        "progress",
        "spinner",
    ]
)
#: Attributes that hold text from files, archives and other people.
FOREIGN = set(
    [
        "title",
        "problem",
        "message",
        "reason",
        "note",
        "reviewer",
        "host",
        "model_id",
        "job_id",
        "folder",
        "observation",
        "author",
        "made_from",
        "match",
        "phase",
        "star_id",
        "target_id",
        "sentence",
        "band",
        "source_text",
        "disposition",
        "catalog",
    ]
)


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path, node, ast.unparse(node.func)


def keyword(call: ast.Call, name: str) -> str:
    return next((ast.unparse(k.value) for k in call.keywords if k.arg == name), "")


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def test_nothing_that_is_read_is_run():
    wrong = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [n.name for n in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wrong += [place(path, node) for name in names if name.partition(".")[0] in RUNS_WHAT_IT_READS]
    for path, call, name in calls():
        last = name.rpartition(".")[2]
        if (
            name in ("eval", "exec", "os.system", "os.popen", "joblib.load", "joblib.dump", "pd.read_pickle")
            or (
                (last in ("load", "save", "savez", "savez_compressed") and name.startswith(("np.", "numpy.")))
                and keyword(call, "allow_pickle") != "False"
            )
            or (last == "load_model" and "keras" in name and keyword(call, "safe_mode") != "True")
            or keyword(call, "shell") not in ("", "False")
            or (last in ("extractall", "extract", "unpack_archive") and not name.endswith(".str.extract"))
            or keyword(call, "unsafe_allow_html")
        ):
            wrong.append(f"{place(path, call)} {name}")
    assert wrong == []


def test_scripts_of_pages_are_those_that_the_policy_names():
    places = {path.name for path, call, _ in calls() if keyword(call, "unsafe_allow_javascript")}
    assert places == {"keys.py", "key_overlay.py"}, "list another one's text in PAGE_SCRIPTS of astroseq_core/app/server.py"


def unescaped(node: ast.AST) -> Iterator[ast.Attribute]:
    """Attributes of foreign text in an expression, but for those that go through `escape`, a number format or a comparison."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "escape":
        return
    if (
        isinstance(node, ast.FormattedValue)
        and node.format_spec is not None
        and any(
            isinstance(part, ast.Constant) and str(part.value)[-1:] in "dfges%"
            for part in getattr(node.format_spec, "values", [])
        )
    ):
        return
    if isinstance(node, ast.Compare | ast.Lambda):
        return
    if isinstance(node, ast.IfExp):
        yield from unescaped(node.body)
        yield from unescaped(node.orelse)
        return
    if isinstance(node, ast.Attribute):
        if node.attr in FOREIGN:
            yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from unescaped(child)


def test_text_from_elsewhere_is_escaped_where_streamlit_reads_markdown():
    wrong, seen = [], 0
    for path, call, name in calls():
        if "app" not in path.parts or name.rpartition(".")[2] not in MARKDOWN or not name.startswith(("st.", "layout.")):
            continue
        seen += 1
        labels = 2 if name in ("st.metric", "st.progress") else 1
        shown = [*call.args[:labels], *(k.value for k in call.keywords if k.arg in ("label", "help", "body", "text", "delta"))]
        wrong += [f"{place(path, a)} {ast.unparse(a)}" for argument in shown for a in unescaped(argument)]
    assert seen > 150
    assert wrong == []


def test_the_check_of_escapes_finds_one_that_is_missing():
    found = [ast.unparse(a) for a in unescaped(ast.parse("st.markdown(f'{one.title}: {escape(one.title)} {one.note:.2f}')"))]
    assert found == ["one.title"]


@pytest.mark.skipif(not hasattr(stat, "S_IRWXG"), reason="no permissions of groups")
def test_the_user_data_folder_is_the_persons_own():
    with database.connect():
        pass
    assert stat.S_IMODE(settings.data_dir().stat().st_mode) == 0o700
