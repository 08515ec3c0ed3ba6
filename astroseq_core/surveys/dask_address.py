"""Address of a Dask scheduler: parsing it, and checking that the scheduler answers."""

import importlib.util
import re
import socket

from astroseq_core.errors import SettingsError

#: Address as a scheduler prints it at start-up; an IPv6 address is in brackets.
_ADDRESS = re.compile(r"(?:tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):(\d{1,5})")
#: Time limit for the scheduler's answer [s].
ANSWER_SECONDS = 3.0
INSTALL_HINT = "Scoring on Dask needs two more packages; install them with: pip install 'dask[distributed]'."


def parse_address(address: str) -> tuple[str, int]:
    """Parse the address of a Dask scheduler.

    Parameters
    ----------
    address : str
        Address such as `tcp://192.168.0.2:8786`; an IPv6 host is in brackets.

    Returns
    -------
    tuple of (str, int)
        Host and port.

    Raises
    ------
    SettingsError
        If the address is not valid.

    Examples
    --------
    >>> parse_address("tcp://192.168.0.2:8786")
    ('192.168.0.2', 8786)
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[2]) < 65_536:
        text = f"'{address}' is no address of a Dask scheduler; give" if address else "A Dask scheduler has an address; give"
        raise SettingsError(f"{text} the one that it prints when it starts, such as tcp://192.168.0.2:8786.")
    return found[1].strip("[]"), int(found[2])


def check_scheduler(address: str, seconds: float = ANSWER_SECONDS) -> None:
    """Check that a Dask scheduler answers.

    Parameters
    ----------
    address : str
        Address of the scheduler.
    seconds : float, optional
        Time limit [s].

    Raises
    ------
    SettingsError
        If Dask is not installed, the address is not valid, or nothing answers.
    """
    host, port = parse_address(address)
    if importlib.util.find_spec("distributed") is None:
        raise SettingsError(INSTALL_HINT)
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except OSError as error:
        why = error.strerror or str(error)
        raise SettingsError(f"No Dask scheduler answers at {address} ({why}); start one there or correct the address.") from error
