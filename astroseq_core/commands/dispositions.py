"""``dispositions``: what vetters decided, out, in, listed, and how far they agree."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroseq_core.commands import common

if TYPE_CHECKING:
    from astroseq_core.store.verdict import Entry


def add_parser(subparsers: Any) -> None:
    """Add the command with its arguments to those of the command line."""
    words = "what vetters decided: out, in, and how far they agree"
    parser = subparsers.add_parser("dispositions", help=words, description="Verdicts on stars and their history.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(name: str, what: Any, words: str) -> argparse.ArgumentParser:
        action: argparse.ArgumentParser = actions.add_parser(name, help=words, description=what.__doc__)
        action.set_defaults(run=what)
        common.add_output(action)
        return action

    add("export", write, "the whole history as CSV").add_argument("file", type=Path, metavar="FILE")
    add("import", merge, "add the history in a CSV").add_argument("file", type=Path, metavar="FILE")
    listing = add("list", show, "the history, the oldest first")
    listing.add_argument("--target", metavar="STAR", help="of one star")
    listing.add_argument("--reviewer", metavar="NAME", default="", help="of one reviewer")
    add("agreement", agree, "Cohen's kappa of each pair of reviewers, and conflicts")


def write(options: argparse.Namespace) -> int:
    """Write all verdicts and all that took them back as a CSV."""
    from astroseq_core.store import dispositions_table

    rows = dispositions_table.write(options.file)
    common.outcome(options, {"dispositions": str(options.file), "rows": rows})
    return 0


def merge(options: argparse.Namespace) -> int:
    """Add the verdicts of a CSV, merged by time; what is here already is left alone, and a faulty row stops it all."""
    from astroseq_core.store import dispositions_merge

    found = dispositions_merge.merge(options.file)
    common.outcome(options, {"verdicts added": found.verdicts, "undos added": found.undos, "known already": found.known})
    return 0


def show(options: argparse.Namespace) -> int:
    """List verdicts and what took them back, the oldest first."""
    from astroseq_core.store import dispositions, dispositions_table

    target_id = common.star(options.target, None).id if options.target else ""
    found = dispositions.history(target_id, options.reviewer)
    if options.json:
        sys.stdout.write(json.dumps([dispositions_table.as_values(entry) for entry in found]) + "\n")
    elif found:
        _print([_line(entry, dispositions_table.utc(entry.at)) for entry in found])
    else:
        sys.stdout.write("There is no verdict yet; give one on the Vetting page, or read a file with `dispositions import`.\n")
    return 0


def _line(entry: "Entry", at: str) -> dict[str, str]:
    v = entry.verdict
    said = "takes back" if entry.is_undo else "taken back" if entry.undone else ""
    note = " ".join(v.note.split()) if not entry.is_undo else ""
    return {"at": at[:19] + "Z", "star": v.target_id, "verdict": v.disposition, "by": v.reviewer, "": said,
            "reasons": " ".join(v.flags), "note": note}  # fmt: skip


def agree(options: argparse.Namespace) -> int:
    """Show how far reviewers agree on the stars that they both judged, and the stars on which they do not."""
    from astroseq_core.store import agreement

    pairs, conflicts = agreement.pairs(), agreement.conflicts()
    if options.json:
        values = {
            "pairs": [vars(pair) for pair in pairs],
            "conflicts": [
                {"target_id": c.target_id, "weak": c.weak, "verdicts": {v.reviewer: v.disposition for v in c.verdicts}}
                for c in conflicts
            ],
        }
        sys.stdout.write(json.dumps(values) + "\n")
        return 0
    if not pairs:
        sys.stdout.write("No two reviewers have judged the same star yet.\n")
        return 0
    _print([
        {"reviewers": f"{p.reviewer_a}, {p.reviewer_b}", "stars": str(p.num_stars), "alike": str(p.agree),
         "kappa": "undefined" if p.kappa is None else f"{p.kappa:.3f}"}
        for p in pairs
    ])  # fmt: skip
    for c in conflicts:
        words = ", ".join(f"{v.reviewer}: {v.disposition}" for v in c.verdicts)
        sys.stdout.write(f"{c.target_id}: {words}{' (one is unsure)' if c.weak else ''}\n")
    return 0


def _print(rows: Sequence[dict[str, str]]) -> None:
    from astroseq_core.training.published import aligned

    sys.stdout.write(aligned([list(rows[0]), *(list(row.values()) for row in rows)]) + "\n")
