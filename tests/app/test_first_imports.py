"""Pages that are opened at the same moment of a server that has just started import their modules at the same time."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
#: Each page's imports in a thread of their own, all at once, and threads that change as often as Python can.
AT_ONCE = """
import ast, sys, threading
from pathlib import Path
import streamlit

sys.setswitchinterval(1e-6)
pages = [Path("app.py"), *sorted(Path("pages").glob("*.py"))]
start, errors = threading.Barrier(len(pages)), []

def open_page(page):
    tree = ast.parse(page.read_text())
    tree.body = [one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
    imports = compile(tree, str(page), "exec")
    start.wait()
    try:
        exec(imports, {})
    except BaseException as error:
        errors.append(f"{page}: {error}")

threads = [threading.Thread(target=open_page, args=(page,)) for page in pages]
for one in threads:
    one.start()
for one in threads:
    one.join()
print(len(pages), errors)
"""


def test_all_pages_can_be_opened_at_once_as_soon_as_the_server_stands():
    done = subprocess.run([sys.executable, "-c", AT_ONCE], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "8 []"
