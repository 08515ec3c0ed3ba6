"""Asks for known vulnerabilities of the pinned packages: exit status 1 where there are some, 2 where nobody could be asked."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Time limit for the answer [s].
PATIENCE_SECONDS = 300


def summarize(report: str) -> tuple[int, list[str]]:
    """Return the exit status for pip-audit's JSON, and what to print."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 2, ["Not audited: the advisories cannot be reached from here."]
    left_out = [p["name"] for p in packages if "skip_reason" in p]
    if len(left_out) == len(packages):
        return 2, ["Not audited: the package index that is reached from here has no advisories."]
    known = [f"{p['name']} {p['version']}: {v['id']}" for p in packages for v in p.get("vulns", ())]
    words = [f"{len(packages) - len(left_out)} packages audited, {len(known)} known vulnerabilities", *known]
    return bool(known), words + ([f"Not audited: {', '.join(left_out)}"] if left_out else [])


def main() -> int:
    """Audit what is installed, AstroSeq itself left out."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--format",
        "json",
        "--progress-spinner",
        "off",
        "--timeout",
        "15",
        "--skip-editable",
    ]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS)  # noqa: S603
        status, words = summarize(done.stdout)
    except subprocess.TimeoutExpired:
        status, words = summarize("")
    print("\n".join(words))
    return status


if __name__ == "__main__":
    sys.exit(main())
