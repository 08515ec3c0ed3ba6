"""Run the fuzzer: `python -m tests.fuzz --inputs 3000`; prints a table, exits with 1 if an input was bad.

Each kind runs in a process of its own with a limit of memory. One that hangs is ended, its input counts as bad, and another
process goes on.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.harness import Count
from tests.fuzz.kinds import all_kinds
from tests.fuzz.processes import MEMORY_BYTES, run_apart

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "fuzz.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run kinds and print their table; return 1 if an input was bad."""
    options = _parser().parse_args(arguments)
    kinds = [k for k in all_kinds() if not options.kinds or any(text.lower() in k.name.lower() for text in options.kinds)]
    begun = time.perf_counter()
    counts = []
    for path in options.counts or ():
        found = [Count.from_dict(values) for values in json.loads(path.read_bytes())["kinds"]]
        counts += [count for count in found if count.kind not in {c.kind for c in counts}]
    for kind in () if options.counts else kinds:
        since = time.perf_counter()
        counts.append(run_apart(kind.name, options.inputs, options.seed))
        _write_counts(counts, options, begun)
        if options.verbose:
            sys.stderr.write(f"{row(counts[-1])} {time.perf_counter() - since:.0f} s" + "\n")
            for text, number in counts[-1].sentences.most_common(options.sentences):
                sys.stderr.write(f"    {number} x {text}" + "\n")
    sys.stdout.write("\n".join([table(counts), "", *faults(counts)]) + "\n")
    if options.keep:
        _keep(counts, options.keep)
    if options.write:
        PAGE.write_text(page(counts, options.inputs, options.seed), encoding="utf-8")
    return int(any(count.bad for count in counts))


def _write_counts(counts: Sequence[Count], options: argparse.Namespace, begun: float) -> None:
    """Write the counts so far as JSON, if asked for."""
    if options.out:
        facts = {"inputs": options.inputs, "seed": options.seed, "seconds": round(time.perf_counter() - begun)}
        options.out.write_text(json.dumps({**facts, "kinds": [c.to_dict() for c in counts]}, indent=1) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=3000, help="inputs of each kind (default: 3000)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same inputs (default: 1)")
    parser.add_argument("--kinds", nargs="*", help="only kinds whose names hold one of these texts")
    parser.add_argument("--out", type=Path, help="write counts and bad inputs as JSON")
    parser.add_argument("--keep", type=Path, help="write bad inputs into this folder")
    parser.add_argument("--write", action="store_true", help="write the table into docs/fuzz.md")
    parser.add_argument("--counts", type=Path, nargs="+", help="run nothing, but take what runs wrote with --out")
    parser.add_argument("--verbose", action="store_true", help="tell of each kind as it ends")
    parser.add_argument("--sentences", type=int, default=0, help="with --verbose: the most frequent sentences of each kind")
    return parser


def row(count: Count) -> str:
    """Return the row of a kind."""
    return f"| {count.kind} | {count.tried:,} | {count.clear:,} | {count.right:,} | {count.bad:,} |"


def table(counts: Sequence[Count]) -> str:
    """Return the table of all kinds."""
    total = Count("all")
    for count in counts:
        total.tried, total.clear, total.right = total.tried + count.tried, total.clear + count.clear, total.right + count.right
    bad = sum(c.bad for c in counts)
    head = ["| kind | tried | clear error | right | bad |", "| --- | ---: | ---: | ---: | ---: |"]
    return "\n".join([*head, *map(row, counts), f"| all | {total.tried:,} | {total.clear:,} | {total.right:,} | {bad:,} |"])


def faults(counts: Sequence[Count]) -> list[str]:
    """Return a line for each way in which inputs were bad, with one input."""
    return [
        f"- {count.kind}: {fault.count} x {fault.what}; such as {fault.inputs[0]}"
        for count in counts
        for fault in sorted(count.faults.values(), key=lambda f: -f.count)
    ]


def _keep(counts: Sequence[Count], folder: Path) -> None:
    """Write bad inputs: bytes as they are, everything else as text."""
    folder.mkdir(parents=True, exist_ok=True)
    for c, count in enumerate(counts):
        for f, fault in enumerate(count.faults.values()):
            for i, value in enumerate(fault.values):
                name = f"{c:02d}-{f:02d}-{i}"
                if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], bytes):
                    (folder / f"{name}-{value[0]}").write_bytes(value[1])
                else:
                    (folder / f"{name}.txt").write_text(repr(value), encoding="utf-8", errors="replace")


def page(counts: Sequence[Count], inputs: int, number: int) -> str:
    """Return docs/fuzz.md."""
    lines = [f"- {c.kind}: {f.count} x {f.what}" for c in counts for f in c.faults.values()]
    untried = [kind.name for kind in all_kinds() if kind.name not in {c.kind for c in counts}]
    lines += [f"- Not tried in this run: {', '.join(untried)}"] if untried else []
    text = f"""# Damaged and hostile inputs

Made by `python -m tests.fuzz --inputs {inputs} --seed {number} --write` (`make fuzz`), which tries so many inputs of each
kind and counts how they end: in one clear sentence that names the file or the value; read, and the result is valid (right); or
bad, which is everything else: another exception, more than two seconds, more than {MEMORY_BYTES / 2**30:.0f} GiB,
a library's warning, a sentence that is none, a result that is not as promised. The kinds are in `tests/fuzz/`; the test suite
tries some of each. Runs of single kinds (`--kinds`) that wrote `--out` are joined with `--counts`.

{table(counts)}

"""
    return (text + "\n".join(lines)).rstrip() + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
