"""What every long job's process does besides its work: it gives way, obeys, tells why it failed, and has the next one begun."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from astroseq_core.background import folder as folders
from astroseq_core.background.launch import ROOT
from astroseq_core.errors import AstroSeqError

log = logging.getLogger(__name__)
#: How often it looks whether it shall stop [s].
LOOK_SECONDS = 0.2
#: Pages stay quick beside a job that takes every core: the system lets them go first.
NICENESS = 10
#: The argument with which a job's module only begins the next one.
NEXT = "--next"
#: How often the next one is looked for while the one that ends lets go of its lock.
TRIES = 10


def main(arguments: list[str], work: Callable[[Path], None], module: str, advance: Callable[[], object]) -> int:
    """Carry out the job whose folder, and whose lock's descriptor, are given; the exit status.

    It ends within a second of ``cancel`` appearing in its folder, whatever it is doing: ``work`` keeps what matters on the disk.
    ``module``: the one that is run, ``advance``: begins the next job.
    """
    if arguments == [NEXT]:
        for _ in range(TRIES):
            time.sleep(LOOK_SECONDS)
            if advance() is not None:
                break
        return 0
    folder, lock = Path(arguments[0]), int(arguments[1])
    os.set_inheritable(lock, False)
    os.nice(NICENESS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stdout)
    threading.Thread(target=_obey, args=(folder, module), name="cancel", daemon=True).start()
    status = 1
    try:
        work(folder)
        status = 0
    except AstroSeqError as error:
        log.info("%s", error)
        folders.write_json(folder / folders.PROBLEM, {"sentence": str(error)})
    except Exception as error:
        words = f"It failed unexpectedly ({type(error).__name__}: {error}); its log says where."
        folders.write_json(folder / folders.PROBLEM, {"sentence": words})
        raise
    finally:
        os.close(lock)
        _begin_next(module)
    return status


def _obey(folder: Path, module: str) -> None:
    """Wait for ``cancel`` to appear, and end this process with all its helpers."""
    while not (folder / folders.CANCEL).exists():
        time.sleep(LOOK_SECONDS)
    log.info("Cancelled.")
    sys.stdout.flush()
    _begin_next(module)
    # Nothing that is half done is used later: files appear under their names when they are whole.
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _begin_next(module: str) -> None:
    """Have the next job begun, by a process that outlives this one."""
    subprocess.Popen(  # noqa: S603 (our own module)
        [sys.executable, "-m", module, NEXT], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def peak_gib() -> float:
    """The most memory that this process held, plus the most that any one of its helpers did [GiB]."""
    import resource

    unit = 2**30 if sys.platform == "darwin" else 2**20
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / unit
