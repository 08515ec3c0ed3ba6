"""The `dispositions` command: export, import and list dispositions, and agreement of reviewers."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroseq_core.cli import common

if TYPE_CHECKING:
    from astroseq_core.store.disposition_entry import HistoryEntry


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its actions to the command line.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        The subparsers of the command line.
    """
    words = "what vetters decided: out, in, and how far they agree"
    parser = subparsers.add_parser("dispositions", help=words, description="Dispositions on stars and their history.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(name: str, what: Any, words: str) -> argparse.ArgumentParser:
        action: argparse.ArgumentParser = actions.add_parser(name, help=words, description=common.description(what))
        action.set_defaults(run=what)
        common.add_output_options(action)
        return action

    add("export", export_csv, "the whole history as CSV").add_argument("file", type=Path, metavar="FILE")
    add("import", import_csv, "add the history in a CSV").add_argument("file", type=Path, metavar="FILE")
    listing = add("list", list_history, "the history, the oldest first")
    listing.add_argument("--target", metavar="STAR", help="of one star")
    listing.add_argument("--reviewer", metavar="NAME", default="", help="of one reviewer")
    add("agreement", list_agreement, "Cohen's kappa of each pair of reviewers, and conflicts")


def export_csv(options: argparse.Namespace) -> int:
    """Write the history of all dispositions, with those taken back, as a CSV.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.store import disposition_csv

    rows = disposition_csv.write(options.file)
    common.print_outcome(options, {"dispositions": str(options.file), "rows": rows})
    return 0


def import_csv(options: argparse.Namespace) -> int:
    """Add the dispositions of a CSV to the history, merged by time.

    Entries that are here already are skipped. If a row is faulty, nothing is added.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.store import disposition_merge

    found = disposition_merge.merge(options.file)
    for sentence in found.ahead:
        common.print_error(sentence)
    common.print_outcome(
        options, {"dispositions added": found.dispositions, "undos added": found.undos, "known already": found.known}
    )
    return 0


def list_history(options: argparse.Namespace) -> int:
    """List the history of dispositions, the oldest first.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.store import damaged, disposition_csv, dispositions

    target_id = common.resolve_target(options.target, None).id if options.target else ""
    found = dispositions.history(target_id, options.reviewer)
    if options.json:
        sys.stdout.write(json.dumps([disposition_csv.entry_values(entry) for entry in found]) + "\n")
    elif found:
        _print_table([_history_row(entry, disposition_csv.utc_text(entry.at)) for entry in found])
    else:
        sys.stdout.write(
            "There is no disposition yet; give one on the Vetting page, or read a file with `dispositions import`.\n"
        )
    for sentence in damaged.damaged_rows():
        common.print_error(sentence)
    return 0


def _history_row(entry: "HistoryEntry", at: str) -> dict[str, str]:
    v = entry.disposition
    text = "takes back" if entry.is_undo else "taken back" if entry.undone else ""
    note = " ".join(v.note.split()) if not entry.is_undo else ""
    return {
        "at": at[:19] + "Z",
        "star": v.target_id,
        "verdict": v.disposition,
        "by": v.reviewer,
        "": text,
        "reasons": " ".join(v.reason_codes),
        "note": note,
    }


def list_agreement(options: argparse.Namespace) -> int:
    """List how far reviewers agree on the stars that they both judged, and the conflicts.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command-line arguments.

    Returns
    -------
    int
        The exit status, 0.
    """
    from astroseq_core.store import dispositions

    pairs, conflicts = dispositions.pairwise_agreement(), dispositions.list_conflicts()
    if options.json:
        values = {
            "pairs": [
                {
                    "reviewer_a": p.reviewer_a,
                    "reviewer_b": p.reviewer_b,
                    "num_stars": p.num_stars,
                    "agree": p.num_agree,
                    "kappa": p.kappa,
                }
                for p in pairs
            ],
            "conflicts": [
                {"target_id": c.target_id, "weak": c.weak, "verdicts": {v.reviewer: v.disposition for v in c.dispositions}}
                for c in conflicts
            ],
        }
        sys.stdout.write(json.dumps(values) + "\n")
        return 0
    if not pairs:
        sys.stdout.write("No two reviewers have judged the same star yet.\n")
        return 0
    _print_table(
        [
            {
                "reviewers": f"{p.reviewer_a}, {p.reviewer_b}",
                "stars": str(p.num_stars),
                "alike": str(p.num_agree),
                "kappa": "undefined" if p.kappa is None else f"{p.kappa:.3f}",
            }
            for p in pairs
        ]
    )
    for c in conflicts:
        words = ", ".join(f"{v.reviewer}: {v.disposition}" for v in c.dispositions)
        sys.stdout.write(f"{c.target_id}: {words}{' (one is unsure)' if c.weak else ''}\n")
    return 0


def _print_table(rows: Sequence[dict[str, str]]) -> None:
    from astroseq_core.evaluation.text_tables import align_columns

    sys.stdout.write(align_columns([list(rows[0]), *(list(row.values()) for row in rows)]) + "\n")
