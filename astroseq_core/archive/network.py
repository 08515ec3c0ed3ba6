"""Whether there is a network: one look-up for all services, whose failure holds for some seconds."""

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from astroseq_core.errors import NoNetworkError, UnreachableError

log = logging.getLogger(__name__)

#: Longest look-up of a server's address [s]. Without a network, the system's own may take half a minute.
LOOKUP_SECONDS = 4.0
#: Longest wait for a connection before anything is asked [s]; an archive takes one within a few tenths.
CONNECT_SECONDS = 3.0
#: What a look-up found holds for so long [s]: a failure shortly, so that a new connection is soon noticed.
FAILURE_SECONDS, SUCCESS_SECONDS = 10.0, 60.0
#: Failures that no other server would be spared: the look-up does not work at all, as when no network is connected.
_COMMON_ERRORS = frozenset({socket.EAI_AGAIN, socket.EAI_FAIL})

_lock = threading.Lock()
#: Until when [s, monotonic] there is no network, for a server or for all of them (""), and until when a server was found.
#: Of a server and its port: until when it takes no connection, or one.
_failed_until: dict[str, float] = {}
_found_until: dict[str, float] = {}


def check_network(url: str) -> None:
    """Check that the address of a server can be looked up, at most `LOOKUP_SECONDS` long.

    Threads that check at the same time wait for one look-up. An address in numbers needs none.

    Parameters
    ----------
    url : str
        URL on the server, or of the proxy that leads to it.

    Raises
    ------
    NoNetworkError
        If it cannot, or could not some seconds ago.
    """
    host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    if not host or _is_local(host):
        return
    with _lock:
        now = time.monotonic()
        if any(_failed_until.get(key, now) > now for key in (host, "")):
            raise _no_network(host)
        if _found_until.get(host, now) > now:
            return
        error = _look_up(host)
        now = time.monotonic()
        if error is None:
            _found_until[host] = now + SUCCESS_SECONDS
            return
        log.info("The address of %s cannot be looked up: %s", host, error)
        is_common = not isinstance(error, socket.gaierror) or error.errno in _COMMON_ERRORS
        _failed_until["" if is_common else host] = now + FAILURE_SECONDS
    raise _no_network(host)


def check_server(url: str) -> None:
    """Check the way to a server, before anything is imported to ask it: that alone can take seconds.

    Parameters
    ----------
    url : str
        URL on the server. Where the environment names a proxy for it, the proxy's address is looked up instead.

    Raises
    ------
    NoNetworkError
        If the address cannot be looked up.
    UnreachableError
        If nothing takes a connection there within `CONNECT_SECONDS`, or did not some seconds ago.
    """
    from urllib.request import getproxies, proxy_bypass

    way = lookup_url(url, {} if proxy_bypass(urlsplit(url).hostname or "") else getproxies())
    check_network(way)
    parts = urlsplit(way if "//" in way else f"//{way}")
    if not parts.hostname:
        return
    host, port = parts.hostname, parts.port or (80 if parts.scheme == "http" else 443)
    key = f"{host}:{port}"
    with _lock:
        now = time.monotonic()
        if _found_until.get(key, now) > now:
            return
        if _failed_until.get(key, now) <= now:
            try:
                socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
                _found_until[key] = time.monotonic() + SUCCESS_SECONDS
                return
            except OSError as error:
                log.info("%s takes no connection: %s", key, error)
                _failed_until[key] = time.monotonic() + FAILURE_SECONDS
    raise UnreachableError(f"{host} cannot be reached: it takes no connection (is there a network?).")


def lookup_url(url: str, proxies: Mapping[str, str]) -> str:
    """Return the URL whose address has to be looked up here: behind a proxy, only the proxy's own.

    Parameters
    ----------
    url : str
        URL on the server.
    proxies : mapping
        Proxies by scheme, by scheme and host, or by "all", as requests and urllib name them.

    Returns
    -------
    str
        URL of the most specific proxy, else `url`.

    Examples
    --------
    >>> lookup_url("https://mast.stsci.edu/api", {"all": "http://proxy:3128", "http": "http://other:80"})
    'http://proxy:3128'
    """
    parts = urlsplit(url)
    keys = (f"{parts.scheme}://{parts.hostname}", parts.scheme, f"all://{parts.hostname}", "all")
    return next((proxies[key] for key in keys if key in proxies), "") or url


def forget() -> None:
    """Forget what look-ups found, so that the next request looks again."""
    with _lock:
        _failed_until.clear()
        _found_until.clear()


def _no_network(host: str) -> NoNetworkError:
    return NoNetworkError(f"There is no network: the address of {host} cannot be looked up; connect and try again.")


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _look_up(host: str) -> OSError | None:
    """Return why an address cannot be looked up, or None if it can.

    The system's look-up knows no time limit: a thread of its own is left behind where it hangs.
    """
    outcome: list[OSError | None] = []

    def ask() -> None:
        try:
            socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            outcome.append(None)
        except UnicodeError as error:  # no host could have this name
            outcome.append(socket.gaierror(socket.EAI_NONAME, str(error)))
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=ask, name=f"look-up of {host}", daemon=True)
    thread.start()
    thread.join(LOOKUP_SECONDS)
    return outcome[0] if outcome else TimeoutError(f"no answer within {LOOKUP_SECONDS:g} s")
