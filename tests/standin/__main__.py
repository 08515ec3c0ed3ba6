"""``python -m tests.standin --port N``: the stand-in, started by hand."""

import argparse
import contextlib
import sys
import threading

from tests.standin import mast
from tests.standin.faults import Fault, Kind
from tests.standin.server import StandIn

_FAULTS = {
    **{str(kind): Fault(kind) for kind in Kind if kind is not Kind.STATUS},
    **{str(status): Fault(Kind.STATUS, status=status) for status in (404, 500, 503)},
    "429": Fault(Kind.STATUS, status=429, retry_after="2"),
}


def main() -> int:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.standin", description="MAST and the Exoplanet Archive on this machine."
    )
    parser.add_argument("--port", type=int, default=8642)
    parser.add_argument("--fault", choices=sorted(_FAULTS), action="append", default=[], help="misbehave so (may be repeated)")
    parser.add_argument("--every", type=int, default=3, help="at every n-th request (default 3)")
    parser.add_argument("--cadences", type=int, default=0, help="of each light curve at most (default: all of its observation's)")
    options = parser.parse_args()
    with StandIn(port=options.port) as server:
        server.state.shelf[mast.CADENCES] = options.cadences
        if options.fault:
            server.misbehave(*(_FAULTS[name] for name in options.fault), every=options.every)
        variables = f"ASTROSEQ_MAST_SERVER={server.url} ASTROSEQ_EXOPLANET_ARCHIVE={server.url}"
        sys.stdout.write(f"Serving at {server.url}\n{variables} leads AstroSeq here; Ctrl-C stops.\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
