"""The address of a Dask scheduler: whether it is one, and whether anything answers there."""

import importlib.util
import re
import socket

from astroseq_core.errors import SettingsError

#: As a scheduler prints it when it starts; an IPv6 address stands in brackets.
_ADDRESS = re.compile(r"(?:tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):(\d{1,5})")
#: How long a person waits to hear that nothing is there [s].
ANSWER_SECONDS = 3.0
INSTALL = "Scoring on Dask needs two more packages; install them with: pip install 'dask[distributed]'."


def parse(address: str) -> tuple[str, int]:
    """The host and port of an address such as ``tcp://192.168.0.2:8786``; raises SettingsError where it is none."""
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[2]) < 65_536:
        said = f"'{address}' is no address of a Dask scheduler; give" if address else "Give"
        raise SettingsError(f"{said} the one that it prints when it starts, such as tcp://192.168.0.2:8786.")
    return found[1].strip("[]"), int(found[2])


def check(address: str, seconds: float = ANSWER_SECONDS) -> None:
    """Raises SettingsError where Dask is not installed, the address is none, or nothing answers there in so many seconds."""
    host, port = parse(address)
    if importlib.util.find_spec("distributed") is None:
        raise SettingsError(INSTALL)
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except OSError as error:
        why = error.strerror or str(error)
        raise SettingsError(f"No Dask scheduler answers at {address} ({why}); start one there or correct the address.") from error
