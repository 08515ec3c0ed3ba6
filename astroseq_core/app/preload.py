"""What a server does while the first browser page is being opened: it imports what every page needs, and makes the first star."""

import logging
import threading

from astroseq_core.app import imports_done

log = logging.getLogger(__name__)

#: The star of the landing page, which Explore opens with, too.
FIRST_STAR = "SIM 1"


def start() -> None:
    """Begin, in a thread of its own; called once, by the server."""
    imports_done.clear()
    threading.Thread(target=_preload, name="preload", daemon=True).start()


def _preload() -> None:
    try:
        try:
            _import_all()
        finally:
            imports_done.set()
        from astroseq_core.app.shared.stars import load_detrended_star
        from astroseq_core.scoring.star_data import StarRequest
        from astroseq_core.scoring.star_source import Source

        load_detrended_star(StarRequest(FIRST_STAR, Source.SIMULATED))
    except Exception:  # a page that needs it says what is wrong
        log.debug("What pages need could not be made ready.", exc_info=True)


def _import_all() -> None:
    """Import what a page imports before its first chart, and what opening a star imports."""
    import batman  # noqa: F401
    import wotan  # noqa: F401

    from astroseq_core.app.explore import header, sidebar, view  # noqa: F401
    from astroseq_core.simulation import survey  # noqa: F401
