"""What a server does while the first page is being opened in a browser: it imports what pages need, and makes the first stars."""

import logging
import threading
from dataclasses import replace

from astroseq_core.app import imports_done

log = logging.getLogger(__name__)


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
        from astroseq_core.app import landing
        from astroseq_core.app.explore.header import EXAMPLES
        from astroseq_core.app.shared.stars import load_detrended_star

        # the landing page's example, and the first star that it offers
        for request in (landing.HERO_REQUEST, replace(landing.HERO_REQUEST, name=EXAMPLES[0][0])):
            load_detrended_star(request)
    except Exception:  # a page that needs it says what is wrong
        log.debug("What pages need could not be made ready.", exc_info=True)


def _import_all() -> None:
    """Import what a page imports before its first chart, and what opening a star imports."""
    import batman  # noqa: F401
    import wotan  # noqa: F401

    from astroseq_core.app.explore import header, sidebar, view  # noqa: F401
    from astroseq_core.simulation import survey  # noqa: F401
