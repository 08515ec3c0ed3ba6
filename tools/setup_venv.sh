#!/usr/bin/env bash
# setup_venv.sh VENV REQUIREMENTS PYTHON: make the virtual environment and install the pinned requirements into it,
# with uv where it is found (seconds), else with pip (a minute or two).
set -euo pipefail
venv=$1 requirements=$2 python=$3

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "AstroSeq needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1). Name another with: make run PYTHON=python3.12" >&2
    exit 1
fi
# uv is asked for its version because a version manager's shim can exist without the program behind it.
if uv --version >/dev/null 2>&1; then
    [ -x "$venv/bin/python" ] || uv venv --quiet --python "$python" "$venv"
    uv pip install --quiet --python "$venv/bin/python" --compile-bytecode -r "$requirements"
else
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip --upgrade >/dev/null
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
fi
"$venv/bin/python" "$(dirname "$0")/warm_up.py"
