"""Fetch hundreds of light curves from a misbehaving archive, killed on the way: ``python -m benchmarks.fetch_faults``."""

import argparse
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.standin import StandIn
from tests.standin.ordeal import endure, expected, names


def main() -> int:
    """Print the account; 0 where every promise holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stars", type=int, default=313, help="stars, of which ten have 16 light curves (default 313: 500)")
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--every", type=int, default=3, help="a fault on every n-th answer (default 3)")
    options = parser.parse_args()
    with StandIn() as server, tempfile.TemporaryDirectory() as folder:
        account = endure(server, Path(folder), options.stars, options.kills, options.every)
    print(f"{options.stars} stars, {len(expected(names(options.stars)))} light curves, {account.seconds:.0f} s")
    print(f"{account.requests} requests, {account.faults} answered with a fault, {account.kills} kills")
    print("ended:", ", ".join(f"{n} {ending}" for ending, n in sorted(account.endings.items())))
    for reason, n in Counter(re.sub(r"TIC \d+|\S+\.fits", "*", text) for text in account.reasons).most_common():
        print(f"  {n}: {reason}")
    print(f"without a reason: {account.without_reason}; not accounted for: {len(account.unknown)}")
    print(f"asked for again when whole in the cache: {len(account.refetched)}")
    print(f"delivered again: {account.doubled}, of which {account.excused} were on their way into the cache at a kill")
    print(f"cache: {account.verified}")
    promises = [
        account.verified.is_sound,
        not account.without_reason,
        not account.unknown,
        not account.refetched,
        account.doubled == account.excused,
        account.kills == options.kills,
        not account.endings["stopped"],
    ]
    return 0 if all(promises) else 1


if __name__ == "__main__":
    sys.exit(main())
